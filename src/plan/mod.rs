//! Turns a scene into a plan: every step becomes a list of what is done and what is waited for.
//!
//! Input: a [`Scene`]. Output: a [`Plan`], in which handshakes are spelled out, defaults are filled in, and the needs
//! of the case are known. Nothing here does I/O.

mod compile;
mod handshake;
mod needs;
mod rumqttc;
mod scram;
mod skip;
mod stake;
mod witness;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::scenario::model::{
    Action, BrokerAction, Choice, ClientAction, ClientIndex, DropHow, Expectation, Expr, HookList,
    Level, Literal, OneOf, Opcode, PacketTemplate, Scene, Settings, Step, each_step,
};

pub use compile::Planner;
pub use needs::Need;
pub use skip::{Skip, SkipCode, SkipKind};
pub use stake::Stake;
pub use witness::witness;

/// The number of a step, in the order of the file. Steps inside `parallel` are counted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepIndex(pub usize);

/// A scene that is ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub scene: Scene,
    pub steps: Vec<PlannedStep>,
    pub control: Option<PlannedControl>,
    /// What a target must offer.
    pub needs: Vec<Need>,
    /// The longest time that a single step of the scene must wait.
    pub longest_wait: Duration,
    /// Whether the scene expects something that must not be received before a certain time.
    pub has_earliest: bool,
    /// Whether the case sends so much that no other such case is played at the same time.
    pub is_large: bool,
}

/// The control: the scene without the cause under test.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedControl {
    pub settings: Arc<Settings>,
    /// The settings that a broker must have for the control.
    pub required: Arc<Settings>,
    /// The steps of the scene without those left out. Their expectations are not judged.
    pub steps: Vec<PlannedStep>,
    /// The expectations at the end. These are judged.
    pub expect: Vec<PlannedStep>,
}

/// The broker settings of a scene or of its control.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// All settings, including those that are only preferred.
    pub settings: &'p Settings,
    /// The settings that the broker must have.
    pub required: &'p Settings,
}

/// A step with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    pub index: StepIndex,
    /// The step of the scenario, with its place, label, clauses and level.
    pub step: Arc<Step>,
    pub body: Body,
}

impl Plan {
    /// Returns the settings that a broker must have for the scene, and for its control if it has one.
    pub fn required(&self) -> impl Iterator<Item = &Settings> {
        let control = self.control.as_ref().map(|control| &*control.required);
        std::iter::once(&*self.scene.required).chain(control)
    }

    /// Returns the scene, and its control if it has one.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let control = self.control.as_ref().map(|control| Part {
            settings: &control.settings,
            required: &control.required,
        });
        let scene = Part {
            settings: &self.scene.settings,
            required: &self.scene.required,
        };
        std::iter::once(scene).chain(control)
    }

    /// Returns the Client Identifiers of the clients whose connections an administrator closes, as far as they are
    /// known before the play.
    pub fn kicked(&self) -> Vec<String> {
        let mut out = Vec::new();
        each_step(&self.scene.steps, &mut |step| {
            if let Action::Broker(BrokerAction::Kick { client, .. }) = &step.action
                && let Expr::Literal(Literal::Bytes(id)) = &self.scene.clients[client.0].id
                && let Ok(id) = std::str::from_utf8(id)
                && !out.iter().any(|known| known == id)
            {
                out.push(id.to_owned());
            }
        });
        out
    }

    /// Returns whether the case does nothing but connect and ping, and expects both to succeed.
    pub fn only_greets(&self) -> bool {
        witness::only_greets(self)
    }

    /// Returns whether the case checks hook events of the broker.
    pub fn has_hooks(&self) -> bool {
        fn any(steps: &[PlannedStep]) -> bool {
            let is_one =
                |step: &PlannedStep| matches!(step.body, Body::Hooks(_)) || any(step.body.inner());
            steps.iter().any(is_one)
        }
        any(&self.steps)
    }
}

impl PlannedStep {
    /// Returns the level at which the step is judged.
    pub fn level(&self) -> Level {
        self.step.level
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Client {
        client: ClientIndex,
        /// Shared with the control, where it plays the same step.
        operations: Arc<[Operation]>,
    },
    Wait(Duration),
    Hooks(HookList),
    Broker(BrokerAction),
    Choice(Choice),
    OneOf(OneOf),
    Parallel(Vec<PlannedStep>),
    Rounds(PlannedRounds),
}

/// Steps that are repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRounds {
    pub times: u64,
    /// The variable that counts the rounds, from 1.
    pub counter: Option<String>,
    pub steps: Vec<PlannedStep>,
}

