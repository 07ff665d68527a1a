//! `run --retries N`: plays unexpected cases again. A case that is then as expected is flaky, and every report says so.

use std::collections::BTreeMap;

use super::compared::Snapshots;
use super::{Arguments, Asking, Failure, Styles, interrupt, output, play};
use crate::outcome::{Outcome, Reviewed};
use crate::plan::Plan;
use crate::report::Retried;
use crate::report::style::count;
use crate::scenario::model::CaseId;
use crate::target::Target;
use crate::verdict::CaseResult;

/// A case that is not as expected yet.
struct Open {
    /// The index of its plan. `result` is the index of its result.
    plan: usize,
    result: usize,
    retries: usize,
    attempts: Vec<(CaseResult, Outcome)>,
}

/// Plays cases again that are not as expected. If a further play is as expected, it replaces the first one. Otherwise
/// the first play stays.
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
) -> Result<BTreeMap<CaseId, Retried>, Failure> {
    let retries = usize::from(arguments.retries);
    let mut settled = BTreeMap::new();
    if retries == 0 {
        return Ok(settled);
    }
    let places = plans.iter().enumerate();
    let places: BTreeMap<&CaseId, usize> = places.map(|(at, p)| (&p.scene.id, at)).collect();
    let judged = |plan: usize, result: &CaseResult| {
        let outcome = snapshots.outcome(&plans[plan], result, &reviewed[plan]);
        (outcome.is_as_expected(), outcome)
    };
    let mut open = Vec::new();
    for (at, result) in results.iter().enumerate() {
        let Some(plan) = places.get(&result.id).copied() else {
            continue;
        };
        let (is_as_expected, outcome) = judged(plan, result);
        if !is_as_expected {
            open.push(Open {
                plan,
                result: at,
                retries: 0,
                attempts: vec![(result.clone(), outcome)],
            });
        }
    }
    for round in 1..=retries {
        if open.is_empty() || interrupt::is_interrupted() {
            break;
        }
        output::note(&format!(
            "{} not as expected: playing again ({round} of {retries})\n",
            count(open.len(), "case")
        ));
        let again: Vec<Plan> = open.iter().map(|open| plans[open.plan].clone()).collect();
        let played = play(arguments, &again, target, styles, &Asking::EVERYTHING)?;
        let mut played: BTreeMap<CaseId, CaseResult> = played
            .results
            .into_iter()
            .map(|result| (result.id.clone(), result))
            .collect();
        let mut still = Vec::new();
        for mut one in open {
            let Some(result) = played.remove(&plans[one.plan].scene.id) else {
                still.push(one);
                continue;
            };
            one.retries += 1;
            let (is_as_expected, outcome) = judged(one.plan, &result);
            if is_as_expected {
                let id = result.id.clone();
                results[one.result] = result;
                let retried = Retried {
                    retries: one.retries,
                    attempts: one.attempts,
                };
                settled.insert(id, retried);
            } else {
                one.attempts.push((result, outcome));
                still.push(one);
            }
        }
        open = still;
    }
    for one in open {
        let retried = Retried {
            retries: one.retries,
            attempts: Vec::new(),
        };
        settled.insert(results[one.result].id.clone(), retried);
    }
    Ok(settled)
}
