//! Which protocol versions a broker speaks, and brokers whose CONNACK breaks a rule.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::bad_brokers;
use crate::program::{Ended, PING, Program};

/// How a broker answers CONNECT.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Says(&'static [u8]),
    Silence,
    Close,
}
use Answer::{Close, Says, Silence};

const ACCEPTS_3: Answer = Says(&[0x20, 2, 0, 0]);
const ACCEPTS_5: Answer = Says(&[0x20, 3, 0, 0, 0]);

/// A broker that answers PINGREQ, and CONNECT by its protocol level 3, 4 or 5. Returns the URL.
fn serve(answers: [Answer; 3]) -> String {
    bad_brokers::serve(move |stream| {
        let _ = converse(stream, answers);
    })
}

fn converse(mut stream: TcpStream, answers: [Answer; 3]) -> Option<()> {
    let mut buffer = [0; 1024];
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        let answer = match buffer[0] {
            0x10 => answers[usize::from(buffer[4 + usize::from(buffer[3])]) - 3],
            0xC0 => Says(&[0xD0, 0]),
            _ => Silence,
        };
        match answer {
            Says(bytes) => stream.write_all(bytes).ok()?,
            Silence => {}
            Close => return None,
        }
        if buffer[..size].ends_with(&[0xE0, 0]) {
            return None;
        }
    }
    None
}

fn run(options: &str, answers: [Answer; 3]) -> Ended {
    let url = serve(answers);
    let program = Program::new(&format!("run --broker {url} --no-snapshots {options}"));
    program.file("scenarios/ping.yaml", PING).run()
}

#[test]
fn a_version_that_is_answered_by_a_refusal_a_close_or_silence_is_not_spoken() {
    let ways = [
        (Says(&[0x20, 2, 0, 1]), "answers CONNECT with 0x01"),
        (Says(&[0x20, 3, 0, 0x84, 0]), "answers CONNECT with 0x84"),
        (Close, "closes the connection at CONNECT"),
        (Silence, "did not answer CONNECT within 5 s"),
        (Says(&[0x20, 3, 0, 0x80, 0]), "refuses CONNECT with 0x80"),
    ];
    for (answer, told) in ways {
        let ended = run("", [ACCEPTS_3, ACCEPTS_3, answer]);
        assert_eq!(ended.exit, Some(0), "{ended}");
        assert!(ended.stdout.contains("1 passed, 1 skipped"), "{ended}");
        assert!(
            ended
                .stdout
                .contains("the broker does not support MQTT 5: it "),
            "{ended}"
        );
        assert!(ended.stdout.contains(told), "{told}: {ended}");
    }
}

#[test]
fn a_broker_that_leaves_version_5_unanswered_is_tested_with_the_others() {
    let answers = [ACCEPTS_3, ACCEPTS_3, Silence];
    let ended = run("--protocol 3.1.1", answers);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 passed"), "{ended}");
    let url = serve(answers);
    let ended = Program::new("run --target old --no-snapshots")
        .file("scenarios/ping.yaml", PING)
        .file(
            "targets/old.yaml",
            format!("url: {url}\nversions: [3.1.1]\n"),
        )
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("1 passed, 1 skipped"), "{ended}");
}

#[test]
fn a_broker_that_answers_no_version_is_none() {
    for answer in [Silence, Close] {
        let ended = run("--protocol 3.1.1", [answer; 3]);
        assert_eq!(ended.exit, Some(3), "{ended}");
        assert!(ended.stderr.contains("does not speak MQTT"), "{ended}");
    }
}

