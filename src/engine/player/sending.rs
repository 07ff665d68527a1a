//! Sends packets and bytes, in writes or in WebSocket frames.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::Packet;
use mqtt_check_websocket::{Cut, Frame, Opcode};
use tokio::time::Instant;

use super::activity::settles;
use super::{Hindrance, Player};
use crate::engine::build::build;
use crate::engine::lies::encode;
use crate::plan::{Framing, Outgoing};
use crate::scenario::model::{ClientIndex, Lie};
use crate::target::Credentials;
use crate::transcript::{LaneIndex, What};

/// The fields of a CONNECT with its credentials. If a scenario changes one with a lie, ours are not filled in.
const CREDENTIAL_FIELDS: [&str; 4] = ["username", "password", "connect_flags", "body"];

/// The bytes of something to send.
struct Encoded {
    bytes: Bytes,
    /// What may be shown of the bytes, if not all of them.
    shown: Option<Bytes>,
    /// The packet as the scenario has it, and as it is on the wire.
    packets: Option<(Packet, Packet)>,
    /// Whether these are the bytes of a whole packet, so that another one may follow.
    whole: bool,
}

/// Puts bytes into frames.
fn frames(mut payload: Bytes, framing: &Framing) -> Vec<Frame> {
    let size = framing.pieces_of.unwrap_or(usize::MAX);
    let mut frames = Vec::new();
    loop {
        let piece = payload.split_to(payload.len().min(size));
        let is_last = payload.is_empty();
        frames.push(Frame {
            fin: framing.fin && (is_last || !framing.fragmented),
            reserved: framing.reserved,
            opcode: match framing.fragmented && !frames.is_empty() {
                true => Opcode::CONTINUATION,
                false => framing.opcode,
            },
            masked: framing.masked,
            payload: piece,
        });
        if is_last {
            return frames;
        }
    }
}

