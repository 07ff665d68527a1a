//! The grammar of `$name`, `$connack.FIELD`, arithmetic, and `${name}` within texts. Other modules decide what the
//! names mean.

use super::model::Operator;

/// An expression as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Formula {
    Number(u64),
    /// `$a.b.c`, without the dollar.
    Path(Vec<String>),
    Arithmetic(Box<Formula>, Operator, Box<Formula>),
}

/// A piece of a text with `${…}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// The content of the braces, as a path.
    Path(Vec<String>),
    /// `${` that is not followed by a name and a closing brace.
    Broken(&'a str),
}

/// Parses a whole text as an expression: numbers and `$paths`, joined by operators. Returns `None` for any other text.
pub(crate) fn parse(text: &str) -> Option<Formula> {
    let mut parser = Parser {
        rest: text.trim(),
        terms: 0,
    };
    let formula = parser.sum()?;
    parser.rest.is_empty().then_some(formula)
}

/// Returns the path if the text is one `$path` and nothing else.
pub(crate) fn whole_path(text: &str) -> Option<Vec<String>> {
    path(text.strip_prefix('$')?)
}

/// Splits a text into its pieces, in order.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if start > 0 {
            out.push(Piece::Text(&rest[..start]));
        }
        let inner = &rest[start + 2..];
        let end = inner.find('}');
        match end.and_then(|end| Some((end, path(&inner[..end])?))) {
            Some((end, path)) => {
                out.push(Piece::Path(path));
                rest = &inner[end + 1..];
            }
            None => {
                out.push(Piece::Broken(&rest[start..]));
                return out;
            }
        }
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    out
}

/// Whether the text can be the name of a value: a lowercase letter, then lowercase letters, digits and `_`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A decimal number, or a hexadecimal one with `0x`.
pub(crate) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        // `from_str_radix` would accept a sign.
        Some(hex) if hex.chars().all(|c| c.is_ascii_hexdigit()) => {
            u64::from_str_radix(hex, 16).ok()
        }
        None if text.chars().all(|c| c.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn path(text: &str) -> Option<Vec<String>> {
    let segments: Vec<String> = text.split('.').map(str::to_owned).collect();
    // A client's name may contain capitals after its first letter; the names of fields and values cannot.
    let is_segment = |s: &String| {
        s.starts_with(|c: char| c.is_ascii_lowercase())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    segments.iter().all(is_segment).then_some(segments)
}

/// The maximum number of terms. A longer expression would nest too deep.
const TERM_LIMIT: usize = 16;

struct Parser<'a> {
    rest: &'a str,
    terms: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Option<Formula> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&[('+', Operator::Plus), ('-', Operator::Minus)]) {
            let right = self.product()?;
            left = Formula::Arithmetic(Box::new(left), operator, Box::new(right));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Formula> {
        let mut left = self.term()?;
        while let Some(operator) = self.operator(&[('*', Operator::Times)]) {
            let right = self.term()?;
            left = Formula::Arithmetic(Box::new(left), operator, Box::new(right));
        }
        Some(left)
    }

    fn operator(&mut self, known: &[(char, Operator)]) -> Option<Operator> {
        let rest = self.rest.trim_start();
        let (sign, operator) = known.iter().find(|(sign, _)| rest.starts_with(*sign))?;
        self.rest = rest[sign.len_utf8()..].trim_start();
        Some(*operator)
    }

    fn term(&mut self) -> Option<Formula> {
        self.terms += 1;
        if self.terms > TERM_LIMIT {
            return None;
        }
        let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$'));
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word.strip_prefix('$') {
            Some(name) => path(name).map(Formula::Path),
            None if word.is_empty() => None,
            None => number(word).map(Formula::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(segments: &[&str]) -> Vec<String> {
        segments.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn reads_expressions() {
        assert_eq!(parse("7"), Some(Formula::Number(7)));
        assert_eq!(parse("0x1F"), Some(Formula::Number(31)));
        assert_eq!(parse("$m"), Some(Formula::Path(path_of(&["m"]))));
        let sum = parse("$a.connack.receive_maximum + 2 * 3").expect("an expression");
        let Formula::Arithmetic(left, Operator::Plus, right) = sum else {
            panic!("{sum:?}");
        };
        assert_eq!(
            *left,
            Formula::Path(path_of(&["a", "connack", "receive_maximum"]))
        );
        assert!(matches!(*right, Formula::Arithmetic(_, Operator::Times, _)));
        assert_eq!(parse("$a+1"), parse("$a + 1"));
    }

    #[test]
    fn leaves_texts_alone() {
        for text in [
            "",
            "a",
            "$",
            "$SYS",
            "$share/g/t",
            "$a b",
            "1 +",
            "+1",
            "0xg",
            "$a.",
            "1.10",
            "$a/1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn cuts_texts_into_pieces() {
        assert_eq!(
            pieces("a/${i}/b${x.connack.y}"),
            [
                Piece::Text("a/"),
                Piece::Path(path_of(&["i"])),
                Piece::Text("/b"),
                Piece::Path(path_of(&["x", "connack", "y"])),
            ]
        );
        assert_eq!(pieces("a${"), [Piece::Text("a"), Piece::Broken("${")]);
        assert_eq!(pieces("${A}"), [Piece::Broken("${A}")]);
    }
}
