//! Reason codes of version 5 and the Connect Return codes of 3.1.1.

use std::fmt;

use crate::{PacketType, ProtocolVersion};

/// One byte that says how it went. An unknown one survives and prints as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReasonCode(pub u8);

macro_rules! reason_codes {
    ($($constant:ident = $code:literal $name:literal,)*) => {
        impl ReasonCode {
            $(#[doc = $name] pub const $constant: Self = Self($code);)*
        }

        /// Code and name of each version 5 reason; 0x00 to 0x02 have other names in some packets.
        const NAMES: &[(u8, &str)] = &[$(($code, $name)),*];
    };
}

reason_codes! {
    SUCCESS = 0x00 "success",
    GRANTED_QOS_1 = 0x01 "granted_qos_1",
    GRANTED_QOS_2 = 0x02 "granted_qos_2",
    DISCONNECT_WITH_WILL_MESSAGE = 0x04 "disconnect_with_will_message",
    NO_MATCHING_SUBSCRIBERS = 0x10 "no_matching_subscribers",
    NO_SUBSCRIPTION_EXISTED = 0x11 "no_subscription_existed",
    CONTINUE_AUTHENTICATION = 0x18 "continue_authentication",
    RE_AUTHENTICATE = 0x19 "re_authenticate",
    UNSPECIFIED_ERROR = 0x80 "unspecified_error",
    MALFORMED_PACKET = 0x81 "malformed_packet",
    PROTOCOL_ERROR = 0x82 "protocol_error",
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83 "implementation_specific_error",
    UNSUPPORTED_PROTOCOL_VERSION = 0x84 "unsupported_protocol_version",
    CLIENT_IDENTIFIER_NOT_VALID = 0x85 "client_identifier_not_valid",
    BAD_USER_NAME_OR_PASSWORD = 0x86 "bad_user_name_or_password",
    NOT_AUTHORIZED = 0x87 "not_authorized",
    SERVER_UNAVAILABLE = 0x88 "server_unavailable",
    SERVER_BUSY = 0x89 "server_busy",
    BANNED = 0x8A "banned",
    SERVER_SHUTTING_DOWN = 0x8B "server_shutting_down",
    BAD_AUTHENTICATION_METHOD = 0x8C "bad_authentication_method",
    KEEP_ALIVE_TIMEOUT = 0x8D "keep_alive_timeout",
    SESSION_TAKEN_OVER = 0x8E "session_taken_over",
    TOPIC_FILTER_INVALID = 0x8F "topic_filter_invalid",
    TOPIC_NAME_INVALID = 0x90 "topic_name_invalid",
    PACKET_IDENTIFIER_IN_USE = 0x91 "packet_identifier_in_use",
    PACKET_IDENTIFIER_NOT_FOUND = 0x92 "packet_identifier_not_found",
    RECEIVE_MAXIMUM_EXCEEDED = 0x93 "receive_maximum_exceeded",
    TOPIC_ALIAS_INVALID = 0x94 "topic_alias_invalid",
    PACKET_TOO_LARGE = 0x95 "packet_too_large",
    MESSAGE_RATE_TOO_HIGH = 0x96 "message_rate_too_high",
    QUOTA_EXCEEDED = 0x97 "quota_exceeded",
    ADMINISTRATIVE_ACTION = 0x98 "administrative_action",
    PAYLOAD_FORMAT_INVALID = 0x99 "payload_format_invalid",
    RETAIN_NOT_SUPPORTED = 0x9A "retain_not_supported",
    QOS_NOT_SUPPORTED = 0x9B "qos_not_supported",
    USE_ANOTHER_SERVER = 0x9C "use_another_server",
    SERVER_MOVED = 0x9D "server_moved",
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E "shared_subscriptions_not_supported",
    CONNECTION_RATE_EXCEEDED = 0x9F "connection_rate_exceeded",
    MAXIMUM_CONNECT_TIME = 0xA0 "maximum_connect_time",
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1 "subscription_identifiers_not_supported",
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2 "wildcard_subscriptions_not_supported",
}

/// The Connect Return codes of 3.1 and 3.1.1.
const RETURN_CODES: &[(u8, &str)] = &[
    (0, "accepted"),
    (1, "unacceptable_protocol_version"),
    (2, "identifier_rejected"),
    (3, "server_unavailable"),
    (4, "bad_user_name_or_password"),
    (5, "not_authorized"),
];

impl ReasonCode {
    /// 3.1.1: Connection Refused, unacceptable protocol version.
    pub const V3_UNACCEPTABLE_PROTOCOL_VERSION: Self = Self(1);
    /// 3.1.1: Connection Refused, identifier rejected.
    pub const V3_IDENTIFIER_REJECTED: Self = Self(2);
    /// 3.1.1: Connection Refused, Server unavailable.
    pub const V3_SERVER_UNAVAILABLE: Self = Self(3);
    /// 3.1.1: Connection Refused, bad user name or password.
    pub const V3_BAD_USER_NAME_OR_PASSWORD: Self = Self(4);
    /// 3.1.1: Connection Refused, not authorized.
    pub const V3_NOT_AUTHORIZED: Self = Self(5);

    /// Whether the code is below 0x80. Not for a 3.1.1 CONNACK, where only 0 is success.
    pub const fn is_success(self) -> bool {
        self.0 < 0x80
    }

    /// The name in snake case that scenarios use, as it reads in this packet and version; `None` if the
    /// standard gives the code no name there.
    pub fn name(self, packet: PacketType, version: ProtocolVersion) -> Option<&'static str> {
        if packet == PacketType::CONNACK && version != ProtocolVersion::V5 {
            return lookup(RETURN_CODES, self.0);
        }
        match (packet, self.0) {
            (PacketType::DISCONNECT, 0) => Some("normal_disconnection"),
            (PacketType::SUBACK, 0) => Some("granted_qos_0"),
            (PacketType::SUBACK, 0x80) if version != ProtocolVersion::V5 => Some("failure"),
            _ => lookup(NAMES, self.0),
        }
    }

    /// The code that this name stands for in this packet and version.
    pub fn from_name(name: &str, packet: PacketType, version: ProtocolVersion) -> Option<Self> {
        (0..=u8::MAX)
            .map(Self)
            .find(|code| code.name(packet, version) == Some(name))
    }

    /// Every name that the standard gives in this packet and version, with its code.
    pub fn names(
        packet: PacketType,
        version: ProtocolVersion,
    ) -> impl Iterator<Item = (Self, &'static str)> {
        (0..=u8::MAX)
            .map(Self)
            .filter_map(move |code| Some((code, code.name(packet, version)?)))
    }
}

fn lookup(table: &'static [(u8, &'static str)], code: u8) -> Option<&'static str> {
    table.iter().find(|(c, _)| *c == code).map(|(_, n)| *n)
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}", self.0)
    }
}

impl fmt::Debug for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
