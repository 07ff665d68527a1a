//! At any moment, the store contains what another broker needs to continue from there.

use mqtt_check_broker::StoredState;
use mqtt_check_codec::{Packet, Property, Publish, RetainHandling, SubscriptionOptions};

use crate::pair::{
    BOTH, Pair, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe,
    subscribe_with,
};

#[test]
fn deliveries_go_on_where_they_were() {
    for version in BOTH {
        let mut pair = Pair::keeping(|_| {});
        let a = pair.connected(lasting(version, "a"));
        pair.send(a, subscribe(1, &[("one", 1), ("two", 2)]));
        let p = pair.connected(hello(version, "p"));
        // One message is unacknowledged, one is received but not completed, and one is not sent at all.
        pair.send(p, message(1, 1, "one", "sent"));
        pair.send(p, message(2, 2, "two", "received"));
        pair.send(p, message(2, 3, "two", "begun"));
        pair.send(a, Packet::PubRec(ack(2)));
        pair.lose(a);
        pair.send(p, message(1, 4, "one", "waiting"));
        pair.kill_and_restart_after_s(10);
        let a = pair.connect(lasting(version, "a"));
        assert_eq!(
            pair.seen(a),
            [
                "connack 0x00 sp=1",
                "publish q1 id=1 dup one=sent",
                "publish q2 id=3 dup two=begun",
                "pubrel id=2",
                "publish q1 id=4 one=waiting",
            ]
        );
        // The packet ids of unfinished deliveries are still in use.
        let p = pair.connected(hello(version, "p"));
        pair.send(p, message(1, 1, "one", "new"));
        assert_eq!(pair.seen(a), ["publish q1 id=5 one=new"]);
    }
}

#[test]
fn a_qos_2_message_that_was_received_is_not_delivered_again() {
    for version in BOTH {
        let mut pair = Pair::keeping(|_| {});
        let a = pair.connected(lasting(version, "a"));
        pair.subscribe(a, "t", 0);
        pair.send(a, message(2, 9, "t", "once"));
        assert_eq!(pair.seen(a).len(), 2);
        pair.kill_and_restart_after_s(1);
        let a = pair.connected(lasting(version, "a"));
        pair.send(a, message(2, 9, "t", "once"));
        assert_eq!(pair.seen(a), ["pubrec id=9"]);
        pair.send(a, Packet::PubRel(ack(9)));
        assert_eq!(pair.seen(a), ["pubcomp id=9"]);
        pair.kill_and_restart_after_s(1);
        let a = pair.connected(lasting(version, "a"));
        pair.send(a, message(2, 9, "t", "another"));
        assert_eq!(pair.seen(a), ["pubrec id=9", "publish q0 t=another"]);
    }
}

#[test]
fn subscriptions_keep_their_options_and_messages_their_properties() {
    let mut pair = Pair::keeping(|_| {});
    let a = pair.connected(lasting(V5, "a"));
    let options = SubscriptionOptions {
        qos: qos(1),
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    let identifier = [Property::SubscriptionIdentifier(77)];
    pair.send(a, subscribe_with(1, identifier, [("t/+", options)]));
    pair.subscribe(a, "$share/g/s", 1);
    let p = pair.connected(hello(V5, "p"));
    let mut full = Publish {
        retain: true,
        ..publish("t/full", "x")
    };
    full.properties.push(Property::MessageExpiryInterval(100));
    full.properties
        .push(Property::UserProperty("a".into(), "b".into()));
    full.properties.push(Property::ResponseTopic("back".into()));
    full.properties
        .push(Property::UserProperty("a".into(), "a".into()));
    let full = Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        ..full
    };
    pair.lose(a);
    pair.send(p, Packet::Publish(full));
    pair.kill_and_restart_after_s(30);
    let a = pair.connect(lasting(V5, "a"));
    let properties = "MessageExpiryInterval(70) a:b ResponseTopic(\"back\") a:a";
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=1".to_owned(),
            format!("publish q1 id=1 retain t/full=x {properties} SubscriptionIdentifier(77)"),
        ]
    );
    let live = Publish {
        retain: true,
        ..publish("t/live", "x")
    };
    let p = pair.connected(hello(V5, "p"));
    pair.send(p, Packet::Publish(live));
    pair.send(p, retained("t/live", ""));
    pair.send(a, message(0, 0, "t/own", "no local"));
    pair.send(a, message(0, 0, "s", "shared"));
    assert_eq!(
        pair.seen(a),
        [
            "publish q0 retain t/live=x SubscriptionIdentifier(77)",
            "publish q0 retain t/live= SubscriptionIdentifier(77)",
            "publish q0 s=shared"
        ]
    );
    let late = pair.connected(hello(V5, "late"));
    pair.send(late, subscribe(1, &[("#", 0)]));
    assert_eq!(
        pair.seen(late),
        [
            "suback id=1 00".to_owned(),
            format!("publish q0 retain t/full=x {properties}")
        ]
    );
    pair.wait_s(71);
    pair.send(late, subscribe(2, &[("#", 0)]));
    assert_eq!(pair.seen(late), ["suback id=2 00"]);
}

