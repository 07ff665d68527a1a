//! Where output goes, and the errors for unknown names.

use std::time::{Duration, Instant};

use mqtt_check_broker::Faults;

use crate::program::{PING, Program, WRONG};
use crate::served::serve;

#[test]
fn a_report_named_by_a_dash_goes_to_stdout_and_what_people_read_to_stderr() {
    for (format, begins) in [
        ("html", "<!DOCTYPE html>"),
        ("json", "{"),
        ("junit", "<?xml"),
        ("markdown", "# "),
        ("tap", "TAP version 14\n"),
    ] {
        let program = Program::new(&format!("run --no-snapshots --report {format}=-"))
            .file("scenarios/ping.yaml", PING);
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{ended}");
        assert!(ended.stdout.starts_with(begins), "{ended}");
        assert!(!ended.stdout.contains("2 cases: 2 passed"), "{ended}");
        assert!(ended.stderr.contains("2 cases: 2 passed"), "{ended}");
        assert_eq!(program.files(), ["scenarios/ping.yaml"]);
    }
    let both = Program::new("run --no-snapshots --report json=- --report junit=-")
        .file("scenarios/ping.yaml", PING);
    let ended = both.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("two reports would be written to -"),
        "{ended}"
    );
}

#[test]
fn help_is_a_command_too() {
    for (command, option) in [
        ("help", "--help"),
        ("help run", "run --help"),
        ("help accept", "accept --help"),
    ] {
        let (by_command, by_option) = (Program::new(command).run(), Program::new(option).run());
        assert_eq!(by_command.exit, Some(0), "{by_command}");
        assert_eq!(by_command.stdout, by_option.stdout, "{command}");
    }
}

#[test]
fn an_unknown_target_is_reported_with_the_known_ones() {
    const TARGET: &str = "url: mqtt://127.0.0.1:1\n";
    let program = |arguments: &str| {
        Program::new(arguments)
            .file("scenarios/ping.yaml", PING)
            .file("targets/mosquitto.yaml", TARGET)
            .file("targets/zoo.yaml", TARGET)
            .file(
                "snapshots/@aedes/ping@5.snap",
                "---\nsource: x\nexpression: x\n---\nx\n",
            )
    };
    let ended = program("run --target mosqitto").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let says = "there is no target `mosqitto`: no file targets/mosqitto.yaml\n\
        hint: did you mean `mosquitto`? known here: aedes, ejabberd, mosquitto, nats, rabbitmq, \
        rabbitmq-cluster, rabbitmq-tls, rumqttd, zoo\n";
    assert!(ended.stderr.contains(says), "{ended}");
    let ended = program("run --broker mqtt://127.0.0.1:1 --baseline aeds").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let says = "hint: did you mean `aedes`? known here: aedes, mosquitto, zoo\n";
    assert!(ended.stderr.contains(says), "{ended}");
    let ended = program("run --target elsewhere/mosquitto.yaml").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("no file elsewhere/mosquitto.yaml"),
        "{ended}"
    );
}

#[test]
fn a_run_that_stops_at_the_first_failure_waits_for_no_other_case() {
    const SLOW: &str = "\
title: Nothing happens for long
versions: [5]
clients: { a: }
steps:
  - a: connect
  - wait: 25s
  - a: ping
";
    let url = format!("mqtt://{}", serve(Faults::none()));
    let mut program = Program::new(&format!("run --broker {url} --fail-fast"))
        .file("scenarios/wrong.yaml", WRONG);
    for number in 0..4 {
        program = program.file(&format!("scenarios/slow-{number}.yaml"), SLOW);
    }
    let began = Instant::now();
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended.stdout.contains("1 case: 1 failed, 4 not played"),
        "{ended}"
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{ended}");
}
