//! `product` and `pairs`: rows that are combinations of named values.

use std::borrow::Cow;
use std::sync::Arc;

use super::exceptions::{check_exceptions, exceptions};
use super::pairs::{Combination, Space};
use super::{REPLACING, ROW_LIMIT, Row, Values, is_row_name};
use crate::diagnostic::Place;
use crate::scenario::expression::is_name;
use crate::scenario::node::{Entry, Key, Node, Scalar, Style, Value, short};
use crate::scenario::scope::{Report, is_version};

/// The keys of `cases` that are not rows.
pub(crate) const WORDS: [&str; 3] = ["product", "pairs", "except"];
/// The maximum number of dimensions in a table.
const DIMENSION_LIMIT: usize = 8;
/// The maximum number of combinations in a table, exceptions included.
const COMBINATION_LIMIT: usize = 100_000;
/// The versions. The index of each is its bit in a mask.
const VERSIONS: [&str; 3] = ["3.1", "3.1.1", "5"];

/// A dimension of a table and its values.
pub(super) struct Dimension<'a> {
    pub(super) name: &'a str,
    place: Place,
    pub(super) values: Vec<Named<'a>>,
}

/// One value of a dimension.
pub(super) struct Named<'a> {
    pub(super) name: Arc<str>,
    place: Place,
    /// The names that it adds to a row, with their values.
    values: Values<'a>,
    /// Its `threads`, `versions` and `needs`.
    own: Vec<&'a Entry>,
    versions: u8,
}

/// Returns the rows of the table, or no rows if there is no table. Returns `None` if the table is wrong.
pub(super) fn rows<'a>(
    report: &Report,
    root: &'a Node,
    cases: &'a [Entry],
) -> Option<Vec<Row<'a>>> {
    let find = |key: &str| cases.iter().find(|entry| &*entry.key.text == key);
    let except = find("except");
    let (table, pairs) = match (find("product"), find("pairs")) {
        (None, None) => {
            if let Some(except) = except {
                let title = "`except` without `product` or `pairs`";
                report.add(report.at(except.key.place, title));
                return None;
            }
            return Some(Vec::new());
        }
        (Some(_), Some(pairs)) => {
            let title = "`product` and `pairs` in one file";
            let hint = "a file has one table: keep one of the two";
            report.add(report.at(pairs.key.place, title).hint(hint));
            return None;
        }
        (Some(product), None) => (product, false),
        (None, Some(pairs)) => (pairs, true),
    };
    let file_versions = root.find("versions").map_or(0b110, mask);
    let dimensions = dimensions(report, table, file_versions)?;
    if pairs && dimensions.len() < 2 {
        let title = "`pairs` of one dimension";
        let hint = "`pairs` needs at least two dimensions";
        report.add(report.at(table.key.place, title).hint(hint));
        return None;
    }
    let values = dimensions.iter().map(|d| d.values.iter());
    let mut space = Space {
        values: values.map(|v| v.map(|v| v.versions).collect()).collect(),
        versions: file_versions,
        exceptions: Vec::new(),
    };
    if space.size() > COMBINATION_LIMIT {
        let title = format!("more than {COMBINATION_LIMIT} combinations");
        report.add(report.at(table.key.place, title).hint("split the file"));
        return None;
    }
    if let Some(except) = except {
        space.exceptions = exceptions(report, &dimensions, except)?;
        check_exceptions(report, &space, except);
    }
    let combinations = if pairs {
        space.pairs()
    } else {
        Some(space.product())
    };
    let Some(combinations) = combinations else {
        let title = "too many exceptions to find the pairs in reasonable time";
        report.add(
            report
                .at(table.key.place, title)
                .hint("use `product`, or split the file"),
        );
        return None;
    };
    if combinations.len() > ROW_LIMIT {
        let title = format!(
            "{} rows, more than the maximum of {ROW_LIMIT}",
            combinations.len()
        );
        let hint = if pairs {
            "split the file"
        } else {
            "`pairs` covers many combinations with few rows"
        };
        report.add(report.at(table.key.place, title).hint(hint));
        return None;
    }
    check_values(report, &dimensions, &combinations);
    let rows = combinations
        .iter()
        .map(|c| row(report, root, table, &dimensions, c));
    rows.collect()
}

/// Returns the versions in a list as a bit mask. Errors in the list are reported when it is typed.
fn mask(node: &Node) -> u8 {
    let words = node
        .items()
        .unwrap_or_default()
        .iter()
        .filter_map(Node::text);
    words
        .filter_map(|word| VERSIONS.iter().position(|version| *version == word))
        .fold(0, |mask, bit| mask | 1 << bit)
}

