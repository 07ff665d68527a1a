//! Outputs of the broker: what the shell is to do.

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
    /// Read nothing more from it until `Resume`: the core works on what it sent. What comes all the same is handled
    /// once that is done, within one call.
    Pause {
        connection: ConnectionId,
    },
    Resume {
        connection: ConnectionId,
    },
    Hook(HookEvent),
}
