//! Wills: when they are published, when they are not, and what they look like.

use mqtt_check_broker::Control;
use mqtt_check_codec::{Packet, Property, QoS, ReasonCode, SubscriptionOptions, Will};

use crate::pair::{
    BOTH, Hello, Pair, Peer, V3, V5, disconnect, hello, lasting, message, qos, subscribe,
    subscribe_with,
};

/// Returns a pair with a client that receives every message.
fn watched() -> (Pair, Peer) {
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "#", 2);
    (pair, watcher)
}

#[test]
fn an_orderly_disconnect_discards_the_will() {
    for version in BOTH {
        let (mut pair, watcher) = watched();
        let a = pair.connected(hello(version, "a").will("w"));
        pair.disconnect(a);
        pair.lose(a);
        pair.wait_s(100);
        assert!(pair.seen(watcher).is_empty());
    }
}

#[test]
fn a_broken_connection_publishes_the_will_once() {
    for version in BOTH {
        let (mut pair, watcher) = watched();
        for connect in [hello(version, "a"), lasting(version, "a")] {
            let a = pair.connected(connect.will("w"));
            pair.hooks();
            pair.lose(a);
            assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
            let hooks = pair.hooks();
            assert_eq!(
                hooks[..2],
                [
                    "client.disconnected a connection_lost",
                    "will.published a w connection_lost"
                ]
            );
            pair.wait_s(100);
            let again = pair.connected(hello(version, "a"));
            pair.lose(again);
            assert!(pair.seen(watcher).is_empty());
        }
    }
}

#[test]
fn a_delayed_will_has_no_part_in_the_next_session() {
    let mut pair = Pair::new();
    for _ in 0..3 {
        let a = pair.connected(hello(V5, "a").delayed_will("w", 20));
        pair.subscribe(a, "t", 0);
        pair.send(a, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
        pair.disconnect(a);
    }
}

#[test]
fn disconnect_0x04_and_every_error_code_publish_the_will() {
    for (reason, trigger) in [
        (0x04, "disconnect_with_will"),
        (0x80, "client_error"),
        (0x81, "client_error"),
        (0x82, "client_error"),
        (0x83, "client_error"),
        (0x90, "client_error"),
        (0x93, "client_error"),
        (0x94, "client_error"),
        (0x95, "client_error"),
        (0x96, "client_error"),
        (0x97, "client_error"),
        (0x98, "client_error"),
        (0x99, "client_error"),
        (0xFF, "protocol_error"),
        (0x8B, "protocol_error"),
    ] {
        let (mut pair, watcher) = watched();
        let a = pair.connected(hello(V5, "a").will("w"));
        pair.hooks();
        pair.send(a, disconnect(reason, []));
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
        assert_eq!(pair.hooks()[1], format!("will.published a w {trigger}"));
    }
}

#[test]
fn a_protocol_error_and_a_kick_publish_the_will() {
    for version in BOTH {
        let (mut pair, watcher) = watched();
        let a = pair.connected(hello(version, "a").will("w"));
        pair.send(a, Packet::PingResp);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
        let a = pair.connected(hello(version, "a").will("w"));
        pair.hooks();
        pair.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a kicked",
                "will.published a w kicked",
                "session.terminated a normal"
            ]
        );
        pair.lose(a);
    }
}

#[test]
fn a_silent_client_is_dropped_after_one_and_a_half_keep_alives_and_its_will_published() {
    for (version, expected) in [(V3, &["closed"][..]), (V5, &["disconnect 0x8D", "closed"])] {
        let (mut pair, watcher) = watched();
        let a = pair.connected(hello(version, "a").will("w").keep_alive(10));
        pair.wait_s(14);
        pair.send(a, Packet::PingReq);
        assert_eq!(pair.seen(a), ["pingresp"]);
        pair.wait_s(14);
        assert!(pair.seen(a).is_empty());
        pair.hooks();
        pair.wait_s(1);
        assert_eq!(pair.seen(a), expected);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a keep_alive_timeout",
                "will.published a w keep_alive_timeout",
                "session.terminated a normal"
            ]
        );
    }
}

