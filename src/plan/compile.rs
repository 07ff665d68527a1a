//! Turns the steps of a scene into operations.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::PacketType;
use mqtt_check_websocket::MQTT;

use super::{
    Awaited, Body, Framing, Operation, Outgoing, Plan, PlannedControl, PlannedRounds, PlannedStep,
    StepIndex, handshake, needs, rumqttc, scram,
};
use crate::diagnostic::{Diagnostic, Source};
use crate::scenario::model::{
    Action, ClientAction, ClientIndex, DropHow, Exchange, Expectation, Field, FrameContent,
    KeepAlive, Opening, PacketTemplate, Pattern, Scene, SendBytes, Step, Transport, UpgradeAnswer,
};
use crate::scenario::sizes::is_large;

/// The operations that scenes of one file have had for a step that they share, by the address of the step. They depend
/// on the client too, so a step may have several.
type Shared = HashMap<*const Step, Vec<Arc<[Operation]>>>;

/// How many different operations are compared with new ones.
const COMPARED: usize = 8;

/// Plans scenes. What scenes of the same file have in common is stored once.
#[derive(Debug, Default)]
pub struct Planner {
    /// The file of the last scene.
    source: Option<Arc<Source>>,
    shared: Shared,
}

impl Planner {
    /// Plans a scene.
    ///
    /// # Errors
    /// Returns every error of the scene.
    pub fn plan(&mut self, scene: Scene) -> Result<Plan, Vec<Diagnostic>> {
        let is_same = |known: &Arc<Source>| Arc::ptr_eq(known, &scene.source);
        if !self.source.as_ref().is_some_and(is_same) {
            self.source = Some(Arc::clone(&scene.source));
            self.shared.clear();
        }
        compile(scene, &mut self.shared)
    }
}

fn compile(scene: Scene, shared: &mut Shared) -> Result<Plan, Vec<Diagnostic>> {
    let mut compiler = Compiler {
        scene: &scene,
        next: 0,
        shared,
        compiled: HashMap::new(),
        problems: Vec::new(),
    };
    let steps = compiler.steps(&scene.steps);
    let control = scene.control.as_ref().map(|control| {
        compiler.next = 0;
        let played: Vec<Arc<Step>> = scene
            .steps
            .iter()
            .filter(|s| !matches!(&s.id, Some(id) if control.without.contains(id)))
            .map(|s| {
                let instead = control
                    .with
                    .iter()
                    .find(|(id, _)| Some(id) == s.id.as_ref());
                let Some((_, step)) = instead else {
                    return Arc::clone(s);
                };
                // The replacement is played under the conditions of the step that it replaces.
                Arc::new(Step {
                    when: s.when.clone(),
                    ..Step::clone(step)
                })
            })
            .collect();
        PlannedControl {
            settings: control
                .settings
                .clone()
                .unwrap_or_else(|| scene.settings.clone()),
            required: control.required.clone(),
            steps: compiler.steps(&played),
            expect: compiler.steps(&control.expect),
        }
    });
    let mut problems = compiler.problems;
    problems.extend(rumqttc::refused(&scene));
    if !problems.is_empty() {
        return Err(problems);
    }
    let longest_wait = longest_wait(&steps).max(
        control
            .as_ref()
            .map_or(Duration::ZERO, |c| longest_wait(&c.steps)),
    );
    Ok(Plan {
        needs: needs::of(&scene),
        control,
        longest_wait,
        has_earliest: has_earliest(&steps),
        is_large: is_large(&scene.steps),
        steps,
        scene,
    })
}

