//! The mirror of deviations: the suite against the bundled broker with another choice where the standard leaves one. It
//! is as right as before, so every case that holds it to the first choice is wrong.

use crate::plan::Plan;
use crate::requirements;
use crate::scenario::model::Level;
use crate::target::bundled::{Bundled, LibertyInfo};
use crate::verdict::{CaseResult, FindingKind, Verdict};

use super::{Playing, play, unknown};

/// What one liberty brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Cases whose record shows it.
    pub shown: usize,
    /// Cases that find no fault, warnings that it is open to included.
    pub held: usize,
    /// Cases that cannot be played, or mean nothing, under it alone.
    pub skipped: usize,
    /// Cases that hold it for a fault.
    pub failed: Vec<CaseResult>,
}

impl Taken {
    /// Whether it was taken, and no case holds it for a fault.
    pub const fn is_right(&self) -> bool {
        self.shown > 0 && self.failed.is_empty()
    }
}

/// Plays the broker that takes no liberty.
///
/// # Errors
/// When it cannot be started.
pub fn usual(plans: &[Plan], playing: Playing<'_>) -> Result<Vec<CaseResult>, String> {
    play(plans, Bundled::default(), playing)
}

/// Plays the broker that takes this liberty. A case that finds a fault in the `usual` broker too says nothing.
///
/// # Errors
/// When it cannot be started.
pub fn taken(
    info: &LibertyInfo,
    plans: &[Plan],
    usual: &[CaseResult],
    playing: Playing<'_>,
) -> Result<Taken, String> {
    let bundled = Bundled::default()
        .taking([info.name])
        .map_err(|name| unknown(&name))?;
    let mut taken = Taken {
        shown: 0,
        held: 0,
        skipped: 0,
        failed: Vec::new(),
    };
    for (usual, result) in usual.iter().zip(play(plans, bundled, playing)?) {
        let shows = usual.transcript != result.transcript || usual.control != result.control;
        taken.shown += usize::from(shows);
        if is_held(&result, info) {
            taken.held += 1;
        } else if matches!(result.verdict, Verdict::Skipped { .. }) {
            taken.skipped += usize::from(!matches!(usual.verdict, Verdict::Skipped { .. }));
        } else if is_held(usual, info) {
            taken.failed.push(result);
        }
    }
    Ok(taken)
}

/// Whether the case finds no fault: nothing, or only that advice is not taken that the liberty does not take.
fn is_held(result: &CaseResult, info: &LibertyInfo) -> bool {
    let document = requirements::document(result.id.version).as_str();
    match result.verdict {
        Verdict::Passed => true,
        Verdict::Warned => result
            .findings
            .iter()
            .filter(|finding| {
                finding.kind == FindingKind::Violation && finding.level == Level::Should
            })
            .all(|finding| {
                finding.clauses.iter().any(|cited| {
                    let mut against = info.against.iter();
                    against.any(|(version, id)| version == document && id == cited)
                })
            }),
        Verdict::Failed | Verdict::Skipped { .. } | Verdict::Inconclusive { .. } => false,
    }
}
