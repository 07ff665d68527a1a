//! Numbers that clients and the broker assign independently: packet ids, Topic Aliases and places in a window.

use mqtt_check_codec::{
    Ack, Packet, Property, Publish, ReasonCode, SubscriptionOptions, Unsubscribe,
};

use crate::pair::{
    BOTH, Pair, V5, ack, hello, lasting, message, publish, qos, refusing_ack, subscribe,
    subscribe_with, unsubscribe,
};

/// Returns an acknowledgement with a User Property.
fn explained(packet_id: u16) -> Ack {
    let why = Property::UserProperty("a".into(), "b".into());
    Ack {
        properties: [why].into_iter().collect(),
        ..ack(packet_id)
    }
}

#[test]
fn a_clients_packet_ids_end_no_delivery_to_it() {
    let same = [
        message(1, 1, "other", "y"),
        message(2, 1, "other", "y"),
        Packet::PubRel(ack(1)),
        subscribe(1, &[("s", 0)]),
        unsubscribe(1, &["s"]),
    ];
    for (version, packet) in BOTH.into_iter().flat_map(|v| same.clone().map(|p| (v, p))) {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(version, "reader"));
        pair.subscribe(reader, "t", 2);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(2, 9, "t", "x"));
        let sent = "publish q2 id=1 t=x";
        assert_eq!(pair.seen(reader), [sent]);
        pair.send(reader, packet);
        assert_eq!(pair.seen(reader).len(), 1);
        pair.lose(reader);
        let reader = pair.connect(lasting(version, "reader"));
        let again = "publish q2 id=1 dup t=x";
        assert_eq!(pair.seen(reader), ["connack 0x00 sp=1", again]);
    }
}

#[test]
fn an_acknowledgement_of_nothing_makes_no_room() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader").property(Property::ReceiveMaximum(1)));
    pair.subscribe(reader, "t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    for payload in ["a", "b"] {
        pair.send(writer, message(1, 9, "t", payload));
    }
    assert_eq!(pair.seen(reader), ["publish q1 id=1 t=a"]);
    pair.send(reader, Packet::PubAck(ack(77)));
    pair.send(reader, Packet::PubComp(ack(77)));
    pair.send(
        reader,
        Packet::PubRec(refusing_ack(77, ReasonCode::QUOTA_EXCEEDED)),
    );
    assert!(pair.seen(reader).is_empty());
}

#[test]
fn a_full_window_holds_up_no_acknowledgement() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader").property(Property::ReceiveMaximum(1)));
    pair.subscribe(reader, "t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 9, "t", "a"));
    assert_eq!(pair.seen(reader), ["publish q1 id=1 t=a"]);
    pair.send(reader, message(1, 2, "other", "x"));
    pair.send(reader, message(2, 3, "other", "x"));
    pair.send(reader, Packet::PubRel(ack(3)));
    pair.send(reader, unsubscribe(4, &["nothing"]));
    let answers = [
        "puback id=2 0x10",
        "pubrec id=3 0x10",
        "pubcomp id=3",
        "unsuback id=4 11",
    ];
    assert_eq!(pair.seen(reader), answers);
}

#[test]
fn a_publishers_topic_alias_is_its_own() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader").property(Property::TopicAliasMaximum(9)));
    pair.subscribe(reader, "#", 0);
    let writer = pair.connected(hello(V5, "writer"));
    let aliased = Publish {
        properties: [Property::TopicAlias(7)].into_iter().collect(),
        ..publish("t", "x")
    };
    pair.send(writer, Packet::Publish(aliased));
    assert_eq!(pair.seen(reader), ["publish q0 t=x TopicAlias(1)"]);
}

#[test]
fn what_waited_is_tracked_until_it_is_acknowledged() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(version, "reader"));
        pair.subscribe(reader, "t", 1);
        pair.lose(reader);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 9, "t", "x"));
        pair.wait_s(1);
        let reader = pair.connect(lasting(version, "reader"));
        let sent = "publish q1 id=1 t=x";
        assert_eq!(pair.seen(reader), ["connack 0x00 sp=1", sent]);
        pair.lose(reader);
        let reader = pair.connect(lasting(version, "reader"));
        let again = "publish q1 id=1 dup t=x";
        assert_eq!(pair.seen(reader), ["connack 0x00 sp=1", again]);
    }
}

#[test]
fn an_explained_packet_counts_as_one_without_an_explanation() {
    let mut pair = Pair::new();
    let reader = pair.connected(lasting(V5, "reader"));
    let why = Property::UserProperty("a".into(), "b".into());
    let options = SubscriptionOptions::new(qos(2));
    pair.send(reader, subscribe_with(1, [why], [("t", options)]));
    assert_eq!(pair.seen(reader), ["suback id=1 02"]);
    pair.send(reader, message(2, 5, "t", "x"));
    assert_eq!(pair.seen(reader), ["pubrec id=5", "publish q2 id=1 t=x"]);
    pair.send(reader, Packet::PubRel(explained(5)));
    assert_eq!(pair.seen(reader), ["pubcomp id=5"]);
    pair.send(reader, Packet::PubRec(ack(1)));
    assert_eq!(pair.seen(reader), ["pubrel id=1"]);
    pair.send(reader, Packet::PubComp(explained(1)));
    let why = Property::UserProperty("a".into(), "b".into());
    let gone = Packet::Unsubscribe(Unsubscribe {
        packet_id: crate::pair::id(6),
        properties: [why].into_iter().collect(),
        filters: vec!["t".into()],
    });
    pair.send(reader, gone);
    assert_eq!(pair.seen(reader), ["unsuback id=6 00"]);
    pair.send(reader, message(0, 0, "t", "y"));
    assert!(pair.seen(reader).is_empty());
    pair.lose(reader);
    let reader = pair.connect(lasting(V5, "reader"));
    assert_eq!(pair.seen(reader), ["connack 0x00 sp=1"]);
}

#[test]
fn many_user_properties_are_forwarded_one_and_all() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "t", 0);
    let many = (0..40).map(|n| Property::UserProperty("n".into(), n.to_string().into()));
    let rich = Publish {
        properties: many.collect(),
        qos: qos(0),
        ..publish("t", "x")
    };
    pair.send(reader, Packet::Publish(rich));
    let seen = pair.seen(reader);
    assert_eq!(seen[0].matches(" n:").count(), 40, "{seen:?}");
}

#[test]
fn a_shared_subscription_goes_on_after_many_messages() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "$share/g/t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    for _ in 0..30 {
        pair.send(writer, message(0, 0, "t", "x"));
    }
    assert_eq!(pair.seen(reader).len(), 30);
}
