//! Servers at a URL that are not brokers, or broken ones. The program never panics or hangs.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;

use crate::program::{Ended, PING, Program, signal};

fn run(url: &str) -> Ended {
    let program = Program::new(&format!("run --protocol 5 --broker {url}"));
    program.file("scenarios/ping.yaml", PING).run()
}

/// Serves every connection with this function. Returns the URL.
pub(crate) fn serve(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream.expect("a connection")));
        }
    });
    format!("mqtt://127.0.0.1:{port}")
}

/// Reads one packet that is shorter than 128 bytes. Returns its first byte and its body.
pub(crate) fn packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).ok()?;
    let mut body = vec![0; header[1].into()];
    stream.read_exact(&mut body).ok()?;
    Some((header[0], body))
}

/// Reads once, answers with these bytes, and closes.
fn answer(bytes: &'static [u8]) -> impl Fn(TcpStream) + Clone + Send + 'static {
    move |mut stream| {
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(bytes);
    }
}

#[test]
fn no_url() {
    for url in [
        "127.0.0.1:1883",
        "mqtt://",
        "mqtt://127.0.0.1:99999",
        "ftp://127.0.0.1",
        "mqtts://127.0.0.1/mqtt",
        "mqtt://user@127.0.0.1",
    ] {
        let ended = run(url);
        assert_eq!(ended.exit, Some(2), "{url}: {ended}");
        assert!(
            ended.stderr.starts_with("error: --broker: `"),
            "{url}: {ended}"
        );
    }
    assert_snapshot!(run("127.0.0.1:1883"));
}

#[test]
fn unreachable() {
    // A port that was just free.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    assert_snapshot!(run(&format!("mqtt://127.0.0.1:{port}")));
}

#[test]
fn an_http_server() {
    let url = serve(answer(
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    ));
    assert_snapshot!(run(&url));
}

#[test]
fn a_tls_server() {
    // The alert that a TLS server sends if the first message is not a ClientHello.
    let url = serve(answer(b"\x15\x03\x01\x00\x02\x02\x46"));
    assert_snapshot!(run(&url));
}

#[test]
fn hangs_after_accepting() {
    let url = serve(|stream| {
        thread::sleep(Duration::from_secs(120));
        drop(stream);
    });
    assert_snapshot!(run(&url));
}

#[test]
fn sends_garbage() {
    let url = serve(answer(&[0xff; 64]));
    assert_snapshot!(run(&url));
}

#[test]
fn closes_in_the_middle_of_a_packet() {
    let url = serve(answer(b"\x20\x13\x00\x00\x10"));
    assert_snapshot!(run(&url));
}

#[test]
fn closes_at_once() {
    let url = serve(drop);
    assert_snapshot!(run(&url));
}

/// Accepts every CONNECT and answers nothing else.
fn connack_and_no_more(stream: TcpStream) {
    connack_and_then(stream, None);
}

/// Accepts every CONNECT, answers the next packet with these bytes, and closes.
fn connack_and_then(mut stream: TcpStream, then: Option<&[u8]>) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = stream.read(&mut buffer) {
        if buffer[0] != 0x10 {
            if let Some(bytes) = then {
                let _ = stream.write_all(bytes);
                return;
            }
        } else {
            // The protocol level follows the protocol name, `MQTT` or `MQIsdp`.
            let level = buffer[4 + usize::from(buffer[3])];
            let connack: &[u8] = match level {
                5 => &[0x20, 3, 0, 0, 0],
                _ => &[0x20, 2, 0, 0],
            };
            let _ = stream.write_all(connack);
        }
    }
}

#[test]
fn answers_connect_only() {
    let ended = run(&serve(connack_and_no_more));
    assert_eq!(ended.exit, Some(1), "{ended}");
    // The wait is one limit, without a second one for confirmation.
    assert!(
        ended
            .stdout
            .contains("expected  PINGRESP\n    received  no PINGRESP within 5 s"),
        "{ended}"
    );
}

#[test]
fn answers_a_ping_with_garbage() {
    let url = serve(|stream| connack_and_then(stream, Some(&[0xff; 16])));
    assert_snapshot!(run(&url));
}

#[test]
fn closes_in_the_middle_of_an_answer() {
    let url = serve(|stream| connack_and_then(stream, Some(b"\x30\x7f\x00\x01a")));
    assert_snapshot!(run(&url));
}

