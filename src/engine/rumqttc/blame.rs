//! Findings that the library causes and that say nothing about the broker.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use mqtt_check_codec::{Packet, PacketType, QoS};

use crate::engine::player::{Hindrance, Player};
use crate::plan::Awaited;
use crate::scenario::model::{ClientIndex, Expectation, Pattern};
use crate::transcript::{LaneIndex, What};

impl Player<'_> {
    /// Breaks off the play because the library cannot continue. Other clients may wait for what the library would have
    /// done, and the broker would be blamed for it.
    pub(super) fn break_off(&mut self, why: String) -> Hindrance {
        self.transcript.broken_off = Some(why.clone());
        Hindrance::because(why)
    }

    /// Returns why something was not received, if the library is the reason.
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
        // In a control, the step that would have asked may have been left out.
        Some(if self.judged {
            self.break_off(why)
        } else {
            Hindrance::because(why)
        })
    }

    /// Returns why the library has ended this connection by itself, if it has. The broker must not be judged by that.
    pub(super) fn ended_by_library(&self, client: ClientIndex, lane: LaneIndex) -> Option<String> {
        let tap = self
            .taps
            .get(&client)
            .filter(|tap| tap.lane() == Some(lane))?;
        let why = tap.gave_up()?;
        (!self.broker_ended(lane)).then(|| format!("rumqttc ended the connection by itself: {why}"))
    }

    /// Returns why an answer cannot be received, if the library has sent nothing that it would answer.
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
                // After a refusal the library has nothing to send.
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
            .then(|| format!("rumqttc has sent no packet that {answer} answers"))
    }

    /// Returns whether the broker has ended this connection, or has announced that it will.
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

/// Returns a test for the packets that an answer of this type answers. `None` if the type is not an answer.
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
