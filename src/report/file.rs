//! Report files. They are checked before the run, and written completely or not at all after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::Entry;
use crate::snapshot::file::write_whole;

/// The path that means stdout.
const STDOUT: &str = "-";

/// A file that a report will be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    path: PathBuf,
    /// Whether the file is a device or pipe, which is written to and not replaced.
    special: bool,
}

impl ReportFile {
    /// Checks that the file can be written, without changing it.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub fn prepare(path: &Path) -> io::Result<Self> {
        if path == Path::new(STDOUT) {
            return Ok(Self {
                path: path.to_owned(),
                special: true,
            });
        }
        let special = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) => {
                // Without this check, renaming would replace a file that may not be written.
                fs::OpenOptions::new().write(true).open(path)?;
                !found.is_file()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !special {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?;
        }
        Ok(Self {
            path: path.to_owned(),
            special,
        })
    }

    /// Checks that files can be written to the folder, which need not exist yet.
    ///
    /// # Errors
    /// Returns an error if they cannot be written.
    pub fn prepare_folder(path: &Path) -> io::Result<Self> {
        if path == Path::new(STDOUT) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let is_there = |folder: &&Path| !folder.as_os_str().is_empty() && folder.exists();
        let nearest = path.ancestors().find(is_there).unwrap_or(Path::new("."));
        if !nearest.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        tempfile::tempfile_in(nearest)?;
        Ok(Self {
            path: path.to_owned(),
            special: false,
        })
    }

    /// Writes these files to the folder, and creates it if needed. Other files in it stay.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn write_folder(&self, files: &[Entry]) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        for file in files {
            write_whole(&self.path.join(&file.name), &file.content)?;
        }
        Ok(())
    }

    /// Whether the path is `-`, which means stdout.
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new(STDOUT)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the whole report.
    ///
    /// # Errors
    /// Returns an error if writing fails. The earlier file is then unchanged.
    pub fn write(&self, text: &str) -> io::Result<()> {
        if self.special {
            return fs::write(&self.path, text);
        }
        write_whole(&self.path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_a_path_without_touching_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("report.json");
        let file = ReportFile::prepare(&path).expect("writable");
        assert!(!path.exists());
        file.write("{}").expect("writing");
        ReportFile::prepare(&path).expect("still writable");
        assert_eq!(fs::read_to_string(&path).expect("reading"), "{}");
    }

    #[test]
    fn makes_a_folder_only_when_it_writes_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a/b");
        let report = ReportFile::prepare_folder(&path).expect("it can be made");
        assert!(!folder.path().join("a").exists());
        let file = Entry {
            name: "x".to_owned(),
            content: vec![0, 255],
        };
        report.write_folder(&[file]).expect("writing");
        assert_eq!(fs::read(path.join("x")).expect("reading"), [0, 255]);
        let file = path.join("x");
        for path in [Path::new("-"), &file, &file.join("below")] {
            assert!(
                ReportFile::prepare_folder(path).is_err(),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn refuses_what_cannot_be_a_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let missing = folder.path().join("no/such/folder/report.json");
        for path in [folder.path(), &missing] {
            assert!(ReportFile::prepare(path).is_err(), "{}", path.display());
        }
    }
}
