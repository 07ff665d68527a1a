//! What is expected of the fields of a packet.

use mqtt_check_codec::PacketType;

use super::duration::seconds_expr;
use super::fields::{self, Direction, FieldSpec, Kind, U32_MAX, VARIABLE_MAX, packet_word};
use super::model::{Expr, FieldMatch, Literal, Matcher, PacketPattern};
use super::node::{Entry, Node};
use super::packet::{field_value, user_properties};
use super::scope::{Mapping, Scope, unknown_key};
use super::text::{self, PAYLOAD_MAX, Rules};
use super::value::{number, number_expr, only_version_5};

/// Reads a packet and its expected fields: `PACKET` or `PACKET: { … }`.
pub(crate) fn pattern(
    scope: Scope<'_>,
    packet: PacketType,
    entry_place: crate::diagnostic::Place,
    value: Option<&Node>,
) -> Option<PacketPattern> {
    let word = packet_word(packet);
    if !fields::is_received(packet) {
        let title = format!("no server sends `{word}`");
        return scope.fail(scope.at(entry_place, title));
    }
    let v5_only = matches!(packet, PacketType::DISCONNECT | PacketType::AUTH);
    if v5_only && !scope.version.has_properties() {
        let mut diagnostic = only_version_5(scope, entry_place, &format!("`{word}` from a server"));
        if packet == PacketType::DISCONNECT {
            diagnostic.hint = Some(
                "before version 5 a server only closes the connection: put `only: 5` on this step, and expect `closed` for the others"
                    .to_owned(),
            );
        }
        return scope.fail(diagnostic);
    }
    let fields = match value {
        None => Vec::new(),
        Some(node) => match_fields(scope, packet, node)?,
    };
    Some(PacketPattern {
        packet_type: packet,
        fields,
    })
}

/// Reads the expected fields of a received packet.
pub(crate) fn match_fields(
    scope: Scope<'_>,
    packet: PacketType,
    node: &Node,
) -> Option<Vec<FieldMatch>> {
    let expected = fields::of(packet).filter(|spec| spec.direction != Direction::Sent);
    let what = format!("a received `{}`", packet_word(packet));
    match_named(scope, packet, &what, expected, node)
}

/// Reads expected fields, which must be among `specs`. `what` names their owner in messages, and `packet` determines
/// the names of its reason codes.
pub(crate) fn match_named(
    scope: Scope<'_>,
    packet: PacketType,
    what: &str,
    specs: impl Iterator<Item = FieldSpec> + Clone,
    node: &Node,
) -> Option<Vec<FieldMatch>> {
    let Some(entries) = node.entries() else {
        return scope.expected(node, &format!("fields of {what} (a mapping)"));
    };
    let all: Vec<_> = entries
        .iter()
        .map(|entry| field_match(scope, packet, what, specs.clone(), entry))
        .collect();
    all.into_iter().collect()
}

fn field_match(
    scope: Scope<'_>,
    packet: PacketType,
    what: &str,
    mut specs: impl Iterator<Item = FieldSpec> + Clone,
    entry: &Entry,
) -> Option<FieldMatch> {
    let all = specs.clone();
    let Some(spec) = specs.find(|spec| spec.name == &*entry.key.text) else {
        unknown_key(scope, entry, what, all.map(|spec| spec.name));
        return None;
    };
    if spec.v5 && !scope.version.has_properties() {
        let what = format!("`{}` of `{}`", spec.name, packet_word(packet));
        return scope.fail(only_version_5(scope, entry.key.place, &what));
    }
    Some(FieldMatch {
        name: spec.name.to_owned(),
        matcher: matcher(scope, packet, &spec, &entry.value)?,
        place: entry.value.place,
    })
}

fn matcher(scope: Scope<'_>, packet: PacketType, spec: &FieldSpec, node: &Node) -> Option<Matcher> {
    match node.word() {
        Some("absent") => return presence(scope, spec, node, Matcher::Absent),
        Some("present") => return presence(scope, spec, node, Matcher::Present),
        _ => {}
    }
    if let Some(first) = node.entries().and_then(<[Entry]>::first)
        && is_matcher(spec, first)
    {
        return compound(scope, packet, spec, node, &first.key.text);
    }
    if spec.kind == Kind::Reasons
        && let Some(items) = node.items()
        && items.iter().any(|item| item.entries().is_some())
    {
        return each_reason(scope, packet, spec, items);
    }
    if spec.kind == Kind::SubscriptionIdentifiers && !is_name(node) {
        let id = number(
            scope,
            node,
            &(1..=VARIABLE_MAX),
            "a Subscription Identifier",
        )?;
        return Some(Matcher::Is(Expr::Literal(Literal::Numbers(vec![id]))));
    }
    expected_value(scope, packet, spec, node).map(Matcher::Is)
}

/// Reads a list of reason codes that contains matchers.
fn each_reason(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    items: &[Node],
) -> Option<Matcher> {
    let one = FieldSpec {
        kind: Kind::Reason,
        ..*spec
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| matcher(scope, packet, &one, item))
        .collect();
    all.into_iter().collect::<Option<_>>().map(Matcher::Each)
}

fn is_name(node: &Node) -> bool {
    node.text().is_some_and(|t| t.starts_with('$'))
}

