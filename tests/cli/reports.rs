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
