//! The result is the same from every working folder: a suite is found by its `scenarios` folder.

use std::fs;

use crate::program::{PING, Program, WRONG};

/// Working folders, and the path of the same scenario from there.
const PLACES: [(&str, &str); 6] = [
    ("suite", "scenarios/basic/ping.yaml"),
    ("suite/scenarios", "basic/ping.yaml"),
    ("suite/scenarios/basic", "ping.yaml"),
    ("suite/scenarios/basic", "./ping.yaml"),
    ("suite/scenarios/other", "../basic/ping.yaml"),
    ("elsewhere/deep", "../../suite/scenarios/basic/ping.yaml"),
];

fn suite(arguments: &str) -> Program {
    Program::new(arguments)
        .file("suite/scenarios/basic/ping.yaml", PING)
        .file("suite/scenarios/other/wrong.yaml", WRONG)
}

#[test]
fn records_are_beside_the_scenarios_wherever_the_run_starts() {
    for (place, file) in PLACES {
        let program = suite("").arguments(&format!("run --update --protocol 5 {file}"));
        let program = program.inside(place);
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{place}: {ended}");
        let record = "suite/snapshots/basic/ping@5.snap";
        let mut files = program.files();
        files.retain(|file| file.ends_with(".snap"));
        assert_eq!(files, [record], "{place}");
        let text = fs::read_to_string(program.path(record)).expect("it is there");
        let source = "source: scenarios/basic/ping.yaml\n";
        assert!(text.contains(source), "{place}: {text}");
        // The record is found from every other folder.
        for (place, file) in PLACES {
            let again = Program::new(&format!("run --protocol 5 {file}"))
                .file("suite/scenarios/basic/ping.yaml", PING)
                .file(record, &text)
                .inside(place);
            let ended = again.run();
            assert_eq!(ended.exit, Some(0), "{place}: {ended}");
        }
    }
}

#[test]
fn ids_are_the_same_from_every_folder() {
    for (place, file) in PLACES {
        for command in ["list", "list --filter basic/ping", "list --filter */ping@*"] {
            let ended = suite(&format!("{command} {file}")).inside(place).run();
            let expected = ["basic/ping@3.1.1", "basic/ping@5"];
            assert_eq!(ended.ids(), expected, "{place}: {ended}");
        }
        let ended = suite(&format!("check {file}")).inside(place).run();
        assert_eq!(
            ended.stdout, "1 scenario with 2 cases: nothing wrong\n",
            "{place}: {ended}"
        );
    }
}

#[test]
fn the_suite_is_found_from_below_where_no_path_is_named() {
    for place in ["suite", "suite/scenarios", "suite/scenarios/basic"] {
        let listed = suite("list").inside(place).run();
        let expected = ["basic/ping@3.1.1", "basic/ping@5", "other/wrong@5"];
        assert_eq!(listed.ids(), expected, "{place}: {listed}");
        let run = suite("run --filter basic/ping@5").inside(place);
        let ended = run.run();
        assert!(
            ended.stderr.is_empty() || ended.stderr.starts_with("NEW"),
            "{ended}"
        );
        let pending = run.path("suite/snapshots/basic/ping@5.snap.new");
        assert!(pending.exists(), "{place}: {:?}", run.files());
        let accepted = run.arguments("accept basic/ping@5").run();
        assert_eq!(
            accepted.stdout, "accepted basic/ping@5\n1 snapshot\n",
            "{place}"
        );
        let mutants = suite("mutants --fault no-pingresp --filter basic/*").inside(place);
        let ended = mutants.run();
        assert!(ended.stdout.contains("basic/ping@"), "{place}: {ended}");
        let clauses = suite("clauses --filter MQTT-3.12.4-1 --protocol 5").inside(place);
        let ended = clauses.run();
        assert!(ended.stdout.contains("MQTT-3.12.4-1"), "{place}: {ended}");
    }
}

#[test]
fn explain_finds_a_scenario_from_every_folder() {
    for (place, file) in PLACES {
        let scenarios = match place.starts_with("suite") {
            true => "",
            false => " --scenarios ../../suite/scenarios",
        };
        for word in [
            "basic/ping",
            "basic/ping@5",
            file,
            "scenarios/basic/ping.yaml",
        ] {
            let ended = suite(&format!("explain {word}{scenarios}"))
                .inside(place)
                .run();
            assert_eq!(ended.exit, Some(0), "{place}, {word}: {ended}");
            assert!(ended.stdout.contains("basic/ping"), "{place}: {ended}");
        }
    }
}

#[test]
fn a_target_is_found_in_the_suite() {
    const GONE: &str = "url: mqtt://127.0.0.1:1\ndeviations: []\n";
    for (place, file) in PLACES {
        let program = suite(&format!("run {file} --target gone"))
            .file("suite/targets/gone.yaml", GONE)
            .inside(place);
        let ended = program.run();
        assert_eq!(ended.exit, Some(3), "{place}: {ended}");
        assert!(ended.stderr.contains("127.0.0.1"), "{place}: {ended}");
    }
    // A target in the working folder takes precedence over one in a suite elsewhere.
    let program = suite("run ../suite/scenarios/basic/ping.yaml --target gone")
        .file("suite/targets/gone.yaml", "url: mqtt://127.0.0.1:1\n")
        .file("mine/targets/gone.yaml", "url: nonsense\n")
        .inside("mine");
    assert_eq!(program.run().exit, Some(2));
}

#[cfg(unix)]
#[test]
fn no_suite_is_taken_from_a_folder_that_anybody_may_write_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = suite("list scenarios/session/takeover.yaml").inside("suite/project");
    let open = fs::Permissions::from_mode(0o1777);
    fs::set_permissions(program.path("suite"), open).expect("it is ours");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "the built-in one is taken: {ended}");
    let ended = program.arguments("list scenarios/basic/ping.yaml").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
}
