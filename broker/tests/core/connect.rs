//! CONNECT and its answers.

use std::time::Duration;

use mqtt_check_broker::Input;
use mqtt_check_broker::config::User;
use mqtt_check_codec::{
    Clause, DecodeError, Packet, PacketType, Property, ProtocolVersion, QoS, ReasonCode,
};

use crate::pair::{BOTH, Pair, V3, V5, hello, lasting, message};

const V3_1: ProtocolVersion = ProtocolVersion::V3_1;

#[test]
fn an_empty_client_id_is_assigned_one_or_refused() {
    let mut pair = Pair::new();
    let a = pair.connect(hello(V5, ""));
    let b = pair.connect(hello(V5, "").unclean());
    assert_eq!(
        pair.seen(a),
        ["connack 0x00 sp=0 AssignedClientIdentifier(\"auto0000000000000001\")"]
    );
    assert_eq!(
        pair.seen(b),
        ["connack 0x00 sp=0 AssignedClientIdentifier(\"auto0000000000000002\")"]
    );
    let c = pair.connect(hello(V3, ""));
    assert_eq!(pair.seen(c), ["connack 0x00 sp=0"]);
    for refused in [hello(V3, "").unclean(), hello(V3_1, "")] {
        let d = pair.connect(refused);
        assert_eq!(pair.seen(d), ["connack 0x02 sp=0", "closed"]);
    }
}

#[test]
fn an_assigned_client_id_is_nobody_else_s() {
    let mut pair = Pair::new();
    pair.connected(hello(V5, "auto0000000000000002"));
    let b = pair.connect(hello(V5, ""));
    assert_eq!(
        pair.seen(b),
        ["connack 0x00 sp=0 AssignedClientIdentifier(\"auto0000000000000003\")"]
    );
}

