//! Which files and variables of this machine a scenario may read, and files that must not be read.

use std::process::Command;

use insta::assert_snapshot;

use crate::program::Program;

/// A scenario whose broker has a user with this password.
fn scenario(password: &str) -> String {
    format!(
        "\
title: A ping is answered
versions: [5]
broker: {{ users: {{ alice: {password} }} }}
clients: {{ a: {{ username: alice, password: hush }} }}
steps:
  - a: connect
  - a: ping
"
    )
}

fn with(password: &str, arguments: &str) -> Program {
    Program::new(&format!("{arguments} own/s.yaml"))
        .file("own/s.yaml", scenario(password))
        .file("own/below/secret", "hush\n")
        .file("secret", "hush\n")
        .env("SECRET", "hush")
}

#[test]
fn a_scenario_has_files_read_below_its_own_folder_alone() {
    for command in ["check", "list", "run --no-snapshots"] {
        let inside = with("{ file: below/secret }", command).run();
        assert_eq!(inside.exit, Some(0), "{inside}");
        for outside in [
            "../secret",
            "below/../../secret",
            "/etc/passwd",
            "/no/such/file",
        ] {
            let refused = with(&format!("{{ file: {outside} }}"), command).run();
            assert_eq!(refused.exit, Some(2), "{outside}: {refused}");
            assert!(
                refused.stderr.contains("outside the scenario's folder"),
                "{refused}"
            );
        }
        let allowed = with("{ file: ../secret }", &format!("{command} --allow-files")).run();
        assert_eq!(allowed.exit, Some(0), "{allowed}");
    }
    assert_snapshot!(with("{ file: ../secret }", "check").run());
}

#[test]
fn a_scenario_reads_no_variable_that_it_is_not_allowed() {
    let run = |arguments: &str| with("{ env: SECRET }", arguments).run();
    assert_snapshot!(run("check"));
    assert_eq!(run("check --allow-env OTHER").exit, Some(2));
    assert_eq!(run("run --no-snapshots --allow-env SECRET").exit, Some(0));
}

/// Adds a named pipe that nothing writes to.
fn piped(program: Program, name: &str) -> Program {
    let path = program.path(name);
    let made = Command::new("mkfifo").arg(path).status().expect("it runs");
    assert!(made.success());
    program
}

#[test]
fn a_pipe_or_a_device_is_refused_wherever_a_file_is_read() {
    let with_pipe = |program: Program| piped(program.file("x/y", ""), "x/pipe.yaml");
    let programs = [
        with_pipe(Program::new("check x/pipe.yaml")),
        with_pipe(Program::new("run x")),
        with_pipe(Program::new("broker --config x/pipe.yaml")),
        with_pipe(Program::new(
            "broker --listen 127.0.0.1:0 --store x/pipe.yaml",
        )),
        with_pipe(Program::new("check x/s.yaml")).file("x/s.yaml", scenario("{ file: pipe.yaml }")),
        with_pipe(Program::new("run x/s.yaml --target t")).file("x/s.yaml", scenario("hush")),
        Program::new("check /dev/zero"),
        Program::new("broker --config /dev/zero"),
        Program::new("broker --listen 127.0.0.1:0 --store /dev/zero"),
    ];
    for (number, program) in programs.into_iter().enumerate() {
        let program = match number {
            5 => piped(program.file("targets/other.yaml", ""), "targets/t.yaml"),
            _ => program,
        };
        let ended = program.run();
        assert!(
            ended.exit == Some(2) || ended.exit == Some(3),
            "{number}: {ended}"
        );
        assert!(
            ended.stderr.contains("not a regular file"),
            "{number}: {ended}"
        );
    }
}

#[test]
fn a_pipe_in_place_of_a_snapshot_is_refused() {
    let program = Program::new("run scenarios")
        .file("scenarios/s.yaml", scenario("hush"))
        .file("snapshots/other", "");
    let ended = piped(program, "snapshots/s@5.snap").run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stderr.contains("not a regular file"), "{ended}");
}

#[test]
fn what_never_ends_is_no_certificate_and_no_password() {
    let endless = "broker --listen mqtts://127.0.0.1:0 --cert /dev/zero --key /dev/zero";
    let ended = Program::new(endless).run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let endless = "run s.yaml --broker mqtt://127.0.0.1:1 --user a --password-file /dev/zero";
    let program = Program::new(endless).file("s.yaml", scenario("hush"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
}
