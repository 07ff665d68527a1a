//! Output for GitHub Actions, for every command that reports a run: annotations and the job summary.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::output;
use crate::report::style::Style;
use crate::report::{Document, github};

/// The largest step summary that GitHub accepts, in bytes.
const SUMMARY: u64 = 1024 * 1024;

/// Writes the annotations and the job summary of a run if `GITHUB_ACTIONS` is true, unless `off` (`--no-github`). Only
/// warns if the summary cannot be written.
pub(super) fn show(document: &Document, off: bool, style: Style) {
    if off || set("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    let root = set("GITHUB_WORKSPACE").and_then(|root| fs::canonicalize(root).ok());
    let place = |file: &str| within(root.as_deref()?, file);
    // stdout may carry a report. The runner reads commands from stderr too.
    output::commands(&github::annotations(document, &place));
    let Some(path) = set("GITHUB_STEP_SUMMARY") else {
        return;
    };
    if let Err(error) = append(Path::new(&path), document) {
        output::warn(
            &format!("failed to write the job summary {path}: {error}"),
            style,
        );
    }
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The path of a file relative to the repository. `None` for a file outside it, such as one of the built-in suite.
fn within(root: &Path, file: &str) -> Option<String> {
    let whole: PathBuf = fs::canonicalize(file).ok()?;
    let below = whole.strip_prefix(root).ok()?;
    Some(below.to_string_lossy().into_owned())
}

/// Appends the summary to what earlier commands of the step have written.
fn append(path: &Path, document: &Document) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let room = SUMMARY.saturating_sub(file.metadata()?.len());
    let text = github::summary(document, usize::try_from(room).unwrap_or(usize::MAX));
    file.write_all(text.as_bytes())
}
