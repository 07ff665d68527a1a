//! What a session keeps from one connection to the next.

use std::time::Duration;

use bytestring::ByteString;

use super::flight::Flights;
use super::reply::Used;
use super::subscription::Subscriptions;
use crate::transcript::LaneIndex;

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The client identifier as the broker knows it.
    Client(ByteString),
    /// The broker knows it by an identifier that it has not told.
    Unnamed(LaneIndex),
}

/// One session, as far as the record shows it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Everything that the client did in it is in the record and was understood.
    pub(super) is_known: bool,
    pub(super) flights: Flights,
    pub(super) used: Used,
    pub(super) subscriptions: Subscriptions,
    /// How many SUBSCRIBEs the client has sent.
    pub(super) subscribes: u32,
    /// The client that last got it wanted it to outlive its connection.
    pub(super) is_to_last: bool,
    /// When a connection last got it, since the scene began.
    pub(super) attached: Duration,
}

impl Session {
    /// A session that begins now.
    pub(super) fn new() -> Self {
        Self {
            is_known: true,
            ..Self::default()
        }
    }

    /// A session of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    /// From here on it may be in another state than the record shows.
    pub(super) fn doubt(&mut self) {
        self.is_known = false;
        self.flights.doubt();
    }
}
