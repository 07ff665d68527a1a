//! How a run differs from the profile.

use std::collections::BTreeSet;

use super::tolerance::{Tolerance, Tolerated};
use super::{Offers, Profile, Standing, answers};
use crate::plan::{Plan, SkipKind};
use crate::verdict::CaseResult;

/// The usual value of [`Change::of`].
const CASE: &str = "case";

/// What a run is compared with in addition to records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    pub profile: Profile,
    pub tolerance: Tolerance,
}

/// The kinds of changes, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What the broker offers: versions, limits, capabilities.
    Offered,
    Regressed,
    NoLongerExercised,
    AnswersDifferently,
    New,
    Gone,
    Improved,
}

/// What changed in one case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseChange {
    pub kind: Kind,
    /// The new and the old value, without the name of the case: `failed, was passed`.
    pub text: String,
    /// The tolerance that accepts the change, if one can.
    by: Option<Tolerated>,
    pub is_tolerated: bool,
}

/// A change, once for all cases or choices that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub text: String,
    /// The cases that show the change, or the choices that it is about. Empty if it is about neither.
    pub names: Vec<String>,
    /// What `names` are: `case` or `choice`.
    pub of: &'static str,
    pub is_tolerated: bool,
}

/// The cases and choices of a run.
#[derive(Debug)]
pub struct Played<'a> {
    /// Each case, with its changes.
    pub cases: Vec<(String, &'a [CaseChange])>,
    /// The names of the choices that were answered.
    pub choices: BTreeSet<&'a str>,
    /// Every case of the suite, if the run played all of it, else `None`.
    pub suite: Option<BTreeSet<String>>,
}

impl Kind {
    /// The words that begin its line in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered differently",
            Self::Regressed => "regressed",
            Self::NoLongerExercised => "no longer exercised",
            Self::AnswersDifferently => "chooses differently",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Improved => "improved",
        }
    }

    const fn tolerated_by(self) -> Option<Tolerated> {
        match self {
            Self::Offered | Self::NoLongerExercised | Self::Gone => Some(Tolerated::Skips),
            Self::AnswersDifferently => Some(Tolerated::Choices),
            Self::Improved => Some(Tolerated::Improvements),
            Self::Regressed | Self::New => None,
        }
    }
}

impl CaseChange {
    /// A change that no tolerance accepts.
    pub const fn new(kind: Kind, text: String) -> Self {
        Self {
            kind,
            text,
            by: None,
            is_tolerated: false,
        }
    }
}

impl Baseline {
    /// Returns what changed in this case. Empty if it has no standing.
    pub fn changes_of(&self, plan: &Plan, result: &CaseResult) -> Vec<CaseChange> {
        let Some(now) = Standing::of(result) else {
            return Vec::new();
        };
        self.changes_to(&result.id.to_string(), &now, answers(plan, result))
    }

    /// Returns what changed in a case with this standing and these answers.
    pub fn changes_to<'a>(
        &self,
        id: &str,
        now: &Standing,
        answers: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Vec<CaseChange> {
        if now.is_by_the_run() {
            return Vec::new();
        }
        let standing = match self.profile.cases.get(id) {
            None => {
                let by = match now {
                    Standing::Passed => Some(Tolerated::Improvements),
                    Standing::Skipped(_) => Some(Tolerated::Skips),
                    _ => None,
                };
                Some((Kind::New, now.to_string(), by))
            }
            Some(before) => standing_change(now, before),
        };
        let answers = answers.filter_map(|(name, answer)| {
            let text = self.answer_change(id, name, answer)?;
            Some((Kind::AnswersDifferently, text, Some(Tolerated::Choices)))
        });
        standing
            .into_iter()
            .chain(answers)
            .map(|(kind, text, by)| CaseChange {
                kind,
                text,
                by,
                is_tolerated: by.is_some_and(|by| self.tolerance.contains(&by)),
            })
            .collect()
    }

    fn answer_change(&self, case: &str, name: &str, answer: &str) -> Option<String> {
        let Some(known) = self.profile.choices.get(name) else {
            return Some(format!("{name}: {answer}, was not tested before"));
        };
        match known.of(case) {
            Some(before) if before.contains(&answer) => None,
            Some(before) => Some(format!("{name}: {answer}, was {}", before.join(" or "))),
            // A new case, with an answer that other cases give too.
            None if known.all().contains(answer) => None,
            None => {
                let all: Vec<&str> = known.all().into_iter().collect();
                Some(format!("{name}: {answer}, elsewhere {}", all.join(" or ")))
            }
        }
    }

    /// Whether the case is inconclusive and the profile expects that.
    pub fn is_inconclusive(&self, result: &CaseResult) -> bool {
        let known = self.profile.cases.get(&result.id.to_string());
        Standing::of(result) == Some(Standing::Inconclusive)
            && known.is_some_and(|known| known.contains(&Standing::Inconclusive))
    }

    /// Returns everything that changed since the profile was made. `learned` comes from several plays of the suite, or
    /// of a part of it.
    pub fn renewal(&self, learned: &Profile, suite: Option<BTreeSet<String>>) -> Vec<Change> {
        let of_case = |(case, standings): (&String, &BTreeSet<Standing>)| {
            let given = learned.choices.iter().flat_map(|(name, answers)| {
                let of_case = answers.by_case.get(case).into_iter().flatten();
                of_case.map(|answer| (name.as_str(), answer.as_str()))
            });
            let given: Vec<(&str, &str)> = given.collect();
            let mut changes: Vec<CaseChange> = Vec::new();
            for standing in standings {
                for change in self.changes_to(case, standing, given.iter().copied()) {
                    if !changes.contains(&change) {
                        changes.push(change);
                    }
                }
            }
            (case.clone(), changes)
        };
        let changes: Vec<(String, Vec<CaseChange>)> = learned.cases.iter().map(of_case).collect();
        let played = Played {
            cases: changes
                .iter()
                .map(|(case, changes)| (case.clone(), changes.as_slice()))
                .collect(),
            choices: learned.choices.keys().map(String::as_str).collect(),
            suite,
        };
        self.changes(&learned.offers, &played)
    }

