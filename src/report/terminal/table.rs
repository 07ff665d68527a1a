//! The areas of the suite, with the number of cases by verdict.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use super::Options;
use crate::report::document::{Case, Document, SnapshotState, Verdict};
use crate::report::style::Style;

/// The narrowest and the widest table, in columns.
const NARROWEST: u16 = 40;
const WIDEST: u16 = 100;

type Column = (&'static str, fn(&Case) -> bool);

const COLUMNS: &[Column] = &[
    ("cases", |_| true),
    ("passed", |c| c.verdict == Verdict::Passed),
    ("failed", |c| c.verdict == Verdict::Failed),
    ("inconclusive", |c| c.verdict == Verdict::Inconclusive),
    ("warned", |c| c.verdict == Verdict::Warned),
    ("skipped", |c| c.verdict == Verdict::Skipped),
    ("changed", |c| is(c, SnapshotState::Changed)),
    ("new", |c| is(c, SnapshotState::New)),
    ("stale", |c| is(c, SnapshotState::Stale)),
];

fn is(case: &Case, state: SnapshotState) -> bool {
    let snapshot = case.snapshot.as_ref();
    snapshot.is_some_and(|s| s.state == state && (s.counts || state != SnapshotState::Changed))
}

/// Renders the number of cases by area and verdict. Empty columns are left out.
pub(super) fn areas(document: &Document, options: Options) -> String {
    if document.cases.is_empty() {
        return String::new();
    }
    let mut areas: Vec<(&str, Vec<&Case>)> = Vec::new();
    for case in &document.cases {
        match areas.iter_mut().find(|(known, _)| *known == case.area) {
            Some((_, cases)) => cases.push(case),
            None => areas.push((&case.area, vec![case])),
        }
    }
    let all: Vec<&Case> = document.cases.iter().collect();
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(name, counts)| *name == "passed" || number(&all, *counts) > 0)
        .collect();
    let limit = options.width.clamp(NARROWEST, WIDEST);
    let room = usize::from(limit);
    let names = areas.iter().map(|(area, _)| area.chars().count()).max();
    let room = room.saturating_sub(names.unwrap_or_default().clamp(4, room / 2) + 2);
    let blocks = blocks(&columns, &all, room).into_iter().map(|columns| {
        let mut table = Table::new();
        table
            .load_style(lines(options.style))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(limit);
        let mut header = vec!["area".to_owned()];
        header.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
        table.set_header(header);
        let total = (areas.len() > 1).then_some(("all", &all));
        let rows = areas.iter().map(|(area, cases)| (*area, cases));
        for (name, cases) in rows.chain(total) {
            let mut cells = vec![name.to_owned()];
            let numbers = columns.iter().map(|(_, counts)| number(cases, *counts));
            cells.extend(numbers.map(|number| match number {
                0 => String::new(),
                n => n.to_string(),
            }));
            table.add_row(cells);
        }
        for column in 1..=columns.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        format!("{}\n", table.trim_fmt())
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The number of cases that count in a column.
fn number(cases: &[&Case], counts: fn(&Case) -> bool) -> usize {
    cases.iter().filter(|case| counts(case)).count()
}

/// Splits the columns into groups that each fit into the room, so that no heading is broken.
fn blocks<'c>(columns: &[&'c Column], all: &[&Case], room: usize) -> Vec<Vec<&'c Column>> {
    let mut blocks: Vec<Vec<&Column>> = vec![Vec::new()];
    let mut taken = 0;
    for column @ (name, counts) in columns {
        // A cell has a space on either side.
        let width = name.len().max(number(all, *counts).to_string().len()) + 2;
        if taken + width > room && taken > 0 {
            blocks.push(Vec::new());
            taken = 0;
        }
        taken += width;
        if let Some(block) = blocks.last_mut() {
            block.push(column);
        }
    }
    blocks
}

/// Makes a column (counted from 0) wide enough that no word of these texts is broken, but at most `most` terminal
/// columns wide.
pub(crate) fn keep_words<'t>(
    table: &mut Table,
    column: usize,
    most: u16,
    texts: impl Iterator<Item = &'t str>,
) {
    let words = texts.flat_map(str::split_whitespace);
    let longest = words.map(|word| word.chars().count()).max().unwrap_or(0);
    // A cell has a space on either side.
    if let (Some(column), Ok(longest)) = (table.column_mut(column), u16::try_from(longest + 2)) {
        let least = Width::Fixed(longest.min(most));
        column.set_constraint(ColumnConstraint::LowerBoundary(least));
    }
}

/// Moves the columns closer together, for a narrow terminal.
pub(crate) fn crowd(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
}

/// A style with only one line, below the heading.
pub(crate) fn lines(style: Style) -> TableStyle {
    let fill = if style.unicode { '─' } else { '-' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill).junction(fill))
}
