//! The areas of the suite by verdicts.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::Options;
use crate::report::document::{Case, Document, SnapshotState, Verdict};
use crate::report::words::Style;

/// The widest that the table is made, in columns.
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

/// Folders by verdicts; columns in which nothing stands are left out.
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
    let number = |cases: &[&Case], counts: fn(&Case) -> bool| {
        cases.iter().filter(|case| counts(case)).count()
    };
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(name, counts)| *name == "passed" || number(&all, *counts) > 0)
        .collect();
    let mut table = Table::new();
    table
        .load_style(lines(options.style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(options.width.min(WIDEST));
    let mut header = vec!["area".to_owned()];
    header.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    table.set_header(header);
    let mut row = |name: &str, cases: &[&Case]| {
        let mut cells = vec![name.to_owned()];
        cells.extend(
            columns
                .iter()
                .map(|(_, counts)| match number(cases, *counts) {
                    0 => String::new(),
                    n => n.to_string(),
                }),
        );
        table.add_row(cells);
    };
    for (area, cases) in &areas {
        row(area, cases);
    }
    if areas.len() > 1 {
        row("all", &all);
    }
    for column in 1..=columns.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n", table.trim_fmt())
}

/// One line under the heading and nothing else.
pub(crate) fn lines(style: Style) -> TableStyle {
    let fill = if style.unicode { '─' } else { '-' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill).junction(fill))
}
