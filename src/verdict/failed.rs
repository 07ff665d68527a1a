//! What a case has lost through MUST failures that count.
//!
//! A case that has failed does not wait for what is already lost. But if the server granted something other than what
//! was requested, the case is played to its end all the same, because a failure may turn out to prove nothing. If a
//! failure counts, later waits that time out are its consequence, and no other clause is blamed for them.

use std::collections::BTreeSet;

use crate::plan::{Awaited, PlannedStep, Stake};
use crate::scenario::model::Level;
use crate::transcript::{Ended, Outcome};

/// The failures that count so far, and what was at stake in them.
#[derive(Debug, Default)]
pub(super) struct Failed {
    has_failed: bool,
    stakes: BTreeSet<Stake>,
}

impl Failed {
    /// Notes that the wait of this step failed, and that the failure counts.
    pub(super) fn note(&mut self, step: &PlannedStep, awaited: &Awaited) {
        self.has_failed |= step.level() == Level::Must;
        self.stakes.extend(awaited.stakes(&step.step.clauses));
    }

    /// Returns whether everything at stake in a wait that timed out is already lost.
    pub(super) fn covers(&self, step: &PlannedStep, awaited: &Awaited, outcome: &Outcome) -> bool {
        let stakes = awaited.stakes(&step.step.clauses);
        self.has_failed
            && outcome.ended == Ended::TimedOut
            && stakes.iter().all(|stake| self.stakes.contains(stake))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use mqtt_check_codec::ProtocolVersion;

    use super::*;
    use crate::plan::{self, Body, Operation, Plan};

    /// Returns a case that waits for PUBREC under one clause twice, then for PUBCOMP under another.
    fn twice() -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/qos/qos2-duplicate.yaml");
        let scenes = crate::scenario::load(&[path]).expect("the suite is right");
        let mut scenes = scenes.into_iter();
        let scene = scenes.find(|scene| scene.id.version == ProtocolVersion::V5);
        plan::plan(scene.expect("has version 5")).expect("can be planned")
    }

    /// Returns the steps that wait for an acknowledgement and cite this clause.
    fn citing<'p>(plan: &'p Plan, clause: &str) -> Vec<(&'p PlannedStep, &'p Awaited)> {
        let steps = plan.steps.iter();
        let cites = steps.filter(|step| step.step.clauses == [clause.to_owned()]);
        let waits = cites.filter_map(|step| match &step.body {
            Body::Client { operations, .. } => match &**operations {
                [Operation::Await(awaited)] => Some((step, awaited)),
                _ => None,
            },
            _ => None,
        });
        waits.collect()
    }

    fn ended(ended: Ended) -> Outcome {
        Outcome {
            taken: Vec::new(),
            alternative: None,
            ended,
            since: Duration::ZERO,
            limit: Duration::ZERO,
            delay: Duration::ZERO,
            at: Duration::ZERO,
        }
    }

    #[test]
    fn a_consequence_of_a_failure_is_no_second_failure() {
        let plan = twice();
        let pubrecs = citing(&plan, "MQTT-4.3.3-10");
        let pubcomps = citing(&plan, "MQTT-4.3.3-11");
        let (first, second, other) = (pubrecs[0], pubrecs[1], pubcomps[0]);
        let covers = |failed: &Failed, (step, awaited), how| {
            let step: &PlannedStep = step;
            failed.covers(step, awaited, &ended(how))
        };
        let mut failed = Failed::default();
        assert!(!covers(&failed, second, Ended::TimedOut));
        failed.note(first.0, first.1);
        assert!(covers(&failed, second, Ended::TimedOut));
        // Another clause has not failed. A wait that ended with a closed connection has not timed out.
        assert!(!covers(&failed, other, Ended::TimedOut));
        assert!(!covers(&failed, second, Ended::Closed));
    }

    #[test]
    fn advice_that_does_not_hold_loses_nothing() {
        let plan = twice();
        let pubrecs = citing(&plan, "MQTT-4.3.3-10");
        let (step, awaited) = pubrecs[0];
        let mut advice = (*step.step).clone();
        advice.level = Level::Should;
        let advice = PlannedStep {
            step: Arc::new(advice),
            ..step.clone()
        };
        assert_eq!(advice.level(), Level::Should);
        let mut failed = Failed::default();
        failed.note(&advice, awaited);
        assert!(!failed.covers(step, awaited, &ended(Ended::TimedOut)));
        failed.note(step, awaited);
        assert!(failed.covers(step, awaited, &ended(Ended::TimedOut)));
    }
}
