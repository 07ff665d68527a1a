//! In a folder without scenarios, the program plays its built-in suite.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mqtt_check_broker::Fault;

use crate::program::{BINARY, Ended, PING, Program};
use crate::served;

/// Runs the program in an empty folder, which must stay empty.
fn run_alone(arguments: &str) -> Ended {
    let program = Program::new(arguments);
    let ended = program.run();
    assert_eq!(program.files(), [""; 0], "{ended}");
    ended
}

#[test]
fn the_first_run_in_an_empty_folder_is_green() {
    let ended = run_alone("run --filter session/takeover");
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 cases: 3 passed"), "{ended}");
    assert!(
        !ended.stdout.contains("new"),
        "no snapshot is missing: {ended}"
    );
}

#[test]
fn paths_of_the_built_in_suite_are_as_in_its_folder() {
    for path in [
        "scenarios/session/takeover.yaml",
        "./scenarios/session/takeover.yaml",
    ] {
        let ended = run_alone(&format!("run {path} --fault no-disconnect-on-takeover"));
        assert_eq!(ended.exit, Some(0), "{ended}");
        let place = "scenarios/session/takeover.yaml:19:5";
        assert!(ended.stdout.contains(place), "{ended}");
    }
    let ended = run_alone("list scenarios/session");
    assert_eq!(ended.exit, Some(0), "{ended}");
    let mut lines = ended.stdout.lines();
    assert!(lines.all(|line| line.starts_with("session/")), "{ended}");
}

#[test]
fn a_folder_of_scenarios_counts_before_the_built_in_suite() {
    let own = |arguments: &str| Program::new(arguments).file("scenarios/own/ping.yaml", PING);
    let ended = own("check").run();
    assert_eq!(
        ended.stdout, "1 scenario with 2 cases: nothing wrong\n",
        "{ended}"
    );
    let ended = own("run scenarios/session/takeover.yaml").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let how = "--suite VERSION --filter 'session/takeover*'";
    assert!(ended.stderr.contains(how), "{ended}");
    assert!(
        ended.stderr.contains("there is no file or folder"),
        "{ended}"
    );
}

#[test]
fn what_is_in_neither_is_an_error() {
    for path in ["nothing", "scenarios/nothing", "/scenarios", "../scenarios"] {
        let ended = run_alone(&format!("run {path}"));
        assert_eq!(ended.exit, Some(2), "{ended}");
        let what = format!("there is no file or folder {path}");
        assert!(ended.stderr.contains(&what), "{ended}");
    }
}

#[test]
fn every_command_that_reads_scenarios_knows_the_built_in_suite() {
    for (arguments, told) in [
        ("check scenarios/session", "nothing wrong"),
        (
            "explain session/takeover",
            "A second CONNECT with the same Client Identifier",
        ),
        ("explain mosquitto", "Eclipse Mosquitto"),
        (
            "mutants scenarios/session/takeover.yaml --fault no-disconnect-on-takeover",
            "1 caught",
        ),
    ] {
        let ended = run_alone(arguments);
        assert!(ended.stdout.contains(told), "{arguments}: {ended}");
    }
}

#[test]
fn a_known_target_is_found_and_a_mistyped_one_is_an_error() {
    let ended = run_alone("run --target mosquito");
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("did you mean `mosquitto`?"),
        "{ended}"
    );
    // Without Mosquitto installed it fails to start. That, too, shows that the target file was found.
    let ended = run_alone("run scenarios/session/takeover.yaml --target mosquitto");
    match ended.exit {
        Some(0) => assert!(ended.stdout.contains("targets/mosquitto.yaml:"), "{ended}"),
        _ => assert_eq!(ended.exit, Some(3), "{ended}"),
    }
}

