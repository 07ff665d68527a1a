//! Other facts about the run: what the broker offers and chooses, changes against its profile, stale entries, and the
//! options of the run.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{Markup, html};

use crate::report::document::{Document, Run};
use crate::report::profile;
use crate::report::style::{count, span};

pub(super) fn section(document: &Document) -> Markup {
    html! {
        section id="run" aria-labelledby="run-title" {
            h2 id="run-title" { "About the run" }
            (problems(document))
            (changes(document))
            (stale(document))
            div class="columns" {
                (options(&document.run))
                (capabilities(document))
            }
            (choices(document))
        }
    }
}

fn problems(document: &Document) -> Markup {
    let run = &document.run;
    let unspoken = document.target.not_spoken.iter();
    html! {
        @if !run.problems.is_empty() || run.ended_early.is_some() {
            ul class="problems" {
                @for problem in &run.problems { li { (problem) } }
                @if let Some(early) = &run.ended_early {
                    li { "The run ended early: " (early.why) ". " (count(early.not_played.len(), "case")) " not played." }
                }
            }
        }
        @for version in unspoken.filter(|version| version.named_by.is_some()) {
            p class="problems" { "The broker does not support MQTT " (version.version) ": " (version.why) }
        }
    }
}

fn changes(document: &Document) -> Markup {
    html! {
        @if let Some(found) = &document.profile {
            h3 { "Profile " span class="quiet" { (found.path) } }
            @if !found.exists { p { (profile::missing(found)) } }
            @else if found.changes.is_empty() { p class="quiet" { "Nothing has changed." } }
            ul { @for change in &found.changes { li { (profile::line(change, false)) } } }
        }
    }
}

fn stale(document: &Document) -> Markup {
    html! {
        @if !document.stale.is_empty() {
            h3 { "Stale" }
            ul { @for stale in &document.stale { li { code { (stale.place) } " " (stale.why) } } }
        }
    }
}

fn options(run: &Run) -> Markup {
    let options = &run.options;
    let jobs = options
        .jobs
        .map_or_else(|| "as the machine allows".to_owned(), |n| n.to_string());
    let mut rows = vec![
        ("Began", run.started.clone()),
        ("Ended", run.ended.clone()),
        ("Seed", options.seed.to_string()),
        ("Jobs", jobs),
        (
            "Longest wait",
            span(Duration::from_micros(options.max_wait_us)),
        ),
        ("Timeout scale", options.timeout_scale.to_string()),
        ("Exit code", run.exit.to_string()),
    ];
    rows.extend(options.chaos.map(|seed| ("Chaos", seed.to_string())));
    if options.spread {
        rows.push(("Clients", "on the nodes in turn".to_owned()));
    }
    if let Some(instances) = &run.instances {
        rows.push(("Brokers started", instances.started.to_string()));
    }
    html! {
        div {
            h3 { "Options" }
            dl class="rows" {
                @for (name, value) in rows { div { dt { (name) } dd { (value) } } }
            }
            @if let Some(again) = &run.failed_again {
                p class="quiet" { "Play again what failed:" }
                pre class="command" tabindex="0" { (again) }
            }
        }
    }
}

fn capabilities(document: &Document) -> Markup {
    html! {
        @if !document.target.capabilities.is_empty() {
            div {
                h3 { "What the broker offers" }
                ul class="capabilities" {
                    @for (name, known) in &document.target.capabilities {
                        li class=[(!known.available).then_some("missing")] {
                            (name.replace('_', " "))
                            @if let Some(why) = &known.why { span class="quiet" { " " (why) } }
                        }
                    }
                }
            }
        }
    }
}

/// What the broker chooses where the standard leaves it open. If cases differ, each answer has its number of cases.
fn choices(document: &Document) -> Markup {
    let mut answers: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for choice in document.cases.iter().flat_map(|case| &case.choices) {
        let known = answers.entry(choice.about()).or_default();
        *known.entry(&choice.answer).or_default() += 1;
    }
    html! {
        @if !answers.is_empty() {
            details class="choices" {
                summary { "Choices that the standard leaves open: " (answers.len()) }
                dl class="rows" {
                    @for (about, all) in &answers {
                        div {
                            dt { (about) }
                            dd {
                                @for (index, (answer, number)) in all.iter().enumerate() {
                                    @if index > 0 { "; " }
                                    (answer)
                                    @if all.len() > 1 { span class="quiet" { " (" (count(*number, "case")) ")" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
