//! Reports: results in, text for people and files for programs out.

mod apart;
mod case;
pub mod clauses;
pub mod compare;
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
mod pcap;
mod profile;
pub mod shard;
pub mod style;
mod tap;
pub mod terminal;

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
pub use html::render as page;
pub use profile::{ProfileReport, renewed};
pub use shard::ShardFacts;

/// A run, done or broken off.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    pub target: TargetFacts,
    /// In the order of their ids.
    pub cases: Vec<Concluded<'a>>,
    /// The target file whose deviations are accepted, if there is one.
    pub deviations: Option<&'a TargetFile>,
    /// Versions that were named and that the broker does not speak.
    pub unspoken: Vec<Unspoken>,
    /// Why not all cases were played, and which were not: an interruption, `--fail-fast`, a broker that serves nothing.
    pub ended_early: Option<EndedEarly>,
    /// Snapshots whose case does not exist any more.
    pub without_case: Vec<PathBuf>,
    /// Accepted deviations that no case shows any more.
    pub without_deviation: Vec<UnseenPart>,
    pub facts: RunFacts,
    /// How the run compares with the profile of the target; `None` where there is none.
    pub profile: Option<ProfileReport>,
    /// Instances of the broker that were started for cases; `None` if none was.
    pub instances: Option<document::Instances>,
    /// How responsive the broker was; `None` where it is the bundled one.
    pub responsiveness: Option<document::Responsiveness>,
    pub seed: u64,
    pub wall: Duration,
    pub interrupted: bool,
    /// What ended it early or went wrong besides the cases.
    pub problems: Vec<String>,
    /// The options that play one of its cases again, but for `--filter`.
    pub replay: String,
    /// The command that plays every case again whose verdict was not expected; `None` if there is none.
    pub again: Option<String>,
    /// The option that names the snapshots' folder to `review`, empty for the folder where it looks by itself.
    pub review: String,
    /// Which part of a run it is; `None` where it is a whole one.
    pub shard: Option<ShardFacts>,
    /// The cases that `--retries` played again.
    pub retried: BTreeMap<CaseId, Retried>,
}

/// What became of a case that was not as expected and was played again.
#[derive(Debug, Clone, Default)]
pub struct Retried {
    /// How often.
    pub retries: usize,
    /// Of a flaky case the plays that were not as expected; none of one that never was.
    pub attempts: Vec<(CaseResult, Outcome)>,
}

/// When the run was made, and its options that results depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    pub started: SystemTime,
    /// The same on the clock that cases are timed by.
    pub began: Instant,
    pub chaos: Option<u64>,
    pub timeout_scale: f64,
    /// Cases at the same time, where the user named a number.
    pub jobs: Option<usize>,
    pub max_wait: Duration,
    /// The name of the baseline, if there is one.
    pub baseline: Option<String>,
    /// The release of the suite, where it is known.
    pub suite: Option<document::Suite>,
    /// How often a case that is not as expected is played again.
    pub retries: usize,
    /// Whether a flaky case fails the run.
    pub fail_flaky: bool,
}

/// A protocol version that was named and that the broker does not speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unspoken {
    pub version: ProtocolVersion,
    /// Who named it: `--protocol`, or the target file.
    pub named_by: &'static str,
    /// That the broker does not speak it, and how it shows.
    pub why: String,
}

/// What was tested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetFacts {
    pub name: String,
    pub url: Option<String>,
    /// What it says of its own version.
    pub version: Option<String>,
    /// Versions that it speaks.
    pub versions: Vec<ProtocolVersion>,
    /// Versions that it does not speak, and how it shows.
    pub not_spoken: Vec<(ProtocolVersion, String)>,
    /// What is known of it.
    pub capabilities: Vec<CapabilityFact>,
    /// Its CONNACK to version 5, where it gave one before the run.
    pub connack: Option<ConnAck>,
    /// The Keep Alive of connections whose scenario names none, in seconds; 0 as the scenarios have it.
    pub keep_alive_s: u16,
}

/// Something that a broker is known to offer, or not to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityFact {
    pub name: String,
    /// How it is known that it is not there; `None` where it is.
    pub why_not: Option<String>,
}

/// What client libraries did on their own side, each thing once: `reader: rumqttc resent PUBREL 1`.
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

/// How many of what.
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
    /// Of those that failed: accepted for this target.
    pub accepted: usize,
    /// Of those that changed: ones that count for nothing, on a broker without a baseline.
    pub informed: usize,
    /// Snapshots that wait for a review beside one that is the same.
    pub pending: usize,
}

impl Counts {
    /// Counts some cases.
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
    /// Everything counted.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::of(self.cases.iter());
        counts.stale += self.without_case.len() + self.without_deviation.len();
        counts
    }

    /// How many cases were to be played and were not.
    pub fn not_played(&self) -> usize {
        self.ended_early
            .as_ref()
            .map_or(0, |early| early.not_played.len())
    }

    /// How many cases were as expected only when they were played again.
    pub fn flaky(&self) -> usize {
        let all = self.retried.values();
        all.filter(|retried| !retried.attempts.is_empty()).count()
    }

    /// Time on the broker's clock, all cases together.
    pub fn virtual_time(&self) -> Duration {
        self.cases.iter().map(|case| case.result.virtual_time).sum()
    }

    /// What the run is worth to CI.
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
        // Whether all of the run was skipped, a part of it cannot tell.
        if self.shard.is_none() && self.cases.iter().all(skipped) {
            return Exit::Nothing;
        }
        Exit::Success
    }
}

#[cfg(test)]
mod tests;
