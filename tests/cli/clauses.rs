//! `mqtt-check clauses`: what a suite proves, found out by playing it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::{PING, Program};

/// Cites a clause that a fault shows to be checked and one that no fault breaks here, both at steps that judge.
const CITING: &str = "\
title: A ping is answered
clients: { a: }
steps:
  - a: connect
  - a: ping
    clause: MQTT-3.12.4-1
  - a: { subscribe: t }
    clause: MQTT-4.7.3-4
";

/// Cites a clause at a step that judges nothing.
const IDLE: &str = "\
title: Nothing is looked at
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { publish: { topic: t, qos: 1, no_wait: true } }
    clause: MQTT-4.3.2-4
  - a: { expect: { puback: {} } }
    clause: MQTT-3.4.2-1
    level: may
";

fn clauses(options: &str) -> Program {
    Program::new(&format!("clauses {options}"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/citing.yaml", CITING)
        .file("scenarios/basic/idle.yaml", IDLE)
}

fn json(options: &str) -> Value {
    let ended = clauses(options).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn counts_by_version_and_chapter() {
    assert_snapshot!(clauses("--chapter 3.12 --chapter 4.7").run());
}

#[test]
fn lists_what_is_not_proven() {
    assert_snapshot!(clauses("--open --protocol 5 --chapter 4.7").run());
}

#[test]
fn lists_statements_by_their_ids() {
    assert_snapshot!(clauses("--filter MQTT-3.12.4-1 --filter MQTT-4.7.3-?").run());
}

#[test]
fn says_what_a_broker_cannot_be_held_to() {
    assert_snapshot!(clauses("--filter MQTT-3.1.3-1").run());
}

#[test]
fn gives_json() {
    assert_snapshot!(clauses("--json --filter MQTT-3.12.4-1").run());
}

#[test]
fn a_step_that_judges_nothing_covers_nothing() {
    let document = json("--json --protocol 5 --filter MQTT-4.3.2-4 --filter MQTT-3.4.2-1");
    let cases: Vec<&Value> = document["clauses"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|clause| &clause["scenarios"])
        .collect();
    assert_eq!(cases.len(), 2);
    assert!(
        cases
            .iter()
            .all(|cases| cases.as_array().is_some_and(Vec::is_empty))
    );
}

#[test]
fn the_numbers_of_json_are_of_the_whole_catalogue_and_agree_with_its_list() {
    let document = json("--json");
    let clauses = document["clauses"].as_array().expect("a list");
    for (version, statements, testable) in [("3.1.1", 141, 127), ("5", 251, 237)] {
        let told = &document["versions"][version];
        assert_eq!(told["statements"], statements);
        assert_eq!(told["testable"], testable);
        for (key, state) in [
            ("proven", "proven"),
            ("covered", "covered"),
            ("open", "open"),
            ("not_testable", "not testable"),
            ("no_reaction", "no reaction stated"),
        ] {
            let listed = clauses.iter().filter(|clause| {
                let id = clause["id"].as_str().unwrap_or_default();
                clause["version"] == version && clause["state"] == state && id.starts_with("MQTT-")
            });
            assert_eq!(told[key], listed.count(), "{version} {state}");
        }
    }
    for clause in clauses {
        let is_proven = clause["state"] == "proven";
        assert_eq!(clause["reason"].is_null(), is_proven, "{clause}");
        let proofs = clause["proofs"].as_array().expect("a list");
        assert_eq!(!proofs.is_empty(), is_proven, "{clause}");
    }
}

#[test]
fn refuses_what_matches_nothing_and_what_is_no_number() {
    let nothing = clauses("--filter MQTT-9.9.9-9").run();
    assert_eq!(nothing.exit, Some(4), "{nothing}");
    let version = clauses("--protocol 3.1").run();
    assert_eq!(version.exit, Some(2), "{version}");
    let chapter = clauses("--chapter three").run();
    assert_eq!(chapter.exit, Some(2), "{chapter}");
}

/// Cites rules of other standards, one of them in a nested step.
const RULES: &str = "\
title: A ping frame is answered
clients: { a: { transport: websocket } }
steps:
  - a: connect
  - a: { frame: { type: ping, payload: x } }
  - parallel:
      - a: { expect: { frame: { type: pong, payload: x } } }
        rule: [ 'RFC 6455, 5.5.2', 'RFC 6455, 5.5.3' ]
";

fn with_rules(command: &str) -> Program {
    Program::new(command)
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/frames/ping.yaml", RULES)
}

#[test]
fn lists_the_rules_of_other_standards() {
    assert_snapshot!(
        with_rules("clauses --protocol 5 --filter")
            .argument("RFC 6455, 5.5.?")
            .run()
    );
    let ended = with_rules("clauses --json --filter")
        .argument("[RFC 6455, 5.5.3]")
        .run();
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(told["standards"].as_array().map(Vec::len), Some(1));
    let standing = &told["standards"][0];
    assert_eq!(standing["rule"], "RFC 6455, 5.5.3");
    assert_eq!(
        standing["scenarios"],
        serde_json::json!(["frames/ping@3.1.1", "frames/ping@5"])
    );
    assert_eq!(
        standing["faults"],
        serde_json::json!(["pong-with-other-payload"])
    );
}

#[test]
fn finds_and_explains_what_steps_inside_of_others_cite() {
    for filter in ["RFC 6455, 5.5.2", "[RFC 6455, 5.5.3]", "RFC 6455*"] {
        let ended = with_rules("list --filter").argument(filter).run();
        let listed = ended.stdout.lines().count();
        assert!(ended.stdout.contains("frames/ping@5"), "{filter}: {ended}");
        assert_eq!(listed, 2, "{filter}: {ended}");
    }
    assert_snapshot!(with_rules("explain frames/ping").run());
}

#[test]
fn explains_a_rule_and_the_fault_that_breaks_it() {
    assert_snapshot!(with_rules("explain [RFC 6455, 5.5.3]").run());
    assert_snapshot!(with_rules("explain pong-with-other-payload").run());
}

#[test]
fn a_fault_of_another_standard_is_caught_where_its_rule_is_cited() {
    assert_snapshot!(with_rules("mutants --fault pong-with-other-payload --verbose").run());
    assert_snapshot!(
        with_rules(
            "run --no-snapshots --protocol 5 --fault pong-with-other-payload scenarios/frames"
        )
        .run()
    );
}

/// The document of `mutants` has what `clauses` finds out by plays of its own.
#[test]
fn the_plays_of_all_faults_prove_the_same_statements() {
    let ended = clauses("").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let program = clauses("").arguments("mutants --statements --pairs 0");
    let mutants = program.run();
    // This suite misses most faults.
    assert_eq!(mutants.exit, Some(1), "{mutants}");
    assert!(mutants.stdout.ends_with(&ended.stdout), "{mutants}");
    let document = clauses("").arguments("mutants --statements --pairs 0 --json");
    let document = document.run().stdout;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["statements"], json("--json"));
}
