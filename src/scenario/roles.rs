//! The names that a `one_of` gives to the client that was chosen and to the one that was not.
//!
//! Only the run decides which client that is. So a step that uses such a name is expanded for each client that may have
//! the name, with a `when` for that answer. This is done on the tree, before anything is typed.

use std::sync::Arc;

use super::model::OneOf;
use super::node::{Entry, Key, Node, Scalar, Style, Value, short, transpose};
use super::scope::{Mapping, Scope};
use super::{client, expectation};
use crate::scenario::model::{Count, Pattern};

/// A name for one of several clients.
#[derive(Debug)]
struct Role {
    name: Arc<str>,
    /// The `one_of` that decides which client it is.
    choice: Arc<str>,
    /// Each answer, and the client that then has the name.
    cast: Vec<(Arc<str>, Arc<str>)>,
}

/// Returns the case's tree, with every step that uses such a name expanded.
pub(crate) fn expand(scope: Scope<'_>, tree: &Node) -> Node {
    let mut roles = Vec::new();
    let steps = tree.find("steps").map(|n| list(scope, n, &mut roles));
    let Some(steps) = steps.filter(|_| !roles.is_empty()) else {
        return tree.clone();
    };
    let mut tree = with_value(tree, "steps", &steps);
    if let Some(control) = tree.find("control")
        && let Some(expect) = control.find("expect").filter(|n| n.items().is_some())
    {
        let expect = list(scope, expect, &mut roles);
        let control = with_value(control, "expect", &expect);
        tree = with_value(&tree, "control", &control);
    }
    tree
}

fn list(scope: Scope<'_>, node: &Node, roles: &mut Vec<Role>) -> Node {
    let mut out = Vec::new();
    for item in node.items().unwrap_or_default() {
        if let Some(repeat) = item.find("repeat")
            && let Some(steps) = repeat.find("steps")
        {
            let repeat = with_value(repeat, "steps", &list(scope, steps, roles));
            out.push(with_value(item, "repeat", &repeat));
            continue;
        }
        refuse_in_parallel(scope, item, roles);
        match roles.iter().rev().find(|role| role.acts_in(item)) {
            Some(role) => out.extend(role.cast.iter().map(|cast| role.played_by(item, cast))),
            None => out.push(item.clone()),
        }
        define(item, roles);
    }
    match node.items() {
        Some(_) => Node {
            place: node.place,
            value: Value::List(out),
        },
        None => node.clone(),
    }
}

/// Reports names of a `one_of` inside `parallel`, whose packets are sent before the name is decided.
fn refuse_in_parallel(scope: Scope<'_>, item: &Node, roles: &[Role]) {
    let inner = item.find("parallel").and_then(Node::items);
    for step in inner.unwrap_or_default() {
        for entry in step.entries().unwrap_or_default() {
            if roles.iter().any(|role| role.name == entry.key.text) {
                let title = format!("`{}` inside `parallel`", entry.key.text);
                let hint = "use the names of a `one_of` in steps outside `parallel`";
                scope.add(scope.at(entry.key.place, title).hint(hint));
            }
        }
    }
}

/// Collects the names that a `one_of` gives. Errors in it are reported when it is typed.
fn define(item: &Node, roles: &mut Vec<Role>) {
    let Some(list) = item.find("one_of") else {
        return;
    };
    let names = list.items().unwrap_or_default().iter().filter_map(text);
    let members: Vec<Arc<str>> = names.collect();
    let Some(choice) = item.find("as").and_then(text) else {
        return;
    };
    let mut define = |name: &Arc<str>, cast| {
        roles.push(Role {
            name: Arc::clone(name),
            choice: Arc::clone(&choice),
            cast,
        });
    };
    let own = |member: &Arc<str>| (Arc::clone(member), Arc::clone(member));
    define(&choice, members.iter().map(own).collect());
    if let ([one, other], Some(rest)) = (&members[..], item.find("rest").and_then(text)) {
        let cast = [(one, other), (other, one)];
        let cast = cast.map(|(answer, client)| (Arc::clone(answer), Arc::clone(client)));
        define(&rest, cast.to_vec());
    }
}

fn text(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        Value::Scalar(scalar) => Some(Arc::clone(&scalar.text)),
        _ => None,
    }
}

impl Role {
    /// Whether a step uses this name.
    fn acts_in(&self, item: &Node) -> bool {
        let entries = item.entries().unwrap_or_default();
        entries.iter().any(|entry| match &*entry.key.text {
            key if *key == *self.name => true,
            "of" => item.find("choice").is_some() && self.is_named(&entry.value),
            "broker" => {
                let inner = entry.value.entries().unwrap_or_default();
                inner.iter().any(|inner| {
                    self.is_named(&inner.value)
                        || inner.value.find("client").is_some_and(|n| self.is_named(n))
                })
            }
            _ => false,
        })
    }

    fn is_named(&self, node: &Node) -> bool {
        node.text() == Some(&self.name)
    }

