//! Strict decoding: what a packet means, or what is wrong with it, where, and by which clause.

use thiserror::Error;

use crate::{Clause, Frame, Packet, PacketType, ProtocolVersion, ReasonCode};

/// Why a frame is not a packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{packet}: {field} at byte {offset}: {problem}{}", ClauseSuffix(*.clause))]
pub struct DecodeError {
    /// The type in the fixed header.
    pub packet: PacketType,
    /// The field that is wrong, as scenarios name it: `topic`, `remaining_length`, `receive_maximum`.
    pub field: &'static str,
    /// Where it begins, in bytes from the start of the frame.
    pub offset: usize,
    /// What is wrong, as a lowercase fragment.
    pub problem: String,
    /// The clause that says so, where one does.
    pub clause: Option<Clause>,
    /// What a version 5 peer may answer: 0x81, 0x82, 0x84 or a more special code.
    pub reason: ReasonCode,
}

struct ClauseSuffix(Option<Clause>);

impl std::fmt::Display for ClauseSuffix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(clause) => write!(f, " {clause}"),
            None => Ok(()),
        }
    }
}

impl Packet {
    /// Decodes one whole frame. `version` is that of the connection; CONNECT carries its own, which rules.
    ///
    /// # Errors
    /// The first thing that is wrong, in wire order.
    pub fn decode(frame: &Frame, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let _ = (frame, version);
        unimplemented!("the codec's first commit is its types")
    }
}
