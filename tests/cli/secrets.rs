//! A password that the user gives is never shown: not where we send it, not where a broker returns it, not in a log.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Child;

use crate::bad_brokers::{packet, serve};
use crate::broker::kill;
use crate::program::{BINARY, Ended, Program};

const PASSWORD: &str = "Geheimnis-4711-hunter";
/// A scenario that fails after its first steps pass.
const FAILS: &str = "\
title: A ping is answered twice
versions: [3.1.1, 5]
clients: { a: }
steps:
  - a: connect
  - a: ping
  - a: { expect: pingresp }
    clause: MQTT-3.12.4-1
";

const METHOD: &str = "\
title: A client says by which method it proves who it is
versions: [5]
clients: { a: }
steps:
  - a: { send: { connect: { authentication_method: SCRAM-SHA-256, authentication_data: 'n,,n=me,r=abc' } } }
  - a: { expect: { connack: { reason: unspecified_error } } }
    clause: MQTT-4.12.0-1
";

/// Every notation in which the broker may return the password.
fn forms() -> Vec<String> {
    let hex: Vec<String> = PASSWORD.bytes().map(|b| format!("{b:02x}")).collect();
    vec![
        PASSWORD.to_owned(),
        hex.concat(),
        hex.concat().to_uppercase(),
        hex.join(" "),
        // Base64 of the password, and of `me:` and the password.
        "R2VoZWltbmlzLTQ3MTEtaHVudGVy".to_owned(),
        "bWU6R2VoZWltbmlzLTQ3MTEtaHVudGVy".to_owned(),
    ]
}

/// Checks that neither the output nor any file that the program wrote contains the password.
fn assert_hidden(program: &Program, ended: &Ended, given: &[&str]) {
    let written = program.files();
    let written = written
        .iter()
        .filter(|file| !given.contains(&file.as_str()));
    let mut shown = vec![("what it printed".to_owned(), ended.to_string())];
    for file in written {
        let content = std::fs::read(program.path(file)).expect("a file");
        shown.push((file.clone(), String::from_utf8_lossy(&content).into_owned()));
    }
    for (place, text) in shown {
        for form in forms() {
            assert!(!text.contains(&form), "{place} has {form}: {text}");
        }
    }
}

fn read(program: &Program, file: &str) -> String {
    std::fs::read_to_string(program.path(file)).expect("a file")
}

/// A string or binary data, with its length in front.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// A broker that returns the password in every notation: in its CONNACK, in a message, and in its DISCONNECT.
fn indiscreet() -> String {
    serve(|mut stream: TcpStream| {
        let mut is_new = true;
        while let Some((first, body)) = packet(&mut stream) {
            let told = forms().join(" ");
            let reason = [&[0x1F][..], &counted(told.as_bytes())].concat();
            let sized = |bytes: &[u8]| {
                let length = bytes.len();
                let low = u8::try_from(length % 128).expect("seven bits") | 0x80;
                [
                    &[low, u8::try_from(length / 128).expect("short")][..],
                    bytes,
                ]
                .concat()
            };
            let answer = match first & 0xF0 {
                0x10 => {
                    is_new = body[6] == 5;
                    match is_new {
                        true => [
                            &[0x20][..],
                            &sized(&[&[0, 0][..], &sized(&reason)].concat()),
                        ]
                        .concat(),
                        false => vec![0x20, 2, 0, 0],
                    }
                }
                0xC0 => {
                    let properties: &[u8] = if is_new { &[0] } else { &[] };
                    let message = [&counted(b"t")[..], properties, told.as_bytes()].concat();
                    [&[0xD0, 0, 0x30][..], &sized(&message)].concat()
                }
                _ => return,
            };
            let _ = stream.write_all(&answer);
        }
    })
}

const REPORTS: &str = "--report json=r.json --report junit=r.xml --report html=r.html --report markdown=r.md --report tap=r.tap --pcap captures --issue-dir issues --transcripts all";

