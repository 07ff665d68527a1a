//! `hooks`: the events of the broker that a scenario expects.

use std::collections::HashSet;

use mqtt_check_codec::PacketType;
use mqtt_check_vocabulary::hook::{EVENTS, Event, Field, FieldKind};

use super::model::{Client, Expr, HookList, HookPattern, Literal};
use super::node::{Entry, Node, Value, short};
use super::reason;
use super::scope::{Mapping, Scope, unknown_key};
use super::value::number;

/// Reads a list of events, or `of` and `events`.
pub(crate) fn hook_list(scope: Scope<'_>, clients: &[Client], node: &Node) -> Option<HookList> {
    if node.items().is_some() {
        let events = events(scope, clients, node)?;
        return of_events(scope, node, events);
    }
    let mut map = Mapping::of(scope, node, "`hooks`")?;
    let of = map.take("of").map(|of| {
        let items = of.items().unwrap_or(std::slice::from_ref(of));
        let ids: Vec<_> = items.iter().map(|n| client_id(scope, clients, n)).collect();
        ids.into_iter().collect::<Option<Vec<_>>>()
    });
    let list = map
        .require("events")
        .and_then(|n| events(scope, clients, n));
    map.finish();
    let (of, events) = (of.unwrap_or(Some(Vec::new()))?, list?);
    if of.is_empty() {
        return of_events(scope, node, events);
    }
    Some(HookList { of, events })
}

/// Makes a list that covers the clients named by its events.
fn of_events(scope: Scope<'_>, node: &Node, events: Vec<HookPattern>) -> Option<HookList> {
    let mut of: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for event in &events {
        for (name, value) in &event.fields {
            if name == "client" && known.insert(value.as_str()) {
                of.push(value.clone());
            }
        }
    }
    if of.is_empty() {
        return scope.fail(
            scope
                .at(node.place, "a list of hook events that names no client")
                .hint("name the clients: `hooks: { of: [ID, …], events: [ … ] }`"),
        );
    }
    Some(HookList { of, events })
}

fn events(scope: Scope<'_>, clients: &[Client], node: &Node) -> Option<Vec<HookPattern>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of events");
    };
    let all: Vec<_> = items.iter().map(|n| event(scope, clients, n)).collect();
    all.into_iter().collect()
}

fn event(scope: Scope<'_>, clients: &[Client], node: &Node) -> Option<HookPattern> {
    let (name, place, value) = match (node.text(), node.single()) {
        (Some(word), _) => (word, node.place, None),
        (None, Some(entry)) => (&*entry.key.text, entry.key.place, Some(&entry.value)),
        _ => return scope.expected(node, "one event and its fields, `session.created: { … }`"),
    };
    let Some(known) = Event::named(name) else {
        let mut diagnostic = scope.at(place, format!("unknown hook event `{}`", short(name)));
        diagnostic.label = scope.suggest(name, EVENTS.iter().map(|event| event.name));
        return scope.fail(diagnostic);
    };
    let entries = match value.map(|node| &node.value) {
        None | Some(Value::Empty) => &[][..],
        Some(Value::Map(entries)) => &entries[..],
        Some(_) => return scope.expected(value?, "fields of an event (a mapping)"),
    };
    let fields: Vec<_> = entries
        .iter()
        .map(|entry| event_field(scope, clients, known, entry))
        .collect();
    Some(HookPattern {
        place,
        name: name.to_owned(),
        fields: fields.into_iter().collect::<Option<_>>()?,
    })
}

fn event_field(
    scope: Scope<'_>,
    clients: &[Client],
    event: &Event,
    entry: &Entry,
) -> Option<(String, String)> {
    let key = &*entry.key.text;
    let Some(Field { name, kind, .. }) = event.field(key) else {
        let what = format!("`{}`", event.name);
        unknown_key(
            scope,
            entry,
            &what,
            event.fields.iter().map(|field| field.name),
        );
        return None;
    };
    let node = &entry.value;
    let text = match kind {
        FieldKind::Client => client_id(scope, clients, node),
        FieldKind::Text => match node.text() {
            Some(text) => Some(text.to_owned()),
            None => scope.expected(node, "text"),
        },
        FieldKind::Flag => super::value::boolean(scope, node).map(|b| b.to_string()),
        FieldKind::Number(max) => {
            number(scope, node, &(0..=*max), "a number").map(|n| n.to_string())
        }
        FieldKind::Code => {
            reason::reason(scope, node, &[PacketType::CONNACK]).map(|r| r.0.to_string())
        }
        FieldKind::Word(words) => match node.text() {
            Some(word) if words.contains(&word) => Some(word.to_owned()),
            _ => scope.expected_word(node, words),
        },
    };
    Some(((*name).to_owned(), text?))
}

/// Reads a Client Identifier. One that no client has is a mistake.
fn client_id(scope: Scope<'_>, clients: &[Client], node: &Node) -> Option<String> {
    let Some(id) = node.text() else {
        return scope.expected(node, "a Client Identifier");
    };
    // If only the run knows a client's id, any id may be right.
    let mut known = Vec::new();
    for client in clients {
        match &client.id {
            Expr::Literal(Literal::Bytes(bytes)) if !bytes.is_empty() => {
                known.push(String::from_utf8_lossy(bytes));
            }
            _ => return Some(id.to_owned()),
        }
    }
    for (index, client_id) in known.iter().enumerate() {
        if client_id == id {
            scope.client(&clients[index].name);
        }
    }
    if known.iter().any(|k| k == id) {
        return Some(id.to_owned());
    }
    let title = format!("no client has the Client Identifier `{}`", short(id));
    let mut diagnostic = scope.at(node.place, title);
    diagnostic.label = scope.suggest(id, known.iter().map(|k| &**k));
    if diagnostic.label.is_none() {
        diagnostic.hint = Some(format!("the identifiers are {}", known.join(", ")));
    }
    scope.fail(diagnostic)
}
