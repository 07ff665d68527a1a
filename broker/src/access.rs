//! The access list: which clients may publish and subscribe to which topics.
//!
//! Rules are checked in order. The first rule that matches the client, the action and the topic decides. If no rule
//! matches, access is denied. Without a list, everything is allowed.

use std::borrow::Cow;

pub use mqtt_check_vocabulary::{AccessAction, AccessRule};

/// The client whose access is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) client: &'a str,
    pub(crate) user: Option<&'a str>,
}

/// Returns whether the list permits this client the action on `topic`. `topic` is a Topic Name, or a Topic Filter
/// without the prefix of a Shared Subscription. A filter is permitted only if all of its topics are.
pub(crate) fn permits(
    list: &[AccessRule],
    who: Who<'_>,
    action: AccessAction,
    topic: &str,
) -> bool {
    permits_by(&covers, list, who, action, topic)
}

/// Like [`permits`], with another function that decides whether a rule's filter covers a topic.
pub(crate) fn permits_by(
    covers: &Covers<'_>,
    list: &[AccessRule],
    who: Who<'_>,
    action: AccessAction,
    topic: &str,
) -> bool {
    let decisive = list
        .iter()
        .find(|rule| is_about(rule, covers, who, action, topic));
    decisive.is_some_and(|rule| rule.allow)
}

/// Whether a rule's filter covers a Topic Name, or all topics of a Topic Filter.
pub(crate) type Covers<'a> = dyn Fn(&str, bool, Who<'_>, &str) -> bool + 'a;

fn is_about(
    rule: &AccessRule,
    covers: &Covers<'_>,
    who: Who<'_>,
    action: AccessAction,
    topic: &str,
) -> bool {
    let named = |names: &[String], name: Option<&str>| {
        names.is_empty() || name.is_some_and(|name| names.iter().any(|n| n == name))
    };
    (rule.action == action || rule.action == AccessAction::All)
        && named(&rule.users, who.user)
        && named(&rule.clients, Some(who.client))
        && rule
            .filters
            .iter()
            .any(|filter| covers(filter, rule.allow, who, topic))
}

/// One level of a rule's filter, with its placeholders filled in.
#[derive(Debug)]
enum Level<'a> {
    /// `+`
    One,
    /// `#`
    Rest,
    /// This text, which is not a wildcard.
    Exactly(Cow<'a, str>),
    /// A level with a placeholder whose value contains `/`, `+` or `#`.
    Unfit,
}

/// Returns whether the filter of a rule covers a Topic Name, or all topics of a Topic Filter. `allow` is whether the
/// rule allows or denies.
pub(crate) fn covers(filter: &str, allow: bool, who: Who<'_>, topic: &str) -> bool {
    let mut left = topic.split('/');
    for level in filter.split('/') {
        let Some(level) = filled_in(level, who) else {
            return false;
        };
        match level {
            // `#` also matches the parent level, so the topic may end here.
            Level::Rest => return true,
            Level::One => match left.next() {
                None | Some("#") => return false,
                Some(_) => {}
            },
            Level::Exactly(text) => match left.next() {
                Some(found) if found == text => {}
                _ => return false,
            },
            // A client cannot escape a denial by choosing a name that fits into no topic.
            Level::Unfit => return !allow,
        }
    }
    left.next().is_none()
}

