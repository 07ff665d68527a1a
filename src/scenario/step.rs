//! `steps`: one actor and one action each, with their keys.

use std::sync::Arc;

use mqtt_check_codec::describe::visible;

use super::action::{Actor, action};
use super::client::version;
use super::model::{Action, Client, ClientAction, ClientIndex, Level, Step};
use super::node::{Entry, Node, short, transpose};
use super::scene::{WORDS, scene_action};
use super::scope::{Mapping, Scope, unknown_key};
use super::standard;
use super::value::prose;
use crate::diagnostic::Place;

/// The maximum number of steps in a case, counting every step inside repeats and parallels.
const STEP_LIMIT: usize = 10_000;
/// The maximum number of steps in all cases of a file.
const FILE_STEP_LIMIT: usize = 100_000;

/// The context in which steps are typed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepContext<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) clients: &'a [Client],
}

/// Where a step is, which determines what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepPosition {
    Scene,
    Parallel,
}

/// Reads a list of steps. Expands every `repeat`, and leaves out steps that are not for this version.
pub(crate) fn steps(
    context: StepContext<'_>,
    node: &Node,
    position: StepPosition,
) -> Option<Vec<Arc<Step>>> {
    let scope = context.scope;
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        return scope.expected(node, "at least one step (a list)");
    };
    let mut out = Vec::new();
    let mut sound = true;
    for item in items {
        match step(context, item, position) {
            Some(steps) => out.extend(steps),
            None => sound = false,
        }
        if too_many(scope, item.place) {
            return None;
        }
    }
    sound.then_some(out)
}

/// Whether a case or a file has more steps than it may. This is reported once.
pub(crate) fn too_many(scope: Scope<'_>, place: Place) -> bool {
    let (case, file) = (&scope.steps.case, &scope.steps.file);
    let title = if case.get() > STEP_LIMIT {
        format!("more than {STEP_LIMIT} steps with repeats written out")
    } else if file.get() > FILE_STEP_LIMIT {
        format!("more than {FILE_STEP_LIMIT} steps in all cases of the file")
    } else {
        return false;
    };
    if !scope.steps.reported.replace(true) {
        scope.add(
            scope
                .at(place, title)
                .hint("split the file, or repeat less often"),
        );
    }
    true
}

fn step(context: StepContext<'_>, node: &Node, position: StepPosition) -> Option<Vec<Arc<Step>>> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "a step")?;
    let only = map.take("only").map(|n| only(scope, n));
    let matches = only.unwrap_or(Some(true))?;
    if !matches {
        return Some(Vec::new());
    }
    scope.steps.count();
    if let Some(condition) = map.take("if") {
        let title =
            "an `if` with a counter outside its `repeat`, or with the counter of a folded one";
        return scope.fail(scope.at(condition.place, title));
    }
    if let Some(entry) = map.take_entry("steps") {
        let title = "`steps` together with other keys of a step";
        let hint = "write `{ if: …, steps: [ … ] }` for a condition on several steps; put ids and clauses on each step";
        return scope.fail(scope.at(entry.key.place, title).hint(hint));
    }
    let head = Head::take(scope, &mut map);
    let body = body(context, &mut map, node, position);
    map.finish();
    let (head, body) = (head?, body?);
    if let Body::Action(place, _, Action::Rounds(_)) = &body
        && (!head.clauses.is_empty() || head.has_level)
    {
        let title = "a folded `repeat` with a clause or a level";
        let hint = "put them on the steps inside it";
        return scope.fail(scope.at(*place, title).hint(hint));
    }
    match body {
        Body::Action(place, label, action) => Some(vec![Arc::new(Step {
            place,
            id: head.id,
            label,
            clauses: head.clauses,
            level: head.level,
            note: head.note,
            when: head.when,
            action,
        })]),
        Body::Steps(_, steps) if head.is_bare() => Some(steps),
        Body::Steps(place, _) => scope.fail(
            scope
                .at(place, "a `repeat` with other keys")
                .hint("put ids, clauses and levels on the steps inside it"),
        ),
    }
}

/// Reads `only`: whether a step exists in the case's version.
pub(crate) fn only(scope: Scope<'_>, node: &Node) -> Option<bool> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let all: Vec<_> = items.iter().map(|n| version(scope, n)).collect();
    let versions: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    if versions.is_empty() {
        return scope.expected(node, "at least one version");
    }
    Some(versions.contains(&scope.version))
}

