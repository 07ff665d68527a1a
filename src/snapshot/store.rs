//! The folder of snapshots: which file belongs to which case, and which files belong to no case.
//!
//! The built-in suite has its own folder of snapshots, which is read-only. A baseline that the user made is on disk
//! even then, and it takes precedence over a built-in one of the same name.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file::{ReadError, SnapFile, parse, read};
use super::profile;
use crate::builtin::{self, Origin};
use crate::outcome::Mode;
use crate::outcome::profile::Profile;
use crate::scenario::model::CaseId;

/// The extension of a reviewed snapshot.
pub const ENDING: &str = ".snap";
/// The extension of a pending snapshot.
pub const PENDING_ENDING: &str = ".snap.new";

/// The largest number of records of one case.
pub(super) const VARIANTS: usize = 99;
/// The file name of a target's profile.
const PROFILE: &str = "profile.yaml";
/// The file name of a pending profile.
pub(super) const PENDING_PROFILE: &str = "profile.yaml.new";

/// The folder of the built-in snapshots, and of baselines made with the built-in suite.
const SNAPSHOTS: &str = "snapshots";

/// A folder of snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
    origin: Origin,
}

impl Store {
    /// The snapshots below this folder, which need not exist yet.
    pub const fn new(root: PathBuf) -> Self {
        Self {
            root,
            origin: Origin::Disk,
        }
    }

    /// The snapshots of the built-in suite, with the user's own baselines.
    pub fn built_in() -> Self {
        Self {
            root: PathBuf::from(SNAPSHOTS),
            origin: Origin::BuiltIn,
        }
    }

    /// Whether the snapshots for a run in this mode are built in and so cannot be written.
    pub fn is_built_in(&self, mode: &Mode) -> bool {
        match mode {
            Mode::Baseline(target) => {
                let folder = self.of_target(target);
                self.origin_of(&folder) == Origin::BuiltIn && builtin::has(&folder)
            }
            Mode::Whole | Mode::Information => self.origin == Origin::BuiltIn,
        }
    }

    /// The folder of a target's records.
    fn of_target(&self, target: &str) -> PathBuf {
        self.root.join(format!("@{target}"))
    }

    /// Whether a file or folder is read from disk or from the built-in suite.
    fn origin_of(&self, path: &Path) -> Origin {
        let first = path
            .strip_prefix(&self.root)
            .ok()
            .and_then(|p| p.iter().next());
        let of_target = first.filter(|name| name.to_string_lossy().starts_with('@'));
        match of_target {
            Some(name) if self.root.join(name).is_dir() => Origin::Disk,
            _ => self.origin,
        }
    }

    /// Reads a snapshot. Returns `None` if there is no such file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is damaged.
    pub fn read(&self, path: &Path) -> Result<Option<SnapFile>, ReadError> {
        match self.origin_of(path) {
            Origin::Disk => read(path),
            Origin::BuiltIn => builtin::file(path)
                .map(|bytes| parse(path, bytes))
                .transpose(),
        }
    }

    /// Reads the profile of a target. Returns `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is damaged.
    pub fn read_profile(&self, target: &str) -> Result<Option<Profile>, ReadError> {
        let path = self.profile(target);
        match self.origin_of(&path) {
            Origin::Disk => profile::read(&path),
            Origin::BuiltIn => builtin::file(&path)
                .map(|bytes| profile::read_bytes(&path, bytes.to_vec()))
                .transpose(),
        }
    }

    /// The path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the expected record of a case.
    pub fn expected(&self, case: &CaseId) -> PathBuf {
        self.root.join(format!("{}{ENDING}", file_name(case)))
    }

    /// The path of the accepted record of a case on this target.
    pub fn baseline(&self, target: &str, case: &CaseId) -> PathBuf {
        let folder = self.of_target(target);
        folder.join(format!("{}{ENDING}", file_name(case)))
    }

    /// The existing paths of further records of a case whose record differs from play to play: `case@5~2.snap` beside
    /// `case@5.snap`, and so on.
    pub fn variants(&self, accepted: &Path) -> Vec<PathBuf> {
        match self.origin_of(accepted) {
            Origin::Disk => variants(accepted, &|path| path.exists()),
            Origin::BuiltIn => variants(accepted, &|path| builtin::file(path).is_some()),
        }
    }

    /// The path of a target's profile.
    pub fn profile(&self, target: &str) -> PathBuf {
        self.of_target(target).join(PROFILE)
    }

