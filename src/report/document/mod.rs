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
    /// The cases, in the order of their ids.
    pub cases: Vec<Case>,
    /// The defects that were found, the worst first; accepted ones last.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// How the broker conforms to each document, as far as the cases exercised it.
    #[serde(default)]
    pub conformance: Vec<Conformance>,
    /// Reviewed snapshots and entries that no case shows any more.
    pub stale: Vec<Stale>,
    /// How the run compares with the profile of the target; absent if there is none to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Which part of a run this is; absent for a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// Marks the report of one part of a run (`--shard 2/5`). `mqtt-check merge` joins the reports of all parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Shard {
    /// The number of this part, from 1.
    pub number: usize,
    /// The number of parts.
    pub of: usize,
    /// A digest of the scenarios of all cases of the run.
    pub suite: String,
    /// The ids of all cases of the run, in their order.
    pub cases: Vec<String>,
    /// What `merge` needs to judge the whole run; not part of the format.
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
    /// The version that it reports below `$SYS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The versions of MQTT that it supports, as far as the run found out.
    pub versions: Vec<String>,
    pub not_spoken: Vec<NotSpoken>,
    /// Its known capabilities, by the names that scenarios use. Those not listed are unknown.
    pub capabilities: BTreeMap<String, Capability>,
    /// The fields of its CONNACK for version 5, if it sent one before the run.
    pub connack: Vec<Field>,
    /// The Keep Alive of connections whose scenario sets none, in seconds; 0 if the broker accepts that.
    pub keep_alive_s: u16,
}

/// A version that the broker does not support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotSpoken {
    pub version: String,
    /// How the run found out.
    pub why: String,
    /// What requires this version: `--protocol` or the target file. The run then fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_by: Option<String>,
}

/// Something that a broker may offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capability {
    pub available: bool,
    /// How the run knows that it is unavailable.
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
    /// The release of the suite; absent for the user's own scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Suite>,
    /// Instances of the broker that were started for cases; absent if there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<Instances>,
    /// How responsive the broker was; absent for the bundled one, and if it answered no PINGREQ of the harness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsiveness: Option<Responsiveness>,
    pub interrupted: bool,
    /// Why not all cases were played, and which were not; absent if all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<EndedEarly>,
    /// Errors outside the cases, such as what ended the run early.
    pub problems: Vec<String>,
    /// The exit code that the results alone give.
    pub exit: u8,
    /// The options that replay one of its cases, except `--filter` and `--seed`.
    pub again: String,
    /// The command that replays every case with an unexpected verdict; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_again: Option<String>,
    /// The option that tells `review` the folder of the snapshots; empty if `review` finds it by itself.
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

/// Instances of the broker that were started for cases, in addition to those that the run began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instances {
    pub started: usize,
    /// How many ran at the same time, at most.
    pub at_once: usize,
    /// Combinations of settings that they were started with.
    pub settings: usize,
    /// The slowest start, up to the first CONNACK.
    pub slowest_start_us: u64,
}

/// What a separate connection of the harness measured during the run. It sent a PINGREQ and a message to itself four
/// times a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Responsiveness {
    /// How many PINGREQs were answered.
    pub round_trips: usize,
    /// The slowest answer, not counting those that an outage delayed.
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
    /// Until it served again; absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasted_us: Option<u64>,
    /// The ids of the cases that were being played when it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<String>,
}

/// The symptom of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// The broker answered nothing for 3 s longer than its slowest answer took before, and kept the connection.
    Froze,
    /// It answered PINGREQ but delivered no message, for as long.
    Mute,
    /// It closed the connection, and accepted a new one at once.
    Dropped,
    /// It closed the connection, and accepted no new one for a while.
    Down,
}

/// Why a run ended before all cases were played, and which were not.
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
    /// Whether clients whose scenario names no node were placed on the nodes of the target in turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spread: bool,
    pub timeout_scale: f64,
    /// The number of cases at the same time, if the user set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<usize>,
    pub max_wait_us: u64,
    /// What records were compared with: `expected`, `accepted`, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Which cases have transcripts in this document.
    pub transcripts: Transcripts,
    /// How often a case that was not as expected was played again.
    #[serde(default, skip_serializing_if = "case::is_zero")]
    pub retries: usize,
    /// Whether a flaky case fails the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_flaky: bool,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    pub cases: usize,
    pub passed: usize,
    pub failed: usize,
    pub warned: usize,
    pub skipped: usize,
    pub inconclusive: usize,
    /// Failed cases that are accepted for this target.
    pub accepted: usize,
    /// Cases that are not as expected.
    pub unexpected: usize,
    /// Cases that were chosen and not played.
    pub not_played: usize,
    /// Records that are not as reviewed.
    pub changed: usize,
    /// Changed records that do not affect the result.
    pub informed: usize,
    /// Records that were never reviewed.
    pub new: usize,
    /// Reviewed records and accepted deviations that no case shows any more.
    pub stale: usize,
    /// Reviewed records for which there is also an unreviewed one.
    pub pending: usize,
    /// Cases that were as expected only when they were played again.
    #[serde(default)]
    pub flaky: usize,
}

/// A reviewed record or entry that no case shows any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stale {
    pub kind: StaleKind,
    /// The snapshot's file, or the line of the target file.
    pub place: String,
    /// What no case shows any more.
    pub why: String,
}

/// What no case shows any more: a record, or a deviation in the target file.
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
