//! Checks that `action.yml` is consistent: everything that it names exists, and everything that it declares is used.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn action() -> Value {
    let text = fs::read_to_string(Path::new(ROOT).join("action.yml")).expect("action.yml");
    serde_yaml::from_str(&text).expect("YAML")
}

fn steps(action: &Value) -> &[Value] {
    action["runs"]["steps"].as_array().expect("steps")
}

fn script(name: &str) -> String {
    let path = Path::new(ROOT).join("action").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Collects the words after `before` in all texts of a value: `inputs.paths` gives `paths`.
fn named(value: &Value, before: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for part in text.split(before).skip(1) {
                let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let end = part.find(|c| !is_part(c)).unwrap_or(part.len());
                found.insert(part[..end].to_owned());
            }
        }
        Value::Array(all) => all.iter().for_each(|value| named(value, before, found)),
        Value::Object(all) => all.values().for_each(|value| named(value, before, found)),
        _ => {}
    }
}

fn keys(value: &Value) -> BTreeSet<String> {
    let keys = value.as_object().expect("a map").keys();
    keys.cloned().collect()
}

#[test]
fn every_input_is_declared_described_and_used() {
    let action = action();
    let mut used = BTreeSet::new();
    named(&action["runs"], "inputs.", &mut used);
    assert_eq!(used, keys(&action["inputs"]));
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        assert!(input["description"].is_string(), "{name}");
        // Without a default, the input would be required.
        assert!(input["default"].is_string(), "{name}");
    }
}

#[test]
fn every_output_comes_from_a_step_before() {
    let action = action();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let refers = |value: &Value, known: &BTreeSet<&str>| {
        let mut steps = BTreeSet::new();
        named(value, "steps.", &mut steps);
        for reference in steps {
            let (step, output) = reference.split_once(".outputs.").expect("an output");
            assert!(known.contains(step), "no step {step} before {value}");
            let is_ours = ["source", "run", "compare"].contains(&step);
            assert!(
                !is_ours || script(&format!("{step}.py")).contains(&format!("output(\"{output}\"")),
                "{step}.py has no output {output}"
            );
        }
    };
    for step in steps(&action) {
        refers(step, &known);
        known.extend(step["id"].as_str());
    }
    refers(&action["outputs"], &known);
}

#[test]
fn every_script_exists_and_gets_what_it_reads() {
    let action = action();
    let mut run = BTreeSet::new();
    for step in steps(&action) {
        assert!(step["name"].is_string(), "{step}");
        let Some(command) = step["run"].as_str() else {
            // Another action, with a version.
            let uses = step["uses"].as_str().expect("a command or an action");
            assert!(
                uses.starts_with("actions/") && uses.contains("@v"),
                "{uses}"
            );
            continue;
        };
        assert_eq!(step["shell"], "bash", "{command}");
        // User input must not become part of a command.
        assert!(!command.contains("${{"), "{command}");
        let Some((_, rest)) = command.split_once("$GITHUB_ACTION_PATH/action/") else {
            continue;
        };
        let name = rest.trim_end_matches('"');
        let text = script(name);
        run.insert(name.to_owned());
        let given = step["env"].as_object().into_iter().flatten();
        let given: BTreeSet<String> = given.map(|(name, _)| name.clone()).collect();
        let parts = text.split("setting(\"").skip(1);
        let mut read: BTreeSet<String> = parts
            .filter_map(|part| part.split_once('"'))
            .map(|(name, _)| format!("INPUT_{name}"))
            .collect();
        if text.contains("setting(option.upper())") {
            read.extend(["BROKER", "TARGET", "BASELINE"].map(|name| format!("INPUT_{name}")));
        }
        assert_eq!(read, given, "{name}");
    }
    let modules = ["github.py", "workflow.py"].map(str::to_owned);
    let files = fs::read_dir(Path::new(ROOT).join("action")).expect("the scripts");
    let files = files.map(|file| file.expect("a file").file_name());
    let files: BTreeSet<String> = files
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".py"))
        .collect();
    assert_eq!(files, run.into_iter().chain(modules).collect());
}
