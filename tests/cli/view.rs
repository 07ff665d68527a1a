//! `mqtt-check view`: the page of a JSON report.

use std::fs;
use std::time::{Duration, Instant};

use crate::program::{PING, Program, WRONG};

fn reported() -> Program {
    let program = Program::new("run --no-snapshots --report json=r.json")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_eq!(program.run().exit, Some(1));
    program
}

#[test]
fn writes_the_page_where_it_is_told_and_says_where() {
    let program = reported().arguments("view r.json --output page.html --no-open");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(ended.stdout, "page.html\n");
    let page = fs::read_to_string(program.path("page.html")).expect("the page");
    assert!(page.contains("id=\"basic/wrong@5\""), "{page}");
}

#[test]
fn a_new_temporary_file_stays() {
    let program = reported();
    fs::create_dir(program.path("tmp")).expect("a folder");
    let folder = program.path("tmp").display().to_string();
    let program = program.arguments("view r.json --no-open");
    let program = program.env("TMPDIR", &folder);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let files = fs::read_dir(&folder).expect("the folder");
    assert_eq!(files.count(), 1, "{ended}");
}

/// A fake opener that records what it is asked to open.
#[cfg(target_os = "linux")]
#[test]
fn opens_the_page_by_the_opener_of_the_system() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = reported().file(
        "bin/xdg-open",
        "#!/bin/sh\necho \"$1\" >opened.new && /bin/mv opened.new opened\n",
    );
    let opener = program.path("bin/xdg-open");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("a program");
    let path = program.path("bin").display().to_string();
    let program = program
        .arguments("view r.json --output page.html")
        .env("PATH", &path);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(ended.stderr, "", "{ended}");
    let until = Instant::now() + Duration::from_secs(20);
    while !program.path("opened").exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let opened = fs::read_to_string(program.path("opened")).expect("it was opened");
    assert!(opened.trim_end().ends_with("page.html"), "{opened}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_browser_is_no_failure() {
    let program = reported()
        .arguments("view r.json --output page.html")
        .env("PATH", "nowhere");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(ended.stdout, "page.html\n");
    let says = "warning: failed to open the page in a browser: ";
    assert!(ended.stderr.contains(says), "{ended}");
}

#[test]
fn reports_a_file_that_is_no_report_and_an_unwritable_path() {
    let ended = Program::new("view r.json --no-open")
        .file("r.json", "{}")
        .run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended
            .stderr
            .contains("failed to read r.json: it is not a report"),
        "{ended}"
    );
    let ended = reported()
        .arguments("view r.json --output no/such/page.html --no-open")
        .run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(
        ended
            .stderr
            .contains("failed to write the page no/such/page.html"),
        "{ended}"
    );
}

/// The reports of two brokers: one without a case that the other has.
fn of_two() -> Program {
    let program =
        reported().arguments("run --no-snapshots --filter basic/ping* --report json=other.json");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    program
}

#[test]
fn the_reports_of_several_brokers_are_side_by_side() {
    let program = of_two().arguments("view r.json other.json --output page.html --no-open");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_eq!(ended.stdout, "page.html\n");
    let page = fs::read_to_string(program.path("page.html")).expect("the page");
    assert!(page.contains("2 brokers side by side"), "{page}");
    assert!(page.contains("<code>basic/wrong@5</code>"), "{page}");
    assert!(page.contains("title=\"not in this report\""), "{page}");
}

#[test]
fn a_report_of_a_shard_is_not_shown_beside_others() {
    let program = of_two().arguments("run --no-snapshots --shard 1/2 --report json=shard.json");
    program.run();
    let program = program.arguments("view r.json shard.json --no-open");
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let says = "shard.json is the report of a shard, not of a whole run";
    assert!(ended.stderr.contains(says), "{ended}");
    assert!(ended.stderr.contains("mqtt-check merge"), "{ended}");
    let ended = program
        .arguments("view r.json missing.json --no-open")
        .run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("failed to read missing.json"),
        "{ended}"
    );
}
