//! Explains terms of the project: choices, areas, tags, facts, targets and their deviations, settings, capabilities and
//! keys.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, pairs, part, prose};
use crate::plan::{Need, Plan};
use crate::report::style::count;
use crate::scenario::model::{Action, Capability, each_step};
use crate::target::TargetFile;
use crate::target::file::Deviation;

/// The largest number of cases that are listed by name.
const LISTED: usize = 30;

/// The reference documents whose tables define the words of the scenario language.
const REFERENCES: &[(&str, &str)] = &[
    (
        "docs/scenario/file.md",
        include_str!("../../../docs/scenario/file.md"),
    ),
    (
        "docs/scenario/actions.md",
        include_str!("../../../docs/scenario/actions.md"),
    ),
    (
        "docs/scenario/expectations.md",
        include_str!("../../../docs/scenario/expectations.md"),
    ),
    (
        "docs/scenario/values.md",
        include_str!("../../../docs/scenario/values.md"),
    ),
    (
        "docs/scenario/settings.md",
        include_str!("../../../docs/scenario/settings.md"),
    ),
    (
        "docs/scenario/time.md",
        include_str!("../../../docs/scenario/time.md"),
    ),
    ("docs/broker.md", include_str!("../../../docs/broker.md")),
    (
        "docs/targets/format.md",
        include_str!("../../../docs/targets/format.md"),
    ),
];

/// A row of a table in a reference document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    file: &'static str,
    section: &'static str,
    /// The cells, each with the heading of its column.
    cells: Vec<(&'static str, &'static str)>,
}

/// Returns every row whose first column names this word.
pub fn rows(word: &str) -> Vec<Row> {
    every_row()
        .filter(|row| names(row).any(|name| name == word))
        .collect()
}

/// Returns every word that a table of the reference documents defines.
pub fn reference_words() -> BTreeSet<&'static str> {
    let is_word = |name: &&str| {
        let mut letters = name.chars();
        name.len() > 2 && letters.all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    let all: Vec<Row> = every_row().collect();
    all.iter().flat_map(names).filter(is_word).collect()
}

/// The names in the first column, which are formatted as code.
fn names(row: &Row) -> impl Iterator<Item = &'static str> + use<> {
    let first = row.cells.first().map_or("", |(_, cell)| *cell);
    first.split('`').skip(1).step_by(2)
}

fn every_row() -> impl Iterator<Item = Row> {
    REFERENCES.iter().flat_map(|(file, text)| {
        let mut section = "";
        let mut headings: Vec<&'static str> = Vec::new();
        text.lines().filter_map(move |line| {
            if let Some(title) = line.strip_prefix('#') {
                section = title.trim_start_matches('#').trim();
            }
            let cells = cells(line);
            if cells.is_empty() {
                headings.clear();
                return None;
            }
            if headings.is_empty() {
                headings = cells;
                return None;
            }
            if line.contains("|---") {
                return None;
            }
            Some(Row {
                file,
                section,
                cells: headings.iter().copied().zip(cells).collect(),
            })
        })
    })
}

/// The cells of a line of a table. Empty for any other line.
fn cells(line: &'static str) -> Vec<&'static str> {
    let Some(inner) = line.strip_prefix('|').and_then(|l| l.strip_suffix('|')) else {
        return Vec::new();
    };
    inner.split(" | ").map(str::trim).collect()
}

pub(super) fn reference(word: &str, rows: &[Row], context: Context<'_>) -> String {
    let mut out = String::new();
    for row in rows {
        let place = format!("{}, \"{}\"", row.file, row.section);
        out.push_str(&format!("{} {place}\n", context.style.strong(word)));
        let listed: Vec<(String, String)> = row
            .cells
            .iter()
            .skip(1)
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(heading, cell)| ((*heading).to_owned(), plain(cell)))
            .collect();
        out.push_str(&pairs(&listed, context));
    }
    let setting = needing(
        context,
        |need| matches!(need, Need::Setting(name) if *name == word),
    );
    out.push_str(&cases("Cases that set it", &setting, context));
    out
}

/// Removes the markup from Markdown. A link becomes its text.
fn plain(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out.replace(['`', '['], "")
}

/// Explains a choice: what is asked, and which answers a broker may give.
pub(super) fn choice(name: &str, context: Context<'_>) -> String {
    let mut answers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut asking = Vec::new();
    for plan in context.plans {
        let found = choices_of(plan);
        let mut mine = found.iter().filter(|(of, _)| *of == name).peekable();
        if mine.peek().is_some() {
            asking.push(plan);
        }
        for (_, answer) in mine {
            answers
                .entry(answer)
                .or_default()
                .insert(&plan.scene.id.path);
        }
    }
    let style = context.style;
    let mut out = format!(
        "{} a choice that the standard leaves open\n",
        style.strong(name)
    );
    let about =
        "A scenario asks the broker. Every answer is right, and the report states it as a fact.";
    out.push_str(&prose(about, context));
    let rows: Vec<(String, String)> = answers
        .iter()
        .map(|(answer, of)| {
            let of: Vec<&str> = of.iter().copied().collect();
            ((*answer).to_owned(), of.join(", "))
        })
        .collect();
    out.push_str(&part(
        "Answers, and the scenarios that accept them",
        &pairs(&rows, context),
        style,
    ));
    out.push_str(&cases("Cases that ask", &asking, context));
    out
}

