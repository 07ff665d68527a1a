//! Windows, acknowledgements, and what is sent again.

use mqtt_check_broker::{Config, Fault};
use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish, SubscriptionOptions};

use super::{back, end, keeper, reader, rich, shows, shows_with, texts, writer};
use crate::details::{kept, options};
use crate::pair::{BOTH, Pair, Peer, V5, ack, hello, id, message, publish, qos, subscribe_with};

/// A client that is sent one message at a time.
fn one_at_a_time(pair: &mut Pair) -> Peer {
    pair.connected(hello(V5, "reader").property(Property::ReceiveMaximum(1)))
}

fn no_local(level: u8) -> SubscriptionOptions {
    SubscriptionOptions {
        no_local: true,
        ..options(level)
    }
}

#[test]
fn no_local_withholds_and_takes_no_room() {
    let right = ["publish q1 id=1 u=x"];
    for level in [0, 1] {
        let wrong = match level {
            0 => &right[..],
            _ => &right[..0],
        };
        shows(Fault::NoLocalFillsWindow, &right, wrong, |pair| {
            let own = one_at_a_time(pair);
            pair.send(own, subscribe_with(1, [], [("t", no_local(1))]));
            pair.subscribe(own, "u", 1);
            pair.send(own, message(level, 1, "t", "own"));
            pair.seen(own);
            let writer = writer(pair, V5);
            pair.send(writer, message(1, 1, "u", "x"));
            pair.seen(own)
        });
    }
    shows(Fault::NoLocalFillsWindow, &right, &[], |pair| {
        let own = one_at_a_time(pair);
        pair.subscribe(own, "u", 1);
        pair.send(own, Packet::Publish(kept(1, "t", "own")));
        pair.send(own, subscribe_with(1, [], [("t", no_local(1))]));
        pair.seen(own);
        pair.send(own, message(1, 1, "u", "x"));
        pair.seen(own)
            .into_iter()
            .filter(|line| line.starts_with("publish"))
            .collect()
    });
    let right = ["publish q1 id=1 u=1"];
    let wrong = [right[0], "publish q0 t=behind"];
    shows(Fault::NoLocalIgnoredWhenWaiting, &right, &wrong, |pair| {
        let own = one_at_a_time(pair);
        pair.subscribe(own, "u", 1);
        pair.send(own, subscribe_with(1, [], [("t", no_local(0))]));
        pair.seen(own);
        let writer = writer(pair, V5);
        pair.send(writer, message(1, 1, "u", "1"));
        // The window is full, but nothing waits.
        pair.send(own, message(0, 0, "t", "full"));
        pair.send(writer, message(1, 2, "u", "2"));
        pair.send(own, message(0, 0, "t", "behind"));
        pair.seen(own)
    });
}

#[test]
fn a_message_in_flight_is_owed_although_it_expires() {
    let aging = || Publish {
        qos: qos(1),
        packet_id: Some(id(1)),
        ..publish("t", "1")
    };
    let expiry = || [Property::MessageExpiryInterval(1)];
    let fault = Fault::ExpiredInflightKeepsWindow;
    shows(fault, &["publish q1 id=2 t=2"], &[], |pair| {
        let reader = one_at_a_time(pair);
        pair.subscribe(reader, "t", 1);
        let writer = writer(pair, V5);
        pair.send(writer, rich(expiry(), aging()));
        pair.seen(reader);
        pair.wait_s(5);
        pair.send(reader, Packet::PubAck(ack(1)));
        pair.send(writer, message(1, 2, "t", "2"));
        pair.seen(reader)
    });
    shows(fault, &["1", "2"], &["2"], |pair| {
        let away = keeper(pair, V5, 1);
        let writer = writer(pair, V5);
        pair.send(writer, rich(expiry(), aging()));
        pair.send(writer, message(1, 2, "t", "2"));
        pair.lose(away);
        pair.wait_s(5);
        let away = back(pair, V5);
        texts(pair, away)
    });
}

