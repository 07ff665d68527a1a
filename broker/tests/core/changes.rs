//! Behavior that shows only the second time, after a takeover, or when several features meet.

use mqtt_check_codec::{
    Packet, Property, Publish, QoS, ReasonCode, RetainHandling, SubscriptionOptions,
};

use crate::pair::{
    BOTH, Pair, Peer, V3, V5, ack, disconnect, hello, lasting, message, publish, qos, refusing_ack,
    retained, subscribe, subscribe_with, unsubscribe,
};

/// Returns how many of the messages received since the last look have this topic and payload.
fn count(pair: &mut Pair, peer: Peer, message: &str) -> usize {
    let seen = pair.seen(peer);
    let is_it = |line: &&String| line.split(' ').any(|word| word == message);
    seen.iter().filter(is_it).count()
}

/// Connects a client that must have a session. Returns what it receives after CONNACK.
fn resumed(pair: &mut Pair, client: impl Into<mqtt_check_codec::Connect>) -> (Peer, Vec<String>) {
    let peer = pair.connect(client);
    let seen = pair.seen(peer);
    assert_eq!(seen[0], "connack 0x00 sp=1");
    (peer, seen[1..].to_vec())
}

fn of(packet: Publish) -> Packet {
    Packet::Publish(packet)
}

const LOCAL: SubscriptionOptions = SubscriptionOptions {
    no_local: true,
    ..SubscriptionOptions::new(QoS::AtLeastOnce)
};
const AS_PUBLISHED: SubscriptionOptions = SubscriptionOptions {
    retain_as_published: true,
    ..SubscriptionOptions::new(QoS::AtLeastOnce)
};
const IF_NEW: SubscriptionOptions = SubscriptionOptions {
    retain_handling: RetainHandling::SendIfNew,
    ..SubscriptionOptions::new(QoS::AtLeastOnce)
};

#[test]
fn changes_of_subscriptions_outlast_the_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 0);
        pair.subscribe(a, "t", 1);
        pair.subscribe(a, "gone", 1);
        pair.send(a, unsubscribe(2, &["gone"]));
        pair.disconnect(a);
        let (a, _) = resumed(&mut pair, lasting(version, "a"));
        pair.send(b, message(1, 1, "gone", "x"));
        pair.send(b, message(1, 2, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
        pair.send(a, Packet::PubAck(ack(1)));
        pair.subscribe(a, "later", 1);
        pair.send(a, unsubscribe(3, &["t"]));
        pair.disconnect(a);
        let (a, _) = resumed(&mut pair, lasting(version, "a"));
        pair.send(b, message(1, 3, "t", "x"));
        pair.send(b, message(1, 4, "later", "x"));
        let seen = pair.seen(a);
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(seen[0].ends_with("later=x"), "{seen:?}");
    }
}

#[test]
fn a_release_is_sent_again_every_time() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        pair.send(a, message(2, 1, "t", "x"));
        pair.send(a, Packet::PubRec(ack(1)));
        pair.lose(a);
        for _ in 0..3 {
            let (a, seen) = resumed(&mut pair, lasting(version, "a"));
            assert_eq!(seen.len(), 1, "{seen:?}");
            pair.lose(a);
        }
    }
}

#[test]
fn a_takeover_loses_nothing_and_keeps_the_new_will() {
    for version in BOTH {
        let mut pair = Pair::new();
        let w = pair.connected(hello(version, "w"));
        pair.subscribe(w, "t", 0);
        pair.subscribe(w, "will", 0);
        let first = pair.connected(lasting(version, "a"));
        pair.send(first, message(2, 7, "t", "x"));
        let (second, _) = resumed(&mut pair, lasting(version, "a").will("will"));
        pair.send(second, message(2, 7, "t", "x"));
        assert_eq!(pair.seen(w), ["publish q0 t=x"]);
        pair.lose(second);
        assert_eq!(pair.seen(w), ["publish q0 will=gone"]);
    }
    let mut pair = Pair::new();
    let narrow = || lasting(V5, "a").property(Property::ReceiveMaximum(1));
    let first = pair.connected(narrow());
    pair.subscribe(first, "t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "1"));
    pair.send(b, message(1, 2, "t", "2"));
    let (_, seen) = resumed(&mut pair, lasting(V5, "a"));
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn what_is_unacknowledged_outlasts_a_change_of_version() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V3, "a"));
    pair.subscribe(a, "t", 1);
    pair.send(a, message(1, 1, "t", "x"));
    pair.lose(a);
    let (_, seen) = resumed(&mut pair, lasting(V5, "a"));
    assert_eq!(seen, ["publish q1 id=1 dup t=x"]);
}

#[test]
fn deadlines_count_from_the_end_of_the_connection() {
    let mut pair = Pair::new();
    let w = pair.connected(hello(V5, "w"));
    pair.subscribe(w, "will", 0);
    let connect = || hello(V5, "a").unclean().expiry(10);
    let a = pair.connected(connect().delayed_will("will", 5));
    pair.wait_s(60);
    pair.lose(a);
    pair.wait_s(3);
    assert!(pair.seen(w).is_empty());
    let (a, _) = resumed(&mut pair, connect());
    pair.send(a, disconnect(0x04, [Property::SessionExpiryInterval(1)]));
    pair.wait_s(3);
    let a = pair.connect(connect());
    assert_eq!(pair.seen(a)[0], "connack 0x00 sp=0");
}

