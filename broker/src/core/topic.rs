//! Topic Names and Topic Filters: what is well formed, and what matches.
//!
//! Nothing here normalises: levels are compared byte for byte. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]

/// The prefix of a Shared Subscription's Topic Filter.
const SHARE: &str = "$share/";

/// Whether this may stand as a Topic Name. [3.1.1 MQTT-3.3.2-2] [5 MQTT-3.3.2-2] [5 MQTT-4.7.3-1]
pub(crate) fn is_name(topic: &str) -> bool {
    !topic.is_empty() && !topic.contains(['+', '#', '\0'])
}

/// Whether this may stand as a Topic Filter, `$share/` not considered: wildcards fill whole levels and `#` is
/// last. [3.1.1 MQTT-4.7.1-2] [3.1.1 MQTT-4.7.1-3] [5 MQTT-4.7.1-1] [5 MQTT-4.7.1-2]
pub(crate) fn is_filter(filter: &str) -> bool {
    if filter.is_empty() || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let last = levels.peek().is_none();
        let well_formed = match level {
            "+" => true,
            "#" => last,
            _ => !level.contains(['+', '#']),
        };
        if !well_formed {
            return false;
        }
    }
    true
}

/// Whether the filter has a wildcard.
pub(crate) fn has_wildcard(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// The number of levels.
pub(crate) fn levels(topic: &str) -> usize {
    topic.bytes().filter(|byte| *byte == b'/').count() + 1
}

/// Whether a first level that is a wildcard must not match this Topic Name. [3.1.1 MQTT-4.7.2-1] [5 MQTT-4.7.2-1]
pub(crate) fn is_hidden(topic: &str) -> bool {
    topic.starts_with('$')
}

/// A Topic Filter of version 5, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter<'a> {
    Own(&'a str),
    Shared { group: &'a str, filter: &'a str },
}

impl<'a> Filter<'a> {
    /// `None` when it is not well formed. [5 MQTT-4.8.2-1] [5 MQTT-4.8.2-2]
    pub(crate) fn parse(filter: &'a str) -> Option<Self> {
        let Some(rest) = filter.strip_prefix(SHARE) else {
            return is_filter(filter).then_some(Self::Own(filter));
        };
        let (group, filter) = rest.split_once('/')?;
        let well_formed = !group.is_empty() && !has_wildcard(group) && is_filter(filter);
        well_formed.then_some(Self::Shared { group, filter })
    }
}

/// Whether the filter matches the Topic Name. `hide` is whether a leading wildcard passes over names that begin
/// with `$`.
pub(crate) fn matches(filter: &str, topic: &str, hide: bool) -> bool {
    if hide && is_hidden(topic) && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut names = topic.split('/');
    for level in filter.split('/') {
        match (level, names.next()) {
            // `a/#` matches `a` as well: the parent level counts.
            ("#", _) => return true,
            (_, None) => return false,
            ("+", Some(_)) => {}
            (level, Some(name)) if level == name => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_the_examples_of_the_standard_do() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/#", "sport", true),
            ("#", "/", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/monitor", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/monitor", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("ACCOUNTS", "Accounts", false),
            ("a//b", "a/b", false),
            ("a/+/b", "a//b", true),
        ] {
            assert_eq!(matches(filter, topic, true), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn refuses_filters_with_misplaced_wildcards() {
        for filter in ["", "sport/tennis#", "sport/#/ranking", "sport+", "a/+b", "##", "a\0"] {
            assert!(!is_filter(filter), "{filter}");
        }
        for filter in ["#", "+", "/", "+/tennis/#", " ", "$SYS/#", "a//b"] {
            assert!(is_filter(filter), "{filter}");
        }
    }

    #[test]
    fn takes_shared_filters_apart() {
        assert_eq!(
            Filter::parse("$share/g/a/+"),
            Some(Filter::Shared {
                group: "g",
                filter: "a/+"
            })
        );
        assert_eq!(Filter::parse("$share"), Some(Filter::Own("$share")));
        for filter in ["$share/", "$share/g", "$share//a", "$share/g/", "$share/g+/a", "$share/#/a"] {
            assert_eq!(Filter::parse(filter), None, "{filter}");
        }
    }
}