/// Returns `None` when the level contains `%u` and the client has no user name.
fn filled_in<'a>(level: &'a str, who: Who<'_>) -> Option<Level<'a>> {
    match level {
        "+" => return Some(Level::One),
        "#" => return Some(Level::Rest),
        _ if !level.contains('%') => return Some(Level::Exactly(level.into())),
        _ => {}
    }
    let mut text = String::new();
    let mut rest = level;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let (filled, width) = match rest.as_bytes().get(at + 1) {
            Some(b'c') => (who.client, 2),
            Some(b'u') => (who.user?, 2),
            Some(b'%') => ("%", 2),
            _ => ("%", 1),
        };
        if width == 2 && filled.contains(['/', '+', '#']) {
            return Some(Level::Unfit);
        }
        text.push_str(filled);
        rest = &rest[at + width..];
    }
    text.push_str(rest);
    Some(Level::Exactly(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(allow: bool, action: AccessAction, filter: &str) -> AccessRule {
        AccessRule {
            allow,
            action,
            users: Vec::new(),
            clients: Vec::new(),
            filters: vec![filter.to_owned()],
        }
    }

    const A: Who<'static> = Who {
        client: "a",
        user: Some("alice"),
    };

    #[test]
    fn a_filter_covers_what_all_of_its_topics_match() {
        let yes = [
            ("#", "a"),
            ("#", "#"),
            ("#", "$SYS/x"),
            ("#", "+/a"),
            ("a/#", "a"),
            ("a/#", "a/#"),
            ("a/#", "a/+/b"),
            ("a/#", "a/b/#"),
            ("+/b", "+/b"),
            ("+/b", "a/b"),
            ("+/#", "a"),
            ("+/+", "/"),
            ("a//b", "a//b"),
            ("%c/%u", "a/alice"),
            ("x-%c-%%", "x-a-%"),
            ("100%", "100%"),
        ];
        for (filter, topic) in yes {
            assert!(covers(filter, true, A, topic), "{filter} over {topic}");
        }
        let no = [
            ("a/#", "#"),
            ("a/#", "+"),
            ("a/#", "b"),
            ("a/#", "ab"),
            ("a/+", "a/#"),
            ("a/+", "a"),
            ("a/b", "a/+"),
            ("a", "a/b"),
            ("a/b", "a"),
            ("+/#", "#"),
            ("%c/x", "b/x"),
        ];
        for (filter, topic) in no {
            assert!(!covers(filter, true, A, topic), "{filter} over {topic}");
        }
    }

    #[test]
    fn what_is_filled_in_adds_no_level_and_no_wildcard() {
        let names = ["+", "#", "a/b", "a/+", "a/#", "/", "a/", "/a", "a+", "#a"];
        let filters = ["of/%c", "of/%c/#", "of/%u/x", "of/x-%u", "of/+/%c"];
        let topics = ["of", "of/+", "of/#", "of/a", "of/a/b", "of/a/b/x", "of/a/x"];
        for name in names {
            let who = Who {
                client: name,
                user: Some(name),
            };
            for filter in filters {
                let own = filter.replace("%c", name).replace("%u", name);
                for topic in topics.into_iter().chain([own.as_str()]) {
                    let (allowed, denied) = (
                        covers(filter, true, who, topic),
                        covers(filter, false, who, topic),
                    );
                    assert!(!allowed, "{filter} with {name} over {topic}");
                    let is_below = topic.starts_with("of/") && !topic.ends_with('#');
                    assert!(
                        denied || !is_below || filter == "of/+/%c",
                        "{filter}, {name}, {topic}"
                    );
                }
            }
        }
        let none = Who {
            client: "a",
            user: None,
        };
        // Without a user name, the rule applies to no topic.
        assert!(!covers("of/%u", true, none, "of/"));
        assert!(!covers("of/%u", false, none, "of/"));
    }

    #[test]
    fn the_first_rule_that_is_about_it_decides_and_else_it_is_denied() {
        use AccessAction::{All, Publish, Subscribe};
        let mut alices = rule(true, All, "a/secret");
        alices.users = vec!["alice".to_owned()];
        let mut of_b = rule(true, Publish, "b/#");
        of_b.clients = vec!["b".to_owned(), "a".to_owned()];
        let list = [
            alices,
            rule(false, All, "a/secret"),
            rule(true, Subscribe, "a/#"),
            of_b,
        ];
        let bob = Who {
            client: "c",
            user: Some("bob"),
        };
        let nobody = Who {
            client: "a",
            user: None,
        };
        let decided = |who, action, topic| permits(&list, who, action, topic);
        assert!(decided(A, Publish, "a/secret"));
        assert!(!decided(bob, Publish, "a/secret"));
        assert!(!decided(nobody, Subscribe, "a/secret"));
        assert!(decided(nobody, Subscribe, "a/#"));
        assert!(!decided(bob, Publish, "a/b"));
        assert!(decided(nobody, Publish, "b/x"));
        assert!(!decided(bob, Publish, "b/x"));
        assert!(!permits(&[], A, Publish, "a"));
    }
}
