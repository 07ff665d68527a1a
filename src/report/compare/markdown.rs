//! The comparison as a comment for a pull request.

use mqtt_check_codec::describe::visible;

use super::comparison::{Comparison, Kind, Row, Side};
use crate::report::markdown::text::{code, inline};
use crate::report::names::compressed;
use crate::report::style::{count, grouped};

/// The longest text, in characters. GitHub accepts 65,536 in a comment, which leaves room for what others add.
pub const MOST_CHARACTERS: usize = 60_000;

/// The largest number of names in a cell.
const NAMES: usize = 10;
/// The longest cell, in characters.
const CELL: usize = 400;

/// Renders the text, never longer than [`MOST_CHARACTERS`].
pub fn render(comparison: &Comparison, allow_skips: bool) -> String {
    let mut out = head(comparison, allow_skips);
    let mut sections: Vec<String> = Vec::new();
    if !comparison.offered.is_empty() {
        let lines = comparison.offered.iter();
        let lines: String = lines.map(|text| format!("- {}\n", inline(text))).collect();
        sections.push(format!("### Offered differently\n\n{lines}"));
    }
    let notes = comparison.notes.iter();
    let notes: String = notes.map(|note| format!("- {}\n", limited(note))).collect();
    let unasked = &comparison.choices_no_longer_asked;
    let unasked = match unasked.is_empty() {
        true => String::new(),
        false => format!(
            "- no case tests these choices any more: {}\n",
            limited(&unasked.join(", "))
        ),
    };
    if !(notes.is_empty() && unasked.is_empty()) {
        sections.push(format!("### Notes\n\n{notes}{unasked}"));
    }
    for section in sections {
        out.push_str(&format!("\n{section}"));
    }
    // The sections of cases share the remaining room, the worst first.
    let mut out = visible(&out);
    for kind in Kind::ALL {
        let room = MOST_CHARACTERS.saturating_sub(out.chars().count());
        out.push_str(&section(comparison, kind, room));
    }
    out
}

/// The result, the two runs and the numbers.
fn head(comparison: &Comparison, allow_skips: bool) -> String {
    let counts = &comparison.counts;
    let sentence = match comparison.has_regressed(allow_skips) {
        true => match (counts.regressed, counts.no_longer_exercised) {
            (regressed, 0) => format!("{} regressed", count(regressed, "case")),
            (0, skipped) => format!("{} no longer exercised", count(skipped, "case")),
            (regressed, skipped) => format!(
                "{} regressed, {} no longer exercised",
                count(regressed, "case"),
                grouped(skipped)
            ),
        },
        false => "nothing regressed".to_owned(),
    };
    let mut out = format!("## mqtt-check: {sentence}\n\n");
    out.push_str("| | broker | cases | passed | failed | warned | inconclusive | skipped |\n");
    out.push_str("|---|---|---:|---:|---:|---:|---:|---:|\n");
    out.push_str(&side("base", &comparison.base));
    out.push_str(&side("head", &comparison.head));
    out.push_str(&format!("\n{}.\n", comparison.totals()));
    out
}

fn side(name: &str, side: &Side) -> String {
    let summary = &side.summary;
    let numbers = [
        summary.cases,
        summary.passed,
        summary.failed,
        summary.warned,
        summary.inconclusive,
        summary.skipped,
    ];
    let numbers: Vec<String> = numbers.into_iter().map(grouped).collect();
    format!(
        "| {name} | {} | {} |\n",
        limited(&side.broker),
        numbers.join(" | ")
    )
}

/// The changes of one kind, as many as fit into `room` characters.
fn section(comparison: &Comparison, kind: Kind, room: usize) -> String {
    let rows = comparison.rows(kind);
    if rows.is_empty() {
        return String::new();
    }
    let number = grouped(comparison.counts.of(kind).max(rows.len()));
    let word = kind.as_str();
    let (open, end) = match kind {
        Kind::Regressed | Kind::NoLongerExercised => {
            let mut title = word.to_owned();
            title[..1].make_ascii_uppercase();
            (format!("\n### {title}\n\n"), "")
        }
        // Changes that need no decision are collapsed.
        _ => (
            format!("\n<details><summary>{number} {word}</summary>\n\n"),
            "\n</details>\n",
        ),
    };
    let mut out = format!("{open}| case | change | cause |\n|---|---|---|\n");
    let more = |left: usize| format!("\nAnd {} more.\n", grouped(left));
    let reserved = end.len() + more(usize::MAX).len();
    let mut used = out.chars().count() + reserved;
    let mut shown = 0;
    if used > room {
        let brief = format!("\n{number} {word}; no room for them here.\n");
        return match brief.len() <= room {
            true => brief,
            false => String::new(),
        };
    }
    for row in &rows {
        let line = visible(&line(row));
        let length = line.chars().count();
        if used + length > room {
            break;
        }
        used += length;
        out.push_str(&line);
        shown += 1;
    }
    if shown < rows.len() {
        out.push_str(&more(rows.len() - shown));
    }
    out.push_str(end);
    out
}

fn line(row: &Row<'_>) -> String {
    let names = compressed(row.cases.iter().copied());
    let mut shown: Vec<String> = names
        .iter()
        .take(NAMES)
        .map(|name| code(&cut(name)))
        .collect();
    if names.len() > NAMES {
        shown.push(format!("and {} more", grouped(names.len() - NAMES)));
    }
    format!(
        "| {} | {} | {} |\n",
        shown.join("<br>"),
        limited(row.text),
        limited(&row.why())
    )
}

/// Truncates a text for a cell.
fn limited(text: &str) -> String {
    inline(&cut(text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
