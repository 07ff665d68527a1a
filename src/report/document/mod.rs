//! A run as one self-contained document. Every report is made from it.
//!
//! [`Document::of`] makes it once, from a [`Report`](super::Report). It owns all its data and uses no type of a plan or
//! of the engine, so it can be written, read again later, and shown in every format. JSON is the serialized document.
//! `docs/report.schema.json` describes each field, and a test validates real reports against it.

pub(in crate::report) mod build;
mod case;
mod cause;
pub mod check;
mod json;
mod play;
mod profile;
mod time;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use build::{Transcripts, microseconds};
pub use case::{
    Alone, Attempt, Case, Change, ChoiceAnswer, Clause, Crowd, DiffLine, Finding, FindingKind,
    Level, Measurement, Outcome, Reason, Snapshot, SnapshotState, Span, Verdict,
};
pub use cause::{Cause, Chapter, Conformance, Example, Folded};
pub use json::ReadError;
pub use play::{
    Client, Direction, Ended, Ending, Event, EventKind, Hook, HookField, Lane, LeftOut, LogLine,
    Play, Played, Step, Transport, Wait,
};
pub use profile::{Profile, ProfileChange, ProfileChangeKind};
pub use time::instant;
pub use values::{Field, Value};

/// The version of the format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    /// The version of the format.
    pub format: u32,
    pub tool: Tool,
    pub target: Target,
    pub run: Run,
    pub summary: Summary,
    /// In the order of their ids.
    pub cases: Vec<Case>,
    /// What was found wrong, once for each defect, the worst first; accepted ones last.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// How the broker keeps each document, as far as it was exercised.
    #[serde(default)]
    pub conformance: Vec<Conformance>,
    /// What a review left behind and no case shows any more.
    pub stale: Vec<Stale>,
    /// How the run stands to the profile of the target; absent where it was held against none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Which part of a run it is; absent where it is a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// One part of a run that `mqtt-check merge` puts together with the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Shard {
    /// From 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// A digest of the scenarios of all cases of the run.
    pub suite: String,
    /// The ids of all cases of the run, in their order.
    pub cases: Vec<String>,
    /// What `merge` judges the whole run by; not part of the format.
    pub together: serde_json::Value,
}

/// The program that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// What was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Target {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it says of its own version, below `$SYS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Versions of MQTT that it speaks, as far as the run found out.
    pub versions: Vec<String>,
    pub not_spoken: Vec<NotSpoken>,
    /// What is known of it, by the names that scenarios use; what is not listed is not known.
    pub capabilities: BTreeMap<String, Capability>,
    /// The fields of its CONNACK to version 5, where it gave one before the run.
    pub connack: Vec<Field>,
    /// The Keep Alive of connections whose scenario names none, in seconds; 0 where the broker takes that.
    pub keep_alive_s: u16,
}

/// A version that the broker does not speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotSpoken {
    pub version: String,
    /// How it shows.
    pub why: String,
    /// Who counts on it, `--protocol` or the target file: the run has failed then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_by: Option<String>,
}

/// Something that a broker may offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capability {
    pub available: bool,
    /// How that is known, where it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How the run was made, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// RFC 3339, in UTC.
    pub started: String,
    /// RFC 3339, in UTC.
    pub ended: String,
    pub wall_us: u64,
    /// Time on the broker's clock, all cases together, where it is virtual.
    pub virtual_us: u64,
    pub options: Options,
    /// The release of the suite; not there for scenarios of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Suite>,
    /// Instances of the broker that were started for cases; not there if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<Instances>,
    /// How responsive the broker was; not there where it is the bundled one, or answered no PINGREQ of the harness's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsiveness: Option<Responsiveness>,
    pub interrupted: bool,
    /// Why not all cases were played, and which were not; not there where all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<EndedEarly>,
    /// What ended it early or went wrong besides the cases.
    pub problems: Vec<String>,
    /// The exit code that the results alone give.
    pub exit: u8,
    /// The options that play one of its cases again, but for `--filter` and `--seed`.
    pub again: String,
    /// The command that plays every case again whose verdict was not expected; not there if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_again: Option<String>,
    /// The option that names the snapshots' folder to `review`; empty for the folder where it looks by itself.
    pub review: String,
}

/// Which release of the suite was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suite {
    /// Such as `2026.12`.
    pub release: String,
    /// Whether it is the suite that the program carries.
    pub built_in: bool,
    /// Cases that were played and are newer than the release.
    pub newer_cases: usize,
}

