//! Errors in files: what is wrong, where, and how to fix it.
//!
//! A [`Diagnostic`] is data. [`render`] turns it into the text that the terminal and every report show: the title,
//! `file:line:col`, the line, carets and a hint.

use std::sync::Arc;

mod render;

pub use render::{Style, render};

/// A text that a [`Place`] points into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it, for messages.
    pub path: String,
    pub text: String,
}

impl Source {
    /// Returns the line with this 1-based number, without its line break. `\n`, `\r\n` and `\r` end a line.
    pub fn line(&self, number: u32) -> Option<&str> {
        let mut rest = self.text.as_str();
        for _ in 1..number {
            let end = rest.find(['\n', '\r'])?;
            let width = if rest[end..].starts_with("\r\n") {
                2
            } else {
                1
            };
            rest = &rest[end + width..];
        }
        Some(&rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())])
    }
}

/// A span of a [`Source`]: a 1-based line, a 1-based column in characters, and a length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

/// One error in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub source: Arc<Source>,
    /// `None` if the error is about the whole file.
    pub place: Option<Place>,
    /// A lowercase fragment.
    pub title: String,
    /// The text under the carets.
    pub label: Option<String>,
    /// How to fix the error.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Creates a diagnostic that has only a title.
    pub fn new(source: &Arc<Source>, place: Option<Place>, title: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(source),
            place,
            title: title.into(),
            label: None,
            hint: None,
        }
    }

    /// Sets the text under the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
