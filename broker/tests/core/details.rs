//! One detail of a message, a subscription or a CONNACK where something else comes together with it: a resumed session,
//! a second subscription to the same filter, a member that is gone, or the way in which a Will comes about.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, QoS, SubscriptionOptions, Will,
};

use crate::pair::{
    BOTH, Hello, NEVER, Pair, Peer, V3, V5, ack, disconnect, hello, id, lasting, message, publish,
    qos, retained, subscribe, subscribe_with, unsubscribe,
};

pub(crate) fn options(level: u8) -> SubscriptionOptions {
    SubscriptionOptions::new(qos(level))
}

fn user_property(name: &'static str) -> Property {
    Property::UserProperty(name.into(), "value".into())
}

/// A message to be retained, of this QoS.
pub(crate) fn kept(level: u8, topic: &str, payload: &str) -> Publish {
    Publish {
        retain: true,
        qos: qos(level),
        packet_id: (level > 0).then(|| id(1)),
        ..publish(topic, payload)
    }
}

/// What a new client of this version gets by this filter.
pub(crate) fn brought(
    pair: &mut Pair,
    version: ProtocolVersion,
    filter: &str,
    level: u8,
) -> Vec<String> {
    let reader = pair.connected(hello(version, "reader"));
    pair.subscribe(reader, filter, level);
    pair.seen(reader)
}

#[test]
fn what_waits_for_a_member_is_as_old_for_the_next() {
    let mut pair = Pair::new();
    let first = pair.connected(hello(V5, "first").expiry(10));
    pair.subscribe(first, "$share/g/t/+", 1);
    pair.lose(first);
    let writer = pair.connected(hello(V5, "writer"));
    let aging = Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        properties: [Property::MessageExpiryInterval(100)].into_iter().collect(),
        ..publish("t/u", "x")
    };
    pair.send(writer, Packet::Publish(aging));
    let heir = pair.connected(hello(V5, "heir"));
    pair.subscribe(heir, "$share/g/t/+", 1);
    pair.wait_s(20);
    let expected = "publish q1 id=1 t/u=x MessageExpiryInterval(90)";
    assert_eq!(pair.seen(heir), [expected]);
}

#[test]
fn a_message_that_waits_for_room_is_as_old_as_it_is() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::ReceiveMaximum(1)));
    let two = [
        (subscribe_with(
            1,
            [Property::SubscriptionIdentifier(7)],
            [("t", options(1))],
        )),
        (subscribe_with(
            2,
            [Property::SubscriptionIdentifier(8)],
            [("+", options(1))],
        )),
    ];
    two.into_iter().for_each(|packet| pair.send(a, packet));
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "before"));
    let aging = Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        properties: [Property::MessageExpiryInterval(100)].into_iter().collect(),
        ..publish("t", "x")
    };
    pair.send(writer, Packet::Publish(aging));
    pair.wait_s(10);
    pair.seen(a);
    pair.send(a, Packet::PubAck(ack(1)));
    let expected = "publish q1 id=2 t=x MessageExpiryInterval(90) SubscriptionIdentifier(8) SubscriptionIdentifier(7)";
    assert_eq!(pair.seen(a), [expected]);
}

#[test]
fn shared_messages_and_wills_are_owed_like_others() {
    for filter in ["t", "$share/g/t"] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(V5, "a"));
        pair.subscribe(a, filter, 1);
        let doomed = pair.connected(hello(V5, "doomed").will_with("t", |will: &mut Will| {
            will.qos = qos(1);
        }));
        pair.lose(doomed);
        let writer = pair.connected(hello(V5, "writer"));
        pair.send(writer, message(1, 1, "t", "x"));
        pair.lose(a);
        let a = pair.connect(lasting(V5, "a"));
        let again = ["publish q1 id=1 dup t=gone", "publish q1 id=2 dup t=x"];
        assert_eq!(pair.seen(a)[1..], again);
    }
}

#[test]
fn a_member_gets_an_answer_while_shared_messages_wait() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "$share/g/t", 1);
    pair.lose(a);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "x"));
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1", "publish q1 id=1 t=x"]);
}

type Limit = fn(&mut mqtt_check_broker::Config);

