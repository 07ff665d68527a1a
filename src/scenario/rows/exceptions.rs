//! `except`: combinations of a table that are not played.

use super::pairs::{Exception, Space};
use super::table::Dimension;
use crate::scenario::node::{Entry, Node, short};
use crate::scenario::scope::Report;
use crate::scenario::suggestion::did_you_mean;

/// Reads `except`: combinations that are not played, each with its reason.
pub(super) fn exceptions(
    report: &Report,
    dimensions: &[Dimension<'_>],
    except: &Entry,
) -> Option<Vec<Exception>> {
    let fail = |place, title: String| {
        let hint = "`except: [ { path: will, property: [topic_alias, expiry], because: … } ]`";
        report.add(report.at(place, title).hint(hint));
        None
    };
    let Some(items) = except.value.items().filter(|items| !items.is_empty()) else {
        let title = format!(
            "expected a list of combinations, found {}",
            except.value.found()
        );
        return fail(except.value.place, title);
    };
    let mut out = Vec::new();
    for item in items {
        let Some(entries) = item.entries() else {
            return fail(
                item.place,
                format!("expected a combination, found {}", item.found()),
            );
        };
        let because = item.find("because");
        if because.and_then(Node::text).is_none_or(str::is_empty) {
            let place = because.map_or(item.place, |node| node.place);
            return fail(
                place,
                "an exception without its reason, `because: …`".to_owned(),
            );
        }
        let mut wanted = vec![None; dimensions.len()];
        for entry in entries.iter().filter(|entry| &*entry.key.text != "because") {
            let name = &*entry.key.text;
            let Some(index) = dimensions.iter().position(|d| d.name == name) else {
                let title = format!("no dimension is named `{}`", short(name));
                let mut diagnostic = report.at(entry.key.place, title);
                diagnostic.label = did_you_mean(name, dimensions.iter().map(|d| d.name));
                report.add(diagnostic);
                return None;
            };
            wanted[index] = Some(chosen(report, &dimensions[index], &entry.value)?);
        }
        if wanted.iter().flatten().count() < 2 {
            let title = "an exception of fewer than two dimensions".to_owned();
            return fail(item.place, title);
        }
        out.push(Exception(wanted));
    }
    Some(out)
}

/// Reads the values that an exception names in one dimension.
fn chosen(report: &Report, dimension: &Dimension<'_>, node: &Node) -> Option<Vec<usize>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let index = |item: &Node| {
        let known = || dimension.values.iter().map(|value| &*value.name);
        let found = known().position(|name| item.text() == Some(name));
        if found.is_none() {
            let title = format!("{} is not a value of `{}`", item.found(), dimension.name);
            let mut diagnostic = report.at(item.place, title);
            diagnostic.label = item.text().and_then(|text| did_you_mean(text, known()));
            report.add(diagnostic);
        }
        found
    };
    let all: Vec<_> = items.iter().map(index).collect();
    all.into_iter().collect()
}

/// Checks that each exception excludes something that the earlier ones do not.
pub(super) fn check_exceptions(report: &Report, space: &Space, except: &Entry) {
    let mut left = space.every();
    let items = except.value.items().unwrap_or_default();
    for (exception, item) in space.exceptions.iter().zip(items) {
        let before = left.len();
        left.retain(|combination| !exception.leaves_out(combination));
        if left.len() == before {
            let title = "earlier exceptions already exclude all of this";
            report.add(report.at(item.place, title));
        }
    }
}
