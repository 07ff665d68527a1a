//! Writes files to a folder of the user: all of them or none, and never over a changed file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::exit::Exit;
use crate::snapshot::file::place_whole;

/// So many files are named in an error.
const NAMED: usize = 5;

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The files that were written.
    pub(super) files: Vec<PathBuf>,
    /// So many of them in place of others.
    pub(super) overwritten: usize,
    /// So many were there already.
    pub(super) same: usize,
}

/// Writes these files, by their paths below the folder.
///
/// # Errors
/// When one is there that differs and it is not to be overwritten; nothing is written then. When one cannot be written.
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
        place_whole(&path, bytes).map_err(|error| wrong(&path, error))?;
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
        1 => "1 file is there already and differs".to_owned(),
        number => format!("{number} files are there already and differ"),
    };
    Failure::usage(format!("{what}: {}; nothing was written", names.join(", ")))
        .hint("--force overwrites them; another folder leaves them as they are")
}
