//! The reference MQTT broker of mqtt-check.
//!
//! [`core`] is a pure state machine: inputs and the time go in, outputs and the next deadline come out. No socket,
//! clock, task, log or randomness is in it. [`shell`] runs it over any `AsyncRead + AsyncWrite` with tokio.
//! [`Fault`]s are its deliberate faults, by which the suite proves that its checks can fail, and [`Liberty`]s the
//! choices that the standard leaves open, by which it proves that its checks fail no conforming broker.

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
    Affected, Broker, Change, ConnectionId, Control, Corrupt, Input, Output, RedirectWhen,
    StoredState, Time,
};
pub use departure::Conduct;
pub use fault::{Fault, Faults};
pub use liberty::{Liberties, Liberty};
pub use mqtt_check_vocabulary::{AccessAction, AccessRule, HookEvent, HookValue, hook};
