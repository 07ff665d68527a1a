//! Two features at once: each test combines its subject with another client, a takeover, a full window, another version
//! or another filter.

use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, QoS, RetainHandling, SubscriptionOptions, Will,
};

use crate::pair::{
    BOTH, Hello, Pair, Peer, V3, V5, ack, disconnect, hello, id, lasting, message, publish, qos,
    retained, subscribe, subscribe_with, unsubscribe,
};

/// Returns a CONNECT with a Receive Maximum of one.
fn narrow(client: &str) -> Hello {
    lasting(V5, client).property(Property::ReceiveMaximum(1))
}

fn will_of(level: u8) -> impl FnOnce(&mut Will) {
    move |will| will.qos = qos(level)
}

/// Returns a message of QoS 1 with this expiry interval in seconds.
fn brief(topic: &str, expiry_s: u32) -> Packet {
    Packet::Publish(Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        properties: [Property::MessageExpiryInterval(expiry_s)]
            .into_iter()
            .collect(),
        ..publish(topic, "x")
    })
}

fn dup(level: u8, packet_id: u16, topic: &str) -> Packet {
    Packet::Publish(Publish {
        qos: qos(level),
        dup: true,
        packet_id: Some(id(packet_id)),
        ..publish(topic, "x")
    })
}

/// Subscribes to a filter, and returns what the client receives after its SUBACK.
fn brought(pair: &mut Pair, peer: Peer, filter: &str, options: SubscriptionOptions) -> Vec<String> {
    pair.seen(peer);
    pair.send(peer, subscribe_with(7, [], [(filter, options)]));
    pair.seen(peer).split_off(1)
}

fn handling(retain_handling: RetainHandling, level: u8) -> SubscriptionOptions {
    SubscriptionOptions {
        retain_handling,
        ..SubscriptionOptions::new(qos(level))
    }
}

#[test]
fn what_one_client_got_or_acknowledged_is_new_and_owed_to_the_others() {
    for version in BOTH {
        for level in [1, 2] {
            owed_to_each(version, level);
        }
    }
}

fn owed_to_each(version: ProtocolVersion, level: u8) {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(version, "a"));
    let b = pair.connected(lasting(version, "b"));
    let c = pair.connected(lasting(version, "c"));
    for reader in [a, b, c] {
        pair.subscribe(reader, "t", level);
    }
    pair.lose(b);
    let writer = pair.connected(hello(version, "writer"));
    pair.send(writer, message(level, 1, "t", "x"));
    pair.disconnect(writer);
    pair.lose(a);
    let a = pair.connect(lasting(version, "a"));
    let begun = format!("publish q{level} id=1 dup t=x");
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1", &begun]);
    pair.send(
        a,
        match level {
            1 => Packet::PubAck(ack(1)),
            _ => Packet::PubRec(ack(1)),
        },
    );
    let b = pair.connect(lasting(version, "b"));
    let first = format!("publish q{level} id=1 t=x");
    assert_eq!(pair.seen(b), ["connack 0x00 sp=1", &first]);
    pair.lose(c);
    let c = pair.connect(lasting(version, "c"));
    assert_eq!(pair.seen(c), ["connack 0x00 sp=1", &begun]);
}

#[test]
fn a_message_goes_on_behind_those_who_do_not_get_it() {
    let mut pair = Pair::new();
    let away = pair.connected(lasting(V5, "away"));
    pair.subscribe(away, "t", 0);
    pair.lose(away);
    let writer = pair.connected(hello(V5, "writer"));
    let no_local = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(QoS::AtMostOnce)
    };
    pair.send(writer, subscribe_with(1, [], [("t", no_local)]));
    let small = pair.connected(hello(V5, "small").property(Property::MaximumPacketSize(50)));
    pair.subscribe(small, "t", 0);
    let reader = pair.connected(hello(V5, "reader"));
    pair.subscribe(reader, "t", 0);
    pair.send(writer, message(0, 0, "t", &"x".repeat(50)));
    assert_eq!(pair.seen(reader).len(), 1);
}

#[test]
fn a_topic_alias_is_for_its_own_client() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::TopicAliasMaximum(5)));
    let b = pair.connected(hello(V5, "b"));
    pair.subscribe(a, "t", 0);
    pair.subscribe(b, "t", 0);
    for _ in 0..2 {
        pair.send(b, message(0, 0, "t", "x"));
    }
    assert_eq!(pair.seen(b), ["publish q0 t=x", "publish q0 t=x"]);
}

