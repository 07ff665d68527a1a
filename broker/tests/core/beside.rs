//! How one message or client must not affect another.

use bytes::Bytes;
use mqtt_check_codec::{Packet, Property, Publish, SubscriptionOptions};

use crate::pair::{
    BOTH, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, subscribe_with,
};

/// Returns a message of QoS 2 with RETAIN 1 and a property.
fn rich(packet_id: u16) -> Packet {
    Packet::Publish(Publish {
        qos: qos(2),
        retain: true,
        packet_id: Some(id(packet_id)),
        properties: [Property::ContentType("c".into())].into_iter().collect(),
        ..publish("t", "x")
    })
}

#[test]
fn each_client_gets_a_message_by_its_own_subscription() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "t", 2);
    let lower = pair.connected(hello(V5, "lower"));
    pair.subscribe(lower, "t", 0);
    let older = pair.connected(hello(V3, "older"));
    pair.subscribe(older, "t", 1);
    let named = pair.connected(hello(V5, "named"));
    let options = SubscriptionOptions {
        retain_as_published: true,
        ..SubscriptionOptions::new(qos(2))
    };
    let identifier = Property::SubscriptionIdentifier(5);
    pair.send(named, subscribe_with(1, [identifier], [("t", options)]));
    let shared = pair.connected(hello(V5, "shared"));
    pair.subscribe(shared, "$share/g/t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    pair.subscribe(writer, "t", 0);
    for peer in [named, writer] {
        pair.seen(peer);
    }
    pair.send(writer, rich(9));
    assert_eq!(
        pair.seen(reader),
        ["publish q2 id=1 t=x ContentType(\"c\")"]
    );
    assert_eq!(pair.seen(lower), ["publish q0 t=x ContentType(\"c\")"]);
    assert_eq!(pair.seen(older), ["publish q1 id=1 t=x"]);
    let with_identifier = "publish q2 id=1 retain t=x ContentType(\"c\") SubscriptionIdentifier(5)";
    assert_eq!(pair.seen(named), [with_identifier]);
    assert_eq!(pair.seen(shared), ["publish q0 t=x ContentType(\"c\")"]);
    let own = pair.seen(writer);
    assert_eq!(own, ["pubrec id=9", "publish q0 t=x ContentType(\"c\")"]);
}

#[test]
fn a_full_window_holds_up_its_own_client_only() {
    let mut pair = Pair::new();
    let full = pair.connected(hello(V5, "full").property(Property::ReceiveMaximum(1)));
    pair.subscribe(full, "t", 1);
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    for payload in ["a", "b"] {
        pair.send(writer, message(1, 1, "t", payload));
    }
    assert_eq!(pair.seen(full), ["publish q1 id=1 t=a"]);
    assert_eq!(pair.seen(reader), ["publish q0 t=a", "publish q0 t=b"]);
}

#[test]
fn an_equal_message_is_another_message() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 0);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(0, 0, "t", "x"));
        pair.send(writer, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(reader), ["publish q0 t=x", "publish q0 t=x"]);
    }
}

/// Returns a reader with two messages of this QoS in flight.
fn with_two(version: mqtt_check_codec::ProtocolVersion, level: u8) -> (Pair, Peer) {
    let mut pair = Pair::new();
    let reader = pair.connected(lasting(version, "reader"));
    pair.subscribe(reader, "t", level);
    let writer = pair.connected(hello(version, "writer"));
    for (number, payload) in (1..).zip(["a", "b"]) {
        pair.send(writer, message(level, number, "t", payload));
    }
    (pair, reader)
}

#[test]
fn an_acknowledgement_ends_its_own_delivery_only() {
    for version in BOTH {
        let (mut pair, reader) = with_two(version, 1);
        pair.send(reader, Packet::PubAck(ack(2)));
        pair.lose(reader);
        let reader = pair.connected(lasting(version, "reader"));
        assert_eq!(pair.seen(reader), ["publish q1 id=1 dup t=a"]);

        let (mut pair, reader) = with_two(version, 2);
        for packet_id in [1, 2] {
            pair.send(reader, Packet::PubRec(ack(packet_id)));
        }
        pair.send(reader, Packet::PubComp(ack(2)));
        pair.lose(reader);
        let reader = pair.connected(lasting(version, "reader"));
        assert_eq!(pair.seen(reader), ["pubrel id=1"]);
    }
}

#[test]
fn what_is_sent_again_is_the_same_message() {
    for version in BOTH {
        let (mut pair, reader) = with_two(version, 1);
        pair.lose(reader);
        for _ in 0..2 {
            let again = pair.connected(lasting(version, "reader"));
            let both = ["publish q1 id=1 dup t=a", "publish q1 id=2 dup t=b"];
            assert_eq!(pair.seen(again), both);
            pair.lose(again);
        }
    }
}

