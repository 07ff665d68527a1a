//! Messages, their copies for subscribers, and what a copy must look like on the wire.

use std::rc::Rc;
use std::time::Duration;

use mqtt_check_broker::{ConnectionId, Time};
use mqtt_check_codec::{Property, Publish};

/// A message that a client published or left as a Will.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) publisher: usize,
    pub(super) is_will: bool,
    pub(super) topic: &'static str,
    pub(super) payload: String,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// The values of one User Property name, version 5 only.
    pub(super) user_properties: Vec<String>,
    pub(super) expiry_s: Option<u32>,
    /// When the broker accepted it.
    pub(super) taken_at: Time,
}

impl Message {
    /// Returns whether the message has expired. [5 MQTT-3.3.2-5]
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expiry_s
            .is_some_and(|span_s| now - self.taken_at >= Duration::from_secs(u64::from(span_s)))
    }
}

/// Why there is a copy. Messages are ordered only among copies with the same source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Live,
    /// A retained message for a new subscription.
    Retained,
    /// For a Shared Subscription.
    Shared,
}

/// A message on its way to one session.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub(super) message: Rc<Message>,
    pub(super) source: Source,
    pub(super) qos: u8,
    /// `None` if overlapping subscriptions require different values.
    pub(super) retain: Option<bool>,
    /// Subscription Identifiers, in ascending order.
    pub(super) identifiers: Vec<u32>,
    /// Whether it must arrive. The standard lets a server lose some messages.
    pub(super) must: bool,
}

impl Copy {
    /// Returns whether two copies must arrive in the order in which they were made: those with the same topic, QoS and
    /// publisher. [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5] [5 MQTT-4.6.0-6]
    pub(super) fn is_ordered_with(&self, other: &Self) -> bool {
        self.source != Source::Shared
            && self.source == other.source
            && self.qos == other.qos
            && self.message.topic == other.message.topic
            && self.message.publisher == other.message.publisher
    }

    /// Returns whether a PUBLISH that is sent now is this copy. Its topic is a separate argument, since an alias may
    /// replace it.
    pub(super) fn is(&self, publish: &Publish, topic: &str, v5: bool, now: Time) -> bool {
        self.message.topic == topic
            && self.message.payload.as_bytes() == &publish.payload[..]
            && self.qos == publish.qos.as_u8()
            && self.retain.is_none_or(|retain| retain == publish.retain)
            && self.has_properties(publish, v5, now)
    }

    fn has_properties(&self, publish: &Publish, v5: bool, now: Time) -> bool {
        let properties = &publish.properties;
        if !v5 {
            return properties.is_empty();
        }
        // [5 MQTT-3.3.4-3] [5 MQTT-3.3.4-4]
        let mut identifiers: Vec<_> = properties.subscription_identifiers().collect();
        identifiers.sort_unstable();
        let others = properties.iter().filter(|property| {
            !matches!(
                property,
                Property::SubscriptionIdentifier(_)
                    | Property::TopicAlias(_)
                    | Property::UserProperty(..)
                    | Property::MessageExpiryInterval(_)
            )
        });
        // [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-18]
        let user = properties.user_properties().map(|(_, value)| &**value);
        identifiers == self.identifiers
            && others.count() == 0
            && user.eq(self.message.user_properties.iter())
            && self.counts_down(properties.message_expiry_interval_s(), now)
    }

    /// Returns whether the interval is reduced by the waiting time, rounded up or down. [5 MQTT-3.3.2-6]
    fn counts_down(&self, shown_s: Option<u32>, now: Time) -> bool {
        let waited = now - self.message.taken_at;
        let whole_s = u32::try_from(waited.as_secs()).unwrap_or(u32::MAX);
        let begun_s = whole_s.saturating_add(u32::from(waited.subsec_nanos() > 0));
        match (self.message.expiry_s, shown_s) {
            (None, None) => true,
            (Some(expiry_s), Some(shown_s)) => [whole_s, begun_s]
                .iter()
                .any(|waited_s| expiry_s.saturating_sub(*waited_s) == shown_s),
            _ => false,
        }
    }
}

/// A delivery of QoS 1 or 2 that has begun.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) id: u16,
    pub(super) copy: Copy,
    /// Whether PUBREC was received, so that PUBREL is due.
    pub(super) released: bool,
    /// Its position among the PUBLISH packets or, once released, among the PUBREL packets.
    pub(super) place: u64,
    /// The connection on which its PUBLISH was last sent.
    pub(super) published_on: ConnectionId,
    /// The connection on which any of its packets was last sent.
    pub(super) sent_on: ConnectionId,
}

/// A message for one member of a group. The broker may choose which. [5 RULE-4.8.2-1]
#[derive(Debug, Clone)]
pub(super) struct SharedCopy {
    pub(super) filter: &'static str,
    pub(super) message: Rc<Message>,
    /// The members when the message was routed, and the copy for each.
    pub(super) members: Vec<(usize, Copy)>,
    /// Whether one of them must receive it.
    pub(super) must: bool,
}

/// Compares filter and topic level by level. [5 MQTT-4.7.1-1] [5 MQTT-4.7.2-1]
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(level), Some(name)) if level == name => {}
            _ => return false,
        }
    }
}

/// Returns the group and the filter of a Shared Subscription.
pub(super) fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}
