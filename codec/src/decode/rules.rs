//! The rules that the decoder enforces, each with its clause in both versions and the code with which a version 5 peer
//! may answer.
//!
//! The code follows the standard's definitions. A packet that cannot be parsed is malformed (0x81). One that can be
//! parsed but is not allowed is a protocol error (0x82), unless a section names another code. Where version 5 says that
//! a receiver treats something as malformed, the code is 0x81.

use crate::{Clause, ProtocolVersion, ReasonCode};

/// One rule. An empty id means that no clause of that version states it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    v3: &'static str,
    v5: &'static str,
    pub(super) reason: ReasonCode,
}

impl Rule {
    /// Returns the clause to cite on a connection of this version.
    pub(super) fn clause(self, version: ProtocolVersion) -> Option<Clause> {
        let (version, id) = match version {
            ProtocolVersion::V5 => (version, self.v5),
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => (ProtocolVersion::V3_1_1, self.v3),
        };
        (!id.is_empty()).then_some(Clause { version, id })
    }
}

/// Returns every clause that a [`DecodeError`](super::DecodeError) can cite.
pub(crate) fn cited_clauses() -> impl Iterator<Item = Clause> {
    let versions = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];
    versions
        .into_iter()
        .flat_map(|version| ALL.iter().filter_map(move |rule| rule.clause(version)))
}

