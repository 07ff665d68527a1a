//! A broker on the network and its accepted deviations, from their acceptance to their removal.

use std::fs;

use insta::assert_snapshot;
use mqtt_check_broker::{Config, Fault};

use crate::program::Program;
use crate::served;

const TAKEOVER: &str = "\
title: A second CONNECT takes the session over
versions: [5]
clients: { first: { id: shared }, second: { id: shared } }
steps:
  - first: connect
  - second: connect
  - first: { expect: { disconnect: { reason: session_taken_over } } }
    clause: MQTT-3.1.4-3
  - first: { expect: closed }
    clause: MQTT-3.1.4-3
";

const ACCEPTED: &str = "snapshots/@twin/session/takeover@5.snap";

/// Serves the bundled broker over TCP. Returns its URL.
fn serve(faults: &'static [Fault]) -> String {
    let address = served::serve(faults.iter().copied().collect());
    format!("mqtt://{address}")
}

/// The target file of the twin. Its only deviation: this case violates this clause.
fn target_file(clause: &str, case: &str) -> String {
    format!(
        "url: mqtt://127.0.0.1
deviations:
  - case: {case}
    clause: [{clause}]
    came: the old connection is closed without a DISCONNECT
    why: a DISCONNECT with 0x8E comes first
    bytes: [a > c0 00, a < d0 00]
    log: closing old connection
"
    )
}

/// A program whose expected record is already reviewed.
fn reviewed() -> Program {
    let program = Program::new("run --update").file("scenarios/session/takeover.yaml", TAKEOVER);
    assert_eq!(program.run().exit, Some(0));
    program
}

