//! Facts that are neither for nor against the broker: counted on one line, or listed with `--verbose`.

use super::Options;
use crate::report::document::{Alone, Case, Crowd, Document, FindingKind, Level, Verdict};
use crate::report::style::{Style, count};
use crate::verdict::Measure;

/// From this number on, cases are only counted.
const SHOWN: usize = 6;

/// Renders all facts, one list per kind.
pub(super) fn all(document: &Document, style: Style) -> Vec<String> {
    vec![
        choices(document),
        measurements(document),
        library_facts(document),
        recorded(document, style),
        played_again(document),
        informed(document),
        skips(document),
        not_observable(document),
    ]
}

/// Renders the number of facts of each kind.
pub(super) fn in_brief(document: &Document, options: Options) -> String {
    let findings = || document.cases.iter().flat_map(|case| &case.findings);
    let unjudged = |f: &&_| is_unjudged(f);
    let mut parts: Vec<String> = Vec::new();
    let mut add = |number: usize, (one, many): (&str, &str)| match number {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        n => parts.push(format!("{n} {many}")),
    };
    let mut answers: Vec<(String, &str)> = answers(document).collect();
    answers.sort_unstable();
    answers.dedup();
    add(
        answers.len(),
        ("choice of the broker", "choices of the broker"),
    );
    add(
        document.cases.iter().map(|c| c.measured.len()).sum(),
        ("measurement", "measurements"),
    );
    let facts = document.cases.iter().map(|c| c.library_facts.len()).sum();
    add(
        facts,
        ("fact on client libraries", "facts on client libraries"),
    );
    add(
        findings().filter(unjudged).count(),
        ("observation not judged", "observations not judged"),
    );
    let reasons = grouped_reasons(document).len();
    add(reasons, ("reason for skips", "reasons for skips"));
    let hidden = findings()
        .filter(|f| f.kind == FindingKind::NotObservable)
        .count();
    add(hidden, ("step not observable", "steps not observable"));
    if parts.is_empty() {
        return String::new();
    }
    let text = format!("--verbose lists {}.", parts.join(", "));
    let lines = super::wrapped(&text, usize::from(options.width));
    format!("{}\n", lines.join("\n"))
}

fn answers(document: &Document) -> impl Iterator<Item = (String, &str)> {
    let choices = document.cases.iter().flat_map(|case| &case.choices);
    choices.map(|choice| (choice.about(), choice.answer.as_str()))
}

/// What the broker chooses where the standard leaves a choice open, as sentences.
fn choices(document: &Document) -> String {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (about, answer) in answers(document) {
        add(&mut found, format!("{about}: {}", answer.replace('_', " ")));
    }
    if found.is_empty() {
        return String::new();
    }
    let mut out = String::from("What the standard leaves open, and what this broker chooses:\n");
    for (answer, cases) in found {
        out.push_str(&format!("  {answer} ({})\n", count(cases, "case")));
    }
    out
}

