//! The flaky cases.

use maud::{Markup, html};

use super::failing;
use crate::report::document::Document;
use crate::report::flaky::{cases, in_words};
use crate::report::style::grouped;

/// The largest number of cases that are listed. The JSON report has all of them.
const LISTED: usize = 300;

pub(super) fn section(document: &Document) -> Markup {
    let all: Vec<_> = cases(document).collect();
    html! {
        @if !all.is_empty() {
            section id="flaky" aria-labelledby="flaky-title" {
                h2 id="flaky-title" { "Flaky" }
                p class="quiet" { "These cases were not as expected at first, but were when played again." }
                ul class="brief" {
                    @for case in all.iter().take(LISTED) {
                        li { (failing::link(&case.id)) " " (in_words(case)) }
                    }
                }
                @if all.len() > LISTED {
                    p class="quiet" { (grouped(all.len() - LISTED)) " more" }
                }
            }
        }
    }
}
