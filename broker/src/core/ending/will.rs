//! Publishes or discards a Will when its connection, its delay or its session ends.

use std::time::Duration;

use mqtt_check_codec::{Property, QoS};

use crate::core::deliver::loss::{Way, lose_early};
use crate::core::deliver::routing::route;
use crate::core::rules::TIMER_CHECK;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::message::is_for_response;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::hook::{DisconnectReason, WillTrigger};
use crate::{Fault, HookEvent, Liberty};

/// The delay of the fault [`Fault::WillLate`].
const WILL_LATE_BY: Duration = Duration::from_secs(60);

/// Publishes, delays or discards the Will after its connection has closed.
pub(crate) fn settle_will(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    reason: DisconnectReason,
) {
    let rules = &state.rules;
    let is_one_node = state.sessions.nodes.is_stopping;
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let Some(will) = &session.will else {
        return;
    };
    // [5 MQTT-3.14.4-3]
    let is_kept = will.is_delayed() && rules.breaks(Fault::NormalDisconnectKeepsDelayedWill);
    let trigger = match will_trigger(reason) {
        None if is_kept => Some(WillTrigger::ConnectionLost),
        trigger => trigger,
    };
    let Some(trigger) = trigger else {
        // [5 MQTT-3.14.4-3] [5 MQTT-3.1.2-10]
        let is_told_to_end = session.traces.told_expiry == Some(Expiry::AtClose);
        if rules.breaks(Fault::WillPublishedOnNormalDisconnect)
            || is_told_to_end && rules.breaks(Fault::EndingDisconnectPublishesWill)
        {
            publish_will(state, turn, key, WillTrigger::ConnectionLost);
        } else if !rules.breaks(Fault::WillOfEarlierConnection) {
            // [3.1.1 MQTT-3.14.4-3] [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.14.4-3] [5 MQTT-3.1.2-10]
            let will = session.will.take();
            if rules.breaks(Fault::DeletedWillPublishedOnReturn) {
                session.fault_state.deleted_will = will;
            } else if rules.breaks(Fault::RestartRestoresDiscardedWill)
                || rules.breaks(Fault::KillReturnsWills)
            {
                session.fault_state.former.will = will;
            }
        }
        return;
    };
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if session.traces.resumed && rules.breaks(Fault::ResumedWillLost) {
        session.will = None;
        return;
    }
    let lost = match reason {
        DisconnectReason::WithWill => Fault::WillLostOn0x04,
        DisconnectReason::ConnectionLost => Fault::WillLostOnConnectionLoss,
        DisconnectReason::ClientError => Fault::WillLostOnClientError,
        DisconnectReason::KeepAliveTimeout => Fault::WillLostOnKeepAliveTimeout,
        DisconnectReason::ProtocolError => Fault::WillLostOnProtocolError,
        DisconnectReason::AuthenticationFailed
            if rules.breaks(Fault::WillLostOnFailedReauthentication) =>
        {
            Fault::WillLostOnFailedReauthentication
        }
        _ => Fault::WillLostOnServerDisconnect,
    };
    if rules.breaks(lost) {
        session.will = None;
        return;
    }
    if reason == DisconnectReason::ServerShutdown
        && rules.config.durable
        && !is_one_node
        && !rules.chooses(Liberty::WillsPublishedAtStop)
    {
        // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-2]: the Will may wait for the next start, when clients can receive it.
        return;
    }
    // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-1]: without delay once it is due.
    let late = match rules.breaks(Fault::WillLate) {
        true => WILL_LATE_BY,
        false if session.expiry != Expiry::AtClose && rules.chooses(Liberty::WillsAMomentLate) => {
            TIMER_CHECK
        }
        false => Duration::ZERO,
    };
    let mut delay = will.delay.saturating_add(late);
    if delay == Duration::from_secs(1) && rules.breaks(Fault::WillDelayOfOneIgnored) {
        delay = Duration::ZERO;
    }
    if rules.breaks(Fault::WillDelayCut) {
        delay = Duration::from_secs(delay.as_secs() & 0xFFFF);
    }
    if rules.breaks(Fault::WillDelayFromConnect) {
        delay = delay.saturating_sub(turn.now.saturating_sub(session.traces.connected_at));
    }
    // [5 MQTT-3.1.2-8]
    if let Some(asked_s) = session.traces.asked_expiry_s
        && session.traces.told_expiry.is_some()
        && rules.breaks(Fault::WillDueByPreviousExpiry)
    {
        delay = delay.min(Duration::from_secs(u64::from(asked_s)));
    }
    let is_ignored = match reason {
        DisconnectReason::KeepAliveTimeout => rules.breaks(Fault::WillDelayIgnoredAfterSilence),
        DisconnectReason::ProtocolError => rules.breaks(Fault::WillDelayIgnoredAfterError),
        DisconnectReason::WithWill => rules.breaks(Fault::WillDelayIgnoredAfter0x04),
        _ => false,
    } || !delay.is_zero()
        && session.traces.resumed
        && rules.breaks(Fault::ResumedWillDelayIgnored)
        || delay.as_secs() >= 1 << 31 && rules.breaks(Fault::WillDelaySigned);
    if delay.is_zero() || is_ignored || rules.breaks(Fault::WillDelayIgnored) {
        // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
        publish_will(state, turn, key, trigger);
    } else if session.expiry != Expiry::AtClose {
        let mut at = turn.now.saturating_add(delay);
        if !rules.faults.is_none() {
            let former = session.traces.will_at.replace(at);
            let former = former.filter(|former| *former > turn.now && *former < at);
            // [5 MQTT-3.1.2-8]
            if let Some(former) = former
                && rules.breaks(Fault::PreviousWillTimerFires)
            {
                at = former;
            }
        }
        state.timers.set(Timer::WillDelay(key), at);
    }
    // Otherwise the session ends now, and its end publishes the Will.
}

