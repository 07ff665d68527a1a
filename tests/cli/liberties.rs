//! Permitted variations: a case that accepts only one of the permitted answers fails `mutants`.

use insta::assert_snapshot;

use crate::program::{PING, Program};

/// Requires reason code 0x10, which is optional.
const NARROW: &str = "\
title: Nobody has subscribed
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: { publish: { topic: to/nobody, qos: 1, expect: { reason: no_matching_subscribers } } }
";

#[test]
fn reports_a_case_that_fails_by_one() {
    let wide = NARROW.replace("no_matching_subscribers", "{ at_most: 0x7F }");
    let program = Program::new("mutants --liberty success-without-subscribers");
    let allowed = program.file("scenarios/nobody.yaml", &wide);
    assert_snapshot!(allowed.run());
    let failed = allowed.file("scenarios/nobody.yaml", NARROW);
    assert_snapshot!(failed.run());
    let json = failed.arguments("mutants --liberty success-without-subscribers --json");
    assert_snapshot!(json.run());
    // No case shows the variation, so nothing is proven.
    let unshown = json
        .file("scenarios/nobody.yaml", PING)
        .arguments("mutants --liberty success-without-subscribers");
    assert_snapshot!(unshown.run());
}

#[test]
fn runs_with_one_and_without_snapshots() {
    let program = Program::new("run --liberty success-without-subscribers");
    assert_snapshot!(program.file("scenarios/nobody.yaml", NARROW).run());
}

#[test]
fn refuses_an_unknown_one() {
    let program = Program::new("run --liberty success-without-subscriber");
    assert_snapshot!(program.file("scenarios/ping.yaml", PING).run());
}

#[test]
fn tells_about_one() {
    let program = Program::new("explain retained-qos0-discarded");
    assert_snapshot!(program.file("scenarios/ping.yaml", PING).run());
}

#[test]
fn lists_faults_and_variations_without_playing() {
    let listed = "mutants --list --fault will-delay-behind-* --liberty success-without-subscribers";
    assert_snapshot!(Program::new(listed).run());
    let ended = Program::new(&format!("{listed} --json")).run();
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let fault = &document["faults"][0];
    assert_eq!(fault["fault"], "will-delay-behind-shorter", "{ended}");
    assert_eq!(fault["clauses"][0], "[5 MQTT-3.1.2-8]", "{ended}");
    let liberty = &document["liberties"][0];
    assert_eq!(liberty["liberty"], "success-without-subscribers", "{ended}");
}
