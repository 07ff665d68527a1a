//! Conformance side by side: by chapter, and the statements that a broker violates.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{Column, table};
use crate::report::document::{Chapter, Verdict};
use crate::requirements;

/// The titles of a document's chapters, by their numbers.
type Chapters<'a> = BTreeMap<(Vec<u32>, &'a str), &'a str>;

/// The numbers in the id of a statement or the number of a chapter, which sort as the documents do: 3.2 before 3.10.
fn numbers(text: &str) -> Vec<u32> {
    let parts = text.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

pub(super) fn section(columns: &[Column<'_>]) -> Markup {
    let mut documents: BTreeMap<&str, Chapters<'_>> = BTreeMap::new();
    for column in columns {
        for part in &column.document.conformance {
            let chapters = documents.entry(&part.document).or_default();
            chapters.extend(
                part.chapters
                    .iter()
                    .map(|c| ((numbers(&c.number), c.number.as_str()), c.title.as_str())),
            );
        }
    }
    html! {
        section id="conformance" aria-labelledby="conformance-title" {
            h2 id="conformance-title" { "Conformance" }
            @if documents.is_empty() {
                p class="quiet" { "No statement of a document was exercised." }
            } @else {
                p class="quiet" {
                    "Each cell has the number of statements that the broker violates, and of those that it was tested for."
                }
            }
            @for (document, chapters) in &documents {
                h3 { "MQTT " (document) }
                (table("chapters", "Chapter", columns, html! {
                    tbody {
                        @for ((_, number), title) in chapters {
                            tr {
                                th scope="row" { span class="chapter" { (number) " " } (title) }
                                @for column in columns { (share(of(column, document, number))) }
                            }
                        }
                    }
                }))
                (violated(document, columns))
            }
        }
    }
}

fn of<'a>(column: &'a Column<'_>, document: &str, number: &str) -> Option<&'a Chapter> {
    let part = column
        .document
        .conformance
        .iter()
        .find(|part| part.document == document)?;
    part.chapters
        .iter()
        .find(|chapter| chapter.number == number)
}

fn share(chapter: Option<&Chapter>) -> Markup {
    let Some(chapter) = chapter else {
        return html! { td class="nothing" { "–" } };
    };
    let tested = chapter.hold + chapter.violated();
    let class = match (
        chapter.violated_must.len(),
        chapter.violated_should.len(),
        tested,
    ) {
        (0, 0, 0) => "nothing",
        (0, 0, _) => "verdict passed",
        (0, _, _) => "verdict warned",
        _ => "verdict failed",
    };
    html! {
        td class=(class) {
            @match tested {
                0 => { "–" }
                tested => { (chapter.violated()) span class="quiet" { " of " (tested) } }
            }
        }
    }
}

/// The statements that at least one broker violates.
fn violated(document: &str, columns: &[Column<'_>]) -> Markup {
    let chapters = |column: &Column<'_>| {
        let parts = column
            .document
            .conformance
            .iter()
            .filter(|part| part.document == document);
        parts
            .flat_map(|part| part.chapters.clone())
            .collect::<Vec<_>>()
    };
    let (mut must, mut should, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for column in columns {
        let all = chapters(column);
        let gather = |of: fn(&Chapter) -> &Vec<String>| {
            all.iter()
                .flat_map(|c| of(c).clone())
                .collect::<BTreeSet<_>>()
        };
        must.push(gather(|c| &c.violated_must));
        should.push(gather(|c| &c.violated_should));
        let violated = all
            .iter()
            .flat_map(|c| c.violated_must.iter().chain(&c.violated_should));
        ids.extend(violated.map(|id| (numbers(id), id.clone())));
    }
    let exercised: Vec<BTreeSet<&str>> = columns.iter().map(|c| exercised(document, c)).collect();
    html! {
        @if !ids.is_empty() {
            details class="statements" {
                summary { "Statements that a broker violates: " (ids.len()) }
                (table("statements", "Statement", columns, html! {
                    tbody {
                        @for (_, id) in &ids {
                            tr {
                                th scope="row" {
                                    code { (id) }
                                    @if let Some(found) = requirements::find_in(document, id) { " " (found.summary) }
                                }
                                @for index in 0..columns.len() {
                                    @if must[index].contains(id) {
                                        td class="verdict failed" { "violated" }
                                    } @else if should[index].contains(id) {
                                        td class="verdict warned" { "not followed" }
                                    } @else if exercised[index].contains(id.as_str()) {
                                        td class="verdict passed" { "holds" }
                                    } @else {
                                        td class="nothing" { "–" }
                                    }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// The document that the cases of a version cite.
fn document_of(version: &str) -> &str {
    match version {
        "3.1" => "3.1.1",
        other => other,
    }
}

/// The statements that a case of this document has cited, and held the broker to.
fn exercised<'a>(document: &str, column: &Column<'a>) -> BTreeSet<&'a str> {
    let judged = column.document.cases.iter().filter(|case| {
        document_of(&case.version) == document
            && matches!(
                case.verdict,
                Verdict::Passed | Verdict::Warned | Verdict::Failed
            )
    });
    judged
        .flat_map(|case| &case.clauses)
        .map(String::as_str)
        .collect()
}
