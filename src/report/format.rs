//! The formats of report files, a row each.

use super::{Report, json, junit};

/// A format of report files.
#[derive(Debug)]
pub struct Format {
    /// As `--report NAME=FILE` has it.
    pub name: &'static str,
    render: fn(&Report<'_>) -> Result<String, String>,
}

/// All of them.
const FORMATS: &[Format] = &[
    Format {
        name: "json",
        render: |report| json::render(report).map_err(|error| error.to_string()),
    },
    Format {
        name: "junit",
        render: |report| junit::render(report).map_err(|error| error.to_string()),
    },
];

impl Format {
    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The names of all of them, for people: `json and junit`.
    pub fn names() -> String {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// The report in this format.
    ///
    /// # Errors
    /// What the writer of the format says.
    pub fn render(&self, report: &Report<'_>) -> Result<String, String> {
        (self.render)(report)
    }
}
