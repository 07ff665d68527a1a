//! Ends sessions, and decides when they end.

use std::collections::btree_map;

use bytestring::ByteString;

use super::inheritance::inherit;
use super::will::publish_will;
use crate::core::rules::TIMER_CHECK;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::Granted;
use crate::core::state::task::Task;
use crate::core::state::timer::Timer;
use crate::core::turn::{STEP, Turn};
use crate::hook::{TerminationReason, WillTrigger};
use crate::{Fault, Liberty};

/// Keeps or ends the session after its connection has closed.
pub(crate) fn settle_session(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    let Some(session) = state.sessions.at(key) else {
        return;
    };
    let expiry = match session.expiry {
        _ if state.rules.breaks(Fault::SessionLostOnDisconnect) => Expiry::AtClose,
        Expiry::After(_) if state.rules.breaks(Fault::SessionNeverExpires) => Expiry::Never,
        Expiry::After(span) if state.rules.chooses(Liberty::SessionsEndAMomentLate) => {
            Expiry::After(span + TIMER_CHECK)
        }
        Expiry::After(span) if state.rules.breaks(Fault::SessionExpiresEarly) => {
            Expiry::After(span / 2)
        }
        // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-23] [5 MQTT-4.1.0-1]
        _ if session.client.len() > 255 && state.rules.breaks(Fault::SessionsOfLongIdsEnd) => {
            Expiry::AtClose
        }
        _ if session.subscriptions.len() == 0 && state.rules.breaks(Fault::EmptySessionNotKept) => {
            Expiry::AtClose
        }
        // [5 MQTT-3.1.2-23]
        Expiry::After(_) | Expiry::Never
            if session.traces.clean_start
                && state.rules.breaks(Fault::CleanStartedSessionNotKept) =>
        {
            Expiry::AtClose
        }
        // [5 MQTT-4.1.0-2]
        Expiry::After(_)
            if session.traces.resumptions > 0
                && state.rules.breaks(Fault::ResumedSessionNeverExpires) =>
        {
            Expiry::Never
        }
        Expiry::AtClose if state.rules.breaks(Fault::CleanSessionOutlivesConnection) => {
            Expiry::Never
        }
        // [5 MQTT-3.1.2-23]
        Expiry::After(span) if state.rules.breaks(Fault::SessionExpiryFromConnect) => {
            let connected = turn.now.saturating_sub(session.traces.connected_at);
            Expiry::After(span.saturating_sub(connected))
        }
        Expiry::AtClose | Expiry::After(_)
            if state.rules.breaks(Fault::WillDelayProlongsSession) =>
        {
            session.prolonged()
        }
        expiry => expiry,
    };
    match expiry {
        // [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2]
        Expiry::AtClose => end_session(state, turn, key, TerminationReason::Normal),
        // [5 MQTT-3.1.2-23]
        Expiry::After(span) => {
            let mut at = turn.now.saturating_add(span);
            if !state.rules.faults.is_none()
                && let Some(session) = state.sessions.at_mut(key)
            {
                let former = session.traces.ends_at.replace(at);
                let former = former.filter(|former| *former > turn.now && *former < at);
                if let Some(former) = former
                    && state.rules.breaks(Fault::PreviousExpiryTimerFires)
                {
                    at = former;
                }
            }
            state.timers.set(Timer::SessionExpiry(key), at);
        }
        Expiry::Never => {}
    }
}

