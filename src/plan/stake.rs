//! What a wait can prove or fail.

use mqtt_check_codec::PacketType;

use super::Awaited;
use crate::scenario::model::Pattern;

/// Something that a wait can prove or fail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stake {
    Clause(String),
    /// The answer of a handshake whose step cites no clause.
    Answer(PacketType),
}

impl Awaited {
    /// Returns what this wait can prove or fail if its step cites these clauses.
    pub fn stakes(&self, clauses: &[String]) -> Vec<Stake> {
        if !clauses.is_empty() {
            return clauses.iter().cloned().map(Stake::Clause).collect();
        }
        let answer = match &self.expectation.pattern {
            Pattern::Packet(pattern) => pattern.packet_type,
            _ => return Vec::new(),
        };
        let is_handshake = self.answers_sent || self.connects || self.gate;
        // If the last AUTH of an authentication is missing, the next one is out of turn.
        let is_such = is_handshake || matches!(answer, PacketType::PINGRESP | PacketType::AUTH);
        is_such
            .then_some(Stake::Answer(answer))
            .into_iter()
            .collect()
    }
}
