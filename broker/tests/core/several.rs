//! Several filters of one packet or one client, several aliases of one topic, and what returns on a later connection.

use mqtt_check_broker::{AccessAction, AccessRule};
use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, RetainHandling, SubscriptionOptions,
};

use crate::pair::{
    BOTH, Pair, Peer, V3, V5, hello, id, lasting, message, publish, qos, retained, subscribe,
    subscribe_with, unsubscribe,
};

/// Returns a PUBLISH with a Topic Alias. It sets the alias to this topic, or uses it if the topic is empty.
fn aliased(alias: u16, topic: &str, payload: &str, level: u8) -> Packet {
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(1)),
        properties: [Property::TopicAlias(alias)].into_iter().collect(),
        ..publish(topic, payload)
    })
}

fn payloads(pair: &mut Pair, peer: Peer) -> Vec<String> {
    let lines = pair.seen(peer).into_iter();
    let messages = lines.filter(|line| line.starts_with("publish"));
    messages
        .filter_map(|line| {
            line.split(' ')
                .find(|word| word.contains('=') && !word.starts_with("id="))
                .map(str::to_owned)
        })
        .collect()
}

#[test]
fn an_alias_stands_for_what_its_own_client_set_it_to_last() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 5);
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "#", 0);
    let writer = pair.connected(hello(V5, "writer").property(Property::TopicAliasMaximum(5)));
    pair.subscribe(writer, "b", 0);
    let other = pair.connected(hello(V5, "other"));
    for (peer, alias, topic, payload) in [
        (writer, 1, "a", "1"),
        (writer, 1, "", "2"),
        (writer, 1, "", "3"),
        (writer, 1, "b", "4"),
        (writer, 1, "", "5"),
        (writer, 2, "b", "6"),
        (writer, 2, "", "7"),
        (writer, 1, "a", "8"),
        (other, 1, "c", "9"),
        (writer, 1, "", "10"),
        (writer, 0, "b", "11"),
        (writer, 1, "", "12"),
    ] {
        pair.send(
            peer,
            match alias {
                0 => message(0, 0, topic, payload),
                _ => aliased(alias, topic, payload, 0),
            },
        );
    }
    let expected = [
        "a=1", "a=2", "a=3", "b=4", "b=5", "b=6", "b=7", "a=8", "c=9", "a=10", "b=11", "a=12",
    ];
    assert_eq!(payloads(&mut pair, reader), expected);
}

#[test]
fn an_alias_is_known_though_nobody_heard_where_it_was_set_and_its_messages_are_retained() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 5);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, aliased(1, "a", "1", 1));
    let Packet::Publish(by_alias) = aliased(1, "", "2", 1) else {
        unreachable!("it is a PUBLISH");
    };
    pair.send(
        writer,
        Packet::Publish(Publish {
            retain: true,
            ..by_alias
        }),
    );
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "a", 0);
    assert_eq!(payloads(&mut pair, reader), ["a=2"]);
}

/// Returns a pair with three retained messages, of QoS 0, 1 and 2, and a client.
fn with_retained(version: ProtocolVersion) -> (Pair, Peer) {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(version, "writer"));
    for (level, topic) in [(0, "r/a"), (1, "r/b"), (2, "r/c")] {
        let Packet::Publish(message) = message(level, 7, topic, topic) else {
            unreachable!("it is a PUBLISH");
        };
        pair.send(
            writer,
            Packet::Publish(Publish {
                retain: true,
                ..message
            }),
        );
    }
    let reader = pair.connected(lasting(version, "reader"));
    (pair, reader)
}

#[test]
fn each_filter_brings_its_own_retained_messages() {
    for version in BOTH {
        let (mut pair, reader) = with_retained(version);
        pair.send(reader, subscribe(1, &[("r/b", 0), ("none", 0), ("r/c", 2)]));
        let both = [
            "publish q0 retain r/b=r/b",
            "publish q2 id=1 retain r/c=r/c",
        ];
        assert_eq!(pair.seen(reader)[1..], both);
        for filter in ["r/+", "#"] {
            let (mut pair, reader) = with_retained(version);
            pair.send(reader, subscribe(1, &[(filter, 0)]));
            let all = ["r/a=r/a", "r/b=r/b", "r/c=r/c"];
            assert_eq!(payloads(&mut pair, reader), all);
        }
    }
}