#[test]
fn a_resumed_session_has_nothing_of_its_former_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.lose(a);
        let (a, _) = resumed(&mut pair, lasting(version, "a").keep_alive(2));
        pair.wait_s(10);
        assert!(pair.seen(a).contains(&"closed".to_owned()));
    }
    let mut pair = Pair::with(|config| config.reason_strings = true);
    let a = pair.connected(lasting(V5, "a"));
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a").property(Property::RequestProblemInformation(0)));
    pair.seen(a);
    pair.send(a, unsubscribe(1, &["t"]));
    let seen = pair.seen(a);
    assert!(!seen[0].contains("Reason"), "{seen:?}");
}

#[test]
fn client_ids_differ_to_their_end() {
    for version in BOTH {
        let mut pair = Pair::new();
        let one = pair.connected(hello(version, "alike67890123456a"));
        pair.connected(hello(version, "alike67890123456b"));
        assert!(pair.seen(one).is_empty());
    }
}

#[test]
fn a_retained_message_is_replaced_and_cleared_by_whatever_comes() {
    let empty = |level| {
        of(Publish {
            qos: qos(level),
            packet_id: (level > 0).then(|| crate::pair::id(9)),
            ..match retained("r", "") {
                Packet::Publish(publish) => publish,
                _ => unreachable!("a message"),
            }
        })
    };
    for version in BOTH {
        for level in 0..3 {
            let mut pair = Pair::new();
            let a = pair.connected(hello(version, "a"));
            let b = pair.connected(hello(version, "b"));
            pair.send(a, retained("r", "old"));
            pair.send(b, empty(level));
            assert_eq!(pair.broker().retained_count(), 0);
        }
        for (payload, expected) in [("", 0), ("new", 1)] {
            let mut pair = Pair::new();
            let a = pair.connected(hello(version, "a"));
            pair.send(a, retained("r", "old"));
            let doomed = hello(version, "d").will_with("r", |will| {
                will.retain = true;
                will.payload = payload.into();
            });
            let d = pair.connected(doomed);
            pair.lose(d);
            pair.subscribe(a, "r", 0);
            assert_eq!(count(&mut pair, a, "r=new"), expected);
            assert_eq!(pair.broker().retained_count(), expected);
        }
    }
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    let with = |payload, property| {
        let Packet::Publish(mut publish) = retained("r", payload) else {
            unreachable!("a message")
        };
        publish.properties.push(property);
        of(publish)
    };
    pair.send(a, with("old", Property::MessageExpiryInterval(1)));
    pair.wait_s(3);
    pair.send(a, retained("r", "new"));
    pair.subscribe(a, "r", 0);
    assert_eq!(count(&mut pair, a, "r=new"), 1);
    pair.send(a, with("", Property::ContentType("text".into())));
    assert_eq!(pair.broker().retained_count(), 0);
}

#[test]
fn reading_leaves_a_retained_message_as_it_is() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    let mut kept = publish("r", "x");
    kept.retain = true;
    kept.qos = QoS::AtLeastOnce;
    kept.packet_id = Some(crate::pair::id(1));
    kept.properties.push(Property::MessageExpiryInterval(60));
    pair.send(a, of(kept));
    pair.seen(a);
    pair.wait_s(10);
    pair.subscribe(a, "r", 0);
    pair.seen(a);
    pair.wait_s(10);
    pair.subscribe(a, "r", 1);
    let seen = pair.seen(a);
    assert_eq!(
        seen,
        ["publish q1 id=1 retain r=x MessageExpiryInterval(40)"]
    );
}

#[test]
fn what_has_expired_goes_to_no_client_of_3_1_1_and_0_is_an_interval() {
    for (version, expiry_s) in [(V3, 5), (V5, 0)] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        let b = pair.connected(hello(V5, "b"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        for retain in [false, true] {
            let mut publish = publish(if retain { "r" } else { "t" }, "x");
            publish.retain = retain;
            publish.qos = QoS::AtLeastOnce;
            publish.packet_id = Some(crate::pair::id(1));
            let expiry = Property::MessageExpiryInterval(expiry_s);
            publish.properties.push(expiry);
            pair.send(b, of(publish));
        }
        pair.wait_s(8);
        let (a, seen) = resumed(&mut pair, lasting(version, "a"));
        assert!(seen.is_empty(), "{seen:?}");
        pair.subscribe(a, "r", 0);
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn a_subscription_that_is_gone_is_new_again() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, retained("r", "x"));
    pair.send(a, subscribe_with(1, [], [("r", IF_NEW)]));
    assert_eq!(count(&mut pair, a, "r=x"), 1);
    pair.send(a, unsubscribe(2, &["r"]));
    pair.send(a, subscribe_with(3, [], [("r", IF_NEW)]));
    assert_eq!(count(&mut pair, a, "r=x"), 1);
    pair.disconnect(a);
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, subscribe_with(1, [], [("r", IF_NEW)]));
    assert_eq!(count(&mut pair, a, "r=x"), 1);
}

