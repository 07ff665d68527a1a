//! The snapshot folder, for the commands that review it.

use std::path::PathBuf;

use clap::Args;

use super::filter::patterns;
use super::{Failure, output, place};
use crate::exit::Exit;
use crate::report::style::Style;
use crate::scenario::pattern::Pattern;
use crate::snapshot::ReadError;
use crate::snapshot::pending::{Pending, pending};

#[derive(Debug, Args)]
pub(super) struct Waiting {
    /// Only snapshots of cases with this id; `*` matches any text; `@TARGET/ID` for those of a target
    #[arg(value_name = "FILTER")]
    pub(super) filter: Vec<String>,

    /// The folder of the snapshots [default: `snapshots` in this folder, or next to the nearest `scenarios` above]
    #[arg(long, value_name = "DIR")]
    pub(super) snapshots: Option<PathBuf>,
}

impl Waiting {
    /// Finds the pending snapshots that the options select.
    ///
    /// # Errors
    /// Fails if the folder is missing or cannot be read, or if nothing matches.
    pub(super) fn find(&self) -> Result<Vec<Pending>, Failure> {
        let root = self.snapshots.clone().unwrap_or_else(place::snapshots);
        let folder = root.display();
        if !root.is_dir() {
            return Err(Failure::usage(format!("there is no folder {folder}"))
                .hint("name the folder of the snapshots with --snapshots"));
        }
        let patterns = patterns(&self.filter);
        let mut found = pending(&root).map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to read {folder}: {error}"))
        })?;
        let is_meant = |p: &Pending| {
            patterns.is_empty() || patterns.iter().any(|one| one.matches_case(&p.name))
        };
        let mut all = patterns.iter();
        let unmatched = all.find(|one| !found.iter().any(|p| one.matches_case(&p.name)));
        if let Some(one) = unmatched {
            let what = format!("no pending snapshot matches '{}'", one.text());
            let anywhere = Pattern::new(&format!("*{}*", one.text()));
            let failure = Failure::new(Exit::Nothing, what);
            return Err(match found.iter().any(|p| anywhere.matches(&p.name)) {
                true => failure.hint(format!("did you mean '{}'?", anywhere.text())),
                false => failure,
            });
        }
        found.retain(is_meant);
        Ok(found)
    }
}

/// Describes a snapshot that cannot be read or moved.
pub(super) fn failure(error: &ReadError, style: Style) -> Failure {
    match error {
        ReadError::Damaged(diagnostic) => {
            output::diagnostics(std::slice::from_ref(diagnostic), style)
        }
        ReadError::Io { .. } => Failure::new(Exit::Failed, error.to_string()),
    }
}
