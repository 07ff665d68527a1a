//! Handles SUBSCRIBE from a client.

use std::collections::{BTreeMap, VecDeque};

use bytestring::ByteString;
use mqtt_check_codec::topic::{has_wildcard, matches};
use mqtt_check_codec::{
    Packet, Properties, Property, ProtocolVersion, QoS, ReasonCode, RetainHandling, SubAck,
    Subscribe, Subscription, SubscriptionOptions,
};

use super::collision::end_outgoing;
use super::late;
use super::several::misjudge_retained;
use crate::core::deliver::delivery::flush;
use crate::core::deliver::retained::send_retained;
use crate::core::ending::connection::{refuse, send_or_close};
use crate::core::ending::session::forget_subscriptions;
use crate::core::input::ConnectionId;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::lookup::Cursor;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::{Granted, Subscriber, Subscriptions};
use crate::core::state::task::{Made, Stage, Subscribing, Task};
use crate::core::state::weight;
use crate::core::topic::{self, Filter, is_below};
use crate::core::turn::{STEP, Turn};
use crate::hook::DisconnectReason;
use crate::{AccessAction, Fault, HookEvent, Liberty};

/// Handles SUBSCRIBE. Each filter is treated as in a SUBSCRIBE of its own, with one SUBACK for all.
/// [3.1.1 MQTT-3.8.4-4] [5 MQTT-3.8.4-5]
pub(crate) fn subscribe_received(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    subscribe: Subscribe,
) {
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    end_outgoing(
        state,
        key,
        subscribe.packet_id,
        Fault::SubscribeEndsOutgoing,
    );
    if let Some(session) = state.sessions.at_mut(key)
        && !state.rules.faults.is_none()
    {
        let id = Some(subscribe.packet_id);
        let is_repeated = session.fault_state.subscribe_id.0 == id;
        session.fault_state.subscribe_id = (id, is_repeated);
    }
    let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    let mut work = Subscribing {
        connection: link.connection,
        version: link.version,
        subscribe,
        stage: Stage::Checking,
        next: 0,
        in_use: false,
        rest_refused: false,
        reasons: Vec::new(),
        made: VecDeque::new(),
        cursor: Cursor::start(),
    };
    if !go_on(state, turn, key, &mut work, STEP) {
        let task = Task::Subscribe(Box::new(work));
        state.topics.tasks.push(Some(key), task);
    }
}

/// Continues with a SUBSCRIBE that has many filters or many retained messages to send.
pub(crate) fn subscribe_on(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    mut work: Box<Subscribing>,
    budget: usize,
) {
    if !go_on(state, turn, key, &mut work, budget) {
        let task = Task::Subscribe(work);
        state.topics.tasks.push(Some(key), task);
    }
}

/// Works on a SUBSCRIBE until the budget is spent. Returns whether it is finished.
fn go_on(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Subscribing,
    mut budget: usize,
) -> bool {
    let budget = &mut budget;
    loop {
        match work.stage {
            Stage::Checking => {
                match check_subscribe(state, work, budget) {
                    Ok(false) => return false,
                    Ok(true) => {}
                    Err(reason) => {
                        errant(state, turn, key, work, reason);
                        return true;
                    }
                }
                // [3.1.1 MQTT-3.8.4-1] [5 MQTT-3.8.4-1]
                if !state.rules.faults.is_none()
                    && names_retained(state, turn, work)
                    && state
                        .rules
                        .breaks(Fault::ExactFilterWithRetainedEndsConnection)
                {
                    refuse_on(state, turn, key, work, ReasonCode::UNSPECIFIED_ERROR);
                    return true;
                }
                let (id, version) = (work.subscribe.packet_id, work.version);
                work.in_use = state.sessions.has_in_use(&state.rules, key, version, id);
                work.next = 0;
                // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
                let expiry = state.sessions.at(key).map(|session| session.expiry);
                if expiry == Some(Expiry::AtClose)
                    && state.rules.breaks(Fault::LaterSubscribeDropsEarlier)
                {
                    forget_subscriptions(state, key);
                }
                work.stage = Stage::Filters;
            }
            Stage::Filters => {
                if !subscribe_each(state, turn, key, work, budget) {
                    return false;
                }
                if work.version == ProtocolVersion::V3_1 && has_refusal(work) {
                    // MQTT 3.1 has no code for a refusal.
                    refuse_on(state, turn, key, work, ReasonCode::UNSPECIFIED_ERROR);
                    return true;
                }
                // [3.1.1 RULE-3.8.4-1] [5 RULE-3.8.4-1]
                work.stage = match state.rules.chooses(Liberty::RetainedBeforeSuback) {
                    true => Stage::Early,
                    false => Stage::Answer,
                };
            }
            Stage::Early => {
                if !send_made(state, turn, work, budget) {
                    return false;
                }
                work.stage = Stage::Answer;
            }
            Stage::Answer => {
                // [3.1.1 MQTT-3.8.4-1] [3.1.1 MQTT-3.8.4-2] [5 MQTT-3.8.4-1] [5 MQTT-3.8.4-2] [5 MQTT-2.2.1-6]
                let is_kept_back = !state.rules.faults.is_none()
                    && has_refusal(work)
                    && state.rules.breaks(Fault::RefusalWithoutSuback);
                let suback = Packet::SubAck(SubAck {
                    packet_id: work.subscribe.packet_id,
                    properties: Properties::new(),
                    reasons: std::mem::take(&mut work.reasons),
                });
                if is_on(state, key, work.connection) && !is_kept_back {
                    send_or_close(state, turn, key, suback);
                }
                // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
                if !state.rules.faults.is_none()
                    && let Some(session) = state.sessions.at_mut(key)
                    && session.inflight.ids().next().is_some()
                    && state.rules.breaks(Fault::SubscribeFreesWindow)
                {
                    let all: Vec<_> = session.inflight.ids().collect();
                    all.into_iter()
                        .for_each(|id| session.inflight.give_back(id));
                    flush(session, &state.rules, turn);
                }
                if !state.rules.faults.is_none() {
                    misjudge_retained(state, work);
                }
                work.stage = Stage::Retained;
                // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
                if !state.rules.faults.is_none()
                    && !work.made.is_empty()
                    && state.rules.breaks(Fault::RetainedBehindLive)
                {
                    late::retained(state, turn, key, work);
                    return true;
                }
            }
            Stage::Retained => return send_made(state, turn, work, budget),
        }
    }
}

