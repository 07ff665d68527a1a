//! Report files.

use std::fs;

use insta::assert_snapshot;

use crate::program::{PING, Program, WRONG};

fn program(arguments: &str) -> Program {
    Program::new(arguments)
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
}

fn read(program: &Program, name: &str) -> String {
    program.normal(&fs::read_to_string(program.path(name)).expect("the report is there"))
}

#[test]
fn writes_json() {
    let program = program("run --no-snapshots --report json=out.json");
    assert_eq!(program.run().exit, Some(1));
    assert_snapshot!(read(&program, "out.json"));
}

#[test]
fn writes_junit() {
    let program = program("run --no-snapshots --report junit=out.xml");
    assert_eq!(program.run().exit, Some(1));
    assert_snapshot!(read(&program, "out.xml"));
}

#[test]
fn writes_markdown() {
    let program = program("run --no-snapshots --report markdown=out.md");
    assert_eq!(program.run().exit, Some(1));
    assert_snapshot!(read(&program, "out.md"));
}

#[test]
fn writes_tap() {
    let program = program("run --no-snapshots --report tap=out.tap");
    assert_eq!(program.run().exit, Some(1));
    assert_snapshot!(read(&program, "out.tap"));
}

#[test]
fn writes_a_page() {
    let program = program("run --no-snapshots --report html=out.html");
    assert_eq!(program.run().exit, Some(1));
    let page = read(&program, "out.html");
    let failing = "<details class=\"failing\" id=\"basic/wrong@5\">";
    assert!(page.contains(failing), "{page}");
    assert!(page.trim_end().ends_with("</html>"), "it is cut");
}

#[test]
fn finds_out_before_the_run_that_a_report_cannot_be_written() {
    let program = program("run --report json=no/such/folder/out.json");
    assert_snapshot!(program.run());
    assert!(
        !program.files().iter().any(|f| f.ends_with(".snap.new")),
        "nothing was played"
    );
}

#[test]
fn refuses_a_folder_as_report() {
    assert_snapshot!(program("run --report json=scenarios").run());
}

#[test]
fn refuses_two_reports_in_one_file() {
    assert_snapshot!(program("run --report json=out --report junit=out").run());
}

#[test]
fn writes_to_a_device_without_replacing_it() {
    let ended = program("run --no-snapshots --protocol 3.1.1 --report json=/dev/stderr").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stderr.contains("\"tool\""), "{ended}");
}

/// A scenario whose texts would move a terminal's cursor, ring its bell and reverse its text.
const HIDDEN: &str = r#"title: "red \e[31mX\a\u202e end"
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { expect: { publish: { topic: "t\e[31m\u202e" }, within: 1s } }
    clause: MQTT-3.3.4-1
    note: "a note \e]0;X\a\u202e"
"#;

/// What is shown instead, in the title, label and note.
const SHOWN: [&str; 3] = [
    r"red \u{1b}[31mX\u{7}\u{202e} end",
    r"\u{1b}[31m\u{202e}",
    r"a note \u{1b}]0;X\u{7}\u{202e}",
];

fn holds_nothing_hidden(text: &str, shown: &[&str]) {
    let raw = text
        .chars()
        .find(|c| matches!(c, '\u{1b}' | '\u{7}' | '\u{202e}'));
    assert_eq!(raw, None, "{text}");
    for shown in shown {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

fn hidden(arguments: &str) -> Program {
    Program::new(arguments).file("scenarios/basic/hidden.yaml", HIDDEN)
}

#[test]
fn the_terminal_shows_texts_of_scenarios_escaped() {
    let ended = hidden("run --no-snapshots").run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    holds_nothing_hidden(&ended.stdout, &SHOWN);
    holds_nothing_hidden(&ended.stderr, &[]);
}

#[test]
fn junit_has_texts_of_scenarios_escaped() {
    let program = hidden("run --no-snapshots --report junit=out.xml");
    assert_eq!(program.run().exit, Some(1));
    holds_nothing_hidden(&read(&program, "out.xml"), &SHOWN);
}

#[test]
fn reports_for_people_have_texts_of_scenarios_escaped() {
    for format in ["html", "markdown", "tap"] {
        let program = hidden(&format!("run --no-snapshots --report {format}=out"));
        assert_eq!(program.run().exit, Some(1));
        // TAP doubles a backslash in a title.
        let shown = match format {
            "html" => SHOWN[0].to_owned(),
            "tap" => SHOWN[0].replace('\\', r"\\"),
            _ => SHOWN[2].to_owned(),
        };
        holds_nothing_hidden(&read(&program, "out"), &[&shown]);
    }
}

#[test]
fn json_has_texts_of_scenarios_escaped() {
    let program = hidden("run --no-snapshots --report json=out.json");
    assert_eq!(program.run().exit, Some(1));
    // JSON doubles a backslash.
    let title = SHOWN[0].replace('\\', r"\\");
    holds_nothing_hidden(&read(&program, "out.json"), &[&title]);
}

#[test]
fn list_shows_texts_of_scenarios_escaped() {
    holds_nothing_hidden(&hidden("list").run().stdout, &[]);
}
