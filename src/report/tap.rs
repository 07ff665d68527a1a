//! The Test Anything Protocol, version 14: one test point per case, with its findings as a YAML block below it.

use mqtt_check_codec::describe::visible;

use super::document::{Case, Document, Verdict};
use super::style::alternatives;
use super::{case, flaky, other_failures};

/// Renders the document as TAP.
pub(super) fn render(document: &Document) -> String {
    let mut points: Vec<String> = document.cases.iter().map(of_case).collect();
    points.extend(not_played(document));
    points.extend(run_failures(document));
    let mut out = format!("TAP version 14\n1..{}\n", points.len());
    for (index, point) in points.iter().enumerate() {
        // The number belongs between `ok` and the description.
        out.push_str(&point.replacen(" - ", &format!(" {} - ", index + 1), 1));
    }
    visible(&out)
}

fn of_case(case: &Case) -> String {
    let name = format!("{}: {}", case.id, case.title);
    let reason = case.reason.as_deref().unwrap_or_default();
    let outcome = &case.outcome;
    let is_unexpected = outcome.is_unexpected_verdict() || outcome.is_unexpected_record();
    match case.verdict {
        Verdict::Skipped => point(true, &name, Some(("SKIP", reason))),
        _ if is_unexpected => point(false, &name, None) + &details(case),
        Verdict::Failed | Verdict::Inconclusive if outcome.accepted => {
            let why = format!("accepted by {}", outcome.accepted_by.join(", "));
            point(false, &name, Some(("TODO", &why))) + &details(case)
        }
        Verdict::Inconclusive => point(false, &name, None) + &details(case),
        Verdict::Warned if !case.is_flaky() => point(true, &name, None) + &details(case),
        _ if case.is_flaky() => {
            let flaky = format!("{name} (flaky: {})", flaky::in_words(case));
            point(true, &flaky, None)
        }
        Verdict::Passed | Verdict::Failed | Verdict::Warned => point(true, &name, None),
    }
}

fn not_played(document: &Document) -> Vec<String> {
    let early = document.run.ended_early.iter();
    let ids = early.flat_map(|early| early.not_played.iter().map(|id| (id, &early.why)));
    ids.map(|(id, why)| point(true, id, Some(("SKIP", &format!("not played: {why}")))))
        .collect()
}

/// The failures of the run that belong to no case.
fn run_failures(document: &Document) -> Vec<String> {
    let problems = document.run.problems.iter().cloned();
    problems
        .chain(other_failures::lines(document, false))
        .map(|line| point(false, &line, None))
        .collect()
}

/// A test point without its number, with a directive such as SKIP or TODO.
fn point(is_ok: bool, name: &str, directive: Option<(&str, &str)>) -> String {
    let ok = if is_ok { "ok" } else { "not ok" };
    let directive = directive.map_or_else(String::new, |(word, why)| {
        format!(" # {word} {}", on_one_line(why))
    });
    format!("{ok} - {}{}\n", escaped(name), directive.trim_end())
}

/// A description, with every `#` escaped, since it would begin a directive.
fn escaped(text: &str) -> String {
    on_one_line(text).replace('\\', r"\\").replace('#', r"\#")
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The worst finding as a YAML block. Its strings are quoted as in JSON.
fn details(case: &Case) -> String {
    let mut rows = vec![("verdict", case.verdict.as_str().to_owned())];
    if let Some(finding) = case::worst(case) {
        let clauses: Vec<&str> = finding.clauses.iter().map(|c| c.id.as_str()).collect();
        rows.push(("level", finding.level.as_str().to_owned()));
        rows.push(("clauses", clauses.join(", ")));
        rows.push(("expected", alternatives(&finding.expected)));
        rows.push(("received", finding.actual.clone()));
        let line = finding.line.map(|line| format!("{}:{line}", finding.file));
        rows.extend(line.map(|place| ("at", place)));
    }
    rows.extend(case.reason.clone().map(|reason| ("reason", reason)));
    if let Some(snapshot) = &case.snapshot {
        rows.push(("record", snapshot.state.as_str().to_owned()));
    }
    let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
    let lines = rows.map(|(name, text)| format!("  {name}: {}\n", serde_json::Value::from(text)));
    format!("  ---\n{}  ...\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_a_directive() {
        assert_eq!(
            point(true, "a # TODO\nb \\", None),
            "ok - a \\# TODO b \\\\\n"
        );
        assert_eq!(
            point(true, "a", Some(("SKIP", "needs\nkick"))),
            "ok - a # SKIP needs kick\n"
        );
    }
}
