//! Makes many trees from one: the rows of `cases` and of tables, `if`, version switches and the counter of a `repeat`.
//! All of this is done on the tree, before anything is typed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

mod budget;
mod condition;
mod exceptions;
mod fill;
mod pairs;
mod switch;
mod table;

pub(crate) use budget::Budget;
pub(crate) use fill::{fill, with_counter};
pub(crate) use switch::check_versions;

use super::expression::{self, Formula, Piece, is_name};
use super::node::{Entry, Key, Node, Value, short};
use super::scope::Report;
use crate::diagnostic::Place;

/// The maximum number of rows in a file.
const ROW_LIMIT: usize = 1_000;
/// The keys of a row that replace those of the file.
pub(crate) const REPLACING: [&str; 4] = ["title", "threads", "versions", "needs"];

/// The names in a row, with their values.
type Values<'a> = BTreeMap<&'a str, Cow<'a, Node>>;

/// One row of `cases`.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    place: Place,
    /// Whether it has every name that the file uses.
    pub(crate) is_complete: bool,
    /// The pairs with [`REPLACING`] keys.
    pub(crate) own: Vec<Entry>,
    values: Values<'a>,
}

impl Row<'_> {
    /// Returns the value that replaces the file's.
    pub(crate) fn find(&self, key: &str) -> Option<&Node> {
        let entry = self.own.iter().find(|entry| &*entry.key.text == key)?;
        Some(&entry.value)
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(self.values.get(name)?.text()?.to_owned())
    }
}

/// Reads the rows of a file. A file without `cases` has none.
pub(crate) fn rows<'a>(report: &Report, root: &'a Node) -> Option<Vec<Row<'a>>> {
    let mut rows = Vec::new();
    if let Some(cases) = root.find("cases") {
        rows = of_cases(report, root, cases)?;
    }
    let mut counters = BTreeMap::new();
    counters_in(root, &mut counters);
    let others = root.entries().unwrap_or_default().iter();
    let others = others.filter(|entry| &*entry.key.text != "cases");
    let mut sound = true;
    for entry in others {
        sound &= condition::check(report, &entry.value, &rows, &counters);
    }
    if !rows.is_empty() {
        check_names(report, root, &counters, &mut rows);
    }
    sound.then_some(rows)
}

fn of_cases<'a>(report: &Report, root: &'a Node, cases: &'a Node) -> Option<Vec<Row<'a>>> {
    let fail = |place, title: String| {
        report.add(report.at(place, title));
        None
    };
    let Some(entries) = cases.entries().filter(|entries| !entries.is_empty()) else {
        let title = format!(
            "expected rows (a mapping of names to values), found {}",
            cases.found()
        );
        return fail(cases.place, title);
    };
    if entries.len() > ROW_LIMIT {
        let place = entries[ROW_LIMIT].key.place;
        return fail(place, format!("more than {ROW_LIMIT} rows"));
    }
    let mut rows = table::rows(report, root, entries)?;
    let is_row = |entry: &&Entry| !table::WORDS.contains(&&*entry.key.text);
    for entry in entries.iter().filter(is_row) {
        if rows.iter().any(|row| row.name == *entry.key.text) {
            let title = format!("the table already has a row `{}`", entry.key.text);
            return fail(entry.key.place, title);
        }
        rows.extend(row(report, entry));
    }
    if rows.len() > ROW_LIMIT {
        return fail(cases.place, format!("more than {ROW_LIMIT} rows"));
    }
    Some(rows)
}

/// Whether a row can have this name.
fn is_row_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_start = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(is_start) && name.chars().all(fits) && name.len() <= 60
}

/// Whether a row's value can have this name. If it cannot, that is reported.
fn is_value_name(report: &Report, key: &Key) -> bool {
    let fits = is_name(&key.text) && &*key.text != "connack";
    if !fits {
        let title = format!("`{}` cannot be the name of a row's value", short(&key.text));
        let hint = "a lowercase letter, then lowercase letters, digits and `_`";
        report.add(report.at(key.place, title).hint(hint));
    }
    fits
}

fn row<'a>(report: &Report, entry: &'a Entry) -> Option<Row<'a>> {
    let name = &*entry.key.text;
    if !is_row_name(name) {
        let title = format!("`{}` cannot be a row's name", short(name));
        let hint = "lowercase letters, digits, `-` and `_`, 60 at most";
        report.add(report.at(entry.key.place, title).hint(hint));
    }
    let pairs = match &entry.value.value {
        Value::Empty => &[][..],
        Value::Map(pairs) => &pairs[..],
        _ => {
            let title = format!("expected a row (a mapping), found {}", entry.value.found());
            report.add(report.at(entry.value.place, title));
            return None;
        }
    };
    let mut out = Row {
        name: name.to_owned(),
        place: entry.value.place,
        is_complete: true,
        own: Vec::new(),
        values: Values::new(),
    };
    for pair in pairs {
        if REPLACING.contains(&&*pair.key.text) {
            out.own.push(pair.clone());
        } else if is_value_name(report, &pair.key) {
            out.values
                .insert(&*pair.key.text, Cow::Borrowed(&pair.value));
        }
    }
    Some(out)
}

