//! The loss, the pause and the return of a node of a cluster. Sessions, retained messages and Wills belong to no node.

use std::time::Duration;

use mqtt_check_broker::{Config, NodeEvent};
use mqtt_check_codec::{Packet, QoS};

use crate::pair::{
    BOTH, Pair, Peer, V5, ack, disconnect, hello, lasting, message, retained, unsubscribe,
};

const NOTHING: [&str; 0] = [];

/// Loses node 0 in one of three ways.
fn lose(pair: &mut Pair, way: NodeEvent) {
    pair.node(0, way);
    pair.wait_s(5);
}

/// How a node is lost, and what its clients see of it.
const WAYS: [NodeEvent; 2] = [NodeEvent::Killed, NodeEvent::Paused];

#[test]
fn a_killed_node_ends_its_connections_without_a_packet() {
    for version in BOTH {
        let mut pair = Pair::new();
        let here = pair.connected(lasting(version, "here"));
        let there = pair.connected_at(1, lasting(version, "there"));
        let unknown = pair.open();
        pair.hooks();
        pair.node(0, NodeEvent::Killed);
        assert_eq!(pair.seen(here), ["closed"]);
        assert_eq!(pair.seen(unknown), ["closed"]);
        assert_eq!(pair.seen(there), NOTHING);
        assert_eq!(pair.hooks(), ["client.disconnected here connection_lost"]);
        assert!(pair.broker().is_connected("there"));
    }
}

/// [5 MQTT-3.14.2-1] [5 MQTT-4.13.2-1]
#[test]
fn a_node_that_stops_says_so_to_its_own_clients() {
    let mut pair = Pair::with(|config| config.durable = true);
    let here = pair.connected(hello(V5, "here").will("w"));
    let there = pair.connected_at(1, hello(V5, "there"));
    pair.subscribe(there, "w", 0);
    pair.hooks();
    pair.node(0, NodeEvent::Stopped);
    assert_eq!(pair.seen(here), ["disconnect 0x8B", "closed"]);
    // The others continue, so the Will does not wait.
    assert_eq!(pair.seen(there), ["publish q0 w=gone"]);
    assert_eq!(
        pair.hooks(),
        [
            "client.disconnected here server_shutdown",
            "will.published here w server_shutdown",
            "session.terminated here normal"
        ]
    );
    let back = pair.connect(hello(V5, "here"));
    assert_eq!(pair.seen(back), ["connack 0x00 sp=0"]);
}

/// [3.1.1 MQTT-4.1.0-1] [5 MQTT-3.1.2-23] [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
#[test]
fn a_session_outlives_the_node_of_its_client() {
    for version in BOTH {
        for way in WAYS {
            for leaves in [false, true] {
                let mut pair = Pair::new();
                let before = pair.connected(lasting(version, "owner"));
                pair.subscribe(before, "t", 1);
                let writer = pair.connected_at(2, hello(version, "writer"));
                if leaves {
                    pair.disconnect(before);
                    pair.send(writer, message(1, 1, "t", "waiting"));
                }
                lose(&mut pair, way);
                let after = pair.connect_at(1, lasting(version, "owner"));
                pair.send(writer, message(1, 2, "t", "new"));
                let mut all = vec!["connack 0x00 sp=1"];
                all.extend(leaves.then_some("publish q1 id=1 t=waiting"));
                all.push(match leaves {
                    true => "publish q1 id=2 t=new",
                    false => "publish q1 id=1 t=new",
                });
                assert_eq!(pair.seen(after), all, "{way:?}");
            }
        }
    }
}

/// [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
#[test]
fn what_is_in_flight_outlives_the_node() {
    for version in BOTH {
        for way in WAYS {
            let mut pair = Pair::new();
            let before = pair.connected(lasting(version, "reader"));
            pair.subscribe(before, "t", 2);
            let writer = pair.connected_at(2, hello(version, "writer"));
            pair.send(writer, message(1, 1, "t", "one"));
            pair.send(writer, message(2, 2, "t", "two"));
            pair.send(before, Packet::PubRec(ack(2)));
            lose(&mut pair, way);
            let after = pair.connect_at(1, lasting(version, "reader"));
            assert_eq!(
                pair.seen(after),
                [
                    "connack 0x00 sp=1",
                    "publish q1 id=1 dup t=one",
                    "pubrel id=2"
                ],
                "{way:?}"
            );
        }
    }
}

