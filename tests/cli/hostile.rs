//! Brokers that send endlessly, or send nothing at all. Whatever they do, the run ends, reports it, and takes little
//! memory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::bad_brokers::{packet, serve};
use crate::program::{Ended, PING, Program};

/// The memory limit for the program in kilobytes of address space, enough for a debug build. A flood would exceed any
/// limit.
const LIMITED: &str = "ulimit -v 700000";

/// Answers CONNECT, with these properties in version 5. The caller does the rest.
fn greet(stream: &mut TcpStream, properties: &[u8]) -> bool {
    let Some((0x10, body)) = packet(stream) else {
        return false;
    };
    // The protocol level follows the protocol name, `MQTT` or `MQIsdp`.
    let is_new = body[2 + usize::from(body[1])] == 5;
    let mut connack = vec![0x20, 2, 0, 0];
    if is_new {
        let length = u8::try_from(properties.len()).expect("a few");
        connack[1] += 1 + length;
        connack.push(length);
        connack.extend_from_slice(properties);
    }
    stream.write_all(&connack).is_ok()
}

/// Reads and answers nothing, except pings if `pongs` is set.
fn mute(mut stream: TcpStream, pongs: bool) {
    while let Some((first, _)) = packet(&mut stream) {
        if first == 0xC0 && pongs {
            let _ = stream.write_all(&[0xD0, 0]);
        }
    }
}

/// Sends these bytes for as long as the client accepts them.
fn endless(mut stream: TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

/// A scenario with enough cases for a first look at the broker.
fn many() -> String {
    let mut text =
        "title: A ping is answered\nversions: [5]\nclients: { a: { id: $id } }\ncases:\n"
            .to_owned();
    for n in 0..40 {
        writeln!(text, "  c{n}: {{ id: client{n} }}").expect("a text");
    }
    text + "steps:\n  - a: connect\n  - a: ping\n"
}

fn run_many(url: &str, more: &str) -> Ended {
    let run = format!("run --broker {url} --no-snapshots {more}");
    let program = Program::new(&run).file("scenarios/many.yaml", many());
    program.after(LIMITED).run()
}

/// What the broker does on a connection after CONNACK.
type Then = fn(TcpStream);

#[test]
fn a_run_against_what_only_greets_does_not_begin() {
    let rows: [(&[u8], Then, &str); 8] = [
        (
            &[],
            |s| mute(s, true),
            "it answers nothing but CONNECT and PINGREQ",
        ),
        (&[], |s| mute(s, false), "it answers nothing but CONNECT\n"),
        (
            &[],
            |mut s| drop(packet(&mut s)),
            "it closes every connection at the first packet after CONNECT",
        ),
        (
            &[],
            |mut s| {
                let _ = s.write_all(&[0xFF; 64]);
                mute(s, false);
            },
            "after its CONNACK it sends ff ff ff",
        ),
        (
            &[],
            |mut s| {
                let _ = s.write_all(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]);
                mute(s, false);
            },
            "it announces a PUBLISH of 268435460 bytes",
        ),
        (
            &[0x27, 0, 0, 0, 1],
            |s| mute(s, false),
            "its CONNACK announces a Maximum Packet Size of 1 byte",
        ),
        (
            &[],
            |s| endless(s, &[0xD0, 0].repeat(4096)),
            "it keeps sending, but answers nothing",
        ),
        (
            &[],
            |mut s| {
                for byte in [0x30, 0x05, 0x00] {
                    let _ = s.write_all(&[byte]);
                    thread::sleep(Duration::from_secs(1));
                }
                mute(s, false);
            },
            "it sends 3 bytes of a packet, but not the rest",
        ),
    ];
    // In parallel, since some of them take time.
    thread::scope(|scope| {
        for (properties, then, told) in rows {
            scope.spawn(move || {
                let url = serve(move |mut stream| {
                    if greet(&mut stream, properties) {
                        then(stream);
                    }
                });
                let ended = run_many(&url, "");
                assert_eq!(ended.exit, Some(3), "{told}: {ended}");
                assert!(ended.stderr.contains(told), "{told}: {ended}");
            });
        }
    });
}

