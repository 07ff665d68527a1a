//! The property section of version 5.

use super::DecodeError;
use super::reader::{self, Reader};
use super::rules::{self, Rule};
use crate::property::PropertyCounts;
use crate::{FieldName, FieldPart, PacketType, Properties, Property, PropertyId, PropertyPlace};

/// Reads the properties at this position, after their length. Before version 5 there are none.
pub(super) fn properties(
    reader: &mut Reader<'_>,
    place: PropertyPlace,
) -> Result<Properties, DecodeError> {
    if !reader.version.has_properties() {
        return Ok(Properties::new());
    }
    let field = match place {
        PropertyPlace::Packet(_) => "property_length",
        PropertyPlace::Will => "will_property_length",
    };
    if let Err(error) = reader.require(field, rules::PROPERTY_LENGTH_MISSING) {
        reader.fault(error)?;
        return Ok(Properties::new());
    }
    let start = reader.position;
    let length = reader.variable(field)? as usize;
    let left = reader.remaining();
    if length > left {
        let problem = format!("is {length}, but {}", reader::left(left));
        reader.fault(reader.error(field, start, rules::STRUCTURE, problem))?;
    }
    let length = length.min(left);
    reader.section(length, |reader| {
        let mut properties = Properties::new();
        let mut counts = PropertyCounts::default();
        while !reader.is_at_end() {
            match property(reader, place, &mut counts) {
                Ok(Some(property)) => properties.push(property),
                Ok(None) => {}
                // It is unknown where the next property begins.
                Err(error) => {
                    reader.fault(error)?;
                    reader.skip_rest();
                }
            }
        }
        Ok(properties)
    })
}

/// Reads one property. `counts` has the number of each before it. Returns `None` for one whose error was tolerated.
fn property(
    reader: &mut Reader<'_>,
    place: PropertyPlace,
    counts: &mut PropertyCounts,
) -> Result<Option<Property>, DecodeError> {
    let start = reader.position;
    let (id, name) = identifier(reader, place, counts)?;
    let mut counts_for_something = id.is_allowed_in(place);
    if counts.of(id) > 0
        && let Some(rule) = rule_against_two(id, place)
    {
        reader.fault(reader.error(name.base, start, rule, "is present twice"))?;
        counts_for_something = false;
    }
    counts.add(id);
    let property = value(reader, id, name)?;
    if let Err(error) = check_value(reader, place, &property, name.base, start) {
        reader.fault(error)?;
        counts_for_something = false;
    }
    Ok(counts_for_something.then_some(property))
}

/// Reads the identifier of a property, and determines the name of its field. The property is allowed here, unless the
/// error was tolerated.
fn identifier(
    reader: &mut Reader<'_>,
    place: PropertyPlace,
    counts: &PropertyCounts,
) -> Result<(PropertyId, FieldName), DecodeError> {
    let start = reader.position;
    let peeked = reader.peek_variable().map(PropertyId);
    let base = peeked.and_then(|id| id.field_in(place));
    let count = peeked.map_or(0, |id| counts.of(id));
    let name = FieldName::of_property(base.unwrap_or("property_id"), count);
    let id = PropertyId(reader.variable(name.with(FieldPart::Id))?);
    let problem = if id.name().is_none() {
        format!("0x{:02X} is not a property", id.0)
    } else if !id.is_allowed_in(place) {
        let place = match place {
            PropertyPlace::Packet(packet) => packet.name(),
            PropertyPlace::Will => "a Will",
        };
        format!("{id} (0x{:02X}) is not a property of {place}", id.0)
    } else {
        return Ok((id, name));
    };
    let error = reader.error(name.base, start, rules::PROPERTY_NOT_ALLOWED, problem);
    match id.name() {
        None => Err(error),
        Some(_) => reader.fault(error).map(|()| (id, name)),
    }
}