/// Reads the value that a field is compared with. Strings may be ill-formed, and any field may be a bound name.
fn expected_value(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    node: &Node,
) -> Option<Expr> {
    match spec.kind {
        Kind::Text | Kind::Binary | Kind::Payload => {
            let rules = Rules {
                limit: PAYLOAD_MAX,
                utf8: false,
            };
            text::text_expr(scope, node, rules)
        }
        _ => field_value(scope, packet, spec, node),
    }
}

/// Whether a mapping's key makes it a matcher. A User Property may have the same name, but its value is never a list or
/// a mapping.
fn is_matcher(spec: &FieldSpec, entry: &Entry) -> bool {
    match &*entry.key.text {
        "not" | "one_of" | "includes" if spec.kind == Kind::UserProperties => {
            entry.value.text().is_none()
        }
        "not" | "one_of" | "at_least" | "at_most" | "starts_with" | "includes" | "set" => {
            spec.kind != Kind::UserProperties
        }
        _ => false,
    }
}

fn presence(scope: Scope<'_>, spec: &FieldSpec, node: &Node, matcher: Matcher) -> Option<Matcher> {
    if spec.optional {
        return Some(matcher);
    }
    let word = node.text().unwrap_or("");
    let mut diagnostic = scope.at(node.place, format!("`{}` is always present", spec.name));
    if matches!(spec.kind, Kind::Text | Kind::Binary | Kind::Payload) {
        diagnostic.hint = Some(format!("for the literal text write `{{ text: {word} }}`"));
    }
    scope.fail(diagnostic)
}

fn compound(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    node: &Node,
    key: &str,
) -> Option<Matcher> {
    let mut map = Mapping::of(scope, node, "a matcher")?;
    let matcher = match key {
        "not" => {
            let inner = map.require("not")?;
            matcher(scope, packet, spec, inner).map(|m| Matcher::Not(Box::new(m)))
        }
        "one_of" => {
            let list = map.require("one_of")?;
            let Some(items) = list.items().filter(|items| !items.is_empty()) else {
                return scope.expected(list, "a list of values");
            };
            let all: Vec<_> = items
                .iter()
                .map(|item| matcher(scope, packet, spec, item))
                .collect();
            all.into_iter().collect::<Option<_>>().map(Matcher::OneOf)
        }
        "starts_with" => starts_with(scope, spec, map.require("starts_with")?),
        "includes" => includes(scope, spec, map.require("includes")?),
        "set" => set(scope, spec, map.require("set")?),
        _ => between(scope, packet, spec, node, &mut map),
    };
    map.finish();
    matcher
}

fn unfit<T>(scope: Scope<'_>, spec: &FieldSpec, node: &Node, key: &str, what: &str) -> Option<T> {
    let title = format!("`{key}` is only for {what}, which `{}` is not", spec.name);
    scope.fail(scope.at(node.place, title))
}

fn between(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    node: &Node,
    map: &mut Mapping<'_>,
) -> Option<Matcher> {
    let is_number = matches!(
        spec.kind,
        Kind::QoS
            | Kind::Number(_)
            | Kind::Switch
            | Kind::Seconds(_)
            | Kind::PacketId
            | Kind::Reason
    );
    if !is_number {
        map.take("at_least");
        map.take("at_most");
        return unfit(scope, spec, node, "at_least", "a number");
    }
    let mut limit = |key| match map.take(key) {
        None => Some(None),
        Some(node) => match spec.kind {
            Kind::Seconds(max) => seconds_expr(scope, node, max).map(Some),
            Kind::Reason => field_value(scope, packet, spec, node).map(Some),
            _ => number_expr(scope, node, &(0..=U32_MAX), "a number").map(Some),
        },
    };
    let (at_least, at_most) = (limit("at_least"), limit("at_most"));
    Some(Matcher::Between {
        at_least: at_least?,
        at_most: at_most?,
    })
}

fn starts_with(scope: Scope<'_>, spec: &FieldSpec, node: &Node) -> Option<Matcher> {
    if !matches!(spec.kind, Kind::Text | Kind::Binary | Kind::Payload) {
        return unfit(scope, spec, node, "starts_with", "text");
    }
    let rules = Rules {
        limit: PAYLOAD_MAX,
        utf8: false,
    };
    text::literal(scope, node, rules).map(Matcher::StartsWith)
}

fn includes(scope: Scope<'_>, spec: &FieldSpec, node: &Node) -> Option<Matcher> {
    if spec.kind != Kind::UserProperties {
        return unfit(scope, spec, node, "includes", "`user_properties`");
    }
    user_properties(scope, node).map(Matcher::Includes)
}

fn set(scope: Scope<'_>, spec: &FieldSpec, node: &Node) -> Option<Matcher> {
    if spec.kind != Kind::SubscriptionIdentifiers {
        return unfit(scope, spec, node, "set", "`subscription_identifier`");
    }
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of Subscription Identifiers");
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| {
            number(
                scope,
                item,
                &(1..=VARIABLE_MAX),
                "a Subscription Identifier",
            )
        })
        .collect();
    all.into_iter().collect::<Option<_>>().map(Matcher::Set)
}
