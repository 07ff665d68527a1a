//! Renders a diagnostic as text, in the style of a compiler.

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthChar;

use super::{Diagnostic, Place};

/// Whether the text has colours. The caller decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Coloured,
}

/// How many columns of a line are shown. A longer line is cropped around the place.
const WIDTH: usize = 100;
/// The width of a tab in columns.
const TAB: usize = 4;

/// Returns the whole text of a diagnostic. It ends with a line break.
pub fn render(diagnostic: &Diagnostic, style: Style) -> String {
    let paint = Paint(style);
    let path = printable(&diagnostic.source.path);
    let mut out = format!(
        "{}{}\n",
        paint.error("error"),
        paint.strong(&format!(": {}", printable(&diagnostic.title)))
    );
    let gutter = match diagnostic.place {
        Some(place) => place.line.to_string().len() + 1,
        None => 1,
    };
    let margin = " ".repeat(gutter);
    let arrow = paint.frame(&format!("{margin}-->"));
    let bar = paint.frame(&format!("{margin} |"));
    match diagnostic.place {
        Some(place) => {
            out += &format!("{arrow} {path}:{}:{}\n", place.line, place.column);
            let shown = excerpt(diagnostic.source.line(place.line).unwrap_or(""), place);
            let number = paint.frame(&format!("{:>gutter$} |", place.line));
            out += &format!("{bar}\n{number} {}\n", shown.text);
            let carets = paint.error(&"^".repeat(shown.width));
            let label = match &diagnostic.label {
                Some(label) => format!(" {}", paint.error(&printable(label))),
                None => String::new(),
            };
            out += &format!("{bar} {}{carets}{label}\n", " ".repeat(shown.before));
        }
        None => out += &format!("{arrow} {path}\n"),
    }
    let label_alone = diagnostic
        .label
        .as_ref()
        .filter(|_| diagnostic.place.is_none());
    if label_alone.is_some() || diagnostic.hint.is_some() {
        out += &format!("{bar}\n");
    }
    let notes = [("note", label_alone), ("hint", diagnostic.hint.as_ref())];
    for (word, text) in notes {
        let Some(text) = text else { continue };
        let lead = paint.frame(&format!("{margin} ="));
        let mut lines = text.lines();
        let first = printable(lines.next().unwrap_or(""));
        out += &format!("{lead} {} {first}\n", paint.strong(&format!("{word}:")));
        for line in lines {
            out += &format!("{margin}         {}\n", printable(line));
        }
    }
    out
}

/// A printable line, with the position and the width of its carets in terminal columns.
struct Excerpt {
    text: String,
    before: usize,
    width: usize,
}

fn excerpt(line: &str, place: Place) -> Excerpt {
    // The printable form of each character, with its width. A part around the place is enough of a very long line.
    let column = place.column.max(1) as usize - 1;
    let skipped = column.saturating_sub(2 * WIDTH);
    let stretch = line.trim_end().chars().skip(skipped).take(4 * WIDTH);
    let cells: Vec<(String, usize)> = stretch.map(cell).collect();
    let start = (column - skipped).min(cells.len());
    let end = (start + place.length.max(1) as usize).min(cells.len().max(start));
    let columns = |range: &[(String, usize)]| range.iter().map(|(_, w)| w).sum::<usize>();

    let (mut first, mut last) = (0, cells.len());
    if columns(&cells) > WIDTH {
        // A quarter of the width goes before the place, the rest after its start.
        first = start;
        while first > 0 && columns(&cells[first - 1..start]) <= WIDTH / 4 {
            first -= 1;
        }
        last = first;
        while last < cells.len() && columns(&cells[first..=last]) <= WIDTH {
            last += 1;
        }
    }
    let end = end.min(last);
    let head = if first > 0 { "…" } else { "" };
    let tail = if last < cells.len() { "…" } else { "" };
    let body: String = cells[first..last].iter().map(|(c, _)| c.as_str()).collect();
    Excerpt {
        text: format!("{head}{body}{tail}"),
        before: columns(&cells[first..start]) + head.chars().count(),
        width: columns(&cells[start..end.max(start)]).max(1),
    }
}

