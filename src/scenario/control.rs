//! `control`: the same scene without the cause under test.

use std::sync::Arc;

use super::expectation;
use super::hooks::hook_list;
use super::model::{Action, ClientAction, Control, Level, Settings, Step};
use super::node::{Node, transpose};
use super::scope::Mapping;
use super::settings::settings;
use super::step::{Body, StepContext, StepPosition, body, label, only, when};
use super::value::prose;
use crate::diagnostic::Place;

/// Reads the control. The result is `Some(None)` if all of its expectations are for other versions. `base` is the
/// scenario's own configuration, and `required` is the part of it that a broker must have.
pub(crate) fn control(
    context: StepContext<'_>,
    node: &Node,
    base: &Settings,
    required: &Arc<Settings>,
) -> Option<Option<Control>> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "`control`")?;
    let without = map.take("without").map(|list| {
        let items = list.items().unwrap_or(std::slice::from_ref(list));
        let all: Vec<_> = items
            .iter()
            .map(|item| match item.text() {
                Some(id) => Some(id.to_owned()),
                None => scope.expected(item, "a step's id"),
            })
            .collect();
        all.into_iter().collect::<Option<Vec<_>>>()
    });
    let with = map.take("with").map(|list| {
        let Some(entries) = list.entries() else {
            return scope.expected(list, "ids and steps (a mapping)");
        };
        let all: Vec<_> = entries
            .iter()
            .map(|entry| {
                let id = entry.key.text.to_string();
                replacement(context, &id, &entry.value).map(|step| (id, step))
            })
            .collect();
        all.into_iter().collect::<Option<Vec<_>>>()
    });
    let broker = map.take("broker");
    let over = |base| move |n| settings(scope, n, base, "`broker`");
    let configured = broker.map(over(base));
    // If the settings have an error, do not read them again, so that it is reported once.
    let demanded = match &configured {
        Some(Some(_)) => broker.map(over(required)),
        _ => None,
    };
    let expect = map.require("expect").and_then(|n| control_list(context, n));
    map.finish();
    let control = Control {
        place: node.place,
        without: transpose(without)?.unwrap_or_default(),
        with: transpose(with)?.unwrap_or_default(),
        settings: transpose(configured)?.map(Arc::new),
        required: transpose(demanded)?.map_or_else(|| Arc::clone(required), Arc::new),
        expect: expect?,
    };
    if control.without.is_empty() && control.with.is_empty() && control.settings.is_none() {
        return scope.fail(
            scope
                .at(node.place, "a control that changes nothing")
                .hint("`without`, `with` or `broker` takes the cause away"),
        );
    }
    Some((!control.expect.is_empty()).then_some(control))
}

/// Returns the step ids that a control names, with their places.
pub(crate) fn named_ids(node: &Node) -> Vec<(String, Place)> {
    let without = node.find("without").into_iter().flat_map(|list| {
        let items = list.items().unwrap_or(std::slice::from_ref(list));
        items
            .iter()
            .filter_map(|n| Some((n.text()?.to_owned(), n.place)))
    });
    let with = node.find("with").and_then(Node::entries).unwrap_or(&[]);
    let with = with.iter().map(|e| (e.key.text.to_string(), e.key.place));
    without.chain(with).collect()
}

fn control_list(context: StepContext<'_>, node: &Node) -> Option<Vec<Arc<Step>>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let all: Vec<_> = items
        .iter()
        .map(|item| control_expectation(context, item))
        .collect();
    if all.is_empty() {
        return context.scope.expected(node, "at least one expectation");
    }
    let all: Vec<Option<Step>> = all.into_iter().collect::<Option<_>>()?;
    Some(all.into_iter().flatten().map(Arc::new).collect())
}

/// Reads an entry of a control's `with`: the replacement of a step.
fn replacement(context: StepContext<'_>, id: &str, node: &Node) -> Option<Arc<Step>> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "a step of `with`")?;
    let body = body(context, &mut map, node, StepPosition::Scene);
    map.finish();
    match body? {
        Body::Action(place, label, action) => Some(Arc::new(Step {
            place,
            id: Some(id.to_owned()),
            label,
            clauses: Vec::new(),
            level: Level::Must,
            note: None,
            when: Vec::new(),
            action,
        })),
        Body::Steps(place, _) => scope.fail(scope.at(place, "a `repeat` instead of a step")),
    }
}

/// Reads an entry of a control's `expect`: `CLIENT: EXPECTATION`, or a `hooks` step.
fn control_expectation(context: StepContext<'_>, node: &Node) -> Option<Option<Step>> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "an expectation of the control")?;
    let matches = transpose(map.take("only").map(|n| only(scope, n)))?.unwrap_or(true);
    if !matches {
        return Some(None);
    }
    let note = map.take("note").map(|n| prose(scope, n, "a note"));
    let when = map.take("when").map(|n| when(scope, n));
    let (place, text, action) = if let Some(entry) = map.take_entry("hooks") {
        let list = hook_list(scope, context.clients, &entry.value)?;
        (entry.key.place, label(entry), Action::Hooks(list))
    } else {
        let rest = map.rest();
        let [entry] = rest[..] else {
            return scope.expected(node, "`CLIENT: EXPECTATION`");
        };
        let Some(client) = scope.client(&entry.key.text) else {
            return scope.unknown_client(&entry.key.text, entry.key.place);
        };
        let expected = expectation::sequence(scope.for_client(client), &entry.value)?;
        let action = ClientAction::Expect(expected);
        (
            entry.key.place,
            label(entry),
            Action::Client { client, action },
        )
    };
    map.finish();
    Some(Some(Step {
        place,
        id: None,
        label: text,
        clauses: Vec::new(),
        level: Level::Must,
        note: transpose(note)?,
        when: transpose(when)?.unwrap_or_default(),
        action,
    }))
}
