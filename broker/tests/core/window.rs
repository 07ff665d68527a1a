//! Messages that wait for room in a window, and the aliases of messages that are never sent.

use mqtt_check_codec::{Packet, Property, Publish, QoS, SubscriptionOptions};

use crate::pair::{
    BOTH, Hello, Pair, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe,
    subscribe_with,
};

fn narrow(client: &str) -> Hello {
    lasting(V5, client).property(Property::ReceiveMaximum(1))
}

/// Returns a message of QoS 1 that expires after five seconds.
fn brief(topic: &str, payload: &str) -> Packet {
    let properties = [Property::MessageExpiryInterval(5)].into_iter().collect();
    Packet::Publish(Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        properties,
        ..publish(topic, payload)
    })
}

#[test]
fn retained_messages_wait_for_room_like_others_and_stay_retained() {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    for topic in ["r/1", "r/2"] {
        let kept = Packet::Publish(Publish {
            retain: true,
            qos: qos(1),
            packet_id: Some(id(1)),
            ..publish(topic, "x")
        });
        pair.send(writer, kept);
    }
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    pair.send(writer, message(1, 1, "t", "x"));
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
    let options = SubscriptionOptions::new(qos(1));
    let identifier = Property::SubscriptionIdentifier(7);
    pair.send(a, subscribe_with(2, [identifier], [("r/#", options)]));
    assert_eq!(pair.seen(a), ["suback id=2 01"]);
    for (number, topic) in [(1, "r/1"), (2, "r/2")] {
        pair.send(a, Packet::PubAck(ack(number)));
        let next = format!("publish q1 id={} retain {topic}=x", number + 1);
        assert_eq!(pair.seen(a), [format!("{next} SubscriptionIdentifier(7)")]);
    }
}

#[test]
fn what_expires_while_it_waits_takes_no_room_and_no_alias() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a").property(Property::TopicAliasMaximum(5)));
    pair.subscribe(a, "t", 1);
    pair.subscribe(a, "u", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "u", "1"));
    pair.send(writer, brief("t", "2"));
    pair.wait_s(6);
    pair.send(a, Packet::PubAck(ack(1)));
    pair.send(writer, message(1, 1, "t", "3"));
    let expected = [
        "publish q1 id=1 u=1 TopicAlias(1)",
        "publish q1 id=2 t=3 TopicAlias(2)",
    ];
    assert_eq!(pair.seen(a), expected);
}

#[test]
fn what_is_too_large_sets_no_alias() {
    let mut pair = Pair::new();
    let aliases = Property::TopicAliasMaximum(5);
    let size = Property::MaximumPacketSize(100);
    let a = pair.connected(hello(V5, "a").property(aliases).property(size));
    pair.subscribe(a, "t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "t", &"x".repeat(200)));
    pair.send(writer, message(0, 0, "t", "x"));
    assert_eq!(pair.seen(a), ["publish q0 t=x TopicAlias(1)"]);
}

/// Returns a message that sets the alias 1, or uses it.
fn alias(level: u8, packet_id: u16, topic: &str) -> Packet {
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        properties: [Property::TopicAlias(1)].into_iter().collect(),
        ..publish(topic, "x")
    })
}

#[test]
fn an_alias_stands_for_its_topic_when_the_message_comes() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "#", 0);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, alias(0, 0, "t"));
    pair.send(a, alias(2, 9, ""));
    pair.send(a, alias(0, 0, "u"));
    pair.send(a, Packet::PubRel(ack(9)));
    let mut topics = pair.seen(reader);
    topics.sort();
    let expected = ["publish q0 t=x", "publish q0 t=x", "publish q0 u=x"];
    assert_eq!(topics, expected);
    pair.send(a, message(2, 9, "v", "x"));
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, alias(2, 9, "v"));
    pair.send(a, alias(0, 0, ""));
    assert_eq!(pair.seen(reader), ["publish q0 v=x", "publish q0 v=x"]);
    pair.send(a, alias(2, 10, ""));
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, Packet::PubRel(ack(10)));
    assert_eq!(pair.seen(reader), ["publish q0 v=x"]);
}

#[test]
fn the_last_options_of_a_filter_in_one_subscribe_count() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[("t", 0), ("t", 1)]));
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "t", "x"));
        let expected = ["suback id=1 00 01", "publish q1 id=1 t=x"];
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn a_client_gets_what_it_has_retained_itself() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, retained("t", "x"));
        pair.subscribe(a, "t", 0);
        assert_eq!(pair.seen(a), ["publish q0 retain t=x"]);
    }
}

#[test]
fn a_long_acknowledgement_is_one_like_others() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "1"));
    pair.send(writer, message(1, 1, "t", "2"));
    let mut explained = ack(1);
    let reason = Property::ReasonString("x".repeat(20_000).into());
    explained.properties.push(reason);
    pair.send_sized(a, Packet::PubAck(explained), 20_010);
    let expected = ["publish q1 id=1 t=1", "publish q1 id=2 t=2"];
    assert_eq!(pair.seen(a), expected);
}

#[test]
fn wills_wait_for_room_like_others() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    pair.subscribe(a, "w", 1);
    let doomed = hello(V5, "doomed").will_with("w", |will| will.qos = QoS::AtLeastOnce);
    let doomed = pair.connected(doomed);
    pair.send(doomed, message(1, 1, "t", "x"));
    pair.lose(doomed);
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(pair.seen(a), ["publish q1 id=2 w=gone"]);
}
