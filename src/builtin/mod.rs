//! The suite that the program carries: scenarios, their snapshots, and target files of known brokers.
//!
//! In: the archive that `build/` made. Out: files, by their paths as seen from the root of the suite. A debug build has no
//! archive and reads the same folders of its sources.

mod archive;
mod folders;
mod release;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::OnceLock;

pub use release::{Release, latest, list, releases};

/// Where a file of a suite is read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Disk,
    /// The suite that the program carries.
    BuiltIn,
}

/// Empty in a debug build.
const ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.gz"));

/// Every file of the suite, by its path, with `/`. None if a debug build has lost its sources.
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

/// What is in a file of the suite; `None` if it has no such file.
pub fn file(path: &Path) -> Option<&'static [u8]> {
    files().get(&key(path)?).map(Vec::as_slice)
}

/// The files below a folder of the suite, in the order of their paths; none if it has no such folder.
pub fn below(folder: &Path) -> Vec<(&'static Path, &'static [u8])> {
    let Some(folder) = key(folder).map(|folder| format!("{folder}/")) else {
        return Vec::new();
    };
    let behind = files().range(folder.clone()..);
    let within = behind.take_while(|(path, _)| path.starts_with(&folder));
    within
        .map(|(path, bytes)| (Path::new(path), bytes.as_slice()))
        .collect()
}

/// Whether the suite has this file or folder.
pub fn has(path: &Path) -> bool {
    file(path).is_some() || !below(path).is_empty()
}

/// A path as the suite knows it; `None` if it leads out of the suite.
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
