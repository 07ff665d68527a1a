//! One shard of a run: its cases, and the facts that are judged when all shards are merged.

use serde::{Deserialize, Serialize};

use super::document::build::cause::{StatementOutcome, Statements};
use super::document::{ProfileChange, Shard};
use crate::outcome::DeviationFacts;
use crate::outcome::cause::Root;
use crate::outcome::profile::Change;

/// The largest number of cases that are named with a filter each. Beyond it, the run's own choice of cases is shorter.
const FILTERS: usize = 20;

/// Facts about a run that is a shard.
#[derive(Debug, Clone)]
pub struct ShardFacts {
    /// The number of the shard, from 1.
    pub number: usize,
    pub of: usize,
    /// A digest of the scenarios of all cases of the run.
    pub suite: String,
    /// The ids of all cases of the run.
    pub cases: Vec<String>,
    /// The options that choose these cases.
    pub choice: Vec<String>,
    /// Snapshots without a case, if the whole suite is played.
    pub without_case: Vec<String>,
    /// What this shard shows of the accepted deviations, if the whole suite is played.
    pub deviations: Vec<DeviationFacts>,
    /// Entries of the profile that this shard does not show, if the whole suite is played.
    pub missing: Vec<Change>,
}

/// What `merge` needs to know of a shard beyond its report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MergeData {
    pub(super) roots: Vec<Root>,
    /// The version of the document, the id of the statement, and its outcome.
    statements: Vec<(String, String, StatementOutcome)>,
    /// The target file whose deviations are accepted.
    pub(super) file: Option<String>,
    pub(super) choice: Vec<String>,
    pub(super) without_case: Vec<String>,
    pub(super) deviations: Vec<DeviationFacts>,
    pub(super) missing: Vec<ProfileChange>,
}

impl MergeData {
    /// Adds the outcome of each statement in this shard. The worst outcome of all shards counts.
    pub(super) fn add_statements(&self, to: &mut Statements) {
        for (document, id, fate) in &self.statements {
            let key = (document.clone(), id.clone());
            let known = to.entry(key).or_insert(*fate);
            *known = (*known).min(*fate);
        }
    }
}

impl ShardFacts {
    /// Returns the shard's part of the document.
    pub(super) fn document(
        &self,
        roots: Vec<Root>,
        statements: Statements,
        file: Option<&str>,
    ) -> Shard {
        let statements = statements.into_iter();
        let together = MergeData {
            roots,
            statements: statements
                .map(|((document, id), fate)| (document, id, fate))
                .collect(),
            file: file.map(str::to_owned),
            choice: self.choice.clone(),
            without_case: self.without_case.clone(),
            deviations: self.deviations.clone(),
            missing: self.missing.iter().map(ProfileChange::from).collect(),
        };
        Shard {
            number: self.number,
            of: self.of,
            suite: self.suite.clone(),
            cases: self.cases.clone(),
            // Serializing texts, numbers and lists of them cannot fail.
            together: serde_json::to_value(together).unwrap_or_default(),
        }
    }
}

/// The command that plays these cases again, as a run with these options did. `None` if there are no cases.
pub fn replay_command(
    options: &str,
    cases: &[String],
    choice: &[String],
    seed: u64,
) -> Option<String> {
    let chosen = match cases.len() {
        0 => return None,
        1..=FILTERS => cases.iter().map(|id| format!("--filter '{id}'")).collect(),
        _ => choice.to_vec(),
    };
    let mut words = vec!["mqtt-check run".to_owned()];
    words.extend(Some(options.to_owned()).filter(|options| !options.is_empty()));
    words.extend(chosen);
    words.push(format!("--seed {seed}"));
    Some(words.join(" "))
}
