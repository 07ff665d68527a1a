//! State that survives the broker, and how a new broker resumes it.

use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;

use super::change::StoredState;
use super::forget::{forget, forget_retained};
use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::inflight::Stage;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::small_map::SmallMap;
use crate::core::state::timer::Timer;
use crate::hook::TerminationReason;

/// What became due while no broker was running.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Due {
    Will,
    End(TerminationReason),
}

/// Returns the state that survives the broker. It is empty unless the broker is durable.
pub(crate) fn survive(mut state: State) -> StoredState {
    if !state.rules.config.durable || state.rules.breaks(Fault::RestartLosesSessions) {
        return StoredState::default();
    }
    let keys = state.sessions.keys();
    let sessions = keys
        .into_iter()
        .filter_map(|key| state.sessions.remove(key));
    let mut sessions: Vec<_> = sessions.map(|session| *session).collect();
    if !state.rules.faults.is_none() {
        sessions.retain(|session| !is_lost(&state.rules, session));
    }
    // For faults.
    for mut again in std::mem::take(&mut state.sessions.ended) {
        match sessions
            .iter_mut()
            .find(|session| session.client == again.client)
        {
            Some(session) if state.rules.breaks(Fault::RestartMergesDiscarded) => {
                let discarded = again.subscriptions.take();
                session.subscriptions.extend(discarded);
            }
            None if state.rules.breaks(Fault::RestartRestoresEnded) => sessions.push(again),
            _ => {}
        }
    }
    sessions.sort_by(|a, b| a.client.cmp(&b.client));
    StoredState {
        sessions,
        retained: state.topics.retained,
    }
}

/// For faults: whether a restart loses the session.
fn is_lost(rules: &Rules, session: &Session) -> bool {
    let version = session.traces.version;
    let is_older = version.is_some_and(|version| version != ProtocolVersion::V5);
    session.traces.assigned && rules.breaks(Fault::RestartLosesAssigned)
        || session.traces.taken_over && rules.breaks(Fault::RestartLosesTakenOver)
        || is_older && rules.breaks(Fault::RestartLosesSessionsOfV3)
}

/// Ends every connection without sending anything.
pub(crate) fn cut_off(state: &mut State, now: Time) {
    for key in state.sessions.keys() {
        if let Some(session) = state.sessions.at_mut(key)
            && let Some(link) = session.link.take()
        {
            if !state.rules.faults.is_none() {
                session.traces.version = Some(link.version);
                lose_with_kill(&state.rules, session);
            }
            session.closed_at = Some(now);
        }
    }
    if state.rules.breaks(Fault::KillReturnsWills) {
        for key in state.sessions.keys() {
            if let Some(session) = state.sessions.at_mut(key)
                && session.will.is_none()
                && let Some(aside) = session.fault_state.there()
            {
                session.will = aside.former.will.take();
            }
        }
    }
}

