//! Compares accepted deviations with the findings of a run. A record that differs needs a deviation as its reason, and
//! a deviation needs a record that differs, so the list can only shrink.

use serde::{Deserialize, Serialize};

use super::Concluded;
use super::record::{Deviates, finding_line};
use crate::plan::Plan;
use crate::requirements;
use crate::target::TargetFile;
use crate::target::file::{Citation, Deviation};
use crate::verdict::{CaseResult, Finding, Verdict, is_clause};

/// A part of an accepted deviation that no case shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenPart {
    /// The place of the entry: `targets/NAME.yaml:LINE`.
    pub place: String,
    /// The pattern or clause that no case shows, in words.
    pub what: String,
}

/// Returns why the deviating record of a case does not count: no entry of the target file describes the deviation.
/// Returns `None` if entries describe all of it.
pub(super) fn unexplained(
    name: &str,
    file: Option<&TargetFile>,
    result: &CaseResult,
) -> Option<String> {
    let Some(file) = file else {
        return Some(format!("not accepted: there is no targets/{name}.yaml"));
    };
    let path = &file.source.path;
    if about(file, result).is_empty() {
        return Some(format!(
            "not accepted: no deviation in {path} has the case {}",
            result.id
        ));
    }
    let finding = wrong(result).find(|finding| !explains(file, result, finding))?;
    Some(format!(
        "not accepted: no deviation in {path} with this case cites {}",
        cited(result, finding.clauses())
    ))
}

/// Returns the entries of the target file that have this case.
fn about<'f>(file: &'f TargetFile, result: &CaseResult) -> Vec<&'f Deviation> {
    let id = result.id.to_string();
    let deviations = file.deviations.iter();
    deviations
        .filter(|deviation| deviation.is_shown_by(&id))
        .collect()
}

/// Whether an entry of the target file describes this finding of a case.
pub(super) fn explains(file: &TargetFile, result: &CaseResult, finding: &Finding) -> bool {
    let about = about(file, result);
    match finding.clauses() {
        [] => !about.is_empty(),
        _ => is_cited(&about, result, finding),
    }
}

/// Whether every finding of a play under chaos is accepted. A finding is accepted if it is in the accepted record of
/// the case and has its reason there, or if a deviation states that it shows when packets arrive in pieces.
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

/// The places of the deviations that accept findings of this case.
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

/// The findings that are part of a record.
fn wrong(result: &CaseResult) -> impl Iterator<Item = &Finding> {
    let findings = result.findings.iter();
    findings.filter(|finding| finding.is_recorded())
}

/// Whether one of these deviations cites a clause or rule of the finding.
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
    /// The place of the entry: `targets/NAME.yaml:LINE`.
    place: String,
    /// Patterns that match no case of the suite.
    without_case: Vec<String>,
    /// Patterns that match cases, and whether one of these cases shows the deviation.
    patterns: Vec<(String, bool)>,
    /// Whether one of its cases was skipped, was inconclusive or varies, so its part of the deviation is unknown.
    cannot_tell: bool,
    /// Clauses of the deviation, and whether a case has a finding against each.
    clauses: Vec<(String, bool)>,
}

/// Returns the cases and clauses of accepted deviations that no case shows any more. Only a run of the whole suite can
/// decide that.
pub fn unshown(file: &TargetFile, cases: &[Concluded<'_>], plans: &[Plan]) -> Vec<UnseenPart> {
    let ids: Vec<String> = plans.iter().map(|p| p.scene.id.to_string()).collect();
    unseen(&deviation_facts(file, cases, &ids))
}

/// Returns what these cases show of the deviations in `file`. `suite` has the ids of all cases in the suite.
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
    /// Adds what another part of the run shows of the same deviation.
    pub fn join(&mut self, other: &Self) {
        let pairs = self.patterns.iter_mut().zip(&other.patterns);
        for (mine, theirs) in pairs.chain(self.clauses.iter_mut().zip(&other.clauses)) {
            mine.1 |= theirs.1;
        }
        self.cannot_tell |= other.cannot_tell;
    }
}

/// Returns the parts of these deviations that no case shows.
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
            add(format!("none of its cases has a finding on [{clause}]"));
        }
    }
    found
}

/// Whether a case shows a deviation, or might.
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
