//! Bytes in scenarios: pairs of hex digits, and the codec's notation.

use bytes::Bytes;
use mqtt_check_codec::notation;

use super::node::Node;
use super::scope::Scope;

/// Reads pairs of hex digits, with any whitespace between them.
pub(crate) fn hex(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    let Some(text) = node.text() else {
        return scope.expected(node, "hex pairs");
    };
    let mut out = Vec::new();
    let mut half: Option<u32> = None;
    for (index, c) in text.chars().enumerate() {
        match (c.to_digit(16), half) {
            (Some(low), Some(high)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                half = None;
            }
            (Some(high), None) => half = Some(high),
            (None, None) if c.is_whitespace() => {}
            (None, _) => {
                let place = node.part(&scope.report.source, index, 1);
                return scope.fail(
                    scope
                        .at(place, "expected hex pairs")
                        .label("not a hex digit"),
                );
            }
        }
    }
    if half.is_some() {
        let title = "an odd number of hex digits";
        return scope.fail(
            scope
                .at(node.place, title)
                .hint("bytes are pairs of digits, `0f`"),
        );
    }
    Some(out.into())
}

/// Reads bytes in the codec's notation.
pub(crate) fn bytes(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    let Some(text) = node.text() else {
        return scope.expected(node, "bytes in notation");
    };
    match notation::parse(text) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let before = text.get(..error.offset).unwrap_or(text);
            let place = node.part(&scope.report.source, before.chars().count(), 1);
            if text[before.len()..].starts_with('$') {
                let title = "bytes must be known when the file is read";
                let hint = "only a row's value or a repeat's counter can be filled in here";
                return scope.fail(scope.at(place, title).hint(hint));
            }
            let diagnostic = scope.at(place, error.problem);
            scope.fail(diagnostic.hint(error.hint))
        }
    }
}
