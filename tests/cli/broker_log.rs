//! The log of a broker that the run started, for the time of a case. Every report shows it with a failed case.

use crate::program::{BINARY, Ended, Program};

/// A scenario that fails after its first steps pass.
const FAILS: &str = "\
title: A ping is answered twice
versions: [5]
clients: { anna: }
steps:
  - anna: connect
  - anna: ping
  - anna: { expect: { pingresp: {}, within: 200ms } }
    clause: MQTT-3.12.4-1
";

/// A broker that logs its events.
fn target() -> String {
    format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [{BINARY}, broker, --listen, '127.0.0.1:{{port}}', --hooks, '-']\n  \
         within: 10s\n"
    )
}

fn run(scenario: &str, more: &str) -> (Program, Ended) {
    let reports =
        "--report json=r.json --report html=r.html --report markdown=r.md --report junit=r.xml";
    let program = Program::new(&format!("run --target telling {reports} {more}"))
        .file("scenarios/fails.yaml", scenario)
        .file("targets/telling.yaml", target());
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    (program, ended)
}

fn read(program: &Program, file: &str) -> String {
    std::fs::read_to_string(program.path(file)).expect("a file")
}

#[test]
fn a_failed_case_shows_what_its_broker_wrote() {
    for scenario in [
        FAILS.to_owned(),
        FAILS.replace("clients:", "exclusive: true\nclients:"),
    ] {
        let (program, ended) = run(&scenario, "");
        assert!(ended.stdout.contains("the broker's log"), "{ended}");
        // The prefix that separates plays is removed from the log.
        let named = "\"client\":\"anna\"";
        assert!(ended.stdout.contains("client.connected"), "{ended}");
        assert!(ended.stdout.contains(named), "{ended}");
        for file in ["r.html", "r.md", "r.xml"] {
            let text = read(&program, file);
            let text = text.replace("&#39;", "'").replace("&apos;", "'");
            assert!(text.contains("the broker's log"), "{file}: {text}");
        }
        let json: serde_json::Value =
            serde_json::from_str(&read(&program, "r.json")).expect("JSON");
        let log = json["cases"][0]["play"]["log"].as_array().expect("lines");
        let texts: Vec<&str> = log
            .iter()
            .filter_map(|line| line["text"].as_str())
            .collect();
        assert!(texts.iter().any(|text| text.contains(named)), "{texts:?}");
        let at: Vec<u64> = log
            .iter()
            .filter_map(|line| line["at_us"].as_u64())
            .collect();
        assert!(at.is_sorted() && at.len() == log.len(), "{at:?}");
    }
}

#[test]
fn an_issue_has_what_its_broker_wrote_until_the_failure() {
    // Log lines after the failure do not help to find its cause.
    let later =
        "  - wait: 500ms\n  - anna: { publish: { topic: later, payload: later, qos: 1 } }\n";
    let scenario = format!(
        "{}{later}  - anna: {{ expect: {{ puback: {{}} }} }}\n",
        FAILS
    );
    let (program, _) = run(&scenario, "--issue-dir issues");
    let issue = read(&program, "issues/01-MQTT-3.12.4-1.md");
    assert!(read(&program, "r.json").contains("later"), "{issue}");
    let (_, packets) = issue.split_once("## Packets").expect("packets");
    let (_, log) = packets.split_once("## Broker log").expect("a log");
    let (log, _) = log.split_once("## Reproduce").expect("how to see it again");
    assert!(log.contains("client.connected"), "{issue}");
    assert!(log.contains("\"client\":\"anna\""), "{issue}");
    assert!(!log.contains("later"), "{issue}");
    // The JSON report gives the same result.
    let program = program.arguments("report r.json --to issues=again");
    assert_eq!(program.run().exit, Some(0));
    assert_eq!(read(&program, "again/01-MQTT-3.12.4-1.md"), issue);
}

#[test]
fn an_issue_of_a_broker_that_is_only_reached_has_no_log() {
    let program =
        Program::new("run --no-snapshots --issue-dir issues").file("scenarios/fails.yaml", FAILS);
    assert_eq!(program.run().exit, Some(1));
    let issue = read(&program, "issues/01-MQTT-3.12.4-1.md");
    assert!(!issue.contains("Broker log"), "{issue}");
}

#[test]
fn a_case_has_the_lines_of_its_own_time_and_clients() {
    let many: String = (0..30).map(|n| format!("  n{n}: {{ n: {n} }}\n")).collect();
    let ping = "  - anna: { publish: { topic: t, payload: '${n}' } }\n  - anna: ping\n";
    let scenario = FAILS.replacen("  - anna: ping\n", ping, 1);
    let scenario = format!("{scenario}cases:\n{many}");
    let (program, _) = run(&scenario, "");
    let json: serde_json::Value = serde_json::from_str(&read(&program, "r.json")).expect("JSON");
    for case in json["cases"].as_array().expect("cases") {
        let log = case["play"]["log"].as_array().expect("lines");
        let connected = log.iter().filter(|line| {
            line["text"]
                .as_str()
                .is_some_and(|text| text.contains("client.connected"))
        });
        assert_eq!(connected.count(), 1, "{}: {log:?}", case["id"]);
    }
}
