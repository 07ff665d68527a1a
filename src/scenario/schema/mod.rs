//! The JSON Schema of scenario files for editors, made from the tables that the parser uses.
//!
//! The schema is never stricter than the parser: it accepts everything that the parser accepts. It also accepts more,
//! because it does not know versions and hardly checks where things appear in a file.

use mqtt_check_codec::PacketType;
use mqtt_check_vocabulary::hook::{EVENTS, FieldKind};
use mqtt_check_vocabulary::{ClientIds, Kind, SETTINGS};
use serde_json::{Map, Value, json};

mod broker;
mod packets;
mod websocket;

pub use broker::configuration;
use packets::{field_keys, packet_pattern, received, received_words, sent};

use super::client::{NODE_MAX, RESERVED};
use super::expectation::MODIFIERS;
use super::fields::{self, Direction, PACKETS, SUBSCRIPTION, U32_MAX};
use super::model::{Capability, Driver, Level, ScramFault, Transport};

/// A regular expression for the bug report in which a behaviour was seen.
const THREAD: &str = "^[A-Za-z0-9._-]{1,100}#[1-9][0-9]{0,8}$";

/// Returns the JSON Schema (2020-12) of a scenario file.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mqtt-check scenario",
        "$defs": definitions(),
        "type": "object",
        "required": ["title", "clients", "steps"],
        "additionalProperties": false,
        "properties": {
            "title": switched(refer("scalar")),
            "about": switched(refer("scalar")),
            "threads": switched(list(switched(refer("thread")))),
            "tags": switched(list(json!({ "type": "string" }))),
            "versions": list(refer("version")),
            "needs": switched(list(refer("capability"))),
            "exclusive": switched(json!({ "enum": [true, false, 0, 1, "true", "false", "0", "1", "if_possible"] })),
            "prefix": switched(json!({ "enum": ["apart", "joined"] })),
            "broker": switched(refer("settings")),
            "prefers": switched(refer("settings")),
            "clients": switched(json!({
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "not": { "enum": RESERVED } },
                "additionalProperties": switched(refer("client")),
            })),
            "steps": switched(list(switched(refer("step")))),
            "control": switched(refer("control")),
            "exercised_if": switched(list(json!({
                "type": "object",
                "minProperties": 1,
                "properties": { "if": refer("condition") },
                "additionalProperties": switched(refer("packet_pattern")),
            }))),
            "cases": {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "product": refer("dimensions"),
                    "pairs": refer("dimensions"),
                    "except": list(json!({
                        "type": "object",
                        "required": ["because"],
                        "additionalProperties": some(refer("scalar")),
                    })),
                },
                "additionalProperties": { "type": ["object", "null"] },
            },
        },
    })
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// One item, or a list of items.
fn some(item: Value) -> Value {
    json!({ "anyOf": [item.clone(), list(item)] })
}

/// A value, a version switch of it, or a name that a row's value replaces.
fn switched(value: Value) -> Value {
    json!({
        "anyOf": [
            value.clone(),
            refer("filled_in"),
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "enum": ["3.1", "3.1.1", "5"] },
                "additionalProperties": { "anyOf": [value, refer("filled_in")] },
            },
        ],
    })
}

/// One of these words.
fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    json!({ "enum": words.into_iter().collect::<Vec<_>>() })
}

/// A mapping with these keys and no others, except `if` and keys into which a row's value is filled.
fn mapping(mut properties: Map<String, Value>, required: &[&str]) -> Value {
    properties.insert("if".to_owned(), refer("condition"));
    json!({
        "type": "object",
        "additionalProperties": false,
        "patternProperties": { "\\$": true },
        // A row may provide the required keys.
        "anyOf": [
            { "required": required },
            { "not": { "propertyNames": { "not": { "pattern": "\\$" } } } },
        ],
        "properties": properties,
    })
}

/// Keys and their schemas.
fn keys<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, value)| (key.to_owned(), switched(value)))
        .collect()
}

fn number(maximum: u64) -> Value {
    json!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": maximum }, { "type": "string" }] })
}

