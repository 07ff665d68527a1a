//! Enhanced authentication: challenge and answer before CONNACK, and again whenever the client wants.
//!
//! The mechanism is a pure function of what the client sends, the configuration and the connection's nonce, so it
//! needs nobody outside of the core.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Auth, Connect, Packet, Properties, Property, ProtocolVersion, ReasonCode};
use mqtt_check_scram::{ServerExchange, nonce};

use super::Broker;
use super::admission::Refusal;
use super::connection::{Phase, Waiting};
use super::input::ConnectionId;
use super::link::Link;
use super::rules::Rules;
use super::session_key::SessionKey;
use super::timer::Timer;
use super::turn::Turn;
use crate::config::Mechanism;
use crate::hook::DisconnectReason;
use crate::{Config, Fault};

/// How a connection authenticates itself.
#[derive(Debug)]
pub(crate) struct Authentication {
    /// As CONNECT has it.
    pub(crate) method: ByteString,
    mechanism: Mechanism,
    nonce: u64,
    /// How many exchanges have begun.
    begun: u32,
    stage: Stage,
    /// Who the client has proven to be.
    user: Option<ByteString>,
}

/// How far the present exchange has come.
#[derive(Debug)]
enum Stage {
    /// There is none.
    Over,
    /// The client begins, and was asked to.
    Asked,
    Challenged(Box<ServerExchange>),
}

/// What one message of the client has led to.
enum Progress {
    Continue(Option<Bytes>),
    Done(Option<Bytes>),
    Failed,
}

impl Authentication {
    /// With the method of this CONNECT, if it has one that is offered.
    pub(crate) fn of(connect: &Connect, config: &Config, nonce: u64) -> Option<Self> {
        let method = connect.properties.authentication_method()?;
        let mut offered = config.authentication.keys();
        let mechanism = *offered.find(|mechanism| mechanism.name() == &*method)?;
        Some(Self {
            method,
            mechanism,
            nonce,
            begun: 0,
            stage: Stage::Over,
            user: None,
        })
    }

    fn step(&mut self, rules: &Rules, data: Option<Bytes>) -> Progress {
        match (std::mem::replace(&mut self.stage, Stage::Over), data) {
            (Stage::Challenged(exchange), data) => {
                self.finish(rules, &exchange, &data.unwrap_or_default())
            }
            (_, Some(data)) => self.challenge(rules, &data),
            (Stage::Over, None) => {
                self.stage = Stage::Asked;
                Progress::Continue(None)
            }
            (Stage::Asked, None) => Progress::Failed,
        }
    }

    fn challenge(&mut self, rules: &Rules, client_first: &[u8]) -> Progress {
        self.begun += 1;
        let seed = [&self.nonce.to_be_bytes()[..], &self.begun.to_be_bytes()].concat();
        let look_up = |user: &str| rules.config.verifier(self.mechanism, user);
        match ServerExchange::begin(client_first, &nonce(&seed), look_up) {
            Ok(exchange) => {
                let challenge = Bytes::copy_from_slice(exchange.server_first());
                self.stage = Stage::Challenged(Box::new(exchange));
                Progress::Continue(Some(challenge))
            }
            Err(_) => Progress::Failed,
        }
    }

    fn finish(
        &mut self,
        rules: &Rules,
        exchange: &ServerExchange,
        client_final: &[u8],
    ) -> Progress {
        let signature = match exchange.finish(client_final) {
            Ok(server_final) => Some(Bytes::from(server_final)),
            Err(_) if rules.breaks(Fault::WrongProofAccepted) => None,
            Err(_) => return Progress::Failed,
        };
        // What the connection has done so far it has done as somebody: that stays.
        if self
            .user
            .as_ref()
            .is_some_and(|user| *user != exchange.user())
        {
            return Progress::Failed;
        }
        self.user = Some(ByteString::from(exchange.user()));
        Progress::Done(signature)
    }

    /// [5 MQTT-4.12.0-5] [5 RULE-3.15.2.2.2-1]
    fn packet(&self, rules: &Rules, reason: ReasonCode, data: Option<Bytes>) -> Packet {
        let mut properties = Properties::new();
        let method = match rules.breaks(Fault::AuthMethodNotRepeated) {
            true => ByteString::from_static("another"),
            false => self.method.clone(),
        };
        properties.push(Property::AuthenticationMethod(method));
        properties.0.extend(data.map(Property::AuthenticationData));
        Packet::Auth(Auth { reason, properties })
    }

