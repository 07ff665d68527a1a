//! Retained messages: stores them when they are published, and sends them to new subscriptions.

use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::topic::{has_wildcard, matches};
use mqtt_check_codec::{Property, ProtocolVersion, QoS};

use super::beside::{is_full, is_too_large};
use super::copy::{copy, has_no_local};
use super::delivery::{deliver, send_regardless};
use super::loss::{Way, lose};
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::expiry::Expiry;
use crate::core::state::lookup::Cursor;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::retained::Retained;
use crate::core::state::session::Sessions;
use crate::core::state::session_key::SessionKey;
use crate::core::state::small_map::SmallMap;
use crate::core::state::subscription::{Granted, Subscriber};
use crate::core::state::task::Made;
use crate::core::topic::Filter;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// Returns whether there is room for a retained message of this topic and weight.
pub(crate) fn has_room(rules: &Rules, retained: &Retained, topic: &str, weight: usize) -> bool {
    let replaced = retained.at(topic).map(|message| message.weight);
    let bytes = retained.bytes() - replaced.unwrap_or(0);
    (retained.len() < rules.config.maximum_retained_messages || replaced.is_some())
        && bytes.saturating_add(weight) <= rules.config.maximum_retained_bytes
}

/// Stores or clears a retained message. [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-7] [3.1.1 MQTT-3.3.1-12]
/// [5 MQTT-3.3.1-5] [5 MQTT-3.3.1-8] [5 RULE-3.3.1.3-1]
pub(crate) fn retain(rules: &Rules, retained: &mut Retained, message: &Arc<Message>) {
    if !message.retain {
        if rules.breaks(Fault::UnretainedStored) {
            retained.store(Arc::clone(message));
        } else if rules.breaks(Fault::UnretainedClears) {
            retained.remove(&message.topic);
        }
        return;
    }
    if rules.breaks(Fault::RestartRestoresCleared) || rules.breaks(Fault::RestartRestoresReplaced) {
        retained.remember(&message.topic);
    }
    if message.qos == QoS::AtMostOnce && rules.chooses(Liberty::RetainedQos0Discarded) {
        // [3.1.1 MQTT-3.3.1-7] [5 RULE-3.3.1.3-1]: the old message is removed even so.
        retained.remove(&message.topic);
        return;
    }
    if !rules.faults.is_none() && is_left_alone(rules, retained, message) {
        return;
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if message.dup && rules.breaks(Fault::RetainedOfDupNotStored) {
        return;
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if message.topic.len() > 255 && rules.breaks(Fault::LongTopicsNotRetained) {
        return;
    }
    // [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
    if message.topic.len() > 1
        && message.topic.ends_with('/')
        && rules.breaks(Fault::RetainedTrailingSlashIgnored)
    {
        let mut misfiled = Message::clone(message);
        misfiled.topic = ByteString::from(message.topic.trim_end_matches('/'));
        retain(rules, retained, &Arc::new(misfiled));
        return;
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if !rules.faults.is_none()
        && !message.payload.is_empty()
        && retained.count(&message.topic, message.received_at) > 2
        && rules.breaks(Fault::ThirdRetainedNotStored)
    {
        return;
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if !rules.faults.is_none() && rules.breaks(Fault::FormerRetainedSentToo) {
        retained.keep_replaced(message);
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if !rules.faults.is_none()
        && let Some(by_will) = retained.was_cleared(message)
        && !message.payload.is_empty()
        && (rules.breaks(Fault::ClearedTopicRetainsNothing)
            || by_will && rules.breaks(Fault::ClearedByWillRetainsNothing))
    {
        return;
    }
    let not_stored = match message.qos {
        QoS::AtMostOnce => Fault::RetainedQos0NotStored,
        _ => Fault::RetainedNotStored,
    };
    let stores_empty = rules.breaks(Fault::EmptyRetainedStored)
        || !message.properties.0.is_empty() && rules.breaks(Fault::ClearingWithPropertiesStored);
    if message.payload.is_empty() && !stores_empty {
        // [3.1.1 MQTT-3.3.1-11] [5 MQTT-3.3.1-7]
        if !rules.breaks(Fault::EmptyRetainedDoesNotClear) {
            retained.remove(&message.topic);
        }
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        clear_related(
            retained,
            &message.topic,
            rules.breaks(Fault::ClearingClearsAbove),
            rules.breaks(Fault::ClearingClearsBelow),
        );
    } else if rules.breaks(not_stored)
        || rules.breaks(Fault::RetainedNotReplaced) && retained.has(&message.topic)
    {
        // The message is not stored, and the old one stays.
    } else if has_room(rules, retained, &message.topic, message.weight) {
        clear_related(
            retained,
            &message.topic,
            rules.breaks(Fault::RetainingClearsAbove),
            rules.breaks(Fault::RetainingClearsBelow),
        );
        retained.store(inherited(rules, retained, message));
    } else if !rules.breaks(Fault::NoRoomLeavesOldRetained) {
        // [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-7] [5 MQTT-3.3.1-5]: the old message is removed even so.
        retained.remove(&message.topic);
    }
}

/// For faults: clears the retained message of the parent level, or those of the levels below.
fn clear_related(retained: &mut Retained, topic: &str, above: bool, below: bool) {
    if above && let Some((parent, _)) = topic.rsplit_once('/') {
        retained.remove(parent);
    }
    if below {
        let begin = format!("{topic}/");
        for gone in retained.where_name(|name| name.starts_with(&begin)) {
            retained.remove(&gone.topic);
        }
    }
}

/// For faults: whether a message neither replaces nor clears the retained message of its topic. [3.1.1 MQTT-3.3.1-5]
/// [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-5] [5 MQTT-3.3.1-6]
fn is_left_alone(rules: &Rules, retained: &Retained, message: &Message) -> bool {
    let Some(old) = retained.at(&message.topic) else {
        return false;
    };
    let fault = match message.payload.is_empty() {
        true if message.will => Fault::EmptyWillClearsNothing,
        true if message.qos == QoS::ExactlyOnce => Fault::ClearingWithQos2Ignored,
        true if old.publisher != message.publisher => Fault::ClearedByItsPublisherAlone,
        false if message.will => Fault::WillReplacesNothing,
        false if old.is_expired(message.received_at) => Fault::ExpiredRetainedNotReplaced,
        false if old.will => Fault::RetainedWillSticks,
        _ => return false,
    };
    rules.breaks(fault)
}

/// Returns the message to store. Faults change its properties or its expiry, or take them from the replaced message.
fn inherited(rules: &Rules, retained: &Retained, message: &Arc<Message>) -> Arc<Message> {
    if rules.faults.is_none() {
        return Arc::clone(message);
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if message.will && rules.breaks(Fault::RetainedWillPropertiesLost) {
        let mut bare = Message::clone(message);
        bare.forget_properties();
        return Arc::new(bare);
    }
    // [5 RULE-3.3.1.3-3] [5 MQTT-3.3.2-6]
    if message.will && rules.breaks(Fault::RetainedWillNeverExpires) {
        return Arc::new(message.without_expiry());
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if message.payload.len() > 1_000 && rules.breaks(Fault::LongRetainedPayloadCut) {
        let mut cut = Message::clone(message);
        cut.payload.truncate(1_000);
        return Arc::new(cut);
    }
    if let Some(replaced) = retained.at(&message.topic) {
        // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
        if replaced.qos != message.qos && rules.breaks(Fault::RetainedQosOfReplaced) {
            let mut heir = Message::clone(message);
            heir.qos = replaced.qos;
            return Arc::new(heir);
        }
        // [5 MQTT-3.3.1-5] [5 MQTT-3.3.2-17]
        let own = replaced.properties.0.iter();
        let added = own.filter(|property| matches!(property, Property::UserProperty(..)));
        let added: Vec<_> = added.cloned().collect();
        if !added.is_empty() && rules.breaks(Fault::RetainedPropertiesAddUp) {
            let mut heir = Message::clone(message);
            heir.properties.0.extend(added);
            return Arc::new(heir);
        }
    }
    // [5 MQTT-3.3.1-5]
    if let Some(replaced) = retained.at(&message.topic)
        && let Some(expiry_s) = replaced.expiry_s
        && rules.breaks(Fault::PreviousRetainedExpiryKept)
    {
        let waited = message.received_at.saturating_sub(replaced.received_at);
        let waited_s = u32::try_from(waited.as_secs()).unwrap_or(u32::MAX);
        let mut heir = Message::clone(message);
        heir.expiry_s = Some(expiry_s.saturating_sub(waited_s));
        return Arc::new(heir);
    }
    // [5 MQTT-3.3.1-5]
    if !rules.breaks(Fault::RetainedInheritsProperties) || !message.properties.0.is_empty() {
        return Arc::clone(message);
    }
    let mut heir = Message::clone(message);
    if let Some(replaced) = retained.at(&message.topic) {
        heir.properties = replaced.properties.clone();
    }
    Arc::new(heir)
}

/// For a fault: puts the replaced messages before those that replaced them. [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
fn add_replaced(rules: &Rules, retained: &Retained, messages: &mut Vec<Arc<Message>>) {
    let has_replaced = |message: &Arc<Message>| retained.replaced(&message.topic).is_some();
    if messages.iter().any(has_replaced) && rules.breaks(Fault::FormerRetainedSentToo) {
        let all = messages.drain(..).flat_map(|message| {
            let replaced = retained.replaced(&message.topic).cloned();
            replaced.into_iter().chain([message])
        });
        *messages = all.collect();
    }
}

/// For a fault: puts a byte before the payload of messages from clients of another version. [3.1.1 MQTT-3.3.1-5]
/// [5 MQTT-3.3.1-5]
fn lengthen(rules: &Rules, retained: &Retained, is_older: bool, messages: &mut [Arc<Message>]) {
    for message in messages {
        if !message.will
            && retained.is_of_older(&message.topic) != is_older
            && rules.breaks(Fault::RetainedPayloadGrows)
        {
            let mut longer = vec![0];
            longer.extend_from_slice(&message.payload);
            Arc::make_mut(message).payload = longer.into();
        }
    }
}

/// For a fault: sends a retained message to other clients with the same filter too. [3.1.1 MQTT-3.3.1-6]
/// [5 MQTT-3.3.1-9]
fn send_to_others(
    rules: &Rules,
    sessions: &mut Sessions,
    turn: &mut Turn<'_>,
    made: &Made,
    message: &Arc<Message>,
) {
    for session in sessions.keys() {
        let other = sessions
            .at(session)
            .filter(|_| session != made.subscriber.session);
        let granted = other.and_then(|other| other.subscriptions.get(&made.filter).copied());
        if let Some(granted) = granted.filter(|granted| !granted.shared) {
            let mut delivery = copy(rules, message, &Subscriber { session, granted });
            delivery.retain = true;
            deliver(rules, sessions, turn, session, delivery);
        }
    }
}

/// Sends retained messages to a new subscription until the budget is spent. Returns whether all are sent.
pub(crate) fn send_retained(
    rules: &Rules,
    sessions: &mut Sessions,
    retained: &mut Retained,
    turn: &mut Turn<'_>,
    made: &Made,
    cursor: &mut Cursor,
    budget: &mut usize,
) -> bool {
    let subscriber = &made.subscriber;
    let key = subscriber.session;
    let granted = &subscriber.granted;
    let filter = match granted.filter(&made.filter) {
        Filter::Own(filter) | Filter::Shared { filter, .. } => filter,
    };
    let version = sessions.version(key);
    let is_older = version.is_some_and(|version| version != ProtocolVersion::V5);
    let expired_too = rules.breaks(Fault::ExpiredRetainedSent)
        || is_older && rules.breaks(Fault::ExpiredRetainedSentToOlderReaders);
    let in_one_go = !rules.faults.is_none() || rules.chooses(Liberty::RetainedInOtherOrder);
    let mut all = usize::MAX;
    let budget = match in_one_go {
        true => &mut all,
        false => budget,
    };
    let takes_along = rules.breaks(Fault::ExpiredTakesRetainedAlong);
    if takes_along {
        retained.drop_behind_expired(turn.now);
    }
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    let is_resumed = sessions
        .at(key)
        .is_some_and(|session| session.traces.resumed);
    if !is_resumed && rules.breaks(Fault::RetainedForResumedAlone) {
        return true;
    }
    let is_behind_another = rules.breaks(Fault::ExpiredRetainedBehindOthersSent);
    let expired_too = expired_too || is_behind_another;
    let mut messages = retained.matching(filter, cursor, budget, turn.now, expired_too);
    // [5 RULE-3.3.1.3-3]
    if is_behind_another
        && messages
            .first()
            .is_some_and(|first| first.is_expired(turn.now))
    {
        messages.remove(0);
    }
    if rules.chooses(Liberty::RetainedInOtherOrder) {
        messages.reverse();
    }
    if !rules.faults.is_none() {
        mismatch(rules, retained, filter, granted, &mut messages);
        misread(rules, retained, filter, turn.now, &mut messages);
    }
    // [5 MQTT-3.3.1-9]
    if !is_older && rules.breaks(Fault::RetainedOfOlderUnsentToNewer) {
        messages.retain(|message| !retained.is_of_older(&message.topic));
    }
    if !rules.faults.is_none() {
        add_replaced(rules, retained, &mut messages);
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        if messages.len() > 120 && rules.breaks(Fault::RetainedBeyond120Lost) {
            messages.truncate(120);
        }
        let is_new = |message: &Arc<Message>| message.received_at == turn.now;
        if messages.iter().any(is_new) && rules.breaks(Fault::RetainedJustStoredUnsent) {
            messages.retain(|message| !is_new(message));
        }
        let is_deep = |message: &Arc<Message>| message.topic.split('/').count() > 16;
        if filter.ends_with('#')
            && messages.iter().any(is_deep)
            && rules.breaks(Fault::DeepRetainedMissed)
        {
            messages.retain(|message| !is_deep(message));
        }
        lengthen(rules, retained, is_older, &mut messages);
    }
    for message in messages {
        // [5 MQTT-3.3.1-9]
        if !rules.faults.is_none()
            && is_too_large(sessions, key, &message)
            && rules.breaks(Fault::TooLargeRetainedEndsLookup)
        {
            break;
        }
        let own = (granted.options.no_local || !rules.faults.is_none())
            && sessions
                .at(key)
                .is_some_and(|session| session.client == message.publisher);
        // [5 MQTT-3.8.3-3] applies to retained messages too.
        if granted.options.no_local && own && has_no_local(rules, sessions, key) {
            // [5 MQTT-4.5.0-1] [5 MQTT-4.9.0-1]
            if message.qos.min(granted.options.qos) > QoS::AtMostOnce
                && rules.breaks(Fault::NoLocalFillsWindow)
                && let Some(session) = sessions.at_mut(key)
            {
                session.inflight.lose(1);
            }
            continue;
        }
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        if own && rules.breaks(Fault::OwnRetainedUnsent) {
            continue;
        }
        let mut delivery = copy(rules, &message, subscriber);
        if !rules.faults.is_none() && is_left_out(rules, sessions, made, &delivery) {
            continue;
        }
        // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
        if !rules.faults.is_none()
            && has_wildcard(filter)
            && (rules.breaks(Fault::RetainedQosRaisedForWildcards)
                || rules.breaks(Fault::WildcardQosIsPublishers))
        {
            delivery.qos = message.qos;
        }
        // [3.1.1 MQTT-3.3.1-8] [5 RULE-3.3.1.3-2]
        let is_cleared = !is_older && rules.breaks(Fault::RetainLostForNewer);
        delivery.retain = !is_cleared && !rules.breaks(Fault::RetainFlagLost);
        // [5 MQTT-3.3.4-3]
        if !rules.faults.is_none()
            && !delivery.identifiers.is_empty()
            && has_wildcard(filter)
            && rules.breaks(Fault::RetainedWildcardWithoutIdentifier)
        {
            delivery.identifiers.clear();
        }
        // [5 MQTT-3.3.4-3]
        if rules.breaks(Fault::RetainedWithoutIdentifier) {
            delivery.identifiers.clear();
        }
        // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
        if rules.breaks(Fault::RetainedUnderFilter) {
            Arc::make_mut(&mut delivery.message).topic = filter.into();
        }
        if !rules.faults.is_none() {
            wear(rules, retained, turn.now, &message, &delivery);
            lose(rules, Way::Retained, turn.now, &mut delivery);
        }
        if !rules.faults.is_none() && delivery.qos > QoS::AtMostOnce && is_full(sessions, key) {
            // [5 MQTT-3.3.1-9]
            if rules.breaks(Fault::RetainedLostAtFullWindow) {
                continue;
            }
            // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
            if rules.breaks(Fault::RetainedIgnoreReceiveMaximum) {
                send_regardless(rules, sessions, turn, key, delivery);
                continue;
            }
            // [5 RULE-3.3.1.3-2]
            delivery.retain &= !rules.breaks(Fault::RetainedWaitingLoseRetain);
            // [5 MQTT-3.3.4-3]
            if rules.breaks(Fault::RetainedWaitingLoseIdentifier) {
                delivery.identifiers.clear();
            }
        }
        deliver(rules, sessions, turn, key, delivery);
        if rules.breaks(Fault::RetainedSentToOthers) {
            send_to_others(rules, sessions, turn, made, &message);
        }
    }
    cursor.is_at_end()
}

/// For faults: whether a retained message is not sent to this client. [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
fn is_left_out(rules: &Rules, sessions: &Sessions, made: &Made, delivery: &Delivery) -> bool {
    let Some(session) = sessions.at(made.subscriber.session) else {
        return false;
    };
    let mut before = session
        .fault_state
        .before
        .get(&made.filter)
        .into_iter()
        .flatten();
    let is_matched_already = before.any(|other| matches(other, &delivery.message.topic));
    let version = session.link.as_ref().map(|link| link.version);
    let is_bare = delivery.message.properties.0.is_empty();
    let is_beside_hash = made.filter.starts_with('$') && session.subscriptions.contains_key("#");
    is_matched_already
        || is_beside_hash && rules.breaks(Fault::DollarFilterLostBesideHash)
        || session.expiry != Expiry::AtClose
            && delivery.qos == QoS::ExactlyOnce
            && rules.breaks(Fault::RetainedQos2LostToLastingSessions)
        || version != Some(ProtocolVersion::V5)
            && !is_bare
            && rules.breaks(Fault::RetainedPropertiesUnsentToOlder)
}

/// For faults: changes a retained message because it was sent. [5 MQTT-3.3.2-6] [5 MQTT-3.8.4-8]
fn wear(rules: &Rules, retained: &mut Retained, now: Time, message: &Message, delivery: &Delivery) {
    let mut worn = message.clone();
    if rules.breaks(Fault::RetainedAgedByReading) {
        worn.properties = message.properties_at(rules, now);
    } else if rules.breaks(Fault::RetainedQosLoweredByReading) {
        worn.qos = delivery.qos;
    } else {
        return;
    }
    retained.store(Arc::new(worn));
}

/// For faults: changes which retained messages a look-up finds.
fn mismatch(
    rules: &Rules,
    retained: &Retained,
    filter: &str,
    granted: &Granted,
    messages: &mut Vec<Arc<Message>>,
) {
    let has_both = filter.contains('+') && filter.ends_with('#');
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    if messages.len() > 20 && rules.breaks(Fault::RetainedBeyond20Lost) {
        messages.truncate(20);
    }
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    if rules.breaks(Fault::RetainedFirstMatchAlone) && has_wildcard(filter) {
        messages.truncate(1);
    }
    if has_both && rules.breaks(Fault::RetainedOfBothWildcardsLost)
        || granted.options.no_local && rules.breaks(Fault::NoLocalLosesRetained)
    {
        messages.clear();
    }
    if has_wildcard(filter) && rules.breaks(Fault::RetainedNotForWildcards)
        || filter == "#" && rules.breaks(Fault::RetainedNotForHashAlone)
    {
        messages.clear();
    }
    if let Some(parent) = filter.strip_suffix("/#")
        && rules.breaks(Fault::RetainedHashWithoutParent)
    {
        messages.retain(|message| !matches(parent, &message.topic));
    }
    if rules.breaks(Fault::RetainedOfQos0Alone) {
        messages.retain(|message| message.qos == QoS::AtMostOnce);
    }
    if rules.breaks(Fault::RetainedPayloadsMixedUp) && !messages.is_empty() {
        let mut payloads: Vec<_> = messages.iter().map(|m| m.payload.clone()).collect();
        payloads.rotate_left(1);
        for (message, payload) in messages.iter_mut().zip(payloads) {
            Arc::make_mut(message).payload = payload;
        }
    }
    // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
    if rules.breaks(Fault::RetainedForAnyFilter) {
        *messages = retained.where_name(|_| true);
    }
    if rules.breaks(Fault::RetainedByPrefix) {
        *messages = retained.where_name(|name| name.starts_with(filter));
    }
    // [3.1.1 MQTT-4.7.2-1] [5 MQTT-4.7.2-1]
    if rules.breaks(Fault::RetainedWildcardMatchesDollar) {
        let hidden = |name: &str| name.strip_prefix('$').is_some_and(|n| matches(filter, n));
        messages.extend(retained.where_name(hidden));
    }
}

/// For faults: changes which retained messages a look-up finds, because wildcards are misread.
fn misread(
    rules: &Rules,
    retained: &Retained,
    filter: &str,
    now: Time,
    messages: &mut Vec<Arc<Message>>,
) {
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    let is_missed = |message: &Arc<Message>| has_dollar_at_wildcard(filter, &message.topic);
    if messages.iter().any(is_missed) && rules.breaks(Fault::RetainedWildcardSkipsDollarLevel) {
        messages.retain(|message| !is_missed(message));
    }
    // [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
    if has_wildcard(filter) {
        if rules.breaks(Fault::RetainedEmptyLevelsMissed) {
            messages.retain(|message| message.topic.split('/').all(|level| !level.is_empty()));
        }
        if rules.breaks(Fault::RetainedLeadingSlashIgnored) {
            *messages =
                retained.where_name(|name| matches(filter, name.strip_prefix('/').unwrap_or(name)));
            messages.retain(|message| !message.is_expired(now));
        }
    }
    // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
    let shorter = filter.strip_suffix("/+").filter(|s| s.ends_with('+'));
    let mut strays = shorter.map_or_else(Vec::new, |shorter| {
        retained.where_name(|name| matches(shorter, name))
    });
    strays.retain(|message| !message.is_expired(now));
    if !strays.is_empty() && rules.breaks(Fault::RetainedPlusRunMatchesShorter) {
        messages.extend(strays);
    }
}

/// Returns whether a wildcard of the filter stands for a level of the topic that begins with `$` and is not the first.
fn has_dollar_at_wildcard(filter: &str, topic: &str) -> bool {
    let begins = |(index, level): (usize, &str)| index > 0 && level.starts_with('$');
    let mut levels = topic.split('/').enumerate();
    filter.split('/').any(|own| match own {
        "#" => levels.any(begins),
        "+" => levels.next().is_some_and(begins),
        _ => {
            levels.next();
            false
        }
    })
}

/// For a fault: sends the retained messages again for every subscription of a resumed session.
pub(crate) fn send_retained_again(
    rules: &Rules,
    sessions: &mut Sessions,
    retained: &mut Retained,
    turn: &mut Turn<'_>,
    key: SessionKey,
) {
    let Some(session) = sessions.at(key) else {
        return;
    };
    for (filter, granted) in SmallMap::clone(&session.subscriptions).into_map() {
        let subscriber = Subscriber {
            session: key,
            granted,
        };
        let made = Made { subscriber, filter };
        let (mut cursor, mut all) = (Cursor::start(), usize::MAX);
        send_retained(
            rules,
            sessions,
            retained,
            turn,
            &made,
            &mut cursor,
            &mut all,
        );
    }
}
