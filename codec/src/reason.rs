//! Reason codes of version 5 and the Connect Return codes of 3.1.1.

use std::fmt;

use crate::{PacketType, ProtocolVersion};

/// One byte that states an outcome. An unknown one is kept, and prints as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReasonCode(pub u8);

macro_rules! reason_codes {
    ($($constant:ident = $code:literal $name:literal,)*) => {
        impl ReasonCode {
            $(
                #[doc = concat!("`", stringify!($code), "`, `", $name, "` in version 5.")]
                pub const $constant: Self = Self($code);
            )*
        }

        /// The code and the name of each version 5 reason. 0x00 to 0x02 have other names in some packets.
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

/// The side that sends a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The side that opened the connection.
    Client,
    /// The broker.
    Server,
}

impl ReasonCode {
    /// Whether the standard allows this sender to use the code in this packet. Returns `false` for packets that have no
    /// code, or that this sender does not send.
    ///
    /// 0x8C in DISCONNECT counts as allowed: one table of version 5 lists it there, another does not.
    pub fn is_allowed_in(
        self,
        packet: PacketType,
        version: ProtocolVersion,
        sender: Sender,
    ) -> bool {
        let is_server = sender == Sender::Server;
        match version {
            ProtocolVersion::V5 => self.is_allowed_in_5(packet, is_server),
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => match packet {
                PacketType::CONNACK => is_server && self.0 <= 5,
                PacketType::SUBACK => {
                    let may_fail = version == ProtocolVersion::V3_1_1;
                    is_server && (self.0 <= 2 || self.0 == 0x80 && may_fail)
                }
                _ => false,
            },
        }
    }

    const fn is_allowed_in_5(self, packet: PacketType, is_server: bool) -> bool {
        match packet {
            PacketType::CONNACK => {
                is_server
                    && matches!(
                        self.0,
                        0x00 | 0x80..=0x8A | 0x8C | 0x90 | 0x95 | 0x97 | 0x99..=0x9D | 0x9F
                    )
            }
            PacketType::PUBACK | PacketType::PUBREC => match self.0 {
                0x10 => is_server,
                0x00 | 0x80 | 0x83 | 0x87 | 0x90 | 0x91 | 0x97 | 0x99 => true,
                _ => false,
            },
            PacketType::PUBREL | PacketType::PUBCOMP => matches!(self.0, 0x00 | 0x92),
            PacketType::SUBACK => {
                is_server
                    && matches!(
                        self.0,
                        0..=2 | 0x80 | 0x83 | 0x87 | 0x8F | 0x91 | 0x97 | 0x9E | 0xA1 | 0xA2
                    )
            }
            PacketType::UNSUBACK => {
                is_server && matches!(self.0, 0x00 | 0x11 | 0x80 | 0x83 | 0x87 | 0x8F | 0x91)
            }
            PacketType::DISCONNECT => match self.0 {
                0x04 => !is_server,
                0x00 | 0x80..=0x83 | 0x8C | 0x90 | 0x93..=0x99 => true,
                0x87 | 0x89 | 0x8B | 0x8D..=0x8F | 0x9A..=0xA2 => is_server,
                _ => false,
            },
            PacketType::AUTH => match self.0 {
                0x00 => is_server,
                0x18 => true,
                0x19 => !is_server,
                _ => false,
            },
            _ => false,
        }
    }

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

    /// Whether the code is below 0x80. Do not use it for a 3.1.1 CONNACK, where only 0 is success.
    pub const fn is_success(self) -> bool {
        self.0 < 0x80
    }

    /// Returns the code's name in this packet and version, in snake case as scenarios use it. Returns `None` if the
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

    /// Returns the code with this name in this packet and version.
    pub fn from_name(name: &str, packet: PacketType, version: ProtocolVersion) -> Option<Self> {
        (0..=u8::MAX)
            .map(Self)
            .find(|code| code.name(packet, version) == Some(name))
    }

    /// Returns every code that the standard names in this packet and version, with its name.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(packet: PacketType, version: ProtocolVersion, sender: Sender) -> String {
        let codes = (0..=u8::MAX).map(ReasonCode);
        let allowed = codes.filter(|code| code.is_allowed_in(packet, version, sender));
        let texts: Vec<String> = allowed.map(|code| format!("{:02X}", code.0)).collect();
        texts.join(" ")
    }

    #[test]
    fn each_packet_of_version_5_has_its_codes() {
        let server = [
            (
                PacketType::CONNACK,
                "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F",
            ),
            (PacketType::PUBACK, "00 10 80 83 87 90 91 97 99"),
            (PacketType::PUBREC, "00 10 80 83 87 90 91 97 99"),
            (PacketType::PUBREL, "00 92"),
            (PacketType::PUBCOMP, "00 92"),
            (PacketType::SUBACK, "00 01 02 80 83 87 8F 91 97 9E A1 A2"),
            (PacketType::UNSUBACK, "00 11 80 83 87 8F 91"),
            (
                PacketType::DISCONNECT,
                "00 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2",
            ),
            (PacketType::AUTH, "00 18"),
            (PacketType::PUBLISH, ""),
        ];
        for (packet, codes) in server {
            let found = allowed(packet, ProtocolVersion::V5, Sender::Server);
            assert_eq!(found, codes, "{packet}");
        }
        let client = [
            (PacketType::CONNACK, ""),
            (PacketType::PUBACK, "00 80 83 87 90 91 97 99"),
            (PacketType::SUBACK, ""),
            (
                PacketType::DISCONNECT,
                "00 04 80 81 82 83 8C 90 93 94 95 96 97 98 99",
            ),
            (PacketType::AUTH, "18 19"),
        ];
        for (packet, codes) in client {
            let found = allowed(packet, ProtocolVersion::V5, Sender::Client);
            assert_eq!(found, codes, "{packet}");
        }
    }

    #[test]
    fn earlier_versions_have_codes_in_connack_and_suback_only() {
        let codes = |packet| allowed(packet, ProtocolVersion::V3_1_1, Sender::Server);
        assert_eq!(codes(PacketType::CONNACK), "00 01 02 03 04 05");
        assert_eq!(codes(PacketType::SUBACK), "00 01 02 80");
        assert_eq!(codes(PacketType::UNSUBACK), "");
        let suback = allowed(PacketType::SUBACK, ProtocolVersion::V3_1, Sender::Server);
        assert_eq!(suback, "00 01 02");
    }

    #[test]
    fn every_allowed_code_has_a_name_that_leads_back_to_it() {
        for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
            for packet in (1..16).map(PacketType) {
                for code in (0..=u8::MAX).map(ReasonCode) {
                    let by_either = [Sender::Client, Sender::Server]
                        .map(|sender| code.is_allowed_in(packet, version, sender));
                    if by_either.contains(&true) {
                        let name = code.name(packet, version).expect("has a name");
                        let back = ReasonCode::from_name(name, packet, version);
                        assert_eq!(back, Some(code), "{name} in {packet}");
                    }
                }
            }
        }
    }
}
