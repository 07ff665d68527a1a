//! Which clauses a wait could prove or fail.

use mqtt_check_codec::PacketType;

use super::Awaited;
use crate::scenario::model::Pattern;

/// What is at stake in a waiting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stake {
    Clause(String),
    /// The answer of a handshake whose step cites nothing.
    Answer(PacketType),
}

impl Awaited {
    /// What is at stake in it where its step cites these clauses.
    pub fn stakes(&self, clauses: &[String]) -> Vec<Stake> {
        if !clauses.is_empty() {
            return clauses.iter().cloned().map(Stake::Clause).collect();
        }
        let answer = match &self.expectation.pattern {
            Pattern::Packet(pattern) => pattern.packet_type,
            _ => return Vec::new(),
        };
        let is_handshake = self.answers_sent || self.connects || self.gate;
        // Without the end of an authentication the next one is out of turn.
        let is_such = is_handshake || matches!(answer, PacketType::PINGRESP | PacketType::AUTH);
        is_such
            .then_some(Stake::Answer(answer))
            .into_iter()
            .collect()
    }
}
