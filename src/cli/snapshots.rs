//! The folder of snapshots, for the commands that review them.

use std::path::PathBuf;

use clap::Args;

use super::selection::patterns;
use super::{Failure, output};
use crate::exit::Exit;
use crate::report::words::Style;
use crate::snapshot::ReadError;
use crate::snapshot::pending::{Pending, pending};

#[derive(Debug, Args)]
pub(super) struct Waiting {
    /// Only those of cases with this id (a glob); for a target's, `@TARGET/ID`
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,

    /// The folder of the snapshots
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    snapshots: PathBuf,
}

impl Waiting {
    /// The pending snapshots that are meant.
    ///
    /// # Errors
    /// When the folder is missing or cannot be read, or nothing matches.
    pub(super) fn find(&self) -> Result<Vec<Pending>, Failure> {
        let folder = self.snapshots.display();
        if !self.snapshots.is_dir() {
            return Err(Failure::usage(format!("there is no folder {folder}"))
                .hint("name the folder of the snapshots with --snapshots"));
        }
        let patterns = patterns(&self.filter);
        let mut found = pending(&self.snapshots).map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to read {folder}: {error}"))
        })?;
        let is_meant = |p: &Pending| {
            let case = p.name.rsplit_once('@').map_or(p.name.as_str(), |(c, _)| c);
            patterns.is_empty()
                || patterns
                    .iter()
                    .any(|pattern| pattern.is(&p.name) || pattern.is(case))
        };
        found.retain(is_meant);
        if found.is_empty() && !patterns.is_empty() {
            return Err(Failure::new(Exit::Nothing, "no pending snapshot matches"));
        }
        Ok(found)
    }
}

/// A snapshot that cannot be read or moved.
pub(super) fn failure(error: &ReadError, style: Style) -> Failure {
    match error {
        ReadError::Damaged(diagnostic) => {
            output::diagnostics(std::slice::from_ref(diagnostic), style)
        }
        ReadError::Io { .. } => Failure::new(Exit::Failed, error.to_string()),
    }
}
