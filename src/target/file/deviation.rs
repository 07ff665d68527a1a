//! A broker's accepted deviations: the cases that show them, the statement, what was received, and bytes that reproduce
//! them without this program.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::ProtocolVersion;

use super::reading::{Map, Reading};
use crate::diagnostic::Place;
use crate::requirements::{self, citation, standard};
use crate::scenario::duration;
use crate::scenario::model::Settings;
use crate::scenario::node::Node;
use crate::scenario::pattern::Pattern;

/// The longest pause in an exchange of bytes.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A known and accepted way in which a broker deviates from the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The position in the target file.
    pub place: Place,
    /// Ids of the cases that show the deviation, or patterns.
    pub cases: Vec<String>,
    /// Ids of further cases that show the deviation when packets arrive in pieces, as under chaos.
    pub in_pieces: Vec<String>,
    /// The statements that the broker violates. Empty if it violates a `rule`, or if the findings cite no statement.
    pub clauses: Vec<Citation>,
    /// The violated rule of another standard that MQTT builds on, such as `RFC 6455, 5.1`.
    pub rule: Option<String>,
    /// What was received.
    pub came: String,
    /// What the statement requires, in our own words.
    pub why: String,
    /// The shortest exchange that shows the deviation. Empty if the file has none.
    pub bytes: Vec<Exchange>,
    /// The broker's settings for the exchange.
    pub broker: Settings,
    /// Parts of lines in the broker's log that are about the deviation. May be empty.
    pub log: Vec<String>,
    /// Where the broker's developers discuss it.
    pub thread: Option<String>,
}

/// A statement of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    pub version: ProtocolVersion,
    pub id: String,
}

/// A line of an exchange of bytes over named connections. A connection is opened when it is first used to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// `a upgrades`: opens the connection at the broker's WebSocket address, and makes it a WebSocket. The bytes that
    /// follow are those of frames.
    Upgrades { connection: String },
    /// `a > 10 0c …`: sends these bytes.
    Sends { connection: String, bytes: Bytes },
    /// `a < 20 02 …`: exactly these bytes are received next.
    Receives { connection: String, bytes: Bytes },
    /// `a silent 1s`: nothing is received, and the connection stays open.
    Silent { connection: String, span: Duration },
    /// `a closed`: the broker closes the connection.
    Closed { connection: String },
    /// `a drops`: the client closes the connection without DISCONNECT.
    Drops { connection: String },
    /// `wait 2s`
    Wait(Duration),
    /// `broker restarts`: the broker is restarted at the same address.
    Restarts,
    /// `broker kicks CLIENT`: the connection of the client with this Client Identifier is ended.
    Kicks { client: String },
}

/// The reason of an entry that has not been reviewed yet.
pub const TO_DO: &str = "TODO";

impl Deviation {
    /// Whether the entry has no reason yet.
    pub fn is_to_do(&self) -> bool {
        self.why.trim_start().starts_with(TO_DO)
    }

    /// Whether this case shows the deviation.
    pub fn is_shown_by(&self, case: &str) -> bool {
        let mut patterns = self.cases.iter();
        patterns.any(|pattern| Self::matches(pattern, case))
    }

    /// Whether this case shows the deviation when packets arrive in pieces.
    pub fn is_shown_in_pieces(&self, case: &str) -> bool {
        let mut patterns = self.in_pieces.iter();
        patterns.any(|pattern| Self::matches(pattern, case))
    }

    /// Whether an id matches the pattern.
    pub fn matches(pattern: &str, id: &str) -> bool {
        Pattern::new(pattern).matches_case(id)
    }

    /// Whether it names neither a statement nor a rule. Then it accepts only findings that cite no statement.
    pub fn is_against_nothing(&self) -> bool {
        self.clauses.is_empty() && self.rule.is_none()
    }

    /// Whether the deviation violates this statement.
    pub fn cites(&self, version: ProtocolVersion, id: &str) -> bool {
        let document = requirements::document(version);
        let cited = |clause: &Citation| clause.version == document && clause.id == id;
        self.clauses.iter().any(cited)
    }
}