/// Returns whether one of the filters was refused.
fn has_refusal(work: &Subscribing) -> bool {
    work.reasons.iter().any(|reason| reason.0 > 2)
}

/// For a fault: whether one of the filters is the topic of a retained message of QoS 1 or 2.
fn names_retained(state: &State, turn: &Turn<'_>, work: &Subscribing) -> bool {
    let mut filters = work.subscribe.subscriptions.iter().map(|s| &*s.filter);
    filters.any(|filter| {
        let message = state.topics.retained.at(filter);
        message.is_some_and(|m| m.qos > QoS::AtMostOnce && !m.is_expired(turn.now))
    })
}

/// Returns whether the session is still on the connection that received the packet.
pub(super) fn is_on(state: &State, key: SessionKey, connection: ConnectionId) -> bool {
    let link = state.sessions.at(key).and_then(|s| s.link.as_ref());
    link.is_some_and(|link| link.connection == connection)
}

fn refuse_on(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &Subscribing,
    reason: ReasonCode,
) {
    if is_on(state, key, work.connection) {
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
    }
}

/// Sends the retained messages for the subscriptions that were made, until the budget is spent. Returns whether all are
/// sent.
fn send_made(
    state: &mut State,
    turn: &mut Turn<'_>,
    work: &mut Subscribing,
    budget: &mut usize,
) -> bool {
    while let Some(made) = work.made.front() {
        if *budget == 0 {
            return false;
        }
        let cost = cost_of(&made.filter);
        let is_all = send_retained(
            &state.rules,
            &mut state.sessions,
            &mut state.topics.retained,
            turn,
            made,
            &mut work.cursor,
            budget,
        );
        if !is_all {
            return false;
        }
        work.made.pop_front();
        work.cursor = Cursor::start();
        *budget = budget.saturating_sub(cost);
    }
    true
}

/// Ends the connection because of an error in a SUBSCRIBE.
fn errant(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Subscribing,
    reason: ReasonCode,
) {
    if state.rules.chooses(Liberty::ErrantSubscribeCarriedOut) {
        carry_out(state, turn, key, work);
    }
    refuse_on(state, turn, key, work, reason);
}

/// For a permitted variation: makes the subscriptions of the valid filters. [5 section 4.13.1] [3.1.1 section 4.8]
fn carry_out(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, work: &mut Subscribing) {
    let version = work.version;
    if check_packet(state, work).is_err() {
        return;
    }
    for subscription in std::mem::take(&mut work.subscribe.subscriptions) {
        if check_filter(state, version, &subscription).is_ok() {
            // No retained messages are sent, since the connection ends.
            let _ = make(state, turn, key, version, &subscription, None);
        }
    }
}

