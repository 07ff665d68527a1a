//! What a report says about the run and the broker, apart from the cases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use mqtt_check_codec::ProtocolVersion;

use super::{Arguments, Failure, again};
use crate::builtin::Origin;
use crate::cli::selection::Selection;
use crate::plan::Plan;
use crate::report::document::{Instances, Outage, OutageKind, Responsiveness, Suite, microseconds};
use crate::report::{CapabilityFact, EndedEarly, Report, RunFacts, TargetFacts, Unspoken};
use crate::scenario::model::{Capability, CaseId};
use crate::target::canary::{self, Pulse};
use crate::target::{Capabilities, Known, Target, own_version};
use crate::verdict::CaseResult;

/// How long a broker may take to report its own version.
const OWN_VERSION: Duration = Duration::from_secs(1);

/// The report of a run that could not start, for this reason.
pub(super) fn unstarted<'a>(
    arguments: &Arguments,
    (plans, target): (&[Plan], &Target),
    facts: RunFacts,
    failure: &Failure,
) -> Report<'a> {
    let nothing = Capabilities::default();
    Report {
        target: self::target(arguments, target, &nothing),
        unspoken: Vec::new(),
        ended_early: ended_early(plans, &[], failure.message.clone()),
        without_case: Vec::new(),
        without_deviation: Vec::new(),
        deviations: None,
        profile: None,
        cases: Vec::new(),
        instances: instances(target),
        responsiveness: None,
        wall: facts.began.elapsed(),
        facts,
        seed: arguments.playing.seed,
        interrupted: false,
        problems: vec![failure.message.clone()],
        replay: again::options(arguments),
        again: None,
        review: String::new(),
        shard: None,
        retried: BTreeMap::new(),
    }
}

/// The release of the suite that is played, if known.
///
/// # Errors
/// Fails if the release that the user names is unknown.
pub(super) fn suite(selection: &Selection, plans: &[Plan]) -> Result<Option<Suite>, Failure> {
    let release = selection.release()?;
    Ok(release.map(|release| {
        let ids = plans.iter().map(|plan| plan.scene.id.to_string());
        Suite {
            newer_cases: ids.filter(|id| !release.cases.contains(id)).count(),
            built_in: selection.origin() == Origin::BuiltIn,
            release: release.version,
        }
    }))
}

/// The instances that were started for cases.
pub(super) fn instances(target: &Target) -> Option<Instances> {
    let Target::External(external) = target else {
        return None;
    };
    let seen = external.instances.as_ref()?.seen();
    (seen.started > 0).then(|| Instances {
        started: seen.started,
        at_once: seen.at_once,
        settings: seen.settings.len(),
        slowest_start_us: microseconds(seen.slowest_start),
    })
}

/// How responsive the broker was, as measured by the canary. Times count from the beginning of the run. `None` if the
/// canary got no answer.
pub(super) fn responsiveness(
    pulse: &Pulse,
    hit: &[(Instant, CaseId)],
    began: Instant,
) -> Option<Responsiveness> {
    let outages = pulse.outages.iter().map(|outage| Outage {
        how: match outage.how {
            canary::OutageKind::Froze => OutageKind::Froze,
            canary::OutageKind::DeliversNothing => OutageKind::Mute,
            canary::OutageKind::Dropped => OutageKind::Dropped,
            canary::OutageKind::Down => OutageKind::Down,
        },
        since_us: microseconds(outage.since.saturating_duration_since(began)),
        lasted_us: outage
            .until
            .map(|until| microseconds(until.saturating_duration_since(outage.since))),
        active: {
            let hit = hit.iter().filter(|(since, _)| *since == outage.since);
            let active: BTreeSet<String> = hit.map(|(_, id)| id.to_string()).collect();
            active.into_iter().collect()
        },
    });
    (pulse.round_trips > 0).then(|| Responsiveness {
        round_trips: pulse.round_trips,
        slowest_us: microseconds(pulse.slowest),
        outages: outages.collect(),
    })
}

/// The cases that were not played, and why. `None` if all were played.
pub(super) fn ended_early(
    plans: &[Plan],
    results: &[CaseResult],
    why: String,
) -> Option<EndedEarly> {
    let played: BTreeSet<&CaseId> = results.iter().map(|result| &result.id).collect();
    let ids = plans.iter().map(|plan| &plan.scene.id);
    let left = ids.filter(|id| !played.contains(id));
    let not_played: Vec<String> = left.map(ToString::to_string).collect();
    (!not_played.is_empty()).then_some(EndedEarly { why, not_played })
}

pub(super) fn target(
    arguments: &Arguments,
    target: &Target,
    offered: &Capabilities,
) -> TargetFacts {
    let (name, url) = match target {
        Target::Bundled(_) => match [&arguments.fault[..], &arguments.liberty[..]].concat() {
            none if none.is_empty() => ("bundled broker".to_owned(), None),
            departures => (
                format!("bundled broker with {}", departures.join(", ")),
                None,
            ),
        },
        Target::External(external) => (external.name.clone(), Some(external.url.clone())),
    };
    TargetFacts {
        name,
        url,
        version: own_version(target, offered),
        versions: offered.versions.clone(),
        not_spoken: offered
            .unspoken
            .iter()
            .map(|(version, how)| (*version, how.clone()))
            .collect(),
        capabilities: capabilities(offered),
        connack: offered.connack.clone(),
        keep_alive_s: offered.keep_alive_s,
    }
}

/// The version that the broker reports about itself.
pub(super) fn own_version(target: &Target, offered: &Capabilities) -> Option<String> {
    let Target::External(external) = target else {
        return None;
    };
    let usual = ProtocolVersion::V3_1_1;
    let version = match offered.versions.contains(&usual) {
        true => usual,
        false => *offered.versions.first()?,
    };
    own_version::own_version(external, version, OWN_VERSION)
}

/// The versions that the user or the target file names but the broker does not speak.
pub(super) fn unspoken(
    arguments: &Arguments,
    target: &Target,
    offered: &Capabilities,
) -> Vec<Unspoken> {
    let Target::External(external) = target else {
        return Vec::new();
    };
    let in_file = external.versions.as_deref().unwrap_or_default();
    let named_by = |version: &ProtocolVersion| {
        let by_user = arguments.selection.versions().contains(version);
        let by_file = in_file.contains(version);
        by_user
            .then_some("--protocol")
            .or(by_file.then_some("the target file"))
    };
    let seen = offered.unspoken.iter();
    seen.filter_map(|(version, _)| {
        Some(Unspoken {
            version: *version,
            named_by: named_by(version)?,
            why: offered.unspoken(*version),
        })
    })
    .collect()
}

/// The capabilities that the broker is known to have or to lack.
pub(super) fn capabilities(offered: &Capabilities) -> Vec<CapabilityFact> {
    let known = Capability::ALL.iter().filter_map(|capability| {
        let why_not = match offered.known(*capability) {
            Known::Present => None,
            Known::Missing(why) => Some(why.to_owned()),
            Known::Unknown => return None,
        };
        Some(CapabilityFact {
            name: capability.as_str().to_owned(),
            why_not,
        })
    });
    known.collect()
}
