//! The catalogue: every numbered statement of 3.1.1 and 5.0, and the rules that have no number. Each entry has its
//! section, its level, whom it binds, how it can be observed, and a summary in our own words.
//!
//! The data is in the tables next to this file. An id is only meaningful together with its version: 121 ids are in both
//! documents, and many of them mean different things there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use mqtt_check_codec::ProtocolVersion;

pub mod citation;
pub mod property;
pub use crate::scenario::standard;

/// One statement of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The document: 3.1.1 or 5. Version 3.1 has no numbered statements, so those of 3.1.1 are cited for it.
    pub version: ProtocolVersion,
    /// Such as `MQTT-3.1.4-3`, or `RULE-3.1.4-3` for a rule that the document does not number.
    pub id: &'static str,
    /// The number of the section. Numbered statements also have its heading.
    pub section: &'static str,
    /// The statement's keywords: `MUST`, `MUST NOT`, `SHOULD`, `definition`, …
    pub level: &'static str,
    pub binds: Binds,
    pub kind: Kind,
    pub rank: Rank,
    /// The statement in our own words.
    pub summary: Cow<'static, str>,
}

/// Whom a statement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binds {
    Server,
    Client,
    /// The statement names both.
    Both,
    /// The statement names a role that either can have: the sender or receiver of a packet.
    Either,
}

impl Binds {
    /// Returns `server`, `client`, `both` or `either`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Both => "both",
            Self::Either => "either",
        }
    }
}

/// How a statement can be observed from outside the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Immediately, on the wire.
    Wire,
    /// On the wire, after a timer has run out.
    NeedsTime,
    /// Only over WebSocket.
    NeedsWebSocket,
    /// The statement binds the sender. The harness breaks it as a client and watches the broker.
    SenderPrecondition,
    /// The statement binds only clients.
    ClientOnly,
    /// The statement cannot be observed. The text says why.
    Untestable(&'static str),
    /// The statement allows something and also its opposite. The text names both.
    EitherWay(&'static str),
    /// The statement binds clients, and no rule says what a server does with a client that breaks it. The text explains
    /// this.
    NoReaction(&'static str),
}

/// What users suffer when a broker breaks a statement, the worst first. The rank of a statement that binds clients is
/// about a broker that lets clients break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Messages are lost, duplicated, reordered or sent to the wrong client.
    Delivery,
    /// A session, a Will or a retained message is wrong.
    Session,
    /// A connection or a request is wrongly accepted, refused, kept, closed or left unanswered.
    Connection,
    /// A code, a property or a flag is wrong, with none of the consequences above.
    Content,
}

impl Rank {
    /// Every rank, the worst first.
    pub const ALL: [Self; 4] = [
        Self::Delivery,
        Self::Session,
        Self::Connection,
        Self::Content,
    ];

    /// Returns the word that the tables and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Session => "session",
            Self::Connection => "connection",
            Self::Content => "content",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rank| rank.as_str() == word)
    }
}

impl Kind {
    /// Describes how the statement can be observed, as a lowercase fragment.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Wire => "on the wire",
            Self::NeedsTime => "on the wire, after some time",
            Self::NeedsWebSocket => "over WebSocket",
            Self::SenderPrecondition => "by breaking it as a client and watching the broker",
            Self::ClientOnly | Self::Untestable(_) => "not at all",
            Self::EitherWay(_) => "as a choice, not as a violation",
            Self::NoReaction(_) => "the standard requires no reaction",
        }
    }
}

impl Requirement {
    /// Returns whether a broker can be provoked to show what the statement is about. A statement that is not testable
    /// has a [`Self::hindrance`].
    pub const fn is_testable(&self) -> bool {
        matches!(
            self.kind,
            Kind::Wire
                | Kind::NeedsTime
                | Kind::NeedsWebSocket
                | Kind::SenderPrecondition
                | Kind::NoReaction(_)
        )
    }

