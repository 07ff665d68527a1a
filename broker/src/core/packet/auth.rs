//! Enhanced authentication: challenge and response before CONNACK, and re-authentication.

use mqtt_check_codec::{Auth, ConnAck, Packet, Properties, ProtocolVersion, ReasonCode};

use super::connect::refusal::{Refusal, refuse_connect};
use crate::Fault;
use crate::core::Broker;
use crate::core::deliver::delivery::{flush, resume};
use crate::core::ending::connection::{end_connection, refuse, send_or_close};
use crate::core::ending::session::forget_subscriptions;
use crate::core::input::ConnectionId;
use crate::core::state::State;
use crate::core::state::authentication::{Progress, Stage};
use crate::core::state::connection::Phase;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;

impl Broker {
    /// Handles a packet on a connection whose CONNECT waits for authentication.
    pub(crate) fn authenticating(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    ) {
        let Some(Phase::Authenticating(mut waiting)) = self.connections.remove(&connection) else {
            return;
        };
        self.state.timers.cancel(Timer::Connect(connection));
        let too_large = self.state.rules.is_too_large(size);
        let rules = &self.state.rules;
        let progress = match (packet, &mut waiting.link.authentication) {
            _ if too_large => Err(ReasonCode::PACKET_TOO_LARGE),
            (Packet::Auth(auth), Some(authentication)) => {
                // [5 MQTT-4.12.0-3] [5 MQTT-3.15.2-1]
                let answers = auth.reason == ReasonCode::CONTINUE_AUTHENTICATION
                    || rules.breaks(Fault::AuthAnswerCodeUnchecked);
                // [5 MQTT-4.12.0-5] [5 RULE-3.15-1]
                let by_method = authentication.is_method_of(&auth)
                    || rules.breaks(Fault::AuthMethodChangeAccepted);
                match answers && by_method {
                    true => Ok(authentication.step(rules, auth.properties.authentication_data())),
                    false => Err(ReasonCode::PROTOCOL_ERROR),
                }
            }
            (Packet::Disconnect(_), _) => {
                turn.close(connection);
                return;
            }
            _ if rules.breaks(Fault::PacketsDuringAuthenticationIgnored) => {
                self.hold(turn, waiting);
                return;
            }
            // [5 MQTT-3.1.2-30]
            _ => Err(ReasonCode::PROTOCOL_ERROR),
        };
        match progress {
            Ok(progress) => self.proceed(turn, waiting, progress),
            Err(reason) => {
                let refusal = Refusal::from(reason).to(&waiting.connect);
                refuse_connect(
                    &self.state.rules,
                    &mut self.connections,
                    turn,
                    connection,
                    ProtocolVersion::V5,
                    refusal,
                );
            }
        }
    }
}

/// Handles AUTH on an accepted connection. All other packets are handled as before while it authenticates again.
pub(crate) fn auth_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, auth: &Auth) {
    let link = state.sessions.at_mut(key).and_then(|s| s.link.as_mut());
    let Some(link) = link else {
        return;
    };
    let progress = match &mut link.authentication {
        // [5 MQTT-4.12.0-7] [5 RULE-3.15-1]
        None => Err(Fault::AuthWithoutMethodIgnored),
        // [5 MQTT-4.12.1-1] [5 RULE-3.15-1]
        Some(authentication)
            if !authentication.is_method_of(auth)
                && !state.rules.breaks(Fault::ReauthenticationMethodUnchecked) =>
        {
            Err(Fault::AuthMethodChangeAccepted)
        }
        Some(authentication) => {
            let under_way = !matches!(authentication.stage, Stage::Over);
            let data = auth.properties.authentication_data();
            match auth.reason {
                ReasonCode::RE_AUTHENTICATE => {
                    authentication.stage = Stage::Over;
                    Ok(authentication.step(&state.rules, data))
                }
                ReasonCode::CONTINUE_AUTHENTICATION if under_way => {
                    Ok(authentication.step(&state.rules, data))
                }
                // [5 MQTT-3.15.2-1]
                _ => Err(Fault::AuthAnswerCodeUnchecked),
            }
        }
    };
    match progress {
        Ok(progress) => reauthenticate(state, turn, key, progress),
        Err(ignoring) if state.rules.breaks(ignoring) => {}
        Err(_) => {
            let reason = ReasonCode::PROTOCOL_ERROR;
            refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        }
    }
}