/// Subscribes to one filter after the other until the budget is spent. Collects a reason code for each, in their order,
/// and the subscriptions that get retained messages. Returns whether all filters are done.
fn subscribe_each(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Subscribing,
    budget: &mut usize,
) -> bool {
    let identifier = work.subscribe.properties.subscription_identifiers().next();
    let identifier = identifier.map(|id| match state.rules.breaks(Fault::IdentifiersCut) {
        true => id.min(0x3FFF),
        false => id,
    });
    while let Some(subscription) = work.subscribe.subscriptions.get(work.next) {
        if *budget == 0 {
            return false;
        }
        let mut subscription = subscription.clone();
        let index = work.next;
        work.next += 1;
        charge(turn, budget, &subscription.filter);
        if !state.rules.faults.is_none()
            && let Some(granted) = passed_over(&state.rules, work, index, &mut subscription)
        {
            work.reasons.push(granted);
            continue;
        }
        // [5 MQTT-3.3.4-3] [5 MQTT-3.8.4-5]
        let is_left_out = identifier.is_some()
            && index > 0
            && state.rules.breaks(Fault::IdentifierOfFirstFilterAlone);
        let identifier = identifier.filter(|_| !is_left_out);
        let reason = subscribe_one(state, turn, key, work, subscription, identifier);
        work.reasons.push(reason);
    }
    true
}

/// For faults: changes the options and the filter of the subscription at this index of a SUBSCRIBE. Returns its reason
/// code if the filter is wrongly ignored.
fn passed_over(
    rules: &Rules,
    work: &Subscribing,
    index: usize,
    subscription: &mut Subscription,
) -> Option<ReasonCode> {
    let all = &work.subscribe.subscriptions;
    if let Some(first) = all.first()
        && rules.breaks(Fault::FirstOptionsForAll)
    {
        let qos = subscription.options.qos;
        subscription.options = SubscriptionOptions {
            qos,
            ..first.options
        };
    }
    // [5 MQTT-3.8.4-5]
    if let Some(last) = all.last()
        && rules.breaks(Fault::LastHandlingForAll)
    {
        subscription.options.retain_handling = last.options.retain_handling;
    }
    subscription.filter = rules.normalised(&subscription.filter).into_owned();
    // [3.1.1 MQTT-3.8.4-4] [5 MQTT-3.8.4-5]
    let mut before = all[..index].iter().rev();
    if let Some(same) = before.find(|s| s.filter == subscription.filter)
        && rules.breaks(Fault::RepeatedFilterKeepsFirst)
    {
        return Some(ReasonCode(same.options.qos.as_u8()));
    }
    let mut properties = work.subscribe.properties.iter();
    let is_explained = properties.any(|p| matches!(p, Property::UserProperty(..)));
    let is_ignored = index > 0 && rules.breaks(Fault::OnlyFirstFilterSubscribed)
        || index >= 127 && rules.breaks(Fault::FiltersBeyond127Ignored)
        || index >= 10 && rules.breaks(Fault::FiltersBeyondTenIgnored)
        || is_explained && rules.breaks(Fault::SubscribeWithPropertiesIgnored);
    is_ignored.then_some(ReasonCode(subscription.options.qos.as_u8()))
}

/// Subscribes to one filter and returns its reason code. If retained messages are due, adds the subscription to
/// `work.made`.
fn subscribe_one(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Subscribing,
    subscription: Subscription,
    identifier: Option<u32>,
) -> ReasonCode {
    let version = work.version;
    let session = state.sessions.at(key);
    let is_new = session.is_some_and(|s| !s.subscriptions.contains_key(&subscription.filter));
    // [3.1.1 MQTT-3.9.3-1] [5 MQTT-3.9.3-1] [3.1.1 MQTT-3.8.4-5] [5 MQTT-3.8.4-6] [5 MQTT-3.8.4-7]
    let result = if work.rest_refused {
        Err(ReasonCode::UNSPECIFIED_ERROR)
    } else if work.in_use {
        Err(ReasonCode::PACKET_IDENTIFIER_IN_USE)
    } else {
        make(state, turn, key, version, &subscription, identifier)
    };
    if result.is_ok() && is_new && !state.rules.faults.is_none() {
        late::subscribed(state, turn, key, &subscription.filter);
    }
    if result.is_err() && state.rules.breaks(Fault::RefusedFilterBringsRetained) {
        work.made.push_back(refused(key, &subscription));
    }
    // [5 MQTT-3.3.1-10]
    if result.is_err()
        && state.rules.breaks(Fault::RetainHandling1KnowsRefused)
        && let Some(session) = state.sessions.at_mut(key)
    {
        let filter = subscription.filter.clone();
        session.fault_state.refused_filters.insert(filter);
    }
    if result.is_err() && state.rules.breaks(Fault::RefusedFilterEndsPacket) {
        work.rest_refused = true;
    }
    match result {
        Ok((qos, subscriber)) => {
            work.made.extend(subscriber.map(|subscriber| Made {
                subscriber,
                filter: subscription.filter,
            }));
            ReasonCode(qos.as_u8())
        }
        // [3.1.1 MQTT-3.9.3-2] [5 MQTT-3.9.3-2]
        Err(_)
            if version != ProtocolVersion::V5
                || state.rules.chooses(Liberty::RefusedFilterUnspecified) =>
        {
            ReasonCode::UNSPECIFIED_ERROR
        }
        Err(reason) => reason,
    }
}

