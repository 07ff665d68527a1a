//! The top of the page: the brokers and their results.

use maud::{Markup, html};

use super::super::masthead::{VERDICTS, day, strip};
use super::{Column, cases, table};
use crate::report::headline;
use crate::report::style::{count, grouped};

pub(super) fn section(columns: &[Column<'_>]) -> Markup {
    let (all, apart) = cases::counts(columns);
    html! {
        section id="summary" class="masthead" aria-label="Results" {
            h1 { (count(columns.len(), "broker")) " side by side" }
            p class="sentence" {
                @match apart {
                    0 => { "All have the same results in " (headline::cases(all)) "." }
                    n => { "The results of " (grouped(n)) " of " (headline::cases(all)) " differ." }
                }
            }
            (table("results", "Result", columns, rows(columns)))
        }
    }
}

fn rows(columns: &[Column<'_>]) -> Markup {
    html! {
        tbody {
            tr {
                th scope="row" { "Cases" }
                @for column in columns {
                    td {
                        (strip("share", &VERDICTS.map(|(name, _, of)| (name, of(&column.document.summary)))))
                    }
                }
            }
            @for (name, word, of) in VERDICTS {
                @if columns.iter().any(|column| of(&column.document.summary) > 0) {
                    tr {
                        th scope="row" { (word) }
                        @for column in columns {
                            @let number = of(&column.document.summary);
                            td class=(format!("verdict {name}")) {
                                @if number == 0 { span class="nothing" { "–" } } @else { (grouped(number)) }
                            }
                        }
                    }
                }
            }
            tr {
                th scope="row" { "MQTT" }
                @for column in columns { td { (column.document.target.versions.join(", ")) } }
            }
            tr {
                th scope="row" { "played" }
                @for column in columns { td { (day(&column.document.run.started)) } }
            }
        }
    }
}
