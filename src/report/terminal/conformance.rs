//! Conformance, by chapter of the standards.

use super::{FEW, Options};
use crate::report::document::{Chapter, Conformance, Document};
use crate::report::style::count;

/// Renders one line per document, and one per chapter with a violation. With `--verbose`, every chapter has a line.
pub(super) fn render(document: &Document, options: Options) -> String {
    if document.cases.len() < FEW && !options.verbose {
        return String::new();
    }
    let mut out = String::new();
    for part in &document.conformance {
        out.push_str(&one(part, options));
    }
    out
}

fn one(part: &Conformance, options: Options) -> String {
    let all = |number: fn(&Chapter) -> usize| part.chapters.iter().map(number).sum::<usize>();
    let hold = all(|c| c.hold);
    let mut out = format!(
        "{}: {} hold, {}, {} open (not exercised)\n",
        options.style.strong(&format!("MQTT {}", part.document)),
        count(hold, "statement"),
        violated(
            all(|c| c.violated_must.len()),
            all(|c| c.violated_should.len())
        ),
        all(|c| c.not_exercised)
    );
    for chapter in &part.chapters {
        if chapter.violated() == 0 && !options.verbose {
            continue;
        }
        let name = format!("{:<5} {}", chapter.number, chapter.title);
        out.push_str(&format!(
            "  {name:<34} {:>3} hold, {}{}\n",
            chapter.hold,
            violated(chapter.violated_must.len(), chapter.violated_should.len()),
            match chapter.not_exercised {
                0 => String::new(),
                n => format!(", {n} open"),
            }
        ));
    }
    out
}

fn violated(must: usize, should: usize) -> String {
    match (must, should) {
        (0, 0) => "none violated".to_owned(),
        (must, 0) => format!("{must} violated"),
        (0, should) => format!("{should} violated (SHOULD)"),
        (must, should) => format!("{must} violated + {should} (SHOULD)"),
    }
}
