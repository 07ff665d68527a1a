//! Files that a built-in target needs on disk, such as a server around a library.
//!
//! They are written to a permanent folder, because their dependencies may have to be installed there.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::builtin;

/// The folder to write the files to. It is in the user's cache, separate for each version of this program. `None` if
/// there is no home directory.
pub(super) fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let caches = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("LOCALAPPDATA"))
        .or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    let version = concat!("targets-", env!("CARGO_PKG_VERSION"));
    Some(caches.join("mqtt-check").join(version))
}

/// Writes the files of the built-in target of this name below `here`. Keeps existing files.
///
/// # Errors
/// Fails if a file cannot be written.
pub(super) fn unpack(name: &str, here: &Path) -> io::Result<()> {
    let targets = Path::new("targets");
    let files = builtin::below(&targets.join(name));
    if folder().is_none() && !files.is_empty() {
        let problem = "neither XDG_CACHE_HOME nor HOME says where";
        return Err(io::Error::other(problem));
    }
    for (path, bytes) in files {
        let file = here.join(path.strip_prefix(targets).unwrap_or(path));
        if fs::read(&file).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder = file.parent().unwrap_or(here);
        fs::create_dir_all(folder)?;
        // Replace the file at once, since another run may be reading it.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(bytes)?;
        new.persist(&file)?;
    }
    Ok(())
}
