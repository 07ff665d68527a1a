//! A broker that freezes, exits or restarts during a run. The report says when, and no case fails because of it.
#![cfg(unix)]

use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::broker::{address, kill};
use crate::program::{Ended, PING, Program, signal};

/// A scenario whose cases are being played while the broker is disturbed.
const WAITS: &str = "\
title: A ping is answered after a while
clients: { a: }
steps:
  - a: connect
  - wait: 2s
  - a: ping
";

/// The title in reports.
const WAITED: &str = "A ping is answered after a while";

/// The time after which the program has started and the cases are still waiting.
const WITHIN: Duration = Duration::from_millis(1200);

/// Runs against a broker in its own process. Calls `sicken` with it after this time.
fn beside(
    options: &str,
    wait: Duration,
    sicken: impl FnOnce(Child, &str) -> Option<Child>,
) -> (Ended, Value) {
    let broker = Program::new("broker --listen 127.0.0.1:0");
    let mut served = broker.start();
    let at = address(&mut served);
    let run = format!("run --broker mqtt://{at} --verbose --report json=out.json {options}");
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
    let (ended, report) = beside("", Duration::ZERO, |served, _| Some(served));
    assert_eq!(ended.exit, Some(0), "{ended}");
    let seen = &report["run"]["responsiveness"];
    let trips = seen["round_trips"].as_u64();
    assert!(trips.is_some_and(|trips| trips >= 4), "{seen}");
    assert_eq!(seen["outages"], serde_json::json!([]), "{ended}");
    assert!(ended.stdout.contains("Responsiveness: "), "{ended}");
}

/// Checks that every case passed, and that the cases that were waiting during the outage were played again.
fn holds_after(how: &str, (ended, report): &(Ended, Value)) {
    assert_eq!(ended.exit, Some(0), "{how}: {ended}");
    let outages = &report["run"]["responsiveness"]["outages"];
    assert_eq!(outages.as_array().map(Vec::len), Some(1), "{how}: {ended}");
    assert_eq!(outages[0]["how"], how, "{outages}");
    assert!(outages[0]["lasted_us"].is_u64(), "{outages}");
    let cases = report["cases"].as_array().expect("cases");
    let waits = cases.iter().filter(|case| case["title"] == WAITED);
    let plays: Vec<u64> = waits.filter_map(|case| case["plays"].as_u64()).collect();
    assert!(plays.iter().all(|plays| *plays > 1), "{plays:?}: {ended}");
    let active = outages[0]["active"].as_array().map(Vec::len);
    assert_eq!(active, Some(plays.len()), "{outages}");
    assert!(
        ended
            .stdout
            .contains("The broker did not serve all the time"),
        "{ended}"
    );
    assert!(
        ended
            .stdout
            .contains("Played again because the broker did not serve"),
        "{ended}"
    );
}

#[test]
fn a_broker_that_freezes_fails_no_case() {
    let seen = beside("", WITHIN, |served, _| {
        signal("-STOP", served.id());
        thread::sleep(Duration::from_millis(5500));
        signal("-CONT", served.id());
        Some(served)
    });
    holds_after("froze", &seen);
}

#[test]
fn a_broker_that_is_restarted_fails_no_case() {
    let again = Program::new("broker --listen");
    let seen = beside("", WITHIN, |served, at| {
        kill(served);
        // Give the canary time to notice the end before the broker is back.
        thread::sleep(Duration::from_millis(300));
        Some(again.argument(at).start())
    });
    holds_after("down", &seen);
}

#[test]
fn a_broker_that_does_not_come_back_ends_the_run_and_fails_no_case() {
    let (ended, report) = beside("--timeout-scale 0.2", WITHIN, |served, _| {
        kill(served);
        None
    });
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_eq!(report["summary"]["failed"], 0, "{ended}");
    let told = "the broker closed its connections and accepted no new one, and did not recover within 3 s; cases played at the time: waits";
    assert!(ended.stderr.contains(told), "{ended}");
    let outages = &report["run"]["responsiveness"]["outages"];
    assert_eq!(outages[0]["how"], "down", "{ended}");
    assert!(
        outages[0]["active"]
            .as_array()
            .is_some_and(|a| !a.is_empty())
    );
}
