//! Packets that a client sends: their fields, filters and deliberate errors.

use bytes::Bytes;
use mqtt_check_codec::PacketType;

use super::duration::seconds_expr;
use super::expression;
use super::fields::{self, Direction, FieldSpec, Kind, U32_MAX, VARIABLE_MAX, packet_word};
use super::model::{Expr, Field, FilterTemplate, Literal};
use super::node::{Entry, Node, Value};
use super::reason;
use super::scope::{Mapping, Scope, unknown_key};
use super::text::{self, PAYLOAD_MAX, Rules, STRING_MAX};
use super::value::{boolean, number, number_expr, only_version_5, reference};

/// Whether a packet must be one that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conformity {
    Honest,
    /// Under `send`: the packet may also be one that only a server sends.
    Raw,
}

/// A change that a mapping makes to the default of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Set(Field),
    /// The field is left out; `will` means all fields of the Will.
    Without(&'static str),
}

/// Reads the value of a field that is sent or compared.
pub(crate) fn field_value(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    node: &Node,
) -> Option<Expr> {
    let string = |limit, utf8| text::text_expr(scope, node, Rules { limit, utf8 });
    let name = node.text().and_then(expression::whole_path);
    match spec.kind {
        Kind::Text => string(STRING_MAX, true),
        Kind::Binary => string(STRING_MAX, false),
        Kind::Payload => string(PAYLOAD_MAX, false),
        Kind::Number(max) => number_expr(scope, node, &(0..=max), "a number"),
        Kind::Seconds(max) => seconds_expr(scope, node, max),
        Kind::PacketId => number_expr(scope, node, &(1..=0xFFFF), "a Packet Identifier"),
        Kind::SubscriptionIdentifiers => number_expr(
            scope,
            node,
            &(0..=VARIABLE_MAX),
            "a Subscription Identifier",
        ),
        Kind::QoS if name.is_none() => {
            number(scope, node, &(0..=2), "a QoS").map(|n| Expr::Literal(Literal::Number(n)))
        }
        Kind::Switch => match node.text() {
            Some("true") => Some(Expr::Literal(Literal::Number(1))),
            Some("false") => Some(Expr::Literal(Literal::Number(0))),
            _ => number_expr(scope, node, &(0..=0xFF), "`true`, `false` or a number"),
        },
        Kind::Will => scope.expected(node, "a Will (a mapping)"),
        Kind::Word(words) if name.is_none() => match node.text() {
            Some(text) if words.contains(&text) => Some(Expr::Literal(Literal::Bytes(
                Bytes::copy_from_slice(text.as_bytes()),
            ))),
            _ => scope.expected_word(node, words),
        },
        Kind::UserProperties if name.is_none() => {
            user_properties(scope, node).map(|pairs| Expr::Literal(Literal::Pairs(pairs)))
        }
        Kind::Reasons if name.is_none() => reason::reasons(scope, node, &[packet])
            .map(|reasons| Expr::Literal(Literal::Reasons(reasons))),
        // The other kinds may be a name that an earlier step bound.
        _ => match name {
            Some(path) => reference(scope, node, &path),
            None if spec.kind == Kind::Reason => reason::reason(scope, node, &[packet])
                .map(|reason| Expr::Literal(Literal::Reason(reason))),
            None => boolean(scope, node).map(|b| Expr::Literal(Literal::Bool(b))),
        },
    }
}

/// Reads User Properties: a mapping in its order, or a list of pairs.
pub(crate) fn user_properties(scope: Scope<'_>, node: &Node) -> Option<Vec<(Bytes, Bytes)>> {
    let rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    let pairs: Vec<Option<(Bytes, Bytes)>> = match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| {
                let value = text::literal(scope, &entry.value, rules)?;
                Some((Bytes::from(entry.key.text.to_string()), value))
            })
            .collect(),
        Value::List(items) => items
            .iter()
            .map(|item| match item.items() {
                Some([name, value]) => {
                    let name = text::literal(scope, name, rules);
                    name.zip(text::literal(scope, value, rules))
                }
                _ => scope.expected(item, "a name and a value, `[name, value]`"),
            })
            .collect(),
        _ => return scope.expected(node, "User Properties (a mapping, or a list of pairs)"),
    };
    pairs.into_iter().collect()
}

