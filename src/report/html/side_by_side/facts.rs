//! What each broker offers, and what it chooses where the standard leaves it open.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{Column, table};

pub(super) fn offers(columns: &[Column<'_>]) -> Markup {
    let names: BTreeSet<&String> = columns
        .iter()
        .flat_map(|c| c.document.target.capabilities.keys())
        .collect();
    html! {
        section id="offers" aria-labelledby="offers-title" {
            h2 id="offers-title" { "What the brokers offer" }
            @if names.is_empty() {
                p class="quiet" { "Nothing is known about it." }
            } @else {
                (table("offers", "Capability", columns, html! {
                    tbody {
                        @for name in names {
                            tr {
                                th scope="row" { (name.replace('_', " ")) }
                                @for column in columns {
                                    @match column.document.target.capabilities.get(name) {
                                        Some(known) if known.available => td class="verdict passed" { "yes" },
                                        Some(known) => td class="verdict" title=[known.why.as_ref()] { "no" },
                                        None => td class="nothing" { "–" },
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

/// The answers to a choice: for each column, every answer that a case saw.
type Answers<'a> = BTreeMap<String, Vec<BTreeSet<&'a str>>>;

pub(super) fn choices(columns: &[Column<'_>]) -> Markup {
    let mut answers: Answers<'_> = BTreeMap::new();
    for (index, column) in columns.iter().enumerate() {
        for choice in column.document.cases.iter().flat_map(|case| &case.choices) {
            let row = answers
                .entry(choice.about())
                .or_insert_with(|| vec![BTreeSet::new(); columns.len()]);
            row[index].insert(&choice.answer);
        }
    }
    let (same, apart): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, row)| are_alike(row));
    html! {
        section id="choices" aria-labelledby="choices-title" {
            h2 id="choices-title" { "What the brokers choose" }
            p class="quiet" { "The standard leaves these open, so every answer is right." }
            @if !apart.is_empty() { (answered(&apart, columns)) }
            @if !same.is_empty() {
                details {
                    summary { "Where they choose the same, or only one was asked: " (same.len()) }
                    (answered(&same, columns))
                }
            }
        }
    }
}

/// Returns whether all brokers that were asked give the same answers.
fn are_alike(row: &[BTreeSet<&str>]) -> bool {
    let mut given = row.iter().filter(|answers| !answers.is_empty());
    let first = given.next();
    given.all(|answers| Some(answers) == first)
}

fn answered(rows: &[(&String, &Vec<BTreeSet<&str>>)], columns: &[Column<'_>]) -> Markup {
    table(
        "choices",
        "Choice",
        columns,
        html! {
            tbody {
                @for (about, row) in rows {
                    tr {
                        th scope="row" { (about) }
                        @for answers in row.iter() {
                            @if answers.is_empty() {
                                td class="nothing" { "–" }
                            } @else {
                                td { (answers.iter().map(|a| a.replace('_', " ")).collect::<Vec<_>>().join("; ")) }
                            }
                        }
                    }
                }
            }
        },
    )
}
