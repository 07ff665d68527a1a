//! What counts as a sign of life.

use mqtt_check_codec::Packet;

use crate::pair::{BOTH, Pair, V5, ack, hello, message, subscribe, unsubscribe};

fn is_closed(seen: &[String]) -> bool {
    seen.last().is_some_and(|last| last == "closed")
}

#[test]
fn every_packet_of_the_client_is_a_sign_of_life() {
    let packets: [fn() -> Packet; 4] = [
        || message(0, 1, "t", "x"),
        || subscribe(1, &[("t", 0)]),
        || unsubscribe(1, &["t"]),
        || Packet::PingReq,
    ];
    for version in BOTH {
        for packet in packets {
            let mut pair = Pair::new();
            let a = pair.connected(hello(version, "a").keep_alive(10));
            pair.wait_s(14);
            pair.send(a, packet());
            pair.wait_s(14);
            let seen = pair.seen(a);
            assert!(!is_closed(&seen), "{:?}: {seen:?}", packet());
            pair.wait_s(1);
            assert!(is_closed(&pair.seen(a)), "{:?}", packet());
        }
    }
}

#[test]
fn every_acknowledgement_of_the_client_is_a_sign_of_life() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a").keep_alive(10));
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, message(1, 1, "t", "x"));
        pair.send(b, message(2, 2, "t", "y"));
        pair.send(b, Packet::PubRel(ack(2)));
        pair.send(a, message(2, 7, "other", "z"));
        // These are the packet ids that the broker uses first.
        let packets = [
            Packet::PubAck(ack(1)),
            Packet::PubRec(ack(2)),
            Packet::PubComp(ack(2)),
            Packet::PubRel(ack(7)),
        ];
        for packet in packets {
            pair.wait_s(14);
            pair.send(a, packet.clone());
            pair.wait_s(2);
            let seen = pair.seen(a);
            assert!(!is_closed(&seen), "{packet:?}: {seen:?}");
            pair.send(a, Packet::PingReq);
        }
    }
}

#[test]
fn what_the_server_sends_is_no_sign_of_life() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a").keep_alive(10));
        pair.subscribe(a, "t", 0);
        let b = pair.connected(hello(version, "b"));
        pair.wait_s(14);
        pair.send(b, message(0, 1, "t", "x"));
        assert_eq!(pair.seen(a), ["publish q0 t=x"]);
        pair.wait_s(1);
        assert!(is_closed(&pair.seen(a)));
    }
}

/// [5 MQTT-3.2.2-22]
#[test]
fn the_announced_keep_alive_holds_though_the_client_asked_for_another() {
    for asked_s in [1, 4, 60] {
        let mut pair = Pair::with(|config| config.server_keep_alive = Some(10));
        let a = pair.connect(hello(V5, "a").keep_alive(asked_s));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0 ServerKeepAlive(10)"]);
        pair.wait_s(14);
        assert!(pair.seen(a).is_empty(), "asked for {asked_s} s");
        pair.wait_s(1);
        assert!(is_closed(&pair.seen(a)), "asked for {asked_s} s");
    }
}