/// Reads the fields of a packet. `also` lists the other keys of the mapping, for suggestions.
pub(crate) fn sent_fields(
    scope: Scope<'_>,
    packet: PacketType,
    manner: Conformity,
    entries: &[&Entry],
    also: &[&'static str],
    what: &str,
) -> Option<Vec<Change>> {
    let allowed = move |spec: &FieldSpec| match manner {
        Conformity::Honest => matches!(spec.direction, Direction::Sent | Direction::Both),
        Conformity::Raw => spec.direction != Direction::Judged,
    };
    let known = fields::of(packet).filter(allowed);
    let mut out = Vec::new();
    let mut sound = true;
    for entry in entries {
        let key = &*entry.key.text;
        let Some(spec) = known.clone().find(|spec| spec.name == key) else {
            let names = known.clone().map(|spec| spec.name);
            unknown_key(scope, entry, what, names.chain(also.iter().copied()));
            sound = false;
            continue;
        };
        match sent_field(scope, packet, &spec, entry) {
            Some(changes) => out.extend(changes),
            None => sound = false,
        }
    }
    sound.then_some(out)
}

fn sent_field(
    scope: Scope<'_>,
    packet: PacketType,
    spec: &FieldSpec,
    entry: &Entry,
) -> Option<Vec<Change>> {
    if spec.v5 && !scope.version.has_properties() {
        let what = format!("`{}` of `{}`", spec.name, packet_word(packet));
        return scope.fail(only_version_5(scope, entry.key.place, &what));
    }
    let place = entry.value.place;
    if spec.optional && entry.value.word() == Some("absent") {
        return Some(vec![Change::Without(spec.name)]);
    }
    if spec.kind == Kind::Will {
        return will(scope, entry);
    }
    Some(vec![Change::Set(Field {
        name: spec.name.to_owned(),
        value: field_value(scope, packet, spec, &entry.value)?,
        place,
    })])
}

/// Reads the fields of a Will and adds the prefix `will_` to their names.
fn will(scope: Scope<'_>, entry: &Entry) -> Option<Vec<Change>> {
    let mut map = Mapping::of(scope, &entry.value, "a Will")?;
    let mut out = vec![Change::Without("will")];
    let mut sound = true;
    for spec in fields::WILL {
        let node = match spec.name {
            "topic" => map.require(spec.name),
            name => map.take(name),
        };
        let Some(node) = node else {
            sound &= spec.name != "topic";
            continue;
        };
        if spec.v5 && !scope.version.has_properties() {
            let what = format!("`{}` of a Will", spec.name);
            scope.add(only_version_5(scope, node.place, &what));
            sound = false;
            continue;
        }
        match field_value(scope, PacketType::CONNECT, spec, node) {
            Some(value) => out.push(Change::Set(Field {
                name: format!("will_{}", spec.name),
                value,
                place: node.place,
            })),
            None => sound = false,
        }
    }
    map.finish();
    sound.then_some(out)
}

/// Replaces `clean_session` by the fields that are sent. In version 5 they also determine when the session expires.
pub(crate) fn expand_clean_session(scope: Scope<'_>, changes: Vec<Change>) -> Option<Vec<Change>> {
    let named = |name: &str| {
        changes.iter().find_map(|change| match change {
            Change::Set(field) if field.name == name => Some(field.clone()),
            _ => None,
        })
    };
    let Some(clean) = named("clean_session") else {
        return Some(changes);
    };
    if let Some(other) = named("clean_start").or_else(|| named("session_expiry_interval")) {
        let title = format!("`{}` together with `clean_session`", other.name);
        return scope.fail(
            scope
                .at(other.place, title)
                .hint("in version 5 `clean_session` sets both: keep one of them"),
        );
    }
    if !matches!(clean.value, Expr::Literal(_)) {
        return scope.fail(scope.at(
            clean.place,
            "`clean_session` must be known when the file is read",
        ));
    }
    let mut out = changes;
    out.retain(|change| !matches!(change, Change::Set(f) if f.name == "clean_session"));
    let set = |name: &str, value| {
        Change::Set(Field {
            name: name.to_owned(),
            value,
            place: clean.place,
        })
    };
    out.push(set("clean_start", clean.value.clone()));
    if scope.version.has_properties() {
        let name = "session_expiry_interval";
        let persists = clean.value == Expr::Literal(Literal::Bool(false));
        out.push(if persists {
            set(name, Expr::Literal(Literal::Number(U32_MAX)))
        } else {
            Change::Without(name)
        });
    }
    Some(out)
}

/// Applies a packet's changes to the defaults.
pub(crate) fn merge(defaults: &[Field], changes: Vec<Change>) -> Vec<Field> {
    let mut out = defaults.to_vec();
    for change in changes {
        match change {
            Change::Without("will") => out.retain(|f| !f.name.starts_with("will_")),
            Change::Without(name) => out.retain(|f| f.name != name),
            Change::Set(field) => match out.iter_mut().find(|f| f.name == field.name) {
                Some(default) => *default = field,
                None => out.push(field),
            },
        }
    }
    out
}

/// Reads one Topic Filter of a SUBSCRIBE or UNSUBSCRIBE: a text, or a mapping whose options override the defaults.
pub(crate) fn filter(
    scope: Scope<'_>,
    node: &Node,
    defaults: &FilterTemplate,
    with_options: bool,
) -> Option<FilterTemplate> {
    let rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    if node.entries().is_none() || text::is_form(node) {
        return Some(FilterTemplate {
            filter: text::text_expr(scope, node, rules)?,
            ..defaults.clone()
        });
    }
    let mut map = Mapping::of(scope, node, "a filter")?;
    let text = map
        .require("filter")
        .and_then(|n| text::text_expr(scope, n, rules));
    let options = if with_options {
        filter_options(scope, &mut map, defaults)
    } else {
        Some(defaults.clone())
    };
    map.finish();
    Some(FilterTemplate {
        filter: text?,
        ..options?
    })
}

/// Reads Subscription Options, which override the defaults.
pub(crate) fn filter_options(
    scope: Scope<'_>,
    map: &mut Mapping<'_>,
    defaults: &FilterTemplate,
) -> Option<FilterTemplate> {
    let mut out = defaults.clone();
    let mut sound = true;
    for spec in fields::SUBSCRIPTION {
        let Some(node) = map.take(spec.name) else {
            continue;
        };
        if spec.v5 && !scope.version.has_properties() {
            let what = format!("`{}` of a filter", spec.name);
            scope.add(only_version_5(scope, node.place, &what));
            sound = false;
            continue;
        }
        let byte =
            |max, what| number(scope, node, &(0..=max), what).and_then(|n| u8::try_from(n).ok());
        let set = match spec.name {
            "qos" => byte(2, "a QoS").map(|n| out.qos = n),
            "retain_handling" => byte(2, "a number").map(|n| out.retain_handling = n),
            "no_local" => boolean(scope, node).map(|b| out.no_local = b),
            _ => boolean(scope, node).map(|b| out.retain_as_published = b),
        };
        sound &= set.is_some();
    }
    sound.then_some(out)
}

/// Returns an empty filter with default options.
pub(crate) fn plain_filter() -> FilterTemplate {
    FilterTemplate {
        filter: Expr::Literal(Literal::Bytes(Bytes::new())),
        qos: 0,
        no_local: false,
        retain_as_published: false,
        retain_handling: 0,
    }
}
