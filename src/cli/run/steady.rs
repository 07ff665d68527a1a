//! Plays unexpected cases again if the baseline says that the broker does not always behave the same.

use super::compared::Snapshots;
use super::{Arguments, Asking, Failure, Styles, output, play};
use crate::outcome::Reviewed;
use crate::outcome::steady::{
    MAX_CHANGED_CASES, PlayOutcome, REPLAYS, Unsteady, differences, is_unchanged, varies,
};
use crate::plan::Plan;
use crate::report::style::count;
use crate::target::Target;
use crate::verdict::CaseResult;

/// A case that is not as reviewed.
struct Doubtful {
    /// The index of both its plan and its result.
    at: usize,
    first: PlayOutcome,
    what: Vec<(crate::outcome::profile::Kind, String)>,
}

/// Plays cases again that are not as reviewed. If the plays show that the broker has not changed, a play as reviewed
/// replaces the first one, and the difference is returned. Other results stay.
///
/// # Errors
/// Fails if the target can no longer be reached.
pub(super) fn settle(
    arguments: &Arguments,
    (plans, reviewed): (&[Plan], &[Reviewed]),
    snapshots: &Snapshots,
    target: &Target,
    results: &mut [CaseResult],
    styles: Styles,
) -> Result<Vec<Unsteady>, Failure> {
    let Some(baseline) = snapshots.profiled.as_ref().and_then(|p| p.baseline()) else {
        return Ok(Vec::new());
    };
    if results.len() != plans.len() || !varies(&baseline.profile, reviewed) {
        return Ok(Vec::new());
    }
    let judged = |at: usize, result: &CaseResult| {
        let outcome = snapshots.outcome(&plans[at], result, &reviewed[at]);
        let play_outcome = snapshots.classify(plans, reviewed, (at, result), &outcome);
        (play_outcome, differences(&outcome))
    };
    let doubtful: Vec<Doubtful> = (0..plans.len())
        .filter_map(|at| {
            let (first, what) = judged(at, &results[at]);
            (first != PlayOutcome::AsReviewed).then_some(Doubtful { at, first, what })
        })
        .collect();
    if doubtful.is_empty() || doubtful.len() > MAX_CHANGED_CASES {
        return Ok(Vec::new());
    }
    output::note(&format!(
        "{} not as reviewed, of a broker that varies: playing {REPLAYS} more times\n",
        count(doubtful.len(), "case")
    ));
    let copies = doubtful
        .iter()
        .flat_map(|doubtful| std::iter::repeat_n(&plans[doubtful.at], REPLAYS));
    let copies: Vec<Plan> = copies.cloned().collect();
    let played = play(arguments, &copies, target, styles, &Asking::EVERYTHING)?;
    if played.results.len() != copies.len() {
        return Ok(Vec::new());
    }
    let mut unsteady = Vec::new();
    for (doubtful, again) in doubtful.into_iter().zip(played.results.chunks(REPLAYS)) {
        let play_outcomes: Vec<PlayOutcome> = again
            .iter()
            .map(|result| judged(doubtful.at, result).0)
            .collect();
        let mut plays = play_outcomes.iter().zip(again);
        let as_reviewed = plays.find(|(outcome, _)| **outcome == PlayOutcome::AsReviewed);
        if let Some((_, result)) =
            as_reviewed.filter(|_| is_unchanged(doubtful.first, &play_outcomes))
        {
            results[doubtful.at] = result.clone();
            unsteady.push(Unsteady {
                case: result.id.to_string(),
                what: doubtful.what,
                times: 1 + play_outcomes
                    .iter()
                    .filter(|s| **s != PlayOutcome::AsReviewed)
                    .count(),
            });
        }
    }
    Ok(unsteady)
}
