//! Accepted deviations, held against what a run found: a record that differs needs a reason, and a reason needs a
//! record that differs, so that the list can only shrink.

use super::Concluded;
use super::record::{Deviates, finding_line};
use crate::plan::Plan;
use crate::requirements;
use crate::target::TargetFile;
use crate::target::file::Deviation;
use crate::verdict::{CaseResult, Finding, Verdict, is_clause};

/// A part of an accepted deviation that nothing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenPart {
    /// `targets/NAME.yaml:LINE`.
    pub place: String,
    /// What nothing shows.
    pub what: String,
}

/// Why a case's deviating record counts for nothing: nothing in the target file says what the deviation is.
pub(super) fn unexplained(
    name: &str,
    file: Option<&TargetFile>,
    result: &CaseResult,
) -> Option<String> {
    let Some(file) = file else {
        return Some(format!(
            "no reason is given for it: there is no targets/{name}.yaml"
        ));
    };
    let id = result.id.to_string();
    let about: Vec<&Deviation> = file
        .deviations
        .iter()
        .filter(|deviation| deviation.is_shown_by(&id))
        .collect();
    let path = &file.source.path;
    if about.is_empty() {
        return Some(format!(
            "no reason is given for it: no deviation in {path} has the case {id}"
        ));
    }
    let mut wrong = wrong(result).filter(|finding| !finding.clauses().is_empty());
    let finding = wrong.find(|finding| !is_cited(&about, result, finding))?;
    Some(format!(
        "no reason is given for it: no deviation in {path} with this case cites {}",
        cited(result, finding.clauses())
    ))
}

/// Whether everything that was found wrong in a play under chaos is accepted: it stands in the case's accepted record,
/// with its reason, or a deviation says that it shows where packets come in pieces.
pub(super) fn is_known(file: &TargetFile, result: &CaseResult, record: &str) -> bool {
    let id = result.id.to_string();
    let of = |shown: fn(&Deviation, &str) -> bool| -> Vec<&Deviation> {
        let all = file.deviations.iter();
        all.filter(|deviation| shown(deviation, &id)).collect()
    };
    let about = of(Deviation::is_shown_by);
    let in_pieces = of(Deviation::is_shown_in_pieces);
    wrong(result).all(|finding| {
        let line = finding_line(finding);
        let is_recorded = !about.is_empty() && record.lines().any(|known| known == line);
        let has_reason = finding.clauses().is_empty() || is_cited(&about, result, finding);
        is_recorded && has_reason || is_cited(&in_pieces, result, finding)
    })
}

/// The places of the deviations that say what is wrong in this case.
pub(super) fn entries(file: &TargetFile, result: &CaseResult) -> Vec<String> {
    let id = result.id.to_string();
    let says = |deviation: &&Deviation| {
        let is_about = deviation.is_shown_by(&id) || deviation.is_shown_in_pieces(&id);
        let says = |finding: &Finding| match finding.clauses() {
            [] => deviation.is_against_nothing(),
            _ => is_cited(&[deviation], result, finding),
        };
        is_about && wrong(result).any(says)
    };
    let entries = file.deviations.iter().filter(says);
    entries
        .map(|deviation| format!("{}:{}", file.source.path, deviation.place.line))
        .collect()
}

/// What speaks against the broker, as far as records have it.
fn wrong(result: &CaseResult) -> impl Iterator<Item = &Finding> {
    let findings = result.findings.iter();
    findings.filter(|finding| finding.is_recorded())
}

/// Whether one of these deviations is against what the finding is about.
fn is_cited(about: &[&Deviation], result: &CaseResult, finding: &Finding) -> bool {
    let version = result.id.version;
    finding.clauses().iter().any(|clause| {
        about.iter().any(|deviation| {
            deviation.cites(version, clause) || deviation.rule.as_ref() == Some(clause)
        })
    })
}

fn cited(result: &CaseResult, clauses: &[String]) -> String {
    let document = requirements::document(result.id.version);
    let all: Vec<String> = clauses
        .iter()
        .map(|id| match is_clause(id) {
            true => format!("[{document} {id}]"),
            false => format!("[{id}]"),
        })
        .collect();
    all.join(" or ")
}

/// Cases and clauses of accepted deviations that nothing shows any more. Only a run of the whole suite can tell.
pub fn unshown(file: &TargetFile, cases: &[Concluded<'_>], plans: &[Plan]) -> Vec<UnseenPart> {
    let mut found = Vec::new();
    for deviation in &file.deviations {
        let place = format!("{}:{}", file.source.path, deviation.place.line);
        let mut is_shown = false;
        for pattern in deviation.in_pieces.iter().filter(|pattern| {
            let mut all = plans.iter();
            !all.any(|plan| Deviation::matches(pattern, &plan.scene.id.to_string()))
        }) {
            found.push(UnseenPart {
                place: place.clone(),
                what: format!("there is no case {pattern}"),
            });
        }
        for pattern in &deviation.cases {
            let mut matching = plans
                .iter()
                .filter(|plan| Deviation::matches(pattern, &plan.scene.id.to_string()))
                .peekable();
            if matching.peek().is_none() {
                let what = format!("there is no case {pattern}");
                found.push(UnseenPart {
                    place: place.clone(),
                    what,
                });
                continue;
            }
            let shown = cases.iter().any(|case| {
                Deviation::matches(pattern, &case.result.id.to_string()) && may_show(case)
            });
            is_shown |= shown;
            if !shown {
                let what = format!("{pattern} shows no deviation any more");
                found.push(UnseenPart {
                    place: place.clone(),
                    what,
                });
            }
        }
        let about: Vec<&Concluded<'_>> = cases
            .iter()
            .filter(|case| deviation.is_shown_by(&case.result.id.to_string()))
            .collect();
        if !is_shown || about.iter().any(|case| cannot_tell(case)) {
            continue;
        }
        for clause in &deviation.clauses {
            let is_found = about.iter().any(|case| {
                requirements::document(case.result.id.version) == clause.version
                    && case
                        .result
                        .findings
                        .iter()
                        .any(|finding| finding.clauses().contains(&clause.id))
            });
            if !is_found {
                let what = format!(
                    "no case of it finds anything against [{} {}]",
                    clause.version, clause.id
                );
                found.push(UnseenPart {
                    place: place.clone(),
                    what,
                });
            }
        }
    }
    found
}

/// Whether a case shows a deviation, or might have.
pub(super) fn may_show(case: &Concluded<'_>) -> bool {
    cannot_tell(case) || case.outcome.deviates == Deviates::Yes
}

fn cannot_tell(case: &Concluded<'_>) -> bool {
    case.outcome.deviates == Deviates::Varies
        || matches!(
            case.result.verdict,
            Verdict::Skipped { .. } | Verdict::Inconclusive { .. }
        )
}
