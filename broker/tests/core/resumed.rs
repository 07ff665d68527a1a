//! A session on a later connection: in another version, with other limits, after a takeover, or for the second time.

use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, RetainHandling, SubscriptionOptions,
};

use crate::pair::{
    BOTH, Hello, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, retained,
    subscribe_with,
};

/// Returns a CONNECT with an unlimited session and this Receive Maximum.
fn narrow(client: &str, maximum: u16) -> Hello {
    lasting(V5, client).property(Property::ReceiveMaximum(maximum))
}

/// Returns a message of QoS 1 with one property.
fn with(packet_id: u16, topic: &str, payload: &str, property: Property) -> Packet {
    Packet::Publish(Publish {
        qos: qos(1),
        packet_id: Some(id(packet_id)),
        properties: [property].into_iter().collect(),
        ..publish(topic, payload)
    })
}

/// Returns a client that has subscribed to `t` with QoS 1, and a publisher.
fn reader(pair: &mut Pair, reader: Hello) -> (Peer, Peer) {
    let reader = pair.connected(reader);
    pair.subscribe(reader, "t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    (reader, writer)
}

const RESUMED: &str = "connack 0x00 sp=1";

#[test]
fn an_owed_pubrel_is_sent_again_in_the_other_version() {
    for (first, second) in [(V3, V5), (V5, V3)] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(first, "a"));
        pair.subscribe(a, "t", 2);
        let writer = pair.connected(hello(V5, "writer"));
        pair.send(writer, message(2, 1, "t", "x"));
        pair.send(a, Packet::PubRec(ack(1)));
        pair.lose(a);
        let a = pair.connect(lasting(second, "a"));
        assert_eq!(pair.seen(a), [RESUMED, "pubrel id=1"]);
    }
}

#[test]
fn options_and_properties_are_there_again_after_a_connection_that_has_none() {
    let mut pair = Pair::new();
    let options = SubscriptionOptions {
        no_local: true,
        retain_as_published: true,
        ..SubscriptionOptions::new(qos(1))
    };
    let a = pair.connected(lasting(V5, "a"));
    let identifier = Property::SubscriptionIdentifier(7);
    pair.send(a, subscribe_with(1, [identifier], [("t", options)]));
    let writer = pair.connected(hello(V5, "writer"));
    let property = || Property::UserProperty("a".into(), "b".into());
    pair.send(writer, with(1, "t", "x", property()));
    pair.lose(a);
    let a = pair.connect(lasting(V3, "a"));
    assert_eq!(pair.seen(a), [RESUMED, "publish q1 id=1 dup t=x"]);
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a"));
    let expected = [
        RESUMED,
        "publish q1 id=1 dup t=x a:b SubscriptionIdentifier(7)",
    ];
    assert_eq!(pair.seen(a), expected);
    pair.send(a, message(0, 0, "t", "its own"));
    assert!(pair.seen(a).is_empty());
    pair.send(writer, retained("t", "y"));
    let expected = ["publish q0 retain t=y SubscriptionIdentifier(7)"];
    assert_eq!(pair.seen(a), expected);
}

#[test]
fn a_reconnect_in_another_version_cancels_a_delayed_will() {
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 10));
    pair.lose(a);
    pair.wait_s(5);
    pair.connected(lasting(V3, "a"));
    pair.wait_s(20);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn what_is_sent_again_counts_against_the_new_receive_maximum() {
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, lasting(V5, "a"));
    pair.send(writer, message(1, 1, "t", "1"));
    pair.send(writer, message(1, 1, "t", "2"));
    pair.lose(a);
    let a = pair.connect(narrow("a", 2));
    let again = ["publish q1 id=1 dup t=1", "publish q1 id=2 dup t=2"];
    assert_eq!(pair.seen(a), [RESUMED, again[0], again[1]]);
    pair.send(writer, message(1, 1, "t", "3"));
    assert!(pair.seen(a).is_empty());
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(pair.seen(a), ["publish q1 id=3 t=3"]);
}

