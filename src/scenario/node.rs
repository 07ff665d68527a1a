//! A YAML document as a tree with positions. Scalars keep their text; the field to which they belong decides what it
//! means.

use std::sync::Arc;

use crate::diagnostic::{Place, Source};

/// One value and its place in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing was written: `publisher:`.
    Empty,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A text as written, without its quotes and with its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: Arc<str>,
    pub(crate) style: Style,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// In quotes or as a block: never one of the language's own words.
    Quoted,
    /// An expression with a row's value or a counter filled in.
    Computed,
}

/// One pair of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Node,
}

/// A mapping's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) text: Arc<str>,
    pub(crate) place: Place,
}

impl Node {
    /// Returns the text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Returns the text if it was written without quotes, so that it may be one of the language's words.
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.style == Style::Plain => Some(&scalar.text),
            _ => None,
        }
    }

    /// Returns the pairs of a mapping.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the items of a list.
    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value of this key in a mapping.
    pub(crate) fn find(&self, key: &str) -> Option<&Node> {
        let entry = self.entries()?.iter().find(|e| &*e.key.text == key)?;
        Some(&entry.value)
    }

    /// Returns the pair of a mapping that has exactly one.
    pub(crate) fn single(&self) -> Option<&Entry> {
        match self.entries()? {
            [entry] => Some(entry),
            _ => None,
        }
    }

    /// Describes the kind of node, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Empty => "nothing",
            Value::Scalar(_) => "text",
            Value::List(items) if items.is_empty() => "an empty list",
            Value::List(_) => "a list",
            Value::Map(entries) if entries.is_empty() => "an empty mapping",
            Value::Map(_) => "a mapping",
        }
    }

    /// Describes what was found, for a message.
    pub(crate) fn found(&self) -> String {
        match self.text() {
            Some(text) => format!("`{}`", short(text)),
            None => self.kind().to_owned(),
        }
    }

    /// Returns the place of a part of a scalar's text; `start` and `length` count characters. If the source does not
    /// contain the text literally, returns the place of the whole scalar.
    pub(crate) fn part(&self, source: &Source, start: usize, length: usize) -> Place {
        let (Some(text), Some(line)) = (self.text(), source.line(self.place.line)) else {
            return self.place;
        };
        let mut written = line
            .chars()
            .skip((self.place.column as usize).saturating_sub(1))
            .peekable();
        let quote = u32::from(matches!(written.peek(), Some('"' | '\'')));
        let written: String = written
            .skip(quote as usize)
            .take(text.chars().count())
            .collect();
        if written != text {
            return self.place;
        }
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place {
            line: self.place.line,
            column: self
                .place
                .column
                .saturating_add(quote)
                .saturating_add(narrow(start)),
            length: narrow(length).max(1),
        }
    }

    /// Renders the node as one line of YAML, shortened if it is long.
    pub(crate) fn flow(&self) -> String {
        let mut out = String::new();
        self.write_flow(&mut out);
        shorten(&out, 160)
    }

    fn write_flow(&self, out: &mut String) {
        // The rest would be cut off anyway.
        if out.len() > 1_000 {
            return;
        }
        match &self.value {
            Value::Empty => {}
            Value::Scalar(scalar) => write_scalar(scalar, out),
            Value::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    item.write_flow(out);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push_str("{ ");
                for (i, entry) in entries.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    out.push_str(&entry.key.text);
                    out.push_str(": ");
                    entry.value.write_flow(out);
                }
                out.push_str(" }");
            }
        }
    }
}

fn write_scalar(scalar: &Scalar, out: &mut String) {
    let text = &scalar.text;
    let bare = scalar.style != Style::Quoted
        || (!text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || "_-./$+#".contains(c)));
    if bare {
        out.push_str(text);
    } else {
        out.push_str(&format!("{:?}", &**text));
    }
}

/// Returns `Some(None)` for a missing value, and `None` for a wrong one.
pub(crate) fn transpose<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(inner) => inner.map(Some),
    }
}

/// Shortens a text for a message.
pub(crate) fn short(text: &str) -> String {
    shorten(text, 60)
}

fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
