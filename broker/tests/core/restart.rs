//! What survives the broker.

use mqtt_check_codec::{Packet, QoS};

use crate::pair::{BOTH, Pair, V5, ack, hello, lasting, message, retained};

fn durable() -> Pair {
    Pair::with(|config| config.durable = true)
}

#[test]
fn without_a_store_nothing_survives() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.send(a, retained("r", "x"));
        pair.restart_after_s(1);
        assert_eq!(pair.seen(a).last().map(String::as_str), Some("closed"));
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        pair.subscribe(a, "r", 0);
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn with_a_store_sessions_and_retained_messages_survive() {
    for version in BOTH {
        for crash in [false, true] {
            let mut pair = durable();
            let a = pair.connected(lasting(version, "a"));
            pair.subscribe(a, "t", 2);
            let b = pair.connected(lasting(version, "b"));
            pair.send(b, retained("r", "kept"));
            pair.send(b, message(1, 1, "t", "begun"));
            pair.send(b, message(2, 7, "t", "half"));
            pair.lose(a);
            pair.send(b, message(1, 2, "t", "waiting"));
            pair.hooks();
            if crash {
                pair.crash_and_restart_after_s(5);
                assert!(pair.hooks().is_empty());
            } else {
                pair.restart_after_s(5);
                assert_eq!(pair.hooks(), ["client.disconnected b server_shutdown"]);
            }
            let a = pair.connect(lasting(version, "a"));
            assert_eq!(
                pair.seen(a),
                [
                    "connack 0x00 sp=1",
                    "publish q1 id=1 dup t=begun",
                    "publish q2 id=2 dup t=half",
                    "publish q1 id=3 t=waiting"
                ]
            );
            let b = pair.connect(lasting(version, "b"));
            pair.send(b, message(2, 7, "t", "half"));
            pair.send(b, Packet::PubRel(ack(7)));
            pair.send(b, message(0, 0, "t", "live"));
            assert_eq!(
                pair.seen(b),
                ["connack 0x00 sp=1", "pubrec id=7", "pubcomp id=7"]
            );
            assert_eq!(pair.seen(a), ["publish q0 t=live"]);
            pair.subscribe(b, "r", 0);
            assert_eq!(pair.seen(b), ["publish q0 retain r=kept"]);
        }
    }
}

#[test]
fn time_goes_on_while_the_broker_is_down() {
    let mut pair = durable();
    let a = pair.connected(hello(V5, "a").expiry(10));
    pair.lose(a);
    let b = pair.connected(hello(V5, "b").expiry(30));
    pair.lose(b);
    pair.hooks();
    pair.restart_after_s(20);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);
    pair.wait_s(9);
    assert!(pair.hooks().is_empty());
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["session.terminated b expired"]);
}

#[test]
fn sessions_that_end_with_their_connection_end_with_the_broker() {
    for crash in [false, true] {
        let mut pair = durable();
        let a = pair.connected(hello(V5, "a"));
        if crash {
            pair.crash_and_restart_after_s(1);
        } else {
            pair.restart_after_s(1);
        }
        assert_eq!(
            pair.hooks().last().map(String::as_str),
            Some("session.terminated a normal")
        );
        pair.seen(a);
        let a = pair.connect(hello(V5, "a").unclean());
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn a_crash_keeps_what_a_connected_client_is_owed() {
    for version in BOTH {
        let mut pair = durable();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "begun"));
        pair.send(b, message(2, 7, "t", "released"));
        pair.send(a, Packet::PubRec(ack(2)));
        pair.crash_and_restart_after_s(1);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(a),
            [
                "connack 0x00 sp=1",
                "publish q1 id=1 dup t=begun",
                "pubrel id=2"
            ]
        );
    }
}

#[test]
fn the_session_of_a_connected_client_expires_after_a_crash() {
    let mut pair = durable();
    pair.connected(hello(V5, "a").expiry(10));
    pair.crash_and_restart_after_s(1);
    pair.wait_s(10);
    let a = pair.connect(hello(V5, "a").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn wills_wait_for_the_next_start_where_there_is_a_store() {
    for crash in [false, true] {
        let mut pair = durable();
        let watcher = pair.connected(lasting(V5, "watcher"));
        pair.subscribe(watcher, "w", 1);
        pair.lose(watcher);
        let will = |will: &mut mqtt_check_codec::Will| will.qos = QoS::AtLeastOnce;
        pair.connected(lasting(V5, "a").will_with("w", will));
        pair.hooks();
        if crash {
            pair.crash_and_restart_after_s(1);
        } else {
            pair.restart_after_s(1);
        }
        let hooks = pair.hooks();
        assert!(
            hooks.contains(&"will.published a w server_shutdown".into()),
            "{hooks:?}"
        );
        let watcher = pair.connect(lasting(V5, "watcher"));
        assert_eq!(
            pair.seen(watcher),
            ["connack 0x00 sp=1", "publish q1 id=1 w=gone"]
        );
    }
}

#[test]
fn a_will_delay_goes_on_over_the_restart() {
    let mut pair = durable();
    let a = pair.connected(hello(V5, "a").expiry(100).delayed_will("w", 10));
    pair.lose(a);
    pair.restart_after_s(5);
    pair.hooks();
    pair.wait_s(4);
    assert!(pair.hooks().is_empty());
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["will.published a w delay_elapsed"]);
}