/// The keys of a step beside its action.
struct Head {
    id: Option<String>,
    /// Clauses, followed by rules of other standards.
    clauses: Vec<String>,
    level: Level,
    note: Option<String>,
    when: Vec<(String, String)>,
    has_level: bool,
}

impl Head {
    fn take(scope: Scope<'_>, map: &mut Mapping<'_>) -> Option<Self> {
        let id = map.take("id").map(|n| word(scope, n, "an id"));
        let clauses = map.take("clause").map(|n| clauses(scope, n));
        let rules = map.take("rule").map(|n| rules(scope, n));
        let level_node = map.take("level");
        let level = level_node.map(|n| level(scope, n));
        let note = map.take("note").map(|n| prose(scope, n, "a note"));
        let when = map.take("when").map(|n| when(scope, n));
        let (clauses, rules) = (transpose(clauses)?, transpose(rules)?);
        Some(Self {
            id: transpose(id)?,
            clauses: [clauses, rules].into_iter().flatten().flatten().collect(),
            level: transpose(level)?.unwrap_or(Level::Must),
            note: transpose(note)?,
            when: transpose(when)?.unwrap_or_default(),
            has_level: level_node.is_some(),
        })
    }

    fn is_bare(&self) -> bool {
        self.id.is_none()
            && self.clauses.is_empty()
            && !self.has_level
            && self.note.is_none()
            && self.when.is_empty()
    }
}

/// Reads a word that the file defines: letters, digits, `_` and `-`.
pub(crate) fn word(scope: Scope<'_>, node: &Node, what: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match node.text() {
        Some("last_packet") => scope.fail(scope.at(node.place, "`last_packet` is reserved")),
        Some(text) if !text.is_empty() && text.len() <= 60 && text.chars().all(fits) => {
            Some(text.to_owned())
        }
        _ => scope.expected(node, &format!("{what} (letters, digits, `_` and `-`)")),
    }
}

fn clauses(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    cited(scope, node, "clause", |item| match item.text() {
        Some(text) if is_clause(text) => Some(text.to_owned()),
        _ => {
            let title = format!("expected a clause, found {}", item.found());
            let hint = match item.text().is_some_and(standard::is_rule) {
                true => "put a rule of another standard under `rule`",
                false => {
                    "an id of the standard without brackets and version, `MQTT-3.1.4-3`, or `RULE-…`"
                }
            };
            scope.fail(scope.at(item.place, title).hint(hint))
        }
    })
}

/// Reads rules of other standards.
fn rules(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    cited(scope, node, "rule", |item| {
        let Some(text) = item.text() else {
            return scope.expected(item, "a rule of another standard, as `RFC 6455, 5.5.2`");
        };
        match standard::subject(text) {
            Ok(_) => Some(text.to_owned()),
            Err(unknown) => scope.fail(scope.at(item.place, unknown.title).hint(unknown.hint)),
        }
    })
}

/// Reads the one or two rules that a step cites.
fn cited(
    scope: Scope<'_>,
    node: &Node,
    what: &str,
    one: impl Fn(&Node) -> Option<String>,
) -> Option<Vec<String>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.len() > 2 {
        return scope.fail(
            scope
                .at(items[2].place, format!("a third {what} on one step"))
                .hint("at most two: split the step, or cite only what it judges"),
        );
    }
    let all: Vec<_> = items.iter().map(one).collect();
    let all: Vec<String> = all.into_iter().collect::<Option<_>>()?;
    if let [one, other] = &all[..]
        && one == other
    {
        return scope.fail(scope.at(items[1].place, format!("`{one}` is listed twice")));
    }
    Some(all)
}

/// Whether a text is a clause: `MQTT-3.1.4-3`, or a rule that this project has named.
pub(crate) fn is_clause(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    if let Some(rest) = text.strip_prefix("MQTT-") {
        let parts = rest.split_once('-');
        return parts.is_some_and(|(section, n)| section.split('.').all(digits) && digits(n));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    text.strip_prefix("RULE-")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(fits))
}

fn level(scope: Scope<'_>, node: &Node) -> Option<Level> {
    match node.text().and_then(Level::from_word) {
        Some(level) => Some(level),
        None => {
            let words: Vec<_> = Level::ALL.iter().map(|l| l.as_str()).collect();
            scope.expected_word(node, &words)
        }
    }
}

