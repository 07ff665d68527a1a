//! The four messages as text. Both ends parse them here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::key::Key;

pub(crate) const CLIENT_FIRST: &str = "the client's first message";
pub(crate) const SERVER_FIRST: &str = "the server's first message";
pub(crate) const CLIENT_FINAL: &str = "the client's final message";
pub(crate) const SERVER_FINAL: &str = "the server's final message";

/// The attributes of one message, in the order that the mechanism prescribes.
pub(crate) struct Attributes<'a> {
    message: &'static str,
    rest: std::iter::Peekable<std::str::Split<'a, char>>,
}

impl<'a> Attributes<'a> {
    /// Splits a whole message, or the rest of one, into attributes.
    pub(crate) fn of(message: &'static str, text: &'a str) -> Result<Self, Error> {
        let mut rest = text.split(',').peekable();
        if rest.peek().is_some_and(|first| first.starts_with("m=")) {
            return Err(Error::UnknownExtension { message });
        }
        Ok(Self { message, rest })
    }

    pub(crate) fn malformed(&self, problem: &'static str) -> Error {
        let message = self.message;
        Error::Malformed { message, problem }
    }

    /// Returns the value of the next attribute, which must have this name.
    pub(crate) fn next(&mut self, name: char, problem: &'static str) -> Result<&'a str, Error> {
        self.optional(name).ok_or_else(|| self.malformed(problem))
    }

    /// Returns the value of the next attribute, if it has this name.
    pub(crate) fn optional(&mut self, name: char) -> Option<&'a str> {
        let value = self.rest.peek()?.strip_prefix(name)?.strip_prefix('=')?;
        self.rest.next();
        Some(value)
    }
}

/// Returns the message as text.
pub(crate) fn text<'a>(message: &'static str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    let problem = "it is not UTF-8";
    std::str::from_utf8(bytes).map_err(|_| Error::Malformed { message, problem })
}

/// Whether a text is a nonce: not empty, and only printable characters without a comma.
pub(crate) fn is_nonce(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, 0x21..=0x7E if byte != b','))
}

pub(crate) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// Reverses [`escape`]. Returns `None` if a `=` begins no known escape.
pub(crate) fn unescape(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find('=') {
        out.push_str(&rest[..at]);
        let code = &rest[at + 1..];
        out.push(match code.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = &code[2..];
    }
    out.push_str(rest);
    Some(out)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn key(text: &str) -> Option<Key> {
    unbase64(text)?.try_into().ok()
}
