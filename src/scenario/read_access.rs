//! What a scenario may read from this machine: passwords in files and environment variables.
//!
//! Anyone may be the author of a scenario. By default a scenario can read files below its own folder only, and no
//! variables. A file that the operator writes, a configuration or a target file, can read everything that it names.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What a file may read in addition to itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadAccess {
    /// Whether it may read files outside of its own folder.
    pub files: bool,
    /// The environment variables that it may read.
    pub variables: Variables,
}

/// Environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variables {
    /// The variables with these names.
    Named(Vec<String>),
    All,
}

impl Default for Variables {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl ReadAccess {
    /// The access of a file that the operator has written.
    pub(super) const fn everything() -> Self {
        Self {
            files: true,
            variables: Variables::All,
        }
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        match &self.variables {
            Variables::Named(names) => names.iter().any(|named| named == name),
            Variables::All => true,
        }
    }

    /// Returns the path of a file that the file at `from` names, or `None` if it may not be read. Links are resolved
    /// first.
    pub(super) fn file(&self, from: &str, named: &str) -> Option<PathBuf> {
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let path = folder.join(named);
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        match self.files || is_below(folder, &path) {
            true => Some(path),
            false => None,
        }
    }
}

/// Whether a path is below a folder. If the path does not exist, its nearest existing ancestor decides.
fn is_below(folder: &Path, path: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else {
        return false;
    };
    // A missing file may be reported as missing only if it could be read.
    let there = path
        .ancestors()
        .find_map(|part| match part.as_os_str().is_empty() {
            true => Path::new(".").canonicalize().ok(),
            false => part.canonicalize().ok(),
        });
    there.is_some_and(|there| there.starts_with(folder))
}

/// Opens a regular file. Others are refused: reading a pipe or a device might never end, or never begin.
///
/// # Errors
/// Returns an error if the file is not regular or cannot be opened.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let regular = |metadata: fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("not a regular file")),
    };
    // Opening a pipe without a writer would block, so look before opening.
    regular(fs::metadata(path)?)?;
    let file = File::open(path)?;
    regular(file.metadata()?)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_reaches_below_its_own_folder_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("own/below")).expect("made");
        fs::create_dir_all(at("own-too")).expect("made");
        for name in ["secret", "own/a", "own/below/b", "own-too/c"] {
            fs::write(at(name), "x").expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("secret"), at("own/link")).expect("linked");
        let from = at("own/scenario.yaml").display().to_string();
        let absolute = |name: &str| at(name).display().to_string();
        let read_access = ReadAccess::default();
        for named in [
            "a",
            "below/b",
            "below/../a",
            "nothing",
            "below/nothing",
            &absolute("own/a"),
        ] {
            assert!(read_access.file(&from, named).is_some(), "{named}");
        }
        for named in [
            "../secret",
            "link",
            "../own-too/c",
            "below/../../secret",
            "../nothing",
            "/etc/passwd",
            "/no/such/file",
            &absolute("secret"),
        ] {
            assert_eq!(read_access.file(&from, named), None, "{named}");
            assert!(
                ReadAccess::everything().file(&from, named).is_some(),
                "{named}"
            );
        }
    }

    #[test]
    fn a_scenario_reads_the_variables_that_it_is_allowed() {
        let named = ReadAccess {
            files: false,
            variables: Variables::Named(vec!["A".to_owned()]),
        };
        assert!(named.has_variable("A") && !named.has_variable("B"));
        assert!(!ReadAccess::default().has_variable("A"));
        assert!(ReadAccess::everything().has_variable("B"));
    }
}
