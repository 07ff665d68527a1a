//! Explains a statement of the standard.

use super::{Context, faults_list, indented, pairs, part, prose};
use crate::coverage::{Citation, DOCUMENTS, citations};
use crate::report::style::count;
use crate::requirements::{Binds, Requirement, standard};
use crate::scenario::model::Level;
use crate::verdict::monitor;

/// The largest number of steps that are listed.
const STEPS: usize = 12;

pub(super) fn render(requirement: &Requirement, context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!(
        "{} {}\n{}\n",
        style.strong(&requirement.to_string()),
        requirement.section,
        prose(&requirement.summary, context)
    );
    let mut facts = vec![
        ("level".to_owned(), level(requirement)),
        ("binds".to_owned(), binds(requirement.binds).to_owned()),
        ("seen".to_owned(), requirement.kind.describe().to_owned()),
    ];
    if let Some(why) = requirement.hindrance() {
        facts.push(("but".to_owned(), why.to_owned()));
    }
    if monitor::clauses(requirement.version).contains(requirement.id) {
        let what = "every packet from the broker is checked, in every case";
        facts.push(("monitor".to_owned(), what.to_owned()));
    }
    out.push_str(&pairs(&facts, context));
    let cited = citations(context.plans, requirement.version, requirement.id);
    out.push_str(&part("Scenarios", &steps(&cited, context), style));
    let broken = context.faults.iter().filter(|info| {
        let clauses = &info.clauses;
        let version = requirement.version.as_str();
        clauses
            .iter()
            .any(|(of, id)| of == version && id == requirement.id)
    });
    out.push_str(&part("Faults", &faults_list(broken, context), style));
    let open = context.liberties.iter().filter(|info| {
        let mut clauses = info.clauses.iter();
        clauses.any(|(of, id)| of == requirement.version.as_str() && id == requirement.id)
    });
    let rows: Vec<(String, String)> = open
        .map(|info| (info.name.to_owned(), info.summary.to_owned()))
        .collect();
    out.push_str(&part("Liberties", &pairs(&rows, context), style));
    out
}

/// Explains a rule of another standard, with the steps that cite it.
pub(super) fn render_rule(rule: &str, context: Context<'_>) -> String {
    let about = standard::subject(rule).unwrap_or_default();
    let mut out = format!(
        "{} a rule of {about}, which MQTT builds on\n",
        context.style.strong(&format!("[{rule}]"))
    );
    let cited: Vec<Citation> = DOCUMENTS
        .into_iter()
        .flat_map(|version| citations(context.plans, version, rule))
        .collect();
    out.push_str(&part("Scenarios", &steps(&cited, context), context.style));
    let broken = context.faults.iter().filter(|info| info.breaks(rule));
    out.push_str(&part(
        "Faults",
        &faults_list(broken, context),
        context.style,
    ));
    out
}

/// The document's word for the level, or a note that it uses none.
fn level(requirement: &Requirement) -> String {
    match requirement.level {
        "-" => "stated without one of the words MUST, SHOULD, MAY".to_owned(),
        level => level.to_owned(),
    }
}

fn binds(binds: Binds) -> &'static str {
    match binds {
        Binds::Server => "the server",
        Binds::Client => "the client",
        Binds::Both => "client and server",
        Binds::Either => "whichever side has that role",
    }
}

/// Lists steps with their places. Cases that share a step are listed together.
fn steps(cited: &[Citation], context: Context<'_>) -> String {
    let mut rows: Vec<(String, String, Vec<String>)> = Vec::new();
    for citation in cited {
        let place = citation.place;
        let place = format!("{}:{}:{}", citation.file, place.line, place.column);
        let label = match citation.level {
            Level::Must => citation.label.clone(),
            level => format!("{} ({level})", citation.label),
        };
        let case = citation.case.to_string();
        match rows.iter_mut().find(|row| row.0 == place && row.1 == label) {
            Some(row) => row.2.push(case),
            None => rows.push((place, label, vec![case])),
        }
    }
    let more = rows.len().saturating_sub(STEPS);
    let mut out = String::new();
    for (place, label, cases) in rows.iter().take(STEPS) {
        let shown = match cases.as_slice() {
            [one] => one.clone(),
            [first, .., last] => format!("{}, {first} to {last}", count(cases.len(), "case")),
            [] => String::new(),
        };
        out.push_str(&format!("  {place}\n"));
        let shown = context.style.faint(&shown);
        out.push_str(&indented(&format!("{label}\n{shown}"), 4, context));
    }
    if more > 0 {
        out.push_str(&format!(
            "  and {more} more; `mqtt-check list --filter` shows every case\n"
        ));
    }
    out
}
