//! A packet that cannot be decoded, in words: its fields up to the error, and the error.

use bytes::Bytes;
use mqtt_check_codec::describe::show_bytes;
use mqtt_check_codec::{
    DecodeError, FieldName, FieldPart, FieldSpan, Frame, Packet, PacketType, ProtocolVersion,
};

/// Describes bytes that are one whole frame but no valid packet: `SUBSCRIBE packet_id=1 filter="a" options=0x30
/// (retain_handling at byte 9: is 3)`. `None` for other bytes.
pub(super) fn of_bytes(bytes: &Bytes, version: ProtocolVersion, prefix: &str) -> Option<String> {
    let frame = Frame::from_bytes(bytes.clone()).ok()?;
    let error = Packet::decode(&frame, version).err()?;
    Some(of_frame(&frame, version, prefix, [&error]))
}

/// Describes a frame in which these errors were found.
pub(super) fn of_frame<'e>(
    frame: &Frame,
    version: ProtocolVersion,
    prefix: &str,
    errors: impl IntoIterator<Item = &'e DecodeError>,
) -> String {
    let (_, spans) = Packet::decode_with_layout(frame, version);
    let packet = frame.packet_type();
    let mut text = packet.to_string();
    text.push_str(&flags(frame));
    for span in &spans {
        text.push_str(&field(frame, span, &spans, prefix));
    }
    let of_packet = format!("{packet}: ");
    let errors = errors.into_iter().map(|error| {
        let error = error.to_string();
        error.strip_prefix(&of_packet).unwrap_or(&error).to_owned()
    });
    let errors: Vec<String> = errors.collect();
    format!("{text} ({})", errors.join("; "))
}

/// The flags of a PUBLISH that are not 0.
fn flags(frame: &Frame) -> String {
    let header = frame.bytes().first().copied().unwrap_or_default();
    if frame.packet_type() != PacketType::PUBLISH {
        return String::new();
    }
    let flags = [
        ("dup", header >> 3 & 1),
        ("qos", header >> 1 & 3),
        ("retain", header & 1),
    ];
    let flags = flags.iter().filter(|(_, value)| *value > 0);
    flags
        .map(|(name, value)| format!(" {name}={value}"))
        .collect()
}

/// Formats one field. Lengths and identifiers of properties are not shown.
fn field(frame: &Frame, span: &FieldSpan, all: &[FieldSpan], prefix: &str) -> String {
    const FRAMING: [&str; 5] = [
        "fixed_header",
        "remaining_length",
        "property_length",
        "will_property_length",
        "protocol_name",
    ];
    let bytes = frame.bytes().get(span.range.clone()).unwrap_or_default();
    let FieldName { base, part, .. } = span.name;
    let length = match part {
        FieldPart::Value => FieldPart::Length,
        FieldPart::Name => FieldPart::NameLength,
        FieldPart::PairValue => FieldPart::PairValueLength,
        _ => return String::new(),
    };
    if FRAMING.contains(&base) || bytes.is_empty() {
        return String::new();
    }
    let has_length = all.iter().any(|other| other.name == span.name.with(length));
    let value = match bytes {
        _ if base.contains("password") => "<password>".to_owned(),
        _ if has_length || base == "payload" => show_bytes(&without(bytes, prefix)),
        [bits] if base.ends_with("flags") || base.ends_with("options") => format!("{bits:#04x}"),
        [_, _, _, _, _, ..] => show_bytes(bytes),
        _ => {
            let number = bytes
                .iter()
                .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            number.to_string()
        }
    };
    format!(" {}={value}", span.name)
}

/// Removes the prefix that topics and Client Identifiers have on a shared broker, with its separator.
fn without(bytes: &[u8], prefix: &str) -> Vec<u8> {
    let prefix = prefix.as_bytes();
    if prefix.is_empty() {
        return bytes.to_vec();
    }
    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    while let Some((first, tail)) = rest.split_first() {
        rest = match rest.strip_prefix(prefix) {
            Some([b'/' | b'-', after @ ..] | after) => after,
            None => {
                kept.push(*first);
                tail
            }
        };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(bytes: &'static [u8], prefix: &str) -> Option<String> {
        of_bytes(&Bytes::from_static(bytes), ProtocolVersion::V5, prefix)
    }

    #[test]
    fn shows_the_fields_up_to_the_error_and_the_error() {
        assert_eq!(
            described(b"\x33\x10\x00\x03a/b\x00\x01\x06\x08\x00\x03a/#hi", "").as_deref(),
            Some(
                "PUBLISH qos=1 retain=1 topic=\"a/b\" packet_id=1 response_topic=\"a/#\" (response_topic at byte 10: \
                 is a Topic Name, but contains the wildcard '#' [5 MQTT-3.3.2-14])"
            )
        );
        assert_eq!(
            described(b"\x82\x09\x00\x01\x00\x00\x03a/b\x30", "").as_deref(),
            Some(
                "SUBSCRIBE packet_id=1 filter[0]=\"a/b\" options[0]=0x30 (retain_handling at byte 10: is 3 \
                 [5 RULE-3.8.3.1-2])"
            )
        );
        assert_eq!(described(b"\xc0\x00", ""), None);
        assert_eq!(described(b"\xc0\x01", ""), None);
    }

    #[test]
    fn shows_topics_without_the_prefix_of_the_play() {
        let shown = described(b"\x82\x0e\x00\x01\x00\x00\x08k7a2/a/b\x30", "k7a2");
        let shown = shown.expect("a faulty packet");
        assert!(shown.contains("filter[0]=\"a/b\""), "{shown}");
        assert_eq!(without(b"$share/k7g/k7-a/b", "k7"), b"$share/g/a/b");
    }

    #[test]
    fn never_shows_a_password() {
        let connect = b"\x10\x15\x00\x04MQTT\x04\x43\x00\x00\x00\x01c\x00\x06secret";
        let shown = described(connect, "").expect("a faulty packet");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
