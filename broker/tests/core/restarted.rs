//! What survives the broker is complete, and what had ended does not come back.

use mqtt_check_broker::{AccessAction, AccessRule};
use mqtt_check_codec::{Packet, Property, Publish, QoS, SubscriptionOptions};

use crate::pair::{
    BOTH, Pair, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe_with,
    unsubscribe,
};

fn durable() -> Pair {
    Pair::with(|config| config.durable = true)
}

/// Returns a message with an expiry interval and one other property.
fn rich(level: u8, packet_id: u16, topic: &str, payload: &str, retain: bool) -> Packet {
    let properties = [
        Property::MessageExpiryInterval(100),
        Property::UserProperty("a".into(), "b".into()),
    ];
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        retain,
        properties: properties.into_iter().collect(),
        ..publish(topic, payload)
    })
}

/// Returns a message with RETAIN 1.
fn kept<const COUNT: usize>(level: u8, topic: &str, properties: [Property; COUNT]) -> Packet {
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(1)),
        retain: true,
        properties: properties.into_iter().collect(),
        ..publish(topic, "x")
    })
}

#[test]
fn messages_and_their_order_are_whole_after_a_restart() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    let options = SubscriptionOptions {
        retain_as_published: true,
        ..SubscriptionOptions::new(QoS::ExactlyOnce)
    };
    let identifier = [Property::SubscriptionIdentifier(7)];
    pair.send(a, subscribe_with(1, identifier, [("t/+", options)]));
    let b = pair.connected(lasting(V5, "b"));
    pair.send(b, message(1, 1, "t/1", "begun"));
    pair.send(b, message(2, 2, "t/1", "begun too"));
    pair.lose(a);
    pair.send(b, rich(2, 3, "t/1", "first", true));
    pair.send(b, message(1, 4, "t/1", "second"));
    pair.restart_after_s(5);
    let a = pair.connect(lasting(V5, "a"));
    let identified = |text: &str| format!("{text} SubscriptionIdentifier(7)");
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=1".to_owned(),
            identified("publish q1 id=1 dup t/1=begun"),
            identified("publish q2 id=2 dup t/1=begun too"),
            identified("publish q2 id=3 retain t/1=first MessageExpiryInterval(95) a:b"),
            identified("publish q1 id=4 t/1=second"),
        ]
    );
}

#[test]
fn messages_that_wait_expire_in_their_time_over_a_restart() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, rich(1, 1, "t", "news", false));
    pair.restart_after_s(101);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn what_was_over_does_not_come_back() {
    let mut pair = durable();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "kept", 1);
    pair.subscribe(a, "left", 1);
    pair.send(a, unsubscribe(9, &["left"]));
    let b = pair.connected(lasting(V5, "b"));
    pair.send(b, message(1, 1, "kept", "settled"));
    pair.send(a, Packet::PubAck(ack(1)));
    let alias = |topic: &str| {
        Packet::Publish(Publish {
            properties: [Property::TopicAlias(1)].into_iter().collect(),
            ..publish(topic, "by alias")
        })
    };
    pair.send(b, alias("elsewhere"));
    pair.restart_after_s(1);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    let b = pair.connect(lasting(V5, "b"));
    pair.send(b, message(1, 2, "left", "to one who left"));
    assert!(pair.seen(a).is_empty());
    pair.seen(b);
    pair.send(b, alias(""));
    assert_eq!(pair.seen(b), ["disconnect 0x82", "closed"]);
}

#[test]
fn retained_messages_are_whole_and_the_last_ones_after_a_restart() {
    let mut pair = durable();
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, retained("r/1", "first"));
    pair.send(b, rich(0, 0, "r/1", "second", true));
    pair.send(b, retained("r/2", "gone"));
    pair.send(b, retained("r/2", ""));
    pair.restart_after_s(5);
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "r/#", 0);
    assert_eq!(
        pair.seen(a),
        ["publish q0 retain r/1=second MessageExpiryInterval(95) a:b"]
    );
}

#[test]
fn a_will_is_whole_after_a_restart() {
    let mut pair = durable();
    let watcher = pair.connected(lasting(V5, "watcher"));
    pair.subscribe(watcher, "w", 2);
    pair.lose(watcher);
    let a = lasting(V5, "a").will_with("w", |will| {
        will.qos = QoS::ExactlyOnce;
        will.properties.push(Property::WillDelayInterval(10));
        let property = Property::UserProperty("a".into(), "b".into());
        will.properties.push(property);
    });
    let a = pair.connected(a);
    pair.lose(a);
    pair.restart_after_s(5);
    let watcher = pair.connect(lasting(V5, "watcher"));
    assert_eq!(pair.seen(watcher), ["connack 0x00 sp=1"]);
    pair.wait_s(5);
    assert_eq!(pair.seen(watcher), ["publish q2 id=1 w=gone a:b"]);
}

#[test]
fn a_will_that_disconnect_deleted_does_not_come_back() {
    for version in BOTH {
        for crash in [false, true] {
            let mut pair = durable();
            let watcher = pair.connected(lasting(version, "watcher"));
            pair.subscribe(watcher, "w", 1);
            let will = |will: &mut mqtt_check_codec::Will| will.qos = QoS::AtLeastOnce;
            let a = pair.connected(lasting(version, "a").will_with("w", will));
            pair.disconnect(a);
            if crash {
                pair.crash_and_restart_after_s(1);
            } else {
                pair.restart_after_s(1);
            }
            pair.wait_s(10);
            let watcher = pair.connect(lasting(version, "watcher"));
            assert_eq!(pair.seen(watcher), ["connack 0x00 sp=1"]);
        }
    }
}