fn reauthenticate(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, progress: Progress) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let link = session.link.as_ref();
    let Some(authentication) = link.and_then(|link| link.authentication.as_ref()) else {
        return;
    };
    let done = matches!(progress, Progress::Done(_));
    if done {
        session.user = authentication.user.clone();
        // [5 MQTT-3.1.2-8]
        if state.rules.breaks(Fault::ReauthenticationDisarmsWill) {
            session.will = None;
        }
    }
    let packet = match progress {
        Progress::Continue(data) => authentication.continued(&state.rules, data),
        Progress::Done(data) => authentication.packet(&state.rules, ReasonCode::SUCCESS, data),
        Progress::Failed if state.rules.breaks(Fault::FailedReauthenticationIgnored) => {
            return;
        }
        Progress::Failed => {
            // [5 MQTT-3.2.0-2] [5 MQTT-4.12.1-2]
            if let Some(link) = link
                && state.rules.breaks(Fault::ReauthenticationRefusedByConnack)
            {
                let connack = ConnAck {
                    session_present: false,
                    reason: ReasonCode::NOT_AUTHORIZED,
                    properties: Properties::new(),
                };
                turn.send(link.connection, Packet::ConnAck(connack));
                turn.close(link.connection);
                end_connection(state, turn, key, DisconnectReason::AuthenticationFailed);
                return;
            }
            // [5 MQTT-4.12.1-2]
            let reason = ReasonCode::NOT_AUTHORIZED;
            refuse(
                state,
                turn,
                key,
                reason,
                DisconnectReason::AuthenticationFailed,
            );
            return;
        }
    };
    send_or_close(state, turn, key, packet);
    // [5 MQTT-4.5.0-1]
    if done
        && state
            .rules
            .breaks(Fault::ReauthenticationDropsSubscriptions)
    {
        forget_subscriptions(state, key);
    }
    // [5 MQTT-4.3.3-10]
    if let Some(session) = state.sessions.at_mut(key)
        && done
        && state.rules.breaks(Fault::ReauthenticationForgetsReceived)
    {
        session.received.clear();
        if let Some(link) = &mut session.link {
            link.unreleased = 0;
        }
    }
    // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    if let Some(session) = state.sessions.at_mut(key)
        && done
        && state.rules.breaks(Fault::ReauthenticationFreesWindow)
    {
        let all: Vec<_> = session.inflight.ids().collect();
        all.into_iter()
            .for_each(|id| session.inflight.give_back(id));
        flush(session, &state.rules, turn);
    }
    // [5 MQTT-4.4.0-1]
    if let Some(session) = state.sessions.at_mut(key)
        && done
        && state.rules.breaks(Fault::ReauthenticationResends)
    {
        resume(session, &state.rules, turn);
    }
    // [5 MQTT-4.3.3-3] [5 MQTT-4.3.3-4]
    if let Some(session) = state.sessions.at_mut(key)
        && done
        && state.rules.breaks(Fault::ReauthenticationLosesInflight)
    {
        session.inflight.clear();
    }
    // [5 MQTT-3.1.2-22]
    if done && state.rules.breaks(Fault::ReauthenticationEndsKeepAlive) {
        state.timers.cancel(Timer::KeepAlive(key));
    }
    // [5 MQTT-3.3.2-12]
    if let Some(link) = state.sessions.at_mut(key).and_then(|s| s.link.as_mut())
        && done
        && state.rules.breaks(Fault::ReauthenticationForgetsAliases)
    {
        link.aliases_in.clear();
    }
}
