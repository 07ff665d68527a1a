//! The fields of a packet by name.

use mqtt_check_codec::describe::visible;
use mqtt_check_codec::{ConnAck, FieldValue, Packet, ProtocolVersion};
use serde::{Deserialize, Serialize};

use crate::transcript::clipped;

/// The longest text or binary value, in bytes.
const LONGEST: usize = 1024;

/// A field of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Field {
    /// The name that scenarios use; fields of a Will begin with `will_`.
    pub name: String,
    pub value: Value,
}

/// The value of a field. Invisible characters of a text are escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Value {
    Flag(bool),
    Number(u32),
    /// A text, or binary data that is text.
    Text(String),
    /// A reason code.
    Reason {
        code: u8,
        /// The standard's name for it in this packet, in snake case.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Binary data that is not text.
    Binary {
        hex: String,
        /// How many more bytes followed.
        #[serde(default, skip_serializing_if = "super::case::is_zero")]
        left_out: usize,
    },
    /// A User Property.
    Pair {
        key: String,
        value: String,
    },
}

/// Returns every field of a packet, in wire order.
pub(super) fn fields(packet: &Packet, version: ProtocolVersion) -> Vec<Field> {
    let fields = packet.fields(version).into_iter();
    let one = |field: mqtt_check_codec::Field| Field {
        name: field.name.base.to_owned(),
        value: value(&field.value, packet, version),
    };
    fields.map(one).collect()
}

fn value(value: &FieldValue, packet: &Packet, version: ProtocolVersion) -> Value {
    match value {
        FieldValue::Flag(flag) => Value::Flag(*flag),
        FieldValue::Number(number) => Value::Number(*number),
        FieldValue::Text(text) => Value::Text(shown(text)),
        FieldValue::Binary(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if visible(text) == text => Value::Text(shown(text)),
            _ => {
                let (hex, left_out) = hex(bytes, LONGEST);
                Value::Binary { hex, left_out }
            }
        },
        FieldValue::Reason(code) => Value::Reason {
            code: code.0,
            name: code.name(packet.packet_type(), version).map(str::to_owned),
        },
        FieldValue::Pair(key, value) => Value::Pair {
            key: shown(key),
            value: shown(value),
        },
        FieldValue::Version(version) => Value::Text(version.to_string()),
    }
}

fn shown(text: &str) -> String {
    visible(&clipped(text, LONGEST))
}

/// Returns the first `most` bytes in hexadecimal, and the number of bytes left out.
pub(super) fn hex(bytes: &[u8], most: usize) -> (String, usize) {
    let kept = &bytes[..bytes.len().min(most)];
    let text = kept.iter().map(|byte| format!("{byte:02x}")).collect();
    (text, bytes.len() - kept.len())
}

/// Returns the fields of a CONNACK of version 5.
pub(super) fn of_connack(connack: &ConnAck) -> Vec<Field> {
    let packet = Packet::ConnAck(connack.clone());
    fields(&packet, ProtocolVersion::V5)
}
