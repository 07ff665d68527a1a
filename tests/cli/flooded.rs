//! Brokers that send endlessly: the run ends with a report and takes little memory.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use mqtt_check_websocket::handshake::accept_key;

use crate::bad_brokers::{packet, serve};
use crate::program::{Ended, PING, Program};

/// The most memory that a run may take, in kilobytes. Together with the pages of the program itself, about 10 MB in a
/// release build, that is 200 MB.
pub(crate) const MOST: usize = 190_000;

/// How the status of a process begins in which the program runs.
const NAME: &str = "Name:\tmqtt-check\n";

/// Runs the program and returns its peak memory in kilobytes, without the pages of the program itself. A debug build
/// has four times as many of those as a release build.
pub(crate) fn run_measured(program: &Program) -> (Ended, usize) {
    let child = program.start();
    let status = format!("/proc/{}/status", child.id());
    let watched = thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            // A process that is being started still has the memory, and the name, of the tests.
            if !text.starts_with(NAME) {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            let size = |name: &str| -> Option<usize> {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().trim_end_matches(" kB").parse().ok()
            };
            // A process that has ended has no memory.
            let (Some(most), Some(program)) = (size("VmHWM:"), size("RssFile:")) else {
                break;
            };
            peak = peak.max(most - program);
            thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let ended = program.finish(child);
    (ended, watched.join().expect("watching"))
}

/// Answers the WebSocket upgrade and the first frame, which contains a version 5 CONNECT. Then sends these bytes for as
/// long as the client accepts them.
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
    // The probes only check whether there is a broker.
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
    // Binary messages with a QoS 0 PUBLISH, and with PINGRESP.
    let publish = [&[0x82, 6][..], &[0x30, 4, 0, 1, b'a', 0]].concat();
    let rows: [(&str, Vec<u8>); 6] = [
        ("publish", publish.repeat(1000)),
        ("pong packets", [0x82, 2, 0xD0, 0].repeat(1000)),
        // An endless message of empty fragments.
        (
            "empty fragments",
            [&[0x02, 0][..], &[0, 0].repeat(4000)].concat(),
        ),
        // Each ping asks for a pong.
        (
            "pings",
            [&[0x89, 125][..], &[b'x'; 125]].concat().repeat(100),
        ),
        ("pongs", [0x8A, 0].repeat(4000)),
        // A packet of 256 MB with one byte per frame.
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
                // A PINGRESP without a PINGREQ is only a warning, since nothing forbids it. The case is inconclusive if more
                // of them are read than a case may exchange before it ends, which depends on the machine.
                let is_warned = name == "pong packets" && ended.exit == Some(0);
                assert!(ended.exit == Some(1) || is_warned, "{name}: {ended}");
                assert!(peak < MOST, "{name}: {peak} kB: {ended}");
                let report = std::fs::metadata(program.path("out.json")).expect("a report");
                assert!(report.len() < 1_000_000, "{name}: {} bytes", report.len());
            });
        }
    });
}

/// The suite of this repository. Its plans alone take much memory.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// The suite, played with these options.
fn suite(options: &str) -> Program {
    // In CI, no snapshots are written.
    Program::new(&format!("run {SUITE} {options}")).env("CI", "true")
}

#[test]
fn the_suite_takes_little_memory() {
    let (ended, peak) = run_measured(&suite(""));
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(peak < MOST, "{peak} kB");
}

/// Encodes a Remaining Length or a property length.
fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
    bytes
}

/// A version 5 CONNACK with this many User Properties.
fn connack_with(count: usize) -> Vec<u8> {
    let properties = [0x26, 0, 1, b'a', 0, 1, b'b'].repeat(count);
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

/// Which clients the broker floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flooded {
    All,
    /// Only clients of cases. Clients that check the broker itself are served.
    Cases,
}

