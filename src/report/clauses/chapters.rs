//! The chapters of the standards, by which coverage is reported.

use mqtt_check_codec::ProtocolVersion;

use crate::coverage::Coverage;

/// A chapter, or a section of one that is too long to be shown as a whole.
#[derive(Debug, Clone)]
pub struct Chapter<'a> {
    /// The number, such as `2` or `3.8`.
    pub number: &'static str,
    pub title: &'static str,
    pub rows: Vec<&'a Coverage>,
}

type Titles = &'static [(&'static str, &'static str)];

/// The number of each part, and what it is about in our own words.
const COMMON: Titles = &[
    ("1", "strings and integers"),
    ("2", "fixed header, packet identifiers"),
    ("3.1", "CONNECT"),
    ("3.2", "CONNACK"),
    ("3.3", "PUBLISH"),
    ("3.4", "PUBACK"),
    ("3.5", "PUBREC"),
    ("3.6", "PUBREL"),
    ("3.7", "PUBCOMP"),
    ("3.8", "SUBSCRIBE"),
    ("3.9", "SUBACK"),
    ("3.10", "UNSUBSCRIBE"),
    ("3.11", "UNSUBACK"),
    ("3.12", "PINGREQ"),
    ("3.13", "PINGRESP"),
    ("3.14", "DISCONNECT"),
    ("3.15", "AUTH"),
    ("4.1", "session state"),
    ("4.2", "network connections"),
    ("4.3", "quality of service"),
    ("4.4", "redelivery"),
    ("4.5", "receiving messages"),
    ("4.6", "order of messages"),
    ("4.7", "topic names and filters"),
];
const OLD: Titles = &[
    ("4.8", "errors"),
    ("6", "WebSocket"),
    ("7", "conformance, transports"),
];
const NEW: Titles = &[
    ("4.8", "subscriptions, shared ones"),
    ("4.9", "flow control"),
    ("4.12", "enhanced authentication"),
    ("4.13", "errors"),
    ("6", "WebSocket"),
];

/// The number of each part of a document, and what it is about.
pub(crate) fn titles(
    version: ProtocolVersion,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = match version {
        ProtocolVersion::V5 => NEW,
        _ => OLD,
    };
    COMMON.iter().chain(own).copied()
}

/// The parts of this document that some of these rows belong to, in the order of the document.
pub fn chapters(version: ProtocolVersion, rows: &[Coverage]) -> Vec<Chapter<'_>> {
    let own = if version == ProtocolVersion::V5 {
        NEW
    } else {
        OLD
    };
    COMMON
        .iter()
        .chain(own)
        .map(|(number, title)| Chapter {
            number,
            title,
            rows: rows
                .iter()
                .filter(|row| {
                    row.requirement.version == version
                        && is_within(row.requirement.section_number(), number)
                })
                .collect(),
        })
        .filter(|chapter| !chapter.rows.is_empty())
        .collect()
}

/// Whether a section is in a chapter: `3.1.2` is in `3.1`, `3.10.4` is not.
pub(crate) fn is_within(section: &str, chapter: &str) -> bool {
    section
        .strip_prefix(chapter)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{DOCUMENTS, Record, catalogue, coverage};

    #[test]
    fn every_statement_is_in_one_chapter() {
        let rows = coverage(&catalogue(), &[], &[], &Record::default());
        let counts = DOCUMENTS.map(|version| {
            let parts = chapters(version, &rows);
            parts.iter().map(|part| part.rows.len()).sum::<usize>()
        });
        assert_eq!(counts.iter().sum::<usize>(), rows.len());
    }

    #[test]
    fn a_section_is_no_prefix_of_another() {
        assert!(is_within("3.1.2", "3.1") && is_within("3.1", "3.1") && is_within("3.1", "3"));
        assert!(!is_within("3.10.4", "3.1") && !is_within("3", "3.1"));
    }
}
