//! Findings that are due to the library and say nothing about the broker.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use mqtt_check_codec::{Packet, PacketType, QoS};

use crate::engine::player::{Hindrance, Player};
use crate::plan::Awaited;
use crate::scenario::model::{ClientIndex, Expectation, Pattern};
use crate::transcript::{LaneIndex, What};

impl Player<'_> {
    /// The library cannot go on, and neither can the play: what it would have done others may wait for, and the
    /// broker would be blamed for it.
    pub(super) fn break_off(&mut self, why: String) -> Hindrance {
        self.transcript.broken_off = Some(why.clone());
        Hindrance::because(why)
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
    pub(super) fn ended_by_library(&self, client: ClientIndex, lane: LaneIndex) -> Option<String> {
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
        let mut refused = false;
        let events = &self.transcript.events;
        for event in events.iter().filter(|event| event.lane == lane) {
            match &event.what {
                What::Sent {
                    packet: Some(packet),
                    ..
                } if asked(packet) => open.extend(packet.packet_id().map(NonZeroU16::get)),
                // A refusal leaves the library nothing to ask.
                What::Received {
                    packet: Ok(Packet::PubRec(ack)),
                    ..
                } if answer == PacketType::PUBCOMP && !ack.reason.is_success() => refused = true,
                What::Received {
                    packet: Ok(packet), ..
                } if packet.packet_type() == answer && event.taken_by.is_some() => {
                    packet.packet_id().map(|id| open.remove(&id.get()));
                }
                _ => {}
            }
        }
        (open.is_empty() && !refused)
            .then(|| format!("rumqttc has sent nothing that {answer} answers"))
    }

    /// Whether the broker has ended this connection, or has said that it will.
    pub(super) fn broker_ended(&self, lane: LaneIndex) -> bool {
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
