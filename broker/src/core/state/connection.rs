//! Network connections, from the moment they are opened.

use std::collections::BTreeMap;

use mqtt_check_codec::Connect;

use super::account::Charge;
use super::link::Link;
use super::session_key::SessionKey;
use crate::core::input::{ConnectionId, Time};

/// Every network connection that is not over.
pub(crate) type Connections = BTreeMap<ConnectionId, Phase>;

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Its CONNECT is awaited.
    Opened {
        /// Apart, since most connections are past it.
        nonce: Box<u128>,
    },
    /// Its CONNECT came, and has a method by which it must be proven.
    Authenticating(Box<Waiting>),
    /// It belongs to this session.
    Connected(SessionKey),
    /// It is over, but a fault still takes messages from it.
    Ghost,
}

/// A connection whose CONNECT is held back until the client has proven who it is.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) connect: Connect,
    pub(crate) nonce: u128,
    pub(crate) link: Link,
    pub(crate) since: Time,
    /// What it takes of what is kept for all clients.
    #[expect(dead_code, reason = "held for what its end gives back")]
    pub(crate) charge: Charge,
}
