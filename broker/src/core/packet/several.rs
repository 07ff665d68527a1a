//! Faults: how the filters of one SUBSCRIBE or UNSUBSCRIBE affect each other. A broker without faults changes nothing
//! here.

use std::collections::VecDeque;

use mqtt_check_codec::ReasonCode;
use mqtt_check_codec::topic::{has_wildcard, matches};

use crate::Fault;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::state::task::{Made, Subscribing, Unsubscribing};

/// Changes which subscriptions of a SUBSCRIBE get retained messages. [3.1.1 MQTT-3.8.4-4] [5 MQTT-3.8.4-5]
pub(super) fn misjudge_retained(state: &State, work: &mut Subscribing) {
    let filters = &work.subscribe.subscriptions;
    let (Some(first), Some(last), 2..) = (filters.first(), filters.last(), filters.len()) else {
        return;
    };
    let rules = &state.rules;
    let made = &mut work.made;
    if rules.breaks(Fault::RetainedOfFirstFilterAlone) {
        made.retain(|made| made.filter == first.filter);
    }
    if rules.breaks(Fault::RetainedOfLastFilterAlone) {
        made.retain(|made| made.filter == last.filter);
    }
    let retained = &state.topics.retained;
    let brings_none = |made: &Made| {
        let found = retained.where_name(|name| matches(&made.filter, name));
        found.is_empty()
    };
    if rules.breaks(Fault::RetainedUntilNothing)
        && let Some(nothing) = made.iter().position(brings_none)
    {
        made.truncate(nothing);
    }
    if made.len() < filters.len() && rules.breaks(Fault::OneSilentFilterSilencesAll) {
        made.clear();
    }
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    if rules.breaks(Fault::RetainedQosOfFirstFilter) {
        for made in &mut *made {
            made.subscriber.granted.options.qos = first.options.qos;
        }
    }
    // [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
    if rules.breaks(Fault::RetainedOncePerFilter) {
        let all = std::mem::take(made).into_iter();
        let repeated = all.flat_map(|made| {
            let copy = move || Made {
                subscriber: made.subscriber,
                filter: made.filter.clone(),
            };
            std::iter::repeat_with(copy).take(filters.len())
        });
        *made = repeated.collect::<VecDeque<_>>();
    }
}

/// Returns the reason code for a filter of an UNSUBSCRIBE that is wrongly ignored. [3.1.1 MQTT-3.10.4-6]
/// [5 MQTT-3.10.4-6]
pub(super) fn passed_over(
    state: &State,
    key: SessionKey,
    work: &Unsubscribing,
) -> Option<ReasonCode> {
    let session = state.sessions.at(key);
    let is_beyond_50 = session.is_some_and(|session| session.fault_state.unsubscribes > 50);
    // [5 MQTT-3.10.4-1] [5 MQTT-3.10.4-2]
    let is_bare = work.unsubscribe.properties.0.is_empty();
    let filter = work.unsubscribe.filters.get(work.next);
    let is_shared = filter.is_some_and(|f| f.starts_with("$share/") && has_wildcard(f));
    if !is_bare && state.rules.breaks(Fault::UnsubscribeWithPropertiesIgnored)
        || is_shared
            && state
                .rules
                .breaks(Fault::UnsubscribeOfSharedWildcardIgnored)
    {
        return Some(ReasonCode::SUCCESS);
    }
    // [3.1.1 MQTT-3.10.4-1] [5 MQTT-3.10.4-1]
    if filter.is_some_and(|f| f.len() > 255) && state.rules.breaks(Fault::LongUnsubscribeIgnored) {
        return Some(ReasonCode::SUCCESS);
    }
    if session.is_some_and(|session| session.fault_state.unsubscribe_id.1)
        && state.rules.breaks(Fault::UnsubscribeIdReusedIgnored)
    {
        return Some(ReasonCode::SUCCESS);
    }
    if is_beyond_50 && state.rules.breaks(Fault::UnsubscribesBeyond50Ignored) {
        return Some(ReasonCode::SUCCESS);
    }
    if work.next >= 127 && state.rules.breaks(Fault::UnsubscribeBeyond127Ignored) {
        return Some(ReasonCode::SUCCESS);
    }
    if work.next >= 10 && state.rules.breaks(Fault::UnsubscribeBeyondTenIgnored) {
        return Some(ReasonCode::SUCCESS);
    }
    let is_behind_unknown = work.reasons.contains(&ReasonCode::NO_SUBSCRIPTION_EXISTED);
    if is_behind_unknown && state.rules.breaks(Fault::UnknownFilterEndsUnsubscribe) {
        return Some(ReasonCode::NO_SUBSCRIPTION_EXISTED);
    }
    let is_last = work.next + 1 == work.unsubscribe.filters.len();
    let is_passed_over = !is_last && state.rules.breaks(Fault::UnsubscribeOnlyLast);
    is_passed_over.then_some(ReasonCode::SUCCESS)
}

/// Falsifies the reason codes of an UNSUBACK. [5 MQTT-3.11.3-1]
pub(super) fn misreport(state: &State, work: &Unsubscribing, reasons: &mut Vec<ReasonCode>) {
    let rules = &state.rules;
    if rules.breaks(Fault::UnsubackUnknownLeftOut) {
        reasons.retain(|reason| *reason != ReasonCode::NO_SUBSCRIPTION_EXISTED);
    }
    if let Some(first) = reasons.first().copied()
        && rules.breaks(Fault::UnsubackFirstForAll)
    {
        reasons.fill(first);
    }
    if rules.breaks(Fault::UnsubackRepeatedLeftOut) {
        let filters = &work.unsubscribe.filters;
        let mut places = filters.iter().enumerate();
        reasons.retain(|_| {
            let place = places.next();
            place.is_none_or(|(at, filter)| !filters[..at].contains(filter))
        });
    }
}
