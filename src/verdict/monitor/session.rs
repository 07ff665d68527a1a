//! What a session keeps from one connection to the next.

use std::time::Duration;

use bytestring::ByteString;

use super::flight::Flights;
use super::reply::Used;
use super::subscription::Subscriptions;
use crate::transcript::LaneIndex;

/// The identity of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The client identifier as the broker knows it.
    Client(ByteString),
    /// The broker knows the session by an identifier that it has not revealed.
    Unnamed(LaneIndex),
}

/// One session, as far as the record shows it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Whether everything that the client did in the session is in the record and was understood.
    pub(super) is_known: bool,
    pub(super) flights: Flights,
    pub(super) used: Used,
    pub(super) subscriptions: Subscriptions,
    /// How many SUBSCRIBEs the client has sent.
    pub(super) subscribes: u32,
    /// Whether the client that last had the session wanted it to outlive its connection.
    pub(super) is_to_last: bool,
    /// When a connection last got the session, measured from the start of the scene.
    pub(super) attached: Duration,
}

impl Session {
    /// Creates a session that begins now.
    pub(super) fn new() -> Self {
        Self {
            is_known: true,
            ..Self::default()
        }
    }

    /// Creates a session about which nothing is known.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    /// Notes that the session may no longer be in the state that the record shows.
    pub(super) fn doubt(&mut self) {
        self.is_known = false;
        self.flights.doubt();
    }
}
