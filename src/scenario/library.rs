//! Finds scenario files, on disk or built in, with their ids and texts.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{panic, thread};

use super::file::scenes;
use super::model::Scene;
use super::read_access::{ReadAccess, open_regular};
use super::suite::{SCENARIOS, absolute};
use super::syntax::FILE_LIMIT;
use crate::builtin::{self, Origin};
use crate::diagnostic::{Diagnostic, Source};

/// The maximum depth of nested folders.
const FOLDER_DEPTH: usize = 32;

/// A file, and its id without row and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    id: String,
    path: PathBuf,
}

/// Loads every scene of the files at or below these paths.
pub(crate) fn load(
    paths: &[PathBuf],
    read_access: &ReadAccess,
    origin: Origin,
) -> Result<Vec<Scene>, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for path in paths {
        let files = match origin {
            Origin::Disk => find(path),
            Origin::BuiltIn => find_built_in(path),
        };
        match files {
            Ok(files) => found.extend(files),
            Err(diagnostic) => wrong.push(*diagnostic),
        }
    }
    found.sort();
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for Found { id, path } in found {
        match files.get(&id) {
            // The same file may have been named twice, or be below a folder that was named too.
            Some(first) if is_same(first, &path) => {}
            Some(first) => wrong.push(duplicate_id(&id, first, &path)),
            None => {
                files.insert(id, path);
            }
        }
    }
    let files: Vec<(String, PathBuf)> = files.into_iter().collect();
    let mut scenes_found = Vec::new();
    for scenes in on_all_cores(&files, |(id, path)| of_file(id, path, read_access, origin)) {
        match scenes {
            Ok(scenes) => scenes_found.extend(scenes),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    scenes_found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(scenes_found)
}

fn of_file(
    id: &str,
    path: &Path,
    read_access: &ReadAccess,
    origin: Origin,
) -> Result<Vec<Scene>, Vec<Diagnostic>> {
    let source = match origin {
        Origin::Disk => read(path),
        Origin::BuiltIn => read_built_in(path),
    }?;
    let scenes = scenes(&source, id, read_access)?;
    let of_origin = |scene| Scene { origin, ..scene };
    Ok(scenes.into_iter().map(of_origin).collect())
}

/// Applies `of` to each item, on all cores. The results are in the order of the items.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(share)
            .map(|part| scope.spawn(|| part.iter().map(&of).collect::<Vec<_>>()))
            .collect();
        let done = workers.into_iter().map(|worker| {
            let done = worker.join();
            done.unwrap_or_else(|panic| panic::resume_unwind(panic))
        });
        done.flatten().collect()
    })
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn duplicate_id(id: &str, first: &Path, second: &Path) -> Diagnostic {
    let source = empty_source(second);
    let title = format!("another file already has the id `{id}`");
    Diagnostic::new(&source, None, title)
        .label(format!("the other file is {}", first.display()))
        .hint("ids are relative to the folder on the command line: rename one file, or run them separately")
}

fn empty_source(path: &Path) -> Arc<Source> {
    Arc::new(Source {
        path: path.display().to_string(),
        text: String::new(),
    })
}

fn about(path: &Path, title: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&empty_source(path), None, title)
}

/// Finds the scenario files at or below a path.
fn find(path: &Path) -> Result<Vec<Found>, Box<Diagnostic>> {
    let unreadable = |error: std::io::Error| {
        Box::new(match error.kind() {
            std::io::ErrorKind::NotFound => about(path, "there is no such file or folder"),
            _ => about(path, format!("cannot be read: {error}")),
        })
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_dir() {
        return Ok(vec![Found {
            id: id_of_named_file(path)?,
            path: path.to_owned(),
        }]);
    }
    let mut walk = Walk::default();
    walk.folder(path, &prefix_of_named_folder(path)?)?;
    if walk.found.is_empty() {
        return Err(Box::new(
            about(path, "no scenario in this folder")
                .hint("scenarios are files that end with .yaml or .yml"),
        ));
    }
    Ok(walk.found)
}

/// Finds the scenario files of the built-in suite at or below a path.
fn find_built_in(path: &Path) -> Result<Vec<Found>, Box<Diagnostic>> {
    let mut files: Vec<&Path> = builtin::below(path).into_iter().map(|f| f.0).collect();
    if builtin::file(path).is_some() {
        files.push(path);
    }
    let scenarios = files.into_iter().filter(|path| is_scenario(path));
    let found = scenarios.map(|path| {
        let id = id_of_named_file(path)?;
        Ok(Found {
            id,
            path: path.to_owned(),
        })
    });
    match found.collect::<Result<Vec<_>, Box<Diagnostic>>>()? {
        none if none.is_empty() => Err(Box::new(about(
            path,
            "the built-in suite has no such scenario",
        ))),
        found => Ok(found),
    }
}

/// Reads a file of the built-in suite.
fn read_built_in(path: &Path) -> Result<Arc<Source>, Vec<Diagnostic>> {
    let bytes = builtin::file(path).unwrap_or_default().to_vec();
    decode(path, bytes).map_err(|diagnostic| vec![*diagnostic])
}

/// A walk through folders.
#[derive(Debug, Default)]
struct Walk {
    found: Vec<Found>,
    /// The folders around the current one, by their canonical paths.
    around: Vec<PathBuf>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), Box<Diagnostic>> {
        let fail =
            |error: std::io::Error| Box::new(about(folder, format!("cannot be read: {error}")));
        let true_path = folder.canonicalize().map_err(fail)?;
        // A link may lead back to a folder that contains it.
        if self.around.contains(&true_path) {
            return Ok(());
        }
        if self.around.len() > FOLDER_DEPTH {
            let title = format!("folders are nested more than {FOLDER_DEPTH} deep");
            return Err(Box::new(about(folder, title)));
        }
        self.around.push(true_path);
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                let name = segment(&path, &name)?;
                self.folder(&path, &format!("{prefix}{name}/"))?;
            } else if is_scenario(&path) {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let id = format!("{prefix}{}", segment(&path, &stem)?);
                self.found.push(Found { id, path });
            }
        }
        self.around.pop();
        Ok(())
    }
}

