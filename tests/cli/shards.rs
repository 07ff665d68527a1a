//! `run --shard` and `mqtt-check merge`: the merged shards report the same as a single run.

use std::fs;

use mqtt_check_broker::Fault;
use serde_json::Value;

use crate::program::{Ended, PING, Program, WRONG};
use crate::served;

const TAKEOVER: &str = "\
title: A second CONNECT takes the session over
versions: [5]
clients: { first: { id: shared }, second: { id: shared } }
steps:
  - first: connect
  - second: connect
  - first: { expect: { disconnect: { reason: session_taken_over } } }
    clause: MQTT-3.1.4-3
  - first: { expect: closed }
    clause: MQTT-3.1.4-3
";

/// A report without the fields that differ between runs.
fn report(program: &Program, name: &str) -> Value {
    let text = fs::read_to_string(program.path(name)).expect("a report");
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    let run = &mut report["run"];
    for key in ["started", "ended", "wall_us", "responsiveness"] {
        run.as_object_mut().expect("a run").remove(key);
    }
    for case in report["cases"].as_array_mut().expect("cases") {
        let case = case.as_object_mut().expect("a case");
        case.remove("span");
        case.remove("measured");
    }
    report
}

/// Plays all shards, and merges their reports in another order.
fn merged(program: Program, run: &str, of: usize) -> (Program, Ended) {
    let mut program = program;
    for number in 1..=of {
        let shard = format!("{run} --shard {number}/{of} --report json=part-{number}.json");
        program = program.arguments(&shard);
        let ended = program.run();
        let text = format!("shard {number}/{of} of ");
        assert!(ended.stdout.contains(&text), "{ended}");
        let part = report(&program, &format!("part-{number}.json"));
        assert_eq!(part["stale"].as_array().map(Vec::len), Some(0), "{ended}");
    }
    let parts: Vec<String> = (1..=of).rev().map(|n| format!("part-{n}.json")).collect();
    let merge = format!("merge {} --report json=merged.json", parts.join(" "));
    let program = program.arguments(&merge);
    let ended = program.run();
    (program, ended)
}

/// Removes the positions of packets among those of other connections, which differ between plays on a network.
fn in_no_order(mut report: Value) -> Value {
    for case in report["cases"].as_array_mut().expect("cases") {
        for finding in case["findings"].as_array_mut().expect("findings") {
            if let Some(check) = finding["check"].as_object_mut() {
                check.remove("before");
            }
        }
    }
    report
}

/// Checks that the merged shards give the same report and exit code as the whole run.
fn same(program: Program, run: &str, of: usize) -> (Program, Value) {
    let program = program.arguments(&format!("{run} --report json=whole.json"));
    let whole = program.run();
    let (program, ended) = merged(program, run, of);
    let (expected, found) = (
        in_no_order(report(&program, "whole.json")),
        in_no_order(report(&program, "merged.json")),
    );
    for key in expected.as_object().expect("a document").keys() {
        assert!(
            found[key] == expected[key],
            "{key}: {:#}\n{:#}",
            found[key],
            expected[key]
        );
    }
    assert!(found == expected);
    assert_eq!(ended.exit, whole.exit, "{whole}{ended}");
    (program, found)
}

#[test]
fn shards_of_the_suite_say_what_one_run_says() {
    let run = "run --no-github --filter session/* --filter will/* --fault no-disconnect-on-takeover \
        --fault delayed-will-qos-lost";
    let (_, whole) = same(Program::new(""), run, 3);
    let causes = whole["causes"].as_array().expect("causes");
    assert!(!causes.is_empty());
    assert!(whole["run"]["failed_again"].is_string());
}

#[test]
fn shards_play_every_case_once_and_as_many_as_the_others() {
    let mut all: Vec<String> = Vec::new();
    let mut program = Program::new("");
    for number in 1..=4 {
        let run = format!("run --filter will/* --shard {number}/4 --report json=part.json");
        program = program.arguments(&run);
        assert_eq!(program.run().exit, Some(0));
        let part = report(&program, "part.json");
        let cases = part["cases"].as_array().expect("cases");
        let ids = cases.iter().map(|case| case["id"].as_str().expect("an id"));
        let before = all.len();
        all.extend(ids.map(str::to_owned));
        let whole = part["shard"]["cases"].as_array().expect("cases").len();
        let share = all.len() - before;
        assert!(share == whole / 4 || share == whole.div_ceil(4), "{share}");
    }
    let number = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), number);
    let listed = program.arguments("list --filter will/*").run();
    assert_eq!(listed.ids().len(), number);
}

/// A small suite, for stale records, and for more shards than cases.
fn small() -> Program {
    Program::new("")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
}

