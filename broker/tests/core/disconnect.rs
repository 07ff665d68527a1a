//! How connections end, and what is said about it.

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
