//! The record of one play: connections, packets in both directions, and the result of each step.

use serde::{Deserialize, Serialize};

use super::case::{Level, is_zero};
use super::values::Field;

/// The record of one play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Play {
    /// The prefix of client identifiers and topics in the bytes, on a shared broker; empty on a broker of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The clients, in the order in which the scenario declares them.
    pub clients: Vec<Client>,
    /// The connections, in the order in which they were opened.
    pub lanes: Vec<Lane>,
    /// The events, in the order in which they were seen.
    pub events: Vec<Event>,
    /// Events between the first and the last that are not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Hook events of the broker, if the target reports them.
    pub hooks: Vec<Hook>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hooks_left_out: usize,
    /// Every step once, including nested ones.
    pub steps: Vec<Step>,
    /// The results of the steps, in the order in which they were played. A step of a repeat is listed once per round.
    pub played: Vec<Played>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub played_left_out: usize,
    /// The log of a broker that the run started, during the play: all lines if the play had the broker to itself, else
    /// those that name its clients and topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// Lines between the first and the last that are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_left_out: usize,
    /// Why the play was aborted, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// The longest delay that this machine caused.
    pub late_us: u64,
    /// The record in the notation of snapshots, with the harness's own pings.
    pub text: String,
}

/// A line of the broker's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogLine {
    /// When it was seen, in microseconds since the play began.
    pub at_us: u64,
    pub text: String,
}

/// A client of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Client {
    pub name: String,
    /// Its version of MQTT.
    pub version: String,
    /// The node of the target that it connects to, from 0.
    pub node: usize,
    pub transport: Transport,
    /// `wire` for the harness itself, else the library that plays it.
    pub driver: String,
}

/// What carries MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The transport of the target's first URL.
    Default,
    Tcp,
    Websocket,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lane {
    /// The index of the client, from 0.
    pub client: usize,
    /// The name that the texts of events use: the client's name; `first#2` for its second connection.
    pub name: String,
    /// 1 for the client's first.
    pub connection: u32,
    /// The node that the connection goes to, if that is not the client's `node`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
}

/// One thing that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Its number in the whole record, from 0.
    pub number: usize,
    /// Microseconds since the play began.
    pub at_us: u64,
    /// The index of the lane, from 0.
    pub lane: usize,
    pub direction: Direction,
    pub kind: EventKind,
    /// How the connection ended, if the kind is `closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The event on one line: `first < PUBACK packet_id=1`. `None` if another event shows it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The type of the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet: Option<String>,
    /// The fields of the packet in wire order, without the prefix of topics and client identifiers on a shared broker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The bytes on the wire, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
    /// How many more bytes followed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_left_out: usize,
    /// Whether it is traffic of the harness itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
    /// Whether the client did it automatically, such as an acknowledgement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub automatic: bool,
    /// The step that was being played.
    pub during: usize,
    /// The step that sent or matched it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

/// The side that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The client.
    Sent,
    /// The broker.
    Received,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Opened,
    /// The answer to an upgrade to WebSocket.
    Upgrade,
    /// A WebSocket frame that is not part of a packet.
    Frame,
    Packet,
    /// A malformed packet.
    Malformed,
    /// Bytes that are not a packet.
    Bytes,
    /// The first bytes of a packet that a close cut off.
    Truncated,
    /// A WebSocket frame that a broker must not send.
    WrongFrame,
    /// Text in place of an event, or of several, that was left out to keep the record short.
    Condensed,
    Closed,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Close,
    Reset,
    /// The side closed only its sending half.
    HalfClose,
}

/// Events that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// The number of events.
    pub events: usize,
    /// The number of the event that they follow.
    pub after: usize,
}

/// One event of the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hook {
    /// Microseconds since the play began; `None` if the source does not report the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// The step that was being played.
    pub during: usize,
    /// `session.created`.
    pub name: String,
    pub fields: Vec<HookField>,
    /// On one line.
    pub text: String,
}

/// A field of an event of the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HookField {
    pub name: String,
    pub value: String,
}

/// What a client does or expects at one place of the scenario, and the clauses that this tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    pub number: usize,
    /// The text of the step.
    pub label: String,
    /// The line of the step in its file, from 1.
    pub line: u32,
    /// The column of the step in its line, in characters from 1.
    pub column: u32,
    /// The index of the client that acts in it, from 0; `None` if it concerns the whole scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<usize>,
    pub level: Level,
    pub clauses: Vec<String>,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Played {
    /// The step's number.
    pub step: usize,
    /// When it began, in microseconds since the play began.
    pub began_us: u64,
    /// Why it could not be played, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_reached: Option<String>,
    /// Its waits, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
}

/// The result of a wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wait {
    pub ended: Ended,
    /// Numbers of the events that it matched.
    pub took: Vec<usize>,
    /// The start of its limits, in microseconds since the play began.
    pub since_us: u64,
    /// Its time limit, in microseconds.
    pub limit_us: u64,
    /// When it ended.
    pub at_us: u64,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Complete,
    TimedOut,
    Closed,
    Reset,
    NoConnection,
}

impl Play {
    /// The client of an event's connection.
    pub fn client_of(&self, event: &Event) -> usize {
        self.lanes.get(event.lane).map_or(0, |lane| lane.client)
    }

    /// The node that a connection goes to.
    pub fn node_of(&self, lane: usize) -> usize {
        let known = self.lanes.get(lane);
        let client = || self.clients.get(known?.client);
        let of_client = || client().map(|client| client.node);
        let own = known.and_then(|lane| lane.node);
        own.or_else(of_client).unwrap_or_default()
    }

    /// The nodes that a client's connections go to, each once. A client without a connection has the node of its scenario.
    pub fn nodes_of(&self, client: usize) -> Vec<usize> {
        let lanes = self.lanes.iter().enumerate();
        let lanes = lanes.filter(|(_, lane)| lane.client == client);
        let mut nodes: Vec<usize> = Vec::new();
        for node in lanes.map(|(lane, _)| self.node_of(lane)) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        if nodes.is_empty() {
            nodes.extend(self.clients.get(client).map(|client| client.node));
        }
        nodes
    }

    /// The numbers of the events that a step took. For a step in a repeat, those of the last round that is listed.
    pub fn taken_by(&self, step: usize) -> Vec<usize> {
        let last = self.played.iter().rev().find(|played| played.step == step);
        let waits = last.into_iter().flat_map(|played| &played.waits);
        waits.flat_map(|wait| wait.took.iter().copied()).collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
