//! Of faults: what a broker remembers of a session beyond its state, and should not go by.

use std::collections::BTreeSet;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{PacketId, ProtocolVersion};

use super::subscription::Granted;
use crate::core::input::Time;

#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Whether the present connection has resumed the session.
    pub(crate) resumed: bool,
    /// Whether the present connection has displaced another one.
    pub(crate) taken_over: bool,
    pub(crate) connected_at: Time,
    /// Of the last connection.
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) silence: Option<Duration>,
    /// Filters that were subscribed to on a resumed connection.
    pub(crate) made: Vec<ByteString>,
    /// Subscriptions that were removed, and those that were replaced.
    pub(crate) removed: Vec<(ByteString, Granted)>,
    pub(crate) replaced: Vec<(ByteString, Granted)>,
    /// Filters that were ever subscribed to.
    pub(crate) ever: BTreeSet<ByteString>,
    /// Packet ids whose PUBREL was sent again.
    pub(crate) released: BTreeSet<PacketId>,
}
