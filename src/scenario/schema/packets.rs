//! Packets in the schema: sent packets with the keys beside their fields, and expected packets.

use mqtt_check_codec::PacketType;
use serde_json::{Map, Value, json};

use super::{keys, list, mapping, number, refer, some, switched, words};
use crate::scenario::fields::{
    self, Direction, FieldSpec, Kind, PACKETS, SUBSCRIPTION, U32_MAX, WILL,
};

/// Returns the schema of a field's value, which is sent or compared.
fn value(kind: Kind) -> Value {
    match kind {
        Kind::Bool | Kind::Switch => json!({ "anyOf": [refer("boolean"), number(0xFF)] }),
        Kind::QoS => number(2),
        Kind::Number(max) => number(max),
        Kind::Seconds(max) => number(max),
        Kind::PacketId => number(0xFFFF),
        Kind::Text | Kind::Binary | Kind::Payload => refer("text"),
        Kind::Reason => refer("reason"),
        Kind::Reasons => some(refer("reason")),
        Kind::UserProperties => refer("user_properties"),
        Kind::SubscriptionIdentifiers => number(fields::VARIABLE_MAX),
        Kind::Word(known) => words(known.iter().copied()),
        Kind::Will => mapping(field_keys(WILL.iter().copied()), &["topic"]),
    }
}

pub(super) fn field_keys(specs: impl Iterator<Item = FieldSpec>) -> Map<String, Value> {
    let pairs = specs.map(|spec| {
        let mut schema = value(spec.kind);
        if spec.optional {
            schema = json!({ "anyOf": [schema, { "const": "absent" }] });
        }
        (spec.name.to_owned(), switched(schema))
    });
    pairs.collect()
}

/// Returns the schema of a sent packet, with the keys that may appear beside its fields.
pub(super) fn sent(packet: PacketType, raw: bool) -> Value {
    let is_named = |spec: &FieldSpec| match raw {
        true => spec.direction != Direction::Judged,
        false => matches!(spec.direction, Direction::Sent | Direction::Both),
    };
    let mut properties = field_keys(fields::of(packet).filter(is_named));
    let scalar_or_form = refer("text");
    properties.extend(keys([
        (
            "override",
            json!({ "type": "object", "additionalProperties": scalar_or_form }),
        ),
        ("append", refer("text")),
        ("trailing", refer("text")),
        ("properties", refer("text")),
        ("cut", number(fields::VARIABLE_MAX)),
    ]));
    let has_filters = matches!(packet, PacketType::SUBSCRIBE | PacketType::UNSUBSCRIBE);
    if packet == PacketType::SUBSCRIBE {
        properties.extend(field_keys(SUBSCRIPTION.iter().copied()));
    }
    if has_filters {
        properties.extend(keys([
            ("filter", refer("text")),
            ("filters", some(refer("filter"))),
        ]));
    }
    if !raw {
        properties.extend(keys([
            ("expect", answer(packet)),
            (
                "refused",
                json!({ "anyOf": [refer("refused"), { "type": "null" }] }),
            ),
            ("no_wait", refer("boolean")),
            ("within", refer("duration")),
        ]));
        match packet {
            PacketType::PUBLISH => properties.extend(keys([("until", words(["pubrec"]))])),
            PacketType::CONNECT => properties.extend(keys([(
                "scram",
                json!({ "anyOf": [refer("scram"), { "const": "absent" }] }),
            )])),
            PacketType::AUTH => properties.extend(keys([(
                "reauthenticate",
                json!({ "anyOf": [refer("scram"), { "type": "null" }] }),
            )])),
            PacketType::DISCONNECT => properties.extend(keys([("keep_open", refer("boolean"))])),
            _ => {}
        }
    }
    let whole = mapping(properties, &[]);
    match packet {
        _ if has_filters => json!({ "anyOf": [whole, some(refer("filter"))] }),
        PacketType::AUTH if !raw => {
            json!({ "anyOf": [whole, { "const": "reauthenticate" }, { "type": "null" }] })
        }
        _ => json!({ "anyOf": [whole, { "type": "null" }] }),
    }
}

/// Returns the schema of the fields of the packet that answers.
fn answer(packet: PacketType) -> Value {
    match packet {
        PacketType::CONNECT => refer("received_connack"),
        PacketType::PUBLISH => refer("received_puback"),
        PacketType::SUBSCRIBE => refer("received_suback"),
        PacketType::UNSUBSCRIBE => refer("received_unsuback"),
        PacketType::PUBREC => refer("received_pubrel"),
        PacketType::PUBREL => refer("received_pubcomp"),
        PacketType::PINGREQ => refer("received_pingresp"),
        PacketType::AUTH => refer("received_auth"),
        _ => json!({ "type": "object" }),
    }
}

/// Returns the schema of an expected packet.
pub(super) fn received(packet: PacketType) -> Value {
    let specs = fields::of(packet).filter(|spec| spec.direction != Direction::Sent);
    let whole = mapping(expected_keys(specs), &[]);
    json!({ "anyOf": [whole, { "type": "null" }] })
}

/// Returns the schemas of fields in an expectation.
pub(super) fn expected_keys(specs: impl Iterator<Item = FieldSpec>) -> Map<String, Value> {
    let pairs = specs.map(|spec| (spec.name.to_owned(), switched(matcher(spec.kind))));
    pairs.collect()
}

fn matcher(kind: Kind) -> Value {
    let inner = value(kind);
    // A matcher within a matcher is rare, so it is left to the parser.
    let any = json!({});
    let mut ways = vec![
        inner,
        words(["absent", "present"]),
        mapping(keys([("not", any.clone())]), &["not"]),
        mapping(keys([("one_of", list(any.clone()))]), &["one_of"]),
    ];
    match kind {
        Kind::Text | Kind::Binary | Kind::Payload => {
            ways.push(mapping(
                keys([("starts_with", refer("text"))]),
                &["starts_with"],
            ));
        }
        Kind::UserProperties => {
            let includes = keys([("includes", refer("user_properties"))]);
            ways.push(mapping(includes, &["includes"]));
        }
        Kind::SubscriptionIdentifiers => {
            ways.push(mapping(
                keys([("set", list(number(fields::VARIABLE_MAX)))]),
                &["set"],
            ));
        }
        Kind::Reasons => ways.push(list(any)),
        Kind::Word(_) => {}
        _ => {
            let bound = || json!({ "anyOf": [number(U32_MAX), refer("duration")] });
            ways.push(mapping(
                keys([("at_least", bound()), ("at_most", bound())]),
                &[],
            ));
        }
    }
    json!({ "anyOf": ways })
}

/// Returns the words for the packets that a server sends.
pub(super) fn received_words() -> Vec<&'static str> {
    let received = PACKETS.iter().filter(|(_, p)| fields::is_received(*p));
    received.map(|(word, _)| *word).collect()
}

pub(super) fn packet_pattern() -> Value {
    let mut properties = Map::new();
    for word in received_words() {
        let schema = switched(refer(&format!("received_{word}")));
        properties.insert(word.to_owned(), schema);
    }
    let mut whole = mapping(properties, &[]);
    // One packet, possibly with an `if` beside it.
    whole["minProperties"] = json!(1);
    whole["anyOf"] = json!([
        { "maxProperties": 1, "not": { "required": ["if"] } },
        { "maxProperties": 2, "minProperties": 2, "required": ["if"] },
    ]);
    json!({ "anyOf": [words(received_words()), whole] })
}
