//! Prose in Markdown files wraps at 100 columns.

use std::fs;
use std::path::PathBuf;

use super::page::{pages, top};

const COLUMNS: usize = 100;

#[test]
fn prose_wraps_at_100_columns() {
    let mut paths: Vec<_> = pages().into_iter().map(|page| page.path).collect();
    paths.extend(["CHANGELOG.md", "RELEASING.md", "SECURITY.md"].map(PathBuf::from));
    let mut wrong = Vec::new();
    for path in paths {
        let text = fs::read_to_string(top().join(&path)).expect("a page");
        for (line, columns) in too_long(&text) {
            wrong.push(format!("{}:{line}: {columns} columns", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "prose wraps at {COLUMNS} columns:\n{}",
        wrong.join("\n")
    );
}

/// The numbers and widths of prose lines that are too long.
fn too_long(text: &str) -> Vec<(usize, usize)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let prose = line.trim_start();
        if prose.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let columns = line.chars().count();
        if !in_code && columns > COLUMNS && !may_be_long(prose) {
            found.push((index + 1, columns));
        }
    }
    found
}

/// Tables, headings and HTML cannot wrap. Nor can a line that is a single link or piece of code.
fn may_be_long(line: &str) -> bool {
    let line = line.trim_end_matches(['.', ',', ';', ':']);
    line.starts_with(['|', '#', '<'])
        || is_one(line, "![", ')')
        || is_one(line, "[", ')')
        || is_one(line, "`", '`')
}

/// Whether the line is a single element between these two delimiters.
fn is_one(line: &str, open: &str, close: char) -> bool {
    let inside = line.strip_prefix(open);
    let inside = inside.and_then(|inside| inside.strip_suffix(close));
    inside.is_some_and(|inside| !inside.contains(close))
}

#[test]
fn a_long_line_of_prose_is_found() {
    let prose = "word ".repeat(30);
    let text = format!("{prose}\n| {prose} |\n```\n{prose}\n```\n- {prose}\n`{prose}`,\n");
    let lines: Vec<_> = too_long(&text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 6]);
}
