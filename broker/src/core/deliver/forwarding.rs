//! Permitted variations: a server that forwards messages to connected clients some time after it has accepted them, and
//! answers other packets in the meantime.

use mqtt_check_codec::QoS;

use crate::Liberty;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::message::Delivery;
use crate::core::state::timer::Timer;

/// Returns whether a message must still wait before it is sent.
pub(super) fn is_too_early(rules: &Rules, delivery: &Delivery, now: Time) -> bool {
    due(rules, delivery) > now
}

/// Returns when a message may be sent.
fn due(rules: &Rules, delivery: &Delivery) -> Time {
    let is_qos_0 = delivery.qos == QoS::AtMostOnce;
    if is_qos_0 && rules.chooses(Liberty::Qos0SentFirst) {
        return Time::ZERO;
    }
    let delay = rules.liberties.forwarding_delay();
    if delay.is_zero() {
        return Time::ZERO;
    }
    delivery.message.received_at.saturating_add(delay)
}

/// Sets a timer for each connected client with a message that must still wait.
pub(crate) fn await_late(state: &mut State, now: Time) {
    for key in state.sessions.keys() {
        let session = state.sessions.at(key);
        let front = session
            .filter(|session| session.link.is_some())
            .and_then(|session| session.queue.front());
        if let Some(at) = front
            .map(|front| due(&state.rules, front))
            .filter(|at| *at > now)
        {
            state.timers.set(Timer::Deliver(key), at);
        }
    }
}
