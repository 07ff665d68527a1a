//! Messages for a client that is not connected.

use mqtt_check_codec::{Packet, Property, Publish};

use crate::pair::{BOTH, Pair, Peer, V5, ack, hello, id, lasting, message, publish, qos};

/// Publishes one message of each QoS to `t`, and completes the exchanges.
fn publish_all(pair: &mut Pair, from: Peer) {
    for level in [0, 1, 2] {
        let payload = format!("m{level}");
        pair.send(from, message(level, 1, "t", &payload));
        if level == 2 {
            pair.send(from, Packet::PubRel(ack(1)));
        }
    }
}

#[test]
fn nothing_is_delivered_to_a_client_that_is_away_while_publishers_are_acknowledged() {
    for version in BOTH {
        for connect in [hello(version, "a"), lasting(version, "a")] {
            let mut pair = Pair::new();
            let a = pair.connected(connect);
            pair.subscribe(a, "t", 2);
            pair.disconnect(a);
            let b = pair.connected(hello(crate::pair::V3, "b"));
            publish_all(&mut pair, b);
            assert_eq!(pair.seen(b), ["puback id=1", "pubrec id=1", "pubcomp id=1"]);
            let hooks = pair.all_hooks();
            assert!(
                !hooks
                    .iter()
                    .any(|hook| hook.starts_with("message.delivered"))
            );
        }
    }
}

#[test]
fn a_clean_session_gets_nothing_of_it() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.queue_qos0 = true);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 2);
        pair.disconnect(a);
        let b = pair.connected(hello(version, "b"));
        publish_all(&mut pair, b);
        let a = pair.connect(hello(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        pair.subscribe(a, "t", 2);
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn a_lasting_session_gets_all_of_it_once_and_in_order() {
    for version in BOTH {
        for queue_qos0 in [false, true] {
            let mut pair = Pair::with(|config| config.queue_qos0 = queue_qos0);
            let a = pair.connected(lasting(version, "a"));
            pair.subscribe(a, "t", 2);
            pair.disconnect(a);
            let b = pair.connected(hello(version, "b"));
            publish_all(&mut pair, b);
            publish_all(&mut pair, b);
            let a = pair.connect(lasting(version, "a"));
            let mut expected = vec!["connack 0x00 sp=1"];
            for messages in [
                [
                    "publish q0 t=m0",
                    "publish q1 id=1 t=m1",
                    "publish q2 id=2 t=m2",
                ],
                [
                    "publish q0 t=m0",
                    "publish q1 id=3 t=m1",
                    "publish q2 id=4 t=m2",
                ],
            ] {
                expected.extend(&messages[usize::from(!queue_qos0)..]);
            }
            assert_eq!(pair.seen(a), expected);
        }
    }
}

#[test]
fn a_full_queue_drops_the_newest() {
    let mut pair = Pair::with(|config| config.maximum_queued_messages = 2);
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    pair.all_hooks();
    for payload in ["1", "2", "3"] {
        pair.send(b, message(1, 1, "t", payload));
    }
    let hooks = pair.all_hooks();
    assert_eq!(
        hooks
            .iter()
            .filter(|hook| hook.starts_with("message.dropped"))
            .collect::<Vec<_>>(),
        ["message.dropped a t queue_full"]
    );
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=1",
            "publish q1 id=1 t=1",
            "publish q1 id=2 t=2"
        ]
    );
}

fn expiring(level: u8, payload: &str, expiry_s: u32) -> Packet {
    let mut message = Publish {
        qos: qos(level),
        packet_id: Some(id(1)),
        ..publish("t", payload)
    };
    message
        .properties
        .push(Property::MessageExpiryInterval(expiry_s));
    Packet::Publish(message)
}

#[test]
fn an_expired_message_is_dropped_and_the_wait_of_others_counted_down() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, expiring(1, "short", 10));
    pair.send(b, expiring(1, "long", 60));
    pair.wait(std::time::Duration::from_millis(10_500));
    pair.all_hooks();
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=1",
            "publish q1 id=1 t=long MessageExpiryInterval(50)"
        ]
    );
    let hooks = pair.all_hooks();
    assert!(
        hooks.contains(&"message.dropped a t expired".to_owned()),
        "{hooks:?}"
    );
}

#[test]
fn a_delivery_that_has_begun_is_completed_though_the_message_expired() {
    for level in [1, 2] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(V5, "a"));
        pair.subscribe(a, "t", level);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, expiring(level, "x", 10));
        pair.lose(a);
        pair.seen(a);
        pair.wait_s(20);
        let a = pair.connect(lasting(V5, "a"));
        let resent = format!("publish q{level} id=1 dup t=x MessageExpiryInterval(0)");
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1", resent.as_str()]);
    }
}

#[test]
fn what_waits_is_lost_with_its_session() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(10));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "x"));
    pair.all_hooks();
    pair.wait_s(10);
    assert_eq!(
        pair.all_hooks(),
        [
            "session.terminated a expired",
            "message.dropped a t session_ended"
        ]
    );
}