#[test]
fn a_target_file_of_the_user_counts_before_a_built_in_one() {
    let address = served::serve(Vec::new().into_iter().collect());
    let program = Program::new("run scenarios/connect/ping.yaml --target mosquitto --no-snapshots")
        .file("targets/mosquitto.yaml", format!("url: mqtt://{address}\n"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn the_built_in_suite_cannot_be_changed() {
    let address = served::serve(Vec::new().into_iter().collect());
    for arguments in [
        "run scenarios/session --update".to_owned(),
        "run scenarios/session --target mosquitto --update".to_owned(),
        format!("baseline mosquitto scenarios/session --broker mqtt://{address} --update"),
    ] {
        let ended = run_alone(&arguments);
        assert_eq!(ended.exit, Some(2), "{arguments}: {ended}");
        assert!(ended.stderr.contains("cannot be changed"), "{ended}");
        assert!(ended.stderr.contains("suite --extract"), "{ended}");
    }
}

#[test]
fn a_baseline_of_the_users_own_is_made_and_kept_in_the_working_folder() {
    let right = served::serve(Vec::new().into_iter().collect());
    let program = Program::new(&format!(
        "baseline own scenarios/session/takeover.yaml --broker mqtt://{right} --plays 1"
    ));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(
        program.files(),
        ["snapshots/@own/profile.yaml", "targets/own.yaml"]
    );

    let held =
        |url: &str| format!("run scenarios/session/takeover.yaml --broker {url} --baseline own");
    let program = program.arguments(&held(&format!("mqtt://{right}")));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");

    let wrong = served::serve([Fault::NoDisconnectOnTakeover].into_iter().collect());
    let program = program.arguments(&held(&format!("mqtt://{wrong}")));
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let pending = program.path("snapshots/@own/session/takeover@5.snap.new");
    let text = fs::read_to_string(pending).expect("it waits for a review");
    assert!(
        text.contains("source: scenarios/session/takeover.yaml"),
        "{text}"
    );

    let program = program.arguments("accept @own/*");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments("accept --stale");
    let ended = program.run();
    assert_eq!(ended.stdout, "no snapshot is stale\n", "{ended}");
}

#[test]
fn a_release_of_the_suite_is_played_as_it_was() {
    let ended = run_alone("list --suite 2026.12");
    assert_eq!(ended.exit, Some(0), "{ended}");
    let releases = mqtt_check::builtin::releases();
    let release = releases.iter().find(|r| r.version == "2026.12");
    let cases = &release.expect("it is there").cases;
    assert_eq!(ended.stdout.lines().count(), cases.len());

    // The user's own scenarios are not part of a release, and do not get in its way.
    let own = |arguments: &str| Program::new(arguments).file("scenarios/own/ping.yaml", PING);
    let ended = own("run --suite 2026.12 --filter session/takeover").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("suite 2026.12 (built in)"), "{ended}");
    let ended = own("run scenarios --suite 2026.12").run();
    assert_eq!(ended.exit, Some(4), "{ended}");
    assert!(ended.stderr.contains("--suite"), "{ended}");

    let ended = run_alone("run scenarios/session --suite 2026.1");
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended
            .stderr
            .contains("there is no release 2026.1 of the suite"),
        "{ended}"
    );
    assert!(
        ended.stderr.contains("known here: 2026.11, 2026.12"),
        "{ended}"
    );
}

#[test]
fn the_suite_is_written_to_a_folder_and_overwrites_nothing() {
    const CHANGED: &str = "there/scenarios/session/takeover.yaml";
    let program = Program::new("suite --extract there").file(CHANGED, PING);
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let what = format!("1 file already exists and differs: {CHANGED}; nothing was written");
    assert!(ended.stderr.contains(&what), "{ended}");
    assert_eq!(program.files(), [CHANGED]);

    let program = program.arguments("suite --extract there --force");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let suite = mqtt_check::builtin::files();
    let written = program.files();
    for (path, bytes) in suite.iter().filter(|file| !file.0.starts_with("releases/")) {
        let file = program.path(&format!("there/{path}"));
        assert!(fs::read(file).expect(path) == *bytes, "{path}");
    }
    assert!(
        written
            .iter()
            .all(|file| suite.contains_key(&file["there/".len()..]))
    );

    let ended = program.arguments("suite --extract there").run();
    assert!(ended.stdout.contains("wrote 0 files"), "{ended}");
}

#[test]
fn what_is_written_to_a_folder_plays_there() {
    let program = Program::new("suite --extract .");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments("run scenarios/session/takeover.yaml");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!ended.stdout.contains("built in"), "{ended}");
}

#[test]
fn shows_what_the_suite_is_made_of() {
    let ended = run_alone("suite");
    assert_eq!(ended.exit, Some(0), "{ended}");
    let suite = mqtt_check::builtin::releases().pop().expect("a release");
    let version = format!("suite {}, built into mqtt-check", suite.version);
    for told in [
        version.as_str(),
        "scenarios with",
        "8 known targets: aedes, ejabberd, mosquitto, nats, rabbitmq, rabbitmq-cluster, rabbitmq-tls",
    ] {
        assert!(ended.stdout.contains(told), "{ended}");
    }
}

/// A fake `node`: starts a broker at the given ports if the target's files are on disk and its packages are installed.
const NODE: &str = r#"#!/bin/sh
folder=${1%/server.js}
[ -e "$folder/rules.js" ] && [ -e "$folder/package-lock.json" ] || exit 2
echo "$folder" >"$TOLD"
[ -e "$folder/node_modules" ] || exit 1
exec "$BROKER" broker --listen "127.0.0.1:$3" --listen "ws://127.0.0.1:$5/mqtt"
"#;

#[test]
fn a_built_in_target_finds_what_it_starts_on_disk() {
    let program = Program::new("run --target aedes --filter session/takeover@3.1.1 --no-snapshots");
    let program = program.inside("empty").file("bin/node", NODE);
    let node = program.path("bin/node");
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755)).expect("permission");
    let text = |name: &str| program.path(name).display().to_string();
    let (bin, cache, told) = (text("bin"), text("cache"), text("told"));
    let program = program
        .env("PATH", &format!("{bin}:/usr/bin:/bin"))
        .env("TOLD", &told)
        .env("BROKER", BINARY)
        .env("XDG_CACHE_HOME", &cache);
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    let folder = fs::read_to_string(&told).expect("it was started");
    assert!(folder.starts_with(&cache), "{folder}");
    let how = program.normal(&format!("npm ci --prefix {}", folder.trim()));
    assert!(ended.stderr.contains(&how), "{how}: {ended}");

    let program = program.file(&format!("{}/node_modules/a", folder.trim()), "");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 passed"), "{ended}");
    let mut files = program.files().into_iter();
    assert!(files.all(|file| !file.starts_with("empty")), "{ended}");
}
