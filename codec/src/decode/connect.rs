//! CONNECT and CONNACK.

use super::properties::properties;
use super::reader::Reader;
use super::rules;
use super::{DecodeError, RemainingLength, publish};
use crate::encode::property_size;
use crate::{
    ConnAck, Connect, Packet, PacketType, Property, PropertyId, PropertyPlace, ProtocolVersion,
    QoS, ReasonCode, Will,
};

const RESERVED: u8 = 0b0000_0001;
const CLEAN_START: u8 = 0b0000_0010;
const WILL: u8 = 0b0000_0100;
const WILL_QOS: u8 = 0b0001_1000;
const WILL_RETAIN: u8 = 0b0010_0000;
const PASSWORD: u8 = 0b0100_0000;
const USERNAME: u8 = 0b1000_0000;

pub(super) fn connect(
    reader: &mut Reader<'_>,
    length: RemainingLength,
) -> Result<Packet, DecodeError> {
    let version = version(reader)?;
    reader.version = version;
    length.check(reader)?;
    let flags_at = reader.position;
    let flags = reader.u8("connect_flags")?;
    let will_qos = check_flags(reader, flags, flags_at)?;
    let keep_alive_s = reader.u16("keep_alive")?;
    let properties = connect_properties(reader)?;
    reader.require("client_id", rules::CLIENT_ID_MISSING)?;
    let client_id = reader.string("client_id")?;
    let will = match flags & WILL {
        0 => None,
        _ => Some(will(reader, will_qos, flags & WILL_RETAIN != 0)?),
    };
    // In 3.1 the Remaining Length takes precedence over these two flags.
    let may_lack = |reader: &Reader<'_>| version == ProtocolVersion::V3_1 && reader.is_at_end();
    let username = if flags & USERNAME == 0 || may_lack(reader) {
        None
    } else {
        reader.require("username", rules::USERNAME_MISSING)?;
        Some(reader.string("username")?)
    };
    let password = if flags & PASSWORD == 0 || may_lack(reader) {
        None
    } else {
        reader.require("password", rules::PASSWORD_MISSING)?;
        Some(reader.binary("password")?)
    };
    Ok(Packet::Connect(Box::new(Connect {
        version,
        clean_start: flags & CLEAN_START != 0,
        keep_alive_s,
        properties,
        client_id,
        will,
        username,
        password,
    })))
}

/// Reads the version from name and level. Nothing after an unknown version is read, because its format is unknown.
fn version(reader: &mut Reader<'_>) -> Result<ProtocolVersion, DecodeError> {
    let name_at = reader.position;
    let name = reader.string("protocol_name")?;
    if name != "MQTT" && name != "MQIsdp" {
        let problem = format!("is {:?}, which is neither \"MQTT\" nor \"MQIsdp\"", &*name);
        return Err(reader.error("protocol_name", name_at, rules::PROTOCOL_NAME, problem));
    }
    let level_at = reader.position;
    let level = reader.u8("protocol_level")?;
    let versions = [
        ProtocolVersion::V3_1,
        ProtocolVersion::V3_1_1,
        ProtocolVersion::V5,
    ];
    let known = |v: &ProtocolVersion| v.protocol_name() == &*name && v.level() == level;
    versions.into_iter().find(known).ok_or_else(|| {
        let problem = format!("is {level}, which is not a level of {:?}", &*name);
        reader.error("protocol_level", level_at, rules::PROTOCOL_LEVEL, problem)
    })
}

/// Checks the Connect Flags and returns the Will QoS in them.
fn check_flags(reader: &Reader<'_>, flags: u8, at: usize) -> Result<QoS, DecodeError> {
    if flags & RESERVED != 0 {
        let rule = rules::CONNECT_RESERVED;
        return Err(reader.error("connect_flags", at, rule, "have the reserved bit 0 set"));
    }
    let bits = (flags & WILL_QOS) >> 3;
    let has_will = flags & WILL != 0;
    let counts = has_will || reader.version != ProtocolVersion::V3_1;
    if bits == 3 && counts {
        return Err(reader.error("will_qos", at, rules::WILL_QOS_3, "is 3"));
    }
    if bits != 0 && !has_will && counts {
        let problem = format!("is {bits} though the Will Flag is 0");
        return Err(reader.error("will_qos", at, rules::WILL_QOS_WITHOUT_WILL, problem));
    }
    if flags & WILL_RETAIN != 0 && !has_will && counts {
        let rule = rules::WILL_RETAIN_WITHOUT_WILL;
        return Err(reader.error("will_retain", at, rule, "is 1 though the Will Flag is 0"));
    }
    let needs_username = reader.version != ProtocolVersion::V5;
    if flags & PASSWORD != 0 && flags & USERNAME == 0 && needs_username {
        let rule = rules::PASSWORD_WITHOUT_USERNAME;
        let problem = "is 1 though the User Name Flag is 0";
        return Err(reader.error("password_flag", at, rule, problem));
    }
    Ok(QoS::from_u8(bits).unwrap_or(QoS::AtMostOnce))
}

fn connect_properties(reader: &mut Reader<'_>) -> Result<crate::Properties, DecodeError> {
    let properties = properties(reader, PropertyPlace::Packet(PacketType::CONNECT))?;
    let is_data = |p: &Property| p.id() == PropertyId::AUTHENTICATION_DATA;
    let has_method = properties.find(PropertyId::AUTHENTICATION_METHOD).is_some();
    if let Some(at) = properties.iter().position(is_data)
        && !has_method
    {
        let behind: usize = properties.0[at..].iter().map(property_size).sum();
        let offset = reader.position - behind;
        let rule = rules::AUTHENTICATION_DATA_IN_CONNECT;
        let problem = "is present without an Authentication Method";
        return Err(reader.error("authentication_data", offset, rule, problem));
    }
    Ok(properties)
}

fn will(reader: &mut Reader<'_>, qos: QoS, retain: bool) -> Result<Will, DecodeError> {
    let first = match reader.version {
        ProtocolVersion::V5 => "will_property_length",
        _ => "will_topic",
    };
    reader.require(first, rules::WILL_FIELDS)?;
    let properties = properties(reader, PropertyPlace::Will)?;
    reader.require("will_topic", rules::WILL_FIELDS)?;
    let topic_at = reader.position;
    let topic = reader.string("will_topic")?;
    let wildcard = rules::TOPIC_NAME_WILDCARD;
    publish::check_topic_name(reader, "will_topic", topic_at, &topic, wildcard)?;
    reader.require("will_payload", rules::WILL_FIELDS)?;
    let payload = reader.binary("will_payload")?;
    Ok(Will {
        topic,
        payload,
        qos,
        retain,
        properties,
    })
}

pub(super) fn connack(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let flags_at = reader.position;
    let flags = reader.u8("acknowledge_flags")?;
    // 3.1 does not use this byte and does not specify its value.
    if flags > 1 && reader.version != ProtocolVersion::V3_1 {
        let problem = format!("are {flags:08b}, but bits 7 to 1 are reserved and 0");
        let rule = rules::CONNACK_FLAGS;
        reader.fault(reader.error("acknowledge_flags", flags_at, rule, problem))?;
    }
    let reason = ReasonCode(reader.u8("reason")?);
    let properties = properties(reader, PropertyPlace::Packet(PacketType::CONNACK))?;
    Ok(Packet::ConnAck(ConnAck {
        session_present: flags & 1 == 1,
        reason,
        properties,
    }))
}
