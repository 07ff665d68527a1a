//! A text notation for bytes that no correct encoder would produce, and its parser.
//!
//! | written | bytes |
//! |---|---|
//! | `10`, `000c` | hex pairs |
//! | `"a\n"` | the text in UTF-8; escapes `\"` `\\` `\n` `\r` `\t`, `\xNN` for any byte, `\u{N}` for a character |
//! | `s"a"` | the same after its two-byte length |
//! | `u8(1)`, `u16(60)`, `u32(0x3c)` | an integer, highest byte first |
//! | `var(321)`, `var(321, 4)` | a Variable Byte Integer; in this many bytes, up to eight, even if fewer would do |
//! | `{ … }` | the content, after its length as a Variable Byte Integer |
//! | `[ … ]` | the content, after its two-byte length |
//! | `( … )*20`, `00*20` | repeated this many times; the `*` directly follows any item |
//! | `# …` | nothing, to the end of the line |
//!
//! A CONNECT is `10 { s"MQTT" 04 02 u16(0) s"a" }`.

use std::fmt::Write as _;

use bytes::Bytes;
use thiserror::Error;

use crate::varint;

/// The maximum number of bytes that a text may represent.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The maximum nesting depth of groups.
pub const MAX_DEPTH: usize = 64;

/// An error in a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {problem} ({hint})")]
pub struct NotationError {
    /// The position in bytes from the start of the text.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The problem, as a lowercase fragment.
    pub problem: String,
    /// How to fix it, as a lowercase fragment.
    pub hint: &'static str,
}

/// Parses a text into the bytes that it represents.
///
/// # Errors
/// Returns where the text is wrong, and how to fix it.
pub fn parse(text: &str) -> Result<Bytes, NotationError> {
    let mut parser = Parser { text, position: 0 };
    let mut out = Vec::new();
    parser.sequence(&mut out, None, 0)?;
    Ok(out.into())
}

/// Writes bytes as a text: hex pairs, and quoted text for four or more printable ASCII characters in a row.
pub fn write(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if !out.is_empty() {
            out.push(' ');
        }
        let printable = rest.iter().take_while(|b| matches!(b, b' '..=b'~')).count();
        if printable < 4 {
            let _ = write!(out, "{first:02x}");
            rest = &rest[1..];
            continue;
        }
        out.push('"');
        for byte in &rest[..printable] {
            if matches!(byte, b'"' | b'\\') {
                out.push('\\');
            }
            out.push(char::from(*byte));
        }
        out.push('"');
        rest = &rest[printable..];
    }
    out
}

/// A problem and its hint, before the position is known.
type Fault = (String, &'static str);

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    position: usize,
}

