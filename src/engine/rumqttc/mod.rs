//! The driver `rumqttc`: a client that is played by that library, as an application would use it.
//!
//! ```text
//! steps -> application (the library's client and event loop) -- Unix socket -- tap -- lane -> broker
//! ```
//! The library runs in the case's own runtime, so it sees virtual time too. What it writes is split into packets,
//! recorded as sent, and passed on. What the broker sends is recorded and passed to the library, one packet at a time
//! and only while the library is idle. Its event loop selects randomly between ready events; with one packet at a time
//! there is only one.
//!
//! Expectations look at the tap, as with any other client. After a step that does not wait for its answer (`no_wait`,
//! `pubrec`), the tap holds back received packets until the client's next step that waits. What is held back when the
//! connection ends is lost. A scenario uses this to lose an acknowledgement on its way.
//!
//! What the library does internally is recorded as facts about the library, never about the broker.

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
