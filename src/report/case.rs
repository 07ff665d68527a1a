//! One case in full, with the same text for the terminal and for JUnit.

use crate::report::style::{Style, alternatives};
use crate::requirements::{self, Kind};
use crate::verdict::{CaseResult, FindingKind as Found};

use super::diff;
use super::document::{
    Case, Clause, Finding, FindingKind, Level, Snapshot, SnapshotState, Verdict,
};
use super::excerpt::{self, Around, Canvas};
use super::wrap::wrapped;

/// The longest diff that is shown, in lines.
const DIFF_LINES: usize = 60;

/// The styled word for a verdict.
pub fn heading(verdict: Verdict, style: Style) -> String {
    match verdict {
        Verdict::Passed => style.good("passed"),
        Verdict::Failed => style.bad("FAILED"),
        Verdict::Warned => style.doubtful("WARNED"),
        Verdict::Skipped => style.faint("skipped"),
        Verdict::Inconclusive => style.doubtful("INCONCLUSIVE"),
    }
}

/// Formats a result on one line, for the progress output.
pub fn one_line(result: &CaseResult, style: Style) -> String {
    let worst = result
        .findings
        .iter()
        .filter(|finding| finding.kind() == Found::Violation)
        .min_by_key(|finding| finding.level());
    let reason = result.verdict.reason();
    line(
        Verdict::from(&result.verdict),
        &result.id.to_string(),
        reason.or(worst.map(|finding| finding.actual.as_str())),
        style,
    )
}

fn line(verdict: Verdict, id: &str, reason: Option<&str>, style: Style) -> String {
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{} {id}{reason}", heading(verdict, style))
}

/// The first violation of the most severe level.
pub(super) fn worst(case: &Case) -> Option<&Finding> {
    case.findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Violation)
        .min_by_key(|finding| finding.level)
}

/// States that the record is not as reviewed, and how it differs.
pub(super) fn not_as_reviewed(snapshot: &Snapshot) -> String {
    format!("the record is not as reviewed: {}", snapshot.state.as_str())
}

/// Summarizes a case in a few words: its worst finding, its reason, or the state of its record.
pub(super) fn in_brief(case: &Case) -> String {
    if let Some(finding) = worst(case) {
        return finding.actual.clone();
    }
    if let Some(reason) = &case.reason {
        return reason.clone();
    }
    match (&case.snapshot, case.verdict) {
        (Some(snapshot), _) if case.outcome.is_unexpected_record() => not_as_reviewed(snapshot),
        (_, Verdict::Passed) => String::new(),
        (_, verdict) => verdict.as_str().to_owned(),
    }
}

/// Describes a case in full: the findings, their places and clauses, and the packets around them.
pub(super) fn findings(case: &Case, canvas: Canvas) -> String {
    let style = canvas.style;
    let mut out = format!(
        "{} {}\n",
        heading(case.verdict, style),
        style.strong(&case.id)
    );
    lines(&mut out, "  ", &case.title, canvas, &str::to_owned);
    if !case.threads.is_empty() {
        out.push_str(&format!("  seen in {}\n", case.threads.join(", ")));
    }
    if let Some(reason) = &case.reason {
        out.push_str(&format!("  {reason}\n"));
    }
    let violations = case.findings.iter();
    let violations = violations.filter(|finding| finding.kind == FindingKind::Violation);
    for (number, finding) in violations.enumerate() {
        // The packets of later findings are mostly those of the first.
        let around = match number {
            0 => Around::WIDE,
            _ => Around::NARROW.without_log(),
        };
        out.push('\n');
        out.push_str(&one_finding(case, finding, around, canvas));
    }
    for finding in &case.findings {
        if finding.kind == FindingKind::NotReached {
            out.push_str(&format!(
                "\n  not reached: {}\n    {}\n",
                finding.label, finding.actual
            ));
        }
    }
    // A control that failed is the reason for an inconclusive case.
    if let (Verdict::Inconclusive, Some(control)) = (case.verdict, &case.control) {
        out.push_str("\n  the control\n");
        out.push_str(&excerpt::end(control, canvas));
    }
    out
}

fn one_finding(case: &Case, finding: &Finding, around: Around, canvas: Canvas) -> String {
    let style = canvas.style;
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
        _ => finding.file.clone(),
    };
    let mut out = format!("  {}\n", style.strong(&place));
    if !finding.label.is_empty() {
        lines(&mut out, "    ", &finding.label, canvas, &str::to_owned);
    }
    for clause in &finding.clauses {
        lines(&mut out, "    ", &cite(clause), canvas, &str::to_owned);
    }
    let mut row = |name: &str, text: &str, paint: &dyn Fn(&str) -> String| {
        lines(&mut out, &format!("    {name:<9} "), text, canvas, paint);
    };
    row("level", &level(finding), &str::to_owned);
    row("expected", &alternatives(&finding.expected), &str::to_owned);
    row("received", &finding.actual, &|line| style.bad(line));
    if let Some(note) = &finding.note {
        row("note", note, &str::to_owned);
    }
    if let Some(play) = &case.play {
        let packets = excerpt::excerpt(play, finding, around, canvas);
        if !packets.is_empty() {
            out.push('\n');
            out.push_str(&packets);
        }
    }
    out
}

/// The level, and why it is a SHOULD although the statement says MUST: it says so to clients.
fn level(finding: &Finding) -> String {
    let binds_sender = |clause: &Clause| {
        let version = clause.document.as_deref().unwrap_or_default();
        requirements::find_in(version, &clause.id).is_some_and(|statement| {
            matches!(
                statement.kind,
                Kind::SenderPrecondition | Kind::ClientOnly | Kind::NoReaction(_)
            )
        })
    };
    let word = finding.level.as_str();
    match finding.clauses.first() {
        Some(first) if finding.level == Level::Should && binds_sender(first) => {
            format!("{word}: the statement binds the sender, not a server that receives the packet")
        }
        _ => word.to_owned(),
    }
}

/// Appends a text behind `lead`, wrapped to the width. The second and later lines are indented by as much.
fn lines(out: &mut String, lead: &str, text: &str, canvas: Canvas, paint: &dyn Fn(&str) -> String) {
    let indent = lead.chars().count();
    let room = canvas.width.saturating_sub(indent);
    // Text that fits keeps its spaces.
    let lines = match text.chars().count() <= room {
        true => vec![text.to_owned()],
        false => wrapped(text, room),
    };
    let space = " ".repeat(indent);
    for (number, line) in lines.iter().enumerate() {
        let lead = if number == 0 { lead } else { &space };
        out.push_str(&format!("{lead}{}\n", paint(line)));
    }
}

/// Formats a clause with its version and our summary. For a section of another document, only the id is shown.
fn cite(clause: &Clause) -> String {
    let cited = match &clause.document {
        Some(document) => match &clause.section {
            Some(section) => format!("[{document} {}] section {section}:", clause.id),
            None => format!("[{document} {}]", clause.id),
        },
        None => format!("[{}]", clause.id),
    };
    match &clause.summary {
        Some(summary) => format!("{cited} {summary}"),
        None => cited,
    }
}

/// Shows how the record differs from its snapshot. Empty if it does not.
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
        SnapshotState::Same if snapshot.pending => {
            out.push_str("  there is a .snap.new next to it\n")
        }
        _ => {}
    }
    if let Some(why) = &snapshot.unexplained {
        out.push_str(&format!("  {why}\n"));
    }
    out
}
