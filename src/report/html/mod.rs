//! The report as one self-contained HTML file. It needs no network, no other file and no server.
//!
//! The result of the run, its causes and the failing cases are HTML, so they can be read without scripts. The scripts
//! in `script/` build the list of all cases and the view of each case on demand, from [`data`].
//!
//! Text from brokers and scenarios can never become markup: `maud` escapes it, the scripts create only text nodes, data
//! is encoded in letters and digits, and invisible characters are shown as `\u{202e}`. If something slips through
//! anyway, the content security policy of the page lets nothing run or load except what is in these files.

mod causes;
mod conformance;
mod data;
mod failing;
mod flaky;
mod frame;
mod masthead;
mod run;
mod side_by_side;
#[cfg(test)]
mod tests;

use maud::{Markup, PreEscaped, html};

use super::document::{Document, Verdict};
use super::headline;
use frame::Frame;

pub use side_by_side::side_by_side;

/// The page of one run. The style sheets are in the order in which they apply. The scripts are joined into one: each file
/// declares functions, and the last one calls them.
const FRAME: Frame = Frame {
    style: concat!(
        include_str!("style/page.css"),
        include_str!("style/parts.css"),
        include_str!("style/cases.css"),
        include_str!("style/diagram.css"),
    ),
    script: concat!(
        "(() => {\n\"use strict\";\n",
        include_str!("script/elements.js"),
        include_str!("script/data.js"),
        include_str!("script/theme.js"),
        include_str!("script/bytes.js"),
        include_str!("script/timeline.js"),
        include_str!("script/diagram.js"),
        include_str!("script/difference.js"),
        include_str!("script/case.js"),
        include_str!("script/filter.js"),
        include_str!("script/list.js"),
        include_str!("script/keys.js"),
        include_str!("script/page.js"),
        "})();\n",
    ),
};

/// Renders the document as a page.
///
/// # Errors
/// Returns an error if the data cannot be packed.
pub fn render(document: &Document) -> Result<String, String> {
    let run = data::run(document).map_err(|error| error.to_string())?;
    let parts = data::parts(document).map_err(|error| error.to_string())?;
    let title = format!("{} · mqtt-check", headline::broker(document));
    let data = html! {
        script type="application/octet-stream" id="run-data" { (PreEscaped(run)) }
        @for part in &parts {
            script type="application/octet-stream" class="part-data" { (PreEscaped(part)) }
        }
    };
    Ok(FRAME.page(&title, content(document), data))
}

fn bar() -> Markup {
    let parts = [
        ("#causes", "Causes"),
        ("#conformance", "Conformance"),
        ("#run", "Run"),
        ("#cases", "Cases"),
    ];
    let help = html! {
        button type="button" id="help" title="Keys (?)" aria-label="Keys" { "?" }
    };
    masthead::bar(&parts, &help)
}

fn content(document: &Document) -> Markup {
    html! {
            a class="skip" href="#summary" { "Skip to the summary" }
            (bar())
            main id="overview" {
                (masthead::masthead(document))
                (causes::section(document))
                (flaky::section(document))
                (conformance::section(document))
                (run::section(document))
                section id="cases" aria-labelledby="cases-title" {
                    h2 id="cases-title" { "Cases" }
                    div id="list" class="needs-scripts" {}
                    (failing::cases(document))
                }
            }
            main id="case" hidden {}
            footer class="foot" {
                p { "Made by " (document.tool.name) " " (document.tool.version) " on " (document.run.ended) "." }
            }
    }
}

/// The word for a verdict, in its colour.
fn verdict(verdict: Verdict, accepted: bool) -> Markup {
    let word = verdict.as_str();
    html! {
        span class=(format!("verdict {word}")) {
            (word) @if accepted { ", accepted" }
        }
    }
}
