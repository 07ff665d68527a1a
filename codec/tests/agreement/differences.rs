//! The differences between rumqttc and this codec, and which of them is right. The list may only shrink: a row that no
//! longer differs fails.

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{
    DecodeError, FieldPart, Frame, Packet, PacketType, PropertyId, PropertyPlace, ProtocolVersion,
    ReasonCode, Sender, notation,
};
use rumqttc::v5::mqttbytes::v5;

use crate::{Theirs, ours};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

/// How the two codecs differ.
enum Difference {
    /// rumqttc accepts what we refuse. The row covers every packet that we refuse by the same clause. If that is the
    /// general clause on the structure of a packet, the row covers the same kind of fault.
    Takes,
    /// rumqttc refuses what we accept. The row covers every packet for which this function is true.
    Refuses(fn(&Packet, ProtocolVersion) -> bool),
    /// Both accept it, as different packets. The row covers every packet for which this function is true.
    Misreads(fn(&Packet, ProtocolVersion) -> bool),
}

/// Version, bytes, difference, the clause or section that decides who is right, and a description.
type Row = (
    ProtocolVersion,
    &'static str,
    Difference,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // rumqttc accepts what is malformed.
    (V3, "c1 00", Difference::Takes, "MQTT-2.2.2-1", "flags are not checked"),
    (V3, "60 { 0001 }", Difference::Takes, "MQTT-3.6.1-1", "flags are not checked"),
    (V3, r#"80 { 0001 s"a" 00 }"#, Difference::Takes, "MQTT-3.8.1-1", "flags are not checked"),
    (V3, r#"a0 { 0001 s"a" }"#, Difference::Takes, "MQTT-3.10.1-1", "flags are not checked"),
    (V3, "e1 00", Difference::Takes, "MQTT-3.14.1-1", "flags are not checked"),
    (V5, "c1 00", Difference::Takes, "MQTT-2.1.3-1", "flags are not checked"),
    (V5, "60 { 0001 }", Difference::Takes, "MQTT-3.6.1-1", "flags are not checked"),
    (V5, r#"80 { 0001 {} s"a" 00 }"#, Difference::Takes, "MQTT-3.8.1-1", "flags are not checked"),
    (V5, r#"a0 { 0001 {} s"a" }"#, Difference::Takes, "MQTT-3.10.1-1", "flags are not checked"),
    (V5, "c0 8000", Difference::Takes, "MQTT-1.5.5-1", "an over-long length is accepted"),
    (V3, "c0 { 00 }", Difference::Takes, "RULE-2.1-1", "what follows the last field is not checked"),
    (V5, "c0 { 00 }", Difference::Takes, "RULE-2.1.1-1", "what follows the last field is not checked"),
    (V3, r#"10 { s"MQTT" 04 02 0000 s"a" 00 }"#, Difference::Takes, "MQTT-3.1.4-1", "what follows the last field is not checked"),
    (V5, r#"10 { s"MQTT" 05 02 0000 {} s"a" 00 }"#, Difference::Takes, "MQTT-3.1.4-1", "what follows the last field is not checked"),
    (V3, r#"30 { s"\x00" }"#, Difference::Takes, "MQTT-1.5.3-2", "U+0000 is accepted"),
    (V5, r#"82 { 0001 {} s"\x00" 00 }"#, Difference::Takes, "MQTT-1.5.4-2", "U+0000 is accepted"),
    (V5, r#"40 { 0001 00 { 26 s"\x00" s"" } }"#, Difference::Takes, "MQTT-1.5.7-1", "U+0000 is accepted"),
    (V5, r#"30 { s"\xff" {} }"#, Difference::Takes, "MQTT-1.5.4-1", "Topic Names are bytes"),
    // CONNECT and CONNACK.
    (V3, r#"10 { s"MQTT" 04 03 0000 s"a" }"#, Difference::Takes, "MQTT-3.1.2-3", "the reserved flag is not checked"),
    (V5, r#"10 { s"MQTT" 05 03 0000 {} s"a" }"#, Difference::Takes, "MQTT-3.1.2-3", "the reserved flag is not checked"),
    (V3, r#"10 { s"MQTT" 04 42 0000 s"a" s"p" }"#, Difference::Takes, "MQTT-3.1.2-22", "a password without a user name is accepted"),
    (V3, r#"10 { s"MQTT" 04 06 0000 s"a" s"+" s"" }"#, Difference::Takes, "MQTT-4.7.1-1", "Topic Names are not checked"),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" {} s"+" s"" }"#, Difference::Takes, "MQTT-4.7.0-1", "Topic Names are not checked"),
    (V3, "20 { 02 00 }", Difference::Takes, "RULE-3.2.2.1-1", "reserved flags are not checked"),
    (V5, "20 { 02 00 {} }", Difference::Takes, "MQTT-3.2.2-1", "reserved flags are not checked"),
    (V3, "20 { 00 00 00 }", Difference::Takes, "RULE-3.2.1-1", "what follows the last field is not checked"),
    (V5, "20 { 00 00 {} 00 }", Difference::Takes, "RULE-3.2.3-1", "what follows the last field is not checked"),
    // PUBLISH and its acknowledgements.
    (V3, r#"38 { s"t" }"#, Difference::Takes, "MQTT-3.3.1-2", "DUP is accepted at QoS 0"),
    (V5, r#"38 { s"t" {} }"#, Difference::Takes, "MQTT-3.3.1-2", "DUP is accepted at QoS 0"),
    (V3, r#"30 { s"+" }"#, Difference::Takes, "MQTT-3.3.2-2", "Topic Names are not checked"),
    (V5, r#"30 { s"+" {} }"#, Difference::Takes, "MQTT-3.3.2-2", "Topic Names are not checked"),
    (V3, r#"30 { s"" }"#, Difference::Takes, "MQTT-4.7.3-1", "Topic Names are not checked"),
    (V5, r#"30 { s"t" { 08 s"" } }"#, Difference::Takes, "MQTT-4.7.3-1", "Topic Names are not checked"),
    (V5, r#"30 { s"" {} }"#, Difference::Takes, "RULE-3.3.2.1-1", "Topic Names are not checked"),
    (V5, r#"30 { s"t" { 08 s"+" } }"#, Difference::Takes, "MQTT-3.3.2-14", "Topic Names are not checked"),
    (V3, "40 { 0000 }", Difference::Takes, "MQTT-2.3.1-6", "Packet Identifier 0 is accepted"),
    (V3, "70 { 0000 }", Difference::Takes, "MQTT-4.3.3-2", "Packet Identifier 0 is accepted"),
    (V5, "40 { 0000 }", Difference::Takes, "MQTT-2.2.1-5", "Packet Identifier 0 is accepted"),
    // SUBSCRIBE, UNSUBSCRIBE and their acknowledgements.
    (V3, r#"82 { 0000 s"a" 00 }"#, Difference::Takes, "MQTT-2.3.1-1", "Packet Identifier 0 is accepted"),
    (V5, r#"82 { 0000 {} s"a" 00 }"#, Difference::Takes, "MQTT-2.2.1-3", "Packet Identifier 0 is accepted"),
    (V3, "90 { 0000 00 }", Difference::Takes, "MQTT-2.3.1-7", "Packet Identifier 0 is accepted"),
    (V5, "90 { 0000 {} 00 }", Difference::Takes, "MQTT-2.2.1-6", "Packet Identifier 0 is accepted"),
    (V3, r#"82 { 0001 s"a" 04 }"#, Difference::Takes, "MQTT-3.8.3-4", "reserved bits are not checked"),
    (V5, r#"82 { 0001 {} s"a" 40 }"#, Difference::Takes, "MQTT-3.8.3-5", "reserved bits are not checked"),
    (V5, r#"82 { 0001 {} s"$share/g/a" 04 }"#, Difference::Takes, "MQTT-3.8.3-4", "No Local is accepted on a Shared Subscription"),
    (V3, "a2 { 0001 }", Difference::Takes, "MQTT-3.10.3-2", "no filter is accepted"),
    (V5, "a2 { 0001 {} }", Difference::Takes, "MQTT-3.10.3-2", "no filter is accepted"),
    // Properties: neither their values nor their number are checked, and one may extend beyond the end of the section.
    (V5, r#"10 { s"MQTT" 05 02 0000 { 11 u32(1) 11 u32(1) } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.2-2", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 21 0000 } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.3-1", "0 is accepted, and the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 27 u32(0) } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.4-1", "0 is accepted, and the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 22 0000 22 0000 } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.5-1", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 19 02 } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.6-1", "2 is accepted, and the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 17 02 } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.7-1", "2 is accepted, and the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 15 s"m" 15 s"m" } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.9-1", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 16 s"x" } s"a" }"#, Difference::Takes, "RULE-3.1.2.11.10-1", "data without a method is accepted"),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 18 u32(1) 18 u32(1) } s"w" s"" }"#, Difference::Takes, "RULE-3.1.3.2.2-1", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 01 00 01 00 } s"w" s"" }"#, Difference::Takes, "RULE-3.1.3.2.3-1", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 02 u32(1) 02 u32(1) } s"w" s"" }"#, Difference::Takes, "RULE-3.1.3.2.4-1", "the last one counts"),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 03 s"" 03 s"" } s"w" s"" }"#, Difference::Takes, "RULE-3.1.3.2.5-1", "the last one counts"),
    (V5, r#"30 { s"t" { 23 0000 } }"#, Difference::Takes, "MQTT-3.3.2-8", "Topic Alias 0 is accepted"),
    (V5, r#"30 { s"t" { 23 0001 23 0001 } }"#, Difference::Takes, "RULE-3.3.2.3.4-1", "the last one counts"),
    (V5, r#"30 { s"t" { 03 s"" 03 s"" } }"#, Difference::Takes, "RULE-3.3.2.3.5-1", "the last one counts"),
    (V5, r#"30 { s"t" { 0b 00 } }"#, Difference::Takes, "RULE-3.3.2.3.8-1", "Subscription Identifier 0 is accepted"),
    (V5, r#"82 { 0001 { 0b 00 } s"a" 00 }"#, Difference::Takes, "RULE-3.8.2.1.2-1", "Subscription Identifier 0 is accepted"),
    (V5, r#"20 { 00 00 { 11 u32(1) 11 u32(1) } }"#, Difference::Takes, "RULE-3.2.2.3.2-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 21 0000 } }"#, Difference::Takes, "RULE-3.2.2.3.3-1", "0 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 24 02 } }"#, Difference::Takes, "RULE-3.2.2.3.4-2", "2 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 25 02 } }"#, Difference::Takes, "RULE-3.2.2.3.5-2", "2 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 27 u32(0) } }"#, Difference::Takes, "RULE-3.2.2.3.6-2", "0 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 12 s"a" 12 s"a" } }"#, Difference::Takes, "RULE-3.2.2.3.7-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 22 0001 22 0001 } }"#, Difference::Takes, "RULE-3.2.2.3.8-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 1f s"" 1f s"" } }"#, Difference::Takes, "RULE-3.2.2.3.9-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 28 02 } }"#, Difference::Takes, "RULE-3.2.2.3.11-2", "2 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 29 02 } }"#, Difference::Takes, "RULE-3.2.2.3.12-2", "2 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 2a 02 } }"#, Difference::Takes, "RULE-3.2.2.3.13-2", "2 is accepted, and the last one counts"),
    (V5, r#"20 { 00 00 { 13 0001 13 0001 } }"#, Difference::Takes, "RULE-3.2.2.3.14-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 1a s"" 1a s"" } }"#, Difference::Takes, "RULE-3.2.2.3.15-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 1c s"" 1c s"" } }"#, Difference::Takes, "RULE-3.2.2.3.16-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 15 s"" 15 s"" } }"#, Difference::Takes, "RULE-3.2.2.3.17-1", "the last one counts"),
    (V5, r#"20 { 00 00 { 16 s"" 16 s"" } }"#, Difference::Takes, "RULE-3.2.2.3.18-1", "the last one counts"),
    (V5, r#"40 { 0001 00 { 1f s"" 1f s"" } }"#, Difference::Takes, "", "section 3.4.2.2.2: the last one counts; likewise in other acknowledgements"),
    (V5, r#"30 { s"t" { 0b 01 7f } }"#, Difference::Takes, "RULE-2.2.2.2-1", "a Subscription Identifier is counted a byte too long, so a byte behind it is not seen"),
    (V5, r#"30 { s"t" 03 0b 01 }"#, Difference::Takes, "RULE-2.1.1-1", "section 2.2.2.1: a Subscription Identifier is counted a byte too long, so a section may end too early"),
    (V5, r#"30 { s"t" 01 23 0001 }"#, Difference::Takes, "RULE-2.1.1-1", "section 2.2.2: a property runs over the end of its section"),
    // rumqttc refuses what is correct.
    (V3, "20 { 00 06 }", Difference::Refuses(has_unknown_code), "", "a code that the standard reserves: we keep it, for the monitor to judge"),
    (V5, "40 { 0001 92 }", Difference::Refuses(has_unknown_code), "", "a code of another packet: we keep it, for the monitor to judge"),
    (V5, "e0 00", Difference::Refuses(is_short_disconnect), "", "section 3.14.2.1: the short form"),
    (V5, "e0 { 8e }", Difference::Refuses(is_short_disconnect), "", "section 3.14.2.2.1: the form without Property Length"),
    (V5, r#"f0 { 18 { 15 s"m" } }"#, Difference::Refuses(is_auth), "", "section 3.15: AUTH is not read at all"),
    (V3, r#"10 { s"MQTT" 04 c2 0000 s"a" s"u" s"\xff" }"#, Difference::Refuses(has_binary_password), "", "section 3.1.3.5: a password is binary data"),
    (V5, r#"10 { s"MQTT" 05 c2 0000 {} s"a" s"u" s"\xff" }"#, Difference::Refuses(has_binary_password), "", "section 3.1.3.6: a password is binary data"),
    (V3, r#"10 { s"MQIsdp" 03 02 0000 s"a" }"#, Difference::Refuses(is_of_3_1), "", "3.1 is not read"),
    // rumqttc reads another packet.
    (V3, r#"10 { s"MQTT" 04 82 0000 s"a" s"" }"#, Difference::Misreads(has_empty_login), "MQTT-3.1.2-19", "an empty user name or password is read as none"),
    (V5, r#"10 { s"MQTT" 05 42 0000 {} s"a" s"" }"#, Difference::Misreads(has_empty_login), "MQTT-3.1.2-19", "an empty user name or password is read as none"),
    (V5, r#"30 { s"t" { 0b 01 0b 02 0b 03 } }"#, Difference::Misreads(has_subscription_identifiers), "MQTT-3.3.4-4", "each is counted a byte too long, so the third is read as payload"),
    (V5, r#"30 { s"t" { 01 01 01 00 } }"#, Difference::Misreads(has_one_twice), "RULE-3.3.2.3.2-2", "the last one counts, we keep both: the standard is silent"),
];

/// Whether the packet has a Reason Code that rumqttc does not know in it.
fn has_unknown_code(packet: &Packet, version: ProtocolVersion) -> bool {
    let codes: &[ReasonCode] = match packet {
        Packet::ConnAck(p) => &[p.reason],
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            &[p.reason]
        }
        Packet::SubAck(p) => &p.reasons,
        Packet::UnsubAck(p) => &p.reasons,
        Packet::Disconnect(p) => &[p.reason],
        _ => &[],
    };
    let packet = packet.packet_type();
    codes.iter().any(|code| {
        let by = |sender| code.is_allowed_in(packet, version, sender);
        // Two tables differ on this code, and rumqttc follows the stricter one.
        let is_disputed =
            packet == PacketType::DISCONNECT && *code == ReasonCode::BAD_AUTHENTICATION_METHOD;
        !(by(Sender::Client) || by(Sender::Server)) || is_disputed
    })
}

fn is_short_disconnect(packet: &Packet, _: ProtocolVersion) -> bool {
    matches!(packet, Packet::Disconnect(p) if p.properties.is_empty())
}

fn is_auth(packet: &Packet, _: ProtocolVersion) -> bool {
    matches!(packet, Packet::Auth(_))
}

fn has_binary_password(packet: &Packet, _: ProtocolVersion) -> bool {
    let Packet::Connect(p) = packet else {
        return false;
    };
    let password = p.password.as_deref().unwrap_or_default();
    std::str::from_utf8(password).is_err()
}

fn has_empty_login(packet: &Packet, _: ProtocolVersion) -> bool {
    let Packet::Connect(p) = packet else {
        return false;
    };
    p.username.as_ref().is_some_and(|u| u.is_empty())
        || p.password.as_ref().is_some_and(|p| p.is_empty())
}

fn is_of_3_1(packet: &Packet, _: ProtocolVersion) -> bool {
    matches!(packet, Packet::Connect(p) if p.version == ProtocolVersion::V3_1)
}

fn has_subscription_identifiers(packet: &Packet, _: ProtocolVersion) -> bool {
    let Packet::Publish(p) = packet else {
        return false;
    };
    p.properties.subscription_identifiers().count() > 1
}

fn has_one_twice(packet: &Packet, _: ProtocolVersion) -> bool {
    let Packet::Publish(p) = packet else {
        return false;
    };
    let count = |id| p.properties.iter().filter(|p| p.id() == id).count();
    count(PropertyId::PAYLOAD_FORMAT_INDICATOR) > 1
        || count(PropertyId::MESSAGE_EXPIRY_INTERVAL) > 1
}

/// Returns what two faults must have in common for one row to cover both.
fn kind(error: &DecodeError, bytes: &[u8], version: ProtocolVersion) -> String {
    if follows_a_wrong_length(error, bytes, version) {
        return "miscounted".to_owned();
    }
    let places = [PropertyPlace::Packet(error.packet), PropertyPlace::Will];
    let is_property = PropertyId::ALL.iter().any(|id| {
        places
            .iter()
            .any(|place| id.field_in(*place) == Some(error.field))
    });
    let clause = error.clause.filter(|clause| !is_structure(clause.id));
    match clause {
        Some(clause) => clause.to_string(),
        None if is_property && error.reason == ReasonCode::PROTOCOL_ERROR => "value".to_owned(),
        None if is_property => "overrun".to_owned(),
        None => error.field.to_owned(),
    }
}

/// Whether this is the general rule on the structure of a packet, which is cited if no other clause says more.
fn is_structure(clause: &str) -> bool {
    matches!(clause, "RULE-2.1-1" | "RULE-2.1.1-1")
}

/// Whether the fault is in the last bytes of a property section, as many as it has Subscription Identifiers. rumqttc
/// counts each of these a byte too long, and so does not see the last bytes.
fn follows_a_wrong_length(error: &DecodeError, bytes: &[u8], version: ProtocolVersion) -> bool {
    let frame = Frame::from_bytes(Bytes::copy_from_slice(bytes));
    let Ok(frame) = frame else {
        return false;
    };
    let (_, spans) = Packet::decode_with_layout(&frame, version);
    let Some(section) = spans.iter().position(|s| s.name.base == "property_length") else {
        return false;
    };
    let start = spans[section].range.end;
    let length = &frame.bytes()[spans[section].range.clone()];
    let digits = length.iter().rev().map(|b| usize::from(b & 0x7F));
    let end = start + digits.fold(0, |value, digit| value << 7 | digit);
    let identifiers = spans.iter().filter(|span| {
        span.name.base == "subscription_identifier" && span.name.part == FieldPart::Id
    });
    let count = identifiers.count();
    count > 0 && (end.saturating_sub(count)..end).contains(&error.offset)
}

/// Returns the version that a CONNECT names. rumqttc has one reader for each version, and we have one for both.
fn connect_version(bytes: &[u8]) -> Option<ProtocolVersion> {
    let frame = Frame::read(&mut BytesMut::from(bytes), usize::MAX).ok()??;
    let (_, spans) = Packet::decode_with_layout(&frame, V5);
    let level = spans
        .iter()
        .find(|span| span.name.base == "protocol_level")?;
    match frame.bytes()[level.range.start] {
        3 | 4 => Some(V3),
        5 => Some(V5),
        _ => None,
    }
}

/// How the two codecs differ on the same bytes.
enum Found {
    Takes(DecodeError),
    Refuses(Packet),
    Misreads(Packet),
    /// They do not even agree that there is a packet.
    Cuts,
}

fn find(bytes: &[u8], version: ProtocolVersion) -> Option<Found> {
    let version = connect_version(bytes).unwrap_or(version);
    match (ours(bytes, version), Theirs::read(bytes, version)) {
        (Some(Err(error)), Some(_)) => Some(Found::Takes(error)),
        (Some(Ok(packet)), None) => Some(Found::Refuses(packet)),
        (Some(Ok(packet)), Some(theirs))
            if Theirs::of(&packet, version).as_ref() != Some(&theirs) =>
        {
            Some(Found::Misreads(packet))
        }
        (None, Some(_)) => Some(Found::Cuts),
        _ => None,
    }
}

/// Describes a difference that no row covers.
pub(crate) fn unlisted(bytes: &[u8], version: ProtocolVersion) -> Option<String> {
    let found = find(bytes, version)?;
    let version = connect_version(bytes).unwrap_or(version);
    let applies = |row: &&Row| {
        row.0 == version
            && match (&row.2, &found) {
                (Difference::Takes, Found::Takes(error)) => {
                    row_kind(row) == kind(error, bytes, version)
                }
                (Difference::Refuses(holds), Found::Refuses(packet))
                | (Difference::Misreads(holds), Found::Misreads(packet)) => holds(packet, version),
                _ => false,
            }
    };
    if ROWS.iter().any(|row| applies(&row)) {
        return None;
    }
    let told = match found {
        Found::Takes(error) => format!("takes what we refuse: {error}"),
        Found::Refuses(packet) => format!("refuses {}", packet.describe(version)),
        Found::Misreads(packet) => {
            format!("reads another packet than {}", packet.describe(version))
        }
        Found::Cuts => "finds a packet where we do not".to_owned(),
    };
    Some(format!(
        "[{version}] {}: rumqttc {told}",
        notation::write(bytes)
    ))
}

fn bytes(text: &str) -> Bytes {
    notation::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Returns the kind of fault that a row with `Takes` covers.
fn row_kind(row: &Row) -> String {
    let bytes = bytes(row.1);
    match ours(&bytes, row.0) {
        Some(Err(error)) => kind(&error, &bytes, row.0),
        other => panic!("{}: {other:?}", row.1),
    }
}

#[test]
fn each_row_still_differs_as_listed() {
    for row @ (version, text, difference, clause, why) in ROWS {
        let found = find(&bytes(text), *version);
        match (difference, found) {
            (Difference::Takes, Some(Found::Takes(error))) => {
                assert_eq!(
                    error.clause.map_or("", |c| c.id),
                    *clause,
                    "{text}: {error}"
                );
                let same = |other: &&Row| {
                    let takes = matches!(other.2, Difference::Takes);
                    takes && other.0 == row.0 && row_kind(other) == row_kind(row)
                };
                assert_eq!(
                    ROWS.iter().filter(same).count(),
                    1,
                    "{text} is listed twice"
                );
            }
            (Difference::Refuses(holds), Some(Found::Refuses(packet)))
            | (Difference::Misreads(holds), Some(Found::Misreads(packet))) => {
                assert!(holds(&packet, *version), "{text}");
            }
            _ => panic!("[{version}] {text} ({why}) no longer differs: remove its row"),
        }
        assert!(!why.is_empty(), "{text}");
    }
}

/// The only packet that rumqttc writes wrongly: a DISCONNECT without properties and with a reason other than 0x00. Its
/// length is one byte too small, so a zero byte is left over that begins no packet. [5 section 3.14.2]
#[test]
fn rumqttc_still_writes_an_extra_byte_after_disconnect() {
    let theirs = v5::Disconnect::new(v5::DisconnectReasonCode::KeepAliveTimeout);
    let mut out = BytesMut::new();
    theirs.write(&mut out).expect("rumqttc writes it");
    assert_eq!(
        out[..],
        bytes("e0 01 8d 00")[..],
        "it no longer does: remove this test"
    );
    let first = ours(&out, V5).expect("is one frame").expect("is a packet");
    assert_eq!(first.describe(V5), "DISCONNECT reason=keep_alive_timeout");
}
