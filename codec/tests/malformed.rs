//! What is wrong with a packet: the field, where it stands, the clause and the reason code. Each row has one
//! fault.

use std::collections::BTreeSet;

use mqtt_check_codec::{
    Clause, DecodeError, Frame, Packet, ProtocolVersion, cited_clauses, notation,
};

const V31: ProtocolVersion = ProtocolVersion::V3_1;
const V311: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

fn decode(version: ProtocolVersion, text: &str) -> Result<Packet, DecodeError> {
    let bytes = notation::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let frame = Frame::from_bytes(bytes).unwrap_or_else(|e| panic!("{text}: {e}"));
    Packet::decode(&frame, version)
}

/// Version of the connection, packet, field, offset, clause (empty for none), reason code.
type Row = (
    ProtocolVersion,
    &'static str,
    &'static str,
    usize,
    &'static str,
    u8,
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Fixed header.
    (V311, "00 00", "packet_type", 0, "", 0x81),
    (V5, "00 00", "packet_type", 0, "", 0x81),
    (V311, "f0 00", "packet_type", 0, "", 0x81),
    (V311, r#"11 { s"MQTT" 04 02 0000 s"a" }"#, "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V5, r#"18 { s"MQTT" 05 02 0000 {} s"a" }"#, "flags", 0, "5 MQTT-2.1.3-1", 0x81),
    (V311, "21 { 00 00 }", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V311, "41 { 0001 }", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V5, "42 { 0001 }", "flags", 0, "5 MQTT-2.1.3-1", 0x81),
    (V5, "50 { 0001 } # right", "", 0, "", 0),
    (V5, "52 { 0001 }", "flags", 0, "5 MQTT-2.1.3-1", 0x81),
    (V311, "60 { 0001 }", "flags", 0, "3.1.1 MQTT-3.6.1-1", 0x81),
    (V5, "6a { 0001 }", "flags", 0, "5 MQTT-3.6.1-1", 0x81),
    (V31, "6a { 0001 } # DUP, which 3.1 allows here", "", 0, "", 0),
    (V31, "66 { 0001 }", "flags", 0, "3.1.1 MQTT-3.6.1-1", 0x81),
    (V311, "72 { 0001 }", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V311, r#"80 { 0001 s"a" 00 }"#, "flags", 0, "3.1.1 MQTT-3.8.1-1", 0x81),
    (V5, r#"8a { 0001 {} s"a" 00 }"#, "flags", 0, "5 MQTT-3.8.1-1", 0x81),
    (V311, "92 { 0001 00 }", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V311, r#"a0 { 0001 s"a" }"#, "flags", 0, "3.1.1 MQTT-3.10.1-1", 0x81),
    (V5, r#"a3 { 0001 {} s"a" }"#, "flags", 0, "5 MQTT-3.10.1-1", 0x81),
    (V311, "b2 { 0001 }", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V311, "c1 00", "flags", 0, "3.1.1 MQTT-2.2.2-1", 0x81),
    (V5, "d8 00", "flags", 0, "5 MQTT-2.1.3-1", 0x81),
    (V311, "e1 00", "flags", 0, "3.1.1 MQTT-3.14.1-1", 0x81),
    (V5, "e2 00", "flags", 0, "5 MQTT-3.14.1-1", 0x81),
    (V5, r#"f1 { 18 { 15 s"m" } }"#, "flags", 0, "5 MQTT-3.15.1-1", 0x81),
    (V5, "c0 8000", "remaining_length", 1, "5 MQTT-1.5.5-1", 0x81),
    (V311, "c0 8000 # 3.1.1 has no clause", "", 0, "", 0),
    (V311, "c0 { 00 }", "trailing_bytes", 2, "", 0x81),
    (V5, "d0 { 00 }", "trailing_bytes", 2, "", 0x81),

    // CONNECT: name and level.
    (V311, r#"10 { s"MQTx" 04 02 0000 s"a" }"#, "protocol_name", 2, "3.1.1 MQTT-3.1.2-1", 0x84),
    (V5, r#"10 { s"mqtt" 05 02 0000 {} s"a" }"#, "protocol_name", 2, "5 MQTT-3.1.2-1", 0x84),
    (V5, r#"10 { s"" 05 02 0000 {} s"a" }"#, "protocol_name", 2, "5 MQTT-3.1.2-1", 0x84),
    (V5, r#"10 { 0009 "MQTT" }"#, "protocol_name", 2, "5 MQTT-3.1.4-1", 0x81),
    (V311, "10 { 00 }", "protocol_name", 2, "3.1.1 MQTT-3.1.4-1", 0x81),
    (V311, "10 {}", "protocol_name", 2, "3.1.1 MQTT-3.1.4-1", 0x81),
    (V5, r#"10 { s"MQ\xffT" 05 02 0000 {} s"a" }"#, "protocol_name", 2, "5 MQTT-1.5.4-1", 0x81),
    (V311, r#"10 { s"MQTT" 06 02 0000 s"a" }"#, "protocol_level", 8, "3.1.1 MQTT-3.1.2-2", 0x84),
    (V5, r#"10 { s"MQTT" 00 ff }"#, "protocol_level", 8, "5 MQTT-3.1.2-2", 0x84),
    (V5, r#"10 { s"MQTT" 03 02 0000 s"a" }"#, "protocol_level", 8, "5 MQTT-3.1.2-2", 0x84),
    (V5, r#"10 { s"MQIsdp" 04 02 0000 s"a" }"#, "protocol_level", 10, "5 MQTT-3.1.2-2", 0x84),
    (V5, r#"10 { s"MQIsdp" 83 02 0000 s"a" }"#, "protocol_level", 10, "5 MQTT-3.1.2-2", 0x84),
    (V5, r#"10 { s"MQTT" }"#, "protocol_level", 8, "5 MQTT-3.1.4-1", 0x81),
    // The version of the CONNECT rules, not that of the connection.
    (V311, r#"10 9200 s"MQTT" 05 02 0000 {} s"abcde" "#, "remaining_length", 1, "5 MQTT-1.5.5-1", 0x81),
    (V5, r#"10 8d00 s"MQTT" 04 02 0000 s"a" "#, "", 0, "", 0),
    // CONNECT: flags.
    (V311, r#"10 { s"MQTT" 04 03 0000 s"a" }"#, "connect_flags", 9, "3.1.1 MQTT-3.1.2-3", 0x81),
    (V311, r#"10 { s"MQTT" 05 03 0000 {} s"a" }"#, "connect_flags", 9, "5 MQTT-3.1.2-3", 0x81),
    (V311, r#"10 { s"MQTT" 04 }"#, "connect_flags", 9, "3.1.1 MQTT-3.1.4-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 0a 0000 s"a" }"#, "will_qos", 9, "3.1.1 MQTT-3.1.2-13", 0x81),
    (V5, r#"10 { s"MQTT" 05 12 0000 {} s"a" }"#, "will_qos", 9, "5 MQTT-3.1.2-11", 0x81),
    (V311, r#"10 { s"MQTT" 04 22 0000 s"a" }"#, "will_retain", 9, "3.1.1 MQTT-3.1.2-15", 0x81),
    (V5, r#"10 { s"MQTT" 05 22 0000 {} s"a" }"#, "will_retain", 9, "5 MQTT-3.1.2-13", 0x81),
    (V5, r#"10 { s"MQIsdp" 03 3a 0000 s"a" } # 3.1: no will, so it counts for nothing"#, "", 0, "", 0),
    (V311, r#"10 { s"MQTT" 04 1e 0000 s"a" s"w" s"" }"#, "will_qos", 9, "3.1.1 MQTT-3.1.2-14", 0x81),
    (V5, r#"10 { s"MQTT" 05 1e 0000 {} s"a" {} s"w" s"" }"#, "will_qos", 9, "5 RULE-3.1.2.6-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 42 0000 s"a" s"p" }"#, "password_flag", 9, "3.1.1 MQTT-3.1.2-22", 0x81),
    (V31, r#"10 { s"MQIsdp" 03 42 0000 s"a" s"p" }"#, "password_flag", 11, "3.1.1 MQTT-3.1.2-22", 0x81),
    (V5, r#"10 { s"MQTT" 05 42 0000 {} s"a" s"p" } # allowed in 5"#, "", 0, "", 0),
    (V311, r#"10 { s"MQTT" 04 02 00 }"#, "keep_alive", 10, "3.1.1 MQTT-3.1.4-1", 0x81),
    // CONNECT: payload.
    (V311, r#"10 { s"MQTT" 04 02 0000 }"#, "client_id", 12, "3.1.1 MQTT-3.1.3-3", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 {} }"#, "client_id", 13, "5 MQTT-3.1.3-3", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 }"#, "property_length", 12, "5 MQTT-2.2.2-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 02 0000 0002 "a" }"#, "client_id", 12, "3.1.1 MQTT-3.1.4-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 02 0000 s"\xed\xa0\x80" }"#, "client_id", 12, "3.1.1 MQTT-1.5.3-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 02 0000 s"a\x00" }"#, "client_id", 12, "3.1.1 MQTT-1.5.3-2", 0x81),
    (V311, r#"10 { s"MQTT" 04 02 0000 s"a" s"w" }"#, "trailing_bytes", 15, "3.1.1 MQTT-3.1.4-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 06 0000 s"a" }"#, "will_topic", 15, "3.1.1 MQTT-3.1.2-9", 0x81),
    (V311, r#"10 { s"MQTT" 04 06 0000 s"a" s"w" }"#, "will_payload", 18, "3.1.1 MQTT-3.1.2-9", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" }"#, "will_property_length", 16, "5 MQTT-3.1.2-9", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" {} }"#, "will_topic", 17, "5 MQTT-3.1.2-9", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" {} s"w" }"#, "will_payload", 20, "5 MQTT-3.1.2-9", 0x81),
    (V311, r#"10 { s"MQTT" 04 06 0000 s"a" s"" s"x" }"#, "will_topic", 15, "3.1.1 MQTT-4.7.3-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 06 0000 s"a" s"w/+" s"x" }"#, "will_topic", 15, "3.1.1 MQTT-4.7.1-1", 0x81),
    (V5, r##"10 { s"MQTT" 05 06 0000 {} s"a" {} s"#" s"x" }"##, "will_topic", 17, "5 MQTT-4.7.0-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" {} s"w\x00" s"x" }"#, "will_topic", 17, "5 MQTT-1.5.4-2", 0x81),
    (V311, r#"10 { s"MQTT" 04 82 0000 s"a" }"#, "username", 15, "3.1.1 MQTT-3.1.2-19", 0x81),
    (V5, r#"10 { s"MQTT" 05 82 0000 {} s"a" }"#, "username", 16, "5 MQTT-3.1.2-17", 0x81),
    (V31, r#"10 { s"MQIsdp" 03 c2 0000 s"a" } # 3.1 lets them be missing"#, "", 0, "", 0),
    (V311, r#"10 { s"MQTT" 04 82 0000 s"a" s"\xff" }"#, "username", 15, "3.1.1 MQTT-1.5.3-1", 0x81),
    (V311, r#"10 { s"MQTT" 04 c2 0000 s"a" s"u" }"#, "password", 18, "3.1.1 MQTT-3.1.2-21", 0x81),
    (V5, r#"10 { s"MQTT" 05 42 0000 {} s"a" }"#, "password", 16, "5 MQTT-3.1.2-19", 0x81),
    (V311, r#"10 { s"MQTT" 04 c2 0000 s"a" s"u" 0002 "p" }"#, "password", 18, "3.1.1 MQTT-3.1.4-1", 0x81),
    // CONNECT: properties.
    (V5, r#"10 { s"MQTT" 05 02 0000 { 11 u32(1) 11 u32(1) } s"a" }"#, "session_expiry_interval", 18, "5 RULE-3.1.2.11.2-2", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 21 0000 } s"a" }"#, "receive_maximum", 13, "5 RULE-3.1.2.11.3-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 21 0001 21 0001 } s"a" }"#, "receive_maximum", 16, "5 RULE-3.1.2.11.3-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 27 u32(0) } s"a" }"#, "maximum_packet_size", 13, "5 RULE-3.1.2.11.4-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 27 u32(9) 27 u32(9) } s"a" }"#, "maximum_packet_size", 18, "5 RULE-3.1.2.11.4-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 22 0000 22 0000 } s"a" }"#, "topic_alias_maximum", 16, "5 RULE-3.1.2.11.5-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 19 02 } s"a" }"#, "request_response_information", 13, "5 RULE-3.1.2.11.6-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 19 01 19 01 } s"a" }"#, "request_response_information", 15, "5 RULE-3.1.2.11.6-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 17 02 } s"a" }"#, "request_problem_information", 13, "5 RULE-3.1.2.11.7-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 17 00 17 00 } s"a" }"#, "request_problem_information", 15, "5 RULE-3.1.2.11.7-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 15 s"m" 15 s"m" } s"a" }"#, "authentication_method", 17, "5 RULE-3.1.2.11.9-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 15 s"m" 16 s"" 16 s"" } s"a" }"#, "authentication_data", 20, "5 RULE-3.1.2.11.10-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 16 s"x" } s"a" }"#, "authentication_data", 12, "5 RULE-3.1.2.11.10-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 01 00 } s"a" }"#, "payload_format_indicator", 13, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 18 u32(1) } s"a" }"#, "will_delay_interval", 13, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 26 s"\x00" s"" } s"a" }"#, "user_properties", 14, "5 MQTT-1.5.7-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 26 s"" s"\xff" } s"a" }"#, "user_properties", 16, "5 MQTT-1.5.7-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 11 u32(1) 00 } s"a" }"#, "property_id", 18, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 20 11 u32(1) s"a" }"#, "property_length", 12, "", 0x81),
    (V5, r#"10 { s"MQTT" 05 02 0000 { 11 0000 } s"abc" }"#, "session_expiry_interval", 14, "5 MQTT-3.1.4-1", 0x81),
    // Will properties.
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 18 u32(1) 18 u32(1) } s"w" s"" }"#, "will_delay_interval", 22, "5 RULE-3.1.3.2.2-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 01 00 01 00 } s"w" s"" }"#, "will_payload_format_indicator", 19, "5 RULE-3.1.3.2.3-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 02 u32(1) 02 u32(1) } s"w" s"" }"#, "will_message_expiry_interval", 22, "5 RULE-3.1.3.2.4-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 03 s"c" 03 s"c" } s"w" s"" }"#, "will_content_type", 21, "5 RULE-3.1.3.2.5-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 08 s"r" 08 s"r" } s"w" s"" }"#, "will_response_topic", 21, "5 RULE-3.1.3.2.5-1", 0x82),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 09 s"d" 09 s"d" } s"w" s"" }"#, "will_correlation_data", 21, "5 RULE-3.1.3.2.5-1", 0x82),
    (V5, r##"10 { s"MQTT" 05 06 0000 {} s"a" { 08 s"#" } s"w" s"" }"##, "will_response_topic", 17, "5 MQTT-4.7.0-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" { 23 0001 } s"w" s"" }"#, "topic_alias", 17, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"10 { s"MQTT" 05 06 0000 {} s"a" 09 s"w" s"" }"#, "will_property_length", 16, "", 0x81),

    // CONNACK.
    (V311, "20 { 02 00 }", "acknowledge_flags", 2, "3.1.1 RULE-3.2.2.1-1", 0x81),
    (V5, "20 { 81 00 {} }", "acknowledge_flags", 2, "5 MQTT-3.2.2-1", 0x81),
    (V311, "20 { 00 }", "reason", 3, "", 0x81),
    (V311, "20 {}", "acknowledge_flags", 2, "", 0x81),
    (V311, "20 { 00 00 00 }", "trailing_bytes", 4, "", 0x81),
    (V5, "20 { 00 00 }", "property_length", 4, "5 MQTT-2.2.2-1", 0x81),
    (V5, "20 { 00 00 { 21 0000 } }", "receive_maximum", 5, "", 0x82),
    (V5, "20 { 00 00 { 27 u32(0) } }", "maximum_packet_size", 5, "", 0x82),
    (V5, "20 { 00 00 { 24 02 } }", "maximum_qos", 5, "", 0x82),
    (V5, "20 { 00 00 { 25 02 } }", "retain_available", 5, "", 0x82),
    (V5, "20 { 00 00 { 28 ff } }", "wildcard_subscription_available", 5, "", 0x82),
    (V5, "20 { 00 00 { 29 02 } }", "subscription_identifier_available", 5, "", 0x82),
    (V5, "20 { 00 00 { 2a 02 } }", "shared_subscription_available", 5, "", 0x82),
    (V5, "20 { 00 00 { 13 0001 13 0001 } }", "server_keep_alive", 8, "", 0x82),
    (V5, r#"20 { 00 00 { 12 s"a" 12 s"a" } }"#, "assigned_client_identifier", 9, "", 0x82),
    (V5, r#"20 { 00 00 { 1a s"a" 1a s"a" } }"#, "response_information", 9, "", 0x82),
    (V5, r#"20 { 00 00 { 1c s"a" 1c s"a" } }"#, "server_reference", 9, "", 0x82),
    (V5, r#"20 { 00 00 { 1f s"a" 1f s"a" } }"#, "reason_string", 9, "", 0x82),
    (V5, r#"20 { 00 00 { 16 s"a" } } # only CONNECT says that it needs a method"#, "", 0, "", 0),
    (V5, "20 { 00 00 { 17 01 } }", "request_problem_information", 5, "5 RULE-2.2.2.2-1", 0x81),

    // PUBLISH.
    (V311, r#"36 { s"t" 0001 }"#, "qos", 0, "3.1.1 MQTT-3.3.1-4", 0x81),
    (V5, r#"3e { s"t" 0001 {} }"#, "qos", 0, "5 MQTT-3.3.1-4", 0x81),
    (V311, r#"38 { s"t" }"#, "dup", 0, "3.1.1 MQTT-3.3.1-2", 0x82),
    (V5, r#"39 { s"t" {} }"#, "dup", 0, "5 MQTT-3.3.1-2", 0x82),
    (V311, "30 {}", "topic", 2, "3.1.1 MQTT-3.3.2-1", 0x81),
    (V5, "30 {}", "topic", 2, "5 MQTT-3.3.2-1", 0x81),
    (V311, r#"30 { 0005 "t" }"#, "topic", 2, "", 0x81),
    (V311, "30 { s\"\" \"x\" }", "topic", 2, "3.1.1 MQTT-4.7.3-1", 0x81),
    (V5, r#"30 { s"" {} "x" }"#, "topic", 2, "5 RULE-3.3.2.1-1", 0x82),
    (V5, r#"30 { s"" { 23 0001 } "x" } # an alias stands in"#, "", 0, "", 0),
    (V311, r##"30 { s"a/#" "x" }"##, "topic", 2, "3.1.1 MQTT-3.3.2-2", 0x81),
    (V5, r#"30 { s"+" {} "x" }"#, "topic", 2, "5 MQTT-3.3.2-2", 0x81),
    (V311, r#"30 { s"\xc0\x80" }"#, "topic", 2, "3.1.1 MQTT-1.5.3-1", 0x81),
    (V5, r#"30 { s"\x00" {} }"#, "topic", 2, "5 MQTT-1.5.4-2", 0x81),
    (V5, r#"30 { s"\x01\u{fffe}" {} } # control and non-characters may be taken"#, "", 0, "", 0),
    (V311, r#"32 { s"t" 0000 }"#, "packet_id", 5, "3.1.1 MQTT-2.3.1-1", 0x82),
    (V5, r#"34 { s"t" 0000 {} }"#, "packet_id", 5, "5 MQTT-2.2.1-3", 0x82),
    (V311, r#"32 { s"t" 00 }"#, "packet_id", 5, "", 0x81),
    (V5, r#"30 { s"t" }"#, "property_length", 5, "5 MQTT-2.2.2-1", 0x81),
    (V5, r#"30 { s"t" { 23 0000 } }"#, "topic_alias", 6, "5 MQTT-3.3.2-8", 0x94),
    (V5, r#"30 { s"t" { 23 0001 23 0001 } }"#, "topic_alias", 9, "5 RULE-3.3.2.3.4-1", 0x82),
    (V5, r#"30 { s"t" { 08 s"r" 08 s"r" } }"#, "response_topic", 10, "5 RULE-3.3.2.3.5-1", 0x82),
    (V5, r#"30 { s"t" { 09 s"" 09 s"" } }"#, "correlation_data", 9, "5 RULE-3.3.2.3.5-1", 0x82),
    (V5, r#"30 { s"t" { 03 s"" 03 s"" } }"#, "content_type", 9, "5 RULE-3.3.2.3.5-1", 0x82),
    (V5, r#"30 { s"t" { 08 s"a/+" } }"#, "response_topic", 6, "5 MQTT-3.3.2-14", 0x81),
    (V5, r#"30 { s"t" { 08 s"" } }"#, "response_topic", 6, "5 MQTT-4.7.3-1", 0x81),
    (V5, r#"30 { s"t" { 0b 00 } }"#, "subscription_identifier", 6, "5 RULE-3.3.2.3.8-1", 0x82),
    (V5, r#"30 { s"t" { 0b 8100 } }"#, "subscription_identifier", 7, "5 MQTT-1.5.5-1", 0x81),
    (V5, r#"30 { s"t" { 0b ffffffff7f } }"#, "subscription_identifier", 7, "5 MQTT-1.5.5-1", 0x81),
    (V5, r#"30 { s"t" { 0b 80 } "xx" }"#, "subscription_identifier", 7, "", 0x81),
    (V5, r#"30 { s"t" { 0b 01 0b 02 } } # more than one may stand there"#, "", 0, "", 0),
    (V5, r#"30 { s"t" { 01 01 01 00 02 u32(1) 02 u32(1) } } # no rule forbids it"#, "", 0, "", 0),
    (V5, r#"30 { s"t" { 01 02 } } # no reaction is stated"#, "", 0, "", 0),
    (V5, r#"30 { s"t" { 8100 00 } }"#, "payload_format_indicator", 6, "5 MQTT-1.5.5-1", 0x81),
    (V5, r#"30 { s"t" { 7f } }"#, "property_id", 6, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"30 { s"t" { ff7f } }"#, "property_id", 6, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"30 { s"t" { 80 } }"#, "property_id", 6, "", 0x81),
    (V5, r#"30 { s"t" { 1f s"r" } }"#, "reason_string", 6, "5 RULE-2.2.2.2-1", 0x81),
    (V5, r#"30 { s"t" 80 }"#, "property_length", 5, "", 0x81),
    (V5, r#"30 { s"t" 8000 }"#, "property_length", 5, "5 MQTT-1.5.5-1", 0x81),
    (V5, r#"30 { s"t" 04 09 0003 "abcdef" }"#, "correlation_data", 7, "", 0x81),

    // The four acknowledgements.
    (V311, "40 {}", "packet_id", 2, "", 0x81),
    (V311, "40 { 00 }", "packet_id", 2, "", 0x81),
    (V311, "40 { 0000 }", "packet_id", 2, "3.1.1 MQTT-2.3.1-6", 0x82),
    (V5, "50 { 0000 }", "packet_id", 2, "5 MQTT-2.2.1-5", 0x82),
    (V311, "62 { 0000 }", "packet_id", 2, "3.1.1 MQTT-2.3.1-6", 0x82),
    (V311, "70 { 0000 }", "packet_id", 2, "3.1.1 MQTT-4.3.3-2", 0x82),
    (V5, "70 { 0000 }", "packet_id", 2, "5 MQTT-2.2.1-5", 0x82),
    (V311, "40 { 0001 00 }", "trailing_bytes", 4, "", 0x81),
    (V5, "40 { 0001 00 {} 00 }", "trailing_bytes", 6, "", 0x81),
    (V5, "40 { 0001 00 01 }", "property_length", 5, "", 0x81),
    (V5, r#"40 { 0001 00 { 1f s"" 1f s"" } }"#, "reason_string", 9, "", 0x82),
    (V5, "62 { 0001 00 { 11 u32(0) } }", "session_expiry_interval", 6, "5 RULE-2.2.2.2-1", 0x81),

    // SUBSCRIBE and SUBACK.
    (V311, r#"82 { 0000 s"a" 00 }"#, "packet_id", 2, "3.1.1 MQTT-2.3.1-1", 0x82),
    (V5, r#"82 { 0000 {} s"a" 00 }"#, "packet_id", 2, "5 MQTT-2.2.1-3", 0x82),
    (V311, "82 { 0001 }", "filter", 4, "3.1.1 MQTT-3.8.3-3", 0x82),
    (V5, "82 { 0001 {} }", "filter", 5, "5 MQTT-3.8.3-2", 0x82),
    (V5, "82 { 0001 }", "property_length", 4, "5 MQTT-2.2.2-1", 0x81),
    (V311, r#"82 { 0001 s"a" }"#, "options", 7, "", 0x81),
    (V311, r#"82 { 0001 s"a" 00 0005 "b" 00 }"#, "filter", 8, "", 0x81),
    (V311, r#"82 { 0001 s"\xff" 00 }"#, "filter", 4, "3.1.1 MQTT-1.5.3-1", 0x81),
    (V311, r#"82 { 0001 s"a" 03 }"#, "qos", 7, "3.1.1 MQTT-3.8.3-4", 0x82),
    (V5, r#"82 { 0001 {} s"a" 03 }"#, "qos", 8, "5 RULE-3.8.3.1-1", 0x82),
    (V311, r#"82 { 0001 s"a" 04 }"#, "options", 7, "3.1.1 MQTT-3.8.3-4", 0x81),
    (V5, r#"82 { 0001 {} s"a" 40 }"#, "options", 8, "5 MQTT-3.8.3-5", 0x81),
    (V5, r#"82 { 0001 {} s"a" 80 }"#, "options", 8, "5 MQTT-3.8.3-5", 0x81),
    (V5, r#"82 { 0001 {} s"a" 30 }"#, "retain_handling", 8, "5 RULE-3.8.3.1-2", 0x82),
    (V5, r#"82 { 0001 {} s"$share/g/a" 04 }"#, "no_local", 17, "5 MQTT-3.8.3-4", 0x82),
    (V5, r#"82 { 0001 { 0b 00 } s"a" 00 }"#, "subscription_identifier", 5, "5 RULE-3.8.2.1.2-1", 0x82),
    (V5, r#"82 { 0001 { 0b 01 0b 01 } s"a" 00 }"#, "subscription_identifier", 7, "5 RULE-3.8.2.1.2-1", 0x82),
    (V5, r##"82 { 0001 {} s"" 00 s"a#" 00 s"$share/" 00 } # filters are answered one by one"##, "", 0, "", 0),
    (V311, "90 { 0000 00 }", "packet_id", 2, "3.1.1 MQTT-2.3.1-7", 0x82),
    (V5, "90 { 0000 {} 00 }", "packet_id", 2, "5 MQTT-2.2.1-6", 0x82),
    (V311, "90 { 0001 }", "reasons", 4, "3.1.1 MQTT-3.8.4-5", 0x81),
    (V5, "90 { 0001 {} }", "reasons", 5, "5 MQTT-3.8.4-6", 0x81),
    (V5, "90 { 0001 {} c7 } # codes survive", "", 0, "", 0),

    // UNSUBSCRIBE and UNSUBACK.
    (V311, r#"a2 { 0000 s"a" }"#, "packet_id", 2, "3.1.1 MQTT-2.3.1-1", 0x82),
    (V311, "a2 { 0001 }", "filter", 4, "3.1.1 MQTT-3.10.3-2", 0x82),
    (V5, "a2 { 0001 {} }", "filter", 5, "5 MQTT-3.10.3-2", 0x82),
    (V311, r#"a2 { 0001 s"a" s"\x00" }"#, "filter", 7, "3.1.1 MQTT-1.5.3-2", 0x81),
    (V5, r#"a2 { 0001 { 0b 01 } s"a" }"#, "subscription_identifier", 5, "5 RULE-2.2.2.2-1", 0x81),
    (V311, "b0 { 0000 }", "packet_id", 2, "3.1.1 MQTT-2.3.1-7", 0x82),
    (V311, "b0 { 0001 00 }", "trailing_bytes", 4, "", 0x81),
    (V5, "b0 { 0001 {} }", "reasons", 5, "5 MQTT-3.11.3-2", 0x81),

    // DISCONNECT and AUTH.
    (V311, "e0 { 00 }", "trailing_bytes", 2, "", 0x81),
    (V5, "e0 { 00 {} 00 }", "trailing_bytes", 4, "", 0x81),
    (V5, "e0 { 00 { 11 u32(1) 11 u32(1) } }", "session_expiry_interval", 9, "", 0x82),
    (V5, r#"e0 { 00 { 15 s"m" } }"#, "authentication_method", 4, "5 RULE-2.2.2.2-1", 0x81),
    (V5, "e0 { 00 02 }", "property_length", 3, "", 0x81),
    (V5, "f0 { 18 {} }", "authentication_method", 3, "5 RULE-3.15.2.2.2-1", 0x82),
    (V5, r#"f0 { 18 { 15 s"m" 15 s"m" } }"#, "authentication_method", 8, "5 RULE-3.15.2.2.2-1", 0x82),
    (V5, r#"f0 { 18 { 15 s"m" 16 s"" 16 s"" } }"#, "authentication_data", 11, "", 0x82),
    (V5, "f0 { 18 }", "property_length", 3, "5 MQTT-2.2.2-1", 0x81),
    (V5, "f0 00 # the short form", "", 0, "", 0),
];

#[test]
fn each_fault_is_named_placed_and_cited() {
    for (version, text, field, offset, clause, reason) in ROWS {
        match decode(*version, text) {
            Ok(packet) => assert_eq!(*field, "", "{version} {text} passes as {packet:?}"),
            Err(error) => {
                let found = error.clause.map(|c| format!("{} {}", c.version, c.id));
                let found = (
                    error.field,
                    error.offset,
                    found.unwrap_or_default(),
                    error.reason.0,
                );
                let expected = (*field, *offset, (*clause).to_owned(), *reason);
                assert_eq!(found, expected, "{version} {text}: {error}");
                assert_eq!(error.is_unsupported_version(), *reason == 0x84);
            }
        }
    }
}

/// A clause that no row reaches is one that the decoder may cite wrongly, or never.
#[test]
fn each_clause_that_can_be_cited_is_by_some_row() {
    let by_rows: BTreeSet<String> = ROWS.iter().map(|row| row.4.to_owned()).collect();
    let never: Vec<String> = cited_clauses()
        .map(|clause| format!("{} {}", clause.version, clause.id))
        .filter(|clause| !by_rows.contains(clause))
        .collect();
    // It takes the caller's word that a server sent the packet: see below.
    assert_eq!(never, ["5 MQTT-2.2.1-4"]);
}

#[test]
fn a_server_breaks_its_own_clause_with_packet_identifier_0() {
    let error = decode(V5, r#"32 { s"t" 0000 {} }"#).expect_err("is 0");
    let by_server = error.clone().sent_by_server();
    assert_eq!(by_server.clause, Some(Clause::v5("MQTT-2.2.1-4")));
    assert_eq!(by_server.offset, error.offset);
    let other = decode(V5, r#"82 { 0000 {} s"a" 00 }"#).expect_err("is 0");
    assert_eq!(other.clone().sent_by_server(), other);
}

#[test]
fn ids_have_the_form_of_their_kind() {
    for clause in cited_clauses() {
        let (kind, number) = clause.id.split_once('-').expect("has a kind");
        assert!(matches!(kind, "MQTT" | "RULE"), "{clause}");
        let (section, last) = number.rsplit_once('-').expect("has a section and a number");
        let numbers = section.split('.').chain([last]);
        for number in numbers {
            assert!(number.parse::<u16>().is_ok(), "{clause}");
        }
        assert!(
            clause.version != ProtocolVersion::V3_1,
            "3.1 has no ids: {clause}"
        );
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = decode(V5, r#"30 { s"t" { 7f } }"#).expect_err("is unknown");
    assert_eq!(
        error.to_string(),
        "PUBLISH: property_id at byte 6: 0x7F is not a property [5 RULE-2.2.2.2-1]"
    );
    let error = decode(V311, "40 { 00 }").expect_err("is cut");
    assert_eq!(
        error.to_string(),
        "PUBACK: packet_id at byte 2: needs 2 bytes, but only 1 are left"
    );
}
