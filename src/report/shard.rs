//! One part of a run: its cases, and what the whole run is judged by when all parts are there.

use serde::{Deserialize, Serialize};

use super::document::build::cause::{StatementOutcome, Statements};
use super::document::{ProfileChange, Shard};
use crate::outcome::DeviationFacts;
use crate::outcome::cause::Root;
use crate::outcome::profile::Change;

/// With more cases than this, the run's own choice of cases is shorter than a filter for each.
const FILTERS: usize = 20;

/// Which part of a run it is.
#[derive(Debug, Clone)]
pub struct ShardFacts {
    /// From 1.
    pub number: usize,
    pub of: usize,
    /// A digest of the scenarios of all cases.
    pub suite: String,
    /// The ids of all cases of the run.
    pub cases: Vec<String>,
    /// The options that choose them.
    pub choice: Vec<String>,
    /// Snapshots without a case, as far as the whole suite is played.
    pub without_case: Vec<String>,
    /// What this part shows of the accepted deviations, as far as the whole suite is played.
    pub deviations: Vec<DeviationFacts>,
    /// What this part lacks of the profile, as far as the whole suite is played.
    pub missing: Vec<Change>,
}

/// What `merge` needs of a part that its report does not say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Together {
    pub(super) roots: Vec<Root>,
    /// Version of the document, id, and what became of it.
    statements: Vec<(String, String, StatementOutcome)>,
    /// The target file whose deviations are accepted.
    pub(super) file: Option<String>,
    pub(super) choice: Vec<String>,
    pub(super) without_case: Vec<String>,
    pub(super) deviations: Vec<DeviationFacts>,
    pub(super) missing: Vec<ProfileChange>,
}

impl Together {
    /// Adds what became of each statement here, which the worst decides.
    pub(super) fn add_statements(&self, to: &mut Statements) {
        for (document, id, fate) in &self.statements {
            let key = (document.clone(), id.clone());
            let known = to.entry(key).or_insert(*fate);
            *known = (*known).min(*fate);
        }
    }
}

impl ShardFacts {
    /// The part of the report.
    pub(super) fn document(
        &self,
        roots: Vec<Root>,
        statements: Statements,
        file: Option<&str>,
    ) -> Shard {
        let statements = statements.into_iter();
        let together = Together {
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
            // Texts, numbers and lists of them cannot fail.
            together: serde_json::to_value(together).unwrap_or_default(),
        }
    }
}

/// The command that plays these cases again, as a run with these options did; `None` if there are none.
pub fn again(options: &str, cases: &[String], choice: &[String], seed: u64) -> Option<String> {
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
