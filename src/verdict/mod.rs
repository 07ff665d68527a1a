//! Judges transcripts clause by clause.

mod blame;
mod charge;
mod expectation;
mod failed;
mod far;
mod filter;
mod given_up;
mod granted_less;
mod hooks;
mod judging;
mod late;
mod left_over;
mod measured;
mod misplaced;
pub mod monitor;
mod overdue;
mod repeats;
mod steps;
mod symptom;
#[cfg(test)]
mod tests;
mod unsent;
mod wording;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mqtt_check_codec::PacketType;

use crate::diagnostic::Place;
use crate::plan::{Skip, SkipCode};
use crate::scenario::model::{CaseId, Level};
use crate::transcript::{EventIndex, Fact, StepIndex, Transcript};

pub use charge::{Charge, is_clause};
pub use judging::judge;
pub use late::late;
pub use measured::{Measure, Measured, measured};
pub use symptom::Symptom;
pub(crate) use symptom::is_acknowledgement;
pub(crate) use unsent::was_to_send;
pub(crate) use wording::span;

/// The result of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    pub id: CaseId,
    pub title: String,
    /// The file, as the user named it.
    pub file: String,
    pub verdict: Verdict,
    /// Every clause that a step of the case cites, in the order of the steps.
    pub clauses: Vec<String>,
    pub findings: Vec<Finding>,
    /// What the broker does where the standard leaves a choice open: the choice and the answer.
    pub choices: Vec<(String, String)>,
    /// What was measured. Empty if this machine disturbed the play.
    pub measured: Vec<Measured>,
    /// `None` if the case was skipped before it was played, or if no report needs its record.
    pub transcript: Option<Transcript>,
    pub control: Option<Transcript>,
    /// When the play began, or `None` if the case was not played.
    pub began: Option<Instant>,
    /// Wall-clock time.
    pub wall: Duration,
    /// Time on the broker's clock, if that clock is virtual.
    pub virtual_time: Duration,
    /// How late this machine was during the play, if that leaves the verdict open.
    pub late: Option<Duration>,
    /// How often the case was played. It is played again if this machine disturbed it, or if packets were late while
    /// other cases were played.
    pub plays: usize,
    /// Whether the broker was out of service during the play.
    pub in_outage: bool,
    /// What was received only after its limit, in words, if nothing else is wrong. If the case was played again alone,
    /// this describes the first play.
    pub came_late: Option<String>,
    /// The outcome of playing the case again alone because packets were late.
    pub alone: Option<Alone>,
    /// What is kept of a record that is condensed or dropped.
    pub summary: CaseSummary,
}

impl CaseResult {
    /// Returns whether clients saw the same in both plays. Hook events, which only an administrator sees, are not
    /// compared.
    pub fn is_seen_alike(&self, other: &Self) -> bool {
        let same = |one: &Option<Transcript>, other: &Option<Transcript>| match (one, other) {
            (Some(one), Some(other)) => one.lanes == other.lanes && one.events == other.events,
            (one, other) => one.is_none() && other.is_none(),
        };
        same(&self.transcript, &other.transcript) && same(&self.control, &other.control)
    }
}

/// The outcome for a case that was due to be played again alone, because packets were late while other cases were
/// played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// The case passed, at most with a warning. This play counts.
    Passed,
    /// The case did not pass. This play counts unless something was late in it too, or it came to no verdict.
    FailedAgain,
    /// There was no time left to play it. The first play counts.
    NotPlayed,
}

/// What reports say about every case, even if its record is dropped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseSummary {
    /// The types of the packets that the broker sent in the scene.
    pub received: BTreeSet<PacketType>,
    /// What client libraries did on their own side in the scene.
    pub facts: Vec<Fact>,
    /// What scene and control left behind on a shared broker, in words.
    pub left_behind: Vec<String>,
}

impl CaseSummary {
    /// Summarizes these records.
    pub fn of(scene: &Transcript, control: Option<&Transcript>) -> Self {
        let plays = std::iter::once(scene).chain(control);
        Self {
            received: scene.received_types().collect(),
            facts: scene.facts.clone(),
            left_behind: plays
                .flat_map(|play| play.left_behind.iter().cloned())
                .collect(),
        }
    }
}

/// The verdict on a case. A run hopes for `Passed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// A MUST is broken.
    Failed,
    /// A SHOULD is not followed.
    Warned,
    Skipped {
        code: SkipCode,
        reason: String,
    },
    Inconclusive {
        reason: String,
    },
}

impl From<Skip> for Verdict {
    fn from(skip: Skip) -> Self {
        Self::Skipped {
            code: skip.code,
            reason: skip.text,
        }
    }
}

impl Verdict {
    /// Returns `passed`, `failed`, `warned`, `skipped` or `inconclusive`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Skipped { .. } => "skipped",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }

    /// Returns whether the verdict is against the broker.
    pub const fn is_wrong(&self) -> bool {
        matches!(self, Self::Failed | Self::Warned)
    }

    /// Returns the reason why a case was skipped or is inconclusive.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Skipped { reason, .. } | Self::Inconclusive { reason } => Some(reason),
            _ => None,
        }
    }

    /// Returns the stable code of a skip.
    pub const fn skip_code(&self) -> Option<&SkipCode> {
        match self {
            Self::Skipped { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Something that is not as expected, or that could not be observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How severe the finding is, and which rules it cites.
    pub charge: Charge,
    /// What was expected. Several entries if several answers are right.
    pub expected: Vec<String>,
    pub actual: String,
    /// The step, its text and its place in the file.
    pub step: Option<StepIndex>,
    pub label: String,
    pub place: Option<Place>,
    pub note: Option<String>,
    /// The events that the finding is about.
    pub events: Vec<EventIndex>,
    /// How many similar findings were dropped. The note states this too.
    pub repeats: usize,
    /// The right packet was received, but slowly. Speed differs from run to run, so records leave such findings out.
    pub is_slow: bool,
    /// The right packet was received after its limit, or the broker made our client late.
    pub is_late: bool,
    /// What is wrong, by kind.
    pub symptom: Symptom,
}

impl Finding {
    /// Returns what kind of finding this is.
    pub const fn kind(&self) -> FindingKind {
        self.charge.kind()
    }

    /// Returns how severe the finding is.
    pub const fn level(&self) -> Level {
        self.charge.level()
    }

    /// Returns whether a MUST is broken.
    pub fn breaks_a_must(&self) -> bool {
        self.kind() == FindingKind::Violation && self.level() == Level::Must
    }

    /// Returns whether a record includes this finding: it counts against the broker, and not only because of its
    /// timing.
    pub fn is_recorded(&self) -> bool {
        self.kind() == FindingKind::Violation
            && matches!(self.level(), Level::Must | Level::Should)
            && !self.is_slow
    }

    /// Returns the clauses: bare ids of the case's version (`MQTT-3.1.4-3`) or sections of other documents (`RFC 6455,
    /// 5.2`). The finding of a broken MUST has at least one.
    pub fn clauses(&self) -> &[String] {
        self.charge.clauses()
    }
}

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A check failed.
    Violation,
    /// A step could not be played.
    NotReached,
    /// The target cannot show what the step checks.
    NotObservable,
}
