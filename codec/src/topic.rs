//! Topic Names and Topic Filters: which are well-formed, and which match.
//!
//! [`Packet::decode`](crate::Packet::decode) checks Topic Names, because a wrong one makes the whole packet wrong. It
//! does not check Topic Filters, because a server answers them one by one.

use thiserror::Error;

use crate::{Clause, ProtocolVersion};

/// Why a text is not a valid Topic Name or Topic Filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{problem} {clause}")]
pub struct TopicError {
    /// What is wrong, as a lowercase fragment.
    pub problem: TopicProblem,
    /// The clause that it breaks.
    pub clause: Clause,
}

/// What is wrong with a Topic Name or Topic Filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum TopicProblem {
    /// No characters at all, `[5 MQTT-4.7.3-1]`.
    #[error("is empty")]
    Empty,
    /// U+0000 somewhere in it, `[5 MQTT-4.7.3-2]`.
    #[error("contains U+0000")]
    Null,
    /// More than 65,535 bytes of UTF-8, `[5 MQTT-4.7.3-3]`.
    #[error("has more than 65535 bytes")]
    TooLong,
    /// `#` or `+` in a Topic Name, `[5 MQTT-4.7.0-1]`.
    #[error("is a topic name, but contains a wildcard")]
    WildcardInName,
    /// `#` beside other characters or before another level, `[5 MQTT-4.7.1-1]`.
    #[error("contains a # that is not a whole level, or not the last")]
    MisplacedHash,
    /// `+` beside other characters of its level, `[5 MQTT-4.7.1-2]`.
    #[error("contains a + that is not a whole level")]
    MisplacedPlus,
    /// `$share//…`, `[5 MQTT-4.8.2-1]`.
    #[error("is a shared filter whose share name is empty")]
    ShareNameEmpty,
    /// `#` or `+` in the Share Name, `[5 MQTT-4.8.2-2]`.
    #[error("is a shared filter whose share name contains a wildcard")]
    ShareNameWildcard,
    /// `$share/GROUP` or `$share/GROUP/`, `[5 MQTT-4.8.2-2]`.
    #[error("is a shared filter without a topic filter after the share name")]
    SharedFilterMissing,
}

/// Returns every clause that a [`TopicError`] can cite.
pub(crate) fn cited_clauses() -> impl Iterator<Item = Clause> {
    let versions = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];
    versions.into_iter().flat_map(|version| {
        let problems = TopicProblem::ALL.iter();
        problems.map(move |problem| problem.clause(version))
    })
}

impl TopicProblem {
    const ALL: &[Self] = &[
        Self::Empty,
        Self::Null,
        Self::TooLong,
        Self::WildcardInName,
        Self::MisplacedHash,
        Self::MisplacedPlus,
        Self::ShareNameEmpty,
        Self::ShareNameWildcard,
        Self::SharedFilterMissing,
    ];

    const fn clause(self, version: ProtocolVersion) -> Clause {
        let (v3, v5) = match self {
            Self::Empty => ("MQTT-4.7.3-1", "MQTT-4.7.3-1"),
            Self::Null => ("MQTT-4.7.3-2", "MQTT-4.7.3-2"),
            Self::TooLong => ("MQTT-4.7.3-3", "MQTT-4.7.3-3"),
            Self::WildcardInName => ("MQTT-4.7.1-1", "MQTT-4.7.0-1"),
            Self::MisplacedHash => ("MQTT-4.7.1-2", "MQTT-4.7.1-1"),
            Self::MisplacedPlus => ("MQTT-4.7.1-3", "MQTT-4.7.1-2"),
            // Only version 5 has shared subscriptions.
            Self::ShareNameEmpty => return Clause::v5("MQTT-4.8.2-1"),
            Self::ShareNameWildcard | Self::SharedFilterMissing => {
                return Clause::v5("MQTT-4.8.2-2");
            }
        };
        match version {
            ProtocolVersion::V5 => Clause::v5(v5),
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => Clause::v3_1_1(v3),
        }
    }

