//! A CONNACK that breaks a rule is read as far as its meaning is clear.

use bytes::Bytes;
use mqtt_check_codec::{ConnAck, Frame, Packet, PropertyId, ProtocolVersion, ReasonCode, notation};

const V311: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

/// Returns the CONNACK, and the fields that are wrong.
fn read(text: &str, version: ProtocolVersion) -> (Option<ConnAck>, Vec<&'static str>) {
    let bytes: Bytes = notation::parse(text).expect("notation");
    let frame = Frame::from_bytes(bytes).expect("a frame");
    let (packet, faults) = Packet::decode_leniently(&frame, version);
    let first = faults.first().or(packet.as_ref().err());
    assert_eq!(
        Packet::decode(&frame, version).err().as_ref(),
        first,
        "{text}"
    );
    let fields = faults.iter().map(|fault| fault.field).collect();
    match packet {
        Ok(Packet::ConnAck(connack)) => (Some(connack), fields),
        Ok(other) => panic!("{other:?}"),
        Err(_) => (None, fields),
    }
}

fn properties(text: &str) -> (Vec<PropertyId>, Vec<&'static str>) {
    let (connack, faults) = read(text, V5);
    let connack = connack.expect("it can be read");
    let ids = connack.properties.iter().map(|p| p.id()).collect();
    (ids, faults)
}

#[test]
fn a_valid_packet_has_no_faults() {
    assert!(read("20 { 01 00 { 22 0005 } }", V5).1.is_empty());
    assert!(read("20 { 01 05 }", V311).1.is_empty());
}

#[test]
fn malformed_properties_count_as_absent_and_the_rest_is_read() {
    let alias = PropertyId::TOPIC_ALIAS_MAXIMUM;
    let rows = [
        (
            "20 { 00 00 { 24 02 22 0005 } }",
            vec![alias],
            vec!["maximum_qos"],
        ),
        (
            "20 { 00 00 { 22 0005 22 0006 } }",
            vec![alias],
            vec!["topic_alias_maximum"],
        ),
        // A property of PUBLISH.
        (
            "20 { 00 00 { 01 01 22 0005 } }",
            vec![alias],
            vec!["payload_format_indicator"],
        ),
        // Every fault is reported.
        (
            "20 { 00 00 { 24 02 25 02 22 0005 } 00 }",
            vec![alias],
            vec!["maximum_qos", "retain_available", "trailing_bytes"],
        ),
        // What follows an unknown property cannot be read.
        (
            "20 { 00 00 { 22 0005 7e 01 } }",
            vec![alias],
            vec!["property_id"],
        ),
        (
            "20 { 00 00 { 22 0005 13 00 } }",
            vec![alias],
            vec!["server_keep_alive"],
        ),
        (
            "20 { 00 00 09 22 0005 }",
            vec![alias],
            vec!["property_length"],
        ),
        ("20 { 00 00 }", vec![], vec!["property_length"]),
    ];
    for (text, ids, fields) in rows {
        assert_eq!(properties(text), (ids, fields), "{text}");
    }
    let (connack, _) = read("20 { 00 00 { 22 0005 22 0006 } }", V5);
    let maximum = connack.and_then(|c| c.properties.topic_alias_maximum());
    assert_eq!(maximum, Some(5));
}

#[test]
fn flags_and_lengths_are_read_over() {
    for (text, version, field) in [
        ("20 { 03 00 {} }", V5, "acknowledge_flags"),
        ("20 { 03 00 }", V311, "acknowledge_flags"),
        ("21 { 01 00 {} }", V5, "flags"),
        ("20 8300 01 00 00", V5, "remaining_length"),
        ("20 { 01 00 00 }", V311, "trailing_bytes"),
    ] {
        let (connack, faults) = read(text, version);
        let connack = connack.expect("it can be read");
        assert_eq!(
            (connack.session_present, faults),
            (true, vec![field]),
            "{text}"
        );
    }
    let (connack, _) = read("20 { 00 87 }", V5);
    assert_eq!(connack.map(|c| c.reason), Some(ReasonCode::NOT_AUTHORIZED));
}

#[test]
fn a_packet_without_a_code_has_no_meaning() {
    assert_eq!(read("20 { 00 }", V311), (None, vec![]));
    assert_eq!(read("20 {}", V5), (None, vec![]));
}
