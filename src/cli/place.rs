//! Default locations: where a command finds scenarios, snapshots and target files if it was given no path.
//!
//! All of them belong to a suite. Its root is the folder that contains `scenarios`. Without such a folder, the built-in
//! suite is played as if it were in the working folder. See docs/suites.md for the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Failure;
use super::filter::nearest;
use crate::builtin::{self, Origin};
use crate::diagnostic::Diagnostic;
use crate::scenario::suite::{SCENARIOS, root_around, root_here};
use crate::target::TargetFile;

/// The folder of snapshots, below the root of a suite.
pub(super) const SNAPSHOTS: &str = "snapshots";
/// The folder of target files, below the root of a suite.
pub(super) const TARGETS: &str = "targets";

/// The default folder of scenarios.
pub(super) fn scenarios() -> PathBuf {
    below_root_here(SCENARIOS)
}

/// The default folder of snapshots.
pub(super) fn snapshots() -> PathBuf {
    match Path::new(SNAPSHOTS).is_dir() {
        true => PathBuf::from(SNAPSHOTS),
        false => below_root_here(SNAPSHOTS),
    }
}

/// Where to read these paths from. The built-in suite is used only if the working folder is in no suite and every path
/// exists only in the built-in one.
pub(super) fn origin(paths: &[PathBuf]) -> Origin {
    let is_built_in = |path: &PathBuf| !path.exists() && builtin::has(path);
    match root_here().is_none() && paths.iter().all(is_built_in) {
        true => Origin::BuiltIn,
        false => Origin::Disk,
    }
}

/// The location of a target file, which may not exist.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TargetPlace {
    pub(super) path: PathBuf,
    origin: Origin,
}

impl TargetPlace {
    fn on_disk(path: PathBuf) -> Self {
        Self {
            path,
            origin: Origin::Disk,
        }
    }

    pub(super) fn is_there(&self) -> bool {
        match self.origin {
            Origin::Disk => self.path.exists(),
            Origin::BuiltIn => builtin::file(&self.path).is_some(),
        }
    }

    /// Reads the target file.
    ///
    /// # Errors
    /// Returns everything that is wrong with the file.
    pub(super) fn read(&self) -> Result<TargetFile, Vec<Diagnostic>> {
        let built_in = match self.origin {
            Origin::Disk => None,
            Origin::BuiltIn => TargetFile::read_built_in(&self.path),
        };
        built_in.unwrap_or_else(|| TargetFile::read(&self.path))
    }
}

/// Finds `targets/NAME.yaml`, or takes the path that was given in place of a name. Searches the working folder, then
/// the suite around it, then the suite of the scenarios, then the built-in suite.
pub(super) fn target_file(name: &str, scenarios: &[PathBuf]) -> TargetPlace {
    let is_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
    if is_path {
        return TargetPlace::on_disk(PathBuf::from(name));
    }
    let path = Path::new(TARGETS).join(format!("{name}.yaml"));
    let mut on_disk = roots(scenarios).into_iter().map(|root| root.join(&path));
    match on_disk.find(|path| path.exists()) {
        Some(path) => TargetPlace::on_disk(path),
        None => TargetPlace {
            path,
            origin: Origin::BuiltIn,
        },
    }
}

/// The folders that may contain `targets`.
fn roots(scenarios: &[PathBuf]) -> Vec<PathBuf> {
    let mut roots = vec![PathBuf::new()];
    let others = root_here().into_iter();
    for root in others.chain(scenarios.iter().filter_map(|path| root_around(path))) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

fn below_root_here(folder: &str) -> PathBuf {
    root_here().unwrap_or_default().join(folder)
}

/// All target files that `--target NAME` finds, by name.
pub(super) fn known_targets(scenarios: &[PathBuf]) -> BTreeMap<String, TargetPlace> {
    let mut known = targets_on_disk(scenarios);
    for (path, _) in builtin::below(Path::new(TARGETS)) {
        if let Some(name) = target_name(path) {
            known.entry(name).or_insert_with(|| TargetPlace {
                path: path.to_owned(),
                origin: Origin::BuiltIn,
            });
        }
    }
    known
}

fn targets_on_disk(scenarios: &[PathBuf]) -> BTreeMap<String, TargetPlace> {
    let mut known = BTreeMap::new();
    for root in roots(scenarios) {
        for path in entries(&root.join(TARGETS)) {
            if let Some(name) = target_name(&path) {
                known
                    .entry(name)
                    .or_insert_with(|| TargetPlace::on_disk(path));
            }
        }
    }
    known
}

/// The names of the built-in targets.
pub(super) fn built_in_targets() -> BTreeSet<String> {
    let files = builtin::below(Path::new(TARGETS)).into_iter();
    files.filter_map(|(path, _)| target_name(path)).collect()
}

/// The target's name, if this is the path of a target file.
fn target_name(path: &Path) -> Option<String> {
    let is_yaml = path.extension().is_some_and(|ending| ending == "yaml");
    let name = path.file_stem().filter(|_| is_yaml)?;
    Some(name.to_string_lossy().into_owned())
}

/// The names that `--baseline NAME` accepts: those with accepted snapshots, and those with a target file.
pub(super) fn known_baselines(scenarios: &[PathBuf], folder: Option<&Path>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = match origin(scenarios) {
        Origin::Disk => targets_on_disk(scenarios).into_keys().collect(),
        Origin::BuiltIn => known_targets(scenarios).into_keys().collect(),
    };
    let beside = roots(scenarios)
        .into_iter()
        .map(|root| root.join(SNAPSHOTS));
    let folders: Vec<PathBuf> = match folder {
        Some(folder) => vec![folder.to_owned()],
        None => beside.collect(),
    };
    for path in folders.iter().flat_map(|folder| entries(folder)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        known.extend(name.strip_prefix('@').map(str::to_owned));
    }
    known
}

/// The entries of a folder. Empty if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten();
    read.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The error for an unknown name, with a suggestion and the known names.
pub(super) fn unknown(what: String, name: &str, known: &BTreeSet<String>) -> Failure {
    let all: Vec<&str> = known.iter().map(String::as_str).collect();
    let near = nearest(name, all.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Failure::usage(what).hint(match all.as_slice() {
        [] => "docs/targets/format.md describes target files".to_owned(),
        all => format!("{near}known here: {}", all.join(", ")),
    })
}
