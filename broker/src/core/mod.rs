//! The broker as a pure state machine.
//!
//! Whoever runs it feeds [`Input`]s with the time, carries out the [`Output`]s in order, and calls again with
//! [`Input::Woke`] when the next deadline has come.

mod acknowledge;
mod admission;
mod authentication;
mod characters;
mod connack;
mod connect;
mod control;
mod deliver;
mod disconnect;
mod ending;
mod input;
mod output;
mod publish;
mod rules;
mod state;
mod store;
mod subscribe;
mod topic;
mod turn;
mod unsubscribe;

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Packet, PacketType, ProtocolVersion, ReasonCode};

use self::admission::Refusal;
use self::deliver::delivery::flush;
use self::deliver::routing::route;
use self::ending::connection::{code_of_error, end_connection, refuse, send_or_close};
use self::ending::session::{end_session, forget_subscriptions};
use self::ending::will::publish_will;
pub use self::input::{ConnectionId, Control, Input, RedirectWhen, Time};
pub use self::output::Output;
use self::rules::Rules;
use self::state::State;
use self::state::arrivals::Arrivals;
use self::state::connection::Phase;
use self::state::message::Message;
use self::state::redirect::Redirect;
use self::state::session_key::SessionKey;
use self::state::timer::Timer;
pub use self::store::change::Change;
pub use self::store::record::Corrupt;
pub use self::store::restart::StoredState;
use self::turn::Turn;
use crate::hook::{DisconnectReason, TerminationReason, WillTrigger};
use crate::{Conduct, Config, Fault, Liberty};

/// The broker.
#[derive(Debug)]
pub struct Broker {
    state: State,
    redirects: BTreeMap<ByteString, Redirect>,
    arrivals: Arrivals,
}

impl Broker {
    /// A broker with no sessions and no retained messages.
    pub fn new(config: Config, conduct: impl Into<Conduct>) -> Self {
        Self {
            state: State::new(Rules::new(config, conduct.into())),
            redirects: BTreeMap::new(),
            arrivals: Arrivals::default(),
        }
    }

