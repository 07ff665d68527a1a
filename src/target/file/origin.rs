//! Where a target file comes from, disk or the built-in suite, and the files that belong to it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::TargetFile;
use crate::builtin::{self, Origin};
use crate::diagnostic::{Diagnostic, Source};
use crate::scenario::syntax::FILE_LIMIT;
use crate::scenario::{decode, open_regular};
use crate::target::{StartError, unpacked};

impl TargetFile {
    /// Reads `targets/NAME.yaml`.
    ///
    /// # Errors
    /// Returns everything that is wrong with the file, or that it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::of(&Self::text(path)?)
    }

    /// Reads a target file of the built-in suite. Returns `None` if there is no such file.
    ///
    /// # Errors
    /// Returns everything that is wrong with the file.
    pub fn read_built_in(path: &Path) -> Option<Result<Self, Vec<Diagnostic>>> {
        let text = Self::text_built_in(path)?;
        let here = unpacked::folder().unwrap_or_else(|| folder_of(path));
        Some(text.and_then(|source| {
            let file = Self::parse_at(&source, &stem(path), &here)?;
            Ok(Self {
                origin: Origin::BuiltIn,
                ..file
            })
        }))
    }

    /// Reads the text of a target file, which may contain passwords.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn text(path: &Path) -> Result<Arc<Source>, Vec<Diagnostic>> {
        let mut bytes = Vec::new();
        let limit = FILE_LIMIT as u64 + 1;
        let read = open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.map_err(|error| {
            let source = Arc::new(Source {
                path: path.display().to_string(),
                text: String::new(),
            });
            let title = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such target file".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            vec![
                Diagnostic::new(&source, None, title)
                    .hint("docs/targets/format.md describes target files"),
            ]
        })?;
        decode(path, bytes).map_err(|diagnostic| vec![*diagnostic])
    }

    /// Reads the text of a target file of the built-in suite. Returns `None` if there is no such file.
    ///
    /// # Errors
    /// Fails if the text cannot be read.
    pub fn text_built_in(path: &Path) -> Option<Result<Arc<Source>, Vec<Diagnostic>>> {
        let bytes = builtin::file(path)?.to_vec();
        Some(decode(path, bytes).map_err(|diagnostic| vec![*diagnostic]))
    }

    /// Parses the text of a target file, with the name from its path.
    fn of(source: &Arc<Source>) -> Result<Self, Vec<Diagnostic>> {
        Self::parse(source, &stem(Path::new(&source.path)))
    }

    /// Writes the files that belong to a built-in target to disk, at `{here}`.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub(in crate::target) fn unpack(&self) -> Result<(), StartError> {
        if self.origin == Origin::Disk {
            return Ok(());
        }
        unpacked::unpack(&self.name, &self.here).map_err(|error| StartError::NotStarted {
            name: self.name.clone(),
            problem: format!(
                "failed to write its files to {}: {error}",
                self.here.display()
            ),
            log: String::new(),
            hint: None,
        })
    }
}

/// The name of a target, from the path of its file.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The folder of a file, as an absolute path if possible.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.parent().unwrap_or(&path).to_owned()
}
