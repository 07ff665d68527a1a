//! `steps`: one actor and one action each, and what is said of them.

use super::action::{Actor, action};
use super::client::version;
use super::duration::duration;
use super::expectation;
use super::hooks::hook_list;
use super::model::{
    Action, BrokerAction, Choice, Client, ClientAction, ClientIndex, Expectation, Level, Pattern,
    Step,
};
use super::node::{Entry, Node, Value, short};
use super::reason;
use super::rows::with_counter;
use super::scope::{Mapping, Scope, unknown_key};
use super::settings::not_yet;
use super::value::{number, prose};
use super::words::did_you_mean;
use mqtt_check_codec::{PacketType, ReasonCode};

/// Steps of a case, those of repeats and parallels counted one by one.
const STEP_LIMIT: usize = 10_000;
/// How deep repeats and parallels nest.
const SCENE_WORDS: [&str; 7] = [
    "wait", "hooks", "broker", "choice", "parallel", "repeat", "one_of",
];
/// So often a repeat goes round at most.
const TIMES_MAX: u64 = 10_000;

/// What steps are typed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) clients: &'a [Client],
}

/// Where a step stands, and so what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Scene,
    Parallel,
}

/// A list of steps; `repeat` is written out, and what is not for this version is left out.
pub(crate) fn steps(stage: Stage<'_>, node: &Node, setting: Setting) -> Option<Vec<Step>> {
    let scope = stage.scope;
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        return scope.expected(node, "at least one step (a list)");
    };
    let mut out = Vec::new();
    let mut sound = true;
    for item in items {
        match step(stage, item, setting) {
            Some(steps) => out.extend(steps),
            None => sound = false,
        }
        if scope.steps.get() > STEP_LIMIT {
            let title = format!("more than {STEP_LIMIT} steps, repeats written out");
            return scope.fail(scope.at(item.place, title));
        }
    }
    sound.then_some(out)
}

fn step(stage: Stage<'_>, node: &Node, setting: Setting) -> Option<Vec<Step>> {
    let scope = stage.scope;
    let mut map = Mapping::of(scope, node, "a step")?;
    let only = map.take("only").map(|n| only(scope, n));
    let matches = only.unwrap_or(Some(true))?;
    if !matches {
        return Some(Vec::new());
    }
    scope.steps.set(scope.steps.get() + 1);
    let head = Head::take(scope, &mut map);
    let body = body(stage, &mut map, node, setting);
    map.finish();
    let (head, body) = (head?, body?);
    match body {
        Body::Action(place, label, action) => Some(vec![Step {
            place,
            id: head.id,
            label,
            clauses: head.clauses,
            level: head.level,
            note: head.note,
            when: head.when,
            action,
        }]),
        Body::Steps(_, steps) if head.is_bare() => Some(steps),
        Body::Steps(place, _) => scope.fail(
            scope
                .at(place, "a `repeat` with something beside it")
                .hint("ids, clauses and the like stand on the steps inside of it"),
        ),
    }
}

/// Whether a step exists in the case's version.
fn only(scope: Scope<'_>, node: &Node) -> Option<bool> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let all: Vec<_> = items.iter().map(|n| version(scope, n)).collect();
    let versions: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    if versions.is_empty() {
        return scope.expected(node, "at least one version");
    }
    Some(versions.contains(&scope.version))
}

