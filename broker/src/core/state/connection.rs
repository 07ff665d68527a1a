//! Network connections, from the moment they are opened.

use std::collections::BTreeMap;

use mqtt_check_codec::Connect;

use super::account::Charge;
use super::link::Link;
use super::session_key::SessionKey;
use crate::core::input::{ConnectionId, Time};

/// Every open network connection.
pub(crate) type Connections = BTreeMap<ConnectionId, Phase>;

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// The broker waits for its CONNECT.
    Opened {
        /// Boxed, since most connections no longer need it.
        nonce: Box<u128>,
    },
    /// Its CONNECT was received, and the client must authenticate.
    Authenticating(Box<Waiting>),
    /// It belongs to this session.
    Connected(SessionKey),
    /// It is closed, but a fault or a permitted variation still accepts messages from it.
    Ghost,
}

/// A connection whose CONNECT waits until the client has authenticated.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) connect: Connect,
    pub(crate) nonce: u128,
    pub(crate) link: Link,
    pub(crate) since: Time,
    /// Its share of the memory for all clients.
    #[expect(dead_code, reason = "held for what its end gives back")]
    pub(crate) charge: Charge,
}