struct Compiler<'a> {
    scene: &'a Scene,
    next: usize,
    shared: &'a mut Shared,
    /// The operations of the client steps of this scene so far, by the address of the step.
    compiled: HashMap<*const Step, Arc<[Operation]>>,
    problems: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn steps(&mut self, steps: &[Arc<Step>]) -> Vec<PlannedStep> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &Arc<Step>) -> PlannedStep {
        let index = StepIndex(self.next);
        self.next += 1;
        let body = match &step.action {
            Action::Client { client, action } => {
                let known = self.compiled.get(&Arc::as_ptr(step)).cloned();
                let operations = known.unwrap_or_else(|| {
                    let operations = self.operations(step, *client, action);
                    let operations = self.share(step, operations);
                    self.compiled
                        .insert(Arc::as_ptr(step), Arc::clone(&operations));
                    operations
                });
                Body::Client {
                    client: *client,
                    operations,
                }
            }
            Action::Wait(span) => Body::Wait(*span),
            Action::Hooks(list) => Body::Hooks(list.clone()),
            Action::Broker(action) => Body::Broker(action.clone()),
            Action::Choice(choice) => Body::Choice(choice.clone()),
            Action::OneOf(one) => Body::OneOf(one.clone()),
            Action::Parallel(steps) => Body::Parallel(self.steps(steps)),
            Action::Rounds(rounds) => Body::Rounds(PlannedRounds {
                times: rounds.times,
                counter: rounds.counter.clone(),
                steps: self.steps(&rounds.steps),
            }),
        };
        PlannedStep {
            index,
            step: Arc::clone(step),
            body,
        }
    }

    /// Returns equal operations that another scene has had for this step, or else these.
    fn share(&mut self, step: &Arc<Step>, operations: Vec<Operation>) -> Arc<[Operation]> {
        let known = self.shared.entry(Arc::as_ptr(step)).or_default();
        if let Some(known) = known.iter().find(|known| known[..] == operations[..]) {
            return Arc::clone(known);
        }
        let operations: Arc<[_]> = operations.into();
        if known.len() < COMPARED {
            known.push(Arc::clone(&operations));
        }
        operations
    }

    fn operations(
        &mut self,
        step: &Step,
        client: ClientIndex,
        action: &ClientAction,
    ) -> Vec<Operation> {
        match action {
            ClientAction::Open(opening) => self.open(step, client, opening.as_ref()),
            ClientAction::Exchange(exchange) => {
                let exchange = Exchange {
                    packet: self.identified(client, &exchange.packet),
                    ..exchange.clone()
                };
                let client = &self.scene.clients[client.0];
                match &exchange.scram {
                    Some(scram) => scram::operations(&exchange, scram, client, step.place),
                    None => handshake::operations(&exchange, client.version, step.place),
                }
            }
            ClientAction::Send(send) => {
                vec![
                    Operation::OpenIfClosed,
                    Operation::Send(vec![self.outgoing(client, send)]),
                ]
            }
            ClientAction::Batch(actions) => {
                let (open, items) = self.outgoing_of(step, client, actions);
                vec![open, Operation::Send(items)]
            }
            ClientAction::Frame(frame) => {
                let (open, items) = match &frame.content {
                    FrameContent::Bytes(bytes) => (
                        Operation::OpenIfClosed,
                        vec![Outgoing::Bytes(bytes.clone())],
                    ),
                    FrameContent::Packets(actions) => self.outgoing_of(step, client, actions),
                };
                let framing = Framing {
                    opcode: frame.opcode,
                    fin: frame.fin,
                    reserved: frame.reserved,
                    masked: frame.masked,
                    pieces_of: frame.pieces_of,
                    fragmented: frame.fragmented,
                    cut_every: frame.cut_every,
                };
                vec![open, Operation::SendFramed(items, framing)]
            }
            ClientAction::Drop(DropHow::Close) => vec![Operation::Finish],
            ClientAction::Drop(how) => vec![Operation::Drop(*how)],
            ClientAction::Expect(expectations) => expectations
                .iter()
                .map(|expectation| {
                    Operation::Await(Awaited {
                        expectation: expectation.clone(),
                        answers_sent: false,
                        gate: false,
                        connects: false,
                        decides: false,
                    })
                })
                .collect(),
        }
    }

    /// Opens a new transport. If the client certainly uses WebSocket, the answer to the upgrade is awaited too.
    fn open(&self, step: &Step, client: ClientIndex, opening: Option<&Opening>) -> Vec<Operation> {
        if self.scene.clients[client.0].route.transport != Transport::WebSocket {
            return vec![Operation::OpenNew(None)];
        }
        let default = Opening {
            subprotocols: vec![MQTT.to_owned()],
            answer: UpgradeAnswer::Fields(Vec::new()),
        };
        let opening = opening.unwrap_or(&default);
        let open = Operation::OpenNew(Some(opening.subprotocols.clone()));
        let upgrade = handshake::upgrade(opening, step.place).map(Operation::Await);
        std::iter::once(open).chain(upgrade).collect()
    }

    /// Returns what these actions send, and the operation that opens the transport for it.
    fn outgoing_of(
        &mut self,
        step: &Step,
        client: ClientIndex,
        actions: &[ClientAction],
    ) -> (Operation, Vec<Outgoing>) {
        let mut items = Vec::new();
        let mut connects = false;
        for action in actions {
            match action {
                ClientAction::Exchange(exchange) => {
                    connects |= exchange.packet.packet_type == PacketType::CONNECT;
                    items.push(Outgoing::Packet(self.identified(client, &exchange.packet)));
                }
                ClientAction::Send(send) => items.push(self.outgoing(client, send)),
                _ => self.problem(step, "this action cannot be part of a batch"),
            }
        }
        let open = if connects {
            Operation::Open
        } else {
            Operation::OpenIfClosed
        };
        (open, items)
    }

    /// Adds the client's Client Identifier to a CONNECT. The parser has already added the client's other fields.
    fn identified(&self, client: ClientIndex, template: &PacketTemplate) -> PacketTemplate {
        let mut template = template.clone();
        if template.packet_type != PacketType::CONNECT {
            return template;
        }
        let client = &self.scene.clients[client.0];
        template.fields.push(Field {
            name: "client_id".into(),
            value: client.id.clone(),
            place: client.place,
        });
        template
    }

    fn outgoing(&self, client: ClientIndex, send: &SendBytes) -> Outgoing {
        match send {
            SendBytes::Bytes(bytes) => Outgoing::Bytes(bytes.clone()),
            SendBytes::Packet(template) => Outgoing::Packet(self.identified(client, template)),
        }
    }

    fn problem(&mut self, step: &Step, title: &str) {
        self.problems.push(Diagnostic {
            source: Arc::clone(&self.scene.source),
            place: Some(step.place),
            title: title.into(),
            label: None,
            hint: None,
        });
    }
}

