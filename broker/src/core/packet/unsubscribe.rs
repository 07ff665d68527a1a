//! Handles UNSUBSCRIBE from a client.

use bytestring::ByteString;
use mqtt_check_codec::topic::{has_wildcard, matches};
use mqtt_check_codec::{
    Packet, Properties, ProtocolVersion, QoS, ReasonCode, UnsubAck, Unsubscribe,
};

use super::collision::end_outgoing;
use super::several::{misreport, passed_over};
use super::subscribe::{charge, cost_of, drop_waiting_of_others, is_on};
use crate::core::ending::connection::{refuse, send_or_close};
use crate::core::ending::session::forget_subscriptions;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::inflight::Stage as InflightStage;
use crate::core::state::message::Delivery;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::Subscriptions;
use crate::core::state::task::{Stage, Task, Unsubscribing};
use crate::core::state::weight;
use crate::core::topic::{Filter, is_below};
use crate::core::turn::{STEP, Turn};
use crate::hook::DisconnectReason;
use crate::{Fault, HookEvent, Liberty};

/// Handles UNSUBSCRIBE. Deliveries that have begun continue. [3.1.1 MQTT-3.10.4-3] [5 MQTT-3.10.4-3]
pub(crate) fn unsubscribe_received(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    unsubscribe: Unsubscribe,
) {
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    end_outgoing(
        state,
        key,
        unsubscribe.packet_id,
        Fault::UnsubscribeEndsOutgoing,
    );
    if let Some(session) = state.sessions.at_mut(key)
        && !state.rules.faults.is_none()
    {
        session.fault_state.unsubscribes += 1;
        let id = Some(unsubscribe.packet_id);
        let is_repeated = session.fault_state.unsubscribe_id.0 == id;
        session.fault_state.unsubscribe_id = (id, is_repeated);
    }
    let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    let work = Unsubscribing {
        connection: link.connection,
        version: link.version,
        unsubscribe,
        stage: Stage::Checking,
        next: 0,
        in_use: false,
        reasons: Vec::new(),
    };
    unsubscribe_on(state, turn, key, work, STEP);
}

/// Works on an UNSUBSCRIBE until the budget is spent.
pub(crate) fn unsubscribe_on(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    mut work: Unsubscribing,
    mut budget: usize,
) {
    if work.stage == Stage::Checking {
        match check(state, &mut work, &mut budget) {
            Some(true) => {
                let (id, version) = (work.unsubscribe.packet_id, work.version);
                work.in_use = state.sessions.has_in_use(&state.rules, key, version, id);
                work.stage = Stage::Filters;
                work.next = 0;
            }
            Some(false) => {}
            None => {
                errant(state, turn, key, &work);
                return;
            }
        }
    }
    if work.stage == Stage::Checking || !delete_each(state, turn, key, &mut work, &mut budget) {
        let task = Task::Unsubscribe(Box::new(work));
        state.topics.tasks.push(Some(key), task);
        return;
    }
    if is_on(state, key, work.connection) {
        answer(state, turn, key, work);
    }
}

/// Checks the filters until the budget is spent. Returns whether all are checked, or `None` if the packet has an error.
fn check(state: &State, work: &mut Unsubscribing, budget: &mut usize) -> Option<bool> {
    let filters = &work.unsubscribe.filters;
    if filters.is_empty() {
        return None;
    }
    while let Some(filter) = filters.get(work.next) {
        if *budget == 0 {
            return Some(false);
        }
        let is_filter = state.rules.filter(filter, work.version).is_some();
        if !is_filter && !state.rules.chooses(Liberty::InvalidFiltersRefusedAlone) {
            return None;
        }
        *budget = budget.saturating_sub(cost_of(filter));
        work.next += 1;
    }
    Some(true)
}

fn errant(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, work: &Unsubscribing) {
    let filters = &work.unsubscribe.filters;
    let reason = match filters.is_empty() {
        // [3.1.1 MQTT-3.10.3-2] [5 RULE-3.10.3-1]
        true => ReasonCode::PROTOCOL_ERROR,
        false => ReasonCode::MALFORMED_PACKET,
    };
    if state.rules.chooses(Liberty::ErrantUnsubscribeCarriedOut) {
        for filter in filters {
            delete(state, turn, key, filter);
        }
    }
    if is_on(state, key, work.connection) {
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
    }
}

