//! Whether a case is as expected, and if not, why.
//!
//! In: a verdict, the record, the reviewed record, and the deviations that are accepted for the target. Out: an
//! [`Outcome`]. This module does no I/O; `snapshot` reads and writes the files.

mod accepted;
pub mod cause;
mod draft;
mod exchange;
pub mod profile;
pub mod record;
pub mod steady;

use crate::plan::Plan;
use crate::target::TargetFile;
use crate::transcript::{HookSource, text};
use crate::verdict::{CaseResult, Verdict};

pub use accepted::{DeviationFacts, UnseenPart, deviation_facts, unseen, unshown};
pub use draft::{Amendment, amendment, keep_wrong};
pub use exchange::{Line, exchange};
pub use record::{Comparison, Deviates, Mode, Reviewed, Seen, State};

use profile::{Baseline, CaseChange};
use record::Record;

/// What the results of a run are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComparedWith {
    /// Nothing: the verdicts alone decide.
    Nothing,
    /// The reviewed records.
    Records(Mode, Option<Box<TargetFile>>),
    /// The findings that are accepted for this target, but no records. Chaos changes when packets are sent and how they
    /// are split, so records would differ.
    Findings(String, Option<Box<TargetFile>>),
}

/// The status of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `None` when no record was compared.
    pub comparison: Option<Comparison>,
    /// Whether the case shows a deviation of the target. `Deviates::No` if no record was compared.
    pub deviates: Deviates,
    /// Whether the findings of the case were reviewed and accepted for this target.
    pub is_accepted: bool,
    /// The entries of the target file that accept the findings: `targets/NAME.yaml:LINE`.
    pub accepted_by: Vec<String>,
    /// What differs from the profile of the target.
    pub changes: Vec<CaseChange>,
    /// Why the case is not as expected. Empty if it is.
    pub reasons: Vec<Reason>,
}

/// Why a case is not as expected. Each reason fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The broker violates a mandatory statement, and the violation is not accepted.
    Violation,
    /// The case is inconclusive.
    Inconclusive,
    /// The record differs from the reviewed one, or its review is not complete.
    Record,
    /// The status differs from the profile of the target, or the broker makes a choice differently.
    Profile,
}

/// A case that was played, with its outcome.
#[derive(Debug, Clone)]
pub struct Concluded<'a> {
    pub plan: &'a Plan,
    pub result: &'a CaseResult,
    pub outcome: Outcome,
}

