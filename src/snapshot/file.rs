//! One `.snap` file. It is read through insta, and written completely or not at all.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use thiserror::Error;

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::open_regular;

/// The content of a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapFile {
    pub header: Header,
    /// The record, without trailing white space.
    pub text: String,
}

/// The keys of insta's header that we write, in insta's order. insta rejects a header without keys as damaged, so the
/// case is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `source`: the path of the scenario file, relative to the parent of the scenario folder.
    pub source: String,
    /// `description`: the title of the scenario.
    pub title: String,
    /// `expression`: the id of the case.
    pub case: String,
}

/// Why a snapshot could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file is not a snapshot.
    #[error("{}: {}", .0.source.path, .0.title)]
    Damaged(Box<Diagnostic>),
    #[error("failed to read {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Why a snapshot could not be written. No partial file is left.
#[derive(Debug, Error)]
#[error("failed to write {}: {error}", path.display())]
pub struct WriteError {
    pub path: PathBuf,
    pub error: io::Error,
}

/// Reads a snapshot. Returns `None` if there is no such file.
///
/// # Errors
/// Returns an error if the file cannot be read or is damaged: not UTF-8, with conflict markers, or without a complete
/// header.
pub fn read(path: &Path) -> Result<Option<SnapFile>, ReadError> {
    let mut bytes = Vec::new();
    match open_regular(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(ReadError::Io {
                path: path.to_owned(),
                error,
            });
        }
    };
    if let Some(diagnostic) = damage(path, &bytes) {
        return Err(ReadError::Damaged(Box::new(diagnostic)));
    }
    let snapshot = insta::Snapshot::from_file(path).map_err(|error| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        ReadError::Damaged(Box::new(diagnose(
            path,
            text,
            1,
            format!("failed to read the header: {error}"),
        )))
    })?;
    let Some(text) = snapshot.as_text() else {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Err(ReadError::Damaged(Box::new(diagnose(
            path,
            text,
            1,
            "a binary snapshot, which mqtt-check does not use".to_owned(),
        ))));
    };
    let metadata = snapshot.metadata();
    Ok(Some(SnapFile {
        header: Header {
            source: metadata.source().unwrap_or_default().to_owned(),
            title: metadata.description().unwrap_or_default().to_owned(),
            case: metadata.expression().unwrap_or_default().to_owned(),
        },
        text: text.to_string(),
    }))
}

/// Parses a snapshot of the built-in suite from its bytes, since insta reads only files.
///
/// # Errors
/// Returns an error if the bytes are not a snapshot of ours.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<SnapFile, ReadError> {
    if let Some(diagnostic) = damage(path, bytes) {
        return Err(ReadError::Damaged(Box::new(diagnostic)));
    }
    let whole = String::from_utf8_lossy(bytes);
    let parts = whole
        .strip_prefix("---\n")
        .and_then(|w| w.split_once("\n---\n"));
    let (header, text) = parts.unwrap_or(("", &whole));
    let header: Keys = serde_yaml::from_str(header).map_err(|error| {
        let title = format!("failed to read the header: {error}");
        ReadError::Damaged(Box::new(diagnose(path, whole.to_string(), 1, title)))
    })?;
    Ok(SnapFile {
        header: Header {
            source: header.source,
            title: header.description,
            case: header.expression,
        },
        text: text.trim_end().to_owned(),
    })
}

/// A header under insta's names for its keys.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Keys {
    source: String,
    description: String,
    expression: String,
}

/// Returns damage that insta would not notice: it takes a file without a header for its oldest format, and a conflict
/// marker for a line of the text.
fn damage(path: &Path, bytes: &[u8]) -> Option<Diagnostic> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = line_of(bytes, error.valid_up_to());
            let lossy = String::from_utf8_lossy(bytes).into_owned();
            return Some(diagnose(path, lossy, line, "not UTF-8 text".to_owned()));
        }
    };
    let wrong = |line, title: &str| Some(diagnose(path, text.to_owned(), line, title.to_owned()));
    if let Some(index) = text.lines().position(is_conflict_mark) {
        return wrong(index + 1, "the snapshot contains a conflict marker");
    }
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return wrong(1, "not a snapshot: its first line is not `---`");
    }
    let Some(end) = lines.position(|line| line.trim_end() == "---") else {
        return wrong(1, "the header does not end: there is no second line `---`");
    };
    // insta takes these words for numbers, fails to read them as numbers and panics.
    text.lines()
        .skip(1)
        .take(end)
        .position(|line| {
            NOT_NUMBERS
                .iter()
                .any(|word| line.trim_end().ends_with(word))
        })
        .and_then(|index| {
            wrong(
                index + 2,
                "the header contains a value that is not a string",
            )
        })
}

