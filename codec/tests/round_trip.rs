//! What is written can be read again, is incomplete wherever it is cut, and no input panics.

mod packets;

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{
    FieldName, Form, Frame, FrameError, Lie, Packet, PacketId, Properties, Property, PropertyId,
    PropertyPlace, ProtocolVersion, Publish, QoS,
};
use packets::packet;
use proptest::prelude::*;

const VERSIONS: [ProtocolVersion; 3] = [
    ProtocolVersion::V3_1,
    ProtocolVersion::V3_1_1,
    ProtocolVersion::V5,
];
const FORMS: [Form; 3] = [Form::Short, Form::WithReason, Form::Full];

fn any_packet() -> impl Strategy<Value = (ProtocolVersion, Packet)> {
    proptest::sample::select(VERSIONS.to_vec())
        .prop_flat_map(|version| (Just(version), packet(version)))
}

fn encoded(packet: &Packet, version: ProtocolVersion, form: Form) -> Bytes {
    let mut out = BytesMut::new();
    let encoded = packet.encode_as(version, form, &mut out);
    encoded.expect("fits the wire");
    out.freeze()
}

fn read(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
    Frame::read(&mut BytesMut::from(bytes), usize::MAX)
}

/// Returns the frame with its body cut to `size` bytes, and a Remaining Length that agrees.
fn shortened(frame: &Frame, size: usize) -> Frame {
    let bytes = frame.bytes();
    let width = bytes[1..].iter().take_while(|b| **b >= 0x80).count() + 1;
    let mut out = BytesMut::from(&bytes[..1]);
    let mut length = size;
    loop {
        let more = if length >= 0x80 { 0x80 } else { 0 };
        out.extend([(length % 0x80) as u8 | more]);
        length /= 0x80;
        if length == 0 {
            break;
        }
    }
    out.extend_from_slice(&bytes[1 + width..][..size]);
    Frame::from_bytes(out.freeze()).expect("its length agrees")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_packet_comes_back((version, packet) in any_packet()) {
        for form in FORMS {
            let bytes = encoded(&packet, version, form);
            prop_assert_eq!(packet.encoded_size(version, form), Ok(bytes.len()));
            let frame = Frame::from_bytes(bytes).expect("is one frame");
            let back = Packet::decode(&frame, version);
            prop_assert_eq!(back.as_ref(), Ok(&packet), "{:?}", frame);
        }
    }

    #[test]
    fn a_packet_cut_anywhere_is_incomplete((version, packet) in any_packet()) {
        let bytes = encoded(&packet, version, Form::Short);
        for cut in 0..bytes.len() {
            let mut buffer = BytesMut::from(&bytes[..cut]);
            prop_assert_eq!(Frame::read(&mut buffer, usize::MAX), Ok(None));
            prop_assert_eq!(&buffer[..], &bytes[..cut]);
        }
    }

    #[test]
    fn a_packet_that_ends_early_never_passes_for_itself((version, packet) in any_packet()) {
        for form in FORMS {
            let frame = Frame::from_bytes(encoded(&packet, version, form)).expect("is one frame");
            let body = frame.bytes().len() - 2;
            for size in 0..body.min(300) {
                let short = shortened(&frame, size);
                let decoded = Packet::decode(&short, version);
                // 3.1 accepts a CONNECT without the user name that it announces.
                let is_lenient = version == ProtocolVersion::V3_1;
                if let Ok(decoded) = &decoded && !is_lenient {
                    // What is left is a valid packet of its own: it is written as it was read.
                    let again = FORMS.map(|form| encoded(decoded, version, form));
                    prop_assert!(again.contains(short.bytes()), "{:?}", short);
                }
                let (with_layout, spans) = Packet::decode_with_layout(&short, version);
                prop_assert_eq!(with_layout, decoded);
                let ends = spans.last().map(|span| span.range.end);
                prop_assert!(ends <= Some(short.bytes().len()));
            }
        }
    }

    #[test]
    fn the_layout_covers_every_byte_in_order((version, packet) in any_packet()) {
        let bytes = encoded(&packet, version, Form::Full);
        let frame = Frame::from_bytes(bytes.clone()).expect("is one frame");
        let (decoded, spans) = Packet::decode_with_layout(&frame, version);
        prop_assert_eq!(decoded.as_ref(), Ok(&packet));
        let mut position = 0;
        for span in &spans {
            prop_assert_eq!(span.range.start, position, "{}", span.name);
            position = span.range.end;
        }
        prop_assert_eq!(position, bytes.len());
        // These are the names that a lie can use.
        let names = packet.field_names(version);
        for span in &spans {
            prop_assert!(names.contains(&span.name), "{} is not in {:?}", span.name, names);
        }
        let mut unique: Vec<FieldName> = names.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), names.len(), "{:?}", names);
    }

    #[test]
    fn crafting_without_lies_is_honest((version, packet) in any_packet()) {
        for form in FORMS {
            let crafted = packet.craft(version, form, &[]);
            prop_assert_eq!(crafted, Ok(encoded(&packet, version, form)));
        }
    }

    #[test]
    fn a_field_replaced_by_itself_changes_nothing((version, packet) in any_packet()) {
        let honest = encoded(&packet, version, Form::Full);
        let frame = Frame::from_bytes(honest.clone()).expect("is one frame");
        let (_, spans) = Packet::decode_with_layout(&frame, version);
        for span in spans {
            let field = span.name.to_string();
            let bytes = honest.slice(span.range);
            let lies = [Lie::Override { field, bytes }];
            let crafted = packet.craft(version, Form::Full, &lies);
            prop_assert_eq!(crafted, Ok(honest.clone()), "{}", span.name);
        }
    }

    #[test]
    fn different_packets_have_different_descriptions(
        (version, one) in any_packet(),
        (other_version, other) in any_packet(),
    ) {
        prop_assert!(!one.describe(version).contains('\n'));
        let are_same = one == other;
        if version == other_version {
            prop_assert_eq!(one.describe(version) == other.describe(version), are_same);
        }
    }

    #[test]
    fn one_changed_byte_shows_or_is_refused(
        (version, packet) in any_packet(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let honest = encoded(&packet, version, Form::Full);
        let mut bytes = BytesMut::from(&honest[..]);
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(frame) = Frame::from_bytes(bytes.freeze())
            && let Ok(changed) = Packet::decode(&frame, version)
        {
            // In 3.1 some bits are ignored.
            if version != ProtocolVersion::V3_1 {
                prop_assert_ne!(changed.describe(version), packet.describe(version));
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        version in proptest::sample::select(VERSIONS.to_vec()),
    ) {
        if let Ok(Some(frame)) = read(&bytes) {
            let _ = Packet::decode(&frame, version);
        }
    }

    #[test]
    fn random_bodies_never_panic_and_what_passes_is_written_as_it_was(
        header in any::<u8>(),
        body in proptest::collection::vec(prop_oneof![0..8_u8, any::<u8>()], 0..60),
        version in proptest::sample::select(VERSIONS.to_vec()),
    ) {
        let mut bytes = BytesMut::from(&[header, body.len() as u8][..]);
        bytes.extend_from_slice(&body);
        let frame = Frame::from_bytes(bytes.freeze()).expect("is one frame");
        match Packet::decode(&frame, version) {
            Ok(packet) => {
                let written = FORMS.map(|form| encoded(&packet, version, form));
                let is_3_1 = matches!(&packet, Packet::Connect(c) if c.version == ProtocolVersion::V3_1);
                let may_differ = version == ProtocolVersion::V3_1 || is_3_1;
                prop_assert!(may_differ || written.contains(frame.bytes()), "{:?}", frame);
            }
            Err(error) => {
                prop_assert!(error.offset <= frame.bytes().len(), "{}", error);
                prop_assert!(!error.problem.is_empty());
            }
        }
    }
}

#[test]
fn long_packets_have_longer_lengths() {
    for (size, width) in [
        (0, 1),
        (120, 1),
        (121, 2),
        (16_376, 2),
        (16_377, 3),
        (2_097_145, 4),
    ] {
        let packet = Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: "topic".into(),
            packet_id: None,
            properties: Properties::new(),
            payload: vec![b'x'; size].into(),
        });
        let frame = packet.to_frame(ProtocolVersion::V3_1_1).expect("fits");
        assert_eq!(frame.bytes().len(), 1 + width + 7 + size, "{size}");
        assert_eq!(Packet::decode(&frame, ProtocolVersion::V3_1_1), Ok(packet));
    }
}