#[test]
fn version_3_1_has_short_client_ids_and_no_session_present() {
    let mut pair = Pair::new();
    let a = pair.connect(hello(V3_1, &"x".repeat(24)));
    assert_eq!(pair.seen(a), ["connack 0x02 sp=0", "closed"]);
    let a = pair.connected(hello(V3_1, &"x".repeat(23)).unclean());
    pair.disconnect(a);
    let a = pair.connect(hello(V3_1, &"x".repeat(23)).unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
}

#[test]
fn each_refusal_has_its_code_in_each_version() {
    let mut pair = Pair::with(|config| {
        config.users = Some(vec![User {
            name: "eve".into(),
            password: mqtt_check_broker::config::Secret::new(&b"apple"[..]),
        }]);
        config.maximum_client_id_bytes = Some(30);
        config.banned_clients = vec!["bad".into()];
        config.maximum_qos = QoS::AtLeastOnce;
        config.retain_available = false;
        config.check_payload_format = true;
    });
    let long = "x".repeat(31);
    let will = |change: fn(&mut mqtt_check_codec::Will)| {
        move |version, id: &str| {
            hello(version, id)
                .login("eve", "apple")
                .will_with("w", change)
        }
    };
    let qos2 = will(|will| will.qos = QoS::ExactlyOnce);
    let kept = will(|will| will.retain = true);
    let wild = will(|will| will.topic = "a/+".into());
    let lie = will(|will| {
        will.payload = bytes::Bytes::from_static(&[0xFF]);
        will.properties.push(Property::PayloadFormatIndicator(1));
    });
    for (connect, code) in [
        (hello(V5, "a"), "0x87"),
        (hello(V3, "a"), "0x05"),
        (hello(V5, "a").login("eve", "pear"), "0x86"),
        (hello(V3, "a").login("adam", "apple"), "0x04"),
        (hello(V5, &long).login("eve", "apple"), "0x85"),
        (hello(V3, &long).login("eve", "apple"), "0x02"),
        (hello(V5, "bad").login("eve", "apple"), "0x8A"),
        (hello(V3, "bad").login("eve", "apple"), "0x05"),
        (qos2(V5, "a"), "0x9B"),
        (kept(V5, "a"), "0x9A"),
        (wild(V5, "a"), "0x90"),
        (lie(V5, "a"), "0x99"),
        (
            hello(V5, "a").property(Property::AuthenticationMethod("x".into())),
            "0x8C",
        ),
    ] {
        let a = pair.connect(connect);
        // Packets after a refused CONNECT are ignored.
        pair.send(a, message(1, 1, "t", "x"));
        assert_eq!(
            pair.seen(a),
            [format!("connack {code} sp=0"), "closed".into()]
        );
    }
    for silent in [qos2(V3, "a"), kept(V3, "a"), wild(V3, "a")] {
        let a = pair.connect(silent);
        assert_eq!(pair.seen(a), ["closed"]);
    }
    assert!(pair.hooks().is_empty());
    let a = pair.connect(hello(V5, "a").login("eve", "apple"));
    assert_eq!(
        pair.seen(a),
        ["connack 0x00 sp=0 MaximumQoS(1) RetainAvailable(0)"]
    );
}

#[test]
fn too_many_connections_are_refused() {
    let mut pair = Pair::with(|config| config.maximum_connections = 1);
    pair.connected(hello(V5, "a"));
    for (version, code) in [(V3, "0x03"), (V5, "0x89")] {
        let b = pair.connect(hello(version, "b"));
        assert_eq!(
            pair.seen(b),
            [format!("connack {code} sp=0"), "closed".into()]
        );
    }
}

#[test]
fn connections_that_come_too_fast_are_refused_until_the_second_is_over() {
    let mut pair = Pair::with(|config| config.maximum_connection_rate = Some(2));
    pair.connected(hello(V5, "a"));
    pair.wait(Duration::from_millis(999));
    pair.connected(hello(V5, "b"));
    for (version, code) in [(V3, "0x03"), (V5, "0x9F")] {
        let c = pair.connect(hello(version, "c"));
        assert_eq!(
            pair.seen(c),
            [format!("connack {code} sp=0"), "closed".into()]
        );
    }
    pair.wait(Duration::from_millis(1));
    pair.connected(hello(V5, "c"));
}

#[test]
fn too_many_sessions_are_refused_and_known_ones_are_not() {
    let mut pair = Pair::with(|config| config.maximum_sessions = 1);
    let a = pair.connected(lasting(V5, "a"));
    pair.lose(a);
    for (version, code) in [(V3, "0x03"), (V5, "0x97")] {
        let b = pair.connect(hello(version, "b"));
        assert_eq!(
            pair.seen(b),
            [format!("connack {code} sp=0"), "closed".into()]
        );
    }
    pair.connected(lasting(V5, "a"));
}

#[test]
fn a_connect_over_the_broker_s_maximum_size_is_refused() {
    for (version, expected) in [
        (V3, &["closed"][..]),
        (V5, &["connack 0x95 sp=0", "closed"]),
    ] {
        let mut pair = Pair::with(|config| config.maximum_packet_size = Some(100));
        let a = pair.open();
        let connect = Packet::Connect(Box::new(hello(version, "a").into()));
        pair.send_sized(a, connect, 101);
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn the_first_packet_is_a_connect_and_the_second_is_not() {
    for (version, expected) in [(V3, &["closed"][..]), (V5, &["disconnect 0x82", "closed"])] {
        let mut pair = Pair::new();
        let a = pair.open();
        pair.send(a, Packet::PingReq);
        assert_eq!(pair.seen(a), ["closed"]);
        let a = pair.connected(hello(version, "a"));
        pair.send(a, Packet::Connect(Box::new(hello(version, "a").into())));
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn an_opened_connection_must_send_its_connect_in_time() {
    let mut pair = Pair::new();
    let a = pair.open();
    pair.wait_s(9);
    assert!(pair.seen(a).is_empty());
    pair.wait_s(1);
    assert_eq!(pair.seen(a), ["closed"]);
    let b = pair.open();
    pair.lose(b);
    let c = pair.connected(hello(V3, "c"));
    pair.wait_s(3_600);
    assert!(pair.seen(c).is_empty());
    assert_eq!(pair.broker().next_deadline(), None);
}

fn error(packet: PacketType, reason: ReasonCode) -> DecodeError {
    DecodeError {
        packet,
        field: "client_id",
        offset: 0,
        problem: "is wrong".into(),
        clause: None::<Clause>,
        reason,
    }
}

#[test]
fn a_malformed_connect_is_answered_as_its_version_has_it() {
    let malformed = ReasonCode::MALFORMED_PACKET;
    let unsupported = ReasonCode::UNSUPPORTED_PROTOCOL_VERSION;
    for (packet, version, reason, expected) in [
        (PacketType::CONNECT, Some(V3), malformed, &["closed"][..]),
        (PacketType::CONNECT, None, malformed, &["closed"]),
        (
            PacketType::CONNECT,
            Some(V5),
            malformed,
            &["connack 0x81 sp=0", "closed"],
        ),
        (
            PacketType::CONNECT,
            None,
            unsupported,
            &["connack 0x01 sp=0", "closed"],
        ),
        (PacketType::PUBLISH, None, malformed, &["closed"]),
    ] {
        let mut pair = Pair::new();
        let a = pair.open();
        pair.malformed(a, version, error(packet, reason));
        assert_eq!(pair.seen(a), expected);
        assert_eq!(pair.broker().next_deadline(), None);
    }
}

#[test]
fn malformed_bytes_end_an_accepted_connection() {
    for (version, expected) in [(V3, &["closed"][..]), (V5, &["disconnect 0x81", "closed"])] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.hooks();
        pair.malformed(
            a,
            None,
            error(PacketType::PUBLISH, ReasonCode::MALFORMED_PACKET),
        );
        assert_eq!(pair.seen(a), expected);
        assert_eq!(pair.hooks()[0], "client.disconnected a protocol_error");
    }
}

#[test]
fn what_only_servers_send_ends_the_connection() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.send(a, Packet::PingResp);
        assert_eq!(pair.seen(a).last().map(String::as_str), Some("closed"));
    }
}

#[test]
fn auth_without_a_method_is_a_protocol_error() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.send(
        a,
        Packet::Auth(mqtt_check_codec::Auth {
            reason: ReasonCode::RE_AUTHENTICATE,
            properties: [Property::AuthenticationMethod("x".into())]
                .into_iter()
                .collect(),
        }),
    );
    assert_eq!(pair.seen(a), ["disconnect 0x82", "closed"]);
}

#[test]
fn the_server_s_keep_alive_replaces_the_client_s_in_version_5() {
    let mut pair = Pair::with(|config| config.server_keep_alive = Some(10));
    let a = pair.connect(hello(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0 ServerKeepAlive(10)"]);
    let b = pair.connected(hello(V3, "b"));
    pair.wait_s(15);
    assert_eq!(pair.seen(a), ["disconnect 0x8D", "closed"]);
    assert!(pair.seen(b).is_empty());
}

#[test]
fn response_information_comes_to_those_who_ask() {
    let mut pair = Pair::with(|config| config.response_information = Some("here".into()));
    let a = pair.connect(hello(V5, "a"));
    assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    let a = pair.connect(hello(V5, "b").property(Property::RequestResponseInformation(1)));
    assert_eq!(
        pair.seen(a),
        ["connack 0x00 sp=0 ResponseInformation(\"here\")"]
    );
}

#[test]
fn a_client_that_cannot_take_even_a_connack_is_closed() {
    let mut pair = Pair::new();
    let a = pair.connect(hello(V5, "a").property(Property::MaximumPacketSize(4)));
    assert_eq!(pair.seen(a), ["closed"]);
    assert!(pair.hooks().is_empty());
}

#[test]
fn a_refusal_that_the_client_cannot_take_is_the_close_alone() {
    let mut pair = Pair::new();
    let refused = hello(V5, "a").property(Property::AuthenticationMethod("x".into()));
    let a = pair.connect(refused.property(Property::MaximumPacketSize(4)));
    assert_eq!(pair.seen(a), ["closed"]);
}

#[test]
fn input_of_a_connection_that_is_gone_has_no_effect() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.disconnect(a);
    pair.hooks();
    pair.send(a, Packet::PingReq);
    pair.lose(a);
    pair.handle(Input::Woke);
    assert_eq!(pair.seen(a), ["closed"]);
    assert!(pair.hooks().is_empty());
}

#[test]
fn nothing_behind_a_refused_connect_reaches_anybody() {
    let mut pair = Pair::with(|config| config.banned_clients = vec!["bad".into()]);
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "#", 0);
    for version in BOTH {
        let bad = pair.connect(hello(version, "bad"));
        pair.send(bad, message(0, 0, "t", "x"));
        assert!(pair.seen(watcher).is_empty());
    }
}

#[test]
fn every_client_id_of_letters_and_digits_up_to_23_bytes_is_its_own() {
    for version in BOTH {
        let mut pair = Pair::new();
        let ids = [
            "a",
            "A",
            "0123456789abcdefghijklm",
            "nopqrstuvwxyzABCDEFGHIJ",
            "KLMNOPQRSTUVWXYZ",
        ];
        let peers = ids.map(|id| pair.connected(hello(version, id)));
        for peer in peers {
            pair.send(peer, Packet::PingReq);
            assert_eq!(pair.seen(peer), ["pingresp"]);
        }
    }
}

#[test]
fn an_assigned_client_id_is_the_session_s_own() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "").expiry(60));
    pair.lose(a);
    let a = pair.connect(hello(V5, "auto0000000000000001").unclean());
    assert_eq!(pair.seen(a), ["connack 0x00 sp=1"]);
}
