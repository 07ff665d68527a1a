//! CONNECT: who comes, what is checked, which session it gets, and what CONNACK says.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::topic::check_name;
use mqtt_check_codec::{
    ConnAck, Connect, Packet, Properties, Property, ProtocolVersion, QoS, ReasonCode,
};

use super::link::{Link, OutboundAliases};
use super::session::{Expiry, Session, SessionKey};
use super::timer::Timer;
use super::topic::is_hidden;
use super::turn::Turn;
use super::will::Will;
use super::{Broker, ConnectionId, Phase};
use crate::config::Config;
use crate::{Deviation, HookEvent};

/// A CONNECT that is not accepted.
pub(crate) struct Refusal {
    pub(crate) reason: ReasonCode,
    pub(crate) server_reference: Option<ByteString>,
}

impl From<ReasonCode> for Refusal {
    fn from(reason: ReasonCode) -> Self {
        Self {
            reason,
            server_reference: None,
        }
    }
}

/// The most that 3.1 allows in a client id, in characters.
const V3_1_CLIENT_ID_MAXIMUM: usize = 23;

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

    /// Everything that can speak against it, before any session is touched. The client id is settled here: the
    /// one that was assigned is returned.
    fn admit(&mut self, connect: &mut Connect, nonce: u64) -> Result<Option<ByteString>, Refusal> {
        let config = &self.rules.config;
        if self.connections.len() > config.maximum_connections {
            return Err(ReasonCode::SERVER_BUSY.into());
        }
        if connect.properties.authentication_method().is_some() {
            // [5 MQTT-4.12.0-1]
            return Err(ReasonCode::BAD_AUTHENTICATION_METHOD.into());
        }
        check_credentials(config, connect)?;
        check_will(config, connect)?;
        let assigned = self.settle_client_id(connect, nonce)?;
        let (config, client) = (&self.rules.config, &connect.client_id);
        if self.sessions.len() >= config.maximum_sessions && self.sessions.key(client).is_none() {
            return Err(ReasonCode::QUOTA_EXCEEDED.into());
        }
        if config.banned_clients.iter().any(|banned| client == banned) {
            return Err(ReasonCode::BANNED.into());
        }
        if let Some(redirect) = self.redirects.remove(client) {
            return Err(Refusal {
                reason: redirect.reason,
                server_reference: redirect.server_reference,
            });
        }
        Ok(assigned)
    }

    fn settle_client_id(
        &self,
        connect: &mut Connect,
        mut nonce: u64,
    ) -> Result<Option<ByteString>, Refusal> {
        let id = &connect.client_id;
        if !id.is_empty() {
            // [3.1.1 MQTT-3.1.3-5] [5 MQTT-3.1.3-5]: the configured limit is never below 23.
            let limit = match connect.version {
                ProtocolVersion::V3_1 => Some(V3_1_CLIENT_ID_MAXIMUM),
                _ => self.rules.config.maximum_client_id_bytes,
            };
            let too_long = limit.is_some_and(|limit| id.len() > limit.max(23));
            return if too_long {
                // [3.1.1 MQTT-3.1.3-9] [5 MQTT-3.1.3-8]
                Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into())
            } else {
                Ok(None)
            };
        }
        match connect.version {
            ProtocolVersion::V3_1 => return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into()),
            // [3.1.1 MQTT-3.1.3-8]
            ProtocolVersion::V3_1_1 if !connect.clean_start => {
                return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
            }
            _ => {}
        }
        // [3.1.1 MQTT-3.1.3-6] [5 MQTT-3.1.3-6] [5 MQTT-3.1.3-7] [5 MQTT-3.2.2-16]
        let id = loop {
            let id = format!("auto{nonce:016x}");
            if self.sessions.key(&id).is_none() {
                break ByteString::from(id);
            }
            nonce = nonce.wrapping_add(1);
        };
        connect.client_id = id.clone();
        Ok(Some(id))
    }

    /// CONNACK with the code where the version has one for it, then the end. [3.1.1 MQTT-3.2.2-5]
    /// [3.1.1 MQTT-3.2.2-6] [5 MQTT-3.2.2-7] [5 MQTT-3.1.4-2]
    pub(crate) fn refuse_connect(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        version: ProtocolVersion,
        refusal: Refusal,
    ) {
        let reason = match version {
            ProtocolVersion::V5 => Some(refusal.reason),
            _ => return_code(refusal.reason),
        };
        if let Some(reason) = reason {
            let mut properties = Properties::new();
            if let (ProtocolVersion::V5, Some(reference)) = (version, refusal.server_reference) {
                properties.push(Property::ServerReference(reference));
            }
            let connack = ConnAck {
                // [3.1.1 MQTT-3.2.2-4] [5 MQTT-3.2.2-6]
                session_present: false,
                reason,
                properties,
            };
            turn.send(connection, Packet::ConnAck(connack));
        }
        turn.close(connection);
        // [3.1.1 MQTT-3.1.4-5] [5 MQTT-3.1.4-6]: whatever else comes on this connection finds nobody.
        self.connections.remove(&connection);
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

    /// [3.1.1 MQTT-3.2.2-1] [3.1.1 MQTT-3.2.2-2] [3.1.1 MQTT-3.2.2-3] [5 MQTT-3.2.2-2] [5 MQTT-3.2.2-3]
    fn session_present(&self, connect: &Connect, resumed: bool) -> bool {
        if connect.version == ProtocolVersion::V3_1 {
            // 3.1 has no such bit.
            return false;
        }
        if connect.clean_start {
            return resumed || self.rules.breaks(Deviation::SessionPresentOnCleanStart);
        }
        if resumed {
            !self.rules.breaks(Deviation::SessionPresentNever)
        } else {
            self.rules.breaks(Deviation::SessionPresentWhenNew)
        }
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

    /// What CONNACK announces, which is what is enforced; what is the standard's default goes without saying.
    fn connack_properties(
        &self,
        connect: &Connect,
        expiry: Expiry,
        assigned: Option<ByteString>,
    ) -> Properties {
        let config = &self.rules.config;
        let mut properties = Properties::new();
        let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
        if expiry != Expiry::from_s(asked) && !self.rules.breaks(Deviation::ExpiryCutSilently) {
            properties.push(Property::SessionExpiryInterval(expiry.as_s()));
        }
        if config.receive_maximum < u16::MAX {
            properties.push(Property::ReceiveMaximum(config.receive_maximum));
        }
        if config.maximum_qos < QoS::ExactlyOnce {
            // [5 MQTT-3.2.2-9]
            properties.push(Property::MaximumQoS(config.maximum_qos.as_u8()));
        }
        if !config.retain_available {
            properties.push(Property::RetainAvailable(0));
        }
        if let Some(maximum) = config.maximum_packet_size {
            properties.push(Property::MaximumPacketSize(maximum));
        }
        if let Some(client) = assigned {
            properties.push(Property::AssignedClientIdentifier(client));
        }
        if config.topic_alias_maximum > 0 {
            properties.push(Property::TopicAliasMaximum(config.topic_alias_maximum));
        }
        if !config.wildcard_subscription_available {
            properties.push(Property::WildcardSubscriptionAvailable(0));
        }
        if !config.subscription_identifier_available {
            properties.push(Property::SubscriptionIdentifierAvailable(0));
        }
        if !config.shared_subscription_available {
            properties.push(Property::SharedSubscriptionAvailable(0));
        }
        if let Some(keep_alive_s) = config.server_keep_alive_s {
            properties.push(Property::ServerKeepAlive(keep_alive_s));
        }
        // [5 MQTT-3.1.2-28]
        if connect.properties.request_response_information() == Some(1)
            && let Some(information) = &config.response_information
        {
            properties.push(Property::ResponseInformation(ByteString::from(
                information.as_str(),
            )));
        }
        properties
    }
}

/// [5 MQTT-3.1.4-2] [3.1.1 RULE-3.1.4-2]
fn check_credentials(config: &Config, connect: &Connect) -> Result<(), Refusal> {
    let Some(users) = &config.users else {
        return Ok(());
    };
    let Some(name) = &connect.username else {
        return Err(ReasonCode::NOT_AUTHORIZED.into());
    };
    let known = users.iter().any(|user| {
        name == &user.name && connect.password.as_deref() == Some(user.password.as_slice())
    });
    if known {
        Ok(())
    } else {
        Err(ReasonCode::BAD_USER_NAME_OR_PASSWORD.into())
    }
}

fn check_will(config: &Config, connect: &Connect) -> Result<(), Refusal> {
    let Some(will) = &connect.will else {
        return Ok(());
    };
    if check_name(&will.topic, connect.version).is_err() {
        return Err(ReasonCode::TOPIC_NAME_INVALID.into());
    }
    if is_hidden(&will.topic) && !config.dollar_topics {
        // [3.1.1 RULE-4.7.2-1] [5 RULE-4.7.2-1]
        return Err(ReasonCode::NOT_AUTHORIZED.into());
    }
    if will.qos > config.maximum_qos {
        // [5 MQTT-3.2.2-12]
        return Err(ReasonCode::QOS_NOT_SUPPORTED.into());
    }
    if will.retain && !config.retain_available {
        // [5 MQTT-3.2.2-13]
        return Err(ReasonCode::RETAIN_NOT_SUPPORTED.into());
    }
    let text = will.properties.payload_format_indicator() == Some(1);
    if config.check_payload_format && text && std::str::from_utf8(&will.payload).is_err() {
        // [5 RULE-3.1.3.2.3-2]
        return Err(ReasonCode::PAYLOAD_FORMAT_INVALID.into());
    }
    Ok(())
}

/// The Connect Return code of 3.1.1 that says the same; `None` where there is none, and then nothing is said.
/// [3.1.1 MQTT-3.2.2-6]
fn return_code(reason: ReasonCode) -> Option<ReasonCode> {
    match reason {
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => {
            Some(ReasonCode::V3_UNACCEPTABLE_PROTOCOL_VERSION)
        }
        ReasonCode::CLIENT_IDENTIFIER_NOT_VALID => Some(ReasonCode::V3_IDENTIFIER_REJECTED),
        ReasonCode::SERVER_UNAVAILABLE
        | ReasonCode::SERVER_BUSY
        | ReasonCode::USE_ANOTHER_SERVER
        | ReasonCode::SERVER_MOVED
        | ReasonCode::QUOTA_EXCEEDED
        | ReasonCode::CONNECTION_RATE_EXCEEDED => Some(ReasonCode::V3_SERVER_UNAVAILABLE),
        ReasonCode::BAD_USER_NAME_OR_PASSWORD => Some(ReasonCode::V3_BAD_USER_NAME_OR_PASSWORD),
        ReasonCode::NOT_AUTHORIZED | ReasonCode::BANNED => Some(ReasonCode::V3_NOT_AUTHORIZED),
        _ => None,
    }
}