#[test]
fn a_will_outlives_whatever_its_client_exceeds() {
    let exceed: [(Limit, &[Packet]); 3] = [
        (
            |config| config.receive_maximum = 1,
            &[message(2, 1, "u", "x"), message(2, 2, "u", "x")],
        ),
        (
            |config| config.maximum_qos = qos(1),
            &[message(2, 1, "u", "x")],
        ),
        (
            |config| config.retain_available = false,
            &[retained("u", "x")],
        ),
    ];
    for (set, packets) in exceed {
        let mut pair = Pair::with(set);
        let watcher = pair.connected(hello(V5, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let doomed = pair.connected(hello(V5, "doomed").will("w"));
        for packet in packets {
            pair.send(doomed, packet.clone());
        }
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"], "{packets:?}");
    }
}

#[test]
fn a_will_keeps_its_delay_on_a_resumed_session() {
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let a = pair.connected(lasting(V5, "a"));
    pair.disconnect(a);
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 10));
    pair.lose(a);
    pair.wait_s(5);
    assert!(pair.seen(watcher).is_empty());
    pair.wait_s(5);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

type End = fn(&mut Pair);

#[test]
fn a_will_is_whole_however_it_comes_about() {
    let ends: [(&str, End); 3] = [
        ("takeover", |pair| {
            pair.connected(doomed(None));
            pair.connected(hello(V5, "doomed"));
        }),
        ("silence", |pair| {
            pair.connected(doomed(None).keep_alive(10));
            pair.wait_s(20);
        }),
        ("end of the session", |pair| {
            let doomed = pair.connected(doomed(Some(100)).expiry(10));
            pair.lose(doomed);
            pair.wait_s(20);
        }),
    ];
    for (name, end) in ends {
        let mut pair = Pair::new();
        end(&mut pair);
        let kept = brought(&mut pair, V5, "w", 0);
        let expected = "publish q0 retain w=gone a:value";
        assert_eq!(kept, [expected], "{name}");
    }
}

fn doomed(delay_s: Option<u32>) -> Hello {
    hello(V5, "doomed").will_with("w", |will| {
        will.retain = true;
        let delay = delay_s.map(Property::WillDelayInterval);
        will.properties = [user_property("a")].into_iter().chain(delay).collect();
    })
}

#[test]
fn a_retained_will_outlives_the_return_of_its_client() {
    for version in BOTH {
        let mut pair = Pair::new();
        let doomed = pair.connected(hello(version, "doomed").will_with("w", |will| {
            will.retain = true;
        }));
        pair.lose(doomed);
        pair.connected(hello(version, "doomed"));
        assert_eq!(
            brought(&mut pair, version, "w", 0),
            ["publish q0 retain w=gone"]
        );
    }
}

#[test]
fn connack_announces_as_much_where_it_resumes_a_session() {
    let mut pair = Pair::with(|config| {
        config.maximum_qos = qos(1);
        config.server_keep_alive = Some(100);
        config.maximum_session_expiry = Some(Duration::from_secs(1_000));
    });
    let announced = |pair: &mut Pair| {
        let a = pair.connect(lasting(V5, "a"));
        let packets = pair.packets(a);
        pair.disconnect(a);
        packets[0].properties().expect("CONNACK has them").clone()
    };
    let first = announced(&mut pair);
    assert!(first.0.contains(&Property::MaximumQoS(1)));
    assert!(first.0.contains(&Property::ServerKeepAlive(100)));
    assert!(first.0.contains(&Property::SessionExpiryInterval(1_000)));
    assert_eq!(announced(&mut pair), first);
    let mut pair = Pair::new();
    assert_eq!(announced(&mut pair), announced(&mut pair));
}

#[test]
fn a_subscription_is_replaced_whatever_its_filter_and_session() {
    for version in BOTH {
        for (filter, is_resumed) in [("t", true), ("+", false)] {
            let mut pair = Pair::new();
            let mut a = pair.connected(lasting(version, "a"));
            pair.subscribe(a, filter, 0);
            if is_resumed {
                pair.lose(a);
                a = pair.connected(lasting(version, "a"));
            }
            pair.subscribe(a, filter, 1);
            let writer = pair.connected(hello(version, "writer"));
            pair.send(writer, message(1, 1, "t", "x"));
            assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
        }
    }
}

#[test]
fn a_subscription_brings_what_is_retained_as_it_is_now() {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, Packet::Publish(kept(2, "t", "x")));
    let a = pair.connected(hello(V5, "a"));
    for (level, identifier) in [(2_u8, 1), (1, 2), (2, 3)] {
        pair.seen(a);
        let identifier = Property::SubscriptionIdentifier(identifier);
        let subscribe = subscribe_with(1, [identifier.clone()], [("+", options(level))]);
        pair.send(a, subscribe);
        let packets = pair.packets(a);
        let Packet::Publish(came) = &packets[1] else {
            panic!("{packets:?}");
        };
        assert_eq!(came.qos, qos(level));
        assert!(came.properties.0.contains(&identifier), "{came:?}");
    }
}

