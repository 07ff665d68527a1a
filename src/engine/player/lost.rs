//! What a case that has failed already need not wait for.
//!
//! After a MUST failure a step waits only for the sake of a clause that has not failed yet; the answers that handshakes
//! expect by themselves count as clauses of their own. What is there once the broker is idle is taken all the same, so
//! the steps behind find things as they were. A step whose thing is not there then is not reached.

use std::collections::BTreeSet;
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketId, PacketType};

use super::Player;
use crate::matcher::{Received, holds};
use crate::plan::{Awaited, Body, Operation, PlannedStep, Stake};
use crate::scenario::model::{ClientIndex, Expectation, Level, PacketPattern, Pattern};
use crate::transcript::{EventIndex, NotReached, StepIndex, Transcript, What};

/// What a step has at stake.
#[derive(Debug, Clone)]
pub(super) struct Stakes {
    step: StepIndex,
    clauses: Vec<String>,
    is_must: bool,
}

impl Stakes {
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
    /// Something that is a MUST.
    has_failed: bool,
    stakes: BTreeSet<Stake>,
    /// The outlines of what steps waited for and did not get. When it comes late, it belongs to no other step.
    missed: Vec<(ClientIndex, PacketPattern)>,
}

/// What of a packet says that it is the one that a step waited for, as it should be or not: of a message topic and
/// payload.
fn outline(pattern: &PacketPattern) -> PacketPattern {
    let says = |name: &str| match pattern.packet_type {
        PacketType::PUBLISH => matches!(name, "topic" | "payload"),
        // The step may have been about any acknowledgement.
        _ => name == "packet_id",
    };
    let fields = pattern.fields.iter().filter(|field| says(&field.name));
    PacketPattern {
        packet_type: pattern.packet_type,
        fields: fields.cloned().collect(),
    }
}

/// The packets that an expectation is about.
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
    /// Whether this packet is no business of the step that waits now: an earlier step of the client has waited in vain
    /// for it, or it is sent again as it may be.
    pub(in crate::engine) fn is_passed_over(
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
        (self.transcript.may_come_again(event) || is_missed())
            && !patterns(now).into_iter().any(is_it)
    }

    /// Whether it is the scene that is played. In a control much does not come, and what comes is for its own
    /// expectations.
    const fn is_scene(&self) -> bool {
        self.judged && !self.concluding
    }

    /// Whether a MUST has failed in this case.
    pub(super) const fn has_failed(&self) -> bool {
        self.lost.has_failed
    }

    /// Whether nothing depends on this waiting any more.
    pub(super) fn is_lost(&self, stakes: &Stakes, awaited: &Awaited) -> bool {
        self.is_scene()
            && self.lost.has_failed
            && stakes
                .in_waiting(awaited)
                .iter()
                .all(|stake| self.lost.stakes.contains(stake))
            && !was_given_less(&self.transcript)
    }

    /// A waiting of the step in play was not met.
    pub(super) fn note_failure(&mut self, awaited: &Awaited) {
        let Some(stakes) = self.stakes().filter(|_| self.is_scene()) else {
            return;
        };
        self.lost.has_failed |= stakes.is_must;
        self.lost.stakes.extend(stakes.in_waiting(awaited));
    }

    /// The step in play has got nothing of what it waited for.
    pub(super) fn note_missed(&mut self, client: ClientIndex, expectation: &Expectation) {
        if self.is_scene() {
            let missed = patterns(expectation).into_iter().map(outline);
            self.lost
                .missed
                .extend(missed.map(|outline| (client, outline)));
        }
    }

    /// A step is not played since a choice was not answered in any way: what it would have taken is not the others'.
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

    /// What the step in play has at stake.
    pub(super) fn stakes(&self) -> Option<Stakes> {
        let stakes = self.stakes.iter().rev();
        stakes.clone().find(|s| s.step == self.current).cloned()
    }

    /// Why a step was not reached that would have waited in vain.
    pub(super) fn lost(&self, stakes: &Stakes) -> NotReached {
        NotReached::Lost(match stakes.clauses.as_slice() {
            [] => "the case has already failed".to_owned(),
            [one] => format!("{one} has already failed"),
            some => format!("{} have already failed", some.join(" and ")),
        })
    }

    /// Lets time pass, unless nothing waits for it any more.
    pub(super) async fn wait(&mut self, span: Duration, behind: &[PlannedStep]) {
        let is_for_nothing =
            self.lost.has_failed && behind.iter().all(|step| self.is_all_lost(step));
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
                let stakes = Stakes::of(step);
                operations.iter().all(|operation| match operation {
                    Operation::Await(awaited) => self.is_lost(&stakes, awaited),
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

/// Whether the server gave otherwise than a client asked for. What does not hold then may prove nothing, and must not
/// hide what does.
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

/// The QoS of each filter of this SUBSCRIBE.
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