fn definitions() -> Map<String, Value> {
    let mut out = Map::new();
    let mut define = |name: &str, schema: Value| {
        out.insert(name.to_owned(), schema);
    };
    define(
        "scalar",
        json!({ "type": ["string", "number", "boolean", "null"] }),
    );
    define(
        "filled_in",
        json!({ "type": "string", "pattern": "^\\$[a-z]", "description": "a value of the row, a counter, or a name bound by an expectation" }),
    );
    define("condition", condition());
    define(
        "dimensions",
        json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [list(refer("scalar")), { "type": "object", "minProperties": 1 }],
            },
        }),
    );
    define("version", json!({ "enum": ["3.1", "3.1.1", "5", 3.1, 5] }));
    define(
        "thread",
        json!({ "type": "string", "pattern": THREAD, "examples": ["mosquitto#2342"] }),
    );
    define(
        "boolean",
        json!({ "enum": [true, false, 0, 1, "true", "false", "0", "1"] }),
    );
    define(
        "duration",
        json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$|\\$", "examples": ["500ms", "5s", "1h30m"] }),
    );
    define(
        "capability",
        words(Capability::ALL.iter().map(|c| c.as_str())),
    );
    define("text", text());
    define("reason", json!({ "type": ["string", "integer"] }));
    define(
        "user_properties",
        json!({ "anyOf": [
            { "type": "object", "additionalProperties": refer("text") },
            list(json!({ "type": "array", "items": refer("text"), "minItems": 2, "maxItems": 2 })),
        ] }),
    );
    define("settings", settings());
    define(
        "scram",
        mapping(
            keys([
                ("user", refer("text")),
                ("password", refer("text")),
                ("wrong", words(ScramFault::ALL.iter().map(|f| f.as_str()))),
            ]),
            &[],
        ),
    );
    define("client", client());
    define("step", step());
    define("action", action());
    define("control", control());
    define("expectation", expectation());
    define("packet_pattern", packet_pattern());
    define("refused", refused());
    define("opening", websocket::opening());
    define("frame", websocket::frame());
    define("received_upgrade", websocket::received_upgrade());
    define("received_frame", websocket::received_frame());
    define("filter", filter());
    define("hooks", hooks());
    for (word, packet) in PACKETS {
        define(&format!("sent_{word}"), sent(*packet, false));
        define(&format!("raw_{word}"), sent(*packet, true));
        if fields::is_received(*packet) {
            define(&format!("received_{word}"), received(*packet));
        }
    }
    out
}

/// `if`: a row's value that is true or false, or the values that the row must have.
fn condition() -> Value {
    let words = || some(refer("scalar"));
    let not = json!({ "type": "object", "required": ["not"], "properties": { "not": words() } });
    json!({ "anyOf": [
        refer("filled_in"),
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": { "anyOf": [words(), not] },
        },
    ] })
}

fn text() -> Value {
    let forms = keys([
        ("text", refer("scalar")),
        ("hex", refer("scalar")),
        (
            "repeat",
            json!({ "anyOf": [refer("scalar"), { "type": "object" }] }),
        ),
        ("times", number(fields::VARIABLE_MAX)),
        ("size", number(fields::VARIABLE_MAX)),
        ("notation", refer("scalar")),
    ]);
    json!({ "anyOf": [refer("scalar"), mapping(forms, &[])] })
}

fn filter() -> Value {
    let mut properties = field_keys(SUBSCRIPTION.iter().copied());
    properties.extend(keys([("filter", refer("text"))]));
    json!({ "anyOf": [refer("text"), mapping(properties, &["filter"])] })
}

fn refused() -> Value {
    let properties = keys([
        ("codes", some(switched(refer("reason")))),
        ("connack", words(["allowed", "never", "required"])),
    ]);
    mapping(properties, &[])
}

