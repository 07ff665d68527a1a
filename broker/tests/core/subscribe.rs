//! SUBSCRIBE and UNSUBSCRIBE.

use mqtt_check_codec::{Packet, Property, ProtocolVersion, QoS, SubscriptionOptions};

use crate::pair::{
    BOTH, Pair, V3, V5, ack, hello, lasting, message, qos, refusing_ack, retained, subscribe,
    subscribe_with, unsubscribe,
};

#[test]
fn each_filter_has_its_code_in_order() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(5, &[("x", 2), ("y", 0), ("z/+", 1)]));
        assert_eq!(pair.seen(a), ["suback id=5 02 00 01"]);
    }
}

#[test]
fn the_delivered_qos_is_the_lower_one() {
    for version in BOTH {
        for granted in 0..=2 {
            for published in 0..=2 {
                let mut pair = Pair::new();
                let a = pair.connected(hello(version, "a"));
                pair.subscribe(a, "t", granted);
                let b = pair.connected(hello(version, "b"));
                pair.send(b, message(published, 1, "t", "x"));
                let level = granted.min(published);
                let id = if level > 0 { " id=1" } else { "" };
                assert_eq!(pair.seen(a), [format!("publish q{level}{id} t=x")]);
            }
        }
    }
}

#[test]
fn subscribing_again_replaces_the_subscription() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 2);
        pair.subscribe(a, "t", 0);
        pair.send(a, message(1, 1, "t", "x"));
        assert_eq!(pair.seen(a), ["puback id=1", "publish q0 t=x"]);
    }
}

#[test]
fn overlapping_subscriptions_give_one_copy_at_the_highest_qos_with_every_identifier() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    for (number, (filter, level)) in (1..).zip([("t/#", 1), ("t/+", 2), ("t/x", 0)]) {
        let options = SubscriptionOptions::new(qos(level));
        let identifier = Property::SubscriptionIdentifier(number);
        pair.send(a, subscribe_with(1, [identifier], [(filter, options)]));
    }
    pair.subscribe(a, "#", 0);
    pair.seen(a);
    pair.send(a, message(2, 1, "t/x", "m"));
    assert_eq!(
        pair.seen(a)[1],
        "publish q2 id=1 t/x=m SubscriptionIdentifier(1) SubscriptionIdentifier(2) \
         SubscriptionIdentifier(3)"
    );
}

#[test]
fn a_retained_message_carries_the_identifier_of_its_subscription_only() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, retained("t", "x"));
    let options = SubscriptionOptions::new(QoS::AtMostOnce);
    for number in [1, 2] {
        let filter = if number == 1 { "#" } else { "t" };
        let identifier = Property::SubscriptionIdentifier(number);
        pair.send(a, subscribe_with(1, [identifier], [(filter, options)]));
        let expected = format!("publish q0 retain t=x SubscriptionIdentifier({number})");
        assert_eq!(pair.seen(a)[1], expected);
    }
}

#[test]
fn no_local_keeps_a_client_s_own_messages_from_it() {
    let options = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, retained("t", "kept"));
    pair.send(a, subscribe_with(1, [], [("t", options)]));
    let b = pair.connected(hello(V5, "b"));
    pair.send(a, message(0, 0, "t", "own"));
    pair.send(b, message(0, 0, "t", "other"));
    assert_eq!(pair.seen(a), ["suback id=1 00", "publish q0 t=other"]);
}

