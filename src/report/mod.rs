//! Reports: human-readable text and machine-readable files, made from the results of a run.

mod case;
pub mod clauses;
pub mod compare;
mod conduct;
mod diff;
pub mod document;
mod excerpt;
pub mod explain;
pub mod file;
mod flaky;
mod folder;
mod format;
pub mod github;
mod headline;
mod html;
mod issue;
pub mod junit;
mod markdown;
pub mod merge;
mod names;
mod other_failures;
mod pcap;
mod profile;
pub mod shard;
pub mod style;
mod tap;
pub mod terminal;
mod wrap;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use mqtt_check_codec::{ConnAck, ProtocolVersion};

use crate::exit::Exit;
use crate::outcome::{Concluded, Outcome, State, UnseenPart};
use crate::scenario::model::CaseId;
use crate::target::TargetFile;
use crate::transcript::text;
use crate::verdict::{CaseResult, Verdict};

pub use case::{heading, one_line};
pub use diff::unified;
pub use document::{Document, EndedEarly};
pub use folder::Entry;
pub use format::{Format, ISSUES, PCAP, Rendered};
pub use html::{render as page, side_by_side};
pub use profile::{ProfileReport, renewed};
pub use shard::ShardFacts;

/// A run that ended or was interrupted.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    pub target: TargetFacts,
    /// The cases of the run, in the order of their ids.
    pub cases: Vec<Concluded<'a>>,
    /// The target file whose deviations are accepted, if there is one.
    pub deviations: Option<&'a TargetFile>,
    /// Versions that were named but that the broker does not support.
    pub unspoken: Vec<Unspoken>,
    /// Which cases were not played and why: an interruption, `--fail-fast`, or a broker that does not serve.
    pub ended_early: Option<EndedEarly>,
    /// Snapshots without a case.
    pub without_case: Vec<PathBuf>,
    /// Accepted deviations that no case shows any more.
    pub without_deviation: Vec<UnseenPart>,
    pub facts: RunFacts,
    /// How the run compares with the profile of the target. `None` if there is no profile.
    pub profile: Option<ProfileReport>,
    /// Instances of the broker that were started for cases. `None` if none was started.
    pub instances: Option<document::Instances>,
    /// How responsive the broker was. `None` for the bundled broker.
    pub responsiveness: Option<document::Responsiveness>,
    pub seed: u64,
    pub wall: Duration,
    pub interrupted: bool,
    /// What ended the run early, or went wrong outside of any case.
    pub problems: Vec<String>,
    /// The options that play one of its cases again, without `--filter`.
    pub replay: String,
    /// The command that plays every case with an unexpected verdict again. `None` if there is no such case.
    pub again: Option<String>,
    /// The option for `review` that names the folder of snapshots. Empty for the default folder.
    pub review: String,
    /// The shard that this run is. `None` for a whole run.
    pub shard: Option<ShardFacts>,
    /// The cases that `--retries` played again.
    pub retried: BTreeMap<CaseId, Retried>,
}

/// The retries of a case that was not as expected.
#[derive(Debug, Clone, Default)]
pub struct Retried {
    /// The number of retries.
    pub retries: usize,
    /// The plays of a flaky case that were not as expected. Empty for a case that never was as expected.
    pub attempts: Vec<(CaseResult, Outcome)>,
}

/// When the run was made, and the options that its results depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    pub started: SystemTime,
    /// The start of the run, on the clock that times the cases.
    pub began: Instant,
    pub chaos: Option<u64>,
    /// Whether clients were placed on the nodes of the target in turn.
    pub spread: bool,
    pub timeout_scale: f64,
    /// The number of cases played at the same time, if the user set it.
    pub jobs: Option<usize>,
    pub max_wait: Duration,
    /// The name of the baseline, if there is one.
    pub baseline: Option<String>,
    /// The release of the suite, if it is known.
    pub suite: Option<document::Suite>,
    /// How often a case that is not as expected is played again.
    pub retries: usize,
    /// Whether a flaky case fails the run.
    pub fail_flaky: bool,
}

/// A protocol version that was named but that the broker does not support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unspoken {
    pub version: ProtocolVersion,
    /// What named it: `--protocol`, or the target file.
    pub named_by: &'static str,
    /// A statement that the broker does not support it, with the evidence.
    pub why: String,
}

