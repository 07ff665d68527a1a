//! PINGREQ.

use mqtt_check_codec::{ConnAck, Packet, Properties, ReasonCode};

use crate::Fault;
use crate::core::ending::connection::send_or_close;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;

/// [3.1.1 MQTT-3.12.4-1] [5 MQTT-3.12.4-1] [5 MQTT-4.9.0-3]. PINGRESP, and no other CONNACK
/// [5 MQTT-3.2.0-2] [3.1.1 RULE-3.2-1].
pub(crate) fn pingreq_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    if holds_everything(state, key) {
        return;
    }
    if state.rules.breaks(Fault::ConnackTwice) {
        send_or_close(state, turn, key, Packet::ConnAck(again()));
    }
    send_or_close(state, turn, key, Packet::PingResp);
}

/// Whether a fault holds back whatever is to be sent, since the send quota is used up. [5 MQTT-3.3.4-10]
fn holds_everything(state: &State, key: SessionKey) -> bool {
    state.rules.breaks(Fault::OtherPacketsHeldByQuota)
        && state
            .sessions
            .at(key)
            .is_some_and(|session| !session.is_ready())
}

/// The CONNACK that a fault sends once more.
const fn again() -> ConnAck {
    ConnAck {
        session_present: false,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    }
}
