use serde_json::{Value as Json, json};

use super::*;

/// An event of the client `reader`, by its line.
fn event(number: usize, text: &str) -> Json {
    let direction = match text.contains(" > ") {
        true => "sent",
        false => "received",
    };
    json!({
        "number": number, "at_us": number * 1000, "lane": 0, "direction": direction, "kind": "packet",
        "text": text, "packet": text.split(' ').nth(2), "during": 0,
    })
}

/// A play of the client `reader`, whose only step gave up after 5 s.
fn play(events: Vec<Json>) -> Play {
    let client =
        json!({"name": "reader", "version": "5", "node": 0, "transport": "tcp", "driver": "wire"});
    let step = json!({
        "number": 0, "label": "reader: wait", "line": 1, "column": 1, "client": 0, "level": "must", "clauses": [],
    });
    let wait = json!({"ended": "timed_out", "took": [], "since_us": 0, "limit_us": 5_000_000, "at_us": 5_000_000});
    let play = json!({
        "clients": [client], "lanes": [{"client": 0, "name": "reader", "connection": 1}],
        "events": events, "hooks": [], "steps": [step],
        "played": [{"step": 0, "began_us": 0, "waits": [wait]}], "late_us": 0, "text": "",
    });
    serde_json::from_value(play).expect("a play")
}

/// A finding of that step about these events.
fn finding(expected: &str, events: &[usize]) -> Finding {
    let finding = json!({
        "kind": "violation", "level": "must", "clauses": [], "expected": [expected], "actual": "", "alike": 0,
        "step": 0, "label": "", "file": "", "slow": false, "events": events,
    });
    serde_json::from_value(finding).expect("a finding")
}

fn shown(play: &Play, finding: &Finding, width: usize) -> Vec<String> {
    let canvas = Canvas {
        style: Style::PLAIN,
        width,
    };
    let text = excerpt(play, finding, Around::NARROW, canvas);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn keeps_what_set_up_the_client_and_leaves_out_what_is_far_away() {
    let mut events = vec![
        event(0, "reader > CONNECT clean_start=1"),
        event(1, "reader < CONNACK reason=success"),
        event(2, "reader > SUBSCRIBE filter=\"a\" retain_as_published=1"),
        event(3, "reader < SUBACK reasons=granted_qos_1"),
    ];
    for n in 4..40 {
        events.push(event(n, "reader > PUBLISH topic=\"b\""));
    }
    events.push(event(40, "reader > PINGREQ"));
    events.push(event(41, "reader < PINGRESP"));
    let lines = shown(&play(events), &finding("PUBLISH", &[]), 80);
    let texts: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let mut expected = vec![
        "0.000s  reader > CONNECT clean_start=1".to_owned(),
        // Alone between two others.
        "0.001s  reader < CONNACK reason=success".to_owned(),
        "0.002s  reader > SUBSCRIBE filter=\"a\" retain_as_published=1".to_owned(),
        "... 31 events not shown".to_owned(),
    ];
    // Six of 36 are left, because a finding has room for eight events before it.
    expected.extend((34..40).map(|n| format!("0.{n:03}s  reader > PUBLISH topic=\"b\"")));
    expected.push("... 2 pings and answers not shown".to_owned());
    expected.push(">    5.000s  reader did not receive what this step waits for".to_owned());
    assert_eq!(texts, expected);
}

#[test]
fn shows_pings_only_if_there_is_room_for_all() {
    let ping = |n| event(n, "reader > PINGREQ (the harness's own)");
    let lines = shown(
        &play((0..8).map(ping).collect()),
        &finding("PINGRESP", &[]),
        80,
    );
    assert_eq!(lines.len(), 9, "{lines:?}");
    let mut events: Vec<Json> = (0..9).map(ping).collect();
    events.push(event(9, "reader < PUBLISH topic=\"a\""));
    let lines = shown(&play(events), &finding("PINGRESP", &[]), 80);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].ends_with("... 9 pings and answers not shown"),
        "{lines:?}"
    );
}

#[test]
fn shows_a_usual_value_that_the_expectation_names() {
    let mut publish = event(0, "reader < PUBLISH topic=\"a\"");
    publish["fields"] =
        json!([{"name": "retain", "value": false}, {"name": "dup", "value": false}]);
    let found = finding("PUBLISH with topic \"a\", retain true", &[0]);
    let lines = shown(&play(vec![publish]), &found, 80);
    assert_eq!(
        lines,
        ["    >    0.000s  reader < PUBLISH topic=\"a\" retain=0"]
    );
}

#[test]
fn shows_all_bytes_of_a_packet_that_a_finding_is_about() {
    let mut publish = event(0, "reader < PUBLISH topic=\"a\" payload=\"a long text\"");
    publish["bytes"] = json!("00112233445566778899aabbccddeeff".repeat(2));
    let other = {
        let mut other = publish.clone();
        other["number"] = json!(1);
        other
    };
    let lines = shown(&play(vec![publish, other]), &finding("", &[0]), 60);
    let under = " ".repeat(18);
    assert_eq!(
        lines,
        [
            "    >    0.000s  reader < PUBLISH topic=\"a\"".to_owned(),
            format!("{under}payload=\"a long text\""),
            format!("{under}00 11 22 33 44 55 66 77 88 99 aa bb cc dd"),
            format!("{under}ee ff 00 11 22 33 44 55 66 77 88 99 aa bb"),
            format!("{under}cc dd ee ff"),
            "         0.000s  reader < PUBLISH topic=\"a\"".to_owned(),
            format!("{under}payload=\"a long text\""),
            format!("{under}00 11 22 33 44 55 66 77 88 ... (32 bytes)"),
        ]
    );
}

#[test]
fn shows_bytes_once() {
    let mut part = event(0, "reader < part of a packet 30 0a 00 01");
    part["kind"] = json!("truncated");
    part["bytes"] = json!("300a0001");
    let lines = shown(&play(vec![part]), &finding("", &[0]), 80);
    assert_eq!(
        lines,
        ["    >    0.000s  reader < part of a packet 30 0a 00 01"]
    );
}
