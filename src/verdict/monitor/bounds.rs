//! Rules about single packets, alone or together with the CONNECT: codes, sizes, properties, and the clauses of packets
//! that cannot be decoded.

use mqtt_check_codec::{
    Connect, DecodeError, Frame, Packet, PacketType, PropertyId, ProtocolVersion, ReasonCode,
    Sender,
};

use super::check::{self, Check, Found};

/// The clauses that the decoder can cite for a server's packets, of 3.1.1 and of 5.
pub(super) const DECODED: [&[&str]; 2] = [
    &[
        "MQTT-1.5.3-1",
        "MQTT-1.5.3-2",
        "MQTT-2.2.2-1",
        "MQTT-2.3.1-1",
        "MQTT-2.3.1-6",
        "MQTT-2.3.1-7",
        "MQTT-3.3.1-2",
        "MQTT-3.3.1-4",
        "MQTT-3.3.2-1",
        "MQTT-3.3.2-2",
        "MQTT-3.6.1-1",
        "MQTT-3.8.4-5",
        "MQTT-4.3.1-1",
        "MQTT-4.3.3-2",
        "MQTT-4.7.1-1",
        "MQTT-4.7.3-1",
        "MQTT-4.7.3-2",
        "RULE-2.1-1",
        "RULE-3.2.1-1",
        "RULE-3.2.2.1-1",
    ],
    &[
        "MQTT-1.5.4-1",
        "MQTT-1.5.4-2",
        "MQTT-1.5.5-1",
        "MQTT-1.5.7-1",
        "MQTT-2.1.3-1",
        "MQTT-2.2.1-4",
        "MQTT-2.2.1-5",
        "MQTT-2.2.1-6",
        "MQTT-2.2.2-1",
        "MQTT-3.2.2-1",
        "MQTT-3.3.1-2",
        "MQTT-3.3.1-4",
        "MQTT-3.3.2-1",
        "MQTT-3.3.2-2",
        "MQTT-3.3.2-8",
        "MQTT-3.3.2-13",
        "MQTT-3.3.2-14",
        "MQTT-3.3.2-19",
        "MQTT-3.6.1-1",
        "MQTT-3.8.4-6",
        "MQTT-3.11.3-2",
        "MQTT-3.15.1-1",
        "MQTT-4.3.1-1",
        "MQTT-4.7.0-1",
        "MQTT-4.7.3-1",
        "MQTT-4.7.3-2",
        "RULE-2.1.1-1",
        "RULE-2.2.2.2-1",
        "RULE-3.2.2.3.2-1",
        "RULE-3.2.2.3.3-1",
        "RULE-3.2.2.3.4-2",
        "RULE-3.2.2.3.5-2",
        "RULE-3.2.2.3.6-2",
        "RULE-3.2.2.3.7-1",
        "RULE-3.2.2.3.8-1",
        "RULE-3.2.2.3.9-1",
        "RULE-3.2.2.3.11-2",
        "RULE-3.2.2.3.12-2",
        "RULE-3.2.2.3.13-2",
        "RULE-3.2.2.3.14-1",
        "RULE-3.2.2.3.15-1",
        "RULE-3.2.2.3.16-1",
        "RULE-3.2.2.3.17-1",
        "RULE-3.2.2.3.18-1",
        "RULE-3.2.3-1",
        "RULE-3.3.2.1-1",
        "RULE-3.3.2.3.4-1",
        "RULE-3.3.2.3.5-1",
        "RULE-3.3.2.3.8-1",
        "RULE-3.15.2.2.2-1",
    ],
];

/// Further clauses that say the same about a field as the decoder's clause: field, decoder's clause, further clause.
/// 3.1.1 first, then 5.
const COMPANIONS: [&[(&str, &str, &str)]; 2] = [
    &[
        ("topic", "MQTT-1.5.3-1", "MQTT-3.3.2-1"),
        ("topic", "MQTT-1.5.3-2", "MQTT-4.7.3-2"),
        ("topic", "MQTT-3.3.2-2", "MQTT-4.7.1-1"),
        ("dup", "MQTT-3.3.1-2", "MQTT-4.3.1-1"),
    ],
    &[
        ("topic", "MQTT-1.5.4-1", "MQTT-3.3.2-1"),
        ("topic", "MQTT-1.5.4-2", "MQTT-4.7.3-2"),
        ("topic", "MQTT-3.3.2-2", "MQTT-4.7.0-1"),
        ("dup", "MQTT-3.3.1-2", "MQTT-4.3.1-1"),
        ("response_topic", "MQTT-1.5.4-1", "MQTT-3.3.2-13"),
        ("content_type", "MQTT-1.5.4-1", "MQTT-3.3.2-19"),
    ],
];

