//! Plays the suite against the bundled broker with a deliberate fault: which cases notice it, and at which clauses.
//!
//! The input is plans and the name of a fault. The output is what was caught. One play of the broker without a fault
//! shows which cases are red anyway.

pub mod liberty;
pub mod masks;
pub mod pair;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::engine::RunOptions;
use crate::plan::Plan;
use crate::requirements;
use crate::scenario::model::{CaseId, Level};
use crate::suite;
use crate::target::bundled::{Bundled, Consulted, FaultInfo};
use crate::target::{Capabilities, Target};
use crate::verdict::{CaseResult, Finding, FindingKind, Verdict};

/// How to play cases.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct Playing<'a> {
    /// Seed for all randomness.
    pub seed: u64,
    /// Whether the user wants to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// The results of all cases on the broker without a fault.
pub type Reference = BTreeMap<CaseId, ReferencePlay>;

/// The result of one case on the broker without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePlay {
    pub verdict: Verdict,
    /// The faults that the broker asked about. With any other one the case plays the same way, so it need not be
    /// played.
    pub consulted: Consulted,
}

impl ReferencePlay {
    /// Returns whether nothing was found.
    pub fn is_passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }
}

/// A case that a fault turned red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    pub case: CaseId,
    /// The faults' clauses that findings cite, as ids of the case's version. Empty if the case turned red for another
    /// reason.
    pub cites: BTreeSet<String>,
    /// Every clause cited by a finding that counts.
    pub blames: BTreeSet<String>,
    /// How many findings of a broken MUST cite one of the faults' clauses.
    pub on_clause: usize,
    /// The clauses of each other finding of a broken MUST.
    pub off_clause: Vec<Vec<String>>,
}

/// Plays the suite on the broker without a fault.
///
/// # Errors
/// If the broker cannot be started.
pub fn reference(plans: &[Plan], playing: Playing<'_>) -> Result<Reference, String> {
    let results = play(plans, Bundled::watched(), playing, false, &|result| {
        let played = ReferencePlay {
            verdict: result.verdict,
            consulted: Consulted::take(),
        };
        (result.id, played)
    })?;
    Ok(results.into_iter().collect())
}

/// Plays the broker with this fault, in the cases in which the broker without a fault asks about it. A case that is red
/// without the fault too has caught nothing. Cases tagged `heavy` are played only if no other case catches the fault.
///
/// # Errors
/// If the broker cannot be started.
pub fn caught(
    info: &FaultInfo,
    plans: &[Plan],
    reference: &Reference,
    playing: Playing<'_>,
) -> Result<Vec<Catch>, String> {
    caught_together(&[info], plans, reference, playing)
}

/// Plays the broker with all these faults at once. A catch may cite clauses of any of them.
///
/// # Errors
/// If the broker cannot be started.
pub fn caught_together(
    infos: &[&FaultInfo],
    plans: &[Plan],
    reference: &Reference,
    playing: Playing<'_>,
) -> Result<Vec<Catch>, String> {
    let names = || infos.iter().map(|info| info.name);
    let with_fault = || Bundled::with(names()).map_err(|name| unknown(&name));
    let conclude = |result: CaseResult| {
        let is_red_anyway = reference
            .get(&result.id)
            .is_some_and(|play| is_red(&play.verdict));
        (is_red(&result.verdict) && !is_red_anyway).then(|| {
            let musts = result.findings.iter().filter(|f| f.breaks_a_must());
            let (on_clause, off_clause): (Vec<&Finding>, Vec<&Finding>) =
                musts.partition(|f| f.clauses().iter().any(|id| breaks(infos, &result.id, id)));
            Catch {
                cites: cited(&result, infos),
                blames: blamed(&result).cloned().collect(),
                on_clause: on_clause.len(),
                off_clause: off_clause.iter().map(|f| f.clauses().to_vec()).collect(),
                case: result.id,
            }
        })
    };
    let can_differ = |plan: &&Plan| {
        reference
            .get(&plan.scene.id)
            .is_none_or(|play| names().any(|name| play.consulted.has(name)))
    };
    let differing: Vec<Plan> = plans.iter().filter(can_differ).cloned().collect();
    let catches = play(&differing, with_fault()?, playing, false, &conclude)?;
    let mut catches: Vec<Catch> = catches.into_iter().flatten().collect();
    if catches.iter().all(|catch| catch.cites.is_empty()) {
        let heavy = plans.iter().filter(|plan| plan.scene.is_heavy());
        let heavy: Vec<Plan> = heavy.cloned().collect();
        if !heavy.is_empty() {
            let more = play(&heavy, with_fault()?, playing, true, &conclude)?;
            catches.extend(more.into_iter().flatten());
        }
    }
    Ok(catches)
}

/// Returns why no case can meet this fault on the bundled broker, or `None` if cases can.
pub fn hindrance(info: &FaultInfo) -> Option<String> {
    let need = info.needs?;
    let offered = Capabilities::bundled();
    let why = offered.lacking(need)?;
    Some(format!("needs {need}: {why}"))
}

fn unknown(name: &str) -> String {
    format!("the bundled broker has no `{name}`")
}

/// Plays the cases and returns what `keep` makes of each result.
fn play<R: Send>(
    plans: &[Plan],
    bundled: Bundled,
    playing: Playing<'_>,
    heavy: bool,
    keep: &(dyn Fn(CaseResult) -> R + Sync),
) -> Result<Vec<R>, String> {
    let options = RunOptions {
        jobs: None,
        timeout_scale: 1.0,
        max_wait: Duration::MAX,
        seed: playing.seed,
        exclusive: true,
        heavy,
        first_look: false,
        chaos: None,
        spread: false,
    };
    let target = Target::Bundled(bundled);
    suite::run_keeping(plans, &target, &options, playing.interrupted, keep)
        .map_err(|error| error.to_string())
}

fn is_red(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Failed | Verdict::Warned | Verdict::Inconclusive { .. }
    )
}

/// Returns the clauses of the findings that count.
fn blamed(result: &CaseResult) -> impl Iterator<Item = &String> {
    findings_that_count(result).flat_map(Finding::clauses)
}

fn findings_that_count(result: &CaseResult) -> impl Iterator<Item = &Finding> {
    result.findings.iter().filter(|finding| {
        finding.kind() == FindingKind::Violation
            && matches!(finding.level(), Level::Must | Level::Should)
    })
}

/// Returns the clauses of the findings that count, as far as one of the faults breaks them.
fn cited(result: &CaseResult, infos: &[&FaultInfo]) -> BTreeSet<String> {
    blamed(result)
        .filter(|cited| breaks(infos, &result.id, cited))
        .cloned()
        .collect()
}

/// Returns whether one of the faults breaks this clause in the version of this case.
fn breaks(infos: &[&FaultInfo], case: &CaseId, cited: &str) -> bool {
    let document = requirements::document(case.version).as_str();
    let mut broken = infos.iter().flat_map(|info| &info.clauses);
    broken.any(|(version, id)| version == document && id == cited)
}