    /// Returns why a broker cannot be held to the statement, or `None` if it can.
    pub const fn hindrance(&self) -> Option<&'static str> {
        match self.kind {
            Kind::ClientOnly => Some("it binds clients only"),
            Kind::Untestable(why) | Kind::EitherWay(why) | Kind::NoReaction(why) => Some(why),
            _ => None,
        }
    }

    /// Returns whether the document numbers the statement.
    pub fn is_numbered(&self) -> bool {
        self.id.starts_with("MQTT-")
    }

    /// Returns the section number in the form that the id has: `3.8.4`, or `3.1.0` where the document says 3.1.
    pub fn section_number(&self) -> &'static str {
        let number = self.id.split_once('-').map_or(self.id, |(_, rest)| rest);
        number.split('-').next().unwrap_or(number)
    }

    /// Returns the strongest keyword in lowercase: `must`, `should` or `may`. A definition, an error, and a statement
    /// without such a keyword count as `must`.
    pub fn weight(&self) -> &'static str {
        let has = |word: &str| self.level.contains(word);
        if has("MUST") || has("Error") || has("definition") {
            "must"
        } else if has("SHOULD") {
            "should"
        } else if has("MAY") || matches!(self.kind, Kind::EitherWay(_) | Kind::NoReaction(_)) {
            "may"
        } else {
            "must"
        }
    }
}

/// Formats the statement as a citation: `[5 MQTT-3.1.4-3]`.
impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} {}]", self.version, self.id)
    }
}

/// Returns every statement of this version, the numbered ones first, in the order of the document.
pub fn all(version: ProtocolVersion) -> impl Iterator<Item = &'static Requirement> {
    let document = document(version);
    catalogue()
        .list
        .iter()
        .filter(move |r| r.version == document)
}

/// Returns the statement that has this id in this version.
pub fn find(version: ProtocolVersion, id: &str) -> Option<&'static Requirement> {
    let catalogue = catalogue();
    let index = *catalogue.by_id.get(&(document(version), id))?;
    catalogue.list.get(index)
}

/// Works like [`find`], for a version by its name, as reports and tables have it.
pub fn find_in(version: &str, id: &str) -> Option<&'static Requirement> {
    find(version_of(version)?, id)
}

/// Returns the document that is cited for a version.
pub const fn document(version: ProtocolVersion) -> ProtocolVersion {
    match version {
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => ProtocolVersion::V3_1_1,
        ProtocolVersion::V5 => ProtocolVersion::V5,
    }
}

struct Catalogue {
    list: Vec<Requirement>,
    by_id: BTreeMap<(ProtocolVersion, &'static str), usize>,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut list = numbered(ProtocolVersion::V3_1_1, include_str!("mqtt-3.1.1.tsv"));
        list.extend(numbered(ProtocolVersion::V5, include_str!("mqtt-5.tsv")));
        list.extend(unnumbered(include_str!("unnumbered.tsv")));
        let by_id = list
            .iter()
            .enumerate()
            .map(|(index, r)| ((r.version, r.id), index))
            .collect();
        Catalogue { list, by_id }
    })
}

/// Returns the cells of every row except the heading. Skips rows with another number of cells; the callers skip rows
/// with an unknown word. No row is lost unnoticed, because the tests compare the tables with the counts of the
/// documents.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
}

fn numbered(version: ProtocolVersion, table: &'static str) -> Vec<Requirement> {
    rows(table)
        .filter_map(|[id, section, level, who, kind, rank, summary]| {
            Some(Requirement {
                version,
                id,
                section,
                level,
                binds: binds(who)?,
                kind: kind_of(kind)?,
                rank: Rank::named(rank)?,
                summary: Cow::Borrowed(summary),
            })
        })
        .collect()
}

