//! The JSON Schema of `mqtt-check.yaml` for editors, made from the table of keys and the help of the options.

use clap::CommandFactory as _;
use serde_json::{Map, Value, json};

use super::RUN;
use super::key::{KEYS, Key, Kind};
use crate::cli::Cli;
use crate::report::Format;

/// The JSON Schema (2020-12) of the file.
pub(in crate::cli) fn schema() -> Value {
    let command = Cli::command();
    let run = command.find_subcommand(RUN);
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let arg = run.and_then(|run| run.get_arguments().find(|arg| arg.get_id() == key.id));
            let mut schema = of(key, arg);
            if let Some(help) = arg.and_then(clap::Arg::get_help) {
                schema["description"] = help.to_string().into();
            }
            (key.name.to_owned(), schema)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mqtt-check defaults",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn of(key: &Key, arg: Option<&clap::Arg>) -> Value {
    let text = || json!({ "type": ["string", "number"] });
    let many =
        |one: Value| json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] });
    let possible = arg.map(clap::Arg::get_possible_values).unwrap_or_default();
    match key.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": ["number", "string"], "pattern": "^[0-9.]+$" }),
        Kind::Span => json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$" }),
        Kind::Text if !possible.is_empty() => {
            let names: Vec<&str> = possible.iter().map(|value| value.get_name()).collect();
            json!({ "enum": names })
        }
        Kind::Text | Kind::Target | Kind::Path => text(),
        Kind::Texts | Kind::Paths => many(text()),
        Kind::Reports => {
            let formats = Format::all_names().map(|name| (name.to_owned(), many(text())));
            let formats: Map<String, Value> = formats.collect();
            json!({ "type": "object", "additionalProperties": false, "properties": formats })
        }
    }
}
