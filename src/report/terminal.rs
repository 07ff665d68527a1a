//! The result for people: failures first and told in full, then what else there is, a table, and one line.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::document::{self, Case, Document};
use super::words::{Style, count, span};
use super::{Counts, Report, case, library_facts, profile};
use crate::outcome::Concluded;
use crate::scenario::model::Level;
use crate::transcript::text;
use crate::verdict::{FindingKind, Measure, Measured, Verdict};

/// The narrowest and the widest that the table is made, in columns.
const NARROWEST: u16 = 40;
const WIDEST: u16 = 100;

/// What the user asked to see.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub style: Style,
    /// Show the transcript of every case.
    pub transcripts: bool,
    /// Columns.
    pub width: u16,
}

/// The whole text.
pub fn render(report: &Report<'_>, document: &Document, options: Options) -> String {
    let style = options.style;
    let mut parts: Vec<String> = Vec::new();
    if options.transcripts {
        parts.extend(report.cases.iter().filter_map(|c| transcript(c, style)));
    }
    for verdict in [is_failed as fn(&Case) -> bool, is_inconclusive, is_warned] {
        let cases = document.cases.iter().filter(|case| verdict(case));
        parts.extend(cases.map(|c| case::findings(c, style)));
    }
    parts.push(unspoken(report, style));
    parts.push(snapshots(report, document, style));
    parts.push(accepted(document, style));
    parts.push(keep_alive(report));
    parts.push(played_again(report));
    parts.push(facts(report, style));
    parts.push(skips(report));
    parts.push(not_observable(report));
    parts.push(left_behind(report));
    parts.push(table(report, options));
    parts.push(profile::render(document, options.transcripts, style));
    parts.push(summary(report, style));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn is_failed(case: &Case) -> bool {
    case.verdict == document::Verdict::Failed && case.outcome.is_unexpected_verdict()
}

fn is_inconclusive(case: &Case) -> bool {
    case.verdict == document::Verdict::Inconclusive && !case.outcome.accepted
}

fn is_warned(case: &Case) -> bool {
    case.verdict == document::Verdict::Warned && !case.outcome.accepted
}

/// The whole record of a case.
fn transcript(case: &Concluded<'_>, style: Style) -> Option<String> {
    let scene = case.result.transcript.as_ref()?;
    let record = text::record_with_own_pings(case.plan, scene, case.result.control.as_ref());
    let mut out = format!(
        "{} {}\n  {}\n",
        case::heading((&case.result.verdict).into(), style),
        style.strong(&case.result.id.to_string()),
        case.result.title
    );
    for line in record.lines() {
        out.push_str(format!("  {line}").trim_end());
        out.push('\n');
    }
    Some(out)
}

/// Versions that somebody counts on and the broker does not speak.
fn unspoken(report: &Report<'_>, style: Style) -> String {
    let lines = report.unspoken.iter().map(|unspoken| {
        format!(
            "{} MQTT {}, which {} names\n  {}\n",
            style.bad("FAILED"),
            unspoken.version,
            unspoken.named_by,
            unspoken.why
        )
    });
    lines.collect()
}

fn snapshots(report: &Report<'_>, document: &Document, style: Style) -> String {
    let mut out = String::new();
    let mut to_review = false;
    let informed = report.counts().informed;
    for case in &document.cases {
        let Some(snapshot) = case.snapshot.as_ref().filter(|snapshot| snapshot.counts) else {
            continue;
        };
        out.push_str(&case::snapshot(case, style));
        to_review |= snapshot.pending;
    }
    for path in &report.without_case {
        out.push_str(&format!(
            "{} {}\n  no case has this snapshot any more: remove the file\n",
            style.doubtful("STALE"),
            path.display()
        ));
    }
    for unshown in &report.without_deviation {
        out.push_str(&format!(
            "{} {}\n  {}: take it out\n",
            style.doubtful("STALE"),
            unshown.place,
            unshown.what
        ));
    }
    if to_review {
        out.push_str(&format!(
            "review with `mqtt-check review{0}`, or accept all with `mqtt-check accept{0}`\n",
            report.review
        ));
    }
    if informed > 0 {
        let differ = if informed == 1 { "differs" } else { "differ" };
        out.push_str(&format!(
            "{} {differ} from the expected snapshot, which counts for nothing here; --baseline NAME makes it count\n",
            count(informed, "record")
        ));
    }
    out
}

/// What does not hold and was reviewed and accepted for this target.
fn accepted(document: &Document, style: Style) -> String {
    let mut out = String::new();
    for case in document.cases.iter().filter(|c| c.outcome.accepted) {
        out.push_str(&format!("  {}\n", case::short(case, style)));
    }
    match out.is_empty() {
        true => out,
        false => format!("Accepted deviations of this target:\n{out}"),
    }
}

/// How this run differs for a broker that wants to hear of its clients.
fn keep_alive(report: &Report<'_>) -> String {
    match report.target.keep_alive_s {
        0 => String::new(),
        seconds => format!(
            "Clients whose scenario names no Keep Alive connected with {seconds} s, not with 0, and the harness pinged for them.\n"
        ),
    }
}

/// What this machine was too slow for at first.
fn played_again(report: &Report<'_>) -> String {
    match report.cases.iter().filter(|c| c.result.plays > 1).count() {
        0 => String::new(),
        again => format!(
            "Played again, since this machine was too slow at first: {}.\n",
            count(again, "case")
        ),
    }
}

/// What was measured: the least and the greatest value of each kind.
fn measurements(measured: &[Measured]) -> String {
    let kinds: BTreeSet<Measure> = measured.iter().map(|m| m.measure).collect();
    let mut out = String::new();
    for kind in kinds {
        let of_kind = measured.iter().filter(|m| m.measure == kind);
        let values: Vec<f64> = of_kind.map(|m| m.value).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(0.0, f64::max);
        let (before, behind) = kind.sentence();
        let (least, greatest) = (format!("{least:.2}"), format!("{greatest:.2}"));
        let range = match least == greatest {
            true => least,
            false => format!("{least} to {greatest}"),
        };
        out.push_str(&format!(
            "  {before} {range} {behind} ({})\n",
            count(values.len(), "measurement")
        ));
    }
    match out.is_empty() {
        true => out,
        false => format!("Measured:\n{out}"),
    }
}

/// The broker's answers to what the standard leaves open, and what was seen at a level that judges nothing.
fn facts(report: &Report<'_>, style: Style) -> String {
    let mut answers: Vec<(String, usize)> = Vec::new();
    let mut measured: Vec<Measured> = Vec::new();
    let mut libraries: Vec<(String, usize)> = Vec::new();
    let mut recorded = String::new();
    for case in &report.cases {
        for fact in library_facts(case) {
            add(&mut libraries, fact);
        }
        for (name, answer) in &case.result.choices {
            add(&mut answers, format!("{name}: {answer}"));
        }
        measured.extend(&case.result.measured);
        for finding in &case.result.findings {
            let judged = !matches!(finding.level(), Level::May | Level::Disputed);
            if judged || finding.kind() != FindingKind::Violation {
                continue;
            }
            recorded.push_str(&format!(
                "  {} {}: {} {} {}\n",
                case.result.id,
                style.faint(finding.level().as_str()),
                finding.label,
                style.dot(),
                finding.actual
            ));
        }
    }
    let mut out = String::new();
    if !answers.is_empty() {
        out.push_str("What the standard leaves open, and this broker's answers:\n");
        for (answer, cases) in answers {
            out.push_str(&format!("  {answer} ({})\n", count(cases, "case")));
        }
    }
    out.push_str(&measurements(&measured));
    if !libraries.is_empty() {
        out.push_str("What client libraries did on their own side:\n");
        for (fact, cases) in libraries {
            out.push_str(&format!("  {fact} ({})\n", count(cases, "case")));
        }
    }
    if !recorded.is_empty() {
        out.push_str("Recorded, not judged:\n");
        out.push_str(&recorded);
    }
    out
}

fn skips(report: &Report<'_>) -> String {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for case in &report.cases {
        if let Verdict::Skipped { reason, .. } = &case.result.verdict {
            add(&mut reasons, reason.clone());
        }
    }
    grouped("Skipped:", reasons, "case")
}

