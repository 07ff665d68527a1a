//! Handles PINGREQ from a client.

use mqtt_check_codec::{ConnAck, Packet, Properties, ReasonCode};

use crate::Fault;
use crate::core::ending::connection::send_or_close;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;

/// Answers with PINGRESP, and never with another CONNACK. [3.1.1 MQTT-3.12.4-1] [5 MQTT-3.12.4-1] [5 MQTT-4.9.0-3]
/// [5 MQTT-3.2.0-2] [3.1.1 RULE-3.2-1]
pub(crate) fn pingreq_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    if holds_everything(state, key) {
        return;
    }
    if state.rules.breaks(Fault::ConnackTwice) {
        send_or_close(state, turn, key, Packet::ConnAck(again()));
    }
    send_or_close(state, turn, key, Packet::PingResp);
}

/// For a fault: whether PINGRESP is held back because the window is full. [5 MQTT-3.3.4-10]
fn holds_everything(state: &State, key: SessionKey) -> bool {
    state.rules.breaks(Fault::OtherPacketsHeldByQuota)
        && state
            .sessions
            .at(key)
            .is_some_and(|session| !session.is_ready())
}

/// For a fault: a second CONNACK.
const fn again() -> ConnAck {
    ConnAck {
        session_present: false,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    }
}