    const fn at(self, version: ProtocolVersion) -> TopicError {
        TopicError {
            problem: self,
            clause: self.clause(version),
        }
    }
}

/// The two parts of `$share/GROUP/FILTER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SharedFilter<'a> {
    /// The Share Name.
    pub group: &'a str,
    /// The Topic Filter after it.
    pub filter: &'a str,
}

/// Checks that `name` is a valid Topic Name.
///
/// # Errors
/// Returns the problem, with the clause of this version.
pub fn check_name(name: &str, version: ProtocolVersion) -> Result<(), TopicError> {
    check_text(name, version)?;
    if name.contains(['+', '#']) {
        return Err(TopicProblem::WildcardInName.at(version));
    }
    Ok(())
}

/// Checks that `filter` is a valid Topic Filter. In version 5 a shared one must also be complete.
///
/// # Errors
/// Returns the problem, with the clause of this version.
pub fn check_filter(filter: &str, version: ProtocolVersion) -> Result<(), TopicError> {
    check_text(filter, version)?;
    let shared = match version {
        ProtocolVersion::V5 => split_shared(filter)?,
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => None,
    };
    let filter = shared.map_or(filter, |shared| shared.filter);
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let is_last = levels.peek().is_none();
        if level.contains('#') && (level != "#" || !is_last) {
            return Err(TopicProblem::MisplacedHash.at(version));
        }
        if level.contains('+') && level != "+" {
            return Err(TopicProblem::MisplacedPlus.at(version));
        }
    }
    Ok(())
}

fn check_text(text: &str, version: ProtocolVersion) -> Result<(), TopicError> {
    let problem = if text.is_empty() {
        TopicProblem::Empty
    } else if text.contains('\0') {
        TopicProblem::Null
    } else if text.len() > usize::from(u16::MAX) {
        TopicProblem::TooLong
    } else {
        return Ok(());
    };
    Err(problem.at(version))
}

/// Returns the group and the filter of a shared filter (`$share/…`), or `None` for any other. The filter after the
/// group must not be empty, but is not checked otherwise.
///
/// # Errors
/// Returns an error if the filter begins with `$share/`, but is incomplete or has a wildcard in the group.
pub fn split_shared(filter: &str) -> Result<Option<SharedFilter<'_>>, TopicError> {
    let Some(rest) = filter.strip_prefix("$share/") else {
        return Ok(None);
    };
    let (group, filter) = rest.split_once('/').unwrap_or((rest, ""));
    let problem = if group.is_empty() {
        TopicProblem::ShareNameEmpty
    } else if group.contains(['+', '#']) {
        TopicProblem::ShareNameWildcard
    } else if filter.is_empty() {
        TopicProblem::SharedFilterMissing
    } else {
        return Ok(Some(SharedFilter { group, filter }));
    };
    Err(problem.at(ProtocolVersion::V5))
}

