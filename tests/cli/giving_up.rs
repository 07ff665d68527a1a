//! What a failed case no longer waits for.

use std::io::Write as _;
use std::time::Instant;

use serde_json::Value;

use crate::bad_brokers;
use crate::program::{Ended, Program};

/// Serves a broker that answers only CONNECT, SUBSCRIBE and PINGREQ. Returns the URL.
fn serve() -> String {
    bad_brokers::serve(|mut stream| {
        while let Some((first, body)) = bad_brokers::packet(&mut stream) {
            let answer = match first {
                0x10 if body[6] == 5 => vec![0x20, 3, 0, 0, 0],
                0x10 => vec![0x20, 2, 0, 0],
                0x82 => vec![0x90, 4, body[0], body[1], 0, 0],
                0xC0 => vec![0xD0, 0],
                0xE0 => return,
                _ => continue,
            };
            let _ = stream.write_all(&answer);
        }
    })
}

fn run(scenario: &str) -> (Ended, Value, f32) {
    let run = format!(
        "run --broker {} --no-snapshots --report json=out.json",
        serve()
    );
    let program = Program::new(&run).file("scenarios/lost.yaml", scenario);
    let began = Instant::now();
    let ended = program.run();
    let took = began.elapsed().as_secs_f32();
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report = serde_json::from_slice(&text).expect("JSON");
    (ended, report, took)
}

/// The actual results of the findings, in order.
fn actual(report: &Value) -> Vec<String> {
    let findings = report["cases"][0]["findings"].as_array().expect("findings");
    findings.iter().map(told).collect()
}

/// The actual result of a finding, marked if its step was not reached.
fn told(finding: &Value) -> String {
    let actual = finding["actual"].as_str().expect("a text");
    match finding["kind"].as_str() {
        Some("not_reached") => format!("not reached: {actual}"),
        _ => actual.to_owned(),
    }
}

