//! The scenarios that name the nodes of a cluster. On the bundled broker all nodes are one broker, so these tests play them over
//! the network: on one broker with three addresses, and on three brokers that know nothing of each other.

use std::collections::BTreeSet;
use std::path::Path;

use crate::program::{BINARY, Program};

const NODES: &str = "\
urls:
  - mqtt://127.0.0.1:{port}
  - mqtt://127.0.0.1:{port_1}
  - mqtt://127.0.0.1:{port_2}
";

/// A broker with three addresses is a cluster without any defect.
const TOGETHER: &str = "\
start:
  command: [BINARY, broker, --listen, '127.0.0.1:{port}', --listen, '127.0.0.1:{port_1}', --listen, '127.0.0.1:{port_2}']
";

/// Three brokers that share nothing are a cluster with every defect. They answer at once, so a short limit is enough.
const APART: &str = "\
limit: 2s
start:
  - command: [BINARY, broker, --listen, '127.0.0.1:{port}']
  - command: [BINARY, broker, --listen, '127.0.0.1:{port_1}']
  - command: [BINARY, broker, --listen, '127.0.0.1:{port_2}']
";

/// The cases in which every client is on the same node. Each is played in 3.1.1 and 5.
const ON_ONE_NODE: &[&str] = &[
    "cluster/offline[on-the-first-to-the-first]",
    "cluster/retained-cleared[on-the-first-on-the-first]",
    "cluster/retained[replaced-on-the-first-on-the-first]",
    "cluster/retained[stored-on-the-first-on-the-first]",
    "cluster/retained[stored-on-the-second-on-the-second]",
    "cluster/will-deleted[watched-on-the-first]",
    "cluster/will-retained[read-on-the-first]",
    "cluster/will[drop-on-the-first]",
    "cluster/will[reset-on-the-first]",
];

/// Three brokers that share nothing have no older message to replace on the second node.
const NOTHING_TO_REPLACE: &str = "cluster/retained[replaced-on-the-second-on-the-second]";

/// Three brokers, each of which can be lost by itself.
const ONE_BY_ONE: &str = "\
limit: 2s
start:
  - { node: 0, command: [BINARY, broker, --listen, '127.0.0.1:{port}'] }
  - { node: 1, command: [BINARY, broker, --listen, '127.0.0.1:{port_1}'] }
  - { node: 2, command: [BINARY, broker, --listen, '127.0.0.1:{port_2}'] }
";

/// The first node is lost and returns. A client of the second one is connected all the time.
const LOST: &str = "\
title: A node that is lost takes only its own clients with it
clients:
  here: { node: 0 }
  there: { node: 1 }
  again: { node: 0 }
cases:
  killed: { loss: killed }
  stopped: { loss: stopped }
steps:
  - here: connect
  - there: connect
  - { if: { loss: killed }, broker: { kill: 0 } }
  - { if: { loss: stopped }, broker: { stop: 0 } }
  - here: { expect: { refused: { codes: { 5: [server_shutting_down] } } } }
  - there: ping
  - broker: { restart: 0 }
  - again: connect
  - there: ping
";

/// A node is restarted while it runs.
const RESTARTED: &str = "\
title: A node that runs is stopped before it starts again
clients:
  here: { node: 0 }
  there: { node: 1 }
steps:
  - here: connect
  - there: connect
  - broker: { restart: 0 }
  - here: { expect: { refused: { codes: { 5: [server_shutting_down] } } } }
  - there: ping
  - here: connect
";

/// A paused node answers nothing, and everything when it continues.
const PAUSED: &str = "\
title: A paused node answers when it goes on
clients:
  here: { node: 0 }
  there: { node: 1 }
steps:
  - here: connect
  - there: connect
  - id: pause
    broker: { pause: 0 }
  - here: { send: { pingreq: {} } }
  - there: ping
  - here: { expect: silence }
    clause: MQTT-3.12.4-1
  - broker: { continue: 0 }
  - id: answer
    here: { expect: pingresp }
control:
  without: [pause, answer]
  expect:
    - here: pingresp
";

/// Plays the scenarios of the suite.
fn played(start: &str) -> (Option<i32>, serde_json::Value) {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cluster");
    let program = Program::new(&format!(
        "run {} --target nodes --no-snapshots --report json=report.json",
        scenarios.display()
    ));
    played_by(program, start)
}

/// Returns the exit code and the report.
fn played_by(program: Program, start: &str) -> (Option<i32>, serde_json::Value) {
    let file = format!("{NODES}{}", start.replace("BINARY", BINARY));
    let program = program.file("targets/nodes.yaml", file);
    let ended = program.run();
    let report = std::fs::read_to_string(program.path("report.json"));
    let report = report.unwrap_or_else(|error| panic!("{error}: {ended}"));
    let report = serde_json::from_str(&report).expect("JSON");
    (ended.exit, report)
}

fn with_verdict<'r>(report: &'r serde_json::Value, verdict: &str) -> BTreeSet<&'r str> {
    let cases = report["cases"].as_array().expect("cases").iter();
    let cases = cases.filter(|case| case["verdict"] == verdict);
    cases.filter_map(|case| case["id"].as_str()).collect()
}

/// The cases that lose a node.
fn without_node_control(report: &serde_json::Value) -> usize {
    let cases = report["cases"].as_array().expect("cases").iter();
    let skipped = cases.filter(|case| case["verdict"] == "skipped");
    let mut count = 0;
    for case in skipped {
        let code = case["skip"].as_str().unwrap_or_default();
        assert!(
            [
                "needs:node_control",
                "untold:replicated",
                "setting:replicated"
            ]
            .contains(&code),
            "{case:#}"
        );
        count += 1;
    }
    count
}

#[test]
fn one_broker_with_three_addresses_passes_all_that_lose_no_node() {
    let (exit, report) = played(TOGETHER);
    let passed = with_verdict(&report, "passed").len();
    assert_eq!(exit, Some(0), "{passed} passed");
    let skipped = without_node_control(&report);
    assert!(passed > skipped, "{skipped} skipped");
    assert_eq!(
        report["cases"].as_array().map(Vec::len),
        Some(passed + skipped)
    );
}

#[test]
fn brokers_that_share_nothing_pass_only_what_concerns_one_node() {
    let (exit, report) = played(APART);
    assert_eq!(exit, Some(1));
    let on_one = ON_ONE_NODE.iter().chain([&NOTHING_TO_REPLACE]);
    let on_one: BTreeSet<String> = on_one
        .flat_map(|case| [format!("{case}@3.1.1"), format!("{case}@5")])
        .collect();
    let on_one: BTreeSet<&str> = on_one.iter().map(String::as_str).collect();
    assert_eq!(with_verdict(&report, "passed"), on_one);
}

#[test]
fn nodes_are_killed_stopped_restarted_and_paused_one_by_one() {
    let program =
        Program::new("run scenarios --target nodes --no-snapshots --report json=report.json")
            .file("scenarios/lost.yaml", LOST)
            .file("scenarios/restarted.yaml", RESTARTED)
            .file("scenarios/paused.yaml", PAUSED);
    let (exit, report) = played_by(program, ONE_BY_ONE);
    let passed = with_verdict(&report, "passed");
    assert_eq!(passed.len(), 8, "{report:#}");
    assert_eq!(exit, Some(0));
}