/// What is said of a step, beside its action.
struct Head {
    id: Option<String>,
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
        let level_node = map.take("level");
        let level = level_node.map(|n| level(scope, n));
        let note = map.take("note").map(|n| prose(scope, n, "a note"));
        let when = map.take("when").map(|n| when(scope, n));
        Some(Self {
            id: flip(id)?,
            clauses: flip(clauses)?.unwrap_or_default(),
            level: flip(level)?.unwrap_or(Level::Must),
            note: flip(note)?,
            when: flip(when)?.unwrap_or_default(),
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

/// Nothing said, or what was said, typed.
fn flip<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(inner) => inner.map(Some),
    }
}

/// A word that the file makes up: letters, digits, `_` and `-`.
fn word(scope: Scope<'_>, node: &Node, what: &str) -> Option<String> {
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
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.len() > 2 {
        return scope.fail(
            scope
                .at(items[2].place, "a third clause on one step")
                .hint("two at most: split the step, or cite what it really judges"),
        );
    }
    let all: Vec<_> = items
        .iter()
        .map(|item| match item.text() {
            Some(text) if is_clause(text) => Some(text.to_owned()),
            _ => {
                let title = format!("expected a clause, found {}", item.found());
                let hint = "an id of the standard without brackets and version, `MQTT-3.1.4-3`, or `RULE-…`";
                scope.fail(scope.at(item.place, title).hint(hint))
            }
        })
        .collect();
    let all: Vec<String> = all.into_iter().collect::<Option<_>>()?;
    if let [one, other] = &all[..]
        && one == other
    {
        return scope.fail(scope.at(items[1].place, format!("`{one}` stands twice")));
    }
    Some(all)
}

/// `MQTT-3.1.4-3`, or a rule of our own naming.
fn is_clause(text: &str) -> bool {
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

fn when(scope: Scope<'_>, node: &Node) -> Option<Vec<(String, String)>> {
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
        return scope.expected(node, "choices and their answers (a mapping)");
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
enum Body {
    Action(crate::diagnostic::Place, String, Action),
    /// A repeat, written out.
    Steps(crate::diagnostic::Place, Vec<Step>),
}

fn body(stage: Stage<'_>, map: &mut Mapping<'_>, node: &Node, setting: Setting) -> Option<Body> {
    let scope = stage.scope;
    let scene_word = SCENE_WORDS.iter().find_map(|word| map.take_entry(word));
    if let Some(entry) = scene_word {
        if setting == Setting::Parallel {
            let title = format!("`{}` inside of `parallel`", entry.key.text);
            return scope.fail(
                scope
                    .at(entry.key.place, title)
                    .hint("clients' actions only"),
            );
        }
        return scene_action(stage, map, entry);
    }
    let rest = map.rest();
    let is_client = |entry: &&&Entry| scope.clients.iter().any(|c| c.name == *entry.key.text);
    let actors: Vec<_> = rest.iter().filter(is_client).copied().collect();
    // Where nobody is known, the first stands for the actor, wrongly named.
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
        let key = &*entry.key.text;
        if is_client(&entry) {
            let title = format!("`{}` is a second actor in one step", short(key));
            let hint = "one actor and one action a step; `parallel` has several at once";
            scope.add(scope.at(entry.key.place, title).hint(hint));
        } else {
            let known = map.known().iter().copied().chain(names(scope));
            unknown_key(scope, entry, "a step", known);
        }
    }
    let (client, action) = client_action(stage, actor)?;
    let action = Action::Client { client, action };
    sound.then(|| Body::Action(actor.key.place, label(actor), action))
}

fn names(scope: Scope<'_>) -> impl Iterator<Item = &str> + Clone {
    scope.clients.iter().map(|c| c.name.as_str())
}

/// A step as it reads.
fn label(entry: &Entry) -> String {
    format!("{}: {}", entry.key.text, entry.value.flow())
}

/// `CLIENT: ACTION`.
fn client_action(stage: Stage<'_>, entry: &Entry) -> Option<(ClientIndex, ClientAction)> {
    let scope = stage.scope;
    let name = &*entry.key.text;
    let Some(client) = scope.client(name) else {
        let mut diagnostic = scope.at(entry.key.place, format!("unknown client `{}`", short(name)));
        let keys = ["id", "only", "when", "clause", "level", "note"];
        diagnostic.label = did_you_mean(name, names(scope).chain(SCENE_WORDS).chain(keys));
        if diagnostic.label.is_none() {
            let known: Vec<_> = names(scope).collect();
            diagnostic.hint = Some(format!("the clients of this file are {}", known.join(", ")));
        }
        return scope.fail(diagnostic);
    };
    // A client that could not be typed has no defaults; its own error stands already.
    let typed = stage.clients.iter().find(|c| c.name == name);
    let actor = Actor {
        defaults: typed.map_or(&[], |c| &c.connect),
    };
    let action = action(scope.of(client), actor, &entry.value)?;
    Some((client, action))
}

fn scene_action(stage: Stage<'_>, map: &mut Mapping<'_>, entry: &Entry) -> Option<Body> {
    let scope = stage.scope;
    let (place, value) = (entry.key.place, &entry.value);
    let action = match &*entry.key.text {
        "wait" => Action::Wait(duration(scope, value)?),
        "hooks" => Action::Hooks(hook_list(scope, stage.clients, value)?),
        "broker" => Action::Broker(broker(scope, value)?),
        "choice" => Action::Choice(choice(scope, map, value)?),
        "parallel" => Action::Parallel(parallel(stage, value)?),
        "repeat" => return repeat(stage, value).map(|steps| Body::Steps(place, steps)),
        _ => {
            for key in ["expect", "as", "rest"] {
                map.take(key);
            }
            return scope.fail(not_yet(scope, place, "`one_of`"));
        }
    };
    Some(Body::Action(place, label(entry), action))
}

fn broker(scope: Scope<'_>, node: &Node) -> Option<BrokerAction> {
    let known = ["kick", "redirect", "restart", "stop"];
    match node.text() {
        Some("restart") => return Some(BrokerAction::Restart),
        Some("stop") => return Some(BrokerAction::Stop),
        Some(_) => return scope.expected_word(node, &known),
        None => {}
    }
    let Some(entry) = node.single() else {
        return scope.expected(node, "one action of the broker");
    };
    match &*entry.key.text {
        "kick" => kick(scope, &entry.value),
        "redirect" => redirect(scope, &entry.value),
        key => {
            let mut diagnostic = scope.at(
                entry.key.place,
                format!("the broker cannot be told to `{}`", short(key)),
            );
            diagnostic.label = did_you_mean(key, known);
            scope.fail(diagnostic)
        }
    }
}

fn kick(scope: Scope<'_>, node: &Node) -> Option<BrokerAction> {
    if node.text().is_some() {
        let client = scope.client_named(node)?;
        let reason = ReasonCode::ADMINISTRATIVE_ACTION;
        return Some(BrokerAction::Kick { client, reason });
    }
    let mut map = Mapping::of(scope, node, "`kick`")?;
    let client = map.require("client").and_then(|n| scope.client_named(n));
    let reason = map.take("reason").map(|n| server_reason(scope, client, n));
    map.finish();
    Some(BrokerAction::Kick {
        client: client?,
        reason: flip(reason)?.unwrap_or(ReasonCode::ADMINISTRATIVE_ACTION),
    })
}

/// A reason of a server's DISCONNECT or CONNACK. It is named as version 5 names it, whatever the client speaks,
/// since the broker is told in its own words.
fn server_reason(scope: Scope<'_>, client: Option<ClientIndex>, node: &Node) -> Option<ReasonCode> {
    let _ = client;
    let scope = scope.under(mqtt_check_codec::ProtocolVersion::V5);
    reason::reason(scope, node, &[PacketType::DISCONNECT, PacketType::CONNACK])
}

fn redirect(scope: Scope<'_>, node: &Node) -> Option<BrokerAction> {
    let mut map = Mapping::of(scope, node, "`redirect`")?;
    let client = map.require("client").and_then(|n| scope.client_named(n));
    let reason = match map.require("reason") {
        None => None,
        Some(n) => match n.text() {
            Some("use_another_server") => Some(ReasonCode::USE_ANOTHER_SERVER),
            Some("server_moved") => Some(ReasonCode::SERVER_MOVED),
            _ => scope.expected_word(n, &["use_another_server", "server_moved"]),
        },
    };
    let server_reference = map
        .take("server_reference")
        .map(|n| prose(scope, n, "a server's name"));
    let at_connect = map.take("at").map(|n| match n.text() {
        Some("now") => Some(false),
        Some("connect") => Some(true),
        _ => scope.expected_word(n, &["now", "connect"]),
    });
    map.finish();
    Some(BrokerAction::Redirect {
        client: client?,
        reason: reason?,
        server_reference: flip(server_reference)?,
        at_connect: flip(at_connect)?.unwrap_or(false),
    })
}

fn choice(scope: Scope<'_>, map: &mut Mapping<'_>, value: &Node) -> Option<Choice> {
    let name = word(scope, value, "a choice's name");
    let of = map.require("of").and_then(|n| scope.client_named(n));
    let answers = map.require("answers")?;
    let scope = of.map_or(scope, |client| scope.of(client));
    let Some(entries) = answers.entries().filter(|entries| entries.len() > 1) else {
        return scope.expected(answers, "at least two answers (a mapping)");
    };
    let all: Vec<_> = entries.iter().map(|entry| answer(scope, entry)).collect();
    let mut answers: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    // Silence holds only when nothing else does.
    let is_silence = |a: &(String, Vec<Expectation>)| {
        matches!(
            a.1.first().map(|e| &e.pattern),
            Some(Pattern::Silence { .. })
        )
    };
    if answers.iter().filter(|a| is_silence(a)).count() > 1 {
        return scope.fail(scope.at(value.place, "two answers that are `silence`"));
    }
    answers.sort_by_key(is_silence);
    Some(Choice {
        name: name?,
        of: of?,
        answers,
    })
}

fn answer(scope: Scope<'_>, entry: &Entry) -> Option<(String, Vec<Expectation>)> {
    let key = Node {
        place: entry.key.place,
        value: Value::Scalar(super::node::Scalar {
            text: entry.key.text.clone(),
            style: super::node::Style::Plain,
        }),
    };
    let name = word(scope, &key, "an answer's name");
    let expected = expectation::sequence(scope, &entry.value);
    Some((name?, expected?))
}

fn parallel(stage: Stage<'_>, node: &Node) -> Option<Vec<Step>> {
    steps(stage, node, Setting::Parallel)
}

fn repeat(stage: Stage<'_>, node: &Node) -> Option<Vec<Step>> {
    let scope = stage.scope;
    let mut map = Mapping::of(scope, node, "`repeat`")?;
    let times = map.require("times").and_then(|n| times(scope, n));
    let counter = map.take("as").map(|n| match n.text() {
        Some(name) if super::expression::is_name(name) && name != "connack" => {
            Some(name.to_owned())
        }
        _ => scope.expected(n, "a name (lowercase letters, digits and `_`)"),
    });
    let list = map.require("steps");
    map.finish();
    let (times, counter, list) = (times?, flip(counter)?, list?);
    let mut out = Vec::new();
    let mut sound = true;
    for i in 1..=times {
        let round = match &counter {
            Some(name) => with_counter(scope, list, name, i)?,
            None => list.clone(),
        };
        match steps(stage, &round, Setting::Scene) {
            Some(steps) => out.extend(steps),
            // What is wrong with one round is wrong with all.
            None => {
                sound = false;
                break;
            }
        }
        if scope.steps.get() > STEP_LIMIT {
            let title = format!("more than {STEP_LIMIT} steps, repeats written out");
            return scope.fail(scope.at(node.place, title));
        }
    }
    sound.then_some(out)
}

fn times(scope: Scope<'_>, node: &Node) -> Option<u64> {
    if node.text().is_some_and(|text| text.contains('$')) {
        return scope.fail(not_yet(scope, node.place, "an expression as `times`"));
    }
    number(scope, node, &(1..=TIMES_MAX), "how many times")
}

/// An entry of a control's `with`: what is played instead of a step.
pub(crate) fn replacement(stage: Stage<'_>, id: &str, node: &Node) -> Option<Step> {
    let scope = stage.scope;
    let mut map = Mapping::of(scope, node, "a step of `with`")?;
    let body = body(stage, &mut map, node, Setting::Scene);
    map.finish();
    match body? {
        Body::Action(place, label, action) => Some(Step {
            place,
            id: Some(id.to_owned()),
            label,
            clauses: Vec::new(),
            level: Level::Must,
            note: None,
            when: Vec::new(),
            action,
        }),
        Body::Steps(place, _) => scope.fail(scope.at(place, "a `repeat` instead of a step")),
    }
}

/// An entry of a control's `expect`: `CLIENT: EXPECTATION`, or a `hooks` step.
pub(crate) fn control_expectation(stage: Stage<'_>, node: &Node) -> Option<Option<Step>> {
    let scope = stage.scope;
    let mut map = Mapping::of(scope, node, "an expectation of the control")?;
    let matches = flip(map.take("only").map(|n| only(scope, n)))?.unwrap_or(true);
    if !matches {
        return Some(None);
    }
    let note = map.take("note").map(|n| prose(scope, n, "a note"));
    let (place, text, action) = if let Some(entry) = map.take_entry("hooks") {
        let list = hook_list(scope, stage.clients, &entry.value)?;
        (entry.key.place, label(entry), Action::Hooks(list))
    } else {
        let rest = map.rest();
        let [entry] = rest[..] else {
            return scope.expected(node, "`CLIENT: EXPECTATION`");
        };
        let Some(client) = scope.client(&entry.key.text) else {
            return scope.unknown_client(&entry.key.text, entry.key.place);
        };
        let expected = expectation::sequence(scope.of(client), &entry.value)?;
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
        note: flip(note)?,
        when: Vec::new(),
        action,
    }))
}