#[test]
fn a_message_that_waits_for_two_is_as_old_for_both() {
    let mut pair = Pair::new();
    for client in ["a", "b"] {
        let reader = pair.connected(lasting(V5, client));
        pair.subscribe(reader, "t", 1);
        pair.lose(reader);
    }
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, brief("t", 100));
    pair.wait_s(10);
    for client in ["a", "b"] {
        let reader = pair.connect(lasting(V5, client));
        let waited = "publish q1 id=1 t=x MessageExpiryInterval(90)";
        assert_eq!(pair.seen(reader), ["connack 0x00 sp=1", waited]);
    }
}

#[test]
fn whether_a_subscription_is_new_is_a_matter_of_its_client_and_filter() {
    let mut pair = Pair::new();
    let writer = pair.connected(lasting(V5, "writer"));
    pair.send(writer, retained("t/u", "x"));
    pair.subscribe(writer, "t/u", 0);
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/g/t/u", 0);
    pair.subscribe(a, "t/+", 0);
    let kept = ["publish q0 retain t/u=x"];
    let new = handling(RetainHandling::SendIfNew, 0);
    assert_eq!(brought(&mut pair, a, "t/u", new), kept);
    let other = handling(RetainHandling::SendIfNew, 1);
    assert!(brought(&mut pair, a, "t/u", other).is_empty());
    let as_published = SubscriptionOptions {
        retain_as_published: true,
        ..other
    };
    assert!(brought(&mut pair, a, "t/u", as_published).is_empty());
    let none = handling(RetainHandling::DoNotSend, 0);
    assert!(brought(&mut pair, a, "t/u", none).is_empty());
    let all = handling(RetainHandling::Send, 0);
    assert_eq!(brought(&mut pair, a, "t/u", all), kept);
    pair.disconnect(writer);
    pair.connected(hello(V5, "writer"));
    assert_eq!(brought(&mut pair, a, "t/u", all), kept);
}

#[test]
fn a_takeover_leaves_subscriptions_and_messages_as_they_were() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    let no_local = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::new(qos(1))
    };
    let identifier = [Property::SubscriptionIdentifier(7)];
    pair.send(a, subscribe_with(1, identifier.clone(), [("t", no_local)]));
    pair.subscribe(a, "$share/g/s", 1);
    pair.seen(a);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "x"));
    pair.seen(a);
    let a = pair.connect(lasting(V5, "a"));
    let begun = "publish q1 id=1 dup t=x SubscriptionIdentifier(7)";
    pair.send(a, message(0, 0, "t", "own"));
    pair.send(a, Packet::PingReq);
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1", begun, "pingresp"]);
    pair.wait_s(1);
    pair.send(writer, message(1, 1, "t", "y"));
    pair.send(writer, message(1, 1, "s", "y"));
    let new = [
        "publish q1 id=2 t=y SubscriptionIdentifier(7)",
        "publish q1 id=3 s=y",
    ];
    assert_eq!(pair.seen(a), new);
}

#[test]
fn a_takeover_leaves_what_is_retained_and_how_it_comes() {
    for version in BOTH {
        let mut pair = Pair::new();
        let first = pair.connected(lasting(version, "a"));
        pair.send(first, retained("t", "x"));
        let as_published = SubscriptionOptions {
            retain_as_published: version == V5,
            ..handling(RetainHandling::Send, 0)
        };
        let kept = brought(&mut pair, first, "t", as_published);
        assert_eq!(kept, ["publish q0 retain t=x"]);
        let second = pair.connected(lasting(version, "a"));
        pair.send(second, retained("t", "y"));
        let expected = match version {
            V5 => "publish q0 retain t=y",
            _ => "publish q0 t=y",
        };
        assert_eq!(pair.seen(second), [expected]);
        let reader = pair.connected(hello(version, "reader"));
        pair.connected(lasting(version, "a"));
        let kept = brought(&mut pair, reader, "t", handling(RetainHandling::Send, 0));
        assert_eq!(kept, ["publish q0 retain t=y"]);
    }
}

#[test]
fn a_session_that_ends_has_its_delayed_will_published_once() {
    for is_taken_over in [false, true] {
        let mut pair = Pair::new();
        let watcher = pair.connected(hello(V5, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let doomed = pair.connected(lasting(V5, "a").delayed_will("w", 100));
        if !is_taken_over {
            pair.lose(doomed);
        }
        pair.connected(hello(V5, "a"));
        pair.wait_s(200);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    }
}

#[test]
fn a_session_outlives_its_delayed_will() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 10));
    pair.lose(a);
    pair.wait_s(20);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}