const NOT_NUMBERS: &[&str] = &[".inf", ".Inf", ".INF", ".nan", ".NAN"];

fn is_conflict_mark(line: &str) -> bool {
    ["<<<<<<< ", "||||||| ", ">>>>>>> "]
        .iter()
        .any(|mark| line.starts_with(mark))
        || line == "======="
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset].iter().filter(|b| **b == b'\n').count()
}

fn diagnose(path: &Path, text: String, line: usize, title: String) -> Diagnostic {
    let length = text
        .lines()
        .nth(line.saturating_sub(1))
        .map_or(1, |l| l.chars().count().max(1));
    Diagnostic {
        place: Some(Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        }),
        source: Arc::new(Source {
            path: path.display().to_string(),
            text,
        }),
        title,
        label: None,
        hint: Some(
            "restore the file from version control, or remove it and run again to record it"
                .to_owned(),
        ),
    }
}

impl SnapFile {
    /// The bytes of the file, as insta would write them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::from("---\n");
        for (key, value) in [
            ("source", &self.header.source),
            ("description", &self.header.title),
            ("expression", &self.header.case),
        ] {
            if !value.is_empty() {
                out.push_str(key);
                out.push_str(": ");
                push_scalar(&mut out, value);
                out.push('\n');
            }
        }
        out.push_str("---\n");
        out.push_str(self.text.trim_end());
        out.push('\n');
        out.into_bytes()
    }

    /// Writes the file completely or not at all. Creates folders as needed.
    ///
    /// # Errors
    /// Returns an error if writing fails. An earlier file is then unchanged.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_whole(path, &self.to_bytes()).map_err(|error| WriteError {
            path: path.to_owned(),
            error,
        })
    }
}

/// Writes a file through a temporary one in the same folder, which is synced and renamed.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, bytes, true)
}

/// Writes a file like [`write_whole`], but without waiting for the disk. For many files that can be written again.
pub(crate) fn write_whole_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, bytes, false)
}

fn place(path: &Path, bytes: &[u8], is_synced: bool) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mqtt-check-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mode of any new file, from which the umask is subtracted.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(without_path)?;
    file.as_file_mut().write_all(bytes)?;
    if is_synced {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|e| without_path(e.error))?;
    Ok(())
}

/// Returns the error of the operating system, without the name of the temporary file, which means nothing to users.
fn without_path(error: io::Error) -> io::Error {
    error
        .get_ref()
        .and_then(|wrapped| wrapped.source())
        .and_then(|inner| inner.downcast_ref::<io::Error>())
        .and_then(io::Error::raw_os_error)
        .map_or(error, io::Error::from_raw_os_error)
}

