//! `mqtt-check accept --stale`: removes the snapshots of cases that no longer exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::filter::patterns;
use super::selection::{Allowed, Selection};
use super::{Failure, Styles, output, place};
use crate::exit::Exit;
use crate::report::style::count;
use crate::scenario::model::CaseId;
use crate::scenario::pattern::Pattern;
use crate::scenario::suite;
use crate::snapshot::store::{ENDING, PENDING_ENDING, Store};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Remove the snapshots whose case does not exist any more, and nothing else
    #[arg(long)]
    pub(super) stale: bool,

    /// With --stale: only snapshots of these scenario files, or of those in these folders [default: `scenarios` in this
    /// folder or the nearest one above, else the built-in suite]
    #[arg(long, value_name = "PATH", requires = "stale")]
    scenarios: Vec<PathBuf>,

    #[command(flatten)]
    allowed: Allowed,
}

/// A file that belongs to no case, and the name by which filters know it.
struct Stale {
    name: String,
    path: PathBuf,
}

/// Removes stale snapshots and lists them.
pub(super) fn accept(
    arguments: &Arguments,
    filter: &[String],
    folder: Option<PathBuf>,
    styles: Styles,
) -> Result<Exit, Failure> {
    let selection = Selection::of_paths(&arguments.scenarios, &arguments.allowed);
    let looked_at = selection.paths();
    // To know that a case is gone, the whole suite must be loaded.
    let suites = roots(&looked_at);
    let all: Vec<PathBuf> = suites.iter().map(|s| s.join(suite::SCENARIOS)).collect();
    let plans = Selection::of_paths(&all, &arguments.allowed).load(styles.err)?;
    let cases: Vec<&CaseId> = plans.iter().map(|plan| &plan.scene.id).collect();
    let store = Store::new(folder.unwrap_or_else(|| match suites.as_slice() {
        [one] => one.join(place::SNAPSHOTS),
        _ => place::snapshots(),
    }));
    let mut found = stale(&store, &cases)?;
    found.retain(|one| suites.iter().any(|root| is_below(root, one, &looked_at)));
    let patterns = patterns(filter);
    let unmatched = |p: &&Pattern| !found.iter().any(|one| p.matches_case(&one.name));
    if let Some(pattern) = patterns.iter().find(unmatched) {
        let what = format!("no stale snapshot matches '{}'", pattern.text());
        return Err(Failure::new(Exit::Nothing, what));
    }
    found.retain(|one| patterns.is_empty() || patterns.iter().any(|p| p.matches_case(&one.name)));
    remove(&store, &found)
}

/// The roots of the suites that contain these paths. A path outside every suite counts as the working folder.
fn roots(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for path in paths {
        let root = suite::root_around(path).unwrap_or_default();
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

/// Returns every file below the folder that belongs to no case, including files of targets.
fn stale(store: &Store, cases: &[&CaseId]) -> Result<Vec<Stale>, Failure> {
    let shown = store.root().display();
    let unreadable = |error| Failure::new(Exit::Failed, format!("failed to read {shown}: {error}"));
    if !store.root().is_dir() {
        return Err(Failure::usage(format!("there is no folder {shown}"))
            .hint("name the folder of the snapshots with --snapshots"));
    }
    let all = || cases.iter().copied();
    let mut files = store.without_case(all()).map_err(unreadable)?;
    for target in store.targets().map_err(unreadable)? {
        files.extend(
            store
                .accepted_without_case(&target, all())
                .map_err(unreadable)?,
        );
    }
    let named = files.into_iter().filter_map(|path| {
        let below = path.strip_prefix(store.root()).ok()?;
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts.join("/");
        let name = name
            .strip_suffix(PENDING_ENDING)
            .or_else(|| name.strip_suffix(ENDING))?;
        Some(Stale {
            name: name.to_owned(),
            path,
        })
    });
    Ok(named.collect())
}

/// Whether the scenario that a snapshot was made of is, or was, at or below one of these paths.
fn is_below(root: &Path, one: &Stale, looked_at: &[PathBuf]) -> bool {
    let id = match one.name.strip_prefix('@').and_then(|n| n.split_once('/')) {
        Some((_, id)) => id,
        None => &one.name,
    };
    let scenario = id.rsplit_once('@').map_or(id, |(row, _)| row);
    let scenario = scenario.split_once('[').map_or(scenario, |(s, _)| s);
    let file = suite::absolute(&root.join(suite::SCENARIOS).join(scenario));
    looked_at.iter().any(|path| {
        let path = suite::absolute(path);
        file.starts_with(&path) || file == path.with_extension("")
    })
}

fn remove(store: &Store, found: &[Stale]) -> Result<Exit, Failure> {
    let mut text = String::new();
    let mut folders = BTreeSet::new();
    for one in found {
        fs::remove_file(&one.path).map_err(|error| {
            let path = one.path.display();
            Failure::new(Exit::Failed, format!("failed to remove {path}: {error}"))
        })?;
        text.push_str(&format!("removed {}\n", one.path.display()));
        let around = one.path.ancestors().skip(1);
        let within = around.take_while(|folder| *folder != store.root());
        folders.extend(within.map(Path::to_owned));
    }
    // Deepest first. A folder that is not empty stays.
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
    text.push_str(&match found.len() {
        0 => "no snapshot is stale\n".to_owned(),
        number => format!("{}\n", count(number, "snapshot")),
    });
    output::print(&text)?;
    Ok(Exit::Success)
}
