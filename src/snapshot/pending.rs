//! Lists, accepts and rejects snapshots that wait for a review.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file::{ReadError, SnapFile, read};
use super::profile;
use super::store::{PENDING_ENDING, PENDING_PROFILE, files_named, reviewed_path};

/// The end of the file name of a pending profile.
const PROFILE_ENDING: &str = ".yaml.new";

/// A changed or new record that waits for a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The path below the folder, without its extension: `session/takeover@5`, `@mosquitto/session/takeover@5`.
    pub name: String,
    /// The `.snap.new` file.
    pub path: PathBuf,
}

/// Returns every pending snapshot below this folder, sorted by path.
///
/// # Errors
/// Returns an error if a folder cannot be read.
pub fn pending(root: &Path) -> io::Result<Vec<Pending>> {
    let waits = |name: &str| name.ends_with(PENDING_ENDING) || name == PENDING_PROFILE;
    Ok(files_named(root, &waits)?
        .into_iter()
        .filter_map(|path| {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let name = below
                .components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            let plain = name.strip_suffix(PENDING_ENDING);
            let name = plain
                .or_else(|| name.strip_suffix(PROFILE_ENDING))?
                .to_owned();
            Some(Pending { name, path })
        })
        .collect())
}

impl Pending {
    /// The reviewed file that accepting would replace.
    pub fn reviewed(&self) -> PathBuf {
        reviewed_path(&self.path)
    }

    /// Returns the new record, and the reviewed one if there is one.
    ///
    /// # Errors
    /// Returns an error if one of them cannot be read, or the new one is damaged. A damaged reviewed file counts as
    /// missing, since accepting replaces it.
    pub fn load(&self) -> Result<(SnapFile, Option<SnapFile>), ReadError> {
        let is_profile = self.path.ends_with(PENDING_PROFILE);
        let read = if is_profile {
            profile::read_as_text
        } else {
            read
        };
        let new = read(&self.path)?.ok_or_else(|| ReadError::Io {
            path: self.path.clone(),
            error: io::ErrorKind::NotFound.into(),
        })?;
        let old = match read(&self.reviewed()) {
            Ok(old) => old,
            Err(ReadError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        Ok((new, old))
    }

    /// Makes it the reviewed record. A damaged file is refused and not moved.
    ///
    /// # Errors
    /// Returns an error if it is damaged or cannot be renamed.
    pub fn accept(&self) -> Result<(), ReadError> {
        self.load()?;
        fs::rename(&self.path, self.reviewed()).map_err(|error| ReadError::Io {
            path: self.path.clone(),
            error,
        })
    }

    /// Deletes the pending record.
    ///
    /// # Errors
    /// Returns an error if it cannot be deleted.
    pub fn reject(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::files;
    use super::*;

    fn lay(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        SnapFile {
            header: crate::snapshot::Header {
                source: "a.yaml".into(),
                title: "A title".into(),
                case: name.into(),
            },
            text: text.into(),
        }
        .write(&path)
        .expect("writing");
        path
    }

    #[test]
    fn accepts_and_rejects() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        lay(root, "a@5.snap", "old");
        lay(root, "a@5.snap.new", "new");
        lay(root, "@mosquitto/b@5.snap.new", "new");
        let waiting = pending(root).expect("listing");
        let names: Vec<_> = waiting.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["@mosquitto/b@5", "a@5"]);
        waiting[1].accept().expect("accepting");
        waiting[0].reject().expect("rejecting");
        assert_eq!(files(root).expect("listing"), [root.join("a@5.snap")]);
        let accepted = read(&root.join("a@5.snap")).expect("reading");
        assert_eq!(accepted.map(|f| f.text), Some("new".into()));
    }

    #[test]
    fn accepts_a_profile_that_is_sound() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("@twin/profile.yaml.new");
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, "profile: 1\nbroken\n").expect("writing");
        let waiting = pending(folder.path()).expect("listing");
        assert_eq!(waiting[0].name, "@twin/profile");
        assert!(waiting[0].accept().is_err());
        fs::write(&path, "profile: 1\n").expect("writing");
        waiting[0].accept().expect("accepting");
        assert!(folder.path().join("@twin/profile.yaml").exists());
    }

    #[test]
    fn accepts_the_same_bytes_as_insta() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new = lay(folder.path(), "a@5.snap.new", "one\n  two");
        let theirs = folder.path().join("theirs.snap");
        insta::Snapshot::from_file(&new)
            .expect("insta reads it")
            .save(&theirs)
            .expect("insta accepts it");
        pending(folder.path()).expect("listing")[0]
            .accept()
            .expect("accepting");
        let ours = fs::read(folder.path().join("a@5.snap")).expect("reading");
        assert_eq!(ours, fs::read(theirs).expect("reading"));
    }

    #[test]
    fn leaves_a_damaged_file_where_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a@5.snap.new");
        fs::write(&path, "---\nsource: x\n").expect("writing");
        let waiting = pending(folder.path()).expect("listing");
        assert!(matches!(waiting[0].accept(), Err(ReadError::Damaged(_))));
        assert!(path.exists());
    }
}
