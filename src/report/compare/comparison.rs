//! The result of a comparison, and its words.

use serde::Serialize;

use crate::outcome::profile;
use crate::report::document::{Cause, Document, Finding, Level, Summary, Verdict};
use crate::report::style::grouped;

/// What changed between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The version of this format.
    pub format: u32,
    pub base: Side,
    pub head: Side,
    pub counts: Counts,
    /// Versions, limits and capabilities that the broker offers differently.
    pub offered: Vec<String>,
    /// Choices that no case of the head asks for any more.
    pub choices_no_longer_asked: Vec<String>,
    /// What limits the comparison: cases that were not played, flaky cases.
    pub notes: Vec<String>,
    /// Every case that changed, by the kind of change and then by id.
    pub cases: Vec<Changed>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The file, as the command line names it.
    pub file: String,
    pub broker: String,
    pub started: String,
    pub summary: Summary,
}

/// The number of cases for each kind of change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub regressed: usize,
    pub no_longer_exercised: usize,
    pub answers_differently: usize,
    pub expected: usize,
    pub new: usize,
    pub gone: usize,
    pub improved: usize,
    pub unchanged: usize,
}

/// A case that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub case: String,
    pub change: Kind,
    /// The new and the old status: `failed, was passed`.
    pub text: String,
    /// `None` if the base does not have the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Verdict>,
    /// `None` if the head does not have the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Verdict>,
    /// The worst finding behind the change, or the reason why the case is skipped or inconclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Why>,
    /// For an expected change, the entries of the target file that accept it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted_by: Vec<String>,
    /// The cause in the document of the run, which other cases may share.
    #[serde(skip)]
    pub(super) shared: Option<Why>,
}

/// Why a case ended as it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Why {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    pub clauses: Vec<String>,
    pub expected: Vec<String>,
    pub actual: String,
}

/// The kinds of changes, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Regressed,
    NoLongerExercised,
    AnswersDifferently,
    /// Worse or different, but reviewed: the baseline of the head expects it.
    Expected,
    New,
    Gone,
    Improved,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Regressed,
        Self::NoLongerExercised,
        Self::AnswersDifferently,
        Self::Expected,
        Self::New,
        Self::Gone,
        Self::Improved,
    ];

    /// The label of the kind.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::NoLongerExercised => "no longer exercised",
            Self::AnswersDifferently => "chooses differently",
            Self::Expected => "expected",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Improved => "improved",
        }
    }

    /// Whether a review can make such a change expected, so that no decision is needed.
    pub(super) const fn may_be_expected(self) -> bool {
        matches!(
            self,
            Self::Regressed | Self::NoLongerExercised | Self::AnswersDifferently
        )
    }

    /// The kind of a change in a profile. `None` for a change that is not about a case.
    pub(super) const fn of(kind: profile::Kind) -> Option<Self> {
        Some(match kind {
            profile::Kind::Offered => return None,
            profile::Kind::Regressed => Self::Regressed,
            profile::Kind::NoLongerExercised => Self::NoLongerExercised,
            profile::Kind::AnswersDifferently => Self::AnswersDifferently,
            profile::Kind::New => Self::New,
            profile::Kind::Gone => Self::Gone,
            profile::Kind::Improved => Self::Improved,
        })
    }
}

impl Counts {
    pub(super) fn of(self, kind: Kind) -> usize {
        match kind {
            Kind::Regressed => self.regressed,
            Kind::NoLongerExercised => self.no_longer_exercised,
            Kind::AnswersDifferently => self.answers_differently,
            Kind::Expected => self.expected,
            Kind::New => self.new,
            Kind::Gone => self.gone,
            Kind::Improved => self.improved,
        }
    }

    pub(super) fn slot(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Regressed => &mut self.regressed,
            Kind::NoLongerExercised => &mut self.no_longer_exercised,
            Kind::AnswersDifferently => &mut self.answers_differently,
            Kind::Expected => &mut self.expected,
            Kind::New => &mut self.new,
            Kind::Gone => &mut self.gone,
            Kind::Improved => &mut self.improved,
        }
    }
}

