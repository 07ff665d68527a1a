//! Commands that play nothing, and the command line itself.

use insta::assert_snapshot;

use crate::program::{PING, Program, WRONG};

#[test]
fn tells_what_it_can_do() {
    assert_snapshot!(Program::new("--help").run());
}

#[test]
fn tells_the_options_of_run() {
    assert_snapshot!(Program::new("run --help").run());
}

#[test]
fn refuses_an_unknown_command() {
    assert_snapshot!(Program::new("rum").run());
}

#[test]
fn refuses_an_unknown_option() {
    assert_snapshot!(Program::new("run --brocker mqtt://127.0.0.1").run());
}

#[test]
fn refuses_options_that_contradict_each_other() {
    assert_snapshot!(Program::new("run --broker mqtt://127.0.0.1 --fault x").run());
}

#[test]
fn refuses_values_that_are_none() {
    for (arguments, complaint) in [
        ("run --protocol 4", "expected 3.1, 3.1.1 or 5"),
        ("run --jobs 0", "expected a whole number from 1 to 4096"),
        ("run --max-wait 30", "expected a number and a unit"),
        ("run --timeout-scale -1", "unexpected argument"),
        ("run --timeout-scale=0", "expected a number above 0"),
        (
            "run --report pdf=x.pdf",
            "unknown format `pdf`; the formats are html, issues, json, junit, markdown, pcap and tap",
        ),
        ("run --report json", "expected FORMAT=FILE"),
        ("run --baseline m", "--broker <URL>"),
        (
            "run --broker mqtt://127.0.0.1 --baseline ../x",
            "the name of a target has",
        ),
    ] {
        let ended = Program::new(arguments).run();
        assert_eq!(ended.exit, Some(2), "{arguments}: {ended}");
        assert!(ended.stderr.contains(complaint), "{arguments}: {ended}");
    }
}

#[test]
fn refuses_an_unknown_fault() {
    let program = Program::new("run --fault no-disconect-on-takeover");
    assert_snapshot!(program.file("scenarios/ping.yaml", PING).run());
}

#[test]
fn a_fault_goes_by_the_old_option_names_too() {
    for arguments in ["run --deviate no-such", "broker --deviate no-such"] {
        let ended = Program::new(arguments)
            .file("scenarios/ping.yaml", PING)
            .run();
        let complaint = "there is no fault `no-such`";
        assert!(ended.stderr.contains(complaint), "{arguments}: {ended}");
    }
    let mutants = Program::new("mutants --deviation no-such").file("scenarios/ping.yaml", PING);
    let ended = mutants.run();
    assert!(ended.stderr.contains("no fault matches"), "{ended}");
}

#[test]
fn lists_cases() {
    let program = Program::new("list")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_snapshot!(program.run());
}

#[test]
fn lists_cases_as_json() {
    let program = Program::new("list --json --filter MQTT-3.12.4-1")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_snapshot!(program.run());
}

#[test]
fn chooses_by_id_tag_clause_and_version() {
    let listed = |options: &str| {
        let program = Program::new(&format!("list {options}"))
            .file("scenarios/basic/ping.yaml", PING)
            .file("scenarios/other/wrong.yaml", WRONG);
        let ids: Vec<String> = program
            .run()
            .stdout
            .lines()
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect();
        ids.join(" ")
    };
    assert_eq!(listed(""), "basic/ping@3.1.1 basic/ping@5 other/wrong@5");
    assert_eq!(listed("--filter basic"), "basic/ping@3.1.1 basic/ping@5");
    assert_eq!(listed("--filter *wrong*"), "other/wrong@5");
    assert_eq!(listed("--filter MQTT-3.12.4-1"), "other/wrong@5");
    assert_eq!(listed("--protocol 5 --exclude other"), "basic/ping@5");
    assert_eq!(listed("scenarios/basic"), "basic/ping@3.1.1 basic/ping@5");
    assert_eq!(listed("scenarios/other/wrong.yaml"), "other/wrong@5");
}

#[test]
fn says_that_nothing_matches() {
    let program = Program::new("run --filter no-such-thing").file("scenarios/ping.yaml", PING);
    assert_snapshot!(program.run());
}

#[test]
fn says_that_a_folder_has_no_scenario() {
    let program = Program::new("run scenarios").file("scenarios/notes.txt", "none");
    assert_snapshot!(program.run());
}

#[test]
fn says_that_a_path_does_not_exist() {
    assert_snapshot!(Program::new("run nowhere").run());
}

#[test]
fn checks_scenarios_without_playing_them() {
    let program = Program::new("check")
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_snapshot!(program.run());
    assert_eq!(program.files().len(), 2, "nothing is written");
}

#[test]
fn refuses_citations_that_do_not_resolve() {
    let wrong = WRONG.replace("MQTT-3.12.4-1", "MQTT-3.12.4-7");
    let program = Program::new("check").file("scenarios/wrong.yaml", wrong);
    assert_snapshot!(program.run());
}

#[test]
fn decodes_packets() {
    let program = Program::new("decode 10 0d 0004 4d515454 04 02 003c 0001 61 e0 00");
    assert_snapshot!(program.run());
}

#[test]
fn decodes_with_fields() {
    let program = Program::new("decode --fields --protocol 5 -");
    assert_snapshot!(program.stdin("31 { s\"a/b\" 00 \"hello\" }\n").run());
}

#[test]
fn says_where_a_packet_is_malformed() {
    assert_snapshot!(Program::new("decode 36 07 00 01 61 00 01 00 78").run());
}

#[test]
fn says_that_a_packet_is_cut_off() {
    assert_snapshot!(Program::new("decode c0 00 30 0a 00 01").run());
}

#[test]
fn refuses_what_are_no_bytes() {
    assert_snapshot!(Program::new("decode hello").run());
}

#[test]
fn colours_only_when_asked_to_without_a_terminal() {
    let run = |arguments: &str| {
        let program = Program::new(arguments)
            .file("scenarios/wrong.yaml", WRONG)
            .env("NO_COLOR", "1");
        program.run()
    };
    let plain = run("run --no-snapshots");
    assert!(!plain.stdout.contains('\x1b') && !plain.stderr.contains('\x1b'));
    let coloured = run("run --no-snapshots --color always");
    assert!(coloured.stdout.contains("\x1b[1;31mFAILED"), "{coloured}");
}

#[test]
fn speaks_ascii_where_the_locale_has_no_more() {
    let run = |locale: &str| {
        let program = Program::new("run --no-snapshots")
            .file("scenarios/ping.yaml", PING)
            .env("LANG", locale);
        program.run().stdout
    };
    assert!(run("C").is_ascii());
    assert!(run("en_GB.UTF-8").contains('─'));
}
