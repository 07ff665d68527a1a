//! Compares two reports of the same suite, case by case: what got worse, what got better, and what is different.
//!
//! In: the documents of two runs, *base* and *head*. Out: a [`Comparison`]. `outcome::profile` decides what counts as a
//! change, as it does when a run is compared with the profile of its target. The base takes the place of the profile.

mod comparison;
mod facts;
mod markdown;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::document::{Case, Document, FORMAT, Verdict};
use super::names::compressed;
use super::style::count;
use super::{case, flaky, headline};
use crate::outcome::profile::{self, Baseline, CaseChange, Played, Standing, Tolerance};

pub use comparison::{Changed, Comparison, Counts, Kind, Side, Why};
pub use markdown::{MOST_CHARACTERS, render as markdown};
pub use text::render as text;

/// Why two reports cannot be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    #[error("{file} is the report of a shard, not of a whole run")]
    Shard { file: String },
    #[error("{file} has no cases: {why}")]
    Empty { file: String, why: String },
    #[error(
        "the reports are of different suites: {base} has cases of {of_base}, {head} has cases of {of_head}"
    )]
    Suites {
        base: String,
        head: String,
        of_base: String,
        of_head: String,
    },
    #[error("{base} and {head} have no case in common")]
    Apart { base: String, head: String },
}

/// Returns what changed between two runs. The names are those of their files.
///
/// # Errors
/// Returns an error if the reports cannot be compared.
pub fn compare(
    (base_name, base): (&str, &Document),
    (head_name, head): (&str, &Document),
) -> Result<Comparison, CompareError> {
    are_comparable((base_name, base), (head_name, head))?;
    let baseline = Baseline {
        profile: facts::profile(base),
        tolerance: Tolerance::new(),
    };
    let now = facts::profile(head);
    let before: BTreeMap<&str, &Case> = base.cases.iter().map(|c| (c.id.as_str(), c)).collect();
    let runs = Runs {
        base,
        head,
        baseline: &baseline,
        expectations: Expectations::of(head),
    };
    let mut cases: Vec<Changed> = Vec::new();
    for case in &head.cases {
        let known = before.get(case.id.as_str()).copied();
        cases.extend(of_case(&runs, case, known));
    }
    let suite = all_case_ids(head);
    let played = Played {
        cases: Vec::new(),
        choices: now.choices.keys().map(String::as_str).collect(),
        suite: Some(suite.keys().map(|id| (*id).to_owned()).collect()),
    };
    let mut offered = Vec::new();
    let mut unasked = Vec::new();
    for change in baseline.changes(&now.offers, &played) {
        match change.kind {
            profile::Kind::Offered => offered.push(change.text),
            profile::Kind::NoLongerExercised => unasked.extend(change.names),
            profile::Kind::Gone => {
                cases.extend(change.names.into_iter().map(|id| Changed {
                    base: before.get(id.as_str()).map(|case| case.verdict),
                    case: id,
                    change: Kind::Gone,
                    text: "only in the base".to_owned(),
                    head: None,
                    cause: None,
                    accepted_by: Vec::new(),
                    shared: None,
                }));
            }
            _ => {}
        }
    }
    cases.extend(not_played(head, &before));
    cases.sort_by(|a, b| (a.change, &a.case).cmp(&(b.change, &b.case)));
    Ok(Comparison {
        format: FORMAT,
        counts: counts(&cases, &before, head),
        base: side(base_name, base),
        head: side(head_name, head),
        offered,
        choices_no_longer_asked: unasked,
        notes: notes(base, head),
        cases,
    })
}

fn side(file: &str, document: &Document) -> Side {
    Side {
        file: file.to_owned(),
        broker: headline::broker(document),
        started: document.run.started.clone(),
        summary: document.summary,
    }
}

/// Counts each case once, by its most important change.
fn counts(cases: &[Changed], before: &BTreeMap<&str, &Case>, head: &Document) -> Counts {
    let mut counts = Counts::default();
    let mut counted = BTreeSet::new();
    for changed in cases {
        if counted.insert(&changed.case) {
            *counts.slot(changed.change) += 1;
        }
    }
    let known = head
        .cases
        .iter()
        .filter(|case| before.contains_key(case.id.as_str()));
    counts.unchanged = known.filter(|case| !counted.contains(&case.id)).count();
    counts
}

