//! PUBLISH, and Topic Names in all packets.

use super::DecodeError;
use super::properties::properties;
use super::reader::Reader;
use super::rules::{self, Rule};
use crate::{Packet, PacketType, PropertyPlace, ProtocolVersion, Publish, QoS};

pub(super) fn publish(reader: &mut Reader<'_>, flags: u8) -> Result<Packet, DecodeError> {
    let (dup, retain) = (flags & 0b1000 != 0, flags & 0b0001 != 0);
    let Some(qos) = QoS::from_u8((flags & 0b0110) >> 1) else {
        return Err(reader.error("qos", 0, rules::PUBLISH_QOS_3, "is 3"));
    };
    if dup && qos == QoS::AtMostOnce {
        return Err(reader.error("dup", 0, rules::DUP_AT_QOS_0, "is 1 at QoS 0"));
    }
    reader.require("topic", rules::TOPIC_MISSING)?;
    let topic_at = reader.position;
    let topic = reader.string("topic")?;
    // In version 5 a Topic Alias may replace the name, and the properties are not known yet.
    if !topic.is_empty() || reader.version != ProtocolVersion::V5 {
        check_topic_name(reader, "topic", topic_at, &topic, rules::TOPIC_WILDCARD)?;
    }
    let packet_id = match qos {
        QoS::AtMostOnce => None,
        _ => Some(reader.packet_id(rules::PACKET_ID_CLIENT)?),
    };
    let properties = properties(reader, PropertyPlace::Packet(PacketType::PUBLISH))?;
    if topic.is_empty() && properties.topic_alias().is_none() {
        let rule = rules::TOPIC_EMPTY_WITHOUT_ALIAS;
        let problem = "is empty, and there is no Topic Alias";
        return Err(reader.error("topic", topic_at, rule, problem));
    }
    let payload = reader.rest("payload");
    Ok(Packet::Publish(Publish {
        dup,
        qos,
        retain,
        topic,
        packet_id,
        properties,
        payload,
    }))
}

/// Checks that the Topic Name in `field` is not empty and has no wildcards. `wildcard` is the rule against wildcards.
pub(super) fn check_topic_name(
    reader: &Reader<'_>,
    field: &'static str,
    at: usize,
    topic: &str,
    wildcard: Rule,
) -> Result<(), DecodeError> {
    if topic.is_empty() {
        let problem = "is empty; a Topic Name has at least one character";
        return Err(reader.error(field, at, rules::TOPIC_NAME_EMPTY, problem));
    }
    match topic.chars().find(|c| matches!(c, '+' | '#')) {
        None => Ok(()),
        Some(character) => {
            let problem = format!("is a Topic Name, but contains the wildcard {character:?}");
            Err(reader.error(field, at, wildcard, problem))
        }
    }
}
