//! The findings of a probe as human-readable text.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table};

use super::document::{Choice, Document, Limit, Trial};
use crate::report::style::{Style, count, span};
use crate::report::terminal::{lines, wrapped};

/// The smallest and largest text width, in columns.
const NARROWEST: u16 = 60;
const WIDEST: u16 = 120;
/// The column where the text after a label begins.
const INDENT: usize = 14;

pub(super) fn render(document: &Document, style: Style, width: u16) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut out = about(document, style, width);
    if !document.limits.is_empty() {
        out.push_str(&limits(document, style, width));
    }
    out.push_str(&choices(document, style, width));
    out.push_str(&format!(
        "\n{} played in {}; --json shows everything\n",
        count(document.cases, "case"),
        span(Duration::from_micros(document.wall_us))
    ));
    out
}

/// The broker and what it offers, one line for each.
fn about(document: &Document, style: Style, width: u16) -> String {
    let broker = &document.broker;
    let mut out = style.strong(&broker.name);
    if broker.name != broker.url {
        out.push_str(&format!(" {}", broker.url));
    }
    out.push('\n');
    let room = usize::from(width) - INDENT;
    let mut line = |name: &str, text: &str| {
        let text = wrapped(text, room).join(&format!("\n{:INDENT$}", ""));
        out.push_str(&format!("  {name:<12}{text}\n"));
    };
    let version = document.broker_version.as_deref();
    line("version", version.unwrap_or("not reported below $SYS"));
    for protocol in &document.protocols {
        let how = match &protocol.why_not {
            None => "supported".to_owned(),
            Some(why) => format!("not supported: {why}"),
        };
        line(&format!("MQTT {}", protocol.version), &how);
    }
    let transports: Vec<&str> = broker.transports.iter().copied().collect();
    line("transports", &transports.join(", "));
    let anonymous = match document.anonymous {
        true => "clients without a user name are accepted",
        false => "clients without a user name are refused",
    };
    line("login", anonymous);
    let hooks = match broker.hooks.as_deref() {
        None => "a URL alone does not specify any".to_owned(),
        Some([]) => "none".to_owned(),
        Some(sources) => sources.join(", "),
    };
    line("hooks", &hooks);
    let offered = document.capabilities.iter().filter(|c| c.offered);
    let offered: Vec<&str> = offered.map(|c| c.name.as_str()).collect();
    line(
        "offers",
        &match offered.as_slice() {
            [] => "nothing known in advance".to_owned(),
            offered => offered.join(", "),
        },
    );
    for lacking in document.capabilities.iter().filter(|c| !c.offered) {
        let why = lacking.why_not.as_deref().unwrap_or_default();
        line("lacks", &format!("{}: {why}", lacking.name));
    }
    out
}

fn limits(document: &Document, style: Style, width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(lines(style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(["CONNACK of MQTT 5", "value", "kept"]);
    for limit in &document.limits {
        table.add_row([limit.name, &limit.value, &kept(limit)]);
    }
    format!("\n{}\n", table.trim_fmt())
}

fn kept(limit: &Limit) -> String {
    let why = limit.why.as_deref().unwrap_or_default();
    match limit.kept {
        Trial::Kept => "yes".to_owned(),
        Trial::NotKept => format!("NO: {why}"),
        Trial::NotTried => format!("not tried: {why}"),
    }
}

/// The answers as sentences, and the names of choices without an answer.
fn choices(document: &Document, style: Style, width: u16) -> String {
    let mut out = String::new();
    let room = usize::from(width);
    let mut paragraph = |text: &str| {
        let text = wrapped(text, room - 4).join("\n    ");
        out.push_str(&format!("  {text}\n"));
    };
    for choice in &document.choices {
        let is_like = |other: &&Choice| other.about == choice.about;
        let is_alone = document.choices.iter().filter(is_like).count() == 1;
        paragraph(&sentence(choice, is_alone));
    }
    if !document.not_asked.is_empty() {
        let names = document
            .not_asked
            .iter()
            .map(|choice| choice.about.as_str());
        let names: Vec<&str> = names.collect();
        paragraph(&format!("not tested: {}", names.join("; ")));
    }
    format!(
        "\n{}\n{out}",
        style.strong("What the broker chooses where the standard leaves it open")
    )
}

/// A sentence such as `QoS 0 messages for an offline client: dropped`. Adds the versions if their answers differ, or if
/// another choice has the same subject.
fn sentence(choice: &Choice, is_alone: bool) -> String {
    let is_one = choice.answers.len() == 1 && is_alone;
    let answers = choice.answers.iter().map(|(answer, versions)| {
        let answer = answer.replace('_', " ");
        let versions: Vec<&str> = versions.iter().copied().collect();
        match is_one {
            true => answer,
            false => format!("{answer} (MQTT {})", versions.join(", ")),
        }
    });
    let answers: Vec<String> = answers.collect();
    format!("{}: {}", choice.about, answers.join("; "))
}