fn expectation() -> Value {
    let mut properties = Map::new();
    for word in received_words() {
        let schema = switched(refer(&format!("received_{word}")));
        properties.insert(word.to_owned(), schema);
    }
    let sequence = || some(switched(refer("expectation")));
    let closed = mapping(keys([("how", words(["close", "reset"]))]), &[]);
    let silence = mapping(
        keys([
            ("of", some(words(received_words()))),
            ("for", refer("duration")),
        ]),
        &[],
    );
    properties.extend(keys([
        ("closed", json!({ "anyOf": [closed, { "type": "null" }] })),
        (
            "refused",
            json!({ "anyOf": [refer("refused"), { "type": "null" }] }),
        ),
        ("silence", json!({ "anyOf": [silence, { "type": "null" }] })),
        ("upgrade", refer("received_upgrade")),
        ("frame", refer("received_frame")),
        ("in_order", list(switched(refer("expectation")))),
        ("unordered", list(switched(refer("packet_pattern")))),
        ("any_of", list(switched(sequence()))),
    ]));
    for word in MODIFIERS {
        let schema = match word {
            "within" | "not_before" => refer("duration"),
            "keep_alive" => number(u64::from(u16::MAX)),
            "after" => json!({ "type": ["string", "number"] }),
            "optional" => refer("boolean"),
            _ => number(U32_MAX),
        };
        properties.insert(word.to_owned(), switched(schema));
    }
    let mut named = received_words();
    named.extend(["closed", "refused", "silence", "upgrade"]);
    json!({ "anyOf": [words(named), mapping(properties, &[])] })
}

fn action() -> Value {
    let mut properties = Map::new();
    let mut alone = vec!["open", "drop"];
    for (word, packet) in PACKETS {
        let (name, is_action) = match *packet {
            PacketType::PINGREQ => ("ping", true),
            PacketType::CONNACK
            | PacketType::SUBACK
            | PacketType::UNSUBACK
            | PacketType::PINGRESP => (*word, false),
            _ => (*word, true),
        };
        if is_action {
            properties.insert(name.to_owned(), switched(refer(&format!("sent_{word}"))));
            alone.push(name);
        }
    }
    let mut raw = Map::new();
    for (word, _) in PACKETS {
        raw.insert((*word).to_owned(), switched(refer(&format!("raw_{word}"))));
    }
    properties.extend(keys([
        (
            "open",
            json!({ "anyOf": [refer("opening"), { "type": "null" }] }),
        ),
        ("frame", refer("frame")),
        (
            "drop",
            json!({ "enum": ["close", "half_close", "reset", null] }),
        ),
        (
            "send",
            json!({ "anyOf": [refer("scalar"), mapping(raw, &[])] }),
        ),
        ("batch", list(switched(refer("action")))),
        ("expect", some(switched(refer("expectation")))),
    ]));
    let mut whole = mapping(properties, &[]);
    whole["maxProperties"] = json!(2);
    json!({ "anyOf": [words(alone), whole] })
}

fn step() -> Value {
    let client = json!({ "type": "string" });
    let kick = mapping(
        keys([("client", client.clone()), ("reason", refer("reason"))]),
        &["client"],
    );
    let redirect = mapping(
        keys([
            ("client", client.clone()),
            ("reason", words(["use_another_server", "server_moved"])),
            ("server_reference", refer("scalar")),
            ("at", words(["now", "connect"])),
        ]),
        &["client", "reason"],
    );
    let node = || number(NODE_MAX);
    let details = keys([
        ("kick", json!({ "anyOf": [client.clone(), kick] })),
        ("redirect", redirect),
        ("kill", node()),
        ("stop", node()),
        ("restart", node()),
        ("pause", node()),
        ("continue", node()),
    ]);
    let steps = || list(switched(refer("step")));
    let repeat = mapping(
        keys([
            ("times", number(100_000)),
            ("folded", refer("boolean")),
            ("as", json!({ "type": "string" })),
            ("steps", steps()),
        ]),
        &["times", "steps"],
    );
    let properties = keys([
        ("id", refer("scalar")),
        ("only", some(refer("version"))),
        ("when", answers()),
        (
            "clause",
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "maxItems": 2 }] }),
        ),
        (
            "rule",
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "maxItems": 2 }] }),
        ),
        ("level", words(Level::ALL.iter().map(|l| l.as_str()))),
        ("note", refer("scalar")),
        ("wait", refer("duration")),
        ("hooks", refer("hooks")),
        (
            "broker",
            json!({ "anyOf": [words(["restart", "stop", "kill"]), mapping(details, &[])] }),
        ),
        ("choice", refer("scalar")),
        ("of", client.clone()),
        ("one_of", list(client.clone())),
        ("expect", refer("expectation")),
        ("as", client.clone()),
        ("rest", client),
        ("about", refer("scalar")),
        ("varies", refer("boolean")),
        (
            "answers",
            json!({ "type": "object", "minProperties": 2, "additionalProperties": some(switched(refer("expectation"))) }),
        ),
        ("parallel", steps()),
        ("repeat", repeat),
        ("if", refer("condition")),
        ("steps", steps()),
    ]);
    json!({
        "type": "object",
        "minProperties": 1,
        "properties": properties,
        // A value of the row may name the client, or be a mapping of keys.
        "patternProperties": { "^\\$": { "anyOf": [switched(refer("action")), { "type": "null" }] } },
        // Every other key of a step is a client, with its action.
        "additionalProperties": switched(refer("action")),
    })
}

