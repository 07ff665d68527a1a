//! Inputs of the broker, and the time that comes with them.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Packet, ProtocolVersion, ReasonCode};

/// Time since the broker's first start. Restarts do not reset it.
pub type Time = Duration;

/// A network connection. The shell chooses the number and never reuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// A node of a cluster. All nodes are this one broker and share its state: a node is where connections arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u8);

/// What the shell reports to the broker.
#[derive(Debug, Clone)]
pub enum Input {
    /// A transport connection was accepted.
    Opened {
        /// The new connection. It has not sent CONNECT yet.
        connection: ConnectionId,
        /// The node that accepted it.
        node: NodeId,
        /// A random number for an assigned Client Identifier and for challenges. Each connection must have another one.
        nonce: u128,
    },
    /// A complete packet was received.
    Received {
        /// The connection that received it.
        connection: ConnectionId,
        /// The decoded packet. Its Topic Filters have not been checked yet.
        packet: Packet,
        /// Size of the whole packet with its fixed header, in bytes.
        size: usize,
    },
    /// Bytes were received that are not a packet. The connection receives nothing more.
    Malformed {
        /// The connection that received them.
        connection: ConnectionId,
        /// The version of a CONNECT among the bytes; `None` if it cannot be read.
        version: Option<ProtocolVersion>,
        /// Why the bytes are not a packet, and the reason code to answer with.
        error: DecodeError,
    },
    /// The transport connection was closed by the client, or was lost.
    Closed {
        /// The closed connection. Nothing can be sent on it.
        connection: ConnectionId,
    },
    /// So many bytes wait to be written to this connection that it should get only required packets.
    Congested {
        /// The connection whose client reads too slowly.
        connection: ConnectionId,
    },
    /// A congested connection can take messages again.
    Drained {
        /// The connection that is no longer congested.
        connection: ConnectionId,
    },
    /// The next deadline has passed.
    Woke,
    /// An administrator's action.
    Control(Control),
}

/// An administrator's action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Ends this client's connection.
    Kick {
        /// The Client Identifier. Nothing happens if it is not connected.
        client: ByteString,
        /// Sent in the DISCONNECT of version 5. Earlier versions close the connection without a packet.
        reason: ReasonCode,
    },
    /// Sends this client to another server, now or when it next connects.
    Redirect {
        /// The Client Identifier.
        client: ByteString,
        /// Whether to redirect the open connection or the next CONNECT.
        when: RedirectWhen,
        /// 0x9C (use another server) or 0x9D (server moved).
        reason: ReasonCode,
        /// The other server, if the client is to learn it.
        server_reference: Option<ByteString>,
    },
    /// Stops gracefully: sends DISCONNECT 0x8B to version 5 clients and closes every connection.
    Stop,
    /// Something happens to one node.
    Node {
        /// The node that this concerns. The other nodes go on serving their clients.
        node: NodeId,
        /// What happens to it.
        event: NodeEvent,
    },
}

/// What happens to one node of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeEvent {
    /// The node is gone without warning: its connections end, and no packet is sent on them.
    Killed,
    /// The node stops gracefully: sends DISCONNECT 0x8B to its version 5 clients and closes its connections.
    Stopped,
    /// A node that was killed or stopped accepts connections again.
    Started,
    /// The node stands still: it neither reads nor writes, but its connections stay open.
    Paused,
    /// A paused node continues.
    Continued,
}

/// When a redirection takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectWhen {
    /// In a DISCONNECT on the open connection.
    Now,
    /// In the CONNACK of the next connection.
    AtConnect,
}