#[test]
fn what_the_receive_maximum_holds_back_is_sent_again_whatever_its_expiry_says() {
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, lasting(V5, "a"));
    pair.send(writer, message(1, 1, "t", "1"));
    let expiry = Property::MessageExpiryInterval(10);
    pair.send(writer, with(1, "t", "2", expiry));
    pair.lose(a);
    let a = pair.connect(narrow("a", 1));
    assert_eq!(pair.seen(a), [RESUMED, "publish q1 id=1 dup t=1"]);
    pair.wait_s(20);
    pair.send(a, Packet::PubAck(ack(1)));
    let late = pair.seen(a);
    assert!(
        matches!(&late[..], [late] if late.starts_with("publish q1 id=2 dup t=2")),
        "{late:?}"
    );
}

#[test]
fn what_is_too_large_for_the_new_connection_is_not_sent_again() {
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, lasting(V5, "a"));
    pair.send(writer, message(1, 1, "t", &"x".repeat(300)));
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a").property(Property::MaximumPacketSize(100)));
    assert_eq!(pair.seen(a), [RESUMED]);
}

#[test]
fn what_waited_offline_goes_out_as_the_receive_maximum_allows() {
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, narrow("a", 2));
    pair.lose(a);
    for payload in ["1", "2", "3"] {
        pair.send(writer, message(1, 1, "t", payload));
    }
    pair.wait_s(1);
    let a = pair.connect(narrow("a", 2));
    let first = ["publish q1 id=1 t=1", "publish q1 id=2 t=2"];
    assert_eq!(pair.seen(a), [RESUMED, first[0], first[1]]);
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(pair.seen(a), ["publish q1 id=3 t=3"]);
}

#[test]
fn the_expiry_is_that_of_the_connection_that_took_over() {
    let mut pair = Pair::new();
    let lasts = |seconds| hello(V5, "a").unclean().expiry(seconds);
    pair.connected(lasts(5));
    let second = pair.connected(lasts(100));
    pair.subscribe(second, "t", 0);
    pair.wait_s(10);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "t", "x"));
    assert_eq!(pair.seen(second), ["publish q0 t=x"]);
    let third = pair.connected(hello(V5, "a").unclean());
    pair.lose(third);
    let fourth = pair.connect(lasts(100));
    assert_eq!(pair.seen(fourth), ["connack 0x00 sp=0"]);
}

#[test]
fn a_takeover_ends_keep_alive_and_aliases_of_the_connection_before() {
    let mut pair = Pair::new();
    let alias = |topic| {
        let properties = [Property::TopicAlias(1)].into_iter().collect();
        Packet::Publish(Publish {
            properties,
            ..publish(topic, "x")
        })
    };
    let first = pair.connected(lasting(V5, "a").keep_alive(2));
    pair.send(first, alias("t"));
    let second = pair.connected(lasting(V5, "a"));
    pair.wait_s(10);
    assert!(pair.seen(second).is_empty());
    pair.send(second, alias(""));
    assert_eq!(pair.seen(second), ["disconnect 0x82", "closed"]);
    let first = pair.connected(lasting(V3, "b").keep_alive(2));
    let second = pair.connected(lasting(V3, "b"));
    pair.wait_s(10);
    assert_eq!(pair.seen(first), ["closed"]);
    assert!(pair.seen(second).is_empty());
}

#[test]
fn a_session_expires_however_often_it_was_resumed() {
    let mut pair = Pair::new();
    let lasts = || hello(V5, "a").unclean().expiry(5);
    for expected in ["connack 0x00 sp=0", RESUMED] {
        let a = pair.connect(lasts());
        assert_eq!(pair.seen(a), [expected]);
        pair.lose(a);
    }
    pair.wait_s(6);
    let a = pair.connect(lasts());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn a_connection_that_resumed_a_session_has_a_will_and_a_keep_alive() {
    for version in BOTH {
        let mut pair = Pair::new();
        let watcher = pair.connected(hello(version, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let a = pair.connected(lasting(version, "a"));
        pair.lose(a);
        pair.connected(lasting(version, "a").keep_alive(2).will("w"));
        pair.wait_s(4);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    }
}

/// Subscribes to `t`, and returns what the client receives.
fn brought(pair: &mut Pair, peer: Peer, packet_id: u16) -> Vec<String> {
    let options = SubscriptionOptions {
        retain_handling: RetainHandling::SendIfNew,
        ..SubscriptionOptions::new(qos(0))
    };
    pair.send(peer, subscribe_with(packet_id, [], [("t", options)]));
    pair.seen(peer)
}

#[test]
fn only_a_subscription_that_there_was_keeps_retained_messages_back() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, retained("t", "x"));
    // The packet id is in use, so the subscription is refused.
    pair.send(a, message(2, 9, "elsewhere", "x"));
    pair.seen(a);
    assert_eq!(brought(&mut pair, a, 9), ["suback id=9 91"]);
    let new = ["suback id=1 00", "publish q0 retain t=x"];
    assert_eq!(brought(&mut pair, a, 1), new);
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    assert_eq!(brought(&mut pair, a, 1), ["suback id=1 00"]);
}

#[test]
fn a_message_that_waits_for_two_sessions_reaches_both() {
    for version in BOTH {
        let mut pair = Pair::new();
        for client in ["a", "b"] {
            let peer = pair.connected(lasting(version, client));
            pair.subscribe(peer, "t", 1);
            pair.lose(peer);
        }
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "t", "x"));
        for client in ["a", "b"] {
            let peer = pair.connect(lasting(version, client));
            assert_eq!(pair.seen(peer), [RESUMED, "publish q1 id=1 t=x"]);
        }
    }
}

