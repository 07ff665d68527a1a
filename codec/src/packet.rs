//! Control packets. One set of types serves every version.

use std::fmt;
use std::num::NonZeroU16;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{Properties, ProtocolVersion, ReasonCode};

/// The four type bits of the fixed header. Every value is known: 0 is reserved, and so is 15 before version 5.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketType(pub u8);

impl PacketType {
    /// Type 0, forbidden in every version.
    pub const RESERVED: Self = Self(0);
    /// The first packet of a client; opens the MQTT connection.
    pub const CONNECT: Self = Self(1);
    /// The server's answer to CONNECT.
    pub const CONNACK: Self = Self(2);
    /// An application message, from either side.
    pub const PUBLISH: Self = Self(3);
    /// Answers a PUBLISH of QoS 1.
    pub const PUBACK: Self = Self(4);
    /// Answers a PUBLISH of QoS 2; PUBREL and PUBCOMP follow.
    pub const PUBREC: Self = Self(5);
    /// Answers PUBREC; sent by the side that sent the PUBLISH.
    pub const PUBREL: Self = Self(6);
    /// Answers PUBREL; ends the QoS 2 handshake.
    pub const PUBCOMP: Self = Self(7);
    /// A client's request for subscriptions.
    pub const SUBSCRIBE: Self = Self(8);
    /// The server's answer to SUBSCRIBE.
    pub const SUBACK: Self = Self(9);
    /// A client's request to remove subscriptions.
    pub const UNSUBSCRIBE: Self = Self(10);
    /// The server's answer to UNSUBSCRIBE.
    pub const UNSUBACK: Self = Self(11);
    /// Keeps the connection alive; sent by a client.
    pub const PINGREQ: Self = Self(12);
    /// The server's answer to PINGREQ.
    pub const PINGRESP: Self = Self(13);
    /// The last packet of a connection. A server sends it in version 5 only.
    pub const DISCONNECT: Self = Self(14);
    /// A step of enhanced authentication in version 5; reserved before.
    pub const AUTH: Self = Self(15);

    /// Returns the standard's name in capitals; `RESERVED` for 0.
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "CONNECT",
            2 => "CONNACK",
            3 => "PUBLISH",
            4 => "PUBACK",
            5 => "PUBREC",
            6 => "PUBREL",
            7 => "PUBCOMP",
            8 => "SUBSCRIBE",
            9 => "SUBACK",
            10 => "UNSUBSCRIBE",
            11 => "UNSUBACK",
            12 => "PINGREQ",
            13 => "PINGRESP",
            14 => "DISCONNECT",
            15 => "AUTH",
            _ => "RESERVED",
        }
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Packet Identifier, which is never 0 on the wire.
pub type PacketId = NonZeroU16;

/// Quality of service. The decoder rejects the value 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QoS {
    /// QoS 0: sent once, without acknowledgement; it may be lost.
    AtMostOnce,
    /// QoS 1: acknowledged by PUBACK; it may arrive more than once.
    AtLeastOnce,
    /// QoS 2: acknowledged by PUBREC, PUBREL and PUBCOMP.
    ExactlyOnce,
}

impl QoS {
    /// Returns 0, 1 or 2.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// Returns `None` for 3 and above.
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_u8())
    }
}

/// One control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// From the client; boxed, because it is much larger than the others.
    Connect(Box<Connect>),
    /// From the server.
    ConnAck(ConnAck),
    /// From either side.
    Publish(Publish),
    /// From the receiver of a QoS 1 message.
    PubAck(Ack),
    /// From the receiver of a QoS 2 message.
    PubRec(Ack),
    /// From the sender of a QoS 2 message.
    PubRel(Ack),
    /// From the receiver of a QoS 2 message.
    PubComp(Ack),
    /// From the client.
    Subscribe(Subscribe),
    /// From the server.
    SubAck(SubAck),
    /// From the client.
    Unsubscribe(Unsubscribe),
    /// From the server.
    UnsubAck(UnsubAck),
    /// From the client; has no fields.
    PingReq,
    /// From the server; has no fields.
    PingResp,
    /// From the client; in version 5 from either side.
    Disconnect(Disconnect),
    /// From either side, version 5 only.
    Auth(Auth),
}

