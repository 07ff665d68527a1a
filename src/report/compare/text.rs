//! The comparison for the terminal: one table per kind of change, the worst first, and a summary line.

use comfy_table::{ContentArrangement, Table};

use super::comparison::{Comparison, Kind, Row, Side};
use crate::report::names::compressed;
use crate::report::style::{Style, grouped};
use crate::report::terminal::{Options, keep_words, lines};

/// The largest numbers of rows in a table and of names in a cell, without `--verbose`.
const ROWS: usize = 20;
const NAMES: usize = 6;
/// The narrowest and the widest table, in columns.
const NARROWEST: u16 = 40;
const WIDEST: u16 = 160;
/// From this width on, the cause has a column of its own.
const WIDE: u16 = 120;

/// The heading of a column, and its cell for a row.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// Renders the whole text.
pub fn render(comparison: &Comparison, options: Options) -> String {
    let style = options.style;
    let mut parts = vec![format!(
        "{}{}",
        side("base", &comparison.base),
        side("head", &comparison.head)
    )];
    parts.extend(offered(comparison, style));
    let kinds = Kind::ALL.into_iter();
    parts.extend(kinds.filter_map(|kind| table(comparison, kind, options)));
    let unasked = &comparison.choices_no_longer_asked;
    if !unasked.is_empty() {
        let text = format!(
            "no case tests these choices any more: {}\n",
            unasked.join(", ")
        );
        parts.push(text);
    }
    let notes = comparison.notes.iter();
    let notes: String = notes
        .map(|note| format!("{} {note}\n", style.doubtful("note:")))
        .collect();
    parts.push(notes);
    parts.push(format!("{}\n", comparison.totals()));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn side(name: &str, side: &Side) -> String {
    let summary = &side.summary;
    let numbers = [
        ("passed", summary.passed),
        ("failed", summary.failed),
        ("warned", summary.warned),
        ("inconclusive", summary.inconclusive),
        ("skipped", summary.skipped),
    ];
    let numbers = numbers.into_iter().filter(|(_, number)| *number > 0);
    let numbers: Vec<String> = numbers
        .map(|(word, number)| format!("{} {word}", grouped(number)))
        .collect();
    format!(
        "{name}  {}: {} ({})\n",
        side.broker,
        numbers.join(", "),
        side.file
    )
}

fn offered(comparison: &Comparison, style: Style) -> Option<String> {
    if comparison.offered.is_empty() {
        return None;
    }
    let lines: String = comparison
        .offered
        .iter()
        .map(|text| format!("  {text}\n"))
        .collect();
    Some(format!(
        "{}\n{lines}",
        style.doubtful("OFFERED DIFFERENTLY")
    ))
}

fn table(comparison: &Comparison, kind: Kind, options: Options) -> Option<String> {
    let rows = comparison.rows(kind);
    if rows.is_empty() {
        return None;
    }
    let shown = if options.verbose { rows.len() } else { ROWS };
    let width = options.width.clamp(NARROWEST, WIDEST);
    let columns: &[Column] = match (rows.iter().any(|row| !row.why().is_empty()), width) {
        (false, _) => &[("change", |row| row.text.to_owned())],
        (true, ..WIDE) => &[("change", |row| match row.why() {
            why if why.is_empty() => row.text.to_owned(),
            why => format!("{}: {why}", row.text),
        })],
        (true, _) => &[
            ("change", |row| row.text.to_owned()),
            ("cause", |row| row.why()),
        ],
    };
    let mut table = Table::new();
    table
        .load_style(lines(options.style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    let titles = columns.iter().map(|(title, _)| *title);
    table.set_header(["case"].into_iter().chain(titles));
    let mut all = Vec::new();
    for row in rows.iter().take(shown) {
        let names = names(row, options);
        let cells = columns.iter().map(|(_, cell)| cell(row));
        table.add_row([names.clone()].into_iter().chain(cells));
        all.push(names);
    }
    // Names are truncated only if nothing else helps.
    keep_words(&mut table, 0, width / 2, all.iter().map(String::as_str));
    let mut out = format!("{}\n{}\n", heading(kind, options.style), table.trim_fmt());
    if rows.len() > shown {
        let more = rows.len() - shown;
        out.push_str(&format!(
            "  and {} more; --verbose shows all\n",
            grouped(more)
        ));
    }
    Some(out)
}

fn heading(kind: Kind, style: Style) -> String {
    let word = kind.as_str().to_uppercase();
    match kind {
        Kind::Regressed | Kind::NoLongerExercised => style.bad(&word),
        Kind::AnswersDifferently => style.doubtful(&word),
        Kind::Improved => style.good(&word),
        Kind::Expected | Kind::New | Kind::Gone => style.strong(&word),
    }
}

/// The cases of a row, one name per line.
fn names(row: &Row<'_>, options: Options) -> String {
    let mut names = compressed(row.cases.iter().copied());
    if names.len() > NAMES && !options.verbose {
        let more = names.len() - NAMES;
        names.truncate(NAMES);
        names.push(format!("and {} more", grouped(more)));
    }
    names.join("\n")
}
