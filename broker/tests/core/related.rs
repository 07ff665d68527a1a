//! Related topics and filters, and the retained messages for them.

use mqtt_check_codec::{Packet, Property, Publish};

use crate::pair::{
    BOTH, Pair, Peer, V3, V5, hello, id, lasting, message, publish, qos, retained, subscribe,
    unsubscribe,
};

/// Publishes a retained message of QoS 2.
fn retain(pair: &mut Pair, writer: Peer, topic: &str, payload: &str) {
    let kept = Publish {
        qos: qos(2),
        retain: true,
        packet_id: Some(id(9)),
        ..publish(topic, payload)
    };
    pair.send(writer, Packet::Publish(kept));
    pair.send(writer, Packet::PubRel(crate::pair::ack(9)));
}

#[test]
fn what_one_topic_has_is_nothing_to_the_levels_above_and_below() {
    for version in BOTH {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(version, "writer"));
        for topic in ["a/b/c", "a/b", "a", "x"] {
            pair.send(writer, retained(topic, "1"));
        }
        pair.send(writer, retained("a/b", ""));
        pair.send(writer, retained("x/y", "1"));
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "a/#", 0);
        let left = ["publish q0 retain a=1", "publish q0 retain a/b/c=1"];
        assert_eq!(pair.seen(reader), left);
        pair.subscribe(reader, "x", 0);
        assert_eq!(pair.seen(reader), ["publish q0 retain x=1"]);
    }
}

#[test]
fn a_filter_with_wildcards_brings_what_an_exact_one_does() {
    for filter in ["t/u", "t/+", "t/#", "t/u/#", "+/u", "#"] {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(V5, "writer"));
        retain(&mut pair, writer, "t/u", "x");
        for level in 0..=2 {
            for client in [hello(V5, "reader"), lasting(V5, "lasting")] {
                let reader = pair.connected(client);
                pair.subscribe(reader, filter, level);
                let id = if level > 0 { " id=1" } else { "" };
                let brought = format!("publish q{level}{id} retain t/u=x");
                assert_eq!(pair.seen(reader), [brought], "{filter}");
                pair.disconnect(reader);
                pair.connected(hello(V5, "lasting"));
            }
        }
    }
}

#[test]
fn a_client_of_3_1_1_gets_retained_messages_that_have_properties() {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    let rich = Publish {
        retain: true,
        properties: [Property::ContentType("c".into())].into_iter().collect(),
        ..publish("t", "x")
    };
    pair.send(writer, Packet::Publish(rich));
    let reader = pair.connected(hello(V3, "reader"));
    pair.subscribe(reader, "t", 0);
    assert_eq!(pair.seen(reader), ["publish q0 retain t=x"]);
}

#[test]
fn a_takeover_brings_no_retained_messages() {
    for version in BOTH {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, retained("t", "x"));
        let first = pair.connected(lasting(version, "a"));
        pair.subscribe(first, "t", 0);
        let second = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(second), ["connack 0x00 sp=1"]);
    }
}

#[test]
fn what_has_expired_changes_no_other_message() {
    for restarts in [false, true] {
        beside_expired(restarts);
    }
}

/// Publishes several retained messages, lets one expire, and optionally restarts the broker.
fn beside_expired(restarts: bool) {
    let mut pair = Pair::with(|config| config.durable = true);
    let writer = pair.connected(hello(V5, "writer"));
    for topic in ["a", "b", "c"] {
        pair.send(writer, retained(topic, topic));
    }
    let brief = Publish {
        retain: true,
        properties: [Property::MessageExpiryInterval(1)].into_iter().collect(),
        ..publish("b0", "b0")
    };
    pair.send(writer, Packet::Publish(brief));
    match restarts {
        true => pair.restart_after_s(5),
        false => pair.wait_s(5),
    }
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "#", 0);
    let left = ["a", "b", "c"].map(|t| format!("publish q0 retain {t}={t}"));
    assert_eq!(pair.seen(reader), left);
}

#[test]
fn a_plus_in_front_of_hash_may_be_the_last_level() {
    for version in BOTH {
        for filter in ["t/+/#", "+/#", "t/u/#", "t/#", "#"] {
            let mut pair = Pair::new();
            let reader = pair.connected(hello(version, "reader"));
            pair.subscribe(reader, filter, 0);
            pair.send(reader, message(0, 0, "t/u", "x"));
            assert_eq!(pair.seen(reader), ["publish q0 t/u=x"], "{filter}");
        }
    }
}

#[test]
fn a_shared_filter_may_have_wildcards_and_goes_as_it_came() {
    for filter in ["$share/g/t/+", "$share/g/t/#", "$share/g/#"] {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V5, "reader"));
        pair.subscribe(reader, filter, 0);
        pair.send(reader, message(0, 0, "t/u", "x"));
        assert_eq!(pair.seen(reader), ["publish q0 t/u=x"]);
        pair.send(reader, unsubscribe(2, &[filter]));
        pair.send(reader, message(0, 0, "t/u", "y"));
        assert_eq!(pair.seen(reader), ["unsuback id=2 00"]);
    }
}

#[test]
fn every_one_of_many_filters_is_subscribed_to() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        let names: Vec<String> = (0..40).map(|n| format!("t/{n}")).collect();
        let filters: Vec<(&str, u8)> = names.iter().map(|name| (&**name, 0)).collect();
        pair.send(reader, subscribe(1, &filters));
        let codes = " 00".repeat(40);
        assert_eq!(pair.seen(reader), [format!("suback id=1{codes}")]);
        for name in &names {
            pair.send(reader, message(0, 0, name, "x"));
        }
        assert_eq!(pair.seen(reader).len(), 40);
        let filters: Vec<&str> = names.iter().map(|name| &**name).collect();
        pair.send(reader, unsubscribe(2, &filters));
        pair.seen(reader);
        for name in &names {
            pair.send(reader, message(0, 0, name, "x"));
        }
        assert!(pair.seen(reader).is_empty());
    }
}
