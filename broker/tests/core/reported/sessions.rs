//! Connections and sessions.

use std::time::Duration;

use mqtt_check_broker::config::{Secret, User};
use mqtt_check_codec::{Packet, Property};

use crate::pair::{
    BOTH, Pair, V3, V5, disconnect, hello, lasting, message, subscribe, unsubscribe,
};

#[test]
fn the_longest_intervals_keep_a_session() {
    for seconds in [0xFFFF_FF00, 0xFFFF_FFFC, 0xFFFF_FFFE] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").unclean().expiry(seconds));
        pair.disconnect(a);
        let a = pair.connect(hello(V5, "a").unclean().expiry(seconds));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"], "{seconds:x}");
    }
}

#[test]
fn a_disconnect_changes_the_expiry_after_a_clean_start_too() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(300));
    pair.send(a, disconnect(0, [Property::SessionExpiryInterval(5)]));
    pair.wait_s(10);
    let a = pair.connect(hello(V5, "a").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn a_disconnect_with_an_empty_property_list_is_a_normal_one() {
    let mut pair = Pair::new();
    let heir = pair.connected(hello(V5, "heir"));
    pair.subscribe(heir, "wills", 0);
    let a = pair.connected(hello(V5, "a").will("wills"));
    pair.send_sized(a, disconnect(0, []), 4);
    assert_eq!(pair.seen(a), ["closed"]);
    assert!(pair.seen(heir).is_empty());
}

#[test]
fn connack_does_not_repeat_what_the_client_asked_for() {
    let mut pair = Pair::new();
    let asking = hello(V5, "a").property(Property::RequestProblemInformation(1));
    let a = pair.connect(asking);
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn messages_of_qos_0_are_a_sign_of_life() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a").keep_alive(2));
        for _ in 0..4 {
            pair.wait_s(2);
            pair.send(a, message(0, 0, "t", "x"));
        }
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn an_unsubscribe_comes_before_the_subscribe_behind_it() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, subscribe(1, &[("t", 1)]));
        pair.send(a, unsubscribe(2, &["t"]));
        pair.send(a, subscribe(3, &[("t", 1)]));
        pair.wait(Duration::from_millis(100));
        pair.seen(a);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
    }
}

#[test]
fn one_unsuback_answers_for_all_filters() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, unsubscribe(2, &["t", "u", "v"]));
        pair.wait(Duration::from_millis(100));
        assert_eq!(pair.seen(a).len(), 1);
    }
}

#[test]
fn a_removed_shared_subscription_stays_removed() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/g/a/b/c1", 1);
    pair.send(a, unsubscribe(2, &["$share/g/a/b/c1"]));
    pair.wait(Duration::from_millis(100));
    pair.seen(a);
    pair.subscribe(a, "$share/g/a/b/c2", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(0, 0, "a/b/c1", "x"));
    pair.send(b, message(0, 0, "a/b/c2", "y"));
    assert_eq!(pair.seen(a), ["publish q0 a/b/c2=y"]);
}

#[test]
fn a_refused_connect_leaves_the_connected_client_its_messages() {
    for version in BOTH {
        let mut pair = Pair::with(|config| {
            config.users = Some(vec![User {
                name: "u".to_owned(),
                password: Secret::new(&b"p"[..]),
            }]);
        });
        let a = pair.connected(hello(version, "a").login("u", "p"));
        pair.subscribe(a, "t", 1);
        let wrong = pair.connect(hello(version, "a").login("u", "wrong"));
        pair.seen(wrong);
        let b = pair.connected(hello(version, "b").login("u", "p"));
        pair.send(b, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
    }
}

#[test]
fn a_client_of_an_older_version_is_not_sent_a_disconnect() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    pair.connected(hello(V3, "a"));
    assert_eq!(pair.seen(a), ["closed"]);
}

#[test]
fn a_takeover_brings_its_own_receive_maximum() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    let narrow = lasting(V5, "a").property(Property::ReceiveMaximum(1));
    let a = pair.connected(narrow);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "x"));
    pair.send(b, message(1, 2, "t", "y"));
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
}

#[test]
fn messages_are_kept_for_a_session_that_has_not_come_back_since_a_restart() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.durable = true);
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        pair.restart_after_s(1);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "x"));
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a)[1..], ["publish q1 id=1 t=x"]);
    }
}

#[test]
fn messages_with_a_leading_slash_survive_a_restart() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.durable = true);
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "/i/+/q", 2);
        pair.lose(a);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(2, 1, "/i/i0/q", "x"));
        pair.restart_after_s(1);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a)[1..], ["publish q2 id=1 /i/i0/q=x"]);
    }
}

#[test]
fn a_second_connect_publishes_the_will() {
    for version in BOTH {
        let mut pair = Pair::new();
        let heir = pair.connected(hello(version, "heir"));
        pair.subscribe(heir, "wills", 0);
        let a = pair.connected(hello(version, "a").will("wills"));
        pair.send(a, Packet::Connect(Box::new(hello(version, "a").into())));
        assert_eq!(pair.seen(heir), ["publish q0 wills=gone"]);
    }
}

#[test]
fn a_deleted_will_is_not_published_when_its_client_comes_back() {
    for version in BOTH {
        let mut pair = Pair::new();
        let heir = pair.connected(hello(version, "heir"));
        pair.subscribe(heir, "wills", 0);
        let a = pair.connected(lasting(version, "a").will("wills"));
        pair.disconnect(a);
        pair.connected(lasting(version, "a").will("wills"));
        assert!(pair.seen(heir).is_empty());
    }
}

#[test]
fn a_disconnect_behind_a_message_deletes_the_will() {
    for version in BOTH {
        let mut pair = Pair::new();
        let heir = pair.connected(hello(version, "heir"));
        pair.subscribe(heir, "wills", 0);
        let a = pair.connected(hello(version, "a").will("wills"));
        pair.send(a, message(0, 0, "t", "x"));
        pair.send(a, disconnect(0, []));
        pair.lose(a);
        assert!(pair.seen(heir).is_empty());
    }
}

#[test]
fn many_messages_may_be_unreleased() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    for id in 1..=60 {
        pair.send(a, message(2, id, "t", "x"));
        assert_eq!(pair.seen(a), [format!("pubrec id={id} 0x10")]);
    }
}
