//! What makes one tree many: the rows of `cases`, version switches and the counter of a `repeat`. All of it is done
//! on the tree, before anything is typed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::ProtocolVersion;

use super::expression::{self, Formula, Piece, is_name};
use super::node::{Entry, Node, Scalar, Style, Value, short};
use super::scope::{Report, Scope, is_version};
use crate::diagnostic::Place;

/// How many rows a file has at most.
const ROW_LIMIT: usize = 1_000;
/// How many values all cases of a file have together, everything filled in.
const NODE_BUDGET: usize = 5_000_000;
/// How many bytes of text are made by filling in.
const TEXT_BUDGET: usize = 64 * 1024 * 1024;
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

/// What filling in may still use.
#[derive(Debug)]
pub(crate) struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
    /// Whether something could not be filled in since this was last asked.
    failed: Cell<bool>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            nodes: Cell::new(NODE_BUDGET),
            text: Cell::new(TEXT_BUDGET),
            failed: Cell::new(false),
        }
    }
}

impl Budget {
    fn take(&self, nodes: usize, text: usize) -> Option<()> {
        self.nodes.set(self.nodes.get().checked_sub(nodes)?);
        self.text.set(self.text.get().checked_sub(text)?);
        Some(())
    }

    /// Whether it ran out: whatever came of it is no tree of the file.
    pub(crate) fn is_spent(&self, report: &Report, place: Place) -> bool {
        let spent = self.nodes.get() == 0 || self.text.get() == 0;
        if spent {
            report.add(
                report
                    .at(place, "too much, with every row and repeat written out")
                    .hint("split the file"),
            );
        }
        spent
    }

    /// Whether something could not be filled in since this was last asked: what is left is not worth typing.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.replace(false)
    }

    fn spend_all(&self) {
        self.nodes.set(0);
    }
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

/// Whether a mapping's keys are all versions.
pub(crate) fn is_switch(entries: &[Entry]) -> bool {
    !entries.is_empty() && entries.iter().all(|e| is_version(&e.key.text))
}

/// Reports versions in switches and `only` in which no case is played.
pub(crate) fn check_versions(report: &Report, node: &Node, played: &[ProtocolVersion]) {
    let is_played = |text: &str| played.iter().any(|v| v.as_str() == text);
    let unplayed = |place, version: &str| {
        let title = format!("no case of this file is played in version {version}");
        report.add(report.at(place, title).hint("`versions` says in which"));
    };
    match &node.value {
        Value::Empty | Value::Scalar(_) => {}
        Value::List(items) => {
            for item in items {
                check_versions(report, item, played);
            }
        }
        Value::Map(entries) => {
            let switch = is_switch(entries);
            for entry in entries {
                if switch && !is_played(&entry.key.text) {
                    unplayed(entry.key.place, &entry.key.text);
                }
                if &*entry.key.text == "only" {
                    let value = &entry.value;
                    let items = value.items().unwrap_or(std::slice::from_ref(value));
                    for item in items {
                        if let Some(text) = item.text().filter(|t| is_version(t))
                            && !is_played(text)
                        {
                            unplayed(item.place, text);
                        }
                    }
                }
                check_versions(report, &entry.value, played);
            }
        }
    }
}

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
