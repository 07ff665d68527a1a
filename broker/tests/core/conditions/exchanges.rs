//! Packet identifiers, acknowledgements, and what is sent again.

use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish, ReasonCode};

use crate::pair::{
    BOTH, Pair, Peer, V5, ack, hello, id, lasting, message, publish, qos, refusing_ack, subscribe,
    unsubscribe,
};

/// A client whose session lasts, and a publisher.
fn keeper(pair: &mut Pair, version: ProtocolVersion, filter: &str, level: u8) -> (Peer, Peer) {
    let keeper = pair.connected(lasting(version, "keeper"));
    pair.subscribe(keeper, filter, level);
    (keeper, pair.connected(hello(version, "writer")))
}

fn repeated(packet_id: u16) -> Packet {
    Packet::Publish(Publish {
        dup: true,
        qos: qos(2),
        packet_id: Some(id(packet_id)),
        ..publish("t", "x")
    })
}

#[test]
fn packet_ids_that_differ_in_one_bit_are_different() {
    for version in BOTH {
        let mut pair = Pair::new();
        let (keeper, writer) = keeper(&mut pair, version, "t", 0);
        pair.send(writer, message(2, 1, "t", "1"));
        pair.send(writer, message(2, 257, "t", "257"));
        assert_eq!(pair.seen(keeper), ["publish q0 t=1", "publish q0 t=257"]);
        pair.send(writer, message(2, 32_769, "t", "32769"));
        assert_eq!(pair.seen(keeper), ["publish q0 t=32769"]);
    }
}

#[test]
fn every_unreleased_packet_id_is_remembered() {
    for version in BOTH {
        let mut pair = Pair::new();
        let (keeper, writer) = keeper(&mut pair, version, "t", 0);
        for packet_id in 1..=20 {
            pair.send(writer, message(2, packet_id, "t", "x"));
        }
        pair.seen(keeper);
        pair.send(writer, repeated(1));
        assert!(pair.seen(keeper).is_empty());
    }
    for version in BOTH {
        let mut pair = Pair::new();
        let (keeper, _) = keeper(&mut pair, version, "t", 0);
        let writer = pair.connected(lasting(version, "lasting"));
        for packet_id in 1..=20 {
            pair.send(writer, message(2, packet_id, "t", "x"));
        }
        pair.lose(writer);
        pair.seen(keeper);
        let writer = pair.connected(lasting(version, "lasting"));
        pair.send(writer, repeated(1));
        assert!(pair.seen(keeper).is_empty());
    }
}

#[test]
fn messages_are_released_in_any_order() {
    for version in BOTH {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(2, 1, "t", "1"));
        pair.send(writer, message(2, 2, "t", "2"));
        pair.seen(writer);
        pair.send(writer, Packet::PubRel(ack(2)));
        pair.send(writer, Packet::PubRel(ack(1)));
        assert_eq!(pair.seen(writer), ["pubcomp id=2", "pubcomp id=1"]);
        pair.send(writer, message(2, 3, "t", "3"));
        pair.send(writer, message(2, 4, "t", "4"));
        pair.seen(writer);
        pair.send(writer, Packet::PubRel(ack(3)));
        pair.send(writer, Packet::PubRel(ack(4)));
        assert_eq!(pair.seen(writer), ["pubcomp id=3", "pubcomp id=4"]);
    }
}

#[test]
fn an_acknowledgement_ends_nothing_that_its_client_has_sent() {
    let refusal = refusing_ack(1, ReasonCode::NOT_AUTHORIZED);
    let ends: [(u8, &[Packet]); 3] = [
        (1, &[Packet::PubAck(ack(1))]),
        (2, &[Packet::PubRec(ack(1)), Packet::PubComp(ack(1))]),
        (2, &[Packet::PubRec(refusal)]),
    ];
    for (level, packets) in ends {
        let mut pair = Pair::new();
        let (both, _) = keeper(&mut pair, V5, "t", level);
        pair.send(both, message(2, 1, "t", "x"));
        for packet in packets {
            pair.send(both, packet.clone());
        }
        pair.seen(both);
        pair.send(both, repeated(1));
        assert_eq!(pair.seen(both), ["pubrec id=1"]);
    }
}

#[test]
fn a_resent_message_can_be_refused() {
    let mut pair = Pair::new();
    let (away, writer) = keeper(&mut pair, V5, "t", 2);
    pair.send(writer, message(2, 1, "t", "x"));
    pair.lose(away);
    pair.wait_s(1);
    let away = pair.connected(lasting(V5, "keeper"));
    pair.seen(away);
    let refusal = refusing_ack(1, ReasonCode::NOT_AUTHORIZED);
    pair.send(away, Packet::PubRec(refusal));
    assert!(pair.seen(away).is_empty());
}

#[test]
fn a_pubrel_is_answered_whatever_its_reason_code() {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    let unknown = refusing_ack(7, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
    pair.send(writer, Packet::PubRel(unknown));
    assert_eq!(pair.seen(writer), ["pubcomp id=7 0x92"]);
}

#[test]
fn what_is_sent_again_does_not_depend_on_the_subscription() {
    let right = ["publish q2 id=1 dup t=x"];
    for version in BOTH {
        for other in [subscribe(9, &[("t", 0)]), unsubscribe(9, &["t"])] {
            let mut pair = Pair::new();
            let (away, writer) = keeper(&mut pair, version, "t", 2);
            pair.send(writer, message(2, 1, "t", "x"));
            pair.send(away, other);
            pair.lose(away);
            let away = pair.connected(lasting(version, "keeper"));
            assert_eq!(pair.seen(away), right);
        }
    }
    let mut pair = Pair::new();
    let (away, writer) = keeper(&mut pair, V5, "$share/g/t", 2);
    pair.send(writer, message(2, 1, "t", "x"));
    pair.send(away, unsubscribe(9, &["$share/g/t"]));
    pair.lose(away);
    let away = pair.connected(lasting(V5, "keeper"));
    assert_eq!(pair.seen(away), right);
}

#[test]
fn a_message_too_large_to_be_sent_again_is_passed_over() {
    let mut pair = Pair::new();
    let (away, writer) = keeper(&mut pair, V5, "t", 1);
    pair.send(writer, message(1, 1, "t", &"x".repeat(50)));
    pair.send(writer, message(1, 2, "t", "y"));
    pair.lose(away);
    let small = lasting(V5, "keeper").property(Property::MaximumPacketSize(40));
    let away = pair.connected(small);
    assert_eq!(pair.seen(away), ["publish q1 id=2 dup t=y"]);
}

#[test]
fn many_messages_are_sent_again() {
    for version in BOTH {
        let mut pair = Pair::new();
        let (away, writer) = keeper(&mut pair, version, "t", 1);
        for packet_id in 1..=25 {
            pair.send(writer, message(1, packet_id, "t", "x"));
        }
        pair.seen(away);
        pair.lose(away);
        let away = pair.connected(lasting(version, "keeper"));
        assert_eq!(pair.seen(away).len(), 25);
    }
}
