//! How a run differs from the profile of its target, one line per change.

use std::path::{Path, PathBuf};

use super::document::{Document, Profile, ProfileChange, ProfileChangeKind};
use super::style::{Style, count};
use crate::outcome::profile::Change;

/// The largest number of cases or choices that are named for one change. If there are more, they are only counted
/// unless their names are asked for.
const NAMED: usize = 4;

/// How a run compares with the profile of its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileReport {
    /// The name of the target.
    pub target: String,
    /// The file of the profile.
    pub path: PathBuf,
    /// The broker that the profile was made from.
    pub broker: Option<String>,
    /// Whether the file exists.
    pub is_there: bool,
    /// The changes, each once for all cases that show it.
    pub changes: Vec<Change>,
    /// Whether this run wrote the profile.
    pub is_updated: bool,
}

impl ProfileReport {
    /// Whether the comparison fails the run.
    pub fn fails(&self) -> bool {
        let has_changed = self.changes.iter().any(|change| !change.is_tolerated);
        !self.is_updated && (!self.is_there || has_changed)
    }
}

/// Lists what updating a baseline changed in its profile.
pub fn renewed(path: &Path, is_there: bool, changes: &[Change], style: Style) -> String {
    let path = path.display();
    let mut out = match (is_there, changes.is_empty()) {
        (false, _) => return format!("{} {path}\n", style.good("wrote")),
        (true, true) => format!("{path}: nothing has changed\n"),
        (true, false) => format!("{} {path}\n", style.good("UPDATED")),
    };
    for change in changes {
        out.push_str(&format!("  {}\n", line(&change.into(), false)));
    }
    out
}

/// Why the run fails if there is no profile to compare with.
pub(super) fn missing(profile: &Profile) -> String {
    format!(
        "{} is missing, so changes in what this broker offers, chooses and skips go unnoticed: create it with \
         `mqtt-check baseline {} --update`",
        profile.path, profile.target
    )
}

/// The line of one change, with the names of its cases if they are few.
pub(super) fn line(change: &ProfileChange, with_names: bool) -> String {
    let mut out = match change.kind {
        ProfileChangeKind::Offered => change.text.clone(),
        kind => format!("{}: {}", kind.as_str(), change.text),
    };
    match change.names.as_slice() {
        [] => {}
        names if names.len() <= NAMED && !with_names => {
            out.push_str(&format!(" ({})", names.join(", ")));
        }
        names => out.push_str(&format!(" ({})", count(names.len(), &change.of))),
    }
    if change.tolerated {
        out.push_str(", tolerated");
    }
    out
}

/// The part of the terminal's text on the profile.
pub(super) fn render(document: &Document, with_names: bool, style: Style) -> String {
    let Some(profile) = &document.profile else {
        return String::new();
    };
    let path = &profile.path;
    if !profile.exists {
        return match profile.updated {
            true => format!("wrote {path}\n"),
            false => format!("{} {}\n", style.bad("FAILED"), missing(profile)),
        };
    }
    if profile.changes.is_empty() {
        return String::new();
    }
    let of = match &profile.broker {
        Some(broker) => format!(" ({broker})"),
        None => String::new(),
    };
    let heading = match (profile.updated, profile.fails) {
        (true, _) => style.good("UPDATED"),
        (false, true) => style.bad("CHANGED"),
        (false, false) => style.doubtful("CHANGED"),
    };
    let mut out = format!("{heading} against {path}{of}\n");
    for change in &profile.changes {
        out.push_str(&format!("  {}\n", line(change, with_names)));
        if with_names {
            for name in &change.names {
                out.push_str(&format!("    {name}\n"));
            }
        }
    }
    let hides = profile.changes.iter().any(|c| c.names.len() > NAMED) && !with_names;
    if hides {
        out.push_str("--verbose shows every name\n");
    }
    if profile.fails {
        out.push_str(&format!(
            "if this is right, update the baseline with `mqtt-check baseline {} --update`\n",
            profile.target
        ));
    }
    out
}
