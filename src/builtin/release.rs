//! The releases of the suite: which cases each of them has, so that a later and larger suite can be played as it was.
//!
//! In: `releases/VERSION.txt`, a line for each row of a scenario with its versions of MQTT, `session/takeover@3.1.1,5`. Out:
//! the ids of cases. A line that begins with `-` is a case that was withdrawn, since it was wrong; behind `#` is why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::below;

/// Where the lists are.
const FOLDER: &str = "releases";

/// The cases of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Such as `2026.12`.
    pub version: String,
    /// The ids of its cases.
    pub cases: BTreeSet<String>,
    /// Those that it had and that were wrong.
    pub withdrawn: BTreeSet<String>,
}

/// All releases, the oldest first.
pub fn releases() -> Vec<Release> {
    let files = below(Path::new(FOLDER)).into_iter();
    files
        .map(|(path, bytes)| {
            let version = path.file_stem().unwrap_or_default().to_string_lossy();
            parse(&version, &String::from_utf8_lossy(bytes))
        })
        .collect()
}

/// The last of them.
pub fn latest() -> Option<Release> {
    releases().pop()
}

/// A release as its file says it.
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

/// The file of a release with these cases.
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