/// Whether the filter contains a wildcard.
pub fn has_wildcard(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// Whether a Topic Filter matches a Topic Name. Both must be well-formed. Of a shared filter, pass only the part after
/// the group.
///
/// A filter that begins with a wildcard matches no name that begins with `$`. [5 MQTT-4.7.2-1]
pub fn matches(filter: &str, name: &str) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut name) = (filter.split('/'), name.split('/'));
    loop {
        match (filter.next(), name.next()) {
            // `sport/#` also matches `sport`, so the name may end here.
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(level), Some(of_name)) if level == of_name => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V5: ProtocolVersion = ProtocolVersion::V5;
    const V3: ProtocolVersion = ProtocolVersion::V3_1_1;

    #[test]
    fn filters_match_names() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/B", false),
            ("a/b", "a/b/c", false),
            ("a/b/c", "a/b", false),
            ("a/b", "/a/b", false),
            ("#", "a/b", true),
            ("#", "/", true),
            ("a/#", "a", true),
            ("a/#", "a/", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("/#", "/a", true),
            ("/#", "a", false),
            ("+", "a", true),
            ("+", "/a", false),
            ("+/+", "/a", true),
            ("/+", "/a", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/+/c", "a/b/c", true),
            ("a/+/c", "a/b/b/c", false),
            ("+/b/#", "a/b", true),
            ("#", "$SYS/a", false),
            ("+/a", "$SYS/a", false),
            ("$SYS/#", "$SYS/a", true),
            ("$SYS/+", "$SYS/a", true),
            ("a/#", "a/$b", true),
            ("+", "é", true),
        ];
        for (filter, name, expected) in cases {
            assert_eq!(matches(filter, name), expected, "{filter} on {name}");
        }
    }

    #[test]
    fn a_name_has_no_wildcard_and_is_not_empty() {
        for name in ["/", "a//b", " ", "$SYS/a", "a b", "\u{feff}"] {
            assert_eq!(check_name(name, V5), Ok(()), "{name:?}");
        }
        let problem = |name: &str| check_name(name, V5).map_err(|e| (e.problem, e.clause.id));
        assert_eq!(problem(""), Err((TopicProblem::Empty, "MQTT-4.7.3-1")));
        assert_eq!(problem("a\0"), Err((TopicProblem::Null, "MQTT-4.7.3-2")));
        assert_eq!(
            problem("a/#"),
            Err((TopicProblem::WildcardInName, "MQTT-4.7.0-1"))
        );
        assert_eq!(
            problem("a/+b"),
            Err((TopicProblem::WildcardInName, "MQTT-4.7.0-1"))
        );
        let long = "x".repeat(65_536);
        assert_eq!(problem(&long[1..]), Ok(()));
        assert_eq!(problem(&long), Err((TopicProblem::TooLong, "MQTT-4.7.3-3")));
    }

    #[test]
    fn wildcards_in_a_filter_are_whole_levels() {
        for filter in ["#", "+", "a/#", "+/a/+", "/#", "//", "a/+/#", "$share"] {
            assert_eq!(check_filter(filter, V5), Ok(()), "{filter}");
            assert_eq!(check_filter(filter, V3), Ok(()), "{filter}");
        }
        for filter in ["a#", "#a", "#/a", "a/#/b", "##", "+#"] {
            let error = check_filter(filter, V5).expect_err(filter);
            assert_eq!(error.problem, TopicProblem::MisplacedHash, "{filter}");
            assert_eq!(error.clause.to_string(), "[5 MQTT-4.7.1-1]");
        }
        for filter in ["a+", "+a", "a/b+/c", "++"] {
            let error = check_filter(filter, V3).expect_err(filter);
            assert_eq!(error.problem, TopicProblem::MisplacedPlus, "{filter}");
            assert_eq!(error.clause.to_string(), "[3.1.1 MQTT-4.7.1-3]");
        }
    }

    #[test]
    fn shared_filters_have_a_group_and_a_filter() {
        let (group, filter) = ("g", "a/#");
        let shared = split_shared("$share/g/a/#").expect("is whole");
        assert_eq!(shared, Some(SharedFilter { group, filter }));
        assert_eq!(split_shared("$shared/g/a"), Ok(None));
        let slash = split_shared("$share/g//")
            .expect("is whole")
            .map(|s| s.filter);
        assert_eq!(slash, Some("/"));
        let problem = |filter: &str| check_filter(filter, V5).map_err(|e| e.problem);
        assert_eq!(problem("$share//a"), Err(TopicProblem::ShareNameEmpty));
        assert_eq!(problem("$share/"), Err(TopicProblem::ShareNameEmpty));
        assert_eq!(problem("$share/g"), Err(TopicProblem::SharedFilterMissing));
        assert_eq!(problem("$share/g/"), Err(TopicProblem::SharedFilterMissing));
        assert_eq!(problem("$share/+/a"), Err(TopicProblem::ShareNameWildcard));
        assert_eq!(problem("$share/g/a#"), Err(TopicProblem::MisplacedHash));
        assert_eq!(
            check_filter("$share//a", V3),
            Ok(()),
            "3.1.1 knows no shared filters"
        );
    }
}