#[test]
fn refusals_have_their_reason_code() {
    let right = ["puback id=1 0x87", "pubrec id=2 0x87", "pubcomp id=3 0x92"];
    let wrong = ["puback id=1 0x87", "pubrec id=2", "pubcomp id=3"];
    let forbid = |config: &mut Config| config.dollar_topics = false;
    let fault = Fault::Qos2RefusalsShownSuccess;
    shows_with(forbid, fault, &right, &wrong, |pair| {
        let writer = writer(pair, V5);
        pair.send(writer, message(1, 1, "$x", ""));
        pair.send(writer, message(2, 2, "$x", ""));
        pair.send(writer, Packet::PubRel(ack(3)));
        pair.seen(writer)
    });
}

#[test]
fn all_that_is_owed_is_sent_again() {
    for version in BOTH {
        let right = [
            "publish q2 id=2 dup t=2",
            "pubrel id=1",
            "publish q2 id=3 dup t=3",
        ];
        shows(Fault::PubrelEndsResend, &right, &right[..1], |pair| {
            let away = keeper(pair, version, 2);
            let writer = writer(pair, version);
            pair.send(writer, message(2, 1, "t", "1"));
            pair.send(writer, message(2, 2, "t", "2"));
            pair.send(away, Packet::PubRec(ack(1)));
            pair.send(writer, message(2, 3, "t", "3"));
            pair.lose(away);
            let away = back(pair, version);
            pair.seen(away)
        });
    }
}

#[test]
fn acknowledgements_end_no_connection() {
    for version in BOTH {
        let wrong = end(version, "disconnect 0x82");
        let fault = Fault::ResumedPubcompEndsConnection;
        shows(fault, &[], &wrong, |pair| {
            let reader = begun(pair, version);
            pair.send(reader, Packet::PubRec(ack(1)));
            pair.send(reader, Packet::PubComp(ack(1)));
            assert_eq!(pair.seen(reader), ["pubrel id=1"]);
            let writer = pair.connected(hello(version, "other"));
            pair.send(writer, message(2, 1, "t", "2"));
            pair.send(reader, Packet::PubRec(ack(2)));
            pair.lose(reader);
            let reader = back(pair, version);
            assert_eq!(pair.seen(reader), ["pubrel id=2"]);
            // A message that is released for the first time on this connection.
            pair.send(writer, message(2, 2, "t", "3"));
            pair.send(reader, Packet::PubRec(ack(3)));
            pair.send(reader, Packet::PubComp(ack(3)));
            let seen = pair.seen(reader);
            assert_eq!(seen, ["publish q2 id=3 t=3", "pubrel id=3"]);
            pair.send(reader, Packet::PubComp(ack(2)));
            pair.seen(reader)
        });
    }
}

/// A client whose session lasts, and that was sent a QoS 2 message.
fn begun(pair: &mut Pair, version: ProtocolVersion) -> Peer {
    let reader = keeper(pair, version, 2);
    let writer = writer(pair, version);
    pair.send(writer, message(2, 1, "t", "1"));
    assert_eq!(pair.seen(reader), ["publish q2 id=1 t=1"]);
    reader
}

#[test]
fn a_long_topic_is_released_like_others() {
    for version in BOTH {
        let right = ["pubrec id=1", "pubcomp id=1", "1"];
        let mut wrong = vec!["pubrec id=1"];
        wrong.extend(end(version, "disconnect 0x80"));
        wrong.push("0");
        for length in [200, 201] {
            let wrong = match length {
                200 => &right[..],
                _ => &wrong[..],
            };
            shows(Fault::LongTopicCutAtRelease, &right, wrong, |pair| {
                let reader = reader(pair, version, "reader", "#", 0);
                let writer = writer(pair, version);
                pair.send(writer, message(2, 1, &"t".repeat(length), "x"));
                pair.send(writer, Packet::PubRel(ack(1)));
                let mut all = pair.seen(writer);
                all.push(pair.seen(reader).len().to_string());
                all
            });
        }
    }
}
