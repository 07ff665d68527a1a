//! QoS 1 and 2 in both directions, and what is sent again on a new connection.

use mqtt_check_codec::{Ack, Packet, Property, Publish, ReasonCode};

use crate::pair::{
    BOTH, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, refusing_ack,
};

fn subscribed(version: mqtt_check_codec::ProtocolVersion) -> (Pair, Peer, Peer) {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(version, "a"));
    pair.subscribe(a, "t", 2);
    let b = pair.connected(hello(version, "b"));
    pair.all_hooks();
    (pair, a, b)
}

#[test]
fn a_qos_1_message_is_acknowledged_both_ways() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        pair.send(b, message(1, 7, "t", "x"));
        assert_eq!(pair.seen(b), ["puback id=7"]);
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
        pair.send(a, Packet::PubAck(ack(1)));
        assert!(pair.seen(a).is_empty());
        assert_eq!(
            pair.all_hooks(),
            [
                "message.publish b t",
                "message.delivered a t",
                "message.acked a t 1"
            ]
        );
    }
}

#[test]
fn a_qos_2_message_goes_through_its_four_packets_both_ways() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        pair.send(b, message(2, 7, "t", "x"));
        assert_eq!(pair.seen(b), ["pubrec id=7"]);
        pair.send(b, Packet::PubRel(ack(7)));
        assert_eq!(pair.seen(b), ["pubcomp id=7"]);
        assert_eq!(pair.seen(a), ["publish q2 id=1 t=x"]);
        pair.send(a, Packet::PubRec(ack(1)));
        assert_eq!(pair.seen(a), ["pubrel id=1"]);
        pair.send(a, Packet::PubComp(ack(1)));
        assert!(pair.seen(a).is_empty());
        let acked = pair.all_hooks().pop();
        assert_eq!(acked.as_deref(), Some("message.acked a t 1"));
    }
}

#[test]
fn a_repeated_qos_2_publish_is_acknowledged_and_not_delivered_again() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        let again = Packet::Publish(Publish {
            dup: true,
            qos: qos(2),
            packet_id: Some(id(7)),
            ..publish("t", "x")
        });
        pair.send(b, message(2, 7, "t", "x"));
        pair.send(b, again.clone());
        pair.send(b, again.clone());
        assert_eq!(pair.seen(b), ["pubrec id=7", "pubrec id=7", "pubrec id=7"]);
        assert_eq!(pair.seen(a), ["publish q2 id=1 t=x"]);
        pair.send(b, Packet::PubRel(ack(7)));
        pair.send(b, again);
        assert_eq!(pair.seen(b), ["pubcomp id=7", "pubrec id=7"]);
        assert_eq!(pair.seen(a), ["publish q2 id=2 t=x"]);
    }
}

#[test]
fn a_half_received_qos_2_message_is_known_after_a_reconnect() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 0);
        let b = pair.connected(lasting(version, "b"));
        pair.send(b, message(2, 7, "t", "x"));
        pair.lose(b);
        let b = pair.connected(lasting(version, "b"));
        pair.send(b, message(2, 7, "t", "x"));
        pair.send(b, Packet::PubRel(ack(7)));
        assert_eq!(pair.seen(b), ["pubrec id=7", "pubcomp id=7"]);
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
        // A clean start forgets the packet id.
        pair.send(b, message(2, 8, "t", "y"));
        pair.lose(b);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(2, 8, "t", "y"));
        assert_eq!(pair.seen(a), ["publish q0 t=y", "publish q0 t=y"]);
    }
}

#[test]
fn a_repeated_qos_1_publish_is_a_new_message() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        pair.send(b, message(1, 7, "t", "x"));
        pair.send(b, message(1, 7, "t", "x"));
        assert_eq!(pair.seen(b), ["puback id=7", "puback id=7"]);
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=x", "publish q1 id=2 t=x"]);
    }
}