#[test]
fn verdicts_alone_decide_without_a_baseline() {
    let url = serve(&[]);
    let program = reviewed().arguments(&format!("run --broker {url}"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let ended = program.arguments(&format!("run --broker {wrong}")).run();
    assert_snapshot!(ended.without_packets());
}

#[test]
fn a_reviewed_deviation_is_expected_until_it_is_gone() {
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let run = format!("run --broker {wrong} --baseline twin");
    let program = reviewed().arguments(&run);
    assert_snapshot!("a_new_deviation", program.run().without_packets());

    let program = program.arguments("accept @twin/*");
    assert_eq!(program.run().exit, Some(0));
    let text = fs::read_to_string(program.path(ACCEPTED)).expect("it is there");
    assert_snapshot!("an_accepted_record", text);

    let program = program.arguments(&run);
    assert_snapshot!(
        "an_accepted_deviation_without_a_target_file",
        program.run().without_packets()
    );
    let program = program.file("targets/twin.yaml", "url: mqtt://127.0.0.1\n");
    assert_snapshot!(
        "an_accepted_deviation_without_a_reason",
        program.run().without_packets()
    );
    let program = program.file(
        "targets/twin.yaml",
        target_file("5 MQTT-3.1.2-8", "session/takeover@5"),
    );
    assert_snapshot!(
        "an_accepted_deviation_with_another_reason",
        program.run().without_packets()
    );
    let program = program.file(
        "targets/twin.yaml",
        target_file("5 MQTT-3.1.4-3", "session/takeover@5"),
    );
    assert_snapshot!("an_accepted_deviation", program.run().without_packets());

    let right = serve(&[]);
    let program = program.arguments(&format!("run --broker {right} --baseline twin"));
    assert_snapshot!("a_deviation_that_is_gone", program.run().without_packets());
    // A run of a part of the suite cannot tell that an entry is obsolete, but it can tell that a record is.
    let part = format!("run --broker {right} --baseline twin --filter session/*");
    let program = program.arguments(&part);
    let ended = program.run();
    assert!(ended.stdout.contains("1 stale"), "{ended}");

    let update = format!("run --broker {right} --baseline twin --update");
    let ended = ended_without_entry(program.arguments(&update));
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn what_is_accepted_does_not_stop_a_run_that_stops_at_the_first_failure() {
    const PING: &str = "\
title: A PINGREQ is answered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: ping
";
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let program = reviewed().file("scenarios/will/later.yaml", PING).file(
        "targets/twin.yaml",
        target_file("5 MQTT-3.1.4-3", "session/takeover@5"),
    );
    let run = format!("run --broker {wrong} --baseline twin --fail-fast --jobs 1");
    let program = program.arguments(&run);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 not played"), "{ended}");
    let program = program.arguments("accept @twin/*");
    assert_eq!(program.run().exit, Some(0));
    let ended = program.arguments(&run).run();
    assert!(
        ended
            .stdout
            .contains("2 cases: 1 passed, 1 failed (1 accepted)"),
        "{ended}"
    );
    assert!(!ended.stdout.contains("not played"), "{ended}");
}

#[test]
fn an_entry_without_a_reason_is_a_warning_until_reasons_are_required() {
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let run = format!("run --broker {wrong} --baseline twin");
    let to_do = "url: mqtt://127.0.0.1
deviations:
  - case: session/takeover@5
    clause: [5 MQTT-3.1.4-3]
    came: the old connection is closed without a DISCONNECT
    why: TODO
";
    let program = reviewed().file("targets/twin.yaml", to_do);
    let program = program.arguments(&run);
    assert_eq!(program.run().exit, Some(1));
    let program = program.arguments("accept @twin/*");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments(&run);
    let warned = program.run();
    assert_eq!(warned.exit, Some(0), "{warned}");
    let says = "1 accepted deviation has no reason yet: replace `why: TODO` in targets/twin.yaml with what the clause requires and why you accept the deviation (line 3)";
    assert!(
        warned.stderr.contains(&format!("warning: {says}")),
        "{warned}"
    );
    let program = program.arguments(&format!("{run} --require-reasons"));
    let failed = program.run();
    assert_eq!(failed.exit, Some(1), "{failed}");
    assert!(
        failed.stderr.contains(&format!("error: {says}")),
        "{failed}"
    );
    let given = to_do.replace("TODO", "it says goodbye first");
    let ended = program.file("targets/twin.yaml", given).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn under_chaos_only_what_is_found_wrong_has_to_be_accepted() {
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let chaos = format!("run --broker {wrong} --baseline twin --chaos 1");
    let explained = target_file("5 MQTT-3.1.4-3", "session/takeover@5");
    let program = reviewed().file("targets/twin.yaml", &explained);
    let program = program.arguments(&chaos);
    assert_snapshot!(
        "a_failure_under_chaos_without_a_record",
        program.run().without_packets()
    );

    let program = program.arguments(&format!("run --broker {wrong} --baseline twin --update"));
    assert_eq!(program.run().exit, Some(0));
    let files = program.files();
    let program = program.arguments(&chaos);
    assert_snapshot!("an_accepted_failure_under_chaos", program.run());

    let other = target_file("5 MQTT-3.1.2-8", "session/takeover@5");
    let program = program.file("targets/twin.yaml", other);
    assert_eq!(program.run().exit, Some(1), "its reason is another");

    let record = fs::read_to_string(program.path(ACCEPTED)).expect("it is there");
    let program = program
        .file(
            ACCEPTED,
            record.replace("must MQTT-3.1.4-3", "must MQTT-3.1.4-2"),
        )
        .file("targets/twin.yaml", &explained);
    assert_eq!(
        program.run().exit,
        Some(1),
        "the record finds something else"
    );

    let in_pieces = explained.replace(
        "case: session/takeover@5",
        "case: session/other@5\n    in_pieces: session/takeover@5",
    );
    let program = program.file("targets/twin.yaml", in_pieces);
    assert_eq!(program.run().exit, Some(0), "it shows in pieces");
    assert_eq!(program.files(), files, "nothing is written");
}

/// `--update` removes the record. The entry that a person wrote stays until a person removes it.
fn ended_without_entry(program: Program) -> crate::program::Ended {
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(!program.path(ACCEPTED).exists());
    program
        .file("targets/twin.yaml", "url: mqtt://127.0.0.1\n")
        .run()
}

#[test]
fn an_accepted_record_without_a_case_is_stale() {
    let right = serve(&[]);
    let program = reviewed()
        .arguments(&format!("run --broker {right} --baseline twin"))
        .file(
            "snapshots/@twin/session/gone@5.snap",
            "---\nsource: gone\n---\n- a: ping\n",
        );
    assert_snapshot!(program.run());
}

const PROFILE: &str = "snapshots/@twin/profile.yaml";

const CHOICE: &str = "\
title: A broker may keep messages of QoS 0 for a client that is away
versions: [5]
clients:
  away: { id: away }
  publisher:
steps:
  - away: { connect: { clean_start: false, session_expiry_interval: 100 } }
  - away: { subscribe: t }
  - away: disconnect
  - publisher: connect
  - publisher: { publish: { topic: t, payload: zero } }
  - publisher: ping
  - away: { connect: { clean_start: false, session_expiry_interval: 100 } }
  - choice: offline_qos0
    of: away
    answers:
      queued: { publish: { payload: zero } }
      dropped: silence
";

#[test]
fn a_baseline_is_made_by_one_command_and_holds_the_broker_to_it() {
    let right = serve(&[]);
    let program = reviewed().file("scenarios/session/offline.yaml", CHOICE);
    let make = format!("baseline twin --broker {right} --plays 2");
    let program = program.arguments(&make);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let made = fs::read_to_string(program.path(PROFILE)).expect("it is there");
    assert_snapshot!("a_profile", made);
    let again = program.run();
    assert_eq!(again.exit, Some(2), "{again}");
    assert!(again.stderr.contains("has a baseline already"), "{again}");

    let run = format!("run --broker {right} --baseline twin");
    let program = program.arguments(&run);
    assert_eq!(program.run().exit, Some(0));
    let changed = made
        .replace("maximum_qos: 2", "maximum_qos: 1")
        .replace("qos_2: yes", "qos_2: no")
        .replace("offline_qos0: dropped", "offline_qos0: queued")
        .replace("passed:", "passed:\n  - session/gone@5")
        .replace("  - session/takeover@5\n", "")
        .replace("choices:", "choices:\n  never_asked: no");
    let program = program.file(PROFILE, &changed);
    assert_snapshot!(
        "what_changed_against_a_profile",
        program.run().without_packets()
    );
    let waiting = program.path("snapshots/@twin/profile.yaml.new");
    assert!(waiting.exists());

    let tolerant = format!("{run} --tolerate skips,choices,improvements");
    let ended = program.arguments(&tolerant).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn a_broker_that_refuses_all_clients_has_changed() {
    let open = serve(&[]);
    let make = format!("baseline twin --broker {open} --plays 2");
    let program = reviewed().arguments(&make);
    assert_eq!(program.run().exit, Some(0));
    let closed = Config {
        users: Some(Vec::new()),
        ..Config::default()
    };
    let address = served::serve_with(closed, std::iter::empty().collect());
    let run = format!("run --broker mqtt://{address}");
    let program = program.arguments(&run);
    let ended = program.run();
    assert_eq!(
        ended.exit,
        Some(3),
        "nothing says that it was open: {ended}"
    );
    let ended = program.arguments(&format!("{run} --baseline twin")).run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let says = "the broker of the baseline `twin` accepted clients";
    assert!(ended.stderr.contains(says), "{ended}");
}

#[test]
fn a_baseline_drafts_what_is_wrong_and_takes_out_what_is_right_again() {
    const FILE: &str = "targets/twin.yaml";
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let program = reviewed();
    let program = program.arguments(&format!("baseline twin --broker {wrong} --plays 2"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended.stdout.contains("targets/twin.yaml: 1 draft added"),
        "{ended}"
    );
    let drafted = fs::read_to_string(program.path(FILE)).expect("it is there");
    assert!(
        drafted.contains("  - case: session/takeover@5\n"),
        "{drafted}"
    );
    assert!(
        drafted.contains("    clause: [5 MQTT-3.1.4-3]\n"),
        "{drafted}"
    );
    assert!(drafted.contains("    why: TODO\n"), "{drafted}");
    assert!(drafted.contains("      - first closed\n"), "{drafted}");

    let run = format!("run --broker {wrong} --baseline twin");
    let program = program.arguments(&run);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended
            .stderr
            .contains("warning: 1 accepted deviation has no reason yet"),
        "{ended}"
    );
    let ended = program.arguments(&format!("{run} --require-reasons")).run();
    assert_eq!(ended.exit, Some(1), "{ended}");

    // Text written by a person survives every renewal.
    let explained = drafted.replace("TODO", "a DISCONNECT with 0x8E comes first # nearly");
    let kept = format!("# Ours.\n{explained}\nsettle: 100ms # it is quick\n");
    let program = reviewed().file(FILE, &kept);
    let program = program.arguments(&format!("baseline twin --broker {wrong} --plays 1"));
    assert_eq!(program.run().exit, Some(0));
    assert_eq!(
        fs::read_to_string(program.path(FILE)).expect("a file"),
        kept
    );
    let right = serve(&[]);
    let program = program.arguments(&format!(
        "baseline twin --broker {right} --plays 1 --update"
    ));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended
            .stdout
            .contains("is removed: no case shows it any more"),
        "{ended}"
    );
    let left = fs::read_to_string(program.path(FILE)).expect("a file");
    assert!(
        left.starts_with("# Ours.\n") && left.ends_with("settle: 100ms # it is quick\n"),
        "{left}"
    );
    assert!(!left.contains("- case"), "{left}");
    let ended = program
        .arguments(&format!("run --broker {right} --baseline twin"))
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn a_target_file_that_cannot_be_edited_is_refused_before_anything_is_played() {
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let program = reviewed();
    let before = program.files();
    let entry = "{ case: a@5, clause: 5 MQTT-3.1.2-8, came: it, why: so }";
    let on_one_line = format!("url: {wrong}\ndeviations: [{entry}]\n");
    let program = program.file("targets/twin.yaml", &on_one_line);
    let program = program.arguments("baseline twin --plays 1");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended.stderr.contains("cannot be edited in place"),
        "{ended}"
    );
    assert!(!ended.stderr.contains("play 1 of 1"), "{ended}");
    let added = program.files().len() - before.len();
    assert_eq!(added, 1, "{:?}", program.files());

    // Passwords are hidden only in messages.
    let known = format!("url: {wrong}\ncredentials: {{ me: secret }}\n");
    let program = program.file("targets/twin.yaml", &known);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let edited = fs::read_to_string(program.path("targets/twin.yaml")).expect("a file");
    assert!(edited.starts_with(&known), "{edited}");
    assert!(edited.contains("why: TODO"), "{edited}");
}

#[test]
fn a_part_of_the_suite_is_compared_with_its_part_of_the_profile() {
    let right = serve(&[]);
    let program = reviewed().file("scenarios/session/offline.yaml", CHOICE);
    let program = program.arguments(&format!("baseline twin --broker {right} --plays 1"));
    assert_eq!(program.run().exit, Some(0));
    let wrong = serve(&[Fault::NoDisconnectOnTakeover]);
    let part = format!("run --broker {wrong} --baseline twin --filter session/offline");
    let program = program.arguments(&part);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let program = program.arguments(&format!("run --broker {wrong} --baseline twin"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(
        ended
            .stdout
            .contains("regressed: failed, was passed (session/takeover@5)"),
        "{ended}"
    );
    let accept = program.arguments("accept @twin/*");
    assert_eq!(accept.run().exit, Some(0));
    let accepted = fs::read_to_string(accept.path(PROFILE)).expect("it is there");
    assert!(
        accepted.contains("failed:\n  - session/takeover@5\n"),
        "{accepted}"
    );
}

#[test]
fn refuses_a_profile_that_is_none_and_words_that_it_does_not_know() {
    let right = serve(&[]);
    let run = format!("run --broker {right} --baseline twin");
    let program = reviewed()
        .arguments(&run)
        .file(PROFILE, "profile: 1\nfailde:\n");
    assert_snapshot!("a_damaged_profile", program.run());
    let ended = program.arguments(&format!("{run} --tolerate skip")).run();
    assert!(
        ended
            .stderr
            .contains("expected one of skips, choices, improvements"),
        "{ended}"
    );
}
