//! A broker that freezes, dies or comes back in the middle of a run: the report says when, and none of it counts as a
//! violation.
#![cfg(unix)]

use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::broker::{address, kill};
use crate::program::{Ended, PING, Program};

/// Cases that are there for as long as the broker is sick, and one that is over before.
const WAITS: &str = "\
title: A ping is answered after a while
clients: { a: }
steps:
  - a: connect
  - wait: 2s
  - a: ping
";

/// A run against a broker of this program's own, to which `sicken` happens when the run has got so far.
fn beside(wait: Duration, sicken: impl FnOnce(Child, &str) -> Option<Child>) -> (Ended, Value) {
    let broker = Program::new("broker --listen 127.0.0.1:0");
    let mut served = broker.start();
    let at = address(&mut served);
    let run = format!("run --broker mqtt://{at} --no-snapshots --verbose --report json=out.json");
    let program = Program::new(&run)
        .file("scenarios/waits.yaml", WAITS)
        .file("scenarios/ping.yaml", PING);
    let run = program.start();
    thread::sleep(wait);
    let served = sicken(served, &at);
    let ended = program.finish(run);
    if let Some(served) = served {
        kill(served);
    }
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    (ended, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_broker_that_is_well_is_measured() {
    let (ended, report) = beside(Duration::ZERO, |served, _| Some(served));
    assert_eq!(ended.exit, Some(0), "{ended}");
    let seen = &report["run"]["responsiveness"];
    let trips = seen["round_trips"].as_u64();
    assert!(trips.is_some_and(|trips| trips >= 4), "{seen}");
    assert_eq!(seen["outages"], serde_json::json!([]), "{ended}");
    assert!(ended.stdout.contains("Responsiveness: "), "{ended}");
}
