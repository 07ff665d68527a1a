//! Causes: what a run found wrong, once for each defect and not once for each case.
//!
//! In: the cases of a run. Out: [`Cause`]s, the worst first. Findings have one cause when one accepted deviation accepts
//! them, else when they break the same clause with the same symptom. What follows from an earlier finding of its case is
//! folded under that one's cause, each for a reason that is told.

mod alike;
mod because;
mod follows;
mod unacknowledged;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Concluded;
use crate::requirements::{self, Rank};
use crate::scenario::model::{CaseId, Level};
use crate::target::TargetFile;
use crate::target::file::{Citation, Deviation};
use crate::verdict::{Finding, Symptom, Verdict};

pub use because::{Because, Consequence};

/// One defect of a broker, as far as a run can tell.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// The deviation of the target file that accepts it.
    pub entry: Option<&'a Deviation>,
    /// The worst of its findings.
    pub level: Level,
    /// What it does to users, by its clauses.
    pub rank: Rank,
    /// Every statement that it breaks, in the order in which they were found.
    pub clauses: Vec<Citation>,
    /// The cases that show it, the shortest first: that one is the example.
    pub cases: Vec<Shown<'a>>,
    /// Cases whose only finding is what follows from this cause in other cases of the same scenario.
    pub likely: Vec<Shown<'a>>,
}

/// A case that shows a cause.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    pub case: &'a Concluded<'a>,
    /// The first finding of it: what was expected, what came, and its events.
    pub finding: &'a Finding,
    /// The other findings of the case that it brings with it.
    pub consequences: Vec<Consequence<'a>>,
}

impl<'a> Cause<'a> {
    /// The case that shows it best.
    pub fn example(&self) -> Option<&Shown<'a>> {
        self.cases.first()
    }

    /// What is wrong, by kind.
    pub fn symptom(&self) -> Option<&'a Symptom> {
        Some(&self.cases.first()?.finding.symptom)
    }

    /// How many cases show it or what follows from it.
    pub const fn size(&self) -> usize {
        self.cases.len() + self.likely.len()
    }

    /// Why other findings are told under it, each reason with the cases in which.
    pub fn reasons(&self) -> BTreeMap<Because, Vec<&CaseId>> {
        let mut reasons: BTreeMap<Because, Vec<&CaseId>> = BTreeMap::new();
        for shown in &self.cases {
            for consequence in &shown.consequences {
                let cases = reasons.entry(consequence.because).or_default();
                let id = &shown.case.result.id;
                if !cases.contains(&id) {
                    cases.push(id);
                }
            }
        }
        reasons
    }

    /// Whether it is accepted for the target.
    pub fn is_accepted(&self) -> bool {
        self.cases
            .iter()
            .all(|shown| shown.case.outcome.is_accepted)
    }
}

/// The causes of everything that these cases found wrong, the worst first. `file` has the deviations that were accepted,
/// where the run was held against a baseline.
pub fn causes<'a>(cases: &'a [Concluded<'a>], file: Option<&'a TargetFile>) -> Vec<Cause<'a>> {
    let deviations = file.map_or(&[][..], |file| &file.deviations);
    let mut found: Vec<Found<'a>> = Vec::new();
    for case in cases.iter().filter(|case| is_wrong(case)) {
        found.extend(follows::roots(case).into_iter().map(|root| Found {
            entry: entry(deviations, case, &root),
            shown: root,
        }));
    }
    let groups = alike::grouped(&found);
    let mut causes: Vec<Cause<'a>> = groups
        .into_iter()
        .map(|group| cause(group.iter().map(|index| &found[*index])))
        .collect();
    alike::fold_likely(&mut causes);
    for cause in &mut causes {
        cause.cases.sort_by_key(length);
    }
    causes.sort_by_key(|cause| {
        (
            cause.is_accepted(),
            cause.level,
            cause.rank,
            Reverse(cause.size()),
        )
    });
    causes
}

/// A finding that follows from no other of its case, and the deviation that accepts it.
struct Found<'a> {
    entry: Option<&'a Deviation>,
    shown: Shown<'a>,
}

/// Whether a case says something against the broker.
fn is_wrong(case: &Concluded<'_>) -> bool {
    matches!(case.result.verdict, Verdict::Failed | Verdict::Warned)
}

/// The deviation that accepts it: one that the case shows and that is against what the finding is about.
fn entry<'a>(
    deviations: &'a [Deviation],
    case: &Concluded<'_>,
    shown: &Shown<'_>,
) -> Option<&'a Deviation> {
    if !case.outcome.is_accepted {
        return None;
    }
    let (id, version) = (case.result.id.to_string(), case.result.id.version);
    let about = || deviations.iter().filter(|d| d.is_shown_by(&id));
    let cites = |d: &&Deviation| {
        let mut clauses = shown.finding.clauses().iter();
        clauses.any(|clause| d.cites(version, clause) || d.rule.as_ref() == Some(clause))
    };
    // What no clause is cited for is accepted with the case.
    about()
        .find(cites)
        .or_else(|| match shown.finding.clauses() {
            [] => about()
                .find(|d| d.is_against_nothing())
                .or_else(|| about().next()),
            _ => None,
        })
}

fn cause<'a, 'f>(found: impl Iterator<Item = &'f Found<'a>>) -> Cause<'a>
where
    'a: 'f,
{
    let mut cause = Cause {
        entry: None,
        level: Level::Disputed,
        rank: Rank::Content,
        clauses: Vec::new(),
        cases: Vec::new(),
        likely: Vec::new(),
    };
    for Found { entry, shown } in found {
        cause.entry = cause.entry.or(*entry);
        cause.level = cause.level.min(shown.finding.level());
        let version = requirements::document(shown.case.result.id.version);
        for id in shown.finding.clauses() {
            let clause = Citation {
                version,
                id: id.clone(),
            };
            if let Some(requirement) = requirements::find(version, id) {
                cause.rank = cause.rank.min(requirement.rank);
            }
            if !cause.clauses.contains(&clause) {
                cause.clauses.push(clause);
            }
        }
        let is_known = |known: &Shown<'_>| known.case.result.id == shown.case.result.id;
        match cause.cases.iter_mut().find(|known| is_known(known)) {
            Some(known) => {
                known.consequences.push(Consequence {
                    finding: shown.finding,
                    because: Because::Again,
                });
                known.consequences.extend(&shown.consequences);
            }
            None => cause.cases.push(shown.clone()),
        }
    }
    cause
}

/// How much there is to read in a case: what a client library did is told at greater length.
fn length(shown: &Shown<'_>) -> (bool, usize, String) {
    let result = shown.case.result;
    let events = result.transcript.as_ref().map_or(0, |t| t.events.len());
    let is_with_others = !shown.consequences.is_empty();
    (is_with_others, events, result.id.to_string())
}

#[cfg(test)]
mod tests;
