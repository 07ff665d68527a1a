//! Every field of every packet as scenarios name it: its type, its versions, and whether a client sends or receives it.
//! The parser, the messages and the JSON Schema use this table.

use mqtt_check_codec::{PacketType, PropertyId};

/// One field of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether only version 5 has it.
    pub(crate) v5: bool,
    pub(crate) direction: Direction,
    /// Whether it may be missing from a packet, so that `absent` can be expected.
    pub(crate) optional: bool,
}

/// The values that a field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bit of a header.
    Bool,
    /// 0, 1 or 2.
    QoS,
    /// A number up to this one.
    Number(u64),
    /// A property that is 0 or 1.
    Switch,
    /// Seconds up to this many. Where 0xFFFFFFFF fits, it may be written `never`.
    Seconds(u64),
    /// 1 to 65535.
    PacketId,
    /// A UTF-8 Encoded String.
    Text,
    /// Binary data with a two-byte length.
    Binary,
    /// The rest of the packet.
    Payload,
    Reason,
    Reasons,
    UserProperties,
    /// One in a SUBSCRIBE, any number in a received PUBLISH.
    SubscriptionIdentifiers,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A Will and its fields.
    Will,
}

/// The direction in which a field is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// A client sends it.
    Sent,
    /// A server sends it: a scenario expects it, or gives it in `send`.
    Received,
    Both,
    /// Only expected: not a field on the wire.
    Judged,
}

const fn field(name: &'static str, kind: Kind, direction: Direction) -> FieldSpec {
    FieldSpec {
        name,
        kind,
        v5: false,
        direction,
        optional: false,
    }
}

impl FieldSpec {
    const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    const fn v5(self) -> Self {
        Self { v5: true, ..self }
    }
}

/// The largest Variable Byte Integer.
pub(crate) const VARIABLE_MAX: u64 = 268_435_455;
/// The largest four-byte number. As an expiry interval it means never.
pub(crate) const U32_MAX: u64 = u32::MAX as u64;
const U16_MAX: u64 = u16::MAX as u64;

use Direction::{Both, Judged, Received, Sent};
use Kind::{
    Binary, Bool, Number, PacketId, Payload, QoS, Reason, Reasons, Seconds, Text, Will, Word,
};

const SIZE: FieldSpec = field("size", Number(VARIABLE_MAX + 5), Judged);
/// The type of the WebSocket message that contained the packet.
const FRAME: FieldSpec = field("frame", Word(&["binary", "text"]), Judged);
const ACK_ID: FieldSpec = field("packet_id", PacketId, Both);
const REASON: FieldSpec = field("reason", Reason, Both);

const CONNECT: &[FieldSpec] = &[
    field("clean_session", Bool, Sent),
    field("clean_start", Bool, Sent).v5(),
    field("keep_alive", Seconds(U16_MAX), Sent),
    field("username", Text, Sent).optional(),
    field("password", Binary, Sent).optional(),
    field("will", Will, Sent).optional(),
];
const CONNACK: &[FieldSpec] = &[
    field("session_present", Bool, Received),
    field("reason", Reason, Received),
    SIZE,
    FRAME,
];
const PUBLISH: &[FieldSpec] = &[
    field("topic", Text, Both),
    field("payload", Payload, Both),
    field("qos", QoS, Both),
    field("retain", Bool, Both),
    field("dup", Bool, Both),
    field("packet_id", PacketId, Both).optional(),
    field("topic_on_wire", Text, Judged),
    SIZE,
    FRAME,
];
const ACK: &[FieldSpec] = &[ACK_ID, REASON.v5(), SIZE, FRAME];
const SUBSCRIBE: &[FieldSpec] = &[field("packet_id", PacketId, Sent)];
const SUBACK: &[FieldSpec] = &[
    field("packet_id", PacketId, Received),
    field("reasons", Reasons, Received),
    SIZE,
    FRAME,
];
const UNSUBACK: &[FieldSpec] = &[
    field("packet_id", PacketId, Received),
    field("reasons", Reasons, Received).v5(),
    SIZE,
    FRAME,
];
const DISCONNECT: &[FieldSpec] = &[REASON.v5(), SIZE, FRAME];
const AUTH: &[FieldSpec] = &[REASON.v5(), SIZE, FRAME];
const PINGRESP: &[FieldSpec] = &[SIZE, FRAME];

/// The fields of a Will, as `will` names them.
pub(crate) const WILL: &[FieldSpec] = &[
    field("topic", Text, Sent),
    field("payload", Binary, Sent),
    field("qos", QoS, Sent),
    field("retain", Bool, Sent),
    field("delay_interval", Seconds(U32_MAX), Sent).v5(),
    field("payload_format_indicator", Kind::Switch, Sent).v5(),
    field("message_expiry_interval", Seconds(U32_MAX), Sent).v5(),
    field("content_type", Text, Sent).v5(),
    field("response_topic", Text, Sent).v5(),
    field("correlation_data", Binary, Sent).v5(),
    field("user_properties", Kind::UserProperties, Sent).v5(),
];

