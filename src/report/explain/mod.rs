//! The texts of `mqtt-check explain`.

mod clause;
mod code;
mod fault;
mod liberty;
mod property;
mod scenario;
mod thread;
pub mod word;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle};
use mqtt_check_codec::{PropertyId, ReasonCode};

use super::style::Style;
use crate::plan::Plan;
use crate::requirements::{Requirement, standard};
use crate::scenario::model::Capability;
use crate::target::TargetFile;
use crate::target::bundled::{FaultInfo, LibertyInfo};
use crate::target::file::Deviation;
use crate::verdict::Measure;

/// The narrowest and the widest text, in columns.
const NARROWEST: u16 = 60;
const WIDEST: u16 = 120;

/// What a text explains.
#[derive(Debug, Clone)]
pub enum Topic<'a> {
    Clause(&'static Requirement),
    /// A rule of another standard.
    Rule(String),
    /// The cases of a scenario, or one of them.
    Scenario(Vec<&'a Plan>),
    Fault(FaultInfo),
    /// A public bug report, and the cases that reproduce it.
    Thread(&'a str, Vec<&'a Plan>),
    Liberty(LibertyInfo),
    Reason(ReasonCode),
    Property(PropertyId),
    /// A choice that a scenario leaves to the broker.
    Choice(&'a str),
    Capability(Capability),
    /// A folder of scenarios, or another tag.
    Tag(&'a str),
    Fact(Measure),
    /// The rows about a setting or a key in the reference documentation.
    Reference(String, Vec<word::Row>),
    Target(&'a TargetFile),
    Deviation(&'a TargetFile, &'a Deviation),
}

/// What else the texts draw on, and how they are formatted.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub plans: &'a [Plan],
    pub faults: &'a [FaultInfo],
    pub liberties: &'a [LibertyInfo],
    pub style: Style,
    /// The width in columns.
    pub width: u16,
}

/// Renders the texts of these topics.
pub fn render(topics: &[Topic<'_>], context: Context<'_>) -> String {
    let parts: Vec<String> = topics
        .iter()
        .map(|topic| match topic {
            Topic::Clause(requirement) => clause::render(requirement, context),
            Topic::Rule(rule) => clause::render_rule(rule, context),
            Topic::Scenario(plans) => scenario::render(plans, context),
            Topic::Fault(info) => fault::render(info, context),
            Topic::Thread(name, plans) => thread::render(name, plans, context),
            Topic::Liberty(info) => liberty::render(info, context),
            Topic::Reason(code) => code::render(*code, context),
            Topic::Property(id) => property::render(*id, context),
            Topic::Choice(name) => word::choice(name, context),
            Topic::Capability(capability) => word::capability(*capability, context),
            Topic::Tag(name) => word::tag(name, context),
            Topic::Fact(measure) => word::fact(measure.name(), measure.sentence(), context),
            Topic::Reference(name, rows) => word::reference(name, rows, context),
            Topic::Target(file) => word::target(file, context),
            Topic::Deviation(file, one) => word::deviation(file, one, context),
        })
        .collect();
    parts.join("\n")
}

/// Rows of a name and a text, indented and wrapped to the width.
fn pairs(rows: &[(String, String)], context: Context<'_>) -> String {
    columns(
        rows.iter().map(|(a, b)| vec![a.clone(), b.clone()]),
        context,
    )
}

/// Rows of cells, indented and wrapped to the width. Only the last column is wrapped.
fn columns(rows: impl Iterator<Item = Vec<String>>, context: Context<'_>) -> String {
    table(rows, 2, context)
}

/// A text, indented and wrapped to the width.
fn prose(text: &str, context: Context<'_>) -> String {
    indented(text, 2, context)
}

/// A text, indented by `indent` columns and wrapped to the width.
fn indented(text: &str, indent: usize, context: Context<'_>) -> String {
    table(std::iter::once(vec![text.to_owned()]), indent, context)
}

fn table(rows: impl Iterator<Item = Vec<String>>, indent: usize, context: Context<'_>) -> String {
    // A cell has a space on either side.
    let outside = indent.saturating_sub(1);
    let width = usize::from(context.width.clamp(NARROWEST, WIDEST)).saturating_sub(outside);
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(WIDEST));
    let mut last = 0;
    let rows: Vec<Vec<String>> = rows.collect();
    let widest = rows
        .iter()
        .filter(|row| row.len() == 2)
        .map(|row| row[0].chars().count())
        .max();
    if widest.is_some_and(|names| names > width / 2) {
        return stacked(rows, indent, context);
    }
    for row in rows {
        last = row.len().saturating_sub(1);
        table.add_row(row);
    }
    if table.row_count() == 0 {
        return String::new();
    }
    for column in 0..last {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let pad = " ".repeat(outside);
    let text = table.trim_fmt();
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

/// Puts each text below its name. For rows whose names leave no room beside them.
fn stacked(rows: Vec<Vec<String>>, indent: usize, context: Context<'_>) -> String {
    let mut out = String::new();
    for row in rows {
        let mut cells = row.into_iter();
        if let Some(name) = cells.next() {
            out.push_str(&format!("{}{name}\n", " ".repeat(indent)));
        }
        for text in cells.filter(|text| !text.is_empty()) {
            out.push_str(&indented(&text, indent + 4, context));
        }
    }
    out
}

/// A list with its heading. Empty if the list is empty.
fn part(title: &str, body: &str, style: Style) -> String {
    if body.is_empty() {
        String::new()
    } else {
        format!("\n{}\n{body}", style.strong(title))
    }
}

/// Faults with their summaries.
fn faults_list<'d>(infos: impl Iterator<Item = &'d FaultInfo>, context: Context<'_>) -> String {
    let rows: Vec<(String, String)> = infos
        .map(|info| (info.name.to_owned(), info.summary.to_owned()))
        .collect();
    pairs(&rows, context)
}

/// Statements with their summaries.
fn clauses_list<'r>(
    requirements: impl Iterator<Item = &'r Requirement>,
    context: Context<'_>,
) -> String {
    let rows: Vec<(String, String)> = requirements
        .map(|r| (r.to_string(), r.summary.to_string()))
        .collect();
    pairs(&rows, context)
}

/// Rules of other standards, with what each standard is about.
fn rules_list<'r>(rules: impl IntoIterator<Item = &'r str>, context: Context<'_>) -> String {
    let rows: Vec<(String, String)> = rules
        .into_iter()
        .filter_map(|rule| {
            let about = standard::subject(rule).ok()?;
            Some((format!("[{rule}]"), about.to_owned()))
        })
        .collect();
    pairs(&rows, context)
}
