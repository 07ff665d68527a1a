//! Tracks what the steps of a failed case no longer waited for. If it is received later, it is late only for that
//! reason, and does not break a silence.

use mqtt_check_codec::PacketType;

use super::expectation::Judged;
use crate::matcher::{Memory, Received, holds};
use crate::plan::{Awaited, Body, Operation, PlannedStep};
use crate::scenario::model::{ClientIndex, Expectation, PacketPattern, Pattern};
use crate::transcript::{EventIndex, NotReached, Outcome, StepRecord, Transcript, What};

/// The packets that steps gave up waiting for.
#[derive(Debug, Default)]
pub(super) struct GivenUp {
    /// One entry for each packet.
    packets: Vec<(ClientIndex, PacketType)>,
    /// The messages that steps without a connection were to take. Another connection of the session may receive them.
    messages: Vec<PacketPattern>,
}

impl GivenUp {
    /// Notes a step that was not reached for this reason.
    pub(super) fn note(&mut self, step: &PlannedStep, record: &StepRecord, why: &NotReached) {
        let Body::Client { client, operations } = &step.body else {
            return;
        };
        let waits = operations.iter().filter_map(|operation| match operation {
            Operation::Await(awaited) => Some(&awaited.expectation),
            _ => None,
        });
        for expectation in waits.skip(record.outcomes.len()) {
            match why {
                NotReached::Lost(_) => {
                    let types = awaited_types(expectation).into_iter();
                    self.packets
                        .extend(types.map(|packet_type| (*client, packet_type)));
                }
                NotReached::Because(_) => self.messages.extend(awaited_message(expectation)),
                _ => {}
            }
        }
    }

    /// Returns whether a step took the message of an earlier step that had no connection, in place of its own.
    pub(super) fn is_instead(
        &self,
        transcript: &Transcript,
        memory: &Memory,
        outcome: &Outcome,
        judged: &[Judged],
    ) -> bool {
        let is_it = |event: &EventIndex| {
            let client = transcript.lanes[transcript.events[event.0].lane.0].client;
            Received::at(transcript, *event).is_some_and(|received| {
                let mut messages = self.messages.iter();
                messages.any(|pattern| holds(pattern, &received, client, memory).is_some())
            })
        };
        let [judged] = judged else {
            return false;
        };
        judged.events == outcome.taken
            && !judged.events.is_empty()
            && judged.events.iter().all(is_it)
    }

    /// Returns whether the packet that breaks a silence is one that was given up. If so, removes it, since each may be
    /// received once.
    pub(super) fn covers(
        &mut self,
        transcript: &Transcript,
        client: ClientIndex,
        awaited: &Awaited,
        judged: &[Judged],
    ) -> bool {
        let Pattern::Silence { .. } = awaited.expectation.pattern else {
            return false;
        };
        let [judged] = judged else {
            return false;
        };
        let ([event], false) = (&judged.events[..], judged.is_malformed) else {
            return false;
        };
        let What::Received { frame, .. } = &transcript.events[event.0].what else {
            return false;
        };
        self.take(client, frame.packet_type())
    }

    fn take(&mut self, client: ClientIndex, packet_type: PacketType) -> bool {
        let mut given_up = self.packets.iter();
        let place = given_up.position(|one| *one == (client, packet_type));
        place.map(|place| self.packets.remove(place)).is_some()
    }
}

/// Returns the topic and the payload of the single message that an expectation waits for.
fn awaited_message(expectation: &Expectation) -> Option<PacketPattern> {
    let Pattern::Packet(pattern) = &expectation.pattern else {
        return None;
    };
    let says = |name: &str| matches!(name, "topic" | "payload");
    let fields = pattern.fields.iter().filter(|field| says(&field.name));
    let message = PacketPattern {
        packet_type: pattern.packet_type,
        fields: fields.cloned().collect(),
    };
    let is_message = message.packet_type == PacketType::PUBLISH
        && message.fields.iter().any(|field| field.name == "payload");
    is_message.then_some(message)
}

/// Returns the types of the packets that an expectation waits for at least.
fn awaited_types(expectation: &Expectation) -> Vec<PacketType> {
    match &expectation.pattern {
        Pattern::Packet(pattern) => {
            vec![pattern.packet_type; expectation.count.at_least as usize]
        }
        Pattern::Unordered(patterns) => patterns.iter().map(|p| p.packet_type).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use mqtt_check_codec::ProtocolVersion;

    use super::*;
    use crate::plan::{self, Plan};

    /// Returns a case in which a client waits for a message.
    fn plan() -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join("scenarios/session/takeover.yaml");
        let scenes = crate::scenario::load(&[path]).expect("the suite is right");
        let mut scenes = scenes.into_iter();
        let scene = scenes.find(|scene| scene.id.version == ProtocolVersion::V5);
        plan::plan(scene.expect("has version 5")).expect("can be planned")
    }

    #[test]
    fn each_given_up_packet_may_arrive_once() {
        let plan = plan();
        let client = |step: &PlannedStep| match &step.body {
            Body::Client { client, operations } => operations
                .iter()
                .any(|operation| {
                    matches!(operation, Operation::Await(awaited)
                        if awaited_types(&awaited.expectation) == [PacketType::PUBLISH])
                })
                .then_some(*client),
            _ => None,
        };
        let mut steps = plan.steps.iter();
        let (step, client) = steps
            .find_map(|step| Some((step, client(step)?)))
            .expect("a step that waits for a message");
        let record = StepRecord {
            step: step.index,
            began: Duration::ZERO,
            outcomes: Vec::new(),
            hooks_seen: 0,
            not_reached: None,
        };
        let mut given_up = GivenUp::default();
        given_up.note(step, &record, &NotReached::BrokerEnded);
        assert!(!given_up.take(client, PacketType::PUBLISH));
        given_up.note(step, &record, &NotReached::Lost(String::new()));
        assert!(!given_up.take(client, PacketType::PUBACK));
        assert!(!given_up.take(ClientIndex(client.0 + 1), PacketType::PUBLISH));
        assert!(given_up.take(client, PacketType::PUBLISH));
        assert!(!given_up.take(client, PacketType::PUBLISH));
    }
}
