//! Adds entries to the text of a target file, and removes them. Leaves everything else in the file as the author wrote
//! it.
//!
//! In: a target file, the entries to remove, drafts to add. Out: the new text. It has been parsed again and contains
//! exactly the requested changes. No file is touched here.

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use super::TargetFile;
use super::deviation::{Citation, Deviation, TO_DO};
use crate::diagnostic::{Place, Source};

/// The longest line of a draft, in columns.
const WIDTH: usize = 100;
/// The indentation of entries in a new list.
const INDENT: usize = 2;

/// An entry that still needs a person to give its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The comment above the entry.
    pub comment: String,
    /// The cases that show the deviation: ids, or patterns.
    pub cases: Vec<String>,
    pub clauses: Vec<Citation>,
    pub rule: Option<String>,
    /// What was received.
    pub came: String,
    /// Lines of the exchange that shows the deviation, each with a description: `("a > c0 00", "PINGREQ")`.
    pub bytes: Vec<(String, String)>,
}

/// The result of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    /// Line numbers in the old text of comments directly above removed entries. The comments stay.
    pub comments_left: Vec<usize>,
}

/// Why a file cannot be edited. Its author has to edit it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the entries of {path} cannot be edited in place: {problem}")]
pub struct NotEditable {
    pub path: String,
    pub problem: String,
}

impl TargetFile {
    /// Returns the text of the file without the entries at the places `gone`, and with drafts after the last entry.
    /// `source` is what the file was read from.
    ///
    /// # Errors
    /// Fails if the entries are not written as a list with a line for each `-`.
    pub fn edited(
        &self,
        source: &Source,
        gone: &[Place],
        drafts: &[Draft],
    ) -> Result<Edited, NotEditable> {
        let refuse = |problem: &str| NotEditable {
            path: source.path.clone(),
            problem: problem.to_owned(),
        };
        let lines: Vec<&str> = source.text.split_inclusive('\n').collect();
        let mut items = Vec::with_capacity(self.deviations.len());
        for deviation in &self.deviations {
            let item = item(&lines, deviation.place).ok_or_else(|| {
                refuse("write each entry of `deviations` as a list item with its own `-`")
            })?;
            items.push(item);
        }
        let mut text = Text::new(&lines);
        let mut comments_left = Vec::new();
        for (deviation, item) in self.deviations.iter().zip(&items) {
            if gone.contains(&deviation.place) {
                comments_left.extend(text.remove(&item.lines));
            }
        }
        let stays = self.deviations.iter().any(|d| !gone.contains(&d.place));
        let key = lines.iter().position(|line| is_key(line));
        match (items.last(), key) {
            (Some(last), _) => text.insert(last.lines.end, drafts, last.indent),
            (None, Some(key)) => {
                text.reopen(key);
                text.insert(key + 1, drafts, INDENT);
            }
            (None, None) if drafts.is_empty() => {}
            (None, None) => text.append(drafts),
        }
        if let (Some(key), false, true) = (key, stays, drafts.is_empty()) {
            text.empty(key);
        }
        let text = text.finish();
        self.verify(&text, gone, drafts)
            .map_err(|problem| refuse(&problem))?;
        Ok(Edited {
            text,
            comments_left,
        })
    }

    /// Checks that a new text contains the requested changes and nothing else.
    fn verify(&self, text: &str, gone: &[Place], drafts: &[Draft]) -> Result<(), String> {
        let source = Arc::new(Source {
            path: self.source.path.clone(),
            text: text.to_owned(),
        });
        let read = Self::parse_at(&source, &self.name, &self.here).map_err(|wrong| {
            let first = wrong.first().map(|diagnostic| diagnostic.title.clone());
            format!(
                "the result could not be read: {}",
                first.unwrap_or_default()
            )
        })?;
        let kept = self.deviations.iter().filter(|d| !gone.contains(&d.place));
        let expected: Vec<Deviation> = kept.cloned().map(placeless).collect();
        let found: Vec<Deviation> = read.deviations.iter().cloned().map(placeless).collect();
        let (old, new) = found.split_at(expected.len().min(found.len()));
        let added = new.iter().map(|d| (&d.cases, &d.clauses, &d.rule));
        let wanted = drafts.iter().map(|d| (&d.cases, &d.clauses, &d.rule));
        let rest = Self {
            source: Arc::clone(&self.source),
            deviations: self.deviations.clone(),
            origin: self.origin,
            ..read.clone()
        };
        if old != expected || !added.eq(wanted) || rest != *self {
            return Err("the result would change other entries".to_owned());
        }
        Ok(())
    }
}