/// The options of a Topic Filter in SUBSCRIBE.
pub(crate) const SUBSCRIPTION: &[FieldSpec] = &[
    field("qos", QoS, Sent),
    field("no_local", Bool, Sent).v5(),
    field("retain_as_published", Bool, Sent).v5(),
    field("retain_handling", Number(2), Sent).v5(),
];

/// The fields of the answer to an upgrade.
pub(crate) const UPGRADE: &[FieldSpec] = &[
    field("status", Number(999), Judged),
    field("subprotocol", Text, Judged).optional(),
];
/// The fields of a close frame.
pub(crate) const CLOSE_FRAME: &[FieldSpec] = &[field("code", Number(U16_MAX), Judged).optional()];
/// The fields of a ping or pong frame.
pub(crate) const PING_FRAME: &[FieldSpec] = &[field("payload", Payload, Judged)];

/// Returns every field of a packet, properties included.
pub(crate) fn of(packet: PacketType) -> impl Iterator<Item = FieldSpec> + Clone {
    let own = match packet {
        PacketType::CONNECT => CONNECT,
        PacketType::CONNACK => CONNACK,
        PacketType::PUBLISH => PUBLISH,
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP => ACK,
        PacketType::SUBSCRIBE => SUBSCRIBE,
        PacketType::SUBACK => SUBACK,
        PacketType::UNSUBSCRIBE => SUBSCRIBE,
        PacketType::UNSUBACK => UNSUBACK,
        PacketType::PINGRESP => PINGRESP,
        PacketType::DISCONNECT => DISCONNECT,
        PacketType::AUTH => AUTH,
        _ => &[],
    };
    let properties = properties(packet).iter().filter_map(|(id, direction)| {
        let spec = field(id.key()?, property_kind(*id), *direction);
        Some(spec.v5().optional())
    });
    own.iter().copied().chain(properties)
}

/// Returns the properties of a packet, with the direction of each.
fn properties(packet: PacketType) -> &'static [(PropertyId, Direction)] {
    use PropertyId as P;
    match packet {
        PacketType::CONNECT => &[
            (P::SESSION_EXPIRY_INTERVAL, Sent),
            (P::RECEIVE_MAXIMUM, Sent),
            (P::MAXIMUM_PACKET_SIZE, Sent),
            (P::TOPIC_ALIAS_MAXIMUM, Sent),
            (P::REQUEST_RESPONSE_INFORMATION, Sent),
            (P::REQUEST_PROBLEM_INFORMATION, Sent),
            (P::USER_PROPERTY, Sent),
            (P::AUTHENTICATION_METHOD, Sent),
            (P::AUTHENTICATION_DATA, Sent),
        ],
        PacketType::CONNACK => &[
            (P::SESSION_EXPIRY_INTERVAL, Received),
            (P::RECEIVE_MAXIMUM, Received),
            (P::MAXIMUM_QOS, Received),
            (P::RETAIN_AVAILABLE, Received),
            (P::MAXIMUM_PACKET_SIZE, Received),
            (P::ASSIGNED_CLIENT_IDENTIFIER, Received),
            (P::TOPIC_ALIAS_MAXIMUM, Received),
            (P::REASON_STRING, Received),
            (P::USER_PROPERTY, Received),
            (P::WILDCARD_SUBSCRIPTION_AVAILABLE, Received),
            (P::SUBSCRIPTION_IDENTIFIER_AVAILABLE, Received),
            (P::SHARED_SUBSCRIPTION_AVAILABLE, Received),
            (P::SERVER_KEEP_ALIVE, Received),
            (P::RESPONSE_INFORMATION, Received),
            (P::SERVER_REFERENCE, Received),
            (P::AUTHENTICATION_METHOD, Received),
            (P::AUTHENTICATION_DATA, Received),
        ],
        PacketType::PUBLISH => &[
            (P::PAYLOAD_FORMAT_INDICATOR, Both),
            (P::MESSAGE_EXPIRY_INTERVAL, Both),
            (P::TOPIC_ALIAS, Both),
            (P::RESPONSE_TOPIC, Both),
            (P::CORRELATION_DATA, Both),
            (P::USER_PROPERTY, Both),
            (P::SUBSCRIPTION_IDENTIFIER, Both),
            (P::CONTENT_TYPE, Both),
        ],
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP => {
            &[(P::REASON_STRING, Both), (P::USER_PROPERTY, Both)]
        }
        PacketType::SUBSCRIBE => &[(P::SUBSCRIPTION_IDENTIFIER, Sent), (P::USER_PROPERTY, Sent)],
        PacketType::UNSUBSCRIBE => &[(P::USER_PROPERTY, Sent)],
        PacketType::SUBACK | PacketType::UNSUBACK => {
            &[(P::REASON_STRING, Received), (P::USER_PROPERTY, Received)]
        }
        PacketType::DISCONNECT => &[
            (P::SESSION_EXPIRY_INTERVAL, Both),
            (P::REASON_STRING, Both),
            (P::USER_PROPERTY, Both),
            (P::SERVER_REFERENCE, Both),
        ],
        PacketType::AUTH => &[
            (P::AUTHENTICATION_METHOD, Both),
            (P::AUTHENTICATION_DATA, Both),
            (P::REASON_STRING, Both),
            (P::USER_PROPERTY, Both),
        ],
        _ => &[],
    }
}