/// For faults: what a kill does to the session of a client that is connected.
fn lose_with_kill(rules: &Rules, session: &mut Session) {
    match session.expiry {
        // [3.1.1 MQTT-3.1.2-6] [5 RULE-3.1.2.11.2-1]
        Expiry::AtClose if rules.breaks(Fault::KillKeepsEndedSessions) => {
            session.expiry = Expiry::Never;
        }
        // [5 MQTT-4.1.0-2]
        Expiry::After(_) if rules.breaks(Fault::KillStopsExpiry) => {
            session.expiry = Expiry::Never;
        }
        _ => {}
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if rules.breaks(Fault::KillLosesInflight) {
        session
            .inflight
            .retain(|stage| !matches!(stage, Stage::Published(_)));
    }
    if rules.breaks(Fault::KillLosesReleases) {
        session
            .inflight
            .retain(|stage| matches!(stage, Stage::Published(_)));
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if rules.breaks(Fault::KillForgetsReceived) {
        session.received.clear();
    }
}

/// Restores the state that an earlier broker stored. Returns what became due in the meantime, in the order in which it
/// was due.
pub(crate) fn take_up(state: &mut State, stored: StoredState, now: Time) -> Vec<(SessionKey, Due)> {
    state.topics.retained = stored.retained;
    if !state.rules.faults.is_none() {
        forget_retained(&state.rules, &mut state.topics.retained, now);
    }
    for mut session in stored.sessions {
        if !state.rules.faults.is_none() {
            forget(&state.rules, &mut session, now);
        }
        let subscriptions = SmallMap::clone(&session.subscriptions);
        let key = state.sessions.insert(session);
        for (whole, granted) in subscriptions.iter() {
            let filter = granted.filter(whole);
            state
                .topics
                .subscriptions
                .insert(whole, filter, key, *granted);
        }
    }
    if state.rules.breaks(Fault::RestartMovesSharedBegun) {
        move_begun(state);
    }
    if !state.rules.faults.is_none() {
        misplace_begun(state);
    }
    let mut due = Vec::new();
    for key in state.sessions.keys() {
        let Some(session) = state.sessions.at_mut(key) else {
            continue;
        };
        // If the store was written while the client was connected, the end of the connection is unknown.
        let closed_at = *session.closed_at.get_or_insert(now);
        let ends_at = match session.expiry {
            Expiry::AtClose => Some(closed_at),
            // [5 MQTT-4.1.0-2]
            Expiry::After(_) if state.rules.breaks(Fault::SessionExpiryLostOverRestart) => None,
            Expiry::After(span) => Some(closed_at.saturating_add(span)),
            Expiry::Never => None,
        };
        let will_at = session
            .will
            .as_ref()
            .map(|will| closed_at.saturating_add(will.delay));
        match will_at {
            Some(at) if at <= now => due.push((at, key, Due::Will)),
            Some(at) => state.timers.set(Timer::WillDelay(key), at),
            None => {}
        }
        match ends_at {
            Some(at) if at <= now => {
                let reason = match at == closed_at {
                    true => TerminationReason::Normal,
                    false => TerminationReason::Expired,
                };
                due.push((at, key, Due::End(reason)));
            }
            Some(at) => state.timers.set(Timer::SessionExpiry(key), at),
            None => {}
        }
    }
    // Of sessions that end at different times, the later one thus passes no messages on to the earlier one. The sort is
    // stable: a session's Will comes before its end.
    due.sort_by_key(|(at, key, _)| (*at, *key));
    due.into_iter().map(|(_, key, what)| (key, what)).collect()
}

/// For faults: treats deliveries that have begun as if they were something else.
fn misplace_begun(state: &mut State) {
    for key in state.sessions.keys() {
        let Some(session) = state.sessions.at_mut(key) else {
            continue;
        };
        // [3.1.1 MQTT-3.3.1-12] [5 MQTT-3.3.1-8]
        if state.rules.breaks(Fault::RestartRetainsInflight) {
            for (_, message) in session.inflight.messages() {
                state.topics.retained.store(Arc::clone(message));
            }
        }
        if state.rules.breaks(Fault::RestartRetainsQueued) {
            for message in session.queue.messages() {
                state.topics.retained.store(message);
            }
        }
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        if state.rules.breaks(Fault::RestartInflightToPublisher) {
            for stage in session.inflight.drain() {
                if let Stage::Published(delivery) = stage
                    && let Some(other) = state.sessions.key(&delivery.message.publisher)
                    && let Some(other) = state.sessions.at_mut(other)
                {
                    other.queue.push_back(delivery);
                }
            }
        }
    }
}

/// For a fault: moves deliveries that have begun to the queue of another member of the Shared Subscription.
/// [5 MQTT-4.8.2-4]
fn move_begun(state: &mut State) {
    for key in state.sessions.keys() {
        let begun = state.sessions.at_mut(key).map(|s| s.inflight.take_shared());
        for delivery in begun.unwrap_or_default() {
            let whole = delivery.shared.as_deref().unwrap_or_default();
            let others = state.topics.subscriptions.others_of(whole, key);
            let other = others.first().map_or(key, |other| other.session);
            if let Some(session) = state.sessions.at_mut(other) {
                session.queue.push_back(delivery);
            }
        }
    }
}
