//! Brokers that are started with the settings that cases ask for.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{BINARY, PING, Program, signal};

/// A case that needs a setting.
const LESS: &str = "\
title: A server that lessens the QoS says so in CONNACK
versions: [5]
broker: { maximum_qos: 1 }
clients: { a: }
steps:
  - a: { connect: { expect: { maximum_qos: 1 } } }
    clause: RULE-3.2.2.3.4-1
";

/// A case that restarts a broker with a store.
const KEPT: &str = "\
title: A retained message survives a restart
versions: [5]
broker: { durable: true }
clients: { a: }
steps:
  - a: connect
  - a: { publish: { topic: t, payload: kept, qos: 1, retain: true } }
  - broker: restart
  - a: { expect: { disconnect: {}, optional: true } }
  - a: { expect: closed }
  - a: connect
  - a: { subscribe: t }
  - a: { expect: { publish: { topic: t, payload: kept, retain: true } } }
    clause: MQTT-3.3.1-6
";

/// A case whose control needs other settings than its scene.
const OTHERS: &str = "\
title: A user that is not known is refused
versions: [5]
needs: [users]
broker: { users: { alice: secret } }
clients:
  bob:
  watcher: { username: alice, password: secret }
steps:
  - watcher: connect
  - watcher: { subscribe: t }
  - bob: open
  - bob: { batch: [ { connect: { username: bob, password: word } }, { publish: { topic: t, payload: behind } } ] }
  - bob: { expect: { refused: { codes: [bad_user_name_or_password, not_authorized] } } }
    clause: MQTT-3.1.4-2
  - watcher: { expect: silence }
    clause: MQTT-3.1.4-6
control:
  broker: { users: { alice: secret, bob: word } }
  expect:
    - watcher: { publish: { payload: behind } }
";

/// A case that needs only users.
const REFUSED: &str = "\
title: A user that is not known is refused
versions: [5]
broker: { users: { alice: secret } }
clients: { alice: { username: alice, password: secret }, bob: }
steps:
  - alice: connect
  - bob: open
  - bob: { send: { connect: { username: bob, password: word } } }
  - bob: { expect: { refused: { codes: [bad_user_name_or_password, not_authorized] } } }
    clause: MQTT-3.1.4-2
";

/// A target file for the bundled broker. Each instance appends its process id and its folder to a file.
fn twin(program: &Program, more: &str) -> String {
    let seen = program.path("seen").display().to_string();
    format!(
        "url: mqtt://127.0.0.1:{{port}}
start:
  command: [/bin/sh, -c, 'echo $$ $3 >>{seen}; exec {BINARY} broker --listen 127.0.0.1:$1 --config $2 --store $3/store', sh, '{{port}}', '{{config}}', '{{folder}}']
  config: |
    maximum_inflight: 100
    {{settings}}
settings:
  maximum_qos: 'maximum_qos: {{value}}'
  durable: 'durable: {{value}}'
  users: {{ each: '  {{name}}: {{password}}', config: \"users:\\n{{value}}\" }}
  retain_available: {{ unsupported: it always retains }}
{more}"
    )
}

/// The process ids and folders of all instances so far.
fn seen(program: &Program) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(program.path("seen")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().filter_map(|line| line.split_once(' '));
    let owned = lines.map(|(pid, folder)| (pid.to_owned(), folder.to_owned()));
    owned.collect()
}

/// The JSON report of the run.
fn report(program: &Program) -> serde_json::Value {
    let text = std::fs::read(program.path("report.json")).expect("a report");
    serde_json::from_slice(&text).expect("JSON")
}

fn all_are_gone(program: &Program) -> bool {
    let is_there = |(pid, folder): &(String, String)| {
        Path::new("/proc").join(pid).exists() || Path::new(folder).exists()
    };
    !seen(program).iter().any(is_there)
}

#[test]
fn cases_that_ask_for_the_same_share_an_instance() {
    let program = Program::new("run --target twin --report json=report.json")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/less.yaml", LESS)
        .file("scenarios/lesser.yaml", LESS)
        .file("scenarios/kept.yaml", KEPT)
        .file("scenarios/others.yaml", OTHERS);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("6 passed"), "{ended}");
    let report = report(&program);
    let instances = &report["run"]["instances"];
    // One for two cases, one for the restart, two for the case with users and its control.
    assert_eq!(instances["started"], 4, "{instances}");
    assert_eq!(instances["settings"], 4, "{instances}");
    // The broker of the run adds one. The restarted instance started twice in the same folder.
    let all = seen(&program);
    let folders: BTreeSet<&String> = all.iter().map(|(_, folder)| folder).collect();
    assert_eq!((all.len(), folders.len()), (6, 5), "{all:?}");
    assert!(all_are_gone(&program));
}

#[test]
fn a_broker_that_was_killed_starts_again_with_its_store() {
    let program = Program::new("run --target twin").file(
        "scenarios/killed.yaml",
        KEPT.replace("broker: restart", "broker: kill")
            .replace("disconnect: {}, optional: true", "closed: {}")
            .replace("  - a: { expect: closed }\n", ""),
    );
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("1 passed"), "{ended}");
    // The broker of the run, and the instance of the case, which started twice in the same folder.
    let all = seen(&program);
    let folders: BTreeSet<&String> = all.iter().map(|(_, folder)| folder).collect();
    assert_eq!((all.len(), folders.len()), (3, 2), "{all:?}");
    assert!(all_are_gone(&program));
}