fn unnumbered(table: &'static str) -> Vec<Requirement> {
    rows(table)
        .filter_map(
            |[
                id,
                version,
                section,
                level,
                who,
                kind,
                rank,
                when,
                expected,
                reason,
            ]| {
                let code = if reason.is_empty() {
                    String::new()
                } else {
                    format!(" ({reason})")
                };
                Some(Requirement {
                    version: version_of(version)?,
                    id,
                    section,
                    level,
                    binds: binds(who)?,
                    kind: kind_of(kind)?,
                    rank: Rank::named(rank)?,
                    summary: Cow::Owned(format!("{when}: {expected}{code}")),
                })
            },
        )
        .collect()
}

fn version_of(word: &str) -> Option<ProtocolVersion> {
    [ProtocolVersion::V3_1_1, ProtocolVersion::V5]
        .into_iter()
        .find(|v| v.as_str() == word)
}

fn binds(word: &str) -> Option<Binds> {
    Some(match word {
        "server" => Binds::Server,
        "client" => Binds::Client,
        "both" => Binds::Both,
        "either" => Binds::Either,
        _ => return None,
    })
}

fn kind_of(word: &'static str) -> Option<Kind> {
    Some(match word {
        "wire" => Kind::Wire,
        "needs-time" => Kind::NeedsTime,
        "needs-websocket" => Kind::NeedsWebSocket,
        "sender-precondition" => Kind::SenderPrecondition,
        "client-only" => Kind::ClientOnly,
        _ => match word.split_once(": ")? {
            ("untestable", why) => Kind::Untestable(why),
            ("either-way", why) => Kind::EitherWay(why),
            ("no-reaction", why) => Kind::NoReaction(why),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];

    fn count(version: ProtocolVersion, what: impl Fn(&Requirement) -> bool) -> usize {
        all(version).filter(|r| what(r)).count()
    }

    #[test]
    fn holds_every_numbered_statement() {
        assert_eq!(
            VERSIONS.map(|v| count(v, Requirement::is_numbered)),
            [141, 251]
        );
    }

    #[test]
    fn knows_which_ones_a_broker_can_be_held_to() {
        assert_eq!(
            VERSIONS.map(|v| count(v, |r| r.is_numbered() && r.is_testable())),
            [127, 237]
        );
    }

    #[test]
    fn gives_a_reason_for_each_that_a_broker_cannot_be_held_to() {
        for r in &catalogue().list {
            let is_open = matches!(r.kind, Kind::NoReaction(_)) || !r.is_testable();
            assert_eq!(r.hindrance().is_some(), is_open, "{r}");
            assert!(r.hindrance().is_none_or(|why| why.len() > 15), "{r}");
        }
    }

    #[test]
    fn knows_the_sections_and_the_weight_of_each() {
        for r in &catalogue().list {
            let number = r.section_number();
            let section = r.section.split(' ').next().unwrap_or_default();
            // The ids of section 3.1 say 3.1.0, and one of version 5 says 4.7.0.
            let number = number.strip_suffix(".0").unwrap_or(number);
            assert!(
                section.starts_with(number) || number.starts_with(section),
                "{r}: {number}"
            );
        }
        let weight = |id| find(ProtocolVersion::V5, id).map(Requirement::weight);
        assert_eq!(weight("MQTT-3.1.4-3"), Some("must"));
        assert_eq!(weight("RULE-3.1.4-1"), Some("should"));
        assert_eq!(weight("RULE-3.8.4-1"), Some("may"));
        assert_eq!(weight("RULE-3.8.3-1"), Some("must"));
    }

    #[test]
    fn holds_every_row_of_the_tables() {
        let rows = [
            include_str!("mqtt-3.1.1.tsv"),
            include_str!("mqtt-5.tsv"),
            include_str!("unnumbered.tsv"),
        ]
        .map(|table| table.lines().count() - 1);
        assert_eq!(catalogue().list.len(), rows.iter().sum::<usize>());
    }

    #[test]
    fn ranks_what_breaking_a_statement_does() {
        let rank = |id| find(ProtocolVersion::V5, id).map(|r| r.rank);
        for (id, expected) in [
            ("MQTT-4.5.0-1", Rank::Delivery),
            ("MQTT-4.3.3-10", Rank::Delivery),
            ("MQTT-3.3.2-3", Rank::Delivery),
            ("MQTT-3.1.2-8", Rank::Session),
            ("MQTT-3.2.2-3", Rank::Session),
            ("MQTT-3.3.1-5", Rank::Session),
            ("MQTT-3.1.0-2", Rank::Connection),
            ("MQTT-3.12.4-1", Rank::Connection),
            ("MQTT-3.4.2-1", Rank::Content),
            ("MQTT-3.3.2-20", Rank::Content),
            // A refused client's PUBLISH reaches others. A Packet Identifier in use makes a message look like a
            // repetition.
            ("MQTT-3.1.4-6", Rank::Delivery),
            ("MQTT-2.2.1-4", Rank::Delivery),
            ("MQTT-2.2.1-5", Rank::Delivery),
            ("MQTT-3.10.4-6", Rank::Delivery),
            // Two clients with one identifier share a session.
            ("MQTT-3.1.3-6", Rank::Session),
            ("MQTT-3.2.2-22", Rank::Connection),
            // The RETAIN flag of a forwarded message is not retained state.
            ("MQTT-3.3.1-13", Rank::Content),
        ] {
            assert_eq!(rank(id), Some(expected), "{id}");
        }
        for rank in Rank::ALL {
            for version in VERSIONS {
                assert!(
                    count(version, |r| r.rank == rank) >= 15,
                    "{version} {rank:?}"
                );
            }
        }
    }

    #[test]
    fn ranks_what_a_client_must_not_do_by_the_connection_that_lets_it() {
        for r in &catalogue().list {
            let is_of_clients = r.binds == Binds::Client || r.kind == Kind::SenderPrecondition;
            assert!(
                !is_of_clients || r.rank != Rank::Content,
                "{} {}",
                r.version,
                r.id
            );
        }
    }

    #[test]
    fn ranks_identical_statements_of_both_documents_alike() {
        let list = &catalogue().list;
        let of = |version| list.iter().filter(move |r| r.version == version);
        let mut pairs = 0;
        for three in of(ProtocolVersion::V3_1_1).filter(|r| r.is_numbered()) {
            for five in of(ProtocolVersion::V5).filter(|r| r.summary == three.summary) {
                pairs += 1;
                assert_eq!(three.rank, five.rank, "{} {}", three.id, five.id);
            }
        }
        assert!(pairs >= 30, "{pairs}");
    }

    #[test]
    fn has_no_id_twice_in_a_version() {
        let ids: BTreeSet<_> = catalogue().list.iter().map(|r| (r.version, r.id)).collect();
        assert_eq!(ids.len(), catalogue().list.len());
    }

    #[test]
    fn describes_each_statement() {
        for r in &catalogue().list {
            assert!(!r.summary.trim().is_empty(), "{}", r.id);
            assert!(!r.section.is_empty() && !r.level.is_empty(), "{}", r.id);
            let prefix = if r.is_numbered() { "MQTT-" } else { "RULE-" };
            assert!(r.id.starts_with(prefix), "{}", r.id);
        }
    }

    #[test]
    fn distinguishes_the_versions() {
        let old = find(ProtocolVersion::V3_1_1, "MQTT-3.1.2-8").map(|r| &r.summary);
        let new = find(ProtocolVersion::V5, "MQTT-3.1.2-8").map(|r| &r.summary);
        assert!(old.is_some() && new.is_some());
        assert_ne!(old, new);
        assert_eq!(
            find(ProtocolVersion::V3_1, "MQTT-3.1.2-8").map(|r| &r.summary),
            old
        );
        // The numbering of this section in 5.0 begins at 2.
        assert!(find(ProtocolVersion::V5, "MQTT-2.2.1-1").is_none());
    }
}