#[test]
fn sessions_end_and_wills_come_as_if_nothing_had_been_between() {
    let mut pair = Pair::keeping(|_| {});
    let watcher = pair.connected(lasting(V5, "watcher"));
    pair.subscribe(watcher, "will/#", 1);
    let short = pair.connected(hello(V5, "short").expiry(60));
    pair.lose(short);
    let delayed = hello(V5, "delayed")
        .expiry(500)
        .delayed_will("will/delayed", 100);
    let delayed = pair.connected(delayed);
    pair.lose(delayed);
    // Both clients were connected when the broker was killed. The session of one would have ended with its connection.
    pair.connected(hello(V5, "lost").will("will/lost"));
    pair.connected(lasting(V5, "back").will("will/back"));
    pair.wait_s(20);
    pair.hooks();
    pair.kill_and_restart_after_s(30);
    assert_eq!(
        pair.hooks(),
        [
            "will.published back will/back server_shutdown",
            "will.published lost will/lost server_shutdown",
            "session.terminated lost normal",
        ]
    );
    pair.wait_s(11);
    assert_eq!(pair.hooks(), ["session.terminated short expired"]);
    pair.wait_s(40);
    assert_eq!(
        pair.hooks(),
        ["will.published delayed will/delayed delay_elapsed"]
    );
    pair.kill_and_restart_after_s(1);
    assert_eq!(pair.hooks(), Vec::<String>::new());
    let watcher = pair.connect(lasting(V5, "watcher"));
    assert_eq!(pair.seen(watcher)[0], "connack 0x00 sp=1");
}

#[test]
fn what_ended_leaves_nothing_behind() {
    let mut pair = Pair::keeping(|_| {});
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "t", 2);
    pair.send(a, message(2, 1, "t", "x"));
    pair.send(a, retained("r", "x"));
    assert!(pair.records().len() > 4);
    pair.send(a, retained("r", ""));
    pair.disconnect(a);
    let a = pair.connected(hello(V5, "a"));
    pair.disconnect(a);
    assert_eq!(pair.records().len(), 0);
}

/// A sequence of numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }
}

#[test]
fn records_are_right_after_every_step_of_any_play() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut pair = Pair::keeping(|config| {
            config.maximum_queued_messages = 3;
            config.maximum_inflight = 2;
            config.queue_qos0 = true;
            config.maximum_retained_messages = 2;
        });
        let mut peers = Vec::new();
        for _ in 0..80 {
            let name = ["a", "b", "c"][dice.below(3) as usize];
            let version = BOTH[dice.below(2) as usize];
            let topic = ["x", "y", "z/z"][dice.below(3) as usize];
            let peer = match peers.len() as u64 {
                0 => None,
                count => Some(peers[dice.below(count) as usize]),
            };
            let number = 1 + dice.below(4) as u16;
            match (dice.below(12), peer) {
                (0 | 1, _) | (_, None) => {
                    let hello = match dice.below(3) {
                        0 => hello(version, name).will("x"),
                        1 => lasting(version, name).will("y"),
                        _ => lasting(version, name),
                    };
                    peers.push(pair.connect(hello));
                }
                (2, Some(peer)) => pair.lose(peer),
                (3, Some(peer)) => pair.disconnect(peer),
                (4, Some(peer)) => {
                    let filter = ["#", "x", "z/+"][dice.below(3) as usize];
                    pair.send(peer, subscribe(100, &[(filter, dice.below(3) as u8)]));
                }
                (5, Some(peer)) => pair.send(peer, crate::pair::unsubscribe(101, &["#"])),
                (6, Some(peer)) => {
                    pair.send(peer, retained(topic, ["", "r"][dice.below(2) as usize]))
                }
                (7, Some(peer)) => pair.send(peer, Packet::PubAck(ack(number))),
                (8, Some(peer)) => pair.send(peer, Packet::PubRec(ack(number))),
                (9, Some(peer)) => pair.send(peer, Packet::PubComp(ack(number))),
                (10, Some(peer)) => pair.send(peer, Packet::PubRel(ack(number))),
                (_, Some(peer)) => {
                    pair.send(peer, message(dice.below(3) as u8, number, topic, "m"));
                }
            }
            // Compares the result of all changes with a full write.
            pair.records();
            if dice.below(25) == 0 {
                pair.kill_and_restart_after_s(1);
                peers.clear();
            }
        }
    }
}

#[test]
fn records_that_are_broken_are_said_to_be() {
    let mut pair = Pair::keeping(|_| {});
    let a = pair.connected(lasting(V5, "a").delayed_will("w", 9));
    pair.subscribe(a, "t", 2);
    pair.send(a, message(2, 1, "t", "x"));
    pair.send(a, message(2, 2, "t", "y"));
    pair.send(a, Packet::PubRec(ack(1)));
    pair.send(a, retained("r", "x"));
    pair.lose(a);
    pair.send(a, message(1, 1, "t", "x"));
    let records = pair.records().clone();
    for (key, value) in &records {
        for length in 0..value.len() {
            let mut cut = records.clone();
            cut.insert(key.clone(), value[..length].to_vec());
            assert!(
                StoredState::from_records(cut).is_err(),
                "{key:?} to {length}"
            );
        }
        for at in 0..value.len() {
            let mut changed = records.clone();
            let mut value = value.clone();
            value[at] ^= 0xFF;
            changed.insert(key.clone(), value);
            // The result does not matter, as long as reading does not panic.
            let _ = StoredState::from_records(changed);
        }
        for length in 0..key.len() {
            let mut cut = records.clone();
            let value = cut.remove(key).expect("it is there");
            cut.insert(key[..length].to_vec(), value);
            let _ = StoredState::from_records(cut);
        }
    }
}
