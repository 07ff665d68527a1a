//! Faults: what a broker remembers of a session's connections but should not use. A broker without faults remembers
//! nothing here.

use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use super::boxed_if_changed::Blank;
use super::expiry::Expiry;
use crate::core::input::{ConnectionId, Time};

#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Whether the current connection has resumed the session.
    pub(crate) resumed: bool,
    /// Whether the current connection has displaced another one.
    pub(crate) taken_over: bool,
    pub(crate) connected_at: Time,
    /// The protocol version of the last connection. The next three fields belong to that connection too.
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) silence: Option<Duration>,
    pub(crate) packet_size: Option<u32>,
    pub(crate) window: Option<usize>,
    /// Whether a connection has requested Response Information.
    pub(crate) asked_response: bool,
    /// Whether the current connection has requested Response Information.
    pub(crate) asks_response: bool,
    /// How long the session was to last according to its last DISCONNECT.
    pub(crate) told_expiry: Option<Expiry>,
    /// The Session Expiry Interval of the CONNECT that this DISCONNECT ended, in seconds.
    pub(crate) asked_expiry_s: Option<u32>,
    /// Whether the displaced connection is left open.
    pub(crate) left_open: bool,
    /// How many connections have resumed the session.
    pub(crate) resumptions: usize,
    /// Whether the broker has restarted since the last connection.
    pub(crate) restarted: bool,
    /// When the broker last restarted.
    pub(crate) restarted_at: Option<Time>,
    /// Whether the last connection broke, and the session has received no message since.
    pub(crate) broken: bool,
    /// Whether the Client Identifier was assigned.
    pub(crate) assigned: bool,
    /// Whether the current connection has Clean Start 1.
    pub(crate) clean_start: bool,
    /// The number of the turn in which the client last sent a PUBLISH of QoS 0.
    pub(crate) qos0_in_turn: u64,
    /// Whether the session receives no more messages.
    pub(crate) deaf: bool,
    /// The connection whose packets are ignored.
    pub(crate) hung: Option<ConnectionId>,
    /// Whether the current connection has authenticated with AUTH.
    pub(crate) authenticated: bool,
    /// The Will Delay Interval of the last Will.
    pub(crate) will_delay: Option<Duration>,
    /// When the session was to end after its last connection.
    pub(crate) ends_at: Option<Time>,
    /// When the last Will was due.
    pub(crate) will_at: Option<Time>,
    /// When the Keep Alive of the displaced connection would have passed.
    pub(crate) doomed_at: Option<Time>,
    /// How many connections of the session were displaced.
    pub(crate) takeovers: usize,
    /// How many restarts the session has survived.
    pub(crate) restarts: usize,
    /// When the client last sent a PINGREQ, and the number of that turn.
    pub(crate) pinged: (Time, u64),
    /// Whether the Keep Alive of CONNECT is the one that the server imposes.
    pub(crate) keeps_servers: bool,
    /// Whether the Keep Alive of CONNECT is longer than the one that the server imposes.
    pub(crate) exceeds_servers: bool,
    /// Whether the client has sent a PUBLISH with DUP 1.
    pub(crate) repeats: bool,
    /// When the subscriptions of the session are removed.
    pub(crate) cleared_at: Option<Time>,
}

impl Blank for Traces {
    const BLANK: &'static Self = &Self {
        resumed: false,
        taken_over: false,
        connected_at: Time::ZERO,
        version: None,
        silence: None,
        packet_size: None,
        window: None,
        asked_response: false,
        asks_response: false,
        told_expiry: None,
        asked_expiry_s: None,
        left_open: false,
        resumptions: 0,
        restarted: false,
        restarted_at: None,
        broken: false,
        assigned: false,
        clean_start: false,
        qos0_in_turn: 0,
        deaf: false,
        hung: None,
        authenticated: false,
        will_delay: None,
        ends_at: None,
        will_at: None,
        doomed_at: None,
        takeovers: 0,
        restarts: 0,
        pinged: (Time::ZERO, 0),
        keeps_servers: false,
        exceeds_servers: false,
        repeats: false,
        cleared_at: None,
    };
}
