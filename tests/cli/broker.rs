//! `mqtt-check broker` as a client on the network sees it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::Duration;

use insta::assert_snapshot;

use crate::program::{Program, signal};

/// The address that the program prints.
pub(crate) fn address(child: &mut Child) -> String {
    let stderr = child.stderr.take().expect("a pipe");
    let mut lines = BufReader::new(stderr).lines();
    lines
        .by_ref()
        .map(|line| line.expect("a line"))
        .find_map(|line| Some(line.strip_prefix("listening on mqtt://")?.to_owned()))
        .expect("it says where it listens")
}

pub(crate) fn connect(address: &str) -> TcpStream {
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
    signal("-TERM", child.id());
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
fn has_the_faults_that_it_is_told_to_have() {
    let program = Program::new("broker --listen 127.0.0.1:0 --fault no-pingresp --hooks h.jsonl");
    let mut child = program.start();
    let address = address(&mut child);
    let mut stream = connect(&address);
    exchange(&mut stream, CONNECT, b"\x20\x02\x00\x00");
    // An unanswered PINGREQ, and then the message.
    exchange(&mut stream, SUBSCRIBE, b"\x90\x03\x00\x01\x00");
    stream.write_all(b"\xc0\x00").expect("writing");
    exchange(&mut stream, PUBLISH, PUBLISH);
    signal("-TERM", child.id());
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
    assert_snapshot!(Program::new("broker --fault no-ping").run());
    assert_snapshot!(Program::new("broker --listen 127.0.0.1:0 --hooks no/such/file").run());
}

/// A CONNECT with a user name, a password, and the Client Identifier `a`.
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
    // One byte too many closes the connection.
    let large = [&[0x30, 59, 0, 1, b't'][..], &[b'x'; 56]].concat();
    alice.write_all(&large).expect("writing");
    let mut rest = Vec::new();
    // If the broker closes with unread input, the end becomes a reset.
    if let Err(error) = alice.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert!(rest.is_empty());
    signal("-TERM", child.id());
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
    // The system accepts connections even when the program has no file descriptors left for them.
    let flood: Vec<_> = (0..100).map(|_| connect(&address)).collect();
    exchange(&mut first, b"\xc0\x00", b"\xd0\x00");
    drop(flood);
    exchange(&mut connect(&address), CONNECT, b"\x20\x02\x00\x00");
    exchange(&mut first, b"\xc0\x00", b"\xd0\x00");
    signal("-TERM", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// Connects a 3.1.1 client with Clean Session 0, and expects this Session Present.
fn lasting(address: &str, session_present: u8) -> TcpStream {
    let mut stream = connect(address);
    let connack = [0x20, 2, session_present, 0];
    exchange(
        &mut stream,
        b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01s",
        &connack,
    );
    stream
}

fn expect(stream: &mut TcpStream, expected: &[u8]) {
    exchange(stream, b"", expected);
}

/// Kills the broker, so that it cannot clean up.
pub(crate) fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn what_it_acknowledged_outlives_its_death() {
    let program = Program::new("broker --listen 127.0.0.1:0 --store kept.redb");
    let mut child = program.start();
    let at = address(&mut child);
    exchange(
        &mut lasting(&at, 0),
        b"\x82\x06\x00\x01\x00\x01t\x01",
        b"\x90\x03\x00\x01\x01",
    );
    let mut publisher = connect(&at);
    exchange(&mut publisher, CONNECT, b"\x20\x02\x00\x00");
    exchange(
        &mut publisher,
        b"\x32\x06\x00\x01t\x00\x07m",
        b"\x40\x02\x00\x07",
    );
    exchange(
        &mut publisher,
        b"\x33\x06\x00\x01r\x00\x08k",
        b"\x40\x02\x00\x08",
    );
    // A QoS 2 message, acknowledged with PUBREC and not released.
    exchange(
        &mut publisher,
        b"\x34\x06\x00\x01t\x00\x09n",
        b"\x50\x02\x00\x09",
    );
    kill(child);

    let mut child = program.start();
    let at = address(&mut child);
    let mut reader = lasting(&at, 1);
    expect(
        &mut reader,
        b"\x32\x06\x00\x01t\x00\x01m\x32\x06\x00\x01t\x00\x02n",
    );
    kill(child);

    // These messages were sent but not acknowledged.
    let mut child = program.start();
    let at = address(&mut child);
    let mut reader = lasting(&at, 1);
    expect(
        &mut reader,
        b"\x3a\x06\x00\x01t\x00\x01m\x3a\x06\x00\x01t\x00\x02n",
    );
    let acknowledged = b"\x40\x02\x00\x01\x40\x02\x00\x02\xc0\x00";
    exchange(&mut reader, acknowledged, b"\xd0\x00");
    signal("-TERM", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));

    let mut child = program.start();
    let at = address(&mut child);
    let mut reader = lasting(&at, 1);
    exchange(&mut reader, b"\xc0\x00", b"\xd0\x00");
    let retained = b"\x90\x03\x00\x01\x00\x31\x04\x00\x01rk";
    exchange(&mut reader, b"\x82\x06\x00\x01\x00\x01r\x00", retained);
    kill(child);
}

#[test]
fn says_why_it_cannot_use_a_store() {
    let program = Program::new("broker --config b.yaml")
        .file("b.yaml", "listen: 127.0.0.1:0\nstore: data/kept.redb\n")
        .file("data/other", "x");
    let mut child = program.start();
    address(&mut child);
    assert!(program.path("data/kept.redb").exists());
    let second = program.arguments("broker --listen 127.0.0.1:0 --store data/kept.redb");
    assert_snapshot!(second.run());
    let other = second.arguments("broker --listen 127.0.0.1:0 --store data/other");
    assert_snapshot!(other.run());
    let nowhere = other.arguments("broker --listen 127.0.0.1:0 --store no/such/file");
    assert_snapshot!(nowhere.run());
    kill(child);
}

/// A retained QoS 1 PUBLISH of about 50 kB. The number gives the topic and the packet identifier.
fn large(number: u16) -> Vec<u8> {
    let topic = format!("{number:05}");
    let body = [
        &5_u16.to_be_bytes()[..],
        topic.as_bytes(),
        &number.to_be_bytes(),
        &[b'x'; 50_000],
    ]
    .concat();
    let length = [
        0x80 | (body.len() & 0x7F) as u8,
        0x80 | (body.len() >> 7 & 0x7F) as u8,
        (body.len() >> 14) as u8,
    ];
    [&[0x33][..], &length, &body].concat()
}

#[test]
fn ends_when_its_store_takes_no_more_and_has_kept_what_it_acknowledged() {
    let program = Program::new("broker --listen 127.0.0.1:0 --store kept.redb")
        .after("trap '' XFSZ; ulimit -f 16384");
    let mut child = program.start();
    let at = address(&mut child);
    let mut publisher = connect(&at);
    exchange(&mut publisher, CONNECT, b"\x20\x02\x00\x00");
    let mut acknowledged = 0;
    for number in 1..=2_000 {
        if publisher.write_all(&large(number)).is_err() {
            break;
        }
        let mut puback = [0; 4];
        if publisher.read_exact(&mut puback).is_err() {
            break;
        }
        acknowledged = number;
    }
    assert!((10..2_000).contains(&acknowledged), "{acknowledged}");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));

    let program = program.after("true");
    expect_retained(&program, acknowledged);
}

