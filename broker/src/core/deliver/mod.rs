//! Delivers an accepted message to every client that receives it. These are functions over the parts of the state that
//! they need.

pub(crate) mod acknowledgement;
pub(crate) mod beside;
pub(crate) mod copy;
pub(crate) mod delivery;
pub(crate) mod forwarding;
pub(crate) mod lies;
pub(crate) mod loss;
pub(crate) mod outgoing;
pub(crate) mod publish;
pub(crate) mod retained;
pub(crate) mod routing;
mod stray;
