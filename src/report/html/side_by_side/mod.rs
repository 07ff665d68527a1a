//! The reports of several brokers on one self-contained page, side by side: results, conformance, what each broker
//! offers and chooses, and every case whose result is not the same for all of them.
//!
//! Everything on the page is HTML that needs no scripts. The scripts filter the cases. Transcripts are not on this page:
//! each broker's own page has them.

mod brokers;
mod cases;
mod conformance;
mod facts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::frame::Frame;
use super::masthead;
use crate::report::document::{Case, Document};
use crate::report::headline;

const FRAME: Frame = Frame {
    style: concat!(
        include_str!("../style/page.css"),
        include_str!("../style/parts.css"),
        include_str!("../style/cases.css"),
        include_str!("../style/side_by_side.css"),
    ),
    script: concat!(
        "(() => {\n\"use strict\";\n",
        include_str!("../script/elements.js"),
        include_str!("../script/theme.js"),
        include_str!("../script/side_by_side.js"),
        "})();\n",
    ),
};

/// The report of one broker: a column of every table.
struct Column<'a> {
    /// The broker and its version, unlike the name of every other column.
    name: String,
    document: &'a Document,
    cases: BTreeMap<&'a str, &'a Case>,
}

/// Renders the documents as one page. Each comes with the name of its file.
pub fn side_by_side(documents: &[(&str, &Document)]) -> String {
    let columns = columns(documents);
    let title = format!(
        "{} · mqtt-check",
        columns
            .iter()
            .map(|c| c.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    FRAME.page(&title, content(&columns), html! {})
}

/// Names the columns by their brokers. Brokers with the same name and version are told apart by the names of their
/// files, and if those are alike too, by a number.
fn columns<'a>(documents: &[(&str, &'a Document)]) -> Vec<Column<'a>> {
    let brokers: Vec<String> = documents.iter().map(|(_, d)| headline::broker(d)).collect();
    let is_alone = |name: &String| brokers.iter().filter(|other| *other == name).count() == 1;
    let names: Vec<String> = brokers
        .iter()
        .zip(documents)
        .map(|(broker, (file, _))| match is_alone(broker) {
            true => broker.clone(),
            false => format!("{broker}, {file}"),
        })
        .collect();
    let column = |(index, (_, document)): (usize, &(&str, &'a Document))| {
        let name = &names[index];
        let before = names[..index].iter().filter(|other| *other == name).count();
        Column {
            name: match before {
                0 => name.clone(),
                n => format!("{name} ({})", n + 1),
            },
            document,
            cases: document
                .cases
                .iter()
                .map(|case| (case.id.as_str(), case))
                .collect(),
        }
    };
    documents.iter().enumerate().map(column).collect()
}

fn content(columns: &[Column<'_>]) -> Markup {
    html! {
        a class="skip" href="#summary" { "Skip to the summary" }
        (masthead::bar(&[
            ("#summary", "Results"),
            ("#conformance", "Conformance"),
            ("#offers", "Offers"),
            ("#choices", "Choices"),
            ("#cases", "Cases"),
        ], &html! {}))
        main id="overview" {
            (brokers::section(columns))
            (conformance::section(columns))
            (facts::offers(columns))
            (facts::choices(columns))
            (cases::section(columns))
        }
        footer class="foot" {
            p { "Made by mqtt-check " (env!("CARGO_PKG_VERSION")) "." }
        }
    }
}

/// A table with a column for each broker.
fn table(class: &str, corner: &str, columns: &[Column<'_>], rows: Markup) -> Markup {
    html! {
        div class="sideways" tabindex="0" role="group" aria-label=(format!("{corner}, by broker")) {
            table class=(format!("beside {class}")) {
                thead {
                    tr {
                        th scope="col" { (corner) }
                        @for column in columns { th scope="col" class="broker" { (column.name) } }
                    }
                }
                (rows)
            }
        }
    }
}