/// [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
#[test]
fn half_received_messages_outlive_the_node() {
    for version in BOTH {
        for way in WAYS {
            let mut pair = Pair::new();
            let reader = pair.connected_at(2, hello(version, "reader"));
            pair.subscribe(reader, "t", 0);
            let before = pair.connected(lasting(version, "sender"));
            pair.send(before, message(2, 7, "t", "once"));
            lose(&mut pair, way);
            let after = pair.connected_at(1, lasting(version, "sender"));
            pair.send(after, message(2, 7, "t", "once"));
            pair.send(after, Packet::PubRel(ack(7)));
            assert_eq!(pair.seen(after), ["pubrec id=7", "pubcomp id=7"]);
            assert_eq!(pair.seen(reader), ["publish q0 t=once"], "{way:?}");
        }
    }
}

/// [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
#[test]
fn retained_messages_outlive_the_node_that_received_them() {
    for way in WAYS {
        let mut pair = Pair::new();
        let writer = pair.connected(hello(V5, "writer"));
        pair.send(writer, retained("r", "kept"));
        lose(&mut pair, way);
        let late = pair.connected_at(1, hello(V5, "late"));
        pair.subscribe(late, "r", 0);
        assert_eq!(pair.seen(late), ["publish q0 retain r=kept"]);
    }
}

/// [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8] [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.1.2-10]
#[test]
fn wills_of_a_killed_node_are_published_once() {
    for version in BOTH {
        let mut pair = Pair::new();
        let watcher = pair.connected_at(1, hello(version, "watcher"));
        pair.subscribe(watcher, "w", 0);
        // It is at the node too, and gets nothing.
        let lost = pair.connected(hello(version, "a"));
        pair.subscribe(lost, "w", 0);
        let doomed = pair.connected(lasting(version, "doomed").will("w"));
        pair.node(0, NodeEvent::Killed);
        assert_eq!(pair.seen(lost), ["closed"]);
        assert_eq!(pair.seen(doomed), ["closed"]);
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
        pair.node(0, NodeEvent::Started);
        pair.wait_s(5);
        assert_eq!(pair.seen(watcher), NOTHING);
    }
}

/// [5 RULE-4.8.2-1]
#[test]
fn a_group_goes_on_without_the_members_of_a_killed_node() {
    let mut pair = Pair::new();
    let lost = pair.connected(hello(V5, "lost"));
    pair.subscribe(lost, "$share/g/t", 0);
    let left = pair.connected_at(1, hello(V5, "left"));
    pair.subscribe(left, "$share/g/t", 0);
    pair.node(0, NodeEvent::Killed);
    let writer = pair.connected_at(2, hello(V5, "writer"));
    for payload in ["1", "2", "3", "4"] {
        pair.send(writer, message(0, 0, "t", payload));
    }
    let all = ["1", "2", "3", "4"].map(|payload| format!("publish q0 t={payload}"));
    assert_eq!(pair.seen(left), all);
}

/// [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
#[test]
fn the_clients_of_other_nodes_notice_nothing() {
    for way in WAYS {
        let mut pair = Pair::new();
        pair.connected(hello(V5, "lost"));
        let reader = pair.connected_at(1, hello(V5, "reader"));
        pair.subscribe(reader, "t", 0);
        let writer = pair.connected_at(2, hello(V5, "writer"));
        lose(&mut pair, way);
        pair.send(writer, message(0, 0, "t", "here"));
        assert_eq!(pair.seen(reader), ["publish q0 t=here"]);
    }
}

/// Kills node 0, lets `change` happen, and starts the node again.
fn while_away(pair: &mut Pair, change: impl FnOnce(&mut Pair)) {
    pair.node(0, NodeEvent::Killed);
    change(pair);
    pair.node(0, NodeEvent::Started);
}

/// [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-6]
#[test]
fn a_node_that_returns_has_the_retained_messages_of_now() {
    for (payload, seen) in [("new", vec!["publish q0 retain r=new"]), ("", Vec::new())] {
        let mut pair = Pair::new();
        let writer = pair.connected_at(1, hello(V5, "writer"));
        pair.send(writer, retained("r", "old"));
        while_away(&mut pair, |pair| pair.send(writer, retained("r", payload)));
        let late = pair.connected(hello(V5, "late"));
        pair.subscribe(late, "r", 0);
        assert_eq!(pair.seen(late), seen);
    }
}

/// [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
#[test]
fn a_subscription_that_was_removed_does_not_return_with_a_node() {
    let mut pair = Pair::new();
    let before = pair.connected(lasting(V5, "owner"));
    pair.subscribe(before, "t", 0);
    let mut after = None;
    while_away(&mut pair, |pair| {
        let owner = pair.connected_at(1, lasting(V5, "owner"));
        pair.send(owner, unsubscribe(2, &["t"]));
        assert_eq!(pair.seen(owner), ["unsuback id=2 00"]);
        after = Some(owner);
    });
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(0, 0, "t", "unwanted"));
    assert_eq!(pair.seen(after.expect("it connected")), NOTHING);
}

