//! What a player does differently with a client that the library plays.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::task::{Context, Poll};
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType, QoS};
use tokio::time::Instant;

use super::tap::{Tap, Told};
use crate::engine::build::{Surroundings, build};
use crate::engine::lane::Inbound;
use crate::engine::player::{Hindrance, Player};
use crate::plan::{Awaited, Operation, Outgoing};
use crate::scenario::model::{
    ClientIndex, Driver, Expectation, Expr, Literal, PacketTemplate, Pattern,
};
use crate::transcript::{Ending, Fact, LaneIndex, What};

/// The smallest step of the paused clock.
const TICK: Duration = Duration::from_millis(1);
/// Version 5 of the library cannot turn Keep Alive off; this is as good as that, in seconds.
const LONGEST_KEEP_ALIVE_S: u16 = u16::MAX;

/// Lets every library go on. Ready when one has something to tell.
pub(in crate::engine) fn poll(
    taps: &mut BTreeMap<ClientIndex, Tap>,
    cx: &mut Context<'_>,
) -> Poll<Vec<(ClientIndex, Told)>> {
    let mut told = Vec::new();
    for (client, tap) in taps {
        if let Poll::Ready(news) = tap.poll(cx) {
            told.extend(news.into_iter().map(|one| (*client, one)));
        }
    }
    if told.is_empty() {
        Poll::Pending
    } else {
        Poll::Ready(told)
    }
}

