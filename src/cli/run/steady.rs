//! Plays unexpected cases again if the baseline says that the broker does not always behave the same.

use super::compared::Snapshots;
use super::{Arguments, Asking, Failure, Styles, output, play};
use crate::outcome::Reviewed;
use crate::outcome::steady::{
    AGAIN, MOST, PlayOutcome, Unsteady, is_as_it_was, varies, what_differs,
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
    let Some(held) = snapshots.profiled.as_ref().and_then(|p| p.held()) else {
        return Ok(Vec::new());
    };
    if results.len() != plans.len() || !varies(&held.profile, reviewed) {
        return Ok(Vec::new());
    }
    let judged = |at: usize, result: &CaseResult| {
        let outcome = snapshots.outcome(&plans[at], result, &reviewed[at]);
        let stood = snapshots.stood(plans, reviewed, (at, result), &outcome);
        (stood, what_differs(&outcome))
    };
    let doubtful: Vec<Doubtful> = (0..plans.len())
        .filter_map(|at| {
            let (first, what) = judged(at, &results[at]);
            (first != PlayOutcome::AsReviewed).then_some(Doubtful { at, first, what })
        })
        .collect();
    if doubtful.is_empty() || doubtful.len() > MOST {
        return Ok(Vec::new());
    }
    output::note(&format!(
        "{} not as reviewed, of a broker that does not always do the same: playing {AGAIN} times more\n",
        count(doubtful.len(), "case")
    ));
    let copies = doubtful
        .iter()
        .flat_map(|doubtful| std::iter::repeat_n(&plans[doubtful.at], AGAIN));
    let copies: Vec<Plan> = copies.cloned().collect();
    let played = play(arguments, &copies, target, styles, &Asking::EVERYTHING)?;
    if played.results.len() != copies.len() {
        return Ok(Vec::new());
    }
    let mut unsteady = Vec::new();
    for (doubtful, again) in doubtful.into_iter().zip(played.results.chunks(AGAIN)) {
        let stood: Vec<PlayOutcome> = again
            .iter()
            .map(|result| judged(doubtful.at, result).0)
            .collect();
        let mut plays = stood.iter().zip(again);
        let as_reviewed = plays.find(|(stood, _)| **stood == PlayOutcome::AsReviewed);
        if let Some((_, result)) = as_reviewed.filter(|_| is_as_it_was(doubtful.first, &stood)) {
            results[doubtful.at] = result.clone();
            unsteady.push(Unsteady {
                case: result.id.to_string(),
                what: doubtful.what,
                times: 1 + stood
                    .iter()
                    .filter(|s| **s != PlayOutcome::AsReviewed)
                    .count(),
            });
        }
    }
    Ok(unsteady)
}
