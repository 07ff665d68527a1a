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

/// Plays the scenarios. Returns the exit code and the cases by their verdict.
fn played(start: &str) -> (Option<i32>, serde_json::Value) {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cluster");
    let program = Program::new(&format!(
        "run {} --target nodes --no-snapshots --report json=report.json",
        scenarios.display()
    ));
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

#[test]
fn one_broker_with_three_addresses_passes_all_of_them() {
    let (exit, report) = played(TOGETHER);
    let passed = with_verdict(&report, "passed").len();
    assert_eq!(exit, Some(0), "{passed} passed");
    assert_eq!(report["cases"].as_array().map(Vec::len), Some(passed));
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
