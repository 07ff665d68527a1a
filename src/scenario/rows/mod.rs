//! What makes one tree many: the rows of `cases`, version switches and the counter of a `repeat`. All of it is done
//! on the tree, before anything is typed.

use std::collections::{BTreeMap, BTreeSet};

mod budget;
mod fill;
mod switch;

pub(crate) use budget::Budget;
pub(crate) use fill::{fill, with_counter};
pub(crate) use switch::{check_versions, is_switch};

use super::expression::{self, Formula, Piece, is_name};
use super::node::{Entry, Node, Value, short};
use super::scope::Report;
use crate::diagnostic::Place;

/// How many rows a file has at most.
const ROW_LIMIT: usize = 1_000;
/// Keys of a row that replace the file's.
pub(crate) const REPLACING: [&str; 4] = ["title", "threads", "versions", "needs"];

/// One row of `cases`.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    pub(crate) node: &'a Node,
    /// Whether it has every name that the file uses.
    pub(crate) is_complete: bool,
    /// What `$name` stands for.
    values: BTreeMap<&'a str, &'a Node>,
}

/// The rows of a file; one without a name where it has none.
pub(crate) fn rows<'a>(report: &Report, root: &'a Node) -> Option<Vec<Row<'a>>> {
    let Some(cases) = root.find("cases") else {
        return Some(Vec::new());
    };
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
    let mut rows: Vec<Row<'a>> = entries.iter().filter_map(|e| row(report, e)).collect();
    check_names(report, root, &mut rows);
    Some(rows)
}

fn row<'a>(report: &Report, entry: &'a Entry) -> Option<Row<'a>> {
    let name = &*entry.key.text;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_start = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.starts_with(is_start) || !name.chars().all(fits) || name.len() > 60 {
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
    let mut values = BTreeMap::new();
    for pair in pairs {
        let key = &*pair.key.text;
        if REPLACING.contains(&key) {
            continue;
        }
        if !is_name(key) || key == "connack" {
            let title = format!("`{}` cannot be the name of a row's value", short(key));
            let hint = "a lowercase letter, then lowercase letters, digits and `_`";
            report.add(report.at(pair.key.place, title).hint(hint));
            continue;
        }
        values.insert(key, &pair.value);
    }
    Some(Row {
        name: name.to_owned(),
        node: &entry.value,
        is_complete: true,
        values,
    })
}

/// Every name that a row has is used, and every row has what is used.
fn check_names(report: &Report, root: &Node, rows: &mut [Row<'_>]) {
    let mut used = BTreeSet::new();
    for entry in root.entries().unwrap_or(&[]) {
        if &*entry.key.text != "cases" {
            names_in(&entry.value, &mut used);
        }
    }
    let mut counters = BTreeMap::new();
    counters_in(root, &mut counters);
    for name in rows.iter().flat_map(|r| r.values.keys()) {
        if let Some(place) = counters.get(*name) {
            let title = format!("`{name}` is a value of the rows already");
            report.add(report.at(*place, title).hint("name the counter otherwise"));
        }
    }
    let known: BTreeSet<String> = rows
        .iter()
        .flat_map(|r| r.values.keys().map(|name| (*name).to_owned()))
        .collect();
    for row in rows {
        for (name, value) in &row.values {
            if !used.contains(*name) {
                let title = format!("nothing uses the row's value `{name}`");
                let hint = format!(
                    "`${name}` as a whole value, or `${{{name}}}` inside of a text, uses it"
                );
                report.add(report.at(value.place, title).hint(hint));
            }
        }
        for name in known.iter().filter(|name| used.contains(*name)) {
            if !row.values.contains_key(name.as_str()) {
                let title = format!("the row `{}` has no `{name}`", row.name);
                let hint = "every row has every name that the file uses";
                report.add(report.at(row.node.place, title).hint(hint));
                row.is_complete = false;
            }
        }
    }
}

/// The first names of every `$…` in a tree.
fn names_in(node: &Node, out: &mut BTreeSet<String>) {
    match &node.value {
        Value::Empty => {}
        Value::Scalar(scalar) => {
            let text = &*scalar.text;
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
        Value::List(items) => items.iter().for_each(|item| names_in(item, out)),
        Value::Map(entries) => entries.iter().for_each(|e| names_in(&e.value, out)),
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

/// The names by which repeats in a tree count, and where each first does.
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
