//! Connections, sessions and Wills.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_broker::Config;
use mqtt_check_broker::config::{Secret, User};
use mqtt_check_codec::{Packet, Property};

use crate::pair::{
    BOTH, NEVER, Pair, Peer, V3, V5, disconnect, hello, lasting, message, subscribe_with,
};

/// A client that is subscribed to the topic `w`.
fn watcher(pair: &mut Pair) -> Peer {
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    watcher
}

fn two_users(config: &mut Config) {
    let user = |name: &str, password: &str| User {
        name: name.to_owned(),
        password: Secret::new(password.as_bytes().to_vec()),
    };
    config.users = Some(vec![user("u", "password"), user("other", "word")]);
}

#[test]
fn a_client_hears_that_one_of_an_older_version_took_over() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.connected(hello(V3, "a"));
    assert_eq!(pair.seen(a), ["disconnect 0x8E", "closed"]);
}

#[test]
fn a_password_is_compared_to_its_end() {
    for version in BOTH {
        for password in ["pass", "password1", "PASSWORD", "word", "password"] {
            let mut pair = Pair::with(two_users);
            let a = pair.connect(hello(version, "a").login("u", password));
            let seen = pair.seen(a);
            let is_right = password == "password";
            assert_eq!(seen[0].starts_with("connack 0x00"), is_right, "{password}");
        }
    }
}

#[test]
fn every_takeover_publishes_a_will() {
    for version in BOTH {
        let mut pair = Pair::new();
        let watcher = watcher(&mut pair);
        for _ in 0..3 {
            pair.connected(lasting(version, "a").will("w"));
        }
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"; 2]);
    }
}

#[test]
fn a_session_that_began_with_clean_start_is_kept() {
    for seconds in [60, NEVER] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").expiry(seconds));
        pair.disconnect(a);
        let a = pair.connect(hello(V5, "a").unclean());
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}

#[test]
fn a_session_expires_although_messages_are_queued() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(5));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "x"));
    pair.wait_s(10);
    let a = pair.connect(hello(V5, "a").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn the_end_that_disconnect_sets_publishes_the_will() {
    let mut pair = Pair::new();
    let watcher = watcher(&mut pair);
    let a = pair.connected(hello(V5, "a").expiry(100).delayed_will("w", 50));
    pair.send(a, disconnect(4, [Property::SessionExpiryInterval(5)]));
    pair.wait_s(10);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);

    let a = pair.connected(hello(V5, "b").expiry(2).delayed_will("w", 20));
    pair.send(a, disconnect(4, [Property::SessionExpiryInterval(100)]));
    pair.wait_s(10);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn a_disconnect_with_an_error_sets_the_expiry_too() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(100));
    pair.send(a, disconnect(0x80, [Property::SessionExpiryInterval(5)]));
    pair.wait_s(10);
    let a = pair.connect(hello(V5, "a").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn a_normal_disconnect_that_ends_the_session_publishes_no_will() {
    let mut pair = Pair::new();
    let watcher = watcher(&mut pair);
    let a = pair.connected(hello(V5, "a").expiry(100).will("w"));
    pair.send(a, disconnect(0, [Property::SessionExpiryInterval(0)]));
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn each_will_has_a_delay_of_its_own() {
    let mut pair = Pair::new();
    let watcher = watcher(&mut pair);
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 2));
    pair.disconnect(a);
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 20));
    pair.lose(a);
    pair.wait_s(10);
    assert!(pair.seen(watcher).is_empty());

    let b = pair.connected(lasting(V5, "b").delayed_will("w", 60));
    pair.disconnect(b);
    let b = pair.connected(lasting(V5, "b").will("w"));
    pair.lose(b);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn nobody_is_assigned_the_identifier_of_a_stored_session() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "").expiry(60));
    pair.disconnect(a);
    for version in BOTH {
        let b = pair.connected(hello(version, ""));
        pair.disconnect(b);
    }
    let sessions = pair.hooks();
    let ended = sessions.iter().filter(|line| line.contains("terminated"));
    assert_eq!(ended.count(), 2, "{sessions:?}");
}

#[test]
fn long_wills_are_published() {
    for version in BOTH {
        let mut pair = Pair::new();
        let watcher = watcher(&mut pair);
        let long =
            |will: &mut mqtt_check_codec::Will| will.payload = Bytes::from(vec![b'x'; 33_000]);
        let a = pair.connected(hello(version, "a").will_with("w", long));
        pair.lose(a);
        assert_eq!(pair.seen(watcher).len(), 1);
    }
}

#[test]
fn an_older_connection_has_no_limits() {
    let mut pair = Pair::new();
    let small = lasting(V5, "a").property(Property::MaximumPacketSize(30));
    let a = pair.connected(small.property(Property::ReceiveMaximum(1)));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let a = pair.connected(lasting(V3, "a"));
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(0, 0, "t", &"x".repeat(50)));
    pair.send(b, message(1, 1, "t", "x"));
    pair.send(b, message(1, 2, "t", "y"));
    assert_eq!(pair.seen(a).len(), 3);
}

#[test]
fn each_pingreq_is_answered() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, Packet::PingReq);
        pair.send(a, Packet::PingReq);
        assert_eq!(pair.seen(a), ["pingresp", "pingresp"]);
    }
}

#[test]
fn a_second_restart_keeps_what_the_first_one_kept() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.durable = true);
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, message(1, 9, "t", "begun"));
        pair.lose(a);
        let user = |name: &'static str| Property::UserProperty(name.into(), "".into());
        let mut publish = crate::pair::publish("t", "x");
        (publish.qos, publish.packet_id) = (crate::pair::qos(1), Some(crate::pair::id(1)));
        publish.properties = [user("a"), user("b")].into_iter().collect();
        pair.send(b, Packet::Publish(publish));
        pair.restart_after_s(1);
        pair.restart_after_s(1);
        pair.wait(Duration::from_secs(1));
        let a = pair.connected(lasting(version, "a"));
        let properties = match version {
            V5 => " a: b:",
            _ => "",
        };
        let queued = format!("publish q1 id=2 t=x{properties}");
        assert_eq!(pair.seen(a), ["publish q1 id=1 dup t=begun", &queued]);
    }
    let mut pair = Pair::with(|config| config.durable = true);
    let b = pair.connected(hello(V5, "b"));
    let user = |name: &'static str| Property::UserProperty(name.into(), "".into());
    let mut publish = crate::pair::publish("t", "x");
    publish.retain = true;
    publish.properties = [user("a"), user("b")].into_iter().collect();
    pair.send(b, Packet::Publish(publish));
    pair.restart_after_s(1);
    let a = pair.connected(hello(V5, "a"));
    let options = mqtt_check_codec::SubscriptionOptions::new(crate::pair::qos(0));
    pair.send(a, subscribe_with(1, [], [("t", options)]));
    assert_eq!(pair.seen(a)[1], "publish q0 retain t=x a: b:");
}
