//! For faults: puts off what should be carried out at once. `overdue` carries it out.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::Publish;
use mqtt_check_codec::topic::has_wildcard;

use crate::Fault;
use crate::core::state::State;
use crate::core::state::lookup::Cursor;
use crate::core::state::session_key::SessionKey;
use crate::core::state::task::{Stage, Subscribing};
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;

/// How late something is.
const LATE_BY: Duration = Duration::from_millis(5);

/// How late the subscriptions of a connection that has displaced another one are removed.
const CLEARED_AFTER: Duration = Duration::from_millis(20);

fn soon(state: &mut State, turn: &Turn<'_>, key: SessionKey) {
    let at = turn.now.saturating_add(LATE_BY);
    state.timers.set(Timer::Late(key), at);
}

/// Removes the subscriptions of this session later.
pub(super) fn clear_later(state: &mut State, turn: &Turn<'_>, key: SessionKey) {
    let at = turn.now.saturating_add(CLEARED_AFTER);
    if let Some(session) = state.sessions.at_mut(key) {
        session.traces.cleared_at = Some(at);
    }
    state.timers.set(Timer::Late(key), at);
}

/// Lets a new subscription match nothing, for a while or for good.
pub(super) fn subscribed(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    whole: &ByteString,
) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let Some(granted) = session.subscriptions.get(whole).copied() else {
        return;
    };
    session.fault_state.subscribes += 1;
    let is_repeated =
        session.fault_state.subscribe_id.1 && state.rules.breaks(Fault::SubscribeIdReusedIgnored);
    let is_beyond = is_repeated
        || session.fault_state.subscribes > 50 && state.rules.breaks(Fault::SubscribesBeyond50Idle);
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1] [5 RULE-4.8.2-1]
    let is_idle = session.traces.connected_at == turn.now
        && (granted.shared && state.rules.breaks(Fault::SharedBehindConnectIdle)
            || has_wildcard(whole) && state.rules.breaks(Fault::WildcardBehindConnectIdle));
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let is_late = state.rules.breaks(Fault::SubscribeTakesEffectLate);
    if is_late {
        session.fault_state.late_filters.push(whole.clone());
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::SubscriptionKeysRunTogether) {
        let own = format!("{}{whole}", session.client);
        let mut alike = Vec::new();
        for other in state.sessions.keys() {
            if let Some(session) = state.sessions.at(other).filter(|_| other != key) {
                let filters = session.subscriptions.keys();
                let same = filters.filter(|f| format!("{}{f}", session.client) == own);
                alike.extend(same.cloned().map(|filter| (other, filter)));
            }
        }
        for (other, filter) in alike {
            let session = state.sessions.at(other);
            let granted = session.and_then(|s| s.subscriptions.get(&filter).copied());
            if let Some(granted) = granted {
                let own = granted.filter(&filter);
                state.topics.subscriptions.remove(own, other);
            }
        }
    }
    if is_idle || is_late || is_beyond {
        let filter = granted.filter(whole);
        state.topics.subscriptions.remove(filter, key);
    }
    if is_late {
        soon(state, turn, key);
    }
}

/// Sends the retained messages for a SUBSCRIBE later.
pub(super) fn retained(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    work: &mut Subscribing,
) {
    let late = Subscribing {
        connection: work.connection,
        version: work.version,
        subscribe: work.subscribe.clone(),
        stage: Stage::Retained,
        next: work.next,
        in_use: work.in_use,
        rest_refused: work.rest_refused,
        reasons: Vec::new(),
        made: std::mem::take(&mut work.made),
        cursor: Cursor::start(),
    };
    if let Some(session) = state.sessions.at_mut(key) {
        session.fault_state.late_retained.push(late);
    }
    soon(state, turn, key);
}

/// Delivers an accepted message later.
pub(super) fn publish(state: &mut State, turn: &Turn<'_>, key: SessionKey, publish: Publish) {
    if let Some(session) = state.sessions.at_mut(key) {
        session.fault_state.late_publishes.push(publish);
    }
    soon(state, turn, key);
}
