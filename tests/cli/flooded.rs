//! What brokers send without end: the run ends with a report and takes little memory.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use mqtt_check_websocket::handshake::accept_key;

use crate::bad_brokers::{packet, serve};
use crate::program::{Ended, PING, Program};

/// The most memory that a run may take, in kilobytes.
const MOST: usize = 200_000;

/// Runs it, and gives the most memory that it took, in kilobytes.
fn run_measured(program: &Program) -> (Ended, usize) {
    let child = program.start();
    let status = format!("/proc/{}/status", child.id());
    let watched = thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            // A program that has ended has no memory any more.
            let Some(line) = line else { break };
            let size = line.trim().trim_end_matches(" kB");
            peak = size.parse().expect("a number");
            thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let ended = program.finish(child);
    (ended, watched.join().expect("watching"))
}

/// Answers the upgrade to WebSocket and the first frame, which has a CONNECT of version 5; then sends these bytes as long
/// as they are taken.
fn flood_frames(mut stream: TcpStream, bytes: &[u8]) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut key = String::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(1..) if line.trim().is_empty() => break,
            Ok(1..) => {}
            _ => return,
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("sec-websocket-key")
        {
            value.trim().clone_into(&mut key);
        }
    }
    let accept = accept_key(&key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    );
    let _ = stream.write_all(answer.as_bytes());
    let mut frame = [0; 1024];
    let Ok(read @ 1..) = reader.read(&mut frame) else {
        return;
    };
    // The probes only want to know whether there is a broker.
    let mask: Vec<u8> = frame[2..6].to_vec();
    let payload: Vec<u8> = (6..read).map(|n| frame[n] ^ mask[(n - 6) % 4]).collect();
    let is_there = |name: &[u8]| payload.windows(name.len()).any(|part| part == name);
    let _ = stream.write_all(&[0x82, 5, 0x20, 3, 0, 0, 0]);
    if is_there(b"probe") || is_there(b"calm") {
        return;
    }
    while stream.write_all(bytes).is_ok() {}
}

#[test]
fn no_flood_of_frames_keeps_a_run_from_its_end() {
    // Binary messages: PUBLISH of QoS 0, PINGRESP.
    let publish = [&[0x82, 6][..], &[0x30, 4, 0, 1, b'a', 0]].concat();
    let rows: [(&str, Vec<u8>); 6] = [
        ("publish", publish.repeat(1000)),
        ("pong packets", [0x82, 2, 0xD0, 0].repeat(1000)),
        // A message that never ends, of fragments that are empty.
        (
            "empty fragments",
            [&[0x02, 0][..], &[0, 0].repeat(4000)].concat(),
        ),
        // Each asks for a pong.
        (
            "pings",
            [&[0x89, 125][..], &[b'x'; 125]].concat().repeat(100),
        ),
        ("pongs", [0x8A, 0].repeat(4000)),
        // A message of a byte in each frame: a packet of 256 MB.
        ("a byte a frame", {
            let begin = [2, 5, 0x30, 0xFF, 0xFF, 0xFF, 0x7F];
            [&begin[..], &[0, 1, b'x'].repeat(2000)].concat()
        }),
    ];
    thread::scope(|scope| {
        for (name, bytes) in rows {
            scope.spawn(move || {
                let url = serve(move |stream| flood_frames(stream, &bytes));
                let url = url.replace("mqtt://", "ws://");
                let run = format!(
                    "run --protocol 5 --broker {url} --no-snapshots --report json=out.json"
                );
                let program = Program::new(&run).file("scenarios/ping.yaml", PING);
                let (ended, peak) = run_measured(&program);
                assert_eq!(ended.exit, Some(1), "{name}: {ended}");
                assert!(peak < MOST, "{name}: {peak} kB: {ended}");
                let report = std::fs::metadata(program.path("out.json")).expect("a report");
                assert!(report.len() < 1_000_000, "{name}: {} bytes", report.len());
            });
        }
    });
}

/// The suite of this repository, whose plans alone take much.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// Plays the suite with these options, and gives what came of it and the most memory that it took, in kilobytes.
fn run_suite(options: &str) -> (Ended, usize) {
    // In CI nothing is written beside the snapshots.
    let program = Program::new(&format!("run {SUITE} {options}")).env("CI", "true");
    run_measured(&program)
}

#[test]
fn the_suite_takes_little_memory() {
    let (ended, peak) = run_suite("");
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(peak < MOST, "{peak} kB");
}

/// A CONNACK of version 5 with so many User Properties.
fn connack_with(count: usize) -> Vec<u8> {
    let properties = [0x26, 0, 1, b'a', 0, 1, b'b'].repeat(count);
    let varint = |mut value: usize| {
        let mut bytes = Vec::new();
        while value >= 128 {
            bytes.push((value % 128) as u8 | 128);
            value /= 128;
        }
        bytes.push(value as u8);
        bytes
    };
    let body = [vec![0, 0], varint(properties.len()), properties].concat();
    [vec![0x20], varint(body.len()), body].concat()
}

#[test]
fn thousands_of_user_properties_in_each_connack_end_no_case() {
    let connack = connack_with(8_000);
    let url = serve(move |mut stream| {
        while let Some((first, body)) = packet(&mut stream) {
            let answer = match first {
                0x10 => connack.clone(),
                0xC0 => vec![0xD0, 0],
                0x82 => vec![0x90, 4, body[0], body[1], 0, 0],
                _ => continue,
            };
            let _ = stream.write_all(&answer);
        }
    });
    let mut cases = String::new();
    for n in 0..200 {
        cases += &format!("  c{n}: {{ id: client{n} }}\n");
    }
    let text = format!(
        "title: A ping is answered\nversions: [5]\nclients: {{ a: {{ id: $id }} }}\ncases:\n{cases}steps:\n  - a: connect\n  - a: ping\n"
    );
    let run = format!("run --broker {url} --no-snapshots --verbose");
    let program = Program::new(&run).file("scenarios/many.yaml", text);
    let (ended, peak) = run_measured(&program);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(peak < MOST, "{peak} kB");
    let told = ended.stdout.matches("… 7744 more User Properties");
    assert_eq!(told.count(), 200, "{ended}");
}