#[test]
fn what_a_subscribe_must_not_be_ends_the_connection() {
    let local = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    for (version, packet, code) in [
        (V5, subscribe(1, &[]), "0x82"),
        (V5, subscribe(1, &[("a/#/b", 0)]), "0x81"),
        (V5, subscribe(1, &[("fine", 0), ("a+", 0)]), "0x81"),
        (V5, subscribe(1, &[("$share/g", 0)]), "0x81"),
        (V5, subscribe(1, &[("$share//t", 0)]), "0x81"),
        (V5, subscribe_with(1, [], [("$share/g/t", local)]), "0x82"),
        (V5, unsubscribe(1, &[]), "0x82"),
        (V5, unsubscribe(1, &["a", "b+"]), "0x81"),
        (V3, unsubscribe(1, &["#/a"]), ""),
        (V3, subscribe(1, &[]), ""),
        (V3, subscribe(1, &[("a/#/b", 0)]), ""),
        (V3, unsubscribe(1, &[]), ""),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, packet);
        let mut expected = vec!["closed".to_owned()];
        if !code.is_empty() {
            expected.insert(0, format!("disconnect {code}"));
        }
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn what_is_not_offered_is_refused() {
    let limited = || {
        Pair::with(|config| {
            config.wildcard_subscription_available = false;
            config.subscription_identifier_available = false;
            config.shared_subscription_available = false;
            config.maximum_qos = qos(1);
            config.retain_available = false;
            config.topic_alias_maximum = 0;
        })
    };
    let mut pair = limited();
    let a = pair.connect(hello(V5, "a"));
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=0 MaximumQoS(1) RetainAvailable(0) WildcardSubscriptionAvailable(0) \
          SubscriptionIdentifierAvailable(0) SharedSubscriptionAvailable(0)"
        ]
    );
    pair.send(a, subscribe(1, &[("t", 2)]));
    assert_eq!(pair.seen(a), ["suback id=1 01"]);
    let identified = [Property::SubscriptionIdentifier(1)];
    let options = SubscriptionOptions::new(QoS::AtMostOnce);
    for (packet, code) in [
        (subscribe(1, &[("a/+", 0)]), "0xA2"),
        (subscribe_with(1, identified, [("a", options)]), "0xA1"),
        (subscribe(1, &[("$share/g/t", 0)]), "0x9E"),
    ] {
        let mut pair = limited();
        let a = pair.connected(hello(V5, "a"));
        pair.send(a, packet);
        assert_eq!(
            pair.seen(a),
            [format!("disconnect {code}"), "closed".into()]
        );
    }
    let mut pair = limited();
    let a = pair.connected(hello(V3, "a"));
    pair.send(a, subscribe(1, &[("a/+", 0), ("a", 0)]));
    assert_eq!(pair.seen(a), ["suback id=1 80 00"]);
}

#[test]
fn limits_on_subscriptions_are_said_in_suback() {
    let mut pair = Pair::with(|config| {
        config.maximum_subscriptions = 2;
        config.maximum_topic_levels = 3;
    });
    let a = pair.connected(hello(V5, "a"));
    pair.send(
        a,
        subscribe(1, &[("a/b/c/d", 0), ("a", 0), ("b", 0), ("c", 0), ("a", 1)]),
    );
    assert_eq!(pair.seen(a), ["suback id=1 8f 00 00 97 01"]);
    let b = pair.connected(hello(V3, "b"));
    pair.send(b, subscribe(1, &[("a/b/c/d", 0)]));
    assert_eq!(pair.seen(b), ["suback id=1 80"]);
    // MQTT 3.1 has no code for this.
    let c = pair.connected(hello(ProtocolVersion::V3_1, "c"));
    pair.send(c, subscribe(1, &[("a/b/c/d", 0)]));
    assert_eq!(pair.seen(c), ["closed"]);
}

#[test]
fn a_packet_id_of_an_unreleased_message_is_in_use() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(a, message(2, 3, "t", "x"));
    pair.send(a, subscribe(3, &[("t", 0), ("u", 0)]));
    pair.send(a, unsubscribe(3, &["t"]));
    assert_eq!(
        pair.seen(a),
        ["pubrec id=3 0x10", "suback id=3 91 91", "unsuback id=3 91"]
    );
}

#[test]
fn unsubscribing_ends_exactly_the_named_subscriptions() {
    for (version, codes) in [(V3, ""), (V5, " 00 11 00")] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[("t/+", 0), ("t/x", 0), ("u", 0)]));
        pair.seen(a);
        pair.hooks();
        pair.send(a, unsubscribe(2, &["t/+", "t/y", "u"]));
        assert_eq!(pair.seen(a), [format!("unsuback id=2{codes}")]);
        assert_eq!(
            pair.hooks(),
            ["session.unsubscribed a t/+", "session.unsubscribed a u"]
        );
        for topic in ["t/y", "t/x", "u"] {
            pair.send(a, message(0, 0, topic, "m"));
        }
        assert_eq!(pair.seen(a), ["publish q0 t/x=m"]);
    }
}

#[test]
fn deliveries_that_have_begun_are_completed_after_unsubscribing() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(2, 1, "t", "x"));
        pair.send(a, unsubscribe(2, &["t"]));
        pair.seen(a);
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(a),
            ["connack 0x00 sp=1", "publish q2 id=1 dup t=x"]
        );
        pair.send(a, Packet::PubRec(ack(1)));
        assert_eq!(pair.seen(a), ["pubrel id=1"]);
    }
}

#[test]
fn members_of_a_shared_subscription_take_turns() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    let b = pair.connected(hello(V5, "b"));
    pair.send(a, retained("t", "kept"));
    pair.subscribe(a, "$share/g/t", 1);
    pair.subscribe(b, "$share/g/t", 0);
    let c = pair.connected(hello(V5, "c"));
    for payload in ["1", "2", "3"] {
        pair.send(c, message(1, 1, "t", payload));
    }
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=1", "publish q1 id=2 t=3"]);
    assert_eq!(pair.seen(b), ["publish q0 t=2"]);
}

