//! The built-in suite: scenarios, their snapshots, target files of known brokers, and the lists of releases.
//!
//! Input: the archive that `build/` made. Output: files by their paths relative to the root of the suite. A debug build
//! has no archive and reads the same folders from its sources.

mod archive;
mod folders;
mod release;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::OnceLock;

pub use release::{Release, latest, list, releases};

/// Where the files of a suite are read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Disk,
    /// The suite that is built into the program.
    BuiltIn,
}

/// The packed suite. Empty in a debug build.
const ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.gz"));

/// Returns every file of the suite by its path, with `/` as the separator. The map is empty if a debug build cannot
/// find its sources.
pub fn files() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let read = match ARCHIVE {
            [] => folders::read(Path::new(env!("CARGO_MANIFEST_DIR"))),
            archive => archive::unpack(archive),
        };
        read.unwrap_or_default()
    })
}

/// Returns the content of a file of the suite, or `None` if there is no such file.
pub fn file(path: &Path) -> Option<&'static [u8]> {
    files().get(&key(path)?).map(Vec::as_slice)
}

/// Returns the files below a folder of the suite, sorted by path. Returns none if there is no such folder.
pub fn below(folder: &Path) -> Vec<(&'static Path, &'static [u8])> {
    let Some(folder) = key(folder).map(|folder| format!("{folder}/")) else {
        return Vec::new();
    };
    let after = files().range(folder.clone()..);
    let within = after.take_while(|(path, _)| path.starts_with(&folder));
    within
        .map(|(path, bytes)| (Path::new(path), bytes.as_slice()))
        .collect()
}

/// Returns whether the suite has this file or folder.
pub fn has(path: &Path) -> bool {
    file(path).is_some() || !below(path).is_empty()
}

/// Normalizes a path to the form of the suite's keys. Returns `None` if the path leads out of the suite.
fn key(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => return None,
        }
    }
    Some(parts.join("/"))
}
