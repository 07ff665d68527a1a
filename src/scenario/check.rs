//! Checks that need the whole scene: duplicate ids, names that are never bound, silences without a control.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::{
    Action, After, Answer, ClientAction, ClientIndex, Exchange, Expectation, Expr, FieldMatch,
    FrameContent, FrameTemplate, Matcher, Opening, PacketPattern, PacketTemplate, Pattern, Scene,
    SendBytes, Step, UpgradeAnswer, each_step,
};
use super::scope::Scope;
use super::{sizes, websocket};
use crate::diagnostic::Place;
use mqtt_check_codec::PacketType;

/// Reports every error that involves several parts of a scene.
pub(crate) fn scene(scope: Scope<'_>, scene: &Scene) {
    ids(scope, &scene.steps);
    choices(scope, scene);
    silences(scope, scene);
    names(scope, scene);
    sizes::check(scope, scene);
    websocket::check(scope, scene);
}

/// Checks that ids are unique, and that `after` names a step that has begun.
fn ids(scope: Scope<'_>, steps: &[Arc<Step>]) {
    let mut known: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    each_step(steps, &mut |step| {
        if let Some(id) = &step.id {
            let bearers = known.entry(id).or_default();
            let is_twice = bearers.iter().any(|other| !excludes(other, step));
            bearers.push(step);
            if is_twice {
                let title = format!("two steps have the id `{id}`");
                let hint = "inside a `repeat`, the counter makes it unique: `id: 'take-${i}'`";
                scope.add(scope.at(step.place, title).hint(hint));
            }
        }
        each_expectation(step, &mut |expectation| {
            let After::Step(id) = &expectation.after else {
                return;
            };
            if !known.contains_key(id.as_str()) {
                let title = format!("no earlier step has the id `{id}`");
                let mut diagnostic = scope.at(expectation.place, title);
                diagnostic.label = scope.suggest(id, known.keys().copied().chain(["last_packet"]));
                scope.add(diagnostic);
            }
        });
    });
}

fn each_expectation<'s>(step: &'s Step, visit: &mut dyn FnMut(&'s Expectation)) {
    match &step.action {
        Action::Client {
            action: ClientAction::Expect(expectations),
            ..
        } => nested(expectations, visit),
        Action::Choice(choice) => {
            for (_, expectations) in &choice.answers {
                nested(expectations, visit);
            }
        }
        Action::OneOf(one) => visit(&one.expectation),
        _ => {}
    }
}

fn nested<'s>(expectations: &'s [Expectation], visit: &mut dyn FnMut(&'s Expectation)) {
    for expectation in expectations {
        visit(expectation);
        match &expectation.pattern {
            Pattern::InOrder(inner) => nested(inner, visit),
            Pattern::AnyOf(alternatives) => {
                for alternative in alternatives {
                    nested(alternative, visit);
                }
            }
            _ => {}
        }
    }
}

/// Whether two steps are never played in the same case, because they require different answers to one choice.
fn excludes(one: &Step, other: &Step) -> bool {
    one.when.iter().any(|(choice, answer)| {
        let mut conditions = other.when.iter();
        conditions.any(|(c, a)| c == choice && a != answer)
    })
}

/// A choice, or a `one_of`, which is a choice of the client that gets a name.
struct Question<'s> {
    name: &'s str,
    answers: Vec<&'s str>,
    step: &'s Step,
}

impl<'s> Question<'s> {
    fn of(step: &'s Step) -> Option<Self> {
        let (name, answers) = match &step.action {
            Action::Choice(choice) => {
                let answers = choice.answers.iter().map(|(a, _)| a.as_str());
                (&choice.name, answers.collect())
            }
            Action::OneOf(one) => {
                let answers = one.members.iter().map(|(a, _)| a.as_str());
                (&one.name, answers.collect())
            }
            _ => return None,
        };
        Some(Self {
            name,
            answers,
            step,
        })
    }
}

