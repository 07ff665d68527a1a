//! `--spread` places clients on the nodes of a target in turn. The two nodes here are two independent brokers, so what a client
//! finds shows which node it is connected to.

use insta::assert_snapshot;

use crate::program::{BINARY, PING, Program};

/// A target file for this number of independent brokers.
fn apart(nodes: usize) -> String {
    let words: Vec<String> = (0..nodes)
        .map(|n| match n {
            0 => "{port}".to_owned(),
            n => format!("{{port_{n}}}"),
        })
        .collect();
    let urls = words
        .iter()
        .map(|word| format!("  - mqtt://127.0.0.1:{word}\n"));
    let programs = words
        .iter()
        .map(|word| format!("  - command: [{BINARY}, broker, --listen, '127.0.0.1:{word}']\n"));
    format!(
        "urls:\n{}start:\n{}",
        urls.collect::<String>(),
        programs.collect::<String>()
    )
}

/// A client resumes its session, and a message reaches another client.
fn session(first: &str) -> String {
    format!(
        "\
title: A session is resumed
versions: [3.1.1]
clients:
  a: {{ clean_session: 0{first} }}
  b:
steps:
  - a: connect
  - a: disconnect
  - a: {{ connect: {{ expect: {{ session_present: 1 }} }} }}
    clause: MQTT-3.2.2-2
  - b: connect
  - b: {{ subscribe: topic }}
  - a: {{ publish: {{ topic: topic, payload: x }} }}
  - b: {{ expect: {{ publish: {{ payload: x }} }} }}
    clause: MQTT-3.3.5-1
"
    )
}

fn played(nodes: usize, options: &str, scenario: &str) -> Program {
    Program::new(&format!(
        "run scenarios/ --target apart --no-snapshots {options}"
    ))
    .file("scenarios/session.yaml", scenario)
    .file("targets/apart.yaml", apart(nodes))
}

#[test]
fn every_connection_of_a_client_goes_to_another_node() {
    let ended = played(2, "--spread", &session("")).run();
    assert_snapshot!(ended.without_packets());
}

#[test]
fn without_it_all_clients_are_on_the_first_node() {
    let ended = played(2, "", &session("")).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn a_scenario_that_names_a_node_is_not_spread() {
    let ended = played(2, "--spread", &session(", node: 0")).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn two_clients_with_one_identifier_begin_on_different_nodes() {
    // There is another client between them. If clients were counted instead of identifiers, both would be on node 0.
    let scenario = "\
title: A client is taken over
versions: [3.1.1]
clients: { first: { id: same }, other: , second: { id: same } }
steps:
  - first: connect
  - other: connect
  - second: connect
  - first: { expect: closed }
    clause: MQTT-3.1.4-2
";
    let ended = played(2, "--spread", scenario).run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let shown = "first on node 0, other on node 1, second on node 1";
    assert!(ended.stdout.contains(shown), "{ended}");
}

#[test]
fn the_report_states_the_node_of_each_connection() {
    let program = played(2, "--spread --report json=report.json", &session(""));
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let report = std::fs::read_to_string(program.path("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["run"]["options"]["spread"], true);
    let lanes = report["cases"][0]["play"]["lanes"].as_array();
    let nodes = lanes.expect("connections").iter();
    let nodes: Vec<_> = nodes
        .map(|lane| (&lane["name"], lane["node"].as_u64()))
        .collect();
    assert_eq!(
        format!("{nodes:?}"),
        r#"[(String("a"), None), (String("a#2"), Some(1)), (String("b"), Some(1))]"#
    );
}

#[test]
fn it_needs_a_target_with_several_nodes() {
    assert_snapshot!(played(1, "--spread", PING).run());
    let bundled = Program::new("run scenarios/ --spread").file("scenarios/ping.yaml", PING);
    assert_snapshot!(bundled.run());
}

#[test]
fn a_baseline_can_be_made_with_it() {
    let program = Program::new("baseline apart --target apart --spread --plays 1 scenarios/")
        .file("scenarios/session.yaml", session(""))
        .file("targets/apart.yaml", apart(2));
    let made = program.run();
    assert_eq!(made.exit, Some(0), "{made}");
    let again = program.arguments("run scenarios/ --target apart --spread");
    let ended = again.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let apart = again.arguments("run scenarios/ --target apart").run();
    assert_eq!(apart.exit, Some(1), "{apart}");
    assert!(apart.stdout.contains("improved"), "{apart}");
}
