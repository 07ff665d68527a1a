//! Checks import directions: no module of the harness imports from its right, and only two places know the bundled
//! broker.

mod rooms;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `src/`, and what each may import from. ARCHITECTURE.md has the same table.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("builtin", &[]),
    ("diagnostic", &[]),
    ("requirements", &["diagnostic", "scenario"]),
    ("scenario", &["builtin", "diagnostic"]),
    ("plan", &["diagnostic", "scenario"]),
    ("transcript", &["diagnostic", "scenario", "plan"]),
    ("matcher", &["diagnostic", "scenario", "transcript"]),
    ("transport", &[]),
    (
        "target",
        &[
            "builtin",
            "diagnostic",
            "plan",
            "requirements",
            "scenario",
            "transcript",
            "transport",
        ],
    ),
    (
        "engine",
        &[
            "diagnostic",
            "matcher",
            "plan",
            "scenario",
            "target",
            "transcript",
            "transport",
        ],
    ),
    (
        "verdict",
        &[
            "diagnostic",
            "matcher",
            "plan",
            "requirements",
            "scenario",
            "transcript",
        ],
    ),
    (
        "suite",
        &[
            "engine",
            "plan",
            "scenario",
            "target",
            "transcript",
            "verdict",
        ],
    ),
    (
        "mutation",
        &[
            "engine",
            "plan",
            "requirements",
            "scenario",
            "suite",
            "target",
            "verdict",
        ],
    ),
    (
        "coverage",
        &[
            "diagnostic",
            "mutation",
            "plan",
            "requirements",
            "scenario",
            "target",
            "verdict",
        ],
    ),
    (
        "outcome",
        &[
            "diagnostic",
            "plan",
            "requirements",
            "scenario",
            "target",
            "transcript",
            "verdict",
        ],
    ),
    (
        "snapshot",
        &["builtin", "diagnostic", "outcome", "scenario"],
    ),
    (
        "report",
        &[
            "coverage",
            "diagnostic",
            "engine",
            "exit",
            "matcher",
            "mutation",
            "outcome",
            "plan",
            "requirements",
            "scenario",
            "snapshot",
            "target",
            "transcript",
            "verdict",
        ],
    ),
    (
        "cli",
        &[
            "builtin",
            "coverage",
            "diagnostic",
            "engine",
            "exit",
            "mutation",
            "outcome",
            "plan",
            "report",
            "requirements",
            "scenario",
            "snapshot",
            "suite",
            "target",
            "transcript",
            "transport",
            "verdict",
        ],
    ),
];

/// The only files of `src/` that may name the broker crate: its two users and their parts.
const MAY_KNOW_THE_BROKER: &[&str] = &[
    "src/target/bundled.rs",
    "src/target/bundled/tests.rs",
    "src/cli/broker.rs",
    "src/cli/broker/listen.rs",
];

#[test]
fn no_module_imports_from_its_right() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    let files = sources(Path::new("src"));
    assert!(files.len() > MAY_IMPORT.len(), "the sources were not found");
    for file in files {
        let module = module_of(&file);
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            wrong.push(format!("{}: no row for `{module}`", file.display()));
            continue;
        };
        for (number, imported) in crate_paths(&file) {
            if imported != module && !may.contains(&imported.as_str()) {
                wrong.push(format!(
                    "{}:{number}: imports crate::{imported}",
                    file.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_two_places_know_the_broker() {
    let knowing: Vec<String> = sources(Path::new("src"))
        .into_iter()
        .filter(|file| read(file).contains("mqtt_check_broker"))
        .map(|file| file.display().to_string())
        .filter(|file| !MAY_KNOW_THE_BROKER.contains(&file.as_str()))
        .collect();
    assert!(knowing.is_empty(), "{knowing:?} name the broker crate");
}

#[test]
fn the_codec_and_the_core_do_no_io() {
    let forbidden = [
        "tokio",
        "std::net",
        "std::fs",
        "std::thread",
        "Instant::now",
        "SystemTime",
    ];
    let mut wrong = Vec::new();
    for folder in ["codec/src", "broker/src/core"] {
        for file in sources(Path::new(folder)) {
            let text = read(&file);
            for (number, line) in code_lines(&text) {
                if let Some(word) = forbidden.iter().find(|word| line.contains(*word)) {
                    wrong.push(format!("{}:{number}: {word}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).expect("the source folder is there");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("a source file is readable text")
}

/// `src/plan/needs.rs` belongs to `plan`, `src/exit.rs` to `exit`.
fn module_of(file: &Path) -> String {
    let below = file.strip_prefix("src").expect("the file is below src");
    let first = below.components().next().expect("the path is not empty");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// The first names after `crate::`, with their lines. Test modules count too.
fn crate_paths(file: &Path) -> Vec<(usize, String)> {
    let text = read(file);
    let mut found = Vec::new();
    for (number, line) in code_lines(&text) {
        for (at, _) in line.match_indices("crate::") {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split(',').collect(),
                None => vec![rest],
            };
            for name in names {
                let name: String = name
                    .trim()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if !name.is_empty() {
                    found.push((number, name));
                }
            }
        }
    }
    found
}

/// Lines with their numbers, without comments.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default()))
}
