//! The failing cases, for readers without scripts. With scripts, the list of all cases replaces them.

use maud::{Markup, html};

use super::{causes, verdict};
use crate::report::case::in_brief;
use crate::report::document::{Case, Document, Finding, FindingKind};
use crate::report::excerpt::{self, Around, Canvas};
use crate::report::style::{alternatives, grouped};

/// The largest number of cases that are shown in full, unexpected ones first. The others take one line each, so that a
/// page with 10,000 failures still opens at once.
const IN_FULL: usize = 300;

pub(super) fn cases(document: &Document) -> Markup {
    let mut failing: Vec<&Case> = document
        .cases
        .iter()
        .filter(|case| is_shown(case))
        .collect();
    failing.sort_by_key(|case| (case.outcome.as_expected, case.outcome.accepted));
    let (in_full, on_a_line) = failing.split_at(failing.len().min(IN_FULL));
    html! {
        div id="failing" {
            @if failing.is_empty() {
                p class="quiet" { "No case failed. The list of all cases needs JavaScript, which is disabled here." }
            } @else {
                p class="quiet" { "The failed cases. The list of all cases needs JavaScript, which is disabled here." }
            }
            @for case in in_full { (one(case)) }
            @if !on_a_line.is_empty() {
                p class="quiet" { (grouped(on_a_line.len())) " more, without their packets:" }
                ul class="brief" {
                    @for case in on_a_line {
                        li id=(case.id) {
                            (verdict(case.verdict, case.outcome.accepted)) " " code { (case.id) } " " (in_brief(case))
                        }
                    }
                }
            }
        }
    }
}

fn is_shown(case: &Case) -> bool {
    !case.holds() || !case.outcome.as_expected
}

fn one(case: &Case) -> Markup {
    html! {
        details class="failing" id=(case.id) {
            summary {
                (verdict(case.verdict, case.outcome.accepted)) " "
                code { (case.id) } " "
                span class="what" { (in_brief(case)) }
            }
            div class="inside" {
                p { (case.title) }
                @if let Some(reason) = &case.reason { p { (reason) } }
                @for finding in case.findings.iter().filter(|f| f.kind == FindingKind::Violation) {
                    (one_finding(case, finding))
                }
            }
        }
    }
}

fn one_finding(case: &Case, finding: &Finding) -> Markup {
    html! {
        (causes::clauses(&finding.clauses))
        dl class="compared" {
            div { dt { "level" } dd { (finding.level.as_str().to_uppercase()) } }
            div { dt { "expected" } dd { (alternatives(&finding.expected)) } }
            div { dt { "received" } dd { (finding.actual) } }
            @if let Some(note) = &finding.note { div { dt { "note" } dd { (note) } } }
            @if let Some(line) = finding.line {
                div { dt { "step" } dd { code { (finding.file) ":" (line) } " " code { (finding.label) } } }
            }
        }
        (packets(case, finding))
    }
}

/// The packets around a finding, as on the terminal.
pub(super) fn packets(case: &Case, finding: &Finding) -> Markup {
    let play = case.play.as_ref();
    let text = play.map(|play| excerpt::excerpt(play, finding, Around::NARROW, Canvas::FILE));
    html! {
        @if let Some(text) = text.filter(|text| !text.is_empty()) {
            pre class="packets" tabindex="0" { (text.trim_end()) }
        }
    }
}

/// A link to a case on this page.
pub(super) fn link(id: &str) -> Markup {
    html! { a class="case" href=(format!("#{}", fragment(id))) { (id) } }
}

/// Encodes a text as the fragment of a URL.
fn fragment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'@'
            | b',' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