#[test]
fn only_the_whole_run_judges_what_is_stale() {
    let program = small().arguments("run --update --exclude basic/wrong");
    assert_eq!(program.run().exit, Some(0));
    let record = fs::read(program.path("snapshots/basic/ping@5.snap")).expect("a record");
    let program = program
        .file("snapshots/basic/gone@5.snap", record)
        .env("CI", "true");
    fs::remove_file(program.path("scenarios/basic/wrong.yaml")).expect("removed");
    let (program, ended) = merged(program, "run", 5);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_eq!(
        report(&program, "merged.json")["stale"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let (_, whole) = same(program, "run", 5);
    assert_eq!(whole["summary"]["stale"], 1);
    assert_eq!(whole["summary"]["passed"], 2);
}

/// A broker on the network with a profile, and with deviations that cases of different shards show, or none.
#[test]
fn only_the_whole_run_judges_what_a_baseline_has_and_no_case_shows() {
    let faults = [Fault::NoDisconnectOnTakeover].into_iter().collect();
    let url = format!("mqtt://{}", served::serve(faults));
    let program = Program::new(&format!("baseline twin --broker {url} --plays 2"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/session/one.yaml", TAKEOVER)
        .file("scenarios/session/two.yaml", TAKEOVER);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let run = format!("run --broker {url} --baseline twin --transcripts none");
    // As reviewed, in CI.
    let program = program.env("CI", "true");
    let (program, whole) = same(program, &run, 2);
    assert_eq!(whole["run"]["exit"], 0, "{:#}", whole["profile"]);
    assert_eq!(whole["summary"]["accepted"], 2);
    let causes = whole["causes"].as_array().expect("causes");
    assert_eq!(causes.len(), 1, "one entry accepts both: {causes:?}");
    // A broker without the fault. The entry is stale, which no single shard reports.
    let right = format!("mqtt://{}", served::serve(Vec::new().into_iter().collect()));
    let run = format!("run --broker {right} --baseline twin --transcripts none");
    let (_, whole) = same(program, &run, 2);
    let stale = whole["stale"].as_array().expect("a list");
    assert!(
        stale.iter().any(|one| one["kind"] == "deviation"),
        "{stale:?}"
    );
}

#[test]
fn a_case_of_the_profile_is_gone_only_where_no_shard_has_it() {
    let url = format!("mqtt://{}", served::serve(Vec::new().into_iter().collect()));
    let program = small();
    fs::remove_file(program.path("scenarios/basic/wrong.yaml")).expect("removed");
    let program = program
        .file("scenarios/basic/gone.yaml", PING)
        .arguments(&format!("baseline twin --broker {url} --plays 1"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    fs::remove_file(program.path("scenarios/basic/gone.yaml")).expect("removed");
    let program = program.env("CI", "true");
    let (_, whole) = same(program, &format!("run --broker {url} --baseline twin"), 2);
    assert_eq!(whole["run"]["exit"], 1);
    let changes = whole["profile"]["changes"].as_array().expect("changes");
    let gone = changes.iter().find(|change| change["kind"] == "gone");
    let names = gone.expect("a case is gone")["names"].to_string();
    assert_eq!(names, r#"["basic/gone@3.1.1","basic/gone@5"]"#);
}

/// The error of `merge` for these reports.
fn refused(program: Program, files: &str) -> (Program, String) {
    let program = program.arguments(&format!("merge {files}"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    (program, ended.stderr)
}

#[test]
fn says_why_reports_are_not_of_one_run() {
    let mut program = small();
    for (file, options) in [
        ("1.json", "--shard 1/3"),
        ("2.json", "--shard 2/3"),
        ("3.json", "--shard 3/3"),
        ("of-2.json", "--shard 2/2"),
        ("whole.json", ""),
        ("seed.json", "--shard 3/3 --seed 7"),
        ("part.json", "--shard 3/3 --exclude basic/wrong"),
        (
            "fault.json",
            "--shard 3/3 --fault no-disconnect-on-takeover",
        ),
        ("scale.json", "--shard 3/3 --timeout-scale 2"),
    ] {
        let run = format!("run --no-snapshots --report json={file} {options}");
        program = program.arguments(&run);
        program.run();
    }
    let text = PING.replace("A ping", "One ping");
    program = program
        .file("scenarios/basic/ping.yaml", text)
        .arguments("run --no-snapshots --report json=suite.json --shard 3/3");
    program.run();
    for (files, expected) in [
        ("1.json 3.json", "not all shards are given: 2/3 is missing"),
        ("2.json", "1/3, 3/3 are missing"),
        (
            "1.json 2.json 3.json 2.json",
            "shard 2/3 is given twice: 2.json and 2.json",
        ),
        (
            "1.json whole.json",
            "whole.json is the report of a whole run",
        ),
        (
            "1.json of-2.json",
            "the number of shards differs: 2 instead of 3",
        ),
        (
            "1.json 2.json seed.json",
            "seed.json is not from the same run as 1.json: --seed differs",
        ),
        ("1.json 2.json part.json", "the choice of cases differs"),
        ("1.json 2.json fault.json", "the target differs"),
        ("1.json 2.json scale.json", "the command line differs"),
        ("1.json 2.json suite.json", "the suite differs"),
        ("none.json", "failed to read none.json"),
    ] {
        let (again, told) = refused(program, files);
        assert!(told.contains(expected), "{files}: {told}");
        program = again;
    }
    let ended = program.arguments("merge 1.json 2.json 3.json").run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended.stdout.contains("3 cases: 2 passed, 1 failed"),
        "{ended}"
    );
}

/// A shard with only skipped cases does not fail its job. The whole run of such cases does.
#[test]
fn a_shard_does_not_judge_that_all_was_skipped() {
    let heavy = PING.replace("clients:", "tags: [heavy]\nclients:");
    let program = Program::new("").file("scenarios/basic/ping.yaml", heavy);
    let program = program.arguments("run --no-snapshots --shard 1/1 --report json=1.json");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let ended = program.arguments("merge 1.json").run();
    assert_eq!(ended.exit, Some(4), "{ended}");
}
