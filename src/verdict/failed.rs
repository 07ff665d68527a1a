//! What a case has lost by the MUST failures that stand.
//!
//! A case that has failed does not wait for what is lost already. Where the server gave otherwise than it was asked for it
//! is played to its end all the same, since a failure may turn out to prove nothing. If one stands, what was waited for in
//! vain behind it is its consequence, and no other clause is blamed.

use std::collections::BTreeSet;

use crate::plan::{Awaited, PlannedStep, Stake};
use crate::scenario::model::Level;
use crate::transcript::{Ended, Outcome};

/// It.
#[derive(Debug, Default)]
pub(super) struct Failed {
    has_failed: bool,
    stakes: BTreeSet<Stake>,
}

impl Failed {
    /// What this step waited for does not hold, and that stands.
    pub(super) fn note(&mut self, step: &PlannedStep, awaited: &Awaited) {
        self.has_failed |= step.level() == Level::Must;
        self.stakes.extend(awaited.stakes(&step.step.clauses));
    }

    /// Whether all that was at stake in a waiting that was in vain is lost already.
    pub(super) fn covers(&self, step: &PlannedStep, awaited: &Awaited, outcome: &Outcome) -> bool {
        let stakes = awaited.stakes(&step.step.clauses);
        self.has_failed
            && outcome.ended == Ended::TimedOut
            && stakes.iter().all(|stake| self.stakes.contains(stake))
    }
}
