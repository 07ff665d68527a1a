//! `mqtt-check compare`: what changed between two reports.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::{Ended, PING, Program, WRONG};

const SELECTION: &str =
    "--filter session/takeover* --filter retain/empty* --filter retain/cleared*";

/// Reports of a broker without a fault, and with two.
fn takeover() -> Program {
    let play = |program: Program, more: &str| {
        let program = program.arguments(&format!("run --no-github {SELECTION} {more}"));
        let ended = program.run();
        assert!(matches!(ended.exit, Some(0 | 1)), "{ended}");
        program
    };
    let program = play(Program::new(""), "--report json=right.json");
    play(
        program,
        "--fault no-disconnect-on-takeover --fault empty-retained-stored \
         --report json=wrong.json",
    )
}

fn compare(program: Program, arguments: &str) -> (Program, Ended) {
    let program = program.arguments(&format!("compare {arguments}"));
    let ended = program.run();
    (program, ended)
}

/// Writes a changed copy of a report.
fn changed(program: &Program, from: &str, to: &str, change: impl FnOnce(&mut Value)) {
    let text = fs::read_to_string(program.path(from)).expect("a report");
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut report);
    fs::write(program.path(to), report.to_string()).expect("writing");
}

fn case<'v>(report: &'v mut Value, id: &str) -> &'v mut Value {
    let cases = report["cases"].as_array_mut().expect("cases");
    let mut cases = cases.iter_mut();
    cases.find(|case| case["id"] == id).expect("the case")
}

/// The case, kind and text of every change.
fn changes(ended: &Ended) -> Vec<(String, String, String)> {
    let comparison: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let cases = comparison["cases"].as_array().expect("cases").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    cases
        .map(|c| (text(&c["case"]), text(&c["change"]), text(&c["text"])))
        .collect()
}

#[test]
fn shows_what_regressed_and_what_improved() {
    let (program, narrow) = compare(takeover().env("COLUMNS", "80"), "right.json wrong.json");
    assert_eq!(narrow.exit, Some(1), "{narrow}");
    assert_snapshot!("regressed_80", narrow);
    let (program, coloured) = compare(program, "right.json wrong.json --color always");
    assert_snapshot!("regressed_80_colour", coloured);
    let program = program.env("COLUMNS", "200");
    let (program, wide) = compare(program, "right.json wrong.json");
    assert_snapshot!("regressed_200", wide);
    let (program, coloured) = compare(program, "right.json wrong.json --color always");
    assert_snapshot!("regressed_200_colour", coloured);
    let (_, improved) = compare(program, "wrong.json right.json");
    assert_eq!(improved.exit, Some(0), "{improved}");
    assert_snapshot!("improved_200", improved);
}

#[test]
fn tells_every_kind_of_change_with_its_cause() {
    let program = takeover();
    let id = "session/takeover@5";
    let other = "retain/cleared@5";
    changed(&program, "right.json", "base.json", |report| {
        // One case only in the base, one only in the head, and cases that the base answers or skips differently.
        let mut gone = case(report, id).clone();
        gone["id"] = "session/gone@5".into();
        let cases = report["cases"].as_array_mut().expect("cases");
        cases.retain(|case| case["id"] != "session/takeover@3.1.1");
        cases.push(gone);
        let choice = serde_json::json!([{ "name": "a_choice", "answer": "first" }]);
        case(report, other)["choices"] = choice;
    });
    changed(&program, "right.json", "head.json", |report| {
        let choice = serde_json::json!([{ "name": "a_choice", "answer": "second" }]);
        case(report, other)["choices"] = choice;
        let skipped = case(report, id);
        skipped["verdict"] = "skipped".into();
        skipped["skip"] = "needs:takeover".into();
        skipped["reason"] = "the broker cannot do this".into();
        report["target"]["capabilities"]["kick"]["available"] = false.into();
    });
    let (program, ended) = compare(program, "base.json head.json --json");
    assert_eq!(ended.exit, Some(1), "{ended}");
    let change =
        |case: &str, kind: &str, text: &str| (case.to_owned(), kind.to_owned(), text.to_owned());
    assert_eq!(
        changes(&ended),
        [
            change(id, "no_longer_exercised", "needs:takeover"),
            change(other, "answers_differently", "a_choice: second, was first"),
            change("session/takeover@3.1.1", "new", "passed"),
            change("session/gone@5", "gone", "only in the base"),
        ]
    );
    let comparison: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        comparison["offered"],
        serde_json::json!(["no longer offers kick"])
    );
    let (program, text) = compare(program, "base.json head.json");
    assert_snapshot!("every_kind_80", text);
    let (_, ended) = compare(program, "base.json head.json --allow-skips");
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn what_the_baseline_of_the_head_accepts_has_not_regressed() {
    let program = takeover();
    changed(&program, "wrong.json", "accepted.json", |report| {
        for case in report["cases"].as_array_mut().expect("cases") {
            if case["outcome"]["as_expected"] == false || case["verdict"] == "warned" {
                case["outcome"] = serde_json::json!({
                    "as_expected": true, "reasons": [], "accepted": true,
                    "accepted_by": ["targets/mine.yaml:12"],
                });
            }
        }
    });
    let (_, ended) = compare(program.env("COLUMNS", "200"), "right.json accepted.json");
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_snapshot!("accepted_200", ended);
}

