//! What the broker keeps while it runs. Nothing here sends, routes or ends anything.

pub(crate) mod arrivals;
pub(crate) mod authentication;
pub(crate) mod connection;
pub(crate) mod inflight;
pub(crate) mod link;
pub(crate) mod message;
pub(crate) mod queue;
pub(crate) mod redirect;
pub(crate) mod retained;
pub(crate) mod session;
pub(crate) mod session_key;
pub(crate) mod subscription;
pub(crate) mod timer;
pub(crate) mod will;
pub(crate) mod written;
