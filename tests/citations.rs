//! Checks the bundled broker against the catalogue, both ways. Everything that its source and its faults cite exists.
//! Every statement that a broker can be tested on is cited at the line that satisfies it and broken by a fault, or is
//! listed here with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mqtt_check::requirements::{self, Requirement};
use mqtt_check_broker::{Fault, Liberty, liberty};
use mqtt_check_codec::{ProtocolVersion, cited_clauses};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

type Id = (ProtocolVersion, String);

/// Statements that no line of the broker or its decoder cites.
const UNNAMED: &[(ProtocolVersion, &str, &str)] = &[
    (V3, "MQTT-2.3.1-2", NO_REACTION),
    (V3, "MQTT-3.14.4-2", NO_REACTION),
    (V5, "RULE-3.3.2.3.2-2", NO_REACTION),
];

const NO_REACTION: &str = "it binds clients, and nothing says what a server does about it";

/// Statements that no fault breaks.
const UNBROKEN: &[(ProtocolVersion, &str, &str)] = &[
    (V3, "MQTT-2.3.1-2", NO_REACTION),
    (V3, "MQTT-3.14.4-2", NO_REACTION),
    (V5, "RULE-3.3.2.3.2-2", NO_REACTION),
    (V5, "MQTT-6.0.0-3", NO_REACTION),
    (V3, "MQTT-6.0.0-3", NO_REACTION),
];

/// The citations in the sources of the broker and its decoder, such as `[5 MQTT-3.8.4-1]`.
fn cited() -> Vec<(PathBuf, Id)> {
    let mut found = Vec::new();
    let folders = ["broker/src", "codec/src"].map(Path::new);
    for file in folders.into_iter().flat_map(sources) {
        let text = fs::read_to_string(&file).expect("a source");
        for bracket in text.split('[').skip(1) {
            let Some((inside, _)) = bracket.split_once(']') else {
                continue;
            };
            let version = match inside.split_once(' ') {
                Some(("3.1.1", _)) => V3,
                Some(("5", _)) => V5,
                _ => continue,
            };
            let id = inside.split_once(' ').map_or("", |(_, id)| id);
            if id.starts_with("MQTT-") || id.starts_with("RULE-") {
                found.push((file.clone(), (version, id.to_owned())));
            }
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn statements(is_meant: impl Fn(&Requirement) -> bool) -> BTreeSet<Id> {
    [V3, V5]
        .into_iter()
        .flat_map(|version| {
            requirements::all(version)
                .filter(|requirement| is_meant(requirement))
                .map(move |requirement| (version, requirement.id.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn listed(list: &[(ProtocolVersion, &str, &str)]) -> BTreeSet<Id> {
    let ids = list
        .iter()
        .map(|(version, id, _)| (*version, (*id).to_owned()));
    ids.collect()
}

#[test]
fn what_the_broker_cites_exists() {
    let found = cited();
    assert!(found.len() > 300, "the citations were not found");
    let wrong: Vec<_> = found
        .iter()
        .filter(|(_, (version, id))| requirements::find(*version, id).is_none())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let wrong: Vec<_> = Fault::ALL
        .iter()
        .filter(|fault| {
            let clauses = fault.clauses();
            !(1..=4).contains(&clauses.len())
                || clauses.iter().any(|clause| {
                    requirements::find(clause.version, clause.id).is_none()
                        && !requirements::standard::is_rule(clause.id)
                })
        })
        .map(|fault| fault.name())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Statements with a MUST of which one part is only advice: sending a packet that announces the close.
const ADVISED_IN_PART: &[(ProtocolVersion, &str)] = &[(V5, "MQTT-3.1.4-3")];

/// Sections that permitted variations cite but that have no statement, nor do their neighbours.
const WITHOUT_STATEMENTS: &[(ProtocolVersion, &str)] =
    &[(V5, "4.11"), (V5, "5.4.2"), (V3, "5.4.2")];

/// Whether the catalogue has a statement in this section, in one below it or in the one above it.
fn is_section(version: ProtocolVersion, number: &str) -> bool {
    let is_within = |inner: &str, outer: &str| {
        inner == outer
            || inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    requirements::all(version).any(|requirement| {
        let known = requirement.section_number();
        is_within(known, number) || is_within(number, known)
    })
}

#[test]
fn what_leaves_a_liberty_open_exists_and_what_it_is_against_is_advice() {
    for liberty in Liberty::ALL {
        for clause in liberty.clauses() {
            let exists = match liberty::section(*clause) {
                Some(number) => {
                    WITHOUT_STATEMENTS.contains(&(clause.version, number))
                        || is_section(clause.version, number)
                }
                None => requirements::find(clause.version, clause.id).is_some(),
            };
            assert!(exists, "{}: {clause}", liberty.name());
        }
        for clause in liberty.against() {
            let advised = requirements::find(clause.version, clause.id)
                .is_some_and(|requirement| requirement.level.contains("SHOULD"))
                || ADVISED_IN_PART.contains(&(clause.version, clause.id));
            assert!(advised, "{}: {clause} is no advice", liberty.name());
        }
    }
}

#[test]
fn every_statement_that_a_broker_answers_to_is_named_where_it_is_satisfied() {
    // Statements that bind clients count too: the broker must handle it when a client violates them.
    let binding = statements(Requirement::is_testable);
    let decoded = cited_clauses().map(|clause| (clause.version, clause.id.to_owned()));
    let named: BTreeSet<Id> = cited()
        .into_iter()
        .map(|(_, id)| id)
        .chain(decoded)
        .collect();
    let unnamed: BTreeSet<Id> = binding.difference(&named).cloned().collect();
    assert_eq!(unnamed, listed(UNNAMED));
}

#[test]
fn every_statement_that_a_broker_can_be_held_to_is_broken_by_a_fault() {
    let testable = statements(Requirement::is_testable);
    let broken: BTreeSet<Id> = Fault::ALL
        .iter()
        .flat_map(|fault| fault.clauses())
        .map(|clause| (clause.version, clause.id.to_owned()))
        .collect();
    let unbroken: BTreeSet<Id> = testable.difference(&broken).cloned().collect();
    assert_eq!(unbroken, listed(UNBROKEN));
}
