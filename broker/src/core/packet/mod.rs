//! The packets that a client sends, one file for each.
//!
//! A packet on an accepted connection needs no more than the state; CONNECT, AUTH before it is answered and DISCONNECT
//! are about the connections as well, and so about the broker as a whole.

pub(crate) mod acknowledgement;
mod aliases;
pub(crate) mod auth;
mod collision;
pub(crate) mod connect;
pub(crate) mod disconnect;
mod errant;
pub(crate) mod pingreq;
pub(crate) mod publish;
pub(crate) mod pubrel;
mod several;
pub(crate) mod subscribe;
pub(crate) mod unsubscribe;
