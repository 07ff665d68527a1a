//! What a broker still owes its clients when a record ends: acknowledgements of messages.
//!
//! Only what is certain is told: of a connection that stands, and of whose client nothing came that is no packet.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::{Packet, PacketId, PacketType, QoS};

use super::{Event, EventIndex, LaneIndex, Transcript, What};
use crate::scenario::model::ClientIndex;

/// An acknowledgement that has not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub lane: LaneIndex,
    pub answer: PacketType,
    pub packet_id: PacketId,
    /// What it would answer.
    pub asked: EventIndex,
}

/// A client, the packet that would answer, and its Packet Identifier.
type Exchange = (ClientIndex, PacketType, PacketId);

#[derive(Default)]
struct Ledger {
    open: BTreeMap<(LaneIndex, PacketType, PacketId), EventIndex>,
    /// Connections on which nothing is certain any more.
    closed: BTreeSet<LaneIndex>,
    /// QoS 2 exchanges that were begun, by the packet that answers the next one of ours.
    begun: BTreeSet<Exchange>,
}

impl Transcript {
    /// What is owed at the end, in the order in which it was asked for.
    pub fn owed(&self) -> Vec<Owed> {
        let mut ledger = Ledger::default();
        for (n, event) in self.events.iter().enumerate() {
            let client = self.lanes[event.lane.0].client;
            ledger.note(EventIndex(n), event, client);
        }
        let mut owed: Vec<Owed> = ledger
            .open
            .into_iter()
            .map(|((lane, answer, packet_id), asked)| Owed {
                lane,
                answer,
                packet_id,
                asked,
            })
            .collect();
        owed.sort_by_key(|owed| owed.asked);
        owed
    }
}

impl Ledger {
    fn note(&mut self, index: EventIndex, event: &Event, client: ClientIndex) {
        let lane = event.lane;
        match &event.what {
            What::Sent {
                packet: Some(packet),
                ..
            } => self.sent(index, lane, client, packet),
            What::Received {
                packet: Ok(packet), ..
            } => self.received(lane, client, packet),
            What::Sent { packet: None, .. }
            | What::SentFrame { .. }
            | What::Garbage { .. }
            | What::Truncated { .. }
            | What::Fault { .. }
            | What::Closed(_)
            | What::Dropped(_) => self.close(lane),
            What::Received { packet: Err(_), .. }
            | What::Opened
            | What::Upgraded(_)
            | What::Control(_)
            | What::Shown { .. }
            | What::OwnPing
            | What::OwnPong => {}
        }
    }

    fn close(&mut self, lane: LaneIndex) {
        self.open.retain(|(other, ..), _| *other != lane);
        self.closed.insert(lane);
    }

    fn sent(&mut self, index: EventIndex, lane: LaneIndex, client: ClientIndex, packet: &Packet) {
        let answer = match packet {
            Packet::Publish(publish) if publish.qos == QoS::AtLeastOnce => PacketType::PUBACK,
            Packet::Publish(publish) if publish.qos == QoS::ExactlyOnce => PacketType::PUBREC,
            Packet::PubRel(_) => PacketType::PUBCOMP,
            Packet::PubRec(ack) if ack.reason.is_success() => PacketType::PUBREL,
            Packet::Disconnect(_) => return self.close(lane),
            _ => return,
        };
        let Some(id) = packet.packet_id() else {
            return;
        };
        match answer {
            PacketType::PUBREC => {
                self.begun.insert((client, PacketType::PUBCOMP, id));
            }
            // A server need not remember an exchange of which nothing is known.
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

    fn received(&mut self, lane: LaneIndex, client: ClientIndex, packet: &Packet) {
        match packet {
            Packet::Disconnect(_) => self.close(lane),
            Packet::Publish(publish) => {
                let id = publish.packet_id;
                let id = id.filter(|_| publish.qos == QoS::ExactlyOnce);
                let begun = id.map(|id| (client, PacketType::PUBREL, id));
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
