//! A machine that does not run the program in time: what comes of that is no verdict on a broker.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::bad_brokers::serve;
use crate::program::{Ended, Program, signal};

/// For so long the broker may think that the client has gone.
const SCENARIO: &str = "\
title: A client that pings in time is kept
versions: [5]
clients: { busy: { keep_alive: 1 } }
steps:
  - busy: connect
  - wait: 1s
  - busy: ping
";

/// For each connection of `busy`: it has been accepted. When what comes back says so, the broker ends it.
type Accepted = Sender<bool>;

/// Accepts every CONNECT and answers every PINGREQ, but ends connections of `busy` when it is told to.
fn attend(mut stream: TcpStream, tell: &Sender<Accepted>) {
    let mut buffer = [0; 1024];
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        let is_connect = buffer[0] == 0x10;
        let answer: &[u8] = match is_connect {
            true => &[0x20, 3, 0, 0, 0],
            false => &[0xD0, 0],
        };
        let _ = stream.write_all(answer);
        if is_connect && buffer[..size].windows(4).any(|bytes| bytes == b"busy") {
            let (end, ends) = channel();
            tell.send(end).expect("the test waits");
            if ends.recv() == Ok(true) {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// Ends the connection of each of the first plays, on a machine that stands still meanwhile or does not.
fn play(disturbed: usize, stands_still: bool) -> (Ended, Program) {
    let (tell, told): (Sender<Accepted>, Receiver<Accepted>) = channel();
    let url = serve(move |stream| attend(stream, &tell));
    let run = format!("run --broker {url} --no-snapshots --report json=out.json");
    let program = Program::new(&run).file("scenarios/kept.yaml", SCENARIO);
    let child = program.start();
    for _ in 0..disturbed {
        let end = told.recv().expect("the broker is there");
        if stands_still {
            signal("-STOP", child.id());
        }
        end.send(true).expect("the broker waits");
        if stands_still {
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
    let (ended, program) = play(1, true);
    assert_eq!(ended.exit, Some(0), "{ended}");
    let told = "Played again, since this machine was too slow at first: 1 case.";
    assert!(ended.stdout.contains(told), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 passed"), "{ended}");
    assert_eq!(json(&program)["cases"][0]["plays"], 2);
}

#[test]
fn what_fails_on_a_machine_that_did_not_is_the_brokers() {
    let (ended, program) = play(1, false);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(!ended.stdout.contains("Played again"), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 failed"), "{ended}");
    assert_eq!(json(&program)["cases"][0]["plays"], 1);
}

#[test]
fn what_is_disturbed_each_time_is_undecided() {
    let (ended, program) = play(3, true);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 inconclusive"), "{ended}");
    let case = &json(&program)["cases"][0];
    let reason = case["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("this machine was too slow to play it: we were late by "),
        "{reason}"
    );
    assert_eq!(case["plays"], 3);
}
