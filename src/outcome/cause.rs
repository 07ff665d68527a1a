//! Causes: the findings of a run, once per defect instead of once per case.
//!
//! In: the cases of a run. Out: [`Cause`]s, the worst first. Findings have one cause if one accepted deviation accepts
//! them, or else if they break the same clause with the same symptom. A finding that follows from an earlier one in its
//! case is listed under the cause of that one, with the reason.

mod alike;
mod because;
mod follows;
mod seed;
mod unacknowledged;

use std::collections::BTreeMap;

use super::Concluded;
use crate::requirements::Rank;
use crate::scenario::model::{CaseId, Level};
use crate::target::TargetFile;
use crate::target::file::{Citation, Deviation};
use crate::verdict::{Finding, Symptom};

pub use because::{Because, Consequence};
pub use seed::{Group, Part, Root, grouped, roots};

/// One defect of a broker, as far as a run can tell.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// The entry of the target file that accepts this cause.
    pub entry: Option<&'a Deviation>,
    /// The most severe level of its findings.
    pub level: Level,
    /// What the defect does to users, taken from the clauses.
    pub rank: Rank,
    /// Every statement that the defect breaks, in the order of the findings.
    pub clauses: Vec<Citation>,
    /// The cases that show the defect, the shortest first. The first one is the example.
    pub cases: Vec<Shown<'a>>,
    /// Cases whose only finding follows from this cause in another case of the same scenario.
    pub likely: Vec<Shown<'a>>,
}

/// A case that shows a cause.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    pub case: &'a Concluded<'a>,
    /// The first finding: what was expected, what was received, and its events.
    pub finding: &'a Finding,
    /// The other findings of the case that follow from it.
    pub consequences: Vec<Consequence<'a>>,
}

impl<'a> Cause<'a> {
    /// The case that shows the cause best.
    pub fn example(&self) -> Option<&Shown<'a>> {
        self.cases.first()
    }

    /// The kind of the defect.
    pub fn symptom(&self) -> Option<&'a Symptom> {
        Some(&self.cases.first()?.finding.symptom)
    }

    /// How many cases show the cause or something that follows from it.
    pub const fn size(&self) -> usize {
        self.cases.len() + self.likely.len()
    }

    /// Why other findings are listed under this cause. Each reason has the cases that it applies to.
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

    /// Whether every case of this cause is accepted for the target.
    pub fn is_accepted(&self) -> bool {
        self.cases
            .iter()
            .all(|shown| shown.case.outcome.is_accepted)
    }
}

/// Returns the causes of all findings of these cases, the worst first. `file` has the accepted deviations, if the run
/// was compared with a baseline.
pub fn causes<'a>(cases: &'a [Concluded<'a>], file: Option<&'a TargetFile>) -> Vec<Cause<'a>> {
    let deviations = file.map_or(&[][..], |file| &file.deviations);
    let by_id: BTreeMap<String, &Concluded<'_>> = cases
        .iter()
        .map(|case| (case.result.id.to_string(), case))
        .collect();
    let shown = |part: &Part| {
        let case = *by_id.get(&part.case)?;
        let finding = |index: usize| case.result.findings.get(index);
        let consequence = |(index, because): &(usize, Because)| {
            Some(Consequence {
                finding: finding(*index)?,
                because: *because,
            })
        };
        let consequences = part.consequences.iter();
        Some(Shown {
            case,
            finding: finding(part.finding)?,
            consequences: consequences.filter_map(consequence).collect(),
        })
    };
    let groups = grouped(&roots(cases, file)).into_iter();
    groups
        .map(|group| Cause {
            entry: group
                .entry
                .and_then(|(line, _)| deviations.iter().find(|d| d.place.line == line)),
            level: group.level,
            rank: group.rank,
            clauses: group.clauses,
            cases: group.cases.iter().filter_map(shown).collect(),
            likely: group.likely.iter().filter_map(shown).collect(),
        })
        .collect()
}

/// Returns the deviation that accepts a finding: one that lists the case and cites a clause or rule of the finding.
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
    // A finding without clauses is accepted with its case.
    about()
        .find(cites)
        .or_else(|| match shown.finding.clauses() {
            [] => about()
                .find(|d| d.is_against_nothing())
                .or_else(|| about().next()),
            _ => None,
        })
}

#[cfg(test)]
mod tests;
