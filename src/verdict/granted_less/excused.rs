//! Findings that were dropped, and why.

use std::collections::BTreeMap;

use crate::scenario::model::ClientIndex;
use crate::transcript::{EventIndex, StepIndex};

/// What was let off in one play.
#[derive(Debug, Clone)]
pub(in crate::verdict) struct Excused {
    /// By what was given, in words, the first of it first.
    pub(in crate::verdict) why: Vec<String>,
    /// Packets that belong to what was let off, and by what.
    pub(super) events: BTreeMap<EventIndex, usize>,
    /// Clients that could not play a step for want of something that was let off: what waits for that step does not come.
    pub(super) stuck: BTreeMap<ClientIndex, usize>,
    /// The step that is judged.
    pub(in crate::verdict) step: StepIndex,
}

impl Excused {
    pub(in crate::verdict) const fn new() -> Self {
        Self {
            why: Vec::new(),
            events: BTreeMap::new(),
            stuck: BTreeMap::new(),
            step: StepIndex(0),
        }
    }
}

/// What a finding depends on, and the packets that belong to it.
pub(super) type Excuse = Option<(usize, Vec<EventIndex>)>;
