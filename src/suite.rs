//! Runs the suite: plays and judges every plan.

mod kept;

use std::ops::ControlFlow;
use std::time::Duration;

use crate::engine::{self, Conductor, Doubt, Play, RunOptions, Watch};
use crate::plan::{Body, Plan, PlannedStep, SkipKind};
use crate::target::canary::Outage;
use crate::target::{StartError, Target};
use crate::transcript::{INTERRUPTED, Transcript};
use crate::verdict::{
    self, Alone, CaseResult, CaseSummary, Finding, Verdict, judge, measured, span,
};
use kept::Kept;

/// If we are late by at least this much, the verdict of a case may change. No scenario has narrower limits.
const TOO_LATE: Duration = Duration::from_millis(250);

/// Plays and judges every plan. The results are in the order of the plans, whatever the number of jobs. `watch` sees
/// each step of the run and decides whether the run continues. `is_asked_for` is called with each result that has a
/// transcript, on the thread that played the case. If it returns `false`, the transcript is dropped as soon as the case
/// is judged.
///
/// # Errors
/// Fails if the target cannot be reached or started.
pub fn run(
    plans: &[Plan],
    target: &Target,
    options: &RunOptions,
    interrupted: &(dyn Fn() -> bool + Sync),
    is_asked_for: &(dyn Fn(&Plan, &CaseResult) -> bool + Sync),
    watch: &mut Watch<'_, CaseResult>,
) -> Result<Vec<CaseResult>, StartError> {
    let kept = Kept::default();
    let conclude = |plan: &Plan, play| {
        let mut result = conclude(plan, play);
        if result.transcript.is_some() && !is_asked_for(plan, &result) {
            (result.transcript, result.control) = (None, None);
        }
        kept.keep(plan, result)
    };
    engine::run(
        plans,
        target,
        options,
        Conductor {
            conclude: &conclude,
            interrupted,
            doubt: &doubt,
            settle: &settle,
            watch,
        },
    )
}

/// Plays and judges every plan, and returns what `keep` makes of each result, in the order of the plans. The rest of a
/// result is dropped before the next case is played.
///
/// # Errors
/// Fails if the target cannot be reached or started.
pub fn run_keeping<R: Send>(
    plans: &[Plan],
    target: &Target,
    options: &RunOptions,
    interrupted: &(dyn Fn() -> bool + Sync),
    keep: &(dyn Fn(CaseResult) -> R + Sync),
) -> Result<Vec<R>, StartError> {
    engine::run(
        plans,
        target,
        options,
        Conductor {
            conclude: &|plan, play| keep(conclude(plan, play)),
            interrupted,
            doubt: &|_| None,
            settle: &|first, _| first,
            watch: &mut |_| ControlFlow::Continue(()),
        },
    )
}

/// Returns why a case is to be played again, or `None` if it is not.
fn doubt(result: &CaseResult) -> Option<Doubt> {
    if result.late.is_some() || result.in_outage {
        return Some(Doubt::Disturbed);
    }
    result.came_late.as_ref().map(|_| Doubt::CameLate)
}

/// Settles a case whose packets were late while other cases were played. Such a case is played again alone if there is
/// time. The second play replaces the first one, unless something was late in it too or it came to no verdict.
fn settle(first: CaseResult, again: Option<CaseResult>) -> CaseResult {
    let Some(again) = again else {
        return CaseResult {
            alone: Some(Alone::NotPlayed),
            ..first
        };
    };
    if again.verdict.reason() == Some(INTERRUPTED) {
        return first;
    }
    let is_late = again.findings.iter().any(|finding| finding.is_late);
    match again.verdict {
        Verdict::Passed | Verdict::Warned if !is_late => CaseResult {
            came_late: first.came_late,
            alone: Some(Alone::Passed),
            ..again
        },
        Verdict::Failed if !is_late => CaseResult {
            came_late: first.came_late,
            alone: Some(Alone::FailedAgain),
            ..again
        },
        _ => CaseResult {
            plays: again.plays,
            alone: Some(Alone::FailedAgain),
            ..first
        },
    }
}

