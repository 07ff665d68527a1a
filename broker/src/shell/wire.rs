//! Encodes packets, including bytes that only a broker with faults sends.

use bytes::{BufMut, BytesMut};
use mqtt_check_codec::{EncodeError, Form, Packet, PacketId, ProtocolVersion, QoS};

use super::connack;
use crate::{Fault, Faults};

/// Appends the packet's bytes.
///
/// # Errors
/// Returns an error if the packet has a value that cannot be encoded.
pub(super) fn write(
    packet: Packet,
    version: ProtocolVersion,
    form: Form,
    faults: &Faults,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if faults.is_none() {
        packet.encode_as(version, form, out)
    } else {
        write_wrongly(packet, version, form, faults, out)
    }
}

fn write_wrongly(
    mut packet: Packet,
    mut version: ProtocolVersion,
    form: Form,
    faults: &Faults,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let lies = |fault| faults.has(fault);
    let at = out.len();
    let mut first_byte_mask = 0xFF;
    match &mut packet {
        // [3.1.1 MQTT-2.3.1-5] [5 MQTT-2.2.1-2]
        Packet::Publish(publish)
            if publish.qos == QoS::AtMostOnce && lies(Fault::PacketIdAtQos0) =>
        {
            publish.qos = QoS::AtLeastOnce;
            publish.packet_id = Some(PacketId::MIN);
            first_byte_mask = !0b0110;
        }
        // [5 MQTT-2.2.2-1]
        Packet::SubAck(suback)
            if suback.properties.is_empty() && lies(Fault::PropertyLengthMissing) =>
        {
            version = ProtocolVersion::V3_1_1;
        }
        Packet::ConnAck(connack) => connack::change(connack, faults),
        // [3.1.1 MQTT-2.2.2-1] [5 MQTT-2.1.3-1] [5 MQTT-1.5.5-1]
        Packet::PingResp if lies(Fault::ReservedFlagSet) => {
            out.put_slice(&[0xD1, 0x00]);
            return Ok(());
        }
        Packet::PingResp if lies(Fault::LengthNotMinimal) => {
            out.put_slice(&[0xD0, 0x80, 0x00]);
            return Ok(());
        }
        // [3.1.1 RULE-2.2.1-1] [5 RULE-2.1.2-1] [3.1.1 RULE-2.1-1] [5 RULE-2.1.1-1]
        Packet::PingResp if lies(Fault::PingreqAnsweredByPingreq) => {
            out.put_slice(&[0xC0, 0x00]);
            return Ok(());
        }
        Packet::PingResp if lies(Fault::PingrespHasBody) => {
            out.put_slice(&[0xD0, 0x01, 0x00]);
            return Ok(());
        }
        Packet::PubAck(_) | Packet::PubRec(_) | Packet::PubComp(_) | Packet::UnsubAck(_)
            if lies(Fault::AcknowledgementsOfVersion5) =>
        {
            return packet.encode_as(ProtocolVersion::V5, Form::Full, out);
        }
        _ => {}
    }
    packet.encode_as(version, form, out)?;
    out[at] &= first_byte_mask;
    let length = out[at + 1..]
        .iter()
        .take_while(|byte| **byte >= 0x80)
        .count()
        + 1;
    let body = at + 1 + length;
    match &packet {
        // [3.1.1 RULE-3.2.2.1-1] [5 MQTT-3.2.2-1]
        Packet::ConnAck(_) if lies(Fault::ConnackFlagsReserved) => out[body] |= 0b10,
        // [3.1.1 RULE-3.2.1-1] [5 RULE-3.2.3-1]
        Packet::ConnAck(_) if lies(Fault::ConnackTrailingByte) && out[at + 1] < 0x7F => {
            out[at + 1] += 1;
            out.put_u8(0);
        }
        // [3.1.1 MQTT-2.2.2-1] [5 MQTT-2.1.3-1]
        Packet::SubAck(_) | Packet::UnsubAck(_) if lies(Fault::SubackCopiesFlags) => {
            out[at] |= 0b10;
        }
        // [3.1.1 MQTT-3.6.1-1] [5 MQTT-3.6.1-1]
        Packet::PubRel(_) if lies(Fault::PubrelFlagsClear) => out[at] &= 0xF0,
        // [3.1.1 MQTT-2.3.1-1] [5 MQTT-2.2.1-4]
        Packet::Publish(publish) if publish.qos > QoS::AtMostOnce && lies(Fault::PacketIdZero) => {
            let id = body + 2 + publish.topic.len();
            out[id..id + 2].fill(0);
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(packet: Packet, fault: Fault) -> Vec<u8> {
        let mut out = BytesMut::from(&b"before"[..]);
        let faults = Faults::from_iter([fault]);
        write(packet, ProtocolVersion::V5, Form::Full, &faults, &mut out).expect("fits");
        out[6..].to_vec()
    }

    fn publish(qos: QoS) -> Packet {
        Packet::Publish(mqtt_check_codec::Publish {
            dup: false,
            qos,
            retain: true,
            topic: "ab".into(),
            packet_id: (qos > QoS::AtMostOnce).then(|| PacketId::new(0x0102).expect("not 0")),
            properties: Default::default(),
            payload: "x".into(),
        })
    }

    #[test]
    fn each_lie_is_in_its_place() {
        let qos0 = bytes(publish(QoS::AtMostOnce), Fault::PacketIdAtQos0);
        assert_eq!(qos0, [0x31, 8, 0, 2, b'a', b'b', 0, 1, 0, b'x']);
        let qos1 = bytes(publish(QoS::AtLeastOnce), Fault::PacketIdZero);
        assert_eq!(qos1, [0x33, 8, 0, 2, b'a', b'b', 0, 0, 0, b'x']);
        let untouched = bytes(publish(QoS::AtLeastOnce), Fault::PacketIdAtQos0);
        assert_eq!(untouched, [0x33, 8, 0, 2, b'a', b'b', 1, 2, 0, b'x']);
        let suback = Packet::SubAck(mqtt_check_codec::SubAck {
            packet_id: PacketId::MIN,
            properties: Default::default(),
            reasons: vec![mqtt_check_codec::ReasonCode::SUCCESS],
        });
        let copied = bytes(suback.clone(), Fault::SubackCopiesFlags);
        assert_eq!(copied, [0x92, 4, 0, 1, 0, 0]);
        let pubrel = Packet::PubRel(mqtt_check_codec::Ack {
            packet_id: PacketId::MIN,
            reason: mqtt_check_codec::ReasonCode::SUCCESS,
            properties: Default::default(),
        });
        assert_eq!(bytes(pubrel, Fault::PubrelFlagsClear)[0], 0x60);
        let suback = bytes(suback, Fault::PropertyLengthMissing);
        assert_eq!(suback, [0x90, 3, 0, 1, 0]);
        let connack = Packet::ConnAck(mqtt_check_codec::ConnAck {
            session_present: true,
            reason: mqtt_check_codec::ReasonCode::SUCCESS,
            properties: Default::default(),
        });
        let connack = bytes(connack, Fault::ConnackFlagsReserved);
        assert_eq!(connack, [0x20, 3, 3, 0, 0]);
        assert_eq!(bytes(Packet::PingResp, Fault::ReservedFlagSet), [0xD1, 0]);
        let pingreq = bytes(Packet::PingResp, Fault::PingreqAnsweredByPingreq);
        assert_eq!(pingreq, [0xC0, 0]);
        let longer = bytes(Packet::PingResp, Fault::PingrespHasBody);
        assert_eq!(longer, [0xD0, 1, 0]);
        assert_eq!(
            bytes(Packet::PingResp, Fault::LengthNotMinimal),
            [0xD0, 0x80, 0]
        );
    }
}
