//! Verdicts: transcripts judged clause by clause.

mod alike;
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

/// One case's result.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    pub id: CaseId,
    pub title: String,
    /// As the user named the file.
    pub file: String,
    pub verdict: Verdict,
    /// Every clause that a step of the case cites, in the order of the steps.
    pub clauses: Vec<String>,
    pub findings: Vec<Finding>,
    /// Answers to what the standard leaves open.
    pub choices: Vec<(String, String)>,
    /// What was measured, where this machine did not disturb it.
    pub measured: Vec<Measured>,
    /// `None` when the case was skipped before it was played, or when nobody asks for its record.
    pub transcript: Option<Transcript>,
    pub control: Option<Transcript>,
    /// When its play began; `None` when it was not played.
    pub began: Option<Instant>,
    /// Wall-clock time.
    pub wall: Duration,
    /// Time on the broker's clock, where it is virtual.
    pub virtual_time: Duration,
    /// By how much we were late in playing it, where that leaves it undecided.
    pub late: Option<Duration>,
    /// How often it was played: again where this machine disturbed it, or where packets came late beside other cases.
    pub plays: usize,
    /// Whether the broker did not serve while it was played.
    pub in_outage: bool,
    /// What came when its limit was over, in words, where nothing else is wrong; of the play beside others, where it
    /// was played again alone.
    pub came_late: Option<String>,
    /// What came of playing it again alone for that.
    pub alone: Option<Alone>,
    /// What stays of a record that is condensed or dropped.
    pub summary: CaseSummary,
}

impl CaseResult {
    /// Whether clients saw the same in both. What a broker tells its administrator is no part of it.
    pub fn is_seen_alike(&self, other: &Self) -> bool {
        let same = |one: &Option<Transcript>, other: &Option<Transcript>| match (one, other) {
            (Some(one), Some(other)) => one.lanes == other.lanes && one.events == other.events,
            (one, other) => one.is_none() && other.is_none(),
        };
        same(&self.transcript, &other.transcript) && same(&self.control, &other.control)
    }
}

/// What came of a case that was to be played again alone, since packets came late beside other cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// Nothing was wrong; this play counts.
    Passed,
    /// It did not hold either; it counts unless something was late in it too.
    FailedAgain,
    /// There was no time left for it; the first play counts.
    NotPlayed,
}

/// What reports say of every case, whatever became of its record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseSummary {
    /// What kinds of packets the broker sent in the scene.
    pub received: BTreeSet<PacketType>,
    /// What client libraries did on their own side in the scene.
    pub facts: Vec<Fact>,
    /// What scene and control left on a shared broker, in words.
    pub left_behind: Vec<String>,
}

impl CaseSummary {
    /// That of these records.
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

/// The four outcomes and the one that a run hopes for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// A MUST does not hold.
    Failed,
    /// A SHOULD does not hold.
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
    /// `passed`, `failed`, `warned`, `skipped` or `inconclusive`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Skipped { .. } => "skipped",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }

    /// Why a case was skipped or is inconclusive.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Skipped { reason, .. } | Self::Inconclusive { reason } => Some(reason),
            _ => None,
        }
    }

    /// The stable code of a skip.
    pub const fn skip_code(&self) -> Option<&SkipCode> {
        match self {
            Self::Skipped { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// One thing that is not as expected, or could not be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How much it weighs, and by which rules.
    pub charge: Charge,
    /// What was expected; several where several answers are right.
    pub expected: Vec<String>,
    pub actual: String,
    /// The step, its place and how it reads.
    pub step: Option<StepIndex>,
    pub label: String,
    pub place: Option<Place>,
    pub note: Option<String>,
    /// The events that it is about.
    pub events: Vec<EventIndex>,
    /// How many more are alike and were not kept; the note says so too.
    pub alike: usize,
    /// The right thing came, and was slow. How slow a broker is differs from run to run, so records do not have it.
    pub is_slow: bool,
    /// It came as it should, when its limit was over, or the broker made our client late.
    pub is_late: bool,
    /// What is wrong, by kind.
    pub symptom: Symptom,
}

impl Finding {
    /// What sort of finding it is.
    pub const fn kind(&self) -> FindingKind {
        self.charge.kind()
    }

    /// How much it weighs.
    pub const fn level(&self) -> Level {
        self.charge.level()
    }

    /// Whether a MUST does not hold.
    pub fn breaks_a_must(&self) -> bool {
        self.kind() == FindingKind::Violation && self.level() == Level::Must
    }

    /// Whether a record has it: it speaks against the broker, and not by its time alone.
    pub fn is_recorded(&self) -> bool {
        self.kind() == FindingKind::Violation
            && matches!(self.level(), Level::Must | Level::Should)
            && !self.is_slow
    }

    /// Bare ids of the case's version, `MQTT-3.1.4-3`, or sections of other documents, `RFC 6455, 5.2`. A MUST that does
    /// not hold has at least one.
    pub fn clauses(&self) -> &[String] {
        self.charge.clauses()
    }
}

/// What sort of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A check does not hold.
    Violation,
    /// A step could not be played.
    NotReached,
    /// The target cannot show what the step is about.
    NotObservable,
}