#[test]
fn exits_during_the_run() {
    // Four connections for the first look, some for the canary, and one for the case. After that nothing listens.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for _ in 0..4 {
            let (stream, _) = listener.accept().expect("a connection");
            connack_and_then(stream, None);
        }
        let stream = loop {
            let (stream, _) = listener.accept().expect("a connection");
            let mut begin = [0; 1024];
            let size = stream.peek(&mut begin).expect("a CONNECT");
            if begin[..size].windows(6).all(|bytes| bytes != b"canary") {
                break stream;
            }
            thread::spawn(|| connack_and_then(stream, None));
        };
        drop(listener);
        connack_and_then(stream, Some(&[0xD0, 0]));
    });
    let run = format!("run --protocol 5 --broker mqtt://127.0.0.1:{port}");
    let kept = PING.replace("{ a: }", "{ a: { clean_session: 0 } }");
    let ended = Program::new(&run).file("scenarios/ping.yaml", kept).run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let left = "Left on the broker because cleaning up failed:\n  ping@5: the session of ";
    assert!(ended.stdout.contains(left), "{ended}");
    let told = "error: the broker exited during the run: failed to connect to";
    assert!(ended.stderr.contains(told), "{ended}");
}

/// Answers CONNECT, and then sends these bytes for as long as the client accepts them.
fn flood(mut stream: TcpStream, bytes: &[u8]) {
    let mut buffer = [0; 1024];
    let _ = stream.read(&mut buffer);
    let _ = stream.write_all(&[0x20, 3, 0, 0, 0]);
    let is_probe = buffer.windows(5).all(|bytes| bytes != b"drown");
    while stream.write_all(bytes).is_ok() && !is_probe {}
}

/// A scenario with two flooded clients, with different waits.
const DROWNED: &str = "\
title: A broker that keeps sending comes to an end
versions: [5]
clients: { drowned: }
cases:
  waiting: { then: { wait: 4s } }
  expecting: { then: { drowned: { expect: { suback: } } } }
steps:
  - drowned: connect
  - $then
";

#[test]
fn never_stops_sending() {
    let floods = [
        // PINGRESP packets that no client has asked for.
        ([0xD0, 0].repeat(2000), "more of the same kind"),
        // Messages to a client without subscriptions.
        ([0x30, 4, 0, 1, b'a', 0].repeat(1000), "2 inconclusive"),
        // Bytes that are not a packet.
        ([0xFF].repeat(4096), "2 failed"),
    ];
    for (bytes, told) in floods {
        let url = serve(move |stream| flood(stream, &bytes));
        let run = Program::new(&format!("run --broker {url} --no-snapshots"));
        let ended = run.file("scenarios/drowned.yaml", DROWNED).run();
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert!(ended.stdout.contains(told), "{ended}");
        assert!(ended.stdout.len() < 100_000, "{ended}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_reports_what_was_done() {
    let url = serve(connack_and_no_more);
    let command = format!("run --broker {url} --report json=out.json");
    let program = Program::new(&command).file("scenarios/ping.yaml", PING);
    let child = program.start();
    thread::sleep(Duration::from_millis(1500));
    signal("-INT", child.id());
    let ended = program.finish(child);
    assert_snapshot!(ended);
    assert!(program.path("out.json").exists());
}

#[test]
fn refuses_with_another_code_among_alternatives() {
    // DISCONNECT 0x8D, Keep Alive timeout, in answer to a SUBSCRIBE.
    let url = serve(|stream| connack_and_then(stream, Some(b"\xe0\x01\x8d")));
    let scenario = "\
title: A filter is refused
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { subscribe: { filter: a/b, no_wait: true } }
  - a:
      expect:
        any_of:
          - suback: { reasons: [0x8F] }
          - refused: { codes: [topic_filter_invalid] }
";
    let program = Program::new(&format!("run --broker {url}"));
    let ended = program.file("scenarios/filter.yaml", scenario).run();
    assert_snapshot!(ended);
}

#[test]
fn what_it_offers_appears_in_the_report() {
    // Its version 5 CONNACK has no Topic Alias Maximum, which then is 0.
    let url = serve(|stream| connack_and_then(stream, Some(&[0xD0, 0])));
    let program = Program::new(&format!("run --broker {url} --report json=out.json"));
    let program = program.file("scenarios/ping.yaml", PING);
    let ended = program.run();
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let capabilities = &report["target"]["capabilities"];
    assert_eq!(
        capabilities["topic_aliases"]["available"], false,
        "{ended}{capabilities}"
    );
    assert!(capabilities["kick"].is_null(), "{capabilities}");
    assert_eq!(capabilities["retain"]["available"], true, "{capabilities}");
}
