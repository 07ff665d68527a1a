//! The releases of the suite. Each lists its cases, so that a later, larger suite can be played as an earlier release.
//!
//! Input: `releases/VERSION.txt`. It has one line for each row of a scenario, with the row's MQTT versions, such as
//! `session/takeover@3.1.1,5`. A line that begins with `-` is a case that was withdrawn because it was wrong. The text
//! after `#` says why. Output: the ids of cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::below;

/// The folder that has the lists.
const FOLDER: &str = "releases";

/// The cases of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// The name of the release, such as `2026.12`.
    pub version: String,
    /// The ids of its cases.
    pub cases: BTreeSet<String>,
    /// The ids of cases that were in the release and have been withdrawn because they were wrong.
    pub withdrawn: BTreeSet<String>,
}

/// Returns all releases, the oldest first.
pub fn releases() -> Vec<Release> {
    let files = below(Path::new(FOLDER)).into_iter();
    files
        .map(|(path, bytes)| {
            let version = path.file_stem().unwrap_or_default().to_string_lossy();
            parse(&version, &String::from_utf8_lossy(bytes))
        })
        .collect()
}

/// Returns the newest release.
pub fn latest() -> Option<Release> {
    releases().pop()
}

/// Parses the file of a release.
pub(super) fn parse(version: &str, text: &str) -> Release {
    let mut release = Release {
        version: version.to_owned(),
        ..Release::default()
    };
    for line in text.lines() {
        let line = line.split_once("# ").map_or(line, |(line, _)| line).trim();
        let (cases, line) = match line.strip_prefix('-') {
            Some(line) => (&mut release.withdrawn, line.trim()),
            None => (&mut release.cases, line),
        };
        if let Some((row, versions)) = line.rsplit_once('@') {
            cases.extend(
                versions
                    .split(',')
                    .map(|version| format!("{row}@{version}")),
            );
        }
    }
    release
}

/// Returns the text of a release file with these cases.
pub fn list<'a>(cases: impl Iterator<Item = (String, &'a str)>) -> String {
    let mut rows: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (row, version) in cases {
        rows.entry(row).or_default().push(version);
    }
    let lines = rows
        .into_iter()
        .map(|(row, versions)| format!("{row}@{}\n", versions.join(",")));
    lines.collect()
}