/// Parses `3.1`, `3.1.1` or `5`.
pub(super) fn version(text: &str) -> Option<ProtocolVersion> {
    match text {
        "3.1" => Some(ProtocolVersion::V3_1),
        "3.1.1" => Some(ProtocolVersion::V3_1_1),
        "5" => Some(ProtocolVersion::V5),
        _ => None,
    }
}

pub(super) fn deviation(reading: &Reading, node: &Node) -> Option<Deviation> {
    let mut map = Map::of(reading, node, "a deviation")?;
    let cases = map
        .require("case", "the id of the case that shows it, or a list of ids")
        .and_then(|node| reading.one_or_more(node, case));
    let in_pieces = map
        .take("in_pieces")
        .map(|node| reading.one_or_more(node, case));
    let rule = map.take("rule").map(|node| rule(reading, node));
    let clauses = map
        .take("clause")
        .map_or(Some(Vec::new()), |node| reading.one_or_more(node, clause));
    let rule = match rule {
        Some(rule) => Some(rule?),
        None => None,
    };
    let came = map.require("came", "one sentence: what the broker does");
    let why = map.require(
        "why",
        "what the clause requires, and why you accept the deviation",
    );
    let bytes = map
        .take("bytes")
        .map_or(Some(Vec::new()), |node| reading.one_or_more(node, exchange));
    let broker = map.take("broker").map(|node| reading.settings(node));
    let log = map.take("log").map_or(Some(Vec::new()), |node| {
        reading.one_or_more(node, Reading::text)
    });
    let thread = map.text("thread");
    map.finish();
    let (came, why) = (reading.text(came?), reading.text(why?));
    Some(Deviation {
        place: node.place,
        cases: cases?,
        in_pieces: match in_pieces {
            Some(cases) => cases?,
            None => Vec::new(),
        },
        clauses: clauses?,
        rule,
        came: came?,
        why: why?,
        bytes: bytes?,
        broker: match broker {
            Some(broker) => broker?,
            None => Settings::default(),
        },
        log: log?,
        thread,
    })
}

fn case(reading: &Reading, node: &Node) -> Option<String> {
    let text = reading.text(node)?;
    if text.contains('@') || text.ends_with('*') {
        return Some(text);
    }
    reading.fail(
        node.place,
        &format!("`{text}` has no version"),
        "write path/name@version or path/name[row]@version; `*` matches anything",
    )
}