/// Packets that diagnostics must not push above the Maximum Packet Size, each with the clauses on the Reason String and
/// on User Properties.
pub(super) const DIAGNOSTICS: &[(PacketType, &str, &str)] = &[
    (PacketType::CONNACK, "MQTT-3.2.2-19", "MQTT-3.2.2-20"),
    (PacketType::PUBACK, "MQTT-3.4.2-2", "MQTT-3.4.2-3"),
    (PacketType::PUBREC, "MQTT-3.5.2-2", "MQTT-3.5.2-3"),
    (PacketType::PUBREL, "MQTT-3.6.2-2", "MQTT-3.6.2-3"),
    (PacketType::PUBCOMP, "MQTT-3.7.2-2", "MQTT-3.7.2-3"),
    (PacketType::SUBACK, "MQTT-3.9.2-1", "MQTT-3.9.2-2"),
    (PacketType::UNSUBACK, "MQTT-3.11.2-1", "MQTT-3.11.2-2"),
    (PacketType::DISCONNECT, "MQTT-3.14.2-3", "MQTT-3.14.2-4"),
    (PacketType::AUTH, "MQTT-3.15.2-2", "MQTT-3.15.2-3"),
];

/// Returns whether a packet that the decoder rejects may echo something wrong that the client has sent. An answer has
/// the packet identifier of its request, even 0, and one code for each filter, so none if there is no filter.
pub(in crate::verdict) fn is_echo(error: &DecodeError, is_client_faulty: bool) -> bool {
    is_client_faulty
        && error.packet != PacketType::PUBLISH
        && matches!(error.field, "packet_id" | "reasons")
}

/// Reports a packet that the decoder rejects.
pub(super) fn malformed(frame: &Frame, error: &DecodeError, version: ProtocolVersion) -> Found {
    let error = error.clone().sent_by_server();
    let mut clauses = Vec::new();
    if let Some(clause) = error.clause {
        clauses.push(clause.id);
        let [old, new] = COMPANIONS;
        let companions = match version {
            ProtocolVersion::V5 => new,
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => old,
        };
        clauses.extend(
            companions
                .iter()
                .filter(|(field, id, _)| *field == error.field && *id == clause.id)
                .map(|(_, _, other)| *other),
        );
    }
    let mut actual = format!(
        "{} whose {} at byte {} {}",
        error.packet, error.field, error.offset, error.problem
    );
    if version == ProtocolVersion::V5 && lacks_property_length(frame) {
        clauses.retain(|clause| *clause != "RULE-2.1.1-1");
        clauses.push("MQTT-2.2.2-1");
        clauses.dedup();
        actual.push_str("; it would be valid with a Property Length of 0 inserted");
    }
    check::MALFORMED.found_citing(clauses, actual)
}

/// Returns whether a packet of 5 becomes valid when an empty property section is inserted where one belongs. If the
/// Property Length is missing, the decoder reads the next byte as the length. Only checks packets whose remaining bytes
/// cannot mean anything else.
fn lacks_property_length(frame: &Frame) -> bool {
    let bytes = frame.bytes();
    // Two bytes come first: the flags and the code of CONNACK, or the Packet Identifier of the others.
    let (header, end) = match bytes.get(1) {
        Some(length) if length + 1 < 0x80 => (2, 4),
        _ => return false,
    };
    let packet_type = frame.packet_type();
    let is_such = matches!(
        packet_type,
        PacketType::CONNACK | PacketType::SUBACK | PacketType::UNSUBACK
    );
    if !is_such || bytes.len() < end {
        return false;
    }
    let mut mended = Vec::with_capacity(bytes.len() + 1);
    mended.extend([bytes[0], bytes[1] + 1]);
    mended.extend_from_slice(&bytes[header..end]);
    mended.push(0);
    mended.extend_from_slice(&bytes[end..]);
    let mended = Frame::from_bytes(mended.into());
    mended.is_ok_and(|frame| {
        Packet::decode(&frame, ProtocolVersion::V5)
            .is_ok_and(|packet| code(&packet, ProtocolVersion::V5).is_none())
    })
}

