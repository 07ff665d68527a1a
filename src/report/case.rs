//! One case told in full: the same text for the terminal and for JUnit.

use crate::outcome::{Concluded, State};
use crate::plan::{Body, PlannedStep, find_step};
use crate::report::words::{Style, alternatives};
use crate::requirements;
use crate::transcript::{EventIndex, StepIndex, Transcript, text};
use crate::verdict::{CaseResult, Finding, FindingKind, Verdict, is_clause};

use super::unified;

/// Events shown before and after those that a finding is about, on the same connections.
const BEFORE: usize = 6;
const AFTER: usize = 3;
/// The longest difference that is shown, in lines.
const DIFF_LINES: usize = 60;

/// The word for a verdict, dressed.
pub fn heading(verdict: &Verdict, style: Style) -> String {
    match verdict {
        Verdict::Passed => style.good("passed"),
        Verdict::Failed => style.bad("FAILED"),
        Verdict::Warned => style.doubtful("WARNED"),
        Verdict::Skipped { .. } => style.faint("skipped"),
        Verdict::Inconclusive { .. } => style.doubtful("INCONCLUSIVE"),
    }
}

/// A result on one line, for those who watch.
pub fn one_line(result: &CaseResult, style: Style) -> String {
    let mut line = format!("{} {}", heading(&result.verdict, style), result.id);
    let worst = result
        .findings
        .iter()
        .filter(|finding| finding.kind() == FindingKind::Violation)
        .min_by_key(|finding| finding.level());
    match (result.verdict.reason(), worst) {
        (Some(reason), _) => line.push_str(&format!(": {reason}")),
        (None, Some(finding)) => line.push_str(&format!(": {}", finding.actual)),
        (None, None) => {}
    }
    line
}

/// The whole story: what was found, where, by which clause, and the packets around it.
pub(super) fn findings(case: &Concluded<'_>, style: Style) -> String {
    let result = case.result;
    let mut out = format!(
        "{} {}\n  {}\n",
        heading(&result.verdict, style),
        style.strong(&result.id.to_string()),
        result.title
    );
    let threads = &case.plan.scene.threads;
    if !threads.is_empty() {
        out.push_str(&format!("  seen in {}\n", threads.join(", ")));
    }
    if let Some(reason) = result.verdict.reason() {
        out.push_str(&format!("  {reason}\n"));
    }
    for finding in &result.findings {
        if finding.kind() == FindingKind::Violation {
            out.push('\n');
            out.push_str(&one_finding(case, finding, style));
        }
    }
    for finding in &result.findings {
        if finding.kind() == FindingKind::NotReached {
            out.push_str(&format!(
                "\n  not reached: {}\n    {}\n",
                finding.label, finding.actual
            ));
        }
    }
    out
}

fn one_finding(case: &Concluded<'_>, finding: &Finding, style: Style) -> String {
    let place = match finding.place {
        Some(place) => format!("{}:{}:{}", case.result.file, place.line, place.column),
        None => case.result.file.clone(),
    };
    let mut out = format!("  {}\n", style.strong(&place));
    if !finding.label.is_empty() {
        out.push_str(&format!("    {}\n", finding.label));
    }
    for clause in finding.clauses() {
        out.push_str(&format!("    {}\n", cite(case, clause)));
    }
    row(&mut out, "level", finding.level().as_str());
    row(&mut out, "expected", &alternatives(&finding.expected));
    row(&mut out, "actual", &style.bad(&finding.actual));
    if let Some(note) = &finding.note {
        row(&mut out, "note", note);
    }
    if let Some(transcript) = &case.result.transcript {
        let packets = excerpt(case, transcript, finding, style);
        if !packets.is_empty() {
            out.push('\n');
            out.push_str(&packets);
        }
    }
    out
}

fn row(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("    {name:<9} {text}\n"));
}

/// The clause with its version, and what it says in our words; of another document's section just that.
fn cite(case: &Concluded<'_>, clause: &str) -> String {
    if !is_clause(clause) {
        return format!("[{clause}]");
    }
    let version = case.result.id.version;
    let cited = format!("[{} {clause}]", requirements::document(version));
    match requirements::find(version, clause) {
        Some(requirement) => format!("{cited} {}", requirement.summary),
        None => cited,
    }
}

