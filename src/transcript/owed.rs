//! What a broker still owes its clients at the end of a transcript: acknowledgements, and the end of connections.
//!
//! Only what is certain is reported. An answer is certain to be owed only on an open connection whose client has sent
//! nothing but packets.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::{Packet, PacketId, PacketType, ProtocolVersion, QoS};

use super::{Event, EventIndex, Lane, LaneIndex, Transcript, What};
use crate::scenario::model::ClientIndex;

/// Something that a broker owes and has not sent or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub lane: LaneIndex,
    pub debt: Debt,
    /// The packet that makes it due.
    pub asked: EventIndex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debt {
    /// The acknowledgement of a packet of the client.
    Answer(PacketType, PacketId),
    /// The end of the connection, after a packet that must be the broker's last.
    Close(PacketType),
}

/// A client, the packet that would answer, and its Packet Identifier.
type Exchange = (ClientIndex, PacketType, PacketId);

#[derive(Default)]
struct Ledger {
    open: BTreeMap<(LaneIndex, PacketType, PacketId), EventIndex>,
    /// Connections on which no answer is certain to be owed any more.
    closed: BTreeSet<LaneIndex>,
    /// The broker's last packet, on connections that it has not closed.
    last_words: BTreeMap<LaneIndex, (PacketType, EventIndex)>,
    /// Connections that are over, or that the client has to close.
    ended: BTreeSet<LaneIndex>,
    /// The QoS 2 exchanges that were begun, by the broker's answer to our next packet.
    begun: BTreeSet<Exchange>,
}

impl Transcript {
    /// Returns what is owed at the end, in the order in which it became due.
    pub fn owed(&self) -> Vec<Owed> {
        let mut ledger = Ledger::default();
        for (n, event) in self.events.iter().enumerate() {
            ledger.note(EventIndex(n), event, &self.lanes[event.lane.0]);
        }
        let answers = ledger.open.into_iter();
        let answers = answers.map(|((lane, answer, packet_id), asked)| Owed {
            lane,
            debt: Debt::Answer(answer, packet_id),
            asked,
        });
        let closes = ledger.last_words.into_iter();
        let closes = closes.map(|(lane, (reason, asked))| Owed {
            lane,
            debt: Debt::Close(reason),
            asked,
        });
        let mut owed: Vec<Owed> = answers.chain(closes).collect();
        owed.sort_by_key(|owed| owed.asked);
        owed
    }
}

impl Ledger {
    fn note(&mut self, index: EventIndex, event: &Event, of: &Lane) {
        let lane = event.lane;
        match &event.what {
            What::Sent {
                packet: Some(packet),
                ..
            } => self.sent(index, lane, of.client, packet),
            What::Received {
                packet: Ok(packet), ..
            } => self.received(index, lane, of, packet),
            What::Sent { packet: None, .. } => self.close(lane),
            What::SentFrame { .. }
            | What::Garbage { .. }
            | What::Truncated { .. }
            | What::Fault { .. }
            | What::Closed(_)
            | What::Dropped(_) => self.end(lane),
            // A close frame ends a WebSocket too.
            What::Control(_) => self.ends(lane),
            What::Received { packet: Err(_), .. }
            | What::Opened
            | What::Upgraded(_)
            | What::Shown { .. }
            | What::OwnPing
            | What::OwnPong => {}
        }
    }

    fn close(&mut self, lane: LaneIndex) {
        self.open.retain(|(other, ..), _| *other != lane);
        self.closed.insert(lane);
    }

    /// Notes that the connection is over, or that the transcript does not show how it ends.
    fn end(&mut self, lane: LaneIndex) {
        self.close(lane);
        self.ends(lane);
    }

    fn ends(&mut self, lane: LaneIndex) {
        self.last_words.remove(&lane);
        self.ended.insert(lane);
    }

    /// Notes that the broker may send nothing after this packet and has to close the connection.
    fn said_last(&mut self, index: EventIndex, lane: LaneIndex, packet: PacketType) {
        if !self.ended.contains(&lane) {
            self.last_words.entry(lane).or_insert((packet, index));
        }
    }

    fn sent(&mut self, index: EventIndex, lane: LaneIndex, client: ClientIndex, packet: &Packet) {
        let answer = match packet {
            Packet::Publish(publish) if publish.qos == QoS::AtLeastOnce => PacketType::PUBACK,
            Packet::Publish(publish) if publish.qos == QoS::ExactlyOnce => PacketType::PUBREC,
            Packet::PubRel(_) => PacketType::PUBCOMP,
            Packet::PubRec(ack) if ack.reason.is_success() => PacketType::PUBREL,
            Packet::Disconnect(_) => return self.end(lane),
            _ => return,
        };
        let Some(id) = packet.packet_id() else {
            return;
        };
        match answer {
            PacketType::PUBREC => {
                self.begun.insert((client, PacketType::PUBCOMP, id));
            }
            // A server need not answer for an exchange that this transcript did not begin.
            PacketType::PUBCOMP | PacketType::PUBREL
                if !self.begun.contains(&(client, answer, id)) =>
            {
                return;
            }
            _ => {}
        }
        if !self.closed.contains(&lane) {
            self.open.entry((lane, answer, id)).or_insert(index);
        }
    }

    fn received(&mut self, index: EventIndex, lane: LaneIndex, of: &Lane, packet: &Packet) {
        let is_5 = of.version == ProtocolVersion::V5;
        match packet {
            Packet::Disconnect(_) => {
                self.close(lane);
                if is_5 {
                    self.said_last(index, lane, PacketType::DISCONNECT);
                }
            }
            Packet::ConnAck(connack) if connack.reason.0 >= if is_5 { 0x80 } else { 1 } => {
                self.said_last(index, lane, PacketType::CONNACK);
            }
            Packet::Publish(publish) => {
                let id = publish.packet_id;
                let id = id.filter(|_| publish.qos == QoS::ExactlyOnce);
                let begun = id.map(|id| (of.client, PacketType::PUBREL, id));
                self.begun.extend(begun);
            }
            packet => {
                if let Some(id) = packet.packet_id() {
                    self.open.remove(&(lane, packet.packet_type(), id));
                }
            }
        }
    }
}
