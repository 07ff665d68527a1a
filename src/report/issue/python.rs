//! Writes values and comments in Python.

use crate::report::document::check::Wanted;
use crate::report::pcap::unhex;

/// The longest line of bytes or of a comment, in characters.
const WIDTH: usize = 88;

/// Words that cannot be names in Python, or that the script itself uses.
const TAKEN: &[&str] = &[
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "received",
    "packet",
    "faults",
    "faulty",
    "connacks",
    "like",
    "end",
    "wrong",
    "time",
    "os",
    "sys",
    "socket",
    "fields",
    "properties",
    "plain",
    "behind",
    "story",
    "identifier",
    "equals",
    "absent",
    "present",
    "between",
    "success",
    "successes",
    "granted",
    "each",
    "includes",
];

/// Turns the name of a client into the name of a variable.
pub(super) fn name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut out: String = name.chars().map(plain).collect();
    if out.starts_with(|c: char| !c.is_ascii_lowercase())
        || TAKEN.contains(&out.as_str())
        || out.starts_with("packet")
    {
        out.insert_str(0, "client_");
    }
    out
}

/// A string literal.
pub(super) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Bytes literals, as many as fit one to a line.
pub(super) fn bytes(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                line.push('\\');
                line.push(char::from(*byte));
            }
            b' '..=b'~' => line.push(char::from(*byte)),
            _ => line.push_str(&format!("\\x{byte:02x}")),
        }
        if line.len() >= WIDTH - 12 {
            lines.push(format!("b\"{}\"", std::mem::take(&mut line)));
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(format!("b\"{line}\""));
    }
    lines
}

/// A comment, on as many lines as it needs.
pub(super) fn comment(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        // A text from a broker or a scenario may contain a very long word.
        let word: String = word
            .chars()
            .take(WIDTH)
            .filter(|c| !c.is_control())
            .collect();
        if line.len() > 1 && line.len() + word.len() + 1 > WIDTH {
            lines.push(std::mem::replace(&mut line, String::from("#")));
        }
        line.push(' ');
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// The expression that checks the value of a field.
pub(super) fn wanted(wanted: &Wanted) -> String {
    let literal = |hex: &str| bytes(&unhex(hex)).join(" ");
    let pair =
        |(name, value): &(String, String)| format!("({}, {})", literal(name), literal(value));
    let listed = |pairs: &[(String, String)]| pairs.iter().map(pair).collect::<Vec<_>>().join(", ");
    let numbers = |numbers: &[u64]| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(", ")
    };
    let inner = |list: &[Wanted]| list.iter().map(self::wanted).collect::<Vec<_>>().join(", ");
    let bound = |bound: &Option<u64>| bound.map_or_else(|| "None".to_owned(), |n| n.to_string());
    match wanted {
        Wanted::Flag(flag) => format!("equals({})", u8::from(*flag)),
        Wanted::Number(number) => format!("equals({number})"),
        Wanted::Bytes(hex) => format!("equals({})", literal(hex)),
        Wanted::Numbers(list) => format!("equals([{}])", numbers(list)),
        Wanted::Pairs(pairs) => format!("equals([{}])", listed(pairs)),
        Wanted::Includes(pairs) => format!("includes({})", listed(pairs)),
        Wanted::Set(list) => format!("is_set({})", numbers(list)),
        Wanted::Absent => "absent".to_owned(),
        Wanted::Present => "present".to_owned(),
        Wanted::Not(not) => format!("differs_from({})", self::wanted(not)),
        Wanted::OneOf(list) => format!("one_of({})", inner(list)),
        Wanted::Between { at_least, at_most } => {
            format!("between({}, {})", bound(at_least), bound(at_most))
        }
        Wanted::StartsWith(hex) => format!("starts_with({})", literal(hex)),
        Wanted::Success => "success".to_owned(),
        Wanted::Successes(count) => format!("successes({count})"),
        Wanted::Granted(asked) => {
            let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
            format!("granted({})", asked.join(", "))
        }
        Wanted::Each(list) => format!("each({})", inner(list)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_python_reads() {
        assert_eq!(name("second-reader"), "second_reader");
        assert_eq!(name("from"), "client_from");
        assert_eq!(name("5"), "client_5");
        assert_eq!(text("a\"\\é"), "\"a\\\"\\\\\\U000000e9\"");
        assert_eq!(bytes(b"\x10a\"\\\xff"), ["b\"\\x10a\\\"\\\\\\xff\""]);
        assert_eq!(bytes(b""), ["b\"\""]);
        assert_eq!(bytes(&[b'x'; 100]).len(), 2);
        assert_eq!(comment("a\nb\u{1b}"), ["# a b"]);
        let value = Wanted::OneOf(vec![
            Wanted::Number(1),
            Wanted::Not(Box::new(Wanted::Absent)),
        ]);
        assert_eq!(wanted(&value), "one_of(equals(1), differs_from(absent))");
    }
}
