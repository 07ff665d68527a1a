//! Packets that are malformed.

use std::collections::BTreeSet;

use mqtt_check_codec::{FrameError, Lie, Packet, Property, ProtocolVersion};

use super::super::bounds::DECODED;
use super::super::check;
use super::record::{
    Record, ack, auth, connack, connack_with, connect_with, disconnect, override_with, publish,
    publish_with, suback, unsuback,
};
use super::{Case, V3, V5};
use crate::transcript::What;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let connected = || Record::connected(version);
        cases.push(Case::new(
            &check::MALFORMED,
            version,
            connected().broker(Packet::Publish(publish(1, 1, "x"))),
            connected().broker_lies(
                &Packet::Publish(publish(1, 1, "x")),
                override_with("topic", b"a/+"),
            ),
        ));
        cases.push(Case::new(
            &check::LENGTH,
            version,
            connected(),
            connected().event(What::Garbage {
                bytes: b"\x30\xff\xff\xff\xff\x01"[..].into(),
                error: FrameError::LengthTooLong,
            }),
        ));
    }
    cases
}

fn widen(field: &str, width: u8) -> Lie {
    Lie::Widen {
        field: field.into(),
        width,
    }
}

fn twice(field: &str) -> Lie {
    Lie::Repeat {
        field: field.into(),
        more: 1,
    }
}

fn omit(field: &str) -> Lie {
    Lie::Omit {
        field: field.into(),
    }
}

/// Returns malformed packets of every kind that a server could send.
fn wrong(version: ProtocolVersion) -> Vec<(Packet, Lie)> {
    let message = || Packet::Publish(publish(1, 1, "x"));
    let mut wrong = vec![
        (message(), override_with("topic", b"a\xff")),
        (message(), override_with("topic", b"a\0")),
        (message(), override_with("topic", b"a/#")),
        (message(), override_with("topic", b"")),
        (message(), override_with("qos", &[3])),
        (message(), override_with("packet_id", &[0, 0])),
        (
            Packet::Publish(publish(0, 0, "x")),
            override_with("dup", &[1]),
        ),
        (message(), override_with("body", b"")),
        (Packet::PubAck(ack(1)), override_with("body", b"\0")),
        (Packet::PubAck(ack(1)), override_with("packet_id", &[0, 0])),
        (Packet::PubComp(ack(1)), override_with("packet_id", &[0, 0])),
        (suback(1, &[0]), override_with("packet_id", &[0, 0])),
        (suback(1, &[0]), omit("reasons")),
        (Packet::PingResp, override_with("flags", &[1])),
        (Packet::PubRel(ack(1)), override_with("flags", &[0])),
        (connack(false, 0), override_with("acknowledge_flags", &[2])),
    ];
    if version == V5 {
        let text = |property| publish_with("a", [property]);
        let response = || text(Property::ResponseTopic("r".into()));
        let content = || text(Property::ContentType("c".into()));
        wrong.extend([
            (message(), widen("remaining_length", 2)),
            (
                text(Property::UserProperty("a".into(), "b".into())),
                override_with("user_properties.value", b"\xff"),
            ),
            (connack(false, 0), omit("property_length")),
            (connack(false, 0), Lie::Append(b"\0"[..].into())),
            (
                text(Property::TopicAlias(1)),
                override_with("topic_alias", &[0, 0]),
            ),
            (text(Property::TopicAlias(1)), twice("topic_alias")),
            (response(), override_with("response_topic", b"\xff")),
            (response(), override_with("response_topic", b"a/+")),
            (response(), override_with("response_topic", b"")),
            (content(), override_with("content_type", b"\xff")),
            (content(), twice("content_type")),
            (
                text(Property::SubscriptionIdentifier(1)),
                override_with("subscription_identifier", &[0]),
            ),
            (unsuback(1, &[0]), omit("reasons")),
            (disconnect(0x8B, []), override_with("flags", &[1])),
            (
                auth(0x18, [Property::AuthenticationMethod("m".into())]),
                override_with("flags", &[1]),
            ),
            (
                auth(0x18, [Property::AuthenticationMethod("m".into())]),
                omit("authentication_method"),
            ),
            (
                disconnect(0x8B, []),
                Lie::Properties(b"\x21\x00\x01"[..].into()),
            ),
        ]);
        wrong.extend(connack_properties());
    } else {
        wrong.push((connack(false, 0), Lie::Append(b"\0"[..].into())));
    }
    wrong
}

