//! `mqtt-check.yaml`: defaults of `run`, which the environment and options override.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::{PING, Program, WRONG};

fn project(options: &str, file: &str) -> Program {
    Program::new(&format!("run {options}"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
        .file("mqtt-check.yaml", file)
}

#[test]
fn a_run_does_what_the_file_says() {
    let file = "no_snapshots: true\nexclude: basic/wrong\nreport: { json: out/result.json }\n";
    let program = project("", file).inside("deep/down");
    fs::create_dir(program.path("out")).expect("a folder");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 passed"), "{ended}");
    // Paths are relative to the file, wherever the run starts.
    assert!(program.path("out/result.json").exists(), "{ended}");

    let program = program.arguments("run --no-config --no-snapshots");
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 failed"), "{ended}");
}

#[test]
fn shows_each_value_and_where_it_comes_from() {
    let file = "\
target: my-broker
user: alice
seed: 5
jobs: 2
tolerate: [skips, choices]
report: { json: result.json }
";
    let program = project("--print-config --seed 7 --filter basic/*", file)
        .env("MQTT_CHECK_JOBS", "3")
        .env("MQTT_CHECK_FAIL_FAST", "true")
        .env("MQTT_CHECK_TARGT", "a");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert_snapshot!("print_config", ended.stdout);
    let warning = "warning: the variable MQTT_CHECK_TARGT sets nothing: \
        did you mean `MQTT_CHECK_TARGET`?\n";
    assert_eq!(ended.stderr, warning);
    // The output is a file with the same values.
    let again = Program::new("run --print-config").file("mqtt-check.yaml", &ended.stdout);
    let again = again.run();
    assert_eq!(again.exit, Some(0), "{again}");
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter_map(|line| line.split("  #").next());
        values.map(|value| value.trim_end().to_owned()).collect()
    };
    assert_eq!(values(&again.stdout), values(&ended.stdout));
}

#[test]
fn an_error_in_the_file_has_its_place() {
    let ended = project("", "heavy: true\ntargt: my-broker\n").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert_snapshot!("bad_defaults", ended.stderr);
    // `--help` does not read the file.
    let ended = project("--help", "targt: my-broker\n").run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn what_was_not_typed_is_named_where_it_makes_an_error() {
    let ended = project("--broker mqtt://127.0.0.1:1", "cert: a.pem\n").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    let note = "note: not typed: --cert (mqtt-check.yaml:1:1)";
    assert!(ended.stderr.contains(note), "{ended}");
}

/// The replay commands in a report do the same later, even if the file has changed by then.
#[test]
fn commands_that_play_again_spell_the_file_out() {
    let file = "no_snapshots: true\nseed: 9\nreport: { json: result.json }\n";
    let program = project("", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let text = fs::read_to_string(program.path("result.json")).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let again = report["run"]["failed_again"].as_str().expect("a command");
    assert_eq!(
        again,
        "mqtt-check run scenarios --no-config --no-snapshots --filter 'basic/wrong@5' --seed 9"
    );
}

#[test]
fn the_page_shows_a_file_that_is_right() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/defaults.md");
    let page = fs::read_to_string(page).expect("the page");
    let block = page.split("```yaml\n").nth(1).expect("an example");
    let yaml = block.split("```").next().expect("its end");
    let ended = project("--print-config", yaml).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let schema = Program::new("schema config").run().stdout;
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let value: Value = serde_yaml::from_str(yaml).expect("YAML");
    assert!(schema.is_valid(&value));
    for wrong in [
        "targt: a",
        "heavy: yes please",
        "report: { htm: a }",
        "max_wait: 5",
    ] {
        let value: Value = serde_yaml::from_str(wrong).expect("YAML");
        assert!(!schema.is_valid(&value), "{wrong}");
    }
}
