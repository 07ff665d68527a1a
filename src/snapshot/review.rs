//! The files of a comparison. Reviewed records are read before the run. The run writes pending files next to them or
//! replaces them.

use std::path::{Path, PathBuf};

use super::file::{Header, ReadError, SnapFile, WriteError, read};
use super::store::{Store, VARIANTS, pending_path, variant_path, variants};
use crate::outcome::{Comparison, Mode, Reviewed, State};
use crate::scenario::model::CaseId;

/// Reads the reviewed records of one case.
///
/// # Errors
/// Returns an error if a file cannot be read or is damaged.
pub fn reviewed(store: &Store, mode: &Mode, case: &CaseId) -> Result<Reviewed, ReadError> {
    let expected = store.read(&store.expected(case))?.map(|file| file.text);
    let accepted = match mode {
        Mode::Baseline(target) => {
            let accepted = store.read(&store.baseline(target, case))?;
            accepted.map(|file| file.text)
        }
        Mode::Whole | Mode::Information => None,
    };
    let path = match mode {
        Mode::Baseline(target) => store.baseline(target, case),
        Mode::Whole | Mode::Information => store.expected(case),
    };
    let mut variants = Vec::new();
    if accepted.is_some() {
        for path in store.variants(&path) {
            variants.extend(store.read(&path)?.map(|file| file.text));
        }
    }
    Ok(Reviewed {
        expected,
        accepted,
        variants,
        has_several_standings: false,
        pending: pending_path(&path).exists(),
        path,
    })
}

/// What a run does with changed and new records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Writes them beside the reviewed files.
    Pending,
    /// Makes them the reviewed files.
    Update,
    /// Writes nothing, as in CI.
    Nothing,
}

/// Writes the files that follow from a comparison: a pending file for a change, or the reviewed file with `Update`.
/// Removes a pending file whose case is as reviewed again.
///
/// # Errors
/// Returns an error if a file cannot be written. No partial file is left.
pub fn settle(
    comparison: &mut Comparison,
    header: &Header,
    writing: Writing,
) -> Result<(), WriteError> {
    if !comparison.counts {
        return Ok(());
    }
    let pending = pending_path(&comparison.path);
    let file = SnapFile {
        header: header.clone(),
        text: comparison.actual.clone(),
    };
    match (comparison.state, writing) {
        (_, Writing::Nothing) => {}
        (State::Same, Writing::Pending) => remove(&pending, &mut comparison.pending)?,
        (State::Same, Writing::Update) => {
            renew_headers(&comparison.path, header)?;
            remove(&pending, &mut comparison.pending)?;
        }
        (State::Stale, Writing::Update) => {
            let mut present = true;
            remove(&comparison.path, &mut present)?;
            remove_variants(&comparison.path)?;
            remove(&pending, &mut comparison.pending)?;
            comparison.updated = true;
        }
        (State::Stale, Writing::Pending) => {}
        (State::Changed | State::New, Writing::Update) => {
            file.write(&comparison.path)?;
            remove_variants(&comparison.path)?;
            remove(&pending, &mut comparison.pending)?;
            comparison.updated = true;
        }
        (State::Changed | State::New, Writing::Pending) => {
            file.write(&pending)?;
            comparison.pending = true;
        }
    }
    Ok(())
}

/// Updates the headers of a record and its variants, for example after the title of the scenario has changed. The
/// recorded text stays.
fn renew_headers(first: &Path, header: &Header) -> Result<(), WriteError> {
    for path in with_variants(first) {
        // A file that cannot be read was reported before the cases were played.
        let Ok(Some(mut file)) = read(&path) else {
            continue;
        };
        if file.header != *header {
            file.header = header.clone();
            file.write(&path)?;
        }
    }
    Ok(())
}

/// Writes the records that several plays of a case left, and removes files of records that none of them left. A record
/// that already has a file stays in front of new ones, so that a renewal changes no more files than it must. Returns a
/// line for each file that changed.
///
/// # Errors
/// Returns an error if a file cannot be written or removed.
pub fn settle_seen(
    first: &Path,
    header: &Header,
    records: &[&str],
) -> Result<Vec<String>, WriteError> {
    let mut lines = Vec::new();
    let paths = (1..=VARIANTS).map(|number| match number {
        1 => first.to_owned(),
        _ => variant_path(first, number),
    });
    // A file that cannot be read was reported before the cases were played.
    let present: Vec<Option<SnapFile>> = with_variants(first)
        .map(|path| read(&path).ok().flatten())
        .collect();
    let place = |text: &str| {
        let mut known = present
            .iter()
            .map(|file| file.as_ref().map(|file| &*file.text));
        known.position(|known| known == Some(text.trim_end()))
    };
    let mut records: Vec<&str> = records.to_vec();
    records.sort_by_key(|text| place(text).unwrap_or(present.len()));
    for (index, path) in paths.enumerate() {
        let Some(text) = records.get(index) else {
            if !path.exists() {
                break;
            }
            remove(&path, &mut true)?;
            lines.push(format!("removed {}", path.display()));
            continue;
        };
        let file = SnapFile {
            header: header.clone(),
            text: text.trim_end().to_owned(),
        };
        let before = present.get(index).and_then(Option::as_ref);
        if before != Some(&file) {
            file.write(&path)?;
            lines.push(format!("wrote {}", path.display()));
        }
    }
    remove(&pending_path(first), &mut true)?;
    Ok(lines)
}