/// What was tested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetFacts {
    pub name: String,
    pub url: Option<String>,
    /// The version that the broker reports.
    pub version: Option<String>,
    /// Versions that the broker supports.
    pub versions: Vec<ProtocolVersion>,
    /// Versions that the broker does not support, with the evidence.
    pub not_spoken: Vec<(ProtocolVersion, String)>,
    /// The known capabilities.
    pub capabilities: Vec<CapabilityFact>,
    /// The broker's CONNACK for version 5, if it sent one before the run.
    pub connack: Option<ConnAck>,
    /// The Keep Alive of connections whose scenario sets none, in seconds. 0 means the value of the scenarios.
    pub keep_alive_s: u16,
}

/// A capability that a broker is known to have, or to lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityFact {
    pub name: String,
    /// The evidence that the broker lacks it. `None` if the broker has it.
    pub why_not: Option<String>,
}

/// Returns what client libraries did by themselves, each fact once: `reader: rumqttc resent PUBREL 1`.
fn library_facts(case: &Concluded<'_>) -> Vec<String> {
    let mut facts: Vec<String> = Vec::new();
    for fact in &case.result.summary.facts {
        let fact = text::fact(case.plan, fact);
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts
}

/// The number of cases for each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub cases: usize,
    pub passed: usize,
    pub failed: usize,
    pub warned: usize,
    pub skipped: usize,
    pub inconclusive: usize,
    pub changed: usize,
    pub new: usize,
    pub stale: usize,
    /// Failed cases that are accepted for this target.
    pub accepted: usize,
    /// Changed records that do not count, since the broker has no baseline.
    pub informed: usize,
    /// Pending snapshots next to a reviewed one that the record equals.
    pub pending: usize,
}

impl Counts {
    /// Counts these cases.
    pub fn of<'a, 'b: 'a>(cases: impl Iterator<Item = &'a Concluded<'b>>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.add(case);
        }
        counts
    }

    fn add(&mut self, case: &Concluded<'_>) {
        self.cases += 1;
        *match case.result.verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Failed => &mut self.failed,
            Verdict::Warned => &mut self.warned,
            Verdict::Skipped { .. } => &mut self.skipped,
            Verdict::Inconclusive { .. } => &mut self.inconclusive,
        } += 1;
        self.accepted +=
            usize::from(case.outcome.is_accepted && case.result.verdict == Verdict::Failed);
        if let Some(comparison) = &case.outcome.comparison {
            match comparison.state {
                State::Changed => {
                    self.changed += 1;
                    self.informed += usize::from(!comparison.counts);
                }
                State::New => self.new += 1,
                State::Stale => self.stale += 1,
                State::Same => {
                    self.pending += usize::from(comparison.pending && comparison.fails());
                }
            }
        }
    }
}

impl Report<'_> {
    /// Counts everything in the report.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::of(self.cases.iter());
        counts.stale += self.without_case.len() + self.without_deviation.len();
        counts
    }

    /// The number of cases that were chosen but not played.
    pub fn not_played(&self) -> usize {
        self.ended_early
            .as_ref()
            .map_or(0, |early| early.not_played.len())
    }

    /// The number of cases that were as expected only when they were played again.
    pub fn flaky(&self) -> usize {
        let all = self.retried.values();
        all.filter(|retried| !retried.attempts.is_empty()).count()
    }

    /// The time on the broker's clock, summed over all cases.
    pub fn virtual_time(&self) -> Duration {
        self.cases.iter().map(|case| case.result.virtual_time).sum()
    }

    /// The exit code of the run.
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        let fails = |case: &Concluded<'_>| !case.outcome.is_as_expected();
        let stale = !(self.without_case.is_empty() && self.without_deviation.is_empty());
        if stale || self.profile.as_ref().is_some_and(ProfileReport::fails) {
            return Exit::Failed;
        }
        if self.facts.fail_flaky && self.flaky() > 0 {
            return Exit::Failed;
        }
        if !self.unspoken.is_empty() || self.cases.iter().any(fails) {
            return Exit::Failed;
        }
        let skipped = |case: &Concluded<'_>| matches!(case.result.verdict, Verdict::Skipped { .. });
        // A shard cannot tell whether every case of the whole run was skipped.
        if self.shard.is_none() && self.cases.iter().all(skipped) {
            return Exit::Nothing;
        }
        Exit::Success
    }
}

#[cfg(test)]
mod tests;
