//! Handles DISCONNECT from a client.

use mqtt_check_codec::{Disconnect, PacketType, Property, ProtocolVersion, ReasonCode, Sender};

use super::acknowledgement::undo;
use crate::core::ending::connection::{end_connection, refuse};
use crate::core::state::State;
use crate::core::state::connection::{Connections, Phase};
use crate::core::state::expiry::Expiry;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;
use crate::{Fault, Liberty};

/// Closes the connection, and settles its Will and its session.
pub(crate) fn disconnect_received(
    state: &mut State,
    connections: &mut Connections,
    turn: &mut Turn<'_>,
    key: SessionKey,
    disconnect: &Disconnect,
) {
    if !state.rules.faults.is_none() {
        undo(state, turn, key);
    }
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    // [3.1.1 MQTT-4.4.0-1] [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.4.0-1] [5 MQTT-4.5.0-1]
    if session.traces.resumed
        && session.traces.connected_at == turn.now
        && state.rules.breaks(Fault::QuickReturnLosesQueue)
    {
        session.inflight.clear();
        session.queue.take();
    }
    let Some(link) = &session.link else {
        return;
    };
    let connection = link.connection;
    if link.version == ProtocolVersion::V5 {
        let allowed =
            disconnect
                .reason
                .is_allowed_in(PacketType::DISCONNECT, link.version, Sender::Client);
        if !allowed && state.rules.breaks(Fault::ClientDisconnectCodeUnchecked) {
            turn.close(connection);
            end_connection(state, turn, key, DisconnectReason::Normal);
            return;
        }
        if !allowed {
            let asked = disconnect.properties.session_expiry_interval_s();
            if state.rules.chooses(Liberty::ErrantDisconnectCounts)
                && let Some(asked) = asked
            {
                session.expiry = Expiry::granted(&state.rules.config, asked);
            }
            // [5 MQTT-3.14.2-1]
            let reason = ReasonCode::PROTOCOL_ERROR;
            refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
            return;
        }
        if let Some(asked) = disconnect.properties.session_expiry_interval_s() {
            if asked != 0
                && link.connect_expiry_s == 0
                && !state.rules.breaks(Fault::ExpiryRaisedFromZero)
            {
                // [5 RULE-3.14.2.2.2-1]: the DISCONNECT is not valid, so the Will remains.
                let reason = ReasonCode::PROTOCOL_ERROR;
                refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
                return;
            }
            let with_will = disconnect.reason == ReasonCode::DISCONNECT_WITH_WILL_MESSAGE;
            if !(state.rules.breaks(Fault::DisconnectExpiryIgnored)
                || session.traces.clean_start
                    && state
                        .rules
                        .breaks(Fault::DisconnectExpiryIgnoredAfterCleanStart)
                || session.traces.resumed
                    && state.rules.breaks(Fault::ResumedDisconnectExpiryIgnored)
                || with_will && state.rules.breaks(Fault::DisconnectWithWillExpiryIgnored)
                || !disconnect.reason.is_success()
                    && state.rules.breaks(Fault::ErrorDisconnectExpiryIgnored))
            {
                session.expiry = Expiry::granted(&state.rules.config, asked);
                // [5 MQTT-3.1.2-23] [5 MQTT-4.1.0-1]
                if asked == u32::MAX && state.rules.breaks(Fault::DisconnectExpiryUnlimitedEnds) {
                    session.expiry = Expiry::AtClose;
                }
                if !state.rules.faults.is_none() {
                    session.traces.told_expiry = Some(session.expiry);
                    session.traces.asked_expiry_s = Some(link.connect_expiry_s);
                }
            }
        }
    }
    let is_explained = |property: &Property| {
        matches!(
            property,
            Property::ReasonString(_) | Property::UserProperty(..)
        )
    };
    // [5 MQTT-3.14.4-3]
    if !state.rules.faults.is_none()
        && disconnect.properties.iter().any(is_explained)
        && state.rules.breaks(Fault::DisconnectWithReasonStringRefused)
    {
        let reason = ReasonCode::PROTOCOL_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    let reason = match disconnect.reason {
        ReasonCode::SUCCESS => DisconnectReason::Normal,
        // [5 MQTT-3.1.2-8]
        ReasonCode(0x90..=0x97) if state.rules.breaks(Fault::WillLostOnSomeCodes) => {
            DisconnectReason::Normal
        }
        ReasonCode::DISCONNECT_WITH_WILL_MESSAGE => DisconnectReason::WithWill,
        _ => DisconnectReason::ClientError,
    };
    let ghost = state
        .rules
        .chooses(Liberty::PacketsBehindDisconnectProcessed);
    // [3.1.1 RULE-3.14.4-1] [5 RULE-3.14.4-1] [3.1.1 MQTT-3.14.4-1]; later packets are ignored.
    let left_open = state.rules.breaks(Fault::ClientDisconnectLeftOpen)
        || state.rules.chooses(Liberty::ClosingLeftToClient);
    if !ghost && !left_open {
        turn.close(connection);
    }
    end_connection(state, turn, key, reason);
    if ghost {
        connections.insert(connection, Phase::Ghost);
    }
}
