//! What fails a run apart from its cases and problems: unsupported versions, stale entries, changes against the profile
//! of the target, and flaky cases with `--fail-flaky`.

use super::document::Document;
use super::{flaky, profile};

/// Returns one line for each. With `with_names`, the caller names the cases of a change, and the line only counts them.
pub(super) fn lines(document: &Document, with_names: bool) -> Vec<String> {
    let unspoken = document.target.not_spoken.iter();
    let unspoken = unspoken.filter(|version| version.named_by.is_some());
    let versions = unspoken.map(|version| format!("MQTT {}: {}", version.version, version.why));
    let stale = document.stale.iter();
    let stale = stale.map(|stale| format!("stale: {}: {}", stale.place, stale.why));
    let mut lines: Vec<String> = versions.chain(stale).collect();
    if let Some(found) = document.profile.as_ref().filter(|profile| profile.fails) {
        if !found.exists {
            lines.push(profile::missing(found));
        }
        let changes = found.changes.iter().filter(|change| !change.tolerated);
        lines.extend(changes.map(|change| profile::line(change, with_names)));
    }
    lines.extend(flaky::failure(document));
    lines
}