/// Ends a session. If its Will is still waiting, it is published now. [5 MQTT-3.1.2-8]
pub(crate) fn end_session(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    reason: TerminationReason,
) {
    if !state.rules.breaks(Fault::WillLostOnSessionEnd) {
        publish_will(state, turn, key, WillTrigger::SessionEnded);
    }
    state.timers.cancel(Timer::WillDelay(key));
    // [5 MQTT-4.1.0-1]
    if !state.rules.breaks(Fault::DiscardedExpiryKept) {
        state.timers.cancel(Timer::SessionExpiry(key));
    }
    let Some(mut session) = state.sessions.remove(key) else {
        return;
    };
    state.topics.tasks.drop_of(key);
    let subscriptions = session.subscriptions.take();
    // [5 RULE-4.8.2-1]
    if state.rules.breaks(Fault::SharedTurnOfTheGone) {
        let shared = subscriptions.iter().filter(|(_, granted)| granted.shared);
        let gone = shared.map(|(filter, _)| (filter.clone(), true));
        state.topics.gone.extend(gone);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if session.expiry == Expiry::AtClose && state.rules.breaks(Fault::EndedSessionClearsLater) {
        let client = session.client.clone();
        state.topics.left_at.insert(client, turn.now);
    }
    if state.rules.breaks(Fault::RetainHandling1KnowsDiscarded) {
        let filters = subscriptions.keys().cloned().collect();
        let client = session.client.clone();
        state.topics.discarded.insert(client, filters);
    }
    if reason == TerminationReason::Discarded
        && state.rules.breaks(Fault::DiscardedSubscriptionBlocks)
    {
        let filters = subscriptions.keys().cloned().collect();
        state.topics.blocked.insert(session.client.clone(), filters);
    }
    // [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2] [5 MQTT-3.1.2-4]
    if state.rules.breaks(Fault::RestartRestoresEnded)
        || state.rules.breaks(Fault::RestartMergesDiscarded)
    {
        let mut again = Session::new(session.client.clone());
        again.expiry = Expiry::Never;
        again.closed_at = Some(turn.now);
        again.subscriptions.extend(subscriptions.clone());
        state.sessions.ended.push(again);
    }
    // [5 MQTT-4.1.0-2]
    if reason == TerminationReason::Expired && state.rules.breaks(Fault::ExpiredSubscriptionsReturn)
    {
        let mut again = Session::new(session.client.clone());
        again.subscriptions.extend(subscriptions.clone());
        state.sessions.ended.push(again);
    }
    // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
    if session.expiry == Expiry::AtClose && state.rules.breaks(Fault::CleanSubscriptionNotKept) {
        let clean = &mut state.sessions.subscribed_clean;
        let filters = subscriptions.keys().cloned();
        clean
            .entry(session.client.clone())
            .or_default()
            .extend(filters);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::SessionEndUnsubscribesOthers) {
        let filters = subscriptions.keys();
        filters.for_each(|filter| state.topics.subscriptions.forget_own(filter));
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::SessionEndTakesItsMessages) {
        for other in state.sessions.keys() {
            if let Some(other) = state.sessions.at_mut(other) {
                other
                    .queue
                    .retain(|d| d.message.publisher != session.client);
            }
        }
    }
    // [5 MQTT-3.2.2-3]
    if reason == TerminationReason::Expired && state.rules.breaks(Fault::SessionPresentForExpired) {
        state.topics.expired.insert(session.client.clone());
    }
    forget(state, turn, key, subscriptions.into_iter());
    inherit(
        &state.rules,
        &mut state.sessions,
        &mut state.topics,
        turn,
        *session,
        reason,
    );
}

/// Removes subscriptions of an ended session, as many as a step allows, and leaves the others to a task.
pub(crate) fn forget(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    mut subscriptions: btree_map::IntoIter<ByteString, Granted>,
) {
    let count = subscriptions.len().min(STEP);
    turn.spent += count;
    for (filter, granted) in subscriptions.by_ref().take(STEP) {
        let filter = granted.filter(&filter);
        state.topics.subscriptions.remove(filter, key);
    }
    if subscriptions.len() == 0 {
        state.sessions.release(key);
    } else {
        let task = Task::Forget(key, subscriptions);
        state.topics.tasks.push(None, task);
    }
}

/// For faults: removes the subscriptions of a session that continues.
pub(crate) fn forget_subscriptions(state: &mut State, key: SessionKey) {
    if let Some(session) = state.sessions.at_mut(key) {
        for (filter, granted) in session.subscriptions.take() {
            state
                .topics
                .subscriptions
                .remove(granted.filter(&filter), key);
        }
        session.weigh();
    }
}
