//! What clients make the broker keep or send is counted by one weight, including properties.

use mqtt_check_broker::StoredState;
use mqtt_check_codec::{Packet, Property, Publish};

use crate::pair::{
    NEVER, Pair, Peer, V3, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe,
};

/// Returns a message of this QoS with `count` User Properties, each with a value of `size` bytes.
fn heavy(level: u8, packet_id: u16, count: usize, size: usize) -> Packet {
    let property = Property::UserProperty("".into(), "x".repeat(size).into());
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        properties: std::iter::repeat_n(property, count).collect(),
        ..publish("t", "")
    })
}

/// Returns how many messages were dropped since the last call because of a full queue.
fn dropped(pair: &mut Pair) -> usize {
    let hooks = pair.all_hooks();
    let full = hooks.iter().filter(|hook| hook.ends_with("queue_full"));
    full.count()
}

/// Makes an offline session with a subscription of QoS 1 to `t`.
fn sleeper(pair: &mut Pair, client: &str) {
    let a = pair.connected(lasting(V5, client));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
}

fn published(pair: &mut Pair, peer: Peer) -> usize {
    let packets = pair.packets(peer);
    let published = packets
        .iter()
        .filter(|packet| matches!(packet, Packet::Publish(_)));
    published.count()
}

#[test]
fn properties_count_against_the_bytes_that_wait_in_a_session() {
    // One large property, and many that take more memory than bytes on the wire.
    for (count, size) in [(1, 4_000), (50, 0)] {
        let mut pair = Pair::with(|config| config.maximum_queued_bytes = 10_000);
        sleeper(&mut pair, "a");
        let p = pair.connected(hello(V5, "p"));
        for number in 1..=4 {
            pair.send(p, heavy(1, number, count, size));
        }
        assert_eq!(dropped(&mut pair), 2, "{count} properties of {size} bytes");
    }
}

#[test]
fn properties_count_against_the_bytes_that_one_subscription_brings() {
    let mut pair = Pair::with(|config| config.maximum_outgoing_bytes = 10_000);
    let p = pair.connected(hello(V5, "p"));
    for topic in ["a", "b", "c", "d", "e"] {
        let Packet::Publish(message) = heavy(0, 0, 1, 4_000) else {
            unreachable!("it is a PUBLISH");
        };
        pair.send(
            p,
            Packet::Publish(Publish {
                topic: topic.into(),
                payload: "x".into(),
                retain: true,
                ..message
            }),
        );
    }
    pair.all_hooks();
    let a = pair.connected(hello(V5, "a"));
    pair.packets(a);
    // Several filters of one packet count together.
    pair.send(a, subscribe(1, &[("a", 0), ("+", 0)]));
    assert_eq!(published(&mut pair, a), 3);
    assert_eq!(dropped(&mut pair), 3);
}

#[test]
fn messages_in_flight_count_in_bytes_too() {
    let mut pair = Pair::with(|config| config.maximum_inflight_bytes = 5_000);
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 1);
    let p = pair.connected(hello(V5, "p"));
    pair.packets(a);
    for number in 1..=4 {
        pair.send(p, heavy(1, number, 1, 4_000));
    }
    assert_eq!(published(&mut pair, a), 2);
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(published(&mut pair, a), 1);
    pair.send(a, Packet::PubAck(ack(2)));
    assert_eq!(published(&mut pair, a), 1);
    assert_eq!(dropped(&mut pair), 0);
}

#[test]
fn what_is_in_flight_is_sent_again_whatever_its_bytes() {
    let mut pair = Pair::with(|config| config.maximum_inflight_bytes = 5_000);
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 1);
    let p = pair.connected(hello(V5, "p"));
    for number in 1..=3 {
        pair.send(p, heavy(1, number, 1, 4_000));
    }
    pair.lose(a);
    let a = pair.connect(lasting(V5, "a"));
    assert_eq!(published(&mut pair, a), 2);
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(published(&mut pair, a), 1);
}

