//! CONNECT: who is let in, under which client id, and what the others are told.

use bytestring::ByteString;
use mqtt_check_codec::topic::check_name;
use mqtt_check_codec::{
    ConnAck, Connect, Disconnect, Packet, Properties, Property, ProtocolVersion, ReasonCode,
};

use super::Broker;
use super::deliver::outgoing::{explain, fit, rearrange};
use super::input::{ConnectionId, Time};
use super::rules::Rules;
use super::state::connection::Phase;
use super::topic::is_hidden;
use super::turn::Turn;
use crate::access::{AccessAction, Who};
use crate::{Fault, Liberty};

/// A CONNECT that is not accepted.
pub(crate) struct Refusal {
    pub(crate) reason: ReasonCode,
    pub(crate) server_reference: Option<ByteString>,
    /// Of the CONNECT, where it could be read.
    pub(crate) maximum_packet_size: Option<u32>,
}

impl From<ReasonCode> for Refusal {
    fn from(reason: ReasonCode) -> Self {
        Self {
            reason,
            server_reference: None,
            maximum_packet_size: None,
        }
    }
}

impl Refusal {
    /// What this CONNECT is told.
    pub(crate) fn to(self, connect: &Connect) -> Self {
        Self {
            maximum_packet_size: connect.properties.maximum_packet_size(),
            ..self
        }
    }
}

/// The most that 3.1 allows in a client id, in characters.
const V3_1_CLIENT_ID_MAXIMUM: usize = 23;

impl Broker {
    /// What speaks against it before the client is even asked who it is.
    pub(crate) fn may_begin(&mut self, now: Time, connect: &Connect) -> Result<(), ReasonCode> {
        let config = &self.state.rules.config;
        if let Some(maximum) = config.maximum_connection_rate
            && self.arrivals.count(now) > maximum
        {
            return Err(ReasonCode::CONNECTION_RATE_EXCEEDED);
        }
        if self.state.connections.len() > config.maximum_connections {
            return Err(ReasonCode::SERVER_BUSY);
        }
        let unknown = connect
            .properties
            .authentication_method()
            .is_some_and(|method| !config.authentication.keys().any(|m| m.name() == &*method));
        if unknown && !self.state.rules.breaks(Fault::UnknownAuthMethodAccepted) {
            // [5 MQTT-4.12.0-1]
            return Err(
                match self
                    .state
                    .rules
                    .chooses(Liberty::UnknownMethodNotAuthorized)
                {
                    true => ReasonCode::NOT_AUTHORIZED,
                    false => ReasonCode::BAD_AUTHENTICATION_METHOD,
                },
            );
        }
        Ok(())
    }

    /// Everything else that can speak against it, before any session is touched. Whoever has `proven` who it is needs
    /// no password. The client id is settled here: the one that was assigned is returned.
    pub(crate) fn admit(
        &mut self,
        connect: &mut Connect,
        nonce: u64,
        proven: bool,
    ) -> Result<Option<ByteString>, Refusal> {
        if !proven {
            check_credentials(&self.state.rules, connect)?;
        }
        check_will(&self.state.rules, connect)?;
        let assigned = self.settle_client_id(connect, nonce)?;
        check_will_access(&self.state.rules, connect)?;
        let (config, client) = (&self.state.rules.config, &connect.client_id);
        if self.state.sessions.len() >= config.maximum_sessions
            && self.state.sessions.key(client).is_none()
        {
            return Err(ReasonCode::QUOTA_EXCEEDED.into());
        }
        if self.state.rules.breaks(Fault::UncleanStartRefusedWhenNew)
            && !connect.clean_start
            && self.state.sessions.key(client).is_none()
        {
            return Err(ReasonCode::SERVER_UNAVAILABLE.into());
        }
        if config.banned_clients.iter().any(|banned| client == banned) {
            return Err(ReasonCode::BANNED.into());
        }
        if let Some(redirect) = self.redirects.remove(client) {
            return Err(Refusal {
                reason: redirect.reason,
                server_reference: redirect.server_reference,
                maximum_packet_size: None,
            });
        }
        Ok(assigned)
    }

