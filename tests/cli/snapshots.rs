//! Snapshots: recorded, compared, reviewed, damaged.

use std::fs;

use insta::assert_snapshot;

use crate::program::{PING, Program};

const EXPECTED: &str = "snapshots/basic/ping@5.snap";
const PENDING: &str = "snapshots/basic/ping@5.snap.new";

fn program(arguments: &str) -> Program {
    Program::new(arguments).file("scenarios/basic/ping.yaml", PING)
}

/// A program with everything recorded and reviewed.
fn reviewed() -> Program {
    let program = program("run --update --protocol 5");
    assert_eq!(program.run().exit, Some(0));
    program.arguments("run --protocol 5")
}

/// A program with a record that differs from the reviewed one.
fn changed() -> Program {
    let program = reviewed();
    let text = fs::read_to_string(program.path(EXPECTED)).expect("it is there");
    program.file(EXPECTED, text.replace("PINGRESP", "PINGRESP?"))
}

fn snapshots(program: &Program) -> Vec<String> {
    let mut files = program.files();
    files.retain(|file| file.starts_with("snapshots"));
    files
}

#[test]
fn lays_a_new_record_beside_and_fails() {
    let program = program("run");
    assert_snapshot!(program.run());
    assert_eq!(
        snapshots(&program),
        ["snapshots/basic/ping@3.1.1.snap.new", PENDING]
    );
    let text = fs::read_to_string(program.path(PENDING)).expect("it is there");
    assert_snapshot!("a_snapshot_file", text);
}

#[test]
fn writes_nothing_in_ci_and_fails() {
    let program = program("run").env("CI", "true");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(snapshots(&program).is_empty());
}

#[test]
fn a_pending_record_that_is_no_longer_needed_does_not_end_a_run_early() {
    let program = program("run --update");
    assert_eq!(program.run().exit, Some(0));
    let pending = "snapshots/basic/ping@3.1.1.snap.new";
    let program = program
        .arguments("run --fail-fast --jobs 1")
        .file(pending, "---\nexpression: x\n---\n");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 passed"), "{ended}");
    assert!(!program.path(pending).exists());
}

#[test]
fn a_pending_record_fails_in_ci() {
    let program = reviewed()
        .file(PENDING, "---\nexpression: x\n---\n")
        .env("CI", "true");
    assert_snapshot!(program.run());
}

#[test]
fn refuses_to_update_in_ci() {
    assert_snapshot!(program("run --update").env("CI", "true").run());
}

#[test]
fn passes_when_nothing_changed() {
    let program = reviewed();
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(snapshots(&program), [EXPECTED]);
}

#[test]
fn an_update_renews_the_title_of_a_record_that_is_the_same() {
    let program = reviewed();
    let old = fs::read_to_string(program.path(EXPECTED)).expect("it is there");
    let title = PING.lines().find_map(|line| line.strip_prefix("title: "));
    let scenario = PING.replace(title.expect("a title"), "Another title");
    let program = program.file("scenarios/basic/ping.yaml", scenario);
    assert_eq!(program.run().exit, Some(0));
    let text = || fs::read_to_string(program.path(EXPECTED)).expect("it is there");
    assert_eq!(text(), old);
    let update = program.arguments("run --update --protocol 5");
    assert_eq!(update.run().exit, Some(0));
    let new = fs::read_to_string(update.path(EXPECTED)).expect("it is there");
    assert_eq!(new, old.replace(title.expect("a title"), "Another title"));
}

#[test]
fn shows_what_changed() {
    let program = changed();
    assert_snapshot!(program.run());
    assert_eq!(snapshots(&program), [EXPECTED, PENDING]);
}

#[test]
fn takes_a_pending_record_away_that_is_the_same_again() {
    let program = reviewed().file(PENDING, "---\nexpression: x\n---\n");
    assert_eq!(program.run().exit, Some(0));
    assert_eq!(snapshots(&program), [EXPECTED]);
}

#[test]
fn accepts_what_waits() {
    let program = changed();
    assert_eq!(program.run().exit, Some(1));
    let program = program.arguments("accept");
    assert_snapshot!(program.run());
    assert_eq!(program.arguments("run --protocol 5").run().exit, Some(0));
}

#[test]
fn accepts_the_same_bytes_as_insta() {
    let program = changed();
    assert_eq!(program.run().exit, Some(1));
    let theirs = program.path("theirs.snap");
    insta::Snapshot::from_file(&program.path(PENDING))
        .expect("insta reads it")
        .save(&theirs)
        .expect("insta accepts it");
    let program = program.arguments("accept basic/ping");
    assert_eq!(program.run().exit, Some(0));
    let read = |path| fs::read_to_string(path).expect("it is there");
    assert_eq!(read(program.path(EXPECTED)), read(theirs));
}

#[test]
fn rejects_what_waits() {
    let program = changed();
    assert_eq!(program.run().exit, Some(1));
    let program = program.arguments("reject *@5");
    assert_snapshot!(program.run());
    assert_eq!(snapshots(&program), [EXPECTED]);
}

#[test]
fn says_that_no_pending_snapshot_matches() {
    let program = changed();
    assert_eq!(program.run().exit, Some(1));
    assert_snapshot!(program.arguments("accept other/*").run());
}

#[test]
fn has_nothing_to_accept() {
    assert_snapshot!(reviewed().arguments("accept").run());
}

#[test]
fn finds_no_folder_to_review() {
    assert_snapshot!(program("accept --snapshots elsewhere").run());
}

#[test]
fn reviews_only_on_a_terminal() {
    assert_snapshot!(reviewed().arguments("review").run());
}

#[test]
fn finds_snapshots_without_a_case() {
    let program = reviewed()
        .file("snapshots/basic/gone@5.snap", "---\nexpression: x\n---\n")
        .arguments("run");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1));
    assert!(
        ended.stdout.contains("STALE snapshots/basic/gone@5.snap"),
        "{ended}"
    );
    // A run of a part of the suite cannot tell.
    let part = program.arguments("run --protocol 5").run();
    assert_eq!(part.exit, Some(0), "{part}");
}

#[test]
fn keeps_snapshots_where_it_is_told() {
    let program = program("run --snapshots expected --protocol 5");
    let ended = program.run();
    assert!(
        ended
            .stdout
            .contains("mqtt-check accept --snapshots expected"),
        "{ended}"
    );
    assert!(program.path("expected/basic/ping@5.snap.new").exists());
}

#[test]
fn refuses_damaged_snapshots() {
    let conflict =
        "---\nexpression: basic/ping@5\n---\n<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> other\n";
    let program = reviewed()
        .file(EXPECTED, conflict)
        .file(
            "snapshots/basic/ping@3.1.1.snap",
            b"---\nexpression: x\n---\n- \xff\xfe\n",
        )
        .arguments("run");
    assert_snapshot!(program.run());
}

#[test]
fn refuses_a_snapshot_without_a_whole_header() {
    assert_snapshot!(reviewed().file(EXPECTED, "---\nexpression: x\n").run());
}

#[test]
fn does_not_accept_a_damaged_record() {
    let program = reviewed()
        .file(PENDING, "- a: connect\n")
        .arguments("accept");
    assert_snapshot!(program.run());
    assert_eq!(snapshots(&program), [EXPECTED, PENDING]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    // No file may grow at all, as on a full disk. Ignore the signal that this causes.
    let program = changed().after("trap '' XFSZ; ulimit -f 0");
    let ended = program.run();
    assert_snapshot!(ended);
    assert_eq!(snapshots(&program), [EXPECTED]);
}
