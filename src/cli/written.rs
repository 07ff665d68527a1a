//! Writes files to a folder of the user. Checks all of them first, and overwrites changed files only on request.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::exit::Exit;
use crate::snapshot::file::write_whole_unsynced;

/// How many files an error names.
const NAMED: usize = 5;

/// What `write` did.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The files that were written.
    pub(super) files: Vec<PathBuf>,
    /// How many of them replaced a file that differed.
    pub(super) overwritten: usize,
    /// How many files were already there, unchanged.
    pub(super) same: usize,
}

/// Writes these files. Their paths are relative to the folder.
///
/// # Errors
/// Fails before writing anything if a file differs and `force` is not set. Also fails if a file cannot be written.
pub(super) fn write<'f>(
    folder: &Path,
    files: impl Iterator<Item = (&'f Path, &'f [u8])>,
    force: bool,
) -> Result<Written, Failure> {
    let wrong = |path: &Path, error: io::Error| {
        let path = path.display();
        Failure::new(Exit::Failed, format!("failed to write {path}: {error}"))
    };
    let mut written = Written::default();
    let (mut differing, mut to_write) = (Vec::new(), Vec::new());
    for (file, bytes) in files {
        let path = folder.join(file);
        match fs::read(&path) {
            Ok(there) if there == bytes => written.same += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => to_write.push((path, bytes)),
            Ok(_) => differing.push((path, bytes)),
            Err(error) => return Err(wrong(&path, error)),
        }
    }
    if !differing.is_empty() && !force {
        return Err(would_overwrite(&differing));
    }
    written.overwritten = differing.len();
    to_write.extend(differing);
    for (path, bytes) in to_write {
        write_whole_unsynced(&path, bytes).map_err(|error| wrong(&path, error))?;
        written.files.push(path);
    }
    Ok(written)
}

fn would_overwrite(differing: &[(PathBuf, &[u8])]) -> Failure {
    let names = differing.iter().take(NAMED);
    let mut names: Vec<String> = names.map(|(path, _)| path.display().to_string()).collect();
    if differing.len() > NAMED {
        names.push(format!("{} more", differing.len() - NAMED));
    }
    let what = match differing.len() {
        1 => "1 file already exists and differs".to_owned(),
        number => format!("{number} files already exist and differ"),
    };
    Failure::usage(format!("{what}: {}; nothing was written", names.join(", ")))
        .hint("overwrite them with --force, or name another folder")
}
