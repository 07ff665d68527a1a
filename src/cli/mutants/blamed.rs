//! Which clauses the findings under a fault cite: those that the fault breaks, or others. A finding should cite only
//! clauses that the fault breaks, but a fault can break more clauses than its row in the table lists.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mutation::Catch;
use crate::report::style::{count, grouped};
use crate::requirements::{self, standard};
use crate::scenario::model::CaseId;

/// Counts of the findings that report a violated MUST.
#[derive(Debug, Default)]
pub(super) struct Blamed {
    /// All of these findings.
    pub(super) findings: usize,
    /// The findings that cite a clause that the fault breaks.
    pub(super) citing: usize,
    /// The clauses that the other findings cite, written as citations.
    pub(super) also: BTreeMap<String, Also>,
}

/// A cited clause that the fault's row does not list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Also {
    /// How many findings cite it, and no clause of the fault.
    findings: usize,
    /// A case with such a finding.
    case: String,
}

impl Blamed {
    /// Counts the findings of the cases that caught a fault.
    pub(super) fn new(caught: &[Catch]) -> Self {
        let mut blamed = Self::default();
        for catch in caught {
            blamed.findings += catch.on_clause + catch.off_clause.len();
            blamed.citing += catch.on_clause;
            for clause in catch.off_clause.iter().flatten() {
                let also = blamed.also.entry(written(&catch.case, clause));
                let also = also.or_insert_with(|| Also {
                    findings: 0,
                    case: catch.case.to_string(),
                });
                also.findings += 1;
            }
        }
        blamed
    }

    /// Lists the other clauses on one line, most cited first. `None` if there are none.
    pub(super) fn plain(&self) -> Option<String> {
        let mut also: Vec<(&String, &Also)> = self.also.iter().collect();
        also.sort_by_key(|(_, also)| std::cmp::Reverse(also.findings));
        let each = also.iter().map(|(clause, also)| {
            let findings = count(also.findings, "finding");
            format!("{clause} in {findings} ({})", also.case)
        });
        (!also.is_empty()).then(|| each.collect::<Vec<_>>().join(", "))
    }
}

/// One line on the findings under all faults. `None` if there are none.
pub(super) fn total<'b>(all: impl Iterator<Item = &'b Blamed>) -> Option<String> {
    let (mut findings, mut citing) = (0, 0);
    for blamed in all {
        findings += blamed.findings;
        citing += blamed.citing;
    }
    (findings > 0).then(|| {
        let (findings, citing) = (grouped(findings), grouped(citing));
        format!("findings of a violated MUST: {findings}, of which {citing} cite a clause of their fault\n")
    })
}

/// A citation such as `[5 MQTT-3.1.4-3]`. A rule of another standard has no version.
fn written(case: &CaseId, clause: &str) -> String {
    match standard::is_rule(clause) {
        true => format!("[{clause}]"),
        false => format!("[{} {clause}]", requirements::document(case.version)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    fn catch(path: &str, version: ProtocolVersion, off_clause: &[&[&str]]) -> Catch {
        let owned = |ids: &&[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Catch {
            case: CaseId {
                path: path.to_owned(),
                row: None,
                version,
            },
            cites: BTreeSet::new(),
            blames: BTreeSet::new(),
            on_clause: 2,
            off_clause: off_clause.iter().map(owned).collect(),
        }
    }

    #[test]
    fn counts_unnamed_clauses_of_a_fault() {
        let caught = [
            catch("a", ProtocolVersion::V5, &[&["MQTT-3.3.1-3"]]),
            catch(
                "b",
                ProtocolVersion::V3_1,
                &[&["MQTT-3.3.1-3", "RFC 6455, 5.4"]],
            ),
            catch("c", ProtocolVersion::V3_1_1, &[&["MQTT-3.3.1-3"]]),
        ];
        let blamed = Blamed::new(&caught);
        assert_eq!((blamed.findings, blamed.citing), (9, 6));
        assert_eq!(
            blamed.plain().as_deref(),
            Some(
                "[3.1.1 MQTT-3.3.1-3] in 2 findings (b@3.1), [5 MQTT-3.3.1-3] in 1 finding (a@5), \
                 [RFC 6455, 5.4] in 1 finding (b@3.1)"
            )
        );
        let all = [blamed, Blamed::default()];
        assert_eq!(
            total(all.iter()).as_deref(),
            Some("findings of a violated MUST: 9, of which 6 cite a clause of their fault\n")
        );
        assert_eq!(total(all[1..].iter()), None);
        assert_eq!(all[1].plain(), None);
    }
}