#[test]
fn unacknowledged_packets_are_sent_again_in_their_order_and_only_on_a_new_connection() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        for (level, payload) in [(2, "1"), (1, "2"), (2, "3"), (1, "4")] {
            pair.send(b, message(level, 1, "t", payload));
            pair.send(b, Packet::PubRel(ack(1)));
        }
        pair.seen(a);
        pair.send(a, Packet::PubRec(ack(3)));
        pair.send(a, Packet::PubRec(ack(1)));
        assert_eq!(pair.seen(a), ["pubrel id=3", "pubrel id=1"]);
        pair.send(a, Packet::PubAck(ack(2)));
        pair.wait_s(3_600);
        assert!(pair.seen(a).is_empty());
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(a),
            [
                "connack 0x00 sp=1",
                "publish q1 id=4 dup t=4",
                "pubrel id=3",
                "pubrel id=1"
            ]
        );
        pair.send(a, Packet::PubAck(ack(4)));
        pair.send(a, Packet::PubComp(ack(3)));
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1", "pubrel id=1"]);
    }
}

#[test]
fn a_message_that_is_refused_is_not_sent_again() {
    let (mut pair, a, b) = subscribed(V5);
    pair.send(b, message(1, 1, "t", "1"));
    pair.send(b, message(2, 1, "t", "2"));
    pair.send(
        a,
        Packet::PubAck(refusing_ack(1, ReasonCode::UNSPECIFIED_ERROR)),
    );
    pair.send(
        a,
        Packet::PubRec(refusing_ack(2, ReasonCode::QUOTA_EXCEEDED)),
    );
    pair.seen(a);
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn packet_ids_that_nobody_knows_are_answered() {
    for (version, code) in [(V3, ""), (V5, " 0x92")] {
        let (mut pair, a, _) = subscribed(version);
        pair.send(a, Packet::PubRel(ack(9)));
        pair.send(a, Packet::PubRec(ack(9)));
        pair.send(a, Packet::PubAck(ack(9)));
        pair.send(a, Packet::PubComp(ack(9)));
        assert_eq!(
            pair.seen(a),
            [format!("pubcomp id=9{code}"), format!("pubrel id=9{code}")]
        );
    }
}

#[test]
fn an_acknowledgement_of_the_wrong_kind_ends_the_connection() {
    for version in BOTH {
        for (level, wrong) in [
            (1, Packet::PubRec(ack(1))),
            (1, Packet::PubComp(ack(1))),
            (2, Packet::PubAck(ack(1))),
            (2, Packet::PubComp(ack(1))),
        ] {
            let (mut pair, a, b) = subscribed(version);
            pair.send(b, message(level, 1, "t", "x"));
            pair.seen(a);
            pair.send(a, wrong);
            assert_eq!(pair.seen(a).last().map(String::as_str), Some("closed"));
        }
    }
}

#[test]
fn no_more_than_the_receive_maximum_is_unacknowledged_and_other_packets_pass() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a").property(Property::ReceiveMaximum(2)));
    pair.subscribe(a, "t", 2);
    let b = pair.connected(hello(V5, "b"));
    for payload in ["1", "2", "3", "4"] {
        pair.send(b, message(1, 1, "t", payload));
    }
    pair.send(b, message(0, 0, "t", "0"));
    pair.send(a, Packet::PingReq);
    assert_eq!(
        pair.seen(a),
        [
            "publish q1 id=1 t=1",
            "publish q1 id=2 t=2",
            "publish q0 t=0",
            "pingresp"
        ]
    );
    pair.send(a, Packet::PubAck(ack(2)));
    assert_eq!(pair.seen(a), ["publish q1 id=3 t=3"]);
    // The new connection has its own limit.
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a").property(Property::ReceiveMaximum(1)));
    assert_eq!(
        pair.seen(a),
        ["connack 0x00 sp=1", "publish q1 id=1 dup t=1"]
    );
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(pair.seen(a), ["publish q1 id=3 dup t=3"]);
    pair.send(a, Packet::PubAck(ack(3)));
    assert_eq!(pair.seen(a), ["publish q1 id=4 t=4"]);
    pair.send(a, Packet::PubAck(ack(4)));
    assert!(pair.seen(a).is_empty());
}

