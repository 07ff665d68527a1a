//! Where a command finds what it was given no path for: scenarios, snapshots and target files.
//!
//! All of them belong to a suite, whose root is the folder that has `scenarios` in it. docs/suites.md has the rule.

use std::path::{Path, PathBuf};

use crate::scenario::suite::{SCENARIOS, root_around, root_here};

/// Where records are, below the root of a suite.
const SNAPSHOTS: &str = "snapshots";
/// Where target files are, below the root of a suite.
const TARGETS: &str = "targets";

/// The folder of scenarios that is meant where none is named.
pub(super) fn scenarios() -> PathBuf {
    below_root_here(SCENARIOS)
}

/// The folder of snapshots that is meant where none is named.
pub(super) fn snapshots() -> PathBuf {
    match Path::new(SNAPSHOTS).is_dir() {
        true => PathBuf::from(SNAPSHOTS),
        false => below_root_here(SNAPSHOTS),
    }
}

/// `targets/NAME.yaml`, or the path that was given in place of a name. It is looked for in the working folder, then in
/// the suite around it, then in the suite of the scenarios.
pub(super) fn target_file(name: &str, scenarios: &[PathBuf]) -> PathBuf {
    let is_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
    if is_path {
        return PathBuf::from(name);
    }
    let file = Path::new(TARGETS).join(format!("{name}.yaml"));
    let mut found = roots(scenarios).into_iter().map(|root| root.join(&file));
    found.find(|path| path.exists()).unwrap_or(file)
}

/// The folders that `targets` may be in.
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
