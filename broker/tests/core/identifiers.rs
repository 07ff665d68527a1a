//! Subscription Identifiers: which ones a message has, however it is delivered.

use mqtt_check_codec::{Property, SubscriptionOptions};

use crate::pair::{Pair, Peer, V5, hello, lasting, message, qos, subscribe_with, unsubscribe};

/// Subscribes with this identifier, or with none.
fn subscribe(pair: &mut Pair, peer: Peer, filter: &str, identifier: Option<u32>) {
    let identifier = identifier.map(Property::SubscriptionIdentifier);
    let options = SubscriptionOptions::new(qos(2));
    pair.send(peer, subscribe_with(1, identifier, [(filter, options)]));
    assert_eq!(pair.seen(peer), ["suback id=1 02"]);
}

/// [5 MQTT-3.8.4-3]
#[test]
fn subscribing_again_without_an_identifier_takes_the_old_one_away() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    subscribe(&mut pair, a, "t", Some(7));
    subscribe(&mut pair, a, "t", None);
    pair.send(a, message(0, 0, "t", "x"));
    assert_eq!(pair.seen(a), ["publish q0 t=x"]);
}

#[test]
fn the_identifier_of_a_removed_subscription_does_not_come_back() {
    for reconnects in [false, true] {
        let mut pair = Pair::new();
        let mut a = pair.connected(lasting(V5, "a"));
        subscribe(&mut pair, a, "t", Some(7));
        pair.send(a, unsubscribe(2, &["t"]));
        assert_eq!(pair.seen(a), ["unsuback id=2 00"]);
        if reconnects {
            pair.lose(a);
            a = pair.connected(lasting(V5, "a"));
        }
        subscribe(&mut pair, a, "t", None);
        pair.send(a, message(0, 0, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
    }
}

/// [5 MQTT-3.3.4-5]
#[test]
fn a_plain_and_a_shared_subscription_of_one_client_keep_their_identifiers_apart() {
    for (plain, shared) in [
        (Some(1), Some(2)),
        (Some(2), Some(1)),
        (None, Some(2)),
        (Some(1), None),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        subscribe(&mut pair, a, "t", plain);
        subscribe(&mut pair, a, "$share/g/t", shared);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, message(0, 0, "t", "x"));
        let mut seen = pair.seen(a);
        let mut expected = [plain, shared].map(|identifier| match identifier {
            Some(number) => format!("publish q0 t=x SubscriptionIdentifier({number})"),
            None => "publish q0 t=x".to_owned(),
        });
        // The broker may choose the order of the two.
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

/// Returns a client with two overlapping subscriptions, each with an identifier, and a publisher.
fn overlapping() -> (Pair, Peer, Peer) {
    let mut pair = Pair::new();
    let a = pair.connected(lasting(V5, "a"));
    for (filter, number) in [("t/#", 1), ("t/+", 2)] {
        subscribe(&mut pair, a, filter, Some(number));
    }
    let b = pair.connected(hello(V5, "b"));
    (pair, a, b)
}

const BOTH_IDENTIFIERS: &str = "SubscriptionIdentifier(1) SubscriptionIdentifier(2)";

/// [5 MQTT-3.3.4-4]
#[test]
fn a_message_that_waited_carries_the_identifiers_of_all_matching_subscriptions() {
    for level in [1, 2] {
        let (mut pair, a, b) = overlapping();
        pair.lose(a);
        pair.send(b, message(level, 1, "t/x", "m"));
        let a = pair.connected(lasting(V5, "a"));
        let whole = format!("publish q{level} id=1 t/x=m {BOTH_IDENTIFIERS}");
        assert_eq!(pair.seen(a), [whole]);
    }
}

#[test]
fn a_message_is_sent_again_with_all_its_identifiers() {
    for level in [1, 2] {
        let (mut pair, a, b) = overlapping();
        pair.send(b, message(level, 1, "t/x", "m"));
        let sent = pair.seen(a);
        assert_eq!(sent.len(), 1, "{sent:?}");
        pair.lose(a);
        let a = pair.connected(lasting(V5, "a"));
        let whole = format!("publish q{level} id=1 dup t/x=m {BOTH_IDENTIFIERS}");
        assert_eq!(pair.seen(a), [whole]);
    }
}
