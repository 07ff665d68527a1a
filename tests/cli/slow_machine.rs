//! A machine that does not schedule the program in time. What results from that is not the broker's fault.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::bad_brokers::serve;
use crate::program::{Ended, Program, signal};

/// How long to wait for the connection of a play, on any machine.
const PLAY: Duration = Duration::from_secs(60);

/// A scenario with a Keep Alive of one second. A machine that stands still exceeds it.
const SCENARIO: &str = "\
title: A client that pings in time is kept
versions: [5]
clients: { busy: { keep_alive: 1 } }
steps:
  - busy: connect
  - wait: 1s
  - busy: ping
";

/// Sent for each connection of `busy` when it reaches the moment of the test. The broker closes the connection if
/// `true` is sent back.
type Reached = Sender<bool>;

/// When the machine stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the broker answers CONNECT.
    BeforeConnack,
    AfterConnack,
}

/// Accepts every CONNECT and answers every PINGREQ, but closes connections of `busy` on request.
fn attend(mut stream: TcpStream, moment: Moment, tell: &Sender<Reached>) {
    let mut buffer = [0; 1024];
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        let is_connect = buffer[0] == 0x10;
        let answer: &[u8] = match is_connect {
            true => &[0x20, 3, 0, 0, 0],
            false => &[0xD0, 0],
        };
        let is_busy = is_connect && buffer[..size].windows(4).any(|bytes| bytes == b"busy");
        if moment == Moment::AfterConnack || !is_busy {
            let _ = stream.write_all(answer);
        }
        if is_busy {
            let (end, ends) = channel();
            tell.send(end).expect("the test waits");
            let is_over = ends.recv() == Ok(true);
            if moment == Moment::BeforeConnack {
                let _ = stream.write_all(answer);
            }
            if is_over {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// Closes the connection in each of the first `disturbed` plays, perhaps while the machine stands still.
fn play(disturbed: usize, stands_still: Option<Moment>) -> (Ended, Program) {
    let (tell, told): (Sender<Reached>, Receiver<Reached>) = channel();
    let moment = stands_still.unwrap_or(Moment::AfterConnack);
    let url = serve(move |stream| attend(stream, moment, &tell));
    let run = format!("run --broker {url} --no-snapshots --report json=out.json");
    let program = Program::new(&run).file("scenarios/kept.yaml", SCENARIO);
    let child = program.start();
    for _ in 0..disturbed {
        let Ok(end) = told.recv_timeout(PLAY) else {
            panic!("{}", program.finish(child))
        };
        if stands_still.is_some() {
            signal("-STOP", child.id());
        }
        end.send(true).expect("the broker waits");
        if stands_still.is_some() {
            thread::sleep(Duration::from_secs(2));
            signal("-CONT", child.id());
        }
    }
    thread::spawn(move || {
        for end in told {
            let _ = end.send(false);
        }
    });
    (program.finish(child), program)
}

fn json(program: &Program) -> serde_json::Value {
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn what_fails_on_a_machine_that_stood_still_is_played_again() {
    for moment in [Moment::BeforeConnack, Moment::AfterConnack] {
        let (ended, program) = play(1, Some(moment));
        assert_eq!(ended.exit, Some(0), "{moment:?}: {ended}");
        let told = "Played again because this machine was too slow at first: 1 case.";
        assert!(ended.stdout.contains(told), "{moment:?}: {ended}");
        assert!(
            ended.stdout.contains("1 case: 1 passed"),
            "{moment:?}: {ended}"
        );
        let plays = &json(&program)["cases"][0]["plays"];
        assert!(plays.as_u64().is_some_and(|plays| plays > 1), "{plays}");
    }
}

#[test]
fn what_fails_on_a_machine_that_did_not_is_the_brokers() {
    let (ended, program) = play(1, None);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(!ended.stdout.contains("Played again"), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 failed"), "{ended}");
    assert_eq!(json(&program)["cases"][0]["plays"], 1);
}

#[test]
fn what_is_disturbed_each_time_is_undecided() {
    let (ended, program) = play(3, Some(Moment::AfterConnack));
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 inconclusive"), "{ended}");
    let case = &json(&program)["cases"][0];
    let reason = case["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("this machine was too slow to play it: it was late by "),
        "{reason}"
    );
    assert_eq!(case["plays"], 3);
}

/// Answers every CONNECT and PINGREQ.
fn answer(mut stream: TcpStream) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = stream.read(&mut buffer) {
        let answer: &[u8] = match buffer[0] {
            0x10 => &[0x20, 3, 0, 0, 0],
            _ => &[0xD0, 0],
        };
        let _ = stream.write_all(answer);
    }
}

#[test]
fn a_limit_that_passes_while_the_scenario_waits_is_no_delay_of_the_machine() {
    let url = serve(answer);
    let scenario = "\
title: A message arrives while the client waits for something else
versions: [5]
clients: { a: }
steps:
  - id: here
    a: connect
  - wait: 1500ms
  - a: { expect: { publish: { topic: t }, after: here, within: 500ms } }
    clause: MQTT-4.5.0-1
";
    let run = format!("run --broker {url} --no-snapshots");
    let ended = Program::new(&run)
        .file("scenarios/late.yaml", scenario)
        .run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 failed"), "{ended}");
}
