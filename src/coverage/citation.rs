//! Which steps cite a statement, and which of these steps can fail.

use std::collections::BTreeMap;

use mqtt_check_codec::ProtocolVersion;

use crate::diagnostic::Place;
use crate::plan::{Body, Operation, Plan, PlannedStep};
use crate::requirements;
use crate::scenario::model::{CaseId, Level};

/// A step that cites a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    pub case: CaseId,
    /// The path of the scenario file as the user gave it.
    pub file: String,
    pub place: Place,
    /// The text of the step.
    pub label: String,
    pub level: Level,
    pub can_fail: bool,
}

/// Returns the citations of one statement, in the order of the plans.
pub fn citations(plans: &[Plan], version: ProtocolVersion, id: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    let of_document = |plan: &&Plan| requirements::document(plan.scene.id.version) == version;
    for plan in plans.iter().filter(of_document) {
        visit_steps(&plan.steps, &mut |step| {
            if step.step.clauses.iter().any(|clause| clause == id) {
                found.push(Citation {
                    case: plan.scene.id.clone(),
                    file: plan.scene.source.path.clone(),
                    place: step.step.place,
                    label: step.step.label.clone(),
                    level: step.level(),
                    can_fail: can_fail(step),
                });
            }
        });
    }
    found
}

/// Returns, for each statement, the cases with a step that cites it and can fail.
pub fn judging(plans: &[Plan]) -> BTreeMap<(ProtocolVersion, String), Vec<CaseId>> {
    let mut found: BTreeMap<(ProtocolVersion, String), Vec<CaseId>> = BTreeMap::new();
    for plan in plans {
        let id = &plan.scene.id;
        let version = requirements::document(id.version);
        visit_steps(&plan.steps, &mut |step| {
            if !can_fail(step) {
                return;
            }
            for clause in &step.step.clauses {
                let cases = found.entry((version, clause.clone())).or_default();
                if cases.last() != Some(id) {
                    cases.push(id.clone());
                }
            }
        });
    }
    found
}

fn visit_steps(steps: &[PlannedStep], visit: &mut dyn FnMut(&PlannedStep)) {
    for step in steps {
        visit(step);
        visit_steps(step.body.inner(), visit);
    }
}

/// Returns whether a finding at this step can count against a broker.
fn can_fail(step: &PlannedStep) -> bool {
    matches!(step.level(), Level::Must | Level::Should)
        && match &step.body {
            Body::Client { operations, .. } => operations
                .iter()
                .any(|op| matches!(op, Operation::Await(_))),
            Body::Hooks(_) | Body::Choice(_) | Body::OneOf(_) => true,
            Body::Parallel(_) | Body::Rounds(_) => step.body.inner().iter().any(can_fail),
            Body::Wait(_) | Body::Broker(_) => false,
        }
}
