//! Sends one PUBLISH to one client.

use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketId, Properties, Property, ProtocolVersion, Publish, QoS};

use super::beside::misdate;
use super::outgoing::send;
use crate::core::output::Output;
use crate::core::rules::Rules;
use crate::core::state::link::Link;
use crate::core::state::message::Delivery;
use crate::core::state::weight;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// Builds and sends one PUBLISH, and returns whether it fitted. DUP depends only on whether this is a retransmission.
/// [3.1.1 MQTT-3.3.1-3] [5 MQTT-3.3.1-3]
pub(crate) fn send_publish(
    link: &mut Link,
    rules: &Rules,
    turn: &mut Turn<'_>,
    delivery: &Delivery,
    packet_id: Option<PacketId>,
    again: bool,
) -> bool {
    let message = &delivery.message;
    // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3] [3.1.1 MQTT-1.5.3-3] [5 MQTT-1.5.4-3]: the topic as published.
    let mut topic = match rules.faults.is_none() {
        true => message.topic.clone(),
        false => misspelt(rules, &message.topic),
    };
    let mut properties = Properties::new();
    let mut learned = None;
    if link.version == ProtocolVersion::V5 {
        properties = message.properties_at(rules, turn.now);
        if !rules.faults.is_none() {
            misdate(rules, turn.now, delivery, &mut properties);
        }
        if rules.breaks(Fault::LongPropertiesDropped) {
            properties.0.retain(|property| !is_long(property));
        }
        // [5 RULE-3.3.2.3.5-1]
        if !rules.faults.is_none()
            && let Some(again) = properties.content_type()
            && rules.breaks(Fault::ContentTypeTwice)
        {
            properties.push(Property::ContentType(again));
        }
        identify(rules, delivery, &mut properties);
        if let Some(alias) = publishers_alias(rules, link, delivery) {
            properties.push(Property::TopicAlias(alias));
        } else if let Some((alias, known)) =
            link.alias_for(&topic, rules.config.maximum_client_bytes)
        {
            if known && rules.breaks(Fault::AliasedPropertiesLost) {
                properties.0.clear();
            }
            properties.push(Property::TopicAlias(alias));
            // [5 MQTT-3.3.2-3]
            if rules.breaks(Fault::AliasesSharedByDirections)
                && let Some(old) = link.aliases_in.get_mut(&alias)
            {
                *old = topic.clone();
            }
            if known && !rules.chooses(Liberty::TopicWithEveryAlias) {
                topic = ByteString::new();
            } else if !known {
                learned = Some((topic.clone(), alias));
            }
        } else if let Some(alias) = alias_of_others(rules, turn, &message.payload) {
            properties.push(Property::TopicAlias(alias));
            topic = ByteString::new();
        }
    }
    let publish = Publish {
        // [3.1.1 MQTT-3.3.1-1] [5 MQTT-3.3.1-1]
        dup: match again {
            true => !rules.breaks(Fault::DupFlagClearOnResend),
            false => first_dup(rules, delivery),
        },
        qos: delivery.qos,
        // [3.1.1 MQTT-3.3.1-9]
        retain: delivery.retain
            || message.retain
                && link.version != ProtocolVersion::V5
                && rules.breaks(Fault::RetainKeptLiveForOlder),
        topic,
        packet_id,
        properties,
        payload: match delivery.qos > QoS::AtMostOnce
            && message.payload.len() > 2
            && rules.breaks(Fault::PayloadLosesTwoBytes)
        {
            // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
            true => message.payload.slice(2..),
            false => message.payload.clone(),
        },
    };
    // Properties added for this client may make the packet larger than MQTT allows.
    let fits = weight::fits_a_packet(&publish.topic, &publish.payload, &publish.properties);
    let packet = Packet::Publish(publish);
    let sent = if !rules.faults.is_none() && is_unmeasured(rules, turn, delivery) {
        turn.send(link.connection, packet);
        true
    } else {
        fits && send(link, rules, turn, packet)
    };
    // [5 RULE-3.3.4-2]
    let told = sent || rules.breaks(Fault::UnsentAliasUsed);
    if let (true, Some((topic, alias))) = (told, learned) {
        link.learn_alias(&topic, alias);
    }
    if sent {
        turn.outgoing += delivery.weight();
        let burst = link.burst.add(turn.number, delivery.weight());
        if burst > rules.config.maximum_outgoing_bytes {
            hold_back(link, turn);
        }
    }
    sent
}

