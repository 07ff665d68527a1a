//! Durations: `500ms`, `5s`, `1h30m`, and whole seconds as in packets.

use std::time::Duration;

use super::expression;
use super::fields::U32_MAX;
use super::model::{Expr, Literal};
use super::node::Node;
use super::scope::Scope;
use super::value::number_expr;

/// The longest wait, and the longest duration of any kind.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

const HINT: &str =
    "a number and a unit without a space, `500ms`, `5s`, `2m`, `2h`, or several, `1h30m`";

/// Reads a duration.
pub(crate) fn duration(scope: Scope<'_>, node: &Node) -> Option<Duration> {
    let Some(parsed) = node.text().and_then(parse) else {
        let title = format!("expected a duration, found {}", node.found());
        return scope.fail(scope.at(node.place, title).hint(HINT));
    };
    if parsed > LONGEST {
        return scope.fail(scope.at(node.place, "a duration of more than 400 days"));
    }
    Some(parsed)
}

/// Reads a duration, or `never`, which is `Some(None)`.
pub(crate) fn duration_or_never(scope: Scope<'_>, node: &Node) -> Option<Option<Duration>> {
    if node.word() == Some("never") {
        return Some(None);
    }
    duration(scope, node).map(Some)
}

/// Reads a field in seconds, up to `max`: a number, a duration of whole seconds, an expression, or `never`, which is
/// the largest four-byte number.
pub(crate) fn seconds_expr(scope: Scope<'_>, node: &Node, max: u64) -> Option<Expr> {
    let literal = |n| Some(Expr::Literal(Literal::Number(n)));
    if max == U32_MAX && node.word() == Some("never") {
        return literal(U32_MAX);
    }
    let text = node.text().unwrap_or("");
    let Some(span) = parse(text).filter(|_| expression::number(text).is_none()) else {
        return number_expr(scope, node, &(0..=max), "a number of seconds or a duration");
    };
    if span.subsec_nanos() != 0 {
        let title = format!("`{text}` is not a whole number of seconds");
        return scope.fail(scope.at(node.place, title));
    }
    if span.as_secs() > max {
        let title = format!("`{text}` is more than the maximum of {max} seconds");
        return scope.fail(scope.at(node.place, title));
    }
    literal(span.as_secs())
}

/// Parses a duration. Returns `None` if the text is not one. An overflow gives a duration longer than [`LONGEST`].
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let unit_end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |n| n + digits);
        let unit_ms: u64 = match &rest[digits..unit_end] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        if digits == 0 {
            return None;
        }
        let number: u64 = rest[..digits].parse().unwrap_or(u64::MAX);
        let part = Duration::from_millis(number.saturating_mul(unit_ms));
        total = total.saturating_add(part);
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("1h30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse("2d"), Some(Duration::from_secs(172_800)));
        for text in ["", "5", "s", "5 s", "1.5s", "-1s", "5x", "5s3", "１s"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("99999999999999999999999h").is_some_and(|d| d > LONGEST));
    }
}