#[test]
fn subscriptions_are_removed_in_any_order() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "s", 0);
        pair.subscribe(a, "t", 0);
        pair.send(a, unsubscribe(1, &["t"]));
        pair.seen(a);
        pair.send(a, message(0, 0, "t", "x"));
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn an_identifier_is_of_each_filter_and_goes_with_it() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    let identifier = [Property::SubscriptionIdentifier(7)];
    let filters = [("s", options(0)), ("t", options(0)), ("u/+", options(0))];
    pair.send(a, subscribe_with(1, identifier, filters));
    let identifier = [Property::SubscriptionIdentifier(8)];
    pair.send(a, subscribe_with(2, identifier, [("u/v", options(0))]));
    pair.send(a, unsubscribe(3, &["u/v"]));
    pair.seen(a);
    for topic in ["t", "u/v"] {
        pair.send(a, message(0, 0, topic, "x"));
        let expected = format!("publish q0 {topic}=x SubscriptionIdentifier(7)");
        assert_eq!(pair.seen(a), [expected]);
    }
}

#[test]
fn a_retained_message_has_nothing_of_the_one_before_it() {
    for version in BOTH {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, Packet::Publish(kept(0, "t", "old")));
        pair.send(writer, Packet::Publish(kept(1, "t", "new")));
        let kept = brought(&mut pair, version, "t", 1);
        assert_eq!(kept, ["publish q1 id=1 retain t=new"]);
    }
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    for name in ["a", "b"] {
        let properties = [user_property(name)].into_iter().collect();
        let message = Publish {
            properties,
            ..kept(0, "t", "x")
        };
        pair.send(writer, Packet::Publish(message));
    }
    let expected = "publish q0 retain t=x b:value";
    assert_eq!(brought(&mut pair, V5, "t", 1), [expected]);
}

#[test]
fn a_repeated_message_is_not_retained_again() {
    for version in BOTH {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(version, "writer"));
        let older = kept(2, "t", "older");
        pair.send(writer, Packet::Publish(older.clone()));
        let other = pair.connected(hello(version, "other"));
        pair.send(other, retained("t", "newer"));
        let again = Publish { dup: true, ..older };
        pair.send(writer, Packet::Publish(again));
        assert_eq!(
            brought(&mut pair, version, "t", 0),
            ["publish q0 retain t=newer"]
        );
    }
}

#[test]
fn what_an_older_client_retains_is_for_all() {
    for (writes, reads) in [(V3, V5), (V5, V3)] {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(writes, "writer"));
        pair.send(writer, retained("t", "x"));
        assert_eq!(brought(&mut pair, reads, "t", 0), ["publish q0 retain t=x"]);
    }
}

#[test]
fn messages_are_sent_again_in_the_order_of_their_sending() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "t", "1"));
        pair.send(writer, message(2, 2, "t", "2"));
        pair.send(a, Packet::PubAck(ack(1)));
        pair.send(writer, message(1, 3, "t", "3"));
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        let payloads = payloads(&mut pair, a);
        assert_eq!(payloads, ["2", "3"]);
    }
}

/// The payloads that came since the last look.
pub(crate) fn payloads(pair: &mut Pair, a: Peer) -> Vec<Bytes> {
    let packets = pair.packets(a).into_iter();
    let payloads = packets.filter_map(|packet| match packet {
        Packet::Publish(publish) => Some(publish.payload),
        _ => None,
    });
    payloads.collect()
}

#[test]
fn what_the_window_does_not_take_at_once_comes_in_order() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let writer = pair.connected(hello(V5, "writer"));
    for payload in ["1", "2", "3"] {
        pair.send(writer, message(1, 1, "t", payload));
    }
    let a = pair.connected(lasting(V5, "a").property(Property::ReceiveMaximum(1)));
    for number in 1..=3 {
        assert_eq!(payloads(&mut pair, a), [number.to_string()]);
        pair.send(a, Packet::PubAck(ack(number)));
    }
}

