//! Steps without a client: waits, broker events, actions on the broker, choices, parallels and repeats.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use super::client::NODE_MAX;
use super::duration::duration;
use super::expectation;
use super::expression::is_name;
use super::hooks::hook_list;
use super::model::{
    Action, BrokerAction, Choice, Expectation, Expr, Literal, NodeAction, Pattern, Rounds, Step,
};
use super::node::{Entry, Node, Scalar, Style, Value, short, transpose};
use super::reason;
use super::roles::one_of;
use super::rows::{self, with_counter};
use super::scope::{Mapping, Scope};
use super::step::{Body, StepContext, StepPosition, label, steps, too_many, word};
use super::value::{boolean, number, number_expr, prose};

/// Words that appear where a client's name could.
pub(crate) const WORDS: [&str; 7] = [
    "wait", "hooks", "broker", "choice", "parallel", "repeat", "one_of",
];
/// The maximum number of rounds of a repeat.
const TIMES_MAX: u64 = 10_000;
/// The maximum number of rounds of a folded repeat.
const FOLDED_MAX: u64 = 100_000;

/// Reads an action of the scene. `map` is the step that contains it.
pub(crate) fn scene_action(
    context: StepContext<'_>,
    map: &mut Mapping<'_>,
    entry: &Entry,
) -> Option<Body> {
    let scope = context.scope;
    let (place, value) = (entry.key.place, &entry.value);
    let action = match &*entry.key.text {
        "wait" => Action::Wait(duration(scope, value)?),
        "hooks" => Action::Hooks(hook_list(scope, context.clients, value)?),
        "broker" => Action::Broker(broker(scope, value)?),
        "choice" => Action::Choice(choice(scope, map, value)?),
        "parallel" => Action::Parallel(parallel(context, value)?),
        "repeat" if value.find("folded").is_some() => Action::Rounds(folded(context, value)?),
        "repeat" => return repeat(context, value).map(|steps| Body::Steps(place, steps)),
        _ => Action::OneOf(one_of(scope, map, value)?),
    };
    Some(Body::Action(place, label(entry), action))
}

fn broker(scope: Scope<'_>, node: &Node) -> Option<BrokerAction> {
    let known = [
        "kick", "redirect", "restart", "stop", "kill", "pause", "continue",
    ];
    match node.text() {
        Some("restart") => return Some(BrokerAction::Restart),
        Some("stop") => return Some(BrokerAction::Stop),
        Some("kill") => return Some(BrokerAction::Kill),
        Some(word @ ("kick" | "redirect")) => {
            let title = format!("`{word}` without a client");
            return scope.fail(scope.at(node.place, title));
        }
        Some(word @ ("pause" | "continue")) => {
            let title = format!("`{word}` without a node");
            let hint = format!("name the node: broker: {{ {word}: 0 }}");
            return scope.fail(scope.at(node.place, title).hint(hint));
        }
        Some(_) => return scope.expected_word(node, &known),
        None => {}
    }
    let Some(entry) = node.single() else {
        return scope.expected(node, "one action of the broker");
    };
    match &*entry.key.text {
        "kick" => kick(scope, &entry.value),
        "redirect" => redirect(scope, &entry.value),
        "kill" => one_node(scope, &entry.value, NodeAction::Kill),
        "stop" => one_node(scope, &entry.value, NodeAction::Stop),
        "restart" => one_node(scope, &entry.value, NodeAction::Restart),
        "pause" => one_node(scope, &entry.value, NodeAction::Pause),
        "continue" => one_node(scope, &entry.value, NodeAction::Continue),
        key => {
            let mut diagnostic = scope.at(
                entry.key.place,
                format!("unknown broker action `{}`", short(key)),
            );
            diagnostic.label = scope.suggest(key, known);
            scope.fail(diagnostic)
        }
    }
}

/// Reads the number of the node that an action is about.
fn one_node(scope: Scope<'_>, node: &Node, what: NodeAction) -> Option<BrokerAction> {
    let number = number(scope, node, &(0..=NODE_MAX), "the number of a node")?;
    let node = usize::try_from(number).ok()?;
    Some(BrokerAction::Node { node, what })
}

fn kick(scope: Scope<'_>, node: &Node) -> Option<BrokerAction> {
    if node.text().is_some() {
        let client = scope.client_named(node)?;
        let reason = ReasonCode::ADMINISTRATIVE_ACTION;
        return Some(BrokerAction::Kick { client, reason });
    }
    let mut map = Mapping::of(scope, node, "`kick`")?;
    let client = map.require("client").and_then(|n| scope.client_named(n));
    let reason = map.take("reason").map(|n| server_reason(scope, n));
    map.finish();
    Some(BrokerAction::Kick {
        client: client?,
        reason: transpose(reason)?.unwrap_or(ReasonCode::ADMINISTRATIVE_ACTION),
    })
}

/// Reads the reason code of a server's DISCONNECT or CONNACK. Its name is always that of version 5, whatever the client
/// speaks, because the code is given to the broker by an administrator.
fn server_reason(scope: Scope<'_>, node: &Node) -> Option<ReasonCode> {
    let scope = scope.with_version(ProtocolVersion::V5);
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
        server_reference: transpose(server_reference)?,
        at_connect: transpose(at_connect)?.unwrap_or(false),
    })
}

