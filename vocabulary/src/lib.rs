//! The vocabulary that broker and harness share: the settings of a broker, and the events that it reports.
//!
//! Each setting and each hook event is one row of one table. What the broker enforces, what a scenario may ask for, what
//! a target file maps and what the reference lists all come from that row. There is no I/O here.

#![warn(missing_docs)]

pub mod access;
pub mod hook;
pub mod setting;
mod value;

pub use access::{AccessAction, AccessRule, ClientIds, Mechanism, Secret, User};
pub use hook::{
    DisconnectReason, DropReason, HookEvent, HookValue, TerminationReason, WillTrigger,
};
pub use setting::{Config, SETTINGS, Setting, Settings};
pub use value::{Kind, Unit, Value};
