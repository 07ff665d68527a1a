//! WebSocket frames and upgrades as text.

use mqtt_check_codec::describe::quote;
use mqtt_check_websocket::{Answer, Control, Frame, Opcode};

use super::binding::Bound;
use super::line::hex;
use super::packet::FieldText;

fn field(name: &'static str, value: String) -> FieldText {
    FieldText { name, value }
}

/// Formats a frame that a step defines: `frame text length=2`, and every header field with an unusual value. The
/// payload of a control frame is shown. MQTT data has lines of its own.
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

/// Returns the fields of the answer to an upgrade.
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

/// Returns the name and the fields of a received control frame.
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

/// Returns the type of the message that carried a packet, if the step names it or it is not binary as it must be.
pub(super) fn of_packet(carried_in: Option<Opcode>, bound: Option<&Bound>) -> Option<FieldText> {
    let opcode = carried_in?;
    let is_named = bound.is_some_and(|bound| bound.names("frame"));
    (is_named || opcode != Opcode::BINARY).then(|| field("frame", opcode.to_string()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn frame(opcode: Opcode, payload: &'static [u8]) -> Frame {
        Frame {
            fin: true,
            reserved: 0,
            opcode,
            masked: true,
            payload: Bytes::from_static(payload),
        }
    }

    fn joined(fields: Vec<FieldText>) -> String {
        let all: Vec<String> = fields
            .into_iter()
            .map(|field| format!("{}={}", field.name, field.value))
            .collect();
        all.join(" ")
    }

    #[test]
    fn a_usual_frame_is_its_type_and_its_length() {
        assert_eq!(sent(&frame(Opcode::TEXT, b"\xC0\0")), "frame text length=2");
        assert_eq!(sent(&frame(Opcode::BINARY, b"")), "frame binary length=0");
    }

    #[test]
    fn shows_unusual_parts_of_a_frame() {
        let odd = Frame {
            fin: false,
            reserved: 4,
            masked: false,
            ..frame(Opcode::CONTINUATION, b"\0")
        };
        assert_eq!(
            sent(&odd),
            "frame continuation fin=0 reserved=4 masked=0 length=1"
        );
    }

    #[test]
    fn shows_the_content_of_a_non_mqtt_frame() {
        assert_eq!(
            sent(&frame(Opcode::PING, b"\x01\xFF")),
            "frame ping length=2 01 ff"
        );
        assert_eq!(sent(&frame(Opcode::PING, b"")), "frame ping length=0");
    }

    #[test]
    fn an_answer_without_a_subprotocol_shows_none() {
        let answer = |protocol: Option<&str>| Answer {
            status: 101,
            reason: "Switching Protocols".to_owned(),
            protocol: protocol.map(str::to_owned),
            problem: None,
        };
        let shown = |protocol| joined(of_upgrade(&answer(protocol)));
        assert_eq!(shown(Some("mqtt")), "status=101 subprotocol=\"mqtt\"");
        assert_eq!(shown(None), "status=101");
    }

    #[test]
    fn a_received_frame_shows_its_payload_or_its_code() {
        let shown = |control| {
            let (head, fields) = of_control(&control);
            format!("{head} {}", joined(fields)).trim_end().to_owned()
        };
        let payload = || Bytes::from_static(b"still there");
        assert_eq!(
            shown(Control::Ping(payload())),
            "frame ping payload=\"still there\""
        );
        assert_eq!(
            shown(Control::Pong(payload())),
            "frame pong payload=\"still there\""
        );
        assert_eq!(shown(Control::Close(Some(1000))), "frame close code=1000");
        assert_eq!(shown(Control::Close(None)), "frame close");
    }

    #[test]
    fn a_packet_shows_its_frame_only_if_it_is_not_binary() {
        let shown = |carried_in| of_packet(carried_in, None).map(|field| field.value);
        assert_eq!(shown(None), None);
        assert_eq!(shown(Some(Opcode::BINARY)), None);
        assert_eq!(shown(Some(Opcode::TEXT)), Some("text".to_owned()));
    }
}
