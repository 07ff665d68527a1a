//! Steps, and what they do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::ReasonCode;

use super::{
    ClientIndex, Expectation, FieldMatch, FrameTemplate, HookList, Level, Opening, PacketTemplate,
    Refused, Scram,
};
use crate::diagnostic::Place;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The place of the action: the actor's key.
    pub place: Place,
    pub id: Option<String>,
    /// The step as written: `second: connect`.
    pub label: String,
    /// What the step judges: clauses of the case's version, then rules of other standards, such as `RFC 6455, 5.5.2`.
    pub clauses: Vec<String>,
    pub level: Level,
    pub note: Option<String>,
    /// Choices, and the answers that they must have had.
    pub when: Vec<(String, String)>,
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Client {
        client: ClientIndex,
        action: ClientAction,
    },
    Wait(Duration),
    Hooks(HookList),
    Broker(BrokerAction),
    Choice(Choice),
    OneOf(OneOf),
    Parallel(Vec<Arc<Step>>),
    /// A folded `repeat`. Any other is expanded by the parser, with `$i` filled in.
    Rounds(Rounds),
}

/// Steps that are played in a loop instead of being expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    pub times: u64,
    /// The name of the counter, which starts at 1.
    pub counter: Option<String>,
    /// Only actions of clients, and waits.
    pub steps: Vec<Arc<Step>>,
}

impl Action {
    /// Returns the steps inside a `parallel` or inside rounds.
    pub fn inner(&self) -> &[Arc<Step>] {
        match self {
            Self::Parallel(steps) => steps,
            Self::Rounds(rounds) => &rounds.steps,
            _ => &[],
        }
    }
}

/// Visits every step in the order of the file, nested steps included.
pub fn each_step<'s>(steps: &'s [Arc<Step>], visit: &mut dyn FnMut(&'s Step)) {
    for step in steps {
        visit(step);
        each_step(step.action.inner(), visit);
    }
}

/// What a client does.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAction {
    /// For a client on a WebSocket, with the details of the upgrade.
    Open(Option<Opening>),
    /// `connect`, `publish`, `subscribe`, `unsubscribe`, the acknowledgements, `ping`, `auth`, `disconnect`.
    Exchange(Exchange),
    Send(SendBytes),
    /// Several packets in one write. Contains only `Exchange`s without an expected answer, and `Send`s.
    Batch(Vec<ClientAction>),
    /// WebSocket frames exactly as described.
    Frame(FrameTemplate),
    Drop(DropHow),
    Expect(Vec<Expectation>),
}

/// A packet, and the answer that the step waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub packet: PacketTemplate,
    pub answer: Answer,
    /// The time limit for the answer; `None` means the target's.
    pub within: Option<Duration>,
    /// For a QoS 2 PUBLISH: stop after PUBREC.
    pub until_pubrec: bool,
    /// For a DISCONNECT: leave the transport open.
    pub keep_open: bool,
    /// For a CONNECT or AUTH that begins a SCRAM exchange.
    pub scram: Option<Box<Scram>>,
}

/// The expected answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Send only.
    None,
    /// The next packet of the handshake, with these fields. It must be a success unless they say otherwise.
    Fields(Vec<FieldMatch>),
    Refused(Refused),
}

/// What `send` sends.
#[derive(Debug, Clone, PartialEq)]
pub enum SendBytes {
    /// Bytes given in notation.
    Bytes(Bytes),
    /// A packet, sent whatever the state of the connection. The step waits for nothing.
    Packet(PacketTemplate),
}

/// How a transport is ended without DISCONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropHow {
    Close,
    HalfClose,
    Reset,
}

/// The `broker` action.
#[derive(Debug, Clone, PartialEq)]
pub enum BrokerAction {
    Kick {
        client: ClientIndex,
        reason: ReasonCode,
    },
    Redirect {
        client: ClientIndex,
        reason: ReasonCode,
        server_reference: Option<String>,
        at_connect: bool,
    },
    Restart,
    Stop,
    /// Ends the broker without warning and starts it again.
    Kill,
    /// An action on one node of several.
    Node {
        node: usize,
        what: NodeAction,
    },
}

/// What an administrator can do to one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeAction {
    /// Ends the node without warning. It stays away until it is restarted.
    Kill,
    /// Stops the node gracefully. It stays away until it is restarted.
    Stop,
    /// Starts the node. One that runs is stopped first.
    Restart,
    /// Halts the node: its connections stay open, but it does nothing.
    Pause,
    /// Lets a paused node continue.
    Continue,
}

/// The `choice` action.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub name: String,
    /// A description that reports put before the answer.
    pub about: Option<String>,
    pub of: ClientIndex,
    /// Whether the answer naturally varies from play to play, so that a baseline does not expect the same one again.
    pub varies: bool,
    /// The answers, in the order in which they are tried.
    pub answers: Vec<(String, Vec<Expectation>)>,
}

/// The `one_of` action. The client that received the packet is the answer to a choice of this name. Steps that use the
/// names given here are expanded for each client, with a `when`.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOf {
    pub name: String,
    /// The clients and their names, in the order of the file.
    pub members: Vec<(String, ClientIndex)>,
    /// The one packet that a client must receive.
    pub expectation: Expectation,
}