#[test]
fn each_filter_has_its_own_retain_handling() {
    let handled = |retain_handling| SubscriptionOptions {
        retain_handling,
        ..SubscriptionOptions::new(qos(0))
    };
    let never = handled(RetainHandling::DoNotSend);
    let always = handled(RetainHandling::Send);
    for filters in [
        [("r/a", never), ("r/b", always)],
        [("r/b", always), ("r/a", never)],
    ] {
        let (mut pair, reader) = with_retained(V5);
        pair.send(reader, subscribe_with(1, [], filters));
        assert_eq!(payloads(&mut pair, reader), ["r/b=r/b"]);
    }
}

#[test]
fn subscribing_again_on_a_resumed_session_brings_retained_messages_again() {
    for version in BOTH {
        let (mut pair, reader) = with_retained(version);
        pair.subscribe(reader, "r/a", 0);
        pair.lose(reader);
        let reader = pair.connected(lasting(version, "reader"));
        pair.subscribe(reader, "r/a", 0);
        assert_eq!(payloads(&mut pair, reader), ["r/a=r/a"]);
    }
}

#[test]
fn each_filter_of_an_unsubscribe_has_its_own_effect_and_code() {
    for (filters, codes, left) in [
        (&["none", "a"][..], "11 00", &["b", "c"][..]),
        (&["a", "none", "b"], "00 11 00", &["c"]),
        (&["a", "a", "c"], "00 11 00", &["b"]),
    ] {
        for version in BOTH {
            let mut pair = Pair::new();
            let reader = pair.connected(hello(version, "reader"));
            pair.send(reader, subscribe(1, &[("a", 0), ("b", 0), ("c", 0)]));
            pair.seen(reader);
            pair.send(reader, unsubscribe(2, filters));
            let unsuback = match version {
                V5 => format!("unsuback id=2 {codes}"),
                _ => "unsuback id=2".to_owned(),
            };
            assert_eq!(pair.seen(reader), [unsuback]);
            for topic in ["a", "b", "c"] {
                pair.send(reader, message(0, 0, topic, "x"));
            }
            let left: Vec<_> = left.iter().map(|topic| format!("{topic}=x")).collect();
            assert_eq!(payloads(&mut pair, reader), left);
        }
    }
}

#[test]
fn filters_are_compared_as_they_are() {
    for (filter, topic, other) in [
        ("a.b", "a.b", "a/b"),
        ("a//#", "a//b", "a/b"),
        ("a/+/", "a/b/", "a/b"),
        ("a/$b", "a/$b", "a/b"),
    ] {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V3, "reader"));
        pair.subscribe(reader, filter, 0);
        for name in [topic, other] {
            pair.send(reader, message(0, 0, name, "x"));
        }
        assert_eq!(payloads(&mut pair, reader), [format!("{topic}=x")]);
    }
}

#[test]
fn filters_of_one_client_do_not_hide_each_other() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V3, "reader"));
    pair.subscribe(reader, "a/+", 1);
    pair.subscribe(reader, "a/+/b", 1);
    for topic in ["a/x", "a/x/b"] {
        pair.send(reader, message(0, 0, topic, "x"));
    }
    assert_eq!(payloads(&mut pair, reader), ["a/x=x", "a/x/b=x"]);
}

#[test]
fn what_a_resumed_session_gets_it_gets_once() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(version, "reader"));
        pair.subscribe(reader, "t", 0);
        pair.subscribe(reader, "+", 1);
        pair.subscribe(reader, "old", 1);
        pair.send(reader, unsubscribe(2, &["old", "+"]));
        pair.subscribe(reader, "#", 0);
        pair.subscribe(reader, "t", 1);
        pair.send(reader, unsubscribe(3, &["#"]));
        pair.seen(reader);
        let writer = pair.connected(hello(version, "writer"));
        pair.send(writer, message(1, 1, "old", "x"));
        pair.lose(reader);
        for (number, payload) in (2..).zip(["a", "b"]) {
            pair.send(writer, message(1, number, "t", payload));
        }
        let reader = pair.connected(lasting(version, "reader"));
        let both = ["publish q1 id=1 t=a", "publish q1 id=2 t=b"];
        assert_eq!(pair.seen(reader), both);
        for packet_id in [1, 2] {
            pair.send(reader, Packet::PubAck(crate::pair::ack(packet_id)));
        }
        pair.lose(reader);
        let reader = pair.connected(lasting(version, "reader"));
        assert_eq!(pair.seen(reader), [""; 0]);
    }
}

