//! Takes over the session of a client that connects again, whether that client is connected or offline.

use mqtt_check_codec::ReasonCode;

use super::connection::{dismiss, unlink};
use super::inheritance::give_begun_away;
use super::session::end_session;
use super::will::publish_will;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::inflight::Stage;
use crate::core::state::link::OutboundAliases;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::hook::{TerminationReason, WillTrigger};
use crate::{Fault, Liberty};

/// Closes the old connection of a client that connects again, without a `client.disconnected` event. Returns whether
/// the session survives.
pub(crate) fn take_over(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    clean_start: bool,
) -> bool {
    // [5 MQTT-3.3.2-7]
    if state.rules.breaks(Fault::AliasesOutliveTakeover)
        && let Some(session) = state.sessions.at_mut(key)
        && let Some(link) = &mut session.link
    {
        session.fault_state.old_aliases = std::mem::take(&mut link.aliases_in);
    }
    // [5 MQTT-3.3.2-7] [5 RULE-3.3.4-2]
    if state.rules.breaks(Fault::ServerAliasesOutliveTakeover)
        && let Some(session) = state.sessions.at_mut(key)
        && let Some(link) = &mut session.link
    {
        let none = OutboundAliases::up_to(0, false);
        let former = std::mem::replace(&mut link.aliases_out, none);
        session.fault_state.aliases_out = Some(former);
    }
    // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    if (state.rules.breaks(Fault::DisplacedKeepAliveEndsNewcomer)
        || state.rules.breaks(Fault::DisplacedKeepAlivePublishesWill))
        && let Some(session) = state.sessions.at_mut(key)
        && let Some(link) = &session.link
    {
        let at = link.silence.map(|silence| link.last_received + silence);
        session.traces.doomed_at = at;
    }
    displace(state, turn, key);
    // [3.1.1 MQTT-3.1.2-7] [5 RULE-4.1-1]
    if state.rules.breaks(Fault::RetainedGoneWithTakeover)
        && let Some(session) = state.sessions.at(key)
    {
        state.topics.retained.remove_of(&session.client, Time::ZERO);
    }
    let Some(session) = state.sessions.at(key) else {
        return false;
    };
    let expiry = session.expiry;
    // [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2]
    let ends = clean_start
        || session.expiry == Expiry::AtClose && !state.rules.breaks(Fault::EndedSessionTakenOver);
    let delayed = session.will.as_ref().is_some_and(|will| will.is_delayed());
    // For a disputed case: [5 MQTT-3.1.3-9], read as its own section states it.
    let spared = !clean_start && state.rules.chooses(Liberty::DelayedWillSparedByResumption);
    let is_lost = match ends {
        true => delayed && state.rules.breaks(Fault::EndingSessionLosesDelayedWill),
        false => !delayed && state.rules.breaks(Fault::KeptSessionLosesWillOnTakeover),
    };
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if is_lost && let Some(session) = state.sessions.at_mut(key) {
        session.will = None;
    }
    if !state.rules.faults.is_none()
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.traces.takeovers += 1;
        // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
        if session.traces.takeovers > 1 && state.rules.breaks(Fault::WillLostOnSecondTakeover) {
            session.will = None;
        }
    }
    // [5 MQTT-3.1.3-9]
    let is_due = !ends && state.rules.breaks(Fault::TakeoverPublishesDelayedWill);
    if delayed && (!ends || spared) && !is_due {
        // [5 MQTT-3.1.3-9]
        if let Some(session) = state.sessions.at_mut(key) {
            session.will = None;
        }
    } else if !state.rules.breaks(Fault::WillLostOnTakeover) {
        // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8] [5 RULE-3.1.4-2]. If the old session expires at close, its Will has a
        // delay, and the new connection has Clean Start 0, two comments of the standard disagree. Here the session ends
        // with its connection, and the end of a session publishes its Will.
        let doubles = ends && delayed && state.rules.breaks(Fault::EndingSessionDoublesWill);
        let session = state.sessions.at(key).filter(|_| doubles);
        let again = session.and_then(|session| session.will.clone());
        publish_will(state, turn, key, WillTrigger::TakenOver);
        // [5 MQTT-3.1.2-10]: the end of the session publishes the Will again.
        if again.is_some()
            && let Some(session) = state.sessions.at_mut(key)
        {
            session.will = again;
        }
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if state.rules.breaks(Fault::TakeoverLosesInflight)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.inflight.clear();
    }
    if let Some(session) = state.sessions.at_mut(key) {
        lose_unsent(&state.rules, session);
    }
    if let Some(session) = state.sessions.at_mut(key) {
        if !state.rules.faults.is_none() {
            session.traces.taken_over = true;
        }
        // [5 MQTT-4.5.0-1]
        if state.rules.breaks(Fault::TakeoverLosesQueue) {
            session.queue.take();
        }
        // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
        if state.rules.breaks(Fault::TakeoverForgetsReceived) {
            session.received.clear();
        }
    }
    if ends {
        end_session(state, turn, key, TerminationReason::Conflict);
        return false;
    }
    // [5 MQTT-4.1.0-1]
    if let Expiry::After(span) = expiry
        && state.rules.breaks(Fault::TakenOverExpiryKept)
    {
        let at = turn.now.saturating_add(span);
        state.timers.set(Timer::SessionExpiry(key), at);
    }
    // [5 MQTT-4.8.2-4]
    if state.rules.breaks(Fault::SharedBegunMovesOnTakeover) {
        let (sessions, topics) = (&mut state.sessions, &mut state.topics);
        give_begun_away(&state.rules, sessions, topics, turn, key);
    }
    true
}

