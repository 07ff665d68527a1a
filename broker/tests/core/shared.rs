//! Which members of a Shared Subscription get its messages when others leave.

use crate::pair::{Hello, Pair, Peer, V5, disconnect, hello, message, unsubscribe};

/// Ends the session of this client.
type End = fn(&mut Pair, Peer);

/// Publishes four messages, which must all come to this member.
fn gets_all(pair: &mut Pair, member: Peer, when: &str) {
    let writer = pair.connected(hello(V5, "writer"));
    pair.seen(member);
    for (number, payload) in (1..).zip(["1", "2", "3", "4"]) {
        pair.send(writer, message(1, number, "t", payload));
    }
    let all = ["1", "2", "3", "4"].map(|payload| format!("publish q0 t={payload}"));
    assert_eq!(pair.seen(member), all, "{when}");
}

/// A Shared Subscription with two members. Returns the one that stays and the one that leaves.
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