fn not_observable(report: &Report<'_>) -> String {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let findings = report.cases.iter().flat_map(|case| &case.result.findings);
    for finding in findings.filter(|f| f.kind() == FindingKind::NotObservable) {
        add(&mut reasons, finding.actual.clone());
    }
    grouped("Not observable:", reasons, "step")
}

/// What plays left on a broker that others may use, and could not clear away.
fn left_behind(report: &Report<'_>) -> String {
    let mut out = String::new();
    for case in &report.cases {
        let plays = case.result.transcript.iter().chain(&case.result.control);
        for left in plays.flat_map(|play| &play.left_behind) {
            out.push_str(&format!("  {}: {left}\n", case.result.id));
        }
    }
    match out.is_empty() {
        true => out,
        false => format!("Left on the broker, since clearing it away failed:\n{out}"),
    }
}

fn add(groups: &mut Vec<(String, usize)>, key: String) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, number)) => *number += 1,
        None => groups.push((key, 1)),
    }
}

/// Reasons with their counts, the most frequent first.
fn grouped(title: &str, mut reasons: Vec<(String, usize)>, what: &str) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut out = format!("{title}\n");
    for (reason, number) in reasons {
        out.push_str(&format!("  {:>9}  {reason}\n", count(number, what)));
    }
    out
}