/// [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2] [5 MQTT-3.2.2-3]
#[test]
fn a_session_that_was_discarded_does_not_return_with_a_node() {
    for version in BOTH {
        let mut pair = Pair::new();
        let before = pair.connected(lasting(version, "owner"));
        pair.subscribe(before, "t", 1);
        while_away(&mut pair, |pair| {
            let clean = pair.connected_at(1, hello(version, "owner"));
            pair.send(clean, disconnect(0, []));
        });
        let last = pair.connect(lasting(version, "owner"));
        assert_eq!(pair.seen(last), ["connack 0x00 sp=0"]);
    }
}

/// [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
#[test]
fn messages_pass_between_a_node_that_returns_and_the_others() {
    let ways = [
        (NodeEvent::Killed, NodeEvent::Started),
        (NodeEvent::Stopped, NodeEvent::Started),
        (NodeEvent::Paused, NodeEvent::Continued),
    ];
    for (lost, back) in ways {
        for (from, to) in [(0, 1), (2, 0)] {
            let mut pair = Pair::new();
            pair.node(0, lost);
            pair.node(0, back);
            let reader = pair.connected_at(to, hello(V5, "reader"));
            pair.subscribe(reader, "t", 0);
            let writer = pair.connected_at(from, hello(V5, "writer"));
            pair.send(writer, message(0, 0, "t", "here"));
            assert_eq!(pair.seen(reader), ["publish q0 t=here"], "{lost:?}");
        }
    }
}

/// [5 RULE-4.8.2-1]
#[test]
fn shared_messages_pass_between_a_node_that_returns_and_the_others() {
    for (from, to) in [(0, 1), (1, 0)] {
        let mut pair = Pair::new();
        while_away(&mut pair, |_| {});
        let member = pair.connected_at(to, hello(V5, "member"));
        pair.subscribe(member, "$share/g/t", 0);
        let writer = pair.connected_at(from, hello(V5, "writer"));
        pair.send(writer, message(0, 0, "t", "here"));
        assert_eq!(pair.seen(member), ["publish q0 t=here"]);
    }
}

/// [3.1.1 MQTT-3.1.4-2] [5 MQTT-3.1.4-3]
#[test]
fn a_takeover_closes_the_connection_on_a_paused_node() {
    for version in BOTH {
        let mut pair = Pair::new();
        let old = pair.connected(hello(version, "shared"));
        pair.node(0, NodeEvent::Paused);
        let new = pair.connect_at(1, hello(version, "shared"));
        assert_eq!(pair.seen(new), ["connack 0x00 sp=0"]);
        pair.node(0, NodeEvent::Continued);
        let mut end: Vec<&str> = (version == V5)
            .then_some("disconnect 0x8E")
            .into_iter()
            .collect();
        end.push("closed");
        assert_eq!(pair.seen(old), end);
    }
}

/// [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
#[test]
fn a_paused_node_does_not_take_its_clients_for_silent() {
    let mut pair = Pair::new();
    let client = pair.connected(hello(V5, "client").keep_alive(10));
    let waits = pair.open();
    pair.node(0, NodeEvent::Paused);
    pair.wait_s(100);
    assert_eq!(pair.seen(client), NOTHING);
    assert_eq!(pair.seen(waits), NOTHING);
    pair.node(0, NodeEvent::Continued);
    pair.wait_s(14);
    assert_eq!(pair.seen(client), NOTHING);
    pair.wait_s(2);
    assert_eq!(pair.seen(client), ["disconnect 0x8D", "closed"]);
    pair.wait(Config::default().connect_timeout + Duration::from_secs(20));
    assert_eq!(pair.seen(waits), ["closed"]);
}

/// The message of a Will has the QoS of the Will. [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
#[test]
fn a_delayed_will_outlives_the_node() {
    let mut pair = Pair::new();
    let watcher: Peer = pair.connected_at(1, hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 1);
    let doomed = lasting(V5, "doomed").will_with("w", |will| {
        will.qos = QoS::AtLeastOnce;
        let delay = mqtt_check_codec::Property::WillDelayInterval(30);
        will.properties.push(delay);
    });
    pair.connected(doomed);
    pair.node(0, NodeEvent::Killed);
    pair.wait_s(29);
    assert_eq!(pair.seen(watcher), NOTHING);
    pair.wait_s(1);
    assert_eq!(pair.seen(watcher), ["publish q1 id=1 w=gone"]);
}
