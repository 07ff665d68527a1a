//! The library's connections as lanes of a player: when they open and close, and what passes through them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::tap::{Tap, TapEvent};
use crate::engine::lane::Inbound;
use crate::engine::lies::encode;
use crate::engine::player::{Hindrance, Player};
use crate::scenario::model::{ClientIndex, Driver};
use crate::transcript::{Ending, Fact, LaneIndex, What};

/// The smallest step of the paused clock.
const TICK: Duration = Duration::from_millis(1);

/// Polls every library. Ready when one of them has an event.
pub(in crate::engine) fn poll(
    taps: &mut BTreeMap<ClientIndex, Tap>,
    cx: &mut Context<'_>,
) -> Poll<Vec<(ClientIndex, TapEvent)>> {
    let mut events = Vec::new();
    for (client, tap) in taps {
        if let Poll::Ready(news) = tap.poll(cx) {
            events.extend(news.into_iter().map(|one| (*client, one)));
        }
    }
    if events.is_empty() {
        Poll::Pending
    } else {
        Poll::Ready(events)
    }
}

impl Player<'_> {
    /// Returns whether a library plays this client.
    pub(in crate::engine) fn is_library(&self, client: ClientIndex) -> bool {
        self.scene.clients[client.0].driver == Driver::Rumqttc
    }

    /// Returns the client's library. The first call starts it.
    pub(super) fn tap(&mut self, client: ClientIndex) -> Result<&mut Tap, Hindrance> {
        match self.taps.entry(client) {
            Entry::Occupied(tap) => Ok(tap.into_mut()),
            Entry::Vacant(place) => {
                let declared = &self.scene.clients[client.0];
                match Tap::new(declared.version, !declared.auto_ack) {
                    Ok(tap) => Ok(place.insert(tap)),
                    Err(error) => {
                        let why = format!("failed to open a socket for rumqttc: {error}");
                        self.transcript.broken_off = Some(why.clone());
                        Err(Hindrance::because(why))
                    }
                }
            }
        }
    }

    /// Attaches the library to a new connection, if a library plays this client.
    pub(in crate::engine) fn attach(
        &mut self,
        client: ClientIndex,
        lane: LaneIndex,
    ) -> Result<(), Hindrance> {
        if self.is_library(client) {
            self.tap(client)?.attach(lane);
        }
        Ok(())
    }

    /// Ends a library's connection from outside. The library still answers what it has received.
    pub(in crate::engine) async fn disconnect(&mut self, client: ClientIndex) {
        self.settle(client).await;
        if let Some(tap) = self.taps.get_mut(&client) {
            tap.disconnect();
        }
        self.settle(client).await;
    }

    /// Lets a library take and answer everything that was received for it.
    pub(super) async fn settle(&mut self, client: ClientIndex) {
        let deadline = Instant::now() + self.limit();
        let pause = if self.is_virtual() {
            TICK
        } else {
            self.patience.settle
        };
        while Instant::now() < deadline && self.taps.get(&client).is_some_and(|tap| !tap.is_idle())
        {
            let soon = Instant::now() + pause;
            if !self.activity(soon.min(deadline)).await {
                self.note_ignored(client);
            }
        }
    }

    /// Notes the packets that libraries ignore. Nothing is running any more, so these are all packets that they have
    /// not reported. Returns whether there were any.
    pub(in crate::engine) fn note_all_ignored(&mut self) -> bool {
        let clients: Vec<ClientIndex> = self.taps.keys().copied().collect();
        let mut any = false;
        for client in clients {
            any |= self.note_ignored(client);
        }
        any
    }

    fn note_ignored(&mut self, client: ClientIndex) -> bool {
        let ignored = self.taps.get_mut(&client).and_then(Tap::ignored);
        match ignored {
            Some(text) => {
                self.fact(client, text);
                true
            }
            None => false,
        }
    }

    /// Passes what was received to the library, and removes from it what only our own clients need.
    pub(in crate::engine) fn tapped(&mut self, lane: LaneIndex, mut inbound: Inbound) -> Inbound {
        let client = self.transcript.lanes[lane.0].client;
        let Some(tap) = self
            .taps
            .get_mut(&client)
            .filter(|tap| tap.lane() == Some(lane))
        else {
            return inbound;
        };
        match &mut inbound {
            Inbound::Packet {
                frame,
                packet,
                automatic,
                answer,
                ..
            } => {
                // The library answers by itself.
                *answer = None;
                *automatic |= tap.take(frame, packet.clone().ok());
            }
            Inbound::Garbage { bytes, .. } | Inbound::Truncated { bytes } => tap.take_bytes(bytes),
            Inbound::Fault { .. } | Inbound::Ended(_) => tap.end(),
            Inbound::OwnPong | Inbound::Control(_) => {}
        }
        inbound
    }

    /// Records what a library has done, and passes it on to the broker.
    pub(in crate::engine) fn tap_event(&mut self, client: ClientIndex, event: TapEvent) {
        let Some(lane) = self.taps.get(&client).and_then(Tap::lane) else {
            return;
        };
        match event {
            TapEvent::Moved => {}
            TapEvent::Fact(text) => self.fact(client, text),
            TapEvent::HungUp => {
                // If the broker has ended the connection, or announced that it will, its close is recorded instead.
                if self.lanes[lane.0].is_writable() && !self.broker_ended(lane) {
                    self.lanes[lane.0].finish();
                    self.event(lane, None, What::Dropped(Ending::Close));
                }
            }
            TapEvent::Wrote {
                bytes,
                packet,
                asked_by,
            } => {
                if !self.lanes[lane.0].is_writable() {
                    return;
                }
                let (mut bytes, mut shown) = (bytes.clone(), bytes);
                let packet = packet.map(|mut wire| {
                    let mut recorded = wire.clone();
                    self.prefix.strip(&mut recorded);
                    // The credentials in a CONNECT are ours. Everything else is the library's.
                    let version = self.lanes[lane.0].version;
                    if let Some(hidden) = self.fill_in_credentials(&mut wire, &mut recorded, &[])
                        && let Ok(with_placeholder) = encode(&hidden, version, &[])
                        && let Ok(with_password) = encode(&wire, version, &[])
                    {
                        bytes = with_password;
                        shown = with_placeholder;
                    }
                    if asked_by.is_some() {
                        self.note_id(lane, &recorded);
                    }
                    let node = self.transcript.lanes[lane.0].node;
                    self.host.note_sent(&wire, version, node);
                    recorded
                });
                self.lanes[lane.0].queue(&bytes);
                self.event(
                    lane,
                    asked_by,
                    What::Sent {
                        bytes: shown,
                        packet,
                        automatic: asked_by.is_none(),
                    },
                );
            }
        }
    }

    /// Records what the libraries owe at the end of the play.
    pub(in crate::engine) fn close_libraries(&mut self) {
        self.note_all_ignored();
        let owed: Vec<(ClientIndex, String)> = self
            .taps
            .iter()
            .flat_map(|(client, tap)| tap.close().into_iter().map(|text| (*client, text)))
            .collect();
        for (client, text) in owed {
            self.fact(client, text);
        }
    }

    fn fact(&mut self, client: ClientIndex, text: String) {
        self.transcript.facts.push(Fact {
            at: self.now(),
            during: self.current,
            client,
            text: format!("rumqttc {text}"),
        });
    }
}