/// Folders by verdicts; columns in which nothing stands are left out.
fn table(report: &Report<'_>, options: Options) -> String {
    if report.cases.is_empty() {
        return String::new();
    }
    let mut areas: Vec<(&str, Counts)> = Vec::new();
    for case in &report.cases {
        let area = case.result.id.area();
        match areas.iter_mut().find(|(known, _)| *known == area) {
            Some((_, counts)) => counts.add(case),
            None => areas.push((area, Counts::of(std::iter::once(case)))),
        }
    }
    let total = Counts::of(report.cases.iter());
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(name, number)| *name == "cases" || *name == "passed" || number(&total) > 0)
        .collect();
    let mut table = Table::new();
    table
        .load_style(lines(options.style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(options.width.clamp(NARROWEST, WIDEST));
    let mut header = vec!["area".to_owned()];
    header.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    table.set_header(header);
    let mut row = |name: &str, counts: &Counts| {
        let mut cells = vec![name.to_owned()];
        cells.extend(columns.iter().map(|(_, number)| match number(counts) {
            0 => String::new(),
            n => n.to_string(),
        }));
        table.add_row(cells);
    };
    for (area, counts) in &areas {
        row(area, counts);
    }
    if areas.len() > 1 {
        row("all", &total);
    }
    for column in 1..=columns.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n", table.trim_fmt())
}

/// One line under the heading and nothing else.
pub(crate) fn lines(style: Style) -> TableStyle {
    let fill = if style.unicode { '─' } else { '-' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill).junction(fill))
}

type Column = (&'static str, fn(&Counts) -> usize);

const COLUMNS: &[Column] = &[
    ("cases", |c| c.cases),
    ("passed", |c| c.passed),
    ("failed", |c| c.failed),
    ("inconclusive", |c| c.inconclusive),
    ("warned", |c| c.warned),
    ("skipped", |c| c.skipped),
    ("changed", |c| c.changed - c.informed),
    ("new", |c| c.new),
    ("stale", |c| c.stale),
];

/// Everything on one line, and how to play a case again.
fn summary(report: &Report<'_>, style: Style) -> String {
    let counts = report.counts();
    let mut verdicts: Vec<String> = Vec::new();
    let mut add = |number: usize, text: String| {
        if number > 0 {
            verdicts.push(text);
        }
    };
    add(
        counts.passed,
        style.good(&format!("{} passed", counts.passed)),
    );
    let failed = match counts.accepted {
        0 => format!("{} failed", counts.failed),
        n => format!("{} failed ({n} accepted)", counts.failed),
    };
    add(counts.failed, style.bad(&failed));
    add(
        counts.inconclusive,
        style.doubtful(&format!("{} inconclusive", counts.inconclusive)),
    );
    add(
        counts.warned,
        style.doubtful(&format!("{} warned", counts.warned)),
    );
    add(counts.skipped, format!("{} skipped", counts.skipped));
    add(
        report.not_played,
        format!("{} not played", report.not_played),
    );
    let mut parts = vec![if verdicts.is_empty() {
        "no case".to_owned()
    } else {
        format!("{}: {}", count(counts.cases, "case"), verdicts.join(", "))
    }];
    let snapshots: Vec<String> = [
        (counts.changed - counts.informed, "changed"),
        (counts.new, "new"),
        (counts.stale, "stale"),
        (counts.pending, "pending"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    if !snapshots.is_empty() {
        parts.push(format!("snapshots: {}", snapshots.join(", ")));
    }
    let simulated = report.virtual_time();
    parts.push(if simulated.is_zero() {
        span(report.wall)
    } else {
        format!(
            "{} ({} of virtual time)",
            span(report.wall),
            span(simulated)
        )
    });
    parts.push(report.target.name.clone());
    let mut out = format!("{}\n", parts.join(&format!(" {} ", style.dot())));
    if report.interrupted {
        out.push_str(&style.doubtful("interrupted: this is what was done so far"));
        out.push('\n');
    }
    if let Some(case) = report
        .cases
        .iter()
        .find(|case| case.outcome.is_unexpected_verdict())
    {
        out.push_str(&format!(
            "again: mqtt-check run {} --filter '{}' --seed {}\n",
            report.replay, case.result.id, report.seed
        ));
    }
    out
}
