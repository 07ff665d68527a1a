//! The driver `rumqttc`: a client played by that library, as an application would use it.
//!
//! ```text
//! steps -> application (the library's client and event loop) -- Unix socket -- tap -- lane -> broker
//! ```
//! The library runs in the case's own runtime, so that virtual time holds. What it writes is cut into packets,
//! recorded as sent and passed on; what the broker sends is recorded and given to the library, one packet at a time
//! and only when the library rests: it picks at random among the things that it could do next, and so it never has
//! more than one.
//!
//! Expectations look at the tap, as with any other client. After a step that does not wait for its answer (`no_wait`,
//! `pubrec`) the tap holds back what comes until the client's next step that waits; what is held back when the
//! connection ends is lost. That is how a scenario has an acknowledgement lost on its way.
//!
//! What the library does on its own side is written down as facts about it, never as something about the broker.

mod application;
mod asking;
mod blame;
mod ledger;
mod play;
mod tap;
mod v4;
mod v5;

pub(super) use play::poll;
pub(super) use tap::Tap;