    /// Returns the targets with accepted records, sorted by name.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be read.
    pub fn targets(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name();
            found.extend(name.to_string_lossy().strip_prefix('@').map(str::to_owned));
        }
        found.sort();
        Ok(found)
    }

    /// Returns every accepted record of a target, pending ones included, that belongs to none of `cases`. Sorted by
    /// path.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be read.
    pub fn accepted_without_case<'a>(
        &self,
        target: &str,
        cases: impl Iterator<Item = &'a CaseId>,
    ) -> io::Result<Vec<PathBuf>> {
        let known: BTreeSet<PathBuf> = cases.map(|case| self.baseline(target, case)).collect();
        let mut found = files(&self.of_target(target))?;
        found.retain(|path| !known.contains(&first_path(&reviewed_path(path))));
        Ok(found)
    }

    /// Returns every snapshot, pending ones included, that belongs to none of `cases` and to no target. Sorted by path.
    ///
    /// # Errors
    /// Returns an error if a folder cannot be read.
    pub fn without_case<'a>(
        &self,
        cases: impl Iterator<Item = &'a CaseId>,
    ) -> io::Result<Vec<PathBuf>> {
        if self.origin == Origin::BuiltIn {
            // Files on disk with these names belong to another suite.
            return Ok(Vec::new());
        }
        let known: BTreeSet<PathBuf> = cases.map(|case| self.expected(case)).collect();
        let mut found = Vec::new();
        for path in files(&self.root)? {
            let of_a_target = path
                .strip_prefix(&self.root)
                .is_ok_and(|p| p.to_string_lossy().starts_with('@'));
            if !of_a_target && !known.contains(&reviewed_path(&path)) {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// The path of the `.snap.new` beside a reviewed file.
pub fn pending_path(reviewed: &Path) -> PathBuf {
    with_suffix(reviewed, ".new")
}

/// The path of the reviewed file beside a `.snap.new`. Returns any other path unchanged.
pub fn reviewed_path(path: &Path) -> PathBuf {
    match path.to_string_lossy().strip_suffix(".new") {
        Some(reviewed) => PathBuf::from(reviewed),
        None => path.to_owned(),
    }
}

/// The existing paths of further records of a case.
pub(super) fn variants(accepted: &Path, is_there: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let all = (2..=VARIANTS).map(|number| variant_path(accepted, number));
    all.take_while(|path| is_there(path)).collect()
}

/// The path of a further record: `case@5~2.snap` beside `case@5.snap`.
pub(super) fn variant_path(accepted: &Path, number: usize) -> PathBuf {
    let path = accepted.to_string_lossy();
    let plain = path.strip_suffix(ENDING).unwrap_or(&path);
    PathBuf::from(format!("{plain}~{number}{ENDING}"))
}

/// The path of the first record beside a further one. Returns any other path unchanged.
fn first_path(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let first = text.strip_suffix(ENDING).and_then(|plain| {
        let (first, number) = plain.rsplit_once('~')?;
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        is_number.then(|| PathBuf::from(format!("{first}{ENDING}")))
    });
    first.unwrap_or_else(|| path.to_owned())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The id of a case as a path. Replaces characters in the row's name that file names cannot contain.
fn file_name(case: &CaseId) -> String {
    let row = case.row.as_deref().map(|row| {
        let plain: String = row
            .chars()
            .map(|c| {
                if matches!(c, '/' | '\\' | ':' | '\0') {
                    '_'
                } else {
                    c
                }
            })
            .collect();
        format!("[{plain}]")
    });
    format!("{}{}@{}", case.path, row.unwrap_or_default(), case.version)
}

/// Returns every snapshot below this folder, pending ones included, sorted by path. Empty if there is no folder.
///
/// # Errors
/// Returns an error if a folder cannot be read.
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let is_snapshot = |name: &str| name.ends_with(ENDING) || name.ends_with(PENDING_ENDING);
    files_named(root, &is_snapshot)
}

/// Returns every file below this folder with a matching name, sorted by path. Empty if there is no folder.
pub(super) fn files_named(root: &Path, matches: &dyn Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(root, matches, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(
    folder: &Path,
    matches: &dyn Fn(&str) -> bool,
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        // Does not follow links to folders, since they could lead back here.
        if entry.file_type()?.is_dir() {
            collect(&path, matches, found)?;
        } else {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if matches(&name) {
                found.push(path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    fn case(path: &str, row: Option<&str>) -> CaseId {
        CaseId {
            path: path.into(),
            row: row.map(str::to_owned),
            version: ProtocolVersion::V3_1_1,
        }
    }

    #[test]
    fn mirrors_the_paths_of_the_scenarios() {
        let store = Store::new("snapshots".into());
        assert_eq!(
            store.expected(&case("session/takeover", None)),
            Path::new("snapshots/session/takeover@3.1.1.snap")
        );
        assert_eq!(
            store.baseline("mosquitto", &case("connect/malformed", Some("a/../b"))),
            Path::new("snapshots/@mosquitto/connect/malformed[a_.._b]@3.1.1.snap")
        );
    }

    #[test]
    fn keeps_the_dots_of_a_version_in_the_pending_name() {
        let reviewed = Path::new("s/a@3.1.1.snap");
        assert_eq!(pending_path(reviewed), Path::new("s/a@3.1.1.snap.new"));
        assert_eq!(reviewed_path(&pending_path(reviewed)), reviewed);
        assert_eq!(reviewed_path(reviewed), reviewed);
    }

    #[test]
    fn finds_snapshots_without_a_case() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(folder.path().to_owned());
        let kept = case("session/kept", None);
        let gone = case("session/gone", None);
        for path in [
            store.expected(&kept),
            pending_path(&store.expected(&kept)),
            store.expected(&gone),
            pending_path(&store.expected(&gone)),
            store.baseline("mosquitto", &gone),
            folder.path().join("notes.txt"),
        ] {
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "---\n---\n").expect("writing");
        }
        assert_eq!(
            store.without_case([&kept].into_iter()).expect("listing"),
            [store.expected(&gone), pending_path(&store.expected(&gone))]
        );
    }
}
