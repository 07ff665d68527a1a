//! The record of one play: connections, packets in both directions, and the result of each step.

use serde::{Deserialize, Serialize};

use super::case::{Level, is_zero};
use super::values::Field;

/// What was seen of one play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Play {
    /// What client identifiers and topics begin with in the bytes, on a shared broker; empty on one of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// In the order in which the scenario declares them.
    pub clients: Vec<Client>,
    /// One for each connection, in the order in which they were opened.
    pub lanes: Vec<Lane>,
    /// In the order in which they were seen.
    pub events: Vec<Event>,
    /// Events between the first and the last that are not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Events of the broker, where the target shows them.
    pub hooks: Vec<Hook>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hooks_left_out: usize,
    /// Every step once, those inside of others included.
    pub steps: Vec<Step>,
    /// How they went, in the order in which they were played; a step of a repeat is here once for each round.
    pub played: Vec<Played>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub played_left_out: usize,
    /// What a broker that the run started wrote meanwhile: all of it where the play had the broker for itself, else the lines
    /// that name its clients and topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// Lines between the first and the last that are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_left_out: usize,
    /// Why it could not go on to its end, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// The longest time by which this machine ran it later than due.
    pub late_us: u64,
    /// The record in the notation of snapshots, with the harness's own pings.
    pub text: String,
}

/// A line of the broker's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogLine {
    /// When it was seen, since the play began.
    pub at_us: u64,
    pub text: String,
}

/// A client of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Client {
    pub name: String,
    /// The version of MQTT that it speaks.
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
    /// Whatever the target's first URL names.
    Default,
    Tcp,
    Websocket,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lane {
    /// Which of the clients, from 0.
    pub client: usize,
    /// As the events' texts have it: the client's name; `first#2` for its second connection.
    pub name: String,
    /// 1 for the client's first.
    pub connection: u32,
}

/// One thing that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Its number in the whole record, from 0.
    pub number: usize,
    /// Microseconds since the play began.
    pub at_us: u64,
    /// Which of the lanes, from 0.
    pub lane: usize,
    pub direction: Direction,
    pub kind: EventKind,
    /// How the connection ended, of `closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// On one line: `first < PUBACK packet_id=1`. `None` for what another event shows already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The type of the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet: Option<String>,
    /// What is in the packet, in wire order; without the prefix that topics and client identifiers carry on a shared
    /// broker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// As they were on the wire, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
    /// How many more bytes there were behind those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_left_out: usize,
    /// Whether it was done for the harness's own sake.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
    /// Whether the client did it by itself, as acknowledging.
    #[serde(default, skip_serializing_if = "is_false")]
    pub automatic: bool,
    /// The step that was being played.
    pub during: usize,
    /// The step that sent or took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

/// Who did it.
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
    /// A WebSocket frame that is no part of a packet.
    Frame,
    Packet,
    /// A packet that breaks the standard.
    Malformed,
    /// Bytes that are no packet.
    Bytes,
    /// Bytes of a packet that a close cut off.
    Truncated,
    /// A WebSocket frame that a broker must not send.
    WrongFrame,
    /// The text of an event, or of several that were left out: a broker made the record long.
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
    /// Only what the side had to send came to its end.
    HalfClose,
}

/// Events that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// How many.
    pub events: usize,
    /// The number of the event that they follow.
    pub after: usize,
}

/// One event of the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hook {
    /// Microseconds since the play began; `None` where the source does not tell.
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

/// A step of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    pub number: usize,
    /// How it reads.
    pub label: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Which of the clients acts in it, from 0; `None` for what concerns the whole scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<usize>,
    pub level: Level,
    pub clauses: Vec<String>,
}

/// How a step went.
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
    /// What it waited for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
}

/// What a waiting brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wait {
    pub ended: Ended,
    /// Numbers of the events that it took.
    pub took: Vec<usize>,
    /// What its limits count from, in microseconds since the play began.
    pub since_us: u64,
    /// How long it would have waited at most.
    pub limit_us: u64,
    /// When it was decided.
    pub at_us: u64,
}

/// How a waiting ended.
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
