//! A byte stream in WebSocket frames (RFC 6455), from either end, with every frame under control.
//!
//! [`WebSocket`] is an `AsyncRead + AsyncWrite` over any other. Writes go out in binary frames. The content of received
//! binary frames is read as a stream, because MQTT packets need not end where frames do. Below it are the pure parts:
//! [`frame`], a header and its rules, and [`handshake`], the HTTP upgrade.
//!
//! The crate is our own for three reasons. A test harness must see and send single frames (a text frame, a packet in
//! fragments, a subprotocol that no server may select), which message libraries rightly hide. A server must answer a
//! complete packet before the message around it has ended. Masks and keys come from a seed here, so that a play in
//! virtual time is the same to the byte. Tests compare the crate with tokio-tungstenite in both roles.

#![warn(missing_docs)]

pub mod frame;
pub mod handshake;
mod lapse;
mod stream;

pub use frame::{Fault, Opcode};
pub use handshake::{Answer, HandshakeError, Request};
pub use lapse::Lapse;
pub use stream::{Control, Cut, Frame, Role, WebSocket};

/// The subprotocol of MQTT. `[5 MQTT-6.0.0-3]` `[5 MQTT-6.0.0-4]`
pub const MQTT: &str = "mqtt";
