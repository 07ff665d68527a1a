//! A citation of the standard. It always has a version and an id, because 121 ids are in both versions, and many of
//! them mean different things there.

use std::fmt;

use crate::{ProtocolVersion, decode, topic};

/// Returns every clause that an error of this crate can cite, some more than once. Tests check that each exists.
pub fn cited_clauses() -> impl Iterator<Item = Clause> {
    decode::cited_clauses().chain(topic::cited_clauses())
}

/// A clause such as `[5 MQTT-3.1.4-3]`, or a name of our own for an unnumbered rule, `[5 RULE-3.3.1.2-1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Clause {
    /// The document that the id belongs to. 3.1 has no numbered statements, so those of 3.1.1 are cited for it.
    pub version: ProtocolVersion,
    /// The id, with its prefix: `MQTT-3.1.4-3`.
    pub id: &'static str,
}

impl Clause {
    /// Makes a clause of 3.1.1.
    pub const fn v3_1_1(id: &'static str) -> Self {
        let version = ProtocolVersion::V3_1_1;
        Self { version, id }
    }

    /// Makes a clause of 5.
    pub const fn v5(id: &'static str) -> Self {
        let version = ProtocolVersion::V5;
        Self { version, id }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} {}]", self.version, self.id)
    }
}
