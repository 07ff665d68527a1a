//! Plurals, durations, colours and symbols, each with a plain form for terminals without colour or Unicode.

use std::time::Duration;

/// Whether output uses colour and Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    pub unicode: bool,
}

impl Style {
    /// No colour, and only ASCII for symbols of our own.
    pub const PLAIN: Self = Self {
        colour: false,
        unicode: false,
    };

    /// The style for a stream. It has colour if the user wants it, or if the stream is a terminal and the environment
    /// does not forbid it.
    pub fn of(choice: ColourChoice, is_terminal: bool, environment: &Environment) -> Self {
        let colour = match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => is_terminal && !environment.no_colour,
        };
        Self {
            colour,
            unicode: environment.unicode,
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Something that is wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Something that is right.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something that needs a look.
    pub fn doubtful(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Less important text.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Important text.
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// A mark for relevant lines.
    pub const fn pointer(self) -> &'static str {
        if self.unicode { "▶" } else { ">" }
    }

    /// A separator between the parts of a line.
    pub const fn separator(self) -> &'static str {
        if self.unicode { "·" } else { "-" }
    }

    /// A mark for omitted text.
    pub const fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// The settings of the environment that affect output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    /// Whether `NO_COLOR` is set, or `TERM` is `dumb`.
    pub no_colour: bool,
    /// Whether the character set of the locale is UTF-8.
    pub unicode: bool,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"))
            .unwrap_or_default()
            .to_ascii_lowercase();
        Self {
            no_colour: set("NO_COLOR").is_some() || set("TERM").as_deref() == Some("dumb"),
            unicode: cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8"),
        }
    }
}

/// A count with its noun: `1 case`, `2 cases`.
pub fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        n => format!("{n} {}", plural(one)),
    }
}

/// A number with its digits grouped: `3,081`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    }
}

/// A duration in its two largest units: `12 ms`, `1.25 s`, `2 h 3 m`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.2} s", time.as_secs_f64()),
        60..3600 => pair(seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => pair(seconds / 3600, "h", seconds % 3600 / 60, "m"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn pair(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

/// Joins alternatives: `a`, `a or b`, `a, b or c`.
pub fn alternatives(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Whether these words say only that something was not received. What was expected is then more informative.
pub fn is_absence(actual: &str) -> bool {
    let starts = |start: &&str| actual.starts_with(start);
    let is_timeout = ["no ", "nothing arrived ", "nothing expected arrived "];
    let is_closing = ["the connection was closed ", "the connection was reset "];
    (is_timeout.iter().any(starts) && actual.contains(" within "))
        || (is_closing.iter().any(starts)
            && (actual.ends_with(" arrived") || actual.ends_with(" first")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_words() {
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(0, "case"), "0 cases");
        assert_eq!(count(2, "capability"), "2 capabilities");
    }

    #[test]
    fn groups_the_digits_of_large_numbers() {
        let all = [
            (0, "0"),
            (999, "999"),
            (3081, "3,081"),
            (1_000_000, "1,000,000"),
        ];
        for (number, text) in all {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn shows_durations_in_two_units() {
        let shown = |ms| span(Duration::from_millis(ms));
        assert_eq!(shown(7), "7 ms");
        assert_eq!(shown(1_254), "1.25 s");
        assert_eq!(shown(120_000), "2 m");
        assert_eq!(shown(7_380_000), "2 h 3 m");
        assert_eq!(shown(90_000_000), "1 d 1 h");
    }

    #[test]
    fn joins_alternatives() {
        let all = |words: &[&str]| {
            alternatives(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(all(&["a"]), "a");
        assert_eq!(all(&["a", "b", "c"]), "a, b or c");
    }

    #[test]
    fn colours_only_where_it_may() {
        let open = Environment {
            no_colour: false,
            unicode: true,
        };
        let shut = Environment {
            no_colour: true,
            ..open
        };
        let colour = |choice, terminal, env: &Environment| Style::of(choice, terminal, env).colour;
        assert!(colour(ColourChoice::Auto, true, &open));
        assert!(!colour(ColourChoice::Auto, false, &open));
        assert!(!colour(ColourChoice::Auto, true, &shut));
        assert!(colour(ColourChoice::Always, false, &shut));
        assert_eq!(Style::PLAIN.bad("x"), "x");
    }
}
