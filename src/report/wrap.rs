//! Wraps text to a width.

/// Breaks the text into lines of at most `width` characters. A longer word is not broken.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else {
            break;
        };
        let needed = line.chars().count() + 1 + word.chars().count();
        if line.is_empty() {
            line.push_str(word);
        } else if needed <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Returns the first `most` lines of at most `width` characters. The last one ends with `ellipsis` if there are more.
pub(super) fn within(text: &str, width: usize, most: usize, ellipsis: &str) -> Vec<String> {
    let mut lines: Vec<String> = wrapped(text, width)
        .into_iter()
        .map(|line| cut(&line, width, ellipsis))
        .collect();
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} {ellipsis}"), width, ellipsis);
        }
    }
    lines
}

/// Returns the text, truncated to `width` characters.
pub(super) fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(ellipsis.chars().count());
    let text: String = text.chars().take(kept).collect();
    format!("{}{ellipsis}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_the_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            within("one two three four", 7, 2, "..."),
            ["one two", "thre..."]
        );
        assert_eq!(cut("abcdef", 5, "..."), "ab...");
        assert_eq!(wrapped("", 7), [""]);
    }
}
