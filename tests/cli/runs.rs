//! Runs against the bundled broker.

use std::io::Read as _;

use insta::assert_snapshot;

use crate::program::{PING, Program, WRONG};

#[test]
fn passes_what_is_right() {
    let program = Program::new("run --no-snapshots").file("scenarios/basic/ping.yaml", PING);
    assert_snapshot!(program.run());
}

#[test]
fn tells_a_failure_in_full() {
    let program = Program::new("run --no-snapshots")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_snapshot!(program.run());
}

#[test]
fn shows_every_transcript() {
    let program = Program::new("run --no-snapshots --verbose --protocol 3.1.1");
    assert_snapshot!(program.file("scenarios/basic/ping.yaml", PING).run());
}

#[test]
fn a_message_of_qos_2_is_released_where_its_answer_may_be_a_success() {
    let scenario = "\
title: A message is taken, or the quota is exceeded
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { publish: { topic: t, payload: m, qos: 2, expect: { reason: { one_of: [success, no_matching_subscribers, quota_exceeded] } } } }
";
    let program = Program::new("run --no-snapshots --verbose").file("scenarios/a.yaml", scenario);
    assert_snapshot!(program.run());
}

/// A scenario with two clients that use this filter. One of them gets the message.
fn one_of(filter: &str, expected: &str) -> Program {
    let scenario = format!(
        "\
title: One of two gets it, and the other one when that has left
versions: [5]
clients: {{ a: , b: , pub: }}
steps:
  - a: connect
  - a: {{ subscribe: {filter} }}
  - b: connect
  - b: {{ subscribe: {filter} }}
  - pub: connect
  - pub: {{ publish: {{ topic: t, payload: m }} }}
  - one_of: [a, b]
    expect: {{ publish: {{ payload: {expected} }} }}
    as: holder
    rest: other
    clause: RULE-4.8.2-1
  - holder: disconnect
  - pub: {{ publish: {{ topic: t, payload: n }} }}
  - other: {{ expect: {{ publish: {{ payload: n }} }} }}
"
    );
    Program::new("run --no-snapshots").file("scenarios/a.yaml", scenario)
}

#[test]
fn one_of_several_gets_it_and_has_a_name_from_there_on() {
    let program = one_of("$share/g/t", "m").arguments("run --no-snapshots --verbose");
    assert_snapshot!(program.run());
}

#[test]
fn one_of_several_is_not_all_of_them() {
    assert_snapshot!(one_of("t", "m").run());
}

#[test]
fn one_of_several_is_not_none() {
    assert_snapshot!(one_of("u", "m").run());
}

#[test]
fn one_of_several_gets_what_is_expected() {
    assert_snapshot!(one_of("$share/g/t", "x").run());
}

#[test]
fn stops_at_the_first_failure() {
    let rows: String = (0..1000)
        .map(|n| format!("  row-{n}: {{ payload: '{n}' }}\n"))
        .collect();
    let many = format!(
        "title: A message is taken\ncases:\n{rows}clients: {{ a: }}\nsteps:\n  - a: connect\n  - a: {{ publish: {{ topic: t, payload: $payload, qos: 2 }} }}\n"
    );
    let program = Program::new("run --no-snapshots --fail-fast --jobs 1")
        .file("scenarios/a.yaml", WRONG)
        .file("scenarios/b.yaml", many);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 failed"), "{ended}");
    assert!(ended.stdout.contains("2000 not played"), "{ended}");
}

#[test]
fn skips_count_as_nothing_to_run() {
    let skipped = PING.replace("clients:", "needs: [tls]\nclients:");
    let program = Program::new("run --no-snapshots").file("scenarios/ping.yaml", skipped);
    assert_snapshot!(program.run());
}

#[test]
fn the_same_seed_gives_the_same_transcripts() {
    let run = || {
        let program = Program::new("run --no-snapshots --verbose --seed 42")
            .file("scenarios/ping.yaml", PING)
            .file("scenarios/wrong.yaml", WRONG);
        program.run().stdout
    };
    assert_eq!(run(), run());
}

#[test]
fn a_closed_pipe_is_no_error() {
    let program = Program::new("run --no-snapshots --verbose").file("scenarios/ping.yaml", PING);
    let mut child = program.start();
    drop(child.stdout.take());
    let mut errors = String::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    stderr.read_to_string(&mut errors).expect("reading");
    let status = child.wait().expect("waiting");
    assert_eq!(status.code(), Some(0), "{errors}");
    assert!(
        !errors.contains("panicked") && !errors.contains("error"),
        "{errors}"
    );
}

#[test]
fn shows_that_the_suite_can_fail() {
    let takeover = "\
title: A second CONNECT takes the session over
versions: [5]
clients: { first: { id: shared }, second: { id: shared } }
steps:
  - first: connect
  - second: connect
  - first: { expect: { disconnect: { reason: session_taken_over } } }
    clause: MQTT-3.1.4-3
    level: should
  - first: { expect: closed }
    clause: MQTT-3.1.4-3
";
    let program = Program::new("mutants --fault no-disconnect-on-takeover")
        .file("scenarios/session/takeover.yaml", takeover);
    assert_snapshot!(program.run());
    let json = program.arguments("mutants --fault no-disconnect-on-takeover --json");
    assert_snapshot!(json.run());
    // The same without the clause: the case fails, but no citation names the fault's clause.
    let uncited = takeover.replacen("    clause: MQTT-3.1.4-3\n", "", 1);
    let unnamed = json
        .file("scenarios/session/takeover.yaml", &uncited)
        .arguments("mutants --fault no-disconnect-on-takeover --verbose");
    assert_snapshot!(unnamed.run());
    let survived = unnamed
        .file("scenarios/session/takeover.yaml", PING)
        .arguments("mutants --fault no-disconnect-on-takeover");
    assert_snapshot!(survived.run());
}

#[test]
fn tells_what_else_is_blamed_under_a_fault() {
    let on_another_clause = "\
title: A ping is answered, which this step says of another statement
clients: { a: }
steps:
  - a: connect
  - a: ping
    clause: { 3.1.1: MQTT-3.1.4-4, 5: MQTT-3.1.4-5 }
";
    let program = Program::new("mutants --fault no-pingresp --verbose")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", on_another_clause);
    assert_snapshot!(program.run());
    let ended = program
        .arguments("mutants --fault no-pingresp --json")
        .run();
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let result = &told["results"][0];
    for counted in [&told, result] {
        assert_eq!(counted["findings"], 4, "{counted}");
        assert_eq!(counted["findings_citing"], 2, "{counted}");
    }
    let also = serde_json::json!({
        "[3.1.1 MQTT-3.1.4-4]": { "findings": 1, "case": "basic/wrong@3.1.1" },
        "[5 MQTT-3.1.4-5]": { "findings": 1, "case": "basic/wrong@5" },
    });
    assert_eq!(result["also_blamed"], also);
}

#[test]
fn a_connack_that_refuses_is_an_answer_even_if_no_step_takes_it() {
    const REFUSED: &str = "\
title: The server refuses the client in one way or another
exclusive: true
broker: { banned_clients: [ visitor ] }
clients:
  visitor:
steps:
  - visitor: { connect: { no_wait: true } }
  - visitor: { expect: closed }
";
    let program = Program::new("run --no-snapshots").file("scenarios/refused.yaml", REFUSED);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 warned"), "{ended}");
    assert!(!ended.stdout.contains("RULE-3.2-1"), "{ended}");
}