#[test]
fn no_output_shows_a_password_that_the_broker_says_back() {
    let url = indiscreet();
    for more in [
        "--verbose",
        "--baseline mine",
        "--baseline mine --update",
        "--no-snapshots",
    ] {
        let run = format!("run --broker {url} --user me --password-file password {REPORTS} {more}");
        let program = Program::new(&run)
            .file("scenarios/fails.yaml", FAILS)
            .file("scenarios/method.yaml", METHOD)
            .file("password", PASSWORD);
        let ended = program.run();
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert_hidden(&program, &ended, &["password"]);
        // The text is there with its length, but masked.
        let json = read(&program, "r.json");
        let stars = "*".repeat(PASSWORD.len());
        assert!(
            json.contains(&format!("\"payload\", \"value\": \"{stars} ")),
            "{json}"
        );
        assert!(
            json.contains(&format!("\"password\", \"value\": \"{stars}\"")),
            "{json}"
        );
        assert!(json.contains(&"2a".repeat(PASSWORD.len())), "{json}");
    }
}

#[test]
fn a_password_of_the_environment_is_shown_as_little() {
    let run = format!(
        "run --broker {} --user me {REPORTS} --verbose",
        indiscreet()
    );
    let program = Program::new(&run)
        .file("scenarios/fails.yaml", FAILS)
        .env("MQTT_CHECK_PASSWORD", PASSWORD);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_hidden(&program, &ended, &[]);
}

/// The WebSocket address that the broker prints.
fn address(child: &mut Child) -> String {
    use std::io::{BufRead as _, BufReader};
    let stderr = child.stderr.take().expect("a pipe");
    let mut lines = BufReader::new(stderr)
        .lines()
        .map(|line| line.expect("a line"));
    lines
        .find_map(|line| Some(format!("ws://{}", line.strip_prefix("listening on ws://")?)))
        .expect("it says where it listens")
}

/// A CONNECT in explicit frames, so that the record contains the frames in addition to the packet.
const FRAMES: &str = "\
title: A CONNECT may come in pieces
versions: [5]
clients: { a: { transport: websocket } }
steps:
  - a: open
  - a: { frame: { packets: [ connect ], in_pieces_of: 7 } }
  - a: { expect: connack }
  - a: { expect: pingresp }
    clause: MQTT-3.12.4-1
";

#[test]
fn no_frame_of_a_websocket_shows_a_password() {
    let broker = Program::new("broker --config b.yaml").file(
        "b.yaml",
        format!("listen: [ws://127.0.0.1:0/mqtt]\nusers: {{ me: {PASSWORD} }}\n"),
    );
    let mut child = broker.start();
    let url = address(&mut child);
    let run = format!(
        "run --broker {url} --user me --password-file password {REPORTS} --verbose --no-snapshots"
    );
    let program = Program::new(&run)
        .file("scenarios/fails.yaml", FAILS)
        .file(
            "scenarios/frames.yaml",
            FRAMES.replace("in_pieces_of: 7", "in_pieces_of: 99"),
        )
        .file("scenarios/pieces.yaml", FRAMES)
        .file("password", PASSWORD);
    let ended = program.run();
    kill(child);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("FAILED frames@5"), "{ended}");
    assert_hidden(&program, &ended, &["password"]);
}

/// A target file whose broker logs the password and then runs this command.
fn talkative(then: &str) -> String {
    let told = forms().join(" ");
    format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [sh, -c, 'echo \"I know {told}\"; {then}', '{{port}}', '{{config}}']\n  \
         config: 'users: {{ me: {PASSWORD} }}'\n  within: 5s\ncredentials: {{ me: {PASSWORD} }}\n"
    )
}

