//! The profile of a broker: everything that a run learned about it, apart from the records.
//!
//! In: the results of one or more plays of the suite, and what the broker announced. Out: a [`Profile`]. `snapshot`
//! keeps it in a file, and later runs are compared with it through [`Baseline`].

mod change;
mod statements;
mod tolerance;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::steady::scenario_of;
use crate::plan::{Body, Plan, SkipCode};
use crate::scenario::model::Capability;
use crate::target::Capabilities;
use crate::verdict::{CaseResult, Verdict};

pub use change::{Baseline, CaseChange, Change, Kind, Played};
pub use statements::Statements;
pub use tolerance::{Tolerance, Tolerated};

/// What is known of a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name and version of the broker. They are shown and not compared.
    pub broker: Option<String>,
    pub offers: Offers,
    /// Answers to the choices that the standard leaves open, by the name of the choice.
    pub choices: BTreeMap<String, Answers>,
    /// The standing of each case. There are several where the plays differed.
    pub cases: BTreeMap<String, BTreeSet<Standing>>,
}

/// What a broker offers, found out before any case is played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Protocol versions, and whether the broker supports them.
    pub versions: BTreeMap<String, bool>,
    /// What the broker announces in its CONNACK: version and name, and the value.
    pub limits: BTreeMap<(String, String), String>,
    /// Capabilities, and whether the broker has them.
    pub capabilities: BTreeMap<String, bool>,
}

/// The answers to one choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// The answer of every case that `by_case` does not list.
    pub others: Option<String>,
    /// The answers of single cases. There are several where the plays differed.
    pub by_case: BTreeMap<String, BTreeSet<String>>,
}

/// The status of a case, as profiles keep it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Passed,
    Warned,
    Failed,
    Inconclusive,
    Skipped(SkipCode),
}

impl Standing {
    /// The standing of this case. `None` if it was inconclusive because this machine was too slow.
    pub fn of(result: &CaseResult) -> Option<Self> {
        match &result.verdict {
            Verdict::Passed => Some(Self::Passed),
            Verdict::Warned => Some(Self::Warned),
            Verdict::Failed => Some(Self::Failed),
            Verdict::Inconclusive { .. } => result.late.is_none().then_some(Self::Inconclusive),
            Verdict::Skipped { code, .. } => Some(Self::Skipped(code.clone())),
        }
    }

    /// Whether this status comes only from the options of the run.
    pub fn is_by_the_run(&self) -> bool {
        matches!(self, Self::Skipped(code) if code.kind.is_by_the_run())
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Warned => f.write_str("warned"),
            Self::Failed => f.write_str("failed"),
            Self::Inconclusive => f.write_str("inconclusive"),
            Self::Skipped(code) => code.fmt(f),
        }
    }
}

impl FromStr for Standing {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "passed" => Ok(Self::Passed),
            "warned" => Ok(Self::Warned),
            "failed" => Ok(Self::Failed),
            "inconclusive" => Ok(Self::Inconclusive),
            code => code.parse().map(Self::Skipped),
        }
    }
}

impl Offers {
    /// What the first look at a broker has shown.
    pub fn of(capabilities: &Capabilities) -> Self {
        let spoken = capabilities.versions.iter().map(|version| (version, true));
        let unspoken = capabilities
            .unspoken
            .iter()
            .map(|(version, _)| (version, false));
        let versions = unspoken.chain(spoken);
        let limits = capabilities.limits.iter().map(|(version, name, value)| {
            ((version.to_string(), (*name).to_owned()), value.clone())
        });
        let is_there = |capability: &Capability| capabilities.lacking(*capability).is_none();
        Self {
            versions: versions.map(|(v, is)| (v.to_string(), is)).collect(),
            limits: limits.collect(),
            capabilities: Capability::ALL
                .iter()
                .map(|capability| (capability.to_string(), is_there(capability)))
                .collect(),
        }
    }
}

impl Answers {
    /// The answers that this case may give, or `None` if no answer is known.
    pub fn of(&self, case: &str) -> Option<Vec<&str>> {
        match self.by_case.get(case) {
            Some(answers) => Some(answers.iter().map(String::as_str).collect()),
            None => self.others.as_deref().map(|answer| vec![answer]),
        }
    }

    /// Every answer that any case gave.
    fn all(&self) -> BTreeSet<&str> {
        let known = self.by_case.values().flatten().chain(&self.others);
        known.map(String::as_str).collect()
    }

    /// Stores one answer without naming cases, if every case has the same answer.
    fn folded(mut self) -> Self {
        let all = self.all();
        if let (Some(only), 1) = (all.first(), all.len()) {
            self.others = Some((*only).to_owned());
            self.by_case.clear();
        }
        self
    }
}

