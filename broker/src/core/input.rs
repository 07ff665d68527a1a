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
        connection: ConnectionId,
        nonce: u128,
    },
    /// A whole packet came. `size` is that of its frame in bytes.
    Received {
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    },
    /// Bytes came that are no packet; the transport delivers nothing more. `version` is what a CONNECT among them
    /// says of itself, where that can be read.
    Malformed {
        connection: ConnectionId,
        version: Option<ProtocolVersion>,
        error: DecodeError,
    },
    /// The transport ended from the other side.
    Closed {
        connection: ConnectionId,
    },
    /// So much waits to be written to this connection that it should get nothing but what it needs.
    Congested {
        connection: ConnectionId,
    },
    /// That is over.
    Drained {
        connection: ConnectionId,
    },
    /// The next deadline has come.
    Woke,
    Control(Control),
}

/// What an administrator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Ends this client's connection, with the code in version 5.
    Kick {
        client: ByteString,
        reason: ReasonCode,
    },
    /// Sends this client, now or when it next connects, to another server. `reason` is 0x9C or 0x9D.
    Redirect {
        client: ByteString,
        when: RedirectWhen,
        reason: ReasonCode,
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