/// Returns the text of a new target file for a broker at this URL.
pub fn new_file(name: &str, url: &str, drafts: &[Draft]) -> String {
    let mut text = format!("title: {}\nurl: {}\n", scalar(name), scalar(url));
    if !drafts.is_empty() {
        text.push_str(&format!("\ndeviations:\n{}", new_entries(drafts)));
    }
    text
}

/// Returns drafts as entries of a target file.
pub fn new_entries(drafts: &[Draft]) -> String {
    entries(drafts, INDENT)
}

fn entries(drafts: &[Draft], indent: usize) -> String {
    let entries: Vec<String> = drafts.iter().map(|draft| entry(draft, indent)).collect();
    entries.join("\n")
}

fn placeless(deviation: Deviation) -> Deviation {
    Deviation {
        place: Place {
            line: 1,
            column: 1,
            length: 0,
        },
        ..deviation
    }
}

/// The lines of an entry, counted from 0, and the indentation of its `-`.
struct Item {
    lines: Range<usize>,
    indent: usize,
}

fn item(lines: &[&str], place: Place) -> Option<Item> {
    let mut first = usize::try_from(place.line).ok()?.checked_sub(1)?;
    // The keys may begin on the line after the `-`.
    while !lines.get(first)?.trim_start().starts_with('-') {
        let before = first.checked_sub(1)?;
        let text = lines[before].trim();
        if !(text == "-" || text.is_empty() || text.starts_with('#')) {
            return None;
        }
        first = before;
    }
    let indent = indent_of(lines[first]);
    let after = &lines[first + 1..];
    let length = after
        .iter()
        .take_while(|line| line.trim().is_empty() || indent_of(line) > indent)
        .count();
    let blank = after[..length]
        .iter()
        .rev()
        .take_while(|line| line.trim().is_empty())
        .count();
    Some(Item {
        lines: first..first + 1 + length - blank,
        indent,
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_key(line: &str) -> bool {
    line.starts_with("deviations:")
}

/// The lines of a file during an edit. They keep their numbers until the end.
struct Text {
    lines: Vec<Option<String>>,
    /// Text to insert before the line with this number.
    before: Vec<(usize, String)>,
    ending: &'static str,
}

impl Text {
    fn new(lines: &[&str]) -> Self {
        let has_returns = lines.iter().any(|line| line.ends_with("\r\n"));
        Self {
            lines: lines.iter().map(|line| Some((*line).to_owned())).collect(),
            before: Vec::new(),
            ending: if has_returns { "\r\n" } else { "\n" },
        }
    }

    /// Removes lines, and one blank line if that would leave two in a row. Returns the numbers of the comment lines
    /// directly above, counted from 1.
    fn remove(&mut self, range: &Range<usize>) -> Vec<usize> {
        for line in &mut self.lines[range.clone()] {
            *line = None;
        }
        let is_blank = |line: Option<&Option<String>>| matches!(line, Some(Some(text)) if text.trim().is_empty());
        let above = self.lines[..range.start].iter().rposition(Option::is_some);
        let is_first = above.is_none_or(|above| !is_blank(self.lines.get(above)));
        if is_blank(self.lines.get(range.end)) && !is_first {
            self.lines[range.end] = None;
        }
        let comments = self.lines[..range.start].iter().rev().take_while(|line| {
            line.as_ref()
                .is_some_and(|line| line.trim_start().starts_with('#'))
        });
        let count = comments.count();
        (range.start - count + 1..=range.start).collect()
    }

    fn insert(&mut self, at: usize, drafts: &[Draft], indent: usize) {
        let follows_the_key = at.checked_sub(1).and_then(|above| self.lines.get(above));
        let blank = if is_key_line(follows_the_key) {
            ""
        } else {
            "\n"
        };
        if !drafts.is_empty() {
            self.before
                .push((at, format!("{blank}{}", entries(drafts, indent))));
        }
    }

    /// Prepares an empty list for new entries.
    fn reopen(&mut self, key: usize) {
        let ending = self.ending;
        self.replace(key, &format!("deviations:{ending}"));
    }

    fn empty(&mut self, key: usize) {
        let ending = self.ending;
        self.replace(key, &format!("deviations: []{ending}"));
    }

    /// Replaces the key and its value, and keeps a comment on the same line.
    fn replace(&mut self, key: usize, by: &str) {
        let line = self.lines[key].clone().unwrap_or_default();
        let text = match line.split_once(" #") {
            Some((_, comment)) => format!("{} #{comment}", by.trim_end()),
            None => by.to_owned(),
        };
        self.lines[key] = Some(text);
    }

    fn append(&mut self, drafts: &[Draft]) {
        let text = format!("\ndeviations:\n{}", new_entries(drafts));
        self.before.push((self.lines.len(), text));
    }

    fn finish(self) -> String {
        let mut out = String::new();
        for at in 0..=self.lines.len() {
            for (_, text) in self.before.iter().filter(|(before, _)| *before == at) {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push_str(self.ending);
                }
                out.push_str(&text.replace('\n', self.ending));
            }
            if let Some(Some(line)) = self.lines.get(at) {
                out.push_str(line);
            }
        }
        out
    }
}

fn is_key_line(line: Option<&Option<String>>) -> bool {
    matches!(line, Some(Some(line)) if is_key(line))
}

/// Writes a draft as an entry of the file.
fn entry(draft: &Draft, indent: usize) -> String {
    let dash = " ".repeat(indent);
    let keys = " ".repeat(indent + 2);
    let items = " ".repeat(indent + 4);
    let mut out = String::new();
    for line in wrapped(&draft.comment, WIDTH.saturating_sub(indent + 2)) {
        out.push_str(&format!("{dash}# {line}\n"));
    }
    match draft.cases.as_slice() {
        [one] => out.push_str(&format!("{dash}- case: {}\n", scalar(one))),
        all => {
            out.push_str(&format!("{dash}- case:\n"));
            for case in all {
                out.push_str(&format!("{items}- {}\n", scalar(case)));
            }
        }
    }
    let clauses = draft.clauses.iter();
    let clauses: Vec<String> = clauses.map(|c| format!("{} {}", c.version, c.id)).collect();
    if !clauses.is_empty() {
        out.push_str(&format!("{keys}clause: [{}]\n", clauses.join(", ")));
    }
    if let Some(rule) = &draft.rule {
        out.push_str(&format!("{keys}rule: {}\n", scalar(rule)));
    }
    out.push_str(&format!("{keys}came: >-\n"));
    for line in wrapped(&draft.came, WIDTH.saturating_sub(indent + 4)) {
        out.push_str(&format!("{items}{line}\n"));
    }
    out.push_str(&format!("{keys}why: {TO_DO}\n"));
    if !draft.bytes.is_empty() {
        out.push_str(&format!("{keys}bytes:\n"));
    }
    for (line, what) in &draft.bytes {
        match what.is_empty() {
            true => out.push_str(&format!("{items}- {line}\n")),
            false => out.push_str(&format!("{items}- {line}  # {}\n", plain(what))),
        }
    }
    out
}

/// Writes a text as a YAML scalar.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_.@-[]*".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", plain(text).replace('\'', "''"))
    }
}

/// Makes one line of a text, without control characters.
fn plain(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

/// Breaks a text into lines no longer than `width`, unless a word is longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = plain(word);
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
