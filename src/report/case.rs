//! One case told in full: the same text for the terminal and for JUnit.

use crate::report::words::{Style, alternatives};
use crate::verdict::{CaseResult, FindingKind as Kind};

use super::diff;
use super::document::{Case, Clause, Event, Finding, FindingKind, Play, SnapshotState, Verdict};

/// Events shown before and after those that a finding is about, on the same connections.
const BEFORE: usize = 6;
const AFTER: usize = 3;
/// The longest difference that is shown, in lines.
const DIFF_LINES: usize = 60;

/// The word for a verdict, dressed.
pub fn heading(verdict: Verdict, style: Style) -> String {
    match verdict {
        Verdict::Passed => style.good("passed"),
        Verdict::Failed => style.bad("FAILED"),
        Verdict::Warned => style.doubtful("WARNED"),
        Verdict::Skipped => style.faint("skipped"),
        Verdict::Inconclusive => style.doubtful("INCONCLUSIVE"),
    }
}

/// A result on one line, for those who watch.
pub fn one_line(result: &CaseResult, style: Style) -> String {
    let worst = result
        .findings
        .iter()
        .filter(|finding| finding.kind() == Kind::Violation)
        .min_by_key(|finding| finding.level());
    let told = result.verdict.reason();
    line(
        Verdict::from(&result.verdict),
        &result.id.to_string(),
        told.or(worst.map(|finding| finding.actual.as_str())),
        style,
    )
}

/// A case of a document on one line.
pub(super) fn short(case: &Case, style: Style) -> String {
    let worst = worst(case).map(|finding| finding.actual.as_str());
    let told = case.reason.as_deref().or(worst);
    line(case.verdict, &case.id, told, style)
}

fn line(verdict: Verdict, id: &str, told: Option<&str>, style: Style) -> String {
    let told = told.map_or_else(String::new, |told| format!(": {told}"));
    format!("{} {id}{told}", heading(verdict, style))
}

/// The first of the heaviest things that do not hold.
pub(super) fn worst(case: &Case) -> Option<&Finding> {
    case.findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Violation)
        .min_by_key(|finding| finding.level)
}

/// The whole story: what was found, where, by which clause, and the packets around it.
pub(super) fn findings(case: &Case, style: Style) -> String {
    let mut out = format!(
        "{} {}\n  {}\n",
        heading(case.verdict, style),
        style.strong(&case.id),
        case.title
    );
    if !case.threads.is_empty() {
        out.push_str(&format!("  seen in {}\n", case.threads.join(", ")));
    }
    if let Some(reason) = &case.reason {
        out.push_str(&format!("  {reason}\n"));
    }
    for finding in &case.findings {
        if finding.kind == FindingKind::Violation {
            out.push('\n');
            out.push_str(&one_finding(case, finding, style));
        }
    }
    for finding in &case.findings {
        if finding.kind == FindingKind::NotReached {
            out.push_str(&format!(
                "\n  not reached: {}\n    {}\n",
                finding.label, finding.actual
            ));
        }
    }
    out
}

