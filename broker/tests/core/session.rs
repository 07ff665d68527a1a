//! Sessions: how they begin, what they keep, and when they end.

use mqtt_check_codec::{Packet, Property};

use crate::pair::{BOTH, NEVER, Pair, V3, V5, ack, disconnect, hello, lasting, message};

#[test]
fn a_clean_session_lives_as_long_as_its_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connect(hello(version, "a").login("eve", ""));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        assert_eq!(
            pair.hooks(),
            ["session.created a", "client.connected a user=eve sp=0"]
        );
        pair.disconnect(a);
        assert_eq!(pair.seen(a), ["closed"]);
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a normal",
                "session.terminated a normal"
            ]
        );
        assert_eq!(pair.broker().session_count(), 0);
        let a = pair.connect(hello(version, "a").unclean());
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn a_lasting_session_is_resumed_with_its_subscriptions() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t/+", 1);
        pair.lose(a);
        assert_eq!(
            pair.hooks(),
            [
                "session.created a",
                "client.connected a sp=0",
                "session.subscribed a t/+ q1",
                "client.disconnected a connection_lost",
            ]
        );
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
        assert_eq!(
            pair.hooks(),
            ["session.resumed a", "client.connected a sp=1"]
        );
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(0, 0, "t/1", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t/1=x"]);
    }
}

#[test]
fn a_session_exists_though_it_is_empty() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.disconnect(a);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}

#[test]
fn a_session_works_after_many_reconnects_as_after_one() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let b = pair.connected(hello(version, "b"));
        for _ in 0..15 {
            let a = pair.connect(lasting(version, "a"));
            assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
            pair.send(b, message(1, 1, "t", "x"));
            let seen = pair.seen(a);
            assert_eq!(seen.len(), 1, "{seen:?}");
            for id in 1..=15 {
                pair.send(a, Packet::PubAck(ack(id)));
            }
            pair.lose(a);
        }
    }
}

#[test]
fn what_an_old_session_had_subscribed_to_can_be_subscribed_to_in_a_new_one() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.send(a, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
    }
}

#[test]
fn a_clean_start_discards_an_offline_session() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        pair.hooks();
        let a = pair.connect(hello(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        assert_eq!(
            pair.hooks(),
            [
                "session.terminated a discarded",
                "session.created a",
                "client.connected a sp=0"
            ]
        );
        pair.send(a, message(0, 0, "t", "x"));
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn sessions_of_other_clients_are_untouched() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.disconnect(a);
    let b = pair.connect(lasting(V5, "b"));
    assert_eq!(pair.seen(b), ["connack 0x00 sp=0"]);
}

#[test]
fn a_session_expires_after_its_interval_and_not_before() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(7_200));
    pair.lose(a);
    pair.hooks();
    pair.wait_s(7_199);
    assert!(pair.hooks().is_empty());
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);
    let a = pair.connect(hello(V5, "a").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn a_reconnect_stops_the_expiry_and_brings_its_own() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(10));
    pair.lose(a);
    pair.wait_s(9);
    let a = pair.connected(hello(V5, "a").unclean().expiry(5));
    pair.wait_s(100);
    pair.lose(a);
    pair.wait_s(4);
    pair.hooks();
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);
}

#[test]
fn the_configured_expiry_of_a_version_3_session_is_kept() {
    let mut pair = Pair::with(|config| {
        config.persistent_session_expiry = Some(std::time::Duration::from_secs(7_200));
    });
    let a = pair.connected(lasting(V3, "a"));
    pair.disconnect(a);
    pair.wait_s(7_199);
    pair.hooks();
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);
}

#[test]
fn a_longer_expiry_than_allowed_is_cut_and_announced() {
    let mut pair = Pair::with(|config| {
        config.maximum_session_expiry = Some(std::time::Duration::from_secs(60));
    });
    for asked in [61, NEVER] {
        let a = pair.connect(hello(V5, "a").expiry(asked));
        assert_eq!(
            pair.seen(a),
            ["connack 0x00 sp=0 SessionExpiryInterval(60)"]
        );
        pair.lose(a);
    }
    pair.hooks();
    pair.wait_s(60);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);
    let b = pair.connect(hello(V5, "b").expiry(60));
    assert_eq!(pair.seen(b), ["connack 0x00 sp=0"]);
}

#[test]
fn disconnect_changes_the_expiry() {
    for (at_connect, at_disconnect, lives_s) in [(10, 20, 20), (20, 10, 10)] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").expiry(at_connect));
        let expiry = Property::SessionExpiryInterval(at_disconnect);
        pair.send(a, disconnect(0, [expiry]));
        pair.wait_s(lives_s - 1);
        pair.hooks();
        pair.wait_s(1);
        assert_eq!(pair.hooks(), ["session.terminated a expired"]);
    }
}

