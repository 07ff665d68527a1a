//! Fills the values of a row or of a counter into a tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;

use super::switch::{case_of, is_switch};
use super::{Budget, Row, Values, condition};
use crate::diagnostic::Place;
use crate::scenario::expression::{self, Formula, Piece};
use crate::scenario::node::{Entry, Key, Node, Scalar, Style, Value, short};
use crate::scenario::scope::{Report, Scope};

/// The keys of lists in which a row's list is replaced by its items.
const SPLICED: [&str; 11] = [
    "steps",
    "parallel",
    "expect",
    "exercised_if",
    "batch",
    "packets",
    "in_order",
    "unordered",
    "hooks",
    "events",
    "filters",
];

/// Fills the row's values into one part of a case's tree, and resolves its `if`s and switches. `key` is the key of the
/// part. Returns `None` if this row or version leaves it out.
pub(crate) fn fill(
    report: &Report,
    budget: &Budget,
    (key, node): (&str, &Node),
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
    .fill_value(key, node)
}

/// Fills in the counter of a repeat for the steps of one round.
pub(crate) fn with_counter(scope: Scope<'_>, node: &Node, name: &str, i: u64) -> Option<Node> {
    let counter = Node {
        place: node.place,
        value: Value::Scalar(Scalar {
            text: i.to_string().into(),
            style: Style::Plain,
        }),
    };
    let values = BTreeMap::from([(name, Cow::Owned(counter))]);
    let filler = Filler {
        report: scope.report,
        budget: scope.budget,
        values: &values,
        version: None,
    };
    let filled = filler.fill_value("steps", node);
    if scope.budget.is_spent(scope.report, node.place) || scope.budget.has_failed() {
        return None;
    }
    filled
}

struct Filler<'a> {
    report: &'a Report,
    budget: &'a Budget,
    values: &'a Values<'a>,
    /// `None` if switches have been resolved already.
    version: Option<ProtocolVersion>,
}

impl<'a> Filler<'a> {
    /// Returns a filler without values. A row's value is not filled in again, but may be a switch.
    fn without_values<'n>(&self, none: &'n Values<'n>) -> Filler<'n>
    where
        'a: 'n,
    {
        Filler {
            values: none,
            ..*self
        }
    }

    /// Fills in the value of a key.
    fn fill_value(&self, key: &str, node: &Node) -> Option<Node> {
        let Some(items) = node.items().filter(|_| SPLICED.contains(&key)) else {
            return self.node(node);
        };
        self.take()?;
        let mut out = Vec::new();
        for item in items {
            let Some(filled) = self.node(item) else {
                continue;
            };
            // If the condition depends on a counter, the group's steps are spliced in when the round is expanded.
            let is_group = item.entries().is_some_and(is_group) && filled.find("if").is_none();
            match (&filled.value, filled.find("steps")) {
                // A list that was written here is not a row's value, so it stays a list.
                (Value::List(_), _) if item.items().is_some() => out.push(filled),
                (Value::List(inner), _) => out.extend(inner.iter().cloned()),
                (_, Some(inner)) if is_group && inner.items().is_some() => {
                    out.extend(inner.items().unwrap_or_default().iter().cloned());
                }
                _ => out.push(filled),
            }
        }
        Some(Node {
            place: node.place,
            value: Value::List(out),
        })
    }

    fn take(&self) -> Option<()> {
        let taken = self.budget.take(1, 0);
        if taken.is_none() {
            self.budget.spend_all();
        }
        taken
    }

    fn node(&self, node: &Node) -> Option<Node> {
        self.take()?;
        let value = match &node.value {
            Value::Empty => Value::Empty,
            Value::Scalar(scalar) => return self.scalar(node, scalar),
            Value::List(items) => {
                Value::List(items.iter().filter_map(|item| self.node(item)).collect())
            }
            Value::Map(entries) => match (self.version, &entries[..]) {
                (Some(version), entries) if is_switch(entries) => {
                    return self.node(&case_of(entries, version)?.value);
                }
                // A `text` is taken literally.
                (_, [entry]) if &*entry.key.text == "text" && entry.value.text().is_some() => {
                    return Some(node.clone());
                }
                _ => Value::Map(self.entries(node, entries)?),
            },
        };
        Some(Node {
            place: node.place,
            value,
        })
    }

