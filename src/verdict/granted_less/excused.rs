//! Findings that were excused, and why.

use std::collections::BTreeMap;

use crate::scenario::model::ClientIndex;
use crate::transcript::{EventIndex, StepIndex};

/// What was excused in one play.
#[derive(Debug, Clone)]
pub(in crate::verdict) struct Excused {
    /// The reasons, in words, in the order in which they first applied.
    pub(in crate::verdict) why: Vec<String>,
    /// Packets that belong to what was excused, each with the index of the lesser grant.
    pub(super) events: BTreeMap<EventIndex, usize>,
    /// Clients that could not play a step because something excused was missing, each with the index of the lesser
    /// grant. Nothing that depends on such a step will be received.
    pub(super) stuck: BTreeMap<ClientIndex, usize>,
    /// The step that is being judged.
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

/// The index of the lesser grant that a finding depends on, and the packets that belong to the finding.
pub(super) type Excuse = Option<(usize, Vec<EventIndex>)>;
