//! The JSON Schema of target files for editors. It accepts everything that the parser accepts, and may accept more.
//! docs/targets/format.md lists the same keys; a test compares them.

use mqtt_check_vocabulary::SETTINGS;
use mqtt_check_vocabulary::hook::EVENTS;
use serde_json::{Map, Value, json};

use crate::scenario::model::Capability;

/// The JSON Schema (2020-12) of a target file.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mqtt-check target",
        "$defs": {
            "text": { "type": ["string", "number", "boolean"] },
            "duration": { "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$" },
            "version": { "enum": ["3.1", "3.1.1", "5", 3.1, 5] },
            "node": {
                "type": "object",
                "required": ["url"],
                "additionalProperties": false,
                "properties": { "url": refer("text"), "websocket": refer("text") },
            },
            "start": start(),
            "setting": setting(),
            "source": source(),
            "rule": rule(),
            "deviation": deviation(),
            "kick": kick(),
        },
        "type": "object",
        "anyOf": [{ "required": ["url"] }, { "required": ["urls"] }],
        "additionalProperties": false,
        "properties": properties(),
    })
}

fn properties() -> Value {
    let settings = SETTINGS.iter().map(|setting| setting.name);
    let lacks = Capability::ALL.iter().map(|capability| capability.as_str());
    object([
        ("title", refer("text"), "display name of the broker"),
        (
            "version",
            refer("text"),
            "the version of the broker that the file was written for",
        ),
        ("about", refer("text"), "notes for readers"),
        (
            "install",
            refer("text"),
            "the command that installs the broker",
        ),
        (
            "url",
            refer("text"),
            "where it listens: mqtt://HOST:PORT, mqtts://, ws:// or wss://; with `start`, {port} in place of the number",
        ),
        (
            "websocket",
            refer("text"),
            "where it serves WebSocket, in addition to `url`",
        ),
        (
            "urls",
            list(either(refer("text"), refer("node"))),
            "in place of `url`: the nodes of a cluster",
        ),
        (
            "start",
            either(refer("start"), list(refer("start"))),
            "how to start it; leave out if the broker runs already",
        ),
        (
            "settings",
            named(settings, either(refer("text"), refer("setting"))),
            "how to configure this broker for what a scenario requires",
        ),
        (
            "control",
            mapping(
                object([(
                    "kick",
                    refer("kick"),
                    "how to close the connection of one client",
                )]),
                &["kick"],
            ),
            "actions of an administrator",
        ),
        (
            "instances",
            json!({ "type": "integer", "minimum": 1, "maximum": 256 }),
            "number of instances that run at the same time",
        ),
        (
            "versions",
            list(refer("version")),
            "supported protocol versions",
        ),
        (
            "lacks",
            named(lacks, refer("text")),
            "capabilities that it lacks without announcing it in CONNACK, and why",
        ),
        (
            "limit",
            refer("duration"),
            "default time limit of an expectation",
        ),
        (
            "settle",
            refer("duration"),
            "how long to wait for further packets after an answer",
        ),
        (
            "settle_subscriptions",
            refer("duration"),
            "how long a SUBACK or UNSUBACK may take to be effective on every node",
        ),
        (
            "keep_alive",
            either(refer("duration"), json!({ "const": 0 })),
            "default Keep Alive of connections",
        ),
        (
            "silence_check",
            refer("duration"),
            "how often it checks for silent clients",
        ),
        (
            "credentials",
            json!({ "type": "object", "minProperties": 1 }),
            "existing users and their passwords",
        ),
        ("hooks", list(refer("source")), "sources of hook events"),
        (
            "deviations",
            list(refer("deviation")),
            "accepted deviations",
        ),
    ])
}

fn start() -> Value {
    let properties = object([
        ("command", words(), "the program and its arguments"),
        (
            "node",
            json!({ "type": "integer", "minimum": 0, "maximum": 63 }),
            "the number of the node that the program belongs to",
        ),
        (
            "config",
            refer("text"),
            "the configuration, written to the file {config}",
        ),
        ("stop", words(), "a command that stops it"),
        (
            "within",
            refer("duration"),
            "time limit for the first answer to a CONNECT",
        ),
    ]);
    mapping(properties, &["command"])
}