fn cell(c: char) -> (String, usize) {
    match c {
        '\t' => (" ".repeat(TAB), TAB),
        // Replace what would move the cursor or colour the terminal.
        c if is_unsafe(c) => ("\u{FFFD}".to_owned(), 1),
        c => (c.to_string(), c.width().unwrap_or(1)),
    }
}

/// Replaces the characters that a terminal would interpret.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_unsafe(c) { '\u{FFFD}' } else { c })
        .collect()
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

struct Paint(Style);

impl Paint {
    fn error(&self, text: &str) -> String {
        self.with(
            Ansi::new().bold().fg_color(Some(AnsiColor::Red.into())),
            text,
        )
    }

    fn frame(&self, text: &str) -> String {
        self.with(
            Ansi::new().bold().fg_color(Some(AnsiColor::Blue.into())),
            text,
        )
    }

    fn strong(&self, text: &str) -> String {
        self.with(Ansi::new().bold(), text)
    }

    fn with(&self, ansi: Ansi, text: &str) -> String {
        match self.0 {
            Style::Plain => text.to_owned(),
            Style::Coloured => format!("{ansi}{text}{ansi:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Source;
    use super::*;

    fn shown(text: &str, place: Option<(u32, u32, u32)>) -> String {
        let source = Arc::new(Source {
            path: "scenarios/a.yaml".to_owned(),
            text: text.to_owned(),
        });
        let place = place.map(|(line, column, length)| Place {
            line,
            column,
            length,
        });
        let diagnostic = Diagnostic::new(&source, place, "unknown action `conect`")
            .label("did you mean `connect`?")
            .hint("first\nsecond");
        render(&diagnostic, Style::Plain)
    }

    #[test]
    fn points_at_the_place() {
        insta::assert_snapshot!(shown("a:\r\n  - first: conect\n", Some((2, 12, 6))), @r"
        error: unknown action `conect`
          --> scenarios/a.yaml:2:12
           |
         2 |   - first: conect
           |            ^^^^^^ did you mean `connect`?
           |
           = hint: first
                   second
        ");
    }

    #[test]
    fn reports_about_a_whole_file() {
        insta::assert_snapshot!(shown("", None), @r"
        error: unknown action `conect`
         --> scenarios/a.yaml
          |
          = note: did you mean `connect`?
          = hint: first
                  second
        ");
    }

    #[test]
    fn counts_columns_of_tabs_and_wide_characters() {
        let text = shown("\t漢字: x\u{1b}[31m conect", Some((1, 13, 6)));
        insta::assert_snapshot!(text, @r"
        error: unknown action `conect`
          --> scenarios/a.yaml:1:13
           |
         1 |     漢字: x�[31m conect
           |                  ^^^^^^ did you mean `connect`?
           |
           = hint: first
                   second
        ");
    }

    #[test]
    fn crops_long_lines_around_the_place() {
        let line = format!("{}conect{}", "a".repeat(300), "b".repeat(300));
        insta::assert_snapshot!(shown(&line, Some((1, 301, 6))), @r"
        error: unknown action `conect`
          --> scenarios/a.yaml:1:301
           |
         1 | …aaaaaaaaaaaaaaaaaaaaaaaaaconectbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
           |                           ^^^^^^ did you mean `connect`?
           |
           = hint: first
                   second
        ");
    }

    #[test]
    fn survives_places_outside_of_the_text() {
        assert!(shown("a", Some((9, 9, 9))).contains("a.yaml:9:9"));
        assert!(shown("a", Some((1, 9, 9))).contains("a.yaml:1:9"));
        assert!(shown("", Some((0, 0, 0))).contains("a.yaml:0:0"));
    }

    #[test]
    fn colours_only_with_the_option() {
        let source = Arc::new(Source {
            path: "a".to_owned(),
            text: "b".to_owned(),
        });
        let place = Place {
            line: 1,
            column: 1,
            length: 1,
        };
        let diagnostic = Diagnostic::new(&source, Some(place), "title");
        assert!(!render(&diagnostic, Style::Plain).contains('\u{1b}'));
        assert!(render(&diagnostic, Style::Coloured).contains("\u{1b}[1m\u{1b}[31m^"));
    }
}