/// Answers every request after this time.
fn answers_late(mut stream: TcpStream, late: Duration) {
    loop {
        let Some((first, body)) = packet(&mut stream) else {
            return;
        };
        thread::sleep(late);
        let answer = match first {
            0x10 if body[2 + usize::from(body[1])] == 5 => vec![0x20, 3, 0, 0, 0],
            0x10 => vec![0x20, 2, 0, 0],
            0xC0 => vec![0xD0, 0],
            0x82 => vec![0x90, 4, body[0], body[1], 0, 0],
            _ => continue,
        };
        let _ = stream.write_all(&answer);
    }
}

#[test]
fn a_run_against_a_slow_broker_goes_on() {
    let url = serve(|stream| answers_late(stream, Duration::from_secs(3)));
    let ended = run_many(&url, "");
    assert_eq!(ended.exit, Some(0), "{ended}");
}

/// Sends CONNACK as late as possible, and then nothing.
#[test]
fn the_first_look_ends_soon_whenever_the_first_byte_comes() {
    for late in [0, 4_700, 60_000] {
        let url = serve(move |mut stream| {
            if let Some((0x10, body)) = packet(&mut stream) {
                thread::sleep(Duration::from_millis(late));
                let connack: &[u8] = match body[2 + usize::from(body[1])] {
                    5 => &[0x20, 3, 0, 0, 0],
                    _ => &[0x20, 2, 0, 0],
                };
                let _ = stream.write_all(connack);
                mute(stream, false);
            }
        });
        let began = Instant::now();
        let ended = run_many(&url, "");
        let took = began.elapsed();
        assert_eq!(ended.exit, Some(3), "{late}: {ended}");
        // One after the other, the looks would take 14 s if the first byte is late.
        assert!(took < Duration::from_secs(12), "{late}: {took:?}");
    }
}

