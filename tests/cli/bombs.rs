//! Small scenario files that would become large or slow to read. Each is refused quickly and in little memory.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::flooded::{MOST, run_measured};
use crate::program::Program;

/// Far more than any of them takes, since a debug build on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// Checks that the file is refused with this text.
fn is_refused(content: &str, told: &str) {
    let program = Program::new("run").file("scenarios/bomb.yaml", content);
    let began = Instant::now();
    let (ended, peak) = run_measured(&program);
    let took = began.elapsed();
    assert_eq!(ended.exit, Some(2), "{told}: {ended}");
    assert!(ended.stderr.contains(told), "{told}: {ended}");
    assert!(took < PATIENCE, "{told}: {took:?}");
    assert!(peak < MOST / 2, "{told}: {peak} kB");
    // The error output is small too.
    assert!(ended.stderr.len() < 100_000, "{told}");
}

/// Returns `count` lines.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, "{}", line(number)).expect("a text");
        text
    })
}

#[test]
fn aliases_of_aliases() {
    let ten = |item: &str| [item; 10].join(", ");
    let bomb = lines(12, |n| match n {
        0 => format!("a0: &a0 [{}]", ten("x")),
        n => format!("a{n}: &a{n} [{}]", ten(&format!("*a{}", n - 1))),
    });
    is_refused(&bomb, "more than 100000 values");
    let many = format!("b: &b x\na: [{}]\n", ["*b"; 70].join(", "));
    is_refused(&many, "more than 64 aliases");
    is_refused("&a [*a]\n", "an alias inside its own anchor");
}

#[test]
fn deep_nesting() {
    let told = "nested more than 32 deep";
    is_refused(&"[".repeat(500_000), told);
    is_refused(&"{a: ".repeat(200_000), told);
    is_refused(&lines(1_000, |n| format!("{}a:", " ".repeat(n))), told);
    is_refused(&lines(1, |_| "- ".repeat(400_000)), told);
}

#[test]
fn huge_and_many_keys() {
    let huge = "k".repeat(1_000_000);
    is_refused(&format!("? \"{huge}\"\n: 1\n"), "unknown key");
    is_refused(
        &lines(80_000, |n| format!("{n:x}: 1")),
        "more than 100000 values",
    );
    is_refused(
        &lines(40_000, |n| format!("{n:x}: 1")),
        "more errors in this file",
    );
    // Each key is an error of its own, shown with the source around it.
    is_refused(
        &lines(40_000, |_| "a: 1".to_owned()),
        "39899 more errors in this file",
    );
    is_refused(&"#".repeat(2_000_000), "larger than 1 MiB");
}

#[test]
fn payloads_that_are_large_or_sent_often() {
    let steps = |step: &str| format!("title: t\nclients: {{ a: }}\nsteps:\n{step}");
    let told = "more than 64 MiB of payloads in one case";
    let step = "  - a: { publish: { topic: t, payload: { size: 50000 } } }\n";
    is_refused(&steps(&step.repeat(9_000)), told);
    let rounds = format!(
        "  - repeat: {{ times: 100000, folded: true, steps: [ {} ] }}\n",
        step.trim().trim_start_matches("- ")
    );
    is_refused(&steps(&rounds), told);
}
