//! Compares two texts line by line.

use similar::{ChangeTag, TextDiff};

use super::document::{Change, DiffLine};
use super::style::Style;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Returns the changes from `old` to `new`, with context.
pub(super) fn lines(old: &str, new: &str) -> Vec<DiffLine> {
    // A text from a file has no line break at its end, but one from a run has.
    let (old, new) = (whole_lines(old), whole_lines(new));
    let diff = TextDiff::from_lines(&old, &new);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            lines.push(DiffLine {
                change: Change::Gap,
                text: String::new(),
            });
        }
        lines.extend(
            group
                .iter()
                .flat_map(|op| diff.iter_changes(op))
                .map(|change| {
                    let text = change.value().trim_end_matches(['\r', '\n']);
                    DiffLine {
                        change: match change.tag() {
                            ChangeTag::Delete => Change::Removed,
                            ChangeTag::Insert => Change::Added,
                            ChangeTag::Equal => Change::Same,
                        },
                        text: text.to_owned(),
                    }
                }),
        );
    }
    lines
}

/// Formats the changes from `old` to `new`, indented. Shows at most `limit` lines, and then the number of lines left
/// out.
pub fn unified(old: &str, new: &str, limit: usize, style: Style) -> String {
    shown(&lines(old, new), 0, limit, style)
}

/// Formats the lines of a diff, indented. Shows at most `limit` lines, and then the number of lines left out.
/// `left_out` lines were left out before.
pub(super) fn shown(lines: &[DiffLine], left_out: usize, limit: usize, style: Style) -> String {
    let mut text = String::new();
    for DiffLine { change, text: line } in lines.iter().take(limit) {
        let line = match change {
            Change::Removed => style.bad(&format!("  - {line}")),
            Change::Added => style.good(&format!("  + {line}")),
            Change::Same => format!("    {line}"),
            Change::Gap => style.faint(&format!("    {}", style.ellipsis())),
        };
        text.push_str(&line);
        text.push('\n');
    }
    let more = lines.len().saturating_sub(limit) + left_out;
    if more > 0 {
        let more = super::style::count(more, "more line");
        text.push_str(&format!("    {} {more}\n", style.ellipsis()));
    }
    text
}

fn whole_lines(text: &str) -> String {
    match text.trim_end() {
        "" => String::new(),
        text => format!("{text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_changes_with_the_lines_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n";
        let new = "1\n2\n3\n4\n5\n6\nseven\n8\n";
        assert_eq!(
            unified(old, new, 100, Style::PLAIN),
            "    4\n    5\n    6\n  - 7\n  + seven\n    8\n"
        );
        assert_eq!(unified(old, old.trim_end(), 100, Style::PLAIN), "");
    }

    #[test]
    fn cuts_what_is_long() {
        let old = (0..50).map(|n| format!("{n}\n")).collect::<String>();
        let text = unified(&old, "", 10, Style::PLAIN);
        assert_eq!(text.lines().count(), 11);
        assert!(text.ends_with("... 40 more lines\n"), "{text}");
    }
}
