//! Builds the causes of the document, and the conformance by chapter.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::{PacketType, ProtocolVersion};
use serde::{Deserialize, Serialize};

use super::case::clause;
use crate::coverage::DOCUMENTS;
use crate::outcome::Concluded;
use crate::outcome::cause::{Group, Part, Root, grouped};
use crate::report::clauses::{is_within, titles};
use crate::report::document::{Case, Cause, Chapter, Conformance, Example, Folded, Level};
use crate::requirements::{self, Requirement};
use crate::verdict::{FindingKind, Verdict, monitor};

/// Builds the causes of these findings, whose texts are in `cases`. `file` is the path of the target file whose
/// deviations are accepted.
pub(in crate::report) fn causes(roots: &[Root], file: Option<&str>, cases: &[Case]) -> Vec<Cause> {
    let by_id: BTreeMap<&str, &Case> = cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let groups = grouped(roots);
    groups
        .iter()
        .filter_map(|group| one(group, file, &by_id))
        .collect()
}

fn one(group: &Group, file: Option<&str>, cases: &BTreeMap<&str, &Case>) -> Option<Cause> {
    let example = group.cases.first()?;
    let finding = cases
        .get(example.case.as_str())?
        .findings
        .get(example.finding)?;
    let id = |part: &Part| part.case.clone();
    let entry = group.entry.as_ref();
    Some(Cause {
        level: Level::from(group.level),
        rank: group.rank.as_str().to_owned(),
        clauses: group
            .clauses
            .iter()
            .map(|cited| clause(cited.version, &cited.id))
            .collect(),
        expected: finding.expected.clone(),
        actual: finding.actual.clone(),
        accepted_by: entry.and_then(|(line, _)| file.map(|file| format!("{file}:{line}"))),
        came: entry.map(|(_, came)| came.clone()),
        accepted: group.is_accepted(),
        example: Example {
            case: id(example),
            finding: example.finding,
            consequences: {
                let all = example.consequences.iter();
                all.map(|(index, _)| *index).collect()
            },
        },
        follows: group
            .reasons()
            .into_iter()
            .map(|(because, cases)| Folded {
                because: because.to_string(),
                cases: cases.into_iter().cloned().collect(),
            })
            .collect(),
        cases: group.cases.iter().map(id).collect(),
        likely: group.likely.iter().map(id).collect(),
    })
}

/// The outcome of a statement, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::report) enum StatementOutcome {
    Must,
    Should,
    Holds,
}

/// The outcome of each statement, by the version of its document and its id.
pub(in crate::report) type Statements = BTreeMap<(String, String), StatementOutcome>;

/// Returns what these cases show of each statement.
pub(in crate::report) fn statements(cases: &[Concluded<'_>]) -> Statements {
    let mut fates: BTreeMap<(ProtocolVersion, &str), StatementOutcome> = BTreeMap::new();
    let mut note = |version, id, fate: StatementOutcome| {
        let known = fates.entry((version, id)).or_insert(fate);
        *known = fate.min(*known);
    };
    // The types of packets that the broker sent to clients of each version.
    let mut packets: BTreeMap<ProtocolVersion, BTreeSet<PacketType>> = BTreeMap::new();
    for case in cases {
        let result = case.result;
        let version = requirements::document(result.id.version);
        if matches!(
            result.verdict,
            Verdict::Skipped { .. } | Verdict::Inconclusive { .. }
        ) {
            continue;
        }
        // After a violation, later steps may not have been played as intended.
        if result.verdict != Verdict::Failed {
            for id in &result.clauses {
                note(version, id.as_str(), StatementOutcome::Holds);
            }
        }
        let received = packets.entry(version).or_default();
        received.extend(&result.summary.received);
        for finding in &result.findings {
            let fate = match (finding.kind(), Level::from(finding.level())) {
                (FindingKind::Violation, Level::Must) => StatementOutcome::Must,
                (FindingKind::Violation, Level::Should) => StatementOutcome::Should,
                _ => continue,
            };
            for id in finding.clauses() {
                note(version, id.as_str(), fate);
            }
        }
    }
    for (version, packets) in &packets {
        let watched = monitor::clauses(*version).into_iter();
        for id in watched.filter(|id| is_shown(*version, id, packets)) {
            note(*version, id, StatementOutcome::Holds);
        }
    }
    let named = fates.into_iter();
    named
        .map(|((version, id), fate)| ((version.to_string(), id.to_owned()), fate))
        .collect()
}

/// Returns how the broker keeps each document, from the outcomes of the statements.
pub(in crate::report) fn conformance(statements: &Statements) -> Vec<Conformance> {
    let played = DOCUMENTS.into_iter().filter(|document| {
        let name = document.to_string();
        statements.keys().any(|(version, _)| *version == name)
    });
    played
        .map(|document| Conformance {
            document: document.to_string(),
            chapters: chapters(document, statements),
        })
        .collect()
}

/// Whether these packets of the broker show that it keeps a rule that the monitor checks in every case. If the rule is
/// about a packet that the server sends, one such packet is enough. For any other rule, a packet other than CONNACK and
/// PINGRESP is needed.
fn is_shown(version: ProtocolVersion, id: &str, packets: &BTreeSet<PacketType>) -> bool {
    let section = requirements::find(version, id).map_or("", |r| r.section_number());
    // Section 3.N of both standards is about the packet of type N.
    let about = section.strip_prefix("3.").and_then(|rest| {
        let number = rest.split('.').next()?.parse().ok()?;
        Some(PacketType(number)).filter(|packet| monitor::is_from_server(*packet, version))
    });
    match about {
        Some(packet) => packets.contains(&packet),
        None => packets
            .iter()
            .any(|t| ![PacketType::CONNACK, PacketType::PINGRESP].contains(t)),
    }
}

fn chapters(document: ProtocolVersion, statements: &Statements) -> Vec<Chapter> {
    let of = |number: &'static str, title: &'static str| {
        let mut chapter = Chapter {
            number: number.to_owned(),
            title: title.to_owned(),
            hold: 0,
            violated_must: Vec::new(),
            violated_should: Vec::new(),
            not_exercised: 0,
        };
        let within = |r: &&Requirement| is_within(r.section_number(), number);
        for requirement in requirements::all(document).filter(within) {
            let id = || requirement.id.to_owned();
            match statements.get(&(document.to_string(), requirement.id.to_owned())) {
                Some(StatementOutcome::Must) => chapter.violated_must.push(id()),
                Some(StatementOutcome::Should) => chapter.violated_should.push(id()),
                Some(StatementOutcome::Holds) => chapter.hold += 1,
                None if requirement.hindrance().is_none() => chapter.not_exercised += 1,
                None => {}
            }
        }
        chapter
    };
    titles(document)
        .map(|(number, title)| of(number, title))
        .filter(|c| c.hold + c.not_exercised + c.violated() > 0)
        .collect()
}