#[test]
fn refuses_values_that_do_not_fit_and_writes_nothing() {
    let publish = |topic: usize, packet_id: u16, qos, identifier| {
        Packet::Publish(Publish {
            dup: false,
            qos,
            retain: false,
            topic: "t".repeat(topic).into(),
            packet_id: PacketId::new(packet_id),
            properties: Properties(vec![Property::SubscriptionIdentifier(identifier)]),
            payload: Bytes::new(),
        })
    };
    let error = |packet: Packet| {
        let mut out = BytesMut::from(&b"before"[..]);
        let error = packet.encode(ProtocolVersion::V5, &mut out);
        assert_eq!(out[..], *b"before");
        error.expect_err("does not fit").to_string()
    };
    assert_eq!(
        error(publish(65_536, 0, QoS::AtMostOnce, 1)),
        "PUBLISH: topic has 65536 bytes, but at most 65535 can be written"
    );
    assert_eq!(
        error(publish(1, 0, QoS::AtMostOnce, 268_435_456)),
        "PUBLISH: subscription_identifier is 268435456, but at most 268435455 can be written"
    );
    assert_eq!(
        error(publish(1, 0, QoS::AtLeastOnce, 1)),
        "PUBLISH of QoS 1 without a packet identifier"
    );
    assert_eq!(
        error(publish(1, 5, QoS::AtMostOnce, 1)),
        "PUBLISH of QoS 0 with packet identifier 5"
    );
}

/// The strategies generate every property in the tables; this test makes sure that no table misses one.
#[test]
fn every_property_has_a_place() {
    let packets = (0..16).map(|t| PropertyPlace::Packet(mqtt_check_codec::PacketType(t)));
    let places: Vec<PropertyPlace> = packets.chain([PropertyPlace::Will]).collect();
    let count = |id: &PropertyId| places.iter().filter(|p| id.is_allowed_in(**p)).count();
    let counts: Vec<(u32, usize)> = PropertyId::ALL.iter().map(|id| (id.0, count(id))).collect();
    let expected = [
        (0x01, 2),
        (0x02, 2),
        (0x03, 2),
        (0x08, 2),
        (0x09, 2),
        (0x0B, 2),
        (0x11, 3),
        (0x12, 1),
        (0x13, 1),
        (0x15, 3),
        (0x16, 3),
        (0x17, 1),
        (0x18, 1),
        (0x19, 1),
        (0x1A, 1),
        (0x1C, 2),
        (0x1F, 9),
        (0x21, 2),
        (0x22, 2),
        (0x23, 1),
        (0x24, 1),
        (0x25, 1),
        (0x26, 14),
        (0x27, 2),
        (0x28, 1),
        (0x29, 1),
        (0x2A, 1),
    ];
    assert_eq!(counts, expected);
    assert!(!PropertyId(0x04).is_allowed_in(PropertyPlace::Will));
}
