//! The record of a case: every packet, every broker event and the steps, so that it can be judged again later.

mod again;
mod condensed;
mod owed;
mod secrets;
pub mod text;
mod weight;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Frame, FrameError, Packet, PacketType, ProtocolVersion};

use mqtt_check_websocket::{Answer, Control, Fault, Frame as WebSocketFrame, Opcode};

pub use condensed::clipped;
pub use owed::{Debt, Owed};
pub use secrets::Secrets;
pub(crate) use text::ours_or_own;

pub use crate::plan::StepIndex;
use crate::scenario::model::{CaseId, ClientIndex};

/// An event, as an index into [`Transcript::events`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventIndex(pub usize);

/// A connection, as an index into [`Transcript::lanes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneIndex(pub usize);

/// Why a play was broken off that the user ended: it is nobody's fault and proves nothing.
pub const INTERRUPTED: &str = "interrupted";

/// So many bytes of a prefix are those of the run, the others tell its plays apart.
pub(crate) const RUN: usize = 4;

/// What was seen of one play of a scene, or of its control.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    pub case: CaseId,
    /// What stands before topics and Client Identifiers on the wire, and nowhere in what a user reads.
    pub prefix: String,
    /// A lane for each connection, in the order in which they were opened.
    pub lanes: Vec<Lane>,
    /// In the order in which they were seen.
    pub events: Vec<Event>,
    /// In the order in which they happened, as the target's source tells.
    pub hooks: Vec<HookRecord>,
    /// Whether the target shows hook events, and which it cannot.
    pub hook_source: HookSource,
    pub steps: Vec<StepRecord>,
    /// The repeats that are folded.
    pub rounds: Vec<RoundsRecord>,
    /// Choices and their answers.
    pub choices: Vec<(String, String)>,
    /// What client libraries did on their own side, in the order in which it happened. Never judged.
    pub facts: Vec<Fact>,
    /// Why the play could not go on to its end, if it could not.
    pub broken_off: Option<String>,
    /// The longest time by which we were run later than due: what was sent or read too late by it is ours. Zero where
    /// time is virtual.
    pub late: Duration,
    /// How long the way to the broker and back takes, as far as it counts. Zero where time is virtual.
    pub delay: Duration,
    /// How often the broker is known to look for clients that have been silent for too long, as its target file says.
    pub silence_check: Duration,
    /// What the play left on a shared broker and could not be cleared away, in words.
    pub left_behind: Vec<String>,
    /// What a broker that we started wrote meanwhile.
    pub log: BrokerLog,
}

/// What a broker that we started wrote during a play: all of it where the play had the broker for itself, else the lines
/// that name its clients and topics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerLog {
    pub lines: Vec<LogLine>,
    /// How many lines between the first and the last of these were not kept.
    pub left_out: usize,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was seen, since the play began.
    pub at: Duration,
    pub text: String,
}

impl Transcript {
    /// The topic of a received PUBLISH, through its alias if need be.
    pub fn topic(&self, event: EventIndex) -> Option<&ByteString> {
        match &self.events[event.0].what {
            What::Received {
                packet: Ok(Packet::Publish(publish)),
                topic,
                ..
            } => Some(topic.as_ref().unwrap_or(&publish.topic)),
            _ => None,
        }
    }