/// Returns the longest time that a single step waits.
fn longest_wait(steps: &[PlannedStep]) -> Duration {
    steps
        .iter()
        .map(|step| match &step.body {
            Body::Wait(span) => *span,
            Body::Parallel(_) | Body::Rounds(_) => longest_wait(step.body.inner()),
            body => expectations(body)
                .into_iter()
                .map(demanded)
                .max()
                .unwrap_or_default(),
        })
        .max()
        .unwrap_or_default()
}

/// Returns whether these steps expect something that must not be received before a certain time.
fn has_earliest(steps: &[PlannedStep]) -> bool {
    steps
        .iter()
        .flat_map(|step| expectations(&step.body))
        .any(|expectation| expectation.not_before.is_some())
}

/// Returns what a step waits for.
fn expectations(body: &Body) -> Vec<&Expectation> {
    match body {
        Body::Client { operations, .. } => operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Await(awaited) => Some(&awaited.expectation),
                _ => None,
            })
            .collect(),
        Body::Choice(choice) => choice.answers.iter().flat_map(|(_, e)| e).collect(),
        Body::OneOf(one) => vec![&one.expectation],
        Body::Parallel(_) | Body::Rounds(_) => {
            let inner = body.inner().iter();
            inner.flat_map(|s| expectations(&s.body)).collect()
        }
        Body::Wait(_) | Body::Hooks(_) | Body::Broker(_) => Vec::new(),
    }
}

/// Returns how long an expectation waits even if the broker does everything right.
fn demanded(expectation: &Expectation) -> Duration {
    let inner = match &expectation.pattern {
        Pattern::Silence { span, .. } => *span,
        Pattern::InOrder(inner) => inner.iter().map(demanded).max().unwrap_or_default(),
        Pattern::AnyOf(alternatives) => alternatives
            .iter()
            .flatten()
            .map(demanded)
            .max()
            .unwrap_or_default(),
        Pattern::Packet(_)
        | Pattern::Closed { .. }
        | Pattern::Refused(_)
        | Pattern::Upgrade(_)
        | Pattern::Frame(_)
        | Pattern::Unordered(_) => Duration::ZERO,
    };
    let due = expectation.keep_alive.map(KeepAlive::due);
    inner
        .max(expectation.not_before.unwrap_or_default())
        .max(due.unwrap_or_default())
}
