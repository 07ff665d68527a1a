//! The formats of report files, one row each.

use super::document::Document;
use super::folder::Entry;
use super::{html, issue, junit, markdown, pcap, tap};

/// A format of report files.
#[derive(Debug)]
pub struct Format {
    /// The name in `--report NAME=FILE`.
    pub name: &'static str,
    writer: Writer,
}

/// The function that makes a report from the document.
#[derive(Debug)]
enum Writer {
    /// Makes the text of a file.
    File(fn(&Document) -> Result<String, String>),
    /// Makes the files of a folder, from transcripts.
    Folder(fn(&Document) -> Vec<Entry>),
}

/// A report in one of the formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    File(String),
    Folder(Vec<Entry>),
}

/// A text and a script for each cause.
pub const ISSUES: Format = Format {
    name: "issues",
    writer: Writer::Folder(issue::render),
};

/// A capture for each case.
pub const PCAP: Format = Format {
    name: "pcap",
    writer: Writer::Folder(pcap::render),
};

/// All formats.
const FORMATS: &[&Format] = &[
    &Format {
        name: "html",
        writer: Writer::File(html::render),
    },
    &ISSUES,
    &Format {
        name: "json",
        writer: Writer::File(|document| document.to_json().map_err(|error| error.to_string())),
    },
    &Format {
        name: "junit",
        writer: Writer::File(|document| junit::render(document).map_err(|error| error.to_string())),
    },
    &Format {
        name: "markdown",
        writer: Writer::File(|document| Ok(markdown::render(document))),
    },
    &PCAP,
    &Format {
        name: "tap",
        writer: Writer::File(|document| Ok(tap::render(document))),
    },
];

impl Format {
    /// The format with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }

    /// The names of all formats.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.name)
    }

    /// The names of all formats, as human-readable text: `json, junit and tap`.
    pub fn names() -> String {
        let names: Vec<&str> = Self::all_names().collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// Whether the report is a folder of files, which needs transcripts.
    pub const fn is_folder(&self) -> bool {
        matches!(self.writer, Writer::Folder(_))
    }

    /// Renders the document in this format.
    ///
    /// # Errors
    /// The error of the format's writer.
    pub fn render(&self, document: &Document) -> Result<Rendered, String> {
        Ok(match self.writer {
            Writer::File(render) => Rendered::File(render(document)?),
            Writer::Folder(render) => Rendered::Folder(render(document)),
        })
    }
}
