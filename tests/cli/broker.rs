//! `mqtt-check broker`, as a client on the network sees it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

use insta::assert_snapshot;

use crate::program::Program;

/// Where it says that it listens.
fn address(child: &mut Child) -> String {
    let stderr = child.stderr.take().expect("a pipe");
    let mut lines = BufReader::new(stderr).lines();
    lines
        .by_ref()
        .map(|line| line.expect("a line"))
        .find_map(|line| Some(line.strip_prefix("listening on mqtt://")?.to_owned()))
        .expect("it says where it listens")
}

fn terminate(child: &Child) {
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it accepts");
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).expect("a limit");
    stream
}

fn exchange(stream: &mut TcpStream, send: &[u8], expected: &[u8]) {
    stream.write_all(send).expect("writing");
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, expected);
}

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";
const CONNECT_5: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01b";
const SUBSCRIBE: &[u8] = b"\x82\x06\x00\x01\x00\x01t\x00";
const PUBLISH: &[u8] = b"\x30\x05\x00\x01t\xc3\xa9";

#[test]
fn serves_tells_its_events_and_stops_in_good_order() {
    let program = Program::new("broker --listen 127.0.0.1:0 --hooks -");
    let mut child = program.start();
    let address = address(&mut child);
    let mut old = connect(&address);
    exchange(&mut old, CONNECT, b"\x20\x02\x00\x00");
    exchange(&mut old, SUBSCRIBE, b"\x90\x03\x00\x01\x00");
    exchange(&mut old, PUBLISH, PUBLISH);
    let mut new = connect(&address);
    exchange(&mut new, CONNECT_5, b"\x20\x06\x00\x00\x03\x22\xff\xff");
    terminate(&child);
    let mut rest = Vec::new();
    new.read_to_end(&mut rest).expect("an orderly end");
    assert_eq!(rest, b"\xe0\x02\x8b\x00");
    rest.clear();
    old.read_to_end(&mut rest).expect("an orderly end");
    assert!(rest.is_empty());
    let mut hooks = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_to_string(&mut hooks).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let untimed: Vec<_> = hooks
        .lines()
        .map(|line| line.split_once(",").expect("a time first").1)
        .collect();
    assert_snapshot!(untimed.join("\n"));
}

#[test]
fn has_the_deviations_that_it_is_told_to_have() {
    let program = Program::new("broker --listen 127.0.0.1:0 --deviate no-pingresp --hooks h.jsonl");
    let mut child = program.start();
    let address = address(&mut child);
    let mut stream = connect(&address);
    exchange(&mut stream, CONNECT, b"\x20\x02\x00\x00");
    // A PINGREQ that nobody answers, and then the message.
    exchange(&mut stream, SUBSCRIBE, b"\x90\x03\x00\x01\x00");
    stream.write_all(b"\xc0\x00").expect("writing");
    exchange(&mut stream, PUBLISH, PUBLISH);
    terminate(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let hooks = std::fs::read_to_string(program.path("h.jsonl")).expect("the file");
    assert_eq!(hooks.lines().count(), 7, "{hooks}");
}

#[test]
fn says_why_it_cannot_serve() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let ended = Program::new(&format!("broker --listen {address}")).run();
    assert_snapshot!(ended);
    assert_snapshot!(Program::new("broker --listen nowhere").run());
    assert_snapshot!(Program::new("broker --deviate no-ping").run());
    assert_snapshot!(Program::new("broker --listen 127.0.0.1:0 --hooks no/such/file").run());
}