impl Player<'_> {
    /// Whether a library plays this client.
    pub(in crate::engine) fn is_library(&self, client: ClientIndex) -> bool {
        self.scene.clients[client.0].driver == Driver::Rumqttc
    }

    /// The client's library; the first call starts it.
    fn tap(&mut self, client: ClientIndex) -> Result<&mut Tap, Hindrance> {
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

    /// The library cannot go on, and neither can the play: what it would have done others may wait for, and the
    /// broker would be blamed for it.
    fn break_off(&mut self, why: String) -> Hindrance {
        self.transcript.broken_off = Some(why.clone());
        Hindrance::because(why)
    }

    /// Before a step of a client: after one that does not wait for its answer, what comes is held back until one that
    /// waits. What was held back is lost with its connection.
    pub(in crate::engine) async fn before_step(
        &mut self,
        client: ClientIndex,
        operations: &[Operation],
    ) -> Result<(), Hindrance> {
        if !self.is_library(client) {
            return Ok(());
        }
        if operations.iter().any(|o| matches!(o, Operation::Open)) {
            self.cut(client).await;
        }
        let waits = operations.iter().any(|o| matches!(o, Operation::Await(_)));
        if operations.iter().any(is_answered) {
            self.settle(client).await;
            self.tap(client)?.hold(!waits);
        }
        Ok(())
    }

    /// Taps a new connection, if a library is to play it.
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

    /// Ends a library's connection from outside. What it has been given it still answers.
    pub(in crate::engine) async fn cut(&mut self, client: ClientIndex) {
        self.settle(client).await;
        if let Some(tap) = self.taps.get_mut(&client) {
            tap.cut();
        }
        self.settle(client).await;
    }

    /// Lets a library take and answer everything that has come for it.
    async fn settle(&mut self, client: ClientIndex) {
        let deadline = Instant::now() + self.patience.limit;
        let pause = if self.is_virtual() {
            TICK
        } else {
            self.patience.settle
        };
        while Instant::now() < deadline && self.taps.get(&client).is_some_and(|tap| !tap.rests()) {
            let soon = Instant::now() + pause;
            if !self.activity(soon.min(deadline)).await {
                self.note_ignored(client);
            }
        }
    }

    /// Nothing goes on any more: what a library has not told of by now it ignores. Whether there was such a thing.
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

    /// Has the library send these. It sends PUBREL and PUBCOMP of an exchange by itself.
    pub(in crate::engine) async fn ask(
        &mut self,
        client: ClientIndex,
        items: &[Outgoing],
    ) -> Result<(), Hindrance> {
        for item in items {
            let Outgoing::Packet(template) = item else {
                return Err(Hindrance::because("rumqttc sends no raw bytes"));
            };
            if template.packet_type == PacketType::PUBREL {
                continue;
            }
            let lane = self.lane_of(client)?;
            self.is_connected(client, lane, template.packet_type)?;
            let packet = self.packet(client, lane, template)?;
            self.settle(client).await;
            self.ask_for(client, &packet, template).await?;
            self.written(client).await?;
        }
        Ok(())
    }

    /// Whether the library has the connection that this packet needs.
    fn is_connected(
        &mut self,
        client: ClientIndex,
        lane: LaneIndex,
        packet_type: PacketType,
    ) -> Result<(), Hindrance> {
        if let Some(why) = self.ended_by_library(client, lane) {
            return Err(self.break_off(why));
        }
        let unconnected = self.taps.get(&client).is_none_or(Tap::is_unconnected);
        if !self.lanes[lane.0].is_writable() || (unconnected && packet_type != PacketType::CONNECT)
        {
            return Err(Hindrance::Ended);
        }
        Ok(())
    }

    /// The packet as it is to be on the wire.
    fn packet(
        &self,
        client: ClientIndex,
        lane: LaneIndex,
        template: &PacketTemplate,
    ) -> Result<Packet, Hindrance> {
        let lane = &self.lanes[lane.0];
        let keep_alive_s = match self.patience.keep_alive_s {
            0 if lane.version.has_properties() => LONGEST_KEEP_ALIVE_S,
            named => named,
        };
        let built = build(
            template,
            Surroundings {
                version: lane.version,
                client,
                memory: &self.memory,
                next_packet_id: lane.next_packet_id(),
                answered_packet_id: lane.last_taken_id,
                keep_alive_s,
            },
        )
        .map_err(|problem| Hindrance::because(problem.to_string()))?;
        if !built.lies.is_empty() {
            return Err(Hindrance::because(format!(
                "rumqttc sends no such {}",
                template.packet_type
            )));
        }
        let mut packet = built.packet;
        self.prefix.put(&mut packet);
        Ok(packet)
    }

    async fn ask_for(
        &mut self,
        client: ClientIndex,
        packet: &Packet,
        template: &PacketTemplate,
    ) -> Result<(), Hindrance> {
        let step = self.current;
        if let Packet::PubAck(ack) | Packet::PubRec(ack) = packet {
            let id = ack.packet_id.get();
            self.tap(client)?.release_until(id);
            self.settle(client).await;
            let wanted = if matches!(packet, Packet::PubAck(_)) {
                1
            } else {
                2
            };
            if self.tap(client)?.message(id) != Some(wanted) {
                return Err(Hindrance::because(format!(
                    "rumqttc has been given no QoS {wanted} message {id} to acknowledge"
                )));
            }
        }
        let lane = self.lane_of(client)?;
        let tap = self.tap(client)?;
        let asked = if let Packet::Connect(connect) = packet {
            tap.connect(connect, step)
        } else {
            tap.ask(packet, step)
        };
        if let Err(problem) = asked {
            return Err(self.break_off(format!("rumqttc {problem}")));
        }
        if matches!(packet, Packet::Connect(_)) {
            // A ping of ours would upset a Keep Alive under test.
            self.lanes[lane.0].timed = template.fields.iter().any(|f| f.name == "keep_alive");
        }
        Ok(())
    }

    /// Waits until the library has written what it was asked for, or cannot.
    async fn written(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        let deadline = Instant::now() + self.patience.limit;
        while let Some(tap) = self.taps.get(&client)
            && !tap.has_written()
            && Instant::now() < deadline
        {
            let soon = Instant::now() + TICK;
            let idle = !self.activity(soon.min(deadline)).await;
            // Its in-flight limit is reached, and no acknowledgement gets through.
            let waits_in_vain = |tap: &Tap| tap.is_holding() && tap.is_stalled();
            if idle && self.taps.get(&client).is_some_and(waits_in_vain) {
                break;
            }
        }
        let lane = self.lane_of(client)?;
        match self.ended_by_library(client, lane) {
            Some(why) => Err(self.break_off(why)),
            None => Ok(()),
        }
    }

    /// Why something did not come that is the library's own affair, if it is.
    pub(in crate::engine) fn library_at_fault(
        &mut self,
        client: ClientIndex,
        lane: LaneIndex,
        awaited: &Awaited,
    ) -> Option<Hindrance> {
        if let Some(why) = self.ended_by_library(client, lane) {
            return Some(self.break_off(why));
        }
        let why = self.not_asked_by_library(client, lane, &awaited.expectation)?;
        // In a control the step that would have asked may have been left out.
        Some(if self.judged {
            self.break_off(why)
        } else {
            Hindrance::because(why)
        })
    }

    /// Whether the library has ended this connection by itself: that is nothing to judge the broker by.
    fn ended_by_library(&self, client: ClientIndex, lane: LaneIndex) -> Option<String> {
        let tap = self
            .taps
            .get(&client)
            .filter(|tap| tap.lane() == Some(lane))?;
        let why = tap.gave_up()?;
        (!self.broker_ended(lane)).then(|| format!("rumqttc ended the connection by itself: {why}"))
    }

    /// An answer that cannot come, since the library has sent nothing that it would answer.
    fn not_asked_by_library(
        &self,
        client: ClientIndex,
        lane: LaneIndex,
        expectation: &Expectation,
    ) -> Option<String> {
        let Pattern::Packet(pattern) = &expectation.pattern else {
            return None;
        };
        let answer = pattern.packet_type;
        let asked = asked_by(answer)?;
        if !self.is_library(client) {
            return None;
        }
        let mut open: BTreeSet<u16> = BTreeSet::new();
        let events = &self.transcript.events;
        for event in events.iter().filter(|event| event.lane == lane) {
            match &event.what {
                What::Sent {
                    packet: Some(packet),
                    ..
                } if asked(packet) => open.extend(packet.packet_id().map(NonZeroU16::get)),
                What::Received {
                    packet: Ok(packet), ..
                } if packet.packet_type() == answer && event.taken_by.is_some() => {
                    packet.packet_id().map(|id| open.remove(&id.get()));
                }
                _ => {}
            }
        }
        open.is_empty()
            .then(|| format!("rumqttc has sent nothing that {answer} answers"))
    }

    /// Whether the broker has ended this connection, or has said that it will.
    fn broker_ended(&self, lane: LaneIndex) -> bool {
        let mut dropped = false;
        self.transcript
            .events
            .iter()
            .filter(|event| event.lane == lane)
            .any(|event| match &event.what {
                What::Dropped(_) => {
                    dropped = true;
                    false
                }
                What::Closed(_) => !dropped,
                What::Received { packet, .. } => match packet {
                    Ok(Packet::Disconnect(_)) => true,
                    Ok(Packet::ConnAck(connack)) => connack.reason.0 != 0,
                    _ => false,
                },
                _ => false,
            })
    }

    /// Passes on to the library what has come for it, and takes from a connection what only our own packets need.
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
            Inbound::Ended(_) => tap.end(),
            Inbound::OwnPing => {}
        }
        inbound
    }

    /// Writes down what a library has done, and passes it on to the broker.
    pub(in crate::engine) fn told(&mut self, client: ClientIndex, told: Told) {
        let Some(lane) = self.taps.get(&client).and_then(Tap::lane) else {
            return;
        };
        match told {
            Told::Moved => {}
            Told::Fact(text) => self.fact(client, text),
            Told::HungUp => {
                // The broker has ended it, or is to show that it does.
                if self.lanes[lane.0].is_writable() && !self.broker_ended(lane) {
                    self.lanes[lane.0].finish();
                    self.event(lane, None, What::Dropped(Ending::Close));
                }
            }
            Told::Wrote {
                bytes,
                packet,
                asked_by,
            } => {
                if !self.lanes[lane.0].is_writable() {
                    return;
                }
                let packet = packet.map(|wire| {
                    let mut said = wire.clone();
                    self.prefix.take_off(&mut said);
                    if asked_by.is_some() {
                        self.note_id(lane, &said);
                    }
                    self.host.note_sent(&wire, self.lanes[lane.0].version);
                    said
                });
                self.lanes[lane.0].queue(&bytes);
                self.event(
                    lane,
                    asked_by,
                    What::Sent {
                        bytes,
                        packet,
                        automatic: asked_by.is_none(),
                    },
                );
            }
        }
    }

    /// What the libraries owe when the play is over.
    pub(in crate::engine) fn close_libraries(&mut self) {
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

/// Whether this sends something that the broker answers.
fn is_answered(operation: &Operation) -> bool {
    let Operation::Send(items) = operation else {
        return false;
    };
    items.iter().any(|item| match item {
        Outgoing::Bytes(_) => false,
        Outgoing::Packet(template) => match template.packet_type {
            PacketType::PUBLISH => {
                let at_most_once = Expr::Literal(Literal::Number(0));
                let qos = template.fields.iter().find(|f| f.name == "qos");
                qos.is_some_and(|qos| qos.value != at_most_once)
            }
            PacketType::CONNECT
            | PacketType::SUBSCRIBE
            | PacketType::UNSUBSCRIBE
            | PacketType::PUBREC => true,
            _ => false,
        },
    })
}

/// What this packet of the broker's answers, if it answers something.
fn asked_by(answer: PacketType) -> Option<fn(&Packet) -> bool> {
    Some(match answer {
        PacketType::PUBACK => |packet| is_publish(packet, QoS::AtLeastOnce),
        PacketType::PUBREC => |packet| is_publish(packet, QoS::ExactlyOnce),
        PacketType::PUBREL => |packet| matches!(packet, Packet::PubRec(_)),
        PacketType::PUBCOMP => |packet| matches!(packet, Packet::PubRel(_)),
        PacketType::SUBACK => |packet| matches!(packet, Packet::Subscribe(_)),
        PacketType::UNSUBACK => |packet| matches!(packet, Packet::Unsubscribe(_)),
        _ => return None,
    })
}

fn is_publish(packet: &Packet, qos: QoS) -> bool {
    matches!(packet, Packet::Publish(publish) if publish.qos == qos)
}