    /// Returns the step for one client, under the condition that it has this name.
    fn played_by(&self, item: &Node, (answer, client): &(Arc<str>, Arc<str>)) -> Node {
        let mut entries: Vec<Entry> = item
            .entries()
            .unwrap_or_default()
            .iter()
            .map(|entry| match &*entry.key.text {
                key if *key == *self.name => Entry {
                    key: Key {
                        text: Arc::clone(client),
                        place: entry.key.place,
                    },
                    value: entry.value.clone(),
                },
                "of" | "broker" => Entry {
                    key: entry.key.clone(),
                    value: self.renamed(&entry.value, client),
                },
                _ => entry.clone(),
            })
            .collect();
        let condition = Entry {
            key: Key {
                text: Arc::clone(&self.choice),
                place: item.place,
            },
            value: Node {
                place: item.place,
                value: Value::Scalar(Scalar {
                    text: Arc::clone(answer),
                    style: Style::Plain,
                }),
            },
        };
        let when = entries.iter_mut().find(|entry| &*entry.key.text == "when");
        match when.map(|entry| &mut entry.value.value) {
            Some(Value::Map(conditions)) => conditions.push(condition),
            // An error here is reported when it is typed.
            Some(_) => {}
            None => entries.push(Entry {
                key: Key {
                    text: "when".into(),
                    place: item.place,
                },
                value: Node {
                    place: item.place,
                    value: Value::Map(vec![condition]),
                },
            }),
        }
        Node {
            place: item.place,
            value: Value::Map(entries),
        }
    }

    /// Replaces this name by the client's in the value of `of` or `broker`.
    fn renamed(&self, node: &Node, client: &Arc<str>) -> Node {
        let value = match &node.value {
            Value::Scalar(scalar) if scalar.text == self.name => Value::Scalar(Scalar {
                text: Arc::clone(client),
                style: scalar.style,
            }),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: entry.key.clone(),
                        value: match &*entry.key.text {
                            "kick" | "redirect" | "client" => self.renamed(&entry.value, client),
                            _ => entry.value.clone(),
                        },
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node {
            place: node.place,
            value,
        }
    }
}

/// Returns the mapping with another value for this key.
fn with_value(map: &Node, key: &str, value: &Node) -> Node {
    let entries = map.entries().unwrap_or_default();
    let entries = entries.iter().map(|entry| {
        let own = &*entry.key.text == key;
        Entry {
            key: entry.key.clone(),
            value: if own { value } else { &entry.value }.clone(),
        }
    });
    Node {
        place: map.place,
        value: Value::Map(entries.collect()),
    }
}

/// Types a `one_of`. `map` is the step that contains it.
pub(crate) fn one_of(scope: Scope<'_>, map: &mut Mapping<'_>, value: &Node) -> Option<OneOf> {
    let name = map.require("as").and_then(|n| role(scope, n));
    let rest = map.take("rest");
    let rest_name = rest.map(|n| role(scope, n));
    let expect = map.require("expect");
    let Some(items) = value.items().filter(|items| items.len() > 1) else {
        return scope.expected(value, "at least two clients (a list)");
    };
    if let Some(rest) = rest.filter(|_| items.len() > 2) {
        let title = "`rest` of more than two clients";
        let hint = "`rest` names the other of exactly two clients";
        return scope.fail(scope.at(rest.place, title).hint(hint));
    }
    let members: Vec<_> = items.iter().map(|n| scope.client_named(n)).collect();
    let members: Vec<_> = members.into_iter().collect::<Option<_>>()?;
    for (n, member) in members.iter().enumerate() {
        if members[..n].contains(member) {
            let title = format!("{} is listed twice", items[n].found());
            return scope.fail(scope.at(items[n].place, title));
        }
        if scope.for_client(*member).version != scope.for_client(members[0]).version {
            let title = "clients of different versions in one `one_of`";
            return scope.fail(scope.at(items[n].place, title));
        }
    }
    let expected = expect.and_then(|n| {
        let expected = expectation::expectation(scope.for_client(members[0]), n)?;
        let once = Count {
            at_least: 1,
            at_most: Some(1),
        };
        match expected.pattern {
            Pattern::Packet(_) if expected.count == once => Some(expected),
            _ => scope.expected(n, "one packet, which one of them receives"),
        }
    });
    if let (Some(Some(one)), Some(Some(other)), Some(rest)) =
        (&name.as_ref().map(Some), &rest_name, rest)
        && *one == other
    {
        return scope.fail(scope.at(rest.place, "`as` and `rest` need different names"));
    }
    transpose(rest_name)?;
    Some(OneOf {
        name: name?,
        members: members
            .into_iter()
            .map(|member| (scope.clients[member.0].name.clone(), member))
            .collect(),
        expectation: expected?,
    })
}

/// Reads a name that a `one_of` gives.
fn role(scope: Scope<'_>, node: &Node) -> Option<String> {
    let Some(name) = node.text() else {
        return scope.expected(node, "a name");
    };
    if scope.clients.iter().any(|client| client.name == name) {
        let title = format!("`{}` is a client of the file already", short(name));
        return scope.fail(scope.at(node.place, title));
    }
    match client::name_fault(name) {
        None => Some(name.to_owned()),
        Some(fault) => scope.fail(scope.at(node.place, fault)),
    }
}
