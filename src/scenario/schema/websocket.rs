//! WebSocket frames and upgrades in the schema.

use serde_json::{Value, json};

use super::{fields, keys, list, mapping, number, refer, some, switched, words};
use crate::scenario::websocket::{CONTROLS, TYPES};

use super::packets::expected_keys;

/// The value of `open`.
pub(super) fn opening() -> Value {
    let expected = mapping(expected_keys(fields::UPGRADE.iter().copied()), &[]);
    let properties = keys([
        ("subprotocols", some(json!({ "type": "string" }))),
        ("expect", expected),
        ("refused", json!({ "type": "null" })),
        ("no_wait", refer("boolean")),
    ]);
    mapping(properties, &[])
}

/// The value of `upgrade` in an expectation.
pub(super) fn received_upgrade() -> Value {
    let whole = mapping(expected_keys(fields::UPGRADE.iter().copied()), &[]);
    json!({ "anyOf": [whole, { "type": "null" }] })
}

/// The value of `frame` as an action.
pub(super) fn frame() -> Value {
    let types = words(TYPES.map(|(word, _)| word));
    let properties = keys([
        ("type", json!({ "anyOf": [types, number(15)] })),
        ("payload", refer("text")),
        ("packets", list(switched(refer("action")))),
        ("code", number(0xFFFF)),
        ("fin", refer("boolean")),
        ("masked", refer("boolean")),
        ("fragmented", refer("boolean")),
        ("reserved", number(7)),
        ("in_pieces_of", number(fields::VARIABLE_MAX)),
        ("cut_every", number(fields::VARIABLE_MAX)),
    ]);
    mapping(properties, &[])
}

/// The value of `frame` in an expectation.
pub(super) fn received_frame() -> Value {
    let specs = fields::CLOSE_FRAME.iter().chain(fields::PING_FRAME);
    let mut properties = expected_keys(specs.copied());
    properties.extend(keys([("type", words(CONTROLS))]));
    mapping(properties, &["type"])
}