/// Returns each property of CONNACK with an invalid value, or twice.
fn connack_properties() -> impl Iterator<Item = (Packet, Lie)> {
    use Property as P;
    let rows = [
        (
            P::SessionExpiryInterval(1),
            twice("session_expiry_interval"),
        ),
        (
            P::ReceiveMaximum(1),
            override_with("receive_maximum", &[0, 0]),
        ),
        (P::MaximumQoS(1), override_with("maximum_qos", &[2])),
        (
            P::RetainAvailable(1),
            override_with("retain_available", &[2]),
        ),
        (
            P::MaximumPacketSize(1),
            override_with("maximum_packet_size", &[0; 4]),
        ),
        (
            P::AssignedClientIdentifier("a".into()),
            twice("assigned_client_identifier"),
        ),
        (P::TopicAliasMaximum(1), twice("topic_alias_maximum")),
        (P::ReasonString("a".into()), twice("reason_string")),
        (
            P::WildcardSubscriptionAvailable(1),
            override_with("wildcard_subscription_available", &[2]),
        ),
        (
            P::SubscriptionIdentifierAvailable(1),
            override_with("subscription_identifier_available", &[2]),
        ),
        (
            P::SharedSubscriptionAvailable(1),
            override_with("shared_subscription_available", &[2]),
        ),
        (P::ServerKeepAlive(1), twice("server_keep_alive")),
        (
            P::ResponseInformation("a".into()),
            twice("response_information"),
        ),
        (P::ServerReference("a".into()), twice("server_reference")),
        (
            P::AuthenticationMethod("m".into()),
            twice("authentication_method"),
        ),
        (
            P::AuthenticationData("a".into()),
            twice("authentication_data"),
        ),
    ];
    rows.into_iter()
        .map(|(property, lie)| (connack_with(false, 0x87, [property]), lie))
}

/// Returns a connection on which this packet is in its place.
fn before(packet: &Packet, version: ProtocolVersion) -> Record {
    let record = Record::open(version);
    let connect = match version {
        V5 => connect_with([
            Property::AuthenticationMethod("m".into()),
            Property::TopicAliasMaximum(9),
            Property::RequestResponseInformation(1),
        ]),
        _ => super::record::connect(version),
    };
    let record = record.connect(connect);
    match packet {
        Packet::ConnAck(_) | Packet::Auth(_) => record,
        _ if version == V5 => {
            let method = Property::AuthenticationMethod("m".into());
            record.broker(connack_with(false, 0, [method]))
        }
        _ => record.broker(connack(false, 0)),
    }
}

#[test]
fn cites_every_clause_that_it_lists() {
    for (version, expected) in [V3, V5].into_iter().zip(DECODED) {
        let mut cited = BTreeSet::new();
        for (packet, lie) in wrong(version) {
            let record = before(&packet, version).broker_lies(&packet, lie.clone());
            let found = record.found();
            let [(_, found)] = &found[..] else {
                panic!("{version} {lie:?}: {found:?}");
            };
            assert!(
                std::ptr::eq(found.check, &check::MALFORMED),
                "{lie:?}: {found:?}"
            );
            cited.extend(found.by.iter().copied());
        }
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert_eq!(cited, expected, "{version}");
    }
}

#[test]
fn a_fault_has_the_words_of_the_decoder() {
    let packet = Packet::Publish(publish(1, 1, "x"));
    let record = Record::connected(V5).broker_lies(&packet, override_with("packet_id", &[0, 0]));
    let found = record.found();
    assert_eq!(found[0].1.actual, "PUBLISH whose packet_id at byte 7 is 0");
    assert_eq!(found[0].1.by, ["MQTT-2.2.1-4"]);
}

#[test]
fn distinguishes_a_missing_property_length_from_other_faults() {
    let clauses = |packet: Packet, lie: Lie| {
        let record = before(&packet, V5).broker_lies(&packet, lie);
        let found = record.found();
        assert_eq!(found.len(), 1, "{packet:?}: {found:?}");
        found[0].1.by.clone()
    };
    let length = || omit("property_length");
    assert_eq!(clauses(suback(1, &[0x80]), length()), ["MQTT-2.2.2-1"]);
    assert_eq!(clauses(connack(false, 0), length()), ["MQTT-2.2.2-1"]);
    // The same bytes may also be a SUBACK without codes, or such an UNSUBACK.
    let both = ["MQTT-3.8.4-6", "MQTT-2.2.2-1"];
    assert_eq!(clauses(suback(1, &[0]), length()), both);
    let both = ["MQTT-3.11.3-2", "MQTT-2.2.2-1"];
    assert_eq!(clauses(unsuback(1, &[0]), length()), both);
    // A property that does not belong in the packet is a different fault.
    let foreign = Lie::Properties(b"\x21\x00\x01"[..].into());
    assert_eq!(clauses(suback(1, &[0]), foreign), ["RULE-2.2.2.2-1"]);
}
