//! Inputs of the broker, and their time.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Packet, ProtocolVersion, ReasonCode};

/// Time since the broker's first start. Restarts do not reset it.
pub type Time = Duration;

/// A network connection, named by the shell and never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What happens to the broker.
#[derive(Debug, Clone)]
pub enum Input {
    /// A transport was accepted. `nonce` is random, for an assigned client id and for challenges; none comes twice.
    Opened {
        /// The new connection; it has not sent CONNECT yet.
        connection: ConnectionId,
        /// Random, and another one for each connection.
        nonce: u128,
    },
    /// A whole packet came. `size` is that of its frame in bytes.
    Received {
        /// Where it was received.
        connection: ConnectionId,
        /// As decoded; Topic Filters are not judged yet.
        packet: Packet,
        /// Of its frame with the fixed header, in bytes.
        size: usize,
    },
    /// Bytes came that are no packet; the transport delivers nothing more. `version` is what a CONNECT among them
    /// says of itself, where that can be read.
    Malformed {
        /// Where they were received.
        connection: ConnectionId,
        /// The version that a CONNECT among them names; `None` where it cannot be read.
        version: Option<ProtocolVersion>,
        /// Why they are not a packet, and the code to answer with.
        error: DecodeError,
    },
    /// The transport ended from the other side.
    Closed {
        /// It is gone; nothing can be sent on it.
        connection: ConnectionId,
    },
    /// So much waits to be written to this connection that it should get nothing but what it needs.
    Congested {
        /// The one whose client reads too slowly.
        connection: ConnectionId,
    },
    /// That is over.
    Drained {
        /// The one that is no longer congested.
        connection: ConnectionId,
    },
    /// The next deadline has come.
    Woke,
    /// An administrator's action.
    Control(Control),
}

/// What an administrator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Ends this client's connection, with the code in version 5.
    Kick {
        /// Client Identifier; nothing happens if it is not connected.
        client: ByteString,
        /// Sent in the DISCONNECT of version 5; before, the connection is closed without a packet.
        reason: ReasonCode,
    },
    /// Sends this client, now or when it next connects, to another server. `reason` is 0x9C or 0x9D.
    Redirect {
        /// Client Identifier.
        client: ByteString,
        /// On the open connection or at the next CONNECT.
        when: RedirectWhen,
        /// 0x9C (use another server) or 0x9D (server moved).
        reason: ReasonCode,
        /// The other server, if the client is told which one.
        server_reference: Option<ByteString>,
    },
    /// Graceful stop: DISCONNECT 0x8B to version 5 clients, then every connection closed.
    Stop,
}

/// When a redirection takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectWhen {
    /// In a DISCONNECT on the open connection.
    Now,
    /// In the CONNACK of the next connection.
    AtConnect,
}