fn value(
    reader: &mut Reader<'_>,
    id: PropertyId,
    name: FieldName,
) -> Result<Property, DecodeError> {
    use PropertyId as Id;
    Ok(match id {
        Id::PAYLOAD_FORMAT_INDICATOR => Property::PayloadFormatIndicator(reader.u8(name)?),
        Id::MESSAGE_EXPIRY_INTERVAL => Property::MessageExpiryInterval(reader.u32(name)?),
        Id::CONTENT_TYPE => Property::ContentType(reader.string(name)?),
        Id::RESPONSE_TOPIC => Property::ResponseTopic(reader.string(name)?),
        Id::CORRELATION_DATA => Property::CorrelationData(reader.binary(name)?),
        Id::SUBSCRIPTION_IDENTIFIER => Property::SubscriptionIdentifier(reader.variable(name)?),
        Id::SESSION_EXPIRY_INTERVAL => Property::SessionExpiryInterval(reader.u32(name)?),
        Id::ASSIGNED_CLIENT_IDENTIFIER => Property::AssignedClientIdentifier(reader.string(name)?),
        Id::SERVER_KEEP_ALIVE => Property::ServerKeepAlive(reader.u16(name)?),
        Id::AUTHENTICATION_METHOD => Property::AuthenticationMethod(reader.string(name)?),
        Id::AUTHENTICATION_DATA => Property::AuthenticationData(reader.binary(name)?),
        Id::REQUEST_PROBLEM_INFORMATION => Property::RequestProblemInformation(reader.u8(name)?),
        Id::WILL_DELAY_INTERVAL => Property::WillDelayInterval(reader.u32(name)?),
        Id::REQUEST_RESPONSE_INFORMATION => Property::RequestResponseInformation(reader.u8(name)?),
        Id::RESPONSE_INFORMATION => Property::ResponseInformation(reader.string(name)?),
        Id::SERVER_REFERENCE => Property::ServerReference(reader.string(name)?),
        Id::REASON_STRING => Property::ReasonString(reader.string(name)?),
        Id::RECEIVE_MAXIMUM => Property::ReceiveMaximum(reader.u16(name)?),
        Id::TOPIC_ALIAS_MAXIMUM => Property::TopicAliasMaximum(reader.u16(name)?),
        Id::TOPIC_ALIAS => Property::TopicAlias(reader.u16(name)?),
        Id::MAXIMUM_QOS => Property::MaximumQoS(reader.u8(name)?),
        Id::RETAIN_AVAILABLE => Property::RetainAvailable(reader.u8(name)?),
        Id::MAXIMUM_PACKET_SIZE => Property::MaximumPacketSize(reader.u32(name)?),
        Id::WILDCARD_SUBSCRIPTION_AVAILABLE => {
            Property::WildcardSubscriptionAvailable(reader.u8(name)?)
        }
        Id::SUBSCRIPTION_IDENTIFIER_AVAILABLE => {
            Property::SubscriptionIdentifierAvailable(reader.u8(name)?)
        }
        Id::SHARED_SUBSCRIPTION_AVAILABLE => {
            Property::SharedSubscriptionAvailable(reader.u8(name)?)
        }
        // `identifier` refuses unknown properties, so only the User Property is left.
        _ => {
            let (name, value) = reader.pair(name)?;
            Property::UserProperty(name, value)
        }
    })
}

fn check_value(
    reader: &Reader<'_>,
    place: PropertyPlace,
    property: &Property,
    field: &'static str,
    start: usize,
) -> Result<(), DecodeError> {
    let rule = rule_of_value(property.id(), place);
    let problem = match property {
        Property::SubscriptionIdentifier(0)
        | Property::MaximumPacketSize(0)
        | Property::ReceiveMaximum(0)
        | Property::TopicAlias(0) => "is 0".to_owned(),
        Property::RequestProblemInformation(value)
        | Property::RequestResponseInformation(value)
        | Property::MaximumQoS(value)
        | Property::RetainAvailable(value)
        | Property::WildcardSubscriptionAvailable(value)
        | Property::SubscriptionIdentifierAvailable(value)
        | Property::SharedSubscriptionAvailable(value)
            if *value > 1 =>
        {
            format!("is {value}, but may only be 0 or 1")
        }
        Property::ResponseTopic(topic) => {
            let wildcard = match place {
                PropertyPlace::Packet(_) => rules::RESPONSE_TOPIC_WILDCARD,
                PropertyPlace::Will => rules::TOPIC_NAME_WILDCARD,
            };
            return super::publish::check_topic_name(reader, field, start, topic, wildcard);
        }
        _ => return Ok(()),
    };
    Err(reader.error(field, start, rule, problem))
}

/// Returns the rule on this property's value. Except for the Topic Alias, it is in the same sentence as the rule on its
/// number.
fn rule_of_value(id: PropertyId, place: PropertyPlace) -> Rule {
    match (id, place) {
        (PropertyId::TOPIC_ALIAS, _) => rules::TOPIC_ALIAS_0,
        (PropertyId::SUBSCRIPTION_IDENTIFIER, PropertyPlace::Packet(PacketType::PUBLISH)) => {
            rules::SUBSCRIPTION_IDENTIFIER_IN_PUBLISH
        }
        _ => rule_against_two(id, place).unwrap_or(rules::PROPERTY),
    }
}