    /// Fills in the pairs of a mapping. Returns `None` if its `if` does not hold.
    fn entries(&self, node: &Node, entries: &[Entry]) -> Option<Vec<Entry>> {
        let mut open = None;
        if let Some(condition) = node.find("if") {
            let text = |name: &str| self.text_of(condition, name).flatten();
            open = condition::evaluate(condition, &text)?;
        }
        let mut out: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut has_new_keys = false;
        for entry in entries {
            if &*entry.key.text == "if" {
                // The part of the condition that asks for an unknown counter is decided in its round.
                let key = entry.key.clone();
                out.extend(open.take().map(|value| Entry { key, value }));
                continue;
            }
            match self.key(entry) {
                None => {}
                Some(Filled::Pairs(pairs)) => {
                    out.extend(pairs);
                    has_new_keys = true;
                }
                Some(Filled::Key(key)) => {
                    has_new_keys |= key != entry.key;
                    let value = self.fill_value(&key.text, &entry.value);
                    out.extend(value.map(|value| Entry { key, value }));
                }
            }
        }
        if has_new_keys {
            self.check_keys(&out);
        }
        Some(out)
    }

    /// Fills in a key. `$name` without a value stands for the pairs of a mapping.
    fn key(&self, entry: &Entry) -> Option<Filled> {
        let text = &*entry.key.text;
        if self.values.is_empty() || !text.contains('$') {
            return Some(Filled::Key(entry.key.clone()));
        }
        let node = Node {
            place: entry.key.place,
            value: Value::Scalar(Scalar {
                text: Arc::clone(&entry.key.text),
                style: Style::Plain,
            }),
        };
        let filled = self.node(&node)?;
        match filled.value {
            Value::Scalar(scalar) => Some(Filled::Key(Key {
                text: scalar.text,
                place: entry.key.place,
            })),
            Value::Map(pairs) if entry.value.value == Value::Empty => Some(Filled::Pairs(pairs)),
            Value::Empty if entry.value.value == Value::Empty => Some(Filled::Pairs(Vec::new())),
            _ => {
                let title = format!(
                    "`{}` is {} in this row, and cannot be a key",
                    short(text),
                    filled.kind()
                );
                self.fail(entry.key.place, title);
                None
            }
        }
    }

    /// Reports keys that appear twice after filling in.
    fn check_keys(&self, entries: &[Entry]) {
        for (n, entry) in entries.iter().enumerate() {
            if entries[..n]
                .iter()
                .any(|other| other.key.text == entry.key.text)
            {
                let title = format!("this row gives the key `{}` twice", short(&entry.key.text));
                self.fail(entry.key.place, title);
            }
        }
    }

    fn scalar(&self, node: &Node, scalar: &Scalar) -> Option<Node> {
        let text = &*scalar.text;
        if self.values.is_empty() || !text.contains('$') {
            return Some(node.clone());
        }
        if let Some([name]) = expression::whole_path(text).as_deref()
            && let Some(value) = self.value(name)
        {
            // The value is not filled in again, but may be a switch.
            return self.without_values(&BTreeMap::new()).node(value);
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
        self.values.get(name).map(|value| &**value)
    }

    /// Returns the text of a name, `Some(None)` if the name is unknown, or `None` after an error.
    fn text_of(&self, node: &Node, name: &str) -> Option<Option<String>> {
        let Some(value) = self.value(name) else {
            return Some(None);
        };
        let resolved = self.without_values(&BTreeMap::new()).node(value)?;
        match resolved.text() {
            Some(text) => Some(Some(text.to_owned())),
            None => {
                let title = format!(
                    "`{name}` is {} in this row, but text is needed here",
                    resolved.kind()
                );
                self.fail(node.place, title);
                None
            }
        }
    }

    /// Replaces the known names in an expression.
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
                        "`{}` is not a number in this row: `{}`",
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

    /// Replaces every known `${name}` in a text.
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
            // One text could use a long value many times.
            if out.len() > self.budget.text.get() {
                self.budget.spend_all();
                return None;
            }
        }
        Some(out)
    }
}

/// The result of filling in a key.
enum Filled {
    Key(Key),
    /// The pairs of a mapping that is the row's value.
    Pairs(Vec<Entry>),
}

/// Whether a mapping is `{ if: …, steps: [ … ] }`, or `steps` alone.
fn is_group(entries: &[Entry]) -> bool {
    let mut keys = entries.iter().map(|entry| &*entry.key.text);
    keys.all(|key| key == "if" || key == "steps")
}
