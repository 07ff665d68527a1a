//! Retained messages.

use mqtt_check_codec::{Packet, Property, Publish, QoS, RetainHandling, SubscriptionOptions};

use crate::pair::{
    BOTH, Pair, V3, V5, hello, id, lasting, message, publish, qos, retained, subscribe,
    subscribe_with, unsubscribe,
};

#[test]
fn the_last_retained_message_of_each_topic_greets_a_subscriber() {
    for version in BOTH {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        for (topic, payload) in [
            ("r/2", "old"),
            ("r/1", "one"),
            ("r/2", "two"),
            ("other", "x"),
        ] {
            pair.send(b, retained(topic, payload));
        }
        pair.send(b, message(0, 0, "r/2", "live"));
        pair.disconnect(b);
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[("r/#", 1)]));
        assert_eq!(
            pair.seen(a),
            [
                "suback id=1 01",
                "publish q0 retain r/1=one",
                "publish q0 retain r/2=two"
            ]
        );
    }
}

#[test]
fn an_empty_payload_clears_the_topic_and_is_delivered_all_the_same() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "r", 0);
        pair.send(a, retained("r", "x"));
        pair.send(a, retained("r", ""));
        assert_eq!(pair.seen(a), ["publish q0 r=x", "publish q0 r="]);
        pair.subscribe(a, "r", 0);
        assert!(pair.seen(a).is_empty());
        assert_eq!(pair.broker().retained_count(), 0);
    }
}

#[test]
fn a_prefix_is_no_match() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    for topic in ["a", "ab", "a/b", "ab/c", "/a", "$a/b"] {
        pair.send(a, retained(topic, "x"));
    }
    for (filter, expected) in [
        ("a/#", &["a", "a/b"][..]),
        ("a", &["a"]),
        ("+/b", &["a/b"]),
        ("#", &["/a", "a", "a/b", "ab", "ab/c"]),
        ("a/+", &["a/b"]),
        ("$a/#", &["$a/b"]),
        ("+", &["a", "ab"]),
    ] {
        pair.subscribe(a, filter, 0);
        let expected: Vec<_> = expected
            .iter()
            .map(|t| format!("publish q0 retain {t}=x"))
            .collect();
        assert_eq!(pair.seen(a), expected, "{filter}");
    }
}

#[test]
fn version_3_sends_it_again_at_every_subscribe() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    pair.send(a, retained("r", "x"));
    for _ in 0..2 {
        pair.subscribe(a, "r", 0);
        assert_eq!(pair.seen(a), ["publish q0 retain r=x"]);
    }
}

#[test]
fn retain_handling_decides_in_version_5() {
    let handling = |retain_handling| SubscriptionOptions {
        retain_handling,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, retained("r", "x"));
    for (handling, is_new, expected) in [
        (handling(RetainHandling::DoNotSend), true, false),
        (handling(RetainHandling::SendIfNew), false, false),
        (handling(RetainHandling::Send), false, true),
        (handling(RetainHandling::SendIfNew), true, true),
    ] {
        if is_new {
            pair.send(a, unsubscribe(1, &["r"]));
        }
        pair.seen(a);
        pair.send(a, subscribe_with(1, [], [("r", handling)]));
        let seen = pair.seen(a);
        assert_eq!(seen.len() == 2, expected, "{handling:?} {seen:?}");
    }
}

#[test]
fn retain_as_published_keeps_the_flag_of_live_messages() {
    let options = SubscriptionOptions {
        retain_as_published: true,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, subscribe_with(1, [], [("r", options)]));
    pair.seen(a);
    pair.send(a, retained("r", "x"));
    pair.send(a, message(0, 0, "r", "y"));
    assert_eq!(pair.seen(a), ["publish q0 retain r=x", "publish q0 r=y"]);
}

#[test]
fn an_expired_retained_message_is_gone_and_others_count_down() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    let mut keeping = Publish {
        retain: true,
        ..publish("r", "x")
    };
    keeping.properties.push(Property::MessageExpiryInterval(10));
    pair.send(a, Packet::Publish(keeping));
    pair.wait_s(4);
    pair.subscribe(a, "r", 0);
    assert_eq!(
        pair.seen(a),
        ["publish q0 retain r=x MessageExpiryInterval(6)"]
    );
    pair.wait_s(6);
    pair.subscribe(a, "r", 0);
    assert!(pair.seen(a).is_empty());
    assert_eq!(pair.broker().retained_count(), 0);
}

