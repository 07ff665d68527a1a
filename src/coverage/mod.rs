//! How far the suite covers the catalogue: for each statement the steps that cite it, the faults that break it, and
//! whether the steps catch the faults.
//!
//! Input: plans, faults and what was caught. Output: a state for each statement. Only [`play`] plays anything, and
//! [`Wanted`] says what has to be played.

mod citation;
mod playing;
mod standards;

use std::collections::BTreeSet;

use mqtt_check_codec::ProtocolVersion;

use crate::mutation::{Catch, Reference, ReferencePlay};
use crate::plan::Plan;
use crate::requirements::{self, Requirement};
use crate::scenario::model::CaseId;
use crate::target::bundled::FaultInfo;
use crate::verdict::monitor;

pub use citation::{Citation, citations, judging};
pub use playing::{Wanted, play};
pub use standards::{RuleCoverage, standards};

/// The documents, in the order of the reports.
pub const DOCUMENTS: [ProtocolVersion; 2] = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];

/// How far a statement is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A case passes on the broker without faults, and catches a fault of this statement at a step that cites it.
    Proven,
    /// A step that can fail cites the statement, but no fault has shown that the step catches a violation.
    Covered,
    /// No step that can fail cites the statement.
    Open,
    /// A broker cannot be held to the statement.
    NotTestable,
    /// The harness can break the statement as a client, but nothing says how the broker has to react.
    NoReaction,
}

impl State {
    /// Every state, in the order of the reports.
    pub const ALL: [Self; 5] = [
        Self::Proven,
        Self::Covered,
        Self::Open,
        Self::NoReaction,
        Self::NotTestable,
    ];

    /// Returns the text that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Covered => "covered",
            Self::Open => "open",
            Self::NotTestable => "not testable",
            Self::NoReaction => "no reaction stated",
        }
    }
}

/// A case that catches a fault at a step that cites the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub fault: &'static str,
    pub case: CaseId,
}

/// The coverage of one statement.
#[derive(Debug, Clone)]
pub struct Coverage {
    pub requirement: &'static Requirement,
    pub state: State,
    /// Why the statement is not proven. `None` if it is.
    pub reason: Option<String>,
    /// The cases with a step that cites the statement and can fail.
    pub cases: Vec<CaseId>,
    /// Whether the monitor checks the statement in every case.
    pub is_monitored: bool,
    /// The faults that break the statement.
    pub faults: Vec<&'static str>,
    /// One proof for each fault that was caught.
    pub proofs: Vec<Proof>,
}

/// What caught one fault.
#[derive(Debug)]
pub struct Played {
    pub fault: &'static str,
    pub caught: Vec<Catch>,
}

/// The results of all plays.
#[derive(Debug, Default)]
pub struct Record {
    pub reference: Reference,
    pub played: Vec<Played>,
}

/// Computes the coverage of these statements.
pub fn coverage(
    wanted: &[&'static Requirement],
    plans: &[Plan],
    faults: &[FaultInfo],
    record: &Record,
) -> Vec<Coverage> {
    let cited = judging(plans);
    let monitored = DOCUMENTS.map(monitor::clauses);
    wanted
        .iter()
        .map(|requirement| {
            let key = (requirement.version, requirement.id.to_owned());
            let is_v5 = requirement.version == ProtocolVersion::V5;
            let is_monitored = monitored[usize::from(is_v5)].contains(requirement.id);
            let breaking = breaking(requirement, faults);
            let cases = cited.get(&key).cloned().unwrap_or_default();
            // The monitor may find a violation in any case.
            let judges = |case: &CaseId| is_monitored || cases.contains(case);
            let proofs = proofs(requirement, &breaking, record, &judges);
            let state = state(requirement, &cases, is_monitored, &proofs);
            let reason = reason(requirement, state, &breaking);
            Coverage {
                requirement,
                state,
                reason,
                cases,
                is_monitored,
                faults: breaking,
                proofs,
            }
        })
        .collect()
}

/// Returns the faults that break this statement.
pub fn breaking(requirement: &Requirement, faults: &[FaultInfo]) -> Vec<&'static str> {
    let version = requirement.version.as_str();
    let is_broken = |info: &&FaultInfo| {
        let broken = &info.clauses;
        broken
            .iter()
            .any(|(of, id)| of == version && id == requirement.id)
    };
    faults
        .iter()
        .filter(is_broken)
        .map(|info| info.name)
        .collect()
}

