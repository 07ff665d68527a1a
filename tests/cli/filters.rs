//! Filters share one pattern language, and each pattern must match something.

use crate::program::{PING, Program, WRONG};

/// A scenario with rows.
const ROWS: &str = "\
title: A ping is answered, again and again
clients: { a: }
cases:
  once: { times: 1 }
  twice: { times: 2 }
steps:
  - a: connect
  - repeat: { times: $times, steps: [ { a: ping } ] }
";

fn suite(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/rows.yaml", ROWS)
        .file("scenarios/other/wrong.yaml", WRONG)
}

#[test]
fn brackets_are_part_of_an_id() {
    for (filter, expected) in [
        (
            "basic/rows[*]@5",
            &["basic/rows[once]@5", "basic/rows[twice]@5"][..],
        ),
        (
            "basic/rows[once]",
            &["basic/rows[once]@3.1.1", "basic/rows[once]@5"],
        ),
        ("basic/rows[twice]@5", &["basic/rows[twice]@5"]),
        (
            "*[{once,twice}]@5",
            &["basic/rows[once]@5", "basic/rows[twice]@5"],
        ),
        ("*/pin?@5", &["basic/ping@5"]),
        ("[5 MQTT-3.12.4-*]", &["other/wrong@5"]),
    ] {
        let ended = suite("list").argument("--filter").argument(filter).run();
        assert_eq!(ended.ids(), expected, "{filter}: {ended}");
    }
}

#[test]
fn a_filter_that_matches_nothing_is_an_error_with_what_was_meant() {
    for (filter, hint) in [
        ("ping", "did you mean '*ping*'? It matches 2 cases"),
        ("basc", "did you mean 'basic'?"),
        ("other/wrnog", "did you mean 'other/wrong'?"),
        ("MQTT-3.12.4-11", "did you mean 'MQTT-3.12.4-1'?"),
        (
            "scenarios/basic/ping.yaml",
            "to play a file, name it without --filter",
        ),
        ("nothing-of-the-kind", "`mqtt-check list` shows every case"),
    ] {
        for command in ["run", "list", "check", "mutants"] {
            let program = suite(&format!("{command} --filter basic/* --filter {filter}"));
            let ended = program.run();
            assert_eq!(ended.exit, Some(4), "{filter}: {ended}");
            let what = format!("no case matches --filter '{filter}'");
            assert!(ended.stderr.contains(&what), "{filter}: {ended}");
            assert!(ended.stderr.contains(hint), "{filter}: {ended}");
        }
    }
}

#[test]
fn an_exclusion_that_matches_nothing_is_a_warning() {
    let ended = suite("list --exclude othr").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let what = "warning: no case matches --exclude 'othr'";
    assert!(ended.stderr.contains(what), "{ended}");
}

#[test]
fn filters_that_match_only_together_leave_nothing() {
    let ended = suite("list --filter other --protocol 3.1.1").run();
    assert_eq!(ended.exit, Some(4), "{ended}");
    assert!(ended.stderr.contains("--protocol"), "{ended}");
}

#[test]
fn other_commands_hold_each_pattern_to_something_too() {
    for (arguments, what, hint) in [
        (
            "mutants --fault no-pingresp --fault no-pingrsp",
            "no fault matches 'no-pingrsp'",
            "did you mean 'no-pingresp'?",
        ),
        (
            "mutants --liberty qos-1",
            "no permitted variation matches 'qos-1'",
            "did you mean '*qos-1*'?",
        ),
        (
            "clauses --filter MQTT-3.12.4-1 --filter 3.12.4-1",
            "no statement matches --filter '3.12.4-1'",
            "did you mean '*3.12.4-1*'?",
        ),
        (
            "accept basic/ping@5 ping@5",
            "no pending snapshot matches 'ping@5'",
            "did you mean '*ping@5*'?",
        ),
    ] {
        let record = "---\nsource: x\nexpression: x\n---\nx\n";
        let program = suite(arguments).file("snapshots/basic/ping@5.snap.new", record);
        let ended = program.run();
        assert_eq!(ended.exit, Some(4), "{arguments}: {ended}");
        assert!(ended.stderr.contains(what), "{arguments}: {ended}");
        assert!(ended.stderr.contains(hint), "{arguments}: {ended}");
    }
}