#[test]
fn all_sessions_together_keep_so_many_bytes_and_none_keeps_the_others_from_theirs() {
    let mut pair = Pair::with(|config| config.maximum_message_bytes = 50_000);
    let p = pair.connected(hello(V5, "p"));
    for client in ["a", "b", "c", "d", "e", "f"] {
        sleeper(&mut pair, client);
    }
    pair.all_hooks();
    for number in 1..=10 {
        pair.send(p, heavy(1, number, 1, 4_000));
    }
    let lost = dropped(&mut pair);
    // Each message weighs 4,205 bytes.
    assert!((49..=52).contains(&lost), "{lost} of 60");
    // A client that reads still receives a message, and the end of a session frees its memory.
    let quick = pair.connected(hello(V5, "quick"));
    pair.subscribe(quick, "t", 1);
    pair.packets(quick);
    pair.send(p, heavy(1, 11, 1, 100));
    assert_eq!(published(&mut pair, quick), 1);
    for client in ["a", "b", "c", "d", "e", "f"] {
        let gone = pair.connected(hello(V5, client));
        pair.lose(gone);
    }
    pair.send(quick, Packet::PubAck(ack(1)));
    sleeper(&mut pair, "late");
    pair.all_hooks();
    for number in 12..=14 {
        pair.send(p, heavy(1, number, 1, 4_000));
    }
    assert_eq!(dropped(&mut pair), 0);
}

#[test]
fn a_session_in_place_of_a_discarded_one_counts_like_any_other() {
    let mut pair = Pair::with(|config| config.maximum_message_bytes = 20_000);
    sleeper(&mut pair, "a");
    let a = pair.connected(hello(V5, "a").expiry(NEVER));
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let p = pair.connected(hello(V5, "p"));
    pair.all_hooks();
    for number in 1..=10 {
        pair.send(p, heavy(1, number, 1, 4_000));
    }
    // Two messages take less than half of the memory, and a third one would take more.
    assert_eq!(dropped(&mut pair), 8);
}

/// Returns a PUBLISH with a Topic Alias that would be too large with its topic of 60,000 bytes written out.
fn too_large_by_its_topic(level: u8) -> Packet {
    let long = bytestring::ByteString::from("x".repeat(65_535));
    let property = Property::UserProperty(long.clone(), long);
    let mut properties = vec![Property::TopicAlias(1)];
    properties.extend(std::iter::repeat_n(property, 2_047));
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(7)),
        retain: true,
        topic: "".into(),
        properties: properties.into_iter().collect(),
        payload: "x".repeat(120_000).into(),
        ..publish("", "")
    })
}

#[test]
fn a_message_that_fits_no_packet_is_refused_before_it_is_acknowledged() {
    for (level, answer) in [(0, None), (1, Some("puback")), (2, Some("pubrec"))] {
        let mut pair = Pair::keeping(|config| config.maximum_retained_bytes = usize::MAX);
        sleeper(&mut pair, "a");
        let p = pair.connected(hello(V5, "p"));
        let long = "t".repeat(60_000);
        let mut first = publish(&long, "first");
        first.properties.push(Property::TopicAlias(1));
        first.retain = true;
        pair.send(p, Packet::Publish(first));
        pair.send(p, message(1, 6, "t", "another"));
        pair.seen(p);
        pair.all_hooks();
        pair.send(p, too_large_by_its_topic(level));
        let refused = answer.map(|name| format!("{name} id=7 0x97"));
        assert_eq!(pair.seen(p), refused.into_iter().collect::<Vec<_>>());
        let hooks = pair.all_hooks();
        let [dropped] = &hooks[..] else {
            panic!("{} hooks", hooks.len());
        };
        assert!(dropped.starts_with("message.dropped p t") && dropped.ends_with(" quota_exceeded"));
        // The earlier message is still there, and in the store too.
        let records = pair.records().clone();
        StoredState::from_records(records).expect("every record can be read");
        assert_eq!(pair.broker().retained_count(), 1);
        let a = pair.connect(lasting(V5, "a"));
        assert_eq!(
            pair.seen(a).last().expect("a message"),
            "publish q1 id=1 t=another"
        );
    }
}