#[test]
fn a_retained_message_keeps_its_qos_over_a_restart() {
    for version in BOTH {
        let mut pair = durable();
        let b = pair.connected(hello(version, "b"));
        for (level, topic) in [(0, "r/0"), (1, "r/1"), (2, "r/2")] {
            pair.send(b, kept(level, topic, []));
        }
        pair.restart_after_s(1);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "r/+", 2);
        assert_eq!(
            pair.seen(a),
            [
                "publish q0 retain r/0=x",
                "publish q1 id=1 retain r/1=x",
                "publish q2 id=2 retain r/2=x"
            ]
        );
    }
}

/// [5 MQTT-3.3.2-4]
#[test]
fn the_payload_format_of_what_waits_and_of_what_is_retained_outlasts_a_restart() {
    for format in [0, 1] {
        let mut pair = durable();
        let a = pair.connected(lasting(V5, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, kept(1, "t", [Property::PayloadFormatIndicator(format)]));
        pair.restart_after_s(1);
        let a = pair.connected(lasting(V5, "a"));
        let with_format = format!("t=x PayloadFormatIndicator({format})");
        assert_eq!(pair.seen(a), [format!("publish q1 id=1 {with_format}")]);
        let late = pair.connected(hello(V5, "late"));
        pair.subscribe(late, "t", 0);
        let greeting = format!("publish q0 retain {with_format}");
        assert_eq!(pair.seen(late), [greeting]);
    }
}

#[test]
fn what_a_will_left_as_a_retained_message_outlasts_a_restart() {
    for version in BOTH {
        let mut pair = durable();
        let will = |will: &mut mqtt_check_codec::Will| will.retain = true;
        let a = pair.connected(hello(version, "a").will_with("w", will));
        pair.lose(a);
        pair.restart_after_s(1);
        let late = pair.connected(hello(version, "late"));
        pair.subscribe(late, "w", 0);
        assert_eq!(pair.seen(late), ["publish q0 retain w=gone"]);
    }
}

#[test]
fn a_reconnect_after_a_restart_cancels_a_delayed_will() {
    let mut pair = durable();
    let watcher = pair.connected(lasting(V5, "watcher"));
    pair.subscribe(watcher, "w", 1);
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 10));
    pair.lose(a);
    pair.restart_after_s(1);
    let watcher = pair.connected(lasting(V5, "watcher"));
    pair.connected(lasting(V5, "a"));
    pair.wait_s(20);
    assert!(pair.seen(watcher).is_empty());
}

#[test]
fn many_messages_keep_their_order() {
    for version in BOTH {
        let mut pair = durable();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let b = pair.connected(hello(version, "b"));
        for number in 1..=12 {
            pair.send(b, message(1, 1, "t", &number.to_string()));
        }
        pair.restart_after_s(1);
        let a = pair.connected(lasting(version, "a"));
        let expected = (1..=12).map(|number| format!("publish q1 id={number} t={number}"));
        assert_eq!(pair.seen(a), expected.collect::<Vec<_>>());
    }
}

#[test]
fn packet_ids_in_use_stay_in_use() {
    for version in BOTH {
        let mut pair = durable();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "1"));
        pair.restart_after_s(1);
        let a = pair.connected(lasting(version, "a"));
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "2"));
        let expected = ["publish q1 id=1 dup t=1", "publish q1 id=2 t=2"];
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn sessions_that_are_over_and_options_that_were_replaced_do_not_come_back() {
    for version in BOTH {
        let mut pair = durable();
        let a = pair.connected(hello(version, "a"));
        pair.disconnect(a);
        let b = pair.connected(lasting(version, "b"));
        pair.subscribe(b, "t", 0);
        pair.subscribe(b, "t", 1);
        pair.restart_after_s(1);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
        let b = pair.connect(lasting(version, "b"));
        pair.send(a, message(1, 1, "t", "x"));
        let expected = ["connack 0x00 sp=1", "publish q1 id=1 t=x"];
        assert_eq!(pair.seen(b), expected);
    }
}

#[test]
fn who_its_client_is_belongs_to_a_session() {
    for version in BOTH {
        let rule = |user: &str, filter: &str| AccessRule {
            allow: true,
            action: AccessAction::All,
            users: (!user.is_empty())
                .then(|| user.to_owned())
                .into_iter()
                .collect(),
            clients: Vec::new(),
            filters: vec![filter.to_owned()],
        };
        let mut pair = Pair::with(|config| {
            config.durable = true;
            config.access = Some(vec![rule("alice", "#"), rule("bob", "#")]);
        });
        let alice = || lasting(version, "a").login("alice", "");
        let a = pair.connected(alice());
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        pair.restart_after_s(1);
        let b = pair.connected(hello(version, "b").login("bob", ""));
        pair.send(b, message(1, 1, "t", "x"));
        let a = pair.connect(alice());
        let expected = ["connack 0x00 sp=1", "publish q1 id=1 t=x"];
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn a_session_has_nothing_of_a_discarded_one() {
    for version in BOTH {
        let mut pair = durable();
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let a = pair.connected(hello(version, "a"));
        pair.lose(a);
        let a = pair.connected(lasting(version, "a"));
        pair.lose(a);
        pair.restart_after_s(1);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "x"));
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    }
}
