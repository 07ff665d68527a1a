//! What a WebSocket shows below MQTT.

use mqtt_check_codec::describe::quote;
use mqtt_check_websocket::{Answer, Control, Frame, Opcode};

use super::binding::Bound;
use super::line::hex;
use super::packet::FieldText;

fn field(name: &str, value: String) -> FieldText {
    FieldText {
        name: name.to_owned(),
        value,
    }
}

/// A frame that a step says: `frame text length=2`, and what is not as in any other frame. What is in it is shown
/// unless it is for MQTT, which stands on lines of its own.
pub(super) fn sent(frame: &Frame) -> String {
    let mut text = format!("frame {}", frame.opcode);
    for (name, value, usual) in [
        ("fin", u8::from(frame.fin), 1),
        ("reserved", frame.reserved, 0),
        ("masked", u8::from(frame.masked), 1),
    ] {
        if value != usual {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    text.push_str(&format!(" length={}", frame.payload.len()));
    if frame.opcode.is_control() && !frame.payload.is_empty() {
        text.push_str(&format!(" {}", hex(&frame.payload)));
    }
    text
}

/// The answer to an upgrade.
pub(super) fn of_upgrade(answer: &Answer) -> Vec<FieldText> {
    let mut fields = vec![field("status", answer.status.to_string())];
    fields.extend(
        answer
            .protocol
            .as_deref()
            .map(|name| field("subprotocol", quote(name))),
    );
    fields
}

/// A frame that came, and its fields.
pub(super) fn of_control(control: &Control) -> (&'static str, Vec<FieldText>) {
    let payload = |payload: &[u8]| vec![field("payload", quote(&String::from_utf8_lossy(payload)))];
    match control {
        Control::Ping(bytes) => ("frame ping", payload(bytes)),
        Control::Pong(bytes) => ("frame pong", payload(bytes)),
        Control::Close(code) => {
            let code = code.map(|code| field("code", code.to_string()));
            ("frame close", code.into_iter().collect())
        }
    }
}

/// The type of the message that a packet came in, where it is asked for or not as it must be.
pub(super) fn of_packet(carried_in: Option<Opcode>, bound: Option<&Bound>) -> Option<FieldText> {
    let opcode = carried_in?;
    let is_named = bound.is_some_and(|bound| bound.names("frame"));
    (is_named || opcode != Opcode::BINARY).then(|| field("frame", opcode.to_string()))
}