impl Comparison {
    /// Whether CI should fail: something got worse that no baseline expects.
    pub const fn has_regressed(&self, allow_skips: bool) -> bool {
        self.counts.regressed > 0 || (!allow_skips && self.counts.no_longer_exercised > 0)
    }

    /// Returns the comparison as JSON text.
    ///
    /// # Errors
    /// Never for a comparison; serde's interface requires the error.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The changes of one kind. Cases with the same text and cause share a row.
    pub(super) fn rows(&self, kind: Kind) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for changed in self.cases.iter().filter(|changed| changed.change == kind) {
            let same = |row: &&mut Row<'_>| {
                row.text == changed.text
                    && row.cause == changed.shown_cause()
                    && row.accepted_by == changed.accepted_by
            };
            match rows.iter_mut().find(same) {
                Some(row) => row.cases.push(&changed.case),
                None => rows.push(Row {
                    cases: vec![&changed.case],
                    text: &changed.text,
                    cause: changed.shown_cause(),
                    accepted_by: &changed.accepted_by,
                }),
            }
        }
        rows
    }

    /// The number of cases for each kind of change: `2 regressed, 1 improved, 3,318 unchanged`.
    pub(super) fn totals(&self) -> String {
        let kinds = Kind::ALL.into_iter();
        let changed = kinds.filter_map(|kind| match self.counts.of(kind) {
            0 => None,
            n => Some(format!("{} {}", grouped(n), kind.as_str())),
        });
        let mut parts: Vec<String> = changed.collect();
        parts.push(format!("{} unchanged", grouped(self.counts.unchanged)));
        parts.join(", ")
    }
}

impl Changed {
    /// The cause as a label. It is the same for all cases that fail because of one defect.
    fn shown_cause(&self) -> Option<&Why> {
        self.shared.as_ref().or(self.cause.as_ref())
    }
}

/// Cases that changed in the same way for the same reason.
#[derive(Debug)]
pub(super) struct Row<'c> {
    pub(super) cases: Vec<&'c str>,
    pub(super) text: &'c str,
    cause: Option<&'c Why>,
    accepted_by: &'c [String],
}

impl Row<'_> {
    /// The cause on one line. Empty if it is not known.
    pub(super) fn why(&self) -> String {
        let mut out = self.cause.map(Why::line).unwrap_or_default();
        if !self.accepted_by.is_empty() {
            let separator = if out.is_empty() { "" } else { "; " };
            out.push_str(&format!(
                "{separator}accepted by {}",
                self.accepted_by.join(", ")
            ));
        }
        out
    }
}

impl Why {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            level: Some(finding.level),
            clauses: finding.clauses.iter().map(|c| c.id.clone()).collect(),
            expected: finding.expected.clone(),
            actual: finding.actual.clone(),
        }
    }

    /// The cause in the document of a run that this case shows.
    pub(super) fn shared(document: &Document, id: &str) -> Option<Self> {
        let shows = |cause: &&Cause| cause.cases.iter().chain(&cause.likely).any(|c| c == id);
        let cause = document.causes.iter().find(shows)?;
        Some(Self {
            level: Some(cause.level),
            clauses: cause.clauses.iter().map(|c| c.id.clone()).collect(),
            expected: cause.expected.clone(),
            actual: cause.came.as_ref().unwrap_or(&cause.actual).clone(),
        })
    }

    /// Formats the cause on one line: `MUST MQTT-3.1.4-3: the connection was closed before DISCONNECT arrived`.
    pub(super) fn line(&self) -> String {
        let level = self.level.map(|level| level.as_str().to_uppercase());
        let mut words: Vec<String> = level.into_iter().collect();
        if !self.clauses.is_empty() {
            words.push(self.clauses.join(", "));
        }
        match words.is_empty() {
            true => self.actual.clone(),
            false => format!("{}: {}", words.join(" "), self.actual),
        }
    }
}
