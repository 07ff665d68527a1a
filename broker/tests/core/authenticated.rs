//! Clients that authenticate with AUTH: what their CONNECT says applies as it does for others.

use mqtt_check_codec::{Packet, Property, ReasonCode};
use mqtt_check_scram::ClientFirst;

use crate::authentication::{
    AGAIN, METHOD, ON, answer, auth, challenge, prove_again, proving, users,
};
use crate::pair::{Hello, NEVER, Pair, Peer, V5, ack, hello, message, subscribe, unsubscribe};

/// Lets a client in whose CONNECT is changed.
fn let_in_as(pair: &mut Pair, client: &str, change: impl FnOnce(Hello) -> Hello) -> Peer {
    let first = ClientFirst::new("ursula", "mine");
    let peer = pair.connect(change(proving(client, Some(first.message()))));
    answer(pair, peer, &first, "secret");
    peer
}

fn kept(hello: Hello) -> Hello {
    hello.unclean().expiry(NEVER)
}

#[test]
fn a_will_is_published() {
    let mut pair = Pair::with(users);
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let a = let_in_as(&mut pair, "a", |hello| hello.will("w"));
    pair.lose(a);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn a_session_is_kept_resumed_and_taken_over() {
    let mut pair = Pair::with(users);
    let a = let_in_as(&mut pair, "a", kept);
    pair.subscribe(a, "t", 1);
    pair.lose(a);
    let a = let_in_as(&mut pair, "a", kept);
    let connack = |packet: &Packet| match packet {
        Packet::ConnAck(connack) => Some(connack.session_present),
        _ => None,
    };
    let present: Vec<_> = pair.packets(a).iter().filter_map(connack).collect();
    assert_eq!(present, [true]);
    let b = let_in_as(&mut pair, "a", kept);
    assert_eq!(pair.seen(a), ["disconnect 0x8E", "closed"]);
    pair.lose(b);
    let a = let_in_as(&mut pair, "a", |hello| hello);
    let present: Vec<_> = pair.packets(a).iter().filter_map(connack).collect();
    assert_eq!(present, [false]);
}

#[test]
fn the_limits_of_connect_hold() {
    let mut pair = Pair::with(users);
    let a = let_in_as(&mut pair, "a", |hello| {
        hello
            .property(Property::ReceiveMaximum(1))
            .property(Property::MaximumPacketSize(200))
            .keep_alive(2)
    });
    pair.packets(a);
    pair.subscribe(a, "t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(0, 0, "t", &"x".repeat(300)));
    pair.send(b, message(1, 1, "t", "1"));
    pair.send(b, message(1, 2, "t", "2"));
    assert_eq!(pair.seen(a), ["publish q1 id=1 t=1"]);
    pair.wait_s(4);
    assert_eq!(pair.seen(a), ["disconnect 0x8D", "closed"]);
}

#[test]
fn proving_it_again_resends_nothing_and_keeps_the_keep_alive() {
    let mut pair = Pair::with(users);
    let a = let_in_as(&mut pair, "a", |hello| hello.keep_alive(2));
    pair.subscribe(a, "t", 2);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "1"));
    prove_again(&mut pair, a);
    assert!(pair.seen(a).is_empty());
    pair.send(b, message(2, 2, "t", "2"));
    prove_again(&mut pair, a);
    pair.send(a, Packet::PubRec(ack(2)));
    assert_eq!(pair.seen(a), ["pubrel id=2"]);
    pair.wait_s(4);
    assert_eq!(pair.seen(a), ["disconnect 0x8D", "closed"]);
}

#[test]
fn other_packets_are_answered_while_a_client_proves_itself_again() {
    let mut pair = Pair::with(users);
    let a = let_in_as(&mut pair, "a", |hello| hello);
    pair.packets(a);
    let first = ClientFirst::new("ursula", "again");
    pair.send(a, auth(AGAIN, METHOD, Some(first.message())));
    let (reason, _): (ReasonCode, _) = challenge(&mut pair, a);
    assert_eq!(reason, ON);
    pair.send(a, subscribe(1, &[("t", 0)]));
    pair.send(a, unsubscribe(2, &["t"]));
    assert_eq!(pair.seen(a), ["suback id=1 00", "unsuback id=2 00"]);
}
