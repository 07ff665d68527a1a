//! The top of the page: the broker, the result, and the number of cases by verdict.

use std::time::Duration;

use maud::{Markup, html};

use crate::report::document::{Document, Summary};
use crate::report::headline;
use crate::report::style::{grouped, span};

/// A part of the bar: its CSS class, its label, and its number of cases.
pub(super) type Part = (&'static str, &'static str, fn(&Summary) -> usize);

/// The verdicts, in the order of the bar.
pub(super) const VERDICTS: [Part; 6] = [
    ("failed", "failed", |s| s.failed.saturating_sub(s.accepted)),
    ("accepted", "failed, accepted", |s| s.accepted.min(s.failed)),
    ("warned", "warned", |s| s.warned),
    ("inconclusive", "inconclusive", |s| s.inconclusive),
    ("skipped", "skipped", |s| s.skipped),
    ("passed", "passed", |s| s.passed),
];

/// The navigation bar, which stays visible: links to the parts of the page, and its tools after the choice of a theme.
pub(super) fn bar(parts: &[(&str, &str)], tools: &Markup) -> Markup {
    html! {
        header class="bar" {
            a class="brand" href="#summary" { "mqtt-check" }
            nav aria-label="Parts of the report" {
                @for (place, name) in parts { a href=(place) { (name) } }
            }
            div class="tools needs-scripts" {
                button type="button" id="theme" title="Theme (t)" { "Auto" }
                (tools)
            }
        }
    }
}

/// The broker, the result in a sentence, facts and counts.
pub(super) fn masthead(document: &Document) -> Markup {
    let target = &document.target;
    let run = &document.run;
    let state = match run.exit {
        0 => "good",
        4 => "nothing",
        _ => "bad",
    };
    html! {
        section id="summary" class="masthead" aria-label="Summary" {
            h1 { (headline::broker(document)) }
            p class=(format!("sentence {state}")) { (headline::sentence(document)) }
            dl class="facts" {
                @if let Some(url) = &target.url { (fact("URL", html! { code { (url) } })) }
                (fact("MQTT", html! { (versions(&target.versions)) }))
                @if let Some(profile) = &document.profile {
                    (fact("Profile", html! { (profile.target) @if profile.fails { " (changed)" } }))
                }
                @if let Some(baseline) = &run.options.baseline {
                    (fact("Records", html! { (baseline) }))
                }
                (fact("Played", html! { time datetime=(run.started) { (day(&run.started)) } }))
                (fact("Took", html! { (took(document)) }))
                (fact("Seed", html! { (run.options.seed) }))
            }
            (counts(&document.summary))
        }
    }
}

fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn versions(versions: &[String]) -> String {
    match versions {
        [] => "none found".to_owned(),
        all => all.join(", "),
    }
}

/// Formats an instant in RFC 3339 as `2026-01-31 23:59 UTC`. Any other text is returned unchanged.
pub(super) fn day(instant: &str) -> String {
    match (instant.get(..10), instant.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => instant.to_owned(),
    }
}

fn took(document: &Document) -> String {
    let time = |us| span(Duration::from_micros(us));
    match document.run.virtual_us {
        0 => time(document.run.wall_us),
        simulated => format!(
            "{} ({} of virtual time)",
            time(document.run.wall_us),
            time(simulated)
        ),
    }
}

/// A bar of all cases by verdict, and a number for each verdict.
fn counts(summary: &Summary) -> Markup {
    let shown = || {
        VERDICTS
            .iter()
            .map(|(name, word, of)| (*name, *word, of(summary)))
    };
    let shown = || shown().filter(|(_, _, number)| *number > 0);
    let all: usize = shown().map(|(_, _, number)| number).sum();
    html! {
        @if all > 0 {
            (strip("verdicts", &shown().map(|(name, _, number)| (name, number)).collect::<Vec<_>>()))
        }
        ul class="counts" {
            @for (name, word, number) in shown() {
                li class=(name) {
                    a href=(format!("#cases?verdict={name}")) {
                        b { (grouped(number)) } " " (word)
                    }
                }
            }
            @if summary.flaky > 0 {
                li class="flaky" {
                    a href="#cases?verdict=flaky" { b { (grouped(summary.flaky)) } " flaky" }
                }
            }
            @if summary.not_played > 0 {
                li class="skipped" { span { b { (grouped(summary.not_played)) } " not played" } }
            }
        }
    }
}

/// A bar whose parts are as wide as their numbers, but each wide enough to be visible.
pub(super) fn strip(class: &str, parts: &[(&str, usize)]) -> Markup {
    const WIDTH: usize = 1000;
    const LEAST: usize = 6;
    let parts: Vec<_> = parts.iter().filter(|(_, number)| *number > 0).collect();
    let all: usize = parts.iter().map(|(_, number)| number).sum();
    let room = WIDTH.saturating_sub(parts.len() * LEAST);
    let mut at = 0;
    let placed: Vec<(&str, usize, usize)> = parts
        .iter()
        .map(|(name, number)| {
            let width = LEAST + number * room / all.max(1);
            at += width;
            (*name, at - width, width)
        })
        .collect();
    html! {
        svg class=(format!("strip {class}")) viewBox=(format!("0 0 {} 10", at.max(1)))
            preserveAspectRatio="none" aria-hidden="true" {
            @for (name, x, width) in placed {
                rect class=(name) x=(x) y="0" width=(width) height="10" {}
            }
        }
    }
}
