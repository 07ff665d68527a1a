//! The broker enforces what CONNACK announces. Each row has a setting, the CONNACK that announces it, a packet at the
//! limit, a packet just past it, and the answers to both.

use mqtt_check_broker::Config;
use mqtt_check_codec::{Packet, Property, Publish, SubscriptionOptions};

use crate::pair::{
    Pair, V5, hello, id, lasting, message, publish, qos, retained, subscribe, subscribe_with,
};

struct Row {
    setting: &'static str,
    set: fn(&mut Config),
    /// The rest of the CONNACK after `connack 0x00 sp=0`.
    announced: &'static str,
    /// A packet that keeps to the setting, with its size, and the answer.
    allowed: fn() -> (Packet, usize),
    answer: &'static [&'static str],
    /// A packet that does not keep to it, with its size, and the answer.
    refused: fn() -> (Packet, usize),
    refusal: &'static [&'static str],
}

fn sized(packet: Packet) -> (Packet, usize) {
    (packet, 10)
}

fn aliased(alias: u16) -> Packet {
    let mut aliased = publish("t", "x");
    aliased.properties.push(Property::TopicAlias(alias));
    Packet::Publish(aliased)
}

fn identified(filter: &str) -> Packet {
    let identifier = [Property::SubscriptionIdentifier(1)];
    subscribe_with(1, identifier, [(filter, SubscriptionOptions::new(qos(0)))])
}

fn rows() -> Vec<Row> {
    vec![
        Row {
            setting: "receive_maximum",
            set: |config| config.receive_maximum = 1,
            announced: "ReceiveMaximum(1)",
            allowed: || sized(message(2, 1, "t", "x")),
            answer: &["pubrec id=1 0x10"],
            refused: || sized(message(2, 2, "t", "x")),
            refusal: &["disconnect 0x93", "closed"],
        },
        Row {
            setting: "topic_alias_maximum",
            set: |config| config.topic_alias_maximum = 3,
            announced: "TopicAliasMaximum(3)",
            allowed: || sized(aliased(3)),
            answer: &[],
            refused: || sized(aliased(4)),
            refusal: &["disconnect 0x94", "closed"],
        },
        Row {
            setting: "topic_alias_maximum 0",
            set: |config| config.topic_alias_maximum = 0,
            announced: "",
            allowed: || sized(message(0, 0, "t", "x")),
            answer: &[],
            refused: || sized(aliased(1)),
            refusal: &["disconnect 0x94", "closed"],
        },
        Row {
            setting: "maximum_packet_size",
            set: |config| config.maximum_packet_size = Some(100),
            announced: "MaximumPacketSize(100)",
            allowed: || (Packet::PingReq, 100),
            answer: &["pingresp"],
            refused: || (Packet::PingReq, 101),
            refusal: &["disconnect 0x95", "closed"],
        },
        Row {
            setting: "maximum_qos",
            set: |config| config.maximum_qos = qos(1),
            announced: "MaximumQoS(1)",
            allowed: || sized(message(1, 1, "t", "x")),
            answer: &["puback id=1 0x10"],
            refused: || sized(message(2, 1, "t", "x")),
            refusal: &["disconnect 0x9B", "closed"],
        },
        Row {
            setting: "maximum_qos of a subscription",
            set: |config| config.maximum_qos = qos(0),
            announced: "MaximumQoS(0)",
            allowed: || sized(subscribe(1, &[("t", 2)])),
            answer: &["suback id=1 00"],
            refused: || sized(message(1, 1, "t", "x")),
            refusal: &["disconnect 0x9B", "closed"],
        },
        Row {
            setting: "retain_available",
            set: |config| config.retain_available = false,
            announced: "RetainAvailable(0)",
            allowed: || sized(message(0, 0, "t", "x")),
            answer: &[],
            refused: || sized(retained("t", "x")),
            refusal: &["disconnect 0x9A", "closed"],
        },
        Row {
            setting: "wildcard_subscription_available",
            set: |config| config.wildcard_subscription_available = false,
            announced: "WildcardSubscriptionAvailable(0)",
            allowed: || sized(subscribe(1, &[("t", 0)])),
            answer: &["suback id=1 00"],
            refused: || sized(subscribe(1, &[("t/+", 0)])),
            refusal: &["disconnect 0xA2", "closed"],
        },
        Row {
            setting: "subscription_identifier_available",
            set: |config| config.subscription_identifier_available = false,
            announced: "SubscriptionIdentifierAvailable(0)",
            allowed: || sized(subscribe(1, &[("t", 0)])),
            answer: &["suback id=1 00"],
            refused: || sized(identified("t")),
            refusal: &["disconnect 0xA1", "closed"],
        },
        Row {
            setting: "shared_subscription_available",
            set: |config| config.shared_subscription_available = false,
            announced: "SharedSubscriptionAvailable(0)",
            allowed: || sized(subscribe(1, &[("t", 0)])),
            answer: &["suback id=1 00"],
            refused: || sized(subscribe(1, &[("$share/g/t", 0)])),
            refusal: &["disconnect 0x9E", "closed"],
        },
    ]
}