#[test]
fn no_log_of_a_broker_shows_a_password_of_its_target_file() {
    let serves = format!("timeout 4 {BINARY} broker --listen 127.0.0.1:$0 --config \"$1\"; exit 7");
    for (then, exit, told) in [
        ("exit 7".to_owned(), 3, "I know *********************"),
        (serves, 1, "I know *********************"),
    ] {
        let program = Program::new(&format!("run --target loud {REPORTS} --verbose"))
            .file("scenarios/fails.yaml", FAILS)
            .file("targets/loud.yaml", talkative(&then));
        let ended = program.run();
        assert_eq!(ended.exit, Some(exit), "{ended}");
        assert_hidden(&program, &ended, &["targets/loud.yaml"]);
        let text = ended.to_string();
        assert!(exit == 1 || text.contains(told), "{ended}");
    }
}

/// A case that has the broker to itself, so that the whole log of that time belongs to it.
const ALONE: &str = "\
title: A ping is answered twice
versions: [5]
exclusive: true
clients: { a: }
steps:
  - a: connect
  - a: ping
  - a: { expect: { pingresp: {}, within: 500ms } }
    clause: MQTT-3.12.4-1
";

#[test]
fn what_the_broker_writes_during_a_case_shows_no_password() {
    let told = forms().join(" ");
    let target = format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [sh, -c, '(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo \"I know {told}\"; sleep 0.2; done) & exec {BINARY} broker --listen 127.0.0.1:$0 --config \"$1\"', '{{port}}', '{{config}}']\n  \
         config: 'users: {{ me: {PASSWORD} }}'\n  within: 5s\ncredentials: {{ me: {PASSWORD} }}\n"
    );
    let program = Program::new(&format!("run --target loud {REPORTS} --verbose"))
        .file("scenarios/alone.yaml", ALONE)
        .file("targets/loud.yaml", target);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_hidden(&program, &ended, &["targets/loud.yaml"]);
    let stars = "*".repeat(PASSWORD.len());
    let line = format!("I know {stars} ");
    assert!(ended.stdout.contains(&line), "{ended}");
    assert!(read(&program, "r.json").contains(&line));
    assert!(read(&program, "r.html").contains(&line));
    assert!(read(&program, "r.md").contains(&line));
}

#[test]
fn a_baseline_that_is_made_has_no_password() {
    let make = format!(
        "baseline mine --plays 1 --broker {} --user me --password-file password",
        indiscreet()
    );
    let program = Program::new(&make)
        .file("scenarios/fails.yaml", FAILS)
        .file("password", PASSWORD);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_hidden(&program, &ended, &["password"]);
    let drafts = read(&program, "targets/mine.yaml");
    assert!(drafts.contains(&"2a".repeat(PASSWORD.len())), "{drafts}");
}

#[test]
fn a_report_that_is_made_later_shows_no_password_either() {
    let url = indiscreet();
    let run = format!("run --broker {url} --user me --password-file password {REPORTS}");
    let program = Program::new(&run)
        .file("scenarios/fails.yaml", FAILS)
        .file("password", PASSWORD);
    program.run();
    let later = program.arguments("report r.json --to junit=later.xml --to json=later.json");
    let ended = later.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_hidden(&later, &ended, &["password"]);
    for (one, other) in [("r.xml", "later.xml"), ("r.json", "later.json")] {
        assert_eq!(read(&later, one), read(&later, other));
    }
}

#[test]
fn what_the_query_of_a_url_says_is_shown_nowhere() {
    let program = Program::new(&format!(
        "run --broker ws://127.0.0.1:1/mqtt?token={PASSWORD} {REPORTS}"
    ))
    .file("scenarios/fails.yaml", FAILS);
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(ended.stderr.contains("/mqtt?token=****"), "{ended}");
    assert_hidden(&program, &ended, &[]);
}

#[test]
fn a_password_that_a_scenario_has_is_no_secret() {
    let named = FAILS.replace(
        "{ a: }",
        "{ a: { username: me, password: of-the-scenario } }",
    );
    let program =
        Program::new(&format!("run {REPORTS} --no-snapshots")).file("scenarios/fails.yaml", named);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let json = read(&program, "r.json");
    assert!(
        json.contains("\"password\", \"value\": \"of-the-scenario\""),
        "{json}"
    );
}
