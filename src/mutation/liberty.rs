//! Plays the suite against the bundled broker with a permitted variation. The broker still conforms, so every case that
//! fails is wrong.

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::requirements;
use crate::scenario::model::{CaseId, Level};
use crate::target::bundled::{Bundled, Consulted, LibertyInfo};
use crate::verdict::{CaseResult, FindingKind, Verdict};

use super::{Playing, play, unknown};

/// The result of playing the suite with one permitted variation.
#[derive(Debug, Clone, PartialEq)]
pub struct VariationResult {
    /// How many cases have a record that shows the variation.
    pub shown: usize,
    /// How many cases find no fault. This includes cases that only warn about advice that the variation does not
    /// follow.
    pub no_fault: usize,
    /// How many cases are skipped with the variation, but not without it.
    pub skipped: usize,
    /// Cases that mistake the variation for a fault.
    pub failed: Vec<CaseResult>,
}

impl VariationResult {
    /// Returns whether some case shows the variation, and no case mistakes it for a fault.
    pub const fn is_right(&self) -> bool {
        self.shown > 0 && self.failed.is_empty()
    }
}

/// The results and records of all cases on the broker without variations.
pub type Reference = BTreeMap<CaseId, ReferencePlay>;

/// The result of one case on that broker.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePlay {
    result: CaseResult,
    /// The variations that the broker asked about. With any other one the case plays the same way, so it need not be
    /// played.
    consulted: Consulted,
}

/// Plays the suite on the broker without variations.
///
/// # Errors
/// If the broker cannot be started.
pub fn reference(plans: &[Plan], playing: Playing<'_>) -> Result<Reference, String> {
    let results = play(plans, Bundled::watched(), playing, false, &|result| {
        let consulted = Consulted::take();
        (result.id.clone(), ReferencePlay { result, consulted })
    })?;
    Ok(results.into_iter().collect())
}

/// Plays the suite on the broker with this variation. A case that finds a fault in the `reference` play as well proves
/// nothing.
///
/// # Errors
/// If the broker cannot be started.
pub fn taken(
    info: &LibertyInfo,
    plans: &[Plan],
    reference: &Reference,
    playing: Playing<'_>,
) -> Result<VariationResult, String> {
    let bundled = Bundled::default()
        .taking([info.name])
        .map_err(|name| unknown(&name))?;
    let mut taken = VariationResult {
        shown: 0,
        no_fault: 0,
        skipped: 0,
        failed: Vec::new(),
    };
    let everywhere = bundled.begins_otherwise();
    let can_differ = |plan: &&Plan| {
        let reference = reference.get(&plan.scene.id);
        everywhere || reference.is_none_or(|reference| reference.consulted.has(info.name))
    };
    let (differing, same): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(can_differ);
    let unchanged = same.iter().filter_map(|plan| reference.get(&plan.scene.id));
    taken.no_fault += unchanged
        .filter(|reference| finds_no_fault(&reference.result, info))
        .count();
    let differing: Vec<Plan> = differing.into_iter().cloned().collect();
    let cases = play(&differing, bundled, playing, false, &|result| {
        let reference = &reference.get(&result.id)?.result;
        let shows =
            reference.transcript != result.transcript || reference.control != result.control;
        Some((shows, under(info, reference, result)))
    })?;
    for (shows, under) in cases.into_iter().flatten() {
        taken.shown += usize::from(shows);
        match under {
            CaseUnderLiberty::NoFault => taken.no_fault += 1,
            CaseUnderLiberty::Skipped => taken.skipped += 1,
            CaseUnderLiberty::Failed(result) => taken.failed.push(*result),
            CaseUnderLiberty::Silent => {}
        }
    }
    Ok(taken)
}

/// The outcome of a case with a variation.
enum CaseUnderLiberty {
    NoFault,
    /// Skipped with the variation, but not without it.
    Skipped,
    Failed(Box<CaseResult>),
    /// The case proves nothing: without the variation it does not hold either, or is not played.
    Silent,
}

fn under(info: &LibertyInfo, reference: &CaseResult, result: CaseResult) -> CaseUnderLiberty {
    let is_skipped = |result: &CaseResult| matches!(result.verdict, Verdict::Skipped { .. });
    if finds_no_fault(&result, info) {
        CaseUnderLiberty::NoFault
    } else if is_skipped(&result) && !is_skipped(reference) {
        CaseUnderLiberty::Skipped
    } else if !is_skipped(&result) && finds_no_fault(reference, info) {
        CaseUnderLiberty::Failed(Box::new(result))
    } else {
        CaseUnderLiberty::Silent
    }
}

/// Returns whether the case finds no fault. Warnings are permitted if they are about advice that the variation does not
/// follow.
fn finds_no_fault(result: &CaseResult, info: &LibertyInfo) -> bool {
    let document = requirements::document(result.id.version).as_str();
    match result.verdict {
        Verdict::Passed => true,
        Verdict::Warned => result
            .findings
            .iter()
            .filter(|finding| {
                finding.kind() == FindingKind::Violation && finding.level() == Level::Should
            })
            .all(|finding| {
                finding.clauses().iter().any(|cited| {
                    let mut against = info.against.iter();
                    against.any(|(version, id)| version == document && id == cited)
                })
            }),
        Verdict::Failed | Verdict::Skipped { .. } | Verdict::Inconclusive { .. } => false,
    }
}