    /// Whether a topic, without the prefix of this play, is one of another play of the same run.
    pub fn is_of_another_play(&self, topic: &str) -> bool {
        let (Some(run), Some((level, _))) = (self.prefix.get(..RUN), topic.split_once('/')) else {
            return false;
        };
        let is_prefix = |text: &str| {
            text.len() == self.prefix.len()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        is_prefix(&self.prefix)
            && is_prefix(level)
            && level.starts_with(run)
            && level != self.prefix
    }

    /// Whether the broker did more in it than greet and part: it sent something of another kind, right or wrong.
    pub fn shows_service(&self) -> bool {
        self.received_types().any(|packet_type| {
            !matches!(
                packet_type,
                PacketType::CONNACK | PacketType::PINGRESP | PacketType::DISCONNECT
            )
        })
    }

    /// Whether a step was not reached since the case had failed.
    pub fn is_cut_short(&self) -> bool {
        let is_lost = |record: &StepRecord| matches!(record.not_reached, Some(NotReached::Lost(_)));
        self.steps.iter().any(is_lost)
    }

    /// What the broker sent most of, in words: `, 7000 of 7010 packets PINGRESP`. Empty where it sent no packet.
    pub fn most_frequent(&self) -> String {
        let mut counts = BTreeMap::<PacketType, usize>::new();
        for packet_type in self.received_types() {
            *counts.entry(packet_type).or_default() += 1;
        }
        let all: usize = counts.values().sum();
        match counts.into_iter().max_by_key(|(_, count)| *count) {
            Some((packet_type, count)) => format!(", {count} of {all} packets {packet_type}"),
            None => String::new(),
        }
    }

    /// What kinds of packets the broker sent, one for each.
    pub fn received_types(&self) -> impl Iterator<Item = PacketType> {
        self.events.iter().filter_map(|event| match &event.what {
            What::Received { frame, .. } => Some(frame.packet_type()),
            _ => None,
        })
    }
}

/// One connection of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    pub client: ClientIndex,
    /// The client's name.
    pub name: String,
    /// 1 for the client's first connection.
    pub connection: u32,
    pub version: ProtocolVersion,
}

/// One thing that happened on a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Since the scene began.
    pub at: Duration,
    pub lane: LaneIndex,
    /// The step that was being played.
    pub during: StepIndex,
    /// The step that sent or took it.
    pub taken_by: Option<StepIndex>,
    pub what: What,
}

/// What happened on a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Opened,
    /// The answer to an upgrade that a step looks at.
    Upgraded(Answer),
    /// A frame that is sent as a step says it. What is in it for MQTT is sent besides.
    SentFrame {
        frame: WebSocketFrame,
        /// Whether a client may send it.
        is_right: bool,
    },
    /// A frame that came and is no part of a message.
    Control(Control),
    Sent {
        bytes: Bytes,
        /// What it means, when it is a packet.
        packet: Option<Packet>,
        /// An acknowledgement or PINGREQ that the driver sends by itself.
        automatic: bool,
    },
    Received {
        frame: Frame,
        packet: Result<Packet, DecodeError>,
        /// What is wrong with a packet that means something all the same: a CONNACK is read leniently, so that the
        /// connection can be used.
        faults: Vec<DecodeError>,
        /// The topic behind a Topic Alias, of a PUBLISH that came without its topic.
        topic: Option<ByteString>,
        /// The type of the WebSocket message that it came in, if it came in one.
        carried_in: Option<Opcode>,
        /// Taken by the driver itself: PUBREL of an automatic exchange, PINGRESP of an automatic ping.
        automatic: bool,
    },
    /// A PINGREQ of the harness's own: by it silence is proven, or a broker hears of a client that is silent. No step and
    /// no rule is about it.
    OwnPing,
    /// The PINGRESP to one.
    OwnPong,
    /// Bytes that are no frame; nothing more is read.
    Garbage {
        bytes: Bytes,
        error: FrameError,
    },
    /// Bytes of a packet that the close cut off.
    Truncated {
        bytes: Bytes,
    },
    /// A WebSocket frame that a broker must not send, and its payload as far as it is there; nothing more is read.
    Fault {
        fault: Fault,
        bytes: Bytes,
    },
    /// Of a condensed record: the line that a report shows of an event, or of several that are left out.
    Shown {
        line: String,
        /// Whether we did it, or the driver for us.
        is_ours: bool,
        /// Whether it was done for the harness's own sake.
        is_own: bool,
    },
    /// The broker ended the transport.
    Closed(Ending),
    /// We ended the transport, or our half of it.
    Dropped(Ending),
}

/// How a transport ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Close,
    Reset,
    HalfClose,
}

/// One event of the broker, in the one vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRecord {
    /// Since the scene began; `None` when the source does not tell.
    pub at: Option<Duration>,
    /// The step after whose begin it was seen.
    pub during: StepIndex,
    /// `session.created`.
    pub name: String,
    /// Names and texts in the order of the reference.
    pub fields: Vec<(String, String)>,
}