#[test]
fn what_waits_for_room_outlives_its_connection() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    for payload in ["1", "2"] {
        pair.send(writer, message(1, 1, "t", payload));
    }
    pair.lose(a);
    pair.wait_s(1);
    pair.send(writer, message(1, 1, "t", "3"));
    pair.wait_s(1);
    let a = pair.connect(narrow("a"));
    pair.send(writer, message(1, 1, "t", "4"));
    assert_eq!(
        pair.seen(a),
        ["connack 0x00 sp=1", "publish q1 id=1 dup t=1"]
    );
    for (number, payload) in [(2, "2"), (3, "3"), (4, "4")] {
        pair.send(a, Packet::PubAck(ack(number - 1)));
        assert_eq!(
            pair.seen(a),
            [format!("publish q1 id={number} t={payload}")]
        );
    }
}

#[test]
fn a_retained_message_that_waits_is_the_one_that_was_brought() {
    let mut pair = Pair::new();
    let writer = pair.connected(hello(V5, "writer"));
    let keep = |payload: &str| {
        Packet::Publish(Publish {
            retain: true,
            qos: qos(1),
            packet_id: Some(id(1)),
            ..publish("r", payload)
        })
    };
    pair.send(writer, keep("old"));
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    pair.send(writer, message(1, 1, "t", "x"));
    pair.subscribe(a, "r", 1);
    pair.send(writer, keep("new"));
    pair.seen(a);
    for (number, expected) in [(2, "retain r=old"), (3, "r=new")] {
        pair.send(a, Packet::PubAck(ack(number - 1)));
        assert_eq!(pair.seen(a), [format!("publish q1 id={number} {expected}")]);
    }
}

#[test]
fn what_waits_sets_no_alias_before_it_is_sent() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a").property(Property::TopicAliasMaximum(5)));
    pair.subscribe(a, "#", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "1"));
    pair.send(writer, message(1, 1, "u", "2"));
    pair.send(writer, message(0, 0, "u", "3"));
    let expected = [
        "publish q1 id=1 t=1 TopicAlias(1)",
        "publish q0 u=3 TopicAlias(2)",
    ];
    assert_eq!(pair.seen(a), expected);
}

#[test]
fn a_silent_client_is_sent_away_whatever_it_owes() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a").keep_alive(10));
        pair.subscribe(a, "t", 1);
        pair.send(a, message(1, 1, "t", "x"));
        pair.seen(a);
        pair.wait_s(16);
        assert_eq!(pair.seen(a).last().map(String::as_str), Some("closed"));
    }
}

#[test]
fn what_has_expired_holds_nothing_up() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, brief("t", 5));
    pair.send(writer, message(1, 1, "t", "2"));
    pair.wait_s(10);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1", "publish q1 id=1 t=2"]);
}

#[test]
fn a_will_waits_for_whom_it_cannot_reach() {
    for version in BOTH {
        let mut pair = Pair::new();
        let away = pair.connected(lasting(version, "away"));
        pair.subscribe(away, "w", 1);
        pair.lose(away);
        let doomed = pair.connected(hello(version, "doomed").will_with("w", will_of(1)));
        pair.lose(doomed);
        let away = pair.connect(lasting(version, "away"));
        assert_eq!(
            pair.seen(away),
            ["connack 0x00 sp=1", "publish q1 id=1 w=gone"]
        );
    }
}

#[test]
fn a_retained_will_reaches_all_and_is_replaced_like_others() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(V3, "reader"));
        pair.subscribe(reader, "w", 0);
        let doomed = hello(version, "doomed").will_with("w", |will| {
            will.retain = true;
            if version == V5 {
                will.properties.push(Property::ContentType("c".into()));
            }
        });
        let doomed = pair.connected(doomed);
        pair.lose(doomed);
        pair.send(reader, retained("w", "back"));
        assert_eq!(
            pair.seen(reader),
            ["publish q0 w=gone", "publish q0 w=back"]
        );
        pair.subscribe(reader, "w", 0);
        assert_eq!(pair.seen(reader), ["publish q0 retain w=back"]);
    }
}

