//! Packets as lines of text. Every snapshot contains them: change their form with care.

use mqtt_check_codec::{Frame, Packet, ProtocolVersion, notation};

fn described(version: ProtocolVersion, text: &str) -> String {
    let bytes = notation::parse(text).expect("is notation");
    let frame = Frame::from_bytes(bytes).expect("is one frame");
    let packet = Packet::decode(&frame, version).expect("is a packet");
    packet.describe(version)
}

#[test]
fn version_5() {
    let cases = [
        (
            r#"10 { s"MQTT" 05 02 003c { 11 u32(0xffffffff) 21 000a } s"a" }"#,
            r#"CONNECT version=5 clean_start=1 keep_alive=60 session_expiry_interval=4294967295 receive_maximum=10 client_id="a""#,
        ),
        (
            r#"10 { s"MQTT" 05 ec 0000 {} s"" { 18 u32(5) 26 s"k" s"v" } s"w" s"\x00" s"u" s"p" }"#,
            r#"CONNECT version=5 will_retain=1 will_qos=1 clean_start=0 keep_alive=0 client_id="" will_delay_interval=5 will_user_properties="k":"v" will_topic="w" will_payload=0x00 username="u" password="p""#,
        ),
        (
            r#"20 { 01 00 { 12 s"auto-1" 24 01 } }"#,
            r#"CONNACK session_present=1 reason=success assigned_client_identifier="auto-1" maximum_qos=1"#,
        ),
        ("20 { 00 c7 {} }", "CONNACK session_present=0 reason=0xC7"),
        (
            r#"3b { s"a/b" 0003 { 23 0001 26 s"a" s"1" 26 s"a" s"2" 0b 01 0b c102 } "Hello" }"#,
            r#"PUBLISH dup=1 qos=1 retain=1 topic="a/b" packet_id=3 topic_alias=1 user_properties="a":"1" user_properties="a":"2" subscription_identifier=1 subscription_identifier=321 payload="Hello""#,
        ),
        (r#"30 { s"t" {} }"#, r#"PUBLISH qos=0 topic="t" payload="""#),
        ("40 { 0001 }", "PUBACK packet_id=1 reason=success"),
        (
            "40 { 0001 10 }",
            "PUBACK packet_id=1 reason=no_matching_subscribers",
        ),
        (
            r#"50 { 0001 80 { 1f s"no\n" } }"#,
            r#"PUBREC packet_id=1 reason=unspecified_error reason_string="no\n""#,
        ),
        (
            r#"82 { 0001 { 0b 07 } s"a/#" 01 s"$share/g/b" 28 }"#,
            r##"SUBSCRIBE packet_id=1 subscription_identifier=7 filter="a/#" qos=1 filter="$share/g/b" retain_handling=2 retain_as_published=1 qos=0"##,
        ),
        (
            "90 { 0001 {} 00 02 87 }",
            "SUBACK packet_id=1 reasons=granted_qos_0,granted_qos_2,not_authorized",
        ),
        (
            r#"a2 { 0001 {} s"a" s"b" }"#,
            r#"UNSUBSCRIBE packet_id=1 filter="a" filter="b""#,
        ),
        (
            "b0 { 0001 {} 00 11 }",
            "UNSUBACK packet_id=1 reasons=success,no_subscription_existed",
        ),
        ("e0 00", "DISCONNECT reason=normal_disconnection"),
        ("e0 { 8e }", "DISCONNECT reason=session_taken_over"),
        (
            r#"f0 { 18 { 15 s"m" 16 s"\xff" } }"#,
            r#"AUTH reason=continue_authentication authentication_method="m" authentication_data=0xff"#,
        ),
        ("c0 00", "PINGREQ"),
    ];
    for (text, line) in cases {
        assert_eq!(described(ProtocolVersion::V5, text), line, "{text}");
    }
}

#[test]
fn version_3_1_1() {
    let cases = [
        (
            r#"10 { s"MQTT" 04 02 003c s"a" }"#,
            r#"CONNECT version=3.1.1 clean_session=1 keep_alive=60 client_id="a""#,
        ),
        (
            r#"10 { s"MQIsdp" 03 00 0000 s"a" }"#,
            r#"CONNECT version=3.1 clean_session=0 keep_alive=0 client_id="a""#,
        ),
        (
            "20 { 00 02 }",
            "CONNACK session_present=0 reason=identifier_rejected",
        ),
        ("40 { 0001 }", "PUBACK packet_id=1"),
        ("62 { 0001 }", "PUBREL packet_id=1"),
        (
            r#"82 { 0001 s"a" 02 }"#,
            r#"SUBSCRIBE packet_id=1 filter="a" qos=2"#,
        ),
        (
            "90 { 0001 80 03 }",
            "SUBACK packet_id=1 reasons=failure,0x03",
        ),
        ("b0 { 0001 }", "UNSUBACK packet_id=1"),
        ("e0 00", "DISCONNECT"),
    ];
    for (text, line) in cases {
        assert_eq!(described(ProtocolVersion::V3_1_1, text), line, "{text}");
    }
}