/// Publishes the Will and removes it from the session. [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.1.2-10]
pub(crate) fn publish_will(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    trigger: WillTrigger,
) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let client = session.client.clone();
    let Some(will) = session.will.take() else {
        return;
    };
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if state.rules.breaks(Fault::WillOfEachClientOnce)
        && !state.topics.with_will.insert(client.clone())
    {
        return;
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if state.rules.breaks(Fault::WillsBeyondTenLost) {
        let earlier = &mut state.topics.wills_at;
        earlier.retain(|at| turn.now.saturating_sub(*at) < Duration::from_secs(1));
        earlier.push(turn.now);
        if earlier.len() > 10 {
            return;
        }
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if state.rules.breaks(Fault::EqualWillsOnce) {
        let text = String::from_utf8_lossy(&will.message.payload).into_owned();
        let same = bytestring::ByteString::from(format!("{}\n{text}", will.message.topic));
        if !state.topics.with_will.insert(same) {
            return;
        }
    }
    if state.rules.breaks(Fault::WillKeptAfterPublishing) {
        session.will = Some(will.clone());
    }
    if state.rules.breaks(Fault::RestartPublishesWillAgain)
        || state.rules.breaks(Fault::KillReturnsWills)
    {
        session.fault_state.former.will = Some(will.clone());
    }
    let (connected_at, closed_at) = (session.traces.connected_at, session.closed_at);
    let asks_response = session.traces.asks_response;
    state.timers.cancel(Timer::WillDelay(key));
    turn.hook(HookEvent::WillPublished {
        client: client.clone(),
        topic: will.message.topic.clone(),
        trigger,
    });
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if will.message.qos == QoS::ExactlyOnce && state.rules.breaks(Fault::WillOfQos2Lost)
        || will.message.topic.len() > 255 && state.rules.breaks(Fault::LongTopicWillLost)
        || will.message.payload.len() > 0x7FFF && state.rules.breaks(Fault::LongWillPayloadLost)
        || matches!(
            will.message.properties.0.first(),
            Some(Property::ContentType(_))
        ) && state.rules.breaks(Fault::WillOfContentTypeLost)
    {
        return;
    }
    let delayed = will.is_delayed();
    let mut message = will.into_message(client, turn.now);
    // [3.1.1 MQTT-3.1.2-17] [5 MQTT-3.1.2-15]
    if message.qos == QoS::ExactlyOnce && state.rules.breaks(Fault::WillRetainLostAtQos2) {
        message.retain = false;
    }
    if !state.rules.faults.is_none() {
        lose_early(&state.rules, Way::Will, turn.now, &mut message);
        if delayed {
            lose_early(&state.rules, Way::DelayedWill, turn.now, &mut message);
        }
    }
    // [5 MQTT-3.3.2-6]
    if state.rules.breaks(Fault::WillExpiryFromConnect) {
        message.received_at = connected_at;
    }
    if delayed && state.rules.breaks(Fault::DelayedWillExpiryFromClose) {
        message.received_at = closed_at.unwrap_or(turn.now);
    }
    // [3.1.1 MQTT-3.1.2-16] [3.1.1 MQTT-3.1.2-17] [5 MQTT-3.1.2-14] [5 MQTT-3.1.2-15]
    if state.rules.breaks(Fault::WillUserPropertiesReversed) {
        message.properties.0.reverse();
    }
    // [3.1.1 MQTT-3.1.2-17] [5 MQTT-3.1.2-15]
    let not_retained = match trigger {
        WillTrigger::TakenOver => Some(Fault::WillNotRetainedOnTakeover),
        WillTrigger::KeepAliveTimeout => Some(Fault::WillNotRetainedOnSilence),
        WillTrigger::SessionEnded => Some(Fault::WillNotRetainedOnSessionEnd),
        _ => None,
    };
    let is_lost = |fault| state.rules.breaks(fault);
    if message.retain && not_retained.is_some_and(is_lost) {
        message.retain = false;
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if trigger == WillTrigger::TakenOver
        && !message.properties.0.is_empty()
        && state.rules.breaks(Fault::WillPropertiesLostOnTakeover)
    {
        message.forget_properties();
    }
    // [5 MQTT-3.3.2-15] [5 MQTT-3.3.2-16]
    if !asks_response
        && !state.rules.faults.is_none()
        && message.properties.iter().any(is_for_response)
        && state.rules.breaks(Fault::ResponsePropertiesNeedRequest)
    {
        message.properties.0.retain(|p| !is_for_response(p));
    }
    message.retain = (message.retain || state.rules.breaks(Fault::WillAlwaysRetained))
        && !state.rules.breaks(Fault::WillNeverRetained);
    route(
        &state.rules,
        &mut state.sessions,
        &mut state.topics,
        turn,
        message,
        None,
    );
}

/// Returns why the Will is published, or `None` if it is discarded.
fn will_trigger(reason: DisconnectReason) -> Option<WillTrigger> {
    Some(match reason {
        DisconnectReason::Normal => return None,
        DisconnectReason::WithWill => WillTrigger::DisconnectWithWill,
        DisconnectReason::ClientError => WillTrigger::ClientError,
        DisconnectReason::ConnectionLost => WillTrigger::ConnectionLost,
        DisconnectReason::KeepAliveTimeout => WillTrigger::KeepAliveTimeout,
        DisconnectReason::ProtocolError => WillTrigger::ProtocolError,
        DisconnectReason::AuthenticationFailed => WillTrigger::AuthenticationFailed,
        DisconnectReason::Kicked => WillTrigger::Kicked,
        DisconnectReason::Redirected => WillTrigger::Redirected,
        DisconnectReason::ServerShutdown => WillTrigger::ServerShutdown,
    })
}
