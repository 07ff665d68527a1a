//! Packets with known bytes, written out by hand.

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{
    Connect, Frame, Packet, PacketId, Properties, Property, ProtocolVersion, Publish, QoS,
};

fn both_ways(packet: Packet, version: ProtocolVersion, bytes: &[u8]) {
    let mut out = BytesMut::new();
    packet.encode(version, &mut out).expect("fits the wire");
    assert_eq!(out[..], *bytes, "{packet:?}");
    let frame = Frame::from_bytes(Bytes::copy_from_slice(bytes)).expect("is one frame");
    assert_eq!(Packet::decode(&frame, version), Ok(packet));
}

#[test]
fn connect_in_three_versions() {
    let connect = |version| {
        Packet::Connect(Box::new(Connect {
            version,
            clean_start: true,
            keep_alive_s: 60,
            properties: Properties::new(),
            client_id: "a".into(),
            will: None,
            username: None,
            password: None,
        }))
    };
    let bytes = b"\x10\x0F\0\x06MQIsdp\x03\x02\0\x3C\0\x01a";
    both_ways(connect(ProtocolVersion::V3_1), ProtocolVersion::V5, bytes);
    let bytes = b"\x10\x0D\0\x04MQTT\x04\x02\0\x3C\0\x01a";
    both_ways(connect(ProtocolVersion::V3_1_1), ProtocolVersion::V5, bytes);
    let bytes = b"\x10\x0E\0\x04MQTT\x05\x02\0\x3C\0\0\x01a";
    both_ways(connect(ProtocolVersion::V5), ProtocolVersion::V3_1_1, bytes);
}

#[test]
fn publish_with_and_without_properties() {
    let publish = |properties| {
        Packet::Publish(Publish {
            dup: true,
            qos: QoS::AtLeastOnce,
            retain: true,
            topic: "a/b".into(),
            packet_id: PacketId::new(10),
            properties,
            payload: Bytes::from_static(b"hi"),
        })
    };
    let none = publish(Properties::new());
    both_ways(none, ProtocolVersion::V3_1_1, b"\x3B\x09\0\x03a/b\0\x0Ahi");
    let two = Properties(vec![
        Property::TopicAlias(5),
        Property::UserProperty("k".into(), "v".into()),
    ]);
    let bytes = b"\x3B\x14\0\x03a/b\0\x0A\x0A\x23\0\x05\x26\0\x01k\0\x01vhi";
    both_ways(publish(two), ProtocolVersion::V5, bytes);
}
