//! A packet as one line of text, to be read and compared:
//!
//! ```text
//! PUBLISH qos=1 topic="a/b" packet_id=3 payload="Hello"
//! ```
//!
//! The line has the type, then `name=value` for each of the packet's [fields](crate::fields) in wire order, without the
//! index. Fields that are off or 0 in most packets ([`has_usual_value`]) are left out in that case. A User Property is
//! `"name":"value"`. A reason code is its name or, if unknown, its number; several are joined by commas. Binary data is
//! text if it is printable, and otherwise `0x…`. Text of more than [`MAX_SHOWN`] bytes is cut and followed by its
//! length and a checksum, so that every difference shows. The form depends on the packet alone.

use std::fmt::{self, Write as _};

use crate::fields::{Field, FieldValue};
use crate::{Packet, PacketType, ProtocolVersion};

/// The maximum number of bytes of text or binary data that are shown. Longer data is cut to this length.
pub const MAX_SHOWN: usize = 128;

impl Packet {
    /// Returns the packet as one line.
    pub fn describe(&self, version: ProtocolVersion) -> String {
        let version = match self {
            Self::Connect(connect) => connect.version,
            _ => version,
        };
        let mut line = self.packet_type().to_string();
        for field in self.fields(version) {
            let value = field.value.show(self.packet_type(), version);
            let _ = match (field.name.base, field.name.index) {
                _ if has_usual_value(&field) => Ok(()),
                ("reasons", Some(1..)) => write!(line, ",{value}"),
                (name, _) => write!(line, " {name}={value}"),
            };
        }
        line
    }
}

/// Whether the field has the value that it has in most packets.
pub fn has_usual_value(field: &Field) -> bool {
    match field.name.base {
        "dup" | "retain" | "will_retain" | "no_local" | "retain_as_published" => {
            field.value == FieldValue::Flag(false)
        }
        "retain_handling" => field.value == FieldValue::Number(0),
        _ => false,
    }
}

impl FieldValue {
    /// Returns the value as in [`Packet::describe`]. Packet and version determine the names of reason codes.
    pub fn show(&self, packet: PacketType, version: ProtocolVersion) -> String {
        match self {
            Self::Flag(value) => u8::from(*value).to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) => quote(text),
            Self::Binary(data) => show_bytes(data),
            Self::Reason(code) => match code.name(packet, version) {
                Some(name) => name.to_owned(),
                None => code.to_string(),
            },
            Self::Pair(name, value) => format!("{}:{}", quote(name), quote(value)),
            Self::Version(version) => version.to_string(),
        }
    }
}

/// Returns a text in quotes, with hidden characters escaped, and cut if it is long.
pub fn quote(text: &str) -> String {
    let is_long = text.len() > MAX_SHOWN;
    let shown = match is_long {
        true => {
            let mut ends = (0..=MAX_SHOWN).rev();
            &text[..ends.find(|i| text.is_char_boundary(*i)).unwrap_or(0)]
        }
        false => text,
    };
    let mut out = String::with_capacity(shown.len() + 2);
    out.push('"');
    // Most texts are plain and need no escapes.
    if are_plain(shown.as_bytes()) {
        out.push_str(shown);
    } else {
        escape(shown, &mut out);
    }
    out.push('"');
    if is_long {
        let _ = write!(out, "{}", CutMarker(text.as_bytes()));
    }
    out
}

/// Writes a text with hidden characters, quotes and backslashes escaped.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// Returns a text with hidden characters escaped, except line feeds. Adds no quotes.
pub fn visible(text: &str) -> String {
    if is_visible_ascii(text.as_bytes()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns bytes as text in quotes if all of it is visible, and otherwise as hex. Long data is cut.
pub fn show_bytes(bytes: &[u8]) -> String {
    let is_shown = |c: char| !is_hidden(c) || matches!(c, '\n' | '\r' | '\t');
    if let Ok(text) = std::str::from_utf8(bytes)
        && (are_plain(bytes) || text.chars().all(is_shown))
    {
        return quote(text);
    }
    let is_long = bytes.len() > MAX_SHOWN;
    let shown = bytes.get(..MAX_SHOWN).unwrap_or(bytes);
    let mut out = String::from("0x");
    for byte in shown {
        out.extend(hex_digits(*byte));
    }
    if is_long {
        let _ = write!(out, "{}", CutMarker(bytes));
    }
    out
}

/// Whether a byte is a visible ASCII character that needs no escape.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

fn are_plain(bytes: &[u8]) -> bool {
    all(bytes, is_plain)
}

fn is_visible_ascii(bytes: &[u8]) -> bool {
    all(bytes, |byte| matches!(byte, b' '..=b'~' | b'\n'))
}

/// Whether all bytes satisfy a condition. Checks several at once, because payloads may be long.
fn all(bytes: &[u8], is_of_the_kind: impl Fn(u8) -> bool) -> bool {
    bytes.chunks(64).all(|chunk| {
        chunk
            .iter()
            .fold(true, |all, byte| all & is_of_the_kind(*byte))
    })
}

/// Returns a byte as two hexadecimal digits.
pub fn hex_digits(byte: u8) -> [char; 2] {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 0xF)]);
    [digit(byte >> 4), digit(byte)]
}

/// Whether a character is invisible, or changes how its neighbours look. The list is our own: that of the standard
/// library follows Unicode, so the text of a packet would change with the compiler.
fn is_hidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(
            code,
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
                | 0x2060..=0x206F | 0x3164 | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F
                | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFD | 0xE0000..=0x10_FFFF
        )
        || code & 0xFFFE == 0xFFFE
}

/// The text after data that was cut: enough to show any change.
struct CutMarker<'a>(&'a [u8]);

impl fmt::Display for CutMarker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…({} bytes, fnv1a {:016x})", self.0.len(), fnv1a(self.0))
    }
}

/// Returns the 64-bit FNV-1a hash.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_and_invisible_characters_are_escaped() {
        assert_eq!(quote("a/é \"b\" \\ \n\t"), r#""a/é \"b\" \\ \n\t""#);
        assert_eq!(quote("\u{feff}\u{1}\u{202e}"), r#""\u{feff}\u{1}\u{202e}""#);
        assert_eq!(quote("\u{fffe}\u{10ffff}"), r#""\u{fffe}\u{10ffff}""#);
    }

    #[test]
    fn bytes_are_text_if_they_can_be_seen() {
        assert_eq!(show_bytes(b"Hello\n"), "\"Hello\\n\"");
        assert_eq!(show_bytes(b""), "\"\"");
        assert_eq!(show_bytes(&[0, 0xFF]), "0x00ff");
        assert_eq!(show_bytes(b"a\0"), "0x6100");
    }

    #[test]
    fn cut_text_still_shows_any_change() {
        let long = "é".repeat(100);
        let shown = quote(&long);
        assert!(shown.starts_with(&format!("\"{}\"…(200 bytes, ", "é".repeat(64))));
        let other = format!("{}e", &long[..198]);
        assert_ne!(quote(&other), shown);
        assert_eq!(
            quote(&"x".repeat(128)).len(),
            130,
            "the limit itself is shown"
        );
        let binary = show_bytes(&[0; 200]);
        assert!(binary.starts_with(&format!("0x{}…(200 bytes, ", "00".repeat(128))));
    }

    #[test]
    fn the_checksum_is_fnv1a() {
        assert_eq!(fnv1a(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
    }
}
