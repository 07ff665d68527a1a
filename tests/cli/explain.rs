//! `mqtt-check explain`: explains one thing, or suggests what was probably meant.

use insta::assert_snapshot;

use crate::program::{PING, Program};

/// A scenario with citations, rows and a level.
const CITING: &str = "\
title: A ping is answered ${often}
about: It makes no difference how often.
threads: [mosquitto#2342, FlashMQ#104]
clients: { a: }
steps:
  - a: connect
  - a: ping
    clause: MQTT-3.12.4-1
  - a: { disconnect: { keep_open: true } }
  - a: { expect: closed }
    clause: RULE-3.14.4-1
    level: should
cases:
  once:  { often: once }
  twice: { often: twice }
";

fn explain(words: &str) -> Program {
    Program::new(&format!("explain {words}"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/citing.yaml", CITING)
}

/// A scenario with a choice, a capability and a setting.
const ASKING: &str = "\
title: Whether it answers
versions: [5]
needs: [retain]
broker: { maximum_qos: 1 }
tags: [curious]
clients: { a: }
steps:
  - a: { connect: { no_wait: true } }
  - choice: does_it_answer
    of: a
    answers:
      it_does: { connack: { reason: 0 } }
      it_does_not: refused
";

#[test]
fn tells_about_words_of_the_project() {
    const TARGET: &str = "\
title: A zoo
url: mqtt://127.0.0.1:1
deviations:
  - case: basic/ping@5
    clause: [5 MQTT-3.12.4-1]
    came: nothing came
    why: a ping is answered
";
    for (word, expected) in [
        (
            "does_it_answer",
            &["a choice", "it_does_not", "basic/asking@5"][..],
        ),
        ("retain", &["a capability", "basic/asking@5"]),
        (
            "maximum_qos",
            &["Maximum QoS", "Broker settings", "basic/asking@5"],
        ),
        (
            "queue_qos0",
            &["docs/scenario/settings.md", "Broker settings"],
        ),
        ("settle_subscriptions", &["docs/targets/format.md"]),
        ("basic", &["an area of the suite, 7 cases", "basic/ping"]),
        ("curious", &["a tag, 1 case"]),
        ("keep_alive_ratio", &["a fact"]),
        ("zoo", &["A zoo", "[5 MQTT-3.12.4-1]: nothing came"]),
        (
            "targets/zoo.yaml:4",
            &["an accepted deviation of A zoo", "basic/ping@5"],
        ),
    ] {
        let program = explain(word)
            .file("scenarios/basic/asking.yaml", ASKING)
            .file("targets/zoo.yaml", TARGET);
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{word}: {ended}");
        for part in expected {
            assert!(ended.stdout.contains(part), "{word}, {part}: {ended}");
        }
    }
    for (word, near) in [
        ("does_it_anser", "does_it_answer"),
        ("maximum_qs", "maximum_qos"),
        ("shared_subscription", "shared_subscriptions"),
        ("curios", "curious"),
        ("zo0", "zoo"),
    ] {
        let program = explain(word)
            .file("scenarios/basic/asking.yaml", ASKING)
            .file("targets/zoo.yaml", TARGET);
        let ended = program.run();
        assert_eq!(ended.exit, Some(2), "{word}: {ended}");
        let hint = format!("did you mean `{near}`?");
        assert!(ended.stderr.contains(&hint), "{word}: {ended}");
    }
}

#[test]
fn tells_about_a_clause_in_both_versions() {
    assert_snapshot!(explain("MQTT-3.12.4-1").run());
}

#[test]
fn tells_about_a_clause_in_one_version() {
    let told = explain("[5 MQTT-3.12.4-1]").run();
    assert_snapshot!(told);
    for words in [
        "5 MQTT-3.12.4-1",
        "MQTT-3.12.4-1@5",
        "5 3.12.4-1",
        "5.0 mqtt-3.12.4-1",
    ] {
        assert_eq!(explain(words).run().stdout, told.stdout, "{words}");
    }
}

#[test]
fn tells_why_a_broker_cannot_be_held_to_a_clause() {
    assert_snapshot!(explain("MQTT-4.7.3-3@5").run());
}

#[test]
fn tells_about_a_rule_without_a_number() {
    assert_snapshot!(explain("RULE-3.14.4-1").run());
}

#[test]
fn tells_about_a_scenario() {
    let told = explain("basic/citing").run();
    assert_snapshot!(told);
    let by_file = explain("scenarios/basic/citing.yaml").run();
    assert_eq!(by_file.stdout, told.stdout);
}

#[test]
fn tells_about_a_case() {
    assert_snapshot!(explain("basic/citing[twice]@5").run());
}

#[test]
fn tells_which_cases_show_what_was_seen_in_a_thread() {
    let told = explain("flashmq#104").run();
    assert_snapshot!(told);
    assert_eq!(explain("FlashMQ#104").run().stdout, told.stdout);
    let list = Program::new("list --filter FlashMQ#104").file("scenarios/basic/ping.yaml", PING);
    let list = list.file("scenarios/basic/citing.yaml", CITING).run();
    assert_eq!(list.stdout.lines().count(), 4, "{list}");
}

#[test]
fn does_not_take_another_thread_for_a_slip() {
    let told = explain("FlashMQ#105").run();
    assert_eq!(told.exit, Some(2), "{told}");
    assert!(!told.stderr.contains("did you mean"), "{told}");
}

#[test]
fn tells_about_a_fault() {
    assert_snapshot!(explain("no-pingresp").run());
}

#[test]
fn tells_about_a_reason_code() {
    let told = explain("0x8E").run();
    assert_snapshot!(told);
    for words in ["142", "0x8e", "session_taken_over", "Session taken over"] {
        assert_eq!(explain(words).run().stdout, told.stdout, "{words}");
    }
}

#[test]
fn tells_about_the_codes_and_properties_of_one_number() {
    assert_snapshot!(explain("0x11").run());
}

#[test]
fn tells_about_a_property() {
    let told = explain("Receive Maximum").run();
    assert_snapshot!(told);
    let by_key = explain("receive_maximum").run().stdout;
    assert!(by_key.starts_with(&told.stdout), "{by_key}");
    assert!(explain("33").run().stdout.contains(told.stdout.trim_end()));
}

#[test]
fn says_what_was_probably_meant() {
    for (words, meant) in [
        ("MQTT-3.12.4-l", "MQTT-3.12.4-1"),
        ("basic/pong", "basic/ping"),
        ("no-pingrep", "no-pingresp"),
        ("session taken overr", "session_taken_over"),
        ("FlashMX#104", "FlashMQ#104"),
        ("receive-maximun", "receive_maximum"),
    ] {
        let told = explain(words).run();
        assert_eq!(told.exit, Some(2), "{words}: {told}");
        assert!(told.stdout.is_empty(), "{words}: {told}");
        let hint = format!("did you mean `{meant}`?");
        assert!(told.stderr.contains(&hint), "{words}: {told}");
    }
    assert_snapshot!(explain("something else entirely").run());
}

#[test]
fn knows_the_built_in_suite_where_there_are_no_scenarios() {
    let told = Program::new("explain MQTT-3.12.4-1@5").run();
    assert!(told.stdout.contains("connect/ping"), "{told}");
    let missing = Program::new("explain 0x8E --scenarios nowhere").run();
    assert_eq!(missing.exit, Some(2), "{missing}");
}
