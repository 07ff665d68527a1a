//! One case: what it tests, its verdict, and its findings.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::Check;
use super::play::Play;

/// A case that was played or skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Case {
    /// `session/takeover@5`.
    pub id: String,
    /// The folder that it is in.
    pub area: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The version of MQTT that it is played with.
    pub version: String,
    pub file: String,
    /// The line on which its steps begin, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Bug reports of real brokers with this behaviour.
    pub threads: Vec<String>,
    /// What its steps cite: ids of the document of its version, and sections of other documents.
    pub clauses: Vec<String>,
    pub verdict: Verdict,
    /// The stable code of a skip: `needs:kick`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
    /// Why it was skipped or is inconclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub outcome: Outcome,
    /// `None` if no record was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// When it was played; `None` if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The number of plays. More than one if this machine was too slow, or if packets were late while other cases ran.
    pub plays: usize,
    /// If packets were late while other cases were played: what was late, and the result of playing the case alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    /// How late this machine was. Set only if the case is inconclusive because of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_us: Option<u64>,
    /// How often `--retries` played it again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: usize,
    /// The earlier plays of a flaky case. None of them was as expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The broker's answers to what the standard leaves open.
    pub choices: Vec<ChoiceAnswer>,
    /// What was measured without being judged by a clause.
    pub measured: Vec<Measurement>,
    /// What client libraries did on their own side.
    pub library_facts: Vec<String>,
    /// What the case left on a shared broker because cleaning up failed.
    pub left_behind: Vec<String>,
    pub findings: Vec<Finding>,
    /// The packets and events of the play.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub play: Option<Play>,
    /// The same for its control: the scenario without the cause under test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Play>,
}

/// A case that failed only because of late packets while other cases were played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Crowd {
    /// The first step whose wait timed out, and when the awaited packet arrived.
    pub late: String,
    pub alone: Alone,
}

/// The result of a case that was played again alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Alone {
    /// It violated no MUST, and nothing was late; this play counts.
    Passed,
    /// It failed again; this play counts unless something was late in it too.
    FailedAgain,
    /// No time was left to replay it alone; the first play counts.
    NotPlayed,
}

/// A play of a case that was not as expected, before one that was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attempt {
    pub verdict: Verdict,
    /// Why it is inconclusive or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    pub findings: Vec<Finding>,
    /// The packets and events of the play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<Play>,
}

/// Whether the broker did what the clauses of the case require. If only a SHOULD is violated, the case warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    /// A MUST is violated.
    Failed,
    /// A SHOULD is violated.
    Warned,
    Skipped,
    Inconclusive,
}

/// Whether a case is as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    pub as_expected: bool,
    /// Why not; empty if it is.
    pub reasons: Vec<Reason>,
    /// Whether the failure was reviewed and accepted for this target.
    pub accepted: bool,
    /// The entries of the target file that accept it: `targets/NAME.yaml:LINE`.
    pub accepted_by: Vec<String>,
}

/// Why a case is not as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Violation,
    Inconclusive,
    Record,
    /// Its result differs from the profile of the target.
    Profile,
}

/// The comparison of a record with its snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Snapshot {
    pub state: SnapshotState,
    /// The reviewed file, which may not exist.
    pub path: PathBuf,
    /// Whether a difference makes the run fail.
    pub counts: bool,
    /// Whether there is also an unreviewed record.
    pub pending: bool,
    /// Whether this run accepted it.
    pub updated: bool,
    /// Whether it is compared with what is accepted for this target, not with what is expected.
    pub against_accepted: bool,
    /// Why a deviating record is not accepted: no entry of the target file explains the deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<String>,
    /// How the record differs; empty if it does not.
    pub diff: Vec<DiffLine>,
    /// How many lines at the end of the difference are left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub diff_left_out: usize,
}

/// Whether the packets of the play are those of the reviewed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SnapshotState {
    Same,
    Changed,
    New,
    Stale,
}

/// A line of the text diff between the reviewed and the new record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DiffLine {
    pub change: Change,
    pub text: String,
}

/// Which of the two records has the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is in both.
    Same,
    /// It is only in the reviewed record.
    Removed,
    /// It is only in the new record.
    Added,
    /// Lines that are in both are left out here.
    Gap,
}

/// When a case was played, in microseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    pub start_us: u64,
    pub end_us: u64,
    /// Time on the broker's clock, if it is virtual.
    pub virtual_us: u64,
}

/// An answer to what the standard leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChoiceAnswer {
    pub name: String,
    /// What the choice is about, worded to precede the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    pub answer: String,
    /// Whether the scenario says that the answer may differ from play to play.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub varies: bool,
}

/// A measured value that no clause limits, such as a delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Measurement {
    pub name: String,
    pub value: f64,
}

/// One thing that is not as expected, or could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    pub kind: FindingKind,
    pub level: Level,
    pub clauses: Vec<Clause>,
    /// Several if several answers are right.
    pub expected: Vec<String>,
    pub actual: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many more findings of this kind are not listed; the note says so too.
    pub alike: usize,
    /// The number of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The text of the step.
    pub label: String,
    /// The file, as the user named it.
    pub file: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Whether the right packet arrived, but late.
    pub slow: bool,
    /// Numbers of the events that it is about.
    pub events: Vec<usize>,
    /// How a program other than mqtt-check can check it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Why no other program can check it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<String>,
}

/// Whether a clause is violated, or why this could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    Violation,
    NotReached,
    NotObservable,
}

/// The severity of a finding, the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Must,
    Should,
    May,
    Disputed,
}

/// A statement that is cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Clause {
    /// `MQTT-3.1.4-3`, or a section of another document: `RFC 6455, 5.2`.
    pub id: String,
    /// The version of MQTT whose document it is in; `None` for another document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The number of its section in that document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// A summary in our own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

impl Case {
    /// Whether the case was not as expected at first, and was when it was played again.
    pub const fn is_flaky(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// The case as it would be with this play alone.
    pub fn at(&self, attempt: &Attempt) -> Self {
        Self {
            verdict: attempt.verdict,
            reason: attempt.reason.clone(),
            outcome: attempt.outcome.clone(),
            snapshot: attempt.snapshot.clone(),
            findings: attempt.findings.clone(),
            play: attempt.play.clone(),
            control: None,
            attempts: Vec::new(),
            ..self.clone()
        }
    }

    /// Whether the case is passed or skipped.
    pub fn holds(&self) -> bool {
        matches!(self.verdict, Verdict::Passed | Verdict::Skipped)
    }
}

impl ChoiceAnswer {
    /// What the choice is about. Its name, if the scenario does not say.
    pub fn about(&self) -> String {
        let named = || self.name.replace('_', " ");
        self.about.clone().unwrap_or_else(named)
    }
}

impl Verdict {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl Level {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
            Self::Disputed => "disputed",
        }
    }
}

impl SnapshotState {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Stale => "stale",
        }
    }
}

impl Outcome {
    /// Whether the record is not as reviewed.
    pub fn is_unexpected_record(&self) -> bool {
        self.reasons.contains(&Reason::Record)
    }

    /// Whether the verdict itself is unexpected, regardless of the record.
    pub fn is_unexpected_verdict(&self) -> bool {
        self.reasons
            .iter()
            .any(|reason| matches!(reason, Reason::Violation | Reason::Inconclusive))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) const fn is_zero(number: &usize) -> bool {
    *number == 0
}
