//! Tests every rule both ways, in each version that has it: one record that keeps it, and one that breaks only this
//! rule. Then tests where the monitor must be silent.

mod answers;
mod bytes;
mod delivery;
mod opening;
mod owed;
mod record;
mod silence;
mod subscriptions;

use std::collections::BTreeSet;

use mqtt_check_codec::ProtocolVersion;

use super::check::{self, Check};
use crate::scenario::model::Level;
use record::Record;

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

/// One rule, kept and broken. The packet that breaks it is the last event of its record.
struct Case {
    check: &'static Check,
    version: ProtocolVersion,
    right: Record,
    wrong: Record,
}

impl Case {
    fn new(check: &'static Check, version: ProtocolVersion, right: Record, wrong: Record) -> Self {
        Self {
            check,
            version,
            right,
            wrong,
        }
    }

    fn name(&self) -> String {
        format!("{} in {}", self.check.expected, self.version)
    }
}

fn cases() -> Vec<Case> {
    let mut cases = opening::cases();
    cases.extend(answers::cases());
    cases.extend(delivery::cases());
    cases.extend(subscriptions::cases());
    cases.extend(bytes::cases());
    cases.extend(owed::cases());
    cases
}

#[test]
fn reports_nothing_about_a_correct_play() {
    for case in cases() {
        let found = case.right.found();
        assert!(found.is_empty(), "{}: {found:?}", case.name());
    }
}

#[test]
fn reports_each_fault_once_at_its_event() {
    for case in cases() {
        let found = case.wrong.found();
        let [(index, found)] = &found[..] else {
            panic!("{}: {found:?}", case.name());
        };
        assert!(
            std::ptr::eq(found.check, case.check),
            "{}: {found:?}",
            case.name()
        );
        assert_eq!(index.0, case.wrong.last(), "{}", case.name());
    }
}

#[test]
fn every_rule_is_tested_in_every_version_that_has_it() {
    let tried: BTreeSet<(*const Check, ProtocolVersion)> = cases()
        .iter()
        .map(|case| (std::ptr::from_ref(case.check), case.version))
        .collect();
    for version in [V3, V5] {
        for check in check::ALL {
            assert_eq!(
                check.clauses(version).is_some(),
                tried.contains(&(std::ptr::from_ref(*check), version)),
                "{} in {version}",
                check.expected
            );
        }
    }
}

#[test]
fn a_rule_without_a_clause_breaks_no_must() {
    for check in check::ALL {
        for version in [V3, V5] {
            let is_remark = check.clauses(version).is_some_and(<[_]>::is_empty);
            assert!(
                !is_remark || check.level == Level::Should,
                "{}",
                check.expected
            );
        }
    }
}
