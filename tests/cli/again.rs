//! The command that replays what failed: it plays the same cases in the same way, and any shell can run it.

use std::process::Command;

use crate::program::{BINARY, PING, Program, WRONG};

/// The replay command in the output of a run.
fn again(stdout: &str) -> &str {
    let line = stdout.lines().find_map(|line| line.strip_prefix("again: "));
    line.expect("a line")
}

#[test]
fn a_shell_takes_the_line_as_it_is() {
    let options = "--no-snapshots --heavy --jobs 2 --max-wait 20s --timeout-scale 2 --seed 9";
    let program = Program::new(&format!("run {options} --fault no-pingresp"))
        .argument("my suite's/scenarios")
        .file("my suite's/scenarios/ping.yaml", PING)
        .file("my suite's/scenarios/wrong.yaml", WRONG)
        .file(
            "my suite's/scenarios/quiet.yaml",
            "title: A client is let in\nclients: { a: }\nsteps:\n  - a: connect\n",
        );
    let first = program.run();
    assert!(
        first.stdout.contains("5 cases: 2 passed, 3 failed"),
        "{first}"
    );
    let line = again(&first.stdout);
    let expected = "mqtt-check run 'my suite'\\''s/scenarios' --heavy --no-snapshots --fault no-pingresp --jobs 2 \
        --max-wait 20000ms --timeout-scale 2 --filter 'ping@3.1.1' --filter 'ping@5' --filter 'wrong@5' --seed 9";
    assert_eq!(line, expected);
    let command = line.replacen("mqtt-check", BINARY, 1);
    let second = Command::new("/bin/sh")
        .args(["-c", &command])
        .current_dir(program.path(""))
        .output()
        .expect("a shell");
    let second = String::from_utf8(second.stdout).expect("text");
    assert!(second.contains("3 cases: 3 failed"), "{second}");
    assert_eq!(again(&second), expected);
}

#[test]
fn with_many_failures_the_whole_run_is_played_again() {
    let mut program = Program::new(
        "run --no-snapshots --fault no-pingresp --filter p* --exclude p1 --protocol 5",
    );
    for number in 0..30 {
        program = program.file(&format!("scenarios/p{number}.yaml"), PING);
    }
    let ended = program.run();
    assert!(ended.stdout.contains("29 failed"), "{ended}");
    let expected = "mqtt-check run scenarios --no-snapshots --fault no-pingresp --filter 'p*' --exclude p1 --protocol 5 --seed 1";
    assert_eq!(again(&ended.stdout), expected);
}