#[test]
fn offline_the_highest_of_overlapping_qos_decides() {
    for filters in [["#", "t"], ["t", "#"]] {
        let mut pair = Pair::new();
        let reader = pair.connected(lasting(V5, "reader"));
        for (filter, level) in filters.into_iter().zip([0, 1]) {
            pair.subscribe(reader, filter, level);
        }
        pair.lose(reader);
        let writer = pair.connected(hello(V5, "writer"));
        pair.send(writer, message(1, 1, "t", "x"));
        let reader = pair.connected(lasting(V5, "reader"));
        assert_eq!(pair.seen(reader), ["publish q1 id=1 t=x"]);
    }
}

#[test]
fn the_server_s_aliases_and_their_maximum_are_of_one_connection() {
    let with = |maximum| lasting(V5, "reader").property(Property::TopicAliasMaximum(maximum));
    let mut pair = Pair::new();
    let reader = pair.connected(with(2));
    pair.subscribe(reader, "#", 0);
    let writer = pair.connected(hello(V5, "writer"));
    for topic in ["a", "b"] {
        pair.send(writer, message(0, 0, topic, "x"));
    }
    pair.lose(reader);
    let reader = pair.connected(with(1));
    for topic in ["b", "a"] {
        pair.send(writer, message(0, 0, topic, "x"));
    }
    assert_eq!(
        pair.seen(reader),
        ["publish q0 b=x TopicAlias(1)", "publish q0 a=x"]
    );
}

#[test]
fn a_refused_filter_is_answered_and_another_identifier_replaces_the_first() {
    let mut pair = Pair::with(|config| {
        let rule = |allow, filter: &str| AccessRule {
            allow,
            action: AccessAction::All,
            filters: vec![filter.to_owned()],
            users: Vec::new(),
            clients: Vec::new(),
        };
        config.access = Some(vec![rule(false, "closed"), rule(true, "#")]);
    });
    let reader = pair.connected(hello(V5, "reader"));
    pair.send(reader, subscribe(1, &[("closed", 0)]));
    assert_eq!(pair.seen(reader), ["suback id=1 87"]);
    for number in [1, 2] {
        let identifier = Property::SubscriptionIdentifier(number);
        let options = SubscriptionOptions::new(qos(0));
        pair.send(reader, subscribe_with(1, [identifier], [("t", options)]));
    }
    pair.send(reader, message(0, 0, "t", "x"));
    let last = pair.seen(reader).pop();
    assert_eq!(
        last.as_deref(),
        Some("publish q0 t=x SubscriptionIdentifier(2)")
    );
}

#[test]
fn a_takeover_publishes_the_will_of_what_it_ends() {
    for (old, clean, delay) in [
        (hello(V5, "a").will("gone"), true, 0),
        (lasting(V5, "a").will("gone"), false, 0),
        (lasting(V5, "a").delayed_will("gone", 9), true, 9),
    ] {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V5, "reader"));
        pair.subscribe(reader, "gone", 0);
        pair.connected(old);
        pair.connected(match clean {
            true => hello(V5, "a"),
            false => lasting(V5, "a"),
        });
        assert_eq!(
            pair.seen(reader),
            ["publish q0 gone=gone"],
            "after a delay of {delay}"
        );
    }
}

#[test]
fn a_will_has_any_qos() {
    for level in 0..=2 {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V3, "reader"));
        pair.subscribe(reader, "gone", 0);
        let doomed = hello(V3, "doomed").will_with("gone", |will| will.qos = qos(level));
        let doomed = pair.connected(doomed);
        pair.lose(doomed);
        assert_eq!(pair.seen(reader), ["publish q0 gone=gone"]);
    }
}

#[test]
fn a_retained_message_comes_to_whom_it_matches_only() {
    let mut pair = Pair::new();
    let reader = pair.connected(hello(V3, "reader"));
    pair.send(reader, retained("a", "x"));
    pair.subscribe(reader, "b", 0);
    assert_eq!(pair.seen(reader), [""; 0]);
}
