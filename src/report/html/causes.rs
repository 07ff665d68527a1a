//! The causes, the worst first.

use maud::{Markup, html};

use super::failing;
use crate::report::conduct::conduct;
use crate::report::document::{Cause, Clause, Document};
use crate::report::style::{alternatives, count, grouped};

/// The number of causes that are expanded from the start.
const OPEN: usize = 1;
/// The largest number of cases of a cause that are listed without expanding.
const LISTED: usize = 12;

pub(super) fn section(document: &Document) -> Markup {
    let (accepted, open): (Vec<&Cause>, Vec<&Cause>) =
        document.causes.iter().partition(|cause| cause.accepted);
    html! {
        section id="causes" aria-labelledby="causes-title" {
            h2 id="causes-title" { "Causes" }
            @if document.causes.is_empty() {
                p class="quiet" { "No violation was found." }
            } @else {
                p class="quiet" {
                    "One defect often fails many cases. Findings that violate the same clause in the same way are one cause. The worst cause is first."
                }
            }
            ol class="causes" {
                @for (index, cause) in open.iter().enumerate() {
                    (one(document, cause, index < OPEN))
                }
            }
            @if !accepted.is_empty() {
                details class="accepted" open[open.is_empty()] {
                    summary { (count(accepted.len(), "accepted deviation")) }
                    ol class="causes" start=(open.len() + 1) {
                        @for cause in accepted { (one(document, cause, false)) }
                    }
                }
            }
        }
    }
}

fn one(document: &Document, cause: &Cause, is_open: bool) -> Markup {
    let cases = cause.cases.len() + cause.likely.len();
    let level = cause.level.as_str();
    html! {
        li class=(format!("cause {level}")) {
            details open[is_open] {
                summary {
                    span class=(format!("level {level}")) { (level.to_uppercase()) }
                    span class="rank" { (cause.rank) }
                    (what(cause))
                    span class="many" { (grouped(cases)) @if cases == 1 { " case" } @else { " cases" } }
                }
                div class="inside" {
                    (clauses(&cause.clauses))
                    dl class="compared" {
                        div { dt { "expected" } dd { (alternatives(&cause.expected)) } }
                        div { dt { "received" } dd { (cause.actual) } }
                        @if let Some(place) = &cause.accepted_by {
                            div { dt { "accepted" } dd { code { (place) } } }
                        }
                    }
                    (example(document, cause))
                    (follows(cause))
                    (names("Shown by", &cause.cases))
                    (names("Probably also in", &cause.likely))
                }
            }
        }
    }
}

/// The rule that is broken, if it has a summary, and what the broker did.
fn what(cause: &Cause) -> Markup {
    let rule = cause.clauses.iter().find_map(|c| c.summary.as_deref());
    html! {
        span class="what" {
            @if let Some(rule) = rule { span class="rule" { (rule) } }
            span class="did" { (conduct(cause)) }
        }
    }
}

/// The cited statements, with their summaries.
pub(super) fn clauses(clauses: &[Clause]) -> Markup {
    html! {
        @if !clauses.is_empty() {
            ul class="clauses" {
                @for clause in clauses {
                    li {
                        span class="clause" {
                            @if let Some(document) = &clause.document { "MQTT " (document) " " }
                            code data-clause=(clause.id) { (clause.id) }
                        }
                        @if let Some(summary) = &clause.summary { " " (summary) }
                        @if let (Some(section), Some(_)) = (&clause.section, &clause.document) {
                            span class="quiet" { " section " (section) }
                        }
                    }
                }
            }
        }
    }
}

fn example(document: &Document, cause: &Cause) -> Markup {
    html! {
        @if let Some((case, finding)) = document.example(cause) {
            p class="example" {
                "Example: " (failing::link(&case.id))
                @if let Some(line) = finding.line {
                    " at " code { (finding.file) ":" (line) }
                }
            }
            (failing::packets(case, finding))
        }
    }
}

/// Why other findings are listed under this cause.
fn follows(cause: &Cause) -> Markup {
    html! {
        @if !cause.follows.is_empty() {
            ul class="follows" {
                @for folded in &cause.follows {
                    li {
                        "Findings in " (count(folded.cases.len(), "case"))
                        " follow from it, because " (folded.because) "."
                    }
                }
            }
        }
    }
}

fn names(heading: &str, ids: &[String]) -> Markup {
    let (first, rest) = ids.split_at(ids.len().min(LISTED));
    html! {
        @if !ids.is_empty() {
            div class="names" {
                p class="quiet" { (heading) }
                ul { @for id in first { li { (failing::link(id)) } } }
                @if !rest.is_empty() {
                    details {
                        summary { (grouped(rest.len())) " more" }
                        ul { @for id in rest { li { (failing::link(id)) } } }
                    }
                }
            }
        }
    }
}
