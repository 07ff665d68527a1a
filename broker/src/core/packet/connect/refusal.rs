//! A refused CONNECT: the CONNACK with the reason code, and the close.

use bytestring::ByteString;
use mqtt_check_codec::{
    ConnAck, Connect, Disconnect, Packet, Properties, Property, ProtocolVersion, ReasonCode,
};

use crate::core::deliver::outgoing::{explain, fit, rearrange};
use crate::core::input::ConnectionId;
use crate::core::rules::Rules;
use crate::core::state::connection::{Connections, Phase};
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// Why a CONNECT is refused, and what limits the CONNACK.
pub(crate) struct Refusal {
    pub(crate) reason: ReasonCode,
    pub(crate) server_reference: Option<ByteString>,
    /// The limit in the CONNECT, if it has one and could be read.
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
    /// Returns the refusal with the Maximum Packet Size of this CONNECT.
    pub(crate) fn to(self, connect: &Connect) -> Self {
        Self {
            maximum_packet_size: connect.properties.maximum_packet_size(),
            ..self
        }
    }
}

/// Sends CONNACK if the version has a code for the reason, and closes the connection. [3.1.1 MQTT-3.2.2-5]
/// [3.1.1 MQTT-3.2.2-6] [5 MQTT-3.2.2-7] [5 MQTT-3.1.4-2]
pub(crate) fn refuse_connect(
    rules: &Rules,
    connections: &mut Connections,
    turn: &mut Turn<'_>,
    connection: ConnectionId,
    version: ProtocolVersion,
    refusal: Refusal,
) {
    let reason = match version {
        ProtocolVersion::V5 if rules.breaks(Fault::ConnackCodeUnknown) => {
            Some(ReasonCode::ADMINISTRATIVE_ACTION)
        }
        ProtocolVersion::V5 => connack_code(rules, refusal.reason),
        _ if rules.breaks(Fault::RefusedConnectUnanswered) => None,
        _ if rules.breaks(Fault::RefusalCodesOfVersion5) => Some(refusal.reason),
        // [3.1.1 RULE-3.2.2.3-1]
        _ if !rules.faults.is_none() && is_unanswered(rules, refusal.reason) => None,
        _ => return_code(rules, refusal.reason),
    };
    if let (Some(reason), true) = (reason, rules.breaks(Fault::DisconnectBeforeConnack)) {
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
            session_present: rules.breaks(Fault::SessionPresentOnRefusal),
            reason,
            properties,
        };
        let mut connack = Packet::ConnAck(connack);
        if version == ProtocolVersion::V5 {
            explain(rules, &mut connack);
        }
        // [5 MQTT-3.1.2-24]
        let maximum = refusal.maximum_packet_size;
        if rules.chooses(Liberty::PropertiesInOtherOrder) {
            rearrange(&mut connack);
        }
        if fit(rules, version, maximum, &mut connack) {
            turn.send(connection, connack);
        }
    }
    let by_id = refusal.reason == ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
        && rules.breaks(Fault::RefusedClientIdStaysOpen);
    if !by_id && !rules.breaks(Fault::RefusedConnectStaysOpen) {
        turn.close(connection);
    }
    // [3.1.1 MQTT-3.1.4-5] [5 MQTT-3.1.4-6]: further packets on this connection are ignored.
    connections.remove(&connection);
    if rules.breaks(Fault::PacketsAfterRefusalProcessed) {
        connections.insert(connection, Phase::Ghost);
    }
}

/// For faults: whether a CONNECT of 3.1.1 that is refused for this reason gets no CONNACK.
fn is_unanswered(rules: &Rules, reason: ReasonCode) -> bool {
    match reason {
        ReasonCode::SERVER_BUSY
        | ReasonCode::QUOTA_EXCEEDED
        | ReasonCode::CONNECTION_RATE_EXCEEDED => rules.breaks(Fault::LimitsRefuseUnanswered),
        ReasonCode::BANNED | ReasonCode::NOT_AUTHORIZED => {
            rules.breaks(Fault::StrangersRefusedUnanswered)
        }
        _ => false,
    }
}

/// Returns the reason code of a refusing CONNACK, or `None` if none is sent. [5 RULE-4.13.1-1]
fn connack_code(rules: &Rules, reason: ReasonCode) -> Option<ReasonCode> {
    Some(match reason {
        // An administrator chose these codes.
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

/// Returns the Connect Return code of 3.1.1 with the same meaning. If there is none, returns `None`, and no CONNACK is
/// sent. [3.1.1 MQTT-3.2.2-6] [3.1.1 RULE-3.2.2.3-1]
fn return_code(rules: &Rules, reason: ReasonCode) -> Option<ReasonCode> {
    // [3.1.1 MQTT-3.1.2-2] [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-9] require their codes.
    let demanded = matches!(
        reason,
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION | ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
    );
    if !demanded && rules.chooses(Liberty::ConnectRefusedSilentlyIn3) {
        return None;
    }
    match reason {
        ReasonCode::BAD_USER_NAME_OR_PASSWORD if rules.chooses(Liberty::StrangersNotAuthorized) => {
            Some(ReasonCode::V3_NOT_AUTHORIZED)
        }
        ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
            if rules.breaks(Fault::ClientIdRefusedWithOtherCode) =>
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
