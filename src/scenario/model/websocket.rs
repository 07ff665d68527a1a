//! What a client does and expects below MQTT: the transport that it uses, and WebSocket frames.

use std::num::NonZeroUsize;

use bytes::Bytes;
pub use mqtt_check_websocket::Opcode;

use super::word::word_enum;
use super::{ClientAction, FieldMatch};

word_enum! {
    /// What carries a client's packets.
    Transport {
        /// What the target's URL specifies.
        Default = "default",
        Tcp = "tcp",
        WebSocket = "websocket",
    }
}

/// How a client reaches the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub transport: Transport,
    /// The index of the target's node, from 0.
    pub node: usize,
}

/// `open` with the details of the upgrade to WebSocket.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The subprotocols that the client offers, preferred first.
    pub subprotocols: Vec<String>,
    pub answer: UpgradeAnswer,
}

/// The expected answer to an upgrade.
#[derive(Debug, Clone, PartialEq)]
pub enum UpgradeAnswer {
    /// Not judged here: later steps look at the answer.
    None,
    /// An answer with these fields. It must accept the upgrade unless they say otherwise.
    Fields(Vec<FieldMatch>),
    /// A refusal, or the connection closed without an answer.
    Refused,
}

/// The `frame` action: frames that no MQTT client would send, or not in this way.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameTemplate {
    pub opcode: Opcode,
    pub content: FrameContent,
    pub fin: bool,
    /// The three reserved bits.
    pub reserved: u8,
    pub masked: bool,
    /// The payload bytes of each frame; `None` means everything in one frame.
    pub pieces_of: Option<usize>,
    /// Whether the pieces are fragments of one message.
    pub fragmented: bool,
    /// Send the encoded frames in writes of this many bytes; `None` means uncut.
    pub cut_every: Option<NonZeroUsize>,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameContent {
    /// These bytes. In a close frame they include the code.
    Bytes(Bytes),
    /// The packets that these actions send, one after the other. Contains only `Exchange`s without an expected answer,
    /// and `Send`s.
    Packets(Vec<ClientAction>),
}

/// A received frame that is not part of a message, and the expected values of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct FramePattern {
    /// Ping, pong or close.
    pub opcode: Opcode,
    pub fields: Vec<FieldMatch>,
}
