//! Which fields of the events that a step took are bound by the scenario: those for which it names one value.
//!
//! A field for which several values are right (`one_of`, `at_least`, a success, …), and all that `any_of` and
//! `refused` took, is recorded but not bound: another broker may answer otherwise and be as right.

use std::collections::BTreeMap;

use crate::plan::{Body, Operation, PlannedStep};
use crate::scenario::model::{
    Action, Expectation, FieldMatch, Level, Matcher, PacketPattern, Pattern, Step,
};
use crate::transcript::{EventIndex, StepRecord};

/// What is bound of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    /// That it came, and these fields.
    Fields(Vec<String>),
    /// That it came at some place among others, and these fields.
    AnyOrder(Vec<String>),
    /// That it came, and everything that says what it is; for what was not to come.
    Identity,
    /// Nothing: the scenario leaves open whether it comes.
    Open,
}

impl Bound {
    /// Whether the field of this name is bound.
    pub(super) fn names(&self, name: &str) -> bool {
        match self {
            Self::Fields(names) | Self::AnyOrder(names) => names.iter().any(|n| n == name),
            Self::Identity => IDENTITY.contains(&name),
            Self::Open => false,
        }
    }
}

/// Fields that say what a packet is.
const IDENTITY: &[&str] = &["topic", "payload", "reason", "reasons"];

/// Whether the step leaves open what happens: a question, an answer to one, or a level at which nothing fails.
pub(super) fn is_open(step: &Step) -> bool {
    matches!(step.action, Action::Choice(_) | Action::OneOf(_))
        || !step.when.is_empty()
        || matches!(step.level, Level::May | Level::Disputed)
}

/// What the step binds of each event that it took.
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
        // That the broker closes after a DISCONNECT or a drop is waited for and not judged.
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

/// The fields for which one value is right.
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
