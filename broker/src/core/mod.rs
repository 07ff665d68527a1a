//! The broker as a pure state machine.
//!
//! Whoever runs it feeds [`Input`]s with the time, carries out the [`Output`]s in order, and calls again with
//! [`Input::Woke`] when the next deadline has come.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Packet, ReasonCode};

use crate::{Config, Deviations, HookEvent};

/// Time since the broker's first start. Restarts do not reset it.
pub type Time = Duration;

/// A network connection, named by the shell and never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What happens to the broker.
#[derive(Debug, Clone)]
pub enum Input {
    /// A transport was accepted. `nonce` is random, for an assigned client id.
    Opened {
        connection: ConnectionId,
        nonce: u64,
    },
    /// A whole packet came. `size` is that of its frame in bytes.
    Received {
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    },
    /// Bytes came that are no packet; the transport delivers nothing more.
    Malformed {
        connection: ConnectionId,
        error: DecodeError,
    },
    /// The transport ended from the other side.
    Closed {
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

/// What the broker wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Send {
        connection: ConnectionId,
        packet: Packet,
    },
    /// Close the transport, after what was sent on it.
    Close {
        connection: ConnectionId,
    },
    Hook(HookEvent),
}

/// The broker.
#[derive(Debug)]
pub struct Broker {
    #[expect(dead_code, reason = "the core's first commit is its interface")]
    config: Config,
    #[expect(dead_code, reason = "the core's first commit is its interface")]
    deviations: Deviations,
}

impl Broker {
    /// A broker with no sessions and no retained messages.
    pub fn new(config: Config, deviations: Deviations) -> Self {
        Self { config, deviations }
    }

    /// Takes one input and appends what is to be done.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        let _ = (now, input, out);
        unimplemented!("the core's first commit is its interface")
    }

    /// When [`Input::Woke`] is due.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }
}