/// Checks that `when` names an earlier choice and one of its answers, and that no choice is made twice.
fn choices(scope: Scope<'_>, scene: &Scene) {
    let mut known: Vec<Question<'_>> = Vec::new();
    let mut visit = |step| {
        let step: &Step = step;
        for (name, answer) in &step.when {
            let Some(choice) = known.iter().find(|c| c.name == *name) else {
                let title = format!("no earlier step makes the choice `{name}`");
                let mut diagnostic = scope.at(step.place, title);
                diagnostic.label = scope.suggest(name, known.iter().map(|c| c.name));
                scope.add(diagnostic);
                continue;
            };
            let answers = || choice.answers.iter().copied();
            if !answers().any(|a| a == answer) {
                let title = format!("the choice `{name}` has no answer `{answer}`");
                let mut diagnostic = scope.at(step.place, title);
                diagnostic.label = scope.suggest(answer, answers());
                diagnostic.hint = Some(format!(
                    "the answers are {}",
                    answers().collect::<Vec<_>>().join(", ")
                ));
                scope.add(diagnostic);
            }
        }
        if let Some(choice) = Question::of(step) {
            let again = |c: &Question<'_>| c.name == choice.name && !excludes(c.step, step);
            if known.iter().any(again) {
                let title = format!("the choice `{}` is made twice", choice.name);
                scope.add(scope.at(step.place, title));
            }
            known.push(choice);
        }
    };
    each_step(&scene.steps, &mut visit);
    if let Some(control) = &scene.control {
        each_step(&control.expect, &mut visit);
    }
}

/// Checks that every silence has a control, and that no control expects silence.
fn silences(scope: Scope<'_>, scene: &Scene) {
    if let Some(control) = &scene.control {
        for step in &control.expect {
            each_expectation(step, &mut |expectation| {
                if matches!(expectation.pattern, Pattern::Silence { .. }) {
                    scope.add(
                        scope
                            .at(expectation.place, "a control that expects silence")
                            .hint(
                                "a control shows that the packet arrives without the cause of the silence",
                            ),
                    );
                }
            });
        }
        return;
    }
    each_step(&scene.steps, &mut |step| {
        let Action::Client {
            action: ClientAction::Expect(expectations),
            ..
        } = &step.action
        else {
            return;
        };
        for expectation in expectations {
            if is_silence(expectation) {
                scope.add(
                    scope
                        .at(expectation.place, "`silence` without a control")
                        .label("silence alone proves nothing")
                        .hint("`control: { without: [STEP], expect: [ … ] }` plays the steps without the cause of the silence; the packet must arrive then"),
                );
            }
        }
    });
}

fn is_silence(expectation: &Expectation) -> bool {
    match &expectation.pattern {
        Pattern::Silence { .. } => true,
        Pattern::InOrder(inner) => inner.iter().any(is_silence),
        Pattern::AnyOf(alternatives) => alternatives.iter().flatten().any(is_silence),
        _ => false,
    }
}

/// Checks that an expectation binds each name before it is used.
fn names(scope: Scope<'_>, scene: &Scene) {
    let mut names = Names {
        scope,
        scene,
        bound: BTreeSet::new(),
    };
    // A client knows its `withhold` patterns from the beginning, when no name is bound.
    for pattern in scene.clients.iter().flat_map(|client| &client.withhold) {
        names.judged_only(pattern);
    }
    for step in &scene.steps {
        names.step(step);
    }
    for (_, pattern) in &scene.exercised_if {
        names.judged_only(pattern);
    }
    if let Some(control) = &scene.control {
        for (_, step) in &control.with {
            names.step(step);
        }
        for step in &control.expect {
            names.step(step);
        }
    }
}

struct Names<'a> {
    scope: Scope<'a>,
    scene: &'a Scene,
    bound: BTreeSet<String>,
}