#[test]
fn a_version_that_is_named_and_not_spoken_fails() {
    let answers = [ACCEPTS_3, ACCEPTS_3, Says(&[0x20, 2, 0, 1])];
    let failed = "FAILED MQTT 5, which --protocol names\n  the broker does not support MQTT 5: it answers CONNECT with 0x01";
    for options in ["--protocol 5", "--protocol 3.1.1 --protocol 5"] {
        let ended = run(options, answers);
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert!(ended.stdout.contains(failed), "{ended}");
    }
    let url = serve(answers);
    let program = Program::new(
        "run --target old --no-snapshots --report json=out.json --report junit=out.xml",
    )
    .file("scenarios/ping.yaml", PING)
    .file(
        "targets/old.yaml",
        format!("url: {url}\nversions: [3.1.1, 5]\n"),
    );
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended
            .stdout
            .contains("FAILED MQTT 5, which the target file names"),
        "{ended}"
    );
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let not_spoken = report["target"]["not_spoken"].as_array().expect("a list");
    let named = not_spoken.iter().find(|n| n["version"] == "5").expect("5");
    assert_eq!(named["named_by"], "the target file");
    let why = named["why"].as_str().expect("a reason");
    assert!(why.contains("0x01"), "{why}");
    let xml = std::fs::read_to_string(program.path("out.xml")).expect("a report");
    assert!(xml.contains("testcase name=\"MQTT 5\""), "{xml}");
}

/// Version 5 CONNACK packets that break a rule, each with the clause and the bytes as shown.
const BROKEN_5: &[(&[u8], &str, &str)] = &[
    (
        &[0x20, 5, 0, 0, 2, 0x24, 2],
        "RULE-3.2.2.3.4-2",
        "20 05 00 00 02 24 02",
    ),
    (
        &[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0],
        "RULE-3.2.2.3.6-2",
        "20 08 00 00 05 27 00 00 00 00",
    ),
    (
        &[0x20, 6, 0, 0, 3, 0x21, 0, 0],
        "RULE-3.2.2.3.3-1",
        "20 06 00 00 03 21 00 00",
    ),
    (
        &[0x20, 7, 0, 0, 4, 0x25, 1, 0x25, 1],
        "RULE-3.2.2.3.5-2",
        "20 07 00 00 04 25 01 25 01",
    ),
    (
        &[0x20, 5, 0, 0, 2, 0x2A, 7],
        "RULE-3.2.2.3.13-2",
        "20 05 00 00 02 2a 07",
    ),
    (&[0x20, 3, 2, 0, 0], "MQTT-3.2.2-1", "20 03 02 00 00"),
    (&[0x21, 3, 0, 0, 0], "MQTT-2.1.3-1", "21 03 00 00 00"),
    (&[0x20, 4, 0, 0, 0, 0], "RULE-3.2.3-1", "20 04 00 00 00 00"),
    (
        &[0x20, 0x83, 0, 0, 0, 0],
        "MQTT-1.5.5-1",
        "20 83 00 00 00 00",
    ),
    // A property of PUBLISH, and one that does not exist.
    (
        &[0x20, 5, 0, 0, 2, 0x01, 1],
        "RULE-2.2.2.2-1",
        "20 05 00 00 02 01 01",
    ),
    (
        &[0x20, 5, 0, 0, 2, 0x7E, 1],
        "RULE-2.2.2.2-1",
        "20 05 00 00 02 7e 01",
    ),
    // In the form of 3.1.1.
    (&[0x20, 2, 0, 0], "MQTT-2.2.2-1", "20 02 00 00"),
    (
        &[0x20, 7, 0, 0, 4, 0x1F, 0, 1, 0xFF],
        "MQTT-1.5.4-1",
        "20 07 00 00 04 1f 00 01 ff",
    ),
];

#[test]
fn a_connack_of_5_that_breaks_a_rule_fails_with_clause_and_bytes_and_the_case_goes_on() {
    for (bytes, clause, shown) in BROKEN_5 {
        let ended = run("", [ACCEPTS_3, ACCEPTS_3, Says(bytes)]);
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert!(ended.stdout.contains("1 passed, 1 failed"), "{ended}");
        assert!(
            ended.stdout.contains(&format!("[5 {clause}]")),
            "{clause}: {ended}"
        );
        assert!(ended.stdout.contains(shown), "{shown}: {ended}");
        // One fault is reported, and the ping is played.
        assert_eq!(ended.stdout.matches("    level ").count(), 1, "{ended}");
        assert!(!ended.stdout.contains("not reached"), "{ended}");
    }
}