#[test]
fn a_case_that_fails_for_something_else_has_regressed() {
    let program = takeover();
    let id = "session/takeover@5";
    changed(&program, "wrong.json", "other.json", |report| {
        let finding = &mut case(report, id)["findings"][0];
        finding["clauses"][0]["id"] = "MQTT-3.1.2-4".into();
    });
    let (program, ended) = compare(program, "wrong.json other.json --json");
    assert_eq!(ended.exit, Some(1), "{ended}");
    let text = "now violates MQTT-3.1.2-4, no longer violates MQTT-3.1.4-3";
    assert_eq!(
        changes(&ended),
        [(id.to_owned(), "regressed".to_owned(), text.to_owned())]
    );
    let (_, ended) = compare(program, "wrong.json wrong.json");
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_snapshot!("nothing", ended);
}

#[test]
fn what_was_not_judged_before_does_not_hide_a_failure() {
    let program = takeover();
    let id = "session/takeover@5";
    changed(&program, "right.json", "late.json", |report| {
        let case = case(report, id);
        case["verdict"] = "inconclusive".into();
        case["late_us"] = 300_000.into();
    });
    let (program, ended) = compare(program, "late.json right.json --json");
    assert_eq!((ended.exit, changes(&ended).len()), (Some(0), 0), "{ended}");
    let (_, ended) = compare(program, "late.json wrong.json --json");
    let of_case = changes(&ended).into_iter().find(|(case, ..)| case == id);
    let (_, kind, text) = of_case.expect("a change");
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("new", "warned, was not decided")
    );
}

#[test]
fn writes_a_comment_that_fits() {
    let program = takeover();
    let (program, ended) = compare(program, "right.json wrong.json --markdown");
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_snapshot!("comment", ended);
    // As many changes as a large suite may have, each with its own cause.
    let grown = |report: &mut Value, fails: bool| {
        let mut one = case(report, "session/takeover@5").clone();
        let cases = report["cases"].as_array_mut().expect("cases");
        for n in 0..3_000 {
            one["id"] = format!("session/copy-{n:04}@5").into();
            if fails {
                one["findings"][0]["actual"] =
                    format!("`|é\u{1f600}` {n} {}", "long ".repeat(40)).into();
            }
            cases.push(one.clone());
        }
    };
    changed(&program, "right.json", "large-base.json", |report| {
        grown(report, false)
    });
    changed(&program, "wrong.json", "large-head.json", |report| {
        grown(report, true)
    });
    let (_, ended) = compare(program, "large-base.json large-head.json --markdown");
    let length = ended.stdout.chars().count();
    assert!((50_000..=60_000).contains(&length), "{length}");
    assert!(
        ended.stdout.contains(" more.\n"),
        "{}",
        &ended.stdout[..2_000]
    );
    for line in ended.stdout.lines().filter(|line| line.starts_with("| `")) {
        assert!(line.ends_with(" |"), "{line}");
    }
}

#[test]
fn refuses_what_cannot_be_compared() {
    let program = Program::new("run --no-github --report json=a.json")
        .file("scenarios/basic/ping.yaml", PING)
        .env("CI", "true");
    let _ = program.run();
    let program = program
        .file("other/basic/wrong.yaml", WRONG)
        .arguments("run other --no-github --report json=other.json");
    let _ = program.run();
    let program = program.arguments("run --no-github --shard 1/2 --report json=shard.json");
    let _ = program.run();
    let program = program.arguments(
        "run --no-github --suite 2026.12 --filter session/takeover --report json=suite.json",
    );
    let _ = program.run();
    changed(&program, "a.json", "newer.json", |report| {
        report["format"] = 99.into()
    });
    let program = program.file("text.json", "hello").file("list.json", "[]");
    let mut all = String::new();
    let mut program = program;
    for arguments in [
        "a.json none.json",
        "a.json text.json",
        "list.json a.json",
        "a.json newer.json",
        "a.json shard.json",
        "a.json other.json",
        "suite.json a.json",
        "a.json",
        "a.json a.json --json --markdown",
    ] {
        let (again, ended) = compare(program, arguments);
        program = again;
        assert_eq!(ended.exit, Some(2), "{arguments}: {ended}");
        all.push_str(&format!(
            "$ mqtt-check compare {arguments}\n{}",
            ended.stderr
        ));
    }
    assert_snapshot!("refused", all);
}

#[test]
fn tells_its_options() {
    assert_snapshot!("help", Program::new("compare --help").run());
}
