//! `mqtt-check schema` and `mqtt-check init`: the schemas accept every file of this repository, and the new files work.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use crate::program::Program;
use crate::served;

fn schema(of: &str) -> Validator {
    let ended = Program::new("schema").argument(of).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let schema: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Validates a YAML text, as an editor would.
fn wrong(schema: &Validator, yaml: &str) -> Vec<String> {
    let value: Value = serde_yaml::from_str(yaml).expect("YAML");
    let errors = schema.iter_errors(&value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The YAML blocks in a page.
fn blocks(page: &str) -> Vec<String> {
    let text = read(page);
    let blocks = text.split("```yaml\n").skip(1);
    blocks
        .filter_map(|block| block.split_once("```"))
        .map(|(yaml, _)| yaml.to_owned())
        .collect()
}

#[test]
fn the_target_schema_takes_every_target_file_and_knows_their_keys() {
    let schema = schema("target");
    assert_eq!(wrong(&schema, &read("targets/mosquitto.yaml")), [""; 0]);
    let whole = blocks("docs/targets/format.md");
    let whole = whole.iter().filter(|block| block.starts_with("url"));
    for block in whole {
        assert_eq!(wrong(&schema, block), [""; 0], "{block}");
    }
    // The tables in the page and the schema have the same keys.
    let text = Program::new("schema target").run().stdout;
    for line in read("docs/targets/format.md").lines() {
        let Some(key) = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        let is_key = key.0.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(
            !is_key || text.contains(&format!("\"{}\": ", key.0)),
            "{}",
            key.0
        );
    }
    for (yaml, place) in [
        ("url: mqtt://a\nlimits: 5s\n", "limits"),
        ("url: mqtt://a\nlimit: soon\n", "/limit"),
        ("url: mqtt://a\nlacks: { hook: none }\n", "/lacks"),
        ("url: mqtt://a\nsettings: { retain: 'x' }\n", "/settings"),
        ("title: nowhere\n", "anyOf"),
    ] {
        let found = wrong(&schema, yaml).join("\n");
        assert!(found.contains(place), "{yaml}: {found}");
    }
}

#[test]
fn the_broker_schema_takes_a_configuration_and_refuses_unknown_settings() {
    let schema = schema("broker");
    let block = blocks("docs/broker.md")
        .into_iter()
        .find(|block| block.starts_with("listen"));
    assert_eq!(wrong(&schema, &block.expect("an example")), [""; 0]);
    let found = wrong(&schema, "listen: 127.0.0.1:0\nmaximum_qso: 1\n").join("\n");
    assert!(found.contains("maximum_qso"), "{found}");
}

#[test]
fn the_scenario_schema_takes_every_scenario() {
    let schema = schema("scenario");
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/session")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    for path in files {
        assert_eq!(wrong(&schema, &read(&path)), [""; 0], "{}", path.display());
    }
    let found = wrong(&schema, "title: t\nclients: { a: }\nsteps: [ a: conect ]\n");
    assert!(!found.is_empty());
}

#[test]
fn the_report_schema_takes_a_report() {
    let program = Program::new("run scenarios/session/takeover.yaml --report json=r.json");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let report = fs::read_to_string(program.path("r.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(schema("report").is_valid(&report));
    assert_eq!(report["run"]["suite"]["built_in"], true);
}

#[test]
fn each_file_that_init_makes_works() {
    let program = Program::new("init");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let made = program.files();
    for file in &made {
        assert!(
            ended.stdout.contains(&format!("wrote ./{file}\n")),
            "{file}: {ended}"
        );
    }

    // The scenario passes at once, and nothing is written.
    let program = program.arguments("run");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 passed"), "{ended}");
    assert_eq!(program.files(), made);

    // The schemas are where the files say, and accept the files.
    for (file, of) in [
        ("scenarios/first/delivery.yaml", "scenario"),
        ("targets/my-broker.yaml", "target"),
        ("mqtt-check.yaml", "config"),
    ] {
        let text = fs::read_to_string(program.path(file)).expect("made");
        let named = text
            .lines()
            .next()
            .and_then(|line| line.split_once("$schema="));
        let named = program
            .path(file)
            .with_file_name(named.expect("a modeline").1);
        let kept: Value =
            serde_json::from_str(&fs::read_to_string(named).expect("a schema")).expect("JSON");
        let kept = jsonschema::validator_for(&kept).expect("a schema");
        assert_eq!(wrong(&kept, &text), [""; 0], "{file}");
        assert_eq!(wrong(&schema(of), &text), [""; 0], "{file}");
    }

    // The target and the commands of the workflow work once a broker is at the target's address.
    let address = served::serve(Vec::new().into_iter().collect());
    let target = fs::read_to_string(program.path("targets/my-broker.yaml")).expect("made");
    let target = target.replace("127.0.0.1:1883", &address.to_string());
    let mut program = program.file("targets/my-broker.yaml", target);
    let workflow = fs::read_to_string(program.path(".github/workflows/mqtt-check.yml"));
    let workflow: Value = serde_yaml::from_str(&workflow.expect("made")).expect("YAML");
    let steps = workflow["jobs"]["broker"]["steps"]
        .as_array()
        .expect("steps")
        .clone();
    let runs = steps.iter().filter_map(|step| step["run"].as_str());
    let commands: Vec<&str> = runs
        .filter_map(|run| run.strip_prefix("mqtt-check "))
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        // One area of the built-in suite is enough here.
        let narrowed = match command.contains("--suite") {
            true => format!("{command} --filter session/takeover"),
            false => command.to_owned(),
        };
        program = program.arguments(&narrowed).env("CI", "true");
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{narrowed}: {ended}");
    }
}

#[test]
fn init_overwrites_nothing() {
    let program =
        Program::new("init project").file("project/targets/my-broker.yaml", "url: mqtt://a\n");
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("project/targets/my-broker.yaml"),
        "{ended}"
    );
    assert_eq!(program.files(), ["project/targets/my-broker.yaml"]);
    let program = program.arguments("init project --force");
    assert_eq!(program.run().exit, Some(0));
    let program = program.arguments("init project");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!ended.stdout.contains("wrote"), "{ended}");
}