pub(crate) fn when(scope: Scope<'_>, node: &Node) -> Option<Vec<(String, String)>> {
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
        return scope.expected(node, "choices and what the broker chose (a mapping)");
    };
    let all: Vec<_> = entries
        .iter()
        .map(|entry| {
            let answer = word(scope, &entry.value, "an answer")?;
            Some((entry.key.text.to_string(), answer))
        })
        .collect();
    all.into_iter().collect()
}

/// What a step does.
pub(crate) enum Body {
    Action(Place, String, Action),
    /// The steps of an expanded repeat.
    Steps(Place, Vec<Arc<Step>>),
}

pub(crate) fn body(
    context: StepContext<'_>,
    map: &mut Mapping<'_>,
    node: &Node,
    position: StepPosition,
) -> Option<Body> {
    let scope = context.scope;
    let scene_word = WORDS.iter().find_map(|word| map.take_entry(word));
    if let Some(entry) = scene_word {
        if position == StepPosition::Parallel {
            let title = format!("`{}` inside `parallel`", entry.key.text);
            return scope.fail(
                scope
                    .at(entry.key.place, title)
                    .hint("only client actions are allowed"),
            );
        }
        let body = scene_action(context, map, entry);
        // A second actor is a different error from an unknown key.
        if let Some(client) = map.take_client() {
            return second_actor(scope, client);
        }
        return body;
    }
    let rest = map.rest();
    let is_client = |entry: &&&Entry| scope.clients.iter().any(|c| c.name == *entry.key.text);
    let actors: Vec<_> = rest.iter().filter(is_client).copied().collect();
    // If no key names a client, treat the first one as an actor with a wrong name.
    let Some(actor) = actors.first().or(rest.first()).copied() else {
        return scope.fail(
            scope
                .at(node.place, "a step without an actor")
                .hint("`CLIENT: ACTION`, or one of wait, hooks, broker, choice, parallel, repeat"),
        );
    };
    let mut sound = true;
    for entry in rest.iter().filter(|entry| !std::ptr::eq(**entry, actor)) {
        sound = false;
        if is_client(&entry) {
            second_actor::<()>(scope, entry);
        } else {
            let known = map.known().iter().copied().chain(names(scope));
            unknown_key(scope, entry, "a step", known);
        }
    }
    let (client, action) = client_action(context, actor)?;
    let action = Action::Client { client, action };
    sound.then(|| Body::Action(actor.key.place, label(actor), action))
}

fn second_actor<T>(scope: Scope<'_>, entry: &Entry) -> Option<T> {
    let title = format!("`{}` is a second actor in one step", short(&entry.key.text));
    let hint = "a step has one actor and one action; `parallel` runs several at once";
    scope.fail(scope.at(entry.key.place, title).hint(hint))
}

fn names(scope: Scope<'_>) -> impl Iterator<Item = &str> + Clone {
    scope.clients.iter().map(|c| c.name.as_str())
}

/// Returns the step as written.
pub(crate) fn label(entry: &Entry) -> String {
    visible(&format!("{}: {}", entry.key.text, entry.value.flow()))
}

/// The keys of a step beside its action.
pub(super) const STEP_KEYS: [&str; 8] = [
    "id", "only", "if", "when", "clause", "rule", "level", "note",
];

/// Reads `CLIENT: ACTION`.
fn client_action(context: StepContext<'_>, entry: &Entry) -> Option<(ClientIndex, ClientAction)> {
    let scope = context.scope;
    let name = &*entry.key.text;
    let Some(client) = scope.client(name) else {
        let mut diagnostic = scope.at(entry.key.place, format!("unknown client `{}`", short(name)));
        diagnostic.label = scope.suggest(name, names(scope).chain(WORDS).chain(STEP_KEYS));
        if diagnostic.label.is_none() {
            let known: Vec<_> = names(scope).collect();
            diagnostic.hint = Some(format!("the clients of this file are {}", known.join(", ")));
        }
        return scope.fail(diagnostic);
    };
    // A client that could not be typed has no defaults. Its own error has been reported already.
    let typed = context.clients.iter().find(|c| c.name == name);
    let actor = Actor {
        defaults: typed.map_or(&[], |c| &c.connect),
        scram: typed.and_then(|c| c.scram.as_ref()),
    };
    let action = action(scope.for_client(client), actor, &entry.value)?;
    Some((client, action))
}
