//! Changes that give a target file one entry for every cause, and no entry that no case shows.
//!
//! In: the findings of the whole suite, and the entries of the file. Out: a draft for each cause that no entry accepts,
//! and the places of entries that no case shows any more.

use std::collections::BTreeMap;

use super::accepted::{explains, may_show};
use super::cause::{Cause, Shown, causes};
use super::record::findings_text;
use super::{Concluded, Deviates, Outcome, exchange};
use crate::diagnostic::Place;
use crate::plan::Plan;
use crate::requirements;
use crate::scenario::model::CaseId;
use crate::target::TargetFile;
use crate::target::file::{Citation, Draft};
use crate::verdict::{CaseResult, Finding, is_clause};

/// Changes to a target file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// Entries that no case shows any more.
    pub stale_entries: Vec<Place>,
    pub drafts: Vec<Draft>,
}

/// Returns the changes after which the target file has an entry for every finding in `results`. There need be no file
/// yet. The results are those of the whole suite. A case whose plays differ may have several results.
pub fn amendment(file: Option<&TargetFile>, results: &[(&Plan, &CaseResult)]) -> Amendment {
    let concluded: Vec<Concluded<'_>> = results
        .iter()
        .map(|(plan, result)| Concluded {
            plan,
            result,
            outcome: written(result),
        })
        .collect();
    let stale_entries = file.map_or_else(Vec::new, |file| stale_entries(file, &concluded));
    let mut drafts = Vec::new();
    for play in one_of_each_case(concluded) {
        let causes = causes(&play, file);
        let new = causes
            .iter()
            .filter_map(|cause| unexplained(cause, file, &drafts));
        let new: Vec<Draft> = new.flat_map(|cause| of_cause(&cause)).collect();
        drafts.extend(new);
    }
    Amendment {
        stale_entries,
        drafts: without_repeats(drafts.into_iter()),
    }
}

/// Keeps a result with findings, unless it shows no more than those kept already. The same findings count once more if
/// the earlier play came to no verdict.
pub fn keep_wrong(result: CaseResult, kept: &mut Vec<CaseResult>) {
    let shows = |result: &CaseResult| (result.verdict.is_wrong(), findings_text(&result.findings));
    let is_new = !kept.iter().any(|known| shows(known) == shows(&result));
    if is_new && result.findings.iter().any(Finding::is_recorded) {
        kept.push(result);
    }
}

/// Divides the results so that each part has at most one of each case, as a run has. The first part has the first
/// result of every case.
fn one_of_each_case(all: Vec<Concluded<'_>>) -> Vec<Vec<Concluded<'_>>> {
    let mut parts: Vec<Vec<Concluded<'_>>> = Vec::new();
    let mut seen: BTreeMap<&CaseId, usize> = BTreeMap::new();
    for concluded in all {
        let number = seen.entry(&concluded.result.id).or_default();
        if parts.len() == *number {
            parts.push(Vec::new());
        }
        parts[*number].push(concluded);
        *number += 1;
    }
    parts
}

/// Returns the part of a cause that neither an entry nor a draft explains: the cases with a finding that none accepts.
fn unexplained<'a>(
    cause: &Cause<'a>,
    file: Option<&TargetFile>,
    drafts: &[Draft],
) -> Option<Cause<'a>> {
    let is_unexplained = |shown: &&Shown<'_>| {
        let result = shown.case.result;
        let mut recorded = all(shown).filter(|finding| finding.is_recorded());
        recorded.any(|finding| {
            !file.is_some_and(|file| explains(file, result, finding))
                && !is_drafted(drafts, result, finding)
        })
    };
    let part = |shown: &[Shown<'a>]| shown.iter().filter(is_unexplained).cloned().collect();
    let (mut cases, mut likely): (Vec<_>, Vec<_>) = (part(&cause.cases), part(&cause.likely));
    // A draft takes its example from the cases.
    if cases.is_empty() {
        std::mem::swap(&mut cases, &mut likely);
    }
    (!cases.is_empty()).then(|| Cause {
        cases,
        likely,
        ..cause.clone()
    })
}

