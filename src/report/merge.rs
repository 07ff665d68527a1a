//! Merges the reports of all shards into the report that one run would have made.
//!
//! In: documents with a [`Shard`]. Out: one document without a shard, or the reason why they do not belong together.
//! Some results can be judged only here, not in a shard: snapshots, deviations and profile entries that no case shows
//! any more.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::document::build::cause::{Statements, causes, conformance};
use super::document::{
    Document, EndedEarly, Instances, Outcome, Profile, ProfileChange, Responsiveness, Run, Shard,
    Stale, StaleKind, Summary, Target, Verdict,
};
use super::shard::{MergeData, replay_command};
use crate::exit::Exit;
use crate::outcome::{DeviationFacts, unseen};

/// Why reports are not those of one run.
#[derive(Debug, Error)]
pub enum MergeError {
    #[error("{0} is the report of a whole run, not of a shard")]
    NoShard(String),
    #[error("{file}: what `merge` needs cannot be read: {error}")]
    Damaged {
        file: String,
        error: serde_json::Error,
    },
    #[error(
        "{other} is not from the same run as {first}: {what} differs: {theirs} instead of {mine}"
    )]
    Other {
        first: String,
        other: String,
        what: &'static str,
        mine: String,
        theirs: String,
    },
    #[error("shard {number}/{of} is given twice: {first} and {second}")]
    Twice {
        number: usize,
        of: usize,
        first: String,
        second: String,
    },
    #[error("not all shards are given: {0}")]
    Missing(String),
    #[error("no report is named")]
    Nothing,
}

/// One shard of the run.
struct Part {
    file: String,
    document: Document,
    shard: Shard,
    together: MergeData,
}

/// Merges the reports of all shards of a run.
///
/// # Errors
/// Returns an error if these are not all shards of one run.
pub fn merge(documents: Vec<(String, Document)>) -> Result<Document, MergeError> {
    let mut parts = Vec::new();
    for (file, mut document) in documents {
        let Some(shard) = document.shard.take() else {
            return Err(MergeError::NoShard(file));
        };
        let read = serde_json::from_value(shard.together.clone());
        parts.push(Part {
            together: read.map_err(|error| MergeError::Damaged {
                file: file.clone(),
                error,
            })?,
            file,
            document,
            shard,
        });
    }
    are_of_one_run(&parts)?;
    parts.sort_by_key(|part| part.shard.number);
    let Some(first) = parts.first() else {
        return Err(MergeError::Nothing);
    };
    let order = first.shard.cases.iter().enumerate();
    let order: BTreeMap<String, usize> = order.map(|(at, id)| (id.clone(), at)).collect();
    Ok(whole(&parts, first, &order))
}

fn are_of_one_run(parts: &[Part]) -> Result<(), MergeError> {
    let Some(first) = parts.first() else {
        return Err(MergeError::Nothing);
    };
    for other in parts {
        for (what, of) in IDENTITY {
            let (mine, theirs) = (of(first), of(other));
            if mine != theirs {
                return Err(MergeError::Other {
                    first: first.file.clone(),
                    other: other.file.clone(),
                    what,
                    mine,
                    theirs,
                });
            }
        }
    }
    let of = first.shard.of;
    let mut known: BTreeMap<usize, &str> = BTreeMap::new();
    for part in parts {
        let number = part.shard.number;
        if let Some(first) = known.insert(number, &part.file) {
            return Err(MergeError::Twice {
                number,
                of,
                first: first.to_owned(),
                second: part.file.clone(),
            });
        }
    }
    let missing = (1..=of).filter(|number| !known.contains_key(number));
    let missing: Vec<String> = missing.map(|number| format!("{number}/{of}")).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(MergeError::Missing(format!("{one} is missing"))),
        more => Err(MergeError::Missing(format!(
            "{} are missing",
            more.join(", ")
        ))),
    }
}