/// The packets around what a finding is about, on the connections that it concerns.
fn excerpt(
    case: &Concluded<'_>,
    transcript: &Transcript,
    finding: &Finding,
    style: Style,
) -> String {
    let about: Vec<EventIndex> = match finding.step {
        Some(step) if finding.events.is_empty() => of_step(transcript, step),
        _ => finding.events.clone(),
    };
    let step = finding
        .step
        .and_then(|index| find_step(&case.plan.steps, index));
    let acts = step.and_then(actor);
    let clients = clients_of(transcript, &about, acts);
    let acts = acts.is_some();
    let on_lanes: Vec<EventIndex> = (0..transcript.events.len())
        .map(EventIndex)
        .filter(|index| {
            let lane = transcript.events[index.0].lane;
            clients.contains(&transcript.lanes[lane.0].client.0)
        })
        .collect();
    // Where the step stands among them: at its first event, or where it began if it has none.
    let first = about.iter().min().copied();
    let last = about.iter().max().copied();
    let here = match first {
        Some(first) => on_lanes.partition_point(|index| *index < first),
        None => {
            let step = finding.step.unwrap_or(StepIndex(usize::MAX));
            on_lanes.partition_point(|index| transcript.events[index.0].during <= step)
        }
    };
    let until = last.map_or(here, |last| {
        on_lanes.partition_point(|index| *index <= last)
    });
    let from = here.saturating_sub(BEFORE);
    let to = (until + AFTER).min(on_lanes.len());
    let mut out = String::new();
    if from > 0 {
        out.push_str(&format!("      {}\n", style.ellipsis()));
    }
    for (position, index) in on_lanes.iter().enumerate().take(to).skip(from) {
        if about.is_empty() && position == here {
            out.push_str(&step_stands_here(acts, style));
        }
        let event = &transcript.events[index.0];
        if let Some(line) = text::event(transcript, event) {
            let marked = about.contains(index);
            out.push_str(&packet_line(event.at, &line, marked, style));
        }
    }
    if about.is_empty() && here >= to {
        out.push_str(&step_stands_here(acts, style));
    }
    if to < on_lanes.len() {
        out.push_str(&format!("      {}\n", style.ellipsis()));
    }
    out
}

fn packet_line(at: std::time::Duration, line: &str, marked: bool, style: Style) -> String {
    let pointer = if marked { style.pointer() } else { " " };
    let line = format!("{:>9.3}s  {line}", at.as_secs_f64());
    let line = if marked {
        style.strong(&line)
    } else {
        style.faint(&line)
    };
    format!("    {pointer}{line}\n")
}

/// Marks the place of a step that took nothing; one of the whole scene takes nothing ever.
fn step_stands_here(acts: bool, style: Style) -> String {
    let text = if acts {
        "this step took nothing"
    } else {
        "this step stands here"
    };
    format!("    {}           {}\n", style.pointer(), style.strong(text))
}

/// What a step took; inside of a folded repeat, in the last round.
fn of_step(transcript: &Transcript, step: StepIndex) -> Vec<EventIndex> {
    let mut records = transcript.steps.iter().rev();
    let record = records.find(|record| record.step == step);
    let outcomes = record.into_iter().flat_map(|record| &record.outcomes);
    outcomes
        .flat_map(|outcome| outcome.taken.iter().copied())
        .collect()
}

/// The clients whose connections a finding concerns: those of its events, and the one that acts in its step.
fn clients_of(transcript: &Transcript, about: &[EventIndex], actor: Option<usize>) -> Vec<usize> {
    let mut clients: Vec<usize> = about
        .iter()
        .map(|index| transcript.lanes[transcript.events[index.0].lane.0].client.0)
        .collect();
    clients.extend(actor);
    // A step of the whole scene, such as `hooks`, concerns every connection.
    if clients.is_empty() {
        clients.extend(transcript.lanes.iter().map(|lane| lane.client.0));
    }
    clients
}

fn actor(step: &PlannedStep) -> Option<usize> {
    match &step.body {
        Body::Client { client, .. } => Some(client.0),
        Body::Choice(choice) => Some(choice.of.0),
        _ => None,
    }
}

/// How the record differs from its snapshot; empty when it does not.
pub(super) fn snapshot(case: &Concluded<'_>, style: Style) -> String {
    let Some(comparison) = &case.outcome.comparison else {
        return String::new();
    };
    let word = match (comparison.state, comparison.updated) {
        (State::Same, _) if !comparison.fails() => return String::new(),
        (State::Same, _) if comparison.unexplained.is_some() => style.bad("UNEXPLAINED"),
        (State::Same, _) => style.doubtful("PENDING"),
        (_, true) => style.good("UPDATED"),
        (State::Changed, _) => style.bad("CHANGED"),
        (State::New, _) => style.doubtful("NEW"),
        (State::Stale, _) => style.doubtful("STALE"),
    };
    let path = comparison.path.display();
    let mut out = format!("{word} {path}\n");
    match comparison.state {
        State::Changed if !comparison.updated => {
            out.push_str(&unified(
                &comparison.expected,
                &comparison.actual,
                DIFF_LINES,
                style,
            ));
        }
        State::Stale if !comparison.updated => out.push_str(
            "  the target now does what is expected: remove the file, or run with --update\n",
        ),
        State::Same if comparison.pending => out.push_str("  a .snap.new lies beside it\n"),
        _ => {}
    }
    if let Some(why) = &comparison.unexplained {
        out.push_str(&format!("  {why}\n"));
    }
    out
}
