//! A user name and a password: the broker receives them, and the password appears nowhere else.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use insta::assert_snapshot;

use crate::program::{Ended, PING, Program};

const PASSWORD: &str = "hunter-2-never-shown";

/// A broker that accepts a CONNECT with these bytes in it, and answers pings.
fn guarded(needle: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || guard(stream.expect("a connection"), needle));
        }
    });
    format!("mqtt://127.0.0.1:{port}")
}

fn guard(mut stream: TcpStream, needle: &[u8]) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let packet = &buffer[..count];
        // The protocol level follows the protocol name, `MQTT` or `MQIsdp`.
        let answer: &[u8] = match packet[0] {
            0x10 => {
                let is_known = packet.windows(needle.len()).any(|w| w == needle);
                match (packet[4 + usize::from(packet[3])], is_known) {
                    (5, true) => &[0x20, 3, 0, 0, 0],
                    (_, true) => &[0x20, 2, 0, 0],
                    (5, false) => &[0x20, 3, 0, 0x87, 0],
                    (_, false) => &[0x20, 2, 0, 5],
                }
            }
            0xC0 => &[0xD0, 0],
            _ => return,
        };
        let _ = stream.write_all(answer);
    }
}

/// The last fields of CONNECT: this user name and this password.
const KNOWN: &[u8] = b"\x00\x02me\x00\x14hunter-2-never-shown";

fn program(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/ping.yaml", PING)
        .file("password", format!("{PASSWORD}\n"))
        .file("other", "something else")
        .file("empty", "\n")
}

fn run(url: &str, options: &str) -> (Program, Ended) {
    let program = program(&format!("run --broker {url} {options}"));
    let ended = program.run();
    (program, ended)
}

/// Checks that neither the output nor any file contains the password, except its own file.
fn assert_hidden(program: &Program, ended: &Ended) {
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    let hex: String = PASSWORD.bytes().map(|b| format!("{b:02x} ")).collect();
    for text in [PASSWORD, hex.trim_end()] {
        assert!(!shown.contains(text), "{ended}");
        for file in program.files().iter().filter(|f| *f != "password") {
            let content = std::fs::read(program.path(file)).expect("a file");
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains(text), "{file}");
        }
    }
}

#[test]
fn a_password_from_a_file_lets_us_in_and_is_not_shown() {
    let options = "--user me --password-file password --verbose --report json=r.json \
                   --report junit=r.xml --baseline other";
    let (program, ended) = run(&guarded(KNOWN), options);
    assert!(ended.stdout.contains("2 cases: 2 passed"), "{ended}");
    assert!(
        ended.stdout.contains("username=\"me\" password=<password>"),
        "{ended}"
    );
    assert_hidden(&program, &ended);
    assert!(program.path("r.json").exists());
}

#[test]
fn a_password_from_the_environment_lets_us_in_and_is_not_shown() {
    let url = guarded(KNOWN);
    let program = program(&format!(
        "run --broker {url} --user me --verbose --no-snapshots"
    ))
    .env("MQTT_CHECK_PASSWORD", PASSWORD);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_hidden(&program, &ended);
}

#[test]
fn a_library_is_given_the_password_too() {
    let url = guarded(KNOWN);
    let program = program(&format!(
        "run --broker {url} --user me --password-file password --verbose --no-snapshots"
    ))
    .file(
        "scenarios/ping.yaml",
        PING.replace("{ a: }", "{ a: { driver: rumqttc } }")
            .replace("  - a: ping\n", "  - a: disconnect\n"),
    );
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("password=<password>"), "{ended}");
    assert_hidden(&program, &ended);
}

#[test]
fn what_a_scenario_says_of_itself_is_left_alone() {
    let url = guarded(b"\x00\x05other");
    let named = PING.replace("{ a: }", "{ a: { username: other } }");
    let program = program(&format!(
        "run --broker {url} --user me --password-file password --no-snapshots"
    ))
    .file("scenarios/ping.yaml", named);
    // The probe uses our credentials and is refused.
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert_hidden(&program, &ended);
}

#[test]
fn a_name_that_nothing_makes_known_needs_a_broker_that_lets_in_anybody() {
    let named = PING.replace("{ a: }", "{ a: { username: alice } }");
    let skipped = "needs anonymous: it refuses clients without a user name";
    for (needle, is_skipped) in [(KNOWN, true), (b"MQ", false)] {
        let url = guarded(needle);
        let program = program(&format!(
            "run --broker {url} --user me --password-file password --no-snapshots"
        ))
        .file("scenarios/named.yaml", &named);
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{ended}");
        assert_eq!(ended.stdout.contains(skipped), is_skipped, "{ended}");
        assert!(ended.stdout.contains("4 cases"), "{ended}");
    }
}

#[test]
fn a_broker_that_does_not_let_us_in() {
    for options in [
        "",
        "--user me",
        "--user me --password-file other",
        "--user you --password-file password",
    ] {
        let (program, ended) = run(&guarded(KNOWN), options);
        assert_eq!(ended.exit, Some(3), "{ended}");
        assert_hidden(&program, &ended);
        assert_snapshot!(ended);
    }
}

#[test]
fn passwords_that_cannot_be_read() {
    for options in [
        "--user me --password-file no-such-file",
        "--user me --password-file empty",
        "--password-file password",
    ] {
        let (_, ended) = run("mqtt://127.0.0.1:1", options);
        assert_eq!(ended.exit, Some(2), "{ended}");
        assert_snapshot!(ended);
    }
}

#[test]
fn a_password_has_no_place_on_the_command_line() {
    for (broker, options) in [
        (
            "mqtt://127.0.0.1:1",
            format!("--user me --password={PASSWORD}"),
        ),
        (
            "mqtt://127.0.0.1:1",
            format!("--user me --password {PASSWORD}"),
        ),
        (&*format!("mqtt://me:{PASSWORD}@127.0.0.1:1"), String::new()),
    ] {
        let (program, ended) = run(broker, &options);
        assert_eq!(ended.exit, Some(2), "{ended}");
        assert_hidden(&program, &ended);
        assert!(ended.stderr.contains("--password-file"), "{ended}");
    }
}
