//! The formats of report files, a row each.

use super::document::Document;
use super::{html, junit, markdown, tap};

/// A format of report files.
#[derive(Debug)]
pub struct Format {
    /// As `--report NAME=FILE` has it.
    pub name: &'static str,
    render: fn(&Document) -> Result<String, String>,
}

/// The page.
pub const HTML: Format = Format {
    name: "html",
    render: html::render,
};

/// All of them.
const FORMATS: &[Format] = &[
    HTML,
    Format {
        name: "json",
        render: |document| document.to_json().map_err(|error| error.to_string()),
    },
    Format {
        name: "junit",
        render: |document| junit::render(document).map_err(|error| error.to_string()),
    },
    Format {
        name: "markdown",
        render: |document| Ok(markdown::render(document)),
    },
    Format {
        name: "tap",
        render: |document| Ok(tap::render(document)),
    },
];

impl Format {
    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The names of all of them.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.name)
    }

    /// The names of all of them, for people: `json, junit and tap`.
    pub fn names() -> String {
        let names: Vec<&str> = Self::all_names().collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// The document in this format.
    ///
    /// # Errors
    /// What the writer of the format says.
    pub fn render(&self, document: &Document) -> Result<String, String> {
        (self.render)(document)
    }
}