#[test]
fn a_run_without_the_first_look_goes_on() {
    let url = serve(|mut stream| {
        if greet(&mut stream, &[]) {
            mute(stream, true);
        }
    });
    let ended = run_many(&url, "--no-first-look");
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn a_flood_ends_each_case_and_is_named() {
    let message = {
        // 1 MB: a topic, no properties, and a payload.
        let mut bytes = vec![0x30, 0xC4, 0x84, 0x3D, 0, 1, b'a', 0];
        bytes.resize(bytes.len() + 1_000_000, b'x');
        bytes
    };
    let floods = [
        ([0xD0, 0].repeat(4096), "PINGRESP without a PINGREQ"),
        (
            [0x30, 4, 0, 1, b'a', 0].repeat(1000),
            "the broker keeps sending",
        ),
        (message, "the broker keeps sending"),
        (
            [&[0x30, 0xFF, 0xFF, 0xFF, 0x7F][..], &[0; 4096]].concat(),
            "the broker announces a PUBLISH of 268435460 bytes to `a`, more than the maximum",
        ),
    ];
    for (bytes, told) in floods {
        let url = serve(move |mut stream| {
            if greet(&mut stream, &[]) {
                endless(stream, &bytes);
            }
        });
        let run = format!("run --protocol 5 --broker {url} --no-snapshots --report json=out.json");
        let program = Program::new(&run)
            .file("scenarios/ping.yaml", PING)
            .after(LIMITED);
        let ended = program.run();
        assert_eq!(ended.exit, Some(1), "{told}: {ended}");
        assert!(ended.stdout.contains(told), "{told}: {ended}");
        let report = std::fs::metadata(program.path("out.json")).expect("a report");
        assert!(report.len() < 1_000_000, "{told}: {} bytes", report.len());
    }
}

#[test]
fn a_run_that_is_flooded_from_case_to_case_ends_early() {
    let url = serve(|mut stream| {
        if greet(&mut stream, &[]) {
            endless(stream, &[0x30, 4, 0, 1, b'a', 0].repeat(1000));
        }
    });
    let ended = run_many(&url, "--no-first-look --jobs 1");
    assert_eq!(ended.exit, Some(1), "{ended}");
    let told = "error: the run ended early, with 8 not played: ";
    assert!(ended.stderr.contains(told), "{ended}");
}

/// The JSON and JUnit reports of a run that ends early.
fn reports_of(program: &Program) -> (serde_json::Value, String) {
    let read = |name| std::fs::read_to_string(program.path(name)).expect("a report");
    let json = serde_json::from_str(&read("out.json")).expect("JSON");
    (json, read("out.xml"))
}

#[test]
fn a_run_that_does_not_begin_has_its_reports() {
    let url = serve(|mut stream| {
        if greet(&mut stream, &[]) {
            mute(stream, true);
        }
    });
    let run =
        format!("run --broker {url} --no-snapshots --report json=out.json --report junit=out.xml");
    let program = Program::new(&run).file("scenarios/many.yaml", many());
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    let (json, xml) = reports_of(&program);
    let early = &json["run"]["ended_early"];
    let why = early["why"].as_str().expect("a reason");
    let told = "it answers nothing but CONNECT and PINGREQ";
    assert!(why.contains(told), "{json}");
    assert_eq!(early["not_played"].as_array().map(Vec::len), Some(40));
    assert_eq!(json["summary"]["not_played"], 40);
    assert_eq!(xml.matches("type=\"not-played\"").count(), 40, "{xml}");
    assert!(
        xml.contains("<failure message=\"") && xml.contains(told),
        "{xml}"
    );
}

#[test]
fn a_run_that_ends_with_the_first_failure_says_so_in_its_reports() {
    let url = serve(|mut stream| {
        if greet(&mut stream, &[]) {
            drop(packet(&mut stream));
        }
    });
    let run = format!(
        "run --broker {url} --no-snapshots --no-first-look --jobs 1 --fail-fast --report json=out.json --report junit=out.xml"
    );
    let program = Program::new(&run).file("scenarios/many.yaml", many());
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let (json, xml) = reports_of(&program);
    let early = &json["run"]["ended_early"];
    let why = early["why"].as_str().expect("a reason");
    assert_eq!(why, "--fail-fast: many[c0]@5 is not as expected", "{ended}");
    assert_eq!(early["not_played"].as_array().map(Vec::len), Some(39));
    assert!(xml.contains("many[c39]@5"), "{xml}");
}

#[cfg(unix)]
#[test]
fn the_end_of_the_terminal_reports_what_was_done() {
    let url = serve(|mut stream| {
        if greet(&mut stream, &[]) {
            mute(stream, false);
        }
    });
    let run = format!("run --broker {url} --no-snapshots --report json=out.json");
    let program = Program::new(&run).file("scenarios/ping.yaml", PING);
    let child = program.start();
    thread::sleep(Duration::from_millis(1500));
    crate::program::signal("-HUP", child.id());
    let ended = program.finish(child);
    assert_eq!(ended.exit, Some(130), "{ended}");
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let early = &json["run"]["ended_early"];
    assert_eq!(early["why"], "interrupted", "{json}");
    assert_ne!(early["not_played"].as_array().map(Vec::len), Some(0));
}

/// The suite of this repository.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

#[test]
fn the_suite_does_not_begin_where_the_first_packet_is_announced_to_be_huge() {
    // A CONNACK of more than 64 KiB, one of the largest possible size, and another large packet.
    let begins: [(&[u8], &str); 3] = [
        (
            &[0x20, 0x81, 0x80, 0x04],
            "the packet has 65541 bytes, more than the maximum of 65536",
        ),
        (
            &[0x20, 0xFF, 0xFF, 0xFF, 0x7F],
            "the packet has 268435460 bytes, more than the maximum of 65536",
        ),
        (&[0x30, 0x81, 0x80, 0x04], "it sends 30 81 80 04 00"),
    ];
    for (begin, told) in begins {
        let url = serve(move |mut stream| {
            if packet(&mut stream).is_some() && stream.write_all(begin).is_ok() {
                endless(stream, &[0; 4096]);
            }
        });
        let program = Program::new(&format!("run {SUITE} --no-snapshots --broker {url}"));
        let began = Instant::now();
        let ended = program.after(LIMITED).run();
        let took = began.elapsed();
        assert_eq!(ended.exit, Some(3), "{begin:x?}: {ended}");
        assert!(ended.stderr.contains(" does not speak MQTT: "), "{ended}");
        assert!(ended.stderr.contains(told), "{begin:x?}: {ended}");
        assert!(took < Duration::from_secs(60), "{begin:x?}: {took:?}");
    }
}
