//! Which statements the findings of a case are about. They may change while the standing of the case stays the same.

use std::collections::BTreeSet;

use super::change::{CaseChange, Kind};

/// The statements that the findings of a case are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    pub violated: BTreeSet<String>,
    /// Statements of steps that were not reached or could not be observed.
    pub not_judged: BTreeSet<String>,
}

impl Statements {
    /// Returns what changed since the case had the findings of `before`, or `None` if it got neither worse nor better.
    ///
    /// A newly violated statement makes the case worse only if it was judged before, since a case that gets further
    /// than before can fail later. A statement counts as kept only if it was judged now.
    pub fn change_since(&self, before: &Self) -> Option<CaseChange> {
        let new: BTreeSet<&String> = self.violated.difference(&before.violated).collect();
        let kept = before.violated.difference(&self.violated);
        let kept: BTreeSet<&String> = kept.filter(|id| !self.not_judged.contains(*id)).collect();
        let is_worse = new.iter().any(|id| !before.not_judged.contains(*id));
        let kind = match (is_worse, kept.is_empty()) {
            (true, _) => Kind::Regressed,
            (false, false) => Kind::Improved,
            (false, true) => return None,
        };
        let mut parts = Vec::new();
        if !new.is_empty() {
            parts.push(format!("now violates {}", list(&new)));
        }
        if !kept.is_empty() {
            parts.push(format!("no longer violates {}", list(&kept)));
        }
        Some(CaseChange::new(kind, parts.join(", ")))
    }
}

fn list(ids: &BTreeSet<&String>) -> String {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    ids.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(violated: &[&str], not_judged: &[&str]) -> Statements {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Statements {
            violated: set(violated),
            not_judged: set(not_judged),
        }
    }

    #[test]
    fn distinguishes_regressions_from_improvements() {
        let change = |now: (&[&str], &[&str]), before: (&[&str], &[&str])| {
            let (now, before) = (statements(now.0, now.1), statements(before.0, before.1));
            now.change_since(&before)
                .map(|change| (change.kind, change.text))
        };
        let regressed = |text: &str| Some((Kind::Regressed, text.to_owned()));
        let improved = |text: &str| Some((Kind::Improved, text.to_owned()));
        assert_eq!(change((&["a"], &[]), (&["a"], &[])), None);
        assert_eq!(
            change((&["a", "b"], &[]), (&["a"], &[])),
            regressed("now violates b")
        );
        assert_eq!(
            change((&["b"], &[]), (&["a"], &[])),
            regressed("now violates b, no longer violates a")
        );
        assert_eq!(
            change((&["a"], &[]), (&["a", "b"], &[])),
            improved("no longer violates b")
        );
    }

    #[test]
    fn counts_nothing_that_was_not_judged() {
        // The case got further than before.
        let now = statements(&["b"], &[]);
        let change = now.change_since(&statements(&["a"], &["b"]));
        assert_eq!(change.map(|change| change.kind), Some(Kind::Improved));
        // The case violates a statement that was not judged before, and the old statement is not judged now.
        let now = statements(&["b"], &["a"]);
        assert_eq!(now.change_since(&statements(&["a"], &["b"])), None);
        // The case fails earlier.
        let now = statements(&["b"], &["a"]);
        let change = now.change_since(&statements(&["a"], &[]));
        assert_eq!(change.map(|change| change.kind), Some(Kind::Regressed));
    }
}