#[test]
fn a_member_that_is_away_is_passed_over_and_its_begun_qos_1_messages_go_on_when_it_ends() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(10));
    pair.subscribe(a, "$share/g/t", 2);
    let b = pair.connected(hello(V5, "b"));
    let c = pair.connected(hello(V5, "c"));
    pair.send(c, message(1, 1, "t", "one"));
    pair.send(c, message(2, 2, "t", "two"));
    assert_eq!(
        pair.seen(a),
        ["publish q1 id=1 t=one", "publish q2 id=2 t=two"]
    );
    pair.subscribe(b, "$share/g/t", 2);
    pair.lose(a);
    pair.send(c, message(1, 1, "t", "three"));
    pair.send(c, message(1, 1, "t", "four"));
    assert_eq!(
        pair.seen(b),
        ["publish q1 id=1 t=three", "publish q1 id=2 t=four"]
    );
    // The QoS 1 delivery may go to another member; the QoS 2 delivery that had begun must not.
    pair.wait_s(10);
    assert_eq!(pair.seen(b), ["publish q1 id=3 t=one"]);
}

#[test]
fn a_shared_message_that_is_refused_goes_to_nobody_else() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/g/t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.subscribe(b, "$share/g/t", 1);
    let c = pair.connected(hello(V5, "c"));
    pair.send(c, message(1, 1, "t", "x"));
    let refusal = refusing_ack(1, mqtt_check_codec::ReasonCode::UNSPECIFIED_ERROR);
    pair.send(a, Packet::PubAck(refusal));
    pair.disconnect(a);
    assert!(pair.seen(b).is_empty());
}

#[test]
fn before_version_5_share_is_a_level_like_any_other() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V3, "a"));
    pair.subscribe(a, "$share/g/t", 0);
    pair.send(a, message(0, 0, "t", "x"));
    pair.send(a, message(0, 0, "$share/g/t", "y"));
    assert_eq!(pair.seen(a), ["publish q0 $share/g/t=y"]);
    pair.lose(a);
    // The session continues in version 5, where the same filter has another meaning.
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "$share/g/t", 0);
    pair.send(a, message(0, 0, "t", "x"));
    pair.send(a, message(0, 0, "$share/g/t", "y"));
    assert_eq!(pair.seen(a), ["publish q0 t=x"]);
}

#[test]
fn subscribing_again_loses_nothing_that_waits() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.maximum_inflight = 1);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 1);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "1"));
        pair.send(b, message(1, 1, "t", "2"));
        pair.subscribe(a, "t", 1);
        pair.send(a, Packet::PubAck(ack(1)));
        assert_eq!(pair.seen(a), ["publish q1 id=1 t=1", "publish q1 id=2 t=2"]);
    }
}

#[test]
fn unsuback_codes_are_in_the_order_of_the_filters() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 0);
    pair.send(a, unsubscribe(2, &["t", "u"]));
    assert_eq!(pair.seen(a), ["unsuback id=2 00 11"]);
}

/// Tries both orders of subscribing, with filters that are found in different orders.
#[test]
fn of_two_overlapping_subscriptions_the_higher_qos_decides_in_whatever_order() {
    for version in BOTH {
        for filters in [["t/#", "t/x"], ["t/x", "t/+"], ["t/+", "t/#"]] {
            for levels in [[0, 1], [1, 0]] {
                let mut pair = Pair::new();
                let a = pair.connected(hello(version, "a"));
                pair.subscribe(a, filters[0], levels[0]);
                pair.subscribe(a, filters[1], levels[1]);
                let b = pair.connected(hello(version, "b"));
                pair.send(b, message(1, 1, "t/x", "x"));
                assert_eq!(pair.seen(a), ["publish q1 id=1 t/x=x"], "{filters:?}");
            }
        }
    }
}

#[test]
fn a_shared_subscription_stands_by_itself_beside_another_of_its_client() {
    for (one, other) in [
        ("t", "$share/g/t"),
        ("$share/g/t", "$share/h/t"),
        ("$share/g/t", "$share/g/#"),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.subscribe(a, one, 0);
        pair.subscribe(a, other, 0);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, message(0, 0, "t", "both"));
        assert_eq!(pair.seen(a), ["publish q0 t=both"; 2], "{one} {other}");
        for (removed, kept) in [(one, other), (other, one)] {
            pair.send(a, unsubscribe(9, &[removed]));
            pair.send(b, message(0, 0, "t", "one"));
            assert_eq!(
                pair.seen(a),
                ["unsuback id=9 00", "publish q0 t=one"],
                "{removed} beside {kept}"
            );
            pair.subscribe(a, removed, 0);
        }
    }
}
