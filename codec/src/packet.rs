//! Control packets. One set of types serves every version.

use std::fmt;
use std::num::NonZeroU16;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{Properties, ProtocolVersion, ReasonCode};

/// The four type bits of the fixed header; an unknown one cannot exist, 0 and (before 5) 15 are reserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketType(pub u8);

impl PacketType {
    pub const RESERVED: Self = Self(0);
    pub const CONNECT: Self = Self(1);
    pub const CONNACK: Self = Self(2);
    pub const PUBLISH: Self = Self(3);
    pub const PUBACK: Self = Self(4);
    pub const PUBREC: Self = Self(5);
    pub const PUBREL: Self = Self(6);
    pub const PUBCOMP: Self = Self(7);
    pub const SUBSCRIBE: Self = Self(8);
    pub const SUBACK: Self = Self(9);
    pub const UNSUBSCRIBE: Self = Self(10);
    pub const UNSUBACK: Self = Self(11);
    pub const PINGREQ: Self = Self(12);
    pub const PINGRESP: Self = Self(13);
    pub const DISCONNECT: Self = Self(14);
    pub const AUTH: Self = Self(15);

    /// The standard's name in capitals; `RESERVED` for 0.
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

/// A Packet Identifier: never 0 on the wire.
pub type PacketId = NonZeroU16;

/// Quality of service. 3 cannot be expressed: the decoder refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QoS {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

impl QoS {
    /// 0, 1 or 2.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// `None` for 3 and above.
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
    Connect(Box<Connect>),
    ConnAck(ConnAck),
    Publish(Publish),
    PubAck(Ack),
    PubRec(Ack),
    PubRel(Ack),
    PubComp(Ack),
    Subscribe(Subscribe),
    SubAck(SubAck),
    Unsubscribe(Unsubscribe),
    UnsubAck(UnsubAck),
    PingReq,
    PingResp,
    Disconnect(Disconnect),
    Auth(Auth),
}

impl Packet {
    /// The type in the fixed header.
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

    /// The Packet Identifier, of those that carry one.
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

    /// The properties, of those that can carry them (empty before version 5).
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

    /// The same, to be changed.
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

/// CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    pub version: ProtocolVersion,
    /// Clean Session in 3.1 and 3.1.1, Clean Start in 5.
    pub clean_start: bool,
    /// Seconds; 0 turns the mechanism off.
    pub keep_alive_s: u16,
    pub properties: Properties,
    pub client_id: ByteString,
    pub will: Option<Will>,
    pub username: Option<ByteString>,
    pub password: Option<Bytes>,
}

/// The Will that a CONNECT carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    pub topic: ByteString,
    pub payload: Bytes,
    pub qos: QoS,
    pub retain: bool,
    pub properties: Properties,
}

/// CONNACK. In 3.1 and 3.1.1 `reason` holds the Connect Return code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnAck {
    pub session_present: bool,
    pub reason: ReasonCode,
    pub properties: Properties,
}

/// PUBLISH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    pub dup: bool,
    pub qos: QoS,
    pub retain: bool,
    pub topic: ByteString,
    /// Present exactly when `qos` is above 0.
    pub packet_id: Option<PacketId>,
    pub properties: Properties,
    pub payload: Bytes,
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP. Before version 5, and in the short form, `reason` is success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    pub packet_id: PacketId,
    pub reason: ReasonCode,
    pub properties: Properties,
}

/// SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    pub packet_id: PacketId,
    pub properties: Properties,
    pub subscriptions: Vec<Subscription>,
}

/// One Topic Filter of a SUBSCRIBE with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub filter: ByteString,
    pub options: SubscriptionOptions,
}

/// Subscription Options. Before version 5 only `qos` is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    pub qos: QoS,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub retain_handling: RetainHandling,
}

impl SubscriptionOptions {
    /// Options with this maximum QoS and every version 5 option off.
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
    /// 0, 1 or 2.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// `None` for 3 and above.
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
    pub packet_id: PacketId,
    pub properties: Properties,
    pub reasons: Vec<ReasonCode>,
}

/// UNSUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    pub packet_id: PacketId,
    pub properties: Properties,
    pub filters: Vec<ByteString>,
}

/// UNSUBACK. `reasons` is empty before version 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubAck {
    pub packet_id: PacketId,
    pub properties: Properties,
    pub reasons: Vec<ReasonCode>,
}

/// DISCONNECT. Before version 5, and in the short form, `reason` is 0x00.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnect {
    pub reason: ReasonCode,
    pub properties: Properties,
}

/// AUTH, version 5 only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    pub reason: ReasonCode,
    pub properties: Properties,
}
