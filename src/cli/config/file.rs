//! Reads `mqtt-check.yaml` and rejects everything that it does not know.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::key::{KEYS, Key, Kind};
use super::layers::Given;
use super::{from_file, wrong_value};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::report::Format;
use crate::scenario::node::{Node, Value};
use crate::scenario::suggestion::{did_you_mean, either};
use crate::scenario::syntax::{self, FILE_LIMIT};
use crate::scenario::{decode, open_regular};

/// Returns the values in the file, in the order of its lines.
///
/// # Errors
/// Returns everything that is wrong with the file.
pub(super) fn read(path: &Path, run: &clap::Command) -> Result<Vec<Given>, Vec<Diagnostic>> {
    let mut bytes = Vec::new();
    let limit = FILE_LIMIT as u64 + 1;
    let read = open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| {
        let source = Arc::new(Source {
            path: path.display().to_string(),
            text: String::new(),
        });
        vec![Diagnostic::new(
            &source,
            None,
            format!("cannot be read: {error}"),
        )]
    })?;
    let source = decode(path, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    parse(&source, path, run)
}

/// Like [`read`], for a text that was already read.
pub(super) fn parse(
    source: &Arc<Source>,
    path: &Path,
    run: &clap::Command,
) -> Result<Vec<Given>, Vec<Diagnostic>> {
    let is_blank = |line: &str| matches!(line.trim().chars().next(), None | Some('#'));
    if source.text.lines().all(is_blank) {
        return Ok(Vec::new());
    }
    let root = syntax::parse(source)?;
    let mut reading = Reading {
        source,
        path,
        run,
        wrong: Vec::new(),
    };
    let given = reading.all(&root);
    match reading.wrong {
        wrong if wrong.is_empty() => Ok(given),
        wrong => Err(wrong),
    }
}

/// Collects the errors in a file, and knows the options of `run` that its values are checked against.
struct Reading<'a> {
    source: &'a Arc<Source>,
    path: &'a Path,
    run: &'a clap::Command,
    wrong: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn all(&mut self, root: &Node) -> Vec<Given> {
        let Some(entries) = root.entries() else {
            self.expected(root, "a mapping of options to values");
            return Vec::new();
        };
        let mut given = Vec::new();
        for entry in entries {
            let name = &*entry.key.text;
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                self.unknown(name, entry.key.place);
                continue;
            };
            if let Some(values) = self.values(key, &entry.value) {
                let Place { line, column, .. } = entry.key.place;
                given.push(Given {
                    key,
                    values,
                    from: format!("{}:{line}:{column}", self.source.path),
                });
            }
        }
        given
    }

    fn unknown(&mut self, name: &str, place: Place) {
        let option = name.replace('-', "_");
        let is_option = |arg: &clap::Arg| arg.get_id() == option.as_str();
        let mut diagnostic = Diagnostic::new(
            self.source,
            Some(place),
            format!("mqtt-check.yaml has no key `{name}`"),
        );
        diagnostic.label = did_you_mean(name, KEYS.iter().map(|key| key.name));
        if diagnostic.label.is_none() {
            let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            diagnostic.hint = Some(match self.run.get_arguments().any(is_option) {
                true => format!(
                    "`--{}` is for the command line only",
                    name.replace('_', "-")
                ),
                false => format!("known keys: {}", known.join(", ")),
            });
        }
        self.wrong.push(diagnostic);
    }

    fn expected(&mut self, node: &Node, what: &str) {
        let title = format!("expected {what}, found {}", node.found());
        self.wrong
            .push(Diagnostic::new(self.source, Some(node.place), title));
    }

    fn values(&mut self, key: &Key, node: &Node) -> Option<Vec<String>> {
        match key.kind {
            Kind::Flag => match node.word() {
                Some(word @ ("true" | "false")) => Some(vec![word.to_owned()]),
                _ => {
                    self.expected(node, "`true` or `false`");
                    None
                }
            },
            Kind::Reports => self.reports(node),
            kind if kind.is_many() => match node.items() {
                Some([]) => {
                    self.expected(node, "at least one value");
                    None
                }
                Some(items) => items.iter().map(|item| self.value(key, item)).collect(),
                None => self.value(key, node).map(|value| vec![value]),
            },
            _ => self.value(key, node).map(|value| vec![value]),
        }
    }

    /// Text that is a valid value for the option.
    fn value(&mut self, key: &Key, node: &Node) -> Option<String> {
        let text = node.text().filter(|text| !text.is_empty());
        let Some(text) = text else {
            self.expected(node, "text");
            return None;
        };
        if let Some(wrong) = wrong_value(self.run, key, text) {
            let title = format!("`{}` cannot be {}", key.name, node.found());
            let mut diagnostic = Diagnostic::new(self.source, Some(node.place), title);
            let known = || wrong.known.iter().map(String::as_str);
            diagnostic.label = did_you_mean(text, known());
            diagnostic.hint = wrong
                .why
                .or_else(|| Some(format!("expected {}", either(known()))));
            self.wrong.push(diagnostic);
            return None;
        }
        let is_path = match key.kind {
            Kind::Path | Kind::Paths => true,
            Kind::Target => text.contains('/') || text.ends_with(".yaml") || text.ends_with(".yml"),
            _ => false,
        };
        Some(match is_path {
            true => from_file(self.path, text),
            false => text.to_owned(),
        })
    }

    /// Formats with one file each, or a list of files.
    fn reports(&mut self, node: &Node) -> Option<Vec<String>> {
        let Value::Map(entries) = &node.value else {
            self.expected(node, "formats with their files, `{ json: result.json }`");
            return None;
        };
        let mut values = Vec::new();
        for entry in entries {
            let format = &*entry.key.text;
            if Format::named(format).is_none() {
                let title = format!("there is no report format `{format}`");
                let mut diagnostic = Diagnostic::new(self.source, Some(entry.key.place), title);
                diagnostic.label = did_you_mean(format, Format::all_names());
                if diagnostic.label.is_none() {
                    diagnostic.hint = Some(format!("formats: {}", Format::names()));
                }
                self.wrong.push(diagnostic);
                continue;
            }
            let files = entry
                .value
                .items()
                .unwrap_or(std::slice::from_ref(&entry.value));
            for file in files {
                match file.text().filter(|text| !text.is_empty()) {
                    Some(text) => {
                        values.push(format!("{format}={}", from_file(self.path, text)));
                    }
                    None => self.expected(file, "the path of a file"),
                }
            }
        }
        Some(values)
    }
}