fn dimensions<'a>(report: &Report, table: &'a Entry, file: u8) -> Option<Vec<Dimension<'a>>> {
    let what = "dimensions (a mapping of names to their values)";
    let Some(entries) = table.value.entries().filter(|entries| !entries.is_empty()) else {
        let title = format!("expected {what}, found {}", table.value.found());
        report.add(report.at(table.value.place, title));
        return None;
    };
    if let Some(entry) = entries.get(DIMENSION_LIMIT) {
        let title = format!("more than {DIMENSION_LIMIT} dimensions");
        report.add(report.at(entry.key.place, title));
        return None;
    }
    let all: Vec<_> = entries
        .iter()
        .map(|entry| dimension(report, entry, file))
        .collect();
    let all: Vec<Dimension<'a>> = all.into_iter().collect::<Option<_>>()?;
    for (n, dimension) in all.iter().enumerate() {
        let names = dimension
            .values
            .iter()
            .flat_map(|value| value.values.keys());
        for name in names {
            let gives = |value: &Named<'_>| value.values.contains_key(name);
            if let Some(other) = all[..n].iter().find(|d| d.values.iter().any(gives)) {
                let title = format!(
                    "the name `{name}` is already a value of the dimension `{}`",
                    other.name
                );
                report.add(report.at(dimension.place, title));
                return None;
            }
        }
    }
    Some(all)
}

fn dimension<'a>(report: &Report, entry: &'a Entry, file: u8) -> Option<Dimension<'a>> {
    let name = &*entry.key.text;
    let fail = |place, title: String, hint: &str| {
        report.add(report.at(place, title).hint(hint));
        None
    };
    if !is_name(name) || name == "connack" || REPLACING.contains(&name) {
        let title = format!("`{}` cannot be the name of a dimension", short(name));
        let hint = "a lowercase letter, then lowercase letters, digits and `_`; not a key of a row";
        return fail(entry.key.place, title, hint);
    }
    let values = match &entry.value.value {
        Value::List(items) if !items.is_empty() => items
            .iter()
            .map(|item| named(report, name, item, Some(item), item.place, file))
            .collect(),
        Value::Map(entries) if !entries.is_empty() => {
            let key = |entry: &Entry| Node {
                place: entry.key.place,
                value: Value::Scalar(Scalar {
                    text: Arc::clone(&entry.key.text),
                    style: Style::Plain,
                }),
            };
            entries
                .iter()
                .map(|e| named(report, name, &key(e), Some(&e.value), e.key.place, file))
                .collect()
        }
        _ => {
            let title = format!(
                "expected the values of `{name}`, found {}",
                entry.value.found()
            );
            let hint = "a mapping of names to what each adds to a row, or a list of words";
            return fail(entry.value.place, title, hint);
        }
    };
    let values: Option<Vec<Named<'a>>> = values;
    let values = values?;
    for (n, value) in values.iter().enumerate() {
        if values[..n].iter().any(|other| other.name == value.name) {
            let title = format!("`{}` is listed twice", value.name);
            return fail(
                value.place,
                title,
                "the values of a dimension need different names",
            );
        }
    }
    Some(Dimension {
        name,
        place: entry.key.place,
        values,
    })
}

/// Reads one value of a dimension: its name, and what it adds to a row.
fn named<'a>(
    report: &Report,
    dimension: &'a str,
    key: &Node,
    value: Option<&'a Node>,
    place: Place,
    file: u8,
) -> Option<Named<'a>> {
    let Some(name) = key.text().filter(|name| is_row_name(name)) else {
        let title = format!("{} cannot be part of a row's name", key.found());
        let hint =
            "use lowercase letters, digits, `-` and `_`; write a mapping to name other values";
        report.add(report.at(place, title).hint(hint));
        return None;
    };
    let mut out = Named {
        name: name.into(),
        place,
        values: Values::new(),
        own: Vec::new(),
        versions: file,
    };
    let pairs = match value.map(|node| &node.value) {
        Some(Value::Map(entries)) => &entries[..],
        Some(Value::Empty) | None => &[],
        // A value that is not a mapping is the value of the dimension itself.
        Some(_) => {
            out.values
                .extend(value.map(|node| (dimension, Cow::Borrowed(node))));
            return Some(out);
        }
    };
    let mut sound = true;
    for pair in pairs {
        match &*pair.key.text {
            "title" => {
                let title = "a title in a value of a table";
                let hint = "use `${name}` in the file's title instead";
                report.add(report.at(pair.key.place, title).hint(hint));
                sound = false;
            }
            "versions" => {
                sound &= check_versions(report, &pair.value);
                out.versions &= mask(&pair.value);
                out.own.push(pair);
            }
            "threads" | "needs" => out.own.push(pair),
            key if super::is_value_name(report, &pair.key) => {
                out.values.insert(key, Cow::Borrowed(&pair.value));
            }
            _ => sound = false,
        }
    }
    let own_name = || Cow::Owned(key.clone());
    out.values.entry(dimension).or_insert_with(own_name);
    sound.then_some(out)
}

