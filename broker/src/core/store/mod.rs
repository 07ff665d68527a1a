//! What outlives the broker itself: as records of a store, and as the state that a broker takes up again.

pub(crate) mod affected;
pub(crate) mod change;
mod forget;
pub(crate) mod record;
pub(crate) mod restart;
