//! The reference MQTT broker of mqtt-check.
//!
//! [`core`] is a pure state machine: inputs and the time go in, outputs and the next deadline come out. It has no
//! sockets, clocks, tasks, logs or randomness. [`shell`] runs it over any `AsyncRead + AsyncWrite` with tokio.
//! [`Fault`]s are deliberate faults, with which the suite proves that its checks can fail. A [`Liberty`] is a choice
//! that the standard leaves open; with these the suite proves that its checks do not fail a conforming broker.

#![warn(missing_docs)]

pub mod access;
pub mod config;
pub mod core;
mod departure;
pub mod fault;
pub mod liberty;
#[cfg(feature = "shell")]
pub mod shell;

pub use config::{ClientIds, Config};
pub use core::{
    Affected, Broker, Change, ConnectionId, Control, Corrupt, Input, NodeEvent, NodeId, Output,
    RedirectWhen, StoredState, Time,
};
pub use departure::Conduct;
pub use fault::{Fault, Faults};
pub use liberty::{Liberties, Liberty};
pub use mqtt_check_vocabulary::{AccessAction, AccessRule, HookEvent, HookValue, hook};
