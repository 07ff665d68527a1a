//! Builds a case of the document.

use std::sync::Arc;

use std::time::Instant;

use mqtt_check_codec::ProtocolVersion;

use super::{Transcripts, check, microseconds, play};
use crate::outcome::profile::varies;
use crate::outcome::{self, Comparison, Concluded, State};
use crate::plan::Plan;
use crate::report::Retried;
use crate::report::diff;
use crate::report::document::{
    Alone, Attempt, Case, ChoiceAnswer, Clause, Crowd, Finding, FindingKind, Level, Measurement,
    Outcome, Reason, Snapshot, SnapshotState, Span, Verdict,
};
use crate::report::library_facts;
use crate::requirements;
use crate::scenario::model::{self, Action};
use crate::verdict::{self, CaseResult, is_clause};

/// The largest number of lines of a diff in the document.
const DIFF_LINES: usize = 500;

/// Builds a case. If it was retried, its earlier plays are included.
pub(super) fn of(
    case: &Concluded<'_>,
    retried: Option<&Retried>,
    run_began: Instant,
    transcripts: Transcripts,
) -> Case {
    let mut built = of_play(case, run_began, transcripts);
    let Some(retried) = retried else { return built };
    built.retries = retried.retries;
    let attempts = retried.attempts.iter().map(|(result, outcome)| {
        let play = Concluded {
            plan: case.plan,
            result,
            outcome: outcome.clone(),
        };
        let Case {
            verdict,
            reason,
            outcome,
            snapshot,
            findings,
            play,
            ..
        } = of_play(&play, run_began, transcripts);
        Attempt {
            verdict,
            reason,
            outcome,
            snapshot,
            findings,
            play,
        }
    });
    built.attempts = attempts.collect();
    built
}

fn crowd(result: &CaseResult) -> Option<Crowd> {
    let alone = match result.alone? {
        verdict::Alone::Passed => Alone::Passed,
        verdict::Alone::FailedAgain => Alone::FailedAgain,
        verdict::Alone::NotPlayed => Alone::NotPlayed,
    };
    let late = result.came_late.clone()?;
    Some(Crowd { late, alone })
}

fn of_play(case: &Concluded<'_>, run_began: Instant, transcripts: Transcripts) -> Case {
    let (result, scene) = (case.result, &case.plan.scene);
    let mut built = Case {
        id: result.id.to_string(),
        area: result.id.area().to_owned(),
        title: result.title.clone(),
        about: scene.about.clone(),
        version: result.id.version.to_string(),
        file: result.file.clone(),
        line: scene.steps.first().map(|step| step.place.line),
        threads: scene.threads.clone(),
        clauses: result.clauses.clone(),
        verdict: Verdict::from(&result.verdict),
        skip: result.verdict.skip_code().map(ToString::to_string),
        reason: result.verdict.reason().map(str::to_owned),
        outcome: Outcome::from(&case.outcome),
        snapshot: case.outcome.comparison.as_ref().map(snapshot),
        span: result.began.map(|began| span(result, began, run_began)),
        plays: result.plays,
        crowd: crowd(result),
        late_us: result.late.map(microseconds),
        retries: 0,
        attempts: Vec::new(),
        choices: result
            .choices
            .iter()
            .map(|answer| ChoiceAnswer::of(answer, case.plan))
            .collect(),
        measured: result
            .measured
            .iter()
            .map(|measured| Measurement {
                name: measured.measure.name().to_owned(),
                value: measured.value,
            })
            .collect(),
        library_facts: library_facts(case),
        left_behind: result.summary.left_behind.clone(),
        findings: result
            .findings
            .iter()
            .map(|found| finding(found, result))
            .collect(),
        play: None,
        control: None,
    };
    let is_kept = match transcripts {
        Transcripts::All => true,
        Transcripts::Failed => !built.holds() || !built.outcome.as_expected,
        Transcripts::None => false,
    };
    if is_kept {
        let of = |transcript| play::of(case.plan, transcript, &result.findings);
        built.play = result.transcript.as_ref().map(of);
        for (found, built) in result.findings.iter().zip(&mut built.findings) {
            if built.kind == FindingKind::Violation {
                match check::of(case.plan, result, found) {
                    Ok(check) => built.check = Some(check),
                    Err(why) => built.unchecked = Some(why),
                }
            }
        }
        let control = result.control.as_ref();
        built.control = control.map(|control| play::of_control(case.plan, control));
    }
    built
}