/// Deducts the cost of a filter from the budget: one, and one more for every 64 bytes.
pub(super) fn charge(turn: &mut Turn<'_>, budget: &mut usize, filter: &str) {
    let cost = cost_of(filter);
    turn.spent += cost;
    *budget = budget.saturating_sub(cost);
}

/// Returns the cost of a filter in units of a step.
pub(super) const fn cost_of(filter: &str) -> usize {
    1 + filter.len() / 64
}

/// For a fault: the subscription that a refused filter would have made.
fn refused(key: SessionKey, subscription: &Subscription) -> Made {
    Made {
        subscriber: Subscriber {
            session: key,
            granted: Granted {
                options: subscription.options,
                identifier: None,
                shared: false,
            },
        },
        filter: subscription.filter.clone(),
    }
}

/// Checks for errors that end the connection, until the budget is spent. Returns whether all filters are checked.
fn check_subscribe(
    state: &State,
    work: &mut Subscribing,
    budget: &mut usize,
) -> Result<bool, ReasonCode> {
    check_packet(state, work)?;
    while let Some(subscription) = work.subscribe.subscriptions.get(work.next) {
        if *budget == 0 {
            return Ok(false);
        }
        check_filter(state, work.version, subscription)?;
        *budget = budget.saturating_sub(cost_of(&subscription.filter));
        work.next += 1;
    }
    Ok(true)
}

fn check_packet(state: &State, work: &Subscribing) -> Result<(), ReasonCode> {
    let (rules, config) = (&state.rules, &state.rules.config);
    if work.subscribe.subscriptions.is_empty() {
        // [3.1.1 MQTT-3.8.3-3] [5 RULE-3.8.3-1]
        return Err(ReasonCode::PROTOCOL_ERROR);
    }
    let identified = work.subscribe.properties.subscription_identifiers().next();
    if identified.is_some()
        && !config.subscription_identifier_available
        && !rules.breaks(Fault::IdentifiersAcceptedUnavailable)
    {
        // [5 RULE-3.2.2.3.12-1]
        return Err(ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED);
    }
    // [5 MQTT-3.8.4-1]
    if !rules.faults.is_none()
        && has_long_properties(work)
        && rules.breaks(Fault::LongSubscribePropertiesRefused)
    {
        return Err(ReasonCode::PROTOCOL_ERROR);
    }
    // [5 MQTT-3.8.4-1]
    if identified == Some(0x0FFF_FFFF) && rules.breaks(Fault::LargestIdentifierRefused) {
        return Err(ReasonCode::PROTOCOL_ERROR);
    }
    Ok(())
}

/// For a fault: whether the length of the properties takes more than one byte.
fn has_long_properties(work: &Subscribing) -> bool {
    let properties = work.subscribe.properties.iter();
    let lengths = properties.map(|property| match property {
        Property::UserProperty(name, value) => 5 + name.len() + value.len(),
        _ => 2,
    });
    lengths.sum::<usize>() > 127
}

fn check_filter(
    state: &State,
    version: ProtocolVersion,
    subscription: &Subscription,
) -> Result<(), ReasonCode> {
    let (rules, config) = (&state.rules, &state.rules.config);
    let filter = match rules.filter(&subscription.filter, version) {
        Some(filter) => filter,
        None if rules.chooses(Liberty::InvalidFiltersRefusedAlone) => return Ok(()),
        None => return Err(ReasonCode::MALFORMED_PACKET),
    };
    if version != ProtocolVersion::V5 {
        return Ok(());
    }
    if let Filter::Shared { .. } = filter {
        if subscription.options.no_local {
            // [5 MQTT-3.8.3-4]
            return Err(ReasonCode::PROTOCOL_ERROR);
        }
        if !config.shared_subscription_available && !rules.breaks(Fault::SharedAcceptedUnavailable)
        {
            // [5 RULE-3.2.2.3.13-1]
            return Err(ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED);
        }
        // [5 MQTT-3.8.4-1]
        if !rules.faults.is_none()
            && has_wildcard(&subscription.filter)
            && rules.breaks(Fault::SharedWildcardsRefused)
        {
            return Err(ReasonCode::PROTOCOL_ERROR);
        }
    }
    if !config.wildcard_subscription_available
        && has_wildcard(&subscription.filter)
        && !rules.breaks(Fault::WildcardsAcceptedUnavailable)
    {
        // [5 RULE-3.2.2.3.11-1]
        return Err(ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED);
    }
    Ok(())
}