/// Makes the result of a case from its play.
fn conclude(plan: &Plan, play: Play) -> CaseResult {
    let played = match play {
        Play::Skipped(skip) => return unplayed(plan, skip.into()),
        Play::Played(played) => played,
    };
    let records = || {
        [
            Some(&played.scene),
            played.control.as_ref(),
            played.witness.as_deref(),
        ]
        .into_iter()
        .flatten()
    };
    let is_interrupted = records().any(|t| t.broken_off.as_deref() == Some(INTERRUPTED));
    let (mut verdict, findings) = if is_interrupted {
        // What an interrupted play lacks is not a finding.
        let reason = INTERRUPTED.to_owned();
        (Verdict::Inconclusive { reason }, Vec::new())
    } else {
        judge(
            plan,
            &played.scene,
            played.control.as_ref(),
            played.witness.as_deref(),
        )
    };
    if let Some(outage) = played.outage.as_ref().filter(|_| !is_interrupted) {
        return CaseResult {
            began: Some(played.began),
            wall: played.wall,
            plays: played.play,
            in_outage: true,
            summary: CaseSummary::of(&played.scene, played.control.as_ref()),
            transcript: Some(played.scene),
            control: played.control,
            ..unplayed(plan, undecided(outage))
        };
    }
    let late = records()
        .map(|transcript| transcript.late)
        .max()
        .filter(|late| *late >= TOO_LATE && !is_interrupted && is_in_doubt(plan, &verdict));
    if let Some(late) = late {
        let reason = format!(
            "this machine was too slow to play it: it was late by {}",
            span(late)
        );
        verdict = Verdict::Inconclusive { reason };
    }
    let others = (played.control.as_ref(), played.witness.as_deref());
    let came_late = || verdict::late(plan, &played.scene, others, &verdict, &findings);
    CaseResult {
        came_late: match late.is_some() || is_interrupted {
            true => None,
            false => came_late(),
        },
        choices: answers(plan, &played.scene, &findings),
        summary: CaseSummary::of(&played.scene, played.control.as_ref()),
        measured: match late {
            None => measured(plan, &played.scene),
            Some(_) => Vec::new(),
        },
        findings,
        transcript: Some(played.scene),
        control: played.control,
        began: Some(played.began),
        wall: played.wall,
        virtual_time: played.virtual_time,
        late,
        plays: played.play,
        ..unplayed(plan, verdict)
    }
}

/// Returns the verdict of a play during which the broker did not serve. Such a play says nothing about a broker that
/// serves.
fn undecided(outage: &Outage) -> Verdict {
    let reason = format!("while it was played, {}", outage.description());
    Verdict::Inconclusive { reason }
}

/// Returns the broker's answers to the choices that the standard leaves open. Leaves out the answer of a client that
/// found a broken MUST before it was asked, such as a missing session.
fn answers(plan: &Plan, scene: &Transcript, findings: &[Finding]) -> Vec<(String, String)> {
    let is_of = |step: &PlannedStep, client| matches!(&step.body, Body::Client { client: c, .. } if *c == client);
    let is_broken_before = |name: &str| {
        let asking = plan.steps.iter().find_map(|step| match &step.body {
            Body::Choice(choice) if choice.name == name => Some((step.index, choice.of)),
            _ => None,
        });
        asking.is_some_and(|(asked, of)| {
            findings
                .iter()
                .filter(|finding| finding.breaks_a_must())
                .filter_map(|f| f.step.filter(|step| *step < asked))
                .any(|index| {
                    let mut steps = plan.steps.iter();
                    steps.any(|step| step.index == index && is_of(step, of))
                })
        })
    };
    let choices = scene.choices.iter();
    choices
        .filter(|(name, _)| !is_broken_before(name))
        .cloned()
        .collect()
}

/// Returns whether our own lateness may be the reason for this verdict.
fn is_in_doubt(plan: &Plan, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Failed | Verdict::Warned | Verdict::Inconclusive { .. } => true,
        // A packet that seems too early may have been due already when it was read.
        Verdict::Passed => plan.has_earliest,
        // If this machine stalls while CONNACK is received, a short path looks long.
        Verdict::Skipped { code, .. } => code.kind == SkipKind::Path,
    }
}

fn unplayed(plan: &Plan, verdict: Verdict) -> CaseResult {
    CaseResult {
        id: plan.scene.id.clone(),
        title: plan.scene.title.clone(),
        file: plan.scene.source.path.clone(),
        verdict,
        clauses: plan.scene.clauses().into_iter().cloned().collect(),
        findings: Vec::new(),
        choices: Vec::new(),
        measured: Vec::new(),
        transcript: None,
        control: None,
        began: None,
        wall: Duration::ZERO,
        virtual_time: Duration::ZERO,
        late: None,
        plays: 1,
        in_outage: false,
        came_late: None,
        alone: None,
        summary: CaseSummary::default(),
    }
}

#[cfg(test)]
mod tests;
