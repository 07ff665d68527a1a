//! Messages of other plays on a shared broker. A case that subscribes to everything receives them too. They are
//! acknowledged, recorded as the harness's own, and ignored.

use bytestring::ByteString;
use mqtt_check_codec::describe::visible;
use mqtt_check_codec::{Ack, DecodeError, Packet, PacketId, Properties, QoS, ReasonCode};

use super::Player;
use crate::transcript::{LaneIndex, What};

/// The largest packet that is read where other plays may have sent it, in bytes.
pub(super) const LARGEST_FOREIGN: usize = 16 * 1024 * 1024;
/// How many foreign messages a play records.
const SHOWN: usize = 20;

/// The state of foreign messages in a play.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// The identifiers of QoS 2 messages whose PUBREL has not been received.
    unreleased: Vec<(LaneIndex, PacketId)>,
    shown: usize,
}

impl Player<'_> {
    /// Returns whether a packet belongs to a message of another play.
    pub(super) fn is_foreign(
        &self,
        lane: LaneIndex,
        packet: &Result<Packet, DecodeError>,
        topic: Option<&ByteString>,
    ) -> bool {
        match packet {
            Ok(Packet::Publish(publish)) => {
                // A PUBLISH without any topic breaks a rule, whoever sent it.
                let topic = topic.unwrap_or(&publish.topic);
                !topic.is_empty() && self.prefix.is_foreign(topic)
            }
            Ok(Packet::PubRel(ack)) => self.foreign.unreleased.contains(&(lane, ack.packet_id)),
            _ => false,
        }
    }

    /// Returns whether a packet is a message of another play of this run that no subscription of this play can match.
    pub(super) fn is_of_another_play(
        &self,
        packet: &Result<Packet, DecodeError>,
        topic: Option<&ByteString>,
    ) -> bool {
        matches!(packet, Ok(Packet::Publish(publish))
            if self.transcript.is_of_another_play(topic.unwrap_or(&publish.topic)))
    }

    /// Acknowledges a foreign message, however the client treats its own.
    pub(super) fn acknowledge_and_ignore(
        &mut self,
        lane: LaneIndex,
        packet: &Result<Packet, DecodeError>,
    ) {
        let answer = match packet {
            Ok(Packet::Publish(publish)) => {
                self.show(lane, &publish.topic);
                match (publish.packet_id, publish.qos) {
                    (Some(id), QoS::AtLeastOnce) => Some(Packet::PubAck(success(id))),
                    (Some(id), QoS::ExactlyOnce) => {
                        self.foreign.unreleased.push((lane, id));
                        Some(Packet::PubRec(success(id)))
                    }
                    _ => None,
                }
            }
            Ok(Packet::PubRel(ack)) => {
                let of = (lane, ack.packet_id);
                self.foreign.unreleased.retain(|one| *one != of);
                Some(Packet::PubComp(success(ack.packet_id)))
            }
            _ => None,
        };
        if let Some(answer) = answer {
            self.queue_silently(lane, &answer);
        }
    }

    fn show(&mut self, lane: LaneIndex, topic: &str) {
        self.foreign.shown += 1;
        let name = &self.transcript.lanes[lane.0].name;
        let line = match self.foreign.shown {
            shown if shown < SHOWN => {
                format!(
                    "{name} < PUBLISH of another client to \"{}\"",
                    visible(topic)
                )
            }
            SHOWN => format!("{name} < PUBLISH of other clients: further ones are not shown"),
            _ => return,
        };
        let what = What::Shown {
            line,
            is_ours: false,
            is_own: true,
        };
        self.event(lane, None, what);
    }

    /// Sends a packet that no step and no rule is about.
    fn queue_silently(&mut self, lane: LaneIndex, packet: &Packet) {
        let lane = &mut self.lanes[lane.0];
        if !lane.is_writable() {
            return;
        }
        if let Ok(frame) = packet.to_frame(lane.version) {
            lane.queue(frame.bytes());
        }
    }
}

fn success(packet_id: PacketId) -> Ack {
    Ack {
        packet_id,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    }
}
