//! Distinguishes a change of the broker from a broker that does not always behave the same.
//!
//! In: the outcomes of a case in the plays of one run. Out: whether the difference counts. Only a broker with cases
//! that differed between the plays of its baseline gets further plays.

use super::profile::{Change, Held, Kind, Profile};
use super::record::State;
use super::{ComparedWith, Outcome, Reviewed};
use crate::plan::Plan;
use crate::verdict::CaseResult;

/// How many more times a case that is not as reviewed is played.
pub const AGAIN: usize = 5;
/// If more cases than this are not as reviewed, the broker has changed and nothing is played again.
pub const MOST: usize = 10;

/// How one play of a case compares with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayOutcome {
    /// As reviewed.
    AsReviewed,
    /// As other cases of the same scenario were in some plays of the baseline.
    AsOthers,
    /// Unlike anything that was reviewed.
    Otherwise,
}

/// A case that was not as reviewed in some plays of a run, although the broker has not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsteady {
    pub case: String,
    /// What was not as reviewed, without the name of the case: `failed, was passed`.
    pub what: Vec<(Kind, String)>,
    /// The number of plays in which it was not as reviewed.
    pub times: usize,
}

/// Whether the baseline shows that the broker does not always behave the same.
pub fn varies(profile: &Profile, reviewed: &[Reviewed]) -> bool {
    let has_varied = profile.cases.keys().any(|case| profile.is_sometimes(case));
    has_varied || reviewed.iter().any(Reviewed::varies)
}

/// Whether a case is unchanged although its first play was not as reviewed. It is unchanged in two situations: all
/// later plays are as reviewed, or at least one of them is and the baseline knows every play, including the first, from
/// this case or from others of its scenario.
pub fn is_as_it_was(first: PlayOutcome, again: &[PlayOutcome]) -> bool {
    let is_known = |stood: &PlayOutcome| *stood != PlayOutcome::Otherwise;
    let mut all = std::iter::once(&first).chain(again);
    let is_reviewed = |stood: &PlayOutcome| *stood == PlayOutcome::AsReviewed;
    match again {
        [] => false,
        again => {
            again.iter().all(is_reviewed) || again.iter().any(is_reviewed) && all.all(is_known)
        }
    }
}

/// Classifies a play of a case. `others` are the reviewed records of the other cases of its scenario.
pub fn stood(
    against: &ComparedWith,
    (plan, result): (&Plan, &CaseResult),
    outcome: &Outcome,
    (reviewed, others): (&Reviewed, &[&Reviewed]),
    held: &Held,
) -> PlayOutcome {
    if outcome.is_as_expected() {
        return PlayOutcome::AsReviewed;
    }
    let comparison = against.compare(plan, result, &reviewed.with_others(others));
    let has_known_record = comparison.is_none_or(|comparison| comparison.state == State::Same);
    let as_others = Held {
        profile: held.profile.with_others(&result.id.to_string()),
        tolerance: held.tolerance.clone(),
    };
    let stands = as_others.changes_of(plan, result);
    match has_known_record && stands.iter().all(|change| change.is_tolerated) {
        true => PlayOutcome::AsOthers,
        false => PlayOutcome::Otherwise,
    }
}

/// Returns how a play differs from the baseline: its changes against the profile, or else its record.
pub fn what_differs(outcome: &Outcome) -> Vec<(Kind, String)> {
    let changes = outcome.changes.iter();
    let mut what: Vec<(Kind, String)> = changes
        .map(|change| (change.kind, change.text.clone()))
        .collect();
    if what.is_empty() {
        what.push((
            Kind::Regressed,
            "not the record that was reviewed".to_owned(),
        ));
    }
    what
}

/// Returns the differences as tolerated changes. Cases with the same difference share one change.
pub fn steady_changes(unsteady: &[Unsteady]) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    for one in unsteady {
        for (kind, text) in &one.what {
            let text = format!("{text}, in {} of {} plays", one.times, AGAIN + 1);
            match all.iter_mut().find(|c| c.kind == *kind && c.text == text) {
                Some(known) => known.names.push(one.case.clone()),
                None => all.push(Change {
                    kind: *kind,
                    text,
                    names: vec![one.case.clone()],
                    of: "case",
                    is_tolerated: true,
                }),
            }
        }
    }
    all.sort_by_key(|change| change.kind);
    all
}

/// The scenario of a case, taken from the id of the case.
pub(super) fn scenario_of(case: &str) -> &str {
    case.split(['[', '@']).next().unwrap_or(case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PlayOutcome::{AsOthers, AsReviewed, Otherwise};

    #[test]
    fn one_play_that_none_after_it_repeats_is_no_change() {
        assert!(is_as_it_was(Otherwise, &[AsReviewed; AGAIN]));
        assert!(is_as_it_was(AsOthers, &[AsReviewed; AGAIN]));
    }

    #[test]
    fn what_shows_again_is_a_change() {
        assert!(!is_as_it_was(Otherwise, &[Otherwise; AGAIN]));
        let mut again = [AsReviewed; AGAIN];
        again[2] = Otherwise;
        assert!(!is_as_it_was(Otherwise, &again));
        assert!(!is_as_it_was(AsOthers, &again));
        // Without further plays, nothing shows that the case is unchanged.
        assert!(!is_as_it_was(Otherwise, &[]));
    }

    #[test]
    fn what_other_cases_of_the_scenario_do_sometimes_is_no_change_while_the_case_is_as_it_was_too()
    {
        let mut again = [AsOthers; AGAIN];
        // No play is as reviewed.
        assert!(!is_as_it_was(AsOthers, &again));
        again[0] = AsReviewed;
        assert!(is_as_it_was(AsOthers, &again));
        assert!(!is_as_it_was(Otherwise, &again));
    }

    #[test]
    fn tells_once_what_several_cases_did() {
        let one = |case: &str, times| Unsteady {
            case: case.to_owned(),
            what: vec![(Kind::Regressed, "failed, was passed".to_owned())],
            times,
        };
        let lines: Vec<(String, usize)> =
            steady_changes(&[one("a@5", 1), one("b@5", 2), one("c@5", 1)])
                .iter()
                .map(|change| (change.text.clone(), change.names.len()))
                .collect();
        let in_plays = |times: usize| format!("failed, was passed, in {times} of 6 plays");
        assert_eq!(lines, [(in_plays(1), 2), (in_plays(2), 1)]);
    }

    #[test]
    fn knows_the_scenario_of_a_case() {
        assert_eq!(scenario_of("session/a[b@c]@5"), "session/a");
        assert_eq!(scenario_of("session/a@3.1.1"), "session/a");
    }
}
