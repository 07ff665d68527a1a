//! Which steps cite a rule of another standard, and which faults break the rule.

use std::collections::BTreeMap;

use mqtt_check_codec::ProtocolVersion;

use super::{DOCUMENTS, judging};
use crate::plan::Plan;
use crate::requirements::standard;
use crate::scenario::model::CaseId;
use crate::target::bundled::FaultInfo;

/// A rule of another standard that a step cites or that a fault breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCoverage {
    /// The rule, such as `RFC 6455, 5.5.2`.
    pub rule: String,
    /// The subject of the rule's document.
    pub about: &'static str,
    /// The cases with a step that cites the rule and can fail.
    pub cases: Vec<CaseId>,
    /// The faults that break the rule.
    pub faults: Vec<&'static str>,
}

/// Returns every such rule for these versions of MQTT, or for all versions if none is given.
pub fn standards(
    plans: &[Plan],
    faults: &[FaultInfo],
    versions: &[ProtocolVersion],
) -> Vec<RuleCoverage> {
    let mut found: BTreeMap<String, (Vec<CaseId>, Vec<&'static str>)> = BTreeMap::new();
    let is_meant = |version| versions.is_empty() || versions.contains(&version);
    let cited = judging(plans);
    for ((version, id), cases) in cited {
        if standard::is_rule(&id) && is_meant(version) {
            found.entry(id).or_default().0.extend(cases);
        }
    }
    for info in faults {
        let versions = DOCUMENTS.into_iter().filter(|version| is_meant(*version));
        for rule in info.rules() {
            if versions
                .clone()
                .any(|v| super::ids_of(info, v).any(|id| id == rule))
            {
                found.entry(rule.to_owned()).or_default().1.push(info.name);
            }
        }
    }
    found
        .into_iter()
        .filter_map(|(rule, (mut cases, faults))| {
            cases.sort();
            Some(RuleCoverage {
                about: standard::subject(&rule).ok()?,
                rule,
                cases,
                faults,
            })
        })
        .collect()
}