/// Returns the values that a property accepts.
pub(crate) fn property_kind(id: PropertyId) -> Kind {
    use PropertyId as P;
    match id {
        P::PAYLOAD_FORMAT_INDICATOR
        | P::REQUEST_PROBLEM_INFORMATION
        | P::REQUEST_RESPONSE_INFORMATION
        | P::RETAIN_AVAILABLE
        | P::WILDCARD_SUBSCRIPTION_AVAILABLE
        | P::SUBSCRIPTION_IDENTIFIER_AVAILABLE
        | P::SHARED_SUBSCRIPTION_AVAILABLE => Kind::Switch,
        P::MESSAGE_EXPIRY_INTERVAL | P::SESSION_EXPIRY_INTERVAL | P::WILL_DELAY_INTERVAL => {
            Seconds(U32_MAX)
        }
        P::SERVER_KEEP_ALIVE => Seconds(U16_MAX),
        P::SUBSCRIPTION_IDENTIFIER => Kind::SubscriptionIdentifiers,
        P::RECEIVE_MAXIMUM | P::TOPIC_ALIAS_MAXIMUM | P::TOPIC_ALIAS => Number(U16_MAX),
        P::MAXIMUM_QOS => QoS,
        P::MAXIMUM_PACKET_SIZE => Number(U32_MAX),
        P::USER_PROPERTY => Kind::UserProperties,
        P::CORRELATION_DATA | P::AUTHENTICATION_DATA => Binary,
        _ => Text,
    }
}

/// The packets and the words that scenarios use for them, in the order of the packet types.
pub(crate) const PACKETS: &[(&str, PacketType)] = &[
    ("connect", PacketType::CONNECT),
    ("connack", PacketType::CONNACK),
    ("publish", PacketType::PUBLISH),
    ("puback", PacketType::PUBACK),
    ("pubrec", PacketType::PUBREC),
    ("pubrel", PacketType::PUBREL),
    ("pubcomp", PacketType::PUBCOMP),
    ("subscribe", PacketType::SUBSCRIBE),
    ("suback", PacketType::SUBACK),
    ("unsubscribe", PacketType::UNSUBSCRIBE),
    ("unsuback", PacketType::UNSUBACK),
    ("pingreq", PacketType::PINGREQ),
    ("pingresp", PacketType::PINGRESP),
    ("disconnect", PacketType::DISCONNECT),
    ("auth", PacketType::AUTH),
];

/// Returns the packet that a word names.
pub(crate) fn packet_named(word: &str) -> Option<PacketType> {
    let entry = PACKETS.iter().find(|(name, _)| *name == word)?;
    Some(entry.1)
}

/// Returns the word for a packet.
pub(crate) fn packet_word(packet: PacketType) -> &'static str {
    let entry = PACKETS.iter().find(|(_, p)| *p == packet);
    entry.map_or("packet", |(name, _)| name)
}

/// Whether a server sends this packet, so that it can be expected.
pub(crate) fn is_received(packet: PacketType) -> bool {
    !matches!(
        packet,
        PacketType::CONNECT | PacketType::SUBSCRIBE | PacketType::UNSUBSCRIBE | PacketType::PINGREQ
    )
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::PropertyPlace;

    use super::*;

    #[test]
    fn every_packet_has_the_properties_that_the_standard_gives_it() {
        for (word, packet) in PACKETS {
            for id in PropertyId::ALL {
                let is_listed = properties(*packet).iter().any(|(p, _)| p == id);
                let place = PropertyPlace::Packet(*packet);
                assert_eq!(is_listed, id.is_allowed_in(place), "{id} in {word}");
            }
        }
        for id in PropertyId::ALL {
            let key = id.key().expect("a known property");
            let key = key.strip_prefix("will_").unwrap_or(key);
            let is_listed = WILL.iter().any(|spec| spec.v5 && spec.name == key);
            assert_eq!(
                is_listed,
                id.is_allowed_in(PropertyPlace::Will),
                "{id} in a Will"
            );
        }
    }

    #[test]
    fn no_packet_has_a_field_twice() {
        for (word, packet) in PACKETS {
            let mut names: Vec<_> = of(*packet).map(|spec| spec.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{word}");
        }
    }
}
