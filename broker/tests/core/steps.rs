//! Long work is split into steps, and other clients are served in between. This is measured in units of work, not in
//! time.

use mqtt_check_codec::Packet;

use crate::pair::{
    BOTH, Pair, Peer, V5, disconnect, hello, lasting, message, publish, retained, subscribe,
    unsubscribe,
};

/// The most that one input may cost, in the broker's units of work: a step of 4,096, the key at which it ends, and the
/// outputs.
const MOST: usize = 10_000;

/// A broker with a client that attacks it and a client that does not.
struct Room {
    pair: Pair,
    attacker: Peer,
    other: Peer,
}

impl Room {
    fn new() -> Self {
        let mut pair = Pair::new();
        let attacker = pair.connected(hello(V5, "attacker"));
        let other = pair.connected(hello(V5, "other"));
        Self {
            pair,
            attacker,
            other,
        }
    }

    /// Sends a packet that must be split into at least this many steps. None of them may be long, and the other client
    /// is served after each.
    fn attack(&mut self, packet: Packet, least_steps: usize) {
        self.pair.send(self.attacker, packet);
        assert!(self.pair.is_paused(self.attacker));
        let steps = self.serve_between_steps();
        assert!(steps >= least_steps, "{steps} steps");
        assert!(!self.pair.is_paused(self.attacker));
    }

    fn serve_between_steps(&mut self) -> usize {
        let spent = self.pair.broker().spent();
        assert!(spent <= MOST, "{spent}");
        let mut steps = 0;
        loop {
            self.pair.send(self.other, Packet::PingReq);
            assert_eq!(self.pair.seen(self.other), ["pingresp"]);
            match self.pair.step() {
                Some(spent) => assert!(spent <= MOST, "{spent} at step {steps}"),
                None => return steps,
            }
            steps += 1;
        }
    }
}

fn filters(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("t/{n}/x")).collect()
}

fn subscribe_to(filters: &[String]) -> Packet {
    let filters: Vec<_> = filters.iter().map(|filter| (filter.as_str(), 0)).collect();
    subscribe(1, &filters)
}

#[test]
fn retained_messages_of_many_filters_come_in_steps_behind_suback() {
    let mut room = Room::new();
    for topic in 0..3_000 {
        let message = retained(&format!("{topic}/x"), "m");
        room.pair.send(room.other, message);
    }
    let filters = vec!["+/x".to_owned(); 20];
    room.attack(subscribe_to(&filters), 20);
    let seen = room.pair.seen(room.attacker);
    assert!(seen[0].starts_with("suback id=1 00 00"), "{}", seen[0]);
    assert_eq!(seen.len(), 1 + 20 * 3_000);
    assert!(
        seen[1..]
            .iter()
            .all(|line| line.starts_with("publish q0 retain ")),
        "{}",
        seen[1]
    );
}

#[test]
fn many_filters_are_made_and_deleted_in_steps() {
    let mut room = Room::new();
    let filters = filters(20_000);
    room.attack(subscribe_to(&filters), 5);
    assert_eq!(room.pair.seen(room.attacker).len(), 1);
    let names: Vec<_> = filters.iter().map(String::as_str).collect();
    room.attack(unsubscribe(2, &names), 5);
    assert_eq!(room.pair.seen(room.attacker).len(), 1);
    room.pair.send(room.other, message(1, 1, "t/7/x", "m"));
    assert_eq!(room.pair.seen(room.other), ["puback id=1 0x10"]);
}

#[test]
fn an_error_behind_many_filters_makes_no_subscription() {
    let mut room = Room::new();
    let mut filters = filters(10_000);
    filters.push("a/#/b".to_owned());
    room.pair.send(room.attacker, subscribe_to(&filters));
    room.serve_between_steps();
    assert_eq!(room.pair.seen(room.attacker), ["disconnect 0x81", "closed"]);
    room.pair.send(room.other, message(1, 1, "t/7/x", "m"));
    assert_eq!(room.pair.seen(room.other), ["puback id=1 0x10"]);
}

#[test]
fn the_subscriptions_of_a_session_that_is_over_match_nothing_while_they_are_removed() {
    let mut room = Room::new();
    let mut filters = filters(20_000);
    filters.push("$share/g/t/19999/x".to_owned());
    room.attack(subscribe_to(&filters), 5);
    room.pair.send(room.attacker, disconnect(0, []));
    let spent = room.pair.broker().spent();
    assert!(spent <= MOST, "{spent}");
    // This client must not receive messages for filters of the ended session.
    let heir = room.pair.connected(hello(V5, "heir"));
    room.pair.send(room.other, message(1, 1, "t/19999/x", "m"));
    assert_eq!(room.pair.seen(room.other), ["puback id=1 0x10"]);
    assert!(room.serve_between_steps() >= 4);
    assert_eq!(room.pair.seen(heir), [] as [&str; 0]);
    room.pair.subscribe(heir, "t/19999/x", 0);
    room.pair.send(room.other, message(1, 2, "t/19999/x", "m"));
    assert_eq!(room.pair.seen(heir), ["publish q0 t/19999/x=m"]);
}

/// Returns filters that each begin like a name of this many levels `x`, all in different ways, but do not match it.
fn near_misses(levels: u32) -> Vec<String> {
    let all = 0..2_usize.pow(levels);
    all.map(|bits| {
        let level = |at| match bits >> at & 1 {
            0 => "x/",
            _ => "+/",
        };
        let begin: String = (0..levels).map(level).collect();
        format!("{begin}y")
    })
    .collect()
}

