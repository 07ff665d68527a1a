//! What is wrong with a file, and where: title, `file:line:col`, the line, carets, and how to mend it.

use std::sync::Arc;

/// A text that places point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user named it, for messages.
    pub path: String,
    pub text: String,
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
