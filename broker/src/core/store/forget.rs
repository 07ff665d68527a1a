//! Faults: what a broker loses across a restart although it should keep it. A broker without faults loses nothing here.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Property, QoS};

use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::inflight::Stage;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::queue::Queue;
use crate::core::state::retained::Retained;
use crate::core::state::session::Session;
use crate::core::state::subscription::Granted;
use crate::core::state::will::Will;

/// Removes or changes parts of a session that a restart should keep.
pub(crate) fn forget(rules: &Rules, session: &mut Session, now: Time) {
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if rules.breaks(Fault::RestartLosesInflight) {
        session
            .inflight
            .retain(|stage| !matches!(stage, Stage::Published(_)));
    }
    if rules.breaks(Fault::RestartLosesReleases) {
        session
            .inflight
            .retain(|stage| matches!(stage, Stage::Published(_)));
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if rules.breaks(Fault::RestartForgetsReceived) {
        session.received.clear();
    }
    // [3.1.1 MQTT-3.1.2-5] [5 MQTT-3.1.2-5]
    if rules.breaks(Fault::RestartLosesQueue) {
        session.queue = Queue::default();
    }
    // [5 MQTT-4.5.0-1] [5 MQTT-3.1.2-23]
    if rules.breaks(Fault::RestartLosesWaiting) {
        let (from, to) = (
            session.traces.connected_at,
            session.closed_at.unwrap_or(now),
        );
        session.queue.retain(|delivery| {
            let at = delivery.message.received_at;
            at < from || at > to
        });
    }
    if rules.breaks(Fault::RestartLosesSubscriptions) {
        session.subscriptions.clear();
    }
    if rules.breaks(Fault::RestartLosesQos0Subscriptions) {
        let is_kept = |granted: &Granted| granted.options.qos > QoS::AtMostOnce;
        session.subscriptions.retain(|_, granted| is_kept(granted));
    }
    if rules.breaks(Fault::RestartLosesWildcards) {
        let has_wildcard = |filter: &ByteString| filter.contains(['+', '#']);
        session
            .subscriptions
            .retain(|filter, _| !has_wildcard(filter));
    }
    if rules.breaks(Fault::RestartLosesSharedSubscriptions) {
        session.subscriptions.retain(|_, granted| !granted.shared);
    }
    for granted in session.subscriptions.values_mut() {
        if rules.breaks(Fault::RestartLosesNoLocal) {
            granted.options.no_local = false;
        }
        if rules.breaks(Fault::RestartLosesRetainAsPublished) {
            granted.options.retain_as_published = false;
        }
        if rules.breaks(Fault::RestartLosesIdentifiers) {
            granted.identifier = None;
        }
        if rules.breaks(Fault::RestartLosesGrantedQos) {
            granted.options.qos = QoS::AtMostOnce;
        }
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    let delayed = session.will.as_ref().is_some_and(|will| will.is_delayed());
    let lost = match delayed {
        true => Fault::RestartLosesDelayedWill,
        false => Fault::RestartLosesWill,
    };
    if rules.breaks(lost) {
        session.will = None;
    }
    if let Some(will) = &mut session.will {
        forget_of_will(rules, will);
    }
    forget_of_messages(rules, session, now);
    bring_back(rules, session);
    session.traces.restarted = true;
    session.traces.restarted_at = Some(now);
    session.traces.restarts += 1;
    // [3.1.1 MQTT-3.1.2-5] [5 MQTT-3.1.2-23]
    if rules.breaks(Fault::RestartKeepsLastWaiting)
        && let Some(last) = session.queue.take().pop_back()
    {
        session.queue.push_back(last);
    }
    // [3.1.1 MQTT-4.1.0-1] [5 MQTT-3.1.2-23]
    if session.traces.restarts > 1 && rules.breaks(Fault::SecondRestartLosesQueue) {
        session.queue.take();
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if session.traces.restarts > 1 && rules.breaks(Fault::SecondRestartLosesInflight) {
        session.inflight.clear();
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if rules.breaks(Fault::RestartDoublesQueue) {
        for delivery in session.queue.take() {
            session.queue.push_back(delivery.clone());
            session.queue.push_back(delivery);
        }
    }
    // [3.1.1 MQTT-3.1.2-5] [5 MQTT-3.1.2-23]
    if rules.breaks(Fault::RestartLosesLeadingSlash) {
        let queue = &mut session.queue;
        queue.retain(|delivery| !delivery.message.topic.starts_with('/'));
    }
    // [3.1.1 MQTT-2.3.1-4] [5 MQTT-2.2.1-4]
    if rules.breaks(Fault::RestartGivesIdsAgain) {
        session.inflight.forget_ids();
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if rules.breaks(Fault::RestartForgetsUser) {
        session.user = None;
    }
    // [5 MQTT-4.1.0-2]
    if rules.breaks(Fault::RestartBeginsExpiryAnew) {
        session.closed_at = Some(now);
    }
}

/// Removes or changes parts of a Will.
fn forget_of_will(rules: &Rules, will: &mut Will) {
    // [5 MQTT-3.1.2-8]
    if rules.breaks(Fault::RestartLosesWillDelay) {
        will.delay = Duration::ZERO;
    }
    // [5 MQTT-3.1.3-10] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if rules.breaks(Fault::RestartLosesWillProperties) {
        Arc::make_mut(&mut will.message).properties.0.clear();
    }
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    if rules.breaks(Fault::RestartCutsWillQos) {
        let message = Arc::make_mut(&mut will.message);
        message.qos = message.qos.min(QoS::AtLeastOnce);
    }
}

/// Removes or changes parts of a session's messages.
fn forget_of_messages(rules: &Rules, session: &mut Session, now: Time) {
    let change = |delivery: &mut Delivery| {
        forget_of_message(rules, Arc::make_mut(&mut delivery.message), now);
        // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
        if rules.breaks(Fault::RestartLosesProperties) {
            Arc::make_mut(&mut delivery.message).forget_properties();
        }
        // [5 MQTT-3.3.4-3]
        if rules.breaks(Fault::RestartLosesMessageIdentifiers) {
            delivery.identifiers.clear();
        }
        // [5 MQTT-3.3.1-13]
        if rules.breaks(Fault::RestartLosesMessageRetain) {
            delivery.retain = false;
        }
        // [5 MQTT-3.3.2-5] [5 MQTT-3.3.2-6]
        if rules.breaks(Fault::RestartLosesMessageExpiry) {
            delivery.message = Arc::new(delivery.message.without_expiry());
        }
    };
    session.queue.alter(change);
    session.inflight.alter(change);
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    if rules.breaks(Fault::RestartCutsMessageQos) {
        let cut = |delivery: &mut Delivery| delivery.qos = delivery.qos.min(QoS::AtLeastOnce);
        session.queue.alter(cut);
    }
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
    if rules.breaks(Fault::RestartReversesQueue) {
        for delivery in session.queue.take() {
            session.queue.push_front(delivery);
        }
    }
    if rules.breaks(Fault::RestartOrdersQueueAsText) {
        let mut numbered: Vec<_> = session.queue.take().into_iter().enumerate().collect();
        numbered.sort_by_key(|(number, _)| number.to_string());
        for (_, delivery) in numbered {
            session.queue.push_back(delivery);
        }
    }
    if rules.breaks(Fault::RestartReversesInflight) {
        session.inflight.reverse();
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1] [5 MQTT-3.3.1-1]
    if rules.breaks(Fault::RestartSendsInflightAnew) {
        let waiting = session.queue.take();
        let begun = session.inflight.drain().into_iter();
        let begun = begun.filter_map(|stage| match stage {
            Stage::Published(delivery) => Some(delivery),
            Stage::Released { .. } => None,
        });
        for delivery in begun.chain(waiting) {
            session.queue.push_back(delivery);
        }
        session.inflight.skip_id();
    }
}

/// Removes or changes parts of a message of a session, or of a retained message.
fn forget_of_message(rules: &Rules, message: &mut Message, now: Time) {
    // [5 MQTT-3.3.2-4]
    if rules.breaks(Fault::RestartLosesPayloadFormat) {
        let is_format = |p: &Property| matches!(p, Property::PayloadFormatIndicator(_));
        message.properties.0.retain(|property| !is_format(property));
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1] [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    if rules.breaks(Fault::RestartLosesBytes) {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        message.payload = text.into();
    }
    // [5 MQTT-3.3.2-18]
    if rules.breaks(Fault::RestartReversesProperties) {
        message.properties.0.reverse();
    }
    // [5 MQTT-3.3.2-6]
    if rules.breaks(Fault::RestartBeginsMessageExpiryAnew) {
        message.received_at = now;
    }
}

/// Restores parts of a session that were removed.
fn bring_back(rules: &Rules, session: &mut Session) {
    // [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
    if rules.breaks(Fault::RestartRestoresUnsubscribed) {
        let unsubscribed = std::mem::take(&mut session.fault_state.former.unsubscribed);
        session.subscriptions.extend(unsubscribed);
    }
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-3]
    if rules.breaks(Fault::RestartRestoresPreviousOptions) {
        for (filter, old) in std::mem::take(&mut session.fault_state.replaced) {
            if session.subscriptions.contains_key(&filter) {
                session.subscriptions.insert(filter, old);
            }
        }
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if rules.breaks(Fault::RestartRestoresAcknowledged) {
        for (id, stage) in std::mem::take(&mut session.fault_state.former.acknowledged) {
            if session.inflight.stage(id).is_none() {
                session.inflight.keep(id, 0, stage);
            }
        }
    }
    // [3.1.1 MQTT-3.1.2-10] [3.1.1 MQTT-3.14.4-3] [5 MQTT-3.1.2-10] [5 MQTT-3.14.4-3]
    if session.will.is_none()
        && !rules.breaks(Fault::KillReturnsWills)
        && let Some(aside) = session.fault_state.there()
    {
        session.will = aside.former.will.take();
    }
    // [5 MQTT-3.3.2-7]
    if rules.breaks(Fault::AliasesOutliveRestart) {
        session.fault_state.old_aliases = std::mem::take(&mut session.fault_state.former.aliases);
    }
}

/// Removes or changes retained messages that a restart should keep.
pub(crate) fn forget_retained(rules: &Rules, retained: &mut Retained, now: Time) {
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8] [5 MQTT-3.3.2-4] [5 MQTT-3.3.2-6]
    if rules.breaks(Fault::RestartCutsRetainedQos) {
        retained.alter(|message| message.qos = QoS::AtMostOnce);
    }
    retained.alter(|message| forget_of_message(rules, message, now));
    // [5 MQTT-3.3.1-9] [5 MQTT-3.3.2-3]
    if rules.breaks(Fault::RestartMixesRetainedBesideExpired) {
        retained.mix_up(now);
    }
    // [3.1.1 MQTT-3.1.2-17] [5 MQTT-3.1.2-15]
    if rules.breaks(Fault::RestartLosesRetainedOfWills) {
        retained.remove_wills();
    }
    // [5 MQTT-3.3.2-5] [5 MQTT-3.3.2-6]
    if rules.breaks(Fault::MessageExpiryLostOverRestart) {
        retained.forget_expiry();
    }
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    if rules.breaks(Fault::RestartLosesRetained) {
        *retained = Retained::default();
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if rules.breaks(Fault::RestartLosesRetainedProperties) {
        retained.alter(Message::forget_properties);
    }
    // [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-6]
    if rules.breaks(Fault::RestartRestoresCleared) {
        retained.put_back(false);
    }
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if rules.breaks(Fault::RestartRestoresReplaced) {
        retained.put_back(true);
    }
}