/// For faults: loses packets that were not sent again on the displaced connection. [3.1.1 MQTT-4.4.0-1]
/// [5 MQTT-4.4.0-1]
fn lose_unsent(rules: &Rules, session: &mut Session) {
    if rules.breaks(Fault::TakeoverLosesReleases) {
        session
            .inflight
            .retain(|stage| matches!(stage, Stage::Published(_)));
    }
    if rules.breaks(Fault::TakeoverLosesHeldBack) {
        for id in std::mem::take(&mut session.held.0) {
            session.inflight.remove(id);
        }
    }
}

/// Disconnects the old connection. [3.1.1 MQTT-3.1.4-2] [5 MQTT-3.1.4-3]
fn displace(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    let silent = state.rules.breaks(Fault::NoDisconnectOnTakeover)
        || state.rules.chooses(Liberty::TakeoverClosesSilently);
    let reason = match state.rules.breaks(Fault::TakeoverSaysAdministrativeAction) {
        true => ReasonCode::ADMINISTRATIVE_ACTION,
        false => ReasonCode::SESSION_TAKEN_OVER,
    };
    let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    let left_open = state.sessions.at(key).is_some_and(|s| s.traces.left_open);
    let is_missed = state.sessions.nodes.is_paused(link.connection)
        && state.rules.breaks(Fault::PausedNodeMissesTakeover);
    if left_open || is_missed || state.rules.breaks(Fault::TakeoverLeavesOldOpen) {
        // The old connection gets no DISCONNECT and stays open.
    } else if silent {
        turn.close(link.connection);
    } else {
        dismiss(&state.rules, &state.sessions, turn, key, reason, None);
    }
    unlink(state, turn, key);
}

/// Resumes or ends the offline session of a client that connects again. Returns whether the session survives.
pub(crate) fn reopen(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    clean_start: bool,
) -> bool {
    if clean_start {
        // [5 MQTT-3.1.2-8]
        if state.rules.breaks(Fault::CleanStartLosesDelayedWill)
            && let Some(session) = state.sessions.at_mut(key)
        {
            session.will = None;
        }
        // [5 MQTT-3.1.2-10]
        let session = state.sessions.at(key);
        let session = session.filter(|_| !state.rules.faults.is_none());
        let again = session.and_then(|session| session.will.clone());
        if again.is_some() && state.rules.breaks(Fault::CleanStartDoublesWill) {
            publish_will(state, turn, key, WillTrigger::SessionEnded);
            if let Some(session) = state.sessions.at_mut(key) {
                session.will = again;
            }
        }
        end_session(state, turn, key, TerminationReason::Discarded);
        return false;
    }
    // [5 MQTT-4.1.0-1]
    if !state.rules.breaks(Fault::PreviousExpiryKept) {
        state.timers.cancel(Timer::SessionExpiry(key));
    }
    state.timers.cancel(Timer::WillDelay(key));
    // [5 MQTT-3.1.2-8]
    if state.rules.breaks(Fault::WillsCancelledTogether) {
        for other in state.sessions.keys() {
            state.timers.cancel(Timer::WillDelay(other));
        }
    }
    let session = state.sessions.at(key);
    let is_restarted = session.is_some_and(|session| session.traces.restarted);
    if state.rules.breaks(Fault::WillDelayNotCancelled)
        || is_restarted && state.rules.breaks(Fault::RestartDelayedWillNotCancelled)
    {
        publish_will(state, turn, key, WillTrigger::DelayElapsed);
    }
    // [3.1.1 MQTT-3.14.4-3] [5 MQTT-3.14.4-3]
    let session = state.sessions.at_mut(key);
    let deleted = session.and_then(|s| s.fault_state.there()?.deleted_will.take());
    if deleted.is_some()
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.will = deleted;
        publish_will(state, turn, key, WillTrigger::ConnectionLost);
    }
    if let Some(session) = state.sessions.at_mut(key) {
        if let Some(traces) = session.traces.there() {
            traces.taken_over = false;
        }
        // [5 MQTT-3.1.3-9]
        if !state.rules.breaks(Fault::WillOfEarlierConnection) {
            session.will = None;
        }
    }
    true
}
