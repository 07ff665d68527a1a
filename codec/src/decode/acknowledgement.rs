//! PUBACK, PUBREC, PUBREL and PUBCOMP, and the two other packets that may end early in version 5: DISCONNECT and AUTH.

use super::DecodeError;
use super::properties::properties;
use super::reader::Reader;
use super::rules;
use crate::{
    Ack, Auth, Disconnect, Packet, PacketType, Properties, PropertyId, PropertyPlace, ReasonCode,
};

pub(super) fn ack(reader: &mut Reader<'_>, packet: PacketType) -> Result<Ack, DecodeError> {
    let rule = match packet {
        PacketType::PUBCOMP => rules::PACKET_ID_PUBCOMP,
        _ => rules::PACKET_ID_ACK,
    };
    let packet_id = reader.packet_id(rule)?;
    let (reason, properties) = outcome(reader, packet)?;
    Ok(Ack {
        packet_id,
        reason,
        properties,
    })
}

pub(super) fn disconnect(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let (reason, properties) = outcome(reader, PacketType::DISCONNECT)?;
    Ok(Packet::Disconnect(Disconnect { reason, properties }))
}

/// Reads the Reason Code and the properties. Both may be left out: a packet that ends before the Reason Code means
/// 0x00, and one that ends after it has no properties.
fn outcome(
    reader: &mut Reader<'_>,
    packet: PacketType,
) -> Result<(ReasonCode, Properties), DecodeError> {
    if !reader.version.has_properties() || reader.is_at_end() {
        return Ok((ReasonCode::SUCCESS, Properties::new()));
    }
    let reason = ReasonCode(reader.u8("reason")?);
    if reader.is_at_end() {
        return Ok((reason, Properties::new()));
    }
    let properties = properties(reader, PropertyPlace::Packet(packet))?;
    Ok((reason, properties))
}

/// Reads AUTH, which may have no bytes at all, but may not end after the Reason Code. The empty form cannot contain the
/// Authentication Method that another section requires. It is accepted all the same, because the section on the Reason
/// Code describes it explicitly.
pub(super) fn auth(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    if reader.is_at_end() {
        return Ok(Packet::Auth(Auth {
            reason: ReasonCode::SUCCESS,
            properties: Properties::new(),
        }));
    }
    let reason = ReasonCode(reader.u8("reason")?);
    let start = reader.position;
    let properties = properties(reader, PropertyPlace::Packet(PacketType::AUTH))?;
    if properties.find(PropertyId::AUTHENTICATION_METHOD).is_none() {
        let rule = rules::AUTHENTICATION_METHOD_IN_AUTH;
        return Err(reader.error("authentication_method", start, rule, "is missing"));
    }
    Ok(Packet::Auth(Auth { reason, properties }))
}
