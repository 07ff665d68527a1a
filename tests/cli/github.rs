//! The output of a run in GitHub Actions.

use std::fs;
use std::io::Write as _;

use insta::assert_snapshot;

use crate::bad_brokers;
use crate::program::{PING, Program, WRONG};

/// A run within a job. The program's folder is the repository.
fn job(options: &str) -> Program {
    let program = Program::new(&format!("run --no-snapshots {options}"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    let folder = program.path("").display().to_string();
    let summary = program.path("summary.md").display().to_string();
    program
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", &folder)
        .env("GITHUB_STEP_SUMMARY", &summary)
}

fn commands(text: &str) -> String {
    let lines = text.lines().filter(|line| line.starts_with("::"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn annotates_causes_and_writes_the_summary() {
    let program = job("").file("summary.md", "# Before\n");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_snapshot!("annotations", commands(&ended.stderr));
    assert_eq!(commands(&ended.stdout), "", "{ended}");
    let summary = fs::read_to_string(program.path("summary.md")).expect("the summary");
    assert!(
        summary.starts_with("# Before\n# bundled broker\n"),
        "{summary}"
    );
    assert!(summary.contains("`basic/wrong@5`"), "{summary}");
}

#[test]
fn merge_annotates_and_summarises_as_one_run_does() {
    let whole = job("");
    let ended = whole.run();
    let shard = |n: usize| {
        format!("run --no-snapshots --no-github --shard {n}/2 --report json=part-{n}.json")
    };
    let mut program = job("");
    for n in 1..=2 {
        program = program.arguments(&shard(n));
        let part = program.run();
        assert_eq!(commands(&part.stderr), "", "{part}");
    }
    assert!(!program.path("summary.md").exists());
    let program = program.arguments("merge part-1.json part-2.json");
    let merged = program.run();
    assert_eq!(merged.exit, ended.exit, "{merged}");
    assert_ne!(commands(&merged.stderr), "", "{merged}");
    assert_eq!(commands(&merged.stderr), commands(&ended.stderr));
    let summary = |program: &Program| {
        let text = fs::read_to_string(program.path("summary.md")).expect("the summary");
        // The first lines contain the times of the run.
        text.lines()
            .filter(|line| line.contains("basic/wrong"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(!summary(&program).is_empty());
    assert_eq!(summary(&program), summary(&whole));
}

#[test]
fn merge_writes_nothing_where_no_github_is_given() {
    let program =
        job("").arguments("run --no-snapshots --no-github --shard 1/1 --report json=part.json");
    assert_eq!(program.run().exit, Some(1));
    let program = program.arguments("merge part.json --no-github");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert_eq!(commands(&ended.stderr), "", "{ended}");
    assert!(!program.path("summary.md").exists(), "{ended}");
}

#[test]
fn a_scenario_outside_the_repository_has_no_place_in_it() {
    let program = job("");
    let other = program.path("elsewhere");
    fs::create_dir(&other).expect("a folder");
    let program = program.env("GITHUB_WORKSPACE", &other.display().to_string());
    let shown = commands(&program.run().stderr);
    assert!(shown.starts_with("::error title="), "{shown}");
}

#[test]
fn says_what_fails_the_run_besides_the_cases() {
    let program = job("--broker mqtt://127.0.0.1:1");
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    let shown = commands(&ended.stderr);
    assert!(shown.starts_with("::error title="), "{ended}");
    assert!(program.path("summary.md").exists(), "{ended}");
}

#[test]
fn writes_nothing_where_it_is_told_not_to_or_elsewhere() {
    let told = job("--no-github");
    let elsewhere = job("").env("GITHUB_ACTIONS", "");
    for program in [told, elsewhere] {
        let ended = program.run();
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert_eq!(commands(&ended.stderr), "", "{ended}");
        assert!(!program.path("summary.md").exists(), "{ended}");
    }
}

#[test]
fn a_summary_that_cannot_be_written_fails_no_run() {
    let program = job("scenarios/basic/ping.yaml");
    let folder = program.path("").display().to_string();
    let ended = program.env("GITHUB_STEP_SUMMARY", &folder).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended
            .stderr
            .contains("warning: failed to write the job summary"),
        "{ended}"
    );
}

/// A broker whose answer contains runner commands. The runner ignores space before `::`, and finds `##[` anywhere in a
/// line.
#[test]
fn what_a_broker_says_is_no_command() {
    // Answers PINGREQ with a DISCONNECT whose Reason String is longer than a line of the report.
    let url = bad_brokers::serve(|mut stream| {
        let Some(_) = bad_brokers::packet(&mut stream) else {
            return;
        };
        let _ = stream.write_all(&[0x20, 3, 0, 0, 0]);
        let Some(_) = bad_brokers::packet(&mut stream) else {
            return;
        };
        let mut said = "word ".repeat(12) + "##[add-mask]a ";
        for _ in 0..120 {
            said.push_str("::stop-commands::b ");
        }
        let mut body = vec![0x80];
        let text = u16::try_from(said.len()).expect("short");
        let in_two_bytes = |length: usize| {
            let low = u8::try_from(length & 0x7f).expect("seven bits");
            [low | 0x80, u8::try_from(length >> 7).expect("a byte")]
        };
        body.extend(in_two_bytes(said.len() + 3));
        body.push(0x1f);
        body.extend(text.to_be_bytes());
        body.extend(said.bytes());
        let length = in_two_bytes(body.len());
        let _ = stream.write_all(&[0xE0, length[0], length[1]]);
        let _ = stream.write_all(&body);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let run =
        format!("--protocol 5 --broker {url} --no-first-look --verbose scenarios/basic/ping.yaml");
    let ended = job(&run).run();
    assert_ne!(ended.exit, Some(0), "{ended}");
    let all = format!("{}{}", ended.stdout, ended.stderr);
    assert!(all.contains("stop-commands"), "it is shown: {ended}");
    for line in all.lines() {
        let begins = line.trim_start();
        let own = ["::error ", "::warning "]
            .iter()
            .any(|own| begins.starts_with(own));
        let is_command = begins.starts_with("::") || line.contains("##[");
        assert!(own || !is_command, "{line}");
    }
}