/// Makes or replaces one subscription. Returns the QoS to report, and the subscriber if retained messages are due.
fn make(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    version: ProtocolVersion,
    subscription: &Subscription,
    identifier: Option<u32>,
) -> Result<(QoS, Option<Subscriber>), ReasonCode> {
    let config = &state.rules.config;
    if version != ProtocolVersion::V5
        && !config.wildcard_subscription_available
        && has_wildcard(&subscription.filter)
        && !state.rules.breaks(Fault::WildcardsAcceptedUnavailable)
    {
        // [3.1.1 MQTT-3.8.3-2]
        return Err(ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED);
    }
    if topic::levels(&subscription.filter) > config.maximum_topic_levels {
        return Err(ReasonCode::TOPIC_FILTER_INVALID);
    }
    // A copy, so that the subscription does not keep the buffer of the client's packet alive.
    let whole = state.topics.subscriptions.text(&subscription.filter);
    let Some(filter) = state.rules.filter(&whole, version) else {
        return Err(ReasonCode::TOPIC_FILTER_INVALID);
    };
    let Some(session) = state.sessions.at_mut(key) else {
        return Err(ReasonCode::UNSPECIFIED_ERROR);
    };
    let (Filter::Own(topics) | Filter::Shared { filter: topics, .. }) = filter;
    let is_shared = matches!(filter, Filter::Shared { .. });
    let permitted = state
        .rules
        .permits(session.who(), AccessAction::Subscribe, topics)
        || is_shared && state.rules.breaks(Fault::SharedAccessUnasked);
    // SUBACK of MQTT 3.1 has no code for a refusal.
    let refused = version != ProtocolVersion::V3_1 && is_refused_anyway(&state.rules, topics);
    let may = permitted || state.rules.breaks(Fault::RefusedFilterSubscribed);
    if !may || refused {
        return Err(ReasonCode::NOT_AUTHORIZED);
    }
    let known = session.subscriptions.contains_key(&whole);
    if !known && session.subscriptions.len() >= config.maximum_subscriptions {
        return Err(ReasonCode::QUOTA_EXCEEDED);
    }
    let weight = weight::of_subscription(&whole);
    let kept = &session.kept;
    if !known && !kept.admits(kept.bytes(), weight, config.maximum_client_bytes) {
        return Err(ReasonCode::QUOTA_EXCEEDED);
    }
    let mut granted = Granted {
        options: SubscriptionOptions {
            // [5 MQTT-3.2.2-10]
            qos: subscription
                .options
                .qos
                .min(config.maximum_qos)
                .min(highest_granted(&state.rules)),
            ..subscription.options
        },
        identifier,
        shared: matches!(filter, Filter::Shared { .. }),
    };
    if state.rules.breaks(Fault::SubscribeAboveMaximumQosRefused)
        && subscription.options.qos > config.maximum_qos
    {
        return Err(ReasonCode::UNSPECIFIED_ERROR);
    }
    // [5 MQTT-3.3.4-3]
    if identifier.is_some()
        && !state.rules.faults.is_none()
        && has_wildcard(&whole)
        && state.rules.breaks(Fault::IdentifiersDroppedForWildcards)
    {
        granted.identifier = None;
    }
    let asked = granted;
    let mut counts_as_known = known;
    let mut was_there = false;
    if !state.rules.faults.is_none() {
        was_there = !known && session.fault_state.ever.contains(&whole);
        let discarded = &state.topics.discarded;
        counts_as_known |= remember(&state.rules, discarded, session, &whole, &mut granted);
        let (subscriptions, rules) = (&state.topics.subscriptions, &state.rules);
        counts_as_known |= is_known_otherwise(rules, subscriptions, key, session, &whole);
        // [5 MQTT-3.3.1-10]
        let old = session.subscriptions.get(&whole);
        counts_as_known &= !(old.is_some_and(|old| old.options.qos != granted.options.qos)
            && state.rules.breaks(Fault::RetainHandling1NewByQos));
        let flags = |granted: &Granted| {
            (
                granted.options.no_local,
                granted.options.retain_as_published,
            )
        };
        counts_as_known &= !(old.is_some_and(|old| flags(old) != flags(&granted))
            && state.rules.breaks(Fault::RetainHandling1NewByOptions));
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        if state.rules.breaks(Fault::RetainedNotForOverlapping) {
            let others = session.subscriptions.keys();
            let others = others.filter(|other| **other != whole).cloned().collect();
            session.fault_state.before.insert(whole.clone(), others);
        }
        // [5 MQTT-3.3.1-10]
        counts_as_known &=
            !(session.traces.resumed && state.rules.breaks(Fault::ResumedRetainHandling1Sends));
        let blocked = state.topics.blocked.get(&session.client);
        if blocked.is_some_and(|filters| filters.contains(&whole)) {
            return Ok((granted.options.qos, None));
        }
    }
    if known && state.rules.breaks(Fault::ResubscribeDropsQueue) {
        session.queue.take();
    }
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-4]
    if known && state.rules.breaks(Fault::ResubscribeDropsInflight) {
        session.inflight.clear();
    }
    if known && state.rules.breaks(Fault::ResubscribeKeepsOld) {
        return Ok((granted.options.qos, None));
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::LongerFilterUnserved) {
        let mut others = session.subscriptions.keys();
        if others.any(|other| is_below(&whole, other)) {
            return Ok((granted.options.qos, None));
        }
    }
    let stays = known
        && !state.rules.faults.is_none()
        && keep_old(&state.rules, session, &whole, asked, &mut granted);
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-4]
    let is_forgotten =
        known && session.traces.resumed && state.rules.breaks(Fault::ResumedSubscribeBringsNothing)
            || was_there && state.rules.breaks(Fault::ResubscribedWithoutRetained);
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-3]
    let replaced = session.subscriptions.insert(whole.clone(), granted);
    if replaced.is_none() {
        session.kept.add(weight);
    }
    if let Some(old) = replaced.filter(|old| old.shared != granted.shared) {
        // The old one was made in another protocol version, in which the filter meant something else.
        state.topics.subscriptions.remove(old.filter(&whole), key);
    }
    state
        .topics
        .subscriptions
        .insert(&whole, filter, key, granted);
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    if !state.rules.faults.is_none()
        && state.topics.subscriptions.has_others(&whole, key)
        && state.rules.breaks(Fault::LastSubscriberSetsOptions)
    {
        grant_to_all(state, &whole, granted.options.qos);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let fault = match has_wildcard(&whole) {
        true => Fault::WildcardSubscribeUnsubscribesOthers,
        false => Fault::ExactSubscribeUnsubscribesOthers,
    };
    if state.rules.breaks(fault) {
        displace_overlapping(state, key, &whole);
    }
    // [5 MQTT-3.10.4-2]
    if granted.shared && state.rules.breaks(Fault::SharedUnsubscribeUndoneBySibling) {
        restore_of_group(state, key, filter);
    }
    if replaced.is_none() && !state.rules.faults.is_none() {
        let fault = Fault::SharedJoiningDropsWaiting;
        drop_waiting_of_others(state, key, &whole, filter, fault);
    }
    let Some(session) = state.sessions.at(key) else {
        return Err(ReasonCode::UNSPECIFIED_ERROR);
    };
    turn.hook(HookEvent::SessionSubscribed {
        client: session.client.clone(),
        filter: whole.clone(),
        qos: granted.options.qos,
        no_local: granted.options.no_local,
        retain_as_published: granted.options.retain_as_published,
        retain_handling: granted.options.retain_handling,
    });
    let mut subscriber = Subscriber {
        session: key,
        granted,
    };
    if let Some(old) = replaced {
        // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
        if old.options.qos != granted.options.qos
            && state.rules.breaks(Fault::RetainedWithPreviousQos)
        {
            subscriber.granted.options.qos = old.options.qos;
        }
        // [5 MQTT-3.3.4-3]
        if old.identifier != granted.identifier
            && state.rules.breaks(Fault::RetainedWithPreviousIdentifier)
        {
            subscriber.granted.identifier = old.identifier;
        }
    }
    if !permitted {
        // For a fault: the subscription was made even so.
        return Err(ReasonCode::NOT_AUTHORIZED);
    }
    let is_handled = granted.options.retain_handling == RetainHandling::SendIfNew;
    let known = match is_handled {
        true => counts_as_known,
        false => known,
    };
    // [5 MQTT-3.8.4-4]
    let is_stuck = replaced
        .is_some_and(|old| old.options.retain_handling == RetainHandling::DoNotSend)
        && state.rules.breaks(Fault::RetainHandling2Sticks);
    let retained = retained_due(state, &granted, known) && !is_forgotten && !is_stuck;
    let shown = match replaced {
        // [3.1.1 MQTT-3.8.4-5] [5 MQTT-3.8.4-7]
        Some(old) if state.rules.breaks(Fault::SubackWithPreviousQos) => old.options.qos,
        _ if stays => asked.options.qos,
        _ => granted.options.qos,
    };
    Ok((shown, retained.then_some(subscriber)))
}

