//! Compares the codec with an independent one, rumqttc's, for every packet type and property except AUTH, which rumqttc
//! does not read.
//!
//! It works in both directions: rumqttc reads what we write, and we read what it writes, with the same meaning (except
//! for the order of properties, which rumqttc does not keep). Then come bytes that may be wrong. If only one codec
//! accepts them, or if they mean different things to the two, a row of [`differences`] says which one is right. A row
//! that is no longer needed fails.

mod differences;
#[path = "../faults/mod.rs"]
mod faults;
#[path = "../packets/mod.rs"]
mod packets;
mod v3;
mod v5;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use mqtt_check_codec::{
    DecodeError, Form, Frame, Packet, Properties, Property, PropertyId, ProtocolVersion,
    ReasonCode, Sender,
};
use proptest::prelude::*;

const FORMS: [Form; 3] = [Form::Short, Form::WithReason, Form::Full];

/// A packet of rumqttc.
#[expect(clippy::large_enum_variant, reason = "one at a time, in a test")]
#[derive(Debug, PartialEq)]
enum Theirs {
    V3(rumqttc::mqttbytes::v4::Packet),
    V5(rumqttc::v5::mqttbytes::v5::Packet),
}

impl Theirs {
    /// Reads the first packet in `bytes` with rumqttc. `None` is an error or a panic.
    fn read(bytes: &[u8], version: ProtocolVersion) -> Option<Self> {
        let mut stream = BytesMut::from(bytes);
        let read = AssertUnwindSafe(|| match version {
            ProtocolVersion::V5 => {
                let packet = rumqttc::v5::mqttbytes::v5::Packet::read(&mut stream, None);
                packet.ok().map(Self::V5)
            }
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => {
                let packet = rumqttc::mqttbytes::v4::Packet::read(&mut stream, usize::MAX);
                packet.ok().map(Self::V3)
            }
        });
        catch_unwind(read).ok().flatten()
    }

    fn write(&self) -> BytesMut {
        let mut out = BytesMut::new();
        match self {
            Self::V3(packet) => {
                let written = packet.write(&mut out, usize::MAX);
                written.expect("rumqttc writes it");
            }
            Self::V5(packet) => {
                let written = packet.write(&mut out, None);
                written.expect("rumqttc writes it");
            }
        }
        out
    }

    /// Converts our packet to rumqttc's types, if they can represent it.
    fn of(packet: &Packet, version: ProtocolVersion) -> Option<Self> {
        match version {
            ProtocolVersion::V5 => v5::theirs(packet).map(Self::V5),
            ProtocolVersion::V3_1_1 => v3::theirs(packet).map(Self::V3),
            ProtocolVersion::V3_1 => None,
        }
    }
}

/// Reads the first packet in `bytes` with our codec. `None` if it is incomplete or has no valid length.
fn ours(bytes: &[u8], version: ProtocolVersion) -> Option<Result<Packet, DecodeError>> {
    let frame = Frame::read(&mut BytesMut::from(bytes), usize::MAX);
    let frame = frame.ok().flatten()?;
    Some(Packet::decode(&frame, version))
}

/// Returns the packet with its properties in the order of their identifiers.
fn ordered(packet: &Packet) -> Packet {
    let sort = |properties: &mut Properties| properties.0.sort_by_key(Property::id);
    let mut packet = packet.clone();
    match &mut packet {
        Packet::Connect(p) => {
            sort(&mut p.properties);
            if let Some(will) = &mut p.will {
                sort(&mut will.properties);
            }
        }
        Packet::ConnAck(p) => sort(&mut p.properties),
        Packet::Publish(p) => sort(&mut p.properties),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            sort(&mut p.properties);
        }
        Packet::Subscribe(p) => sort(&mut p.properties),
        Packet::SubAck(p) => sort(&mut p.properties),
        Packet::Unsubscribe(p) => sort(&mut p.properties),
        Packet::UnsubAck(p) => sort(&mut p.properties),
        Packet::Disconnect(p) => sort(&mut p.properties),
        Packet::Auth(p) => sort(&mut p.properties),
        Packet::PingReq | Packet::PingResp => {}
    }
    packet
}

