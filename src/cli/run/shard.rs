//! `run --shard 2/5`: plays one part of the cases. All parts together play every case once.

use std::cmp::Reverse;

use sha2::{Digest as _, Sha256};

use super::Arguments;
use super::compared::Snapshots;
use crate::cli::Failure;
use crate::outcome::Concluded;
use crate::plan::Plan;
use crate::report::ShardFacts;
use crate::scenario::suite::file_below_root;

/// The largest number of shards.
const MOST: usize = 1_000;

/// One part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    /// Counts from 1.
    number: usize,
    of: usize,
}

/// Parses the value of `--shard`.
pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || "expected NUMBER/OF, such as 2/5".to_owned();
    let (number, of) = text.split_once('/').ok_or_else(wrong)?;
    let number: usize = number.parse().map_err(|_| wrong())?;
    let of: usize = of.parse().map_err(|_| wrong())?;
    if of == 0 || of > MOST {
        return Err(format!("there are 1 to {MOST} shards"));
    }
    if number == 0 || number > of {
        return Err(format!("with {of} shards, expected 1/{of} to {of}/{of}"));
    }
    Ok(Shard { number, of })
}

/// The cases of a run, divided into shards.
pub(super) struct Divided {
    pub(super) plans: Vec<Plan>,
    /// The cases of the other shards.
    pub(super) others: Vec<Plan>,
    shard: Option<Shard>,
    cases: Vec<String>,
    suite: String,
}

impl Divided {
    /// Selects the cases of this shard, in their original order. Without a shard, selects all cases.
    ///
    /// Cases are dealt out like cards, the longest first: cases that play alone, then by how long they wait, then by
    /// id. So every shard gets an equal mix, and the division depends on the cases only.
    pub(super) fn new(mut plans: Vec<Plan>, shard: Option<Shard>) -> Self {
        let Some(shard) = shard else {
            return Self {
                plans,
                others: Vec::new(),
                shard: None,
                cases: Vec::new(),
                suite: String::new(),
            };
        };
        let cases: Vec<String> = plans.iter().map(|p| p.scene.id.to_string()).collect();
        let suite = digest(&plans);
        let mut by_length: Vec<usize> = (0..plans.len()).collect();
        by_length.sort_by_key(|at| {
            let plan = &plans[*at];
            (
                Reverse(plan.scene.exclusive.is_required()),
                Reverse(plan.longest_wait),
                &cases[*at],
            )
        });
        let mut is_mine = vec![false; plans.len()];
        for at in by_length.iter().skip(shard.number - 1).step_by(shard.of) {
            is_mine[*at] = true;
        }
        let mut mine = is_mine.into_iter();
        let others = plans
            .extract_if(.., |_| !mine.next().unwrap_or_default())
            .collect();
        Self {
            plans,
            others,
            shard: Some(shard),
            cases,
            suite,
        }
    }

    /// Any case of the run.
    pub(super) fn any(&self) -> Option<&Plan> {
        self.plans.first().or(self.others.first())
    }

    /// What the report says about the shard.
    ///
    /// # Errors
    /// Fails if the folder of the snapshots cannot be read.
    pub(super) fn facts(
        &self,
        arguments: &Arguments,
        snapshots: &Snapshots,
        rest: &[Plan],
        cases: &[Concluded<'_>],
    ) -> Result<Option<ShardFacts>, Failure> {
        let Some(Shard { number, of }) = self.shard else {
            return Ok(None);
        };
        let all = || self.plans.iter().chain(&self.others);
        let without_case = snapshots.without_case(arguments, all().chain(rest))?;
        let is_whole = snapshots.is_chosen_whole(arguments, all());
        let (deviations, missing) = match is_whole {
            true => (
                snapshots.deviation_facts(cases, &self.cases),
                snapshots.missing(cases, &self.cases),
            ),
            false => Default::default(),
        };
        let without_case = without_case.iter();
        Ok(Some(ShardFacts {
            number,
            of,
            suite: self.suite.clone(),
            cases: self.cases.clone(),
            choice: arguments.selection.choice(),
            without_case: without_case
                .map(|path| path.display().to_string())
                .collect(),
            deviations,
            missing,
        }))
    }
}

/// A digest of the scenarios that contain these cases.
fn digest(plans: &[Plan]) -> String {
    let mut hash = Sha256::new();
    let mut last: Option<&Plan> = None;
    for plan in plans {
        let is_known = |last: &Plan| std::sync::Arc::ptr_eq(&last.scene.source, &plan.scene.source);
        if !last.is_some_and(is_known) {
            let text = &plan.scene.source.text;
            hash.update(file_below_root(&plan.scene));
            hash.update([0]);
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        last = Some(plan);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_is_given() {
        assert_eq!(shard("2/5"), Ok(Shard { number: 2, of: 5 }));
        for wrong in [
            "", "2", "0/5", "6/5", "1/0", "1/1001", "-1/5", "a/b", "1/5/2",
        ] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
