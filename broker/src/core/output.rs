//! What the broker wants done.

use mqtt_check_codec::Packet;

use super::input::ConnectionId;
use crate::HookEvent;

/// What the broker wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send {
        connection: ConnectionId,
        packet: Packet,
    },
    /// The core holds messages back that this connection should get, until it hears that the connection is drained.
    Hold {
        connection: ConnectionId,
    },
    /// Close the transport, after what was sent on it.
    Close {
        connection: ConnectionId,
    },
    Hook(HookEvent),
}