/// Changes the packet so that rumqttc's types can represent it: its reason codes are in the tables of the standard,
/// neither half of its login is empty, and its password is text. The list of differences shows that nothing else is
/// lost.
fn fitted(mut packet: Packet, version: ProtocolVersion) -> Packet {
    let packet_type = packet.packet_type();
    let known = |code: ReasonCode| {
        let allowed: Vec<ReasonCode> = (0..=u8::MAX)
            .map(ReasonCode)
            .filter(|c| {
                let by = |sender| c.is_allowed_in(packet_type, version, sender);
                by(Sender::Client) || by(Sender::Server)
            })
            // rumqttc follows the table of DISCONNECT, which does not have this code.
            .filter(|c| {
                let is_disputed = *c == ReasonCode::BAD_AUTHENTICATION_METHOD;
                !(is_disputed && packet_type == mqtt_check_codec::PacketType::DISCONNECT)
            })
            .collect();
        allowed[usize::from(code.0) % allowed.len()]
    };
    match &mut packet {
        Packet::Connect(p) => {
            if p.username.as_ref().is_some_and(|u| u.is_empty()) {
                p.username = Some("u".into());
            }
            if let Some(password) = &mut p.password {
                let text: String = password.iter().map(|b| format!("{b:02x}")).collect();
                *password = format!("p{text}").into();
            }
        }
        Packet::ConnAck(p) => p.reason = known(p.reason),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p)
            if version == ProtocolVersion::V5 =>
        {
            p.reason = known(p.reason);
        }
        Packet::SubAck(p) => p.reasons.iter_mut().for_each(|r| *r = known(*r)),
        Packet::UnsubAck(p) => p.reasons.iter_mut().for_each(|r| *r = known(*r)),
        Packet::Disconnect(p) if version == ProtocolVersion::V5 => {
            p.reason = known(p.reason);
            // rumqttc does not read one without properties, and does not write it correctly.
            if p.properties.is_empty() {
                p.properties.push(Property::ReasonString("r".into()));
            }
        }
        _ => {}
    }
    packet
}

fn shared_packet() -> impl Strategy<Value = (ProtocolVersion, Packet)> {
    let versions = vec![ProtocolVersion::V3_1_1, ProtocolVersion::V5];
    proptest::sample::select(versions)
        .prop_flat_map(|version| (Just(version), packets::packet(version)))
        .prop_filter("rumqttc does not read AUTH", |(_, packet)| {
            !matches!(packet, Packet::Auth(_))
        })
        .prop_map(|(version, packet)| (version, fitted(packet, version)))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn rumqttc_reads_what_we_write((version, packet) in shared_packet()) {
        let expected = Theirs::of(&packet, version).expect("rumqttc's types hold it");
        for form in FORMS {
            let mut bytes = BytesMut::new();
            packet.encode_as(version, form, &mut bytes).expect("fits the wire");
            let read = Theirs::read(&bytes, version);
            prop_assert_eq!(read.as_ref(), Some(&expected), "{:02x?}", &bytes[..]);
        }
    }

    #[test]
    fn we_read_what_rumqttc_writes((version, packet) in shared_packet()) {
        let theirs = Theirs::of(&packet, version).expect("rumqttc's types hold it");
        let bytes = theirs.write();
        let frame = Frame::from_bytes(bytes.freeze()).expect("is one frame");
        let read = Packet::decode(&frame, version);
        let read = read.as_ref().map(ordered);
        prop_assert_eq!(read, Ok(ordered(&packet)), "{:?}", frame);
    }

    #[test]
    fn changed_bytes_mean_the_same_or_the_difference_is_listed(
        (version, packet) in shared_packet(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = BytesMut::new();
        packet.encode_as(version, Form::Full, &mut bytes).expect("fits the wire");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert_eq!(differences::unlisted(&bytes, version), None);
    }

    #[test]
    fn random_bodies_mean_the_same_or_the_difference_is_listed(
        header in prop_oneof![any::<u8>(), (1..15_u8).prop_map(|t| t << 4), Just(0x62), Just(0x82), Just(0xA2)],
        body in proptest::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..24),
        is_5 in any::<bool>(),
    ) {
        let version = if is_5 { ProtocolVersion::V5 } else { ProtocolVersion::V3_1_1 };
        let mut bytes = vec![header, body.len() as u8];
        bytes.extend(body);
        prop_assert_eq!(differences::unlisted(&bytes, version), None);
    }
}

#[test]
fn every_fault_is_refused_by_both_or_the_difference_is_listed() {
    for (version, text, ..) in faults::ROWS {
        if *version != ProtocolVersion::V3_1 {
            let bytes = mqtt_check_codec::notation::parse(text).expect("is notation");
            assert_eq!(differences::unlisted(&bytes, *version), None, "{text}");
        }
    }
}

/// The random packets above are only useful if they contain every property in every place.
#[test]
fn the_random_packets_hold_every_property() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        let tree = shared_packet().new_tree(&mut runner).expect("is a packet");
        let (_, packet) = proptest::strategy::ValueTree::current(&tree);
        let packet_type = packet.packet_type();
        let properties = packet.properties().into_iter().flatten();
        seen.extend(properties.map(|p| (packet_type, false, p.id())));
        if let Packet::Connect(connect) = &packet {
            let will = connect.will.iter().flat_map(|will| &will.properties);
            seen.extend(will.map(|p| (packet_type, true, p.id())));
        }
    }
    let places = |id: &PropertyId| {
        let of_packet = (1..15)
            .map(mqtt_check_codec::PacketType)
            .map(mqtt_check_codec::PropertyPlace::Packet);
        let all = of_packet.chain([mqtt_check_codec::PropertyPlace::Will]);
        all.filter(|place| id.is_allowed_in(*place)).count()
    };
    let expected: usize = PropertyId::ALL.iter().map(places).sum();
    assert_eq!(seen.len(), expected);
}