/// Instances of the broker that were started for cases, beside those that the run began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instances {
    pub started: usize,
    /// How many ran at the same time, at most.
    pub at_once: usize,
    /// Combinations of settings that they were started with.
    pub settings: usize,
    /// The slowest of them, from its start to its first CONNACK.
    pub slowest_start_us: u64,
}

/// What a plain connection of the harness's own saw beside the cases, which sent a PINGREQ and a message to itself four times a
/// second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Responsiveness {
    /// How many PINGREQ were answered.
    pub round_trips: usize,
    /// The slowest answer, those apart that an outage delayed.
    pub slowest_us: u64,
    /// When the broker did not serve, in order.
    pub outages: Vec<Outage>,
}

/// A time in which the broker did not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outage {
    pub how: OutageKind,
    /// Since the run began.
    pub since_us: u64,
    /// Until it served again; not there if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasted_us: Option<u64>,
    /// The ids of the cases that were being played when it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<String>,
}

/// How an outage showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// The broker answered nothing for 3 s longer than its slowest answer took before, and kept the connection.
    Froze,
    /// It answered PINGREQ and delivered no message, for as long.
    Mute,
    /// It ended the connection, and accepted another at once.
    Dropped,
    /// It ended the connection, and accepted no other for a while.
    Down,
}

/// That a run ended before all cases were played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndedEarly {
    pub why: String,
    /// The ids of the cases that were not played, or not to their end.
    pub not_played: Vec<String>,
}

/// Options of the run that results depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Options {
    pub seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chaos: Option<u64>,
    pub timeout_scale: f64,
    /// Cases at the same time, where the user named a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<usize>,
    pub max_wait_us: u64,
    /// What records were held against: `expected`, `accepted`, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Of which cases the document has transcripts.
    pub transcripts: Transcripts,
    /// How often a case that was not as expected was played again.
    #[serde(default, skip_serializing_if = "case::is_zero")]
    pub retries: usize,
    /// Whether a flaky case fails the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_flaky: bool,
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    pub cases: usize,
    pub passed: usize,
    pub failed: usize,
    pub warned: usize,
    pub skipped: usize,
    pub inconclusive: usize,
    /// Of those that failed: accepted for this target.
    pub accepted: usize,
    /// Cases that are not as expected.
    pub unexpected: usize,
    /// Cases that were chosen and not played.
    pub not_played: usize,
    /// Records that are not as reviewed.
    pub changed: usize,
    /// Of those that changed: ones that count for nothing.
    pub informed: usize,
    /// Records that were never reviewed.
    pub new: usize,
    /// Reviewed records, and accepted deviations, that nothing shows any more.
    pub stale: usize,
    /// Reviewed records beside which an unreviewed one lies.
    pub pending: usize,
    /// Cases that were as expected only when they were played again.
    #[serde(default)]
    pub flaky: usize,
}

/// Something reviewed that no case shows any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stale {
    pub kind: StaleKind,
    /// The snapshot's file, or the line of the target file.
    pub place: String,
    /// What is not shown any more.
    pub why: String,
}

/// What sort of review it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StaleKind {
    Snapshot,
    Deviation,
}

impl Document {
    /// Whether the run fails because of its flaky cases, with `--fail-flaky`.
    pub const fn fails_by_flaky(&self) -> bool {
        self.run.options.fail_flaky && self.summary.flaky > 0
    }

    /// Removes all transcripts.
    #[must_use]
    pub fn without_transcripts(mut self) -> Self {
        for case in &mut self.cases {
            (case.play, case.control) = (None, None);
            for attempt in &mut case.attempts {
                attempt.play = None;
            }
        }
        self.run.options.transcripts = Transcripts::None;
        self
    }

    /// The finding that is the example of a cause, and its case.
    pub fn example(&self, cause: &Cause) -> Option<(&Case, &Finding)> {
        let case = self.cases.iter().find(|c| c.id == cause.example.case)?;
        Some((case, case.findings.get(cause.example.finding)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");

    /// The schema is generated from the types and their doc comments. `UPDATE_SCHEMA=1` writes it again.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let schema = schemars::schema_for!(Document);
        let mut schema = serde_json::to_value(schema).expect("a schema");
        schema["title"] = format!("A report of mqtt-check, format {FORMAT}").into();
        schema["properties"]["format"]["const"] = FORMAT.into();
        let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(PLACE, &text).expect("writing");
        }
        let kept = std::fs::read_to_string(PLACE).unwrap_or_default();
        assert!(
            kept == text,
            "docs/report.schema.json is not that of the types"
        );
    }
}