#[test]
fn a_connack_of_3_1_1_that_breaks_a_rule_likewise() {
    let broken: [(&[u8], &str, &str); 3] = [
        (&[0x20, 2, 2, 0], "RULE-3.2.2.1-1", "20 02 02 00"),
        (&[0x20, 3, 0, 0, 0], "RULE-3.2.1-1", "20 03 00 00 00"),
        (&[0x28, 2, 0, 0], "MQTT-2.2.2-1", "28 02 00 00"),
    ];
    for (bytes, clause, shown) in broken {
        let ended = run("", [ACCEPTS_3, Says(bytes), ACCEPTS_5]);
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert!(ended.stdout.contains("1 passed, 1 failed"), "{ended}");
        assert!(
            ended.stdout.contains(&format!("[3.1.1 {clause}]")),
            "{clause}: {ended}"
        );
        assert!(ended.stdout.contains(shown), "{shown}: {ended}");
        assert!(!ended.stdout.contains("not reached"), "{ended}");
    }
}

#[test]
fn a_connack_with_a_code_that_does_not_exist_is_played_and_fails() {
    let ended = run("", [ACCEPTS_3, ACCEPTS_3, Says(&[0x20, 3, 0, 0x55, 0])]);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 passed, 1 failed"), "{ended}");
    assert!(ended.stdout.contains("[5 MQTT-3.2.2-8]"), "{ended}");
    assert!(
        ended.stdout.contains("20 03 00 55 00") || ended.stdout.contains("0x55"),
        "{ended}"
    );
}

#[test]
fn anything_but_a_connack_fails_if_another_version_is_spoken() {
    let ended = run("", [ACCEPTS_3, ACCEPTS_3, Says(&[0xE0, 2, 0x82, 0])]);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 passed, 1 failed"), "{ended}");
    assert!(ended.stdout.contains("[5 MQTT-3.14.0-1]"), "{ended}");
}

#[test]
fn what_a_broken_connack_announces_counts_as_far_as_it_is_right() {
    // Maximum QoS 2 is invalid and ignored. Retain Available 0 is valid.
    let connack = Says(&[0x20, 7, 0, 0, 4, 0x24, 2, 0x25, 0]);
    let url = serve([ACCEPTS_3, ACCEPTS_3, connack]);
    let program = Program::new(&format!("run --broker {url} --report json=out.json"));
    let program = program.file("scenarios/ping.yaml", PING);
    let ended = program.run();
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let capabilities = &report["target"]["capabilities"];
    assert_eq!(capabilities["retain"]["available"], false, "{ended}");
    assert_eq!(capabilities["qos_2"]["available"], true, "{ended}");
}

/// A 3.1.1 broker that reports this version on a topic below `$SYS`.
fn telling(payload: &'static [u8]) -> String {
    bad_brokers::serve(move |mut stream| {
        while let Some((first, body)) = bad_brokers::packet(&mut stream) {
            let answer = match first {
                0x10 if body[6] == 4 => vec![0x20, 2, 0, 0],
                0xC0 => vec![0xD0, 0],
                0x82 if body.windows(5).any(|part| part == b"$SYS/") => {
                    let topic = b"$SYS/brokers/one/version";
                    let size = u8::try_from(2 + topic.len() + payload.len()).expect("a small one");
                    let publish = [&[0x31, size, 0, 24][..], topic, payload].concat();
                    [&[0x90, 4, body[0], body[1], 0, 0][..], &publish].concat()
                }
                _ => return,
            };
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_report_says_which_version_of_the_broker_was_tested() {
    for (payload, told) in [
        (&b"hearsay 4.2"[..], Some("hearsay 4.2")),
        (b"\x1b[2J\x07", Some("[2J")),
        (b"", None),
    ] {
        let url = telling(payload);
        let run =
            format!("run --broker {url} --protocol 3.1.1 --no-snapshots --report json=r.json");
        let program = Program::new(&run).file("scenarios/ping.yaml", PING);
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{ended}");
        let text = std::fs::read_to_string(program.path("r.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(report["target"]["version"].as_str(), told);
        let line = told.map_or_else(String::new, |told| format!(" ({told})"));
        assert!(
            ended
                .stdout
                .contains(&format!("mqtt://127.0.0.1:[PORT]{line}\n")),
            "{ended}"
        );
    }
}
