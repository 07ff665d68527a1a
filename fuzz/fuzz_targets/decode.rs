//! Splits and decodes any bytes from a network without a panic. Whatever decodes as a packet must encode to what was
//! read.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mqtt_check_codec::{Form, Frame, Packet, ProtocolVersion};

const FORMS: [Form; 3] = [Form::Short, Form::WithReason, Form::Full];

fuzz_target!(|input: (u8, &[u8])| {
    let (version, stream) = input;
    let version = match version % 3 {
        0 => ProtocolVersion::V3_1,
        1 => ProtocolVersion::V3_1_1,
        _ => ProtocolVersion::V5,
    };
    let mut buffer = BytesMut::from(stream);
    loop {
        let before = buffer.len();
        match Frame::read(&mut buffer, 1 << 20) {
            Ok(Some(frame)) => {
                assert_eq!(before, buffer.len() + frame.bytes().len());
                check(&frame, version);
            }
            Ok(None) | Err(_) => {
                assert_eq!(before, buffer.len(), "nothing is taken");
                return;
            }
        }
    }
});

fn check(frame: &Frame, version: ProtocolVersion) {
    let decoded = Packet::decode(frame, version);
    let (with_layout, spans) = Packet::decode_with_layout(frame, version);
    assert_eq!(decoded, with_layout);
    let mut position = 0;
    for span in &spans {
        assert_eq!(span.range.start, position, "the layout has a gap");
        position = span.range.end;
    }
    assert!(position <= frame.bytes().len());
    match decoded {
        Ok(packet) => check_packet(&packet, frame, version),
        Err(error) => assert!(error.offset <= frame.bytes().len(), "{error}"),
    }
}

fn check_packet(packet: &Packet, frame: &Frame, version: ProtocolVersion) {
    assert!(!packet.describe(version).contains('\n'));
    let again = FORMS.map(|form| {
        let mut out = BytesMut::new();
        let encoded = packet.encode_as(version, form, &mut out);
        encoded.expect("what was read fits the wire");
        let out = out.freeze();
        assert_eq!(packet.craft(version, form, &[]), Ok(out.clone()));
        let again = Frame::from_bytes(out.clone()).expect("is one frame");
        assert_eq!(Packet::decode(&again, version).as_ref(), Ok(packet));
        out
    });
    // MQTT 3.1 leaves some bits and fields open, and before version 5 a length may have more bytes than needed.
    if version == ProtocolVersion::V5 && !matches!(packet, Packet::Connect(_)) {
        assert!(again.contains(frame.bytes()), "{frame:?}");
    }
}
