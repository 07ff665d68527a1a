//! SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.

use super::DecodeError;
use super::properties::properties;
use super::reader::Reader;
use super::rules;
use crate::{
    FieldName, Packet, PacketType, PropertyPlace, ProtocolVersion, QoS, ReasonCode, RetainHandling,
    SubAck, Subscribe, Subscription, SubscriptionOptions, UnsubAck, Unsubscribe,
};

pub(super) fn subscribe(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let packet_id = reader.packet_id(rules::PACKET_ID_CLIENT)?;
    let properties = properties(reader, PropertyPlace::Packet(PacketType::SUBSCRIBE))?;
    reader.require("filter", rules::SUBSCRIBE_EMPTY)?;
    let mut subscriptions = Vec::new();
    while !reader.is_at_end() {
        let index = subscriptions.len();
        let filter = reader.string(FieldName::at("filter", index))?;
        let at = reader.position;
        let byte = reader.u8(FieldName::at("options", index))?;
        let options = options(reader, byte, at)?;
        if options.no_local && filter.starts_with("$share/") {
            let problem = "is 1 on a Shared Subscription";
            return Err(reader.error("no_local", at, rules::NO_LOCAL_SHARED, problem));
        }
        subscriptions.push(Subscription { filter, options });
    }
    Ok(Packet::Subscribe(Subscribe {
        packet_id,
        properties,
        subscriptions,
    }))
}

fn options(reader: &Reader<'_>, byte: u8, at: usize) -> Result<SubscriptionOptions, DecodeError> {
    let reserved = match reader.version {
        ProtocolVersion::V5 => 0b1100_0000,
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => 0b1111_1100,
    };
    if byte & reserved != 0 {
        let problem = format!("are {byte:08b}, but the bits {reserved:08b} are reserved and 0");
        return Err(reader.error("options", at, rules::SUBSCRIBE_RESERVED, problem));
    }
    let Some(qos) = QoS::from_u8(byte & 0b11) else {
        return Err(reader.error("qos", at, rules::SUBSCRIBE_QOS_3, "is 3"));
    };
    let Some(retain_handling) = RetainHandling::from_u8((byte & 0b11_0000) >> 4) else {
        return Err(reader.error("retain_handling", at, rules::RETAIN_HANDLING_3, "is 3"));
    };
    Ok(SubscriptionOptions {
        qos,
        no_local: byte & 0b100 != 0,
        retain_as_published: byte & 0b1000 != 0,
        retain_handling,
    })
}

pub(super) fn suback(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let packet_id = reader.packet_id(rules::PACKET_ID_SUBACK)?;
    let properties = properties(reader, PropertyPlace::Packet(PacketType::SUBACK))?;
    reader.require("reasons", rules::SUBACK_EMPTY)?;
    Ok(Packet::SubAck(SubAck {
        packet_id,
        properties,
        reasons: reasons(reader)?,
    }))
}

pub(super) fn unsubscribe(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let packet_id = reader.packet_id(rules::PACKET_ID_CLIENT)?;
    let properties = properties(reader, PropertyPlace::Packet(PacketType::UNSUBSCRIBE))?;
    reader.require("filter", rules::UNSUBSCRIBE_EMPTY)?;
    let mut filters = Vec::new();
    while !reader.is_at_end() {
        filters.push(reader.string(FieldName::at("filter", filters.len()))?);
    }
    Ok(Packet::Unsubscribe(Unsubscribe {
        packet_id,
        properties,
        filters,
    }))
}

pub(super) fn unsuback(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let packet_id = reader.packet_id(rules::PACKET_ID_SUBACK)?;
    let properties = properties(reader, PropertyPlace::Packet(PacketType::UNSUBACK))?;
    let mut codes = Vec::new();
    if reader.version == ProtocolVersion::V5 {
        reader.require("reasons", rules::UNSUBACK_EMPTY)?;
        codes = reasons(reader)?;
    }
    Ok(Packet::UnsubAck(UnsubAck {
        packet_id,
        properties,
        reasons: codes,
    }))
}

fn reasons(reader: &mut Reader<'_>) -> Result<Vec<ReasonCode>, DecodeError> {
    let mut reasons = Vec::with_capacity(reader.remaining());
    while !reader.is_at_end() {
        let name = FieldName::at("reasons", reasons.len());
        reasons.push(ReasonCode(reader.u8(name)?));
    }
    Ok(reasons)
}
