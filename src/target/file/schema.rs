//! The JSON Schema of target files, for editors. It is wider than the parser, never narrower: what the parser takes, the
//! schema takes. docs/targets/format.md has the same keys; a test compares them.

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
        ("title", refer("text"), "what people call the broker"),
        ("version", refer("text"), "the version that was looked at"),
        ("about", refer("text"), "for readers"),
        ("install", refer("text"), "the command that installs it"),
        (
            "url",
            refer("text"),
            "where it listens: mqtt://HOST:PORT, mqtts://, ws:// or wss://; with `start`, {port} in place of the number",
        ),
        (
            "websocket",
            refer("text"),
            "where it serves WebSocket beside `url`",
        ),
        (
            "urls",
            list(either(refer("text"), refer("node"))),
            "in place of `url`: the nodes of a cluster",
        ),
        (
            "start",
            either(refer("start"), list(refer("start"))),
            "how it is started; without it the broker runs already",
        ),
        (
            "settings",
            named(settings, either(refer("text"), refer("setting"))),
            "how what a scenario asks for is said to this broker",
        ),
        (
            "control",
            mapping(
                object([("kick", refer("kick"), "how a client's connection is ended")]),
                &["kick"],
            ),
            "what an administrator can do to it",
        ),
        (
            "instances",
            json!({ "type": "integer", "minimum": 1, "maximum": 256 }),
            "how many instances run at the same time",
        ),
        ("versions", list(refer("version")), "what it speaks"),
        (
            "lacks",
            named(lacks, refer("text")),
            "what it cannot do though its CONNACK does not say so, and why",
        ),
        (
            "limit",
            refer("duration"),
            "how long an expectation waits that names no limit",
        ),
        (
            "settle",
            refer("duration"),
            "how long it may take to show that it does more than it answered",
        ),
        (
            "settle_subscriptions",
            refer("duration"),
            "how long after SUBACK or UNSUBACK it may take until that holds on every node",
        ),
        (
            "keep_alive",
            either(refer("duration"), json!({ "const": 0 })),
            "the Keep Alive of connections whose scenario names none",
        ),
        (
            "silence_check",
            refer("duration"),
            "how often it looks for silent clients",
        ),
        (
            "credentials",
            json!({ "type": "object", "minProperties": 1 }),
            "the users that it knows, with their passwords",
        ),
        (
            "hooks",
            list(refer("source")),
            "where it reports what it does",
        ),
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
            "config",
            refer("text"),
            "is written to the file that {config} stands for",
        ),
        ("stop", words(), "a command that stops it"),
        (
            "within",
            refer("duration"),
            "how long it may take until it answers a CONNECT",
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
        ("values", texts(), "what stands for {value}"),
        ("least", number(), "the least that the broker takes"),
        ("most", number(), "the most that the broker takes"),
        ("unit", refer("duration"), "what a span is counted in"),
        (
            "each",
            either(refer("text"), lines()),
            "what each user or rule becomes",
        ),
        ("between", refer("text"), "what is between the lines"),
        (
            "escape",
            json!({ "enum": ["json"] }),
            "how names are written",
        ),
        ("each_user", lines(), "what a rule about a user becomes"),
        (
            "each_client",
            either(json!({ "const": "as_users" }), lines()),
            "what a rule about a client becomes",
        ),
        (
            "subjects",
            lines(),
            "for a broker with a list for each user",
        ),
        (
            "order",
            json!({ "enum": ["first", "denials"] }),
            "which rule decides",
        ),
        (
            "unsupported",
            refer("text"),
            "why the broker has nothing of the kind",
        ),
    ]);
    mapping(properties, &[])
}

fn kick() -> Value {
    let properties = object([
        (
            "command",
            words(),
            "the program that does it, and its arguments",
        ),
        (
            "by",
            json!({ "enum": ["client", "user"] }),
            "what the client is named by",
        ),
        ("reasons", words(), "what the broker's DISCONNECT can say"),
    ]);
    mapping(properties, &["command"])
}

/// A source of hook events.
fn source() -> Value {
    let kinds = ["output", "file", "mqtt", "http"];
    let properties = object([
        ("source", json!({ "enum": kinds }), "where events come from"),
        ("path", refer("text"), "the file that grows"),
        ("topics", words(), "what is subscribed to"),
        ("answer", refer("text"), "the body of the answers"),
        (
            "settle",
            refer("duration"),
            "how long it may take until the source has reported what happened",
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
            "a pattern that is found in the line or payload",
        ),
        (
            "topic",
            refer("text"),
            "a pattern that is found in the topic",
        ),
        ("when", pairs(), "texts at paths of JSON"),
        ("header", pairs(), "header fields of requests"),
        ("json", pairs(), "fields that are read from JSON"),
        ("set", pairs(), "fields that always have this value"),
        (
            "reasons",
            pairs(),
            "what the broker says in place of the words of `reason` or `trigger`",
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
            "the cases that show it where packets come in pieces",
        ),
        (
            "clause",
            words(),
            "the clauses that it is against, with their version",
        ),
        (
            "rule",
            words(),
            "what it is against in a standard that MQTT builds on",
        ),
        ("came", refer("text"), "what came"),
        (
            "why",
            refer("text"),
            "what the clause asks for, in your own words",
        ),
        ("bytes", words(), "the shortest exchange that shows it"),
        (
            "broker",
            json!({ "type": "object" }),
            "the settings that the exchange asks for",
        ),
        (
            "log",
            words(),
            "parts of the lines that the broker's log has meanwhile",
        ),
        ("thread", refer("text"), "where its own people speak of it"),
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

/// A mapping with keys of these names only.
fn named<'a>(names: impl Iterator<Item = &'a str>, value: Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "enum": names.collect::<Vec<_>>() },
        "additionalProperties": value,
    })
}

/// Keys, their schemas, and what they mean.
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
