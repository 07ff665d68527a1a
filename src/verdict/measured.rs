//! Facts about the broker that a play measures and that no clause judges.

use std::time::Duration;

use super::far::{Answer, NOTICED, answers, quickest_answer};
use crate::plan::{Body, Operation, Plan, PlannedStep};
use crate::scenario::model::{Expectation, KeepAlive};
use crate::transcript::{Ended, EventIndex, Outcome, StepRecord, Transcript};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// How long a silent client stayed connected, as a multiple of its Keep Alive. From 1.5 on the broker has to
    /// disconnect it. No clause forbids doing so earlier. [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    KeepAlive,
    /// How long the path to the broker and back takes, in seconds, measured by the answer to CONNECT. Limits are
    /// extended by it.
    Delay,
}

impl Measure {
    /// Every measure.
    pub const ALL: &[Self] = &[Self::KeepAlive, Self::Delay];

    /// Returns the name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeepAlive => "keep_alive_ratio",
            Self::Delay => "path_delay_s",
        }
    }

    /// Returns the words before and after the values.
    pub const fn sentence(self) -> (&'static str, &'static str) {
        match self {
            Self::KeepAlive => (
                "silent clients were disconnected after",
                "times their Keep Alive",
            ),
            Self::Delay => (
                "the answer to CONNECT took",
                "s; limits were extended by as much",
            ),
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub measure: Measure,
    pub value: f64,
}

/// Returns what a play measured.
pub fn measured(plan: &Plan, transcript: &Transcript) -> Vec<Measured> {
    let mut found = Vec::new();
    of_steps(&plan.steps, transcript, &mut found);
    if transcript.delay >= NOTICED {
        found.push(Measured {
            measure: Measure::Delay,
            value: transcript.delay.as_secs_f64(),
        });
    }
    found
}

fn of_steps(steps: &[PlannedStep], transcript: &Transcript, found: &mut Vec<Measured>) {
    for step in steps {
        of_steps(step.body.inner(), transcript, found);
        let Body::Client { operations, .. } = &step.body else {
            continue;
        };
        let expectations = operations.iter().filter_map(|operation| match operation {
            Operation::Await(awaited) => Some(&awaited.expectation),
            _ => None,
        });
        // Skip records of steps that measure nothing. Few steps do, and records are long.
        if !expectations.clone().any(|e| e.keep_alive.is_some()) {
            continue;
        }
        let is_of_step = |record: &&StepRecord| record.step == step.index;
        let records = transcript.steps.iter().filter(is_of_step);
        let outcomes = records.flat_map(|record| &record.outcomes);
        for (expectation, outcome) in expectations.zip(outcomes) {
            if let Some((silence, _, keep_alive)) = silence(expectation, outcome, transcript) {
                // Both the client's last packet and the end of its connection had to travel the path.
                let path = quickest_answer(transcript);
                found.push(Measured {
                    measure: Measure::KeepAlive,
                    value: keep_alive.ratio(silence.saturating_sub(path)),
                });
            }
        }
    }
}

/// Returns how long a client was silent until it was disconnected or its Will was received, and which event shows that.
pub(super) fn silence(
    expectation: &Expectation,
    outcome: &Outcome,
    transcript: &Transcript,
) -> Option<(Duration, EventIndex, KeepAlive)> {
    let keep_alive = expectation.keep_alive?;
    let event = *outcome.taken.last()?;
    let silence = transcript.events[event.0].at.saturating_sub(outcome.since);
    (outcome.ended == Ended::Complete).then_some((silence, event, keep_alive))
}

/// Returns the longest time in which any request in this play was answered. The broker may have seen a client's last
/// packet that much later.
pub(super) fn slowest_answer(transcript: &Transcript) -> Duration {
    let took = answers(transcript).into_iter().map(Answer::took);
    took.max().unwrap_or_default()
}
