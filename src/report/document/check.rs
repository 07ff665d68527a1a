//! What another program has to observe to decide whether a finding holds.

use serde::{Deserialize, Serialize};

/// How to check a finding: send what the clients sent up to some event, and check what the broker sends then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// The index of the client that has to see it, from 0.
    pub client: usize,
    /// The number of the first event that does not belong to the preparation.
    pub before: usize,
    /// The clients that acknowledge every message at once, from 0.
    pub acknowledging: Vec<usize>,
    /// The time limit, in microseconds.
    pub within_us: u64,
    /// What a conforming broker does.
    pub right: Right,
}

/// What a conforming broker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Right {
    /// It sends these in this order; packets of other types may arrive between them.
    Packets { packets: Vec<WantedPacket> },
    /// It sends no packet of these types, or no packet at all if the list is empty, within the time limit.
    Silence { of: Vec<String>, span_us: u64 },
    /// It sends no further packet like this one.
    NoMore { packet: WantedPacket },
    /// It closes the connection.
    Closed,
    /// It closes the connection, perhaps with a reason code.
    Refused {
        /// Whether CONNACK may, must not or must come first.
        connack: ConnackRule,
        /// The right codes of CONNACK or DISCONNECT; empty if the finding is not about them.
        codes: Vec<u8>,
    },
    /// It sends a packet of this type with other bytes than these, or no such packet.
    OtherBytes { packet: String, hex: String },
}

impl Right {
    /// Whether it contains the bytes or the size of a packet, which change when topics are renamed.
    pub(in crate::report) fn depends_on_topics(&self) -> bool {
        let has_size = |packet: &WantedPacket| {
            let mut fields = packet.fields.iter();
            fields.any(|field| field.name == "size")
        };
        match self {
            Self::Packets { packets } => packets.iter().any(has_size),
            Self::NoMore { packet } => has_size(packet),
            Self::OtherBytes { .. } => true,
            Self::Silence { .. } | Self::Closed | Self::Refused { .. } => false,
        }
    }
}

/// Whether a refusal comes with a CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConnackRule {
    Allowed,
    Never,
    Required,
}

/// An expected packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WantedPacket {
    /// Its type.
    pub packet: String,
    /// The Packet Identifier of what it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u16>,
    pub fields: Vec<WantedField>,
}

/// A field of an expected packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WantedField {
    /// The name that scenarios use.
    pub name: String,
    pub value: Wanted,
}

/// The right values of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    Flag(bool),
    Number(u64),
    /// A text or binary data, in hex.
    Bytes(String),
    /// A reason code for each filter, or Subscription Identifiers.
    Numbers(Vec<u64>),
    /// User Properties, names and values in hex.
    Pairs(Vec<(String, String)>),
    /// User Properties, perhaps among others.
    Includes(Vec<(String, String)>),
    /// Subscription Identifiers in any order.
    Set(Vec<u64>),
    Absent,
    Present,
    Not(Box<Wanted>),
    OneOf(Vec<Wanted>),
    Between {
        at_least: Option<u64>,
        at_most: Option<u64>,
    },
    /// In hex.
    StartsWith(String),
    /// A reason code below 0x80.
    Success,
    /// This many reason codes below 0x80.
    Successes(usize),
    /// A reason code for each of these QoS, granting it or a lower one.
    Granted(Vec<u8>),
    /// A reason code for each of these.
    Each(Vec<Wanted>),
}
