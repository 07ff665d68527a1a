//! Patterns for filters on the command line and for the cases of target files: docs/suites.md#patterns.

/// A pattern for a name: `*` matches any text, `?` any one character, and `{a,b}` either alternative. Everything else,
/// brackets included, matches itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// The patterns that the braces expand to.
    alternatives: Vec<String>,
}

/// The maximum number of alternatives in a pattern.
const ALTERNATIVES: usize = 256;

impl Pattern {
    /// Makes a pattern of any text. Braces that are not closed, or that expand to too many alternatives, match
    /// themselves.
    pub fn new(text: &str) -> Self {
        let mut alternatives = Vec::new();
        let is_within = spread(text, &mut alternatives);
        Self {
            text: text.to_owned(),
            alternatives: match is_within {
                true => alternatives,
                false => vec![text.to_owned()],
            },
        }
    }

    /// Returns the pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches a name from beginning to end.
    pub fn matches(&self, name: &str) -> bool {
        let mut all = self.alternatives.iter();
        self.text == name || all.any(|pattern| is_like(pattern.as_bytes(), name.as_bytes()))
    }

    /// Whether the pattern matches a case's id: the whole id, the id without its version, or the scenario alone. A
    /// target's record has a name like an id, with `@TARGET/` before it.
    pub fn matches_case(&self, id: &str) -> bool {
        let row = match id.rsplit_once('@') {
            Some((row, _)) if !row.is_empty() => row,
            _ => id,
        };
        let scenario = row.split_once('[').map_or(row, |(scenario, _)| scenario);
        self.matches(id) || self.matches(row) || self.matches(scenario)
    }
}

/// Expands the braces of a pattern. Returns `false` if there are too many alternatives.
fn spread(text: &str, into: &mut Vec<String>) -> bool {
    let braces = text.find('{').and_then(|open| {
        let close = open + text[open..].find('}')?;
        Some((open, close))
    });
    let Some((open, close)) = braces else {
        into.push(text.to_owned());
        return into.len() <= ALTERNATIVES;
    };
    text[open + 1..close].split(',').all(|choice| {
        let one = format!("{}{choice}{}", &text[..open], &text[close + 1..]);
        spread(&one, into)
    })
}

/// Backtracks to the last `*` only, so that the time is bounded by the length of the pattern times that of the name.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut last_star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                n += 1;
                while name.get(n).is_some_and(|byte| byte & 0xC0 == 0x80) {
                    n += 1;
                }
            }
            Some(byte) if *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    (p, n) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_question_marks_and_braces_mean_something_and_brackets_do_not() {
        for (pattern, name, matches) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*a", "aaa", true),
            ("?b", "ab", true),
            ("?b", "äb", true),
            ("??b", "äb", false),
            ("[ab]", "a", false),
            ("[*]", "[ab]", true),
            ("{a,b}/*", "b/c", true),
            ("{a,b}{c,d}", "ad", true),
            ("{a,b}", "{a,b}", true),
            ("{a", "{a", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn an_id_is_meant_by_its_scenario_its_row_and_its_version() {
        for (pattern, matches) in [
            ("x/y", true),
            ("x/y[a]", true),
            ("x/y[a]@5", true),
            ("x/y[*]@5", true),
            ("x/y[*]", true),
            ("x/*@5", true),
            ("*y*", true),
            ("y", false),
            ("x/y@5", false),
            ("x/y[b]", false),
            ("x/y[*]@3.1.1", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches_case("x/y[a]@5"),
                matches,
                "{pattern}"
            );
        }
        assert!(Pattern::new("@twin/x/*").matches_case("@twin/x/y@5"));
        assert!(Pattern::new("@twin/x/y").matches_case("@twin/x/y@5"));
    }

    #[test]
    fn takes_no_time_with_many_stars_or_braces() {
        let stars = Pattern::new(&"*a".repeat(1000));
        assert!(!stars.matches(&"a".repeat(999)));
        let braces = Pattern::new(&"{a,b}".repeat(64));
        assert!(!braces.matches("a"));
    }
}