fn hooks() -> Value {
    let mut properties = Map::new();
    for event in EVENTS {
        let pairs = event.fields.iter().map(|field| {
            let schema = match field.kind {
                FieldKind::Client | FieldKind::Text => refer("scalar"),
                FieldKind::Flag => refer("boolean"),
                FieldKind::Number(max) => number(max),
                FieldKind::Code => refer("reason"),
                FieldKind::Word(known) => words(known.iter().copied()),
            };
            (field.name.to_owned(), switched(schema))
        });
        let whole = mapping(pairs.collect(), &[]);
        let schema = json!({ "anyOf": [whole, { "type": "null" }] });
        properties.insert(event.name.to_owned(), switched(schema));
    }
    let mut one = mapping(properties, &[]);
    one["maxProperties"] = json!(2);
    let events = list(switched(
        json!({ "anyOf": [words(EVENTS.iter().map(|event| event.name)), one] }),
    ));
    let both = keys([("of", some(refer("scalar"))), ("events", events.clone())]);
    json!({ "anyOf": [events, mapping(both, &["events"])] })
}

/// Every setting, as far as its kind can be expressed here. The parser checks the rest.
fn settings() -> Value {
    let pairs = SETTINGS.iter().map(|setting| {
        let value = match setting.kind {
            Kind::Flag => refer("boolean"),
            Kind::ClientIds => words(ClientIds::WORDS.iter().copied()),
            Kind::QoS | Kind::Number { .. } | Kind::Span | Kind::Expiry { .. } | Kind::Text => {
                json!({ "anyOf": [refer("scalar"), { "type": "object" }] })
            }
            Kind::Clients | Kind::Origins => some(refer("scalar")),
            Kind::Users | Kind::Authentication => json!({ "type": "object" }),
            Kind::Access => list(json!({ "type": "object" })),
        };
        let mut value = switched(value);
        value["description"] = json!(setting.about.trim());
        (setting.name.to_owned(), value)
    });
    mapping(pairs.collect(), &[])
}

fn client() -> Value {
    let sent = fields::of(PacketType::CONNECT).filter(|spec| spec.direction == Direction::Sent);
    let mut properties = field_keys(sent);
    properties.extend(keys([
        ("id", refer("text")),
        ("scram", refer("scram")),
        ("version", refer("version")),
        ("driver", words(Driver::ALL.iter().map(|d| d.as_str()))),
        ("ack", words(["auto", "manual"])),
        ("withhold", some(switched(refer("packet_pattern")))),
        (
            "transport",
            words(Transport::ALL.iter().map(|t| t.as_str())),
        ),
        ("node", number(super::client::NODE_MAX)),
    ]));
    json!({ "anyOf": [mapping(properties, &[]), { "type": "null" }] })
}

/// Choices, and the answers that they must have had.
fn answers() -> Value {
    json!({ "type": "object", "additionalProperties": refer("scalar") })
}

fn control() -> Value {
    let expected = json!({
        "type": "object",
        "properties": keys([
            ("if", refer("condition")),
            ("only", some(refer("version"))),
            ("when", answers()),
            ("note", refer("scalar")),
            ("hooks", refer("hooks")),
        ]),
        "additionalProperties": some(switched(refer("expectation"))),
    });
    let properties = keys([
        ("without", some(refer("scalar"))),
        (
            "with",
            json!({
                "type": "object",
                "properties": { "if": refer("condition") },
                "additionalProperties": refer("step"),
            }),
        ),
        ("broker", refer("settings")),
        ("expect", some(switched(expected))),
    ]);
    mapping(properties, &["expect"])
}
