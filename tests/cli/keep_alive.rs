//! Brokers that require a Keep Alive. If a scenario does not set one, the driver does, and pings.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use mqtt_check_broker::{Fault, Faults};

use crate::bad_brokers;
use crate::program::Program;
use crate::served::serve;

/// A scenario that is silent for longer than a broker waits after a Keep Alive of one second.
const CALM: &str = "\
title: A client that says nothing for a while is still there
clients: { a: }
steps:
  - a: connect
  - wait: 3s
  - a: ping
";

/// Serves the bundled broker behind a proxy that closes on a CONNECT with a Keep Alive of 0. Returns its address.
fn serve_picky() -> String {
    let broker = serve(Faults::none()).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let broker = broker.clone();
            thread::spawn(move || pass_on(stream, &broker));
        }
    });
    address
}

fn pass_on(mut client: TcpStream, broker: &str) -> io::Result<()> {
    // Short CONNECT packets arrive in one piece: type, length, name, level, flags, Keep Alive.
    let mut first = [0; 512];
    let size = client.read(&mut first)?;
    if first[10..12] == [0, 0] {
        return Ok(());
    }
    let mut onward = TcpStream::connect(broker)?;
    onward.write_all(&first[..size])?;
    let (mut answers, mut back) = (onward.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        io::copy(&mut answers, &mut back).map(|_| back.shutdown(std::net::Shutdown::Both))
    });
    io::copy(&mut client, &mut onward)?;
    onward.shutdown(std::net::Shutdown::Write)
}

#[test]
fn finds_out_that_a_broker_takes_no_keep_alive_of_0() {
    let run = format!("run --broker mqtt://{} -v", serve_picky());
    let ended = Program::new(&run).file("scenarios/calm.yaml", CALM).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("keep_alive=60"), "{ended}");
    assert!(
        ended.stdout.contains("connected with 60 s, not with 0"),
        "{ended}"
    );
}

#[test]
fn says_nothing_of_it_where_0_is_taken() {
    let run = format!("run --broker mqtt://{} -v", serve(Faults::none()));
    let ended = Program::new(&run).file("scenarios/calm.yaml", CALM).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("keep_alive=0"), "{ended}");
    assert!(!ended.stdout.contains("not with 0"), "{ended}");
}

#[test]
fn pings_where_a_target_wants_it_and_the_scenario_says_nothing() {
    let said = CALM
        .replace(
            "clients: { a: }",
            "versions: [3.1.1]\nclients: { a: { keep_alive: 1 } }",
        )
        .replace("a: ping", "a: { expect: closed }");
    let ended = Program::new("run --target picky -v")
        .file("scenarios/calm.yaml", CALM)
        .file("scenarios/tested.yaml", said)
        .file(
            "targets/picky.yaml",
            format!("url: mqtt://{}\nkeep_alive: 1s\n", serve(Faults::none())),
        )
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 passed"), "{ended}");
    // The pings of the steps, and in addition those of the harness, which are marked.
    let own = ended
        .stdout
        .matches("a > PINGREQ (the harness's own)")
        .count();
    assert!(own > 2, "{ended}");
    assert_eq!(
        ended.stdout.matches("> PINGREQ").count(),
        own + 2,
        "{ended}"
    );
}

/// Expects a SUBACK that never comes, after a silence that pings of the harness prove.
const QUIET: &str = "\
title: Nothing comes of nothing
versions: [5]
clients: { a: , b: }
steps:
  - a: connect
  - b: connect
  - id: ping
    a: ping
  - a: { expect: silence }
  - a: { expect: { suback: , within: 1s } }
control: { without: ping, expect: [ a: pingresp ] }
";