    /// Takes one input and appends what is to be done. What was due by `now` is done first.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        let turn = &mut Turn { now, out };
        if let Input::Received { connection, .. } = &input {
            // Before the timers: a packet that is here proves that the client is alive.
            self.hear(*connection, now);
        }
        while let Some(timer) = self.state.timers.pop_due(now) {
            self.due(turn, timer);
        }
        match input {
            Input::Opened { connection, .. }
                if self.state.timers.connects()
                    >= self.state.rules.config.maximum_waiting_connections =>
            {
                turn.close(connection);
            }
            Input::Opened { connection, nonce } => {
                self.state
                    .connections
                    .insert(connection, Phase::Opened { nonce });
                // [3.1.1 RULE-3.1.4-1] [5 RULE-3.1.4-1]
                let at = now.saturating_add(self.state.rules.config.connect_timeout);
                self.state.timers.set(Timer::Connect(connection), at);
            }
            Input::Received {
                connection,
                packet,
                size,
            } => self.received(turn, connection, packet, size),
            Input::Malformed {
                connection,
                version,
                error,
            } => self.malformed(turn, connection, version, &error),
            Input::Closed { connection } => match self.state.connections.remove(&connection) {
                Some(Phase::Opened { .. } | Phase::Authenticating(_)) => {
                    self.state.timers.cancel(Timer::Connect(connection));
                }
                Some(Phase::Connected(key)) => {
                    end_connection(&mut self.state, turn, key, DisconnectReason::ConnectionLost);
                }
                Some(Phase::Ghost) | None => {}
            },
            Input::Congested { connection } => self.congest(turn, connection, true),
            Input::Drained { connection } => self.congest(turn, connection, false),
            Input::Woke => {}
            Input::Control(control) => self.control(turn, control),
        }
    }

    /// When [`Input::Woke`] is due.
    pub fn next_deadline(&self) -> Option<Time> {
        self.state.timers.next()
    }

    /// Whether this client is connected.
    pub fn is_connected(&self, client: &str) -> bool {
        self.state
            .sessions
            .key(client)
            .and_then(|key| self.state.sessions.at(key))
            .is_some_and(|session| session.link.is_some())
    }

    /// How many sessions there are, connected or not.
    pub fn session_count(&self) -> usize {
        self.state.sessions.len()
    }

    /// How many topics have a retained message.
    pub fn retained_count(&self) -> usize {
        self.state.topics.retained.len()
    }

    fn hear(&mut self, connection: ConnectionId, now: Time) {
        if let Some(Phase::Connected(key)) = self.state.connections.get(&connection)
            && let Some(link) = self
                .state
                .sessions
                .at_mut(*key)
                .and_then(|s| s.link.as_mut())
        {
            link.last_received = now;
        }
    }

    /// A slow reader gets no further messages until it has caught up; what it has a right to goes on.
    fn congest(&mut self, turn: &mut Turn<'_>, connection: ConnectionId, congested: bool) {
        if let Some(Phase::Connected(key)) = self.state.connections.get(&connection)
            && let Some(session) = self.state.sessions.at_mut(*key)
            && let Some(link) = &mut session.link
        {
            link.congested = congested;
            flush(session, &self.state.rules, turn);
        }
    }

    fn received(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    ) {
        if self
            .state
            .rules
            .chooses(Liberty::DisallowedCharactersRefused)
            && characters::has_disallowed(&packet)
        {
            // [3.1.1 section 1.5.3] [5 RULE-1.5.4-2]
            let version = match &packet {
                Packet::Connect(connect) => Some(connect.version),
                _ => None,
            };
            let error = characters::error(&packet);
            self.malformed(turn, connection, version, &error);
            return;
        }
        match (self.state.connections.get(&connection), packet) {
            (None, _) => {}
            (Some(Phase::Ghost), Packet::Publish(publish)) => {
                let message = Message::from_publish(publish, ByteString::new(), turn.now);
                route(
                    &self.state.rules,
                    &mut self.state.sessions,
                    &mut self.state.topics,
                    turn,
                    message,
                    None,
                );
            }
            (Some(Phase::Ghost), _) => {}
            (Some(Phase::Opened { nonce }), Packet::Connect(connect)) => {
                let nonce = *nonce;
                if self.is_too_large(size) {
                    // [5 RULE-3.2.2.3.6-1]
                    self.state.timers.cancel(Timer::Connect(connection));
                    let refusal = Refusal::from(ReasonCode::PACKET_TOO_LARGE).to(&connect);
                    self.refuse_connect(turn, connection, connect.version, refusal);
                    return;
                }
                self.connect_received(turn, connection, nonce, *connect);
            }
            (Some(Phase::Opened { .. }), _) => {
                if self.state.rules.breaks(Fault::FirstPacketNeedNotBeConnect) {
                    return;
                }
                // [3.1.1 MQTT-3.1.0-1] [5 MQTT-3.1.0-1] [5 MQTT-3.14.0-1]
                self.state.timers.cancel(Timer::Connect(connection));
                self.state.connections.remove(&connection);
                turn.close(connection);
            }
            (Some(Phase::Authenticating(_)), packet) => {
                self.authenticating(turn, connection, packet, size);
            }
            (Some(Phase::Connected(key)), packet) => {
                let key = *key;
                if self.is_too_large(size) {
                    // [5 RULE-3.2.2.3.6-1] [5 MQTT-3.2.2-15]
                    let reason = ReasonCode::PACKET_TOO_LARGE;
                    refuse(
                        &mut self.state,
                        turn,
                        key,
                        reason,
                        DisconnectReason::ProtocolError,
                    );
                    return;
                }
                self.packet(turn, key, packet);
            }
        }
    }

    fn is_too_large(&self, size: usize) -> bool {
        let maximum = self.state.rules.config.maximum_packet_size;
        maximum.is_some_and(|maximum| size > maximum as usize)
            && !self.state.rules.breaks(Fault::OversizedPacketAccepted)
    }

    /// A packet on an accepted connection.
    fn packet(&mut self, turn: &mut Turn<'_>, key: SessionKey, packet: Packet) {
        match packet {
            Packet::Publish(publish) => self.publish_received(turn, key, publish),
            Packet::PubAck(ack) => self.puback_received(turn, key, &ack),
            Packet::PubRec(ack) => self.pubrec_received(turn, key, &ack),
            Packet::PubRel(ack) => self.pubrel_received(turn, key, ack.packet_id),
            Packet::PubComp(ack) => self.pubcomp_received(turn, key, &ack),
            Packet::Subscribe(subscribe) => self.subscribe_received(turn, key, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe_received(turn, key, &unsubscribe),
            Packet::PingReq if self.holds_everything(key) => {}
            // [3.1.1 MQTT-3.12.4-1] [5 MQTT-3.12.4-1] [5 MQTT-4.9.0-3]. PINGRESP, and no other CONNACK
            // [5 MQTT-3.2.0-2].
            Packet::PingReq => {
                if self.state.rules.breaks(Fault::ConnackTwice) {
                    send_or_close(
                        &mut self.state,
                        turn,
                        key,
                        Packet::ConnAck(connack::again()),
                    );
                }
                send_or_close(&mut self.state, turn, key, Packet::PingResp);
            }
            Packet::Disconnect(disconnect) => self.disconnect_received(turn, key, &disconnect),
            Packet::Connect(_) if self.state.rules.breaks(Fault::SecondConnectIgnored) => {}
            Packet::Auth(auth) => self.auth_received(turn, key, &auth),
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp
                if self.state.rules.breaks(Fault::ProtocolErrorIgnored) => {}
            // [3.1.1 MQTT-3.1.0-2] [5 MQTT-3.1.0-2]; what only servers send.
            Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => {
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

    /// Whether a fault holds back whatever is to be sent, since the send quota is used up. [5 MQTT-3.3.4-10]
    fn holds_everything(&self, key: SessionKey) -> bool {
        self.state.rules.breaks(Fault::OtherPacketsHeldByQuota)
            && self
                .state
                .sessions
                .at(key)
                .is_some_and(|session| !session.is_ready())
    }

    /// Bytes that are no packet end the connection. [3.1.1 MQTT-4.8.0-1] [3.1.1 MQTT-2.2.2-2] [5 MQTT-4.13.1-1]
    fn malformed(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        version: Option<ProtocolVersion>,
        error: &DecodeError,
    ) {
        if self.state.rules.faults.tolerate(error) {
            return;
        }
        match self.state.connections.get(&connection) {
            None | Some(Phase::Ghost) => {}
            Some(Phase::Connected(key)) => {
                let key = *key;
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    error.reason,
                    DisconnectReason::ProtocolError,
                );
                // [3.1.1 RULE-4.8-1]: the others have no part in it.
                if self.state.rules.breaks(Fault::FaultEndsAll) {
                    self.stop_all(turn);
                }
            }
            Some(Phase::Opened { .. } | Phase::Authenticating(_)) => {
                self.state.timers.cancel(Timer::Connect(connection));
                if let Some(Phase::Authenticating(waiting)) =
                    self.state.connections.get(&connection)
                {
                    let refusal = Refusal::from(error.reason).to(&waiting.connect);
                    self.refuse_connect(turn, connection, ProtocolVersion::V5, refusal);
                } else if error.is_unsupported_version()
                    && !self.state.rules.chooses(Liberty::UnknownVersionUnanswered)
                {
                    // [3.1.1 MQTT-3.1.2-2] demands it, [5 MQTT-3.1.2-2] allows it.
                    let refusal = Refusal::from(error.reason);
                    self.refuse_connect(turn, connection, ProtocolVersion::V3_1_1, refusal);
                } else if error.packet == PacketType::CONNECT
                    && version == Some(ProtocolVersion::V5)
                {
                    // [5 RULE-4.13.1-1] [5 MQTT-3.1.4-1]
                    let refusal = Refusal::from(code_of_error(&self.state.rules, error.reason));
                    self.refuse_connect(turn, connection, ProtocolVersion::V5, refusal);
                } else {
                    // [3.1.1 MQTT-3.1.4-1]: without a CONNACK.
                    self.state.connections.remove(&connection);
                    turn.close(connection);
                }
            }
        }
    }

    fn due(&mut self, turn: &mut Turn<'_>, timer: Timer) {
        match timer {
            Timer::Connect(_) if self.state.rules.breaks(Fault::ConnectTimeoutNotEnforced) => {}
            Timer::Connect(connection)
                if matches!(
                    self.state.connections.get(&connection),
                    Some(Phase::Opened { .. })
                ) && self.state.rules.chooses(Liberty::ConnectAwaitedForEver) => {}
            Timer::Connect(connection) => {
                let waits = matches!(
                    self.state.connections.get(&connection),
                    Some(Phase::Opened { .. } | Phase::Authenticating(_))
                );
                if waits {
                    self.state.connections.remove(&connection);
                    turn.close(connection);
                }
            }
            Timer::KeepAlive(key) => self.silent(turn, key),
            Timer::WillDelay(key) => {
                publish_will(&mut self.state, turn, key, WillTrigger::DelayElapsed)
            }
            Timer::Resend(key) => self.resend_again(turn, key),
            Timer::SessionExpiry(key) if self.state.sessions.is_linked(key) => {
                forget_subscriptions(&mut self.state, key)
            }
            // [5 MQTT-4.1.0-2]
            Timer::SessionExpiry(key) => {
                end_session(&mut self.state, turn, key, TerminationReason::Expired)
            }
        }
    }

    /// The Keep Alive timer is moved when it comes due, not with every packet.
    fn silent(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
            return;
        };
        let Some(silence) = link.silence else {
            return;
        };
        let at = link.last_received + silence;
        if at > turn.now {
            self.state.timers.set(Timer::KeepAlive(key), at);
        } else if !self.state.rules.breaks(Fault::KeepAliveNotEnforced) {
            // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
            let reason = ReasonCode::KEEP_ALIVE_TIMEOUT;
            refuse(
                &mut self.state,
                turn,
                key,
                reason,
                DisconnectReason::KeepAliveTimeout,
            );
        }
    }
}
