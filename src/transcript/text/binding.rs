//! Which fields of the events that a step took are bound: those for which the scenario allows only one value.
//!
//! A field with several right values (`one_of`, `at_least`, a success, …) is recorded but not bound. The same is true
//! of everything that `any_of` and `refused` took. Another broker may choose differently and be right as well.

use std::collections::BTreeMap;

use crate::plan::{Body, Operation, PlannedStep};
use crate::scenario::model::{
    Action, Expectation, FieldMatch, Level, Matcher, PacketPattern, Pattern, Step,
};
use crate::transcript::{EventIndex, StepRecord};

/// What the scenario binds of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    /// The event itself, and these fields.
    Fields(Vec<String>),
    /// The event itself, in any order among others, and these fields.
    AnyOrder(Vec<String>),
    /// The event itself, and the fields that identify it. For events that were not expected.
    Identity,
    /// Nothing: the scenario leaves open whether the event happens.
    Open,
}

impl Bound {
    /// Returns whether the field of this name is bound.
    pub(super) fn names(&self, name: &str) -> bool {
        match self {
            Self::Fields(names) | Self::AnyOrder(names) => names.iter().any(|n| n == name),
            Self::Identity => IDENTITY.contains(&name),
            Self::Open => false,
        }
    }
}

/// The fields that identify a packet.
const IDENTITY: &[&str] = &["topic", "payload", "reason", "reasons"];

/// Returns whether the step leaves open what happens: a question, a step that depends on an answer, or a level at which
/// nothing fails.
pub(super) fn is_open(step: &Step) -> bool {
    matches!(step.action, Action::Choice(_) | Action::OneOf(_))
        || !step.when.is_empty()
        || matches!(step.level, Level::May | Level::Disputed)
}

/// Returns what the step binds of each event that it took.
pub(super) fn of_step(
    step: &PlannedStep,
    record: Option<&StepRecord>,
) -> BTreeMap<EventIndex, Bound> {
    let mut bound = BTreeMap::new();
    let (Some(record), Body::Client { operations, .. }) = (record, &step.body) else {
        return bound;
    };
    let awaited = operations.iter().filter_map(|operation| match operation {
        Operation::Await(awaited) => Some(Some(&awaited.expectation)),
        // The broker's close after a DISCONNECT or a drop is awaited but not judged.
        Operation::Finish => Some(None),
        _ => None,
    });
    for (expectation, outcome) in awaited.zip(&record.outcomes) {
        for event in &outcome.taken {
            let what = expectation.map_or(Bound::Open, of_expectation);
            bound.insert(*event, what);
        }
    }
    bound
}

fn of_expectation(expectation: &Expectation) -> Bound {
    let count = expectation.count;
    if count.at_most != Some(count.at_least) {
        return Bound::Open;
    }
    match &expectation.pattern {
        Pattern::Packet(pattern) => Bound::Fields(named(pattern)),
        Pattern::Closed { how: Some(_) } => Bound::Fields(vec!["by".to_owned()]),
        Pattern::Closed { how: None } => Bound::Fields(Vec::new()),
        Pattern::Upgrade(fields) => Bound::Fields(one_value(fields)),
        Pattern::Frame(pattern) => Bound::Fields(one_value(&pattern.fields)),
        Pattern::Silence { .. } => Bound::Identity,
        Pattern::Unordered(patterns) => Bound::AnyOrder(patterns.iter().flat_map(named).collect()),
        Pattern::InOrder(inner) => {
            let mut fields = Vec::new();
            for expectation in inner {
                match of_expectation(expectation) {
                    Bound::Fields(more) => fields.extend(more),
                    Bound::Identity => {}
                    Bound::AnyOrder(_) | Bound::Open => return Bound::Open,
                }
            }
            Bound::Fields(fields)
        }
        Pattern::Refused(_) | Pattern::AnyOf(_) => Bound::Open,
    }
}

/// Returns the fields for which only one value is right.
fn named(pattern: &PacketPattern) -> Vec<String> {
    one_value(&pattern.fields)
}

fn one_value(fields: &[FieldMatch]) -> Vec<String> {
    fields
        .iter()
        .filter(|field| {
            matches!(
                field.matcher,
                Matcher::Is(_) | Matcher::Absent | Matcher::Includes(_) | Matcher::Granted(_)
            )
        })
        .map(|field| field.name.clone())
        .collect()
}