fn one_finding(case: &Case, finding: &Finding, style: Style) -> String {
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
        _ => finding.file.clone(),
    };
    let mut out = format!("  {}\n", style.strong(&place));
    if !finding.label.is_empty() {
        out.push_str(&format!("    {}\n", finding.label));
    }
    for clause in &finding.clauses {
        out.push_str(&format!("    {}\n", cite(clause)));
    }
    row(&mut out, "level", finding.level.as_str());
    row(&mut out, "expected", &alternatives(&finding.expected));
    row(&mut out, "actual", &style.bad(&finding.actual));
    if let Some(note) = &finding.note {
        row(&mut out, "note", note);
    }
    if let Some(play) = &case.play {
        let packets = excerpt(play, finding, style);
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
fn cite(clause: &Clause) -> String {
    let cited = match &clause.document {
        Some(document) => format!("[{document} {}]", clause.id),
        None => format!("[{}]", clause.id),
    };
    match &clause.summary {
        Some(summary) => format!("{cited} {summary}"),
        None => cited,
    }
}

/// The packets around what a finding is about, on the connections that it concerns.
fn excerpt(play: &Play, finding: &Finding, style: Style) -> String {
    let about: Vec<usize> = match finding.step {
        Some(step) if finding.events.is_empty() => play.taken_by(step),
        _ => finding.events.clone(),
    };
    let steps = play.steps.iter();
    let acts = finding
        .step
        .and_then(|number| steps.clone().find(|step| step.number == number)?.client);
    let clients = clients_of(play, &about, acts);
    let acts = acts.is_some();
    let on_lanes: Vec<&Event> = play
        .events
        .iter()
        .filter(|event| clients.contains(&play.client_of(event)))
        .collect();
    // Where the step stands among them: at its first event, or where it began if it has none.
    let first = about.iter().min().copied();
    let last = about.iter().max().copied();
    let here = match first {
        Some(first) => on_lanes.partition_point(|event| event.number < first),
        None => {
            let step = finding.step.unwrap_or(usize::MAX);
            on_lanes.partition_point(|event| event.during <= step)
        }
    };
    let until = last.map_or(here, |last| {
        on_lanes.partition_point(|event| event.number <= last)
    });
    let from = here.saturating_sub(BEFORE);
    let to = (until + AFTER).min(on_lanes.len());
    let mut out = String::new();
    if from > 0 {
        out.push_str(&format!("      {}\n", style.ellipsis()));
    }
    for (position, event) in on_lanes.iter().enumerate().take(to).skip(from) {
        if about.is_empty() && position == here {
            out.push_str(&step_stands_here(acts, style));
        }
        if let Some(line) = &event.text {
            let marked = about.contains(&event.number);
            out.push_str(&packet_line(event.at_us, line, marked, style));
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

fn packet_line(at_us: u64, line: &str, marked: bool, style: Style) -> String {
    let pointer = if marked { style.pointer() } else { " " };
    let at = std::time::Duration::from_micros(at_us);
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

/// The clients whose connections a finding concerns: those of its events, and the one that acts in its step.
fn clients_of(play: &Play, about: &[usize], actor: Option<usize>) -> Vec<usize> {
    let listed = play.events.iter();
    let mut clients: Vec<usize> = listed
        .filter(|event| about.contains(&event.number))
        .map(|event| play.client_of(event))
        .collect();
    clients.extend(actor);
    // A step of the whole scene, such as `hooks`, concerns every connection.
    if clients.is_empty() {
        clients.extend(play.lanes.iter().map(|lane| lane.client));
    }
    clients
}

/// How the record differs from its snapshot; empty when it does not.
pub(super) fn snapshot(case: &Case, style: Style) -> String {
    let Some(snapshot) = &case.snapshot else {
        return String::new();
    };
    let fails = case.outcome.is_unexpected_record();
    let word = match (snapshot.state, snapshot.updated) {
        (SnapshotState::Same, _) if !fails => return String::new(),
        (SnapshotState::Same, _) if snapshot.unexplained.is_some() => style.bad("UNEXPLAINED"),
        (SnapshotState::Same, _) => style.doubtful("PENDING"),
        (_, true) => style.good("UPDATED"),
        (SnapshotState::Changed, _) => style.bad("CHANGED"),
        (SnapshotState::New, _) => style.doubtful("NEW"),
        (SnapshotState::Stale, _) => style.doubtful("STALE"),
    };
    let mut out = format!("{word} {}\n", snapshot.path.display());
    match snapshot.state {
        SnapshotState::Changed if !snapshot.updated => out.push_str(&diff::shown(
            &snapshot.diff,
            snapshot.diff_left_out,
            DIFF_LINES,
            style,
        )),
        SnapshotState::Stale if !snapshot.updated => out.push_str(
            "  the target now does what is expected: remove the file, or run with --update\n",
        ),
        SnapshotState::Same if snapshot.pending => out.push_str("  a .snap.new lies beside it\n"),
        _ => {}
    }
    if let Some(why) = &snapshot.unexplained {
        out.push_str(&format!("  {why}\n"));
    }
    out
}
