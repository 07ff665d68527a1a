//! How severe a finding is, and which rules it cites. A broken MUST always cites at least one rule.

use std::fmt;

use mqtt_check_codec::ProtocolVersion;

use super::FindingKind;
use crate::requirements::{self, Requirement};
use crate::scenario::model::Level;

/// A rule that can be cited: a clause of MQTT by its bare id, or a section of another document (`RFC 6455, 5.2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule(&'static str);

impl Rule {
    pub(crate) const fn new(id: &'static str) -> Self {
        assert!(!id.is_empty());
        Self(id)
    }

    pub(crate) const fn id(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Returns whether an id names a clause of MQTT rather than a section of another document.
pub fn is_clause(id: &str) -> bool {
    id.starts_with("MQTT-") || id.starts_with("RULE-")
}

/// Clauses of 3.1.1 that are cited for 3.1 as well, but are weaker there. 3.1 only says what a server should do with
/// retained messages and may do with an empty one, and it orders messages only if a server guarantees an order.
const LESS_IN_3_1: &[(&str, Level)] = &[
    ("MQTT-3.3.1-5", Level::Should),
    ("MQTT-3.3.1-6", Level::Should),
    ("MQTT-3.3.1-7", Level::Should),
    ("MQTT-3.3.1-8", Level::Should),
    ("MQTT-3.3.1-9", Level::Should),
    ("MQTT-3.3.1-10", Level::May),
    ("MQTT-3.3.1-11", Level::May),
    ("MQTT-4.6.0-5", Level::Should),
    ("MQTT-4.6.0-6", Level::Should),
];

/// Returns how strong a rule is. A rule that is not in the catalogue belongs to another document, or to the scenario.
fn weight(version: ProtocolVersion, id: &str) -> Level {
    let less = LESS_IN_3_1.iter().find(|(less, _)| *less == id);
    if let Some((_, level)) = less.filter(|_| version == ProtocolVersion::V3_1) {
        return *level;
    }
    match requirements::find(version, id).map(Requirement::weight) {
        None | Some("must") => Level::Must,
        Some("should") => Level::Should,
        Some(_) => Level::May,
    }
}

/// How severe a finding is, and which rules it cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    kind: FindingKind,
    level: Level,
    clauses: Vec<String>,
}

impl Charge {
    /// Charges a broken rule in a case of this version. Cites `otherwise` if `clauses` is empty. The level is at most
    /// that of the strongest clause.
    pub(crate) fn violation(
        version: ProtocolVersion,
        level: Level,
        mut clauses: Vec<String>,
        otherwise: Rule,
    ) -> Self {
        if clauses.is_empty() {
            clauses.push(otherwise.id().to_owned());
        }
        let strongest = clauses.iter().map(|id| weight(version, id)).min();
        Self {
            kind: FindingKind::Violation,
            level: strongest.map_or(level, |strongest| level.max(strongest)),
            clauses,
        }
    }

    /// Creates a remark: something that no rule forbids, but that a user should know about.
    pub(crate) const fn remark() -> Self {
        Self {
            kind: FindingKind::Violation,
            level: Level::Should,
            clauses: Vec::new(),
        }
    }

    /// Creates a remark with this level, which is capped below MUST.
    pub(crate) fn advice(level: Level) -> Self {
        Self {
            level: level.max(Level::Should),
            ..Self::remark()
        }
    }

    /// Creates the charge for a step that could not be played.
    pub(crate) const fn not_reached(level: Level, clauses: Vec<String>) -> Self {
        Self {
            kind: FindingKind::NotReached,
            level,
            clauses,
        }
    }

    /// Creates the charge for a step that checks something the target cannot show.
    pub(crate) const fn not_observable(level: Level, clauses: Vec<String>) -> Self {
        Self {
            kind: FindingKind::NotObservable,
            level,
            clauses,
        }
    }

    pub(crate) const fn kind(&self) -> FindingKind {
        self.kind
    }

    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn clauses(&self) -> &[String] {
        &self.clauses
    }

    /// Cites these clauses too.
    pub(crate) fn cite(&mut self, clauses: &[String]) {
        for clause in clauses {
            if !self.clauses.contains(clause) {
                self.clauses.push(clause.clone());
            }
        }
    }
}

#[cfg(test)]
impl Charge {
    pub(crate) fn must(version: ProtocolVersion, clause: &str) -> Self {
        let clauses = vec![clause.to_owned()];
        Self::violation(version, Level::Must, clauses, Rule::new("MQTT-4.13.1-1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(version: ProtocolVersion, clauses: &[&str]) -> Level {
        let clauses = clauses.iter().map(|id| (*id).to_owned()).collect();
        let otherwise = Rule::new("RULE-2.1-1");
        Charge::violation(version, Level::Must, clauses, otherwise).level()
    }

    #[test]
    fn a_violation_in_3_1_has_the_level_of_3_1() {
        for (id, less) in LESS_IN_3_1 {
            assert_eq!(level(ProtocolVersion::V3_1, &[id]), *less, "{id}");
            assert_eq!(level(ProtocolVersion::V3_1_1, &[id]), Level::Must, "{id}");
        }
        // The strongest clause decides.
        let both = ["MQTT-3.3.1-9", "MQTT-4.3.1-1"];
        assert_eq!(level(ProtocolVersion::V3_1, &both), Level::Must);
    }
}
