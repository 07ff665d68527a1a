//! A second CONNECT with the Client Identifier of a connected client.

use crate::pair::{BOTH, Pair, V3, V5, hello, lasting, message};

#[test]
fn the_old_client_is_told_in_version_5_and_closed_in_both() {
    for (version, expected) in [(V3, &["closed"][..]), (V5, &["disconnect 0x8E", "closed"])] {
        let mut pair = Pair::new();
        let first = pair.connected(hello(version, "a"));
        pair.subscribe(first, "t", 0);
        pair.hooks();
        let second = pair.connect(hello(version, "a"));
        assert_eq!(pair.seen(first), expected);
        assert_eq!(pair.seen(second), ["connack 0x00 sp=0"]);
        assert_eq!(
            pair.hooks(),
            [
                "session.terminated a conflict",
                "session.created a",
                "client.connected a sp=0"
            ]
        );
        // The first transport breaks later, which affects nothing.
        pair.lose(first);
        assert!(pair.hooks().is_empty());
        pair.send(second, message(0, 0, "t", "x"));
        assert!(pair.seen(second).is_empty());
        pair.disconnect(second);
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a normal",
                "session.terminated a normal"
            ]
        );
    }
}

#[test]
fn a_lasting_session_moves_to_the_new_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(lasting(version, "a"));
        pair.subscribe(first, "t", 1);
        pair.hooks();
        let second = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(second), ["connack 0x00 sp=1"]);
        assert_eq!(
            pair.hooks(),
            ["session.resumed a", "client.connected a sp=1"]
        );
        pair.send(second, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(second), ["publish q0 t=x"]);
        pair.disconnect(second);
        assert_eq!(pair.hooks(), ["client.disconnected a normal"]);
    }
}

#[test]
fn a_session_that_ends_with_its_connection_is_not_inherited() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(hello(version, "a"));
        pair.subscribe(first, "t", 1);
        pair.hooks();
        let second = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(second), ["connack 0x00 sp=0"]);
        assert_eq!(
            pair.hooks(),
            [
                "session.terminated a conflict",
                "session.created a",
                "client.connected a sp=0"
            ]
        );
    }
}

#[test]
fn what_the_old_client_left_unacknowledged_goes_to_the_new_one() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(lasting(version, "a"));
        pair.subscribe(first, "t", 1);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "x"));
        assert_eq!(pair.seen(first), ["publish q1 id=1 t=x"]);
        let second = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(second),
            ["connack 0x00 sp=1", "publish q1 id=1 dup t=x"]
        );
    }
}

#[test]
fn nothing_that_the_old_client_still_sends_has_effect() {
    let mut pair = Pair::new();
    let first = pair.connected(hello(V5, "a"));
    let second = pair.connected(hello(V5, "a"));
    pair.subscribe(second, "t", 0);
    pair.send(first, message(0, 0, "t", "x"));
    assert!(pair.seen(second).is_empty());
}

#[test]
fn versions_may_differ() {
    let mut pair = Pair::new();
    let first = pair.connected(hello(V3, "a"));
    let second = pair.connected(hello(V5, "a"));
    assert_eq!(pair.seen(first), ["closed"]);
    let third = pair.connected(hello(V3, "a"));
    assert_eq!(pair.seen(second), ["disconnect 0x8E", "closed"]);
    assert!(pair.seen(third).is_empty());
}
