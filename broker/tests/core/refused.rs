//! Refused packets have no effect: on the session with the same Client Identifier, on its connected client, on Wills
//! and messages.

use mqtt_check_broker::config::User;
use mqtt_check_broker::{AccessAction, AccessRule, Config};
use mqtt_check_codec::{Packet, ProtocolVersion};

use crate::pair::{BOTH, Hello, Pair, Peer, V5, hello, lasting, message, retained, subscribe};

const CLOSED: &str = "closed/x";

fn guarded(config: &mut Config) {
    config.users = Some(vec![User {
        name: "alice".to_owned(),
        password: mqtt_check_broker::config::Secret::new(&b"secret"[..]),
    }]);
    let rule = |allow, action, filter: &str| AccessRule {
        allow,
        action,
        users: Vec::new(),
        clients: vec!["a".to_owned()],
        filters: vec![filter.to_owned()],
    };
    let all = AccessRule {
        clients: Vec::new(),
        ..rule(true, AccessAction::All, "#")
    };
    config.access = Some(vec![rule(false, AccessAction::All, CLOSED), all]);
}

fn right(hello: Hello) -> Hello {
    hello.login("alice", "secret")
}

fn wrong(hello: Hello) -> Hello {
    hello.login("alice", "guessed")
}

/// Connects a client that receives every message.
fn watcher(pair: &mut Pair, version: ProtocolVersion) -> Peer {
    let watcher = pair.connected(right(hello(version, "watcher")));
    pair.subscribe(watcher, "#", 0);
    watcher
}

#[test]
fn a_refused_connect_leaves_a_stored_session_alone() {
    for version in BOTH {
        let mut pair = Pair::with(guarded);
        let a = pair.connected(right(lasting(version, "a")));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let w = watcher(&mut pair, version);
        pair.send(w, message(1, 1, "t", "waits"));
        pair.connect(wrong(hello(version, "a")).will("w"));
        assert_eq!(pair.seen(w), ["puback id=1", "publish q0 t=waits"]);
        let a = pair.connect(right(lasting(version, "a")));
        assert_eq!(
            pair.seen(a),
            ["connack 0x00 sp=1", "publish q1 id=1 t=waits"]
        );
        pair.send(w, message(0, 0, "t", "comes"));
        assert_eq!(pair.seen(a), ["publish q0 t=comes"]);
    }
}

#[test]
fn a_refused_connect_displaces_nobody_and_leaves_no_session() {
    for version in BOTH {
        let mut pair = Pair::with(guarded);
        let a = pair.connected(right(hello(version, "a")));
        pair.connect(wrong(hello(version, "a")));
        assert_eq!(pair.seen(a), Vec::<String>::new());
        pair.connect(wrong(lasting(version, "b")));
        let b = pair.connect(right(lasting(version, "b")));
        assert_eq!(pair.seen(b), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn a_refused_connect_changes_no_deadline() {
    let mut pair = Pair::with(guarded);
    let w = watcher(&mut pair, V5);
    let a = pair.connected(right(hello(V5, "a").expiry(10).delayed_will("w", 5)));
    pair.lose(a);
    pair.connect(wrong(hello(V5, "a").unclean()));
    pair.wait_s(6);
    assert_eq!(pair.seen(w), ["publish q0 w=gone"]);
    pair.wait_s(6);
    let a = pair.connect(right(hello(V5, "a").unclean()));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn a_second_connect_changes_neither_session_nor_will() {
    for version in BOTH {
        let mut pair = Pair::new();
        let w = pair.connected(hello(version, "w"));
        pair.subscribe(w, "#", 0);
        let a = pair.connected(lasting(version, "a").will("first"));
        let again = hello(version, "a").will("second");
        pair.send(a, Packet::Connect(Box::new(again.into())));
        assert_eq!(pair.seen(w), ["publish q0 first=gone"]);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}

#[test]
fn a_refused_publish_is_neither_passed_on_nor_retained() {
    for version in BOTH {
        let mut pair = Pair::with(guarded);
        let w = watcher(&mut pair, version);
        let a = pair.connected(right(hello(version, "a")));
        for level in 1..=2 {
            pair.send(a, message(level, 1, CLOSED, "psst"));
        }
        pair.send(a, retained_at_1(CLOSED));
        assert_eq!(pair.seen(w), Vec::<String>::new());
        pair.subscribe(w, CLOSED, 0);
        assert_eq!(pair.seen(w), Vec::<String>::new());
    }
}

fn retained_at_1(topic: &str) -> Packet {
    match message(1, 9, topic, "psst") {
        Packet::Publish(publish) => Packet::Publish(mqtt_check_codec::Publish {
            retain: true,
            ..publish
        }),
        other => other,
    }
}

#[test]
fn a_refused_filter_brings_nothing() {
    for (version, code) in [(crate::pair::V3, "80"), (V5, "87")] {
        let mut pair = Pair::with(guarded);
        let w = pair.connected(right(hello(version, "w")));
        pair.send(w, retained(CLOSED, "kept"));
        let a = pair.connected(right(hello(version, "a")));
        pair.send(a, subscribe(1, &[(CLOSED, 0)]));
        pair.send(w, message(0, 0, CLOSED, "live"));
        assert_eq!(pair.seen(a), [format!("suback id=1 {code}")]);
    }
}

#[test]
fn without_room_for_retained_messages_all_others_go_on() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.maximum_retained_messages = 1);
        let w = pair.connected(hello(version, "w"));
        pair.send(w, retained("one", "kept"));
        pair.subscribe(w, "two", 0);
        pair.send(w, message(0, 0, "two", "passing"));
        pair.send(w, retained("two", "no room"));
        let a = pair.connected(hello(version, "a").will_with("two", |will| will.retain = true));
        pair.lose(a);
        let seen = ["passing", "no room", "gone"].map(|text| format!("publish q0 two={text}"));
        assert_eq!(pair.seen(w), seen);
    }
}

#[test]
fn a_broker_that_keeps_dollar_topics_to_itself_takes_other_wills() {
    for version in BOTH {
        let mut pair = Pair::with(|config| config.dollar_topics = false);
        let a = pair.connect(hello(version, "a").will("w"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        let b = pair.connect(hello(version, "b").will("$w"));
        assert_ne!(pair.seen(b), ["connack 0x00 sp=0"]);
    }
}