#[test]
fn shows_its_own_pings_with_a_failure_and_not_in_a_snapshot() {
    let run = format!(
        "run --broker mqtt://{} --baseline mine --update --report json=out.json",
        serve(Faults::none())
    );
    let program = Program::new(&run).file("scenarios/quiet.yaml", QUIET);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let packets = report["cases"][0]["play"]["events"]
        .as_array()
        .expect("packets");
    let own: Vec<_> = packets.iter().filter(|p| p["own"] == true).collect();
    assert!(own.len() >= 4, "{packets:?}");
    assert_eq!(own[0]["text"], "b > PINGREQ (the harness's own)");
    assert!(
        ended.stdout.contains("a < PINGRESP (the harness's own)"),
        "{ended}"
    );
    let folder = std::fs::read_dir(program.path("snapshots/@mine")).expect("a folder");
    let snapshots: Vec<String> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "snap"))
        .map(|path| std::fs::read_to_string(path).expect("a text"))
        .collect();
    assert_eq!(snapshots.len(), 1);
    assert!(
        snapshots[0].contains("PINGRESP") && !snapshots[0].contains("own"),
        "{snapshots:?}"
    );
}

#[test]
fn a_wrong_answer_to_its_own_ping_is_the_brokers_fault() {
    let url = bad_brokers::serve(|mut stream| {
        let mut buffer = [0; 512];
        while let Ok(1..) = stream.read(&mut buffer) {
            let answer: &[u8] = match buffer[0] {
                0x10 if buffer[8] == 5 => &[0x20, 3, 0, 0, 0],
                0x10 => &[0x20, 2, 0, 0],
                0xC0 => &[0xD1, 0],
                _ => return,
            };
            let _ = stream.write_all(answer);
        }
    });
    let quiet = QUIET
        .replace("  - a: { expect: { suback: , within: 1s } }\n", "")
        .replace("  - id: ping\n    a: ping\n", "")
        .replace("- b: connect", "- id: ping\n    b: connect");
    let ended = Program::new(&format!("run --broker {url} --no-snapshots"))
        .file("scenarios/quiet.yaml", quiet)
        .run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("[5 MQTT-2.1.3-1]"), "{ended}");
}

const SILENT: &str = "\
title: A silent client is disconnected
versions: [5]
clients: { a: { keep_alive: 3 } }
steps:
  - a: connect
  - a: { expect: { refused: , keep_alive: 3 } }
    clause: MQTT-3.1.2-22
";

#[test]
fn a_slow_close_is_a_warning_and_no_part_of_the_record() {
    let program = Program::new("run --update").file("scenarios/silent.yaml", SILENT);
    let accepted = program.run();
    assert_eq!(accepted.exit, Some(0), "{accepted}");
    let ended = program.arguments("run --fault keep-alive-slow").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    for words in [
        "WARNED silent@5",
        "[5 MQTT-3.1.2-22]",
        "after 6 s, 2.0 times the Keep",
        "disconnected after 2.00 times their Keep Alive (1 measurement)",
    ] {
        assert!(ended.stdout.contains(words), "{words}: {ended}");
    }
    assert!(!ended.stdout.contains("differs"), "{ended}");
}

#[test]
fn a_close_is_slow_only_by_more_than_the_target_is_known_for() {
    let slow = serve([Fault::KeepAliveSlow].into_iter().collect());
    let program = Program::new("run --target slow --report json=out.json")
        .file("scenarios/silent.yaml", SILENT)
        .file(
            "targets/slow.yaml",
            format!("url: mqtt://{slow}\nsilence_check: 2s\n"),
        );
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("1 passed"), "{ended}");
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let measured = &report["cases"][0]["measured"][0];
    assert_eq!(measured["name"], "keep_alive_ratio");
    let ratio = measured["value"].as_f64().expect("a number");
    assert!(ratio >= 1.95, "{ratio}");
}

#[test]
fn an_early_close_is_a_fact() {
    let grace = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/connect/keep-alive-grace.yaml"
    );
    let run = format!("run {grace} --no-snapshots --liberty silence-without-grace");
    let ended = Program::new(&run).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let answer = "client that is late by less than half its Keep Alive: disconnected (2 cases)";
    assert!(ended.stdout.contains(answer), "{ended}");
}

#[test]
fn a_keep_alive_of_0_that_is_refused_is_a_fact() {
    let off = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/connect/keep-alive-off.yaml"
    );
    let run = format!("run {off} --no-snapshots --broker mqtt://{}", serve_picky());
    let ended = Program::new(&run).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let answer = "Keep Alive 0: refused (2 cases)";
    assert!(ended.stdout.contains(answer), "{ended}");
}
