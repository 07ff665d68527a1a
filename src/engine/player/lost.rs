//! What a failed case no longer waits for.
//!
//! After a MUST has failed, a step waits only for the sake of a clause that has not failed yet. The default answers of
//! handshakes count as clauses of their own. A step still takes what has been received once the broker is idle, so that
//! the steps after it find the same state. A step that finds nothing then is not reached.

use std::collections::BTreeSet;
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketId, PacketType};

use super::Player;
use crate::matcher::{Received, holds};
use crate::plan::{Awaited, Body, Operation, PlannedStep, Stake};
use crate::scenario::model::{ClientIndex, Expectation, Level, PacketPattern, Pattern};
use crate::transcript::{EventIndex, NotReached, StepIndex, Transcript, What};

/// What a step can prove or fail.
#[derive(Debug, Clone)]
pub(super) struct AtStake {
    step: StepIndex,
    clauses: Vec<String>,
    is_must: bool,
}

impl AtStake {
    pub(super) fn of(step: &PlannedStep) -> Self {
        Self {
            step: step.index,
            clauses: step.step.clauses.clone(),
            is_must: step.level() == Level::Must,
        }
    }

    fn in_waiting(&self, awaited: &Awaited) -> Vec<Stake> {
        awaited.stakes(&self.clauses)
    }
}

/// What has failed so far.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Whether a MUST has failed.
    has_failed: bool,
    at_stake: BTreeSet<Stake>,
    /// Outlines of the packets that steps waited for in vain. If such a packet is late, no other step takes it.
    missed: Vec<(ClientIndex, PacketPattern)>,
}

/// Reduces a pattern to the fields that identify the packet that a step waited for, whether it is right or not. For a
/// message these are the topic and the payload.
fn outline(pattern: &PacketPattern) -> PacketPattern {
    let says = |name: &str| match pattern.packet_type {
        PacketType::PUBLISH => matches!(name, "topic" | "payload"),
        // The step may have waited for any acknowledgement.
        _ => name == "packet_id",
    };
    let fields = pattern.fields.iter().filter(|field| says(&field.name));
    PacketPattern {
        packet_type: pattern.packet_type,
        fields: fields.cloned().collect(),
    }
}

/// Returns the packets that an expectation is about.
fn patterns(expectation: &Expectation) -> Vec<&PacketPattern> {
    match &expectation.pattern {
        Pattern::Packet(pattern) => vec![pattern],
        Pattern::Unordered(patterns) => patterns.iter().collect(),
        Pattern::InOrder(inner) => inner.iter().flat_map(patterns).collect(),
        Pattern::AnyOf(alternatives) => alternatives.iter().flatten().flat_map(patterns).collect(),
        Pattern::Closed { .. }
        | Pattern::Refused(_)
        | Pattern::Upgrade(_)
        | Pattern::Frame(_)
        | Pattern::Silence { .. } => Vec::new(),
    }
}

