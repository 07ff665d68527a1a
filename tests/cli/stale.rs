//! Snapshots of cases that no longer exist: a command removes them, and only the selected ones.

use crate::program::{PING, Program};

const RECORD: &str = "---\nsource: x\nexpression: x\n---\nx\n";

/// A suite with records of cases that do not exist.
fn suite(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/basic/ping.yaml", PING)
        .file("snapshots/basic/ping@5.snap", RECORD)
        .file("snapshots/basic/ping@3.1.snap", RECORD)
        .file("snapshots/basic/gone@5.snap", RECORD)
        .file("snapshots/basic/gone@5.snap.new", RECORD)
        .file("snapshots/other/gone[row]@5.snap", RECORD)
        .file("snapshots/@twin/basic/ping@5.snap", RECORD)
        .file("snapshots/@twin/basic/gone@5.snap", RECORD)
        .file("snapshots/@twin/profile.yaml", "not a record")
}

/// The files that the command removed, which must be those that it lists.
fn removed(arguments: &str) -> Vec<String> {
    let program = suite(arguments);
    let before = program.files();
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{arguments}: {ended}");
    let after = program.files();
    let gone: Vec<String> = before
        .into_iter()
        .filter(|file| !after.contains(file))
        .collect();
    let lines = ended.stdout.lines();
    let mut said: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("removed "))
        .collect();
    said.sort_unstable();
    assert_eq!(said, gone, "{arguments}: {ended}");
    gone.iter()
        .map(|file| file.trim_start_matches("snapshots/").to_owned())
        .collect()
}

#[test]
fn what_has_no_case_is_removed_and_listed() {
    for (arguments, expected) in [
        (
            "accept --stale",
            &[
                "@twin/basic/gone@5.snap",
                "basic/gone@5.snap",
                "basic/gone@5.snap.new",
                "basic/ping@3.1.snap",
                "other/gone[row]@5.snap",
            ][..],
        ),
        (
            "accept --stale basic/gone",
            &["basic/gone@5.snap", "basic/gone@5.snap.new"],
        ),
        ("accept --stale @twin/*", &["@twin/basic/gone@5.snap"]),
        (
            "accept --stale --scenarios scenarios/other",
            &["other/gone[row]@5.snap"],
        ),
        (
            "accept --stale --scenarios scenarios/basic/ping.yaml",
            &["basic/ping@3.1.snap"],
        ),
    ] {
        assert_eq!(removed(arguments), expected, "{arguments}");
    }
}

#[test]
fn nothing_is_removed_that_is_not_stale() {
    let program = suite("accept --stale basic/ping@5");
    let before = program.files();
    let ended = program.run();
    assert_eq!(ended.exit, Some(4), "{ended}");
    assert!(
        ended
            .stderr
            .contains("no stale snapshot matches 'basic/ping@5'")
    );
    assert_eq!(program.files(), before);
    // A file that cannot be read may contain the case.
    let program = suite("accept --stale").file("scenarios/basic/gone.yaml", "nonsense");
    assert_eq!(program.run().exit, Some(2));
}

#[test]
fn a_run_names_the_command() {
    let program = suite("run --update --protocol 5");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments("run --update");
    let ended = program.run();
    assert!(
        ended
            .stdout
            .contains("no case has this snapshot any more: `mqtt-check accept --stale` removes it"),
        "{ended}"
    );
    let program = program.arguments("accept --stale");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments("run");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        !program.path("snapshots/other").exists(),
        "an empty folder is left"
    );
}