impl Parser<'_> {
    /// Parses items up to `close`, which is consumed, or up to the end of the text.
    fn sequence(
        &mut self,
        out: &mut Vec<u8>,
        close: Option<(char, usize)>,
        depth: usize,
    ) -> Result<(), NotationError> {
        loop {
            self.skip_blank();
            let at = self.position;
            match (self.peek(), close) {
                (None, None) => return Ok(()),
                (None, Some((close, opened))) => {
                    let problem = format!("this group is not closed: {close:?} is missing");
                    return Err(self.error(opened, (problem, "close the group")));
                }
                (Some(c), Some((close, _))) if c == close => {
                    self.position += 1;
                    return Ok(());
                }
                (Some(c @ ('}' | ']' | ')')), _) => {
                    let problem = format!("{c:?} without an open group");
                    return Err(self.error(at, (problem, "remove it, or open the group")));
                }
                (Some(c), _) => {
                    let start = out.len();
                    self.item(c, out, depth)?;
                    self.repetition(at, start, out)?;
                    self.check_size(at, out.len())?;
                }
            }
        }
    }

    fn item(&mut self, first: char, out: &mut Vec<u8>, depth: usize) -> Result<(), NotationError> {
        let at = self.position;
        match first {
            '{' | '[' | '(' => self.group(first, out, depth),
            '"' => {
                self.position += 1;
                self.quoted(at, out)
            }
            's' if self.rest().starts_with("s\"") => {
                self.position += 2;
                let mut content = Vec::new();
                self.quoted(at, &mut content)?;
                let length = self.two_byte_length(at, content.len())?;
                out.extend(length);
                out.append(&mut content);
                Ok(())
            }
            c if c.is_ascii_alphanumeric() => self.word(out),
            c => {
                let hint = "write hex pairs, \"text\", s\"text\", u16(n), var(n), { }, [ ] or ( )";
                Err(self.error(at, (format!("unexpected {c:?}"), hint)))
            }
        }
    }

    fn group(&mut self, open: char, out: &mut Vec<u8>, depth: usize) -> Result<(), NotationError> {
        let at = self.position;
        if depth == MAX_DEPTH {
            let problem = format!("groups are nested more than {MAX_DEPTH} deep");
            return Err(self.error(at, (problem, "use fewer levels")));
        }
        self.position += 1;
        let close = match open {
            '{' => '}',
            '[' => ']',
            _ => ')',
        };
        let mut content = Vec::new();
        self.sequence(&mut content, Some((close, at)), depth + 1)?;
        match open {
            '{' => {
                // The limit on size keeps the length below the largest Variable Byte Integer.
                let length = content.len() as u32;
                out.extend(varint::bytes(length, varint::size(length)));
            }
            '[' => {
                let length = self.two_byte_length(at, content.len())?;
                out.extend(length);
            }
            _ => {}
        }
        out.append(&mut content);
        Ok(())
    }

    fn two_byte_length(&self, at: usize, size: usize) -> Result<[u8; 2], NotationError> {
        let length = u16::try_from(size).map_err(|_| {
            let problem = format!("{size} bytes do not fit in a two-byte length");
            self.error(
                at,
                (problem, "at most 65535 fit; write the length as u16(n)"),
            )
        })?;
        Ok(length.to_be_bytes())
    }

    /// Parses the text after an opening quote at `at`, up to the closing quote.
    fn quoted(&mut self, at: usize, out: &mut Vec<u8>) -> Result<(), NotationError> {
        loop {
            let here = self.position;
            match self.take() {
                None => {
                    let problem = "this text is not closed".to_owned();
                    return Err(self.error(at, (problem, "add the closing \"")));
                }
                Some('"') => return Ok(()),
                Some('\\') => self.escape(here, out)?,
                Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            self.check_size(at, out.len())?;
        }
    }

    fn escape(&mut self, at: usize, out: &mut Vec<u8>) -> Result<(), NotationError> {
        let fault = |problem: &str, hint| (problem.to_owned(), hint);
        match self.take() {
            Some(c @ ('"' | '\\')) => out.push(c as u8),
            Some('n') => out.push(b'\n'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('x') => {
                let digits = self.rest().get(..2).unwrap_or("");
                let byte = digits
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit())
                    .then(|| u8::from_str_radix(digits, 16).ok())
                    .flatten();
                let Some(byte) = byte else {
                    let fault = fault("\\x needs two hex digits", "write \\x00 to \\xff");
                    return Err(self.error(at, fault));
                };
                out.push(byte);
                self.position += 2;
            }
            Some('u') => {
                let rest = self.rest();
                let inside = rest.strip_prefix('{').and_then(|r| r.split_once('}'));
                let character = inside.and_then(|(digits, _)| {
                    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
                    let value = is_hex.then(|| u32::from_str_radix(digits, 16).ok());
                    char::from_u32(value.flatten()?).map(|c| (c, digits.len()))
                });
                let Some((character, digits)) = character else {
                    let hint = "write \\u{1F600}; for a surrogate write its bytes with \\x";
                    return Err(
                        self.error(at, fault("\\u needs the code point of a character", hint))
                    );
                };
                out.extend(character.encode_utf8(&mut [0; 4]).bytes());
                self.position += digits + 2;
            }
            _ => {
                let hint = "write \\\" \\\\ \\n \\r \\t \\xNN or \\u{N}";
                return Err(self.error(at, fault("unknown escape", hint)));
            }
        }
        Ok(())
    }

    /// Parses hex pairs, or a function such as `u16(…)`.
    fn word(&mut self, out: &mut Vec<u8>) -> Result<(), NotationError> {
        let at = self.position;
        let rest = self.rest();
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let size = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let word = &rest[..size];
        if rest[size..].starts_with('(') && !word.bytes().all(|b| b.is_ascii_hexdigit()) {
            let word = word.to_owned();
            self.position += size + 1;
            return self.function(at, &word, out);
        }
        if let Some((i, c)) = word.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
            let problem = format!("{c:?} is not a hex digit");
            let hint = "write hex pairs without 0x, text in quotes, numbers as u16(n) or var(n)";
            return Err(self.error(at + i, (problem, hint)));
        }
        if size % 2 != 0 {
            let problem = format!("{word:?} has an odd number of hex digits");
            return Err(self.error(at, (problem, "write each byte as two digits")));
        }
        for pair in word.as_bytes().chunks_exact(2) {
            out.push(hex_digit(pair[0]) << 4 | hex_digit(pair[1]));
        }
        self.position += size;
        Ok(())
    }

    fn function(&mut self, at: usize, name: &str, out: &mut Vec<u8>) -> Result<(), NotationError> {
        let value = self.number()?;
        let width = if self.take_if(',') {
            Some(self.number()?)
        } else {
            None
        };
        if !self.take_if(')') {
            let problem = format!("the parenthesis of {name} is not closed");
            return Err(self.error(self.position, (problem, "write ) here")));
        }
        let written = match (name, width) {
            ("u8", None) => fixed(value, 1),
            ("u16", None) => fixed(value, 2),
            ("u32", None) => fixed(value, 4),
            ("var", width) => variable(value, width),
            ("u8" | "u16" | "u32", Some(_)) => {
                Err((format!("{name} takes one number"), "remove the second"))
            }
            _ => {
                let problem = format!("unknown function {name:?}");
                Err((
                    problem,
                    "functions are u8(n), u16(n), u32(n), var(n) and var(n, width)",
                ))
            }
        };
        out.extend(written.map_err(|fault| self.error(at, fault))?);
        Ok(())
    }

    /// Parses a decimal number, or a hexadecimal one with `0x`, and the blanks around it.
    fn number(&mut self) -> Result<u64, NotationError> {
        self.skip_blank();
        let rest = self.rest();
        let size = rest.find(|c: char| !c.is_ascii_alphanumeric());
        let word = &rest[..size.unwrap_or(rest.len())];
        let number = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => word.parse().ok(),
        };
        let Some(number) = number else {
            let problem = format!("{word:?} is not a number");
            return Err(self.error(self.position, (problem, "write 60 or 0x3c")));
        };
        self.position += word.len();
        self.skip_blank();
        Ok(number)
    }

    /// Parses `*20` after the item whose bytes begin at `start`.
    fn repetition(
        &mut self,
        at: usize,
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotationError> {
        if !self.take_if('*') {
            return Ok(());
        }
        let times = self.number()?;
        let item = out.split_off(start);
        let total = (item.len() as u64).saturating_mul(times);
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        self.check_size(at, start.saturating_add(total))?;
        // An empty item stays empty, however often it is repeated.
        if total > 0 {
            out.extend(item.repeat(total / item.len()));
        }
        Ok(())
    }

    fn check_size(&self, at: usize, size: usize) -> Result<(), NotationError> {
        if size <= MAX_SIZE {
            return Ok(());
        }
        let problem = format!("the result has more than {MAX_SIZE} bytes");
        Err(self.error(at, (problem, "shorten it")))
    }

    /// Skips blanks and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.position += blank;
            let rest = self.rest();
            if !rest.starts_with('#') {
                return;
            }
            self.position += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += character.len_utf8();
        Some(character)
    }

    fn take_if(&mut self, expected: char) -> bool {
        let is_there = self.peek() == Some(expected);
        if is_there {
            self.position += expected.len_utf8();
        }
        is_there
    }

    fn error(&self, offset: usize, (problem, hint): Fault) -> NotationError {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        NotationError {
            offset,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem,
            hint,
        }
    }
}