    /// Returns everything that changed. Cases or choices with the same change share one [`Change`].
    pub fn changes(&self, offers: &Offers, played: &Played<'_>) -> Vec<Change> {
        let mut all = self.offered(offers);
        let mut of_cases: Vec<(&CaseChange, Vec<String>)> = Vec::new();
        for (case, changes) in &played.cases {
            for change in *changes {
                match of_cases.iter_mut().find(|(known, _)| *known == change) {
                    Some((_, cases)) => cases.push(case.clone()),
                    None => of_cases.push((change, vec![case.clone()])),
                }
            }
        }
        all.extend(of_cases.into_iter().map(|(change, cases)| Change {
            kind: change.kind,
            text: change.text.clone(),
            names: cases,
            of: CASE,
            is_tolerated: change.is_tolerated,
        }));
        if let Some(suite) = &played.suite {
            all.extend(self.missing(suite, &played.choices));
        }
        all.sort_by_key(|change| change.kind);
        all
    }

    fn offered(&self, now: &Offers) -> Vec<Change> {
        let before = &self.profile.offers;
        let mut texts = Vec::new();
        for (version, spoken) in &now.versions {
            match (
                before.versions.get(version).copied().unwrap_or(false),
                *spoken,
            ) {
                (true, false) => texts.push(format!("no longer supports MQTT {version}")),
                (false, true) => texts.push(format!("supports MQTT {version}, did not before")),
                _ => {}
            }
        }
        for version in before.versions.iter().filter(|(_, spoken)| **spoken) {
            if !now.versions.contains_key(version.0) {
                texts.push(format!("no longer supports MQTT {}", version.0));
            }
        }
        for ((version, name), value) in &now.limits {
            let key = (version.clone(), name.clone());
            match before.limits.get(&key) {
                Some(known) if known != value => {
                    texts.push(format!(
                        "announces {name} {value}, was {known} (MQTT {version})"
                    ));
                }
                _ => {}
            }
        }
        for (capability, is_there) in &now.capabilities {
            match (before.capabilities.get(capability), is_there) {
                (Some(true), false) => texts.push(format!("no longer offers {capability}")),
                (Some(false) | None, true) => {
                    texts.push(format!("offers {capability}, did not before"))
                }
                _ => {}
            }
        }
        let change = |text| self.change(Kind::Offered, text, (CASE, Vec::new()));
        texts.into_iter().map(change).collect()
    }

    /// Returns the known cases that the suite no longer has, and the known choices that no case answers any more.
    pub fn missing(&self, suite: &BTreeSet<String>, choices: &BTreeSet<&str>) -> Vec<Change> {
        let cases = self
            .profile
            .cases
            .keys()
            .filter(|case| !suite.contains(*case));
        let gone: Vec<String> = cases.cloned().collect();
        let known = self.profile.choices.keys();
        let unasked: Vec<String> = known
            .filter(|name| !choices.contains(name.as_str()))
            .cloned()
            .collect();
        let mut all = Vec::new();
        if !unasked.is_empty() {
            let text = "no case tests this choice".to_owned();
            all.push(self.change(Kind::NoLongerExercised, text, ("choice", unasked)));
        }
        if !gone.is_empty() {
            let text = "the suite does not have it any more".to_owned();
            all.push(self.change(Kind::Gone, text, (CASE, gone)));
        }
        all
    }

    fn change(&self, kind: Kind, text: String, (of, names): (&'static str, Vec<String>)) -> Change {
        let by = kind.tolerated_by();
        Change {
            kind,
            text,
            names,
            of,
            is_tolerated: by.is_some_and(|by| self.tolerance.contains(&by)),
        }
    }
}

/// Returns how the standing of a case changed, or `None` if it did not.
fn standing_change(
    now: &Standing,
    before: &BTreeSet<Standing>,
) -> Option<(Kind, String, Option<Tolerated>)> {
    // A case that earlier options of a run left out has no known standing.
    let known: Vec<&Standing> = before.iter().filter(|s| !s.is_by_the_run()).collect();
    if known.is_empty() || known.contains(&now) {
        return None;
    }
    let was: Vec<String> = known.iter().map(ToString::to_string).collect();
    let was_skipped = known.iter().all(|s| matches!(s, Standing::Skipped(_)));
    let kind = match now {
        Standing::Skipped(_) => Kind::NoLongerExercised,
        Standing::Passed => Kind::Improved,
        _ if was_skipped => Kind::Regressed,
        now if known.iter().any(|before| now > *before) => Kind::Regressed,
        _ => Kind::Improved,
    };
    let text = match now {
        // One change for all these cases, whatever their standing was before.
        Standing::Skipped(code) if !was_skipped => code.to_string(),
        Standing::Skipped(code) if code.kind == SkipKind::Version => code.to_string(),
        now => format!("{now}, was {}", was.join(" or ")),
    };
    Some((kind, text, kind.tolerated_by()))
}