impl Packet {
    /// Returns the type in the fixed header.
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::CONNECT,
            Self::ConnAck(_) => PacketType::CONNACK,
            Self::Publish(_) => PacketType::PUBLISH,
            Self::PubAck(_) => PacketType::PUBACK,
            Self::PubRec(_) => PacketType::PUBREC,
            Self::PubRel(_) => PacketType::PUBREL,
            Self::PubComp(_) => PacketType::PUBCOMP,
            Self::Subscribe(_) => PacketType::SUBSCRIBE,
            Self::SubAck(_) => PacketType::SUBACK,
            Self::Unsubscribe(_) => PacketType::UNSUBSCRIBE,
            Self::UnsubAck(_) => PacketType::UNSUBACK,
            Self::PingReq => PacketType::PINGREQ,
            Self::PingResp => PacketType::PINGRESP,
            Self::Disconnect(_) => PacketType::DISCONNECT,
            Self::Auth(_) => PacketType::AUTH,
        }
    }

    /// Returns the Packet Identifier, if the packet has one.
    pub fn packet_id(&self) -> Option<PacketId> {
        match self {
            Self::Publish(p) => p.packet_id,
            Self::PubAck(a) | Self::PubRec(a) | Self::PubRel(a) | Self::PubComp(a) => {
                Some(a.packet_id)
            }
            Self::Subscribe(s) => Some(s.packet_id),
            Self::SubAck(s) => Some(s.packet_id),
            Self::Unsubscribe(u) => Some(u.packet_id),
            Self::UnsubAck(u) => Some(u.packet_id),
            _ => None,
        }
    }

    /// Returns the properties, if the packet can have any. They are empty before version 5.
    pub fn properties(&self) -> Option<&Properties> {
        match self {
            Self::Connect(p) => Some(&p.properties),
            Self::ConnAck(p) => Some(&p.properties),
            Self::Publish(p) => Some(&p.properties),
            Self::PubAck(p) | Self::PubRec(p) | Self::PubRel(p) | Self::PubComp(p) => {
                Some(&p.properties)
            }
            Self::Subscribe(p) => Some(&p.properties),
            Self::SubAck(p) => Some(&p.properties),
            Self::Unsubscribe(p) => Some(&p.properties),
            Self::UnsubAck(p) => Some(&p.properties),
            Self::Disconnect(p) => Some(&p.properties),
            Self::Auth(p) => Some(&p.properties),
            Self::PingReq | Self::PingResp => None,
        }
    }

    /// Returns the properties for modification, if the packet can have any.
    pub fn properties_mut(&mut self) -> Option<&mut Properties> {
        match self {
            Self::Connect(p) => Some(&mut p.properties),
            Self::ConnAck(p) => Some(&mut p.properties),
            Self::Publish(p) => Some(&mut p.properties),
            Self::PubAck(p) | Self::PubRec(p) | Self::PubRel(p) | Self::PubComp(p) => {
                Some(&mut p.properties)
            }
            Self::Subscribe(p) => Some(&mut p.properties),
            Self::SubAck(p) => Some(&mut p.properties),
            Self::Unsubscribe(p) => Some(&mut p.properties),
            Self::UnsubAck(p) => Some(&mut p.properties),
            Self::Disconnect(p) => Some(&mut p.properties),
            Self::Auth(p) => Some(&mut p.properties),
            Self::PingReq | Self::PingResp => None,
        }
    }
}

/// CONNECT, by which a client requests a connection and opens its session (section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The version that the client requests. The packet itself is encoded by it.
    pub version: ProtocolVersion,
    /// Clean Session in 3.1 and 3.1.1, Clean Start in 5.
    pub clean_start: bool,
    /// Keep Alive in seconds; 0 turns it off.
    pub keep_alive_s: u16,
    /// The properties of CONNECT itself, not of the Will. Empty before version 5.
    pub properties: Properties,
    /// Client Identifier. If it is empty, the server assigns one or refuses the connection.
    pub client_id: ByteString,
    /// The Will. The Will Flag is set if there is one.
    pub will: Option<Will>,
    /// The user name. The User Name Flag is set if there is one.
    pub username: Option<ByteString>,
    /// The password. The Password Flag is set if there is one. Before version 5 a password needs a user name.
    /// `[3.1.1 MQTT-3.1.2-22]`
    pub password: Option<Bytes>,
}

/// The Will that a CONNECT carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic Name to which the Will is published.
    pub topic: ByteString,
    /// Will Message (3.1.1) or Will Payload (5); may be empty.
    pub payload: Bytes,
    /// QoS with which the Will is published.
    pub qos: QoS,
    /// Whether the Will is published as a retained message.
    pub retain: bool,
    /// The Will Properties; empty before version 5.
    pub properties: Properties,
}

/// CONNACK. In 3.1 and 3.1.1 `reason` is the Connect Return code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the server resumes a session. In 3.1 the bit is reserved.
    pub session_present: bool,
    /// 0x00 accepts the connection; every other code of CONNACK refuses it.
    pub reason: ReasonCode,
    /// Empty before version 5.
    pub properties: Properties,
}

