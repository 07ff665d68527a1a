//! What clients make the broker keep or send counts by one weight, properties included.

use mqtt_check_codec::{Packet, Property, Publish};

use crate::pair::{Pair, Peer, V5, ack, hello, id, lasting, publish, qos, subscribe};

/// A message of this QoS with so many User Properties, each with a value of so many bytes.
fn heavy(level: u8, packet_id: u16, count: usize, size: usize) -> Packet {
    let property = Property::UserProperty("".into(), "x".repeat(size).into());
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        properties: std::iter::repeat_n(property, count).collect(),
        ..publish("t", "")
    })
}

/// How many messages were dropped since the last call.
fn dropped(pair: &mut Pair) -> usize {
    let hooks = pair.all_hooks();
    let full = hooks.iter().filter(|hook| hook.ends_with("queue_full"));
    full.count()
}

/// A session with a subscription of QoS 1 to `t` whose client is away.
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
    // One large property, and many that are larger in memory than on the wire.
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
    // At 4,205 bytes each.
    assert!((49..=52).contains(&lost), "{lost} of 60");
    // One who reads gets a message all the same, and what a session took is free when it has ended.
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
