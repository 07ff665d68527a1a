//! The packets that a client sends, one file for each.
//!
//! A packet on an accepted connection needs only the state. CONNECT, AUTH before CONNACK, and DISCONNECT also change
//! the connections, and so the broker as a whole.

pub(crate) mod acknowledgement;
mod aliases;
pub(crate) mod arrival;
pub(crate) mod auth;
mod collision;
pub(crate) mod connect;
pub(crate) mod disconnect;
mod errant;
mod late;
pub(crate) mod order;
pub(crate) mod overdue;
pub(crate) mod pingreq;
pub(crate) mod publish;
pub(crate) mod pubrel;
mod several;
pub(crate) mod subscribe;
pub(crate) mod unsubscribe;
