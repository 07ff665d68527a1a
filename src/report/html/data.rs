//! The data of the page's scripts: one row per case, and the cases in compressed parts, each of which is unpacked when
//! one of its cases is opened. Compressed, 10,000 cases with all of their packets take about 10 MB.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use mqtt_check_codec::describe::visible;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::report::document::{Case, Document, SnapshotState, Verdict};
use crate::report::{case, flaky, headline, markdown};

/// The number of cases in one part: few enough to unpack in an instant, and enough to compress well.
const PART: usize = 16;

/// Data on the whole run.
#[derive(Serialize)]
struct Run<'a> {
    broker: String,
    tool: String,
    part: usize,
    cases: Vec<Row<'a>>,
}

/// A case in the list.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    area: &'a str,
    title: &'a str,
    version: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "is_false")]
    accepted: bool,
    #[serde(skip_serializing_if = "is_false")]
    unexpected: bool,
    #[serde(skip_serializing_if = "is_false")]
    flaky: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<SnapshotState>,
    #[serde(skip_serializing_if = "String::is_empty")]
    came: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    clauses: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    threads: &'a [String],
}

/// A case that the reader has opened.
#[derive(Serialize)]
struct Opened<'a> {
    #[serde(flatten)]
    case: &'a Case,
    /// The command that plays the case again.
    again: String,
    /// Text for an issue tracker. `None` for a case that holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    issue: Option<String>,
}

/// Packs the data on the run and one row per case.
pub(super) fn run(document: &Document) -> io::Result<String> {
    packed(&Run {
        broker: headline::broker(document),
        tool: format!("{} {}", document.tool.name, document.tool.version),
        part: PART,
        cases: document.cases.iter().map(row).collect(),
    })
}

/// Packs the cases in parts, in the order of the rows.
pub(super) fn parts(document: &Document) -> io::Result<Vec<String>> {
    let parts = document.cases.chunks(PART).map(|cases| {
        let opened = cases.iter().map(|case| Opened {
            case,
            again: markdown::again(document, case),
            issue: (!case.holds()).then(|| markdown::for_a_tracker(document, case)),
        });
        packed(&opened.collect::<Vec<_>>())
    });
    parts.collect()
}

fn row(case: &Case) -> Row<'_> {
    let state = case.snapshot.as_ref().map(|snapshot| snapshot.state);
    Row {
        id: &case.id,
        area: &case.area,
        title: &case.title,
        version: &case.version,
        verdict: case.verdict,
        accepted: case.outcome.accepted,
        unexpected: !case.outcome.as_expected,
        flaky: case.is_flaky(),
        record: state.filter(|state| *state != SnapshotState::Same),
        came: match case.is_flaky() {
            true => flaky::in_words(case),
            false => case::in_brief(case),
        },
        clauses: &case.clauses,
        threads: &case.threads,
    }
}

/// Serializes to compressed JSON, encoded in characters that have no meaning in HTML.
fn packed(value: &impl Serialize) -> io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&json(value)?)?;
    Ok(STANDARD.encode(encoder.finish()?))
}

/// Serializes to JSON in which invisible characters are escaped, as they are everywhere on the page.
fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(
        &mut bytes,
        Visible(CompactFormatter),
    ))?;
    Ok(bytes)
}

/// Writes strings as [`visible`] shows them.
struct Visible(CompactFormatter);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let shown = visible(fragment);
        // All backslashes here come from `visible`: the writer passes those of the text to `write_char_escape`.
        writer.write_all(shown.replace('\\', r"\\").as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let code = match escape {
            CharEscape::AsciiControl(code) => code,
            CharEscape::Backspace => 0x08,
            CharEscape::Tab => 0x09,
            CharEscape::FormFeed => 0x0C,
            CharEscape::CarriageReturn => 0x0D,
            _ => return self.0.write_char_escape(writer, escape),
        };
        write!(writer, r"\\u{{{code:x}}}")
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(value: &str) -> String {
        let bytes = json(&value).expect("JSON");
        serde_json::from_slice(&bytes).expect("JSON that can be read")
    }

    #[test]
    fn strings_are_read_as_they_are_shown() {
        for (text, shown) in [
            (
                "plain \"quoted\" back\\slash/\nline",
                "plain \"quoted\" back\\slash/\nline",
            ),
            (
                "\t\r\u{8}\u{c}\u{1b}\u{0}\u{7f}",
                r"\u{9}\u{d}\u{8}\u{c}\u{1b}\u{0}\u{7f}",
            ),
            (
                "\u{2028}\u{202e}\u{feff}\u{85}",
                r"\u{2028}\u{202e}\u{feff}\u{85}",
            ),
            ("</script><!--", "</script><!--"),
        ] {
            assert_eq!(text_of(text), shown);
        }
    }
}