#[test]
fn a_message_released_on_a_later_connection_does_not_come_back_to_its_publisher() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    let options = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(qos(2))
    };
    pair.send(a, subscribe_with(1, [], [("t", options)]));
    pair.send(a, message(2, 9, "t", "x"));
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a"));
    pair.send(a, Packet::PubRel(ack(9)));
    assert_eq!(pair.seen(a), [RESUMED, "pubcomp id=9"]);
}

/// Returns a pair with room for one message at a time. In version 5 the client must set that limit itself.
fn one_at_a_time(version: ProtocolVersion) -> Pair {
    Pair::with(|config| {
        if version != V5 {
            config.maximum_inflight = 1;
        }
    })
}

#[test]
fn unsubscribing_leaves_what_waits_by_another_subscription() {
    for version in BOTH {
        let mut pair = one_at_a_time(version);
        let a = match version {
            V5 => pair.connected(narrow("a", 1)),
            _ => pair.connected(lasting(version, "a")),
        };
        pair.subscribe(a, "t", 1);
        pair.subscribe(a, "+", 1);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "t", "1"));
        pair.send(writer, message(1, 1, "t", "2"));
        pair.send(a, crate::pair::unsubscribe(2, &["+"]));
        pair.seen(a);
        pair.send(a, Packet::PubAck(ack(1)));
        assert_eq!(pair.seen(a), ["publish q1 id=2 t=2"]);
    }
}

#[test]
fn subscribing_again_leaves_what_was_sent() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "t", "x"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), [RESUMED, "publish q1 id=1 dup t=x"]);
    }
}

#[test]
fn a_takeover_loses_nothing_that_is_owed() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(2, 1, "t", "x"));
        pair.send(a, Packet::PubRec(ack(1)));
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), [RESUMED, "pubrel id=1"]);
    }
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, lasting(V5, "a"));
    pair.send(writer, message(1, 1, "t", "1"));
    pair.send(writer, message(1, 1, "t", "2"));
    pair.lose(a);
    pair.connected(narrow("a", 1));
    let a = pair.connect(lasting(V5, "a"));
    let again = ["publish q1 id=1 dup t=1", "publish q1 id=2 dup t=2"];
    assert_eq!(pair.seen(a), [RESUMED, again[0], again[1]]);
}

#[test]
fn a_takeover_ends_the_aliases_of_the_broker() {
    let mut pair = Pair::new();
    let aliased = || lasting(V5, "a").property(Property::TopicAliasMaximum(5));
    let a = pair.connected(aliased());
    pair.subscribe(a, "t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "t", "x"));
    let a = pair.connected(aliased());
    pair.send(writer, message(0, 0, "t", "y"));
    assert_eq!(pair.seen(a), ["publish q0 t=y TopicAlias(1)"]);
}

#[test]
fn a_message_expires_in_a_session_that_was_resumed_in_another_version() {
    let mut pair = Pair::new();
    let (a, writer) = reader(&mut pair, lasting(V3, "a"));
    pair.lose(a);
    let expiry = Property::MessageExpiryInterval(100);
    pair.send(writer, with(1, "t", "x", expiry));
    pair.wait_s(10);
    let a = pair.connect(lasting(V5, "a"));
    let expected = [RESUMED, "publish q1 id=1 t=x MessageExpiryInterval(90)"];
    assert_eq!(pair.seen(a), expected);
}
