//! The causes of the document, and how the broker keeps each chapter.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::case::clause;
use crate::coverage::DOCUMENTS;
use crate::outcome::Concluded;
use crate::outcome::cause::{self, Shown};
use crate::report::clauses::{is_within, titles};
use crate::report::document::{Cause, Chapter, Conformance, Example, Folded, Level};
use crate::requirements::{self, Requirement};
use crate::target::TargetFile;
use crate::verdict::{Finding, FindingKind, Verdict, monitor};

pub(super) fn causes(cases: &[Concluded<'_>], file: Option<&TargetFile>) -> Vec<Cause> {
    let found = cause::causes(cases, file);
    found.iter().filter_map(|found| one(found, file)).collect()
}

fn one(found: &cause::Cause<'_>, file: Option<&TargetFile>) -> Option<Cause> {
    let example = found.example()?;
    let place = |line: u32| file.map(|file| format!("{}:{line}", file.source.path));
    let id = |shown: &Shown<'_>| shown.case.result.id.to_string();
    Some(Cause {
        level: Level::from(found.level),
        rank: found.rank.as_str().to_owned(),
        clauses: found
            .clauses
            .iter()
            .map(|cited| clause(cited.version, &cited.id))
            .collect(),
        expected: example.finding.expected.clone(),
        actual: example.finding.actual.clone(),
        accepted_by: found.entry.and_then(|entry| place(entry.place.line)),
        came: found.entry.map(|entry| entry.came.clone()),
        accepted: found.is_accepted(),
        example: Example {
            case: id(example),
            finding: index_of(example, example.finding),
            consequences: example
                .consequences
                .iter()
                .map(|consequence| index_of(example, consequence.finding))
                .collect(),
        },
        follows: found
            .reasons()
            .into_iter()
            .map(|(because, cases)| Folded {
                because: because.to_string(),
                cases: cases.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        cases: found.cases.iter().map(id).collect(),
        likely: found.likely.iter().map(id).collect(),
    })
}

fn index_of(shown: &Shown<'_>, finding: &Finding) -> usize {
    let mut all = shown.case.result.findings.iter();
    all.position(|other| std::ptr::eq(other, finding))
        .unwrap_or(0)
}

/// What became of a statement, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StatementOutcome {
    Must,
    Should,
    Holds,
}

pub(super) fn conformance(cases: &[Concluded<'_>]) -> Vec<Conformance> {
    let mut fates: BTreeMap<(ProtocolVersion, &str), StatementOutcome> = BTreeMap::new();
    let mut note = |version, id, fate: StatementOutcome| {
        let known = fates.entry((version, id)).or_insert(fate);
        *known = fate.min(*known);
    };
    // What the broker sent to the clients of each version.
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
        // After a fault not every step that follows is played as it should be.
        if result.verdict != Verdict::Failed {
            for id in &result.clauses {
                note(version, id.as_str(), StatementOutcome::Holds);
            }
        }
        let came = packets.entry(version).or_default();
        came.extend(&result.summary.received);
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
    let played = DOCUMENTS
        .into_iter()
        .filter(|document| fates.keys().any(|(version, _)| version == document));
    played
        .map(|document| Conformance {
            document: document.to_string(),
            chapters: chapters(document, &fates),
        })
        .collect()
}

/// Whether these packets of the broker show that it keeps a rule which is looked at everywhere: one of the packet that
/// the rule is about, or for a rule of a client's packet or of no one packet, whatever comes beyond greetings.
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

fn chapters(
    document: ProtocolVersion,
    fates: &BTreeMap<(ProtocolVersion, &str), StatementOutcome>,
) -> Vec<Chapter> {
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
            match fates.get(&(document, requirement.id)) {
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