/// Whether the scenario declares that the answer to this choice may differ between plays.
pub fn varies(plan: &Plan, name: &str) -> bool {
    plan.steps.iter().any(|step| match &step.body {
        Body::Choice(choice) => choice.varies && choice.name == name,
        Body::OneOf(one) => one.name == name,
        _ => false,
    })
}

/// The answers of a case, without the choices that the scenario declares to vary.
fn answers<'r>(plan: &Plan, result: &'r CaseResult) -> impl Iterator<Item = (&'r str, &'r str)> {
    let varying: BTreeSet<&str> = result
        .choices
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| varies(plan, name))
        .collect();
    result
        .choices
        .iter()
        .map(|(name, answer)| (name.as_str(), answer.as_str()))
        .filter(move |(name, _)| !varying.contains(name))
}

impl Profile {
    /// Builds the profile that one play has shown.
    pub fn learned<'r>(
        broker: Option<String>,
        capabilities: &Capabilities,
        cases: impl Iterator<Item = (&'r Plan, &'r CaseResult)>,
    ) -> Self {
        let mut learned = Self {
            broker,
            offers: Offers::of(capabilities),
            ..Self::default()
        };
        for (plan, result) in cases {
            let id = result.id.to_string();
            let Some(standing) = Standing::of(result) else {
                continue;
            };
            for (name, answer) in answers(plan, result) {
                let known = learned.choices.entry(name.to_owned()).or_default();
                let of_case = known.by_case.entry(id.clone()).or_default();
                of_case.insert(answer.to_owned());
            }
            learned.cases.entry(id).or_default().insert(standing);
        }
        learned
    }

    /// Adds what another play of the same suite has shown. Where the plays differ, both standings or answers are kept.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (case, standings) in other.cases {
            self.cases.entry(case).or_default().extend(standings);
        }
        for (name, answers) in other.choices {
            let known = self.choices.entry(name).or_default();
            for (case, answers) in answers.by_case {
                known.by_case.entry(case).or_default().extend(answers);
            }
        }
        self
    }

    /// Updates the profile with what was learned now. A case or choice with several known values keeps them if the new
    /// values are among them, and a case that the options of this run skipped keeps its standing. If the run played
    /// only a part of the suite, the rest is unchanged.
    #[must_use]
    pub fn renewed(self, learned: Self, is_whole: bool) -> Self {
        let mut cases = learned.cases;
        for (case, now) in &mut cases {
            let Some(before) = self.cases.get(case) else {
                continue;
            };
            if now.is_subset(before) || now.iter().all(Standing::is_by_the_run) {
                now.clone_from(before);
            }
        }
        let mut choices = learned.choices;
        for (name, answers) in &mut choices {
            let Some(before) = self.choices.get(name) else {
                continue;
            };
            for (case, now) in &mut answers.by_case {
                if let Some(known) = before
                    .by_case
                    .get(case)
                    .filter(|known| now.is_subset(known))
                {
                    now.clone_from(known);
                }
            }
            if !is_whole {
                answers.others.clone_from(&before.others);
                let others = answers.others.clone();
                answers
                    .by_case
                    .retain(|_, now| !others.iter().eq(now.iter()));
                for (case, known) in &before.by_case {
                    let unplayed = answers.by_case.entry(case.clone());
                    unplayed.or_insert_with(|| known.clone());
                }
            }
        }
        if !is_whole {
            for (case, before) in self.cases {
                cases.entry(case).or_insert(before);
            }
            for (name, before) in self.choices {
                choices.entry(name).or_insert(before);
            }
        }
        Self {
            broker: learned.broker.or(self.broker),
            offers: learned.offers,
            choices,
            cases,
        }
        .folded()
    }

    /// Folds the answers to every choice: no case is named where all cases have the same answer.
    #[must_use]
    pub fn folded(mut self) -> Self {
        let choices = std::mem::take(&mut self.choices).into_iter();
        self.choices = choices
            .map(|(name, answers)| (name, answers.folded()))
            .collect();
        self
    }

    /// The same profile, in which this case may also have the standings of those cases of its scenario whose plays
    /// differed.
    #[must_use]
    pub fn with_others(&self, case: &str) -> Self {
        let mut known = self.clone();
        let scenario = scenario_of(case);
        let others = self
            .cases
            .iter()
            .filter(|(other, standings)| standings.len() > 1 && scenario_of(other) == scenario);
        let standings: Vec<Standing> = others.flat_map(|(_, all)| all.iter().cloned()).collect();
        known
            .cases
            .entry(case.to_owned())
            .or_default()
            .extend(standings);
        known
    }

    /// Whether the plays differed in the standing of this case.
    pub fn has_several_standings(&self, case: &str) -> bool {
        self.cases.get(case).is_some_and(|known| known.len() > 1)
    }
}

#[cfg(test)]
mod tests;
