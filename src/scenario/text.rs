//! Strings and payloads: a scalar is its text; a mapping gives the bytes in hex, by size, repeated, or in notation.

use bytes::Bytes;

use super::expression::{self, Formula, Piece};
use super::fields::VARIABLE_MAX;
use super::model::{Expr, Literal};
use super::node::{Node, Style, Value};
use super::notation;
use super::scope::{Mapping, Scope};
use super::value::{number_expr, reference};

/// The maximum length in bytes of a string with a two-byte length.
pub(crate) const STRING_MAX: usize = u16::MAX as usize;
/// The maximum length in bytes of a payload.
pub(crate) const PAYLOAD_MAX: usize = VARIABLE_MAX as usize;
/// The maximum number of bytes to which `repeat` and `size` are expanded where the file must know the value.
const WRITTEN_OUT_MAX: usize = 1024 * 1024;
/// The keys that make a mapping a string or a payload.
pub(crate) const FORMS: [&str; 5] = ["text", "hex", "repeat", "size", "notation"];

/// Whether a mapping describes a string or a payload.
pub(crate) fn is_form(node: &Node) -> bool {
    let Some(entries) = node.entries() else {
        return false;
    };
    entries.iter().any(|e| FORMS.contains(&&*e.key.text))
}

/// The rules for a string or a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The maximum length in bytes.
    pub(crate) limit: usize,
    /// Whether it must be UTF-8 without U+0000.
    pub(crate) utf8: bool,
}

/// Reads a string or a payload.
pub(crate) fn text_expr(scope: Scope<'_>, node: &Node, rules: Rules) -> Option<Expr> {
    let expr = match &node.value {
        Value::Scalar(scalar) if scalar.style == Style::Computed => scope.fail(
            scope
                .at(
                    node.place,
                    "arithmetic gives a number, but text is needed here",
                )
                .hint("write `{ text: … }` for the literal text"),
        ),
        Value::Scalar(scalar) => scalar_expr(scope, node, &scalar.text),
        Value::Map(_) => form(scope, node, rules),
        _ => scope.expected(node, "text"),
    }?;
    check(scope, node, &expr, rules)?;
    Some(expr)
}

/// Reads a string or a payload that must be known when the file is read.
pub(crate) fn literal(scope: Scope<'_>, node: &Node, rules: Rules) -> Option<Bytes> {
    let (text, times) = match text_expr(scope, node, rules)? {
        Expr::Literal(Literal::Bytes(bytes)) => return Some(bytes),
        Expr::Size(size) => (Bytes::from_static(b"x"), *size),
        Expr::Repeated { text, times } => (text, *times),
        other => (Bytes::new(), other),
    };
    match times {
        Expr::Literal(Literal::Number(n)) => {
            let times = usize::try_from(n).unwrap_or(usize::MAX);
            if text.len().saturating_mul(times) > WRITTEN_OUT_MAX {
                let title = format!("more than {WRITTEN_OUT_MAX} bytes in a value of the file");
                return scope.fail(scope.at(node.place, title));
            }
            let times = if text.is_empty() { 0 } else { times };
            Some(text.repeat(times).into())
        }
        _ => scope.fail(
            scope
                .at(node.place, "this text must be known when the file is read")
                .label("known only during the run"),
        ),
    }
}

fn bytes(bytes: impl Into<Bytes>) -> Expr {
    Expr::Literal(Literal::Bytes(bytes.into()))
}

fn scalar_expr(scope: Scope<'_>, node: &Node, text: &str) -> Option<Expr> {
    if let Some(path) = expression::whole_path(text) {
        return reference(scope, node, &path);
    }
    if text.starts_with('$') && matches!(expression::parse(text), Some(Formula::Arithmetic(..))) {
        return scope.fail(
            scope
                .at(
                    node.place,
                    "arithmetic gives a number, but text is needed here",
                )
                .hint("write `{ text: … }` for the literal text"),
        );
    }
    if !text.contains("${") {
        return Some(bytes(text.to_owned()));
    }
    let mut parts = Vec::new();
    for piece in expression::pieces(text) {
        parts.push(match piece {
            Piece::Text(text) => bytes(text.to_owned()),
            Piece::Path(path) => reference(scope, node, &path)?,
            Piece::Broken(_) => {
                return scope.fail(
                    scope
                        .at(node.place, "`${` without a name and a closing `}`")
                        .hint("write `{ text: … }` for the literal text"),
                );
            }
        });
    }
    Some(Expr::Joined(parts))
}

fn form(scope: Scope<'_>, node: &Node, rules: Rules) -> Option<Expr> {
    let mut map = Mapping::of(scope, node, "text")?;
    let expr = if let Some(text) = map.take("text") {
        match text.text() {
            Some(text) => Some(bytes(text.to_owned())),
            None => scope.expected(text, "text"),
        }
    } else if let Some(hex) = map.take("hex") {
        notation::hex(scope, hex).map(bytes)
    } else if let Some(text) = map.take("repeat") {
        let text = literal(
            scope,
            text,
            Rules {
                limit: rules.limit,
                utf8: false,
            },
        );
        let times = map
            .require("times")
            .and_then(|times| number_expr(scope, times, &(0..=VARIABLE_MAX), "how many times"));
        text.zip(times).map(|(text, times)| Expr::Repeated {
            text,
            times: Box::new(times),
        })
    } else if let Some(size) = map.take("size") {
        number_expr(scope, size, &(0..=VARIABLE_MAX), "a number of bytes")
            .map(|size| Expr::Size(Box::new(size)))
    } else if let Some(text) = map.take("notation") {
        notation::bytes(scope, text).map(bytes)
    } else {
        let title = format!("expected text, found {}", node.found());
        let hint = "text is a scalar, or a mapping with one of `text`, `hex`, `repeat`, `size`, `notation`";
        return scope.fail(scope.at(node.place, title).hint(hint));
    };
    map.finish();
    expr
}

/// Returns the length of a string or a payload in bytes, if the file shows it.
pub(crate) fn known_size(expr: &Expr) -> Option<usize> {
    let number = |expr: &Expr| match expr {
        Expr::Literal(Literal::Number(n)) => usize::try_from(*n).ok(),
        _ => None,
    };
    match expr {
        Expr::Literal(Literal::Bytes(bytes)) => Some(bytes.len()),
        Expr::Repeated { text, times } => number(times).map(|n| n.saturating_mul(text.len())),
        Expr::Size(size) => number(size),
        _ => None,
    }
}

fn check(scope: Scope<'_>, node: &Node, expr: &Expr, rules: Rules) -> Option<()> {
    let content = match expr {
        Expr::Literal(Literal::Bytes(bytes)) | Expr::Repeated { text: bytes, .. } => Some(bytes),
        _ => None,
    };
    if let Some(size) = known_size(expr)
        && size > rules.limit
    {
        let title = format!("{size} bytes, more than the maximum of {}", rules.limit);
        return scope.fail(scope.at(node.place, title));
    }
    if rules.utf8
        && let Some(content) = content
        && !std::str::from_utf8(content).is_ok_and(|text| !text.contains('\0'))
    {
        return scope.fail(
            scope
                .at(node.place, "a string must be UTF-8 without U+0000")
                .hint("to send other bytes, put the field under `override`"),
        );
    }
    Some(())
}
