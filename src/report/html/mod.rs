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
mod masthead;
mod run;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mqtt_check_codec::describe::visible;
use sha2::{Digest as _, Sha256};

use super::document::{Document, Verdict};
use super::headline;

/// The style sheets, in the order in which they apply.
const STYLE: &str = concat!(
    include_str!("style/page.css"),
    include_str!("style/parts.css"),
    include_str!("style/cases.css"),
    include_str!("style/diagram.css"),
);

/// The scripts, joined into one. Each file declares functions, and the last one calls them.
const SCRIPT: &str = concat!(
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
);

/// The icon of the page in a browser tab.
const ICON: &str = include_str!("icon.svg");

/// Renders the document as a page.
///
/// # Errors
/// Returns an error if the data cannot be packed.
pub fn render(document: &Document) -> Result<String, String> {
    let run = data::run(document).map_err(|error| error.to_string())?;
    let parts = data::parts(document).map_err(|error| error.to_string())?;
    let title = format!("{} · mqtt-check", headline::broker(document));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(&title)) }
            body {
                (PreEscaped(visible(&content(document).into_string())))
                script type="application/octet-stream" id="run-data" { (PreEscaped(run)) }
                @for part in &parts {
                    script type="application/octet-stream" class="part-data" { (PreEscaped(part)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string() + "\n")
}

fn head(title: &str) -> Markup {
    let icon = format!("data:image/svg+xml;base64,{}", STANDARD.encode(ICON));
    html! {
        meta charset="utf-8";
        meta http-equiv="Content-Security-Policy" content=(policy());
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        meta name="referrer" content="no-referrer";
        title { (visible(title)) }
        link rel="icon" href=(icon);
        style { (PreEscaped(STYLE)) }
    }
}

/// The content security policy. Nothing is loaded, and only the one script runs. It cannot create HTML from text.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn content(document: &Document) -> Markup {
    html! {
            a class="skip" href="#summary" { "Skip to the summary" }
            (masthead::bar())
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
