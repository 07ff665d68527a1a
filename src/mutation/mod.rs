//! The suite against the bundled broker with a deliberate fault: which cases notice it, and at which clauses.
//!
//! Plans and the name of a fault go in; what was caught comes out. One play of the right broker says which
//! cases are red anyway.

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

/// How plays are made.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct Playing<'a> {
    /// All randomness comes from it.
    pub seed: u64,
    /// Whether the user wants to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// What the right broker's cases came to.
pub type Right = BTreeMap<CaseId, RightPlay>;

/// What one case came to on the right broker.
#[derive(Debug, Clone, PartialEq)]
pub struct RightPlay {
    pub verdict: Verdict,
    /// The faults that the broker asked about. Under any other it does the same again, so that need not be played.
    pub consulted: Consulted,
}

impl RightPlay {
    /// Whether nothing was found.
    pub fn is_passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }
}

/// A case that turned red by a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    pub case: CaseId,
    /// Those clauses of the faults that what was found cites, as ids of the case's version. None: something else
    /// turned red.
    pub cites: BTreeSet<String>,
    /// Every clause at which something was found.
    pub blames: BTreeSet<String>,
    /// How many findings that a MUST does not hold cite one of the faults' clauses.
    pub on_clause: usize,
    /// What each other one cites.
    pub off_clause: Vec<Vec<String>>,
}

/// Plays the right broker.
///
/// # Errors
/// When it cannot be started.
pub fn right(plans: &[Plan], playing: Playing<'_>) -> Result<Right, String> {
    let results = play(plans, Bundled::watched(), playing, false, &|result| {
        let played = RightPlay {
            verdict: result.verdict,
            consulted: Consulted::take(),
        };
        (result.id, played)
    })?;
    Ok(results.into_iter().collect())
}

/// Plays the broker with this fault, in the cases in which the right one asks about it. A case that is red on the right
/// broker too has caught nothing. Cases that are tagged `heavy` are played only if no other catches it.
///
/// # Errors
/// When it cannot be started.
pub fn caught(
    info: &FaultInfo,
    plans: &[Plan],
    right: &Right,
    playing: Playing<'_>,
) -> Result<Vec<Catch>, String> {
    caught_together(&[info], plans, right, playing)
}

/// Plays the broker with all these faults at once. A catch has the clauses of any of them.
///
/// # Errors
/// When it cannot be started.
pub fn caught_together(
    infos: &[&FaultInfo],
    plans: &[Plan],
    right: &Right,
    playing: Playing<'_>,
) -> Result<Vec<Catch>, String> {
    let names = || infos.iter().map(|info| info.name);
    let with_fault = || Bundled::with(names()).map_err(|name| unknown(&name));
    let conclude = |result: CaseResult| {
        let is_red_anyway = right
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
        right
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

/// Why no case can meet this fault on the bundled broker, if none can.
pub fn hindrance(info: &FaultInfo) -> Option<String> {
    let need = info.needs?;
    let offered = Capabilities::bundled();
    let why = offered.lacking(need)?;
    Some(format!("needs {need}: {why}"))
}

fn unknown(name: &str) -> String {
    format!("the bundled broker knows no `{name}`")
}

/// What `keep` makes of each case.
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
    };
    let target = Target::Bundled(bundled);
    suite::distil(plans, &target, &options, playing.interrupted, keep)
        .map_err(|error| error.to_string())
}

fn is_red(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Failed | Verdict::Warned | Verdict::Inconclusive { .. }
    )
}

/// The clauses at which something was found that counts.
fn blamed(result: &CaseResult) -> impl Iterator<Item = &String> {
    findings_that_count(result).flat_map(Finding::clauses)
}

fn findings_that_count(result: &CaseResult) -> impl Iterator<Item = &Finding> {
    result.findings.iter().filter(|finding| {
        finding.kind() == FindingKind::Violation
            && matches!(finding.level(), Level::Must | Level::Should)
    })
}

/// Those of the faults among them.
fn cited(result: &CaseResult, infos: &[&FaultInfo]) -> BTreeSet<String> {
    blamed(result)
        .filter(|cited| breaks(infos, &result.id, cited))
        .cloned()
        .collect()
}

/// Whether one of the faults breaks this clause, in the version of this case.
fn breaks(infos: &[&FaultInfo], case: &CaseId, cited: &str) -> bool {
    let document = requirements::document(case.version).as_str();
    let mut broken = infos.iter().flat_map(|info| &info.clauses);
    broken.any(|(version, id)| version == document && id == cited)
}
