//! A tree with the values of a row, or of a counter, filled in.

use std::collections::BTreeMap;

use mqtt_check_codec::ProtocolVersion;

use super::{Budget, Row, is_switch};
use crate::diagnostic::Place;
use crate::scenario::expression::{self, Formula, Piece};
use crate::scenario::node::{Entry, Node, Scalar, Style, Value, short};
use crate::scenario::scope::{Report, Scope};

/// One case's tree: the row's values filled in, switches resolved. `None`: this version leaves it out.
pub(crate) fn fill(
    report: &Report,
    budget: &Budget,
    node: &Node,
    row: Option<&Row<'_>>,
    version: ProtocolVersion,
) -> Option<Node> {
    let none = BTreeMap::new();
    let values = row.map_or(&none, |row| &row.values);
    Filler {
        report,
        budget,
        values,
        version: Some(version),
    }
    .node(node)
}

/// A repeat's steps for one round.
pub(crate) fn with_counter(scope: Scope<'_>, node: &Node, name: &str, i: u64) -> Option<Node> {
    let counter = Node {
        place: node.place,
        value: Value::Scalar(Scalar {
            text: i.to_string().into(),
            style: Style::Plain,
        }),
    };
    let values = BTreeMap::from([(name, &counter)]);
    let filler = Filler {
        report: scope.report,
        budget: scope.budget,
        values: &values,
        version: None,
    };
    let filled = filler.node(node);
    if scope.budget.is_spent(scope.report, node.place) || scope.budget.has_failed() {
        return None;
    }
    filled
}

struct Filler<'a> {
    report: &'a Report,
    budget: &'a Budget,
    values: &'a BTreeMap<&'a str, &'a Node>,
    /// `None`: switches have been resolved.
    version: Option<ProtocolVersion>,
}

impl Filler<'_> {
    fn node(&self, node: &Node) -> Option<Node> {
        if self.budget.take(1, 0).is_none() {
            self.budget.spend_all();
            return None;
        }
        let value = match &node.value {
            Value::Empty => Value::Empty,
            Value::Scalar(scalar) => return self.scalar(node, scalar),
            Value::List(items) => {
                Value::List(items.iter().filter_map(|item| self.node(item)).collect())
            }
            Value::Map(entries) => match (self.version, &entries[..]) {
                (Some(version), entries) if is_switch(entries) => {
                    let own = |e: &&Entry| &*e.key.text == version.as_str();
                    return self.node(&entries.iter().find(own)?.value);
                }
                // What is marked as a text is taken as it is written.
                (_, [entry]) if &*entry.key.text == "text" && entry.value.text().is_some() => {
                    return Some(node.clone());
                }
                _ => Value::Map(self.entries(entries)),
            },
        };
        Some(Node {
            place: node.place,
            value,
        })
    }

    fn entries(&self, entries: &[Entry]) -> Vec<Entry> {
        let filled = entries.iter().filter_map(|entry| {
            Some(Entry {
                key: entry.key.clone(),
                value: self.node(&entry.value)?,
            })
        });
        filled.collect()
    }

    fn scalar(&self, node: &Node, scalar: &Scalar) -> Option<Node> {
        let text = &*scalar.text;
        if self.values.is_empty() || !text.contains('$') {
            return Some(node.clone());
        }
        if let Some([name]) = expression::whole_path(text).as_deref()
            && let Some(value) = self.value(name)
        {
            // The value itself is not filled in again, but may be a switch.
            return Filler {
                values: &BTreeMap::new(),
                ..*self
            }
            .node(value);
        }
        let (text, style) = match expression::parse(text) {
            Some(Formula::Arithmetic(..)) => (self.arithmetic(node, text)?, Style::Computed),
            _ => (self.joined(node, text)?, Style::Quoted),
        };
        if *text == *scalar.text {
            return Some(node.clone());
        }
        if self.budget.take(0, text.len()).is_none() {
            self.budget.spend_all();
            return None;
        }
        Some(Node {
            place: node.place,
            value: Value::Scalar(Scalar {
                text: text.into(),
                style,
            }),
        })
    }

    fn fail(&self, place: Place, title: String) {
        self.budget.failed.set(true);
        self.report.add(self.report.at(place, title));
    }

    fn value(&self, name: &str) -> Option<&Node> {
        self.values.get(name).copied()
    }

    /// The text that is filled in for a name.
    fn text_of(&self, node: &Node, name: &str) -> Option<Option<String>> {
        let Some(value) = self.value(name) else {
            return Some(None);
        };
        let resolved = Filler {
            values: &BTreeMap::new(),
            ..*self
        }
        .node(value)?;
        match resolved.text() {
            Some(text) => Some(Some(text.to_owned())),
            None => {
                let title = format!(
                    "`{name}` is {} in this row, and a text is wanted here",
                    resolved.kind()
                );
                self.fail(node.place, title);
                None
            }
        }
    }

    /// An expression with its names replaced where they are known.
    fn arithmetic(&self, node: &Node, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            let (before, name) = rest.split_at(start);
            out.push_str(before);
            let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.');
            let end = name[1..].find(is_end).map_or(name.len(), |n| n + 1);
            match self.text_of(node, &name[1..end])? {
                Some(text) if expression::number(&text).is_some() => out.push_str(&text),
                Some(text) => {
                    let title = format!(
                        "`{}` is no number in this row: `{}`",
                        &name[1..end],
                        short(&text)
                    );
                    self.fail(node.place, title);
                    return None;
                }
                None => out.push_str(&name[..end]),
            }
            rest = &name[end..];
        }
        out.push_str(rest);
        Some(out)
    }

    /// A text with every `${name}` replaced that is known.
    fn joined(&self, node: &Node, text: &str) -> Option<String> {
        let mut out = String::new();
        for piece in expression::pieces(text) {
            match piece {
                Piece::Text(text) | Piece::Broken(text) => out.push_str(text),
                Piece::Path(path) => {
                    let known = match &path[..] {
                        [name] => self.text_of(node, name)?,
                        _ => None,
                    };
                    match known {
                        Some(text) => out.push_str(&text),
                        None => out.push_str(&format!("${{{}}}", path.join("."))),
                    }
                }
            }
            // One text could name a long value over and over.
            if out.len() > self.budget.text.get() {
                self.budget.spend_all();
                return None;
            }
        }
        Some(out)
    }
}