#[test]
fn a_message_waits_while_a_long_look_up_goes_on() {
    let mut room = Room::new();
    let filters = near_misses(13);
    room.attack(subscribe_to(&filters), 1);
    let name = format!("{}x", "x/".repeat(13));
    room.pair.subscribe(room.other, "#", 0);
    room.pair.seen(room.attacker);
    let publisher = room.pair.connected(hello(V5, "publisher"));
    room.pair.send(publisher, message(1, 1, &name, "first"));
    assert!(room.pair.is_paused(publisher));
    assert_eq!(room.pair.seen(publisher), [] as [&str; 0]);
    // A packet that arrives in the meantime is handled after the one that waits.
    room.pair.send(publisher, message(1, 2, "short", "second"));
    assert_eq!(room.pair.seen(publisher), ["puback id=1", "puback id=2"]);
    let seen = room.pair.seen(room.other);
    assert_eq!(
        seen,
        [
            format!("publish q0 {name}=first"),
            "publish q0 short=second".to_owned()
        ]
    );
    // The same name, now in steps.
    room.pair.send(publisher, message(1, 3, &name, "third"));
    let mut steps = 0;
    while let Some(spent) = room.pair.step() {
        assert!(spent <= MOST, "{spent}");
        steps += 1;
    }
    assert!(steps >= 5, "{steps} steps");
    assert_eq!(room.pair.seen(publisher), ["puback id=3"]);
    assert_eq!(room.pair.seen(room.other).len(), 1);
}

#[test]
fn a_message_whose_connection_broke_is_not_taken_and_a_will_is_published() {
    for version in BOTH {
        let mut room = Room::new();
        room.attack(subscribe_to(&near_misses(13)), 1);
        room.pair.subscribe(room.other, "#", 0);
        let name = format!("{}x", "x/".repeat(13));
        let publisher = room.pair.connected(hello(version, "publisher").will(&name));
        room.pair.send(publisher, message(2, 1, &name, "m"));
        room.pair.lose(publisher);
        while room.pair.step().is_some() {}
        assert_eq!(
            room.pair.seen(room.other),
            [format!("publish q0 {name}=gone")]
        );
    }
}

#[test]
fn filters_of_any_depth_that_begin_otherwise_are_not_visited() {
    let mut room = Room::new();
    let deep = "x/".repeat(130);
    let filters: Vec<_> = (0..10_000).map(|n| format!("{n}/{deep}")).collect();
    room.pair.send(room.attacker, subscribe_to(&filters));
    room.serve_between_steps();
    room.pair
        .send(room.other, message(1, 1, &format!("a/{deep}"), "m"));
    let spent = room.pair.broker().spent();
    assert!(spent < 300, "{spent}");
    assert_eq!(room.pair.seen(room.other), ["puback id=1 0x10"]);
}

#[test]
fn a_subscription_goes_on_when_its_client_comes_back() {
    let mut pair = Pair::new();
    let other = pair.connected(hello(V5, "other"));
    for topic in 0..9_000 {
        pair.send(other, retained(&format!("{topic}/x"), "m"));
    }
    let a = pair.connected(lasting(V5, "a"));
    pair.send(a, subscribe(1, &[("+/x", 0), ("+/+", 0)]));
    assert!(pair.is_paused(a));
    pair.lose(a);
    let a = pair.connected(lasting(V5, "a"));
    assert!(pair.is_paused(a));
    while pair.step().is_some() {}
    assert!(!pair.is_paused(a));
    let before = pair.seen(a).len();
    assert!(before > 9_000, "{before}");
    pair.send(a, Packet::PingReq);
    assert_eq!(pair.seen(a), ["pingresp"]);
    // The end of a session ends its work.
    pair.send(a, subscribe(2, &[("+/x", 0), ("+/+", 0)]));
    assert!(pair.is_paused(a));
    pair.seen(a);
    let again = pair.connected(hello(V5, "a"));
    assert!(!pair.is_paused(again));
    while pair.step().is_some() {}
    assert_eq!(pair.seen(again), [] as [&str; 0]);
    assert_eq!(pair.seen(a)[..], ["disconnect 0x8E", "closed"]);
}

#[test]
fn sessions_that_expire_together_end_in_steps() {
    let mut room = Room::new();
    for number in 0..9_000 {
        let client = hello(V5, &format!("c{number}")).expiry(10);
        let peer = room.pair.connected(client);
        room.pair.lose(peer);
    }
    room.pair.wait_s(9);
    room.pair.pass_s(2);
    room.pair.send(room.other, Packet::PingReq);
    let spent = room.pair.broker().spent();
    assert!(spent <= MOST, "{spent}");
    assert_eq!(room.pair.seen(room.other), ["pingresp"]);
    assert!(room.pair.broker().session_count() > 2);
    room.pair.wait_s(0);
    assert_eq!(room.pair.broker().session_count(), 2);
}

#[test]
fn a_packet_that_waits_is_a_sign_of_life() {
    let mut room = Room::new();
    room.attack(subscribe_to(&near_misses(13)), 1);
    let publisher = room.pair.connected(hello(V5, "publisher").keep_alive(10));
    let name = format!("{}x", "x/".repeat(13));
    room.pair
        .send(publisher, Packet::Publish(publish(&name, "m")));
    assert!(room.pair.is_paused(publisher));
    room.pair.pass_s(20);
    room.pair.step();
    assert_eq!(room.pair.seen(publisher), [] as [&str; 0]);
    while room.pair.step().is_some() {}
    room.pair.wait_s(20);
    assert_eq!(room.pair.seen(publisher), ["disconnect 0x8D", "closed"]);
}
