use std::sync::Arc;

use clap::error::ErrorKind;

use super::key::{About, Kind};
use super::*;
use crate::diagnostic::{Source, Style, render};

fn command() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

fn read_file(text: &str) -> Result<Vec<Given>, String> {
    let command = command();
    let run = command.find_subcommand(RUN).expect("run");
    let source = Arc::new(Source {
        path: "up/mqtt-check.yaml".to_owned(),
        text: text.to_owned(),
    });
    file::parse(&source, Path::new("up/mqtt-check.yaml"), run).map_err(|wrong| {
        let texts = wrong.iter().map(|wrong| render(wrong, Style::Plain));
        texts.collect::<Vec<_>>().join("\n")
    })
}

fn words(text: &str) -> Vec<String> {
    let given = read_file(text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let words = given.iter().flat_map(Given::words);
    words
        .map(|word| word.into_string().expect("UTF-8"))
        .collect()
}

#[test]
fn every_key_is_an_option_of_run_with_the_same_name() {
    let command = command();
    let run = command.find_subcommand(RUN).expect("run");
    for key in KEYS {
        let arg = run.get_arguments().find(|arg| arg.get_id() == key.id);
        let arg = arg.unwrap_or_else(|| panic!("{}", key.name));
        let long = key.name.replace('_', "-");
        let is_named = arg.get_long() == Some(long.as_str()) || arg.is_positional();
        assert!(is_named, "{}", key.name);
        let is_flag = !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        assert_eq!(is_flag, key.kind == Kind::Flag, "{}", key.name);
        let is_many = matches!(arg.get_action(), ArgAction::Append);
        assert_eq!(is_many, key.kind.is_many(), "{}", key.name);
    }
}

/// Every option that needs a broker is marked so in the table.
#[test]
fn knows_which_options_need_a_broker() {
    for key in KEYS.iter().filter(|key| key.id == key.name) {
        let value = match key.kind {
            Kind::Span => "1s",
            Kind::Reports => "json=a.json",
            _ => match key.name {
                "transcripts" => "all",
                "tolerate" => "skips",
                "protocol" => "5",
                _ => "1",
            },
        };
        let given = Given {
            key,
            values: vec![match key.kind {
                Kind::Flag => "true".to_owned(),
                _ => value.to_owned(),
            }],
            from: String::new(),
        };
        let mut all = vec![OsString::from("mqtt-check"), OsString::from(RUN)];
        all.extend(given.words());
        let error = Cli::command().try_get_matches_from(all).err();
        let needs = error.is_some_and(|e| e.kind() == ErrorKind::MissingRequiredArgument);
        let marked = matches!(key.about, About::BelongsToBroker | About::NeedsBroker);
        assert_eq!(needs, marked, "{}", key.name);
    }
}

#[test]
fn becomes_the_words_of_a_command_line() {
    let text = "\
paths: [scenarios, -x]
filter: 'will/*'
target: my-broker
ca: certs/ca.pem
heavy: true
fail_fast: false
jobs: 4
report: { json: [a.json, '-'], html: ../b.html }
";
    assert_eq!(
        words(text),
        [
            "up/scenarios",
            "up/-x",
            "--filter=will/*",
            "--target=my-broker",
            "--ca=up/certs/ca.pem",
            "--heavy",
            "--jobs=4",
            "--report=json=up/a.json",
            "--report=json=-",
            "--report=html=up/../b.html",
        ]
    );
    assert_eq!(
        words("target: targets/a.yaml\n"),
        ["--target=up/targets/a.yaml"]
    );
    assert_eq!(words("# nothing\n"), [""; 0]);
}

#[test]
fn reports_errors_in_a_file_with_their_place() {
    for (text, expected) in [
        ("targt: a\n", "up/mqtt-check.yaml:1:1"),
        ("targt: a\n", "did you mean `target`?"),
        ("colours: 1\n", "known keys: paths, suite, filter"),
        (
            "seed: 1\nupdate: true\n",
            "`--update` is for the command line only",
        ),
        ("seed: 1\nallow_env: [A]\n", "up/mqtt-check.yaml:2:1"),
        ("heavy: yes\n", "expected `true` or `false`"),
        ("heavy: 'true'\n", "expected `true` or `false`"),
        ("jobs: many\n", "up/mqtt-check.yaml:1:7"),
        ("jobs: 0\n", "expected a whole number from 1 to 4096"),
        ("max_wait: 5\n", "`max_wait` cannot be `5`"),
        ("transcripts: fialed\n", "did you mean `failed`?"),
        ("transcripts: some\n", "expected `all`, `failed` or `none`"),
        ("report: { htm: a.html }\n", "did you mean `html`?"),
        ("report: a.html\n", "formats with their files"),
        ("filter: []\n", "at least one"),
        ("target:\n", "expected text, found nothing"),
        ("- a\n", "a mapping of options to values"),
        ("seed: 1\nseed: 2\n", "is given twice"),
    ] {
        let wrong = read_file(text).expect_err(text);
        assert!(wrong.contains(expected), "{text}{wrong}");
    }
}

fn merge(typed: &[&str], environment: &[(&str, &str)], file: &str) -> (Vec<String>, Vec<String>) {
    let command = command();
    let run = command.find_subcommand(RUN).expect("run");
    let variables = environment.iter().map(|(name, value)| {
        (
            OsString::from(format!("MQTT_CHECK_{name}")),
            OsString::from(value),
        )
    });
    let (environment, _) = environment::read(variables, run).expect("an environment");
    let file = read_file(file).expect("a file");
    let (used, unused) = layers::merged(run, typed, environment, file);
    let words = used.iter().flat_map(Given::words);
    (
        words.map(|w| w.to_string_lossy().into_owned()).collect(),
        unused
            .iter()
            .map(|(given, why)| format!("{}: {why}", given.key.name))
            .collect(),
    )
}

#[test]
fn options_override_the_environment_and_that_the_file() {
    let file = "seed: 1\njobs: 2\nmax_wait: 1s\nheavy: true\n";
    let (used, unused) = merge(
        &["jobs"],
        &[("SEED", "5"), ("JOBS", "6"), ("HEAVY", "false")],
        file,
    );
    assert_eq!(used, ["--seed=5", "--max-wait=1s"]);
    let overridden = ["jobs", "seed", "jobs", "heavy"].map(|name| format!("{name}: overridden"));
    assert_eq!(unused, overridden);
}

/// What a file says about one broker, above all its credentials, must not be used for another broker.
#[test]
fn options_of_one_broker_are_not_used_for_another() {
    let file = "broker: mqtts://a\nuser: alice\nca: a.pem\nbaseline: a\ntolerate: skips\n";
    let (used, _) = merge(&["broker"], &[], file);
    assert_eq!(used, ["--tolerate=skips"]);
    let (used, _) = merge(&[], &[("TARGET", "b"), ("USER", "bob")], file);
    assert_eq!(used, ["--target=b", "--user=bob", "--tolerate=skips"]);
    let (used, unused) = merge(&["fault"], &[], file);
    assert_eq!(used, [""; 0]);
    assert!(
        unused.contains(&"user: another broker is named".to_owned()),
        "{unused:?}"
    );
    assert!(
        unused.contains(&"tolerate: no broker is named".to_owned()),
        "{unused:?}"
    );
    // If the file names no broker, its values apply to the broker that is named elsewhere.
    let (used, _) = merge(&["broker"], &[], "user: alice\n");
    assert_eq!(used, ["--user=alice"]);
    let (used, _) = merge(&[], &[], "user: alice\n");
    assert_eq!(used, [""; 0]);
}

#[test]
fn leaves_out_values_that_contradict_an_option() {
    let (used, unused) = merge(&["update"], &[], "no_snapshots: true\nseed: 3\n");
    assert_eq!(used, ["--seed=3"]);
    assert_eq!(
        unused,
        ["no_snapshots: conflicts with an option that overrides it"]
    );
}

#[test]
fn names_a_variable_that_is_wrong_or_unknown() {
    let command = command();
    let run = command.find_subcommand(RUN).expect("run");
    let read =
        |name: &str, value: &str| environment::read([(name.into(), value.into())].into_iter(), run);
    for (name, value, expected) in [
        (
            "MQTT_CHECK_JOBS",
            "many",
            "MQTT_CHECK_JOBS: expected a whole number from 1 to 4096",
        ),
        (
            "MQTT_CHECK_HEAVY",
            "yes",
            "MQTT_CHECK_HEAVY: expected `true` or `false`",
        ),
        (
            "MQTT_CHECK_TRANSCRIPTS",
            "x",
            "expected `all`, `failed` or `none`",
        ),
        ("MQTT_CHECK_REPORT", "json", "FORMAT=FILE"),
    ] {
        let failure = read(name, value).expect_err(name);
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
    let (_, unknown) = read("MQTT_CHECK_TARGT", "a").expect("no error");
    assert_eq!(
        unknown,
        ["the variable MQTT_CHECK_TARGT sets nothing: did you mean `MQTT_CHECK_TARGET`?"]
    );
    for quiet in ["MQTT_CHECK_PASSWORD", "OTHER"] {
        let (given, unknown) = read(quiet, "a").expect("no error");
        assert!(given.is_empty() && unknown.is_empty(), "{quiet}");
    }
}