/// Whether a file is a scenario, judged by its name.
pub(crate) fn is_scenario(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    matches!(extension, Some("yaml" | "yml"))
}

/// Checks a part of an id. Ids also contain `[row]` and `@version`, and become the names of snapshots.
fn segment(path: &Path, name: &str) -> Result<String, Box<Diagnostic>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.is_empty() && name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(Box::new(
        about(path, "this name cannot be part of an id")
            .hint("letters, digits, `_`, `-` and `.` only: rename it"),
    ))
}

/// Returns the id of a file that was named itself: its path below the nearest folder `scenarios`, or else its name.
fn id_of_named_file(path: &Path) -> Result<String, Box<Diagnostic>> {
    let absolute = absolute(path);
    let stem = absolute.file_stem().unwrap_or_default().to_string_lossy();
    let below = below_scenarios(absolute.parent().unwrap_or(&absolute)).unwrap_or_default();
    let segments = below.iter().map(String::as_str).chain([stem.as_ref()]);
    let checked: Result<Vec<_>, _> = segments.map(|s| segment(path, s)).collect();
    Ok(checked?.join("/"))
}

/// Returns the prefix for the ids of a folder's files: its path below the nearest folder `scenarios`, so that a part of
/// a suite has the same ids as the whole. It is empty if there is no such folder.
fn prefix_of_named_folder(path: &Path) -> Result<String, Box<Diagnostic>> {
    let below = below_scenarios(&absolute(path)).unwrap_or_default();
    let checked: Result<Vec<_>, _> = below.iter().map(|s| segment(path, s)).collect();
    Ok(checked?.into_iter().map(|s| format!("{s}/")).collect())
}

/// Returns the path below the nearest folder named `scenarios`, which may be the folder itself.
fn below_scenarios(folder: &Path) -> Option<Vec<String>> {
    let folders: Vec<String> = folder
        .components()
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    let at = folders.iter().rposition(|f| f == SCENARIOS)?;
    Some(folders[at + 1..].to_vec())
}

/// Reads the text of a file, or reports why it cannot be read.
pub(super) fn read(path: &Path) -> Result<Arc<Source>, Vec<Diagnostic>> {
    use std::io::Read as _;
    let fail = |diagnostic: Diagnostic| Err(vec![diagnostic]);
    let mut bytes = Vec::new();
    let limit = FILE_LIMIT as u64 + 1;
    let opened = open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = opened {
        return fail(about(path, format!("cannot be read: {error}")));
    }
    decode(path, bytes).or_else(|diagnostic| fail(*diagnostic))
}

/// Decodes the bytes of a file as text.
pub(crate) fn decode(path: &Path, bytes: Vec<u8>) -> Result<Arc<Source>, Box<Diagnostic>> {
    if bytes.len() > FILE_LIMIT {
        return Err(Box::new(about(path, "the file is larger than 1 MiB")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::new(Source {
            path: path.display().to_string(),
            // A byte order mark is not part of the text.
            text: text
                .strip_prefix('\u{FEFF}')
                .map(str::to_owned)
                .unwrap_or(text),
        })),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..at]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            let byte = error.as_bytes()[at];
            Err(Box::new(
                about(
                    path,
                    format!("not UTF-8: byte 0x{byte:02X} at offset {at}, in line {line}"),
                )
                .hint("save the file as UTF-8"),
            ))
        }
    }
}