    /// The AUTH that asks for more. [5 MQTT-4.12.0-2]
    fn continued(&self, rules: &Rules, data: Option<Bytes>) -> Packet {
        let reason = match rules.breaks(Fault::ChallengeWithOtherCode) {
            true => ReasonCode::SUCCESS,
            false => ReasonCode::CONTINUE_AUTHENTICATION,
        };
        self.packet(rules, reason, data)
    }

    fn is_method_of(&self, auth: &Auth) -> bool {
        auth.properties.authentication_method().as_ref() == Some(&self.method)
    }
}

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
        let progress = authentication.step(&self.rules, data);
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
        let Some(Phase::Authenticating(mut waiting)) = self.connections.remove(&connection) else {
            return;
        };
        self.timers.cancel(Timer::Connect(connection));
        let too_large = self.is_too_large(size);
        let rules = &self.rules;
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
                let packet = authentication.continued(&self.rules, data);
                if waiting.link.send(&self.rules, turn, packet) {
                    self.hold(turn, waiting);
                } else {
                    // [5 MQTT-3.1.2-24]: without this AUTH there is no going on.
                    self.connections.remove(&connection);
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
                if self.rules.breaks(Fault::FailedAuthenticationStaysOpen) =>
            {
                let phase = Phase::Authenticating(waiting);
                self.connections.insert(connection, phase);
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
            .saturating_add(self.rules.config.connect_timeout);
        // A Server Keep Alive takes its place when CONNACK tells of it.
        let at = match self.silence(waiting.connect.keep_alive_s) {
            Some(silence) => in_all.min(turn.now.saturating_add(silence)),
            None => in_all,
        };
        self.timers.set(Timer::Connect(connection), at);
        self.connections
            .insert(connection, Phase::Authenticating(waiting));
    }

    /// AUTH on an accepted connection: another exchange, while everything else goes on as before.
    pub(crate) fn auth_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, auth: &Auth) {
        let link = self.sessions.at_mut(key).and_then(|s| s.link.as_mut());
        let Some(link) = link else {
            return;
        };
        let progress = match &mut link.authentication {
            // [5 MQTT-4.12.0-7] [5 RULE-3.15-1]
            None => Err(Fault::AuthWithoutMethodIgnored),
            // [5 MQTT-4.12.1-1] [5 RULE-3.15-1]
            Some(authentication)
                if !authentication.is_method_of(auth)
                    && !self.rules.breaks(Fault::ReauthenticationMethodUnchecked) =>
            {
                Err(Fault::AuthMethodChangeAccepted)
            }
            Some(authentication) => {
                let under_way = !matches!(authentication.stage, Stage::Over);
                let data = auth.properties.authentication_data();
                match auth.reason {
                    ReasonCode::RE_AUTHENTICATE => {
                        authentication.stage = Stage::Over;
                        Ok(authentication.step(&self.rules, data))
                    }
                    ReasonCode::CONTINUE_AUTHENTICATION if under_way => {
                        Ok(authentication.step(&self.rules, data))
                    }
                    // [5 MQTT-3.15.2-1]
                    _ => Err(Fault::AuthAnswerCodeUnchecked),
                }
            }
        };
        match progress {
            Ok(progress) => self.reauthenticate(turn, key, progress),
            Err(ignoring) if self.rules.breaks(ignoring) => {}
            Err(_) => {
                let reason = ReasonCode::PROTOCOL_ERROR;
                self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
            }
        }
    }

    fn reauthenticate(&mut self, turn: &mut Turn<'_>, key: SessionKey, progress: Progress) {
        let link = self.sessions.at(key).and_then(|s| s.link.as_ref());
        let Some(authentication) = link.and_then(|link| link.authentication.as_ref()) else {
            return;
        };
        let packet = match progress {
            Progress::Continue(data) => authentication.continued(&self.rules, data),
            Progress::Done(data) => authentication.packet(&self.rules, ReasonCode::SUCCESS, data),
            Progress::Failed if self.rules.breaks(Fault::FailedReauthenticationIgnored) => {
                return;
            }
            Progress::Failed => {
                // [5 MQTT-4.12.1-2]
                let reason = ReasonCode::NOT_AUTHORIZED;
                self.refuse(turn, key, reason, DisconnectReason::AuthenticationFailed);
                return;
            }
        };
        self.send_or_close(turn, key, packet);
    }
}
