//! Of faults: what a broker remembers of a session's connections, and should not go by.

use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

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
}