#[test]
fn what_connack_announces_is_what_is_enforced() {
    for row in rows() {
        let mut pair = Pair::with(row.set);
        let peer = pair.connect(hello(V5, "a"));
        let connack = format!("connack 0x00 sp=0 {}", row.announced);
        let setting = row.setting;
        assert_eq!(pair.seen(peer), [connack.trim_end()], "{setting}");
        let (packet, size) = (row.allowed)();
        pair.send_sized(peer, packet, size);
        assert_eq!(pair.seen(peer), row.answer, "{setting}");
        let (packet, size) = (row.refused)();
        pair.send_sized(peer, packet, size);
        assert_eq!(pair.seen(peer), row.refusal, "{setting}");
    }
}

#[test]
fn what_goes_without_saying_is_not_announced() {
    let mut pair = Pair::new();
    let peer = pair.connect(hello(V5, "a"));
    assert_eq!(pair.seen(peer), ["connack 0x00 sp=0"]);
}

#[test]
fn times_are_what_they_are_announced_to_be() {
    let mut pair = Pair::with(|config| {
        config.server_keep_alive = Some(10);
        config.maximum_session_expiry = Some(std::time::Duration::from_secs(60));
    });
    let peer = pair.connect(hello(V5, "a").keep_alive(100).expiry(3_600));
    assert_eq!(
        pair.seen(peer),
        ["connack 0x00 sp=0 SessionExpiryInterval(60) ServerKeepAlive(10)"]
    );
    pair.wait_s(14);
    assert_eq!(pair.seen(peer), Vec::<String>::new());
    pair.wait_s(2);
    assert_eq!(pair.seen(peer), ["disconnect 0x8D", "closed"]);
    pair.wait_s(58);
    assert_eq!(pair.broker().session_count(), 1);
    pair.wait_s(2);
    assert_eq!(pair.broker().session_count(), 0);
}

/// One limit that CONNACK does not announce, and what happens at the limit.
struct Limit {
    setting: &'static str,
    set: fn(&mut Config),
    act: fn(&mut Pair) -> Vec<String>,
    seen: &'static [&'static str],
}