impl ComparedWith {
    /// The reviewed files that the comparison reads, or `None` if it reads none.
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::Nothing => None,
            Self::Records(mode, _) => Some(mode.clone()),
            Self::Findings(target, _) => Some(Mode::Baseline(target.clone())),
        }
    }

    /// The target file with the accepted deviations.
    pub fn file(&self) -> Option<&TargetFile> {
        match self {
            Self::Nothing => None,
            Self::Records(_, file) | Self::Findings(_, file) => file.as_deref(),
        }
    }

    /// Compares the record of a case with the reviewed one. Returns `None` if there is nothing to compare.
    pub fn compare(
        &self,
        plan: &Plan,
        result: &CaseResult,
        reviewed: &Reviewed,
    ) -> Option<Comparison> {
        let Self::Records(mode, file) = self else {
            return None;
        };
        let transcript = result.transcript.as_ref()?;
        // Only these verdicts leave a record that is worth a review.
        let is_proof = matches!(
            result.verdict,
            Verdict::Passed | Verdict::Warned | Verdict::Failed
        );
        if !is_proof {
            return None;
        }
        let record = Record {
            text: text::record(plan, transcript, result.control.as_ref()),
            findings: record::findings_text(&result.findings),
        };
        let hooks: &HookSource = &transcript.hook_source;
        let reduce = |text: &str| text::reduce(text, hooks);
        let mut comparison = record::compare(mode, reviewed, &record, &reduce)?;
        let deviates = match comparison.state {
            State::Same => comparison.compared_with_accepted,
            State::Changed | State::New => true,
            State::Stale => false,
        };
        // A case without findings needs no reason in the target file: the reviewed record is enough.
        let deviates = deviates && !record.findings.is_empty();
        if let (Mode::Baseline(name), true) = (mode, deviates) {
            comparison.unexplained = accepted::unexplained(name, file.as_deref(), result);
        }
        Some(comparison)
    }

    /// Adds to `seen` the record that one play left, when a baseline is made.
    pub fn record_play(
        &self,
        plan: &Plan,
        result: &CaseResult,
        reviewed: &Reviewed,
        seen: &mut Seen,
    ) {
        let unreviewed = Reviewed {
            expected: reviewed.expected.clone(),
            ..Reviewed::default()
        };
        let is_proof = matches!(
            result.verdict,
            Verdict::Passed | Verdict::Warned | Verdict::Failed
        );
        seen.is_judged |= is_proof;
        let Some(comparison) = self.compare(plan, result, &unreviewed) else {
            return;
        };
        match comparison.state {
            State::Same => seen.expected = Some(comparison.actual),
            _ if seen.deviating.contains(&comparison.actual) => {}
            _ => seen.deviating.push(comparison.actual),
        }
    }

    /// Decides the outcome of a case from its verdict, the comparison of its record, and the profile of the target.
    pub fn decide(
        &self,
        (plan, result): (&Plan, &CaseResult),
        reviewed: &Reviewed,
        comparison: Option<Comparison>,
        baseline: Option<&Baseline>,
    ) -> Outcome {
        let by_its_record = comparison.as_ref().is_some_and(Comparison::is_accepted);
        let is_wrong = result.verdict.is_wrong();
        let by_the_profile = baseline.is_some_and(|baseline| baseline.is_inconclusive(result));
        let is_accepted =
            by_the_profile || is_wrong && (by_its_record || self.is_known(result, reviewed));
        let changes = baseline.map_or_else(Vec::new, |baseline| baseline.changes_of(plan, result));
        let against_the_broker = match result.verdict {
            Verdict::Failed if !is_accepted => Some(Reason::Violation),
            Verdict::Inconclusive { .. } if !is_accepted => Some(Reason::Inconclusive),
            Verdict::Failed
            | Verdict::Inconclusive { .. }
            | Verdict::Passed
            | Verdict::Warned
            | Verdict::Skipped { .. } => None,
        };
        let differs = comparison.as_ref().is_some_and(Comparison::fails);
        let of_the_record = differs.then_some(Reason::Record);
        let accepted_by = match self.file().filter(|_| is_accepted) {
            Some(file) => accepted::entries(file, result),
            None => Vec::new(),
        };
        let has_changed = changes.iter().any(|change| !change.is_tolerated);
        let of_the_profile = has_changed.then_some(Reason::Profile);
        let deviates = comparison.as_ref().map(Comparison::deviates);
        Outcome {
            comparison,
            deviates: deviates.unwrap_or(Deviates::No),
            is_accepted,
            accepted_by,
            changes,
            reasons: against_the_broker
                .into_iter()
                .chain(of_the_record)
                .chain(of_the_profile)
                .collect(),
        }
    }

    /// Whether every finding of a play under chaos is accepted for the target.
    fn is_known(&self, result: &CaseResult, reviewed: &Reviewed) -> bool {
        let Self::Findings(_, Some(file)) = self else {
            return false;
        };
        let records: Vec<&str> = reviewed
            .accepted
            .iter()
            .chain(&reviewed.variants)
            .map(String::as_str)
            .collect();
        accepted::is_known(file, result, &records.join("\n"))
    }
}

impl Outcome {
    /// Whether the case is as expected.
    pub fn is_as_expected(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether the verdict itself is unexpected, whatever the record says.
    pub fn is_unexpected_verdict(&self) -> bool {
        self.reasons
            .iter()
            .any(|reason| matches!(reason, Reason::Violation | Reason::Inconclusive))
    }
}