macro_rules! rules {
    ($($name:ident $v3:literal $v5:literal $reason:ident;)*) => {
        $(pub(super) const $name: Rule = Rule { v3: $v3, v5: $v5, reason: ReasonCode::$reason };)*
        const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    // Structure that no specific clause covers: bytes missing or left over.
    // [3.1.1 RULE-2.1-1] [5 RULE-2.1.1-1]
    STRUCTURE "RULE-2.1-1" "RULE-2.1.1-1" MALFORMED_PACKET;
    // Also fields that the flags do not announce, which are left over at the end: [3.1.1 MQTT-3.1.2-11]
    // [3.1.1 MQTT-3.1.2-18] [3.1.1 MQTT-3.1.2-20] [5 MQTT-3.1.2-16] [5 MQTT-3.1.2-18].
    CONNECT_STRUCTURE "MQTT-3.1.4-1" "MQTT-3.1.4-1" MALFORMED_PACKET;
    VARIABLE_BYTE_INTEGER "RULE-2.1-1" "MQTT-1.5.5-1" MALFORMED_PACKET;
    // These two apply to text in every field. [5 RULE-1.5.4-1]; Client Identifier [3.1.1 MQTT-3.1.3-4]
    // [5 MQTT-3.1.3-4], Will Topic [3.1.1 MQTT-3.1.3-10] [5 MQTT-3.1.3-11], User Name [3.1.1 MQTT-3.1.3-11]
    // [5 MQTT-3.1.3-12], Response Topic [5 MQTT-3.3.2-13], Content Type [5 MQTT-3.3.2-19], filters
    // [3.1.1 MQTT-3.8.3-1] [5 MQTT-3.8.3-1] [3.1.1 MQTT-3.10.3-1] [5 MQTT-3.10.3-1], all topics
    // [3.1.1 MQTT-4.7.3-2] [5 MQTT-4.7.3-2].
    UTF8_ILL_FORMED "MQTT-1.5.3-1" "MQTT-1.5.4-1" MALFORMED_PACKET;
    UTF8_NULL "MQTT-1.5.3-2" "MQTT-1.5.4-2" MALFORMED_PACKET;
    STRING_PAIR "" "MQTT-1.5.7-1" MALFORMED_PACKET;

    // [5 RULE-2.1.3-1]
    FLAGS "MQTT-2.2.2-1" "MQTT-2.1.3-1" MALFORMED_PACKET;
    FLAGS_PUBREL "MQTT-3.6.1-1" "MQTT-3.6.1-1" MALFORMED_PACKET;
    FLAGS_SUBSCRIBE "MQTT-3.8.1-1" "MQTT-3.8.1-1" MALFORMED_PACKET;
    FLAGS_UNSUBSCRIBE "MQTT-3.10.1-1" "MQTT-3.10.1-1" MALFORMED_PACKET;
    FLAGS_DISCONNECT "MQTT-3.14.1-1" "MQTT-3.14.1-1" MALFORMED_PACKET;
    FLAGS_AUTH "" "MQTT-3.15.1-1" MALFORMED_PACKET;

    PACKET_ID_CLIENT "MQTT-2.3.1-1" "MQTT-2.2.1-3" PROTOCOL_ERROR;
    PACKET_ID_SERVER "MQTT-2.3.1-1" "MQTT-2.2.1-4" PROTOCOL_ERROR;
    PACKET_ID_ACK "MQTT-2.3.1-6" "MQTT-2.2.1-5" PROTOCOL_ERROR;
    PACKET_ID_PUBCOMP "MQTT-4.3.3-2" "MQTT-2.2.1-5" PROTOCOL_ERROR;
    PACKET_ID_SUBACK "MQTT-2.3.1-7" "MQTT-2.2.1-6" PROTOCOL_ERROR;

    PROTOCOL_NAME "MQTT-3.1.2-1" "MQTT-3.1.2-1" UNSUPPORTED_PROTOCOL_VERSION;
    PROTOCOL_LEVEL "MQTT-3.1.2-2" "MQTT-3.1.2-2" UNSUPPORTED_PROTOCOL_VERSION;
    // [5 RULE-3.1.2.3-1]
    CONNECT_RESERVED "MQTT-3.1.2-3" "MQTT-3.1.2-3" MALFORMED_PACKET;
    WILL_FIELDS "MQTT-3.1.2-9" "MQTT-3.1.2-9" MALFORMED_PACKET;
    WILL_QOS_WITHOUT_WILL "MQTT-3.1.2-13" "MQTT-3.1.2-11" MALFORMED_PACKET;
    // [5 MQTT-3.1.2-12]
    WILL_QOS_3 "MQTT-3.1.2-14" "RULE-3.1.2.6-1" MALFORMED_PACKET;
    WILL_RETAIN_WITHOUT_WILL "MQTT-3.1.2-15" "MQTT-3.1.2-13" MALFORMED_PACKET;
    USERNAME_MISSING "MQTT-3.1.2-19" "MQTT-3.1.2-17" MALFORMED_PACKET;
    PASSWORD_MISSING "MQTT-3.1.2-21" "MQTT-3.1.2-19" MALFORMED_PACKET;
    PASSWORD_WITHOUT_USERNAME "MQTT-3.1.2-22" "" MALFORMED_PACKET;
    CLIENT_ID_MISSING "MQTT-3.1.3-3" "MQTT-3.1.3-3" MALFORMED_PACKET;
    CONNACK_FLAGS "RULE-3.2.2.1-1" "MQTT-3.2.2-1" MALFORMED_PACKET;
    CONNACK_STRUCTURE "RULE-3.2.1-1" "RULE-2.1.1-1" MALFORMED_PACKET;
    CONNACK_PAYLOAD "RULE-3.2.1-1" "RULE-3.2.3-1" MALFORMED_PACKET;

    DUP_AT_QOS_0 "MQTT-3.3.1-2" "MQTT-3.3.1-2" PROTOCOL_ERROR;
    // [5 RULE-3.3.1.2-1]
    PUBLISH_QOS_3 "MQTT-3.3.1-4" "MQTT-3.3.1-4" MALFORMED_PACKET;
    TOPIC_MISSING "MQTT-3.3.2-1" "MQTT-3.3.2-1" MALFORMED_PACKET;
    TOPIC_WILDCARD "MQTT-3.3.2-2" "MQTT-3.3.2-2" MALFORMED_PACKET;
    TOPIC_NAME_WILDCARD "MQTT-4.7.1-1" "MQTT-4.7.0-1" MALFORMED_PACKET;
    TOPIC_NAME_EMPTY "MQTT-4.7.3-1" "MQTT-4.7.3-1" MALFORMED_PACKET;
    TOPIC_EMPTY_WITHOUT_ALIAS "MQTT-4.7.3-1" "RULE-3.3.2.1-1" PROTOCOL_ERROR;
    TOPIC_ALIAS_0 "" "MQTT-3.3.2-8" TOPIC_ALIAS_INVALID;
    RESPONSE_TOPIC_WILDCARD "" "MQTT-3.3.2-14" MALFORMED_PACKET;

    SUBSCRIBE_EMPTY "MQTT-3.8.3-3" "MQTT-3.8.3-2" PROTOCOL_ERROR;
    SUBSCRIBE_QOS_3 "MQTT-3.8.3-4" "RULE-3.8.3.1-1" PROTOCOL_ERROR;
    SUBSCRIBE_RESERVED "MQTT-3.8.3-4" "MQTT-3.8.3-5" MALFORMED_PACKET;
    RETAIN_HANDLING_3 "" "RULE-3.8.3.1-2" PROTOCOL_ERROR;
    NO_LOCAL_SHARED "" "MQTT-3.8.3-4" PROTOCOL_ERROR;
    SUBACK_EMPTY "MQTT-3.8.4-5" "MQTT-3.8.4-6" MALFORMED_PACKET;
    UNSUBSCRIBE_EMPTY "MQTT-3.10.3-2" "MQTT-3.10.3-2" PROTOCOL_ERROR;
    UNSUBACK_EMPTY "" "MQTT-3.11.3-2" MALFORMED_PACKET;

    PROPERTY_NOT_ALLOWED "" "RULE-2.2.2.2-1" MALFORMED_PACKET;
    PROPERTY_LENGTH_MISSING "" "MQTT-2.2.2-1" MALFORMED_PACKET;
    // For properties whose sections have no id to cite (those of the acknowledgements).
    PROPERTY "" "" PROTOCOL_ERROR;
    SESSION_EXPIRY_INTERVAL_IN_CONNECT "" "RULE-3.1.2.11.2-2" PROTOCOL_ERROR;
    RECEIVE_MAXIMUM_IN_CONNECT "" "RULE-3.1.2.11.3-1" PROTOCOL_ERROR;
    MAXIMUM_PACKET_SIZE_IN_CONNECT "" "RULE-3.1.2.11.4-1" PROTOCOL_ERROR;
    TOPIC_ALIAS_MAXIMUM_IN_CONNECT "" "RULE-3.1.2.11.5-1" PROTOCOL_ERROR;
    REQUEST_RESPONSE_INFORMATION "" "RULE-3.1.2.11.6-1" PROTOCOL_ERROR;
    REQUEST_PROBLEM_INFORMATION "" "RULE-3.1.2.11.7-1" PROTOCOL_ERROR;
    AUTHENTICATION_METHOD_IN_CONNECT "" "RULE-3.1.2.11.9-1" PROTOCOL_ERROR;
    AUTHENTICATION_DATA_IN_CONNECT "" "RULE-3.1.2.11.10-1" PROTOCOL_ERROR;
    SESSION_EXPIRY_INTERVAL_IN_CONNACK "" "RULE-3.2.2.3.2-1" PROTOCOL_ERROR;
    RECEIVE_MAXIMUM_IN_CONNACK "" "RULE-3.2.2.3.3-1" PROTOCOL_ERROR;
    MAXIMUM_QOS "" "RULE-3.2.2.3.4-2" PROTOCOL_ERROR;
    RETAIN_AVAILABLE "" "RULE-3.2.2.3.5-2" PROTOCOL_ERROR;
    MAXIMUM_PACKET_SIZE_IN_CONNACK "" "RULE-3.2.2.3.6-2" PROTOCOL_ERROR;
    ASSIGNED_CLIENT_IDENTIFIER "" "RULE-3.2.2.3.7-1" PROTOCOL_ERROR;
    TOPIC_ALIAS_MAXIMUM_IN_CONNACK "" "RULE-3.2.2.3.8-1" PROTOCOL_ERROR;
    REASON_STRING_IN_CONNACK "" "RULE-3.2.2.3.9-1" PROTOCOL_ERROR;
    WILDCARD_SUBSCRIPTION_AVAILABLE "" "RULE-3.2.2.3.11-2" PROTOCOL_ERROR;
    SUBSCRIPTION_IDENTIFIER_AVAILABLE "" "RULE-3.2.2.3.12-2" PROTOCOL_ERROR;
    SHARED_SUBSCRIPTION_AVAILABLE "" "RULE-3.2.2.3.13-2" PROTOCOL_ERROR;
    SERVER_KEEP_ALIVE "" "RULE-3.2.2.3.14-1" PROTOCOL_ERROR;
    RESPONSE_INFORMATION "" "RULE-3.2.2.3.15-1" PROTOCOL_ERROR;
    SERVER_REFERENCE_IN_CONNACK "" "RULE-3.2.2.3.16-1" PROTOCOL_ERROR;
    AUTHENTICATION_METHOD_IN_CONNACK "" "RULE-3.2.2.3.17-1" PROTOCOL_ERROR;
    AUTHENTICATION_DATA_IN_CONNACK "" "RULE-3.2.2.3.18-1" PROTOCOL_ERROR;
    WILL_DELAY_INTERVAL "" "RULE-3.1.3.2.2-1" PROTOCOL_ERROR;
    PAYLOAD_FORMAT_INDICATOR_IN_WILL "" "RULE-3.1.3.2.3-1" PROTOCOL_ERROR;
    MESSAGE_EXPIRY_INTERVAL_IN_WILL "" "RULE-3.1.3.2.4-1" PROTOCOL_ERROR;
    MESSAGE_PROPERTIES_IN_WILL "" "RULE-3.1.3.2.5-1" PROTOCOL_ERROR;
    TOPIC_ALIAS_TWICE "" "RULE-3.3.2.3.4-1" PROTOCOL_ERROR;
    MESSAGE_PROPERTIES_IN_PUBLISH "" "RULE-3.3.2.3.5-1" PROTOCOL_ERROR;
    SUBSCRIPTION_IDENTIFIER_IN_PUBLISH "" "RULE-3.3.2.3.8-1" PROTOCOL_ERROR;
    SUBSCRIPTION_IDENTIFIER_IN_SUBSCRIBE "" "RULE-3.8.2.1.2-1" PROTOCOL_ERROR;
    AUTHENTICATION_METHOD_IN_AUTH "" "RULE-3.15.2.2.2-1" PROTOCOL_ERROR;
}