fn limits() -> Vec<Limit> {
    vec![
        Limit {
            setting: "maximum_connections",
            set: |config| config.maximum_connections = 1,
            act: |pair| {
                pair.connected(hello(V5, "a"));
                let late = pair.connect(hello(V5, "b"));
                pair.seen(late)
            },
            seen: &["connack 0x89 sp=0", "closed"],
        },
        Limit {
            setting: "maximum_connection_rate",
            set: |config| config.maximum_connection_rate = Some(1),
            act: |pair| {
                pair.connected(hello(V5, "a"));
                let late = pair.connect(hello(V5, "b"));
                pair.seen(late)
            },
            seen: &["connack 0x9F sp=0", "closed"],
        },
        Limit {
            setting: "maximum_waiting_connections",
            set: |config| config.maximum_waiting_connections = 2,
            act: |pair| {
                let first = pair.open();
                let second = pair.open();
                let third = pair.open();
                let mut seen = pair.seen(third);
                seen.extend(pair.seen(first));
                pair.lose(second);
                let fourth = pair.open();
                seen.extend(pair.seen(fourth));
                seen
            },
            seen: &["closed"],
        },
        Limit {
            setting: "maximum_sessions",
            set: |config| config.maximum_sessions = 1,
            act: |pair| {
                pair.connected(hello(V5, "a"));
                let late = pair.connect(hello(V5, "b"));
                let mut seen = pair.seen(late);
                let again = pair.connect(hello(V5, "a"));
                seen.extend(pair.seen(again));
                seen
            },
            seen: &["connack 0x97 sp=0", "closed", "connack 0x00 sp=0"],
        },
        Limit {
            setting: "maximum_subscriptions",
            set: |config| config.maximum_subscriptions = 1,
            act: |pair| {
                let a = pair.connected(hello(V5, "a"));
                pair.send(a, subscribe(1, &[("a", 0), ("b", 0), ("a", 1)]));
                pair.seen(a)
            },
            seen: &["suback id=1 00 97 01"],
        },
        Limit {
            setting: "maximum_topic_levels",
            set: |config| config.maximum_topic_levels = 2,
            act: |pair| {
                let a = pair.connected(hello(V5, "a"));
                pair.send(a, subscribe(1, &[("a/b", 0), ("a/b/c", 0)]));
                pair.seen(a)
            },
            seen: &["suback id=1 00 8f"],
        },
        Limit {
            setting: "maximum_retained_messages",
            set: |config| config.maximum_retained_messages = 1,
            act: |pair| {
                let a = pair.connected(hello(V5, "a"));
                for (number, topic) in [(1, "a"), (2, "b"), (3, "a")] {
                    let kept = Publish {
                        qos: qos(1),
                        packet_id: Some(id(number)),
                        retain: true,
                        ..publish(topic, "x")
                    };
                    pair.send(a, Packet::Publish(kept));
                }
                pair.send(a, retained("b", "x"));
                let mut seen = pair.seen(a);
                seen.push(pair.broker().retained_count().to_string());
                seen
            },
            seen: &[
                "puback id=1 0x10",
                "puback id=2 0x97",
                "puback id=3 0x10",
                "1",
            ],
        },
        Limit {
            setting: "maximum_queued_messages and maximum_inflight",
            set: |config| {
                config.maximum_queued_messages = 1;
                config.maximum_inflight = 1;
            },
            act: |pair| {
                let a = pair.connected(hello(V5, "a"));
                pair.subscribe(a, "t", 1);
                pair.all_hooks();
                for number in 1..=3 {
                    pair.send(a, message(1, number, "t", &number.to_string()));
                }
                pair.send(a, Packet::PubAck(crate::pair::ack(1)));
                let mut seen = pair.seen(a);
                let hooks = pair.all_hooks();
                seen.extend(hooks.into_iter().filter(|hook| hook.contains("dropped")));
                seen
            },
            seen: &[
                "puback id=1",
                "publish q1 id=1 t=1",
                "puback id=2",
                "puback id=3",
                "publish q1 id=2 t=2",
                "message.dropped a t queue_full",
            ],
        },
        Limit {
            setting: "maximum_queued_bytes",
            set: |config| config.maximum_queued_bytes = 276,
            act: |pair| {
                let a = pair.connected(lasting(V5, "a"));
                pair.subscribe(a, "t", 1);
                pair.lose(a);
                let p = pair.connected(hello(V5, "p"));
                pair.all_hooks();
                // The first message fits because nothing else is in flight. The next ones have to wait until it is
                // acknowledged.
                for (number, size) in [(1, 30), (2, 1)] {
                    pair.send(p, message(1, number, "t", &"x".repeat(size)));
                }
                let again = pair.connected(lasting(V5, "a"));
                pair.send(again, Packet::PubAck(crate::pair::ack(1)));
                pair.lose(again);
                for (number, size) in [(3, 9), (4, 9), (5, 1)] {
                    pair.send(p, message(1, number, "t", &number.to_string().repeat(size)));
                }
                let hooks = pair.all_hooks();
                let dropped = hooks.into_iter().filter(|hook| hook.contains("dropped"));
                let mut seen: Vec<_> = dropped.collect();
                let again = pair.connected(lasting(V5, "a"));
                seen.extend(pair.seen(again));
                seen
            },
            seen: &[
                "message.dropped a t queue_full",
                "message.dropped a t queue_full",
                "publish q1 id=2 t=333333333",
                "publish q1 id=3 t=444444444",
            ],
        },
        Limit {
            setting: "maximum_outgoing_bytes of retained messages",
            set: |config| config.maximum_outgoing_bytes = 200,
            act: |pair| {
                let a = pair.connected(hello(V5, "a"));
                for topic in ["a", "b", "c"] {
                    pair.send(a, retained(topic, "1234"));
                }
                pair.all_hooks();
                pair.send(a, subscribe(1, &[("#", 0)]));
                let mut seen = pair.seen(a);
                let hooks = pair.all_hooks();
                seen.extend(hooks.into_iter().filter(|hook| hook.contains("dropped")));
                seen
            },
            seen: &[
                "suback id=1 00",
                "publish q0 retain a=1234",
                "publish q0 retain b=1234",
                "message.dropped a c queue_full",
            ],
        },
        Limit {
            setting: "maximum_client_id_bytes",
            set: |config| config.maximum_client_id_bytes = Some(23),
            act: |pair| {
                pair.connected(hello(V5, &"a".repeat(23)));
                let long = pair.connect(hello(V5, &"a".repeat(24)));
                pair.seen(long)
            },
            seen: &["connack 0x85 sp=0", "closed"],
        },
        Limit {
            setting: "banned_clients",
            set: |config| config.banned_clients = vec!["mallory".to_owned()],
            act: |pair| {
                let banned = pair.connect(hello(V5, "mallory"));
                pair.seen(banned)
            },
            seen: &["connack 0x8A sp=0", "closed"],
        },
        Limit {
            setting: "connect_timeout",
            set: |config| config.connect_timeout = std::time::Duration::from_secs(3),
            act: |pair| {
                let silent = pair.open();
                pair.wait_s(2);
                let mut seen = pair.seen(silent);
                pair.wait_s(2);
                seen.extend(pair.seen(silent));
                seen
            },
            seen: &["closed"],
        },
    ]
}

#[test]
fn every_limit_has_its_answer() {
    for limit in limits() {
        let mut pair = Pair::with(limit.set);
        assert_eq!((limit.act)(&mut pair), limit.seen, "{}", limit.setting);
    }
}