/// Writes a scalar as insta's YAML writer does: in quotes if YAML would read something else.
fn push_scalar(out: &mut String, value: &str) {
    if !needs_quotes(value) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn needs_quotes(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "yes", "Yes", "YES", "no", "No", "NO", "True", "TRUE", "true", "False", "FALSE", "false",
        "on", "On", "ON", "off", "Off", "OFF", "null", "Null", "NULL", "~",
    ];
    let begins = |c: char| "&*?|-<>=!%@".contains(c);
    let holds = |c: char| {
        ":{}[],#`\"'\\\t\n\r".contains(c)
            || matches!(c, '\0'..='\u{6}' | '\u{e}'..='\u{1a}' | '\u{1c}'..='\u{1f}')
    };
    value.is_empty()
        || value.starts_with(' ')
        || value.ends_with(' ')
        || value.starts_with(begins)
        || value.contains(holds)
        || WORDS.contains(&value)
        || value.starts_with('.')
        || value.starts_with("0x")
        || value.parse::<i64>().is_ok()
        || value.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> SnapFile {
        SnapFile {
            header: Header {
                source: "scenarios/session/takeover.yaml".into(),
                title: "A second CONNECT: takes \"it\" over".into(),
                case: "session/takeover@5".into(),
            },
            text: "first: connect\n  first > CONNECT".into(),
        }
    }

    /// Does to a file what `cargo insta accept` does: reads it and writes it.
    fn through_insta(bytes: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ours = folder.path().join("case@5.snap.new");
        let theirs = folder.path().join("case@5.snap");
        fs::write(&ours, bytes).expect("writing");
        insta::Snapshot::from_file(&ours)
            .expect("insta reads our file")
            .save(&theirs)
            .expect("insta writes");
        fs::read(&theirs).expect("reading")
    }

    #[test]
    fn built_in_snapshots_are_read_as_insta_reads_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let all = crate::builtin::below(Path::new("snapshots"));
        let mut read_so = 0;
        for (path, bytes) in all
            .into_iter()
            .filter(|f| f.0.to_string_lossy().ends_with(".snap"))
        {
            let ours = parse(path, bytes).expect("ours");
            let theirs = read(&root.join(path))
                .expect("theirs")
                .expect("it is there");
            assert_eq!(ours, theirs, "{}", path.display());
            read_so += 1;
        }
        assert!(read_so > 3000, "only {read_so}");
    }

    #[test]
    fn writes_what_insta_would_write() {
        let bytes = sample().to_bytes();
        assert_eq!(
            String::from_utf8_lossy(&through_insta(&bytes)),
            String::from_utf8_lossy(&bytes)
        );
    }

    #[test]
    fn reads_what_it_wrote() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/er/case@5.snap");
        assert!(read(&path).expect("a missing file is no error").is_none());
        sample().write(&path).expect("writing");
        assert_eq!(read(&path).expect("reading"), Some(sample()));
        let names: Vec<_> = fs::read_dir(path.parent().expect("a parent"))
            .expect("listing")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(names, ["case@5.snap"]);
    }

    fn title_of_damage(bytes: &[u8]) -> (String, u32) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("case@5.snap");
        fs::write(&path, bytes).expect("writing");
        match read(&path) {
            Err(ReadError::Damaged(d)) => (d.title.clone(), d.place.map_or(0, |p| p.line)),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn refuses_damaged_files_with_their_line() {
        assert_eq!(
            title_of_damage(b"---\nsource: a\n---\nfine\n\xff\n"),
            ("not UTF-8 text".into(), 5)
        );
        assert_eq!(
            title_of_damage(b"---\nsource: a\n---\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n"),
            ("the snapshot contains a conflict marker".into(), 4)
        );
        assert_eq!(
            title_of_damage(b"").0,
            "not a snapshot: its first line is not `---`"
        );
        assert_eq!(
            title_of_damage(b"---\nsource: a\n").0,
            "the header does not end: there is no second line `---`"
        );
        assert_eq!(
            title_of_damage(b"---\nsource: a\ndescription: -.inf\n---\ntext\n"),
            ("the header contains a value that is not a string".into(), 3)
        );
        assert!(
            title_of_damage(b"---\n{ [\n---\ntext\n")
                .0
                .starts_with("failed to read the header")
        );
    }

    proptest! {
        #[test]
        fn reads_any_bytes_without_a_panic(bytes in "(---\n)?(([a-z_]{1,6}: )?[ -~]{0,9}\n){0,3}(---\n)?\\PC{0,9}") {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("case@5.snap");
            fs::write(&path, bytes).expect("writing");
            let _ = read(&path);
        }

        #[test]
        fn agrees_with_insta_on_any_header(title in "\\PC{0,24}|[ -~]{0,12}", case in "[a-z/]{1,9}(\\[[ -~]{1,9}\\])?@5") {
            let file = SnapFile {
                header: Header { title, case, ..sample().header },
                ..sample()
            };
            let bytes = file.to_bytes();
            prop_assert_eq!(through_insta(&bytes), bytes);
        }
    }
}