#[test]
fn a_qos_2_message_holds_its_place_until_pubcomp() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a").property(Property::ReceiveMaximum(1)));
    pair.subscribe(a, "t", 2);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(2, 1, "t", "1"));
    pair.send(b, message(2, 2, "t", "2"));
    pair.send(a, Packet::PubRec(ack(1)));
    assert_eq!(pair.seen(a), ["publish q2 id=1 t=1", "pubrel id=1"]);
    pair.send(a, Packet::PubComp(ack(1)));
    assert_eq!(pair.seen(a), ["publish q2 id=2 t=2"]);
    pair.send(
        a,
        Packet::PubRec(refusing_ack(2, ReasonCode::NOT_AUTHORIZED)),
    );
    pair.send(b, message(1, 3, "t", "3"));
    assert_eq!(pair.seen(a), ["publish q1 id=3 t=3"]);
}

#[test]
fn more_than_the_broker_s_receive_maximum_ends_the_connection() {
    let mut pair = Pair::with(|config| config.receive_maximum = 2);
    let b = pair.connect(lasting(V5, "b"));
    assert_eq!(pair.seen(b), ["connack 0x00 sp=0 ReceiveMaximum(2)"]);
    pair.send(b, message(2, 1, "t", "1"));
    pair.send(b, message(2, 2, "t", "2"));
    pair.send(b, message(2, 2, "t", "2"));
    pair.send(b, Packet::PubRel(ack(1)));
    pair.send(b, message(1, 3, "t", "3"));
    pair.send(b, message(2, 4, "t", "4"));
    assert_eq!(
        pair.seen(b),
        [
            "pubrec id=1 0x10",
            "pubrec id=2 0x10",
            "pubrec id=2",
            "pubcomp id=1",
            "puback id=3 0x10",
            "pubrec id=4 0x10"
        ]
    );
    // Unreleased messages of an earlier connection do not count on a new one.
    pair.lose(b);
    let b = pair.connected(lasting(V5, "b"));
    for number in [5, 6] {
        pair.send(b, message(2, number, "t", "x"));
    }
    pair.seen(b);
    pair.send(b, message(1, 7, "t", "x"));
    assert_eq!(pair.seen(b), ["disconnect 0x93", "closed"]);
}

#[test]
fn a_qos_1_publish_with_the_id_of_an_unreleased_message_is_refused_in_version_5() {
    for (version, expected) in [
        (V3, ["pubrec id=7", "puback id=7"]),
        (V5, ["pubrec id=7 0x10", "puback id=7 0x91"]),
    ] {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(2, 7, "t", "1"));
        pair.send(b, message(1, 7, "t", "2"));
        assert_eq!(pair.seen(b), expected);
    }
}

#[test]
fn a_connection_does_not_wear_out() {
    for (version, level) in BOTH.into_iter().flat_map(|v| [(v, 0), (v, 1), (v, 2)]) {
        let (mut pair, a, b) = subscribed(version);
        for number in 1..=400 {
            pair.send(b, message(level, number, "t", "x"));
            let answers = usize::from(level > 0);
            assert_eq!(pair.seen(b).len(), answers, "message {number}");
            assert_eq!(pair.seen(a).len(), 1, "message {number}");
            match level {
                0 => {}
                1 => pair.send(a, Packet::PubAck(ack(number))),
                _ => {
                    pair.send(b, Packet::PubRel(ack(number)));
                    pair.send(a, Packet::PubRec(ack(number)));
                    pair.send(a, Packet::PubComp(ack(number)));
                    pair.seen(a);
                    pair.seen(b);
                }
            }
        }
    }
}

