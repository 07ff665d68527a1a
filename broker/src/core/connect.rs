//! CONNECT that is accepted: which session it gets, and by what limits the two ends go on.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{ConnAck, Connect, Packet, Properties, ProtocolVersion, ReasonCode};

use super::link::{Link, OutboundAliases};
use super::session::{Expiry, Session, SessionKey};
use super::timer::Timer;
use super::turn::Turn;
use super::will::Will;
use super::{Broker, ConnectionId, Phase};
use crate::HookEvent;

impl Broker {
    /// The first packet of a connection is a CONNECT.
    pub(crate) fn connect_received(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        nonce: u64,
        mut connect: Connect,
    ) {
        self.timers.cancel(Timer::Connect(connection));
        let assigned = match self.admit(&mut connect, nonce) {
            Ok(assigned) => assigned,
            Err(refusal) => {
                self.refuse_connect(turn, connection, connect.version, refusal);
                return;
            }
        };
        let link = self.link(turn, connection, &connect);
        let expiry = self.expiry(&connect);
        let mut connack = ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: match connect.version {
                ProtocolVersion::V5 => self.connack_properties(&connect, expiry, assigned),
                _ => Properties::new(),
            },
        };
        if !link.takes(&self.rules, Packet::ConnAck(connack.clone())) {
            // [5 MQTT-3.1.2-24]: there is no CONNACK that this client would take, so there is no connection.
            self.connections.remove(&connection);
            turn.close(connection);
            return;
        }
        let (key, resumed) = self.claim_session(turn, &connect);
        connack.session_present = self.session_present(&connect, resumed);
        let Some(session) = self.sessions.at_mut(key) else {
            return;
        };
        session.expiry = expiry;
        session.closed_at = None;
        session.will = connect.will.take().map(Will::new);
        if let Some(silence) = link.silence {
            self.timers.set(Timer::KeepAlive(key), turn.now + silence);
        }
        let event = HookEvent::ClientConnected {
            client: session.client.clone(),
            connack: connack.reason,
            username: connect.username.clone(),
            session_present: connack.session_present,
        };
        // [3.1.1 MQTT-3.2.0-1] [3.1.1 MQTT-3.1.4-4] [5 MQTT-3.2.0-1] [5 MQTT-3.1.4-5]
        link.send(&self.rules, turn, Packet::ConnAck(connack));
        self.connections.insert(connection, Phase::Connected(key));
        session.link = Some(link);
        turn.hook(event);
        session.resume(&self.rules, turn);
    }

    /// The session of this client: the one that there was, or a new one. [3.1.1 MQTT-3.1.4-3]
    /// [5 MQTT-3.1.4-4]
    fn claim_session(&mut self, turn: &mut Turn<'_>, connect: &Connect) -> (SessionKey, bool) {
        if let Some(key) = self.sessions.key(&connect.client_id) {
            let survives = if self.sessions.at(key).is_some_and(|s| s.link.is_some()) {
                self.take_over(turn, key, connect.clean_start)
            } else {
                self.reopen(turn, key, connect.clean_start)
            };
            if survives {
                // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
                turn.hook(HookEvent::SessionResumed {
                    client: connect.client_id.clone(),
                });
                return (key, true);
            }
        }
        // [3.1.1 MQTT-3.1.2-6] [5 MQTT-3.1.2-4] [5 MQTT-3.1.2-6]. The id is copied, since the client's packet
        // need not live as long as the session.
        let client = ByteString::from(&*connect.client_id);
        turn.hook(HookEvent::SessionCreated {
            client: client.clone(),
        });
        (self.sessions.insert(Session::new(client)), false)
    }

    /// How long the session outlives this connection.
    fn expiry(&self, connect: &Connect) -> Expiry {
        let config = &self.rules.config;
        match connect.version {
            ProtocolVersion::V5 => {
                let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
                Expiry::granted(config, asked)
            }
            // [3.1.1 MQTT-3.1.2-6]
            _ if connect.clean_start => Expiry::AtClose,
            _ => match config.persistent_session_expiry {
                Some(expiry) => Expiry::After(expiry),
                None => Expiry::Never,
            },
        }
    }

    fn link(&self, turn: &Turn<'_>, connection: ConnectionId, connect: &Connect) -> Link {
        let config = &self.rules.config;
        let v5 = connect.version == ProtocolVersion::V5;
        let properties = &connect.properties;
        // [5 MQTT-3.2.2-22]
        let keep_alive_s = match config.server_keep_alive_s {
            Some(keep_alive_s) if v5 => keep_alive_s,
            _ => connect.keep_alive_s,
        };
        // [5 MQTT-4.9.0-1]
        let receive_maximum = properties.receive_maximum().unwrap_or(u16::MAX);
        Link {
            connection,
            version: connect.version,
            silence: (keep_alive_s > 0)
                .then(|| Duration::from_millis(u64::from(keep_alive_s) * 1500)),
            last_received: turn.now,
            send_limit: usize::from(receive_maximum.min(config.maximum_inflight).max(1)),
            congested: false,
            unreleased: 0,
            maximum_packet_size: properties.maximum_packet_size(),
            aliases_in: Default::default(),
            aliases_out: OutboundAliases::up_to(properties.topic_alias_maximum().unwrap_or(0)),
            problem_information: properties.request_problem_information() != Some(0),
            connect_expiry_s: properties.session_expiry_interval_s().unwrap_or(0),
        }
    }
}