fn clause(reading: &Reading, node: &Node) -> Option<Citation> {
    let text = reading.text(node)?;
    let parts = text
        .split_once(' ')
        .and_then(|(word, id)| Some((version(word)?, id)));
    let Some((version, id)) = parts else {
        return reading.fail(
            node.place,
            &format!("`{text}` is not a clause with its version"),
            "write it as 5 MQTT-3.1.2-8: an id has different meanings in different versions",
        );
    };
    let version = requirements::document(version);
    if requirements::find(version, id).is_none() {
        let hint = citation::nearest(version, id).map_or_else(
            || "the ids are those of the standard's appendix B".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let title = format!("unknown clause `{id}` in version {version}");
        return reading.fail(node.place, &title, &hint);
    }
    Some(Citation {
        version,
        id: id.to_owned(),
    })
}

fn rule(reading: &Reading, node: &Node) -> Option<String> {
    let text = reading.text(node)?;
    match standard::subject(&text) {
        Ok(_) => Some(text),
        Err(unknown) => reading.fail(node.place, &unknown.title, &unknown.hint),
    }
}

fn exchange(reading: &Reading, node: &Node) -> Option<Exchange> {
    let text = reading.text(node)?;
    parse(&text).map_or_else(
        |problem| {
            reading.fail(
                node.place,
                &problem,
                "`a upgrades`, `a > HEX`, `a < HEX`, `a silent SPAN`, `a closed`, `a drops`, `wait SPAN`, \
                 `broker restarts` or `broker kicks CLIENT`",
            )
        },
        Some,
    )
}

fn parse(line: &str) -> Result<Exchange, String> {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    if first == "wait" && !rest.is_empty() {
        return span(rest).map(Exchange::Wait);
    }
    if first == "broker" {
        return match rest.split_once(' ') {
            None if rest == "restarts" => Ok(Exchange::Restarts),
            Some(("kicks", client)) => Ok(Exchange::Kicks {
                client: client.trim().to_owned(),
            }),
            _ => Err(format!("`{line}` is not an action on the broker")),
        };
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if first.is_empty() || !first.chars().all(is_name) {
        return Err(format!(
            "`{line}` does not begin with the name of a connection"
        ));
    }
    let connection = first.to_owned();
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    match (word, rest.trim()) {
        (">", hex) => Ok(Exchange::Sends {
            connection,
            bytes: bytes(hex)?,
        }),
        ("<", hex) => Ok(Exchange::Receives {
            connection,
            bytes: bytes(hex)?,
        }),
        ("silent", text) => Ok(Exchange::Silent {
            connection,
            span: span(text)?,
        }),
        ("upgrades", "") => Ok(Exchange::Upgrades { connection }),
        ("closed", "") => Ok(Exchange::Closed { connection }),
        ("drops", "") => Ok(Exchange::Drops { connection }),
        _ => Err(format!("`{line}` is not a line of an exchange")),
    }
}

fn span(text: &str) -> Result<Duration, String> {
    duration::parse(text)
        .filter(|span| !span.is_zero() && *span <= LONGEST_PAUSE)
        .ok_or_else(|| format!("`{text}` is not a duration from 1ms to 30s"))
}

fn bytes(hex: &str) -> Result<Bytes, String> {
    let digits: Vec<u8> = hex
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        if pair.len() < 2 || !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u8::from_str_radix(text, 16).ok()
    };
    let all: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    match all {
        Some(bytes) if !bytes.is_empty() => Ok(bytes.into()),
        _ => Err(format!("`{hex}` is not hex")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_ids_with_brackets_and_stars() {
        for (pattern, id) in [
            (
                "will/takeover[session-lives-on]@5",
                "will/takeover[session-lives-on]@5",
            ),
            ("will/takeover[*]@5", "will/takeover[session-lives-on]@5"),
            ("packets/*@3.1.1", "packets/server-only[suback]@3.1.1"),
            ("*", "a@5"),
            ("will/takeover", "will/takeover[session-lives-on]@5"),
            ("will/takeover[*]", "will/takeover[session-lives-on]@3.1.1"),
        ] {
            assert!(Deviation::matches(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [
            (
                "will/takeover[*]@5",
                "will/takeover[session-lives-on]@3.1.1",
            ),
            ("will/takeover@5", "will/takeover[session-lives-on]@5"),
            ("packets/?@5", "packets/ab@5"),
            ("", "a@5"),
        ] {
            assert!(!Deviation::matches(pattern, id), "{pattern} {id}");
        }
    }

    #[test]
    fn reads_exchanges() {
        let connection = || "a".to_owned();
        for (line, expected) in [
            (
                "a > c1 00",
                Exchange::Sends {
                    connection: connection(),
                    bytes: Bytes::from_static(&[0xC1, 0]),
                },
            ),
            (
                "a < D000",
                Exchange::Receives {
                    connection: connection(),
                    bytes: Bytes::from_static(&[0xD0, 0]),
                },
            ),
            (
                "a silent 1s",
                Exchange::Silent {
                    connection: connection(),
                    span: Duration::from_secs(1),
                },
            ),
            (
                "a upgrades",
                Exchange::Upgrades {
                    connection: connection(),
                },
            ),
            (
                "a closed",
                Exchange::Closed {
                    connection: connection(),
                },
            ),
            (
                "a drops",
                Exchange::Drops {
                    connection: connection(),
                },
            ),
            ("broker restarts", Exchange::Restarts),
            (
                "broker kicks a b",
                Exchange::Kicks {
                    client: "a b".to_owned(),
                },
            ),
            ("wait 200ms", Exchange::Wait(Duration::from_millis(200))),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
        for line in [
            "a",
            "a >",
            "a > c",
            "a > zz",
            "a > +1",
            "a closed now",
            "a upgrades to mqtt",
            "broker",
            "broker kicks",
            "broker > 00",
            "wait",
            "wait 0s",
            "wait 1h",
            "ä > 00",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