/// Deletes one subscription after the other until the budget is spent. Returns whether all are done.
fn delete_each(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Unsubscribing,
    budget: &mut usize,
) -> bool {
    while let Some(filter) = work.unsubscribe.filters.get(work.next) {
        if *budget == 0 {
            return false;
        }
        charge(turn, budget, filter);
        let passed_over = match state.rules.faults.is_none() {
            true => None,
            false => passed_over(state, key, work),
        };
        // [3.1.1 MQTT-3.10.4-6] [5 MQTT-3.10.4-6] [5 MQTT-3.11.3-1]
        work.reasons.push(if let Some(reason) = passed_over {
            reason
        } else if work.in_use {
            ReasonCode::PACKET_IDENTIFIER_IN_USE
        } else if work.next > 0 && state.rules.breaks(Fault::UnsubscribeOnlyFirst) {
            ReasonCode::SUCCESS
        } else {
            delete(state, turn, key, filter)
        });
        work.next += 1;
    }
    true
}

fn answer(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, mut work: Unsubscribing) {
    let mut reasons = std::mem::take(&mut work.reasons);
    // [3.1.1 MQTT-3.10.4-6] [5 MQTT-3.10.4-6]
    if work.unsubscribe.filters.len() > 1 && state.rules.breaks(Fault::UnsubscribeSeveralEndsAll) {
        forget_subscriptions(state, key);
    }
    if !state.rules.faults.is_none() {
        misreport(state, &work, &mut reasons);
    }
    // [5 MQTT-3.3.4-10] [5 MQTT-4.9.0-3]
    if !state.rules.faults.is_none()
        && is_full(state, key)
        && state.rules.breaks(Fault::UnsubacksHeldByQuota)
    {
        return;
    }
    if !state.rules.faults.is_none()
        && !reasons.contains(&ReasonCode::SUCCESS)
        && state.rules.breaks(Fault::NoUnsubackForNothing)
    {
        return;
    }
    if state.rules.chooses(Liberty::UnsubackAlwaysSucceeds) {
        // [5 MQTT-3.11.3-2]: it must be one of the reason codes.
        let nothing = |reason: &&mut ReasonCode| **reason == ReasonCode::NO_SUBSCRIPTION_EXISTED;
        for reason in reasons.iter_mut().filter(nothing) {
            *reason = ReasonCode::SUCCESS;
        }
    }
    if work.version != ProtocolVersion::V5 {
        reasons.clear();
    }
    // [3.1.1 MQTT-3.10.4-6] [5 MQTT-3.10.4-6]
    let number = work.unsubscribe.filters.len();
    if number > 1 && state.rules.breaks(Fault::UnsubackForEachFilter) {
        for index in 1..number {
            let packet = Packet::UnsubAck(UnsubAck {
                packet_id: work.unsubscribe.packet_id,
                properties: Properties::new(),
                reasons: reasons.get(index).copied().into_iter().collect(),
            });
            send_or_close(state, turn, key, packet);
        }
        reasons.truncate(1);
    }
    // [5 MQTT-3.11.3-2] [3.1.1 MQTT-3.10.4-4] [3.1.1 MQTT-3.10.4-5] [5 MQTT-3.10.4-4] [5 MQTT-3.10.4-5]
    send_or_close(
        state,
        turn,
        key,
        Packet::UnsubAck(UnsubAck {
            packet_id: work.unsubscribe.packet_id,
            properties: Properties::new(),
            reasons,
        }),
    );
}

/// For a fault: whether the client's window has no room.
fn is_full(state: &State, key: SessionKey) -> bool {
    state.sessions.at(key).is_some_and(|session| {
        let link = session.link.as_ref();
        link.is_some_and(|link| !session.inflight.has_room(link.window.messages))
    })
}