/// A row of `settings`.
fn setting() -> Value {
    let texts = || json!({ "type": "object", "additionalProperties": refer("text") });
    let lines = || json!({ "type": "object" });
    let commands = || either(words(), list(words()));
    let properties = object([
        (
            "config",
            either(refer("text"), texts()),
            "lines of the configuration",
        ),
        ("arguments", words(), "words of the command"),
        (
            "environment",
            texts(),
            "variables of the broker's processes",
        ),
        ("files", texts(), "files in {folder}"),
        (
            "before",
            commands(),
            "commands that run before the broker starts",
        ),
        (
            "after",
            commands(),
            "commands that run when the broker answers",
        ),
        ("values", texts(), "what to write for {value}, by value"),
        ("least", number(), "smallest value that the broker accepts"),
        ("most", number(), "largest value that the broker accepts"),
        ("unit", refer("duration"), "unit of durations"),
        (
            "each",
            either(refer("text"), lines()),
            "what to write for each user or rule",
        ),
        ("between", refer("text"), "separator between the lines"),
        ("escape", json!({ "enum": ["json"] }), "how to escape names"),
        (
            "each_user",
            lines(),
            "what to write for a rule about a user",
        ),
        (
            "each_client",
            either(json!({ "const": "as_users" }), lines()),
            "what to write for a rule about a client",
        ),
        (
            "subjects",
            lines(),
            "for a broker with a list for each user",
        ),
        (
            "order",
            json!({ "enum": ["first", "denials"] }),
            "which rule takes precedence",
        ),
        (
            "unsupported",
            refer("text"),
            "why the broker cannot be configured this way",
        ),
    ]);
    mapping(properties, &[])
}

fn kick() -> Value {
    let properties = object([
        ("command", words(), "program and arguments"),
        (
            "by",
            json!({ "enum": ["client", "user"] }),
            "whether the client is named by Client Identifier or user name",
        ),
        (
            "reasons",
            words(),
            "reasons that the broker's DISCONNECT can have",
        ),
    ]);
    mapping(properties, &["command"])
}

/// A source of hook events.
fn source() -> Value {
    let kinds = ["output", "file", "mqtt", "http"];
    let properties = object([
        ("source", json!({ "enum": kinds }), "where events come from"),
        ("path", refer("text"), "path of the log file"),
        ("topics", words(), "topic filters to subscribe to"),
        ("answer", refer("text"), "body of the HTTP responses"),
        (
            "settle",
            refer("duration"),
            "how long the source may take to report an event",
        ),
        ("rules", list(refer("rule")), "how events are recognised"),
    ]);
    mapping(properties, &["source", "rules"])
}

fn rule() -> Value {
    let events = EVENTS.iter().map(|event| event.name).collect::<Vec<_>>();
    let pairs = || json!({ "type": "object" });
    let properties = object([
        ("event", json!({ "enum": events }), "the event"),
        (
            "text",
            refer("text"),
            "a pattern to find in the line or payload",
        ),
        ("topic", refer("text"), "a pattern to find in the topic"),
        ("when", pairs(), "values required at JSON paths"),
        (
            "header",
            pairs(),
            "values required in header fields of the request",
        ),
        ("json", pairs(), "fields to read from JSON paths"),
        ("set", pairs(), "fields with a fixed value"),
        (
            "reasons",
            pairs(),
            "the broker's words for the values of `reason` or `trigger`",
        ),
    ]);
    mapping(properties, &["event"])
}

fn deviation() -> Value {
    let properties = object([
        ("case", words(), "the cases that show it"),
        (
            "in_pieces",
            words(),
            "the cases that show it when packets arrive in pieces",
        ),
        (
            "clause",
            words(),
            "the clauses that it violates, with their version",
        ),
        (
            "rule",
            words(),
            "the rule of another standard that it violates",
        ),
        ("came", refer("text"), "what the broker does"),
        (
            "why",
            refer("text"),
            "what the clause requires, in your own words",
        ),
        ("bytes", words(), "the shortest exchange that shows it"),
        (
            "broker",
            json!({ "type": "object" }),
            "the settings that the exchange needs",
        ),
        (
            "log",
            words(),
            "parts of lines in the broker's log during the exchange",
        ),
        ("thread", refer("text"), "the broker's own issue about it"),
    ]);
    mapping(properties, &["case", "came", "why"])
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item, "minItems": 1 })
}

fn either(one: Value, other: Value) -> Value {
    json!({ "anyOf": [one, other] })
}

/// A word or a list of words.
fn words() -> Value {
    either(refer("text"), list(refer("text")))
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A mapping with only these keys.
fn named<'a>(names: impl Iterator<Item = &'a str>, value: Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "enum": names.collect::<Vec<_>>() },
        "additionalProperties": value,
    })
}

/// Keys with their schemas and descriptions.
fn object<const N: usize>(keys: [(&str, Value, &str); N]) -> Value {
    let described = keys.map(|(key, mut schema, about)| {
        schema["description"] = json!(about);
        (key.to_owned(), schema)
    });
    Value::Object(described.into_iter().collect::<Map<_, _>>())
}

fn mapping(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}