/// A property that all shards of a run have in common.
type Common = (&'static str, fn(&Part) -> String);
const IDENTITY: &[Common] = &[
    ("the number of shards", |part| part.shard.of.to_string()),
    ("the version of mqtt-check", |part| {
        part.document.tool.version.clone()
    }),
    ("the target", |part| {
        let target = &part.document.target;
        let version = target.version.as_ref();
        // A shard that did not reach the broker does not know the version.
        let version = version.filter(|_| !part.document.cases.is_empty());
        version.map_or_else(|| target.name.clone(), |v| format!("{} ({v})", target.name))
    }),
    ("the choice of cases", |part| {
        let all = part.shard.cases.len();
        let chosen = part.together.choice.join(" ");
        format!("{all} cases {chosen}").trim_end().to_owned()
    }),
    ("the suite", |part| part.shard.suite.clone()),
    ("the command line", |part| {
        format!("`mqtt-check run {}`", part.document.run.again)
    }),
    ("--seed", |part| part.document.run.options.seed.to_string()),
    ("the baseline", |part| {
        let baseline = &part.document.run.options.baseline;
        baseline.clone().unwrap_or_else(|| "none".to_owned())
    }),
    ("--transcripts", |part| {
        format!("{:?}", part.document.run.options.transcripts).to_lowercase()
    }),
];

fn whole(parts: &[Part], first: &Part, order: &BTreeMap<String, usize>) -> Document {
    let at = |id: &str| order.get(id).copied().unwrap_or(usize::MAX);
    let mut cases: Vec<_> = parts
        .iter()
        .flat_map(|part| part.document.cases.iter().cloned())
        .collect();
    cases.sort_by_key(|case| at(&case.id));
    let mut roots: Vec<_> = parts
        .iter()
        .flat_map(|part| part.together.roots.iter().cloned())
        .collect();
    roots.sort_by_key(|root| at(root.case()));
    let mut statements = Statements::new();
    for part in parts {
        part.together.add_statements(&mut statements);
    }
    let file = parts.iter().find_map(|part| part.together.file.as_deref());
    let is_played = cases.len() == order.len();
    let stale = stale(parts, is_played);
    let profile = profile(parts, &at, is_played);
    let mut summary = summary(parts);
    summary.stale += stale.len();
    let mut document = Document {
        causes: causes(&roots, file, &cases),
        conformance: conformance(&statements),
        target: target(parts, &first.document.target),
        run: run(parts, first, &at),
        summary,
        stale,
        profile,
        shard: None,
        cases,
        format: first.document.format,
        tool: first.document.tool.clone(),
    };
    let failed: Vec<String> = document
        .cases
        .iter()
        .filter(|case| case.outcome.is_unexpected_verdict())
        .map(|case| case.id.clone())
        .collect();
    let run = &document.run;
    let command = replay_command(
        &run.again,
        &failed,
        &first.together.choice,
        run.options.seed,
    );
    document.run.failed_again = command;
    document.run.exit = exit(&document).code();
    document
}

/// The exit code of the whole run, from its results.
fn exit(document: &Document) -> Exit {
    let is_unspoken = document
        .target
        .not_spoken
        .iter()
        .any(|n| n.named_by.is_some());
    let is_unexpected = |outcome: &Outcome| !outcome.as_expected;
    if document.run.interrupted {
        Exit::Interrupted
    } else if !document.stale.is_empty()
        || document
            .profile
            .as_ref()
            .is_some_and(|profile| profile.fails)
        || document.fails_by_flaky()
        || is_unspoken
        || document
            .cases
            .iter()
            .any(|case| is_unexpected(&case.outcome))
    {
        Exit::Failed
    } else if document
        .cases
        .iter()
        .all(|case| case.verdict == Verdict::Skipped)
    {
        Exit::Nothing
    } else {
        Exit::Success
    }
}

/// Returns the stale entries, which only a run of the whole suite can find.
fn stale(parts: &[Part], is_played: bool) -> Vec<Stale> {
    let without_case: BTreeSet<&String> = parts
        .iter()
        .flat_map(|part| &part.together.without_case)
        .collect();
    let snapshots = without_case.into_iter().map(|place| Stale {
        kind: StaleKind::Snapshot,
        place: place.clone(),
        why: "no case has this snapshot any more".to_owned(),
    });
    let mut facts: Vec<DeviationFacts> = Vec::new();
    for part in parts {
        match facts.as_mut_slice() {
            [] => facts.clone_from(&part.together.deviations),
            known => {
                for (known, more) in known.iter_mut().zip(&part.together.deviations) {
                    known.join(more);
                }
            }
        }
    }
    let unseen = unseen(&facts).into_iter().filter(|_| is_played);
    let deviations = unseen.map(|part| Stale {
        kind: StaleKind::Deviation,
        place: part.place,
        why: part.what,
    });
    snapshots.chain(deviations).collect()
}

fn profile(parts: &[Part], at: &dyn Fn(&str) -> usize, is_played: bool) -> Option<Profile> {
    let mut all = parts
        .iter()
        .filter_map(|part| part.document.profile.clone());
    let first = all.next()?;
    let mut changes: Vec<ProfileChange> = Vec::new();
    let changed = std::iter::once(&first).cloned().chain(all);
    for change in changed.flat_map(|profile| profile.changes) {
        let known = changes.iter_mut().find(|known| {
            known.kind == change.kind
                && known.text == change.text
                && known.of == change.of
                && known.tolerated == change.tolerated
        });
        match known {
            Some(known) => known.names.extend(change.names),
            None => changes.push(change),
        }
    }
    for change in &mut changes {
        change.names.sort_by_key(|name| at(name));
    }
    changes.sort_by_key(|change| (change.kind, change.names.first().map(|name| at(name))));
    if is_played {
        changes.extend(missing(parts));
    }
    changes.sort_by_key(|change| change.kind);
    let has_changed = changes.iter().any(|change| !change.tolerated);
    Some(Profile {
        fails: !first.updated && (!first.exists || has_changed),
        changes,
        ..first
    })
}

/// Returns the entries of the profile that no shard has.
fn missing(parts: &[Part]) -> Vec<ProfileChange> {
    let Some((first, others)) = parts.split_first() else {
        return Vec::new();
    };
    let mut missing = first.together.missing.clone();
    for change in &mut missing {
        change.names.retain(|name| {
            others.iter().all(|part| {
                let mut all = part.together.missing.iter();
                all.any(|other| other.kind == change.kind && other.names.contains(name))
            })
        });
    }
    missing.retain(|change| !change.names.is_empty());
    missing
}

fn summary(parts: &[Part]) -> Summary {
    let mut all = Summary::default();
    for Summary {
        cases,
        passed,
        failed,
        warned,
        skipped,
        inconclusive,
        accepted,
        unexpected,
        not_played,
        changed,
        informed,
        new,
        stale,
        pending,
        flaky,
    } in parts.iter().map(|part| part.document.summary)
    {
        all.cases += cases;
        all.passed += passed;
        all.failed += failed;
        all.warned += warned;
        all.skipped += skipped;
        all.inconclusive += inconclusive;
        all.accepted += accepted;
        all.unexpected += unexpected;
        all.not_played += not_played;
        all.changed += changed;
        all.informed += informed;
        all.new += new;
        all.stale += stale;
        all.pending += pending;
        all.flaky += flaky;
    }
    all
}

/// The facts about the broker that any shard learned.
fn target(parts: &[Part], first: &Target) -> Target {
    let mut all = first.clone();
    for other in parts.iter().map(|part| &part.document.target) {
        all.version = all.version.or_else(|| other.version.clone());
        if all.versions.is_empty() {
            all.versions.clone_from(&other.versions);
        }
        if all.connack.is_empty() {
            all.connack.clone_from(&other.connack);
            all.keep_alive_s = all.keep_alive_s.max(other.keep_alive_s);
        }
        for version in &other.not_spoken {
            if !all.not_spoken.iter().any(|n| n.version == version.version) {
                all.not_spoken.push(version.clone());
            }
        }
        for (name, capability) in &other.capabilities {
            let known = all.capabilities.entry(name.clone());
            known.or_insert_with(|| capability.clone());
        }
    }
    all
}

/// How the whole run was made. Shards run at the same time, so the slowest one gives the duration.
fn run(parts: &[Part], first: &Part, at: &dyn Fn(&str) -> usize) -> Run {
    let runs = || parts.iter().map(|part| &part.document.run);
    let started = runs().map(|run| &run.started).min();
    let ended = runs().map(|run| &run.ended).max();
    let mut run = first.document.run.clone();
    run.started = started.cloned().unwrap_or_default();
    run.ended = ended.cloned().unwrap_or_default();
    run.wall_us = runs().map(|run| run.wall_us).max().unwrap_or_default();
    run.virtual_us = runs().map(|run| run.virtual_us).sum();
    run.interrupted = runs().any(|run| run.interrupted);
    if let Some(suite) = &mut run.suite {
        let newer = runs().filter_map(|run| run.suite.as_ref());
        suite.newer_cases = newer.map(|suite| suite.newer_cases).sum();
    }
    run.instances = runs()
        .filter_map(|run| run.instances.clone())
        .reduce(|all, more| Instances {
            started: all.started + more.started,
            at_once: all.at_once.max(more.at_once),
            settings: all.settings.max(more.settings),
            slowest_start_us: all.slowest_start_us.max(more.slowest_start_us),
        });
    run.responsiveness =
        runs()
            .filter_map(|run| run.responsiveness.clone())
            .reduce(|mut all, more| {
                all.outages.extend(more.outages);
                Responsiveness {
                    round_trips: all.round_trips + more.round_trips,
                    slowest_us: all.slowest_us.max(more.slowest_us),
                    outages: all.outages,
                }
            });
    run.ended_early = runs()
        .filter_map(|run| run.ended_early.clone())
        .reduce(|mut all, more| {
            if !all.why.split("; ").any(|why| why == more.why) {
                all.why = format!("{}; {}", all.why, more.why);
            }
            all.not_played.extend(more.not_played);
            all
        });
    if let Some(EndedEarly { not_played, .. }) = &mut run.ended_early {
        not_played.sort_by_key(|id| at(id));
    }
    run.problems = Vec::new();
    for problem in runs().flat_map(|run| &run.problems) {
        if !run.problems.contains(problem) {
            run.problems.push(problem.clone());
        }
    }
    run
}