/// For a fault: the Topic Alias by which another client was just sent this payload. [5 MQTT-3.1.2-27]
fn alias_of_others(rules: &Rules, turn: &Turn<'_>, payload: &[u8]) -> Option<u16> {
    // This check is first, so that a broker without faults does not search its output for each client.
    if !rules.breaks(Fault::AliasOfOthersLeaks) {
        return None;
    }
    let mut sent = turn.out.iter().rev();
    sent.find_map(|output| match output {
        Output::Send {
            packet: Packet::Publish(other),
            ..
        } if other.topic.is_empty() && *other.payload == *payload => {
            other.properties.iter().find_map(|property| match property {
                Property::TopicAlias(alias) => Some(*alias),
                _ => None,
            })
        }
        _ => None,
    })
}

/// For faults: whether a message is sent whatever its size. [5 MQTT-3.1.2-24]
fn is_unmeasured(rules: &Rules, turn: &Turn<'_>, delivery: &Delivery) -> bool {
    let message = &delivery.message;
    message.will && rules.breaks(Fault::WillTooLargeSent)
        || message.received_at < turn.now && rules.breaks(Fault::WaitedTooLargeSent)
}

/// For a fault: the publisher's Topic Alias, if it is within the client's Topic Alias Maximum. [5 MQTT-3.3.2-3]
fn publishers_alias(rules: &Rules, link: &Link, delivery: &Delivery) -> Option<u16> {
    let alias = delivery.message.alias?;
    let is_taken = link.aliases_out.allows(alias) && rules.breaks(Fault::PublishersAliasForwarded);
    is_taken.then_some(alias)
}

/// Returns whether this message is not sent now because too many bytes wait to be written to all clients together.
pub(crate) fn is_too_much(rules: &Rules, turn: &Turn<'_>, delivery: &Delivery) -> bool {
    let maximum = rules.config.maximum_all_outgoing_bytes;
    // While at most half of the limit is waiting, any message is sent, however large.
    turn.outgoing > maximum / 2 && turn.outgoing.saturating_add(delivery.weight()) > maximum
}

/// Sends no further messages to this client until it has caught up.
pub(crate) fn hold_back(link: &mut Link, turn: &mut Turn<'_>) {
    if !link.congested {
        link.congested = true;
        turn.hold(link.connection);
    }
}

/// Returns whether a string or binary data is longer than a signed two-byte integer can express.
fn is_long(property: &Property) -> bool {
    let longest = match property {
        Property::ContentType(text) | Property::ResponseTopic(text) => text.len(),
        Property::CorrelationData(data) => data.len(),
        Property::UserProperty(name, value) => name.len().max(value.len()),
        _ => 0,
    };
    longest > 0x7FFF
}

/// Adds the Subscription Identifiers. [5 MQTT-3.3.4-3] [5 MQTT-3.3.4-4]
fn identify(rules: &Rules, delivery: &Delivery, properties: &mut Properties) {
    let is_qos0 = delivery.qos == QoS::AtMostOnce;
    let count = if rules.breaks(Fault::IdentifiersDropped)
        || is_qos0 && rules.breaks(Fault::IdentifiersDroppedAtQos0)
    {
        0
    } else if rules.breaks(Fault::OnlyFirstIdentifier) {
        1
    } else {
        delivery.identifiers.len()
    };
    let begin = properties.0.len();
    let identifiers = delivery.identifiers.iter().copied().take(count);
    let added = identifiers.map(Property::SubscriptionIdentifier);
    properties.0.extend(added);
    if rules.chooses(Liberty::IdentifiersInOtherOrder) {
        properties.0[begin..].reverse();
    }
}

/// For faults: whether DUP is set on a PUBLISH that is sent for the first time.
fn first_dup(rules: &Rules, delivery: &Delivery) -> bool {
    let always = match delivery.qos {
        QoS::AtMostOnce => rules.breaks(Fault::DupAtQos0),
        QoS::AtLeastOnce => rules.breaks(Fault::FirstPublishDupAtQos1),
        QoS::ExactlyOnce => rules.breaks(Fault::FirstPublishDupAtQos2),
    };
    let is_passed_on = |fault| delivery.message.dup && rules.breaks(fault);
    always
        || is_passed_on(Fault::DupPropagated)
        || delivery.qos == QoS::AtMostOnce && is_passed_on(Fault::DupPropagatedToQos0)
}

/// For faults: the topic as a broker spells it that changes it.
fn misspelt(rules: &Rules, topic: &ByteString) -> ByteString {
    if rules.breaks(Fault::TopicInLowerCase) {
        ByteString::from(topic.to_lowercase())
    } else if rules.breaks(Fault::ByteOrderMarkStripped) {
        ByteString::from(topic.replace('\u{feff}', ""))
    } else if rules.breaks(Fault::TopicsBeyondBmpReplaced) {
        ByteString::from(topic.replace(|c: char| c > '\u{ffff}', "\u{fffd}"))
    } else {
        topic.clone()
    }
}