/// For faults: keeps all of the old subscription except its Retain Handling, or its QoS. Returns whether it does.
/// [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-3]
fn keep_old(
    rules: &Rules,
    session: &Session,
    whole: &ByteString,
    asked: Granted,
    granted: &mut Granted,
) -> bool {
    let Some(old) = session.subscriptions.get(whole) else {
        return false;
    };
    let stays = *old != *granted
        && (has_wildcard(whole) && rules.breaks(Fault::WildcardResubscribeKeepsOld)
            || session.traces.resumed && rules.breaks(Fault::ResumedResubscribeKeepsOld));
    if stays {
        *granted = *old;
        granted.options.retain_handling = asked.options.retain_handling;
    }
    let is_higher =
        old.options.qos > granted.options.qos && rules.breaks(Fault::ResubscribeLowerQosIgnored);
    if is_higher {
        granted.options.qos = old.options.qos;
    }
    stays || is_higher
}

/// For faults: removes subscriptions of other clients that this filter matches, or that match this topic.
fn displace_overlapping(state: &mut State, key: SessionKey, whole: &str) {
    let is_wild = has_wildcard(whole);
    let others = state.sessions.keys().into_iter();
    for other in others.filter(|other| *other != key) {
        let Some(session) = state.sessions.at_mut(other) else {
            continue;
        };
        let subscriptions = &mut state.topics.subscriptions;
        session.subscriptions.retain(|held, granted| {
            let overlaps = match is_wild {
                true => !has_wildcard(held) && matches(whole, held),
                false => has_wildcard(held) && matches(held, whole),
            };
            let is_displaced = overlaps && !granted.shared;
            if is_displaced {
                subscriptions.remove(granted.filter(held), other);
            }
            !is_displaced
        });
    }
}

