//! Flaky cases: they were not as expected at first, and were when played again. Every report lists them.

use super::case::{findings, in_brief};
use super::document::{Case, Document};
use super::excerpt::Canvas;
use super::style::{Style, count};

/// The largest number of cases that the terminal shows in full.
const IN_FULL: usize = 3;

/// All flaky cases.
pub(super) fn cases(document: &Document) -> impl Iterator<Item = &Case> {
    document.cases.iter().filter(|case| case.is_flaky())
}

/// In how many plays the case was not as expected, and what was received in them.
pub(super) fn in_words(case: &Case) -> String {
    let failed = case.attempts.len();
    let mut texts: Vec<String> = Vec::new();
    for attempt in &case.attempts {
        let what = in_brief(&case.at(attempt));
        if !texts.contains(&what) {
            texts.push(what);
        }
    }
    let plays = failed + 1;
    format!(
        "not as expected in {failed} of {plays} plays: {}",
        texts.join("; ")
    )
}

/// Why the run fails, if a flaky case makes it fail.
pub(super) fn failure(document: &Document) -> Option<String> {
    let number = document.summary.flaky;
    let are = if number == 1 { "is" } else { "are" };
    document
        .fails_by_flaky()
        .then(|| format!("{} {are} flaky (--fail-flaky)", count(number, "case")))
}

/// The part of the terminal's text on flaky cases.
pub(super) fn render(document: &Document, verbose: bool, canvas: Canvas) -> String {
    let style: Style = canvas.style;
    let mut out = String::new();
    let is_short = cases(document).count() <= IN_FULL;
    for case in cases(document) {
        out.push_str(&format!(
            "{} {}\n  {}\n",
            style.doubtful("FLAKY"),
            style.strong(&case.id),
            in_words(case)
        ));
        if !(verbose || is_short) {
            continue;
        }
        let first = case.attempts.first().map(|attempt| case.at(attempt));
        let text = first.map_or_else(String::new, |case| findings(&case, canvas));
        // Skips the line with the verdict.
        for line in text.lines().skip(1) {
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}
