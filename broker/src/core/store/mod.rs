//! State that survives the broker: as records of a store, and as the state that a new broker resumes.

pub(crate) mod affected;
pub(crate) mod change;
mod forget;
pub(crate) mod record;
pub(crate) mod restart;
