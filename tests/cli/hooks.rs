//! Hook events of brokers outside of this process, from the sources in target files.

use insta::assert_snapshot;

use crate::program::{BINARY, Program};

/// A visit and its events. The last list is wrong.
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

/// A target file for the bundled broker, which writes its events to `hooks`. Has a source and rules for two events.
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
    let lost = VISIT.replace(
        "reason: normal }\n",
        "reason: kicked }\n    clause: MQTT-3.14.4-2\n",
    );
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
fn records_what_a_source_tells_otherwise_where_no_clause_is_cited() {
    let lost = VISIT.replace("reason: normal", "reason: kicked");
    let ended = run("--verbose", &lost, target("-", "source: output"));
    assert_eq!(ended.exit, Some(0), "{ended}");
    let said = "hook client.disconnected client=a reason=normal\n";
    assert!(ended.stdout.contains(said), "{ended}");
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

/// A broker that sends its events by HTTP, as others do. A Python script translates the bundled broker's `--hooks` to
/// requests like those in the documentation of VerneMQ, rmqtt, NanoMQ and EMQX.
const SENDER: &str = r#"
import json, subprocess, sys, urllib.request
broker, port, url = sys.argv[1:]
told = subprocess.Popen([broker, "broker", "--listen", "127.0.0.1:" + port, "--hooks", "-"], stdout=subprocess.PIPE, text=True)
def send(body, **headers):
    data = json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data, dict(headers, **{"Content-Type": "application/json"}))).read()
for line in told.stdout:
    event = json.loads(line)
    name, client = event.get("event"), event.get("client")
    if name == "session.created":
        send({"action": "session_created", "clientid": client, "node": 1})
    if name == "client.connected":
        send({"peer_addr": "127.0.0.1", "username": None, "client_id": client, "mountpoint": ""}, **{"vernemq-hook": "on_register"})
    if name == "session.subscribed":
        send({"event": "session.subscribed", "clientid": client, "topic": event["filter"], "qos": event["qos"]})
    if name == "client.disconnected":
        send({"action": "client_disconnected", "reason": event["reason"], "client_id": client})
"#;

#[test]
fn takes_requests_in_the_forms_of_several_brokers() {
    let scenario = VISIT.replace(
        "  - a: disconnect\n",
        "  - a: { subscribe: t }\n  - hooks: [ session.subscribed: { client: a, filter: t, qos: 0 } ]\n  - a: disconnect\n",
    );
    let program =
        Program::new("run --target twin --verbose").file("scenarios/visit.yaml", scenario);
    let sender = program.path("sender.py").display().to_string();
    let target = format!(
        "\
url: mqtt://127.0.0.1:{{port}}
start:
  command: [python3, {sender}, {BINARY}, '{{port}}', '{{hook_url}}']
hooks:
  - source: http
    settle: 500ms
    answer: '{{\"result\": \"ok\"}}'
    rules:
      - event: session.created
        when: {{ action: session_created }}
        json: {{ client: clientid }}
      - event: client.connected
        header: {{ vernemq-hook: on_register }}
        json: {{ client: client_id }}
        set: {{ connack: success }}
      - event: session.subscribed
        when: {{ event: session.subscribed }}
        json: {{ client: clientid, filter: topic, qos: qos }}
      - event: client.disconnected
        when: {{ action: client_disconnected }}
        json: {{ client: client_id, reason: reason }}
        reasons: {{ normal: normal }}
"
    );
    let ended = program
        .file("sender.py", SENDER)
        .file("targets/twin.yaml", target)
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    for said in [
        "hook session.created client=a\n",
        "hook client.connected client=a connack=0\n",
        "hook session.subscribed client=a filter=t qos=0\n",
        "hook client.disconnected client=a reason=normal\n",
    ] {
        assert!(ended.stdout.contains(said), "{said}: {ended}");
    }
}