/// The ids of all cases of a run. Those that were not played have the reason.
fn all_case_ids(document: &Document) -> BTreeMap<&str, Option<&str>> {
    let played = document.cases.iter().map(|case| (case.id.as_str(), None));
    let early = document.run.ended_early.iter();
    let unplayed = early.flat_map(|early| {
        let ids = early.not_played.iter();
        ids.map(|id| (id.as_str(), Some(early.why.as_str())))
    });
    unplayed.chain(played).collect()
}

/// Cases that the head should have played but did not.
fn not_played<'a>(
    head: &'a Document,
    before: &'a BTreeMap<&str, &Case>,
) -> impl Iterator<Item = Changed> + 'a {
    all_case_ids(head).into_iter().filter_map(|(id, why)| {
        let known = before.get(id)?;
        let was_played = !matches!(known.verdict, Verdict::Skipped);
        was_played.then_some(())?;
        Some(Changed {
            case: id.to_owned(),
            change: Kind::NoLongerExercised,
            text: "not played".to_owned(),
            base: Some(known.verdict),
            head: None,
            cause: Some(Why {
                actual: why?.to_owned(),
                ..Why::default()
            }),
            accepted_by: Vec::new(),
            shared: None,
        })
    })
}

/// The data that a case of the head is compared with.
struct Runs<'r> {
    base: &'r Document,
    head: &'r Document,
    baseline: &'r Baseline,
    expectations: Expectations<'r>,
}

/// What the baseline of the head expects.
struct Expectations<'h> {
    /// Whether the head was compared with an existing profile.
    has_profile: bool,
    /// Cases that differ from that profile.
    changed: BTreeSet<&'h str>,
}

impl<'h> Expectations<'h> {
    fn of(head: &'h Document) -> Self {
        let profile = head.profile.as_ref().filter(|profile| profile.exists);
        let changes = profile.iter().flat_map(|profile| &profile.changes);
        Self {
            has_profile: profile.is_some(),
            changed: changes
                .flat_map(|change| &change.names)
                .map(String::as_str)
                .collect(),
        }
    }

    /// Whether the result of a case was reviewed: accepted in the target file, or part of the profile.
    fn has(&self, case: &Case) -> bool {
        let in_profile = self.has_profile && !self.changed.contains(case.id.as_str());
        case.outcome.as_expected && (case.outcome.accepted || in_profile)
    }
}

/// Returns what changed in a case of the head.
fn of_case(runs: &Runs<'_>, case: &Case, before: Option<&Case>) -> Vec<Changed> {
    let Some(standing) = facts::standing(case) else {
        return Vec::new();
    };
    let mut changes = runs
        .baseline
        .changes_to(&case.id, &standing, facts::answers(case));
    match before.map(facts::standing) {
        // The base does not have this case, so its answers cannot have changed.
        None => changes.retain(|change| change.kind == profile::Kind::New),
        Some(Some(known)) if !known.is_by_the_run() => {}
        // If the base did not judge the case, a good result now is not a change. A bad one must be shown.
        Some(known) => {
            let was = known.map_or_else(|| "not decided".to_owned(), |known| known.to_string());
            changes = match &standing {
                Standing::Passed | Standing::Skipped(_) => Vec::new(),
                now => vec![CaseChange::new(
                    profile::Kind::New,
                    format!("{now}, was {was}"),
                )],
            };
        }
    }
    let other = before.and_then(|before| other_statements(case, &standing, before, &changes));
    let is_other = other.is_some();
    changes.extend(other);
    let mut all: Vec<Changed> = Vec::new();
    for change in changes {
        let Some(kind) = Kind::of(change.kind) else {
            continue;
        };
        let is_expected = kind.may_be_expected() && runs.expectations.has(case);
        let accepted_by = match is_expected {
            true => case.outcome.accepted_by.clone(),
            false => Vec::new(),
        };
        // The cause of a run is about neither single statements nor answers.
        let shared = match kind {
            Kind::AnswersDifferently => None,
            _ if is_other => None,
            Kind::Improved => Why::shared(runs.base, &case.id),
            _ => Why::shared(runs.head, &case.id),
        };
        all.push(Changed {
            case: case.id.clone(),
            change: if is_expected { Kind::Expected } else { kind },
            cause: why(change.kind, case, before),
            text: change.text,
            base: before.map(|case| case.verdict),
            head: Some(case.verdict),
            accepted_by,
            shared,
        });
    }
    all
}