/// Deletes the subscription whose filter is the same byte for byte. [3.1.1 MQTT-3.10.4-1] [3.1.1 MQTT-3.10.4-2]
/// [5 MQTT-3.10.4-1] [5 MQTT-3.10.4-2]
fn delete(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    filter: &ByteString,
) -> ReasonCode {
    let filter = state.rules.normalised(filter);
    let filter = &*filter;
    let Some(session) = state.sessions.at_mut(key) else {
        return ReasonCode::NO_SUBSCRIPTION_EXISTED;
    };
    let resumed = session.traces.resumed;
    if state.rules.breaks(Fault::UnsubscribeIgnored)
        || resumed && state.rules.breaks(Fault::UnsubscribeWhenResumedIgnored)
        || state.rules.breaks(Fault::UnsubscribeOfWildcardIgnored) && has_wildcard(filter)
    {
        return ReasonCode::SUCCESS;
    }
    // [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
    if !state.rules.faults.is_none() {
        let subscribed = &session.subscriptions;
        let mut in_order = session.fault_state.in_order.iter();
        let oldest = in_order.find(|filter| subscribed.contains_key(*filter));
        if oldest != Some(filter) && state.rules.breaks(Fault::UnsubscribeOfOldestAlone) {
            return ReasonCode::SUCCESS;
        }
    }
    if state.rules.breaks(Fault::UnsubscribeDropsInflight) {
        session.inflight.clear();
    }
    let by_match = state.rules.breaks(Fault::UnsubscribeByMatch);
    let folded = state.rules.breaks(Fault::UnsubscribeCaseFolded);
    if by_match || folded {
        session.subscriptions.retain(|own, granted| {
            let matched = own != filter
                && (by_match && matches(filter, own)
                    || folded && own.to_lowercase() == filter.to_lowercase());
            if matched {
                state.topics.subscriptions.remove(granted.filter(own), key);
            }
            !matched
        });
    }
    if !state.rules.faults.is_none() {
        remove_besides(
            &state.rules,
            session,
            &mut state.topics.subscriptions,
            key,
            filter,
        );
        session.weigh();
    }
    // [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-1] [5 MQTT-3.10.4-2]
    let held = session.subscriptions.get(filter);
    if held.is_some_and(|held| held.options.qos > QoS::AtMostOnce)
        && state.rules.breaks(Fault::UnsubscribeOfQos0Alone)
    {
        return ReasonCode::SUCCESS;
    }
    let Some(granted) = session.subscriptions.remove(filter) else {
        // [3.1.1 MQTT-3.10.4-1] [5 MQTT-3.10.4-1]
        if state.rules.breaks(Fault::UnsubscribeOfNothingEndsAnother) {
            end_another(state, filter);
        }
        return ReasonCode::NO_SUBSCRIPTION_EXISTED;
    };
    session.kept.sub(weight::of_subscription(filter));
    // [5 MQTT-3.10.4-3]
    if granted.shared && state.rules.breaks(Fault::SharedUnsubscribeDropsInflight) {
        let is_of_it = |delivery: &Delivery| delivery.shared.as_ref() == Some(filter);
        session.inflight.retain(
            |stage| !matches!(stage, InflightStage::Published(delivery) if is_of_it(delivery)),
        );
    }
    if !state.rules.faults.is_none() {
        session.fault_state.removed.push((filter.clone(), granted));
        session.fault_state.made.retain(|made| made != filter);
    }
    // [5 MQTT-3.10.4-1] [5 RULE-4.8.2-1]
    if granted.shared && state.rules.breaks(Fault::SharedLeavingEndsOtherTopics) {
        let topics = |filter| match filter {
            Filter::Own(topics) | Filter::Shared { filter: topics, .. } => topics,
        };
        let left = topics(granted.filter(filter));
        for (other, granted) in session.subscriptions.iter() {
            let other = granted.filter(other);
            if granted.shared && topics(other) != left {
                state.topics.subscriptions.remove(other, key);
            }
        }
    }
    if state.rules.breaks(Fault::RestartRestoresUnsubscribed) {
        let unsubscribed = &mut session.fault_state.former.unsubscribed;
        unsubscribed.insert(filter.clone(), granted);
    }
    state
        .topics
        .subscriptions
        .remove(granted.filter(filter), key);
    if state.rules.chooses(Liberty::UnsubscribeDropsWaiting) && !granted.shared {
        let others = &session.subscriptions;
        session.queue.retain(|delivery| {
            let topic = &delivery.message.topic;
            !matches(filter, topic) || others.keys().any(|other| matches(other, topic))
        });
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::UnsubscribeDropsOthersWaiting) && !granted.shared {
        let queue = &mut session.queue;
        queue.retain(|delivery| !matches(filter, &delivery.message.topic));
    }
    let client = session.client.clone();
    // [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4] [5 MQTT-3.3.2-3]
    if state.rules.breaks(Fault::RemovedFilterWidensParent) {
        state.sessions.removed.insert(filter.clone());
    }
    turn.hook(HookEvent::SessionUnsubscribed {
        client,
        filter: filter.clone(),
    });
    if !state.rules.faults.is_none() {
        let fault = Fault::SharedLeavingDropsWaiting;
        drop_waiting_of_others(state, key, filter, granted.filter(filter), fault);
        prune(state, filter);
    }
    ReasonCode::SUCCESS
}

