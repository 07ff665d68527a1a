//! What a session keeps from one connection to the next, part by part, and what only some sessions keep.

use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, ReasonCode, SubscriptionOptions, Will,
};

use crate::pair::{
    BOTH, NEVER, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, subscribe_with,
};

#[test]
fn a_resumed_session_has_every_subscription_as_it_was() {
    let mut pair = Pair::new();
    let reader = pair.connected(lasting(V5, "reader"));
    let plain = |level| SubscriptionOptions::new(qos(level));
    let options = SubscriptionOptions {
        no_local: true,
        retain_as_published: true,
        ..plain(2)
    };
    let identifier = Property::SubscriptionIdentifier(5);
    let filters = [("zero", plain(0)), ("$share/g/shared", plain(1))];
    pair.send(reader, subscribe_with(1, [], filters));
    pair.send(reader, subscribe_with(2, [identifier], [("t", options)]));
    pair.lose(reader);
    let reader = pair.connected(lasting(V5, "reader"));
    pair.lose(reader);
    let reader = pair.connect(lasting(V5, "reader"));
    assert_eq!(pair.seen(reader), ["connack 0x00 sp=1"]);
    let writer = pair.connected(hello(V5, "writer"));
    let kept = |topic| {
        Packet::Publish(Publish {
            qos: qos(2),
            retain: true,
            packet_id: Some(id(9)),
            ..publish(topic, "x")
        })
    };
    for topic in ["zero", "shared", "t"] {
        pair.send(writer, kept(topic));
        pair.send(writer, Packet::PubRel(ack(9)));
    }
    let expected = [
        "publish q0 zero=x",
        "publish q1 id=1 shared=x",
        "publish q2 id=2 retain t=x SubscriptionIdentifier(5)",
    ];
    assert_eq!(pair.seen(reader), expected);
    pair.send(reader, kept("t"));
    assert_eq!(pair.seen(reader), ["pubrec id=9 0x10"]);
}

/// Returns a message of QoS 2 with RETAIN 1.
fn staged(dup: bool) -> Packet {
    Packet::Publish(Publish {
        dup,
        qos: qos(2),
        retain: true,
        packet_id: Some(id(9)),
        ..publish("t", "x")
    })
}

/// Checks that the message was delivered once, and that a new subscriber receives it as a retained message.
fn is_delivered_and_retained(pair: &mut Pair, reader: Peer, version: ProtocolVersion) {
    assert_eq!(pair.seen(reader), ["publish q2 id=1 t=x"]);
    let late = pair.connected(hello(version, "late"));
    pair.subscribe(late, "t", 0);
    assert_eq!(pair.seen(late), ["publish q0 retain t=x"]);
}

#[test]
fn what_was_received_is_known_until_it_is_released() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 2);
        let mut writer = pair.connected(lasting(version, "writer"));
        pair.send(writer, staged(false));
        for _ in 0..3 {
            pair.lose(writer);
            writer = pair.connected(lasting(version, "writer"));
            pair.send(writer, staged(true));
        }
        pair.send(writer, Packet::PubRel(ack(9)));
        is_delivered_and_retained(&mut pair, reader, version);
    }
}

#[test]
fn a_message_released_on_a_later_connection_is_as_it_was_published() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 2);
        let writer = pair.connected(lasting(version, "writer"));
        pair.send(writer, staged(false));
        pair.lose(writer);
        let writer = pair.connected(lasting(version, "writer"));
        pair.send(writer, Packet::PubRel(ack(9)));
        is_delivered_and_retained(&mut pair, reader, version);
    }
}

#[test]
fn a_session_that_ends_with_its_connection_is_not_taken_over() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(hello(version, "a"));
        pair.subscribe(first, "t", 0);
        let second = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(second), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn a_clean_start_says_nothing_of_later_sessions() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.disconnect(a);
        let a = pair.connected(lasting(version, "a"));
        pair.disconnect(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}

#[test]
fn the_first_message_waits_as_the_second_does() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(version, "reader"));
        pair.subscribe(reader, "t", 1);
        pair.lose(reader);
        let writer = pair.connected(hello(version, "writer"));
        for payload in ["a", "b"] {
            pair.send(writer, message(1, 9, "t", payload));
        }
        let reader = pair.connect(lasting(version, "reader"));
        let waited = ["publish q1 id=1 t=a", "publish q1 id=2 t=b"];
        assert_eq!(pair.seen(reader)[1..], waited);
    }
}

#[test]
fn a_takeover_in_another_version_publishes_the_will() {
    for (old, new) in [(V3, V5), (V5, V3)] {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V5, "reader"));
        pair.subscribe(reader, "w", 0);
        pair.connected(lasting(old, "a").will("w"));
        pair.connected(lasting(new, "a"));
        assert_eq!(pair.seen(reader), ["publish q0 w=gone"]);
    }
}

#[test]
fn a_takeover_within_the_delay_keeps_the_will_back() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "w", 0);
    pair.connected(lasting(V5, "a").delayed_will("w", 10));
    pair.connected(lasting(V5, "a"));
    pair.wait_s(20);
    assert!(pair.seen(reader).is_empty());
}

#[test]
fn a_delay_holds_however_long_and_whatever_ends_the_connection() {
    for delay_s in [10, 65_536, NEVER - 1] {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V5, "reader"));
        pair.subscribe(reader, "w", 0);
        let a = pair.connected(lasting(V5, "a").delayed_will("w", delay_s));
        pair.send(a, crate::pair::disconnect(4, []));
        pair.wait_s(9);
        assert!(pair.seen(reader).is_empty(), "{delay_s}");
    }
}

#[test]
fn a_retained_will_expires() {
    let mut pair = Pair::new();
    let change = |will: &mut Will| {
        will.retain = true;
        will.properties.push(Property::MessageExpiryInterval(5));
    };
    let a = pair.connected(hello(V5, "a").will_with("w", change));
    pair.lose(a);
    pair.wait_s(6);
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "w", 0);
    assert!(pair.seen(reader).is_empty());
}

#[test]
fn a_refused_connect_of_3_1_1_has_a_code_of_3_1_1() {
    let mut pair = Pair::with(|config| config.banned_clients = vec!["a".into()]);
    let a = pair.connect(hello(V3, "a"));
    let code = ReasonCode::V3_NOT_AUTHORIZED;
    assert_eq!(
        pair.seen(a),
        [format!("connack {code} sp=0"), "closed".into()]
    );
}

#[test]
fn a_pingreq_in_front_of_connect_is_not_answered() {
    let mut pair = Pair::new();
    let a = pair.open();
    pair.send(a, Packet::PingReq);
    assert_eq!(pair.seen(a), ["closed"]);
}

#[test]
fn a_takeover_keeps_every_subscription() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(lasting(version, "a"));
        pair.subscribe(first, "t/+", 0);
        pair.subscribe(first, "u", 0);
        let second = pair.connected(lasting(version, "a"));
        for topic in ["t/x", "u"] {
            pair.send(second, message(0, 0, topic, "y"));
        }
        assert_eq!(pair.seen(second), ["publish q0 t/x=y", "publish q0 u=y"]);
    }
}