/// For a fault: grants this QoS to every client with this filter.
fn grant_to_all(state: &mut State, whole: &ByteString, qos: QoS) {
    for key in state.sessions.keys() {
        let session = state.sessions.at_mut(key);
        if let Some(session) = session
            && let Some(mut granted) = session.subscriptions.get(whole).copied()
        {
            granted.options.qos = qos;
            session.subscriptions.insert(whole.clone(), granted);
            let filter = granted.filter(whole);
            let subscriptions = &mut state.topics.subscriptions;
            subscriptions.insert(whole, filter, key, granted);
        }
    }
}

/// For faults: drops messages that wait for other members of a Shared Subscription. [5 MQTT-4.5.0-1]
pub(super) fn drop_waiting_of_others(
    state: &mut State,
    key: SessionKey,
    whole: &ByteString,
    filter: Filter<'_>,
    fault: Fault,
) {
    let Filter::Shared { group, filter } = filter else {
        return;
    };
    if !state.rules.breaks(fault) {
        return;
    }
    for other in state.topics.subscriptions.others(group, filter, key) {
        if let Some(session) = state.sessions.at_mut(other.session) {
            let queue = &mut session.queue;
            queue.retain(|delivery| delivery.shared.as_ref() != Some(whole));
        }
    }
}

/// For faults: remembers filters, and carries settings of an earlier subscription over to the new one. Returns whether
/// the filter counts as already subscribed. [5 MQTT-3.8.4-3] [5 MQTT-3.3.1-10]
fn remember(
    rules: &Rules,
    discarded: &BTreeMap<ByteString, Vec<ByteString>>,
    session: &mut Session,
    whole: &ByteString,
    granted: &mut Granted,
) -> bool {
    match session.subscriptions.get(whole) {
        Some(old) => {
            if rules.breaks(Fault::ResubscribeKeepsNoLocal) {
                granted.options.no_local = old.options.no_local;
            }
            // [5 MQTT-3.8.4-3]
            let is_dropped = granted.identifier.is_none();
            if rules.breaks(Fault::ResubscribeKeepsIdentifier)
                || is_dropped && rules.breaks(Fault::ResubscribeCannotDropIdentifier)
            {
                granted.identifier = old.identifier;
            }
            if rules.breaks(Fault::ResubscribeKeepsRetainAsPublished) {
                granted.options.retain_as_published = old.options.retain_as_published;
            }
            if granted.shared && rules.breaks(Fault::SharedResubscribeKeepsOld) {
                *granted = *old;
            }
            session.fault_state.replaced.push((whole.clone(), *old));
        }
        None if session.traces.resumed => session.fault_state.made.push(whole.clone()),
        None => {}
    }
    if !session.subscriptions.contains_key(whole) {
        session.fault_state.in_order.push(whole.clone());
    }
    // [5 MQTT-3.3.4-3]
    let removed = session.fault_state.removed.iter().rev();
    let removed = removed.clone().find(|(filter, _)| filter == whole);
    if let Some((_, old)) = removed
        && rules.breaks(Fault::RemovedIdentifierComesBack)
    {
        granted.identifier = granted.identifier.or(old.identifier);
    }
    session
        .fault_state
        .removed
        .retain(|(filter, _)| filter != whole);
    let was_there = !session.fault_state.ever.insert(whole.clone());
    let was_discarded = discarded
        .get(&session.client)
        .is_some_and(|filters| filters.contains(whole));
    let was_refused = session.fault_state.refused_filters.contains(whole);
    was_there && rules.breaks(Fault::RetainHandling1KnowsUnsubscribed)
        || was_discarded
        || was_refused
}