#[test]
fn retained_messages_are_kept_up_to_so_many_bytes() {
    let mut pair = Pair::with(|config| config.maximum_retained_bytes = 10_000);
    let p = pair.connected(hello(V5, "p"));
    let old = pair.connected(hello(V3, "old"));
    let store = |level, number, topic: &str, size| {
        let Packet::Publish(message) = heavy(level, number, 1, size) else {
            unreachable!("it is a PUBLISH");
        };
        Packet::Publish(Publish {
            topic: topic.into(),
            retain: true,
            payload: "x".into(),
            ..message
        })
    };
    for (number, topic) in [(1, "a"), (2, "b"), (3, "c")] {
        pair.send(p, store(1, number, topic, 4_000));
    }
    // A message may replace another of the same topic, and smaller ones still fit.
    pair.send(p, store(2, 4, "b", 4_500));
    pair.send(p, store(1, 5, "c", 100));
    let seen = pair.seen(p);
    let codes = seen
        .iter()
        .map(|seen| seen.rsplit(' ').next().expect("a code"));
    assert_eq!(
        codes.collect::<Vec<_>>(),
        ["0x10", "0x10", "0x97", "0x10", "0x10"]
    );
    // A message of QoS 0 cannot be refused. It is not stored, and the old message is removed.
    pair.send(p, store(0, 0, "d", 4_000));
    pair.send(old, retained("a", &"x".repeat(9_000)));
    let a = pair.connected(hello(V5, "a"));
    pair.packets(a);
    pair.send(a, subscribe(1, &[("#", 0)]));
    assert_eq!(published(&mut pair, a), 2);
    // Clearing a topic makes room.
    pair.send(p, retained("b", ""));
    pair.send(p, store(1, 6, "d", 4_000));
    assert_eq!(pair.seen(p), ["puback id=6"]);
}

#[test]
fn topic_aliases_of_a_client_are_bounded_in_bytes() {
    let mut pair = Pair::with(|config| config.maximum_client_bytes = 10_000);
    let a = pair.connected(hello(V5, "a"));
    let give = |alias, size| {
        let mut first = publish(&"t".repeat(size), "x");
        first.properties.push(Property::TopicAlias(alias));
        Packet::Publish(first)
    };
    for _ in 0..10 {
        // Setting the same alias again replaces the earlier one.
        pair.send(a, give(1, 1_000));
    }
    pair.send(a, give(2, 1_000));
    pair.send(a, give(3, 1_000));
    assert!(pair.seen(a).is_empty());
    pair.send(a, give(4, 5_000));
    assert_eq!(pair.seen(a), ["disconnect 0x97", "closed"]);
    // The aliases end with their connection.
    let a = pair.connected(hello(V5, "a"));
    for alias in 1..=3 {
        pair.send(a, give(alias, 1_000));
    }
    assert!(pair.seen(a).is_empty());
}

#[test]
fn topic_aliases_of_the_broker_are_bounded_in_bytes() {
    let mut pair = Pair::with(|config| config.maximum_client_bytes = 10_000);
    let a = pair.connected(hello(V5, "a").property(Property::TopicAliasMaximum(100)));
    pair.subscribe(a, "#", 0);
    pair.packets(a);
    let mut new = 0;
    for number in 10..30 {
        let topic = format!("{number}{}", "t".repeat(1_000));
        pair.send(a, message(0, 0, &topic, "x"));
        let packets = pair.packets(a);
        let [Packet::Publish(came)] = &packets[..] else {
            panic!("{packets:?}");
        };
        assert_eq!(came.topic, topic);
        new += usize::from(came.properties.topic_alias().is_some());
    }
    assert!((3..=8).contains(&new), "{new}");
}

