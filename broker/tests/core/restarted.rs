//! That what survives the broker is whole, and that what was over does not come back.

use mqtt_check_codec::{Packet, Property, Publish, QoS, SubscriptionOptions};

use crate::pair::{
    Pair, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe_with, unsubscribe,
};

fn durable() -> Pair {
    Pair::with(|config| config.durable = true)
}

/// A message with an expiry and one property more.
fn rich(level: u8, packet_id: u16, topic: &str, payload: &str, retain: bool) -> Packet {
    let properties = [
        Property::MessageExpiryInterval(100),
        Property::UserProperty("a".into(), "b".into()),
    ];
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        retain,
        properties: properties.into_iter().collect(),
        ..publish(topic, payload)
    })
}

#[test]
fn messages_and_their_order_are_whole_after_a_restart() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    let options = SubscriptionOptions {
        retain_as_published: true,
        ..SubscriptionOptions::new(QoS::ExactlyOnce)
    };
    let identifier = [Property::SubscriptionIdentifier(7)];
    pair.send(a, subscribe_with(1, identifier, [("t/+", options)]));
    let b = pair.connected(lasting(V5, "b"));
    pair.send(b, message(1, 1, "t/1", "begun"));
    pair.send(b, message(2, 2, "t/1", "begun too"));
    pair.lose(a);
    pair.send(b, rich(2, 3, "t/1", "first", true));
    pair.send(b, message(1, 4, "t/1", "second"));
    pair.restart_after_s(5);
    let a = pair.connect(lasting(V5, "a"));
    let identified = |text: &str| format!("{text} SubscriptionIdentifier(7)");
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=1".to_owned(),
            identified("publish q1 id=1 dup t/1=begun"),
            identified("publish q2 id=2 dup t/1=begun too"),
            identified("publish q2 id=3 retain t/1=first MessageExpiryInterval(95) a:b"),
            identified("publish q1 id=4 t/1=second"),
        ]
    );
}

#[test]
fn messages_that_wait_expire_in_their_time_over_a_restart() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, rich(1, 1, "t", "news", false));
    pair.restart_after_s(101);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn what_was_over_does_not_come_back() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "kept", 1);
    pair.subscribe(a, "left", 1);
    pair.send(a, unsubscribe(9, &["left"]));
    let b = pair.connected(lasting(V5, "b"));
    pair.send(b, message(1, 1, "kept", "settled"));
    pair.send(a, Packet::PubAck(ack(1)));
    let alias = |topic: &str| {
        Packet::Publish(Publish {
            properties: [Property::TopicAlias(1)].into_iter().collect(),
            ..publish(topic, "by alias")
        })
    };
    pair.send(b, alias("elsewhere"));
    pair.restart_after_s(1);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    let b = pair.connect(lasting(V5, "b"));
    pair.send(b, message(1, 2, "left", "to one who left"));
    assert!(pair.seen(a).is_empty());
    pair.seen(b);
    pair.send(b, alias(""));
    assert_eq!(pair.seen(b), ["disconnect 0x82", "closed"]);
}

#[test]
fn retained_messages_are_whole_and_the_last_ones_after_a_restart() {
    let mut pair = durable();
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, retained("r/1", "first"));
    pair.send(b, rich(0, 0, "r/1", "second", true));
    pair.send(b, retained("r/2", "gone"));
    pair.send(b, retained("r/2", ""));
    pair.restart_after_s(5);
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "r/#", 0);
    assert_eq!(
        pair.seen(a),
        ["publish q0 retain r/1=second MessageExpiryInterval(95) a:b"]
    );
}

#[test]
fn a_will_is_whole_after_a_restart() {
    let mut pair = durable();
    let watcher = pair.connected(lasting(V5, "watcher"));
    pair.subscribe(watcher, "w", 2);
    pair.lose(watcher);
    let a = lasting(V5, "a").will_with("w", |will| {
        will.qos = QoS::ExactlyOnce;
        will.properties.push(Property::WillDelayInterval(10));
        let property = Property::UserProperty("a".into(), "b".into());
        will.properties.push(property);
    });
    let a = pair.connected(a);
    pair.lose(a);
    pair.restart_after_s(5);
    let watcher = pair.connect(lasting(V5, "watcher"));
    assert_eq!(pair.seen(watcher), ["connack 0x00 sp=1"]);
    pair.wait_s(5);
    assert_eq!(pair.seen(watcher), ["publish q2 id=1 w=gone a:b"]);
}
