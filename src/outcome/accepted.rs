//! Compares accepted deviations with what a run found. A differing record needs a reason and a reason a differing
//! record, so the list can only shrink.

use serde::{Deserialize, Serialize};

use super::Concluded;
use super::record::{Deviates, finding_line};
use crate::plan::Plan;
use crate::requirements;
use crate::target::TargetFile;
use crate::target::file::{Citation, Deviation};
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

/// What a run, or a part of one, shows of an accepted deviation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviationFacts {
    /// `targets/NAME.yaml:LINE`.
    place: String,
    /// Patterns that are about no case of the suite.
    without_case: Vec<String>,
    /// The patterns of its cases, and whether a case shows it.
    patterns: Vec<(String, bool)>,
    /// Whether nothing can be said of what a case of it did.
    cannot_tell: bool,
    /// Its clauses, and whether a case finds something against them.
    clauses: Vec<(String, bool)>,
}

/// Cases and clauses of accepted deviations that nothing shows any more. Only a run of the whole suite can decide that.
pub fn unshown(file: &TargetFile, cases: &[Concluded<'_>], plans: &[Plan]) -> Vec<UnseenPart> {
    let ids: Vec<String> = plans.iter().map(|p| p.scene.id.to_string()).collect();
    unseen(&deviation_facts(file, cases, &ids))
}

/// What these cases show of the deviations of a file; `suite` has the ids of all cases that there are.
pub fn deviation_facts(
    file: &TargetFile,
    cases: &[Concluded<'_>],
    suite: &[String],
) -> Vec<DeviationFacts> {
    let is_there = |pattern: &str| suite.iter().any(|id| Deviation::matches(pattern, id));
    let facts = file.deviations.iter().map(|deviation| {
        let about: Vec<&Concluded<'_>> = cases
            .iter()
            .filter(|case| deviation.is_shown_by(&case.result.id.to_string()))
            .collect();
        let all = deviation.in_pieces.iter().chain(&deviation.cases);
        let is_shown = |pattern: &String| {
            cases.iter().any(|case| {
                Deviation::matches(pattern, &case.result.id.to_string()) && may_show(case)
            })
        };
        let patterns = deviation.cases.iter().filter(|p| is_there(p));
        let is_found = |clause: &Citation| {
            about.iter().any(|case| {
                let mut findings = case.result.findings.iter();
                requirements::document(case.result.id.version) == clause.version
                    && findings.any(|finding| finding.clauses().contains(&clause.id))
            })
        };
        let clauses = deviation.clauses.iter();
        DeviationFacts {
            place: format!("{}:{}", file.source.path, deviation.place.line),
            without_case: all.filter(|p| !is_there(p)).cloned().collect(),
            patterns: patterns.map(|p| (p.clone(), is_shown(p))).collect(),
            cannot_tell: about.iter().any(|case| cannot_tell(case)),
            clauses: clauses
                .map(|clause| {
                    (
                        format!("{} {}", clause.version, clause.id),
                        is_found(clause),
                    )
                })
                .collect(),
        }
    });
    facts.collect()
}

impl DeviationFacts {
    /// With what another part of the run shows of the same deviation.
    pub fn join(&mut self, other: &Self) {
        let pairs = self.patterns.iter_mut().zip(&other.patterns);
        for (mine, theirs) in pairs.chain(self.clauses.iter_mut().zip(&other.clauses)) {
            mine.1 |= theirs.1;
        }
        self.cannot_tell |= other.cannot_tell;
    }
}

/// What of these deviations nothing shows.
pub fn unseen(facts: &[DeviationFacts]) -> Vec<UnseenPart> {
    let mut found = Vec::new();
    for facts in facts {
        let mut add = |what: String| {
            found.push(UnseenPart {
                place: facts.place.clone(),
                what,
            });
        };
        for pattern in &facts.without_case {
            add(format!("there is no case {pattern}"));
        }
        for (pattern, _) in facts.patterns.iter().filter(|(_, is_shown)| !is_shown) {
            add(format!("{pattern} shows no deviation any more"));
        }
        let is_shown = facts.patterns.iter().any(|(_, is_shown)| *is_shown);
        if !is_shown || facts.cannot_tell {
            continue;
        }
        for (clause, _) in facts.clauses.iter().filter(|(_, is_found)| !is_found) {
            add(format!("no case of it finds anything against [{clause}]"));
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