#[test]
fn options_are_those_of_one_filter_and_of_the_last_subscribe() {
    let plain = SubscriptionOptions::new(QoS::AtLeastOnce);
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, subscribe_with(1, [], [("l", LOCAL), ("p", plain)]));
    pair.send(a, message(0, 0, "p", "x"));
    pair.send(a, message(0, 0, "l", "x"));
    assert_eq!(pair.seen(a), ["suback id=1 01 01", "publish q0 p=x"]);
    pair.send(a, subscribe_with(2, [], [("l", AS_PUBLISHED)]));
    pair.send(a, retained("l", "y"));
    assert_eq!(pair.seen(a), ["suback id=2 01", "publish q0 retain l=y"]);
    pair.send(a, subscribe_with(3, [], [("l", plain)]));
    pair.seen(a);
    pair.send(a, retained("l", "z"));
    assert_eq!(pair.seen(a), ["publish q0 l=z"]);
}

#[test]
fn one_client_s_unsubscribe_leaves_the_others_subscribed() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        let b = pair.connected(hello(version, "b"));
        pair.subscribe(a, "t", 0);
        pair.subscribe(b, "t", 0);
        pair.send(b, unsubscribe(1, &["t"]));
        pair.send(b, message(0, 0, "t", "x"));
        assert_eq!(count(&mut pair, a, "t=x"), 1);
    }
}

#[test]
fn no_local_is_about_one_subscription_and_one_client() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").login("u", "p"));
    let b = pair.connected(hello(V5, "b").login("u", "p"));
    pair.send(a, subscribe_with(1, [], [("t", LOCAL)]));
    pair.send(b, message(0, 0, "t", "twin"));
    assert_eq!(count(&mut pair, a, "t=twin"), 1);
    pair.subscribe(a, "$share/g/t", 0);
    pair.send(a, message(0, 0, "t", "shared"));
    assert_eq!(count(&mut pair, a, "t=shared"), 1);
    pair.send(a, unsubscribe(2, &["$share/g/t"]));
    pair.subscribe(a, "+", 0);
    pair.send(a, message(0, 0, "t", "plus"));
    assert_eq!(count(&mut pair, a, "t=plus"), 1);
}

#[test]
fn shared_subscriptions_get_wills_and_own_messages_and_nothing_hidden() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/g/#", 0);
    pair.send(a, message(0, 0, "$x", "hidden"));
    pair.send(a, message(0, 0, "t", "own"));
    let d = pair.connected(hello(V5, "d").will("w"));
    pair.lose(d);
    assert_eq!(pair.seen(a), ["publish q0 t=own", "publish q0 w=gone"]);
}

#[test]
fn topics_count_to_their_end() {
    for version in BOTH {
        let long = "x".repeat(300);
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[(&format!("{long}a"), 0)]));
        pair.seen(a);
        pair.send(a, message(0, 0, &format!("{long}b"), "x"));
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn a_receipt_without_subscribers_is_answered() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 2);
    pair.send(a, message(2, 1, "t", "x"));
    pair.seen(a);
    let reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
    pair.send(a, Packet::PubRec(refusing_ack(1, reason)));
    assert_eq!(pair.seen(a).len(), 1);
}

#[test]
fn a_payload_format_of_0_is_passed_on() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 0);
    let mut publish = publish("t", "x");
    publish.properties.push(Property::PayloadFormatIndicator(0));
    pair.send(a, of(publish));
    assert_eq!(pair.seen(a), ["publish q0 t=x PayloadFormatIndicator(0)"]);
}

/// [5 MQTT-3.1.2-28]
#[test]
fn response_information_comes_only_on_the_connection_that_asks_for_it() {
    let asking = |asks| lasting(V5, "a").property(Property::RequestResponseInformation(asks));
    for again in [lasting(V5, "a"), asking(0)] {
        let mut pair = Pair::with(|config| config.response_information = Some("here".into()));
        let a = pair.connect(asking(1));
        let informed = "connack 0x00 sp=0 ResponseInformation(\"here\")";
        assert_eq!(pair.seen(a), [informed]);
        pair.lose(a);
        let a = pair.connect(again);
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}

/// [5 MQTT-3.1.2-24]
#[test]
fn a_maximum_packet_size_is_of_one_connection() {
    let narrow = || lasting(V5, "a").property(Property::MaximumPacketSize(30));
    for (former, present, comes) in [
        (lasting(V5, "a"), narrow(), 0),
        (narrow(), lasting(V5, "a"), 1),
        (narrow(), lasting(V3, "a"), 1),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(former);
        pair.subscribe(a, "t", 0);
        pair.lose(a);
        let (a, _) = resumed(&mut pair, present);
        pair.send(a, message(0, 0, "t", &"x".repeat(30)));
        assert_eq!(pair.seen(a).len(), comes);
    }
}
