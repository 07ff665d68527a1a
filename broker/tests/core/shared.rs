//! Which members of a Shared Subscription receive its messages when others leave.

use mqtt_check_codec::{Packet, Property, ReasonCode};

use crate::pair::{
    Hello, Pair, Peer, V5, ack, disconnect, hello, lasting, message, refusing_ack, unsubscribe,
};

/// Ends the session of this client.
type End = fn(&mut Pair, Peer);

/// Publishes four messages, and checks that this member receives all of them.
fn gets_all(pair: &mut Pair, member: Peer, when: &str) {
    let writer = pair.connected(hello(V5, "writer"));
    pair.seen(member);
    for (number, payload) in (1..).zip(["1", "2", "3", "4"]) {
        pair.send(writer, message(1, number, "t", payload));
    }
    let all = ["1", "2", "3", "4"].map(|payload| format!("publish q0 t={payload}"));
    assert_eq!(pair.seen(member), all, "{when}");
}

/// Makes a Shared Subscription with two members. Returns the one that stays and the one that leaves.
fn members(stays_first: bool, leaver: Hello) -> (Pair, Peer, Peer) {
    let mut pair = Pair::new();
    let stays = pair.connected(hello(V5, "stays"));
    let leaves = pair.connected(leaver);
    let order = match stays_first {
        true => [stays, leaves],
        false => [leaves, stays],
    };
    for member in order {
        pair.subscribe(member, "$share/g/t", 0);
    }
    (pair, stays, leaves)
}

/// [5 RULE-4.8.2-1] [5 MQTT-4.5.0-1]
#[test]
fn a_member_that_unsubscribes_leaves_all_messages_to_the_others() {
    for stays_first in [false, true] {
        let (mut pair, stays, leaves) = members(stays_first, hello(V5, "leaves"));
        pair.send(leaves, unsubscribe(2, &["$share/g/t"]));
        assert_eq!(pair.seen(leaves), ["unsuback id=2 00"]);
        gets_all(&mut pair, stays, "unsubscribed");
        assert!(pair.seen(leaves).is_empty());
    }
}

#[test]
fn a_member_whose_session_has_ended_has_no_turn() {
    let clean = || hello(V5, "leaves");
    let ends: [(&str, Hello, End); 4] = [
        ("disconnected", clean(), |pair, peer| pair.disconnect(peer)),
        ("lost", clean(), |pair, peer| pair.lose(peer)),
        ("expired", clean().expiry(5), |pair, peer| {
            pair.send(peer, disconnect(0, []));
            pair.wait_s(5);
        }),
        ("discarded", clean().expiry(5), |pair, peer| {
            pair.lose(peer);
            pair.connected(hello(V5, "leaves"));
        }),
    ];
    for stays_first in [false, true] {
        for (name, leaver, end) in ends.clone() {
            let (mut pair, stays, leaves) = members(stays_first, leaver);
            end(&mut pair, leaves);
            gets_all(&mut pair, stays, name);
        }
    }
}

fn narrow(client: &str) -> Hello {
    lasting(V5, client).property(Property::ReceiveMaximum(1))
}

/// Publishes one message to `t` with this QoS.
fn publish_one(pair: &mut Pair, level: u8, payload: &str) {
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(level, 1, "t", payload));
}

#[test]
fn a_clean_start_leaves_the_group() {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    pair.subscribe(a, "$share/g/t", 0);
    pair.lose(a);
    let a = pair.connected(hello(V5, "a"));
    publish_one(&mut pair, 0, "x");
    assert!(pair.seen(a).is_empty());
}

/// [5 MQTT-4.8.2-4]
#[test]
fn a_delivery_that_has_begun_stays_with_a_member_that_is_taken_over() {
    let (mut pair, stays, leaves) = members(false, lasting(V5, "leaves"));
    pair.subscribe(stays, "$share/g/t", 2);
    pair.subscribe(leaves, "$share/g/t", 2);
    publish_one(&mut pair, 2, "x");
    assert_eq!(pair.seen(leaves), ["publish q2 id=1 t=x"]);
    let second = pair.connect(lasting(V5, "leaves"));
    let again = ["connack 0x00 sp=1", "publish q2 id=1 dup t=x"];
    assert_eq!(pair.seen(second), again);
    assert!(pair.seen(stays).is_empty());
}

#[test]
fn a_member_that_subscribes_again_is_one_member() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "$share/g/t", 0);
    pair.subscribe(a, "$share/g/t", 1);
    publish_one(&mut pair, 1, "x");
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=x"]);
}

/// [5 MQTT-4.8.2-6]
#[test]
fn what_a_member_refused_goes_to_nobody_when_its_session_ends() {
    let (mut pair, stays, leaves) = members(false, hello(V5, "leaves"));
    pair.subscribe(stays, "$share/g/t", 1);
    pair.subscribe(leaves, "$share/g/t", 1);
    publish_one(&mut pair, 1, "x");
    assert_eq!(pair.seen(leaves), ["publish q1 id=1 t=x"]);
    let refusal = refusing_ack(1, ReasonCode::UNSPECIFIED_ERROR);
    pair.send(leaves, Packet::PubAck(refusal));
    pair.disconnect(leaves);
    assert!(pair.seen(stays).is_empty());
}

#[test]
fn a_message_waits_for_a_member_with_room_or_for_one_that_is_away() {
    let mut pair = Pair::new();
    let a = pair.connected(narrow("a"));
    pair.subscribe(a, "$share/g/t", 1);
    publish_one(&mut pair, 1, "1");
    publish_one(&mut pair, 1, "2");
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=1"]);
    pair.send(a, Packet::PubAck(ack(1)));
    assert_eq!(pair.seen(a), ["publish q1 id=2 t=2"]);
    pair.send(a, Packet::PubAck(ack(2)));
    pair.lose(a);
    publish_one(&mut pair, 1, "3");
    let b = pair.connected(hello(V5, "b"));
    pair.subscribe(b, "$share/g/t", 1);
    let a = pair.connect(narrow("a"));
    let waited = ["connack 0x00 sp=1", "publish q1 id=3 t=3"];
    assert_eq!(pair.seen(a), waited);
}

#[test]
fn what_waits_for_a_member_that_is_away_stays_when_another_leaves() {
    let mut pair = Pair::new();
    let away = pair.connected(lasting(V5, "away"));
    pair.subscribe(away, "$share/g/t", 1);
    pair.lose(away);
    publish_one(&mut pair, 1, "x");
    let leaves = pair.connected(hello(V5, "leaves"));
    pair.subscribe(leaves, "$share/g/t", 1);
    pair.send(leaves, unsubscribe(2, &["$share/g/t"]));
    let away = pair.connect(lasting(V5, "away"));
    let waited = ["connack 0x00 sp=1", "publish q1 id=1 t=x"];
    assert_eq!(pair.seen(away), waited);
}

#[test]
fn a_message_is_passed_on_as_often_as_sessions_end() {
    let mut pair = Pair::new();
    let mut member = pair.connected(hello(V5, "0"));
    pair.subscribe(member, "$share/g/t", 1);
    let writer = pair.connected(hello(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "x"));
    for name in ["1", "2", "3"] {
        assert_eq!(pair.seen(member), ["publish q1 id=1 t=x"], "before {name}");
        let next = pair.connected(hello(V5, name));
        pair.subscribe(next, "$share/g/t", 1);
        pair.lose(member);
        member = next;
    }
    assert_eq!(pair.seen(member), ["publish q1 id=1 t=x"]);
}
