//! Reads the folders of the suite from a source tree.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The folders of the suite, relative to the root of the sources.
pub(crate) const FOLDERS: &[&str] = &["scenarios", "snapshots", "targets", "releases"];
/// The suffix of snapshots that wait for a review. They are not part of the suite.
const PENDING: &str = ".new";
/// The folder into which npm installs a broker of a target file.
const INSTALLED: &str = "node_modules";

/// Returns every file of the suite by its path relative to the root, with `/` as the separator.
///
/// # Errors
/// Fails if a file or folder cannot be read.
pub(crate) fn read(root: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        collect(&root.join(folder), folder, &mut files)?;
    }
    Ok(files)
}

fn collect(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.ends_with(PENDING) || name == INSTALLED {
            continue;
        }
        let path = format!("{below}/{name}");
        match entry.file_type()?.is_dir() {
            true => collect(&entry.path(), &path, files)?,
            false => {
                files.insert(path, fs::read(entry.path())?);
            }
        }
    }
    Ok(())
}