impl Player<'_> {
    pub(super) async fn send(
        &mut self,
        client: ClientIndex,
        items: &[Outgoing],
    ) -> Result<(), Hindrance> {
        if self.is_library(client) {
            return self.ask(client, items).await;
        }
        let index = self.writable(client)?;
        for item in items {
            let encoded = self.encoded(client, index, item)?;
            if self.is_too_many(index, &encoded) {
                return Err(Hindrance::because(
                    "the broker has not acknowledged enough messages to receive another one",
                ));
            }
            self.lanes[index.0].queue(&encoded.bytes);
            self.lanes[index.0].last_packet = encoded.whole.then(Instant::now);
            self.note_encoded(index, encoded);
        }
        if self.chaos.coalesces {
            self.held = Some(index);
        } else {
            self.flush(index).await;
        }
        Ok(())
    }

    /// Returns whether this message would be one more than the broker's Receive Maximum permits, in a failed case whose
    /// acknowledgements are missing. [5 MQTT-3.3.4-7]
    fn is_too_many(&self, lane: LaneIndex, encoded: &Encoded) -> bool {
        let Some((Packet::Publish(publish), _)) = &encoded.packets else {
            return false;
        };
        let Some(id) = publish.packet_id.filter(|_| self.has_failed()) else {
            return false;
        };
        let mut most = u16::MAX;
        let mut open = BTreeSet::new();
        for event in self
            .transcript
            .events
            .iter()
            .filter(|event| event.lane == lane)
        {
            match &event.what {
                What::Sent {
                    packet: Some(Packet::Publish(publish)),
                    ..
                } => open.extend(publish.packet_id),
                What::Received {
                    packet: Ok(packet), ..
                } => {
                    if let Packet::ConnAck(connack) = packet {
                        most = connack.properties.receive_maximum().unwrap_or(most);
                    }
                    if let Some(id) = settles(packet) {
                        open.remove(&id);
                    }
                }
                _ => {}
            }
        }
        // A copy of one of them does not count again.
        !open.contains(&id) && open.len() >= usize::from(most)
    }

    /// Sends these items in frames with this framing.
    pub(super) async fn send_framed(
        &mut self,
        client: ClientIndex,
        items: &[Outgoing],
        framing: &Framing,
    ) -> Result<(), Hindrance> {
        let index = self.writable(client)?;
        let (mut payload, mut shown) = (BytesMut::new(), BytesMut::new());
        let mut encoded = Vec::new();
        for item in items {
            let one = self.encoded(client, index, item)?;
            payload.extend_from_slice(&one.bytes);
            shown.extend_from_slice(one.shown.as_ref().unwrap_or(&one.bytes));
            encoded.push(one);
        }
        self.flush(index).await;
        self.lanes[index.0].last_packet = None;
        let up_to = usize::MAX;
        let cut = framing.cut_every.map(|every| Cut { every, up_to });
        let cut = cut.or(self.chaos.cut_below);
        self.lanes[index.0].cut_frames(cut);
        let current = self.current;
        let shown = frames(shown.freeze(), framing);
        for (sent, frame) in frames(payload.freeze(), framing).into_iter().zip(shown) {
            self.lanes[index.0].queue_frame(sent);
            let what = What::SentFrame {
                frame,
                is_right: framing.is_right(),
            };
            self.event(index, Some(current), what);
        }
        if framing.is_data() {
            for one in encoded {
                self.note_encoded(index, one);
            }
        }
        self.flush(index).await;
        self.lanes[index.0].cut_frames(self.chaos.cut_below);
        Ok(())
    }

    /// Returns the client's connection, if something can be sent on it.
    fn writable(&self, client: ClientIndex) -> Result<LaneIndex, Hindrance> {
        let index = self.lane_of(client)?;
        let lane = &self.lanes[index.0];
        if lane.is_writable() {
            Ok(index)
        } else if lane.faulted {
            let why = "the connection was closed after a frame that no broker may send";
            Err(Hindrance::because(why))
        } else {
            Err(Hindrance::Ended)
        }
    }

    /// Returns the bytes of something to send.
    fn encoded(
        &mut self,
        client: ClientIndex,
        index: LaneIndex,
        item: &Outgoing,
    ) -> Result<Encoded, Hindrance> {
        let template = match item {
            Outgoing::Bytes(bytes) => {
                return Ok(Encoded {
                    bytes: bytes.clone(),
                    shown: None,
                    packets: None,
                    whole: false,
                });
            }
            Outgoing::Packet(template) => template,
        };
        let lane = &self.lanes[index.0];
        let built = build(
            template,
            lane.surroundings(client, &self.memory, self.patience.keep_alive_s),
        )
        .map_err(|problem| Hindrance::because(problem.to_string()))?;
        let mut recorded = built.packet.clone();
        let mut wire = built.packet;
        self.prefix.put(&mut wire);
        let as_bytes =
            |packet: &Packet| encode(packet, lane.version, &built.lies).map_err(Hindrance::because);
        let shown = self.fill_in_credentials(&mut wire, &mut recorded, &built.lies);
        let encoded = Encoded {
            shown: shown.map(|packet| as_bytes(&packet)).transpose()?,
            bytes: as_bytes(&wire)?,
            packets: Some((recorded, wire)),
            whole: built.lies.is_empty(),
        };
        if let Some((recorded, wire)) = &encoded.packets {
            // The next packet of the same write is numbered after this one.
            self.note_sent(index, recorded, wire);
            if let Packet::Connect(connect) = recorded {
                let lane = &mut self.lanes[index.0];
                // A ping of ours would disturb a Keep Alive that is under test.
                lane.timed = template.fields.iter().any(|f| f.name == "keep_alive");
                lane.keep_alive_s = connect.keep_alive_s;
            }
        }
        Ok(encoded)
    }

    fn note_encoded(&mut self, index: LaneIndex, encoded: Encoded) {
        let current = self.current;
        self.event(
            index,
            Some(current),
            What::Sent {
                bytes: encoded.shown.unwrap_or(encoded.bytes),
                packet: encoded.packets.map(|(recorded, _)| recorded),
                automatic: false,
            },
        );
    }

    /// Fills in our credentials if a CONNECT has none. The password is hidden in `recorded`. Returns the packet as it
    /// may be shown, if credentials were filled in.
    pub(in crate::engine) fn fill_in_credentials(
        &self,
        wire: &mut Packet,
        recorded: &mut Packet,
        lies: &[Lie],
    ) -> Option<Packet> {
        let is_theirs = |lie: &Lie| match lie {
            Lie::Override { field, .. }
            | Lie::Omit { field }
            | Lie::Repeat { field, .. }
            | Lie::Widen { field, .. }
            | Lie::Before { field, .. }
            | Lie::After { field, .. } => {
                CREDENTIAL_FIELDS.iter().any(|name| field.starts_with(name))
            }
            Lie::Append(_) | Lie::Trailing(_) | Lie::Properties(_) | Lie::Cut(_) => false,
        };
        let Packet::Connect(connect) = &*wire else {
            return None;
        };
        let credentials = self.host.credentials(&connect.client_id)?;
        // If a scenario defines the known users, a client without a name is meant to have none.
        let is_about_users = self.scene.settings.users.is_some();
        if is_about_users || lies.iter().any(is_theirs) || !credentials.put(wire) {
            return None;
        }
        credentials.put(recorded);
        Credentials::hide(recorded);
        let mut shown = wire.clone();
        Credentials::hide(&mut shown);
        Some(shown)
    }

    pub(super) fn note_sent(&mut self, lane: LaneIndex, packet: &Packet, wire: &Packet) {
        self.note_id(lane, packet);
        let node = self.transcript.lanes[lane.0].node;
        self.host.note_sent(wire, self.lanes[lane.0].version, node);
    }
}