#[test]
fn a_packet_too_large_leaves_the_will_in_force() {
    let mut pair = Pair::with(|config| config.maximum_packet_size = Some(1_000));
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let doomed = pair.connected(hello(V5, "doomed").will("w"));
    pair.send_sized(doomed, message(0, 0, "t", "x"), 1_001);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn an_alias_that_is_not_allowed_leaves_the_will_in_force() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 1);
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let doomed = pair.connected(hello(V5, "doomed").will("w"));
    let beyond = Publish {
        properties: [Property::TopicAlias(2)].into_iter().collect(),
        ..publish("t", "x")
    };
    pair.send(doomed, Packet::Publish(beyond));
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn properties_count_against_the_size_that_a_client_takes() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::MaximumPacketSize(60)));
    pair.subscribe(a, "t", 0);
    let rich = Publish {
        properties: [Property::UserProperty("a".into(), "b".repeat(100).into())]
            .into_iter()
            .collect(),
        ..publish("t", "x")
    };
    pair.send(a, Packet::Publish(rich));
    assert!(pair.seen(a).is_empty());
}

#[test]
fn nothing_too_large_is_sent_however_it_comes() {
    let mut pair = Pair::new();
    let size = || Property::MaximumPacketSize(60);
    let a = pair.connected(lasting(V5, "a"));
    let many = Property::SubscriptionIdentifier(200);
    pair.send(
        a,
        subscribe_with(1, [many.clone()], [("t", SubscriptionOptions::new(qos(1)))]),
    );
    pair.send(
        a,
        subscribe_with(2, [many], [("+", SubscriptionOptions::new(qos(1)))]),
    );
    pair.lose(a);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", &"x".repeat(100)));
    pair.wait_s(1);
    let a = pair.connect(lasting(V5, "a").property(size()));
    let long = hello(V5, "doomed").will_with("w", |will| will.payload = "x".repeat(100).into());
    let doomed = pair.connected(long);
    pair.lose(doomed);
    // Two bytes of fixed header, three of topic, two of packet id, one of property length, three for each identifier.
    pair.send(writer, message(1, 1, "t", &"x".repeat(60 - 14 + 1)));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
    pair.send(writer, message(1, 1, "t", &"x".repeat(60 - 14)));
    assert_eq!(pair.seen(a).len(), 1);
}

#[test]
fn a_first_message_is_one_whatever_its_dup_says() {
    for version in BOTH {
        let mut pair = Pair::new();
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "t", 0);
        let a = pair.connected(lasting(version, "a"));
        pair.lose(a);
        let a = pair.connect(lasting(version, "a"));
        pair.send(a, dup(2, 5, "t"));
        pair.send(a, dup(1, 6, "t"));
        pair.send(a, Packet::PubRel(ack(5)));
        pair.send(a, Packet::PubRel(ack(5)));
        let last = match version {
            V5 => "pubcomp id=5 0x92",
            _ => "pubcomp id=5",
        };
        let answers = pair.seen(a);
        assert_eq!(
            &answers[1..4],
            ["pubrec id=5", "puback id=6", "pubcomp id=5"]
        );
        assert!(answers[4].starts_with("pubcomp id=5"), "{last}");
        assert_eq!(pair.seen(reader), ["publish q0 t=x", "publish q0 t=x"]);
    }
}

#[test]
fn session_present_says_whether_there_is_one() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").unclean().expiry(5));
    pair.lose(a);
    pair.wait_s(10);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    pair.subscribe(a, "$share/g/t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "x"));
    pair.seen(a);
    pair.lose(a);
    let a = pair.connect(lasting(V3, "a"));
    let again = ["connack 0x00 sp=1", "publish q1 id=1 dup t=x"];
    assert_eq!(pair.seen(a), again);
    pair.lose(a);
    let a = pair.connect(hello(V5, "a").unclean().expiry(5));
    assert_eq!(pair.seen(a), again);
    pair.send(writer, message(1, 1, "t", "y"));
    assert_eq!(pair.seen(a), ["publish q1 id=2 t=y"]);
    pair.lose(a);
    pair.wait_s(10);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, disconnect(0, [Property::SessionExpiryInterval(0)]));
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn groups_are_told_apart_by_name_and_filter() {
    let mut pair = Pair::new();
    let mut readers = Vec::new();
    for (client, filter) in [
        ("a", "$share/g/t/#"),
        ("b", "$share/G/t/#"),
        ("c", "$share/g/+"),
    ] {
        let reader = pair.connected(hello(V5, client));
        pair.subscribe(reader, filter, 0);
        readers.push(reader);
    }
    pair.send(readers[0], message(0, 0, "t", "x"));
    for reader in readers {
        assert_eq!(pair.seen(reader), ["publish q0 t=x"]);
    }
}