/// Where hook events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookSource {
    /// The target shows none.
    None,
    /// It shows every event with every field.
    All,
    Shows(Vec<ShownEvent>),
}

/// An event that a target shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEvent {
    /// `client.connected`.
    pub name: String,
    pub fields: Vec<ShownField>,
    /// The number of its source. Order counts among the events of one source only.
    pub source: usize,
}

/// A field that every event of its name has, if it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownField {
    pub name: String,
    /// Of a field that has words: those that can stand there; where the source does not tell some from each other,
    /// these as one text, `normal/with_will`. Empty for other fields.
    pub words: Vec<String>,
}

impl HookSource {
    /// What is shown of events of this name, if they are shown; `None` inside if that is everything.
    pub fn event(&self, name: &str) -> Option<Option<&ShownEvent>> {
        match self {
            Self::None => None,
            Self::All => Some(None),
            Self::Shows(events) => events.iter().find(|e| e.name == name).map(Some),
        }
    }
}

impl ShownEvent {
    /// The field of this name, if it is shown.
    pub fn field(&self, name: &str) -> Option<&ShownField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl ShownField {
    /// How the source says this word: alone, or with others that it does not tell it from. `None` if it never does.
    pub fn known_word(&self, word: &str) -> Option<&str> {
        let told = self.words.iter().map(String::as_str);
        let mut told = told.filter(|told| *told == word || told.split('/').any(|w| w == word));
        told.next()
    }
}

/// Something that a client library did on its own side. It says nothing about the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Since the scene began.
    pub at: Duration,
    /// The step that was being played.
    pub during: StepIndex,
    pub client: ClientIndex,
    /// `resent PUBLISH 1 (QoS 1) with DUP 0`.
    pub text: String,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    pub step: StepIndex,
    /// Since the scene began.
    pub began: Duration,
    /// One for each waiting of the step, in order.
    pub outcomes: Vec<Outcome>,
    /// How many hook events had been seen when the step was over.
    pub hooks_seen: usize,
    /// Set when the step could not be played.
    pub not_reached: Option<NotReached>,
}

/// How a folded repeat went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundsRecord {
    pub step: StepIndex,
    /// Where each round that was played begins; a round that does not hold is the last.
    pub rounds: Vec<Round>,
    /// Where what came after the last begins.
    pub end: Round,
}

/// Where a round begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// In [`Transcript::events`].
    pub event: usize,
    /// In [`Transcript::steps`].
    pub record: usize,
}

impl RoundsRecord {
    /// Where the round of this number, counted from 0, begins, and where it ends.
    pub fn bounds(&self, round: usize) -> (Round, Round) {
        let at = |n: usize| self.rounds.get(n).copied().unwrap_or(self.end);
        (at(round), at(round + 1))
    }
}

/// Why a step could not be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReached {
    /// It had nothing left to send on.
    BrokerEnded,
    /// The broker accepts no connection any more.
    Unreachable(String),
    /// Something of our own side: what it needs has not happened.
    Because(String),
    /// The case had failed already, and nothing else depended on what the step would have waited for.
    Lost(String),
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokerEnded => f.write_str("the broker had closed the connection"),
            Self::Unreachable(problem) => write!(f, "failed to connect: {problem}"),
            Self::Because(why) | Self::Lost(why) => f.write_str(why),
        }
    }
}

/// What a waiting brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What the expectation took, in its own order.
    pub taken: Vec<EventIndex>,
    /// Of `any_of` and `choice`: the number of the alternative that held.
    pub alternative: Option<usize>,
    pub ended: Ended,
    /// What its limits count from, since the scene began.
    pub since: Duration,
    /// How long it would have waited at most on the spot.
    pub limit: Duration,
    /// How much longer it would have waited, since the broker is far away.
    pub delay: Duration,
    /// When it was decided, since the scene began.
    pub at: Duration,
}

impl Outcome {
    /// When its time was over, since the scene began.
    pub fn deadline(&self) -> Duration {
        self.since + self.limit + self.delay
    }
}

/// How a waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It had what it waits for; whether its fields are right is the verdict's affair.
    Complete,
    TimedOut,
    Closed,
    Reset,
    /// There is no connection to wait on.
    NoConnection,
}