/// Returns the names of all choices.
pub fn choices(plans: &[Plan]) -> BTreeSet<&str> {
    let all = plans.iter().flat_map(choices_of);
    all.map(|(name, _)| name).collect()
}

/// The choices of a case, one entry per answer.
fn choices_of(plan: &Plan) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    each_step(&plan.scene.steps, &mut |step| match &step.action {
        Action::Choice(choice) => {
            let answers = choice.answers.iter();
            found.extend(answers.map(|(answer, _)| (choice.name.as_str(), answer.as_str())));
        }
        Action::OneOf(one) => {
            let members = one.members.iter();
            found.extend(members.map(|(member, _)| (one.name.as_str(), member.as_str())));
        }
        _ => {}
    });
    found
}

pub(super) fn capability(capability: Capability, context: Context<'_>) -> String {
    let name = capability.as_str();
    let mut out = format!("{} a capability of brokers\n", context.style.strong(name));
    let about = "A broker without it skips the cases that need it.";
    out.push_str(&prose(about, context));
    let needing = needing(context, |need| *need == Need::Capability(capability));
    out.push_str(&cases("Cases that need it", &needing, context));
    out
}

fn needing<'a>(context: Context<'a>, is_meant: impl Fn(&Need) -> bool) -> Vec<&'a Plan> {
    let all = context.plans.iter();
    all.filter(|plan| plan.needs.iter().any(&is_meant))
        .collect()
}

/// Explains a folder of scenarios, or another tag.
pub(super) fn tag(name: &str, context: Context<'_>) -> String {
    let of = |plan: &&Plan| plan.scene.tags.iter().any(|tag| tag == name);
    let plans: Vec<&Plan> = context.plans.iter().filter(of).collect();
    let is_area = plans.iter().any(|plan| {
        plan.scene
            .id
            .path
            .split('/')
            .rev()
            .skip(1)
            .any(|part| part == name)
    });
    let kind = match is_area {
        true => "an area of the suite",
        false => "a tag",
    };
    let number = count(plans.len(), "case");
    let style = context.style;
    let mut out = format!("{} {kind}, {number}\n", style.strong(name));
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    for plan in &plans {
        let scene = &plan.scene;
        titles.entry(&scene.id.path).or_insert(&scene.title);
    }
    let rows: Vec<(String, String)> = titles
        .iter()
        .map(|(path, title)| ((*path).to_owned(), (*title).to_owned()))
        .collect();
    out.push_str(&part("Scenarios", &pairs(&rows, context), style));
    let how = format!("mqtt-check run --filter {name}");
    out.push_str(&part("Play it", &prose(&how, context), style));
    out
}

pub(super) fn fact(name: &str, sentence: (&str, &str), context: Context<'_>) -> String {
    let (before, after) = sentence;
    let mut out = format!(
        "{} a fact that a run measures\n",
        context.style.strong(name)
    );
    out.push_str(&prose(&format!("{before} so many {after}"), context));
    out
}

/// Explains a known broker, with its accepted deviations.
pub(super) fn target(file: &TargetFile, context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!("{} {}\n", style.strong(&file.name), file.source.path);
    let version = file.version.as_deref().map(|v| format!(" {v}"));
    out.push_str(&prose(
        &format!("{}{}", file.title, version.unwrap_or_default()),
        context,
    ));
    let lacks: Vec<(String, String)> = file
        .lacks
        .iter()
        .map(|(capability, why)| (capability.to_string(), why.clone()))
        .collect();
    out.push_str(&part("Lacks", &pairs(&lacks, context), style));
    let rows: Vec<(String, String)> = file
        .deviations
        .iter()
        .map(|one| {
            (
                format!("line {}", one.place.line),
                format!("{}: {}", cited(one), one.came),
            )
        })
        .collect();
    out.push_str(&part("Accepted deviations", &pairs(&rows, context), style));
    let how = format!("mqtt-check run --target {}", file.name);
    out.push_str(&part("Play it", &prose(&how, context), style));
    out
}

/// Explains one accepted deviation.
pub(super) fn deviation(file: &TargetFile, one: &Deviation, context: Context<'_>) -> String {
    let style = context.style;
    let place = format!("{}:{}", file.source.path, one.place.line);
    let mut out = format!(
        "{} an accepted deviation of {}\n",
        style.strong(&place),
        file.title
    );
    let rows = [
        ("clauses", cited(one)),
        ("cases", one.cases.join(", ")),
        ("broker", one.came.clone()),
        ("why", one.why.clone()),
    ];
    let rows: Vec<(String, String)> = rows
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
    out.push_str(&pairs(&rows, context));
    out
}

fn cited(deviation: &Deviation) -> String {
    let clauses = deviation
        .clauses
        .iter()
        .map(|c| format!("[{} {}]", c.version, c.id));
    let rule = deviation.rule.iter().map(|rule| format!("[{rule}]"));
    clauses.chain(rule).collect::<Vec<_>>().join(" ")
}

fn cases(title: &str, plans: &[&Plan], context: Context<'_>) -> String {
    let mut rows: Vec<(String, String)> = plans
        .iter()
        .take(LISTED)
        .map(|plan| (plan.scene.id.to_string(), plan.scene.title.clone()))
        .collect();
    if plans.len() > LISTED {
        rows.push((format!("and {} more", plans.len() - LISTED), String::new()));
    }
    part(title, &pairs(&rows, context), context.style)
}
