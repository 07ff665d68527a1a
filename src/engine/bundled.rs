//! A run against the bundled broker: virtual time, one broker and one runtime for each play, cases on all cores.

use super::{Progress, RunOptions};
use crate::plan::Plan;
use crate::target::StartError;
use crate::verdict::CaseResult;

pub(super) fn run(
    plans: &[Plan],
    deviations: &[String],
    options: &RunOptions,
    interrupted: &(dyn Fn() -> bool + Sync),
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<CaseResult>, StartError> {
    let _ = (plans, deviations, options, interrupted, watch);
    Err(StartError::Runtime {
        problem: "the bundled broker's shell is on its way".into(),
    })
}
