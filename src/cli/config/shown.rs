//! `run --print-config`: every default with its value and source, as a valid `mqtt-check.yaml`.

use std::collections::BTreeMap;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::key::{KEYS, Key, Kind};
use super::layers::Given;
use super::{Defaults, is_typed};
use crate::transport::shown_url;

/// The value of a key and its source.
#[derive(Debug)]
pub(super) struct Shown {
    key: &'static Key,
    /// Empty if nothing is set.
    values: Vec<String>,
    from: String,
}

/// The values that clap parsed.
pub(super) fn values(matches: &ArgMatches, used: &[Given], first: &ArgMatches) -> Vec<Shown> {
    let shown = KEYS.iter().map(|key| {
        let given = used.iter().find(|given| given.key == key);
        let raw = matches.try_get_raw(key.id).ok().flatten();
        let values = raw.into_iter().flatten();
        let values: Vec<String> = values.map(|v| v.to_string_lossy().into_owned()).collect();
        let from = match given {
            Some(given) => given.from.clone(),
            None if is_typed(first, key.id) => match key.id == key.name {
                true => format!("--{}", key.name.replace('_', "-")),
                false => "the command line".to_owned(),
            },
            None if values.is_empty() => "not set".to_owned(),
            None => "default".to_owned(),
        };
        let is_default = matches.value_source(key.id) == Some(ValueSource::DefaultValue);
        let values = match given {
            Some(given) if is_default => given.values.clone(),
            _ => values,
        };
        Shown { key, values, from }
    });
    shown.collect()
}

impl Defaults {
    /// Renders all defaults.
    pub(in crate::cli) fn shown(&self) -> String {
        let mut text = match &self.file {
            Some(file) => format!("# read: {}\n", file.display()),
            None => "# no mqtt-check.yaml is read\n".to_owned(),
        };
        let lines: Vec<(String, &str)> = self
            .values
            .iter()
            .map(|shown| (line(shown), shown.from.as_str()))
            .collect();
        let widths = lines.iter().map(|(line, _)| line.chars().count());
        let width = widths.filter(|width| *width <= 48).max().unwrap_or(0);
        for (line, from) in &lines {
            text.push_str(&format!("{line:width$}  # {from}\n"));
        }
        for (given, why) in &self.unused {
            let name = given.key.name;
            text.push_str(&format!("# not used: {name} ({}): {why}\n", given.from));
        }
        text
    }
}

fn line(shown: &Shown) -> String {
    let name = shown.key.name;
    let values: Vec<String> = shown
        .values
        .iter()
        .map(|value| match name {
            "broker" | "websocket" => quoted(&shown_url(value)),
            _ => quoted(value),
        })
        .collect();
    match (shown.key.kind, values.as_slice()) {
        (_, []) => format!("# {name}:"),
        (Kind::Reports, _) => format!("{name}: {{ {} }}", reports(&shown.values)),
        (kind, values) if kind.is_many() => format!("{name}: [{}]", values.join(", ")),
        (_, [value, ..]) => format!("{name}: {value}"),
    }
}

/// Renders formats with their files.
fn reports(values: &[String]) -> String {
    let mut by_format: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for value in values {
        let (format, file) = value.split_once('=').unwrap_or((value, ""));
        by_format.entry(format).or_default().push(quoted(file));
    }
    let formats = by_format
        .iter()
        .map(|(format, files)| match files.as_slice() {
            [file] => format!("{format}: {file}"),
            files => format!("{format}: [{}]", files.join(", ")),
        });
    let formats: Vec<String> = formats.collect();
    formats.join(", ")
}

/// Quotes a text for use within YAML brackets, if needed.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+$@".contains(c);
    let begins = text.chars().next();
    match begins.is_some_and(|c| c.is_ascii_alphanumeric() || "./_".contains(c))
        && text.chars().all(is_plain)
    {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}
