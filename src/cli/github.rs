//! Output for GitHub Actions, of every command that reports a run: annotations and the job summary.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::output;
use crate::report::style::Style;
use crate::report::{Document, github};

/// The most that GitHub takes as the summary of a step, in bytes.
const SUMMARY: u64 = 1024 * 1024;

/// Writes the annotations and the job summary of a run where `GITHUB_ACTIONS` is true, unless `off` (`--no-github`). A
/// summary that cannot be written is a warning.
pub(super) fn show(document: &Document, off: bool, style: Style) {
    if off || set("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    let root = set("GITHUB_WORKSPACE").and_then(|root| fs::canonicalize(root).ok());
    let place = |file: &str| within(root.as_deref()?, file);
    // Reports may go to stdout; commands are read from stderr too.
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

/// The file as the repository has it; a file of the built-in suite is not in it.
fn within(root: &Path, file: &str) -> Option<String> {
    let whole: PathBuf = fs::canonicalize(file).ok()?;
    let below = whole.strip_prefix(root).ok()?;
    Some(below.to_string_lossy().into_owned())
}

/// Behind what other commands of the step have written.
fn append(path: &Path, document: &Document) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let room = SUMMARY.saturating_sub(file.metadata()?.len());
    let text = github::summary(document, usize::try_from(room).unwrap_or(usize::MAX));
    file.write_all(text.as_bytes())
}
