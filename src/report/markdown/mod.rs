//! The report as Markdown for pull requests and job summaries.

pub(super) mod issue;
pub(super) mod text;

use mqtt_check_codec::describe::visible;

use super::conduct::conduct;
use super::document::{Case, Cause, Chapter, Conformance, Document};
use super::flaky::{cases as flaky_cases, failure, in_words};
use super::names::compressed;
use super::style::{self, grouped};
use super::{case, headline, profile};
use text::{code, inline};

pub(super) use issue::{again, text as for_a_tracker};

/// The largest numbers of causes that are shown with packets, and of cases that are listed. Services truncate long
/// summaries.
const CAUSES: usize = 20;
const CASES: usize = 500;

/// Renders the document as Markdown.
pub(super) fn render(document: &Document) -> String {
    let parts = [
        format!(
            "# {}\n\n**{}**\n",
            inline(&headline::broker(document)),
            inline(&headline::sentence(document))
        ),
        counts(document),
        problems(document),
        causes(document),
        flaky(document),
        conformance(document),
        cases(document),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    visible(&parts.collect::<Vec<_>>().join("\n"))
}

fn counts(document: &Document) -> String {
    let summary = &document.summary;
    let rows = [
        ("passed", summary.passed),
        (
            "failed",
            summary.failed - summary.accepted.min(summary.failed),
        ),
        ("failed, accepted", summary.accepted),
        ("warned", summary.warned),
        ("inconclusive", summary.inconclusive),
        ("flaky", summary.flaky),
        ("skipped", summary.skipped),
        ("not played", summary.not_played),
        ("snapshots changed", summary.changed - summary.informed),
        ("snapshots new", summary.new),
        ("snapshots or entries stale", summary.stale),
    ];
    let mut out = String::from("| | |\n|---|---:|\n");
    for (name, number) in rows.into_iter().filter(|(_, number)| *number > 0) {
        out.push_str(&format!("| {name} | {} |\n", grouped(number)));
    }
    out
}

/// What went wrong apart from the cases.
fn problems(document: &Document) -> String {
    let mut lines: Vec<String> = document.run.problems.clone();
    let early = document.run.ended_early.iter();
    lines.extend(early.map(|early| format!("ended early: {}", early.why)));
    let stale = document.stale.iter();
    lines.extend(stale.map(|stale| format!("stale: {}: {}", stale.place, stale.why)));
    if let Some(found) = document.profile.as_ref().filter(|profile| profile.fails) {
        match found.exists {
            true => lines.extend(
                found
                    .changes
                    .iter()
                    .map(|change| profile::line(change, false)),
            ),
            false => lines.push(profile::missing(found)),
        }
    }
    lines.extend(failure(document));
    lines
        .iter()
        .map(|line| format!("- {}\n", inline(line)))
        .collect()
}

fn causes(document: &Document) -> String {
    if document.causes.is_empty() {
        return String::new();
    }
    let mut out = String::from("## Causes, worst first\n");
    for (index, cause) in document.causes.iter().enumerate() {
        out.push_str(&format!("\n{}", cause_text(document, index, cause)));
    }
    out
}

fn cause_text(document: &Document, index: usize, cause: &Cause) -> String {
    let level = cause.level.as_str().to_uppercase();
    let accepted = if cause.accepted { ", accepted" } else { "" };
    let heading = format!("{}. {level}, {}{accepted}: ", index + 1, cause.rank);
    let mut out = format!("### {heading}{}\n\n", inline(&conduct(cause)));
    for clause in &cause.clauses {
        out.push_str(&format!("- {}\n", issue::cited(clause)));
    }
    for folded in &cause.follows {
        let cases = style::count(folded.cases.len(), "case");
        let line = format!("- follows in {cases}, because {}\n", folded.because);
        out.push_str(&line);
    }
    match document.example(cause) {
        Some((case, finding)) if index < CAUSES && !cause.accepted => {
            let summary = format!("The packets of {}", case.id);
            let summary = summary.replace('&', "&amp;").replace('<', "&lt;");
            let packets = issue::one(case, finding);
            out.push_str(&format!(
                "\n<details><summary>{summary}</summary>\n\n{packets}\n</details>\n\n"
            ));
        }
        _ => out.push_str(&format!(
            "- expected: {}\n",
            inline(&style::alternatives(&cause.expected))
        )),
    }
    let cases = cause.cases.iter().chain(&cause.likely);
    let names = compressed(cases.map(String::as_str));
    out.push_str(&format!("Cases: {}\n", list(&names)));
    out
}

/// The cases that were as expected only when they were played again.
fn flaky(document: &Document) -> String {
    let all: Vec<&Case> = flaky_cases(document).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("## Flaky\n\n| case | what happened |\n|---|---|\n");
    for case in all.iter().take(CASES) {
        out.push_str(&format!(
            "| {} | {} |\n",
            code(&case.id),
            inline(&in_words(case))
        ));
    }
    if all.len() > CASES {
        out.push_str(&format!("\nAnd {} more.\n", grouped(all.len() - CASES)));
    }
    out
}

fn list(names: &[String]) -> String {
    let named: Vec<String> = names.iter().map(|name| code(name)).collect();
    named.join(", ")
}

fn conformance(document: &Document) -> String {
    let mut out = String::new();
    for part in &document.conformance {
        let (kept, rows) = chapters(part);
        out.push_str(&format!(
            "\nMQTT {}: {} hold in chapters without a violation.\n",
            part.document,
            style::count(kept, "statement")
        ));
        if !rows.is_empty() {
            out.push_str("\n| chapter | hold | violated | not exercised |\n|---|---:|---|---:|\n");
            out.push_str(&rows);
        }
    }
    match out.is_empty() {
        true => out,
        false => format!("## Conformance\n{out}"),
    }
}

/// Returns the number of statements that hold in chapters without a violation, and one row for each other chapter.
fn chapters(part: &Conformance) -> (usize, String) {
    let of = |chapter: &Chapter| {
        let must = chapter.violated_must.iter().map(String::clone);
        let should = chapter.violated_should.iter();
        let ids: Vec<String> = must
            .chain(should.map(|id| format!("{id} (SHOULD)")))
            .collect();
        format!(
            "| {} {} | {} | {} | {} |\n",
            chapter.number,
            inline(&chapter.title),
            chapter.hold,
            ids.join(", "),
            chapter.not_exercised
        )
    };
    let whole = part
        .chapters
        .iter()
        .filter(|chapter| chapter.violated() == 0);
    let broken = part
        .chapters
        .iter()
        .filter(|chapter| chapter.violated() > 0);
    (
        whole.map(|chapter| chapter.hold).sum(),
        broken.map(of).collect(),
    )
}

/// The cases that are not as expected. Accepted failures are left out, since the causes cover them.
fn cases(document: &Document) -> String {
    let all: Vec<&Case> = document
        .cases
        .iter()
        .filter(|c| !c.outcome.as_expected)
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "## Cases that are not as expected\n\n| case | verdict | what was received |\n|---|---|---|\n",
    );
    for case in all.iter().take(CASES) {
        out.push_str(&format!(
            "| {} | {} | {} |\n",
            code(&case.id),
            case.verdict.as_str(),
            inline(&case::in_brief(case))
        ));
    }
    if all.len() > CASES {
        out.push_str(&format!("\nAnd {} more.\n", grouped(all.len() - CASES)));
    }
    out
}