/// The paths of a record, whether or not it exists, and of its variants that do.
fn with_variants(first: &Path) -> impl Iterator<Item = PathBuf> {
    let variants = variants(first, &|path| path.exists());
    std::iter::once(first.to_owned()).chain(variants)
}

fn remove_variants(first: &Path) -> Result<(), WriteError> {
    for path in variants(first, &|path| path.exists()) {
        remove(&path, &mut true)?;
    }
    Ok(())
}

fn remove(path: &std::path::Path, present: &mut bool) -> Result<(), WriteError> {
    if *present {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(WriteError {
                    path: path.to_owned(),
                    error,
                });
            }
            _ => *present = false,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;
    use crate::outcome::record::{Record, compare};

    fn case() -> CaseId {
        CaseId {
            path: "session/takeover".into(),
            row: None,
            version: ProtocolVersion::V5,
        }
    }

    fn header() -> Header {
        Header {
            source: "scenarios/session/takeover.yaml".into(),
            title: "A title".into(),
            case: case().to_string(),
        }
    }

    #[test]
    fn keeps_a_targets_records_below_its_name() {
        let store = Store::new("snapshots".into());
        let mode = Mode::Baseline("mosquitto".into());
        let reviewed = reviewed(&store, &mode, &case()).expect("nothing to read");
        assert_eq!(
            reviewed.path,
            std::path::Path::new("snapshots/@mosquitto/session/takeover@5.snap")
        );
    }

    fn in_folder(folder: &std::path::Path, expected: Option<&str>, record: &str) -> Comparison {
        let store = Store::new(folder.to_owned());
        if let Some(text) = expected {
            SnapFile {
                header: header(),
                text: text.into(),
            }
            .write(&store.expected(&case()))
            .expect("writing");
        }
        let reviewed = reviewed(&store, &Mode::Whole, &case()).expect("reading");
        let record = Record {
            text: record.to_owned(),
            findings: String::new(),
        };
        compare(&Mode::Whole, &reviewed, &record, &str::to_owned).expect("a comparison")
    }

    #[test]
    fn lays_a_change_beside_the_file_and_takes_it_away_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut changed = in_folder(folder.path(), Some("old"), "new");
        settle(&mut changed, &header(), Writing::Pending).expect("writing");
        assert!(changed.fails() && changed.pending);
        let laid = read(&pending_path(&changed.path)).expect("reading");
        assert_eq!(laid.map(|f| f.text), Some("new".into()));

        let mut ci = in_folder(folder.path(), None, "old");
        settle(&mut ci, &header(), Writing::Nothing).expect("nothing to write");
        assert!(ci.fails(), "a pending file counts in CI");

        let mut same = in_folder(folder.path(), None, "old");
        settle(&mut same, &header(), Writing::Pending).expect("removing");
        assert!(!same.fails());
        assert!(!pending_path(&same.path).exists());
    }

    #[test]
    fn renews_the_header_of_a_record_and_keeps_its_text() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut same = in_folder(folder.path(), Some("old"), "old");
        let variant = variant_path(&same.path, 2);
        let other = SnapFile {
            header: header(),
            text: "another".into(),
        };
        other.write(&variant).expect("writing");
        let renamed = Header {
            title: "Another title".into(),
            ..header()
        };
        let texts = |path: &Path| {
            let file = read(path).expect("reading").expect("a record");
            (file.header.title, file.text)
        };
        let expected = |title: &str, text: &str| (title.to_owned(), text.to_owned());
        for (writing, title) in [
            (Writing::Nothing, "A title"),
            (Writing::Pending, "A title"),
            (Writing::Update, "Another title"),
        ] {
            // The texts of a record that is the same may have been dropped.
            (same.expected, same.actual) = Default::default();
            settle(&mut same, &renamed, writing).expect("writing");
            assert_eq!(texts(&same.path), expected(title, "old"), "{writing:?}");
            assert_eq!(texts(&variant), expected(title, "another"), "{writing:?}");
            assert!(!same.updated && !same.fails());
        }
    }

    #[test]
    fn keeps_the_files_of_records_that_are_seen_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = folder.path().join("takeover@5.snap");
        let written = |records: &[&str]| {
            let lines = settle_seen(&first, &header(), records).expect("writing");
            let texts: Vec<String> = with_variants(&first)
                .map(|path| read(&path).expect("reading").expect("a record").text)
                .collect();
            (lines.len(), texts.join(" "))
        };
        let result = |lines: usize, texts: &str| (lines, texts.to_owned());
        assert_eq!(written(&["one", "two"]), result(2, "one two"));
        assert_eq!(written(&["two", "one"]), result(0, "one two"));
        assert_eq!(written(&["new", "two", "one"]), result(1, "one two new"));
        // The file of a record that is not seen again is removed, and the others move up.
        assert_eq!(written(&["new", "two"]), result(3, "two new"));
    }

    #[test]
    fn updates_at_once_with_the_option() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut new = in_folder(folder.path(), None, "new");
        settle(&mut new, &header(), Writing::Update).expect("writing");
        assert!(!new.fails());
        assert_eq!(in_folder(folder.path(), None, "new").state, State::Same);
    }
}
