//! Plain values of scalars: prose, words, booleans, numbers, and references to what only the run knows.

use std::ops::RangeInclusive;

use mqtt_check_codec::PacketType;
use mqtt_check_codec::describe::visible;

use super::expression::{self, Formula};
use super::fields::{self, Direction};
use super::model::{Expr, Literal, Operator};
use super::node::{Node, short};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, Place};

/// Reads a text in which nothing is computed, such as a title or a note.
pub(crate) fn prose(scope: Scope<'_>, node: &Node, what: &str) -> Option<String> {
    let text = match node.text() {
        // Make invisible characters visible, since only terminals and browsers would interpret them.
        Some(text) if !text.trim().is_empty() => visible(text.trim()),
        _ => return scope.expected(node, what),
    };
    if node.word().is_some() && ends_at_a_comment(scope, node.place) {
        return scope.fail(
            scope
                .at(node.place, format!("{what} cut off at a `#`"))
                .label("a comment begins here")
                .hint("put quotes around the text, or move the comment to a line of its own"),
        );
    }
    Some(text)
}

/// Whether a comment follows a text on its line.
fn ends_at_a_comment(scope: Scope<'_>, place: Place) -> bool {
    let line = scope.report.source.line(place.line).unwrap_or_default();
    let end = (place.column - 1 + place.length) as usize;
    let rest: String = line.chars().skip(end).collect();
    rest.trim_start().starts_with('#')
}

/// Reads a boolean.
pub(crate) fn boolean(scope: Scope<'_>, node: &Node) -> Option<bool> {
    match node.text() {
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        _ => scope.expected_word(node, &["true", "false", "1", "0"]),
    }
}

/// Reads a number that must be known when the file is read.
pub(crate) fn number(
    scope: Scope<'_>,
    node: &Node,
    range: &RangeInclusive<u64>,
    what: &str,
) -> Option<u64> {
    match number_expr(scope, node, range, what)? {
        Expr::Literal(Literal::Number(n)) => Some(n),
        _ => scope.fail(
            scope
                .at(
                    node.place,
                    format!("{what} must be known when the file is read"),
                )
                .label("known only during the run"),
        ),
    }
}

/// Reads a number, or an expression that gives one.
pub(crate) fn number_expr(
    scope: Scope<'_>,
    node: &Node,
    range: &RangeInclusive<u64>,
    what: &str,
) -> Option<Expr> {
    let wanted = || format!("{what} ({} to {})", range.start(), range.end());
    let Some(formula) = node.text().and_then(expression::parse) else {
        return scope.expected(node, &wanted());
    };
    let expr = resolve(scope, node, &formula)?;
    if let Expr::Literal(Literal::Number(n)) = &expr
        && !range.contains(n)
    {
        let title = format!("expected {}, found {n}", wanted());
        return scope.fail(scope.at(node.place, title));
    }
    Some(expr)
}

/// Resolves a formula and computes the arithmetic of known numbers.
fn resolve(scope: Scope<'_>, node: &Node, formula: &Formula) -> Option<Expr> {
    match formula {
        Formula::Number(n) => Some(Expr::Literal(Literal::Number(*n))),
        Formula::Path(path) => reference(scope, node, path),
        Formula::Arithmetic(left, operator, right) => {
            let (left, right) = (resolve(scope, node, left)?, resolve(scope, node, right)?);
            let (Expr::Literal(Literal::Number(a)), Expr::Literal(Literal::Number(b))) =
                (&left, &right)
            else {
                return Some(Expr::Arithmetic {
                    left: Box::new(left),
                    operator: *operator,
                    right: Box::new(right),
                });
            };
            let result = match operator {
                Operator::Plus => a.checked_add(*b),
                Operator::Minus => a.checked_sub(*b),
                Operator::Times => a.checked_mul(*b),
            };
            match result {
                Some(n) => Some(Expr::Literal(Literal::Number(n))),
                None => scope.fail(
                    scope
                        .at(
                            node.place,
                            format!("`{}` does not give a number", node.text().unwrap_or("")),
                        )
                        .label("negative or too large"),
                ),
            }
        }
    }
}

/// Reads a reference to a name or to a field of a CONNACK.
pub(crate) fn reference(scope: Scope<'_>, node: &Node, path: &[String]) -> Option<Expr> {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    match segments[..] {
        ["connack"] => scope.fail(
            scope
                .at(node.place, "`$connack` without a field")
                .hint("`$connack.receive_maximum` is a field of this client's last CONNACK"),
        ),
        [name] if expression::is_name(name) => Some(Expr::Name(name.to_owned())),
        ["connack", field] => {
            connack_field(scope, node, field)?;
            Some(Expr::Connack {
                client: None,
                property: field.to_owned(),
            })
        }
        [client, "connack", field] => {
            let Some(index) = scope.client(client) else {
                return scope.unknown_client(client, node.place);
            };
            connack_field(scope.for_client(index), node, field)?;
            Some(Expr::Connack {
                client: Some(index),
                property: field.to_owned(),
            })
        }
        _ => scope.fail(
            scope
                .at(
                    node.place,
                    format!("`${}` is not a value", short(&path.join("."))),
                )
                .hint("values are `$name`, `$connack.FIELD` and `$CLIENT.connack.FIELD`"),
        ),
    }
}

fn connack_field(scope: Scope<'_>, node: &Node, name: &str) -> Option<()> {
    let known = fields::of(PacketType::CONNACK).filter(|spec| spec.direction != Direction::Judged);
    let Some(spec) = known.clone().find(|spec| spec.name == name) else {
        let mut diagnostic = scope.at(
            node.place,
            format!("CONNACK has no field `{}`", short(name)),
        );
        diagnostic.label = scope.suggest(name, known.map(|spec| spec.name));
        return scope.fail(diagnostic);
    };
    if spec.v5 && !scope.version.has_properties() {
        return scope.fail(only_version_5(scope, node.place, &format!("`{name}`")));
    }
    Some(())
}

/// Makes the error for a feature of version 5 that is used in another version.
pub(crate) fn only_version_5(scope: Scope<'_>, place: Place, what: &str) -> Diagnostic {
    let version = scope.version;
    scope
        .at(place, format!("{what} exists in version 5 only"))
        .label(format!("this file is also played in {version}"))
        .hint("put `only: 5` on the step, `versions: [5]` in the file, or write the value as `{ 5: … }`")
}