#[test]
fn users_that_the_file_names_anyway_need_no_row() {
    let program = Program::new("run --target twin --report json=report.json")
        .file("scenarios/less.yaml", LESS)
        .file("scenarios/users.yaml", REFUSED);
    let file = twin(&program, "credentials: { alice: secret }\n");
    let file = file
        .replace("    maximum_inflight: 100", "    users: { alice: secret }")
        .lines()
        .filter(|line| !line.starts_with("  users:"))
        .fold(String::new(), |text, line| text + line + "\n");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 passed"), "{ended}");
    let report = report(&program);
    // Only the other case needs an instance.
    assert_eq!(report["run"]["instances"]["started"], 1, "{report}");
}

/// A case with preferred settings, one of which this target does not support.
const PREFERS: &str = "\
title: A server that lessens the QoS says so in CONNACK
versions: [5]
prefers: { maximum_qos: 1, retain_available: false, receive_maximum: 3 }
clients: { a: }
exercised_if:
  - a: { connack: { maximum_qos: 1 } }
steps:
  - a: connect
  - a: ping
";

#[test]
fn an_instance_is_given_what_a_case_prefers_and_the_file_can_say() {
    let program = Program::new("run --target twin")
        .file("scenarios/less.yaml", LESS)
        .file("scenarios/prefers.yaml", PREFERS);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 passed"), "{ended}");
    // The broker of the run, and one for both cases.
    assert_eq!(seen(&program).len(), 2, "{ended}");

    // A preference that the target does not support is not a reason to skip the case before it is played.
    let none = "url: mqtt://127.0.0.1:{port}\nstart:\n  command: ";
    let none = format!("{none}[{BINARY}, broker, --listen, '127.0.0.1:{{port}}']\n");
    let ended = program.file("targets/twin.yaml", none).run();
    assert!(ended.stdout.contains("not exercised"), "{ended}");
}

#[test]
fn a_case_that_can_have_an_instance_to_itself_gets_one() {
    let alone = format!("exclusive: if_possible\n{PING}");
    let program = Program::new("run --target twin --report json=report.json")
        .file("scenarios/alone.yaml", alone)
        .file("scenarios/ping.yaml", PING);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let report = report(&program);
    let cases = report["cases"].as_array().expect("cases");
    let is_alone = |case: &&serde_json::Value| {
        let id = case["id"].as_str().expect("an id");
        id.starts_with("alone@")
    };
    let count = cases.iter().filter(is_alone).count();
    assert_eq!(cases.len(), 2 * count, "{report}");
    assert_eq!(report["run"]["instances"]["started"], count, "{report}");
    assert!(all_are_gone(&program));

    // A broker that the run does not start has no instances.
    let url = "run --no-snapshots";
    let program = program.arguments(url);
    assert_eq!(program.run().exit, Some(0));
}

