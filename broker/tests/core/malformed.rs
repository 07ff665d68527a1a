//! Bytes that cannot be decoded end the connection, whatever the error is.

use mqtt_check_codec::{
    Clause, DecodeError, PacketType, ProtocolVersion, ReasonCode, cited_clauses,
};

use crate::pair::{BOTH, Pair, V3, V5, hello};

pub(crate) fn error(packet: PacketType, field: &'static str, clause: Clause) -> DecodeError {
    DecodeError {
        packet,
        field,
        offset: 0,
        problem: "is wrong".into(),
        clause: Some(clause),
        reason: ReasonCode::MALFORMED_PACKET,
    }
}

/// Sends such bytes on an accepted connection, and a malformed CONNECT also on a new one.
fn ends_the_connection(version: ProtocolVersion, error: &DecodeError) {
    let mut pair = Pair::new();
    if error.packet == PacketType::CONNECT {
        let a = pair.open();
        pair.malformed(a, Some(version), error.clone());
        assert_eq!(
            pair.seen(a).last().map(String::as_str),
            Some("closed"),
            "{error}"
        );
    }
    let a = pair.connected(hello(version, "a"));
    pair.malformed(a, None, error.clone());
    let expected: &[&str] = match version {
        V5 => &["disconnect 0x81", "closed"],
        _ => &["closed"],
    };
    assert_eq!(pair.seen(a), expected, "{error}");
}

#[test]
fn whatever_clause_is_broken() {
    for clause in cited_clauses() {
        // Clauses of 3.1.1 are cited for 3.1 too.
        ends_the_connection(clause.version, &error(PacketType::CONNECT, "field", clause));
        ends_the_connection(clause.version, &error(PacketType::PUBLISH, "field", clause));
    }
}

#[test]
fn of_nobody_else() {
    for version in BOTH {
        let mut pair = Pair::new();
        let other = pair.connected(hello(version, "other"));
        let liar = pair.connected(hello(version, "liar"));
        let clause = Clause::v5("MQTT-2.1.3-1");
        pair.malformed(liar, None, error(PacketType::PUBLISH, "flags", clause));
        assert_eq!(pair.seen(other), Vec::<String>::new());
    }
}

#[test]
fn wherever_a_text_is_none() {
    for version in BOTH {
        let clauses = match version {
            V3 => ["MQTT-1.5.3-1", "MQTT-1.5.3-2"].map(Clause::v3_1_1),
            _ => ["MQTT-1.5.4-1", "MQTT-1.5.4-2"].map(Clause::v5),
        };
        for (packet, field) in [
            (PacketType::CONNECT, "client_id"),
            (PacketType::CONNECT, "will_topic"),
            (PacketType::CONNECT, "username"),
            (PacketType::PUBLISH, "topic"),
            (PacketType::PUBLISH, "response_topic"),
            (PacketType::PUBLISH, "content_type"),
            (PacketType::SUBSCRIBE, "filter"),
            (PacketType::UNSUBSCRIBE, "filter"),
        ] {
            for clause in clauses {
                ends_the_connection(version, &error(packet, field, clause));
            }
        }
    }
}

#[test]
fn and_leaves_the_will_to_be_published() {
    for version in BOTH {
        let clause = match version {
            V3 => Clause::v3_1_1("MQTT-2.2.2-2"),
            _ => Clause::v5("MQTT-2.1.3-1"),
        };
        let mut pair = Pair::new();
        let watcher = pair.connected(hello(version, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let liar = pair.connected(hello(version, "liar").will("w"));
        pair.malformed(liar, None, error(PacketType::PUBLISH, "flags", clause));
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    }
}