/// For a fault: ends the subscription of some client to this filter.
fn end_another(state: &mut State, filter: &str) {
    for key in state.sessions.keys() {
        let held = state.sessions.at(key).map(|session| &session.subscriptions);
        if let Some(granted) = held.and_then(|held| held.get(filter)) {
            let granted = granted.filter(filter);
            state.topics.subscriptions.remove(granted, key);
            return;
        }
    }
}

/// For faults: removes all clients' subscriptions to levels above or below a removed filter. [3.1.1 MQTT-4.5.0-1]
/// [5 MQTT-4.5.0-1]
fn prune(state: &mut State, removed: &str) {
    let above = state.rules.breaks(Fault::UnsubscribePrunesAbove);
    let below = state.rules.breaks(Fault::UnsubscribePrunesBelow);
    if !above && !below {
        return;
    }
    for key in state.sessions.keys() {
        let Some(session) = state.sessions.at_mut(key) else {
            continue;
        };
        let subscriptions = &mut state.topics.subscriptions;
        session.subscriptions.retain(|held, granted| {
            let is_pruned = above && is_below(removed, held) || below && is_below(held, removed);
            if is_pruned {
                subscriptions.remove(granted.filter(held), key);
            }
            !is_pruned
        });
    }
}

/// For faults: removes other subscriptions too, such as a Shared Subscription with the same filter. [5 MQTT-3.10.4-1]
fn remove_besides(
    rules: &Rules,
    session: &mut Session,
    subscriptions: &mut Subscriptions,
    key: SessionKey,
    filter: &str,
) {
    // [5 RULE-4.8.2-1]
    if let Some(Filter::Shared { group, filter: own }) = Filter::parse(filter, ProtocolVersion::V5)
        && rules.breaks(Fault::SharedLeavingEndsGroup)
    {
        for member in subscriptions.others(group, own, key) {
            subscriptions.remove(Filter::Shared { group, filter: own }, member.session);
        }
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if rules.breaks(Fault::UnsubscribeForEverybody) {
        subscriptions.forget_own(filter);
    }
    let removed = Filter::parse(filter, ProtocolVersion::V5);
    session.subscriptions.retain(|whole, granted| {
        let held = granted.filter(whole);
        let is_taken_for_it = match (removed, held) {
            (Some(Filter::Own(a)), Filter::Shared { filter: b, .. }) => {
                a == b && rules.breaks(Fault::UnsubscribeRemovesShared)
            }
            (Some(Filter::Shared { filter: a, .. }), Filter::Own(b)) => {
                a == b && rules.breaks(Fault::UnsubscribeOfSharedRemovesOwn)
            }
            (
                Some(Filter::Shared { filter: a, group }),
                Filter::Shared {
                    filter: b,
                    group: other,
                },
            ) => a == b && group != other && rules.breaks(Fault::UnsubscribeOfGroupRemovesOthers),
            _ => false,
        };
        if is_taken_for_it {
            subscriptions.remove(held, key);
        }
        !is_taken_for_it
    });
}
