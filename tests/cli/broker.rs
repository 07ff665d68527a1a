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

/// CONNECT with a user name, a password, and the client id `a`.
fn login(user: &str, password: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u16::try_from(text.len()).expect("short");
        [&length.to_be_bytes()[..], text.as_bytes()].concat()
    };
    let rest = [text("a"), text(user), text(password)].concat();
    let body = [&b"\x00\x04MQTT\x04\xc2\x00\x00"[..], &rest].concat();
    let length = u8::try_from(body.len()).expect("short");
    [&[0x10, length][..], &body].concat()
}

const CONFIG: &str = "\
listen: 127.0.0.1:0
users: { alice: hush, bob: { file: bob.txt }, carol: { env: CAROL } }
access: [ { allow: all, filter: 'of/%u/#' } ]
maximum_packet_size: 60
";

#[test]
fn is_configured_by_a_file() {
    let program = Program::new("broker --config conf/b.yaml")
        .file("conf/b.yaml", CONFIG)
        .file("conf/bob.txt", "quiet\n")
        .env("CAROL", "still");
    let mut child = program.start();
    let address = address(&mut child);
    for (user, password) in [("alice", "hush"), ("bob", "quiet"), ("carol", "still")] {
        exchange(
            &mut connect(&address),
            &login(user, password),
            b"\x20\x02\x00\x00",
        );
    }
    exchange(
        &mut connect(&address),
        &login("alice", "loud"),
        b"\x20\x02\x00\x04",
    );
    exchange(&mut connect(&address), CONNECT, b"\x20\x02\x00\x05");
    let mut alice = connect(&address);
    exchange(&mut alice, &login("alice", "hush"), b"\x20\x02\x00\x00");
    exchange(&mut alice, SUBSCRIBE, b"\x90\x03\x00\x01\x80");
    let own = b"\x82\x0f\x00\x02\x00\x0aof/alice/x\x01";
    exchange(&mut alice, own, b"\x90\x03\x00\x02\x01");
    // A byte too many ends it.
    let large = [&[0x30, 59, 0, 1, b't'][..], &[b'x'; 56]].concat();
    alice.write_all(&large).expect("writing");
    let mut rest = Vec::new();
    alice.read_to_end(&mut rest).expect("an orderly end");
    assert!(rest.is_empty());
    terminate(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn says_what_is_wrong_with_its_file_and_never_a_password() {
    let wrong = |text: &str| {
        let ended = Program::new("broker --config b.yaml --listen 127.0.0.1:0")
            .file("b.yaml", text)
            .run();
        assert_eq!(ended.exit, Some(2));
        assert!(!ended.stderr.contains("hush"), "{ended}");
        ended
    };
    assert_snapshot!(wrong(
        "users: { alice: hush }\nreciever_maximum: 3\nmaximum_qos: 5\naccess: [ { deny: publish } ]\n"
    ));
    assert_snapshot!(wrong("users:\n  alice: hush: hush\n"));
    let places = Program::new("broker --config b.yaml")
        .file("b.yaml", "listen: [ nowhere, http://a, 127.0.0.1:0 ]\n")
        .run();
    assert_snapshot!(places);
    assert_snapshot!(Program::new("broker --config no/such/file").run());
    let half = Program::new("broker --config b.yaml")
        .file("b.yaml", "listen: mqtts://127.0.0.1:0\nkey: k.pem\n")
        .run();
    assert_snapshot!(half);
}

#[test]
fn goes_on_when_it_ran_out_of_open_files() {
    let program = Program::new("broker --listen 127.0.0.1:0").after("ulimit -n 40");
    let mut child = program.start();
    let address = address(&mut child);
    let mut first = connect(&address);
    exchange(&mut first, CONNECT_5, b"\x20\x06\x00\x00\x03\x22\xff\xff");
    // The system accepts for the program what the program has no room for.
    let flood: Vec<_> = (0..100).map(|_| connect(&address)).collect();
    exchange(&mut first, b"\xc0\x00", b"\xd0\x00");
    drop(flood);
    exchange(&mut connect(&address), CONNECT, b"\x20\x02\x00\x00");
    exchange(&mut first, b"\xc0\x00", b"\xd0\x00");
    terminate(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