#[test]
fn disconnect_with_expiry_0_ends_the_session_at_once() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").expiry(10));
    pair.hooks();
    pair.send(a, disconnect(0, [Property::SessionExpiryInterval(0)]));
    assert_eq!(
        pair.hooks(),
        [
            "client.disconnected a normal",
            "session.terminated a normal"
        ]
    );
}

#[test]
fn disconnect_must_not_raise_an_expiry_of_0() {
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "w"));
    pair.subscribe(watcher, "will", 0);
    let a = pair.connected(hello(V5, "a").will("will"));
    pair.hooks();
    pair.send(a, disconnect(0, [Property::SessionExpiryInterval(5)]));
    assert_eq!(pair.seen(a), ["disconnect 0x82", "closed"]);
    assert_eq!(pair.seen(watcher), ["publish q0 will=gone"]);
    assert_eq!(
        pair.hooks(),
        [
            "client.disconnected a protocol_error",
            "will.published a will protocol_error",
            "session.terminated a normal"
        ]
    );
}

#[test]
fn state_goes_with_a_clean_session_of_version_3() {
    // The session was clean, so it cannot be resumed even by a connection that requests it.
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    pair.subscribe(a, "t", 2);
    pair.lose(a);
    let a = pair.connect(lasting(V3, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    pair.send(a, message(0, 0, "t", "x"));
    assert!(pair.seen(a).is_empty());
}

#[test]
fn a_session_crosses_protocol_versions() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V3, "a"));
    pair.subscribe(a, "t", 1);
    pair.disconnect(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "x"));
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1", "publish q1 id=1 t=x"]);
}

#[test]
fn a_clean_start_gets_nothing_of_what_waited() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "x"));
        let a = pair.connect(hello(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn a_session_is_whole_for_as_long_as_it_is_connected() {
    let mut pair = Pair::with(|config| {
        config.persistent_session_expiry = Some(std::time::Duration::from_secs(10));
    });
    for connect in [hello(V3, "a").unclean(), hello(V5, "b").expiry(10)] {
        let a = pair.connected(connect);
        pair.subscribe(a, "t", 0);
        pair.wait_s(11);
        pair.send(a, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
        pair.disconnect(a);
    }
}

#[test]
fn the_longest_spans_are_no_overflow() {
    let mut pair = Pair::with(|config| {
        config.persistent_session_expiry = Some(std::time::Duration::MAX);
        config.connect_timeout = std::time::Duration::MAX;
    });
    pair.wait_s(1);
    let a = pair.connected(lasting(V3, "a"));
    pair.lose(a);
    pair.wait_s(u64::from(NEVER));
    let a = pair.connect(lasting(V3, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

/// The client reconnects before its first session would have ended. The new session must outlast that time.
#[test]
fn an_expiry_of_before_ends_nothing_of_the_present_session() {
    for again in [hello(V5, "a").unclean(), hello(V5, "a")] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").expiry(10));
        pair.lose(a);
        let a = pair.connected(again.expiry(100));
        pair.subscribe(a, "t", 0);
        pair.wait_s(11);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, message(0, 0, "t", "still there"));
        assert_eq!(pair.seen(a), ["publish q0 t=still there"]);
    }
}

#[test]
fn the_expiry_of_a_disconnect_is_for_the_end_of_its_own_connection() {
    for (told, asked) in [(100, 5), (5, 100)] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").expiry(50));
        pair.send(a, disconnect(0, [Property::SessionExpiryInterval(told)]));
        let a = pair.connected(hello(V5, "a").unclean().expiry(asked));
        pair.lose(a);
        pair.hooks();
        pair.wait_s(u64::from(asked) - 1);
        assert!(pair.hooks().is_empty(), "{told} before {asked}");
        pair.wait_s(1);
        assert_eq!(pair.hooks(), ["session.terminated a expired"]);
    }
}

#[test]
fn a_session_that_goes_on_in_another_version_lasts_as_long_as_that_one_asks() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V3, "a"));
    pair.disconnect(a);
    let a = pair.connected(hello(V5, "a").unclean().expiry(5));
    pair.disconnect(a);
    pair.wait_s(4);
    pair.hooks();
    pair.wait_s(1);
    assert_eq!(pair.hooks(), ["session.terminated a expired"]);

    let a = pair.connected(hello(V5, "a").expiry(5));
    pair.disconnect(a);
    let a = pair.connected(lasting(V3, "a"));
    pair.disconnect(a);
    pair.wait_s(1_000);
    let a = pair.connect(lasting(V3, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn a_clean_start_is_sent_nothing_that_was_unacknowledged() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(version, "b"));
        for (level, packet_id) in [(1, 1), (2, 2), (2, 3)] {
            pair.send(b, message(level, packet_id, "t", "x"));
        }
        pair.send(a, Packet::PubRec(ack(3)));
        assert_eq!(pair.seen(a).len(), 4);
        pair.lose(a);
        let a = pair.connect(hello(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    }
}
