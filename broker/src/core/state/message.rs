//! An Application Message in the broker, and one copy of it for one session.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{PacketId, Properties, Property, Publish, QoS};

use super::weight;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::{Fault, Liberty};

/// A message that the broker has accepted. The copies for all subscribers share it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) topic: ByteString,
    pub(crate) payload: Bytes,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// The publisher's DUP flag. It is not forwarded.
    pub(crate) dup: bool,
    /// The properties that are forwarded to subscribers, in the publisher's order.
    pub(crate) properties: Properties,
    /// Message Expiry Interval as received, in seconds.
    pub(crate) expiry_s: Option<u32>,
    pub(crate) received_at: Time,
    /// The publisher's Topic Alias. It is not forwarded.
    pub(crate) alias: Option<u16>,
    /// The publisher's packet id. It is not forwarded.
    pub(crate) packet_id: Option<PacketId>,
    /// Whether the message is a Will. Subscribers do not learn this.
    pub(crate) will: bool,
    /// The Client Identifier of the publisher, or of the client that left the Will.
    pub(crate) publisher: ByteString,
    /// The weight in bytes that counts against limits, as of when the message was accepted.
    pub(crate) weight: usize,
}

impl Message {
    /// Returns the message of a PUBLISH whose Topic Alias is already resolved.
    pub(crate) fn from_publish(publish: Publish, publisher: ByteString, now: Time) -> Self {
        let alias = publish.properties.topic_alias();
        let properties = forwarded(publish.properties);
        Self {
            alias,
            packet_id: publish.packet_id,
            weight: weight::of_message(&publish.topic, &publish.payload, &properties),
            expiry_s: properties.message_expiry_interval_s(),
            properties,
            topic: publish.topic,
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
            dup: publish.dup,
            will: false,
            received_at: now,
            publisher,
        }
    }

    /// Returns whether the Message Expiry Interval has passed. A message with an interval of 0 expires once any time
    /// has passed.
    pub(crate) fn is_expired(&self, now: Time) -> bool {
        let waited = now.saturating_sub(self.received_at);
        self.expiry_s.is_some_and(|expiry_s| {
            !waited.is_zero() && waited >= Duration::from_secs(u64::from(expiry_s))
        })
    }

    /// For faults: removes all properties except the Message Expiry Interval.
    pub(crate) fn forget_properties(&mut self) {
        let is_expiry = |p: &Property| matches!(p, Property::MessageExpiryInterval(_));
        self.properties.0.retain(is_expiry);
    }

    /// For faults: returns the message without its Message Expiry Interval.
    pub(crate) fn without_expiry(&self) -> Self {
        let mut message = self.clone();
        message.expiry_s = None;
        let is_expiry = |p: &Property| matches!(p, Property::MessageExpiryInterval(_));
        message.properties.0.retain(|property| !is_expiry(property));
        message
    }

    /// Returns the properties of a PUBLISH that is sent now. The Message Expiry Interval is reduced by the whole
    /// seconds that the message has waited.
    pub(crate) fn properties_at(&self, rules: &Rules, now: Time) -> Properties {
        let waited = now.saturating_sub(self.received_at);
        let begun = waited.subsec_nanos() > 0 && rules.chooses(Liberty::ExpiryRoundedDown);
        let waited_s = waited.as_secs() + u64::from(begun);
        let waited_s = u32::try_from(waited_s).unwrap_or(u32::MAX);
        let mut properties = self.properties.clone();
        for property in &mut properties.0 {
            if let Property::MessageExpiryInterval(expiry_s) = property
                && !rules.breaks(Fault::MessageExpiryNotCounted)
            {
                // [5 MQTT-3.3.2-6]
                *expiry_s = expiry_s.saturating_sub(waited_s);
            }
        }
        if !rules.faults.is_none() {
            distort(rules, &mut properties);
        }
        properties
    }
}