fn check_versions(report: &Report, node: &Node) -> bool {
    let items = node.items().unwrap_or_default();
    let is_known = |item: &Node| item.text().is_some_and(is_version);
    if !items.is_empty() && items.iter().all(is_known) {
        return true;
    }
    let title = format!(
        "expected a list of versions, `[3.1.1, 5]`, found {}",
        node.found()
    );
    report.add(report.at(node.place, title));
    false
}

/// Checks that each value appears in some row.
fn check_values(report: &Report, dimensions: &[Dimension<'_>], combinations: &[Combination]) {
    for (n, dimension) in dimensions.iter().enumerate() {
        for (index, value) in dimension.values.iter().enumerate() {
            if !combinations
                .iter()
                .any(|combination| combination[n] == index)
            {
                let title = format!(
                    "no row has the value `{}` of `{}`",
                    value.name, dimension.name
                );
                let hint =
                    "exceptions, or the versions of the values, exclude every combination with it";
                report.add(report.at(value.place, title).hint(hint));
            }
        }
    }
}

/// Makes the row of one combination.
fn row<'a>(
    report: &Report,
    root: &'a Node,
    table: &'a Entry,
    dimensions: &[Dimension<'a>],
    combination: &[usize],
) -> Option<Row<'a>> {
    let parts: Vec<&Named<'a>> = dimensions
        .iter()
        .zip(combination)
        .map(|(d, index)| &d.values[*index])
        .collect();
    let names: Vec<&str> = parts.iter().map(|part| &*part.name).collect();
    let name = names.join("-");
    if !is_row_name(&name) {
        let title = format!("`{name}` is too long for a row's name");
        let hint = "the names of its values, joined by `-`, may have 60 characters";
        report.add(report.at(table.key.place, title).hint(hint));
        return None;
    }
    let mut values = Values::new();
    for part in &parts {
        values.extend(
            part.values
                .iter()
                .map(|(name, value)| (*name, value.clone())),
        );
    }
    let mut own = Vec::new();
    for key in ["threads", "needs"] {
        own.extend(joined(report, root, key, &parts)?);
    }
    own.extend(versions(root, &parts));
    Some(Row {
        name,
        place: table.key.place,
        is_complete: true,
        own,
        values,
    })
}

/// Joins the lists of the file and of the values under a key. Returns `Some(None)` if no value has the key.
fn joined(report: &Report, root: &Node, key: &str, parts: &[&Named<'_>]) -> Option<Option<Entry>> {
    let own = parts.iter().flat_map(|part| &part.own);
    let own: Vec<&Entry> = own
        .filter(|entry| &*entry.key.text == key)
        .copied()
        .collect();
    let Some(first) = own.first() else {
        return Some(None);
    };
    let mut items = Vec::new();
    for node in root
        .find(key)
        .into_iter()
        .chain(own.iter().map(|entry| &entry.value))
    {
        let Some(own) = node.items() else {
            let title = format!("expected a list, found {}", node.found());
            let hint =
                "a value of a table adds to the file's list; put a version switch inside the list";
            report.add(report.at(node.place, title).hint(hint));
            return None;
        };
        for item in own {
            let is_known = |known: &Node| known.value == item.value;
            if !items.iter().any(is_known) {
                items.push(item.clone());
            }
        }
    }
    Some(Some(Entry {
        key: first.key.clone(),
        value: Node {
            place: first.value.place,
            value: Value::List(items),
        },
    }))
}

/// Returns the versions that the file and all values permit, if a value names any.
fn versions(root: &Node, parts: &[&Named<'_>]) -> Option<Entry> {
    let own = parts.iter().flat_map(|part| &part.own);
    let first = own.copied().find(|entry| &*entry.key.text == "versions")?;
    let mask = parts
        .iter()
        .fold(u8::MAX, |mask, part| mask & part.versions);
    let place = root
        .find("versions")
        .map_or(first.value.place, |node| node.place);
    let item = |version: &&str| Node {
        place,
        value: Value::Scalar(Scalar {
            text: (*version).into(),
            style: Style::Plain,
        }),
    };
    let known = VERSIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| mask & (1 << bit) != 0);
    Some(Entry {
        key: Key {
            text: "versions".into(),
            place: first.key.place,
        },
        value: Node {
            place: first.value.place,
            value: Value::List(known.map(|(_, version)| item(version)).collect()),
        },
    })
}
