//! Finds the root of a suite, the folder with `scenarios`, `snapshots` and `targets`, from any working folder.
//!
//! Takes paths as typed, and the working folder. Returns equivalent paths that are short to read.

use std::path::{Component, Path, PathBuf};

use super::model::Scene;

/// The name of the folder to which case ids are relative.
pub const SCENARIOS: &str = "scenarios";
/// How many folders a search looks at, from the working folder upwards.
const HEIGHT: usize = 64;

/// Returns the folder to which a case's id is relative.
pub fn folder_of(scene: &Scene) -> PathBuf {
    let file = Path::new(&scene.source.path);
    let depth = scene.id.path.split('/').count();
    let whole = absolute(file);
    let folder = whole.ancestors().nth(depth).unwrap_or(Path::new("/"));
    as_typed(folder, file)
}

/// Returns the folder that contains the case's folder of scenarios and its snapshots.
pub fn root_of(scene: &Scene) -> PathBuf {
    let folder = folder_of(scene);
    root_above(&folder)
}

/// Returns a case's file relative to the root of its suite, with `/`: `scenarios/session/takeover.yaml`.
pub fn file_below_root(scene: &Scene) -> String {
    let file = absolute(Path::new(&scene.source.path));
    let root = absolute(&root_of(scene));
    let below = file.strip_prefix(&root).unwrap_or(&file);
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Returns the root of the suite that contains a path: the parent of the nearest `scenarios` at or above it.
pub fn root_around(path: &Path) -> Option<PathBuf> {
    let whole = absolute(path);
    let scenarios = whole
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == SCENARIOS))?;
    Some(as_typed(scenarios.parent()?, path))
}

/// Returns the root of the suite around the working folder: the nearest folder, this one or one above, that has a
/// folder `scenarios`. The search stops at a folder that anyone may write to, such as `/tmp`.
pub fn root_here() -> Option<PathBuf> {
    nearest_with(|folder| folder.join(SCENARIOS).is_dir())
}

/// Returns the nearest folder, the working folder or one above, for which `is_meant` is true. The search stops at a
/// folder that anyone may write to, such as `/tmp`.
pub fn nearest_with(is_meant: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    for (steps, folder) in here.ancestors().take(HEIGHT).enumerate() {
        if steps > 0 && is_open_to_all(folder) {
            return None;
        }
        if is_meant(folder) {
            return Some([Component::ParentDir].repeat(steps).iter().collect());
        }
    }
    None
}

/// Returns an absolute path without `.` and `..`. Links are followed only where `..` requires it.
pub fn absolute(path: &Path) -> PathBuf {
    let typed = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let whole = std::path::absolute(typed).unwrap_or_else(|_| typed.to_owned());
    let goes_up = whole.components().any(|part| part == Component::ParentDir);
    match (goes_up, whole.parent(), whole.file_name()) {
        (false, ..) => whole,
        (true, Some(parent), Some(name)) => match parent.canonicalize() {
            Ok(parent) => parent.join(name),
            Err(_) => whole,
        },
        (true, ..) => whole.canonicalize().unwrap_or(whole),
    }
}

/// Returns the folder above a folder of scenarios.
fn root_above(folder: &Path) -> PathBuf {
    let whole = absolute(folder);
    as_typed(whole.parent().unwrap_or(&whole), folder)
}

/// Writes an absolute path in the way in which `typed` was typed: relative to the working folder, or absolute.
fn as_typed(whole: &Path, typed: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) if !typed.is_absolute() => relative_path(&here, whole),
        _ => whole.to_owned(),
    }
}

/// Returns the relative path from one absolute folder to another.
fn relative_path(here: &Path, to: &Path) -> PathBuf {
    let shared = here
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = here.components().count() - shared;
    let ups = std::iter::repeat_n(Component::ParentDir, up);
    ups.chain(to.components().skip(shared)).collect()
}

#[cfg(unix)]
fn is_open_to_all(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    folder
        .metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_from_one_folder_to_another() {
        for (here, to, way) in [
            ("/a/b", "/a/b/scenarios", "scenarios"),
            ("/a/b", "/a/b", ""),
            ("/a/scenarios/session", "/a", "../.."),
            ("/a/scenarios", "/a/snapshots", "../snapshots"),
            ("/a", "/c/snapshots", "../c/snapshots"),
        ] {
            assert_eq!(
                relative_path(Path::new(here), Path::new(to)),
                Path::new(way)
            );
        }
    }

    #[test]
    fn knows_the_suite_around_a_path() {
        let root = |path: &str| root_around(Path::new(path));
        assert_eq!(root("/a/scenarios/b/c.yaml"), Some("/a".into()));
        assert_eq!(root("/a/scenarios"), Some("/a".into()));
        assert_eq!(root("/a/b/c.yaml"), None);
    }
}
