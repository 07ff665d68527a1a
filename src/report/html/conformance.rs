//! Conformance, by chapter of the standards.

use maud::{Markup, html};

use super::masthead::strip;
use crate::report::document::{Chapter, Conformance, Document};
use crate::report::style::grouped;

pub(super) fn section(document: &Document) -> Markup {
    html! {
        section id="conformance" aria-labelledby="conformance-title" {
            h2 id="conformance-title" { "Conformance" }
            @if document.conformance.is_empty() {
                p class="quiet" { "No statement of a document was exercised." }
            }
            div class="documents" {
                @for part in &document.conformance { (one(part)) }
            }
        }
    }
}

fn one(part: &Conformance) -> Markup {
    let all = |number: fn(&Chapter) -> usize| part.chapters.iter().map(number).sum::<usize>();
    let (hold, open) = (all(|c| c.hold), all(|c| c.not_exercised));
    let (must, should) = (
        all(|c| c.violated_must.len()),
        all(|c| c.violated_should.len()),
    );
    html! {
        article class="document" {
            h3 { "MQTT " (part.document) }
            p class="quiet" {
                (grouped(hold)) " statements hold"
                @if must > 0 { ", " span class="must" { (must) " violated" } }
                @if should > 0 { ", " span class="should" { (should) " SHOULD not followed" } }
                @if open > 0 { ", " (open) " not exercised" }
            }
            table {
                thead {
                    tr {
                        th scope="col" { "Chapter" }
                        th scope="col" class="wide" { span class="hidden" { "Share" } }
                        th scope="col" class="number" { "hold" }
                        th scope="col" class="number" { "violated" }
                        th scope="col" class="number" { "open" }
                    }
                }
                tbody { @for chapter in &part.chapters { (row(chapter)) } }
            }
        }
    }
}

fn row(chapter: &Chapter) -> Markup {
    let parts = [
        ("failed", chapter.violated_must.len()),
        ("warned", chapter.violated_should.len()),
        ("passed", chapter.hold),
        ("open", chapter.not_exercised),
    ];
    html! {
        tr class=[(chapter.violated() > 0).then_some("violated")] {
            th scope="row" { span class="chapter" { (chapter.number) " " } (chapter.title) }
            td class="wide" { (strip("share", &parts)) }
            td class="number" { (chapter.hold) }
            td class="number" { (number(chapter.violated())) }
            td class="number" { (number(chapter.not_exercised)) }
        }
        @if chapter.violated() > 0 {
            tr class="ids" {
                td colspan="5" {
                    @for id in &chapter.violated_must { code class="must" data-clause=(id) { (id) } " " }
                    @for id in &chapter.violated_should { code class="should" data-clause=(id) { (id) } " " }
                }
            }
        }
    }
}

/// Formats a number. A dash stands for zero.
fn number(number: usize) -> Markup {
    html! { @match number { 0 => span class="nothing" { "–" }, n => (n) } }
}