/// For a fault: subscribes the client again to its removed Shared Subscriptions with this Share Name.
/// [5 MQTT-3.10.4-2]
fn restore_of_group(state: &mut State, key: SessionKey, filter: Filter<'_>) {
    let Filter::Shared { group, .. } = filter else {
        return;
    };
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    for (whole, old) in session.fault_state.removed.clone() {
        if matches!(old.filter(&whole), Filter::Shared { group: other, .. } if other == group) {
            let subscriptions = &mut state.topics.subscriptions;
            subscriptions.insert(&whole, old.filter(&whole), key, old);
            session.subscriptions.insert(whole, old);
        }
    }
}

/// For faults: whether a filter counts as already subscribed because of another subscription. [5 MQTT-3.3.1-10]
fn is_known_otherwise(
    rules: &Rules,
    subscriptions: &Subscriptions,
    key: SessionKey,
    session: &Session,
    whole: &ByteString,
) -> bool {
    let is_shared = |(other, granted): (&ByteString, &Granted)| match granted.filter(other) {
        Filter::Shared { filter, .. } => filter == &**whole,
        Filter::Own(_) => false,
    };
    rules.breaks(Fault::RetainHandling1KnowsOthers) && subscriptions.has_others(whole, key)
        || rules.breaks(Fault::RetainHandling1KnowsShared)
            && session.subscriptions.iter().any(is_shared)
}

/// Returns whether retained messages are sent for a subscription. `known` is whether it existed before.
fn retained_due(state: &State, granted: &Granted, known: bool) -> bool {
    let rules = &state.rules;
    if granted.shared {
        // [5 RULE-3.8.4-2]
        return rules.breaks(Fault::RetainedSentToShared)
            || known && rules.breaks(Fault::RetainedSentToSharedAgain);
    }
    match granted.options.retain_handling {
        // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-4]
        RetainHandling::Send if known => !rules.breaks(Fault::RetainedNotSentAgain),
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        RetainHandling::Send => !rules.breaks(Fault::RetainedNotSent),
        // [5 MQTT-3.3.1-10]
        RetainHandling::SendIfNew if known => rules.breaks(Fault::RetainHandling1Repeats),
        RetainHandling::SendIfNew => !rules.breaks(Fault::RetainHandling1Silent),
        // [5 MQTT-3.3.1-11]
        RetainHandling::DoNotSend => rules.breaks(Fault::RetainHandling2Sends),
    }
}

/// For permitted variations: whether the server refuses a subscription to these topics for reasons of its own.
fn is_refused_anyway(rules: &Rules, topics: &str) -> bool {
    rules.refuses(Liberty::SubscriptionsRefused)
        || topics == "#" && rules.refuses(Liberty::HashRefused)
        || rules.refuses_as_long(topics)
}

/// Returns the highest QoS that is granted, which may be lower than the highest supported. [3.1.1 MQTT-3.8.4-6]
/// [5 MQTT-3.8.4-7]
fn highest_granted(rules: &Rules) -> QoS {
    if rules.chooses(Liberty::GrantsQos0Alone) {
        QoS::AtMostOnce
    } else if rules.chooses(Liberty::GrantsQos1AtMost) {
        QoS::AtLeastOnce
    } else {
        QoS::ExactlyOnce
    }
}
