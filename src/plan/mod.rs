//! A scene made ready to be played: every step as a list of what is done and what is waited for.
//!
//! A [`Scene`] goes in; a [`Plan`] comes out, in which handshakes are spelled out, defaults filled in, and what the
//! case needs of a target is known. Nothing here does I/O.

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

pub use needs::Need;
pub use skip::{Skip, SkipCode, SkipKind};
pub use stake::Stake;
pub use witness::witness;

/// A step's number, in the order of the file; those inside `parallel` are counted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepIndex(pub usize);

/// A scene made ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub scene: Scene,
    pub steps: Vec<PlannedStep>,
    pub control: Option<PlannedControl>,
    /// What a target must offer, and what asks for it.
    pub needs: Vec<Need>,
    /// The longest single span that the protocol makes the scene wait.
    pub longest_wait: Duration,
    /// Whether something in the scene must not be received before its time.
    pub has_earliest: bool,
    /// Whether it sends so much that no other such case is played at the same time.
    pub is_large: bool,
}

/// The scene without the cause under test.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedControl {
    pub settings: Arc<Settings>,
    /// What a broker must be configured with for it.
    pub required: Arc<Settings>,
    /// The scene's steps, less those left out. Their expectations are not judged.
    pub steps: Vec<PlannedStep>,
    /// What must hold at the end.
    pub expect: Vec<PlannedStep>,
}

/// What a broker is to be configured with for a scene, or for its control.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// All of it, what is only preferred included.
    pub settings: &'p Settings,
    /// What it must be.
    pub required: &'p Settings,
}

/// One step with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    pub index: StepIndex,
    /// Its place, words, clauses and level.
    pub step: Arc<Step>,
    pub body: Body,
}

impl Plan {
    /// What a broker must be configured with for the scene, and for its control if it has one.
    pub fn required(&self) -> impl Iterator<Item = &Settings> {
        let control = self.control.as_ref().map(|control| &*control.required);
        std::iter::once(&*self.scene.required).chain(control)
    }

    /// The scene, and its control if it has one.
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

    /// Client Identifiers of the clients whose connections an administrator ends, as far as they are known beforehand.
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

    /// Whether the case is about nothing but connecting and pinging with success.
    pub fn only_greets(&self) -> bool {
        witness::only_greets(self)
    }

    /// Whether it looks at hook events of the broker.
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
    /// The level at which the step is judged.
    pub fn level(&self) -> Level {
        self.step.level
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Client {
        client: ClientIndex,
        /// The control has the scene's own where it plays the same step.
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

/// Steps that are played over and over.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRounds {
    pub times: u64,
    /// The name that counts the rounds from 1.
    pub counter: Option<String>,
    pub steps: Vec<PlannedStep>,
}

impl Body {
    /// The steps inside of a parallel or of rounds.
    pub fn inner(&self) -> &[PlannedStep] {
        match self {
            Self::Parallel(steps) => steps,
            Self::Rounds(rounds) => &rounds.steps,
            _ => &[],
        }
    }
}

/// The step of this number, those inside of others included.
pub fn find_step(steps: &[PlannedStep], index: StepIndex) -> Option<&PlannedStep> {
    steps.iter().find_map(|step| match step.index == index {
        true => Some(step),
        false => find_step(step.body.inner(), index),
    })
}

/// How many steps are played at most, every round counted.
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
    /// Connects a new transport for a CONNECT, unless there is one on which nothing has been sent. A former one that
    /// is still open is dropped first.
    Open,
    /// Connects a new transport, whatever there was. With subprotocols, which a WebSocket has: that offers these, and
    /// leaves what is answered to be looked at.
    OpenNew(Option<Vec<String>>),
    /// Connects a transport if there is no open one.
    OpenIfClosed,
    /// One write.
    Send(Vec<Outgoing>),
    /// Frames as they are said, with these in them.
    SendFramed(Vec<Outgoing>, Framing),
    /// Waits for something and judges it.
    Await(Awaited),
    /// Closes the sending side and waits until the broker has closed too.
    Finish,
    Drop(DropHow),
}

/// How bytes go into frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    pub opcode: Opcode,
    /// Whether the message ends with them.
    pub fin: bool,
    pub reserved: u8,
    pub masked: bool,
    /// So many bytes a frame; all in one if `None`.
    pub pieces_of: Option<usize>,
    /// Whether the pieces are fragments of one message.
    pub fragmented: bool,
    /// So many bytes a write, whatever frames they belong to; all in one if `None`.
    pub cut_every: Option<NonZeroUsize>,
}

impl Framing {
    /// Whether a client of MQTT may send such frames.
    pub fn is_right(&self) -> bool {
        let form = self.masked && self.reserved == 0;
        form && self.fin
            && match self.opcode {
                Opcode::BINARY => true,
                Opcode::PING | Opcode::PONG | Opcode::CLOSE => self.pieces_of.is_none(),
                _ => false,
            }
    }

    /// Whether what is in the frames is for MQTT.
    pub fn is_data(&self) -> bool {
        !self.opcode.is_control()
    }
}

/// Something to be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    Packet(PacketTemplate),
    Bytes(bytes::Bytes),
}

/// An expectation and its purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct Awaited {
    pub expectation: Expectation,
    /// The acknowledgement of what this step sent: taken by that Packet Identifier.
    pub answers_sent: bool,
    /// If this does not hold, the rest of the step is not played: PUBREC with a failure ends the exchange.
    pub gate: bool,
    /// The CONNACK of a connection that is meant to stand: without it the client is not connected.
    pub connects: bool,
    /// Steps that follow depend on which answer it is.
    pub decides: bool,
}

/// Makes a scene ready.
///
/// # Errors
/// Everything that is wrong with it.
pub fn plan(scene: Scene) -> Result<Plan, Vec<Diagnostic>> {
    compile::compile(scene)
}

/// Every client action of a step, those inside `parallel` included.
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
