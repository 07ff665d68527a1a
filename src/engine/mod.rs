//! Plays plans against a target and records what happens.

mod build;
mod bundled;
mod case;
mod external;
mod lane;
mod lies;
mod player;
mod prefix;
mod wait;

use std::time::Duration;

use crate::plan::Plan;
use crate::scenario::model::CaseId;
use crate::target::{StartError, Target};
use crate::verdict::CaseResult;

/// How a run is played.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Cases at the same time; `None`: the number of cores in virtual time, else 256.
    pub jobs: Option<usize>,
    /// Multiplies every limit and settling time.
    pub timeout_scale: f64,
    /// The longest wait outside virtual time.
    pub max_wait: Duration,
    /// All randomness comes from it.
    pub seed: u64,
    /// Stop at the first case that failed or is inconclusive.
    pub fail_fast: bool,
    /// Play exclusive cases also on a broker that we did not start.
    pub exclusive: bool,
}

/// What a run tells while it goes on, from one place, in the order in which it happens.
#[derive(Debug)]
pub enum Progress<'a> {
    Started(&'a CaseId),
    Finished(&'a CaseResult),
}

/// Plays every plan and judges it. Results come in the order of the plans, whatever the number of jobs; a run that
/// stops early gives those that are done.
///
/// `interrupted` is asked between cases and while waiting; when it says so, what is done so far comes back.
///
/// # Errors
/// When the target cannot be reached or started.
pub fn run(
    plans: &[Plan],
    target: &Target,
    options: &RunOptions,
    interrupted: &(dyn Fn() -> bool + Sync),
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<CaseResult>, StartError> {
    match target {
        Target::Bundled { deviations } => {
            bundled::run(plans, deviations, options, interrupted, watch)
        }
        Target::External(external) => {
            external::run(plans, external, options, interrupted, watch)
        }
    }
}