#[test]
fn neither_pubrec_again_nor_subscribe_makes_room() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::ReceiveMaximum(1)));
    pair.subscribe(a, "t", 2);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(2, 1, "t", "1"));
    pair.send(writer, message(2, 2, "t", "2"));
    pair.send(a, Packet::PubRec(ack(1)));
    pair.send(a, Packet::PubRec(ack(1)));
    pair.subscribe(a, "u", 2);
    let expected = ["publish q2 id=1 t=1", "pubrel id=1", "pubrel id=1"];
    assert_eq!(pair.seen(a), expected);
}

#[test]
fn a_disconnect_may_ask_for_a_session_that_lasts() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(10));
    let never = Property::SessionExpiryInterval(NEVER);
    pair.send(a, disconnect(0, [never]));
    pair.wait_s(100);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn alias_and_packet_id_count_as_bytes() {
    for (level, aliases) in [(0, 1), (1, 0)] {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(V5, "writer"));
        let reader = |limit: u32| {
            let hello = hello(V5, &format!("r{limit}"));
            let hello = hello.property(Property::TopicAliasMaximum(aliases));
            hello.property(Property::MaximumPacketSize(limit))
        };
        // Fixed header 2, topic 3, length of properties 1, payload 20, and an alias of 3 or a packet id of 2.
        let size = 26 + 3 * u32::from(aliases) + 2 * u32::from(level);
        let exact = pair.connected(reader(size));
        let less = pair.connected(reader(size - 1));
        for reader in [exact, less] {
            pair.subscribe(reader, "t", level);
        }
        pair.send(writer, message(level, 1, "t", &"x".repeat(20)));
        assert_eq!(pair.seen(exact).len(), 1);
        assert!(pair.seen(less).is_empty());
    }
}

#[test]
fn a_subscription_is_one_clients_alone() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 0);
        let b = pair.connected(hello(version, "b"));
        pair.subscribe(b, "t", 1);
        pair.send(b, message(1, 1, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
    }
}

#[test]
fn client_ids_and_share_names_are_compared_whole() {
    for version in BOTH {
        for (one, other) in [("a", "a "), ("\u{e9}", "e\u{301}")] {
            let mut pair = Pair::new();
            let first = pair.connected(hello(version, one));
            pair.connected(hello(version, other));
            assert!(pair.seen(first).is_empty());
        }
    }
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/long-name-1/t", 0);
    pair.subscribe(a, "$share/long-name-2/t", 0);
    pair.send(a, message(0, 0, "t", "x"));
    assert_eq!(pair.seen(a).len(), 2);
}

#[test]
fn a_message_that_is_too_large_is_the_only_one_that_is_left_out() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::MaximumPacketSize(50)));
    pair.subscribe(a, "t", 0);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "t", &"x".repeat(50)));
    pair.send(writer, message(0, 0, "t", "next"));
    assert_eq!(pair.seen(a), ["publish q0 t=next"]);
}

#[test]
fn a_new_connection_has_all_of_the_servers_receive_maximum() {
    let mut pair = Pair::with(|config| config.receive_maximum = 1);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, message(2, 1, "t", "x"));
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, message(2, 2, "t", "y"));
    assert_eq!(pair.seen(a), ["pubrec id=2 0x10"]);
}

#[test]
fn there_may_be_more_than_20_of_everything_and_more_than_two_that_match() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        let filters: Vec<String> = (10..40).map(|number| format!("t/{number}")).collect();
        for filter in &filters {
            pair.send(a, retained(filter, "x"));
            pair.send(a, subscribe(1, &[(filter, 0)]));
        }
        assert_eq!(brought(&mut pair, version, "t/+", 0).len(), 30);
        pair.lose(a);
        let a = pair.connected(lasting(version, "a"));
        for filter in &filters {
            pair.send(a, message(0, 0, filter, "x"));
        }
        assert_eq!(pair.seen(a).len(), 30);
    }
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    for (identifier, level, filter) in [(1, 0, "#"), (2, 0, "+/u"), (3, 1, "t/u")] {
        let identifier = [Property::SubscriptionIdentifier(identifier)];
        pair.send(a, subscribe_with(1, identifier, [(filter, options(level))]));
    }
    pair.seen(a);
    pair.send(a, message(1, 1, "t/u", "x"));
    let packets = pair.packets(a);
    let Some(Packet::Publish(came)) = packets.last() else {
        panic!("{packets:?}");
    };
    assert_eq!(came.qos, QoS::AtLeastOnce);
    assert_eq!(came.properties.subscription_identifiers().count(), 3);
}