    fn settle_client_id(
        &self,
        connect: &mut Connect,
        mut nonce: u64,
    ) -> Result<Option<ByteString>, Refusal> {
        if self.state.rules.breaks(Fault::ClientIdsCaseFolded) {
            connect.client_id = ByteString::from(connect.client_id.to_lowercase());
        }
        let id = &connect.client_id;
        if !id.is_empty() {
            // [3.1.1 MQTT-3.1.3-5] [5 MQTT-3.1.3-5]: the configured limit is never below 23.
            let limit = match connect.version {
                ProtocolVersion::V3_1 => Some(V3_1_CLIENT_ID_MAXIMUM),
                _ => self.state.rules.config.maximum_client_id_bytes,
            };
            let too_long = limit.is_some_and(|limit| id.len() > limit.max(23));
            let unwanted = self.state.rules.breaks(Fault::ClientIdOf23BytesRefused)
                && id.len() > 22
                || self.state.rules.breaks(Fault::ClientIdInCapitalsRefused)
                    && id.contains(|c: char| c.is_ascii_uppercase());
            // [3.1.1 MQTT-3.1.3-5] [5 RULE-3.1.3.1-1]
            let odd = self.state.rules.chooses(Liberty::ClientIdAlphabetEnforced)
                && !id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return if too_long || unwanted || odd {
                // [3.1.1 MQTT-3.1.3-9] [5 MQTT-3.1.3-8]
                Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into())
            } else {
                Ok(None)
            };
        }
        match connect.version {
            ProtocolVersion::V3_1 => return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into()),
            // [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-7]
            ProtocolVersion::V3_1_1
                if !connect.clean_start
                    && !self.state.rules.breaks(Fault::EmptyClientIdUncleanAccepted) =>
            {
                return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
            }
            _ if self.state.rules.chooses(Liberty::EmptyClientIdRefused) => {
                return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
            }
            _ => {}
        }
        // [3.1.1 MQTT-3.1.3-6] [5 MQTT-3.1.3-6] [5 MQTT-3.1.3-7] [5 MQTT-3.2.2-16]
        let id = loop {
            let id = match self.state.rules.chooses(Liberty::AssignedClientIdsLong) {
                true => format!("assigned/{nonce:032x}/by-this-server"),
                false => format!("auto{nonce:016x}"),
            };
            if self.state.rules.breaks(Fault::AssignedClientIdsAlike) {
                break ByteString::from_static("auto");
            }
            if self.state.sessions.key(&id).is_none() {
                break ByteString::from(id);
            }
            nonce = nonce.wrapping_add(1);
        };
        connect.client_id = id.clone();
        if self.state.rules.breaks(Fault::AssignedClientIdNotUsed) {
            connect.client_id = ByteString::from(format!("{id}x"));
        }
        Ok(Some(id).filter(|_| !self.state.rules.breaks(Fault::AssignedClientIdNotTold)))
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
            ProtocolVersion::V5 if self.state.rules.breaks(Fault::ConnackCodeUnknown) => {
                Some(ReasonCode::ADMINISTRATIVE_ACTION)
            }
            ProtocolVersion::V5 => self.connack_code(refusal.reason),
            _ if self.state.rules.breaks(Fault::RefusedConnectUnanswered) => None,
            _ => self.return_code(refusal.reason),
        };
        if let (Some(reason), true) = (
            reason,
            self.state.rules.breaks(Fault::DisconnectBeforeConnack),
        ) {
            let properties = Properties::new();
            turn.send(
                connection,
                Packet::Disconnect(Disconnect { reason, properties }),
            );
        } else if let Some(reason) = reason {
            let mut properties = Properties::new();
            if let (ProtocolVersion::V5, Some(reference)) = (version, refusal.server_reference) {
                properties.push(Property::ServerReference(reference));
            }
            let connack = ConnAck {
                // [3.1.1 MQTT-3.2.2-4] [5 MQTT-3.2.2-6]
                session_present: self.state.rules.breaks(Fault::SessionPresentOnRefusal),
                reason,
                properties,
            };
            let mut connack = Packet::ConnAck(connack);
            if version == ProtocolVersion::V5 {
                explain(&self.state.rules, &mut connack);
            }
            // [5 MQTT-3.1.2-24]
            let maximum = refusal.maximum_packet_size;
            if self.state.rules.chooses(Liberty::PropertiesInOtherOrder) {
                rearrange(&mut connack);
            }
            if fit(&self.state.rules, version, maximum, &mut connack) {
                turn.send(connection, connack);
            }
        }
        let by_id = refusal.reason == ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
            && self.state.rules.breaks(Fault::RefusedClientIdStaysOpen);
        if !by_id && !self.state.rules.breaks(Fault::RefusedConnectStaysOpen) {
            turn.close(connection);
        }
        // [3.1.1 MQTT-3.1.4-5] [5 MQTT-3.1.4-6]: whatever else comes on this connection finds nobody.
        self.state.connections.remove(&connection);
        if self.state.rules.breaks(Fault::PacketsAfterRefusalProcessed) {
            self.state.connections.insert(connection, Phase::Ghost);
        }
    }

    /// The code of a CONNACK that refuses, if one is sent at all. [5 RULE-4.13.1-1]
    fn connack_code(&self, reason: ReasonCode) -> Option<ReasonCode> {
        let rules = &self.state.rules;
        Some(match reason {
            // What an administrator wants said.
            ReasonCode::USE_ANOTHER_SERVER | ReasonCode::SERVER_MOVED => reason,
            _ if rules.chooses(Liberty::ConnectRefusedUnspecified) => ReasonCode::UNSPECIFIED_ERROR,
            // [5 MQTT-3.2.2-12] [5 MQTT-3.2.2-13]
            ReasonCode::QOS_NOT_SUPPORTED | ReasonCode::RETAIN_NOT_SUPPORTED => {
                return (!rules.chooses(Liberty::UnsupportedWillRefusedSilently)).then_some(reason);
            }
            _ if rules.chooses(Liberty::ConnectRefusedSilently) => return None,
            ReasonCode::SERVER_BUSY
            | ReasonCode::QUOTA_EXCEEDED
            | ReasonCode::CONNECTION_RATE_EXCEEDED
                if rules.chooses(Liberty::ConnectRefusedAsUnavailable) =>
            {
                ReasonCode::SERVER_UNAVAILABLE
            }
            ReasonCode::BAD_USER_NAME_OR_PASSWORD | ReasonCode::BANNED
                if rules.chooses(Liberty::StrangersNotAuthorized) =>
            {
                ReasonCode::NOT_AUTHORIZED
            }
            reason => reason,
        })
    }

    /// The Connect Return code of 3.1.1 that says the same; `None` where there is none, and then nothing is said.
    /// [3.1.1 MQTT-3.2.2-6] [3.1.1 RULE-3.2.2.3-1]
    fn return_code(&self, reason: ReasonCode) -> Option<ReasonCode> {
        // [3.1.1 MQTT-3.1.2-2] [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-9] demand theirs.
        let demanded = matches!(
            reason,
            ReasonCode::UNSUPPORTED_PROTOCOL_VERSION | ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
        );
        if !demanded && self.state.rules.chooses(Liberty::ConnectRefusedSilentlyIn3) {
            return None;
        }
        match reason {
            ReasonCode::BAD_USER_NAME_OR_PASSWORD
                if self.state.rules.chooses(Liberty::StrangersNotAuthorized) =>
            {
                Some(ReasonCode::V3_NOT_AUTHORIZED)
            }
            ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
                if self.state.rules.breaks(Fault::ClientIdRefusedWithOtherCode) =>
            {
                Some(ReasonCode::V3_SERVER_UNAVAILABLE)
            }
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
}

/// [5 MQTT-3.1.4-2] [3.1.1 RULE-3.1.4-2]
fn check_credentials(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let Some(users) = &rules.config.users else {
        return Ok(());
    };
    let Some(name) = &connect.username else {
        return Err(ReasonCode::NOT_AUTHORIZED.into());
    };
    let known = users.iter().any(|user| {
        name == &user.name
            && (connect.password.as_deref() == Some(user.password.as_slice())
                || rules.breaks(Fault::WrongPasswordAccepted))
    });
    if known {
        Ok(())
    } else {
        Err(ReasonCode::BAD_USER_NAME_OR_PASSWORD.into())
    }
}

fn check_will(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let config = &rules.config;
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
    if will.qos > config.maximum_qos && !rules.breaks(Fault::WillAboveMaximumQosAccepted) {
        // [5 MQTT-3.2.2-12]
        return Err(ReasonCode::QOS_NOT_SUPPORTED.into());
    }
    if will.retain
        && !config.retain_available
        && !rules.breaks(Fault::WillRetainWithoutRetainAccepted)
    {
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

/// A Will is published in its client's name, so who may not publish it may not leave it. [3.1.1 RULE-3.1.4-2]
/// [5 MQTT-3.1.4-2]
fn check_will_access(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let Some(will) = &connect.will else {
        return Ok(());
    };
    let who = Who {
        client: &connect.client_id,
        user: connect.username.as_deref(),
    };
    match rules.permits(who, AccessAction::Publish, &will.topic)
        || rules.breaks(Fault::WillAccessIgnored)
    {
        true => Ok(()),
        false => Err(ReasonCode::NOT_AUTHORIZED.into()),
    }
}
