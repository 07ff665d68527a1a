//! How far the suite covers the catalogue: for each statement the steps that cite it, the faults that break it,
//! and whether the one catches the other.
//!
//! Plans, faults and what was caught go in; a state for each statement comes out. Nothing here plays anything;
//! [`Wanted`] says what has to be played.

mod citation;
mod playing;
mod standards;

use std::collections::BTreeSet;

use mqtt_check_codec::ProtocolVersion;

use crate::mutation::{Catch, Right, RightPlay};
use crate::plan::Plan;
use crate::requirements::{self, Requirement};
use crate::scenario::model::CaseId;
use crate::target::bundled::FaultInfo;
use crate::verdict::monitor;

pub use citation::{Citation, citations, judging};
pub use playing::{Wanted, play};
pub use standards::{Standing, standards};

/// The documents, in the order in which they are told of.
pub const DOCUMENTS: [ProtocolVersion; 2] = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];

/// How far a statement is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A case passes on the right broker, and catches a fault of this statement at a step that cites it.
    Proven,
    /// A step that judges cites it; nothing shows yet that the step can fail.
    Covered,
    /// No step that judges cites it.
    Open,
    /// A broker cannot be held to it.
    NotTestable,
    /// What a client does wrong can be shown to the broker, and nothing says what it has to do then.
    NoReaction,
}

impl State {
    /// Every state, in the order in which they are told of.
    pub const ALL: [Self; 5] = [
        Self::Proven,
        Self::Covered,
        Self::Open,
        Self::NoReaction,
        Self::NotTestable,
    ];

    /// As reports write it.
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

/// A case that catches a fault at this statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub fault: &'static str,
    pub case: CaseId,
}

/// One statement's coverage.
#[derive(Debug, Clone)]
pub struct Coverage {
    pub requirement: &'static Requirement,
    pub state: State,
    /// Why it is not proven, if it is not.
    pub reason: Option<String>,
    /// The cases with a step that judges and cites it.
    pub cases: Vec<CaseId>,
    /// Whether the monitor looks at it in every case.
    pub is_monitored: bool,
    /// The faults that break it.
    pub faults: Vec<&'static str>,
    /// One for each fault that is caught.
    pub proofs: Vec<Proof>,
}

/// What one fault was caught by.
#[derive(Debug)]
pub struct Played {
    pub fault: &'static str,
    pub caught: Vec<Catch>,
}

/// What was played.
#[derive(Debug, Default)]
pub struct Record {
    pub right: Right,
    pub played: Vec<Played>,
}

/// The coverage of these statements.
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
            let proofs = proofs(requirement, &breaking, record);
            let cases = cited.get(&key).cloned().unwrap_or_default();
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

/// The faults that break this statement.
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

/// One catch for each fault of the statement, by a case that passes on the right broker.
fn proofs(requirement: &Requirement, breaking: &[&'static str], record: &Record) -> Vec<Proof> {
    let mut proofs: Vec<Proof> = Vec::new();
    for played in &record.played {
        let known = proofs.iter().any(|p| p.fault == played.fault);
        if known || !breaking.contains(&played.fault) {
            continue;
        }
        let catch = played.caught.iter().find(|catch| {
            requirements::document(catch.case.version) == requirement.version
                && catch.cites.contains(requirement.id)
                && record
                    .right
                    .get(&catch.case)
                    .is_some_and(RightPlay::is_passed)
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

/// How many statements there are, and how far they are covered.
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
    /// Counts some.
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

/// The ids that a set of clauses has in a version.
pub(crate) fn ids_of(info: &FaultInfo, version: ProtocolVersion) -> impl Iterator<Item = &str> {
    let version = version.as_str();
    let clauses = info.clauses.iter();
    clauses
        .filter(move |(of, _)| of == version)
        .map(|(_, id)| id.as_str())
}

/// Everything in the catalogue, the older document first.
pub fn catalogue() -> Vec<&'static Requirement> {
    DOCUMENTS.into_iter().flat_map(requirements::all).collect()
}

/// Statements that have one of these ids.
pub(crate) fn keys(wanted: &[&'static Requirement]) -> BTreeSet<(ProtocolVersion, &'static str)> {
    wanted.iter().map(|r| (r.version, r.id)).collect()
}
