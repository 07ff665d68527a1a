//! `if`: parts that exist in some rows only.

use std::collections::{BTreeMap, BTreeSet};

use super::Row;
use crate::diagnostic::Place;
use crate::scenario::expression::{number, whole_path};
use crate::scenario::node::{Entry, Node, Value, short};
use crate::scenario::scope::Report;
use crate::scenario::suggestion::did_you_mean;

/// What an `if` requires of one name.
struct Requirement<'a> {
    name: &'a str,
    words: Vec<&'a Node>,
    /// Whether the value must be none of the words.
    not: bool,
}

impl<'a> Requirement<'a> {
    /// Reads one pair of an `if`.
    fn of(entry: &'a Entry) -> Option<Self> {
        let (node, not) = match entry.value.single() {
            Some(inner) if &*inner.key.text == "not" => (&inner.value, true),
            Some(_) => return None,
            None => (&entry.value, false),
        };
        let items = node.items().unwrap_or(std::slice::from_ref(node));
        let is_sound = !items.is_empty() && items.iter().all(|item| item.text().is_some());
        is_sound.then(|| Self {
            name: &entry.key.text,
            words: items.iter().collect(),
            not,
        })
    }

    fn holds(&self, value: &str) -> bool {
        self.words.iter().any(|word| word.text() == Some(value)) != self.not
    }
}

/// Evaluates an `if` as far as `value` knows its names. Returns `None` if it does not hold, `Some(None)` if it holds,
/// and otherwise the part that is still open. [`check`] has reported its errors.
pub(super) fn evaluate(
    condition: &Node,
    value: &dyn Fn(&str) -> Option<String>,
) -> Option<Option<Node>> {
    if let Some(name) = flag(condition) {
        return match value(&name) {
            Some(text) => (is_true(&text) != Some(false)).then_some(None),
            None => Some(Some(condition.clone())),
        };
    }
    let mut open = Vec::new();
    for entry in condition.entries().unwrap_or_default() {
        let Some(requirement) = Requirement::of(entry) else {
            continue;
        };
        match value(requirement.name) {
            Some(text) if !requirement.holds(&text) => return None,
            Some(_) => {}
            None => open.push(entry.clone()),
        }
    }
    let node = Node {
        place: condition.place,
        value: Value::Map(open),
    };
    Some((node.entries() != Some(&[])).then_some(node))
}

/// Returns the name in `if: $name`, whose value is true or false.
fn flag(condition: &Node) -> Option<String> {
    match whole_path(condition.text()?)?.as_slice() {
        [name] => Some(name.clone()),
        _ => None,
    }
}

fn is_true(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Collects the names that an `if` asks for.
pub(super) fn names_in(condition: &Node, out: &mut BTreeSet<String>) {
    out.extend(flag(condition));
    let entries = condition.entries().unwrap_or_default();
    out.extend(entries.iter().map(|entry| entry.key.text.to_string()));
}

/// Reports errors in the `if`s of a tree. Returns whether there are none.
pub(super) fn check(
    report: &Report,
    node: &Node,
    rows: &[Row<'_>],
    counters: &BTreeMap<String, Place>,
) -> bool {
    let known = Known {
        report,
        rows,
        counters,
    };
    known.tree(node)
}

struct Known<'a> {
    report: &'a Report,
    rows: &'a [Row<'a>],
    counters: &'a BTreeMap<String, Place>,
}

impl Known<'_> {
    fn tree(&self, node: &Node) -> bool {
        match &node.value {
            Value::Empty | Value::Scalar(_) => true,
            Value::List(items) => {
                let wrong = items.iter().filter(|item| !self.tree(item));
                wrong.count() == 0
            }
            Value::Map(entries) => entries.iter().fold(true, |ok, entry| {
                let own = match &*entry.key.text {
                    "if" => self.condition(&entry.value),
                    _ => self.tree(&entry.value),
                };
                own && ok
            }),
        }
    }

    fn condition(&self, node: &Node) -> bool {
        if let Some(name) = flag(node) {
            return self.name(&name, node.place) && self.flag(&name, node.place);
        }
        let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
            return self.unreadable(node);
        };
        entries.iter().fold(true, |ok, entry| {
            let own = match Requirement::of(entry) {
                Some(requirement) => {
                    self.name(requirement.name, entry.key.place) && self.words(&requirement)
                }
                None => self.unreadable(&entry.value),
            };
            own && ok
        })
    }

    fn unreadable(&self, node: &Node) -> bool {
        let title = format!("expected a condition, found {}", node.found());
        let hint = "`if: { path: will }`, `{ path: [will, queued] }`, `{ path: { not: live } }`, or `if: $name` of a value that is true or false";
        self.report
            .add(self.report.at(node.place, title).hint(hint));
        false
    }

    fn name(&self, name: &str, place: Place) -> bool {
        let is_known = |row: &Row<'_>| row.values.contains_key(name);
        if self.counters.contains_key(name) || self.rows.iter().any(is_known) {
            return true;
        }
        let title = format!("no row has a value `{}`", short(name));
        let mut diagnostic = self.report.at(place, title);
        let names = self.rows.iter().flat_map(|row| row.values.keys().copied());
        let names: BTreeSet<&str> = names.collect();
        diagnostic.label = did_you_mean(name, names.iter().copied());
        if diagnostic.label.is_none() {
            let hint = "`if` tests a value of the row, a dimension of a table, or the counter of a `repeat`";
            diagnostic = diagnostic.hint(hint);
        }
        self.report.add(diagnostic);
        false
    }

    /// Returns the values of a name in all rows, or `None` if one of them is not a text, such as a version switch.
    fn texts(&self, name: &str) -> Option<BTreeSet<&str>> {
        let values = self.rows.iter().filter_map(|row| row.values.get(name));
        values.map(|value| value.text()).collect()
    }

    fn words(&self, requirement: &Requirement<'_>) -> bool {
        if self.counters.contains_key(requirement.name) {
            return requirement.words.iter().fold(true, |ok, word| {
                let is_number = word.text().and_then(number).is_some();
                if !is_number {
                    let title = format!("expected a round, found {}", word.found());
                    self.report.add(self.report.at(word.place, title));
                }
                is_number && ok
            });
        }
        let Some(texts) = self.texts(requirement.name) else {
            return true;
        };
        requirement.words.iter().fold(true, |ok, word| {
            let text = word.text().unwrap_or_default();
            if texts.contains(text) {
                return ok;
            }
            let title = format!("no row has `{}` = `{}`", requirement.name, short(text));
            let mut diagnostic = self.report.at(word.place, title);
            diagnostic.label = did_you_mean(text, texts.iter().copied());
            self.report.add(diagnostic);
            false
        })
    }

    fn flag(&self, name: &str, place: Place) -> bool {
        let texts = self.texts(name).unwrap_or_default();
        let Some(wrong) = texts.iter().find(|text| is_true(text).is_none()) else {
            return true;
        };
        let title = format!("`{name}` is `{}` in a row, not true or false", short(wrong));
        let hint = format!(
            "to test for a word write `if: {{ {name}: {} }}`",
            short(wrong)
        );
        self.report.add(self.report.at(place, title).hint(hint));
        false
    }
}
