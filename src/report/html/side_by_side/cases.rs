//! The cases whose results differ, by area.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Column, table};
use crate::report::case;
use crate::report::document::{Case, Verdict};
use crate::report::style::{count, grouped};

/// A case of one or more reports: what it is, and its result in each column.
struct Row<'a> {
    case: &'a Case,
    results: Vec<Option<&'a Case>>,
}

impl Row<'_> {
    /// Returns whether the results differ. A broker on which the case was skipped does not count.
    fn differs(&self) -> bool {
        let judged = self.results.iter().flatten().map(|case| case.verdict);
        let mut verdicts = judged.filter(|verdict| *verdict != Verdict::Skipped);
        let first = verdicts.next();
        verdicts.any(|verdict| Some(verdict) != first)
    }
}

/// All cases, in the order of their ids.
fn rows<'a>(columns: &[Column<'a>]) -> Vec<Row<'a>> {
    let mut all: BTreeMap<&str, &Case> = BTreeMap::new();
    for column in columns {
        for (id, case) in &column.cases {
            all.entry(id).or_insert(case);
        }
    }
    let row = |(id, case): (&str, &'a Case)| Row {
        case,
        results: columns
            .iter()
            .map(|column| column.cases.get(id).copied())
            .collect(),
    };
    all.into_iter().map(row).collect()
}

/// The number of all cases, and of those whose results differ.
pub(super) fn counts(columns: &[Column<'_>]) -> (usize, usize) {
    let rows = rows(columns);
    (rows.len(), rows.iter().filter(|row| row.differs()).count())
}

pub(super) fn section(columns: &[Column<'_>]) -> Markup {
    let rows = rows(columns);
    let is_bad = |row: &Row<'_>| {
        row.results
            .iter()
            .flatten()
            .any(|case| case.verdict == Verdict::Failed)
    };
    let mut areas: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.differs() || is_bad(row)) {
        areas.entry(&row.case.area).or_default().push(row);
    }
    let shown: usize = areas.values().map(Vec::len).sum();
    html! {
        section id="cases" aria-labelledby="cases-title" {
            h2 id="cases-title" { "Cases" }
            p class="quiet" {
                (grouped(shown)) " of " (grouped(rows.len()))
                " cases failed on a broker or have different results. All brokers have the same result in the others."
            }
            div id="filter" class="filter needs-scripts" {}
            @for (area, rows) in &areas {
                details class="area" {
                    summary { b { (area) } " " span class="quiet found" { (count(rows.len(), "case")) } }
                    (table("cases", "Case", columns, html! {
                        tbody { @for row in rows { (one(row, columns)) } }
                    }))
                }
            }
        }
    }
}

fn one(row: &Row<'_>, columns: &[Column<'_>]) -> Markup {
    let said: Vec<(&str, String)> = columns
        .iter()
        .zip(&row.results)
        .filter_map(|(column, result)| Some((column.name.as_str(), (*result)?)))
        .map(|(name, case)| (name, case::in_brief(case)))
        .filter(|(_, brief)| !brief.is_empty())
        .collect();
    html! {
        tr data-verdicts=(row.results.iter().map(|r| r.map_or("absent", class)).collect::<Vec<_>>().join(" ")) {
            th scope="row" {
                details {
                    summary { code { (row.case.id) } " " span class="quiet" { (row.case.title) } }
                    dl class="compared" {
                        @for (name, brief) in &said { div { dt { (name) } dd { (brief) } } }
                    }
                    @if !row.case.clauses.is_empty() {
                        p class="quiet" { @for id in &row.case.clauses { code { (id) } " " } }
                    }
                }
            }
            @for result in &row.results {
                @match result {
                    Some(case) => td class=(format!("verdict {}", class(case))) { (case.verdict.as_str()) },
                    None => td class="nothing" title="not in this report" { "–" },
                }
            }
        }
    }
}

/// The verdict, or `accepted` for a failure that is accepted for its target.
fn class(case: &Case) -> &'static str {
    match case.verdict {
        Verdict::Failed if case.outcome.accepted => "accepted",
        verdict => verdict.as_str(),
    }
}