#[test]
fn says_what_the_broker_lacks_and_what_the_file_does_not_say() {
    let lacking = LESS.replace(
        "maximum_qos: 1 }\nclients",
        "retain_available: false }\nclients",
    );
    let untold = LESS.replace("maximum_qos: 1 }\nclients", "receive_maximum: 2 }\nclients");
    let program = Program::new("run --target twin --report json=report.json")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/lacking.yaml", lacking)
        .file("scenarios/untold.yaml", untold);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let report = report(&program);
    let cases = report["cases"].as_array().expect("cases");
    let skipped = cases.iter().filter(|case| case["verdict"] == "skipped");
    let told =
        |case: &serde_json::Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let skipped: Vec<_> = skipped
        .map(|case| [told(case, "skip"), told(case, "reason")])
        .collect();
    let needs = |setting: &str, why: &str| format!("needs the broker's setting {setting}: {why}");
    let lacking = needs("retain_available", "it always retains");
    let untold = needs(
        "receive_maximum",
        "the target file does not specify how to set it",
    );
    let expected = [
        ["setting:retain_available".to_owned(), lacking],
        ["untold:receive_maximum".to_owned(), untold],
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn fails_when_an_instance_does_not_start() {
    let program = Program::new("run --target twin")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/less.yaml", LESS);
    let file = twin(&program, "").replace("'maximum_qos: {value}'", "'no_such: {value}'");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended.stderr.contains("with maximum_qos: failed to start"),
        "{ended}"
    );
    assert!(ended.stderr.contains("no_such"), "{ended}");
    assert!(all_are_gone(&program));
}

#[test]
fn fails_when_a_command_before_the_start_does() {
    let program = Program::new("run --target twin").file("scenarios/less.yaml", LESS);
    let rows = "  maximum_qos: { config: 'maximum_qos: {value}', before: [sh, -c, 'echo so not >&2; exit 3'] }";
    let file = twin(&program, "").replace("  maximum_qos: 'maximum_qos: {value}'", rows);
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stderr.contains("exit status: 3): so not"), "{ended}");
}

/// Two cases that take a while, on two instances in addition to the broker of the run.
fn long(program: Program) -> Program {
    let wait = "  - wait: 20s\n  - a: ping\n";
    let program = program
        .file("scenarios/less.yaml", format!("{LESS}{wait}"))
        .file("scenarios/kept.yaml", format!("{KEPT}{wait}"));
    let file = twin(&program, "");
    program.file("targets/twin.yaml", file)
}

/// Waits until the case that restarts its broker has done so. Three brokers have then started, one of them twice.
fn until_all_are_there(program: &Program) {
    let began = Instant::now();
    while seen(program).len() < 4 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            seen(program)
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn no_instance_is_left_after_an_interruption() {
    let program = long(Program::new("run --target twin"));
    let child = program.start();
    until_all_are_there(&program);
    thread::sleep(Duration::from_millis(500));
    signal("-INT", child.id());
    let ended = program.finish(child);
    assert_eq!(ended.exit, Some(130), "{ended}");
    assert!(all_are_gone(&program));
}

#[test]
fn no_instance_is_left_when_the_run_is_killed() {
    let program = long(Program::new("run --target twin"));
    let mut child = program.start();
    until_all_are_there(&program);
    child.kill().expect("killing it");
    child.wait().expect("its end");
    let began = Instant::now();
    while !all_are_gone(&program) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            seen(&program)
        );
        thread::sleep(Duration::from_millis(10));
    }
}
