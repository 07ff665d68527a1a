//! Each deliberate fault: the bytes that it produces, and the error that the decoder reports for them.

use bytes::Bytes;
use mqtt_check_codec::{
    Ack, Auth, Connect, CraftError, Disconnect, Form, Frame, FrameError, Lie, Packet, PacketId,
    Properties, Property, ProtocolVersion, Publish, QoS, ReasonCode, SubAck, Subscribe,
    Subscription, SubscriptionOptions, Will, notation,
};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

fn bytes(text: &str) -> Bytes {
    notation::parse(text).expect("is notation")
}

fn set(field: &str, text: &str) -> Lie {
    let (field, bytes) = (field.to_owned(), bytes(text));
    Lie::Override { field, bytes }
}

fn omit(field: &str) -> Lie {
    let field = field.to_owned();
    Lie::Omit { field }
}

fn widen(field: &str, width: u8) -> Lie {
    let field = field.to_owned();
    Lie::Widen { field, width }
}

fn repeat(field: &str, more: u16) -> Lie {
    let field = field.to_owned();
    Lie::Repeat { field, more }
}

fn after(field: &str, text: &str) -> Lie {
    let (field, bytes) = (field.to_owned(), bytes(text));
    Lie::After { field, bytes }
}

fn before(field: &str, text: &str) -> Lie {
    let (field, bytes) = (field.to_owned(), bytes(text));
    Lie::Before { field, bytes }
}

fn connect(version: ProtocolVersion) -> Packet {
    Packet::Connect(Box::new(Connect {
        version,
        clean_start: true,
        keep_alive_s: 0,
        properties: Properties::new(),
        client_id: "a".into(),
        will: None,
        username: None,
        password: None,
    }))
}

fn connect_with_all(version: ProtocolVersion) -> Packet {
    let Packet::Connect(mut connect) = connect(version) else {
        unreachable!("a CONNECT");
    };
    connect.will = Some(Will {
        topic: "w".into(),
        payload: Bytes::from_static(b"x"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: Properties::new(),
    });
    connect.username = Some("u".into());
    connect.password = Some(Bytes::from_static(b"p"));
    Packet::Connect(connect)
}

fn publish(qos: QoS, properties: Vec<Property>) -> Packet {
    Packet::Publish(Publish {
        dup: false,
        qos,
        retain: false,
        topic: "t".into(),
        packet_id: PacketId::new(7).filter(|_| qos != QoS::AtMostOnce),
        properties: Properties(properties),
        payload: Bytes::from_static(b"p"),
    })
}

fn puback() -> Packet {
    Packet::PubAck(Ack {
        packet_id: PacketId::MIN,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    })
}

fn subscribe() -> Packet {
    Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        subscriptions: vec![Subscription {
            filter: "f".into(),
            options: SubscriptionOptions::new(QoS::AtLeastOnce),
        }],
    })
}

fn disconnect() -> Packet {
    Packet::Disconnect(Disconnect {
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    })
}

