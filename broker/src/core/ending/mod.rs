//! Ends connections, Wills and sessions, and passes on the messages that are left. These are functions over the parts
//! of the state that they need.

pub(crate) mod connection;
pub(crate) mod held_back;
pub(crate) mod inheritance;
pub(crate) mod node;
pub(crate) mod session;
pub(crate) mod takeover;
pub(crate) mod will;