#[test]
fn over_the_limit_a_message_is_refused_where_that_can_be_said() {
    let mut pair = Pair::with(|config| config.maximum_retained_messages = 1);
    let keep = |topic: &str, level: u8| {
        Packet::Publish(Publish {
            qos: qos(level),
            packet_id: (level > 0).then(|| id(1)),
            retain: true,
            ..publish(topic, "x")
        })
    };
    let new = pair.connected(hello(V5, "new"));
    let old = pair.connected(hello(V3, "old"));
    pair.subscribe(old, "+", 0);
    pair.send(new, keep("first", 1));
    pair.send(new, keep("first", 1));
    pair.send(new, keep("second", 1));
    pair.send(new, keep("third", 0));
    pair.send(old, keep("fourth", 1));
    pair.send(new, keep("fifth", 2));
    assert_eq!(
        pair.seen(new),
        [
            "puback id=1",
            "puback id=1",
            "puback id=1 0x97",
            "pubrec id=1 0x97"
        ]
    );
    assert_eq!(
        pair.seen(old),
        [
            "publish q0 first=x",
            "publish q0 first=x",
            "publish q0 third=x",
            "puback id=1",
            "publish q0 fourth=x"
        ]
    );
    assert_eq!(pair.broker().retained_count(), 1);
}

#[test]
fn retained_messages_outlive_the_session_that_published_them() {
    for version in BOTH {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.send(b, retained("r", "x"));
        pair.lose(b);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "r", 0);
        assert_eq!(pair.seen(a), ["publish q0 retain r=x"]);
    }
}

#[test]
fn a_filter_with_both_wildcards_brings_every_match() {
    for version in BOTH {
        let mut pair = Pair::new();
        let p = pair.connected(hello(version, "p"));
        for topic in ["t/a/b", "t/c/b/d", "t/c/x"] {
            pair.send(p, retained(topic, "kept"));
        }
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[("t/+/b/#", 0)]));
        let seen = pair.seen(a);
        let matching = [
            "suback id=1 00",
            "publish q0 retain t/a/b=kept",
            "publish q0 retain t/c/b/d=kept",
        ];
        assert_eq!(seen, matching);
    }
}

#[test]
fn no_local_lets_the_retained_messages_of_others_through() {
    let mut pair = Pair::new();
    let p = pair.connected(hello(V5, "p"));
    pair.send(p, retained("t", "of another"));
    let a = pair.connected(hello(V5, "a"));
    let options = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(qos(0))
    };
    pair.send(a, subscribe_with(1, [], [("t", options)]));
    assert_eq!(
        pair.seen(a),
        ["suback id=1 00", "publish q0 retain t=of another"]
    );
}

/// [5 MQTT-3.3.1-5]
#[test]
fn a_retained_message_outlives_the_expiry_of_the_one_it_replaces() {
    let expiring = |payload: &str, expiry_s: u32| {
        let expiry = Property::MessageExpiryInterval(expiry_s);
        Packet::Publish(Publish {
            retain: true,
            properties: [expiry].into_iter().collect(),
            ..publish("r", payload)
        })
    };
    for (new, whole) in [
        (retained("r", "new"), "publish q0 retain r=new"),
        (
            expiring("new", 60),
            "publish q0 retain r=new MessageExpiryInterval(40)",
        ),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.send(a, expiring("old", 10));
        pair.wait_s(5);
        pair.send(a, new);
        pair.wait_s(20);
        pair.subscribe(a, "r", 0);
        assert_eq!(pair.seen(a), [whole]);
    }
}

/// [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
#[test]
fn a_message_that_clears_the_topic_waits_for_an_offline_session() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "r", 1);
        pair.lose(a);
        let b = pair.connected(hello(version, "b"));
        for payload in ["x", ""] {
            pair.send(
                b,
                Packet::Publish(Publish {
                    qos: qos(1),
                    packet_id: Some(id(1)),
                    retain: true,
                    ..publish("r", payload)
                }),
            );
        }
        assert_eq!(pair.broker().retained_count(), 0);
        let a = pair.connected(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["publish q1 id=1 r=x", "publish q1 id=2 r="]);
    }
}

#[test]
fn a_retained_message_that_is_too_large_for_the_client_hides_no_other() {
    let mut pair = Pair::new();
    let b = pair.connected(hello(V5, "b"));
    for (topic, size) in [("r/1", 1), ("r/2", 100), ("r/3", 1)] {
        pair.send(b, retained(topic, &"x".repeat(size)));
    }
    let a = pair.connected(hello(V5, "a").property(Property::MaximumPacketSize(50)));
    pair.subscribe(a, "r/+", 0);
    assert_eq!(
        pair.seen(a),
        ["publish q0 retain r/1=x", "publish q0 retain r/3=x"]
    );
}