fn span(result: &CaseResult, began: Instant, run_began: Instant) -> Span {
    let start = began.saturating_duration_since(run_began);
    Span {
        start_us: microseconds(start),
        end_us: microseconds(start.saturating_add(result.wall)),
        virtual_us: microseconds(result.virtual_time),
    }
}

impl ChoiceAnswer {
    /// Builds the answer of a case, with what the choice is about.
    pub fn of((name, answer): &(String, String), plan: &Plan) -> Self {
        Self {
            name: name.clone(),
            about: about(name, &plan.scene.steps),
            answer: answer.clone(),
            varies: varies(plan, name),
        }
    }
}

/// What the choice with this name is about, according to its scenario.
fn about(name: &str, steps: &[Arc<model::Step>]) -> Option<String> {
    steps.iter().find_map(|step| match &step.action {
        Action::Choice(choice) if choice.name == name => choice.about.clone(),
        action => about(name, action.inner()),
    })
}

fn snapshot(comparison: &Comparison) -> Snapshot {
    let is_shown = comparison.state == State::Changed && !comparison.updated;
    let mut diff = match is_shown {
        true => diff::lines(&comparison.expected, &comparison.actual),
        false => Vec::new(),
    };
    let diff_left_out = diff.len().saturating_sub(DIFF_LINES);
    diff.truncate(DIFF_LINES);
    Snapshot {
        state: match comparison.state {
            State::Same => SnapshotState::Same,
            State::Changed => SnapshotState::Changed,
            State::New => SnapshotState::New,
            State::Stale => SnapshotState::Stale,
        },
        path: comparison.path.clone(),
        counts: comparison.counts,
        pending: comparison.pending,
        updated: comparison.updated,
        against_accepted: comparison.compared_with_accepted,
        unexplained: comparison.unexplained.clone(),
        diff,
        diff_left_out,
    }
}

fn finding(found: &verdict::Finding, result: &CaseResult) -> Finding {
    Finding {
        kind: match found.kind() {
            verdict::FindingKind::Violation => FindingKind::Violation,
            verdict::FindingKind::NotReached => FindingKind::NotReached,
            verdict::FindingKind::NotObservable => FindingKind::NotObservable,
        },
        level: Level::from(found.level()),
        clauses: found
            .clauses()
            .iter()
            .map(|id| clause(result.id.version, id))
            .collect(),
        expected: found.expected.clone(),
        actual: found.actual.clone(),
        note: found.note.clone(),
        alike: found.repeats,
        step: found.step.map(|step| step.0),
        label: found.label.clone(),
        file: result.file.clone(),
        line: found.place.map(|place| place.line),
        column: found.place.map(|place| place.column),
        slow: found.is_slow,
        events: found.events.iter().map(|event| event.0).collect(),
        check: None,
        unchecked: None,
    }
}

pub(super) fn clause(version: ProtocolVersion, id: &str) -> Clause {
    let known = requirements::find(version, id);
    Clause {
        id: id.to_owned(),
        document: is_clause(id).then(|| requirements::document(version).to_string()),
        section: known.map(|known| {
            let section = known.section.split_whitespace().next();
            section.unwrap_or_default().to_owned()
        }),
        summary: known.map(|known| known.summary.to_string()),
    }
}

impl From<&verdict::Verdict> for Verdict {
    fn from(verdict: &verdict::Verdict) -> Self {
        match verdict {
            verdict::Verdict::Passed => Self::Passed,
            verdict::Verdict::Failed => Self::Failed,
            verdict::Verdict::Warned => Self::Warned,
            verdict::Verdict::Skipped { .. } => Self::Skipped,
            verdict::Verdict::Inconclusive { .. } => Self::Inconclusive,
        }
    }
}

impl From<model::Level> for Level {
    fn from(level: model::Level) -> Self {
        match level {
            model::Level::Must => Self::Must,
            model::Level::Should => Self::Should,
            model::Level::May => Self::May,
            model::Level::Disputed => Self::Disputed,
        }
    }
}

impl From<&outcome::Outcome> for Outcome {
    fn from(outcome: &outcome::Outcome) -> Self {
        let reasons = outcome.reasons.iter().map(|reason| match reason {
            outcome::Reason::Violation => Reason::Violation,
            outcome::Reason::Inconclusive => Reason::Inconclusive,
            outcome::Reason::Record => Reason::Record,
            outcome::Reason::Profile => Reason::Profile,
        });
        Self {
            as_expected: outcome.is_as_expected(),
            reasons: reasons.collect(),
            accepted: outcome.is_accepted,
            accepted_by: outcome.accepted_by.clone(),
        }
    }
}
