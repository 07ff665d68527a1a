//! What is wrong with a file, and where: title, `file:line:col`, the line, carets, and how to mend it.
//!
//! A [`Diagnostic`] is data; [`render`] makes the text that the terminal and every report show.

use std::sync::Arc;

mod render;

pub use render::{Style, render};

/// A text that places point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user named it, for messages.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The line with this 1-based number, without its line break. `\n`, `\r\n` and `\r` end a line.
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

/// A stretch of a [`Source`]: 1-based line and column (in characters), and how many characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub source: Arc<Source>,
    /// `None` when it is about the whole file.
    pub place: Option<Place>,
    /// A lowercase fragment.
    pub title: String,
    /// What is written under the carets.
    pub label: Option<String>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// With a title alone.
    pub fn new(source: &Arc<Source>, place: Option<Place>, title: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(source),
            place,
            title: title.into(),
            label: None,
            hint: None,
        }
    }

    /// With this text under the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With this advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