/// Returns whether a server of this version sends packets of this type.
pub const fn is_from_server(packet: PacketType, version: ProtocolVersion) -> bool {
    match packet {
        PacketType::CONNACK
        | PacketType::PUBLISH
        | PacketType::PUBACK
        | PacketType::PUBREC
        | PacketType::PUBREL
        | PacketType::PUBCOMP
        | PacketType::SUBACK
        | PacketType::UNSUBACK
        | PacketType::PINGRESP => true,
        PacketType::DISCONNECT | PacketType::AUTH => matches!(version, ProtocolVersion::V5),
        _ => false,
    }
}

/// Reports a code that the packet must not have.
pub(super) fn code(packet: &Packet, version: ProtocolVersion) -> Option<Found> {
    // 3.1 has no codes that 3.1.1 does not have.
    let tables = match version {
        ProtocolVersion::V3_1 => ProtocolVersion::V3_1_1,
        other => other,
    };
    let (check, codes): (&'static Check, &[ReasonCode]) = match packet {
        Packet::ConnAck(p) => (&check::CONNACK_CODE, std::slice::from_ref(&p.reason)),
        Packet::PubAck(p) => (&check::PUBACK_CODE, std::slice::from_ref(&p.reason)),
        Packet::PubRec(p) => (&check::PUBREC_CODE, std::slice::from_ref(&p.reason)),
        Packet::PubRel(p) => (&check::PUBREL_CODE, std::slice::from_ref(&p.reason)),
        Packet::PubComp(p) => (&check::PUBCOMP_CODE, std::slice::from_ref(&p.reason)),
        Packet::SubAck(p) => (&check::SUBACK_CODE, &p.reasons),
        Packet::UnsubAck(p) => (&check::UNSUBACK_CODE, &p.reasons),
        Packet::Disconnect(p) => (&check::DISCONNECT_CODE, std::slice::from_ref(&p.reason)),
        Packet::Auth(p) => (&check::AUTH_CODE, std::slice::from_ref(&p.reason)),
        _ => return None,
    };
    check.clauses(version)?;
    let packet_type = packet.packet_type();
    let wrong = codes
        .iter()
        .find(|code| !code.is_allowed_in(packet_type, tables, Sender::Server))?;
    let name = wrong.name(packet_type, tables);
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    Some(check.found(format!("{packet_type} with code {wrong}{name}")))
}

/// Reports a packet above the client's Maximum Packet Size.
pub(super) fn size(packet: &Packet, size: usize, connect: &Connect) -> Option<Found> {
    let maximum = connect.properties.maximum_packet_size()?;
    if size <= maximum as usize {
        return None;
    }
    let packet_type = packet.packet_type();
    let has = |id| packet.properties().is_some_and(|p| p.find(id).is_some());
    let mut also = Vec::new();
    for (_, reason, user) in DIAGNOSTICS.iter().filter(|row| row.0 == packet_type) {
        also.extend(has(PropertyId::REASON_STRING).then_some(*reason));
        also.extend(has(PropertyId::USER_PROPERTY).then_some(*user));
    }
    let actual = format!("{packet_type} of {size} bytes, but the client's maximum is {maximum}");
    Some(check::TOO_LARGE.found_with(also, actual))
}

/// Reports a Reason String or User Properties for a client that declined problem information.
pub(super) fn diagnostics(packet: &Packet, connect: &Connect) -> Option<Found> {
    if connect.properties.request_problem_information() != Some(0) {
        return None;
    }
    let packet_type = packet.packet_type();
    if matches!(
        packet_type,
        PacketType::PUBLISH | PacketType::CONNACK | PacketType::DISCONNECT
    ) {
        return None;
    }
    let properties = packet.properties()?;
    let unwanted = [PropertyId::REASON_STRING, PropertyId::USER_PROPERTY]
        .into_iter()
        .find(|id| properties.find(*id).is_some())?;
    Some(check::DIAGNOSTICS_UNWANTED.found(format!("{packet_type} with a {unwanted}")))
}
