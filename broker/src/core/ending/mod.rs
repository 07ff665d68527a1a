//! How connections, Wills and sessions end, and who receives what is left: functions over the parts of the state that
//! they need.

pub(crate) mod connection;
pub(crate) mod inheritance;
pub(crate) mod session;
pub(crate) mod takeover;
pub(crate) mod will;
