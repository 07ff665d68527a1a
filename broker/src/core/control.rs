//! What an administrator does.

use mqtt_check_codec::ReasonCode;

use super::Broker;
use super::ending::connection::{dismiss, end_connection, refuse};
use super::input::{Control, RedirectWhen};
use super::state::connection::Phase;
use super::state::redirect::Redirect;
use super::state::timer::Timer;
use super::turn::Turn;
use crate::hook::DisconnectReason;

impl Broker {
    pub(crate) fn control(&mut self, turn: &mut Turn<'_>, control: Control) {
        match control {
            Control::Kick { client, reason } => {
                if let Some(key) = self.state.sessions.key(&client) {
                    refuse(&mut self.state, turn, key, reason, DisconnectReason::Kicked);
                }
            }
            Control::Redirect {
                client,
                when: RedirectWhen::Now,
                reason,
                server_reference,
            } => {
                if let Some(key) = self.state.sessions.key(&client) {
                    dismiss(
                        &self.state.rules,
                        &self.state.sessions,
                        turn,
                        key,
                        reason,
                        server_reference,
                    );
                    end_connection(&mut self.state, turn, key, DisconnectReason::Redirected);
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
                self.redirects.insert(client, redirect);
            }
            Control::Stop => self.stop_all(turn),
        }
    }

    /// Every connection is told and closed, in the order of client ids; the Wills follow their rules.
    pub(crate) fn stop_all(&mut self, turn: &mut Turn<'_>) {
        for key in self.state.sessions.keys() {
            let code = ReasonCode::SERVER_SHUTTING_DOWN;
            refuse(
                &mut self.state,
                turn,
                key,
                code,
                DisconnectReason::ServerShutdown,
            );
        }
        for (connection, phase) in std::mem::take(&mut self.state.connections) {
            // Those that never sent a CONNECT, or are over in all but name.
            if let Phase::Opened { .. } | Phase::Authenticating(_) = phase {
                self.state.timers.cancel(Timer::Connect(connection));
                turn.close(connection);
            }
        }
    }
}