/// Whether a draft accepts this finding of a case.
fn is_drafted(drafts: &[Draft], result: &CaseResult, finding: &Finding) -> bool {
    let id = result.id.to_string();
    let version = requirements::document(result.id.version);
    let mut about = drafts.iter().filter(|draft| draft.cases.contains(&id));
    let cites = |draft: &Draft| {
        let mut clauses = finding.clauses().iter();
        clauses.any(|clause| {
            let mut known = draft.clauses.iter();
            known.any(|known| known.version == version && known.id == *clause)
                || draft.rule.as_ref() == Some(clause)
        })
    };
    about.any(|draft| finding.clauses().is_empty() || cites(draft))
}

/// Leaves out drafts that repeat an earlier one. A broken exchange that can end in two ways has two causes, and both may
/// have the same example.
fn without_repeats(drafts: impl Iterator<Item = Draft>) -> Vec<Draft> {
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts {
        let says = (&draft.cases, &draft.clauses, &draft.rule, &draft.came);
        let mut known = kept
            .iter()
            .map(|d| (&d.cases, &d.clauses, &d.rule, &d.came));
        if !known.any(|known| known == says) {
            kept.push(draft);
        }
    }
    kept
}

/// The outcome that a case will have once its record is written as the target's record: what deviates is accepted by
/// the entries that cite it.
fn written(result: &CaseResult) -> Outcome {
    let deviates = result.findings.iter().any(Finding::is_recorded);
    Outcome {
        is_accepted: result.verdict.is_wrong() && deviates,
        comparison: None,
        deviates: match deviates {
            true => Deviates::Yes,
            false => Deviates::No,
        },
        accepted_by: Vec::new(),
        changes: Vec::new(),
        reasons: Vec::new(),
    }
}

/// Returns the entries that no case shows any more.
fn stale_entries(file: &TargetFile, cases: &[Concluded<'_>]) -> Vec<Place> {
    let deviations = file.deviations.iter();
    let unshown = deviations.filter(|deviation| {
        let mut about = cases
            .iter()
            .filter(|case| deviation.is_shown_by(&case.result.id.to_string()));
        !about.any(may_show)
    });
    unshown.map(|deviation| deviation.place).collect()
}

/// Returns the drafts for one cause. There is one, or more if the findings break rules of several other standards,
/// since an entry can name only one such rule.
fn of_cause(cause: &Cause<'_>) -> Vec<Draft> {
    let Some(example) = cause.example() else {
        return Vec::new();
    };
    let mut clauses: Vec<Citation> = Vec::new();
    let mut rules: Vec<String> = Vec::new();
    for (shown, id) in cited(cause) {
        if is_clause(id) {
            let clause = Citation {
                version: requirements::document(shown.case.result.id.version),
                id: id.clone(),
            };
            if !clauses.contains(&clause) {
                clauses.push(clause);
            }
        } else if !rules.contains(id) {
            rules.push(id.clone());
        }
    }
    let shown = || cause.cases.iter().chain(&cause.likely);
    let mut rules = rules.into_iter();
    let first = Draft {
        comment: comment(cause, example),
        cases: ids(shown()),
        clauses,
        rule: rules.next(),
        came: actual_text(example.finding),
        bytes: bytes(example),
    };
    let further = rules.map(|rule| {
        let about = shown().filter(|shown| all(shown).any(|f| f.clauses().contains(&rule)));
        Draft {
            comment: format!("The same, against {rule}."),
            cases: ids(about),
            clauses: Vec::new(),
            came: actual_text(example.finding),
            bytes: Vec::new(),
            rule: Some(rule),
        }
    });
    let further: Vec<Draft> = further.collect();
    std::iter::once(first).chain(further).collect()
}

fn id(shown: &Shown<'_>) -> String {
    shown.case.result.id.to_string()
}

/// The ids of the cases, each once.
fn ids<'s>(shown: impl Iterator<Item = &'s Shown<'s>>) -> Vec<String> {
    let mut all = Vec::new();
    for id in shown.map(id) {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}

/// All findings of a case that this cause explains.
fn all<'s>(shown: &'s Shown<'_>) -> impl Iterator<Item = &'s Finding> {
    let consequences = shown.consequences.iter();
    std::iter::once(shown.finding).chain(consequences.map(|consequence| consequence.finding))
}

/// The statements that the findings of a cause cite, consequences included. An entry accepts only what it cites.
fn cited<'c>(cause: &'c Cause<'_>) -> impl Iterator<Item = (&'c Shown<'c>, &'c String)> {
    cause.cases.iter().chain(&cause.likely).flat_map(|shown| {
        let recorded = all(shown).filter(|finding| finding.is_recorded());
        recorded.flat_map(move |finding| finding.clauses().iter().map(move |id| (shown, id)))
    })
}

