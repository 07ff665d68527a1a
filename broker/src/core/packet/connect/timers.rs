//! Timers that faults and permitted variations set for a connection.

use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use crate::core::deliver::acknowledgement::{repeat_acknowledgements, repeats_in_3};
use crate::core::deliver::delivery::resume;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// The interval at which packets are sent again on the same connection.
const RESEND_EVERY: Duration = Duration::from_secs(5);
/// For a fault: when a connected client's session ends if it has no expiry.
const ENDS_WHILE_CONNECTED: Duration = Duration::from_secs(2);

/// Sets the timers that faults and permitted variations need.
pub(crate) fn misuse_timers(state: &mut State, turn: &Turn<'_>, key: SessionKey, expiry: Expiry) {
    // [3.1.1 MQTT-4.4.0-1] states when a server must send again, not when it must not.
    let resends = state.rules.chooses(Liberty::ResendsWhileConnectedIn3)
        && state.sessions.version(key) != Some(ProtocolVersion::V5);
    let rules = &state.rules;
    let version = state.sessions.version(key);
    let repeats = version.is_some_and(|version| repeats_in_3(rules, version))
        || rules.breaks(Fault::PubrecRepeated)
        || rules.breaks(Fault::PubrelRepeated);
    if resends || repeats || rules.breaks(Fault::ResendWhileConnected) {
        state
            .timers
            .set(Timer::Resend(key), turn.now + RESEND_EVERY);
    }
    let span = match expiry {
        Expiry::After(span) => Some(span),
        Expiry::AtClose if state.sessions.version(key) != Some(ProtocolVersion::V5) => {
            Some(ENDS_WHILE_CONNECTED)
        }
        _ => None,
    };
    if let Some(span) = span.filter(|_| state.rules.breaks(Fault::SessionEndsWhileConnected)) {
        state
            .timers
            .set(Timer::SessionExpiry(key), turn.now.saturating_add(span));
    }
}

/// For faults and permitted variations: sends unacknowledged packets again on the same connection.
pub(crate) fn resend_again(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    if let Some(session) = state.sessions.at_mut(key)
        && session.link.is_some()
    {
        let resends = state.rules.breaks(Fault::ResendWhileConnected)
            || state.rules.chooses(Liberty::ResendsWhileConnectedIn3);
        if resends {
            resume(session, &state.rules, turn);
        }
        repeat_acknowledgements(session, &state.rules, turn);
        state
            .timers
            .set(Timer::Resend(key), turn.now + RESEND_EVERY);
    }
}
