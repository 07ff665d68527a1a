//! Captures of failing cases, for packet analysers.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::program::{PING, Program, WRONG};

/// A case with two clients, more data than fits into a segment, and a connection that the broker closes.
const LONG: &str = "\
title: A message comes twice
versions: [5]
clients: { a: , b: }
steps:
  - a: connect
  - a: { subscribe: long }
  - b: connect
  - b: { publish: { topic: long, payload: { size: 3000 } } }
  - a: { expect: { publish: { topic: long } } }
  - b: { send: { connect: { } } }
  - b: { expect: closed }
  - a: { expect: { publish: { topic: long } } }
    clause: MQTT-3.3.4-1
";

fn program(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
        .file("scenarios/basic/long.yaml", LONG)
}

/// Returns what each side of each connection sent. The key is the client's port and whether the broker was the sender.
fn streams(capture: &[u8]) -> BTreeMap<(u16, bool), Vec<u8>> {
    let word = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().expect("four bytes"));
    let mut out = BTreeMap::<(u16, bool), Vec<u8>>::new();
    let mut at = 0;
    while at < capture.len() {
        if word(at) == 6 {
            let length = word(at + 20) as usize;
            let tcp = &capture[at + 28 + 34..at + 28 + length];
            let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
            let key = match port(0) {
                1883 => (port(2), true),
                client => (client, false),
            };
            out.entry(key).or_default().extend(&tcp[20..]);
        }
        at += word(at + 4) as usize;
    }
    out
}

/// Like [`streams`], from the JSON report.
fn reported(case: &Value) -> BTreeMap<(u16, bool), Vec<u8>> {
    let mut out = BTreeMap::<(u16, bool), Vec<u8>>::new();
    for event in case["play"]["events"].as_array().expect("events") {
        let lane = u16::try_from(event["lane"].as_u64().expect("a lane")).expect("few");
        let bytes = out.entry((49_152 + lane, event["direction"] == "received"));
        let hex = event["bytes"].as_str().unwrap_or_default();
        let digits = hex.as_bytes().chunks(2);
        bytes.or_default().extend(digits.map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(pair, 16).expect("hex")
        }));
    }
    out
}

#[test]
fn writes_what_went_to_and_fro_in_each_failing_case() {
    let program = program("run --no-snapshots --pcap out/captures --report json=out.json");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let json = fs::read_to_string(program.path("out.json")).expect("the report is there");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    for id in ["basic/long@5", "basic/wrong@5"] {
        let mut cases = json["cases"].as_array().expect("cases").iter();
        let case = cases.find(|case| case["id"] == id).expect("it is there");
        let name = format!("out/captures/{}.pcapng", id.replace('/', "-"));
        let capture = fs::read(program.path(&name)).expect("the capture is there");
        let streams = streams(&capture);
        assert_eq!(streams, reported(case), "{id}");
        assert!(streams.values().any(|bytes| !bytes.is_empty()), "{id}");
        dissected(&program.path(&name));
    }
    let written = program.files();
    let captures = written.iter().filter(|file| file.starts_with("out/"));
    assert_eq!(captures.count(), 2, "{written:?}");
}

/// If tshark is installed, checks that it reports no error and recognises MQTT.
fn dissected(capture: &std::path::Path) {
    let tshark = |filter: &str| {
        let mut command = Command::new("tshark");
        command.args(["-o", "tcp.check_checksum:TRUE"]);
        command.args(["-o", "ip.check_checksum:TRUE"]);
        command.arg("-r").arg(capture).args(["-Y", filter]);
        let output = command.output().ok()?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let wrong = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0";
    let Some(wrong) = tshark(wrong) else {
        return;
    };
    assert_eq!(wrong, "");
    let connect = tshark("mqtt.msgtype == 1").expect("it is installed");
    assert!(connect.contains("Connect Command"), "{connect}");
    let marked = tshark("frame.comment contains \"line \"").expect("it is installed");
    assert_ne!(marked, "", "comments say which step it was");
}

#[test]
fn makes_the_same_captures_of_a_report() {
    let program = program("run --no-snapshots --pcap first --report json=out.json");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let program = program.arguments("report out.json --to pcap=second");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let read = |folder: &str| {
        fs::read(program.path(folder).join("basic-wrong@5.pcapng")).expect("the capture is there")
    };
    assert_eq!(read("first"), read("second"));
}

#[test]
fn refuses_captures_without_transcripts() {
    for arguments in [
        "run --transcripts none --pcap out",
        "run --transcripts none --report pcap=out",
    ] {
        let ended = program(arguments).run();
        assert_eq!(ended.exit, Some(2), "{ended}");
        assert!(ended.to_string().contains("needs transcripts"), "{ended}");
    }
}

#[test]
fn finds_out_before_the_run_that_a_capture_cannot_be_written() {
    let ended = program("run --pcap scenarios/basic/ping.yaml").run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(
        ended.to_string().contains("failed to write the report"),
        "{ended}"
    );
}
