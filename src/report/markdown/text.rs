//! Escapes foreign text in Markdown, so that it contains no markup, mention or reference.

/// Characters that Markdown or an issue tracker may read as markup.
const MARKUP: &[char] = &[
    '\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '#', '|', '~', '&', '@', '$', '!',
];

/// Puts the text on one line. A text with markup characters becomes code.
pub(in crate::report) fn inline(text: &str) -> String {
    let text = on_one_line(text);
    match text.contains(MARKUP) {
        true => code(&text),
        false => text,
    }
}

/// Puts the text on one line, as code. Escapes bars, which would end a table cell even inside code.
pub(in crate::report) fn code(text: &str) -> String {
    let text = on_one_line(text).replace('|', "\\|");
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Puts the text in a fenced block.
pub(in crate::report) fn block(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_special_characters_as_code() {
        assert_eq!(inline("no PUBACK\nwithin 5 s"), "no PUBACK within 5 s");
        assert_eq!(inline("a <b>"), "`a <b>`");
        assert_eq!(inline("@all see #1"), "`@all see #1`");
    }

    #[test]
    fn no_text_ends_its_own_code() {
        assert_eq!(code("a `` b"), "```a `` b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(block("````\nx\n"), "`````text\n````\nx\n`````\n");
    }
}
