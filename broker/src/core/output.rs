//! Outputs of the broker, which the shell carries out.

use mqtt_check_codec::Packet;

use super::input::ConnectionId;
use crate::HookEvent;

/// An instruction to the shell. Outputs are carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Encode this packet and write it.
    Send {
        /// The connection to write to.
        connection: ConnectionId,
        /// The packet, to be encoded for the connection's protocol version.
        packet: Packet,
    },
    /// The core holds back messages for this connection until it is drained.
    Hold {
        /// The congested connection. [`Drained`](crate::Input::Drained) ends this.
        connection: ConnectionId,
    },
    /// Close the transport connection after everything before has been written.
    Close {
        /// The connection to close.
        connection: ConnectionId,
    },
    /// Read nothing more from this connection until `Resume`, since the core still works on its earlier packets. If a
    /// packet arrives anyway, the core finishes that work first, in the same call.
    Pause {
        /// The connection to read nothing more from.
        connection: ConnectionId,
    },
    /// Read from this connection again.
    Resume {
        /// The paused connection.
        connection: ConnectionId,
    },
    /// Report this event to listeners.
    Hook(HookEvent),
}