impl Names<'_> {
    fn step(&mut self, step: &Step) {
        match &step.action {
            Action::Client { client, action } => {
                self.sends(step.place, *client, action);
                self.receives(action);
            }
            Action::Parallel(steps) => {
                // The packets of all steps are sent before any answer is taken.
                for inner in steps {
                    if let Action::Client { client, action } = &inner.action {
                        self.sends(inner.place, *client, action);
                    }
                }
                for inner in steps {
                    if let Action::Client { action, .. } = &inner.action {
                        self.receives(action);
                    }
                }
            }
            Action::Rounds(rounds) => {
                // What a round binds is not visible to the next round, nor after the last.
                let before = self.bound.clone();
                self.bound.extend(rounds.counter.clone());
                for inner in &rounds.steps {
                    self.step(inner);
                }
                self.bound = before;
            }
            Action::Choice(choice) => {
                for (_, expectations) in &choice.answers {
                    self.expectations(expectations);
                }
            }
            Action::OneOf(one) => self.expectations(std::slice::from_ref(&one.expectation)),
            Action::Wait(_) | Action::Hooks(_) | Action::Broker(_) => {}
        }
    }

    fn sends(&mut self, place: Place, client: ClientIndex, action: &ClientAction) {
        match action {
            ClientAction::Exchange(Exchange { packet, .. })
            | ClientAction::Send(SendBytes::Packet(packet)) => self.packet(place, client, packet),
            ClientAction::Batch(actions)
            | ClientAction::Frame(FrameTemplate {
                content: FrameContent::Packets(actions),
                ..
            }) => {
                for action in actions {
                    self.sends(place, client, action);
                }
            }
            _ => {}
        }
    }

    fn packet(&mut self, place: Place, client: ClientIndex, packet: &PacketTemplate) {
        for field in &packet.fields {
            self.used(&field.value, field.place);
        }
        for filter in &packet.filters {
            self.used(&filter.filter, place);
        }
        if packet.packet_type == PacketType::CONNECT
            && let Some(client) = self.scene.clients.get(client.0)
        {
            self.used(&client.id, place);
        }
    }

    fn receives(&mut self, action: &ClientAction) {
        match action {
            ClientAction::Exchange(Exchange {
                answer: Answer::Fields(fields),
                ..
            }) => self.fields(fields),
            ClientAction::Expect(expectations) => self.expectations(expectations),
            ClientAction::Open(Some(Opening {
                answer: UpgradeAnswer::Fields(fields),
                ..
            })) => self.fields(fields),
            _ => {}
        }
    }

    fn expectations(&mut self, expectations: &[Expectation]) {
        for expectation in expectations {
            match &expectation.pattern {
                Pattern::Packet(pattern) => self.fields(&pattern.fields),
                Pattern::Frame(pattern) => self.fields(&pattern.fields),
                Pattern::Upgrade(fields) => self.fields(fields),
                Pattern::Unordered(patterns) => {
                    for pattern in patterns {
                        self.fields(&pattern.fields);
                    }
                }
                Pattern::InOrder(inner) => self.expectations(inner),
                Pattern::AnyOf(alternatives) => {
                    for alternative in alternatives {
                        self.expectations(alternative);
                    }
                }
                Pattern::Closed { .. } | Pattern::Refused(_) | Pattern::Silence { .. } => {}
            }
        }
    }

    fn fields(&mut self, fields: &[FieldMatch]) {
        for field in fields {
            match &field.matcher {
                Matcher::Is(Expr::Name(name)) => {
                    self.bound.insert(name.clone());
                }
                matcher => self.compared(matcher, field.place),
            }
        }
    }

    fn judged_only(&mut self, pattern: &PacketPattern) {
        for field in &pattern.fields {
            self.compared(&field.matcher, field.place);
        }
    }

    fn compared(&mut self, matcher: &Matcher, place: Place) {
        match matcher {
            Matcher::Is(expr) => self.used(expr, place),
            Matcher::Not(inner) => self.compared(inner, place),
            Matcher::OneOf(inner) => {
                for matcher in inner {
                    self.compared(matcher, place);
                }
            }
            Matcher::Between { at_least, at_most } => {
                for expr in at_least.iter().chain(at_most) {
                    self.used(expr, place);
                }
            }
            _ => {}
        }
    }

    fn used(&mut self, expr: &Expr, place: Place) {
        match expr {
            Expr::Literal(_) | Expr::Connack { .. } | Expr::ScramFinal(_) => {}
            Expr::Name(name) => {
                if !self.bound.contains(name) {
                    let title = format!("nothing binds `${name}` before this");
                    let mut diagnostic = self.scope.at(place, title);
                    diagnostic.label = self
                        .scope
                        .suggest(name, self.bound.iter().map(String::as_str));
                    if diagnostic.label.is_none() {
                        diagnostic.hint = Some(format!(
                            "bind it in an expectation, `expect: {{ publish: {{ packet_id: ${name} }} }}`, or in a row, or write `{{ text: … }}` for literal text"
                        ));
                    }
                    self.scope.add(diagnostic);
                }
            }
            Expr::Arithmetic { left, right, .. } => {
                self.used(left, place);
                self.used(right, place);
            }
            Expr::Joined(parts) => {
                for part in parts {
                    self.used(part, place);
                }
            }
            Expr::Size(size) => self.used(size, place),
            Expr::Repeated { times, .. } => self.used(times, place),
        }
    }
}
