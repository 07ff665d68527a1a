//! The content of messages, Topic Aliases, retained messages, and expiry.

use bytes::Bytes;
use mqtt_check_codec::{Packet, Property, Publish};

use crate::details::{brought, kept};
use crate::pair::{
    BOTH, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe,
};

fn rich(property: Property, message: Publish) -> Packet {
    Packet::Publish(Publish {
        properties: [property].into_iter().collect(),
        ..message
    })
}

fn of_qos1(topic: &str, packet_id: u16) -> Publish {
    Publish {
        qos: qos(1),
        packet_id: Some(id(packet_id)),
        ..publish(topic, "x")
    }
}

fn properties(pair: &mut Pair, peer: Peer) -> Vec<Property> {
    match &pair.packets(peer)[..] {
        [Packet::Publish(publish)] => publish.properties.0.clone(),
        other => panic!("no PUBLISH, but {other:?}"),
    }
}

#[test]
fn what_waits_for_send_quota_expires() {
    let mut pair = Pair::new();
    let room = Property::ReceiveMaximum(1);
    let a = pair.connected(hello(V5, "a").property(room));
    pair.subscribe(a, "t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "1"));
    let expiry = Property::MessageExpiryInterval(2);
    pair.send(b, rich(expiry, of_qos1("t", 2)));
    pair.seen(a);
    pair.wait_s(5);
    pair.send(a, Packet::PubAck(ack(1)));
    assert!(pair.seen(a).is_empty());
}

#[test]
fn what_is_queued_of_a_shared_subscription_expires() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "$share/g/t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    let expiry = Property::MessageExpiryInterval(2);
    pair.send(b, rich(expiry, of_qos1("t", 2)));
    pair.wait_s(5);
    let a = pair.connected(lasting(V5, "a"));
    assert!(pair.seen(a).is_empty());
}

#[test]
fn properties_arrive_whatever_their_length_and_bytes() {
    let long = "c".repeat(300);
    for property in [
        Property::CorrelationData(Bytes::from_static(&[0xFF, 0xFE, 0])),
        Property::ResponseTopic(long.as_str().into()),
        Property::ContentType(long.as_str().into()),
        Property::UserProperty("a".into(), "\u{1f980}".into()),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.subscribe(a, "t", 0);
        pair.packets(a);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, rich(property.clone(), publish("t", "x")));
        assert_eq!(properties(&mut pair, a), [property]);
    }
}

#[test]
fn every_character_of_a_topic_arrives() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t/+", 0);
        pair.send(a, message(0, 0, "t/\u{1f980}", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t/\u{1f980}=x"]);
    }
}

#[test]
fn retained_messages_are_kept_whole_under_their_own_topic() {
    for version in BOTH {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.send(b, retained("t", &"x".repeat(1_200)));
        let seen = brought(&mut pair, version, "t", 0);
        assert_eq!(seen, [format!("publish q0 retain t={}", "x".repeat(1_200))]);

        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.send(b, retained("t", "without"));
        pair.send(b, retained("t/", "with"));
        let seen = brought(&mut pair, version, "t", 0);
        assert_eq!(seen, ["publish q0 retain t=without"]);

        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        let again = Publish {
            dup: true,
            ..kept(1, "t", "x")
        };
        pair.send(b, Packet::Publish(again));
        let seen = brought(&mut pair, version, "t", 0);
        assert_eq!(seen, ["publish q0 retain t=x"]);
    }
}

#[test]
fn a_shared_subscription_never_brings_retained_messages() {
    let mut pair = Pair::new();
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, retained("t", "x"));
    let a = pair.connected(hello(V5, "a"));
    for _ in 0..2 {
        pair.send(a, subscribe(1, &[("$share/g/t", 0)]));
        assert_eq!(pair.seen(a), ["suback id=1 00"]);
    }
}

#[test]
fn messages_with_a_topic_alias_reach_every_kind_of_subscriber() {
    let mut pair = Pair::new();
    let away = pair.connected(lasting(V5, "away"));
    pair.subscribe(away, "t", 1);
    pair.disconnect(away);
    let older = pair.connected(hello(V3, "older"));
    pair.subscribe(older, "t", 0);
    let b = pair.connected(hello(V5, "b"));
    for alias in 1..=20 {
        let topic = format!("t{}", "/".repeat(usize::from(alias == 1)));
        pair.send(b, rich(Property::TopicAlias(alias), publish(&topic, "set")));
    }
    pair.seen(b);
    pair.send(b, rich(Property::TopicAlias(20), of_qos1("", 1)));
    assert_eq!(pair.seen(b), ["puback id=1"]);
    assert_eq!(pair.seen(older).len(), 20);
    pair.send(b, rich(Property::TopicAlias(1), publish("", "x")));
    assert!(pair.seen(b).is_empty());
    let away = pair.connected(lasting(V5, "away"));
    assert_eq!(pair.seen(away), ["publish q1 id=1 t=x"]);

    let room = Property::ReceiveMaximum(1);
    let full = pair.connected(hello(V5, "full").property(room));
    pair.subscribe(full, "$share/g/t", 1);
    pair.send(b, message(1, 1, "t", "first"));
    pair.send(b, rich(Property::TopicAlias(20), of_qos1("", 2)));
    pair.send(full, Packet::PubAck(ack(1)));
    let expected = ["publish q1 id=1 t=first", "publish q1 id=2 t=x"];
    assert_eq!(pair.seen(full), expected);
}
