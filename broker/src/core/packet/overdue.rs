//! For faults: carries out what `late` has put off.

use mqtt_check_codec::Packet;

use super::publish::accept;
use super::subscribe::subscribe_on;
use crate::core::ending::session::forget_subscriptions;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;

/// Loses what is late if the client sends DISCONNECT, and does not let other packets overtake it.
pub(crate) fn before(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, packet: &Packet) {
    let session = state.sessions.at_mut(key);
    let aside = session.and_then(|session| session.fault_state.there());
    let late = aside.map(|aside| std::mem::take(&mut aside.late_publishes));
    if !matches!(packet, Packet::Disconnect(_)) {
        for publish in late.unwrap_or_default() {
            accept(state, turn, key, publish);
        }
    }
}

/// Carries out what was put off.
pub(crate) fn due(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let filters = std::mem::take(&mut session.fault_state.late_filters);
    let retained = std::mem::take(&mut session.fault_state.late_retained);
    let publishes = std::mem::take(&mut session.fault_state.late_publishes);
    let is_cleared = session.traces.cleared_at.take().is_some();
    for whole in filters {
        let session = state.sessions.at(key);
        let granted = session.and_then(|s| s.subscriptions.get(&whole).copied());
        if let Some(granted) = granted {
            let filter = granted.filter(&whole);
            state
                .topics
                .subscriptions
                .insert(&whole, filter, key, granted);
        }
    }
    for work in retained {
        subscribe_on(state, turn, key, Box::new(work), usize::MAX);
    }
    for publish in publishes {
        accept(state, turn, key, publish);
    }
    if is_cleared {
        forget_subscriptions(state, key);
    }
}
