//! Actions of an administrator.

use mqtt_check_codec::ReasonCode;

use super::ending::connection::{dismiss, end_connection, refuse};
use super::ending::node::node;
use super::ending::session::settle_session;
use super::input::{Control, RedirectWhen};
use super::state::State;
use super::state::connection::{Connections, Phase};
use super::state::redirect::{Redirect, Redirects};
use super::state::timer::Timer;
use super::turn::Turn;
use crate::Fault;
use crate::hook::DisconnectReason;

pub(crate) fn control(
    state: &mut State,
    connections: &mut Connections,
    redirects: &mut Redirects,
    turn: &mut Turn<'_>,
    control: Control,
) {
    match control {
        Control::Kick { client, reason } => {
            if let Some(key) = state.sessions.key(&client) {
                // [5 MQTT-4.1.0-2]
                if !state.sessions.is_linked(key)
                    && state.rules.breaks(Fault::DisconnectingOfflineProlongs)
                {
                    settle_session(state, turn, key);
                }
                refuse(state, turn, key, reason, DisconnectReason::Kicked);
            }
        }
        Control::Redirect {
            client,
            when: RedirectWhen::Now,
            reason,
            server_reference,
        } => {
            if let Some(key) = state.sessions.key(&client) {
                dismiss(
                    &state.rules,
                    &state.sessions,
                    turn,
                    key,
                    reason,
                    server_reference,
                );
                end_connection(state, turn, key, DisconnectReason::Redirected);
            }
        }
        Control::Redirect {
            client,
            when: RedirectWhen::AtConnect,
            reason,
            server_reference,
        } => {
            let redirect = Redirect {
                reason,
                server_reference,
            };
            redirects.insert(client, redirect);
        }
        Control::Stop => stop_all(state, connections, turn),
        Control::Node { node: which, event } => node(state, connections, turn, which, event),
    }
}

/// Ends every connection with a reason code, in the order of Client Identifiers. Wills follow their usual rules.
pub(crate) fn stop_all(state: &mut State, connections: &mut Connections, turn: &mut Turn<'_>) {
    for key in state.sessions.keys() {
        let code = ReasonCode::SERVER_SHUTTING_DOWN;
        refuse(state, turn, key, code, DisconnectReason::ServerShutdown);
    }
    for (connection, phase) in std::mem::take(connections) {
        // Connections without an accepted CONNECT.
        if let Phase::Opened { .. } | Phase::Authenticating(_) = phase {
            state.timers.cancel(Timer::Connect(connection));
            turn.close(connection);
        }
    }
}
