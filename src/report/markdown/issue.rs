//! One case as text for an issue tracker.

use super::text::{block, code, inline};
use crate::report::document::{Case, Clause, Document, Finding, FindingKind, Verdict};
use crate::report::excerpt::{self, Around, Canvas};
use crate::report::{headline, style};

/// The largest number of findings that are shown with their packets.
const FINDINGS: usize = 3;

/// Renders the case: what the broker does, the clauses that it breaks, the packets, and how to reproduce it.
pub(in crate::report) fn text(document: &Document, case: &Case) -> String {
    let mut out = format!("### {}\n\n", inline(&case.title));
    out.push_str(&format!(
        "Broker: {}, MQTT {}. Case: {}.\n",
        inline(&headline::broker(document)),
        case.version,
        code(&case.id)
    ));
    if let Some(reason) = &case.reason {
        out.push_str(&format!("{}: {}\n", capital(case.verdict), inline(reason)));
    }
    let violations = case.findings.iter();
    let violations: Vec<&Finding> = violations
        .filter(|finding| finding.kind == FindingKind::Violation)
        .collect();
    for finding in violations.iter().take(FINDINGS) {
        out.push('\n');
        out.push_str(&one(case, finding));
    }
    if violations.len() > FINDINGS {
        let more = style::count(violations.len() - FINDINGS, "more finding");
        out.push_str(&format!("\nAnd {more}.\n"));
    }
    out.push_str(&format!(
        "\nSeen with {} {}:\n\n{}",
        document.tool.name,
        document.tool.version,
        block(&again(document, case))
    ));
    out
}

/// Renders a finding with the packets around it.
pub(super) fn one(case: &Case, finding: &Finding) -> String {
    let mut out = String::new();
    for clause in &finding.clauses {
        out.push_str(&format!("- {}\n", cited(clause)));
    }
    out.push_str(&format!(
        "- level: {}\n- expected: {}\n- received: {}\n",
        finding.level.as_str().to_uppercase(),
        inline(&style::alternatives(&finding.expected)),
        inline(&finding.actual)
    ));
    if let Some(note) = &finding.note {
        out.push_str(&format!("- note: {}\n", inline(note)));
    }
    let packets = case
        .play
        .as_ref()
        .map(|play| excerpt::excerpt(play, finding, Around::WIDE, Canvas::FILE));
    if let Some(packets) = packets.filter(|packets| !packets.is_empty()) {
        out.push('\n');
        out.push_str(&block(&packets));
    }
    out
}

/// Formats a statement: `MQTT 5, MQTT-3.1.4-3 (section 3.1.4): its summary`.
pub(in crate::report) fn cited(clause: &Clause) -> String {
    let mut out = match &clause.document {
        Some(document) => format!("MQTT {document}, {}", clause.id),
        None => clause.id.clone(),
    };
    if let (Some(section), Some(_)) = (&clause.section, &clause.document) {
        out.push_str(&format!(" (section {section})"));
    }
    match &clause.summary {
        Some(summary) => format!("{out}: {}", inline(summary)),
        None => out,
    }
}

/// The command that plays the case again.
pub(in crate::report) fn again(document: &Document, case: &Case) -> String {
    let run = &document.run;
    format!(
        "mqtt-check run {} --filter '{}' --seed {}",
        run.again,
        case.id.replace('\'', r"'\''"),
        run.options.seed
    )
}

fn capital(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "Passed",
        Verdict::Failed => "Failed",
        Verdict::Warned => "Warned",
        Verdict::Skipped => "Skipped",
        Verdict::Inconclusive => "Inconclusive",
    }
}
