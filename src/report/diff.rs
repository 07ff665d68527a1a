//! Two texts side by side, line by line.

use similar::{ChangeTag, TextDiff};

use super::words::Style;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The changes from `old` to `new`, indented; at most `limit` lines, and then how many more there are.
pub fn unified(old: &str, new: &str, limit: usize, style: Style) -> String {
    // A text from a file has no line end at its end, one from a run has.
    let (old, new) = (whole_lines(old), whole_lines(new));
    let diff = TextDiff::from_lines(&old, &new);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            lines.push(style.faint(&format!("    {}", style.ellipsis())));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = change.value().trim_end_matches(['\r', '\n']);
            lines.push(match change.tag() {
                ChangeTag::Delete => style.bad(&format!("  - {text}")),
                ChangeTag::Insert => style.good(&format!("  + {text}")),
                ChangeTag::Equal => format!("    {text}"),
            });
        }
    }
    let more = lines.len().saturating_sub(limit);
    lines.truncate(limit);
    if more > 0 {
        lines.push(format!(
            "    {} {}",
            style.ellipsis(),
            super::words::count(more, "more line")
        ));
    }
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
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
    fn shows_changes_with_what_stands_around_them() {
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
