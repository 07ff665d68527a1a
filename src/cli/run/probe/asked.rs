//! Selects the cases that a probe plays: one for each choice and version, and those that test the limits in CONNACK.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use crate::plan::{Body, Need, Plan};

/// A case that waits for longer than this is not played.
pub(super) const QUICK: Duration = Duration::from_secs(1);

/// The prefix of choices about announced limits. The probe shows them as limits instead.
const OF_LIMITS: &str = "announced_";

/// A limit in CONNACK, and the cases that show whether it is kept, by scenario or by scenario and row. For a limit
/// that is a number, they go up to the announced value and beyond it. For the others, some use what is announced as
/// available, and some use what is announced as unavailable. Those that do not apply are skipped.
pub(super) const TRIED: [(&str, &[&str]); 8] = [
    ("maximum_packet_size", &["publish/server-size-bounds"]),
    (
        "maximum_qos",
        &[
            "qos/qos1-to-server",
            "qos/qos2-to-client",
            "qos/qos2-to-server",
            "publish/beyond-what-is-announced[qos-1-of-0]",
            "publish/beyond-what-is-announced[qos-2-of-0]",
            "publish/beyond-what-is-announced[qos-2-of-1]",
        ],
    ),
    (
        "receive_maximum",
        &[
            "qos/receive-maximum-announced",
            "qos/receive-maximum-bounds-of-server",
            "qos/receive-maximum-counts-exchanges",
        ],
    ),
    (
        "retain_available",
        &["retain/stored", "publish/beyond-what-is-announced[retain]"],
    ),
    (
        "shared_subscription_available",
        &[
            "shared/one-of-the-group",
            "subscribe/beyond-what-is-announced[shared]",
        ],
    ),
    (
        "subscription_identifier_available",
        &[
            "subscribe/identifier",
            "subscribe/beyond-what-is-announced[identifier]",
        ],
    ),
    (
        "topic_alias_maximum",
        &[
            "publish/alias-bounds-announced",
            "publish/alias-invalid-announced",
        ],
    ),
    (
        "wildcard_subscription_available",
        &[
            "subscribe/topic-matching[hash-child]",
            "subscribe/topic-matching[plus-middle]",
            "subscribe/beyond-what-is-announced[hash]",
            "subscribe/beyond-what-is-announced[plus]",
        ],
    ),
];

/// What a probe asks a broker.
pub(super) struct Asked {
    pub(super) plans: Vec<Plan>,
    /// Every choice of the suite by name, with its subject.
    pub(super) choices: BTreeMap<String, String>,
}

impl Asked {
    /// Selects the cases of this suite that a probe plays.
    pub(super) fn of(suite: Vec<Plan>) -> Self {
        let mut choices = BTreeMap::new();
        let mut quickest: BTreeMap<(String, ProtocolVersion), (Duration, usize)> = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for (at, plan) in suite.iter().enumerate() {
            let is_quick = is_quick(plan);
            for (name, about) in open(plan) {
                choices.entry(name.clone()).or_insert(about);
                if !is_quick {
                    continue;
                }
                let of = (name, plan.scene.id.version);
                let known = quickest.entry(of).or_insert((plan.longest_wait, at));
                *known = (*known).min((plan.longest_wait, at));
            }
            if is_quick && tries(plan) {
                kept.insert(at);
            }
        }
        kept.extend(quickest.into_values().map(|(_, at)| at));
        let plans = suite.into_iter().enumerate();
        let plans = plans.filter(|(at, _)| kept.contains(at));
        Self {
            plans: plans.map(|(_, plan)| plan).collect(),
            choices,
        }
    }

    /// Whether this case may answer this choice.
    pub(super) fn asks(plan: &Plan, choice: &str) -> bool {
        open(plan).any(|(name, _)| name == choice)
    }
}

/// Whether a case is short and can be played on a broker that others use.
fn is_quick(plan: &Plan) -> bool {
    let needs_more = |need: &Need| matches!(need, Need::Setting(_) | Need::Alone);
    plan.longest_wait <= QUICK
        && !plan.scene.exclusive.is_required()
        && !plan.scene.is_heavy()
        && !plan.needs.iter().any(needs_more)
}

/// The choices in a case that depend only on the broker, each with its subject.
fn open(plan: &Plan) -> impl Iterator<Item = (String, String)> {
    plan.steps.iter().filter_map(|step| match &step.body {
        Body::Choice(choice) if !choice.varies && !is_of_limits(&choice.name) => {
            let named = || choice.name.replace('_', " ");
            let about = choice.about.clone().unwrap_or_else(named);
            Some((choice.name.clone(), about))
        }
        _ => None,
    })
}

fn tries(plan: &Plan) -> bool {
    TRIED.iter().any(|(limit, _)| is_of(limit, plan))
}

/// Whether this case tests this limit.
pub(super) fn is_of(limit: &str, plan: &Plan) -> bool {
    let rows = TRIED.iter().filter(|(name, _)| *name == limit);
    rows.flat_map(|(_, cases)| *cases)
        .any(|case| is_named(plan, case))
}

/// Whether this is a case of this scenario, or of this scenario and row.
fn is_named(plan: &Plan, name: &str) -> bool {
    let id = &plan.scene.id;
    id.path == name || id.without_version() == name
}

/// Whether this choice is about an announced limit.
pub(super) fn is_of_limits(choice: &str) -> bool {
    choice.starts_with(OF_LIMITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::selection::Selection;
    use crate::report::style::Style;

    #[test]
    fn every_case_that_tries_a_limit_is_played() {
        let plain = Style {
            colour: false,
            unicode: false,
        };
        let suite = Selection::built_in()
            .load(plain)
            .expect("the suite is right");
        let asked = Asked::of(suite);
        for (limit, cases) in TRIED {
            for case in cases {
                let is_played = |plan: &Plan| is_named(plan, case) && is_of(limit, plan);
                assert!(asked.plans.iter().any(is_played), "{case}");
            }
        }
        assert!(asked.choices.len() > 20, "{}", asked.choices.len());
    }
}
