//! Enhanced authentication: challenge and answer before CONNACK, and again whenever the client wants.

use mqtt_check_codec::{Auth, Connect, Packet, ProtocolVersion, ReasonCode};

use super::Broker;
use super::admission::Refusal;
use super::deliver::outgoing::send;
use super::ending::connection::{refuse, send_or_close};
use super::input::ConnectionId;
use super::state::authentication::{Progress, Stage};
use super::state::connection::{Phase, Waiting};
use super::state::link::Link;
use super::state::session_key::SessionKey;
use super::state::timer::Timer;
use super::turn::Turn;
use crate::Fault;
use crate::hook::DisconnectReason;

impl Broker {
    /// A CONNECT that names a method which is offered. Nothing is done for it but the exchange.
    pub(crate) fn begin_authentication(
        &mut self,
        turn: &mut Turn<'_>,
        nonce: u64,
        connect: Connect,
        mut link: Link,
    ) {
        let data = connect.properties.authentication_data();
        let Some(authentication) = &mut link.authentication else {
            return;
        };
        let progress = authentication.step(&self.state.rules, data);
        let since = turn.now;
        let waiting = Box::new(Waiting {
            connect,
            nonce,
            link,
            since,
        });
        self.proceed(turn, waiting, progress);
    }

    /// A packet on a connection whose CONNECT is held back.
    pub(crate) fn authenticating(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    ) {
        let Some(Phase::Authenticating(mut waiting)) = self.state.connections.remove(&connection)
        else {
            return;
        };
        self.state.timers.cancel(Timer::Connect(connection));
        let too_large = self.is_too_large(size);
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
                self.refuse_connect(turn, connection, ProtocolVersion::V5, refusal);
            }
        }
    }

    fn proceed(&mut self, turn: &mut Turn<'_>, mut waiting: Box<Waiting>, progress: Progress) {
        let connection = waiting.link.connection;
        match (progress, &waiting.link.authentication) {
            (Progress::Continue(data), Some(authentication)) => {
                let packet = authentication.continued(&self.state.rules, data);
                if send(&waiting.link, &self.state.rules, turn, packet) {
                    self.hold(turn, waiting);
                } else {
                    // [5 MQTT-3.1.2-24]: without this AUTH there is no going on.
                    self.state.connections.remove(&connection);
                    turn.close(connection);
                }
            }
            (Progress::Done(data), Some(authentication)) => {
                waiting.connect.username = authentication.user.clone();
                let Waiting {
                    connect,
                    nonce,
                    link,
                    ..
                } = *waiting;
                self.welcome(turn, nonce, connect, link, data);
            }
            (Progress::Failed, Some(_))
                if self
                    .state
                    .rules
                    .breaks(Fault::FailedAuthenticationStaysOpen) =>
            {
                let phase = Phase::Authenticating(waiting);
                self.state.connections.insert(connection, phase);
            }
            // [5 MQTT-4.12.0-4] [5 MQTT-3.1.4-2]
            _ => {
                let refusal = Refusal::from(ReasonCode::NOT_AUTHORIZED).to(&waiting.connect);
                self.refuse_connect(turn, connection, ProtocolVersion::V5, refusal);
            }
        }
    }

    /// Waits for the client's next AUTH: as long as for a CONNECT in all, and one and a half times its Keep Alive at a
    /// time. [5 RULE-3.1.4-1] [5 MQTT-3.1.2-22]
    fn hold(&mut self, turn: &Turn<'_>, waiting: Box<Waiting>) {
        let connection = waiting.link.connection;
        let in_all = waiting
            .since
            .saturating_add(self.state.rules.config.connect_timeout);
        // A Server Keep Alive takes its place when CONNACK tells of it.
        let at = match self.silence(waiting.connect.keep_alive_s) {
            Some(silence) => in_all.min(turn.now.saturating_add(silence)),
            None => in_all,
        };
        self.state.timers.set(Timer::Connect(connection), at);
        self.state
            .connections
            .insert(connection, Phase::Authenticating(waiting));
    }

    /// AUTH on an accepted connection: another exchange, while everything else goes on as before.
    pub(crate) fn auth_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, auth: &Auth) {
        let link = self
            .state
            .sessions
            .at_mut(key)
            .and_then(|s| s.link.as_mut());
        let Some(link) = link else {
            return;
        };
        let progress = match &mut link.authentication {
            // [5 MQTT-4.12.0-7] [5 RULE-3.15-1]
            None => Err(Fault::AuthWithoutMethodIgnored),
            // [5 MQTT-4.12.1-1] [5 RULE-3.15-1]
            Some(authentication)
                if !authentication.is_method_of(auth)
                    && !self
                        .state
                        .rules
                        .breaks(Fault::ReauthenticationMethodUnchecked) =>
            {
                Err(Fault::AuthMethodChangeAccepted)
            }
            Some(authentication) => {
                let under_way = !matches!(authentication.stage, Stage::Over);
                let data = auth.properties.authentication_data();
                match auth.reason {
                    ReasonCode::RE_AUTHENTICATE => {
                        authentication.stage = Stage::Over;
                        Ok(authentication.step(&self.state.rules, data))
                    }
                    ReasonCode::CONTINUE_AUTHENTICATION if under_way => {
                        Ok(authentication.step(&self.state.rules, data))
                    }
                    // [5 MQTT-3.15.2-1]
                    _ => Err(Fault::AuthAnswerCodeUnchecked),
                }
            }
        };
        match progress {
            Ok(progress) => self.reauthenticate(turn, key, progress),
            Err(ignoring) if self.state.rules.breaks(ignoring) => {}
            Err(_) => {
                let reason = ReasonCode::PROTOCOL_ERROR;
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    reason,
                    DisconnectReason::ProtocolError,
                );
            }
        }
    }

    fn reauthenticate(&mut self, turn: &mut Turn<'_>, key: SessionKey, progress: Progress) {
        let link = self.state.sessions.at(key).and_then(|s| s.link.as_ref());
        let Some(authentication) = link.and_then(|link| link.authentication.as_ref()) else {
            return;
        };
        let packet = match progress {
            Progress::Continue(data) => authentication.continued(&self.state.rules, data),
            Progress::Done(data) => {
                authentication.packet(&self.state.rules, ReasonCode::SUCCESS, data)
            }
            Progress::Failed
                if self
                    .state
                    .rules
                    .breaks(Fault::FailedReauthenticationIgnored) =>
            {
                return;
            }
            Progress::Failed => {
                // [5 MQTT-4.12.1-2]
                let reason = ReasonCode::NOT_AUTHORIZED;
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    reason,
                    DisconnectReason::AuthenticationFailed,
                );
                return;
            }
        };
        send_or_close(&mut self.state, turn, key, packet);
    }
}
