//! Faults: how other messages in flight, or other receivers, wrongly affect a message. A broker without faults changes
//! nothing here.

use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::topic::matches;
use mqtt_check_codec::{Properties, Property, ProtocolVersion, QoS};

use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::session::{Session, Sessions};
use crate::core::state::session_key::SessionKey;

type Copies = Vec<(SessionKey, Delivery)>;

/// Applies the faults by which copies of one message affect each other.
pub(crate) fn entangle(rules: &Rules, sessions: &Sessions, message: &Message, copies: &mut Copies) {
    unserve(rules, sessions, message, copies);
    multiply(rules, sessions, message, copies);
    identify_removed(rules, sessions, message, copies);
    lower_later(rules, copies);
    number_for_older(rules, sessions, message, copies);
    // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
    if message.topic.contains('.') && rules.breaks(Fault::DotsBecomeSlashes) {
        let topic = ByteString::from(message.topic.replace('.', "/"));
        for (_, delivery) in &mut *copies {
            Arc::make_mut(&mut delivery.message).topic = topic.clone();
        }
    }
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    let lowest = copies.iter().map(|(_, delivery)| delivery.qos).min();
    if let Some(lowest) = lowest.filter(|_| rules.breaks(Fault::OtherSubscriberLowersQos)) {
        for (_, delivery) in &mut *copies {
            delivery.qos = lowest;
        }
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    let is_older = |key| {
        let version = sessions.version(key);
        version.is_some_and(|version| version != ProtocolVersion::V5)
    };
    if rules.breaks(Fault::OlderSubscriberStripsProperties)
        && copies.iter().any(|(key, _)| is_older(*key))
    {
        for (_, delivery) in &mut *copies {
            Arc::make_mut(&mut delivery.message).forget_properties();
        }
    }
    // [5 MQTT-3.3.4-4]
    if rules.breaks(Fault::IdentifiersOfOthersLeak) {
        let all = copies
            .iter()
            .flat_map(|(_, delivery)| &delivery.identifiers);
        let all: Vec<u32> = all.copied().collect();
        for (_, delivery) in &mut *copies {
            delivery.identifiers.clone_from(&all);
        }
    }
    // [5 MQTT-3.3.1-12]
    if rules.breaks(Fault::RetainFlagOfOthersLeaks) {
        let retain = copies.iter().any(|(_, delivery)| delivery.retain);
        for (_, delivery) in copies {
            delivery.retain = retain;
        }
    }
}

/// For a fault: lowers the QoS of each copy to that of the copies for other clients before it. [3.1.1 MQTT-3.8.4-6]
/// [5 MQTT-3.8.4-8]
fn lower_later(rules: &Rules, copies: &mut Copies) {
    let falls = copies.is_sorted_by(|(_, a), (_, b)| a.qos >= b.qos);
    if falls || !rules.breaks(Fault::LowSubscriberLowersLater) {
        return;
    }
    for at in 1..copies.len() {
        let (before, later) = copies.split_at_mut(at);
        let Some((key, delivery)) = later.first_mut() else {
            return;
        };
        let others = before.iter().filter(|(other, _)| other != key);
        let lowest = others.map(|(_, delivery)| delivery.qos).min();
        delivery.qos = lowest.map_or(delivery.qos, |lowest| delivery.qos.min(lowest));
    }
}

/// For a fault: puts the packet id of a QoS 2 message in front of its payload where it is sent at QoS 0 to a client of
/// an older version than its publisher's. [3.1.1 MQTT-2.3.1-5]
fn number_for_older(rules: &Rules, sessions: &Sessions, message: &Message, copies: &mut Copies) {
    let publisher = sessions.key(&message.publisher);
    let version = publisher.and_then(|key| sessions.version(key));
    let is_meant = message.qos == QoS::ExactlyOnce && version == Some(ProtocolVersion::V5);
    let Some(id) = message.packet_id.filter(|_| is_meant) else {
        return;
    };
    for (key, delivery) in copies {
        let version = sessions.version(*key);
        if delivery.qos == QoS::AtMostOnce
            && version.is_some_and(|version| version != ProtocolVersion::V5)
            && rules.breaks(Fault::PacketIdAtQos0ForOlder)
        {
            let payload = [&id.get().to_be_bytes()[..], &message.payload[..]].concat();
            Arc::make_mut(&mut delivery.message).payload = payload.into();
        }
    }
}

/// For a fault: adds the identifiers of subscriptions that were removed. [5 MQTT-3.3.4-4] [5 MQTT-3.10.4-2]
fn identify_removed(rules: &Rules, sessions: &Sessions, message: &Message, copies: &mut Copies) {
    for (key, delivery) in copies {
        let removed = sessions.at(*key).map(|s| s.fault_state.removed.iter());
        let removed = removed.into_iter().flatten();
        let removed = removed.filter(|(filter, _)| matches(filter, &message.topic));
        let identifiers: Vec<u32> = removed.filter_map(|(_, old)| old.identifier).collect();
        if !identifiers.is_empty() && rules.breaks(Fault::RemovedIdentifierStillSent) {
            delivery.identifiers.extend(identifiers);
        }
    }
}

/// Applies the faults by which copies for one session affect each other.
fn multiply(rules: &Rules, sessions: &Sessions, message: &Message, copies: &mut Copies) {
    // [5 MQTT-3.3.4-4]
    if rules.breaks(Fault::SharedIdentifierLeaks) {
        let shared = copies.iter().filter(|(_, d)| d.shared.is_some());
        let shared: Vec<_> = shared
            .map(|(key, d)| (*key, d.identifiers.clone()))
            .collect();
        for (key, delivery) in copies.iter_mut().filter(|(_, d)| d.shared.is_none()) {
            let own = shared.iter().filter(|(other, _)| other == key);
            delivery
                .identifiers
                .extend(own.flat_map(|(_, ids)| ids.iter().copied()));
        }
    }
    // [5 RULE-4.8.2-1] [5 MQTT-3.8.4-3]
    if rules.breaks(Fault::SharedResubscribeDeliversTwice) {
        let is_twice = |(key, delivery): &&(SessionKey, Delivery)| {
            let replaced = sessions.at(*key).map(|s| s.fault_state.replaced.iter());
            let mut filters = replaced.into_iter().flatten().map(|(filter, _)| filter);
            filters.any(|filter| delivery.shared.as_ref() == Some(filter))
        };
        let again: Vec<_> = copies.iter().filter(is_twice).cloned().collect();
        copies.extend(again);
    }
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-3]
    if rules.breaks(Fault::ResubscribeDeliversTwice) {
        let was_replaced = |key: SessionKey, delivery: &Delivery| {
            let session = sessions.at(key)?;
            let mut replaced = session.fault_state.replaced.iter();
            let (_, old) = replaced.find(|(filter, _)| matches(filter, &message.topic))?;
            Some(old.options.qos.min(message.qos)).filter(|qos| *qos != delivery.qos)
        };
        let again = copies.iter().filter_map(|(key, delivery)| {
            let qos = was_replaced(*key, delivery)?;
            let delivery = Delivery {
                qos,
                ..delivery.clone()
            };
            Some((*key, delivery))
        });
        let again: Vec<_> = again.collect();
        copies.extend(again);
    }
}

