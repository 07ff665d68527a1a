//! The key of a session within the broker.

/// The index of a session in the table. It is reused after the session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(crate) u32);
