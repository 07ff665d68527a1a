//! What a broker did wrong, in a phrase that can stand alone in a heading.

use super::document::Cause;
use super::style::{alternatives, is_absence};

/// Returns what the broker did in the example of a cause, the judgement first. For an accepted cause, this is what the
/// target file says.
pub(super) fn conduct(cause: &Cause) -> String {
    if let Some(came) = cause.came.as_ref().filter(|_| cause.accepted) {
        return came.clone();
    }
    let (actual, others) = match received(cause).split_once("; unmatched so far: ") {
        Some((actual, others)) => (actual, Some(others)),
        None => (received(cause), None),
    };
    if expects_none(cause) {
        format!("unexpected: {actual}")
    } else if is_absence(actual) {
        // What was received usually explains the defect. That something was missing does not.
        let lead = match (actual, cause.expected.len()) {
            (text, _) if text.starts_with("the connection was ") => "closed without",
            (_, 0 | 1) => "missing:",
            _ => "received none of these:",
        };
        let expected = cause.expected.iter().map(|text| unnamed(text));
        let expected = alternatives(&expected.collect::<Vec<_>>());
        match others {
            Some(others) => format!("{lead} {expected}; received {others}"),
            None => format!("{lead} {expected}"),
        }
    } else if actual.contains(" whose ") {
        actual.to_owned()
    } else {
        cause.actual.clone()
    }
}

/// Returns what was received, for a place with a heading that says so.
pub(super) fn received(cause: &Cause) -> &str {
    let actual = &cause.actual;
    actual.strip_prefix("received ").unwrap_or(actual)
}

/// Whether nothing should have been received.
fn expects_none(cause: &Cause) -> bool {
    let mut expected = cause.expected.iter();
    expected.any(|text| text.starts_with("no "))
}

/// The text of an alternative, without the name that the scenario gives it: `left_out: `.
fn unnamed(text: &str) -> String {
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match text.split_once(": ") {
        Some((name, rest)) if is_name(name) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_names_of_alternatives() {
        assert_eq!(unnamed("left_out: no PUBLISH"), "no PUBLISH");
        assert_eq!(
            unnamed("PUBLISH with payload \"a: b\""),
            "PUBLISH with payload \"a: b\""
        );
    }
}