#[test]
fn topics_and_filters_are_compared_byte_for_byte() {
    let deep = |last: &str| format!("{}{last}", "l/".repeat(40));
    for (one, other) in [
        ("t".to_owned(), "t ".to_owned()),
        ("cafe\u{301}".to_owned(), "caf\u{e9}".to_owned()),
        (deep("a"), deep("b")),
        ("T".to_owned(), "t".to_owned()),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.send(a, subscribe(1, &[(&one, 0)]));
        pair.send(a, subscribe(2, &[(&other, 0)]));
        pair.send(a, message(0, 0, &one, "x"));
        pair.send(a, unsubscribe(3, &[&other]));
        pair.send(a, message(0, 0, &one, "y"));
        let seen = pair.seen(a);
        let messages = seen.iter().filter(|line| line.starts_with("publish"));
        assert_eq!(messages.count(), 2, "{seen:?}");
    }
}

#[test]
fn a_topic_alias_has_two_bytes_and_properties_any_length() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 1_000);
    let a = pair.connected(hello(V5, "a"));
    let property = Property::UserProperty("a".into(), "b".repeat(200).into());
    let identifier = Property::SubscriptionIdentifier(7);
    let options = SubscriptionOptions::new(QoS::AtMostOnce);
    pair.send(
        a,
        subscribe_with(1, [property, identifier], [("#", options)]),
    );
    assert_eq!(pair.seen(a), ["suback id=1 00"]);
    let alias = |alias: u16, topic: &str| {
        Packet::Publish(Publish {
            properties: [Property::TopicAlias(alias)].into_iter().collect(),
            ..publish(topic, "x")
        })
    };
    pair.send(a, alias(1, "t"));
    pair.send(a, alias(257, "u"));
    pair.send(a, alias(1, ""));
    let seen = pair.seen(a);
    assert_eq!(seen[2], "publish q0 t=x SubscriptionIdentifier(7)");
}

#[test]
fn a_restart_keeps_every_part_of_a_session() {
    let mut pair = Pair::with(|config| config.durable = true);
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "t", 1);
    pair.subscribe(a, "q0", 0);
    pair.connected(narrow("a"));
    let old = pair.connected(lasting(V3, "old"));
    pair.subscribe(old, "t", 1);
    let member = pair.connected(lasting(V5, "member"));
    let other = pair.connected(lasting(V5, "other"));
    pair.subscribe(member, "$share/g/s", 2);
    pair.subscribe(other, "$share/g/s", 2);
    let assigned = pair.connect(lasting(V5, ""));
    let assigned = match &pair.packets(assigned)[..] {
        [Packet::ConnAck(connack)] => connack.properties.assigned_client_identifier(),
        other => panic!("{other:?}"),
    };
    let assigned = assigned.expect("an id");
    let writer = pair.connected(hello(V5, "writer"));
    let bytes = Packet::Publish(Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        payload: vec![0xFF, 0xFE].into(),
        ..publish("t", "")
    });
    pair.send(writer, message(1, 1, "t", "1"));
    pair.send(writer, bytes);
    pair.send(writer, message(2, 1, "s", "begun"));
    let has_begun = !pair.seen(member).is_empty();
    pair.wait_s(1);
    pair.crash_and_restart_after_s(1);
    let a = pair.connected(lasting(V5, "a"));
    let payloads: Vec<_> = pair.packets(a).into_iter().collect();
    assert_eq!(payloads.len(), 3, "{payloads:?}");
    assert!(matches!(&payloads[2], Packet::Publish(p) if *p.payload == [0xFF, 0xFE]));
    let old = pair.connect(lasting(V3, "old"));
    assert_eq!(pair.seen(old)[0], "connack 0x00 sp=1");
    let again = pair.connect(lasting(V5, &assigned));
    assert_eq!(pair.seen(again), ["connack 0x00 sp=1"]);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "q0", "x"));
    assert_eq!(pair.seen(a), ["publish q0 q0=x"]);
    let chosen = if has_begun { "member" } else { "other" };
    let chosen = pair.connect(lasting(V5, chosen));
    assert_eq!(pair.seen(chosen).len(), 2);
}
