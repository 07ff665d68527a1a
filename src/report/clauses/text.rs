//! Coverage as text: a table of the chapters, the requested statements, and a summary line.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

use super::chapters;
use crate::coverage::{Counts, Coverage, DOCUMENTS, RuleCoverage, State};
use crate::report::style::{Style, count};
use crate::report::terminal::{crowd, keep_words, lines};

/// The narrowest and the widest table, in columns.
const NARROWEST: u16 = 60;
const WIDEST: u16 = 120;
/// Below this width, columns are moved closer together.
const ROOMY: u16 = 100;

/// What the user asked to see.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub style: Style,
    /// The width in columns.
    pub width: u16,
    /// Which statements are listed one by one.
    pub listed: Listed,
}

/// Which statements are listed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    None,
    /// Statements that a broker must satisfy and that are not proven.
    Open,
    All,
}

/// Renders the whole text.
pub fn render(rows: &[Coverage], standards: &[RuleCoverage], options: Options) -> String {
    let mut parts = Vec::new();
    for version in DOCUMENTS {
        let mine: Vec<&Coverage> = of(rows, |row| row.requirement.version == version);
        if mine.is_empty() {
            continue;
        }
        let title = options.style.strong(&format!("MQTT {version}"));
        parts.push(match options.listed {
            Listed::None => format!("{title}\n{}", table(version, rows, options)),
            _ => {
                let listed = list(&mine, options);
                if listed.is_empty() {
                    continue;
                }
                format!("{title}\n{listed}")
            }
        });
    }
    if !standards.is_empty() {
        parts.push(of_standards(standards, options));
    }
    if !rows.is_empty() {
        parts.push(summary(rows, options.style));
    }
    parts.join("\n")
}

fn of(rows: &[Coverage], is_meant: impl Fn(&Coverage) -> bool) -> Vec<&Coverage> {
    rows.iter().filter(|row| is_meant(row)).collect()
}

type Column = (&'static str, fn(&Counts) -> usize);

const COLUMNS: &[Column] = &[
    ("statements", |c| c.statements),
    ("testable", |c| c.testable),
    ("proven", |c| c.proven),
    ("covered", |c| c.covered),
    ("open", |c| c.open),
    ("no reaction", |c| c.no_reaction),
];

/// The number of statements by chapter and state. Empty columns are left out.
fn table(
    version: mqtt_check_codec::ProtocolVersion,
    rows: &[Coverage],
    options: Options,
) -> String {
    let numbered = of(rows, |row| {
        row.requirement.version == version && row.requirement.is_numbered()
    });
    let rules = of(rows, |row| {
        row.requirement.version == version && !row.requirement.is_numbered()
    });
    let total = Counts::of(numbered.iter().copied());
    let of_rules = Counts::of(rules.iter().copied());
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(name, number)| {
            *name == "statements" || *name == "proven" || number(&total) + number(&of_rules) > 0
        })
        .collect();
    let mut table = new_table(options);
    let is_narrow = options.width < ROOMY;
    let mut header = vec![String::new(), String::new()];
    header.extend(columns.iter().map(|(name, _)| match is_narrow {
        true => name.replace(' ', "\n"),
        false => (*name).to_owned(),
    }));
    table.set_header(header);
    let mut titles = Vec::new();
    let mut row = |number: &str, title: &str, counts: &Counts| {
        if counts.statements == 0 {
            return;
        }
        titles.push(title.to_owned());
        let mut cells = vec![number.to_owned(), title.to_owned()];
        cells.extend(columns.iter().map(|(_, number)| match number(counts) {
            0 => String::new(),
            n => n.to_string(),
        }));
        table.add_row(cells);
    };
    for chapter in chapters(version, rows) {
        let mine = chapter.rows.iter().copied();
        let counts = Counts::of(mine.filter(|row| row.requirement.is_numbered()));
        row(chapter.number, chapter.title, &counts);
    }
    row("", "all", &total);
    row("", "unnumbered rules", &of_rules);
    // On a narrow terminal, titles are broken between words.
    let most = options.width / 3;
    keep_words(&mut table, 1, most, titles.iter().map(String::as_str));
    for column in 2..columns.len() + 2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if is_narrow {
        crowd(&mut table);
    }
    format!("{}\n", table.trim_fmt())
}

/// The rules of other standards: the number of cases that cite each, and the faults that break it.
fn of_standards(standards: &[RuleCoverage], options: Options) -> String {
    let title = options.style.strong("Other standards");
    let mut table = new_table(options);
    table.set_header(["rule", "cases", "about, and faults against it"]);
    for standing in standards {
        table.add_row([
            standing.rule.clone(),
            standing.cases.len().to_string(),
            match standing.faults.as_slice() {
                [] => standing.about.to_owned(),
                faults => format!("{}\n{}", standing.about, faults.join(", ")),
            },
        ]);
    }
    whole(&mut table, 2);
    format!("{title}\n{}\n", table.trim_fmt())
}

/// Keeps the words of the first columns whole.
fn whole(table: &mut Table, columns: usize) {
    for column in 0..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

fn new_table(options: Options) -> Table {
    let mut table = Table::new();
    table
        .load_style(lines(options.style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(options.width.clamp(NARROWEST, WIDEST));
    table
}

/// Lists statements one by one.
fn list(rows: &[&Coverage], options: Options) -> String {
    let mut table = new_table(options);
    table.set_header(["id", "level", "state", "statement"]);
    let mut any = false;
    for row in rows {
        let is_missing = matches!(row.state, State::Open | State::Covered);
        if options.listed == Listed::Open && !is_missing {
            continue;
        }
        any = true;
        let mut text = row.requirement.summary.to_string();
        if let Some(reason) = &row.reason {
            text.push_str(&format!("\n{}", options.style.faint(reason)));
        }
        let state = row.state.as_str();
        table.add_row([
            row.requirement.id.to_owned(),
            row.requirement.weight().to_owned(),
            match row.state {
                State::Proven => options.style.good(state),
                State::Covered | State::Open => options.style.doubtful(state),
                State::NotTestable | State::NoReaction => options.style.faint(state),
            },
            text,
        ]);
    }
    if any {
        whole(&mut table, 3);
        format!("{}\n", table.trim_fmt())
    } else {
        String::new()
    }
}

/// The summary line.
fn summary(rows: &[Coverage], style: Style) -> String {
    let numbered = of(rows, |row| row.requirement.is_numbered());
    let rules = of(rows, |row| !row.requirement.is_numbered());
    let mut parts = Vec::new();
    let mut add = |rows: &[&Coverage], what: &str| {
        let counts = Counts::of(rows.iter().copied());
        if counts.testable > 0 {
            let share = format!("{} of {}", counts.proven, counts.testable);
            parts.push(format!("{share} {what} proven{}", exceptions(&counts)));
        }
    };
    add(&numbered, "testable statements");
    add(&rules, "unnumbered rules");
    if parts.is_empty() {
        let them = count(rows.len(), "statement");
        return format!("{them}, none of them testable on a broker\n");
    }
    format!("{}\n", parts.join(&format!(" {} ", style.separator())))
}

/// The numbers of statements that are not proven, in brackets.
fn exceptions(counts: &Counts) -> String {
    let kinds = [
        (counts.covered, "covered"),
        (counts.open, "open"),
        (
            counts.no_reaction,
            "for which the standard states no reaction",
        ),
    ];
    let words: Vec<String> = kinds
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    }
}