/// Returns what changed in a case that fails or warns as before, but for another statement.
fn other_statements(
    case: &Case,
    standing: &Standing,
    before: &Case,
    changes: &[CaseChange],
) -> Option<CaseChange> {
    let is_wrong = matches!(standing, Standing::Failed | Standing::Warned);
    let only_answers = changes
        .iter()
        .all(|change| change.kind == profile::Kind::AnswersDifferently);
    let change = facts::statements(case).change_since(&facts::statements(before));
    change.filter(|_| is_wrong && only_answers && case.verdict == before.verdict)
}

/// Returns why a case changed. For an improvement, this is what was wrong before.
fn why(kind: profile::Kind, case: &Case, before: Option<&Case>) -> Option<Why> {
    let (of, other) = match kind {
        profile::Kind::AnswersDifferently => return None,
        profile::Kind::Improved => (before?, Some(case)),
        _ => (case, before),
    };
    // The statements that only this case violates and the other one does not.
    let known = other.map(|other| facts::statements(other).violated);
    let violated = facts::statements(of).violated;
    let only = violated
        .difference(&known.unwrap_or_default())
        .cloned()
        .collect();
    let finding = facts::worst(of, &only).or_else(|| case::worst(of));
    let reason = || {
        Some(Why {
            actual: of.reason.clone()?,
            ..Why::default()
        })
    };
    finding.map(Why::of).or_else(reason)
}

/// Returns what limits the comparison.
fn notes(base: &Document, head: &Document) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, document) in [("base", base), ("head", head)] {
        if let Some(early) = &document.run.ended_early {
            let number = early.not_played.len();
            notes.push(format!(
                "the run of the {name} ended early, {} not played: {}",
                count(number, "case"),
                early.why
            ));
        }
        notes.extend(
            document
                .run
                .problems
                .iter()
                .map(|problem| format!("{name}: {problem}")),
        );
        let flaky: Vec<&str> = flaky::cases(document).map(|c| c.id.as_str()).collect();
        if !flaky.is_empty() {
            notes.push(format!(
                "as expected only when played again, in the {name}: {}",
                compressed(flaky).join(", ")
            ));
        }
    }
    notes
}

fn are_comparable(
    (base_name, base): (&str, &Document),
    (head_name, head): (&str, &Document),
) -> Result<(), CompareError> {
    for (file, document) in [(base_name, base), (head_name, head)] {
        let file = || file.to_owned();
        if document.shard.is_some() {
            return Err(CompareError::Shard { file: file() });
        }
        if all_case_ids(document).is_empty()
            || (document.cases.is_empty() && document.run.exit != 0)
        {
            let early = document.run.ended_early.as_ref();
            return Err(CompareError::Empty {
                file: file(),
                why: early
                    .map_or("nothing was chosen", |early| &early.why)
                    .to_owned(),
            });
        }
    }
    let release = |document: &Document| document.run.suite.as_ref().map(|s| s.release.clone());
    let (of_base, of_head) = (release(base), release(head));
    let (base_file, head_file) = (base_name.to_owned(), head_name.to_owned());
    if of_base != of_head {
        let named = |release: Option<String>| match release {
            Some(release) => format!("release {release} of the suite"),
            None => "no release of the suite".to_owned(),
        };
        return Err(CompareError::Suites {
            base: base_file,
            head: head_file,
            of_base: named(of_base),
            of_head: named(of_head),
        });
    }
    let ids = all_case_ids(head);
    match all_case_ids(base).keys().any(|id| ids.contains_key(id)) {
        true => Ok(()),
        false => Err(CompareError::Apart {
            base: base_file,
            head: head_file,
        }),
    }
}