impl Player<'_> {
    /// Returns whether the step that waits now ignores this packet: an earlier step of the client has waited for it in
    /// vain, or it is a permitted retransmission.
    pub(in crate::engine) fn is_ignored(
        &self,
        (event, client): (EventIndex, ClientIndex),
        received: &Received<'_>,
        now: &Expectation,
    ) -> bool {
        let is_it =
            |pattern: &PacketPattern| holds(pattern, received, client, &self.memory).is_some();
        let is_missed = || {
            let mut missed = self.lost.missed.iter();
            missed.any(|(other, outline)| *other == client && is_it(outline))
        };
        (self.transcript.is_permitted_retransmission(event) || is_missed())
            && !patterns(now).into_iter().any(is_it)
    }

    /// Returns whether the scene is being played. A control often receives less, and keeps what it receives for its own
    /// expectations.
    const fn is_scene(&self) -> bool {
        self.judged && !self.plays_control_expectations
    }

    /// Returns whether a MUST has failed in this case.
    pub(super) const fn has_failed(&self) -> bool {
        self.lost.has_failed
    }

    /// Returns whether nothing depends on this wait any more.
    pub(super) fn is_lost(&self, at_stake: &AtStake, awaited: &Awaited) -> bool {
        self.is_scene()
            && self.lost.has_failed
            && at_stake
                .in_waiting(awaited)
                .iter()
                .all(|stake| self.lost.at_stake.contains(stake))
            && !was_given_less(&self.transcript)
    }

    /// Notes that a wait of the current step was not met.
    pub(super) fn note_failure(&mut self, awaited: &Awaited) {
        let Some(at_stake) = self.at_stake().filter(|_| self.is_scene()) else {
            return;
        };
        self.lost.has_failed |= at_stake.is_must;
        self.lost.at_stake.extend(at_stake.in_waiting(awaited));
    }

    /// Notes that the current step has received nothing of what it waited for.
    pub(super) fn note_missed(&mut self, client: ClientIndex, expectation: &Expectation) {
        if self.is_scene() {
            let missed = patterns(expectation).into_iter().map(outline);
            self.lost
                .missed
                .extend(missed.map(|outline| (client, outline)));
        }
    }

    /// Notes what a step would have taken if it is not played because a choice has no answer. No other step takes it.
    pub(super) fn note_undecided(&mut self, step: &PlannedStep) {
        let choices = &self.transcript.choices;
        let is_answered = |name: &String| choices.iter().any(|(choice, _)| choice == name);
        if step.step.when.iter().all(|(choice, _)| is_answered(choice)) {
            return;
        }
        match &step.body {
            Body::Client { client, operations } => {
                for operation in operations.iter() {
                    if let Operation::Await(awaited) = operation {
                        self.note_missed(*client, &awaited.expectation);
                    }
                }
            }
            Body::Choice(choice) => {
                for answer in choice.answers.iter().flat_map(|(_, answer)| answer) {
                    self.note_missed(choice.of, answer);
                }
            }
            _ => {}
        }
    }

    /// Returns what the current step can prove or fail.
    pub(super) fn at_stake(&self) -> Option<AtStake> {
        let at_stake = self.at_stake.iter().rev();
        at_stake.clone().find(|s| s.step == self.current).cloned()
    }

    /// Returns why a step that would have waited in vain was not reached.
    pub(super) fn lost(&self, at_stake: &AtStake) -> NotReached {
        NotReached::Lost(match at_stake.clauses.as_slice() {
            [] => "the case has already failed".to_owned(),
            [one] => format!("{one} has already failed"),
            some => format!("{} have already failed", some.join(" and ")),
        })
    }

    /// Lets time pass, unless no later step needs it.
    pub(super) async fn wait(&mut self, span: Duration, after: &[PlannedStep]) {
        let is_for_nothing =
            self.lost.has_failed && after.iter().all(|step| self.is_all_lost(step));
        if !is_for_nothing || !self.judged {
            self.until(tokio::time::Instant::now() + span).await;
            return;
        }
        let index = self.current;
        if let Some(record) = self.record(index) {
            record.not_reached = Some(NotReached::Lost("the case has already failed".to_owned()));
        }
    }

    fn is_all_lost(&self, step: &PlannedStep) -> bool {
        match &step.body {
            Body::Client { operations, .. } => {
                let at_stake = AtStake::of(step);
                operations.iter().all(|operation| match operation {
                    Operation::Await(awaited) => self.is_lost(&at_stake, awaited),
                    _ => true,
                })
            }
            Body::Parallel(_) | Body::Rounds(_) => {
                let mut inner = step.body.inner().iter();
                inner.all(|step| self.is_all_lost(step))
            }
            Body::Wait(_) => true,
            Body::Hooks(_) | Body::Broker(_) | Body::Choice(_) | Body::OneOf(_) => false,
        }
    }
}

/// Returns whether the server granted something other than what a client asked for. A failure may then prove nothing,
/// so the case continues to wait for what may still fail.
fn was_given_less(transcript: &Transcript) -> bool {
    let events = transcript.events.iter().enumerate();
    events.clone().any(|(index, event)| match &event.what {
        What::Received {
            packet: Ok(Packet::SubAck(suback)),
            ..
        } => {
            let before = transcript.events[..index].iter().rev();
            let asked = before
                .filter(|other| other.lane == event.lane)
                .find_map(|other| asked(&other.what, suback.packet_id));
            let granted: Vec<u8> = suback.reasons.iter().map(|reason| reason.0).collect();
            asked.is_some_and(|asked| asked != granted)
        }
        What::Received {
            packet: Ok(Packet::ConnAck(connack)),
            ..
        } => connack.properties.session_expiry_interval_s().is_some(),
        What::Received {
            packet: Ok(Packet::PubAck(ack) | Packet::PubRec(ack)),
            ..
        } => !ack.reason.is_success(),
        _ => false,
    })
}

/// Returns the QoS of each filter, if this is the SUBSCRIBE with this identifier.
fn asked(what: &What, id: PacketId) -> Option<Vec<u8>> {
    let What::Sent {
        packet: Some(Packet::Subscribe(subscribe)),
        ..
    } = what
    else {
        return None;
    };
    let each = subscribe
        .subscriptions
        .iter()
        .map(|s| s.options.qos.as_u8());
    (subscribe.packet_id == id).then(|| each.collect())
}
