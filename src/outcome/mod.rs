//! Whether a case is as expected, and if not, why.
//!
//! In: a verdict, the record, what was reviewed of it, and the deviations that are accepted for the target. Out: an
//! [`Outcome`]. Nothing is read or written here; `snapshot` does that.

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
pub use draft::{Amendment, amendment};
pub use exchange::{Line, exchange};
pub use record::{Comparison, Deviates, Mode, Reviewed, Seen, State};

use profile::{CaseChange, Held};
use record::Record;

/// What the results of a run are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComparedWith {
    /// Nothing: the verdicts alone decide.
    Nothing,
    /// Records that were reviewed.
    Records(Mode, Option<Box<TargetFile>>),
    /// What was found wrong on this target before and is accepted, but no records: under chaos what is sent goes out at
    /// other times and in other pieces.
    Findings(String, Option<Box<TargetFile>>),
}

/// The status of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `None` when no record was compared.
    pub comparison: Option<Comparison>,
    /// Whether it shows a deviation of the target. Where no record was compared it shows none.
    pub deviates: Deviates,
    /// Whether what does not hold was reviewed and accepted for this target.
    pub is_accepted: bool,
    /// The entries of the target file that accept it: `targets/NAME.yaml:LINE`.
    pub accepted_by: Vec<String>,
    /// What is not as the profile of the target has it.
    pub changes: Vec<CaseChange>,
    /// Why it is not as expected; empty when it is.
    pub reasons: Vec<Reason>,
}

/// Why a case is not as expected. Each fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The broker violates what it must keep, which is not accepted for it.
    Violation,
    /// Nothing can be said of the broker.
    Inconclusive,
    /// The record is not as reviewed, or its review is not complete.
    Record,
    /// Its status differs from the profile of the target, or a choice is answered differently.
    Profile,
}

/// A case that was played, and its status.
#[derive(Debug, Clone)]
pub struct Concluded<'a> {
    pub plan: &'a Plan,
    pub result: &'a CaseResult,
    pub outcome: Outcome,
}

impl ComparedWith {
    /// Which reviewed files it takes; `None` for no files at all.
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::Nothing => None,
            Self::Records(mode, _) => Some(mode.clone()),
            Self::Findings(target, _) => Some(Mode::Baseline(target.clone())),
        }
    }

    /// The target file with the deviations that are accepted.
    pub fn file(&self) -> Option<&TargetFile> {
        match self {
            Self::Nothing => None,
            Self::Records(_, file) | Self::Findings(_, file) => file.as_deref(),
        }
    }

    /// Holds the record of a case against what was reviewed of it; `None` when there is nothing to hold.
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
        // What proves nothing is no record to review.
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
            State::Same => comparison.against_accepted,
            State::Changed | State::New => true,
            State::Stale => false,
        };
        // Where nothing is found wrong nothing needs a reason: a reviewed record is enough.
        let deviates = deviates && !record.findings.is_empty();
        if let (Mode::Baseline(name), true) = (mode, deviates) {
            comparison.unexplained = accepted::unexplained(name, file.as_deref(), result);
        }
        Some(comparison)
    }

    /// Notes what a play for a baseline left of a case.
    pub fn see(&self, plan: &Plan, result: &CaseResult, reviewed: &Reviewed, seen: &mut Seen) {
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

    /// Decides the status of a case, by its verdict, by the comparison of its record, and by the profile of the target.
    pub fn decide(
        &self,
        (plan, result): (&Plan, &CaseResult),
        reviewed: &Reviewed,
        comparison: Option<Comparison>,
        held: Option<&Held>,
    ) -> Outcome {
        let by_its_record = comparison.as_ref().is_some_and(Comparison::is_accepted);
        let is_wrong = matches!(result.verdict, Verdict::Failed | Verdict::Warned);
        let by_the_profile = held.is_some_and(|held| held.is_inconclusive(result));
        let is_accepted =
            by_the_profile || is_wrong && (by_its_record || self.knows(result, reviewed));
        let changes = held.map_or_else(Vec::new, |held| held.changes_of(plan, result));
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

    /// Whether everything that was found wrong under chaos is accepted for the target.
    fn knows(&self, result: &CaseResult, reviewed: &Reviewed) -> bool {
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
