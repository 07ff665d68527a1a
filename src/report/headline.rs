//! The result of a run in one sentence, which is the same in every human-readable report.

use super::document::Document;
use super::style::{count, grouped};

/// The broker's name, with its version if the version adds something.
pub(super) fn broker(document: &Document) -> String {
    let target = &document.target;
    match &target.version {
        Some(version)
            if version
                .to_lowercase()
                .starts_with(&target.name.to_lowercase()) =>
        {
            version.clone()
        }
        Some(version) => format!("{} ({version})", target.name),
        None => target.name.clone(),
    }
}

/// Whether the run is as expected, and if not, why.
pub(super) fn sentence(document: &Document) -> String {
    let summary = &document.summary;
    let run = &document.run;
    if summary.unexpected > 0 {
        let are = if summary.unexpected == 1 { "is" } else { "are" };
        return format!(
            "{} of {} {are} not as expected.",
            grouped(summary.unexpected),
            cases(summary.cases)
        );
    }
    if let Some(early) = &run.ended_early {
        return format!("The run ended early: {}.", early.why.trim_end_matches('.'));
    }
    if run.interrupted {
        return "The run was interrupted; these are the results so far.".to_owned();
    }
    if summary.cases == summary.skipped {
        return "No case was judged.".to_owned();
    }
    if run.exit != 0 {
        return "Every case is as expected, but the run failed: see “About the run”.".to_owned();
    }
    if summary.flaky > 0 {
        return format!(
            "Every case is as expected in the end, {} only when played again.",
            grouped(summary.flaky)
        );
    }
    match summary.accepted {
        0 => "Every case is as expected.".to_owned(),
        accepted => format!(
            "Every case is as expected: {} for this broker.",
            match accepted {
                1 => "1 failure is accepted".to_owned(),
                n => format!("{} failures are accepted", grouped(n)),
            }
        ),
    }
}

/// A number of cases: `3,081 cases`.
pub(super) fn cases(number: usize) -> String {
    match number {
        0..1000 => count(number, "case"),
        _ => format!("{} cases", grouped(number)),
    }
}
