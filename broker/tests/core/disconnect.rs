//! How connections end, and what the events report about it.

use mqtt_check_codec::Property;

use crate::pair::{BOTH, Pair, V5, disconnect, hello, lasting};

#[test]
fn every_end_has_its_reason() {
    for (code, reason) in [
        (0x00, "normal"),
        (0x04, "with_will"),
        (0x80, "client_error"),
        (0x98, "client_error"),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.hooks();
        pair.send(a, disconnect(code, []));
        assert_eq!(pair.seen(a), ["closed"]);
        assert_eq!(pair.hooks()[0], format!("client.disconnected a {reason}"));
    }
}

#[test]
fn a_code_that_a_client_must_not_send_is_a_protocol_error() {
    for code in [0x01, 0x87, 0x8B, 0x8E, 0x9C, 0xFF] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.send(a, disconnect(code, []));
        assert_eq!(pair.seen(a), ["disconnect 0x82", "closed"]);
    }
}

#[test]
fn a_lost_connection_leaves_a_lasting_session() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.hooks();
        pair.lose(a);
        assert_eq!(pair.hooks(), ["client.disconnected a connection_lost"]);
        assert_eq!(pair.broker().session_count(), 1);
        assert!(!pair.broker().is_connected("a"));
    }
}

/// [5 MQTT-3.14.4-3]
#[test]
fn a_normal_disconnect_is_one_though_it_explains_itself() {
    for explanation in [
        Property::ReasonString("done".into()),
        Property::UserProperty("why".into(), "done".into()),
    ] {
        let mut pair = Pair::new();
        let watcher = pair.connected(hello(V5, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let a = pair.connected(hello(V5, "a").will("w"));
        pair.hooks();
        pair.send(a, disconnect(0, [explanation]));
        assert_eq!(pair.seen(a), ["closed"]);
        assert_eq!(pair.hooks()[0], "client.disconnected a normal");
        assert!(pair.seen(watcher).is_empty());
    }
}