/// A packet, its lies, the resulting bytes, and the field and reason code of the decoder's error.
type Case = (
    Packet,
    ProtocolVersion,
    Vec<Lie>,
    &'static str,
    Option<(&'static str, u8)>,
);

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let q0 = || publish(QoS::AtMostOnce, vec![]);
    let q1 = || publish(QoS::AtLeastOnce, vec![]);
    let aliased = || publish(QoS::AtMostOnce, vec![Property::TopicAlias(1)]);
    vec![
        // The fixed header.
        (q0(), V3, vec![set("qos", "03")], r#"36 { s"t" "p" }"#, Some(("qos", 0x81))),
        (q0(), V3, vec![set("dup", "01")], r#"38 { s"t" "p" }"#, Some(("dup", 0x82))),
        (puback(), V3, vec![set("flags", "0f")], "4f 02 0001", Some(("flags", 0x81))),
        (puback(), V3, vec![set("packet_type", "00")], "00 02 0001", Some(("packet_type", 0x81))),
        (puback(), V3, vec![set("fixed_header", "f0")], "f0 02 0001", Some(("packet_type", 0x81))),
        (q0(), V5, vec![widen("remaining_length", 3)], r#"30 85 80 00 s"t" 00 "p""#, Some(("remaining_length", 0x81))),
        (q0(), V3, vec![widen("remaining_length", 4)], r#"30 84 80 80 00 s"t" "p""#, None),
        // Strings.
        (q0(), V5, vec![set("topic", r#""\xc3\x28""#)], r#"30 { s"\xc3\x28" 00 "p" }"#, Some(("topic", 0x81))),
        (q0(), V5, vec![set("topic", r#""a\x00""#)], r#"30 { s"a\x00" 00 "p" }"#, Some(("topic", 0x81))),
        (q0(), V5, vec![set("topic", r#""a/+""#)], r#"30 { s"a/+" 00 "p" }"#, Some(("topic", 0x81))),
        (q0(), V5, vec![set("topic", "")], r#"30 { s"" 00 "p" }"#, Some(("topic", 0x82))),
        (q0(), V5, vec![set("topic.length", "00ff")], r#"30 { 00ff "t" 00 "p" }"#, Some(("topic", 0x81))),
        (q0(), V3, vec![set("topic.length", "0000")], r#"30 { 0000 "tp" }"#, Some(("topic", 0x81))),
        (q0(), V3, vec![omit("topic.length")], r#"30 { "tp" }"#, Some(("topic", 0x81))),
        (q0(), V3, vec![omit("topic"), omit("payload")], "30 00", Some(("topic", 0x81))),
        // Packet identifiers.
        (q1(), V3, vec![set("packet_id", "0000")], r#"32 { s"t" 0000 "p" }"#, Some(("packet_id", 0x82))),
        (q1(), V3, vec![omit("packet_id")], r#"32 { s"t" "p" }"#, Some(("packet_id", 0x81))),
        (q0(), V3, vec![set("packet_id", "0009")], r#"30 { s"t" 0009 "p" }"#, None),
        (puback(), V3, vec![omit("packet_id")], "40 00", Some(("packet_id", 0x81))),
        // Properties.
        (aliased(), V5, vec![repeat("topic_alias", 1)], r#"30 { s"t" { 23 0001 23 0001 } "p" }"#, Some(("topic_alias", 0x82))),
        (aliased(), V5, vec![set("topic_alias", "0000")], r#"30 { s"t" { 23 0000 } "p" }"#, Some(("topic_alias", 0x94))),
        (aliased(), V5, vec![set("topic_alias.id", "7f")], r#"30 { s"t" { 7f 0001 } "p" }"#, Some(("property_id", 0x81))),
        (aliased(), V5, vec![widen("topic_alias.id", 2)], r#"30 { s"t" { a300 0001 } "p" }"#, Some(("topic_alias", 0x81))),
        (aliased(), V5, vec![set("topic_alias", "01")], r#"30 { s"t" { 23 01 } "p" }"#, Some(("topic_alias", 0x81))),
        (aliased(), V5, vec![omit("topic_alias")], r#"30 { s"t" {} "p" }"#, None),
        (q0(), V5, vec![Lie::Properties(bytes("11 u32(1)"))], r#"30 { s"t" { 11 u32(1) } "p" }"#, Some(("session_expiry_interval", 0x81))),
        (q0(), V5, vec![set("property_length", "05")], r#"30 { s"t" 05 "p" }"#, Some(("property_length", 0x81))),
        (q0(), V5, vec![widen("property_length", 2)], r#"30 { s"t" 8000 "p" }"#, Some(("property_length", 0x81))),
        (q0(), V5, vec![omit("properties"), omit("payload")], r#"30 { s"t" }"#, Some(("property_length", 0x81))),
        (puback(), V3, vec![Lie::Properties(bytes(""))], "40 { 0001 00 00 }", Some(("trailing_bytes", 0x81))),
        (connect(V3), V3, vec![Lie::Properties(bytes("21 0001"))], r#"10 { s"MQTT" 04 02 0000 { 21 0001 } s"a" }"#, Some(("client_id", 0x81))),
        (connect(V5), V5, vec![omit("properties")], r#"10 { s"MQTT" 05 02 0000 s"a" }"#, Some(("client_id", 0x81))),
        (
            publish(QoS::AtMostOnce, vec![Property::UserProperty("k".into(), "v".into())]), V5,
            vec![set("user_properties[0].name", "c328")],
            r#"30 { s"t" { 26 s"\xc3\x28" s"v" } "p" }"#, Some(("user_properties", 0x81)),
        ),
        (
            publish(QoS::AtMostOnce, vec![Property::UserProperty("k".into(), "v".into())]), V5,
            vec![set("user_properties.value.length", "0005")],
            r#"30 { s"t" { 26 s"k" 0005 "v" } "p" }"#, Some(("user_properties", 0x81)),
        ),
        // CONNECT.
        (connect(V3), V3, vec![set("protocol_name", r#""mqtt""#)], r#"10 { s"mqtt" 04 02 0000 s"a" }"#, Some(("protocol_name", 0x84))),
        (connect(V5), V5, vec![set("protocol_level", "06")], r#"10 { s"MQTT" 06 02 0000 00 s"a" }"#, Some(("protocol_level", 0x84))),
        (connect(V3), V3, vec![set("reserved", "01")], r#"10 { s"MQTT" 04 03 0000 s"a" }"#, Some(("connect_flags", 0x81))),
        (connect(V3), V3, vec![set("connect_flags", "ff")], r#"10 { s"MQTT" 04 ff 0000 s"a" }"#, Some(("connect_flags", 0x81))),
        (connect(V3), V3, vec![set("will_qos", "01")], r#"10 { s"MQTT" 04 0a 0000 s"a" }"#, Some(("will_qos", 0x81))),
        (connect(V3), V3, vec![set("will_retain", "01")], r#"10 { s"MQTT" 04 22 0000 s"a" }"#, Some(("will_retain", 0x81))),
        (connect(V3), V3, vec![set("will_flag", "01")], r#"10 { s"MQTT" 04 06 0000 s"a" }"#, Some(("will_topic", 0x81))),
        (connect(V5), V5, vec![set("will_flag", "01")], r#"10 { s"MQTT" 05 06 0000 00 s"a" }"#, Some(("will_property_length", 0x81))),
        (connect(V3), V3, vec![set("password_flag", "01")], r#"10 { s"MQTT" 04 42 0000 s"a" }"#, Some(("password_flag", 0x81))),
        (connect(V5), V5, vec![set("password_flag", "01")], r#"10 { s"MQTT" 05 42 0000 00 s"a" }"#, Some(("password", 0x81))),
        (connect(V3), V3, vec![set("username_flag", "01")], r#"10 { s"MQTT" 04 82 0000 s"a" }"#, Some(("username", 0x81))),
        (connect(V3), V3, vec![set("username", r#""u""#)], r#"10 { s"MQTT" 04 02 0000 s"a" s"u" }"#, Some(("trailing_bytes", 0x81))),
        (connect_with_all(V3), V3, vec![set("will_qos", "03")], r#"10 { s"MQTT" 04 fe 0000 s"a" s"w" s"x" s"u" s"p" }"#, Some(("will_qos", 0x81))),
        (connect_with_all(V5), V5, vec![set("will_topic", "23")], r##"10 { s"MQTT" 05 ee 0000 00 s"a" 00 s"#" s"x" s"u" s"p" }"##, Some(("will_topic", 0x81))),
        (connect_with_all(V5), V5, vec![omit("client_id")], r#"10 { s"MQTT" 05 ee 0000 00 00 s"w" s"x" s"u" s"p" }"#, Some(("property_id", 0x81))),
        (connect_with_all(V3), V3, vec![Lie::Append(bytes("00"))], r#"10 { s"MQTT" 04 ee 0000 s"a" s"w" s"x" s"u" s"p" 00 }"#, Some(("trailing_bytes", 0x81))),
        (connect_with_all(V3), V3, vec![set("username", "ff")], r#"10 { s"MQTT" 04 ee 0000 s"a" s"w" s"x" s"\xff" s"p" }"#, Some(("username", 0x81))),
        (connect_with_all(V3), V3, vec![set("password", "ff")], r#"10 { s"MQTT" 04 ee 0000 s"a" s"w" s"x" s"u" s"\xff" }"#, None),
        // SUBSCRIBE.
        (subscribe(), V5, vec![set("options[0]", "c1")], r#"82 { 0001 00 s"f" c1 }"#, Some(("options", 0x81))),
        (subscribe(), V3, vec![set("reserved", "3f")], r#"82 { 0001 s"f" fd }"#, Some(("options", 0x81))),
        (subscribe(), V5, vec![set("qos", "03")], r#"82 { 0001 00 s"f" 03 }"#, Some(("qos", 0x82))),
        (subscribe(), V5, vec![set("retain_handling[0]", "03")], r#"82 { 0001 00 s"f" 31 }"#, Some(("retain_handling", 0x82))),
        (subscribe(), V5, vec![omit("subscription[0]")], "82 { 0001 00 }", Some(("filter", 0x82))),
        (subscribe(), V3, vec![omit("options")], r#"82 { 0001 s"f" }"#, Some(("options", 0x81))),
        (subscribe(), V3, vec![repeat("subscription", 2)], r#"82 { 0001 (s"f" 01)*3 }"#, None),
        (subscribe(), V5, vec![set("filter[0]", r#""$share/g/f""#), set("no_local[0]", "01")], r#"82 { 0001 00 s"$share/g/f" 05 }"#, Some(("no_local", 0x82))),
        // The forms of acknowledgements, and packets that have only one form.
        (puback(), V5, vec![set("reason", "00")], "40 { 0001 00 }", None),
        (puback(), V5, vec![set("reason", "c7")], "40 { 0001 c7 }", None),
        (puback(), V5, vec![Lie::Properties(bytes(""))], "40 { 0001 00 00 }", None),
        (puback(), V3, vec![set("reason", "00")], "40 { 0001 00 }", Some(("trailing_bytes", 0x81))),
        (disconnect(), V5, vec![Lie::Properties(bytes("11 u32(0)"))], "e0 { 00 { 11 u32(0) } }", None),
        (Packet::PingReq, V3, vec![Lie::Append(bytes("ff"))], "c0 01 ff", Some(("trailing_bytes", 0x81))),
        (
            Packet::Auth(Auth { reason: ReasonCode::RE_AUTHENTICATE, properties: Properties::new() }), V5, vec![],
            "f0 { 19 00 }", Some(("authentication_method", 0x82)),
        ),
        (
            Packet::SubAck(SubAck { packet_id: PacketId::MIN, properties: Properties::new(), reasons: vec![ReasonCode::SUCCESS] }),
            V3, vec![omit("reasons[0]")], "90 { 0001 }", Some(("reasons", 0x81)),
        ),
        // Bytes beside a field.
        (puback(), V3, vec![before("packet_id", "ff")], "40 { ff 0001 }", Some(("trailing_bytes", 0x81))),
        (connect(V3), V3, vec![after("keep_alive", "00")], r#"10 { s"MQTT" 04 02 0000 00 s"a" }"#, Some(("trailing_bytes", 0x81))),
    ]
}

#[test]
fn each_lie_makes_its_bytes_and_is_detected() {
    for (packet, version, lies, expected_bytes, expected) in cases() {
        let crafted = packet.craft(version, Form::Short, &lies);
        let crafted = crafted.unwrap_or_else(|e| panic!("{packet:?} {lies:?}: {e}"));
        assert_eq!(
            notation::write(&crafted),
            notation::write(&bytes(expected_bytes)),
            "{packet:?} {lies:?}"
        );
        let frame = Frame::from_bytes(crafted).expect("its length is right");
        let found = Packet::decode(&frame, version);
        let found = found.err().map(|e| (e.field, e.reason.0));
        assert_eq!(found, expected, "{packet:?} {lies:?}");
    }
}

#[test]
fn a_remaining_length_can_lie() {
    let length = |text| {
        let lies = [set("remaining_length", text)];
        let crafted = puback().craft(V3, Form::Short, &lies).expect("can be told");
        Frame::from_bytes(crafted)
    };
    assert_eq!(length("03"), Err(FrameError::Incomplete { missing: 1 }));
    assert_eq!(length("01"), Err(FrameError::Trailing { extra: 1 }));
    assert_eq!(length("ff ff ff ff 7f"), Err(FrameError::LengthTooLong));
    assert_eq!(length(""), Err(FrameError::Trailing { extra: 1 }));
    let lies = [widen("remaining_length", 5)];
    let crafted = puback().craft(V3, Form::Short, &lies).expect("can be told");
    assert_eq!(crafted[..], bytes("40 82 80 80 80 00 0001")[..]);
}

#[test]
fn bytes_can_follow_and_be_cut_off() {
    let craft = |lies: &[Lie]| puback().craft(V3, Form::Short, lies).expect("can be told");
    assert_eq!(
        craft(&[Lie::Trailing(bytes("c000"))])[..],
        bytes("40020001 c000")[..]
    );
    assert_eq!(craft(&[Lie::Cut(3)])[..], bytes("400200")[..]);
    let both = [Lie::Cut(5), Lie::Trailing(bytes("c000"))];
    assert_eq!(craft(&both)[..], bytes("40020001 c0")[..]);
}

#[test]
fn forms_differ_where_a_packet_may_end_early() {
    let craft = |packet: &Packet, form| packet.craft(V5, form, &[]).expect("has no lies");
    let forms = [Form::Short, Form::WithReason, Form::Full];
    for (form, expected) in forms
        .into_iter()
        .zip(["40020001", "4003000100", "400400010000"])
    {
        assert_eq!(craft(&puback(), form)[..], bytes(expected)[..]);
    }
    for (form, expected) in forms.into_iter().zip(["e000", "e00100", "e0020000"]) {
        assert_eq!(craft(&disconnect(), form)[..], bytes(expected)[..]);
    }
}

#[test]
fn impossible_lies_are_errors() {
    let error = |packet: Packet, lie: Lie| {
        let crafted = packet.craft(V5, Form::Short, &[lie]);
        crafted.expect_err("cannot be told").to_string()
    };
    let q0 = || publish(QoS::AtMostOnce, vec![]);
    assert_eq!(
        error(q0(), set("topik", "00")),
        "PUBLISH has no field \"topik\""
    );
    assert_eq!(
        error(q0(), set("qos", "04")),
        "qos: needs one byte from 00 to 03"
    );
    assert_eq!(
        error(q0(), set("qos", "0001")),
        "qos: needs one byte from 00 to 03"
    );
    assert_eq!(
        error(q0(), omit("qos")),
        "qos: is smaller than a byte: only fixed_header can be changed this way"
    );
    assert_eq!(
        error(q0(), widen("topic", 2)),
        "topic: is not a Variable Byte Integer, so its width cannot change"
    );
    let large = Lie::Override {
        field: "payload".into(),
        bytes: vec![0; 300].into(),
    };
    let both = [large, widen("remaining_length", 1)];
    let error_of_both = q0()
        .craft(V5, Form::Short, &both)
        .expect_err("cannot be told");
    assert_eq!(
        error_of_both.to_string(),
        "remaining_length: is 304, which cannot be written in 1 bytes"
    );
    let long = Lie::Override {
        field: "topic".into(),
        bytes: vec![b'x'; 65_536].into(),
    };
    assert!(error(q0(), long).contains("65535"));
    let huge = Lie::Override {
        field: "payload".into(),
        bytes: vec![0; 1 << 20].into(),
    };
    let many = q0().craft(V5, Form::Short, &[huge, repeat("payload", u16::MAX)]);
    assert!(matches!(many, Err(CraftError::Impossible { .. })));
    let Err(CraftError::UnknownField { known, .. }) = q0().craft(V5, Form::Short, &[omit("x")])
    else {
        panic!("x is no field");
    };
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    assert_eq!(
        known.join(" "),
        "fixed_header packet_type flags dup qos retain remaining_length body \
         topic.length topic packet_id property_length properties payload"
    );
}
