//! Why a finding is listed under another one instead of counting as a defect.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::verdict::Finding;

/// A finding that follows from another one of its case.
#[derive(Debug, Clone, Copy)]
pub struct Consequence<'a> {
    pub finding: &'a Finding,
    pub because: Because,
}

/// Why a finding follows from an earlier one of its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Because {
    /// The same clause is broken in the same way.
    Again,
    /// The finding is about a packet that should not have been sent at all.
    SamePacket,
    ConnectionGone,
    /// The finding is about a connection that should have been closed.
    ConnectionOpen,
    SessionLost,
    /// The client was not connected or not subscribed.
    NotConnected,
    /// A later part of a delivery that had stopped.
    DeliveryStopped,
    /// The finding is about the answer that was received instead of the right one.
    OtherAnswer,
    /// The message was never acknowledged.
    Unacknowledged,
    /// The broker closed the connection after the earlier finding.
    EndedAfter,
    /// A message that a client asked for, in a case that had failed already.
    AskedFor,
}

impl Because {
    /// Every reason.
    #[cfg(test)]
    pub const ALL: [Self; 11] = [
        Self::Again,
        Self::SamePacket,
        Self::ConnectionGone,
        Self::ConnectionOpen,
        Self::SessionLost,
        Self::NotConnected,
        Self::DeliveryStopped,
        Self::OtherAnswer,
        Self::Unacknowledged,
        Self::EndedAfter,
        Self::AskedFor,
    ];
}

/// Writes the reason as a clause that reports put after `because`.
impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Again => "the same error occurs again",
            Self::SamePacket => "it is about a packet that should not have been sent",
            Self::ConnectionGone => "the connection was closed",
            Self::ConnectionOpen => "the connection should already have been closed",
            Self::SessionLost => "a lost session has no messages",
            Self::NotConnected => "the client was not connected or not subscribed",
            Self::DeliveryStopped => "the delivery had already stopped",
            Self::OtherAnswer => "it is about the wrong answer that was received",
            Self::Unacknowledged => "the message was never acknowledged",
            Self::EndedAfter => "the broker then closed the connection",
            Self::AskedFor => "a client had asked for the message, and the case had already failed",
        })
    }
}