/// PUBLISH, which carries an application message to the server or to a client (section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Whether the packet is a retransmission; 0 at QoS 0. `[5 MQTT-3.3.1-2]`
    pub dup: bool,
    /// QoS, which determines the packets that acknowledge this one.
    pub qos: QoS,
    /// To a server: whether to keep the message for later subscribers. From a server: see
    /// `[5 MQTT-3.3.1-8]` to `[5 MQTT-3.3.1-13]`.
    pub retain: bool,
    /// Topic Name. In version 5 it is empty if a Topic Alias replaces it.
    pub topic: ByteString,
    /// Present if `qos` is above 0, and only then.
    pub packet_id: Option<PacketId>,
    /// Empty before version 5.
    pub properties: Properties,
    /// The application message; may be empty.
    pub payload: Bytes,
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP. `reason` is success before version 5 and in the short form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The identifier of the PUBLISH that this packet belongs to.
    pub packet_id: PacketId,
    /// 0x80 and above refuse the message (PUBACK, PUBREC) or report an unknown identifier (PUBREL, PUBCOMP).
    pub reason: ReasonCode,
    /// Empty before version 5.
    pub properties: Properties,
}

/// SUBSCRIBE, by which a client creates or replaces one or more subscriptions (section 3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The identifier that SUBACK repeats.
    pub packet_id: PacketId,
    /// Empty before version 5.
    pub properties: Properties,
    /// At least one on the wire; the decoder refuses an empty list. `[5 MQTT-3.8.3-2]`
    pub subscriptions: Vec<Subscription>,
}

/// One Topic Filter of a SUBSCRIBE with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Topic Filter, which begins with `$share/GROUP/` if the subscription is shared. The decoder does not check it.
    pub filter: ByteString,
    /// What the client requests for this filter.
    pub options: SubscriptionOptions,
}

/// Subscription Options. Before version 5 only `qos` is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    /// The maximum QoS of the messages that the server may send.
    pub qos: QoS,
    /// Whether the client's own messages are left out.
    pub no_local: bool,
    /// Whether messages keep the RETAIN flag with which they were published.
    pub retain_as_published: bool,
    /// When retained messages are sent.
    pub retain_handling: RetainHandling,
}

impl SubscriptionOptions {
    /// Returns options with this maximum QoS and every version 5 option off.
    pub const fn new(qos: QoS) -> Self {
        Self {
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        }
    }
}

/// When retained messages are sent for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetainHandling {
    /// 0: at every SUBSCRIBE.
    Send,
    /// 1: only if the subscription did not exist.
    SendIfNew,
    /// 2: never.
    DoNotSend,
}

impl RetainHandling {
    /// Returns 0, 1 or 2.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// Returns `None` for 3 and above.
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Send),
            1 => Some(Self::SendIfNew),
            2 => Some(Self::DoNotSend),
            _ => None,
        }
    }
}

/// SUBACK: a code for each Topic Filter, in the order of the SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The identifier of the SUBSCRIBE that this answers.
    pub packet_id: PacketId,
    /// Empty before version 5.
    pub properties: Properties,
    /// 0 to 2 grant that QoS; 0x80 and above refuse the subscription.
    pub reasons: Vec<ReasonCode>,
}

/// UNSUBSCRIBE, by which a client removes subscriptions (section 3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The identifier that UNSUBACK repeats.
    pub packet_id: PacketId,
    /// Empty before version 5.
    pub properties: Properties,
    /// Topic Filters, byte for byte as subscribed. `[5 MQTT-3.10.4-1]`
    pub filters: Vec<ByteString>,
}

/// UNSUBACK. `reasons` is empty before version 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubAck {
    /// The identifier of the UNSUBSCRIBE that this answers.
    pub packet_id: PacketId,
    /// Empty before version 5.
    pub properties: Properties,
    /// A code for each Topic Filter, in the order of the UNSUBSCRIBE.
    pub reasons: Vec<ReasonCode>,
}

/// DISCONNECT. `reason` is 0x00 before version 5 and in the short form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnect {
    /// Why the connection ends. If a client sends 0x00, its Will is discarded.
    pub reason: ReasonCode,
    /// Empty before version 5.
    pub properties: Properties,
}

/// AUTH, version 5 only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// 0x18 continues, 0x19 starts re-authentication, 0x00 ends authentication with success.
    pub reason: ReasonCode,
    /// Authentication Method and Authentication Data, and any other properties that the peer sent.
    pub properties: Properties,
}