/// Returns one catch for each fault of the statement, by a case that judges the statement and passes on the broker
/// without faults.
fn proofs(
    requirement: &Requirement,
    breaking: &[&'static str],
    record: &Record,
    judges: &dyn Fn(&CaseId) -> bool,
) -> Vec<Proof> {
    let mut proofs: Vec<Proof> = Vec::new();
    for played in &record.played {
        let known = proofs.iter().any(|p| p.fault == played.fault);
        if known || !breaking.contains(&played.fault) {
            continue;
        }
        let catch = played.caught.iter().find(|catch| {
            requirements::document(catch.case.version) == requirement.version
                && catch.cites.contains(requirement.id)
                && judges(&catch.case)
                && record
                    .reference
                    .get(&catch.case)
                    .is_some_and(ReferencePlay::is_passed)
        });
        proofs.extend(catch.map(|catch| Proof {
            fault: played.fault,
            case: catch.case.clone(),
        }));
    }
    proofs
}

fn state(
    requirement: &Requirement,
    cases: &[CaseId],
    is_monitored: bool,
    proofs: &[Proof],
) -> State {
    if !proofs.is_empty() {
        State::Proven
    } else if !requirement.is_testable() {
        State::NotTestable
    } else if requirement.hindrance().is_some() {
        State::NoReaction
    } else if cases.is_empty() && !is_monitored {
        State::Open
    } else {
        State::Covered
    }
}

fn reason(requirement: &Requirement, state: State, breaking: &[&str]) -> Option<String> {
    match state {
        State::Proven => None,
        State::NotTestable | State::NoReaction => requirement.hindrance().map(str::to_owned),
        State::Open => Some("no step cites it".to_owned()),
        State::Covered if breaking.is_empty() => Some("no fault breaks it".to_owned()),
        State::Covered => Some(format!(
            "{} caught at no step that cites it",
            match breaking {
                [one] => format!("{one} is"),
                [.., _] => format!("{} are", breaking.join(", ")),
                [] => String::new(),
            }
        )),
    }
}

/// The number of statements, in total and by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub statements: usize,
    pub testable: usize,
    pub proven: usize,
    pub covered: usize,
    pub open: usize,
    pub no_reaction: usize,
    pub not_testable: usize,
}

impl Counts {
    /// Counts these statements.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Coverage>) -> Self {
        let mut counts = Self::default();
        for row in rows {
            counts.statements += 1;
            counts.testable += usize::from(row.requirement.is_testable());
            *match row.state {
                State::Proven => &mut counts.proven,
                State::Covered => &mut counts.covered,
                State::Open => &mut counts.open,
                State::NoReaction => &mut counts.no_reaction,
                State::NotTestable => &mut counts.not_testable,
            } += 1;
        }
        counts
    }
}

/// Returns the ids of the clauses that a fault breaks in one version.
pub(crate) fn ids_of(info: &FaultInfo, version: ProtocolVersion) -> impl Iterator<Item = &str> {
    let version = version.as_str();
    let clauses = info.clauses.iter();
    clauses
        .filter(move |(of, _)| of == version)
        .map(|(_, id)| id.as_str())
}

/// Returns the whole catalogue, the older document first.
pub fn catalogue() -> Vec<&'static Requirement> {
    DOCUMENTS.into_iter().flat_map(requirements::all).collect()
}

/// Returns the statements as pairs of version and id.
pub(crate) fn keys(wanted: &[&'static Requirement]) -> BTreeSet<(ProtocolVersion, &'static str)> {
    wanted.iter().map(|r| (r.version, r.id)).collect()
}
