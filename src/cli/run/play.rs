//! Plays the selected cases once and shows the progress.

use std::ops::ControlFlow;
use std::time::Instant;

use super::super::progress::Watch;
use super::super::{Styles, interrupt};
use super::Arguments;
use crate::engine::{Progress, RunOptions};
use crate::plan::Plan;
use crate::scenario::model::CaseId;
use crate::suite;
use crate::target::canary::Pulse;
use crate::target::{Capabilities, StartError, Target};
use crate::transcript::INTERRUPTED;
use crate::verdict::CaseResult;

/// The results of a run.
pub(super) struct Outcome {
    pub(super) results: Vec<CaseResult>,
    /// What the broker offers.
    pub(super) offered: Capabilities,
    /// How responsive the broker was. Only for a broker on the network.
    pub(super) responded: Option<(Pulse, Vec<(Instant, CaseId)>)>,
    /// Why cases were left out, if the broker is the reason.
    pub(super) given_up: Option<String>,
    /// Why cases were left out, if the user is the reason.
    pub(super) stopped: Option<String>,
    /// Whether the user interrupted the run.
    pub(super) interrupted: bool,
}

/// Questions about a case that has just been judged.
pub(super) struct Asking<'a> {
    /// Whether the record of the case is still needed.
    pub(super) is_asked_for: &'a (dyn Fn(&Plan, &CaseResult) -> bool + Sync),
    /// Whether the case is not as expected.
    pub(super) is_unexpected: &'a (dyn Fn(&CaseResult) -> bool + Sync),
}

impl Asking<'_> {
    /// Keeps every record and shows no cases during the run.
    pub(super) const EVERYTHING: Asking<'static> = Asking {
        is_asked_for: &|_, _| true,
        is_unexpected: &|_| false,
    };
}

/// Plays the plans. With `--fail-fast`, stops at the first case that is not as expected.
pub(super) fn play(
    arguments: &Arguments,
    plans: &[Plan],
    target: &Target,
    styles: Styles,
    asking: &Asking<'_>,
) -> Result<Outcome, StartError> {
    let options = RunOptions {
        jobs: arguments.playing.jobs.map(usize::from),
        timeout_scale: arguments.playing.timeout_scale,
        max_wait: arguments.playing.max_wait,
        seed: arguments.playing.seed,
        exclusive: arguments.playing.exclusive,
        heavy: arguments.playing.heavy,
        chaos: arguments.chaos,
        spread: arguments.playing.spread,
        first_look: !arguments.no_first_look,
    };
    let mut offered = Capabilities::default();
    let mut responded = None;
    let (mut given_up, mut stopped) = (None, None);
    let watch = Watch::new(plans.len(), styles.err, !arguments.quiet);
    let results = suite::run(
        plans,
        target,
        &options,
        &interrupt::is_interrupted,
        asking.is_asked_for,
        &mut |progress| {
            match progress {
                Progress::Reached(capabilities) => offered.clone_from(capabilities),
                Progress::Finished(result) if !is_cut_short(result) => {
                    watch.finished(result, &|| (asking.is_unexpected)(result));
                    if arguments.fail_fast && (asking.is_unexpected)(result) {
                        let id = &result.id;
                        stopped = Some(format!("--fail-fast: {id} is not as expected"));
                        return ControlFlow::Break(());
                    }
                }
                Progress::GivenUp(why) => given_up = Some(why.to_owned()),
                Progress::Responded(pulse, hit) => {
                    responded = Some((pulse.clone(), hit.to_vec()));
                }
                Progress::Started(id) => watch.started(id),
                Progress::Finished(_) => {}
            }
            ControlFlow::Continue(())
        },
    );
    watch.end();
    let mut results = results?;
    results.retain(|result| !is_cut_short(result));
    Ok(Outcome {
        results,
        offered,
        responded,
        given_up,
        stopped,
        interrupted: interrupt::is_interrupted(),
    })
}

/// Whether the user interrupted the case. It then counts as not played.
fn is_cut_short(result: &CaseResult) -> bool {
    result.verdict.reason() == Some(INTERRUPTED)
}