/// Applies faults to the properties.
fn distort(rules: &Rules, properties: &mut Properties) {
    properties.0.retain(|property| {
        let dropped = match property {
            Property::PayloadFormatIndicator(_) => Fault::PayloadFormatIndicatorDropped,
            Property::ResponseTopic(_) => Fault::ResponseTopicDropped,
            Property::CorrelationData(_) => Fault::CorrelationDataDropped,
            Property::ContentType(_) => Fault::ContentTypeDropped,
            Property::UserProperty(..) => Fault::UserPropertiesDropped,
            _ => return true,
        };
        !rules.breaks(dropped)
    });
    // [5 MQTT-3.3.2-4]
    if rules.breaks(Fault::PayloadFormat0Dropped) {
        let is_0 = |p: &Property| matches!(p, Property::PayloadFormatIndicator(0));
        properties.0.retain(|property| !is_0(property));
    }
    // [5 MQTT-3.3.2-17]
    if rules.breaks(Fault::UserPropertiesMerged) {
        let all = properties.0.clone();
        let mut place = 0;
        properties.0.retain(|property| {
            place += 1;
            let Property::UserProperty(name, _) = property else {
                return true;
            };
            let mut later = all[place..].iter();
            !later.any(|p| matches!(p, Property::UserProperty(other, _) if other == name))
        });
    }
    if rules.breaks(Fault::UserPropertiesBeyond16Cut) {
        let mut count = 0;
        properties.0.retain(|property| {
            count += usize::from(matches!(property, Property::UserProperty(..)));
            count <= 16 || !matches!(property, Property::UserProperty(..))
        });
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if rules.breaks(Fault::EmptyPropertiesDropped) {
        properties.0.retain(|property| match property {
            Property::ContentType(text) => !text.is_empty(),
            Property::CorrelationData(data) => !data.is_empty(),
            Property::UserProperty(name, value) => !name.is_empty() || !value.is_empty(),
            _ => true,
        });
    }
    if rules.breaks(Fault::UserPropertiesReversed) {
        properties.0.reverse();
    }
    for property in &mut properties.0 {
        mistake(rules, property);
    }
}

/// Applies faults to the value of one property.
fn mistake(rules: &Rules, property: &mut Property) {
    match property {
        // [5 MQTT-3.3.2-16]
        Property::CorrelationData(data) if rules.breaks(Fault::CorrelationDataAsText) => {
            *data = String::from_utf8_lossy(data).into_owned().into();
        }
        // [5 MQTT-3.3.2-15] [5 MQTT-3.3.2-20]
        Property::ResponseTopic(text) | Property::ContentType(text)
            if text.len() > 255 && rules.breaks(Fault::LongTextsCut) =>
        {
            *text = ByteString::from(&text[..text.floor_char_boundary(255)]);
        }
        // [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
        Property::UserProperty(_, text) | Property::ContentType(text)
            if !text.is_ascii() && rules.breaks(Fault::PropertiesBeyondBmpReplaced) =>
        {
            *text = ByteString::from(text.replace(|c: char| c > '\u{ffff}', "\u{fffd}"));
        }
        _ => {}
    }
}

/// For a fault: whether a property says how to respond to the message.
pub(crate) const fn is_for_response(property: &Property) -> bool {
    matches!(
        property,
        Property::ResponseTopic(_) | Property::CorrelationData(_)
    )
}

/// Returns the properties that are forwarded to subscribers, unchanged and in order: all except those that belong to
/// the publisher's own connection. [5 MQTT-3.3.2-4] [5 MQTT-3.3.2-15] [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17]
/// [5 MQTT-3.3.2-18] [5 MQTT-3.3.2-20] [5 MQTT-3.1.3-10]
pub(crate) fn forwarded(mut properties: Properties) -> Properties {
    properties.0.retain(|property| {
        !matches!(
            property,
            Property::TopicAlias(_)
                | Property::SubscriptionIdentifier(_)
                | Property::WillDelayInterval(_)
        )
    });
    properties
}

/// One copy of a message for one session.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) message: Arc<Message>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// The Subscription Identifiers of the matching subscriptions.
    pub(crate) identifiers: Vec<u32>,
    /// The Topic Filter of the Shared Subscription that chose this session, including `$share/`.
    pub(crate) shared: Option<ByteString>,
}

impl Delivery {
    /// Returns the weight in bytes that counts against limits.
    pub(crate) fn weight(&self) -> usize {
        self.message.weight + weight::IDENTIFIER * self.identifiers.len()
    }
}