#[test]
fn an_owed_release_keeps_its_packet_id_and_outlives_its_message() {
    let mut pair = Pair::new();
    let reader = pair.connected(lasting(V5, "reader"));
    pair.subscribe(reader, "t", 2);
    let writer = pair.connected(hello(V5, "writer"));
    let expiry = Property::MessageExpiryInterval(5);
    pair.send(
        writer,
        Packet::Publish(Publish {
            qos: qos(2),
            packet_id: Some(id(1)),
            properties: [expiry].into_iter().collect(),
            ..publish("t", "a")
        }),
    );
    pair.send(reader, Packet::PubRec(ack(1)));
    pair.lose(reader);
    pair.send(writer, message(1, 2, "t", "b"));
    pair.wait_s(9);
    let reader = pair.connected(lasting(V5, "reader"));
    assert_eq!(pair.seen(reader), ["pubrel id=1", "publish q1 id=2 t=b"]);
}

#[test]
fn a_release_is_of_its_own_message_only() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 0);
        let writer = pair.connected(hello(version, "writer"));
        for (number, payload) in (1..).zip(["a", "b"]) {
            pair.send(writer, message(2, number, "t", payload));
        }
        pair.send(writer, Packet::PubRel(ack(1)));
        pair.send(writer, message(2, 2, "t", "b"));
        assert_eq!(pair.seen(reader), ["publish q0 t=a", "publish q0 t=b"]);
    }
}

#[test]
fn a_message_that_expires_takes_no_other_along() {
    let mut pair = Pair::new();
    let reader = pair.connected(lasting(V5, "reader"));
    pair.subscribe(reader, "t", 1);
    pair.lose(reader);
    let writer = pair.connected(hello(V5, "writer"));
    let expiry = Property::MessageExpiryInterval(2);
    pair.send(
        writer,
        Packet::Publish(Publish {
            qos: qos(1),
            packet_id: Some(id(1)),
            properties: [expiry].into_iter().collect(),
            ..publish("t", "a")
        }),
    );
    pair.send(writer, message(1, 2, "t", "b"));
    pair.wait_s(5);
    let reader = pair.connected(lasting(V5, "reader"));
    assert_eq!(pair.seen(reader), ["publish q1 id=1 t=b"]);
}

#[test]
fn a_client_that_comes_back_cancels_its_own_will_only() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "gone/+", 0);
    let a = pair.connected(lasting(V5, "a").delayed_will("gone/a", 5));
    let b = pair.connected(lasting(V5, "b").delayed_will("gone/b", 5));
    pair.lose(a);
    pair.lose(b);
    pair.connected(lasting(V5, "a"));
    pair.wait_s(9);
    assert_eq!(pair.seen(reader), ["publish q0 gone/b=gone"]);
}

#[test]
fn the_end_of_a_session_unsubscribes_nobody_else() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 0);
        let leaver = pair.connected(hello(version, "leaver"));
        pair.subscribe(leaver, "t", 0);
        pair.disconnect(leaver);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(reader), ["publish q0 t=x"]);
    }
}

#[test]
fn a_silent_client_is_dropped_whoever_else_is_active() {
    let mut pair = Pair::new();
    let silent = pair.connected(hello(V3, "silent").keep_alive(2));
    let busy = pair.connected(hello(V3, "busy"));
    for _ in 0..4 {
        pair.wait_s(1);
        pair.send(busy, Packet::PingReq);
    }
    assert_eq!(pair.seen(silent), ["closed"]);
}

#[test]
fn the_rest_of_an_expiry_is_that_of_the_message() {
    for level in 0..=2 {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(V5, "reader"));
        pair.subscribe(reader, "t", level);
        let writer = pair.connected(hello(V5, "writer"));
        let send = |pair: &mut Pair, number: u16| {
            let expiry = Property::MessageExpiryInterval(60);
            let message = Publish {
                qos: qos(level),
                packet_id: (level > 0).then(|| id(number)),
                properties: [expiry].into_iter().collect(),
                payload: Bytes::from_static(b"x"),
                ..publish("t", "x")
            };
            pair.send(writer, Packet::Publish(message));
        };
        send(&mut pair, 1);
        let seen = pair.seen(reader);
        assert!(seen[0].ends_with("MessageExpiryInterval(60)"), "{seen:?}");
        if level == 0 {
            continue;
        }
        pair.lose(reader);
        send(&mut pair, 2);
        pair.wait_s(10);
        send(&mut pair, 3);
        pair.wait_s(5);
        let reader = pair.connected(lasting(V5, "reader"));
        let seen = pair.seen(reader);
        assert!(seen[1].ends_with("MessageExpiryInterval(45)"), "{seen:?}");
        assert!(seen[2].ends_with("MessageExpiryInterval(55)"), "{seen:?}");
    }
}