/// Starts the broker and expects this many large retained messages.
fn expect_retained(program: &Program, count: u16) {
    let mut child = program.start();
    let at = address(&mut child);
    let mut reader = connect(&at);
    exchange(&mut reader, CONNECT, b"\x20\x02\x00\x00");
    exchange(
        &mut reader,
        b"\x82\x06\x00\x01\x00\x01#\x00",
        b"\x90\x03\x00\x01\x00",
    );
    for number in 1..=count {
        let mut message = large(number);
        // Delivered at QoS 0, so without a packet identifier.
        message[0] = 0x31;
        message.drain(11..13);
        message[1] -= 2;
        expect(&mut reader, &message);
    }
    kill(child);
}

/// Makes the store unwritable. If the user is not bound by file modes, does it by limiting the size of files, as on a
/// full disk.
#[test]
fn refuses_a_store_that_it_cannot_write_and_leaves_it_as_it_is() {
    let program = Program::new("broker --listen 127.0.0.1:0 --store kept.redb");
    let mut child = program.start();
    let at = address(&mut child);
    let mut publisher = connect(&at);
    exchange(&mut publisher, CONNECT, b"\x20\x02\x00\x00");
    publisher.write_all(&large(1)).expect("it reads");
    expect(&mut publisher, b"\x40\x02\x00\x01");
    kill(child);
    let path = program.path("kept.redb");
    let before = std::fs::read(&path).expect("a store");

    let program = program.after("trap '' XFSZ; ulimit -f 0; chmod 444 kept.redb");
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(
        ended
            .stderr
            .starts_with("error: failed to keep sessions in kept.redb: "),
        "{ended}"
    );
    assert!(!ended.stderr.contains("panicked"), "{ended}");
    assert!(std::fs::read(&path).expect("a store") == before);

    let program = program.after("chmod 644 kept.redb");
    expect_retained(&program, 1);
}

#[test]
fn says_what_is_damaged_in_its_store_and_repairs_it_when_told_to() {
    let program = Program::new("broker --listen 127.0.0.1:0 --store kept.redb");
    let mut child = program.start();
    let at = address(&mut child);
    let subscribe = b"\x82\x06\x00\x01\x00\x01t\x01";
    exchange(&mut lasting(&at, 0), subscribe, b"\x90\x03\x00\x01\x01");
    let mut publisher = connect(&at);
    exchange(&mut publisher, CONNECT, b"\x20\x02\x00\x00");
    for number in 1..=3 {
        let message = large(number);
        exchange(&mut publisher, &message, &[0x40, 2, 0, number as u8]);
    }
    signal("-TERM", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));

    let path = program.path("kept.redb");
    let mut bytes = std::fs::read(&path).expect("there");
    // Change the payload of the second message in every copy in the file.
    let topic = b"\x00\x0500002";
    let places: Vec<_> = (0..bytes.len() - 7)
        .filter(|at| bytes[*at..].starts_with(topic))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place + 1_000] ^= 1;
    }
    std::fs::write(&path, &bytes).expect("written");
    assert_snapshot!(program.run());
    assert!(std::fs::read(&path).expect("there") == bytes);

    let repairing = program.arguments("broker --listen 127.0.0.1:0 --store kept.redb --repair");
    let mut child = repairing.start();
    let at = address(&mut child);
    drop(lasting(&at, 1));
    let mut reader = connect(&at);
    exchange(&mut reader, CONNECT, b"\x20\x02\x00\x00");
    let subscribe = b"\x82\x06\x00\x01\x00\x01#\x00";
    exchange(&mut reader, subscribe, b"\x90\x03\x00\x01\x00");
    for number in [1, 3] {
        // Delivered at QoS 0, so without a packet identifier.
        let mut message = large(number);
        message[0] = 0x31;
        message.drain(11..13);
        message[1] -= 2;
        expect(&mut reader, &message);
    }
    exchange(&mut reader, b"\xc0\x00", b"\xd0\x00");
    kill(child);
    let former = std::fs::read(repairing.path("kept.redb.damaged"));
    assert!(former.expect("it is kept") == bytes);
}
