//! What is wrong with a packet: the field, its offset, the clause and the reason code. Each row has one fault.

mod faults;

use std::collections::BTreeSet;

use mqtt_check_codec::{
    Clause, DecodeError, Frame, Packet, ProtocolVersion, cited_clauses, notation,
};

use faults::ROWS;

const V311: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

fn decode(version: ProtocolVersion, text: &str) -> Result<Packet, DecodeError> {
    let bytes = notation::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let frame = Frame::from_bytes(bytes).unwrap_or_else(|e| panic!("{text}: {e}"));
    Packet::decode(&frame, version)
}

#[test]
fn each_fault_is_named_placed_and_cited() {
    for (version, text, field, offset, clause, reason) in ROWS {
        match decode(*version, text) {
            Ok(packet) => assert_eq!(*field, "", "{version} {text} passes as {packet:?}"),
            Err(error) => {
                let found = error.clause.map(|c| format!("{} {}", c.version, c.id));
                let found = (
                    error.field,
                    error.offset,
                    found.unwrap_or_default(),
                    error.reason.0,
                );
                let expected = (*field, *offset, (*clause).to_owned(), *reason);
                assert_eq!(found, expected, "{version} {text}: {error}");
                assert_eq!(error.is_unsupported_version(), *reason == 0x84);
            }
        }
    }
}

/// If no row reaches a clause, the decoder may cite it wrongly, or never.
#[test]
fn each_clause_that_can_be_cited_is_by_some_row() {
    let by_rows: BTreeSet<String> = ROWS.iter().map(|row| row.4.to_owned()).collect();
    let never: Vec<String> = cited_clauses()
        .map(|clause| format!("{} {}", clause.version, clause.id))
        .filter(|clause| !by_rows.contains(clause))
        .collect();
    // The first is cited only if the caller knows that a server sent the packet (see below). The others are about Topic
    // Filters, which the decoder does not check.
    let expected = [
        "5 MQTT-2.2.1-4",
        "3.1.1 MQTT-4.7.3-2",
        "3.1.1 MQTT-4.7.3-3",
        "3.1.1 MQTT-4.7.1-2",
        "3.1.1 MQTT-4.7.1-3",
        "5 MQTT-4.8.2-1",
        "5 MQTT-4.8.2-2",
        "5 MQTT-4.8.2-2",
        "5 MQTT-4.7.3-2",
        "5 MQTT-4.7.3-3",
        "5 MQTT-4.7.1-1",
        "5 MQTT-4.7.1-2",
        "5 MQTT-4.8.2-1",
        "5 MQTT-4.8.2-2",
        "5 MQTT-4.8.2-2",
    ];
    assert_eq!(never, expected);
}

#[test]
fn a_server_breaks_its_own_clause_with_packet_identifier_0() {
    let error = decode(V5, r#"32 { s"t" 0000 {} }"#).expect_err("is 0");
    let by_server = error.clone().sent_by_server();
    assert_eq!(by_server.clause, Some(Clause::v5("MQTT-2.2.1-4")));
    assert_eq!(by_server.offset, error.offset);
    let other = decode(V5, r#"82 { 0000 {} s"a" 00 }"#).expect_err("is 0");
    assert_eq!(other.clone().sent_by_server(), other);
}

#[test]
fn a_server_breaks_the_rule_on_reserved_flags_with_those_of_its_disconnect() {
    // The other clause tells the receiver to check them.
    let error = decode(V5, "e2 00").expect_err("has flags");
    assert_eq!(error.clause, Some(Clause::v5("MQTT-3.14.1-1")));
    let by_server = error.sent_by_server();
    assert_eq!(by_server.clause, Some(Clause::v5("MQTT-2.1.3-1")));
}

#[test]
fn ids_have_the_form_of_their_kind() {
    for clause in cited_clauses() {
        let (kind, number) = clause.id.split_once('-').expect("has a kind");
        assert!(matches!(kind, "MQTT" | "RULE"), "{clause}");
        let (section, last) = number.rsplit_once('-').expect("has a section and a number");
        let numbers = section.split('.').chain([last]);
        for number in numbers {
            assert!(number.parse::<u16>().is_ok(), "{clause}");
        }
        assert!(
            clause.version != ProtocolVersion::V3_1,
            "3.1 has no ids: {clause}"
        );
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = decode(V5, r#"30 { s"t" { 7f } }"#).expect_err("is unknown");
    assert_eq!(
        error.to_string(),
        "PUBLISH: property_id at byte 6: 0x7F is not a property [5 RULE-2.2.2.2-1]"
    );
    let error = decode(V311, "40 { 00 }").expect_err("is cut");
    assert_eq!(
        error.to_string(),
        "PUBACK: packet_id at byte 2: needs 2 bytes, but only 1 are left [3.1.1 RULE-2.1-1]"
    );
}
