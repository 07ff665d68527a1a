//! Distinguishes a change of the broker from a broker that does not always behave the same.
//!
//! In: the outcomes of a case in the plays of one run. Out: whether the difference counts. Only a broker with cases
//! that differed between the plays of its baseline gets further plays.

use super::profile::{Baseline, Change, Kind, Profile};
use super::record::State;
use super::{ComparedWith, Outcome, Reviewed};
use crate::plan::Plan;
use crate::verdict::CaseResult;

/// How many more times a case that is not as reviewed is played.
pub const REPLAYS: usize = 5;
/// If more cases than this are not as reviewed, the broker has changed and nothing is played again.
pub const MAX_CHANGED_CASES: usize = 10;

/// How one play of a case compares with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayOutcome {
    /// As reviewed.
    AsReviewed,
    /// As other cases of the same scenario were in some plays of the baseline.
    AsOthers,
    /// Unlike anything that was reviewed.
    Unknown,
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
    let has_varied = profile
        .cases
        .keys()
        .any(|case| profile.has_several_standings(case));
    has_varied || reviewed.iter().any(Reviewed::varies)
}

/// Whether a case is unchanged although its first play was not as reviewed. It is unchanged in two situations: all
/// later plays are as reviewed, or at least one of them is and the baseline knows every play, including the first, from
/// this case or from others of its scenario.
pub fn is_unchanged(first: PlayOutcome, again: &[PlayOutcome]) -> bool {
    let is_known = |play: &PlayOutcome| *play != PlayOutcome::Unknown;
    let mut all = std::iter::once(&first).chain(again);
    let is_reviewed = |play: &PlayOutcome| *play == PlayOutcome::AsReviewed;
    match again {
        [] => false,
        again => {
            again.iter().all(is_reviewed) || again.iter().any(is_reviewed) && all.all(is_known)
        }
    }
}

/// Classifies a play of a case. `others` are the reviewed records of the other cases of its scenario.
pub fn classify(
    against: &ComparedWith,
    (plan, result): (&Plan, &CaseResult),
    outcome: &Outcome,
    (reviewed, others): (&Reviewed, &[&Reviewed]),
    baseline: &Baseline,
) -> PlayOutcome {
    if outcome.is_as_expected() {
        return PlayOutcome::AsReviewed;
    }
    let comparison = against.compare(plan, result, &reviewed.with_others(others));
    let has_known_record = comparison.is_none_or(|comparison| comparison.state == State::Same);
    let as_others = Baseline {
        profile: baseline.profile.with_others(&result.id.to_string()),
        tolerance: baseline.tolerance.clone(),
    };
    let changes = as_others.changes_of(plan, result);
    match has_known_record && changes.iter().all(|change| change.is_tolerated) {
        true => PlayOutcome::AsOthers,
        false => PlayOutcome::Unknown,
    }
}

/// Returns how a play differs from the baseline: its changes against the profile, or else its record.
pub fn differences(outcome: &Outcome) -> Vec<(Kind, String)> {
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
            let text = format!("{text}, in {} of {} plays", one.times, REPLAYS + 1);
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
    use PlayOutcome::{AsOthers, AsReviewed, Unknown};

    #[test]
    fn a_difference_in_one_play_only_is_no_change() {
        assert!(is_unchanged(Unknown, &[AsReviewed; REPLAYS]));
        assert!(is_unchanged(AsOthers, &[AsReviewed; REPLAYS]));
    }

    #[test]
    fn a_repeated_difference_is_a_change() {
        assert!(!is_unchanged(Unknown, &[Unknown; REPLAYS]));
        let mut again = [AsReviewed; REPLAYS];
        again[2] = Unknown;
        assert!(!is_unchanged(Unknown, &again));
        assert!(!is_unchanged(AsOthers, &again));
        // Without further plays, nothing shows that the case is unchanged.
        assert!(!is_unchanged(Unknown, &[]));
    }

    #[test]
    fn known_behaviour_of_the_scenario_is_no_change_if_one_play_is_as_reviewed() {
        let mut again = [AsOthers; REPLAYS];
        // No play is as reviewed.
        assert!(!is_unchanged(AsOthers, &again));
        again[0] = AsReviewed;
        assert!(is_unchanged(AsOthers, &again));
        assert!(!is_unchanged(Unknown, &again));
    }

    #[test]
    fn groups_cases_with_the_same_difference() {
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
