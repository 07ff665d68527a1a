//! The report of a folded repeat that fails in some round.

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::Program;

const MANY: &str = "\
title: However many messages go by, the next one arrives too
versions: [5]
clients: { sub: , pub: }
steps:
  - sub: connect
  - sub: { subscribe: { filter: t, qos: 1 } }
  - pub: connect
  - repeat:
      times: 1000
      as: i
      folded: true
      steps:
        - pub: { publish: { topic: t, payload: 'm${i}', qos: 1 } }
        - sub: { expect: { publish: { payload: 'm${i}' } } }
          clause: MQTT-4.5.0-1
  - sub: ping
";

const WRONG: &str = "\
title: Whatever is wrong in each round is said once
versions: [5]
clients: { sub: , pub: }
steps:
  - sub: connect
  - sub: { subscribe: { filter: t, qos: 1 } }
  - pub: connect
  - repeat:
      times: 50
      as: i
      folded: true
      steps:
        - pub: { publish: { topic: t, payload: 'm${i}' } }
        - sub: { expect: { publish: { payload: 'n${i}' } } }
          clause: MQTT-4.5.0-1
        - pub: { publish: { topic: t, payload: retained } }
        - sub: { expect: { publish: { retain: true } } }
          clause: MQTT-3.3.1-12
";

#[test]
fn a_round_that_does_not_hold_is_the_last_and_is_named() {
    let program = Program::new("run --no-snapshots --fault silent-after-22-messages");
    assert_snapshot!(program.file("scenarios/many.yaml", MANY).run());
}

#[test]
fn the_record_has_the_first_round_and_the_one_that_does_not_hold() {
    let program = Program::new("run --no-snapshots --verbose --fault silent-after-22-messages");
    let ended = program.file("scenarios/many.yaml", MANY).run().to_string();
    let record = ended.lines().map(str::trim).filter(|line| {
        ["sub < PUBLISH", ".. ", "= "]
            .iter()
            .any(|begin| line.starts_with(begin))
    });
    let record: Vec<&str> = record.collect();
    assert_snapshot!(record.join("\n"));
}

#[test]
fn reports_a_fault_of_every_round_once_for_each_step() {
    let program = Program::new("run --no-snapshots");
    assert_snapshot!(program.file("scenarios/wrong.yaml", WRONG).run());
}

#[test]
fn a_report_has_the_packets_of_the_first_and_of_the_last_rounds() {
    let run = "run --no-snapshots --report json=out.json --fault deaf-after-300-messages";
    let program = Program::new(run).file("scenarios/many.yaml", MANY);
    program.run();
    let text = std::fs::read(program.path("out.json")).expect("a report");
    let report: Value = serde_json::from_slice(&text).expect("JSON");
    let case = &report["cases"][0];
    let packets = case["play"]["events"].as_array().expect("packets");
    assert_eq!(packets.len(), 1000);
    let has = |payload: &str| {
        let end = format!("payload=\"{payload}\"");
        let texts = packets.iter().filter_map(|packet| packet["text"].as_str());
        texts.filter(|text| text.ends_with(&end)).count()
    };
    assert_eq!(
        (has("m1"), has("m150"), has("m300"), has("m301")),
        (2, 0, 2, 1)
    );
    // Three hundred rounds have four packets each.
    let left_out = case["play"]["left_out"]["events"].as_u64();
    assert!(left_out.is_some_and(|count| count > 200), "{left_out:?}");
}
