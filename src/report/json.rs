//! The machine interface: one JSON document for a run.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::{Report, library_facts};
use crate::outcome::Concluded;
use crate::report::words::alternatives;
use crate::transcript::{What, text};
use crate::verdict::{CaseResult, Finding, FindingKind, Verdict};

/// So many packets of a case are in the document, the first and the last: a broker may send without end.
const PACKETS: usize = 1000;

#[derive(Serialize)]
struct Document<'a> {
    tool: Tool,
    target: TargetPart<'a>,
    summary: Summary,
    cases: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct TargetPart<'a> {
    name: &'a str,
    url: Option<&'a str>,
    capabilities: BTreeMap<&'a str, bool>,
    /// Versions that were named and that the broker does not speak, with how it shows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    not_spoken: BTreeMap<&'static str, &'a str>,
    /// Only where a Keep Alive of 0 was not to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive_s: Option<u16>,
}

#[derive(Serialize)]
struct Summary {
    cases: usize,
    passed: usize,
    failed: usize,
    warned: usize,
    skipped: usize,
    inconclusive: usize,
    changed: usize,
    new: usize,
    stale: usize,
    wall_ms: u64,
    virtual_ms: u64,
}

#[derive(Serialize)]
struct Case<'a> {
    id: String,
    title: &'a str,
    version: &'static str,
    verdict: &'static str,
    reason: Option<&'a str>,
    clauses: Vec<&'a str>,
    /// Where the behaviour was seen on real brokers.
    threads: &'a [String],
    snapshot: Option<&'static str>,
    wall_ms: u64,
    /// Only where this machine disturbed a play, so that there was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    plays: Option<usize>,
    choices: BTreeMap<&'a str, &'a str>,
    /// What was measured and no clause judges; only where something was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measured: Vec<MeasuredPart>,
    /// What client libraries did on their own side; only where one played.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    library_facts: Vec<String>,
    findings: Vec<FindingPart<'a>>,
    /// What went to and fro, with the harness's own pings; only where something does not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packets: Vec<PacketPart>,
    /// How many more there were, between the first half of `packets` and the second.
    #[serde(skip_serializing_if = "is_zero")]
    packets_left_out: usize,
}

#[derive(Serialize)]
struct MeasuredPart {
    name: &'static str,
    value: f64,
}

#[derive(Serialize)]
struct PacketPart {
    at_ms: u64,
    /// `first < PUBACK packet_id=1`
    text: String,
    /// Whether the harness sent it, or was sent it, for its own sake.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    own: bool,
}

#[derive(Serialize)]
struct FindingPart<'a> {
    clause: Option<&'a str>,
    level: &'static str,
    expected: String,
    actual: String,
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
}

/// The document as text.
///
/// # Errors
/// Never for what a run brings; serde's interface has the error.
pub fn render(report: &Report<'_>) -> Result<String, serde_json::Error> {
    let counts = report.counts();
    let document = Document {
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        target: TargetPart {
            name: &report.target.name,
            url: report.target.url.as_deref(),
            capabilities: report
                .target
                .capabilities
                .iter()
                .map(|(name, there)| (name.as_str(), *there))
                .collect(),
            not_spoken: report
                .unspoken
                .iter()
                .map(|unspoken| (unspoken.version.as_str(), unspoken.why.as_str()))
                .collect(),
            keep_alive_s: Some(report.target.keep_alive_s).filter(|seconds| *seconds > 0),
        },
        summary: Summary {
            cases: counts.cases,
            passed: counts.passed,
            failed: counts.failed,
            warned: counts.warned,
            skipped: counts.skipped,
            inconclusive: counts.inconclusive,
            changed: counts.changed,
            new: counts.new,
            stale: counts.stale,
            wall_ms: milliseconds(report.wall),
            virtual_ms: milliseconds(report.virtual_time()),
        },
        cases: report.cases.iter().map(case).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn case<'a>(case: &'a Concluded<'_>) -> Case<'a> {
    let result = case.result;
    let (packets, packets_left_out) = packets(result);
    Case {
        id: result.id.to_string(),
        title: &result.title,
        version: result.id.version.as_str(),
        verdict: result.verdict.as_str(),
        reason: result.verdict.reason(),
        clauses: result.clauses.iter().map(String::as_str).collect(),
        threads: &case.plan.scene.threads,
        snapshot: case.outcome.comparison.as_ref().map(|c| c.state.as_str()),
        wall_ms: milliseconds(result.wall),
        plays: Some(result.plays).filter(|plays| *plays > 1),
        choices: result
            .choices
            .iter()
            .map(|(name, answer)| (name.as_str(), answer.as_str()))
            .collect(),
        measured: result
            .measured
            .iter()
            .map(|measured| MeasuredPart {
                name: measured.measure.name(),
                value: measured.value,
            })
            .collect(),
        library_facts: library_facts(case),
        findings: result
            .findings
            .iter()
            .flat_map(|finding| parts(finding, &result.file))
            .collect(),
        packets,
        packets_left_out,
    }
}

/// The first and the last of what went to and fro in a case that does not hold, and how many are left out.
fn packets(result: &CaseResult) -> (Vec<PacketPart>, usize) {
    let holds = matches!(result.verdict, Verdict::Passed | Verdict::Skipped { .. });
    let transcript = result.transcript.as_ref().filter(|_| !holds);
    let events = transcript.into_iter().flat_map(|transcript| {
        let shown = move |event| text::event(transcript, event);
        transcript.events.iter().filter_map(move |event| {
            Some(PacketPart {
                at_ms: milliseconds(event.at),
                text: shown(event)?,
                own: matches!(
                    event.what,
                    What::OwnPing | What::OwnPong | What::Shown { is_own: true, .. }
                ),
            })
        })
    });
    let mut events = events.fuse();
    let mut packets: Vec<PacketPart> = events.by_ref().take(PACKETS / 2).collect();
    let mut last = VecDeque::new();
    let mut left_out = 0;
    for packet in events {
        if last.len() == PACKETS / 2 {
            last.pop_front();
            left_out += 1;
        }
        last.push_back(packet);
    }
    packets.extend(last);
    (packets, left_out)
}

/// Whether nothing is left out.
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A finding once for each clause that its step cites, or once without.
fn parts<'a>(finding: &'a Finding, file: &'a str) -> Vec<FindingPart<'a>> {
    let clauses: Vec<Option<&str>> = match finding.clauses() {
        [] => vec![None],
        some => some.iter().map(|clause| Some(clause.as_str())).collect(),
    };
    clauses
        .into_iter()
        .map(|clause| FindingPart {
            clause,
            level: finding.level().as_str(),
            expected: alternatives(&finding.expected),
            actual: match finding.kind() {
                FindingKind::Violation => finding.actual.clone(),
                FindingKind::NotReached => format!("not reached: {}", finding.actual),
                FindingKind::NotObservable => format!("not observable: {}", finding.actual),
            },
            file,
            line: finding.place.map(|place| place.line),
            column: finding.place.map(|place| place.column),
        })
        .collect()
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
