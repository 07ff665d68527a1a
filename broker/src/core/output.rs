//! Outputs of the broker: what the shell is to do.

use mqtt_check_codec::Packet;

use super::input::ConnectionId;
use crate::HookEvent;

/// What the broker wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Encode this packet and write it.
    Send {
        /// Where to.
        connection: ConnectionId,
        /// Encoded by the shell, in the version of that connection.
        packet: Packet,
    },
    /// The core holds messages back that this connection should get, until it hears that the connection is drained.
    Hold {
        /// The congested connection; [`Drained`](crate::Input::Drained) ends this.
        connection: ConnectionId,
    },
    /// Close the transport, after what was sent on it.
    Close {
        /// The one to close.
        connection: ConnectionId,
    },
    /// Read nothing more from it until `Resume`: the core works on what it sent. What comes all the same is handled
    /// once that is done, within one call.
    Pause {
        /// The one to read no more from.
        connection: ConnectionId,
    },
    /// Read from it again.
    Resume {
        /// The one that was paused.
        connection: ConnectionId,
    },
    /// Report this event to whoever listens.
    Hook(HookEvent),
}
