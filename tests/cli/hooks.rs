//! Hook events of brokers that are no part of the run: sources of target files.

use insta::assert_snapshot;

use crate::program::Program;

const BINARY: &str = env!("CARGO_BIN_EXE_mqtt-check");

/// A visit and what the broker tells of it. The last list does not hold.
const VISIT: &str = "\
title: A visit is told
versions: [5]
clients: { a: }
steps:
  - a: connect
  - hooks:
      - session.created: { client: a }
      - client.connected: { client: a, connack: 0, session_present: false }
  - a: disconnect
  - hooks:
      - client.disconnected: { client: a, reason: normal }
";

/// The bundled broker as a program, whose events are to be had here, and rules for two of them.
fn target(hooks: &str, source: &str) -> String {
    format!(
        "\
url: mqtt://127.0.0.1:{{port}}
start:
  command: [{BINARY}, broker, --listen, '127.0.0.1:{{port}}', --hooks, '{hooks}']
hooks:
  - {source}
    settle: 500ms
    rules:
      - event: client.connected
        when: {{ event: client.connected }}
        json: {{ client: client, connack: connack }}
      - event: client.disconnected
        text: '\"event\":\"client.disconnected\",\"client\":\"(?<client>\\w+)\",\"reason\":\"(?<reason>\\w+)\"'
"
    )
}

fn run(options: &str, scenario: &str, target: String) -> crate::program::Ended {
    Program::new(&format!("run --target twin {options}"))
        .file("scenarios/visit.yaml", scenario)
        .file("targets/twin.yaml", target)
        .run()
}

#[test]
fn judges_what_a_source_tells_and_names_what_it_does_not() {
    for (hooks, source) in [
        ("-", "source: output"),
        (
            "{folder}/events",
            "source: file\n    path: '{folder}/events'",
        ),
    ] {
        let ended = run("--verbose", VISIT, target(hooks, source));
        assert_eq!(ended.exit, Some(0), "{ended}");
        for said in [
            "hook client.connected client=a connack=0\n",
            "hook client.disconnected client=a reason=normal\n",
            "1 step  the target does not show session.created, session_present of client.connected",
        ] {
            assert!(ended.stdout.contains(said), "{said}: {ended}");
        }
    }
}

#[test]
fn fails_where_a_source_tells_otherwise() {
    let lost = VISIT.replace("reason: normal", "reason: kicked");
    let ended = run("", &lost, target("-", "source: output"));
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended
            .stdout
            .contains("client.disconnected {client: a, reason: normal}"),
        "{ended}"
    );
}

#[test]
fn says_when_a_source_cannot_be_reached() {
    let source = "source: file\n    path: '{folder}/missing'";
    let ended = run("", VISIT, target("{folder}/events", source));
    assert_eq!(ended.exit, Some(1), "{ended}");
    let said = "the source `file` of hook events failed:";
    assert!(ended.stderr.contains(said), "{ended}");
    let names = "not observable: client.connected, client.disconnected";
    assert!(ended.stderr.contains(names), "{ended}");
    assert!(ended.stdout.contains("1 passed"), "{ended}");
}

#[test]
fn says_what_is_wrong_with_a_source() {
    let file = "\
url: mqtt://127.0.0.1:1883
hooks:
  - source: output
    rules: []
  - source: carrier-pigeon
    rules: []
  - source: mqtt
    topics: 'a/#/b'
    rules: []
  - source: mqtt
    topics: t
    rules:
      - { event: client.conected, text: x }
      - { event: client.connected, text: '(?<client>.*' }
      - { event: client.connected, text: '(?<clinet>.*)' }
      - { event: client.connected, text: 'somebody connects' }
      - { event: client.connected, json: { client: id } }
      - { event: client.connected, text: '(?<client>.*)', set: { connack: maybe } }
      - { event: client.disconnected, text: '(?<client>.*)', reasons: { gone: vanished } }
      - { event: session.created, text: '(?<client>.*)', reasons: { gone: normal } }
";
    assert_snapshot!(run("", VISIT, file.to_owned()));
}