/// The smallest and the largest value of each kind of measurement.
fn measurements(document: &Document) -> String {
    let measured = || document.cases.iter().flat_map(|case| &case.measured);
    let mut out = String::new();
    for kind in Measure::ALL {
        let of_kind = measured().filter(|measured| measured.name == kind.name());
        let values: Vec<f64> = of_kind.map(|measured| measured.value).collect();
        if values.is_empty() {
            continue;
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(0.0, f64::max);
        let (before, after) = kind.sentence();
        let (least, greatest) = (format!("{least:.2}"), format!("{greatest:.2}"));
        let range = match least == greatest {
            true => least,
            false => format!("{least} to {greatest}"),
        };
        out.push_str(&format!(
            "  {before} {range} {after} ({})\n",
            count(values.len(), "measurement")
        ));
    }
    match out.is_empty() {
        true => out,
        false => format!("Measured:\n{out}"),
    }
}

fn library_facts(document: &Document) -> String {
    let mut facts: Vec<(String, usize)> = Vec::new();
    for fact in document.cases.iter().flat_map(|case| &case.library_facts) {
        add(&mut facts, fact.clone());
    }
    if facts.is_empty() {
        return String::new();
    }
    let mut out = String::from("What client libraries did by themselves:\n");
    for (fact, cases) in facts {
        out.push_str(&format!("  {fact} ({})\n", count(cases, "case")));
    }
    out
}

fn is_unjudged(finding: &crate::report::document::Finding) -> bool {
    finding.kind == FindingKind::Violation && matches!(finding.level, Level::May | Level::Disputed)
}

/// Findings at a level that judges nothing.
fn recorded(document: &Document, style: Style) -> String {
    let mut out = String::new();
    for case in &document.cases {
        for finding in case.findings.iter().filter(|f| is_unjudged(f)) {
            out.push_str(&format!(
                "  {} {}: {} {} {}\n",
                case.id,
                style.faint(finding.level.as_str()),
                finding.label,
                style.separator(),
                finding.actual
            ));
        }
    }
    match out.is_empty() {
        true => out,
        false => format!("Recorded, not judged:\n{out}"),
    }
}

/// The cases that were played again because this machine was too slow or the broker did not serve.
fn played_again(document: &Document) -> String {
    let seen = document.run.responsiveness.as_ref();
    let why = match seen.is_some_and(|seen| !seen.outages.is_empty()) {
        true => "the broker did not serve, or this machine was too slow, at first",
        false => "this machine was too slow at first",
    };
    let is_disturbed = |case: &&Case| {
        // A case with late packets was also played once alone.
        let played_alone = case
            .crowd
            .as_ref()
            .is_some_and(|c| c.alone != Alone::NotPlayed);
        case.plays > 1 + usize::from(played_alone)
    };
    match document.cases.iter().filter(is_disturbed).count() {
        0 => String::new(),
        again => format!("Played again because {why}: {}.\n", count(again, "case")),
    }
}

/// Cases that failed because packets were late while others were played, and the results of playing them alone.
pub(super) fn crowd(document: &Document, options: Options) -> String {
    let each = [
        (
            Alone::Passed,
            "The broker was late while other cases were played; played alone, these passed",
        ),
        (
            Alone::FailedAgain,
            "The broker was late while other cases were played; played alone, these failed again",
        ),
        (
            Alone::NotPlayed,
            "The broker was late while other cases were played; no time was left to play these alone, and they failed",
        ),
    ];
    let mut out = String::new();
    for (alone, words) in each {
        let cases = document.cases.iter().filter_map(|case| {
            let crowd = case.crowd.as_ref().filter(|crowd| crowd.alone == alone)?;
            Some((case.id.as_str(), crowd))
        });
        let cases: Vec<(&str, &Crowd)> = cases.collect();
        if cases.is_empty() {
            continue;
        }
        out.push_str(&format!("{words}: {}", count(cases.len(), "case")));
        if options.verbose || cases.len() < SHOWN {
            for (id, crowd) in cases {
                out.push_str(&format!("\n  {id}: {}", crowd.late));
            }
        } else {
            out.push_str("; --verbose lists them");
        }
        out.push('\n');
    }
    out
}

/// Records that differ from the expected ones, on a broker without a baseline.
fn informed(document: &Document) -> String {
    match document.summary.informed {
        0 => String::new(),
        n => format!(
            "{}, which affects the result only with --baseline NAME\n",
            match n {
                1 => "1 record differs from its snapshot".to_owned(),
                n => format!("{n} records differ from their snapshots"),
            }
        ),
    }
}

fn grouped_reasons(document: &Document) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for case in document
        .cases
        .iter()
        .filter(|c| c.verdict == Verdict::Skipped)
    {
        add(&mut reasons, case.reason.clone().unwrap_or_default());
    }
    reasons
}

fn skips(document: &Document) -> String {
    grouped("Skipped:", grouped_reasons(document), "case")
}

fn not_observable(document: &Document) -> String {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let findings = document.cases.iter().flat_map(|case| &case.findings);
    for finding in findings.filter(|f| f.kind == FindingKind::NotObservable) {
        add(&mut reasons, finding.actual.clone());
    }
    grouped("Not observable:", reasons, "step")
}

fn add(groups: &mut Vec<(String, usize)>, key: String) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, number)) => *number += 1,
        None => groups.push((key, 1)),
    }
}

/// Lists reasons with their counts, the most frequent first.
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
