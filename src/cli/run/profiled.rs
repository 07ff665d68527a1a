//! The profile of the target. It is read before a run, compared with what the run learned, and written on request.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::snapshots::failure;
use crate::outcome::profile::{Baseline, CaseChange, Change, Played, Profile, Tolerance};
use crate::plan::Plan;
use crate::report::ProfileReport;
use crate::report::style::Style;
use crate::snapshot::review::Writing;
use crate::snapshot::store::pending_path;
use crate::snapshot::{Store, WriteError, profile};
use crate::target::Capabilities;
use crate::verdict::CaseResult;

/// The profile that a run is compared with.
pub(super) struct Profiled {
    pub(super) target: String,
    pub(super) path: PathBuf,
    /// The name and version of the broker under test.
    pub(super) broker: Option<String>,
    /// The profile in the file. `None` if there is no file.
    pub(super) known: Option<Baseline>,
    pub(super) writing: Writing,
    /// Whether the cases are compared too. Under chaos only the broker's capabilities are.
    pub(super) with_cases: bool,
}

/// What a run has learned.
pub(super) struct Learned<'a> {
    pub(super) offered: &'a Capabilities,
    pub(super) cases: Vec<(&'a Plan, &'a CaseResult)>,
    /// Every case of the suite, if all of it was played.
    pub(super) suite: Option<BTreeSet<String>>,
}

impl Profiled {
    /// Reads the profile of a target.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not a profile.
    pub(super) fn read(
        store: &Store,
        target: &str,
        tolerance: Tolerance,
        style: Style,
    ) -> Result<Option<Baseline>, Failure> {
        let read = store
            .read_profile(target)
            .map_err(|error| failure(&error, style))?;
        Ok(read.map(|profile| Baseline { profile, tolerance }))
    }

    /// The profile to compare single cases with. `None` for a run that updates, since it accepts every result.
    pub(super) fn baseline(&self) -> Option<&Baseline> {
        let counts = self.with_cases && self.writing != Writing::Update;
        self.known.as_ref().filter(|_| counts)
    }

    /// Compares the run with the profile, and writes what is required. Writes nothing unless `writes` is set.
    pub(super) fn conclude(
        &self,
        learned: &Learned<'_>,
        writes: bool,
    ) -> (ProfileReport, Option<WriteError>) {
        let cases = learned.cases.iter().copied();
        let now = Profile::learned(self.broker.clone(), learned.offered, cases);
        let mut report = ProfileReport {
            target: self.target.clone(),
            path: self.path.clone(),
            broker: self.known.as_ref().and_then(|h| h.profile.broker.clone()),
            is_there: self.known.is_some(),
            changes: Vec::new(),
            is_updated: false,
        };
        if let Some(baseline) = &self.known {
            let of_case = |(plan, result): &(&Plan, &CaseResult)| -> (String, Vec<CaseChange>) {
                (result.id.to_string(), baseline.changes_of(plan, result))
            };
            let changes: Vec<_> = match self.with_cases {
                true => learned.cases.iter().map(of_case).collect(),
                false => Vec::new(),
            };
            let results = learned.cases.iter().map(|(_, result)| result);
            let answered = results.flat_map(|result| &result.choices);
            let played = Played {
                cases: changes
                    .iter()
                    .map(|(case, changes)| (case.clone(), changes.as_slice()))
                    .collect(),
                choices: answered.map(|(name, _)| name.as_str()).collect(),
                suite: learned.suite.clone().filter(|_| self.with_cases),
            };
            report.changes = baseline.changes(&now.offers, &played);
        }
        let is_settled = report.is_there && report.changes.is_empty();
        let written = match self.writing {
            _ if !writes || !self.with_cases => Ok(()),
            Writing::Nothing => Ok(()),
            _ if is_settled => self.remove_pending(),
            Writing::Pending => self.write(&pending_path(&self.path), now, learned),
            Writing::Update => {
                report.is_updated = true;
                self.write(&self.path, now, learned)
                    .and_then(|()| self.remove_pending())
            }
        };
        (report, written.err())
    }

    /// Updates the profile with the results of several plays. Returns the changes and the new profile.
    pub(super) fn renew(
        &self,
        learned: Profile,
        suite: Option<BTreeSet<String>>,
    ) -> (Vec<Change>, Profile) {
        let learned = Profile {
            broker: self.broker.clone(),
            ..learned
        };
        match &self.known {
            None => (Vec::new(), learned.folded()),
            Some(baseline) => {
                let changes = baseline.renewal(&learned, suite.clone());
                let before = baseline.profile.clone();
                (changes, before.renewed(learned, suite.is_some()))
            }
        }
    }

    /// Replaces the reviewed profile.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub(super) fn store(&self, profile: &Profile) -> Result<(), WriteError> {
        profile::write(&self.path, &self.target, profile)?;
        self.remove_pending()
    }

    fn write(&self, path: &Path, now: Profile, learned: &Learned<'_>) -> Result<(), WriteError> {
        let renewed = match &self.known {
            Some(baseline) => {
                let before = baseline.profile.clone();
                before.renewed(now, learned.suite.is_some())
            }
            None => now.folded(),
        };
        profile::write(path, &self.target, &renewed)
    }

    fn remove_pending(&self) -> Result<(), WriteError> {
        let path = pending_path(&self.path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(WriteError { path, error })
            }
            _ => Ok(()),
        }
    }
}
