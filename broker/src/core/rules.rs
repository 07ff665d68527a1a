//! What the broker goes by: its configuration, and the faults that it was told to have.

use crate::{Config, Deviation, Deviations};

#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) config: Config,
    pub(crate) deviations: Deviations,
}

impl Rules {
    /// Whether this fault is in force.
    pub(crate) fn breaks(&self, deviation: Deviation) -> bool {
        self.deviations.has(deviation)
    }
}