/// Returns the rule that this property must not appear twice, if there is one.
fn rule_against_two(id: PropertyId, place: PropertyPlace) -> Option<Rule> {
    use PropertyId as Id;
    if id == Id::USER_PROPERTY {
        return None;
    }
    let packet = match place {
        PropertyPlace::Packet(packet) => packet,
        PropertyPlace::Will => {
            return Some(match id {
                Id::WILL_DELAY_INTERVAL => rules::WILL_DELAY_INTERVAL,
                Id::PAYLOAD_FORMAT_INDICATOR => rules::PAYLOAD_FORMAT_INDICATOR_IN_WILL,
                Id::MESSAGE_EXPIRY_INTERVAL => rules::MESSAGE_EXPIRY_INTERVAL_IN_WILL,
                _ => rules::MESSAGE_PROPERTIES_IN_WILL,
            });
        }
    };
    match (packet, id) {
        (PacketType::PUBLISH, Id::PAYLOAD_FORMAT_INDICATOR | Id::MESSAGE_EXPIRY_INTERVAL) => None,
        (PacketType::PUBLISH, Id::SUBSCRIPTION_IDENTIFIER) => None,
        (PacketType::PUBLISH, Id::TOPIC_ALIAS) => Some(rules::TOPIC_ALIAS_TWICE),
        (PacketType::PUBLISH, _) => Some(rules::MESSAGE_PROPERTIES_IN_PUBLISH),
        (PacketType::SUBSCRIBE, _) => Some(rules::SUBSCRIPTION_IDENTIFIER_IN_SUBSCRIBE),
        (PacketType::AUTH, Id::AUTHENTICATION_METHOD) => Some(rules::AUTHENTICATION_METHOD_IN_AUTH),
        (PacketType::CONNECT, _) => Some(match id {
            Id::SESSION_EXPIRY_INTERVAL => rules::SESSION_EXPIRY_INTERVAL_IN_CONNECT,
            Id::RECEIVE_MAXIMUM => rules::RECEIVE_MAXIMUM_IN_CONNECT,
            Id::MAXIMUM_PACKET_SIZE => rules::MAXIMUM_PACKET_SIZE_IN_CONNECT,
            Id::TOPIC_ALIAS_MAXIMUM => rules::TOPIC_ALIAS_MAXIMUM_IN_CONNECT,
            Id::REQUEST_RESPONSE_INFORMATION => rules::REQUEST_RESPONSE_INFORMATION,
            Id::REQUEST_PROBLEM_INFORMATION => rules::REQUEST_PROBLEM_INFORMATION,
            Id::AUTHENTICATION_METHOD => rules::AUTHENTICATION_METHOD_IN_CONNECT,
            _ => rules::AUTHENTICATION_DATA_IN_CONNECT,
        }),
        (PacketType::CONNACK, _) => Some(match id {
            Id::SESSION_EXPIRY_INTERVAL => rules::SESSION_EXPIRY_INTERVAL_IN_CONNACK,
            Id::RECEIVE_MAXIMUM => rules::RECEIVE_MAXIMUM_IN_CONNACK,
            Id::MAXIMUM_QOS => rules::MAXIMUM_QOS,
            Id::RETAIN_AVAILABLE => rules::RETAIN_AVAILABLE,
            Id::MAXIMUM_PACKET_SIZE => rules::MAXIMUM_PACKET_SIZE_IN_CONNACK,
            Id::ASSIGNED_CLIENT_IDENTIFIER => rules::ASSIGNED_CLIENT_IDENTIFIER,
            Id::TOPIC_ALIAS_MAXIMUM => rules::TOPIC_ALIAS_MAXIMUM_IN_CONNACK,
            Id::REASON_STRING => rules::REASON_STRING_IN_CONNACK,
            Id::WILDCARD_SUBSCRIPTION_AVAILABLE => rules::WILDCARD_SUBSCRIPTION_AVAILABLE,
            Id::SUBSCRIPTION_IDENTIFIER_AVAILABLE => rules::SUBSCRIPTION_IDENTIFIER_AVAILABLE,
            Id::SHARED_SUBSCRIPTION_AVAILABLE => rules::SHARED_SUBSCRIPTION_AVAILABLE,
            Id::SERVER_KEEP_ALIVE => rules::SERVER_KEEP_ALIVE,
            Id::RESPONSE_INFORMATION => rules::RESPONSE_INFORMATION,
            Id::SERVER_REFERENCE => rules::SERVER_REFERENCE_IN_CONNACK,
            Id::AUTHENTICATION_METHOD => rules::AUTHENTICATION_METHOD_IN_CONNACK,
            _ => rules::AUTHENTICATION_DATA_IN_CONNACK,
        }),
        _ => Some(rules::PROPERTY),
    }
}