/// For faults: whether the payload alone is larger than the client's Maximum Packet Size.
pub(super) fn is_too_large(sessions: &Sessions, key: SessionKey, message: &Message) -> bool {
    let link = sessions.at(key).and_then(|session| session.link.as_ref());
    let maximum = link.and_then(|link| link.maximum_packet_size);
    maximum.is_some_and(|maximum| message.payload.len() >= maximum as usize)
}

/// For faults: whether the client is connected, but a message would wait.
pub(super) fn is_full(sessions: &Sessions, key: SessionKey) -> bool {
    let session = sessions.at(key);
    session.is_some_and(|s| s.link.is_some() && !s.is_ready())
}

/// Removes copies that are lost because of another copy. [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
fn unserve(rules: &Rules, sessions: &Sessions, message: &Message, copies: &mut Copies) {
    if message.topic.contains('$') && rules.breaks(Fault::DollarLevelsUnserved) {
        copies.clear();
    }
    if rules.breaks(Fault::FullWindowBlocksOthers)
        && copies.iter().any(|(key, _)| is_full(sessions, *key))
    {
        copies.retain(|(key, _)| is_full(sessions, *key));
    }
    if rules.breaks(Fault::TooLargeForOneLostToAll)
        && copies
            .iter()
            .any(|(key, _)| is_too_large(sessions, *key, message))
    {
        copies.clear();
    }
    let last = copies
        .iter()
        .position(|(key, _)| is_too_large(sessions, *key, message));
    if let Some(last) = last.filter(|_| rules.breaks(Fault::TooLargeEndsFanout)) {
        copies.truncate(last);
    }
    let goes_no_further = |(key, delivery): &(SessionKey, Delivery)| {
        delivery.qos == QoS::AtMostOnce && !sessions.is_linked(*key)
    };
    if let Some(last) = copies.iter().position(goes_no_further)
        && rules.breaks(Fault::OfflineQos0EndsFanout)
    {
        copies.truncate(last);
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if message.will && message.retain && rules.breaks(Fault::RetainedWillNotForwarded) {
        copies.clear();
    }
    let is_older = |key| {
        let version = sessions.version(key);
        version.is_some_and(|version| version != ProtocolVersion::V5)
    };
    if message.will
        && !message.properties.0.is_empty()
        && rules.breaks(Fault::WillPropertiesUnsentToOlder)
    {
        copies.retain(|(key, _)| !is_older(*key));
    }
    let own = sessions.key(&message.publisher);
    let unserved = copies.len() > 1 && rules.breaks(Fault::PublisherGetsNoCopyWithOthers)
        || message.will && rules.breaks(Fault::OwnWillUnqueued);
    if unserved {
        copies.retain(|(key, _)| Some(*key) != own);
    }
    if rules.breaks(Fault::SharedGetsNoCopyWithPlain)
        && copies.iter().any(|(_, delivery)| delivery.shared.is_none())
    {
        copies.retain(|(_, delivery)| delivery.shared.is_none());
    }
}

/// Returns whether a message is mistaken for a repetition of the previous one. [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
pub(crate) fn takes_for_last(rules: &Rules, session: &mut Session, message: &Message) -> bool {
    let this = (message.topic.clone(), message.payload.clone());
    let last = session.fault_state.last_message.replace(this.clone());
    last == Some(this) && rules.breaks(Fault::EqualMessageDropped)
}

/// Replaces the payload of a resent message by that of the last message of its topic. [3.1.1 MQTT-4.4.0-1]
/// [5 MQTT-4.4.0-1]
pub(crate) fn replace_by_last(rules: &Rules, session: &Session, delivery: &mut Delivery) {
    let last = session.fault_state.last_message.as_ref();
    if let Some((topic, payload)) = last.filter(|_| rules.breaks(Fault::ResentAsLatest))
        && *topic == delivery.message.topic
    {
        Arc::make_mut(&mut delivery.message).payload = payload.clone();
    }
}

/// Falsifies the remaining Message Expiry Interval. [5 MQTT-3.3.2-6]
pub(crate) fn misdate(rules: &Rules, now: Time, delivery: &Delivery, properties: &mut Properties) {
    let waited = now.saturating_sub(delivery.message.received_at).as_secs() > 0;
    let is_dropped = delivery.qos == QoS::AtMostOnce && rules.breaks(Fault::Qos0ExpiryDropped)
        || !waited && rules.breaks(Fault::LiveExpiryDropped)
        || waited && rules.breaks(Fault::QueuedExpiryDropped);
    let is_expiry = |property: &Property| matches!(property, Property::MessageExpiryInterval(_));
    if is_dropped {
        properties.0.retain(|property| !is_expiry(property));
    }
    let is_whole = delivery.qos == QoS::ExactlyOnce && rules.breaks(Fault::Qos2ExpiryNotCounted);
    if let Some(whole) = delivery.message.expiry_s.filter(|_| is_whole) {
        for property in properties
            .0
            .iter_mut()
            .filter(|property| is_expiry(property))
        {
            *property = Property::MessageExpiryInterval(whole);
        }
    }
}

/// Applies faults to the other sessions when one session resumes. Messages resent to it get DUP 1 for the others too.
/// [3.1.1 MQTT-4.3.2-1] [5 MQTT-4.3.2-2] [5 MQTT-4.3.3-2] The expiry interval of messages that waited for it is counted
/// down twice for the others. [5 MQTT-3.3.2-6]
pub(crate) fn wear_waiting(
    rules: &Rules,
    sessions: &mut Sessions,
    key: SessionKey,
    now: Time,
    resent: &[Arc<Message>],
    waiting: &[Arc<Message>],
) {
    let was_waiting = |message: &Arc<Message>| waiting.iter().any(|m| Arc::ptr_eq(m, message));
    for other in sessions.keys().into_iter().filter(|other| *other != key) {
        let Some(session) = sessions.at_mut(other) else {
            continue;
        };
        if rules.breaks(Fault::DupLeaksToOthers) {
            session.fault_state.doubled.extend(resent.iter().cloned());
        }
        if rules.breaks(Fault::QueuedAgedByReading) {
            session.queue.alter(|delivery| {
                if was_waiting(&delivery.message) {
                    let properties = delivery.message.properties_at(rules, now);
                    Arc::make_mut(&mut delivery.message).properties = properties;
                }
            });
        }
    }
}

/// For a fault: an acknowledgement of one client acknowledges the message for all. [3.1.1 MQTT-4.4.0-1]
/// [5 MQTT-4.4.0-1]
pub(crate) fn settle_for_all(sessions: &mut Sessions, key: SessionKey, message: &Arc<Message>) {
    for other in sessions.keys().into_iter().filter(|other| *other != key) {
        if let Some(session) = sessions.at_mut(other) {
            let same = session.inflight.messages();
            let same = same.filter(|(_, begun)| Arc::ptr_eq(begun, message));
            let same: Vec<_> = same.map(|(id, _)| id).collect();
            for id in same {
                session.inflight.remove(id);
            }
        }
    }
}
