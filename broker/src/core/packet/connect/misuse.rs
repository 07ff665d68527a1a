//! Faults: effects of a CONNECT that is refused, not yet authenticated, or sent twice.

use mqtt_check_codec::Connect;

use super::admission::has_unwelcome_will;
use crate::Fault;
use crate::core::deliver::routing::route;
use crate::core::ending::session::{end_session, forget_subscriptions};
use crate::core::ending::takeover::{reopen, take_over};
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::state::will::Will;
use crate::core::turn::Turn;
use crate::hook::TerminationReason;

/// Applies faults by which a refused CONNECT still has effects.
pub(crate) fn misuse_refused(state: &mut State, turn: &mut Turn<'_>, connect: &Connect) {
    if state.rules.faults.is_none() {
        return;
    }
    if state.rules.breaks(Fault::RefusedConnectPublishesWill) {
        publish(state, turn, connect);
    }
    // [3.1.1 RULE-3.1.4-4] [5 RULE-3.1.4-4]
    if let Some(key) = state.sessions.key(&connect.client_id)
        && has_unwelcome_will(&state.rules, connect)
        && state.rules.breaks(Fault::UnwelcomeWillTakesOver)
    {
        let end = match state.sessions.is_linked(key) {
            true => take_over,
            false => reopen,
        };
        end(state, turn, key, true);
        return;
    }
    match state.sessions.key(&connect.client_id) {
        Some(key) if state.sessions.is_linked(key) => {
            misuse_live(state, turn, key, connect.clean_start);
        }
        Some(key) => misuse_stored(state, turn, key, connect.clean_start),
        None if !connect.clean_start
            && !connect.client_id.is_empty()
            && state.rules.breaks(Fault::RefusedConnectCreatesSession) =>
        {
            let mut session = Session::new(connect.client_id.clone());
            session.expiry = Expiry::Never;
            session.closed_at = Some(turn.now);
            state.sessions.insert(session);
        }
        None => {}
    }
}

/// Applies a fault to a CONNECT whose client has not authenticated yet. [5 RULE-3.1.4-4]
pub(crate) fn misuse_begun(state: &mut State, turn: &mut Turn<'_>, connect: &Connect) {
    if !state.rules.faults.is_none()
        && let Some(key) = state.sessions.key(&connect.client_id)
        && state.sessions.is_linked(key)
        && state.rules.breaks(Fault::PendingAuthenticationTakesOver)
    {
        take_over(state, turn, key, connect.clean_start);
    }
}

/// Applies faults to a second CONNECT on the same connection, which ends the connection.
pub(crate) fn misuse_second(state: &mut State, key: SessionKey, connect: Connect) {
    let wipes = connect.clean_start && state.rules.breaks(Fault::SecondConnectWipesSession);
    let replaces = state.rules.breaks(Fault::SecondConnectReplacesWill);
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    if wipes {
        session.expiry = Expiry::AtClose;
    }
    if replaces {
        session.will = connect.will.map(Will::new).map(Box::new);
    }
}

fn publish(state: &mut State, turn: &mut Turn<'_>, connect: &Connect) {
    let Some(will) = connect.will.clone().map(Will::new) else {
        return;
    };
    let message = will.into_message(connect.client_id.clone(), turn.now);
    let State {
        rules,
        sessions,
        topics,
        ..
    } = state;
    route(rules, sessions, topics, turn, message, None);
}

fn misuse_live(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, clean_start: bool) {
    if state.rules.breaks(Fault::RefusedConnectTakesOver) {
        take_over(state, turn, key, clean_start);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::RefusedConnectDeafens)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.traces.deaf = true;
    }
}

fn misuse_stored(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, clean_start: bool) {
    if state.rules.breaks(Fault::RefusedConnectWipesSession) && clean_start {
        end_session(state, turn, key, TerminationReason::Discarded);
    }
    if state
        .rules
        .breaks(Fault::RefusedConnectForgetsSubscriptions)
    {
        forget_subscriptions(state, key);
    }
    if state.rules.breaks(Fault::RefusedConnectKeepsSessionAlive) {
        state.timers.cancel(Timer::SessionExpiry(key));
    }
    let empties = state.rules.breaks(Fault::RefusedConnectEmptiesQueue);
    let disarms = state.rules.breaks(Fault::RefusedConnectDisarmsWill);
    if let Some(session) = state.sessions.at_mut(key) {
        if empties {
            session.queue.take();
        }
        if disarms {
            session.will = None;
        }
    }
}
