//! What a record of a store belongs to, as far as its key states it.

use std::fmt;

use super::change::{RETAINED, SESSION};

/// What is lost with a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affected {
    /// A part of the session with this Client Identifier.
    Session(String),
    /// The retained message of this topic.
    Retained(String),
    /// The key does not state it.
    Unknown,
}

impl Affected {
    /// Returns what the record with this key belongs to.
    pub fn by(key: &[u8]) -> Self {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let found = match key.split_first() {
            Some((&RETAINED, topic)) => text(topic).map(Self::Retained),
            Some((&SESSION, rest)) => rest.split_first_chunk().and_then(|(length, rest)| {
                let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
                text(rest.get(..length)?).map(Self::Session)
            }),
            _ => None,
        };
        found.unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Affected {
    /// Escapes the names that clients chose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(client) => write!(f, "session {client:?}"),
            Self::Retained(topic) => write!(f, "retained message of {topic:?}"),
            Self::Unknown => f.write_str("something whose name is lost too"),
        }
    }
}
