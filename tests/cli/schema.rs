//! JSON reports match `docs/report.schema.json`, and `docs/reports.md` describes every part of them.

use std::path::Path;
use std::sync::OnceLock;

use mqtt_check_broker::Faults;
use serde_json::{Value, json};

use crate::program::{PING, Program, WRONG};
use crate::served::serve;

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
        let text = std::fs::read(path).expect("the schema");
        serde_json::from_slice(&text).expect("JSON")
    })
}

/// Validates a report.
fn wrong(report: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema()).expect("a schema");
    let errors = validator.iter_errors(report);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn report(program: &Program) -> Value {
    let ended = program.run();
    let text =
        std::fs::read(program.path("r.json")).unwrap_or_else(|error| panic!("{error}: {ended}"));
    serde_json::from_slice(&text).expect("JSON")
}

/// A scenario with a control, an event of the broker, raw bytes and a choice.
const RICH: &str = "\
title: Two clients and a control
versions: [3.1.1, 5]
clients: { a: , b: }
steps:
  - a: connect
  - a: { subscribe: t }
  - b: connect
  - b: { publish: { topic: t, payload: { hex: '00 ff' }, qos: 1 } }
  - a: { expect: { publish: { topic: t } } }
  - b: { send: 'f0 01 00' }
  - b: { expect: pingresp }
    clause: MQTT-3.12.4-1
    level: should
";

fn holds(arguments: &str) -> Value {
    let program = Program::new(&format!("{arguments} --report json=r.json"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
        .file("scenarios/rich.yaml", RICH)
        .file(
            "scenarios/gone.yaml",
            PING.replace("clients: {", "needs: [kick]\nclients: {"),
        )
        .file(
            "snapshots/basic/ping@5.snap",
            "---\ntitle: x\n---\n- a: connect\n",
        )
        .file(
            "snapshots/basic/never@5.snap",
            "---\ntitle: x\n---\n- a: connect\n",
        );
    let report = report(&program);
    let wrong = wrong(&report);
    assert!(wrong.is_empty(), "{arguments}: {}", wrong.join("\n"));
    report
}

#[test]
fn every_report_is_as_the_schema_says() {
    for transcripts in ["all", "failed", "none"] {
        for options in [
            "",
            "--no-snapshots",
            "--fault no-pingresp",
            "--chaos 7",
            "--jobs 1",
        ] {
            let report = holds(&format!("run --transcripts {transcripts} {options}"));
            assert!(
                report["cases"]
                    .as_array()
                    .is_some_and(|cases| cases.len() > 5)
            );
        }
    }
    let url = format!("mqtt://{}", serve(Faults::none()));
    let report = holds(&format!("run --transcripts all --broker {url}"));
    assert_eq!(report["target"]["url"], url.as_str());
    assert_eq!(report["target"]["versions"], json!(["3.1", "3.1.1", "5"]));
}

#[test]
fn the_whole_suite_of_one_folder_is_as_the_schema_says() {
    for area in ["transport", "auth", "qos"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scenarios")
            .join(area);
        let run = format!(
            "run {} --no-snapshots --transcripts all --report json=r.json",
            folder.display()
        );
        let report = report(&Program::new(&run));
        let wrong = wrong(&report);
        assert!(wrong.is_empty(), "{area}: {}", wrong.join("\n"));
    }
}

#[test]
fn the_schema_tells_what_is_no_report() {
    let right = holds("run");
    let mut other = right.clone();
    other["format"] = json!(2);
    assert_eq!(wrong(&other).len(), 1, "{:?}", wrong(&other));
    let mut other = right.clone();
    other["cases"][0]["verdict"] = json!("perhaps");
    assert_eq!(wrong(&other).len(), 1, "{:?}", wrong(&other));
    let mut other = right;
    other["cases"][0]
        .as_object_mut()
        .expect("a case")
        .remove("outcome");
    assert_eq!(wrong(&other).len(), 1, "{:?}", wrong(&other));
}

/// Every object of the schema has a description. So has every field, unless its type describes it.
#[test]
fn everything_in_the_schema_is_described() {
    let kinds = schema()["$defs"].as_object().expect("definitions");
    let undescribed: Vec<&String> = kinds
        .iter()
        .filter(|(_, kind)| kind["description"].is_null())
        .map(|(name, _)| name)
        .collect();
    assert!(undescribed.is_empty(), "{undescribed:?}");
    let page = include_str!("../../docs/reports.md");
    for part in schema()["properties"].as_object().expect("fields").keys() {
        assert!(
            page.contains(&format!("`{part}")),
            "docs/reports.md does not speak of {part}"
        );
    }
}