#[test]
fn an_answer_that_did_not_come_is_waited_for_once() {
    let (ended, report, took) = run("\
title: Every message of QoS 2 is answered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - repeat: { times: 10, steps: [ a: { publish: { topic: t, qos: 2 } } ] }
  - wait: 20s
");
    assert_eq!(ended.exit, Some(1), "{ended}");
    // 5 s, not 70.
    assert!((5.0..20.0).contains(&took), "{took} s: {ended}");
    let told = actual(&report);
    assert_eq!(told[0], "no PUBREC within 5 s");
    let lost = told
        .iter()
        .filter(|t| t.contains("not reached: the case has already failed"));
    assert_eq!(lost.count(), 10, "{told:?}");
}

#[test]
fn a_clause_that_has_not_failed_yet_is_waited_for() {
    let (ended, report, took) = run("\
title: Messages are answered and delivered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { subscribe: t }
  - a: { publish: { topic: t, qos: 1 } }
    clause: MQTT-4.3.2-4
  - a: { publish: { topic: t, qos: 1 } }
    clause: MQTT-4.3.2-4
  - a: { publish: { topic: t, payload: zero } }
  - a: { expect: { publish: { payload: zero }, within: 2s } }
    clause: MQTT-3.3.4-1
  - a: { expect: { publish: { payload: zero }, within: 2s } }
    clause: [MQTT-4.3.2-4, MQTT-3.3.4-1]
  - a: { expect: { publish: { payload: zero }, within: 2s } }
  - a: ping
");
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!((7.0..20.0).contains(&took), "{took} s: {ended}");
    assert_eq!(
        actual(&report),
        [
            "no PUBACK within 5 s",
            "not reached: MQTT-4.3.2-4 has already failed",
            "no PUBLISH within 2 s",
            "not reached: MQTT-4.3.2-4 and MQTT-3.3.4-1 have already failed",
            "not reached: the case has already failed",
        ]
    );
}

#[test]
fn what_should_hold_gives_up_nothing() {
    let (ended, report, _) = run("\
title: A message is delivered twice
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { subscribe: t }
  - a: { expect: { suback: , within: 1s } }
    level: should
    clause: MQTT-3.8.4-2
  - a: { expect: { suback: , within: 1s } }
    level: should
    clause: MQTT-3.8.4-2
");
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(actual(&report), ["no SUBACK within 1 s"; 2]);
}

#[test]
fn a_case_that_gave_up_has_failed() {
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/qos");
    let run = "run --fault no-pubrec --no-snapshots --report json=out.json";
    let program = Program::new(&format!("{run} {suite}"));
    program.run();
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: Value = serde_json::from_slice(&text).expect("JSON");
    let cases = report["cases"].as_array().expect("cases").iter();
    let gave_up: Vec<&Value> = cases
        .filter(|case| case["findings"].to_string().contains("already failed"))
        .collect();
    assert!(gave_up.len() > 10, "{}", gave_up.len());
    for case in gave_up {
        assert_eq!(case["verdict"], "failed", "{case}");
    }
}

/// Plays a scenario on the bundled broker with these options. Returns the actual result and the first clause of each
/// finding.
fn found(options: &str, scenario: &str) -> (Ended, Vec<(String, String)>) {
    let run = format!("run {options} --no-snapshots --report json=out.json");
    let program = Program::new(&run).file("scenarios/lost.yaml", scenario);
    let ended = program.run();
    let text =
        std::fs::read(program.path("out.json")).unwrap_or_else(|error| panic!("{error}: {ended}"));
    let report: Value = serde_json::from_slice(&text).expect("JSON");
    let findings = report["cases"][0]["findings"].as_array().expect("findings");
    let each = findings.iter().map(|finding| {
        let actual = told(finding);
        let clause = finding["clauses"][0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (actual, clause)
    });
    (ended, each.collect())
}

#[test]
fn what_an_earlier_step_has_missed_is_no_other_steps() {
    let (ended, found) = found(
        "--fault no-suback --liberty answers-late",
        "\
title: Messages of two filters are delivered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { subscribe: { filters: [first, second] } }
    clause: MQTT-3.8.4-1
  - a: { publish: { topic: first, payload: '1' } }
  - a: { expect: { publish: { topic: first } } }
  - a: { publish: { topic: second, payload: '2' } }
  - a: { expect: { publish: { topic: second } } }
    clause: MQTT-3.3.2-3
",
    );
    assert_eq!(ended.exit, Some(1), "{ended}");
    // Without a SUBACK the granted QoS is unknown, so the step that no packet matched is not reported.
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, "MQTT-3.8.4-1", "{found:?}");
}

#[test]
fn nothing_is_waited_for_that_was_not_sent() {
    let (ended, found) = found(
        "--fault packets-in-text-frames",
        "\
title: What is published on a WebSocket is delivered elsewhere
versions: [5]
clients: { reader: , browser: { transport: websocket } }
steps:
  - reader: connect
  - reader: { subscribe: t }
  - browser: connect
  - browser: { publish: { topic: t, payload: sent } }
  - reader: { expect: { publish: { topic: t } } }
    clause: MQTT-4.5.0-1
",
    );
    assert_eq!(ended.exit, Some(1), "{ended}");
    let blamed = |id| found.iter().find(|(_, clause)| clause == id);
    assert!(blamed("MQTT-6.0.0-1").is_some(), "{found:?}");
    let reader = blamed("MQTT-4.5.0-1");
    let (actual, _) = reader.expect("the reader's step");
    assert_eq!(
        actual,
        "not reached: a packet that this step may depend on was never sent"
    );
}

#[test]
fn no_more_is_sent_than_the_broker_takes_at_a_time() {
    let (ended, found) = found(
        "--fault no-pubrec --liberty receive-maximum-1",
        "\
title: One message after the other is answered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { publish: { topic: t, qos: 2 } }
  - a: { publish: { topic: t, qos: 1 } }
  - a: ping
",
    );
    assert_eq!(ended.exit, Some(1), "{ended}");
    let actual: Vec<&str> = found.iter().map(|(actual, _)| actual.as_str()).collect();
    assert_eq!(
        actual,
        [
            "no PUBREC within 5 s",
            "not reached: the broker has not acknowledged enough messages to receive another one",
        ]
    );
}

/// Before version 5, a server may resend a message on an open connection.
#[test]
fn a_message_that_is_sent_again_as_it_may_be_is_passed_over() {
    let scenario = "\
title: Messages are delivered while one waits for its acknowledgement
versions: [3.1.1]
clients: { reader: { ack: manual }, writer: }
steps:
  - reader: connect
  - reader: { subscribe: { filter: t, qos: 1 } }
  - writer: connect
  - writer: { publish: { topic: t, payload: first, qos: 1 } }
  - reader: { expect: { publish: { payload: first, packet_id: $first } } }
  - wait: 20s
  - writer: { publish: { topic: t, payload: second, qos: 1 } }
  - reader: { expect: { publish: { payload: second, packet_id: $second } } }
    clause: MQTT-4.5.0-1
  - wait: 20s
  - reader: { puback: { packet_id: $first } }
  - reader: { puback: { packet_id: $second } }
";
    let (ended, findings) = found("--liberty resends-while-connected-in-3", scenario);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(findings, []);
}

/// Serves a broker that accepts clients that keep their session, and the first look. It does not answer clients that
/// would end a session.
fn serve_for_good() -> String {
    bad_brokers::serve(|mut stream| {
        while let Some((first, body)) = bad_brokers::packet(&mut stream) {
            let is_named = |name: &[u8]| body.windows(name.len()).any(|part| part == name);
            let is_kept = is_named(b"MQTT") && body[7] & 0x02 == 0;
            let answer: &[u8] = match first {
                0x10 if !(is_kept || is_named(b"probe") || is_named(b"calm")) => continue,
                0x10 if body[6] == 5 => &[0x20, 3, 0, 0, 0],
                0x10 => &[0x20, 2, 0, 0],
                0xC0 => &[0xD0, 0],
                0xE0 => return,
                _ => continue,
            };
            let _ = stream.write_all(answer);
        }
    })
}

#[test]
fn sessions_that_cannot_be_ended_are_waited_for_once() {
    let scenario = "\
title: Who is there is answered
versions: [3.1.1]
clients: { a: { clean_session: 0 }, b: { clean_session: 0 }, c: { clean_session: 0 }, d: { clean_session: 0 } }
steps:
  - a: connect
  - b: connect
  - c: connect
  - d: connect
  - a: ping
";
    let run = format!(
        "run --broker {} --no-snapshots --protocol 3.1.1",
        serve_for_good()
    );
    let program = Program::new(&run).file("scenarios/kept.yaml", scenario);
    let began = Instant::now();
    let ended = program.run();
    let took = began.elapsed().as_secs_f32();
    assert_eq!(ended.exit, Some(0), "{ended}");
    // Three are named, and the rest counted.
    assert_eq!(
        ended.stdout.matches("the session of ").count(),
        3,
        "{ended}"
    );
    assert!(ended.stdout.contains("  and 1 more\n"), "{ended}");
    // 5 s for all of them, not 20.
    assert!(took < 15.0, "{took}: {ended}");
}
