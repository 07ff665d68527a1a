//! A byte stream in WebSocket frames (RFC 6455), from either end, with every frame under control.
//!
//! [`WebSocket`] is an `AsyncRead + AsyncWrite` over any other: what is written goes out in binary frames, what
//! comes in binary frames is read, as a stream, since MQTT packets need not end where frames do. Beneath it stand the
//! pure parts: [`frame`], a header and its rules, and [`handshake`], the HTTP upgrade.
//!
//! It is our own because a test harness must see and send single frames (a text frame, a packet in fragments, a
//! subprotocol that nobody may select), which message libraries rightly hide; because a server must answer a packet
//! that has come whole before the message around it has; and because masks and keys come from a seed here, so that a
//! play in virtual time is the same to the byte. Its tests hold it against tokio-tungstenite in both roles.

#![warn(missing_docs)]

pub mod frame;
pub mod handshake;
mod lapse;
mod stream;

pub use frame::{Fault, Opcode};
pub use handshake::{Answer, HandshakeError, Request};
pub use lapse::Lapse;
pub use stream::{Control, Cut, Frame, Role, WebSocket};

/// The subprotocol of MQTT, `[5 MQTT-6.0.0-3]`, `[5 MQTT-6.0.0-4]`.
pub const MQTT: &str = "mqtt";
