//! Messages, their copies for subscribers, and what a copy must look like on the wire.

use std::rc::Rc;
use std::time::Duration;

use mqtt_check_broker::{ConnectionId, Time};
use mqtt_check_codec::{Property, Publish};

/// A message that the broker took.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) publisher: usize,
    pub(super) is_will: bool,
    pub(super) topic: &'static str,
    pub(super) payload: String,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// Two values of one name, of version 5 only.
    pub(super) user_properties: Vec<String>,
    pub(super) expiry_s: Option<u32>,
    /// When the broker took it.
    pub(super) taken_at: Time,
}

impl Message {
    /// [5 MQTT-3.3.2-5]
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expiry_s
            .is_some_and(|span_s| now - self.taken_at >= Duration::from_secs(u64::from(span_s)))
    }
}

/// Why a copy is there. Messages are in order among their like only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Live,
    /// Sent since somebody subscribed.
    Retained,
    /// Of a Shared Subscription.
    Shared,
}

/// A message on its way to one session.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub(super) message: Rc<Message>,
    pub(super) source: Source,
    pub(super) qos: u8,
    /// `None` where overlapping subscriptions want it differently.
    pub(super) retain: Option<bool>,
    /// Subscription Identifiers, in ascending order.
    pub(super) identifiers: Vec<u32>,
    /// Whether it has to arrive. The standard lets a server lose some.
    pub(super) must: bool,
}

impl Copy {
    /// Whether two copies come in the order in which they were made: those of one topic, QoS and publisher.
    /// [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5] [5 MQTT-4.6.0-6]
    pub(super) fn is_ordered_with(&self, other: &Self) -> bool {
        self.source != Source::Shared
            && self.source == other.source
            && self.qos == other.qos
            && self.message.topic == other.message.topic
            && self.message.publisher == other.message.publisher
    }

    /// Whether the PUBLISH, sent now, is this copy. Its topic is given apart, since an alias may stand for it.
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

    /// The expiry less the time of waiting, rounded either way. [5 MQTT-3.3.2-6]
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
    /// PUBREC has come: what is owed is PUBREL.
    pub(super) released: bool,
    /// Its place among the PUBLISH packets or, once released, among the PUBREL packets.
    pub(super) place: u64,
    /// On which connection its PUBLISH went last.
    pub(super) published_on: ConnectionId,
    /// On which connection anything of it went last.
    pub(super) sent_on: ConnectionId,
}

/// A message for one member of a group. Who it is, is the broker's choice. [5 RULE-4.8.2-1]
#[derive(Debug, Clone)]
pub(super) struct SharedCopy {
    pub(super) filter: &'static str,
    pub(super) message: Rc<Message>,
    /// The members when it came, and what each was granted.
    pub(super) members: Vec<(usize, Copy)>,
    /// Whether one of them has to get it.
    pub(super) must: bool,
}

/// Level by level. [5 MQTT-4.7.1-1] [5 MQTT-4.7.2-1]
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

/// The group and the filter proper.
pub(super) fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}