fn comment(cause: &Cause<'_>, example: &Shown<'_>) -> String {
    let number = cause.size();
    let cases = match number {
        1 => "1 case".to_owned(),
        n => format!("{n} cases; the example is {}", id(example)),
    };
    let version = requirements::document(example.case.result.id.version);
    let mut clauses = example.finding.clauses().iter();
    let summary = clauses.find_map(|id| Some(requirements::find(version, id)?.summary.clone()));
    match summary {
        Some(summary) => format!("{summary} ({cases})"),
        None => format!("{} ({cases})", example.case.result.title),
    }
}

fn actual_text(finding: &Finding) -> String {
    match finding.expected.is_empty() {
        true => finding.actual.clone(),
        false => format!(
            "{} Expected: {}.",
            sentence(&finding.actual),
            finding.expected.join(" or ")
        ),
    }
}

/// Adds a full stop unless the text ends a sentence already.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?', '…']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

fn bytes(example: &Shown<'_>) -> Vec<exchange::Line> {
    let Some(transcript) = &example.case.result.transcript else {
        return Vec::new();
    };
    exchange::exchange(example.case.plan, transcript, example.finding)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::Source;
    use crate::target::file::new_file;
    use crate::transcript::Transcript;
    use crate::transcript::text::fixture::{
        takeover_plan, takeover_record, takeover_record_without_disconnect,
    };
    use crate::verdict::Verdict;
    use crate::verdict::{CaseSummary, judge};

    fn result(plan: &Plan, scene: Transcript) -> CaseResult {
        let (verdict, findings) = judge(plan, &scene, None, None);
        CaseResult {
            id: plan.scene.id.clone(),
            title: plan.scene.title.clone(),
            file: "scenarios/session/takeover.yaml".into(),
            verdict,
            clauses: Vec::new(),
            findings,
            choices: Vec::new(),
            measured: Vec::new(),
            transcript: Some(scene),
            control: None,
            began: None,
            wall: Duration::ZERO,
            virtual_time: Duration::ZERO,
            late: None,
            plays: 1,
            in_outage: false,
            came_late: None,
            alone: None,
            summary: CaseSummary::default(),
        }
    }

    fn read(text: String) -> TargetFile {
        let source = Arc::new(Source {
            path: "targets/twin.yaml".into(),
            text,
        });
        TargetFile::parse(&source, "twin").expect("a sound file")
    }

    #[test]
    fn adds_new_deviations_and_removes_stale_ones() {
        let plan = takeover_plan();
        let wrong = result(&plan, takeover_record_without_disconnect(&plan));
        let right = result(&plan, takeover_record(&plan));
        let first = amendment(None, &[(&plan, &wrong)]);
        assert!(!first.drafts.is_empty());
        let text = new_file("twin", "mqtt://127.0.0.1:1883", &first.drafts);
        insta::assert_snapshot!(text);
        let file = read(text);
        let again = amendment(Some(&file), &[(&plan, &wrong)]);
        assert_eq!(
            (again.drafts, again.stale_entries),
            (Vec::new(), Vec::new())
        );
        let over = amendment(Some(&file), &[(&plan, &right)]);
        let all: Vec<Place> = file.deviations.iter().map(|d| d.place).collect();
        assert_eq!((over.drafts, over.stale_entries), (Vec::new(), all));
    }

    #[test]
    fn what_an_entry_explains_is_not_drafted_again() {
        let plan = takeover_plan();
        let wrong = result(&plan, takeover_record_without_disconnect(&plan));
        let all = amendment(None, &[(&plan, &wrong)]).drafts;
        let (missing, rest) = all.split_first().expect("a draft");
        assert!(!rest.is_empty());
        let file = read(new_file("twin", "mqtt://127.0.0.1:1883", rest));
        let again = amendment(Some(&file), &[(&plan, &wrong)]);
        assert_eq!(again.drafts, std::slice::from_ref(missing));
    }

    #[test]
    fn every_finding_of_a_case_whose_plays_differ_is_drafted() {
        let plan = takeover_plan();
        let both = result(&plan, takeover_record_without_disconnect(&plan));
        let all = amendment(None, &[(&plan, &both)]).drafts;
        assert!(all.len() > 1, "{all:?}");
        let one = |n: usize| CaseResult {
            findings: vec![both.findings[n].clone()],
            ..both.clone()
        };
        let plays: Vec<CaseResult> = (0..both.findings.len()).map(one).collect();
        let plays: Vec<(&Plan, &CaseResult)> = plays.iter().map(|play| (&plan, play)).collect();
        let clauses = |drafts: &[Draft]| -> BTreeSet<String> {
            let each = drafts.iter().flat_map(|draft| &draft.clauses);
            each.map(|clause| clause.id.clone()).collect()
        };
        let drafts = amendment(None, &plays).drafts;
        assert_eq!(clauses(&drafts), clauses(&all));
        // What the first play has shown is not drafted again for the second.
        let again: Vec<(&Plan, &CaseResult)> = vec![(&plan, &both), (&plan, &both)];
        assert_eq!(amendment(None, &again).drafts, all);
    }

    #[test]
    fn findings_of_a_play_without_a_verdict_do_not_hide_the_same_findings_later() {
        let plan = takeover_plan();
        let wrong = result(&plan, takeover_record_without_disconnect(&plan));
        let undecided = CaseResult {
            verdict: Verdict::Inconclusive {
                reason: "this machine was too slow".into(),
            },
            ..wrong.clone()
        };
        let expected = amendment(None, &[(&plan, &wrong)]).drafts;
        assert!(amendment(None, &[(&plan, &undecided)]).drafts.is_empty());
        let mut kept = Vec::new();
        for play in [undecided.clone(), wrong.clone(), undecided, wrong] {
            keep_wrong(play, &mut kept);
        }
        assert_eq!(kept.len(), 2);
        let kept: Vec<(&Plan, &CaseResult)> = kept.iter().map(|play| (&plan, play)).collect();
        assert_eq!(amendment(None, &kept).drafts, expected);
    }

    #[test]
    fn a_draft_is_written_once_however_the_exchange_ended() {
        let draft = |case: &str, bytes: &str| Draft {
            comment: "No Will on a takeover (1 case)".to_owned(),
            cases: vec![case.to_owned()],
            clauses: Vec::new(),
            rule: None,
            came: "nothing".to_owned(),
            bytes: vec![(bytes.to_owned(), "PINGREQ".to_owned())],
        };
        let all = [
            draft("will/takeover@5", "a > c0 00"),
            draft("will/takeover@5", "b > c0 00"),
            draft("will/takeover@3.1.1", "a > c0 00"),
        ];
        let kept = without_repeats(all.iter().cloned());
        assert_eq!(kept, [all[0].clone(), all[2].clone()]);
    }
}