/// Checks that every name of a row is used, and that every row has the names that the file uses.
fn check_names(
    report: &Report,
    root: &Node,
    counters: &BTreeMap<String, Place>,
    rows: &mut [Row<'_>],
) {
    let others = || {
        let entries = root.entries().unwrap_or_default().iter();
        entries.filter(|entry| &*entry.key.text != "cases")
    };
    let mut used = BTreeSet::new();
    for entry in others() {
        names_in(&entry.value, None, &mut used);
    }
    for name in rows.iter().flat_map(|r| r.values.keys()) {
        if let Some(place) = counters.get(*name) {
            let title = format!("`{name}` is already a value of the rows");
            report.add(report.at(*place, title).hint("rename the counter"));
        }
    }
    let known: BTreeSet<String> = rows
        .iter()
        .flat_map(|r| r.values.keys().map(|name| (*name).to_owned()))
        .collect();
    // In a table, the name of each value is also a value of the row. It need not be used.
    let of_table = rows.iter().flat_map(|row| &row.values);
    let is_name = |(_, value): &(_, &Cow<'_, Node>)| matches!(value, Cow::Owned(_));
    let names_only: BTreeSet<&str> = of_table.filter(is_name).map(|(name, _)| *name).collect();
    for row in rows {
        for (name, value) in &row.values {
            if !used.contains(*name) && !names_only.contains(name) {
                let title = format!("nothing uses the row's value `{name}`");
                let hint = format!(
                    "use it as `${name}` for a whole value, or as `${{{name}}}` inside text"
                );
                report.add(report.at(value.place, title).hint(hint));
            }
        }
        let mut wanted = BTreeSet::new();
        for entry in others() {
            names_in(&entry.value, Some(row), &mut wanted);
        }
        for name in known.iter().filter(|name| wanted.contains(*name)) {
            if !row.values.contains_key(name.as_str()) {
                let title = format!("the row `{}` has no `{name}`", row.name);
                let hint = "every row must have every name that the file uses";
                report.add(report.at(row.place, title).hint(hint));
                row.is_complete = false;
            }
        }
    }
}

/// Collects the first name of every `$…` in a tree, and the names that its `if`s ask for. If a row is given, skips the
/// parts that it does not have.
fn names_in(node: &Node, row: Option<&Row<'_>>, out: &mut BTreeSet<String>) {
    match &node.value {
        Value::Empty => {}
        Value::Scalar(scalar) => text_names(&scalar.text, out),
        Value::List(items) => items.iter().for_each(|item| names_in(item, row, out)),
        Value::Map(entries) => {
            if let Some(condition) = node.find("if") {
                condition::names_in(condition, out);
                if let Some(row) = row
                    && condition::evaluate(condition, &|name| row.text(name)).is_none()
                {
                    return;
                }
            }
            for entry in entries {
                text_names(&entry.key.text, out);
                names_in(&entry.value, row, out);
            }
        }
    }
}

fn text_names(text: &str, out: &mut BTreeSet<String>) {
    if !text.contains('$') {
        return;
    }
    if let Some(formula) = expression::parse(text) {
        formula_names(&formula, out);
    }
    for piece in expression::pieces(text) {
        if let Piece::Path(path) = piece {
            out.extend(path.into_iter().next());
        }
    }
}

fn formula_names(formula: &Formula, out: &mut BTreeSet<String>) {
    match formula {
        Formula::Number(_) => {}
        Formula::Path(path) => out.extend(path.first().cloned()),
        Formula::Arithmetic(left, _, right) => {
            formula_names(left, out);
            formula_names(right, out);
        }
    }
}

/// Collects the counters of the repeats in a tree, each with its first place.
pub(crate) fn counters_in(node: &Node, out: &mut BTreeMap<String, Place>) {
    match &node.value {
        Value::Empty | Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| counters_in(item, out)),
        Value::Map(entries) => {
            for entry in entries {
                if &*entry.key.text == "repeat"
                    && let Some(counter) = entry.value.find("as")
                    && let Some(name) = counter.text()
                {
                    out.entry(name.to_owned()).or_insert(counter.place);
                }
                counters_in(&entry.value, out);
            }
        }
    }
}