/// Reads the next packet, of any size, including its fixed header.
fn next_packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    let mut byte = [0];
    let (mut length, mut shift) = (0, 0);
    loop {
        stream.read_exact(&mut byte).ok()?;
        packet.push(byte[0]);
        if packet.len() > 1 {
            length |= usize::from(byte[0] & 127) << shift;
            shift += 7;
            if byte[0] < 128 {
                break;
            }
        }
    }
    let begin = packet.len();
    packet.resize(begin + length, 0);
    stream.read_exact(&mut packet[begin..]).ok()?;
    Some(packet)
}

/// Accepts each CONNECT, and then sends PUBLISH packets with this much payload for as long as the client accepts them.
fn flood_publishes(mut stream: TcpStream, size: usize, flooded: Flooded) {
    let Some(connect) = next_packet(&mut stream) else {
        return;
    };
    let is_in = |name: &[u8]| connect.windows(name.len()).any(|part| part == name);
    let is_5 = is_in(b"MQTT\x05");
    let connack: &[u8] = if is_5 {
        &[0x20, 3, 0, 0, 0]
    } else {
        &[0x20, 2, 0, 0]
    };
    let _ = stream.write_all(connack);
    let looks = [&b"probe"[..], b"look", b"canary", b"calm"]
        .into_iter()
        .any(is_in);
    if flooded == Flooded::Cases && looks {
        return serve_look(stream, is_5);
    }
    let topic: &[u8] = if is_5 {
        &[0, 1, b'a', 0]
    } else {
        &[0, 1, b'a']
    };
    let head = [&[0x30][..], &varint(topic.len() + size), topic].concat();
    let block = vec![b'x'; size.min(64 * 1024)];
    loop {
        if stream.write_all(&head).is_err() {
            return;
        }
        let mut left = size;
        while left > 0 {
            let piece = left.min(block.len());
            if stream.write_all(&block[..piece]).is_err() {
                return;
            }
            left -= piece;
        }
    }
}

/// Answers the clients that check the broker correctly.
fn serve_look(mut stream: TcpStream, is_5: bool) {
    while let Some(packet) = next_packet(&mut stream) {
        let answer = match (packet[0] >> 4, is_5) {
            (12, _) => vec![0xD0, 0],
            (8, true) => vec![0x90, 4, packet[2], packet[3], 0, 0],
            (8, false) => vec![0x90, 3, packet[2], packet[3], 0],
            // The client has subscribed to the topic that it publishes to.
            (3, _) => packet,
            _ => continue,
        };
        let _ = stream.write_all(&answer);
    }
}

/// Plays the whole suite on a broker that sends PUBLISH packets of this size, and checks memory and report.
fn suite_is_bounded(size: usize, flooded: Flooded, options: &str) {
    let url = serve(move |stream| flood_publishes(stream, size, flooded));
    let name = format!("{size} bytes, {flooded:?}, `{options}`");
    let options = format!("--broker {url} --no-snapshots --report json=out.json {options}");
    let program = suite(&options);
    let (ended, peak) = run_measured(&program);
    assert!(matches!(ended.exit, Some(1 | 3)), "{name}: {ended}");
    assert!(peak < MOST, "{name}: {peak} kB: {ended}");
    let report = std::fs::metadata(program.path("out.json"));
    assert!(
        report.is_ok_and(|report| report.len() > 0),
        "{name}: {ended}"
    );
    println!("{name}: {peak} kB, exit {:?}", ended.exit);
}

#[test]
fn the_suite_takes_little_memory_while_it_is_flooded() {
    for (size, flooded) in [
        (1_000, Flooded::All),
        (1_000_000, Flooded::Cases),
        (200_000_000, Flooded::All),
    ] {
        suite_is_bounded(size, flooded, "--no-first-look");
    }
}

/// Everything that `.ci/soak floods` plays.
#[test]
#[ignore = "twenty runs of the suite"]
fn the_suite_takes_little_memory_whatever_it_is_flooded_with() {
    for size in [1_000, 60_000, 1_000_000, 16_000_000, 200_000_000] {
        for flooded in [Flooded::All, Flooded::Cases] {
            for options in ["--no-first-look", ""] {
                suite_is_bounded(size, flooded, options);
            }
        }
    }
}