impl Body {
    /// Returns the steps inside a `parallel` or a repeat.
    pub fn inner(&self) -> &[PlannedStep] {
        match self {
            Self::Parallel(steps) => steps,
            Self::Rounds(rounds) => &rounds.steps,
            _ => &[],
        }
    }
}

/// Returns the step with this number. Steps inside other steps are found too.
pub fn find_step(steps: &[PlannedStep], index: StepIndex) -> Option<&PlannedStep> {
    steps.iter().find_map(|step| match step.index == index {
        true => Some(step),
        false => find_step(step.body.inner(), index),
    })
}

/// Returns how many steps are played at most. Every round of a repeat counts.
pub fn steps_played(steps: &[PlannedStep]) -> usize {
    let one = |step: &PlannedStep| {
        let inner = steps_played(step.body.inner());
        1 + match &step.body {
            Body::Rounds(rounds) => {
                inner.saturating_mul(usize::try_from(rounds.times).unwrap_or(usize::MAX))
            }
            _ => inner,
        }
    };
    steps.iter().map(one).fold(0, usize::saturating_add)
}

/// One thing that a client does.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Connects a new transport for a CONNECT, unless there is one on which nothing has been sent yet. An earlier
    /// transport that is still open is closed first.
    Open,
    /// Always connects a new transport. `Some` is for a WebSocket: it offers these subprotocols, and the answer to the
    /// upgrade is left to the next [`Operation::Await`], if any.
    OpenNew(Option<Vec<String>>),
    /// Connects a transport if the client has not connected one yet. A closed one is not replaced.
    OpenIfClosed,
    /// Sends everything in one write.
    Send(Vec<Outgoing>),
    /// Sends these items in WebSocket frames with this framing.
    SendFramed(Vec<Outgoing>, Framing),
    /// Waits for something and judges it.
    Await(Awaited),
    /// Closes the sending side and waits until the broker has closed the connection too.
    Finish,
    Drop(DropHow),
}

/// How bytes are put into WebSocket frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    pub opcode: Opcode,
    /// Whether the last frame ends the message.
    pub fin: bool,
    pub reserved: u8,
    pub masked: bool,
    /// The payload of each frame, in bytes. `None` puts everything into one frame.
    pub pieces_of: Option<usize>,
    /// Whether the pieces are fragments of one message.
    pub fragmented: bool,
    /// The length of each write, in bytes, across frame boundaries. `None` writes everything at once.
    pub cut_every: Option<NonZeroUsize>,
}

impl Framing {
    /// Returns whether an MQTT client may send such frames.
    pub fn is_right(&self) -> bool {
        let form = self.masked && self.reserved == 0;
        form && self.fin
            && match self.opcode {
                Opcode::BINARY => true,
                Opcode::PING | Opcode::PONG | Opcode::CLOSE => self.pieces_of.is_none(),
                _ => false,
            }
    }

    /// Returns whether the payload of the frames belongs to MQTT.
    pub fn is_data(&self) -> bool {
        !self.opcode.is_control()
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    Packet(PacketTemplate),
    Bytes(bytes::Bytes),
}

/// An expectation and its purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Awaited {
    pub expectation: Expectation,
    /// Whether it is the acknowledgement of what this step sent, and so has the same Packet Identifier.
    pub answers_sent: bool,
    /// Whether the rest of the step is skipped if this is not met. A PUBREC with a failure ends the exchange.
    pub gate: bool,
    /// Whether it is the CONNACK of a connection that is meant to stay open. Without it the client is not connected.
    pub connects: bool,
    /// Whether later steps depend on which answer was received.
    pub decides: bool,
}

/// Plans a scene.
///
/// # Errors
/// Returns every error of the scene.
pub fn plan(scene: Scene) -> Result<Plan, Vec<Diagnostic>> {
    Planner::default().plan(scene)
}

/// Visits every client action of these steps, including those inside other steps.
fn client_actions<'a>(
    steps: &'a [Arc<Step>],
    visit: &mut dyn FnMut(&'a Step, ClientIndex, &'a ClientAction),
) {
    use crate::scenario::model::Action;
    for step in steps {
        match &step.action {
            Action::Client { client, action } => visit(step, *client, action),
            other => client_actions(other.inner(), visit),
        }
    }
}
