//! `mqtt-check report`: reports that are made from a JSON report.

use crate::program::{PING, Program, WRONG};

fn program(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
}

fn read(program: &Program, name: &str) -> String {
    std::fs::read_to_string(program.path(name)).expect("the report is there")
}

#[test]
fn every_format_is_the_same_as_one_that_the_run_wrote() {
    const FORMATS: &[&str] = &["html", "json", "junit", "markdown", "tap"];
    let options = |option: &str, name: &str| -> String {
        let one = |format: &&str| format!(" --{option} {format}={name}.{format}");
        FORMATS.iter().map(one).collect()
    };
    let run = format!("run --no-snapshots{} --transcripts", options("report", "r"));
    for transcripts in ["all", "failed", "none"] {
        let program = program(&format!("{run} {transcripts}"));
        program.run();
        let program = program.arguments(&format!("report r.json{}", options("to", "later")));
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{ended}");
        for format in FORMATS {
            let of = |name: &str| read(&program, &format!("{name}.{format}"));
            assert!(of("later") == of("r"), "{format} differs");
        }
        let report: serde_json::Value =
            serde_json::from_str(&read(&program, "r.json")).expect("JSON");
        let cases = report["cases"].as_array().expect("cases");
        let shown = cases.iter().filter(|case| !case["play"].is_null()).count();
        let of = [("all", 3), ("failed", 1), ("none", 0)];
        assert!(of.contains(&(transcripts, shown)), "{transcripts} {shown}");
    }
}

#[test]
fn without_a_format_it_shows_what_the_run_showed() {
    for verbose in ["", " --verbose"] {
        let run = "run --no-snapshots --report json=r.json --transcripts all";
        let program = program(&format!("{run}{verbose}"));
        let shown = program.run();
        let again = program.arguments(&format!("report r.json{verbose}")).run();
        assert_eq!(again.exit, Some(0), "{again}");
        assert_eq!(again.stdout, shown.stdout);
        assert!(again.stdout.contains("FAILED"), "{again}");
    }
}

#[test]
fn says_what_is_wrong_with_a_file() {
    for (content, told) in [
        ("{", "it is not JSON"),
        ("{}", "it is not a report from"),
        (
            r#"{"format": 99, "tool": {"name": "mqtt-check", "version": "9.0.0"}}"#,
            "its format is 99, written by mqtt-check 9.0.0; this program reads formats up to 1",
        ),
        (
            r#"{"format": 1, "tool": {"name": "mqtt-check", "version": "0.1.0"}}"#,
            "it is an incomplete report of mqtt-check: missing field",
        ),
    ] {
        let ended = Program::new("report r.json --to junit=r.xml")
            .file("r.json", content)
            .run();
        assert_eq!(ended.exit, Some(2), "{ended}");
        let told = format!("failed to read r.json: {told}");
        assert!(ended.stderr.contains(&told), "{told}: {ended}");
    }
    let ended = Program::new("report gone.json --to junit=r.xml").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("failed to read gone.json: "),
        "{ended}"
    );
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let program = program("run --no-snapshots --report json=r.json");
    program.run();
    let ended = program
        .arguments("report r.json --to junit=no/such/folder/r.xml")
        .run();
    assert_eq!(ended.exit, Some(3), "{ended}");
}
