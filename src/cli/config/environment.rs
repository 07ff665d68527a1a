//! Defaults from environment variables, one for each key, such as `MQTT_CHECK_TARGET`.

use std::ffi::OsString;

use super::key::{KEYS, Key, Kind};
use super::layers::Given;
use super::wrong_value;
use crate::cli::Failure;
use crate::scenario::suggestion::{did_you_mean, either};

/// The prefix of the variables.
const PREFIX: &str = "MQTT_CHECK_";
/// Not a default: `connection` reads this variable.
const PASSWORD: &str = "MQTT_CHECK_PASSWORD";

/// The name of a key's variable.
pub(super) fn variable(key: &Key) -> String {
    format!("{PREFIX}{}", key.name.to_uppercase())
}

/// Returns the values of the variables, and warnings about unknown names. An empty variable counts as unset.
///
/// # Errors
/// Fails if a value is invalid.
pub(super) fn read(
    variables: impl Iterator<Item = (OsString, OsString)>,
    run: &clap::Command,
) -> Result<(Vec<Given>, Vec<String>), Failure> {
    let (mut given, mut unknown) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        if name == PASSWORD || value.is_empty() {
            continue;
        }
        let Some(key) = KEYS.iter().find(|key| variable(key) == name) else {
            let known: Vec<String> = KEYS.iter().map(variable).collect();
            let near = did_you_mean(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!(": {near}"));
            unknown.push(format!("the variable {name} sets nothing{near}"));
            continue;
        };
        let Some(text) = value.to_str() else {
            return Err(Failure::usage(format!("{name}: not UTF-8")));
        };
        given.push(of(key, name, text, run)?);
    }
    given.sort_by_key(|given| KEYS.iter().position(|key| key == given.key));
    unknown.sort();
    Ok((given, unknown))
}

fn of(key: &'static Key, name: &str, text: &str, run: &clap::Command) -> Result<Given, Failure> {
    let values: Vec<String> = match key.kind {
        Kind::Flag => match text {
            "true" | "1" => vec!["true".to_owned()],
            "false" | "0" => vec!["false".to_owned()],
            _ => {
                return Err(Failure::usage(format!(
                    "{name}: expected `true` or `false`"
                )));
            }
        },
        kind if kind.is_many() => {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        }
        _ => vec![text.to_owned()],
    };
    for value in values.iter().filter(|_| key.kind != Kind::Flag) {
        if let Some(wrong) = wrong_value(run, key, value) {
            let known = wrong.known.iter().map(String::as_str);
            let why = wrong
                .why
                .unwrap_or_else(|| format!("expected {}", either(known)));
            return Err(Failure::usage(format!("{name}: {why}")));
        }
    }
    Ok(Given {
        key,
        values,
        from: name.to_owned(),
    })
}