#[test]
fn the_will_waits_for_its_delay() {
    let (mut pair, watcher) = watched();
    let a = pair.connected(hello(V5, "a").expiry(100).delayed_will("w", 5));
    pair.lose(a);
    pair.wait_s(4);
    assert!(pair.seen(watcher).is_empty());
    pair.hooks();
    pair.wait_s(1);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    assert_eq!(pair.hooks(), ["will.published a w delay_elapsed"]);
    pair.wait_s(200);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn the_end_of_the_session_cuts_the_delay_short() {
    let (mut pair, watcher) = watched();
    let a = pair.connected(hello(V5, "a").expiry(5).delayed_will("w", 100));
    pair.send(a, disconnect(0x04, []));
    pair.wait_s(4);
    assert!(pair.seen(watcher).is_empty());
    pair.hooks();
    pair.wait_s(1);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    assert_eq!(
        pair.hooks(),
        [
            "will.published a w session_ended",
            "session.terminated a expired"
        ]
    );
}

#[test]
fn without_a_session_to_outlive_it_the_delay_is_none() {
    let (mut pair, watcher) = watched();
    let a = pair.connected(hello(V5, "a").delayed_will("w", 5));
    pair.lose(a);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn a_reconnect_in_time_cancels_the_will() {
    let (mut pair, watcher) = watched();
    let a = pair.connected(hello(V5, "a").expiry(100).delayed_will("w", 5));
    pair.lose(a);
    pair.wait_s(4);
    let a = pair.connected(hello(V5, "a").unclean().expiry(100));
    pair.wait_s(50);
    pair.lose(a);
    pair.wait_s(500);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn a_clean_start_ends_the_session_and_so_publishes_the_will() {
    let (mut pair, watcher) = watched();
    let a = pair.connected(hello(V5, "a").expiry(100).delayed_will("w", 5));
    pair.lose(a);
    pair.hooks();
    pair.connected(hello(V5, "a"));
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    assert_eq!(
        pair.hooks(),
        [
            "will.published a w session_ended",
            "session.terminated a discarded",
            "session.created a",
            "client.connected a sp=0"
        ]
    );
}

/// Plays a takeover, and checks whether the Will of the old connection is published.
fn takeover(old: Hello, new: Hello, published: bool) {
    let (mut pair, watcher) = watched();
    pair.connected(old.clone());
    pair.hooks();
    let new_one = pair.connected(new.clone());
    let expected: &[&str] = if published {
        &["publish q0 w=gone"]
    } else {
        &[]
    };
    assert_eq!(pair.seen(watcher), expected, "{old:?} {new:?}");
    let trigger = pair
        .hooks()
        .into_iter()
        .find(|hook| hook.starts_with("will."));
    let taken_over = "will.published a w taken_over".to_owned();
    assert_eq!(trigger, published.then_some(taken_over));
    pair.disconnect(new_one);
    pair.wait_s(1_000);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn a_takeover_publishes_the_will_but_for_a_delayed_one_whose_session_lives_on() {
    let clean = || hello(V5, "a");
    let unclean = || hello(V5, "a").unclean().expiry(60);
    takeover(clean().will("w"), clean(), true);
    takeover(clean().will("w"), unclean(), true);
    takeover(unclean().will("w"), clean(), true);
    takeover(unclean().will("w"), unclean(), true);
    takeover(unclean().delayed_will("w", 5), clean(), true);
    takeover(unclean().delayed_will("w", 5), unclean(), false);
    takeover(clean().delayed_will("w", 5), clean(), true);
    // The comments of the standard disagree here. The bundled broker publishes the Will, since the session ends.
    takeover(clean().delayed_will("w", 5), unclean(), true);
    for old in [hello(V3, "a"), lasting(V3, "a")] {
        for new in [hello(V3, "a"), lasting(V3, "a")] {
            takeover(old.clone().will("w"), new, true);
        }
    }
}

#[test]
fn the_new_connection_of_a_takeover_hears_the_will_if_it_subscribed() {
    let mut pair = Pair::new();
    let first = pair.connected(lasting(V3, "a").will_with("w", |will| {
        will.qos = QoS::AtLeastOnce;
    }));
    pair.subscribe(first, "w", 1);
    let second = pair.connect(lasting(V3, "a"));
    assert_eq!(
        pair.seen(second),
        ["connack 0x00 sp=1", "publish q1 id=1 w=gone"]
    );
}

#[test]
fn a_will_is_retained_if_it_says_so() {
    for version in BOTH {
        for (retain, expected) in [(false, &[][..]), (true, &["publish q0 retain w=gone"])] {
            let (mut pair, watcher) = watched();
            let a = pair.connected(hello(version, "a").will_with("w", |will| {
                will.retain = retain;
            }));
            pair.lose(a);
            assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
            let late = pair.connected(hello(version, "late"));
            pair.subscribe(late, "w", 0);
            assert_eq!(pair.seen(late), expected);
        }
    }
}

#[test]
fn a_will_keeps_its_qos_and_properties_but_not_its_delay() {
    let (mut pair, watcher) = watched();
    let user = |name: &'static str| Property::UserProperty(name.into(), "1".into());
    let a = pair.connected(hello(V5, "a").expiry(9).will_with("w", |will| {
        will.qos = QoS::ExactlyOnce;
        will.properties = [
            Property::WillDelayInterval(3),
            user("b"),
            Property::MessageExpiryInterval(60),
            user("a"),
        ]
        .into_iter()
        .collect();
    }));
    pair.lose(a);
    pair.wait_s(3);
    assert_eq!(
        pair.seen(watcher),
        ["publish q2 id=1 w=gone b:1 MessageExpiryInterval(60) a:1"]
    );
}

#[test]
fn a_refused_connect_does_not_disturb_the_client_whose_id_it_gives() {
    let mut pair = Pair::with(|config| {
        config.users = Some(vec![mqtt_check_broker::config::User {
            name: "eve".into(),
            password: mqtt_check_broker::config::Secret::new(&b"apple"[..]),
        }]);
    });
    let a = pair.connected(hello(V5, "a").login("eve", "apple").will("w"));
    pair.send(a, subscribe(1, &[("w", 0)]));
    pair.seen(a);
    let intruder = pair.connect(hello(V5, "a").login("eve", "pear"));
    assert_eq!(pair.seen(intruder), ["connack 0x86 sp=0", "closed"]);
    assert!(pair.seen(a).is_empty());
    assert!(pair.broker().is_connected("a"));
}

#[test]
fn an_orderly_disconnect_discards_a_delayed_will_too() {
    for expiry_s in [0, 5, 100] {
        let (mut pair, watcher) = watched();
        let a = pair.connected(hello(V5, "a").expiry(expiry_s).delayed_will("w", 10));
        pair.disconnect(a);
        pair.wait_s(200);
        assert!(pair.seen(watcher).is_empty(), "expiry {expiry_s}");
    }
}

/// Ends the connection of the client `a`, whose Keep Alive is 10 seconds.
type End = fn(&mut Pair, Peer);

const ENDS: &[(&str, End)] = &[
    ("a broken connection", |pair, a| pair.lose(a)),
    ("DISCONNECT with Will", |pair, a| {
        pair.send(a, disconnect(0x04, []));
    }),
    ("DISCONNECT with an error", |pair, a| {
        pair.send(a, disconnect(0x80, []));
    }),
    ("a protocol error", |pair, a| pair.send(a, Packet::PingResp)),
    ("silence", |pair, _| pair.wait_s(15)),
    ("a kick", |pair, _| {
        pair.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
    }),
];

#[test]
fn the_will_waits_for_its_delay_however_the_connection_ends() {
    for (name, end) in ENDS {
        let (mut pair, watcher) = watched();
        let doomed = hello(V5, "a").expiry(100).delayed_will("w", 5);
        let a = pair.connected(doomed.keep_alive(10));
        end(&mut pair, a);
        assert!(!pair.broker().is_connected("a"), "{name}");
        pair.wait_s(4);
        assert!(pair.seen(watcher).is_empty(), "{name}");
        pair.wait_s(1);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"], "{name}");
    }
}

#[test]
fn a_retained_will_keeps_its_properties() {
    let properties = [
        Property::ContentType("text".into()),
        Property::ResponseTopic("r".into()),
        Property::CorrelationData("c".into()),
        Property::UserProperty("b".into(), "1".into()),
    ];
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").will_with("w", |will| {
        will.retain = true;
        will.properties = properties.into_iter().collect();
    }));
    pair.lose(a);
    let late = pair.connected(hello(V5, "late"));
    pair.subscribe(late, "w", 0);
    let whole = "publish q0 retain w=gone ContentType(\"text\") ResponseTopic(\"r\") \
                 CorrelationData(b\"c\") b:1";
    assert_eq!(pair.seen(late), [whole]);
}

#[test]
fn no_local_lets_the_wills_of_others_through() {
    let options = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(qos(0))
    };
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.send(watcher, subscribe_with(1, [], [("w", options)]));
    let a = pair.connected(hello(V5, "a").will("w"));
    pair.lose(a);
    assert_eq!(pair.seen(watcher), ["suback id=1 00", "publish q0 w=gone"]);
}

#[test]
fn a_will_is_a_message_like_others_to_whom_it_reaches() {
    let mut pair = Pair::new();
    let watcher = pair.connected(hello(V5, "watcher"));
    let options = SubscriptionOptions {
        retain_as_published: true,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    let identifier = Property::SubscriptionIdentifier(7);
    pair.send(watcher, subscribe_with(1, [identifier], [("w", options)]));
    pair.seen(watcher);
    let a = pair.connected(hello(V5, "a").will_with("w", |will| will.retain = true));
    pair.lose(a);
    let expected = ["publish q0 retain w=gone SubscriptionIdentifier(7)"];
    assert_eq!(pair.seen(watcher), expected);
}

#[test]
fn a_will_waits_for_its_own_client_too() {
    for version in BOTH {
        let mut pair = Pair::new();
        let will = |will: &mut Will| will.qos = QoS::AtLeastOnce;
        let a = pair.connected(lasting(version, "a").will_with("w", will));
        pair.subscribe(a, "w", 1);
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        let expected = ["connack 0x00 sp=1", "publish q1 id=1 w=gone"];
        assert_eq!(pair.seen(a), expected);
    }
}
