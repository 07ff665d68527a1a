//! Wrong scenario files: the error and its position, and that nothing is played or written.

use insta::assert_snapshot;

use crate::program::{Ended, PING, Program};

fn check(content: impl AsRef<[u8]>) -> Ended {
    let program = Program::new("run").file("scenarios/bad.yaml", content);
    let ended = program.run();
    assert_eq!(
        program.files(),
        ["scenarios/bad.yaml"],
        "nothing is written"
    );
    ended
}

#[test]
fn malformed() {
    assert_snapshot!(check("title: [unclosed\nclients: }\n"));
}

#[test]
fn empty() {
    assert_snapshot!(check(""));
}

#[test]
fn not_utf_8() {
    assert_snapshot!(check(b"title: caf\xe9\n"));
}

#[test]
fn two_documents() {
    assert_snapshot!(check(format!("{PING}---\n{PING}")));
}

#[test]
fn unknown_key() {
    assert_snapshot!(check(PING.replace("clients:", "client:")));
}

#[test]
fn double_key() {
    assert_snapshot!(check(format!("{PING}title: Another\n")));
}

#[test]
fn reserved_name() {
    assert_snapshot!(check(PING.replace("a:", "hooks:")));
}

#[test]
fn unknown_client() {
    assert_snapshot!(check(PING.replace("- a: ping", "- b: ping")));
}

#[test]
fn the_same_step_id_twice() {
    let content = PING.replace("  - a:", "  - id: same\n    a:");
    assert_snapshot!(check(content));
}

#[test]
fn the_same_case_id_twice() {
    let program = Program::new("run one two")
        .file("one/same.yaml", PING)
        .file("two/same.yaml", PING);
    assert_snapshot!(program.run());
}

#[test]
fn everything_at_once() {
    let program = Program::new("check")
        .file("scenarios/a.yaml", PING.replace("ping", "pong"))
        .file("scenarios/b.yaml", PING.replace("title", "titel"));
    assert_snapshot!(program.run());
}
