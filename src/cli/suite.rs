//! `mqtt-check suite`: shows the built-in suite, or writes its files to a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::selection::{Selection, quoted};
use super::written::write;
use super::{Failure, Styles, output, place};
use crate::builtin;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::style::count;
use crate::scenario::suite::SCENARIOS;
use crate::snapshot::store::ENDING;

/// The folders of the suite that are written.
const WRITTEN: [&str; 3] = [SCENARIOS, place::SNAPSHOTS, place::TARGETS];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write its scenarios, snapshots and target files to this folder
    #[arg(long, value_name = "DIR")]
    extract: Option<PathBuf>,

    /// Overwrite existing files that differ
    #[arg(long, requires = "extract")]
    force: bool,

    /// List the cases as a release does, one line for each row of a scenario
    #[arg(long, conflicts_with = "extract")]
    ids: bool,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let text = match &arguments.extract {
        Some(folder) => extract(folder, arguments.force)?,
        None => {
            let plans = Selection::built_in().load(styles.err)?;
            match arguments.ids {
                true => builtin::list(plans.iter().map(row)),
                false => summary(&plans),
            }
        }
    };
    output::print(&text)?;
    Ok(Exit::Success)
}

/// The id of a case without its version, and the version.
fn row(plan: &Plan) -> (String, &str) {
    let id = &plan.scene.id;
    (id.without_version(), id.version.as_str())
}

/// The contents of the suite, and its releases.
fn summary(plans: &[Plan]) -> String {
    let scenarios: BTreeSet<&str> = plans
        .iter()
        .map(|plan| plan.scene.id.path.as_str())
        .collect();
    let snapshots = builtin::below(Path::new(place::SNAPSHOTS)).into_iter();
    let records = snapshots.filter(|(path, _)| path.to_string_lossy().ends_with(ENDING));
    let known = place::built_in_targets();
    let releases = builtin::releases();
    let mut out = format!(
        "suite {}, built into mqtt-check {}\n",
        releases
            .last()
            .map_or("", |release| release.version.as_str()),
        env!("CARGO_PKG_VERSION")
    );
    let (scenarios, cases) = (
        count(scenarios.len(), "scenario"),
        count(plans.len(), "case"),
    );
    out.push_str(&format!("  {scenarios} with {cases}\n"));
    out.push_str(&format!("  {}\n", count(records.count(), "snapshot")));
    let names: Vec<String> = known.into_iter().collect();
    out.push_str(&format!(
        "  {}: {}\n",
        count(names.len(), "known target"),
        names.join(", ")
    ));
    out.push_str("releases, each played by `mqtt-check run --suite VERSION`:\n");
    for release in releases {
        let cases = count(release.cases.len(), "case");
        out.push_str(&format!("  {}: {cases}\n", release.version));
    }
    out.push_str("`mqtt-check suite --extract DIR` writes its files to a folder\n");
    out
}

/// Writes the missing files. Unless `force` is set, writes nothing if an existing file differs.
fn extract(folder: &Path, force: bool) -> Result<String, Failure> {
    let files = WRITTEN
        .iter()
        .flat_map(|one| builtin::below(Path::new(one)));
    let written = write(folder, files, force)?;
    let files = count(written.files.len(), "file");
    let mut out = format!("{}: wrote {files}", folder.display());
    if written.overwritten > 0 {
        out.push_str(&format!(", {} of them overwritten", written.overwritten));
    }
    if written.same > 0 {
        out.push_str(&format!(", {} already existed", written.same));
    }
    let scenarios = folder.join(SCENARIOS);
    out.push_str(&format!(
        "\n`mqtt-check run {}` plays them\n",
        quoted(&scenarios)
    ));
    Ok(out)
}
