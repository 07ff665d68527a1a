//! Version switches: mappings whose keys are all versions.

use mqtt_check_codec::ProtocolVersion;

use crate::scenario::node::{Entry, Node, Value};
use crate::scenario::scope::{Report, is_version};
use crate::scenario::step::is_clause;

/// Whether a mapping's keys are all versions.
pub(crate) fn is_switch(entries: &[Entry]) -> bool {
    !entries.is_empty() && entries.iter().all(|e| is_version(&e.key.text))
}

/// Returns the entry of a switch for this version. Clauses of 3.1.1 also apply to 3.1, which has no numbers of its own.
pub(super) fn case_of(entries: &[Entry], version: ProtocolVersion) -> Option<&Entry> {
    let of = |version: ProtocolVersion| entries.iter().find(|e| &*e.key.text == version.as_str());
    of(version).or_else(|| match version {
        ProtocolVersion::V3_1 => of(ProtocolVersion::V3_1_1).filter(|e| is_clauses(&e.value)),
        _ => None,
    })
}

/// Whether a value is the id of a clause, or a list of such ids.
fn is_clauses(node: &Node) -> bool {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    !items.is_empty() && items.iter().all(|item| item.text().is_some_and(is_clause))
}

/// Reports versions in switches and in `only` for which no case is played.
pub(crate) fn check_versions(report: &Report, node: &Node, played: &[ProtocolVersion]) {
    let is_played = |text: &str| played.iter().any(|v| v.as_str() == text);
    let unplayed = |place, version: &str| {
        let title = format!("no case of this file is played in version {version}");
        report.add(
            report
                .at(place, title)
                .hint("`versions` lists the versions"),
        );
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