#[test]
fn subscriptions_are_bounded_in_bytes() {
    for (version, refused) in [(V5, "97"), (V3, "80")] {
        let mut pair = Pair::with(|config| config.maximum_client_bytes = 20_000);
        let a = pair.connected(lasting(version, "a"));
        let filter = |number: u16| format!("{number}/{}", "f".repeat(1_500));
        let mut granted = 0;
        for number in 1..=20 {
            pair.send(a, subscribe(number, &[(&filter(number), 0)]));
            let seen = pair.seen(a);
            match seen[0].rsplit(' ').next() {
                Some("00") => granted += 1,
                code => assert_eq!(code, Some(refused)),
            }
        }
        assert!((4..=6).contains(&granted), "{granted}");
        // An existing subscription may be replaced, and a removed one makes room.
        pair.send(a, subscribe(21, &[(&filter(1), 1)]));
        pair.send(a, crate::pair::unsubscribe(22, &[&filter(1)]));
        pair.send(a, subscribe(23, &[(&filter(20), 0)]));
        let seen = pair.seen(a);
        assert_eq!(
            (&*seen[0], &*seen[2]),
            ("suback id=21 01", "suback id=23 00")
        );
        // Another client has its own share.
        let b = pair.connected(lasting(version, "b"));
        pair.send(b, subscribe(1, &[(&filter(1), 0)]));
        assert_eq!(pair.seen(b), ["suback id=1 00"]);
    }
}

#[test]
fn sessions_and_wills_are_bounded_in_bytes() {
    for (version, refused) in [(V5, "connack 0x97 sp=0"), (V3, "connack 0x03 sp=0")] {
        let mut pair = Pair::with(|config| config.maximum_client_bytes = 20_000);
        let doomed = |client: &str| {
            lasting(version, client).will_with("w", |will| will.payload = vec![0; 3_000].into())
        };
        let mut accepted = Vec::new();
        for number in 0..10 {
            let client = format!("c{number}");
            let peer = pair.connect(doomed(&client));
            let seen = pair.seen(peer);
            if seen == [refused, "closed"] {
                break;
            }
            accepted.push(peer);
        }
        assert_eq!(accepted.len(), 4);
        // A client without a Will is still accepted, and so is one with an existing session.
        let small = pair.connect(hello(version, "small"));
        assert!(!pair.seen(small).contains(&"closed".to_owned()));
        pair.lose(accepted[0]);
        let again = pair.connect(lasting(version, "c0"));
        assert!(!pair.seen(again).contains(&"closed".to_owned()));
        // A published Will and an ended session free their memory.
        pair.lose(accepted[1]);
        pair.lose(small);
        let next = pair.connect(doomed("next"));
        assert!(!pair.seen(next).contains(&"closed".to_owned()));
    }
}

#[test]
fn what_a_store_brings_back_counts() {
    let mut pair = Pair::keeping(|config| {
        config.maximum_client_bytes = 20_000;
        config.maximum_message_bytes = 20_000;
        config.maximum_retained_bytes = 5_000;
    });
    for client in ["a", "b", "c"] {
        sleeper(&mut pair, client);
    }
    let p = pair.connected(hello(V5, "p"));
    pair.send(p, heavy(1, 1, 1, 4_000));
    pair.send(p, retained("r", &"x".repeat(3_000)));
    pair.kill_and_restart_after_s(1);
    let p = pair.connected(hello(V5, "p"));
    pair.all_hooks();
    pair.send(p, heavy(1, 1, 1, 4_000));
    assert_eq!(dropped(&mut pair), 3);
    let Packet::Publish(second) = retained("s", &"x".repeat(3_000)) else {
        unreachable!("it is a PUBLISH");
    };
    pair.seen(p);
    pair.send(
        p,
        Packet::Publish(Publish {
            qos: qos(1),
            packet_id: Some(id(2)),
            ..second
        }),
    );
    assert_eq!(pair.seen(p), ["puback id=2 0x97"]);
    let late = lasting(V5, "late").will_with("w", |will| will.payload = vec![0; 9_000].into());
    let late = pair.connect(late);
    assert_eq!(pair.seen(late), ["connack 0x97 sp=0", "closed"]);
}
