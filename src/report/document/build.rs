//! Builds the document of a run from its plans, results and outcomes.

mod case;
pub(in crate::report) mod cause;
mod check;
mod play;
mod profile;

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::time::rfc3339;
use super::{
    Capability, Case, Document, FORMAT, NotSpoken, Options, Run, Stale, StaleKind, Summary, Target,
    Tool,
};
use crate::outcome::cause::roots;
use crate::report::Report;

/// Which cases have transcripts in this document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transcripts {
    All,
    /// Those that neither passed nor were skipped, and those that are not as expected.
    #[default]
    Failed,
    None,
}

impl Document {
    /// Builds the document of a run, with these transcripts.
    pub fn of(report: &Report<'_>, transcripts: Transcripts) -> Self {
        let cases = report.cases.iter();
        let cases: Vec<Case> = cases
            .map(|case| {
                let retried = report.retried.get(&case.result.id);
                case::of(case, retried, report.facts.began, transcripts)
            })
            .collect();
        let roots = roots(&report.cases, report.deviations);
        let file = report.deviations.map(|file| file.source.path.as_str());
        let statements = cause::statements(&report.cases);
        Self {
            format: FORMAT,
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            target: target(report),
            run: run(report, transcripts),
            summary: summary(report),
            causes: cause::causes(&roots, file, &cases),
            conformance: cause::conformance(&statements),
            stale: stale(report),
            profile: report.profile.as_ref().map(Into::into),
            shard: report
                .shard
                .as_ref()
                .map(|facts| facts.document(roots, statements, file)),
            cases,
        }
    }
}

fn target(report: &Report<'_>) -> Target {
    let facts = &report.target;
    let named_by = |version| {
        let named = report
            .unspoken
            .iter()
            .find(|named| named.version == version);
        named.map(|named| named.named_by.to_owned())
    };
    Target {
        name: facts.name.clone(),
        url: facts.url.clone(),
        version: facts.version.clone(),
        versions: facts.versions.iter().map(ToString::to_string).collect(),
        not_spoken: facts
            .not_spoken
            .iter()
            .map(|(version, why)| NotSpoken {
                version: version.to_string(),
                why: why.clone(),
                named_by: named_by(*version),
            })
            .collect(),
        capabilities: facts
            .capabilities
            .iter()
            .map(|known| {
                let capability = Capability {
                    available: known.why_not.is_none(),
                    why: known.why_not.clone(),
                };
                (known.name.clone(), capability)
            })
            .collect(),
        connack: facts
            .connack
            .as_ref()
            .map_or_else(Vec::new, super::values::of_connack),
        keep_alive_s: facts.keep_alive_s,
    }
}

fn run(report: &Report<'_>, transcripts: Transcripts) -> Run {
    let facts = &report.facts;
    Run {
        started: rfc3339(facts.started),
        ended: rfc3339(facts.started.checked_add(report.wall).unwrap_or(UNIX_EPOCH)),
        wall_us: microseconds(report.wall),
        virtual_us: microseconds(report.virtual_time()),
        options: Options {
            seed: report.seed,
            chaos: facts.chaos,
            spread: facts.spread,
            timeout_scale: facts.timeout_scale,
            jobs: facts.jobs,
            max_wait_us: microseconds(facts.max_wait),
            baseline: facts.baseline.clone(),
            transcripts,
            retries: facts.retries,
            fail_flaky: facts.fail_flaky,
        },
        suite: facts.suite.clone(),
        instances: report.instances.clone(),
        responsiveness: report.responsiveness.clone(),
        interrupted: report.interrupted,
        ended_early: report.ended_early.clone(),
        problems: report.problems.clone(),
        exit: report.exit().code(),
        again: report.replay.clone(),
        failed_again: report.again.clone(),
        review: report.review.clone(),
    }
}

fn summary(report: &Report<'_>) -> Summary {
    let counts = report.counts();
    let unexpected = report.cases.iter().filter(|c| !c.outcome.is_as_expected());
    Summary {
        cases: counts.cases,
        passed: counts.passed,
        failed: counts.failed,
        warned: counts.warned,
        skipped: counts.skipped,
        inconclusive: counts.inconclusive,
        accepted: counts.accepted,
        unexpected: unexpected.count(),
        not_played: report.not_played(),
        changed: counts.changed,
        informed: counts.informed,
        new: counts.new,
        stale: counts.stale,
        pending: counts.pending,
        flaky: report.flaky(),
    }
}

fn stale(report: &Report<'_>) -> Vec<Stale> {
    let snapshots = report.without_case.iter().map(|path| Stale {
        kind: StaleKind::Snapshot,
        place: path.display().to_string(),
        why: "no case has this snapshot any more".to_owned(),
    });
    let deviations = report.without_deviation.iter().map(|unshown| Stale {
        kind: StaleKind::Deviation,
        place: unshown.place.clone(),
        why: unshown.what.clone(),
    });
    snapshots.chain(deviations).collect()
}

/// A duration as the document states it.
pub fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
