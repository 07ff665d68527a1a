//! What another program has to observe to decide whether a finding holds.

use serde::{Deserialize, Serialize};

/// How a finding can be checked by sending what clients sent up to some event, and looking at what comes then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Which of the clients has to see it, from 0.
    pub client: usize,
    /// The number of the first event that is not part of what leads there.
    pub before: usize,
    /// The clients that acknowledge every message at once, from 0.
    pub acknowledging: Vec<usize>,
    /// How long it is waited for at most, in microseconds.
    pub within_us: u64,
    /// What a right broker does.
    pub right: Right,
}

/// What a right broker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Right {
    /// It sends these, one after the other; packets of other types may come between them.
    Packets { packets: Vec<WantedPacket> },
    /// It sends none of these types, or nothing at all if there are none, for so long.
    Silence { of: Vec<String>, span_us: u64 },
    /// It sends no more packet like this one.
    NoMore { packet: WantedPacket },
    /// It closes the connection.
    Closed,
    /// It closes the connection, and may say why.
    Refused {
        /// Whether CONNACK may, must not or must come first.
        connack: ConnackRule,
        /// The codes of CONNACK or DISCONNECT that are right; empty where the finding is not about them.
        codes: Vec<u8>,
    },
    /// It sends a packet of this type, which has other bytes than these; none is right too.
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

/// A packet that is awaited.
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

/// A field of a packet that is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WantedField {
    /// The name that scenarios use.
    pub name: String,
    pub value: Wanted,
}

/// What is right as the value of a field.
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
    /// User Properties, others beside them.
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
    /// So many reason codes below 0x80.
    Successes(usize),
    /// A reason code for each of these QoS, which grants it or a lower one.
    Granted(Vec<u8>),
    /// A reason code for each of these.
    Each(Vec<Wanted>),
}
