//! The document as JSON text, and back.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use thiserror::Error;

use super::{Document, FORMAT};

/// The deepest level whose values have lines of their own. Deeper values share the line of their parent, so each event,
/// and each field of a finding, takes one line.
const DEPTH: usize = 5;

/// Why a text cannot be read as a document.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("it is not JSON: {0}")]
    NoJson(serde_json::Error),
    #[error("it is not a report from `mqtt-check run --report json=FILE`")]
    Foreign,
    #[error(
        "its format is {format}, written by mqtt-check {version}; this program reads formats up to {FORMAT}"
    )]
    Newer { format: u64, version: String },
    #[error("it is an incomplete report of mqtt-check: {0}")]
    Damaged(serde_json::Error),
}

impl Document {
    /// Returns the document as JSON text.
    ///
    /// # Errors
    /// Never for the document of a run; serde's interface requires the error.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut bytes = Vec::new();
        let layout = Layout {
            pretty: PrettyFormatter::new(),
            depth: 0,
        };
        self.serialize(&mut Serializer::with_formatter(&mut bytes, layout))?;
        bytes.push(b'\n');
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a document that [`to_json`](Self::to_json) wrote, in this version of the format or an earlier one.
    ///
    /// # Errors
    /// Returns an error if the text is something else.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Head {
            format: u64,
            tool: Tool,
        }
        #[derive(Deserialize)]
        struct Tool {
            name: String,
            version: String,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => ReadError::Foreign,
            _ => ReadError::NoJson(error),
        })?;
        if head.tool.name != env!("CARGO_PKG_NAME") || head.format == 0 {
            return Err(ReadError::Foreign);
        }
        if head.format > u64::from(FORMAT) {
            return Err(ReadError::Newer {
                format: head.format,
                version: head.tool.version,
            });
        }
        serde_json::from_str(text).map_err(ReadError::Damaged)
    }
}

/// Breaks and indents lines down to [`DEPTH`], but not below it.
struct Layout {
    pretty: PrettyFormatter<'static>,
    depth: usize,
}

impl Layout {
    fn is_deep(&self) -> bool {
        self.depth > DEPTH
    }
}

type Written = io::Result<()>;

impl Formatter for Layout {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        self.depth += 1;
        match self.is_deep() {
            true => writer.write_all(b"["),
            false => self.pretty.begin_array(writer),
        }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        let is_deep = self.is_deep();
        self.depth -= 1;
        match is_deep {
            true => writer.write_all(b"]"),
            false => self.pretty.end_array(writer),
        }
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> Written {
        match (self.is_deep(), first) {
            (true, true) => Ok(()),
            (true, false) => writer.write_all(b", "),
            (false, _) => self.pretty.begin_array_value(writer, first),
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        match self.is_deep() {
            true => Ok(()),
            false => self.pretty.end_array_value(writer),
        }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        self.depth += 1;
        match self.is_deep() {
            true => writer.write_all(b"{"),
            false => self.pretty.begin_object(writer),
        }
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        let is_deep = self.is_deep();
        self.depth -= 1;
        match is_deep {
            true => writer.write_all(b"}"),
            false => self.pretty.end_object(writer),
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> Written {
        match (self.is_deep(), first) {
            (true, true) => Ok(()),
            (true, false) => writer.write_all(b", "),
            (false, _) => self.pretty.begin_object_key(writer, first),
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> Written {
        match self.is_deep() {
            true => Ok(()),
            false => self.pretty.end_object_value(writer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let error = Document::from_json(text).expect_err(text);
        error.to_string()
    }

    #[test]
    fn reports_why_a_text_cannot_be_read() {
        assert!(wrong("{").starts_with("it is not JSON: "));
        for foreign in [
            "[]",
            "{}",
            r#"{"format": "1", "tool": {"name": "mqtt-check", "version": "1"}}"#,
            r#"{"format": 1, "tool": {"name": "other", "version": "1"}}"#,
            r#"{"format": 0, "tool": {"name": "mqtt-check", "version": "1"}}"#,
        ] {
            assert!(
                wrong(foreign).starts_with("it is not a report"),
                "{foreign}"
            );
        }
        assert_eq!(
            wrong(r#"{"format": 99, "tool": {"name": "mqtt-check", "version": "7.0.0"}}"#),
            "its format is 99, written by mqtt-check 7.0.0; this program reads formats up to 1"
        );
        let cut = r#"{"format": 1, "tool": {"name": "mqtt-check", "version": "1"}}"#;
        assert!(wrong(cut).contains("missing field"), "{}", wrong(cut));
    }
}
