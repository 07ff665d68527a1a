//! `run --retries`: a case that fails and then passes is flaky, and every report says so.

use std::fs;

use serde_json::Value;

use crate::program::Program;
use crate::unsteady::{Unsteady, takeover};

/// A run with these options, whose only case goes wrong in these plays.
fn run(broker: &Unsteady, options: &str, wrong: &[usize]) -> Program {
    broker.goes_wrong("unmoved", wrong.iter().copied());
    let run = format!("run --broker {} --report json=r.json {options}", broker.url);
    Program::new(&run).file("scenarios/session/steady.yaml", takeover("unmoved"))
}

fn report(program: &Program) -> Value {
    let text = fs::read_to_string(program.path("r.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_case_that_passes_when_played_again_is_flaky_in_every_report() {
    let broker = Unsteady::new();
    let formats = ["html", "junit", "markdown", "tap"];
    let reports: String = formats.map(|f| format!(" --report {f}=r.{f}")).concat();
    let program = run(&broker, &format!("--retries 2{reports}"), &[0, 1]);
    let program = program.env("GITHUB_ACTIONS", "true");
    let summary = program.path("summary.md").display().to_string();
    let program = program.env("GITHUB_STEP_SUMMARY", &summary);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended
            .stderr
            .contains("1 case not as expected: playing again (2 of 2)"),
        "{ended}"
    );
    assert!(ended.stdout.contains("FLAKY session/steady@5"), "{ended}");
    assert!(
        ended.stdout.contains("1 case: 1 passed, 1 flaky"),
        "{ended}"
    );
    // The failure is shown with its packets, although the case has passed.
    assert!(
        ended.stdout.contains("not as expected in 2 of 3 plays"),
        "{ended}"
    );
    assert!(ended.stdout.contains("[5 MQTT-3.1.4-3]"), "{ended}");
    assert!(
        ended
            .stderr
            .contains("::warning title=flaky%3A session/steady@5::"),
        "{ended}"
    );

    let report = report(&program);
    let case = &report["cases"][0];
    assert_eq!(case["verdict"], "passed");
    assert_eq!(case["outcome"]["as_expected"], true);
    assert_eq!(case["retries"], 2);
    let attempts = case["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 2);
    for attempt in attempts {
        assert_eq!(attempt["verdict"], "failed");
        assert_eq!(attempt["findings"][0]["clauses"][0]["id"], "MQTT-3.1.4-3");
        assert!(attempt["play"]["events"].is_array());
    }
    assert_eq!(report["summary"]["flaky"], 1);
    assert_eq!(report["run"]["options"]["retries"], 2);

    let of = |name: &str| fs::read_to_string(program.path(name)).expect("a report");
    for (file, text) in [
        ("r.html", "id=\"flaky\""),
        ("r.junit", "<flakyFailure"),
        ("r.markdown", "## Flaky"),
        ("summary.md", "## Flaky"),
        ("r.tap", "(flaky: not as expected in 2 of 3 plays"),
    ] {
        assert!(of(file).contains(text), "{file}: {}", of(file));
        assert!(of(file).contains("session/steady@5"), "{file}");
    }
}

#[test]
fn the_exit_code_of_a_flaky_run_is_chosen() {
    let broker = Unsteady::new();
    let ended = run(&broker, "", &[0]).run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let ended = run(&broker, "--retries 1", &[0]).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let program = run(
        &broker,
        "--retries 1 --fail-flaky --report junit=r.xml",
        &[0],
    );
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended
            .stdout
            .contains("FAILED 1 case is flaky (--fail-flaky)"),
        "{ended}"
    );
    assert_eq!(report(&program)["run"]["exit"], 1);
    let junit = fs::read_to_string(program.path("r.xml")).expect("a report");
    assert!(junit.contains("1 case is flaky (--fail-flaky)"), "{junit}");
    // Nothing is flaky.
    let ended = run(&broker, "--retries 1 --fail-flaky", &[]).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!ended.stdout.to_lowercase().contains("flaky"), "{ended}");
}

#[test]
fn a_case_that_never_passes_has_failed() {
    let broker = Unsteady::new();
    let program = run(&broker, "--retries 2", &[0, 1, 2]);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 case: 1 failed"), "{ended}");
    let report = report(&program);
    assert_eq!(report["cases"][0]["verdict"], "failed");
    assert_eq!(report["cases"][0]["retries"], 2);
    assert_eq!(report["cases"][0]["attempts"], Value::Null);
    assert_eq!(report["summary"]["flaky"], 0);
    assert!(
        report["run"]["failed_again"]
            .as_str()
            .expect("a command")
            .contains("--retries 2")
    );
}

/// Cases that are as the baseline expects are not played again; others are.
#[test]
fn a_baseline_says_what_is_played_again() {
    let broker = Unsteady::new();
    let program = run(&broker, "", &[]);
    let program = program.arguments(&format!("baseline twin --broker {} --plays 2", broker.url));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    broker.goes_wrong("unmoved", [0]);
    let again = format!("run --broker {} --baseline twin --retries 1", broker.url);
    let program = program.arguments(&again);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("FLAKY session/steady@5"), "{ended}");
    // Nothing waits for a review, because the play that counts is as reviewed.
    assert!(
        program.files().iter().all(|file| !file.ends_with(".new")),
        "{:?}",
        program.files()
    );
    // A failure that is accepted is as expected at once.
    broker.goes_wrong("unmoved", 0..100);
    let update = format!("baseline twin --broker {} --plays 2 --update", broker.url);
    let program = program.arguments(&update);
    assert_eq!(program.run().exit, Some(0));
    broker.goes_wrong("unmoved", 0..100);
    let ended = program.arguments(&again).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!ended.stderr.contains("playing again"), "{ended}");
}
