//! A broker that a run started exits during the run. It is restarted, no case fails because of that, and the case that
//! makes it exit is named.
#![cfg(unix)]

use serde_json::Value;

use crate::program::{BINARY, Ended, PING, Program};

/// A scenario that is being played when the broker exits and that passes anyway.
const WAITS: &str = "\
title: A ping is answered after a while
versions: [5]
clients: { a: }
steps:
  - a: connect
  - wait: 2s
  - a: ping
";

/// A scenario that makes the broker exit, although it does not check for that.
const KILLS: &str = "\
title: A broker reads a topic
versions: [5]
clients: { a: }
steps:
  - a: connect
  - wait: 500ms
  - a: { send: { publish: { topic: poison, payload: x } } }
  - wait: 500ms
";

/// A broker that prints a reason and exits soon after a message to the topic `poison`.
fn target() -> String {
    let script = format!(
        ": >$2/events; {BINARY} broker --listen 127.0.0.1:$1 --hooks $2/events & \
         while ! grep -q poison $2/events; do sleep 0.05; done; \
         kill -9 $!; echo a poisoned message; exit 3"
    );
    format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [/bin/sh, -c, '{script}', sh, '{{port}}', '{{folder}}']\n"
    )
}

fn run(scenarios: &[(&str, &str)]) -> (Ended, Value) {
    let mut program = Program::new("run --target mortal --report json=out.json")
        .file("targets/mortal.yaml", target());
    for (name, scenario) in scenarios {
        program = program.file(&format!("scenarios/{name}.yaml"), *scenario);
    }
    let ended = program.run();
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    (ended, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_broker_that_exits_is_started_again_and_the_case_that_does_it_is_named() {
    let (ended, report) = run(&[("waits", WAITS), ("kills", KILLS), ("ping", PING)]);
    assert_eq!(ended.exit, Some(1), "{ended}");
    // All cases were played, and none is blamed for the exit that another caused.
    assert_eq!(report["summary"]["failed"], 0, "{ended}");
    assert_eq!(report["summary"]["inconclusive"], 0, "{ended}");
    assert_eq!(report["summary"]["not_played"], 0, "{ended}");
    let problems = report["run"]["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 1, "{ended}");
    let problem = problems[0].as_str().expect("a text");
    for part in [
        "the broker exited during the run: it exited with code 3",
        "| a poisoned message",
        "it was started again; played alone, this case makes it exit: kills@5",
    ] {
        assert!(problem.contains(part), "{part}: {ended}");
    }
}

#[test]
fn a_broker_that_lives_is_not_started_again() {
    let (ended, report) = run(&[("waits", WAITS), ("ping", PING)]);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(report["run"]["problems"], serde_json::json!([]), "{ended}");
}