fn choice(scope: Scope<'_>, map: &mut Mapping<'_>, value: &Node) -> Option<Choice> {
    let name = word(scope, value, "a choice's name");
    let of = map.require("of").and_then(|n| scope.client_named(n));
    let about = map.take("about").map(|node| prose(scope, node, "text"));
    let varies = map.take("varies").map(|node| boolean(scope, node));
    let answers = map.require("answers")?;
    let scope = of.map_or(scope, |client| scope.for_client(client));
    let Some(entries) = answers.entries() else {
        return scope.expected(answers, "at least two answers (a mapping)");
    };
    if entries.len() < 2 {
        let title = "a choice with fewer than two answers";
        return scope.fail(scope.at(answers.place, title));
    }
    let all: Vec<_> = entries.iter().map(|entry| answer(scope, entry)).collect();
    let mut answers: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    // Silence is tried last, because it holds only if nothing else does.
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
        about: transpose(about)?,
        varies: transpose(varies)?.unwrap_or(false),
        answers,
    })
}

fn answer(scope: Scope<'_>, entry: &Entry) -> Option<(String, Vec<Expectation>)> {
    let key = Node {
        place: entry.key.place,
        value: Value::Scalar(Scalar {
            text: entry.key.text.clone(),
            style: Style::Plain,
        }),
    };
    let name = word(scope, &key, "an answer's name");
    let expected = expectation::sequence(scope, &entry.value);
    Some((name?, expected?))
}

fn parallel(context: StepContext<'_>, node: &Node) -> Option<Vec<Arc<Step>>> {
    steps(context, node, StepPosition::Parallel)
}

fn repeat(context: StepContext<'_>, node: &Node) -> Option<Vec<Arc<Step>>> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "`repeat`")?;
    let times = map
        .require("times")
        .and_then(|n| times(scope, n, TIMES_MAX));
    let counter = map.take("as").map(|n| counter(scope, n));
    let list = map.require("steps");
    map.finish();
    let (times, counter, list) = (times?, transpose(counter)?, list?);
    let mut inner = BTreeMap::new();
    rows::counters_in(list, &mut inner);
    if let Some(name) = &counter
        && let Some(place) = inner.get(name)
    {
        let title = format!("`{name}` is already the counter of the enclosing repeat");
        return scope.fail(scope.at(*place, title));
    }
    let mut out = Vec::new();
    for i in 1..=times {
        let round = match &counter {
            Some(name) => with_counter(scope, list, name, i)?,
            None => list.clone(),
        };
        // An `if` may leave a round empty.
        if round.items() == Some(&[]) {
            continue;
        }
        // An error in one round is an error in all.
        out.extend(steps(context, &round, StepPosition::Scene)?);
        if too_many(scope, node.place) {
            return None;
        }
    }
    Some(out)
}

fn counter(scope: Scope<'_>, node: &Node) -> Option<String> {
    match node.text() {
        Some(name) if is_name(name) && name != "connack" => Some(name.to_owned()),
        _ => scope.expected(node, "a name (lowercase letters, digits and `_`)"),
    }
}

/// Reads a repeat that is not expanded: its steps are typed once, and the counter is known only when they are played.
fn folded(context: StepContext<'_>, node: &Node) -> Option<Rounds> {
    let scope = context.scope;
    let mut map = Mapping::of(scope, node, "`repeat`")?;
    let folded = map.require("folded").and_then(|n| boolean(scope, n));
    let times = map
        .require("times")
        .and_then(|n| times(scope, n, FOLDED_MAX));
    let counter = map.take("as").map(|n| counter(scope, n));
    let list = map.require("steps");
    map.finish();
    if !folded? {
        let title = "`folded: false` is the default: leave it out";
        return scope.fail(scope.at(node.place, title));
    }
    let list = list?;
    let steps = steps(context, list, StepPosition::Scene)?;
    let mut sound = true;
    for step in &steps {
        let is_simple = matches!(step.action, Action::Client { .. } | Action::Wait(_));
        if !is_simple {
            let title = "a folded `repeat` with anything other than client actions and waits";
            scope.add(scope.at(step.place, title));
            sound = false;
        }
        if step.id.is_some() {
            let title = "an id inside a folded `repeat`";
            let hint = "give the `repeat` itself an id; its steps cannot have one";
            scope.add(scope.at(step.place, title).hint(hint));
            sound = false;
        }
    }
    let (times, counter) = (times?, transpose(counter)?);
    sound.then_some(Rounds {
        times,
        counter,
        steps,
    })
}

fn times(scope: Scope<'_>, node: &Node, most: u64) -> Option<u64> {
    match number_expr(scope, node, &(1..=most), "a number of rounds")? {
        Expr::Literal(Literal::Number(times)) => Some(times),
        _ => scope.fail(
            scope
                .at(node.place, "a number of rounds that is known only during the run")
                .hint("use numbers, a row's values and counters: every round is written out before the run"),
        ),
    }
}