#[test]
fn packet_ids_wrap_around_and_pass_over_those_in_use() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    pair.subscribe(a, "t", 1);
    let b = pair.connected(hello(V3, "b"));
    for number in 1..=65_537_u32 {
        pair.send(b, message(1, 1, "t", "x"));
        let expected = match number {
            65_536 => 2,
            65_537 => 3,
            number => number,
        };
        assert_eq!(pair.seen(a), [format!("publish q1 id={expected} t=x")]);
        if number > 1 {
            let expected = u16::try_from(expected).expect("a packet id");
            pair.send(a, Packet::PubAck(ack(expected)));
        }
    }
}

#[test]
fn a_qos_1_publish_with_dup_and_the_last_packet_id_is_a_new_message_too() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        let again = Packet::Publish(Publish {
            dup: true,
            qos: qos(1),
            packet_id: Some(id(7)),
            ..publish("t", "y")
        });
        pair.send(b, message(1, 7, "t", "x"));
        pair.send(b, again);
        // The publisher's DUP is not forwarded either.
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=x", "publish q1 id=2 t=y"]);
    }
}

#[test]
fn the_handshake_of_a_message_goes_on_though_it_expired() {
    let (mut pair, _, b) = subscribed(V5);
    let mut expiring = Publish {
        qos: qos(2),
        packet_id: Some(id(7)),
        ..publish("t", "x")
    };
    expiring.properties.push(Property::MessageExpiryInterval(5));
    pair.send(b, Packet::Publish(expiring));
    pair.wait_s(6);
    pair.send(b, Packet::PubRel(ack(7)));
    assert_eq!(pair.seen(b), ["pubrec id=7", "pubcomp id=7"]);
}

#[test]
fn the_packet_id_of_a_finished_qos_2_message_is_free_on_the_next_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.subscribe(b, "t", 0);
        let mut a = pair.connected(lasting(version, "a"));
        for payload in ["first", "second"] {
            pair.send(a, message(2, 7, "t", payload));
            pair.send(a, Packet::PubRel(ack(7)));
            assert_eq!(pair.seen(b), [format!("publish q0 t={payload}")]);
            pair.lose(a);
            a = pair.connected(lasting(version, "a"));
        }
    }
}

#[test]
fn an_acknowledgement_is_one_though_it_explains_itself() {
    let explained = |packet_id: u16, explanation: &Property| Ack {
        properties: [explanation.clone()].into_iter().collect(),
        ..ack(packet_id)
    };
    for explanation in [
        Property::ReasonString("taken".into()),
        Property::UserProperty("how".into(), "taken".into()),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(V5, "a").property(Property::ReceiveMaximum(1)));
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(V5, "b"));
        for (level, number) in [(1, 1), (2, 2), (1, 3)] {
            pair.send(b, message(level, number, "t", "x"));
        }
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
        pair.send(a, Packet::PubAck(explained(1, &explanation)));
        assert_eq!(pair.seen(a), ["publish q2 id=2 t=x"]);
        pair.send(a, Packet::PubRec(explained(2, &explanation)));
        assert_eq!(pair.seen(a), ["pubrel id=2"]);
        pair.send(a, Packet::PubComp(explained(2, &explanation)));
        assert_eq!(pair.seen(a), ["publish q1 id=3 t=x"]);
        pair.seen(b);
        pair.send(b, Packet::PubRel(explained(2, &explanation)));
        assert_eq!(pair.seen(b), ["pubcomp id=2"]);
        pair.lose(a);
        let a = pair.connected(lasting(V5, "a"));
        assert_eq!(pair.seen(a), ["publish q1 id=3 dup t=x"]);
    }
}

#[test]
fn pubrels_are_sent_again_in_the_order_of_the_pubrecs() {
    for version in BOTH {
        let (mut pair, a, b) = subscribed(version);
        for number in 1..=3 {
            pair.send(b, message(2, number, "t", "x"));
        }
        for number in [3, 1, 2] {
            pair.send(a, Packet::PubRec(ack(number)));
        }
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(a),
            [
                "connack 0x00 sp=1",
                "pubrel id=3",
                "pubrel id=1",
                "pubrel id=2"
            ]
        );
    }
}