fn hex_digit(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}

fn fixed(value: u64, width: usize) -> Result<Vec<u8>, Fault> {
    let bytes = value.to_be_bytes();
    let (lost, kept) = bytes.split_at(bytes.len() - width);
    if lost.iter().any(|b| *b != 0) {
        let problem = format!("{value} does not fit in {width} bytes");
        return Err((problem, "write a smaller number, or hex pairs"));
    }
    Ok(kept.to_vec())
}

fn variable(value: u64, width: Option<u64>) -> Result<Vec<u8>, Fault> {
    let fits = |width: usize| value >> (7 * width) == 0;
    let width = match width {
        None => (1..=4).find(|w| fits(*w)).ok_or_else(|| {
            let problem =
                format!("{value} does not fit in the four bytes of a Variable Byte Integer");
            (
                problem,
                "the maximum is 268435455; write var(n, 5) for more",
            )
        })?,
        Some(width @ 1..=8) => width as usize,
        Some(width) => {
            let problem = format!("{width} is not a width");
            return Err((problem, "write a width from 1 to 8"));
        }
    };
    if !fits(width) {
        let problem = format!("{value} does not fit in {width} bytes of seven bits");
        return Err((problem, "write a greater width, or a smaller number"));
    }
    Ok(varint::bytes(value, width).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_the_bytes_of_the_table() {
        let cases: &[(&str, &[u8])] = &[
            ("", b""),
            ("  # nothing\n\t", b""),
            ("10", b"\x10"),
            ("000C", b"\0\x0C"),
            ("10 0d # fixed header\n00", b"\x10\x0D\0"),
            (r#""a""#, b"a"),
            (
                r#""\"\\\n\r\t\x00\xff\u{e9}é""#,
                b"\"\\\n\r\t\0\xFF\xC3\xA9\xC3\xA9",
            ),
            (r#"s"MQTT""#, b"\0\x04MQTT"),
            (r#"s"""#, b"\0\0"),
            (r#"s"\xC3\x28""#, b"\0\x02\xC3\x28"),
            ("u8(255) u16(60) u32( 0x3c )", b"\xFF\0\x3C\0\0\0\x3C"),
            (
                "var(0) var(127) var(128) var(321)",
                b"\0\x7F\x80\x01\xC1\x02",
            ),
            ("var(321, 4)", b"\xC1\x82\x80\0"),
            ("var(5, 5)", b"\x85\x80\x80\x80\0"),
            (
                "var(268435455) var(268435456,5)",
                b"\xFF\xFF\xFF\x7F\x80\x80\x80\x80\x01",
            ),
            ("{ 01 02 }", b"\x02\x01\x02"),
            ("[ 01 { } ]", b"\0\x02\x01\0"),
            ("00*3", b"\0\0\0"),
            ("(01 02)*2 0102*2", b"\x01\x02\x01\x02\x01\x02\x01\x02"),
            (r#"{ "ab"*2 }*2"#, b"\x04abab\x04abab"),
            ("ff*0 ()*1000000", b""),
            ("ab(01)", b"\xAB\x01"),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text).as_deref(), Ok(*bytes), "{text}");
        }
    }

    #[test]
    fn a_connect_reads_as_promised() {
        let bytes = parse(r#"10 { s"MQTT" 04 02 u16(0) s"a" }"#).expect("is right");
        assert_eq!(bytes[..], b"\x10\x0D\0\x04MQTT\x04\x02\0\0\0\x01a"[..]);
    }

    #[test]
    fn a_long_group_has_a_longer_length() {
        let bytes = parse("{ 00*128 }").expect("is right");
        assert_eq!(bytes[..3], [0x80, 0x01, 0x00]);
        assert_eq!(bytes.len(), 130);
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let cases = [
            ("1", "1:1", "odd number"),
            ("00 123", "1:4", "odd number"),
            ("00 0x10", "1:5", "'x' is not a hex digit"),
            ("00\n  zz", "2:3", "'z' is not a hex digit"),
            ("é", "1:1", "unexpected"),
            ("\"é\" ?", "1:5", "unexpected"),
            ("\"abc", "1:1", "not closed"),
            ("\"a\\q\"", "1:3", "unknown escape"),
            ("\"\\x0g\"", "1:2", "two hex digits"),
            ("\"\\x\"", "1:2", "two hex digits"),
            ("\"\\u{d800}\"", "1:2", "code point"),
            ("{ 00", "1:1", "'}' is missing"),
            ("{ 00 ]", "1:6", "without an open group"),
            ("00 )", "1:4", "without an open group"),
            ("u16(65536)", "1:1", "does not fit in 2 bytes"),
            ("u16()", "1:5", "is not a number"),
            ("u16(-1)", "1:5", "is not a number"),
            ("u16(1", "1:6", "not closed"),
            ("u16(1, 2)", "1:1", "takes one number"),
            ("u64(1)", "1:1", "unknown function"),
            ("var(268435456)", "1:1", "does not fit in"),
            ("var(128, 1)", "1:1", "does not fit in 1 bytes"),
            ("var(1, 9)", "1:1", "not a width"),
            ("00*x", "1:4", "is not a number"),
            ("00*16777217", "1:1", "more than 16777216"),
            ("(00*16777216)*18446744073709551615", "1:1", "more than"),
            ("[ 00*65536 ]", "1:1", "two-byte length"),
        ];
        for (text, place, problem) in cases {
            let error = parse(text).expect_err(text);
            let found = format!("{}:{}", error.line, error.column);
            assert_eq!(found, place, "{text}: {error}");
            assert!(error.problem.contains(problem), "{text}: {error}");
            assert!(!error.hint.is_empty(), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| parse(&format!("{}{}", "(".repeat(depth), ")".repeat(depth)));
        assert!(nested(MAX_DEPTH).is_ok());
        let error = nested(MAX_DEPTH + 1).expect_err("is too deep");
        assert_eq!(error.column, MAX_DEPTH + 1);
        assert!(nested(100_000).is_err());
    }

    #[test]
    fn the_limit_on_size_is_exact() {
        assert_eq!(parse("00*16777216").map(|b| b.len()), Ok(MAX_SIZE));
        assert!(parse("00*16777216 00").is_err());
    }

    #[test]
    fn writes_hex_and_runs_of_text() {
        let text = write(b"\x10\x0D\0\x04MQTT\x04ab\"quo\\\n");
        assert_eq!(text, r#"10 0d 00 04 "MQTT" 04 "ab\"quo\\" 0a"#);
        assert_eq!(write(b""), "");
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let back = parse(&write(&bytes));
            prop_assert_eq!(back.as_deref(), Ok(&bytes[..]));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}|[0-9a-fsuv\"\\\\(){}\\[\\]*#, \n]{0,40}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.offset <= text.len());
            }
        }
    }
}
