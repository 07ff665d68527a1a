//! What a client does and expects below MQTT: how it reaches a transport, and WebSocket frames.

use std::num::NonZeroUsize;

use bytes::Bytes;
pub use mqtt_check_websocket::Opcode;

use super::{ClientAction, FieldMatch};

word_enum! {
    /// What carries a client's packets.
    Transport {
        /// What the target's URL says.
        Default = "default",
        Tcp = "tcp",
        WebSocket = "websocket",
    }
}

/// Where a client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub transport: Transport,
    /// Which node of the target, from 0.
    pub node: usize,
}

/// `open` with what is to be said at the upgrade to WebSocket.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The subprotocols that are offered, in the order of preference.
    pub subprotocols: Vec<String>,
    pub answer: UpgradeAnswer,
}

/// What is expected of the answer to an upgrade.
#[derive(Debug, Clone, PartialEq)]
pub enum UpgradeAnswer {
    /// Nothing: the following steps look at it.
    None,
    /// An answer with these fields; one that accepts unless they say otherwise.
    Fields(Vec<FieldMatch>),
    /// An answer that refuses, or none and the connection closed.
    Refused,
}

/// `frame`: frames that no MQTT client would make, or not in this way.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameTemplate {
    pub opcode: Opcode,
    pub content: FrameContent,
    pub fin: bool,
    /// The three reserved bits.
    pub reserved: u8,
    pub masked: bool,
    /// So many bytes a frame; all in one if `None`.
    pub pieces_of: Option<usize>,
    /// Whether the pieces are fragments of one message.
    pub fragmented: bool,
    /// Cut into writes of so many bytes below the frames; not cut if `None`.
    pub cut_every: Option<NonZeroUsize>,
}

/// What is in a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameContent {
    /// Of a close frame with its code.
    Bytes(Bytes),
    /// What these send, one behind the other. Only `Exchange`s, whose answers are not waited for, and `Send`s.
    Packets(Vec<ClientAction>),
}

/// A frame that comes and is no part of a message, and what is expected of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct FramePattern {
    /// Ping, pong or close.
    pub opcode: Opcode,
    pub fields: Vec<FieldMatch>,
}
