//! The transcript of a case: every packet, every event of the broker, and the steps. It has all that is needed to judge
//! the case again later.

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

/// Why a play that the user interrupted was broken off. Such a play proves nothing.
pub const INTERRUPTED: &str = "interrupted";

/// How many bytes of a prefix identify the run. The other bytes distinguish its plays.
pub(crate) const RUN: usize = 4;

/// What was seen in one play of a scene or of its control.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    pub case: CaseId,
    /// The text before topics and Client Identifiers on the wire. Users never see it.
    pub prefix: String,
    /// A lane for each connection, in the order in which they were opened.
    pub lanes: Vec<Lane>,
    /// The events in the order in which they were seen.
    pub events: Vec<Event>,
    /// The hook events in the order that the target's source gives them.
    pub hooks: Vec<HookRecord>,
    /// Which hook events the target shows.
    pub hook_source: HookSource,
    pub steps: Vec<StepRecord>,
    /// The repeats that are folded.
    pub rounds: Vec<RoundsRecord>,
    /// The choices and their answers.
    pub choices: Vec<(String, String)>,
    /// What client libraries did internally, in order. Never judged.
    pub facts: Vec<Fact>,
    /// Why the play was broken off before its end, if it was.
    pub broken_off: Option<String>,
    /// The longest time by which the harness itself was late. What it sent or read too late by no more than this is not
    /// the broker's fault. Zero with virtual time.
    pub late: Duration,
    /// The round-trip time to the broker, as far as it counts. Zero with virtual time.
    pub delay: Duration,
    /// The interval at which the broker looks for silent clients, according to its target file.
    pub silence_check: Duration,
    /// What the play left on a shared broker and could not remove, in words.
    pub left_behind: Vec<String>,
    /// What a broker that we started logged during the play.
    pub log: BrokerLog,
}

/// What a broker that we started logged during a play. If the play had the broker to itself, this is everything.
/// Otherwise it is the lines that name its clients and topics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerLog {
    pub lines: Vec<LogLine>,
    /// How many lines between the first and the last one were not kept.
    pub left_out: usize,
}

/// A line of the broker's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the line was seen, since the play began.
    pub at: Duration,
    pub text: String,
}

impl Transcript {
    /// Returns the topic of a received PUBLISH. A Topic Alias is resolved.
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

    /// Returns whether a topic, without the prefix of this play, belongs to another play of the same run.
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

    /// Returns whether the broker sent more than greetings: a packet other than CONNACK, PINGRESP or DISCONNECT,
    /// correct or not.
    pub fn shows_service(&self) -> bool {
        self.received_types().any(|packet_type| {
            !matches!(
                packet_type,
                PacketType::CONNACK | PacketType::PINGRESP | PacketType::DISCONNECT
            )
        })
    }

    /// Returns whether a step was not reached because the case had already failed.
    pub fn is_cut_short(&self) -> bool {
        let is_lost = |record: &StepRecord| matches!(record.not_reached, Some(NotReached::Lost(_)));
        self.steps.iter().any(is_lost)
    }

    /// Describes the packet type that the broker sent most often: `, 7000 of 7010 packets PINGRESP`. Empty if it sent
    /// no packet.
    pub fn most_frequent(&self) -> String {
        let mut counts = BTreeMap::<PacketType, usize>::new();
        for packet_type in self.received_types() {
            *counts.entry(packet_type).or_default() += 1;
        }
        let all: usize = counts.values().sum();
        match counts.into_iter().max_by_key(|(_, count)| *count) {
            Some((packet_type, count)) => format!(", {count} of {all} packets are {packet_type}"),
            None => String::new(),
        }
    }

    /// Returns the type of each packet that the broker sent.
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
    /// The node of the target that the connection goes to.
    pub node: usize,
    pub version: ProtocolVersion,
}

/// One event on a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The time since the scene began.
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
    /// The answer to an upgrade that a step checks.
    Upgraded(Answer),
    /// A frame that a step defines and sends. MQTT data in it is recorded in an additional [`What::Sent`].
    SentFrame {
        frame: WebSocketFrame,
        /// Whether a client may send such a frame.
        is_right: bool,
    },
    /// A received control frame.
    Control(Control),
    Sent {
        bytes: Bytes,
        /// The meaning of the bytes, if they are a packet.
        packet: Option<Packet>,
        /// Whether the driver sent it by itself, such as an acknowledgement or a PINGREQ.
        automatic: bool,
    },
    Received {
        frame: Frame,
        packet: Result<Packet, DecodeError>,
        /// What is wrong with a packet that was decoded nevertheless. A CONNACK is decoded leniently so that the
        /// connection can be used.
        faults: Vec<DecodeError>,
        /// The topic behind the Topic Alias of a PUBLISH that was received without a topic.
        topic: Option<ByteString>,
        /// The type of the WebSocket message that carried the packet, if there was one.
        carried_in: Option<Opcode>,
        /// Whether the driver itself took it, such as a PUBREL of an automatic exchange or a PINGRESP of an automatic
        /// ping.
        automatic: bool,
    },
    /// A PINGREQ of the harness itself. It proves silence, or keeps a silent client connected. No step and no rule is
    /// about it.
    OwnPing,
    /// The PINGRESP to an [`What::OwnPing`].
    OwnPong,
    /// Bytes that are not a packet. Nothing more is read after them.
    Garbage {
        bytes: Bytes,
        error: FrameError,
    },
    /// The bytes of a packet that the close cut off.
    Truncated {
        bytes: Bytes,
    },
    /// A WebSocket frame that a broker must not send, with as much of its payload as was received. Nothing more is read
    /// after it.
    Fault {
        fault: Fault,
        bytes: Bytes,
    },
    /// A line of a condensed transcript. It shows one event, or says how many are left out.
    Shown {
        line: String,
        /// Whether we or the driver did it.
        is_ours: bool,
        /// Whether the harness did it for its own purposes.
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

/// One event of the broker, in the common vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRecord {
    /// The time since the scene began. `None` if the source does not have it.
    pub at: Option<Duration>,
    /// The step that was being played when the event was seen.
    pub during: StepIndex,
    /// The name of the event, such as `session.created`.
    pub name: String,
    /// Names and values of the fields, in the order of the reference.
    pub fields: Vec<(String, String)>,
}

/// The source of hook events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookSource {
    /// The target shows no hook events.
    None,
    /// The target shows every event with every field.
    All,
    Shows(Vec<ShownEvent>),
}

/// An event that a target shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEvent {
    /// The name of the event, such as `client.connected`.
    pub name: String,
    pub fields: Vec<ShownField>,
    /// The number of the source. Only events of the same source have a defined order.
    pub source: usize,
}

/// A field that every event of its name has, if it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownField {
    pub name: String,
    /// The words that the source uses, for a field with a fixed set of words. Words that the source cannot distinguish
    /// are one entry, such as `normal/with_will`. Empty for other fields.
    pub words: Vec<String>,
}

impl HookSource {
    /// Returns what the source shows of events of this name. `None` means that it does not show them, `Some(None)` that
    /// it shows all of their fields.
    pub fn event(&self, name: &str) -> Option<Option<&ShownEvent>> {
        match self {
            Self::None => None,
            Self::All => Some(None),
            Self::Shows(events) => events.iter().find(|e| e.name == name).map(Some),
        }
    }
}

impl ShownEvent {
    /// Returns the field of this name, if it is shown.
    pub fn field(&self, name: &str) -> Option<&ShownField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl ShownField {
    /// Returns the entry of [`Self::words`] that has this word, alone or among words that the source cannot
    /// distinguish. `None` if the source never uses it.
    pub fn known_word(&self, word: &str) -> Option<&str> {
        let words = self.words.iter().map(String::as_str);
        let mut words = words.filter(|known| *known == word || known.split('/').any(|w| w == word));
        words.next()
    }
}

/// Something that a client library did internally. It says nothing about the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The time since the scene began.
    pub at: Duration,
    /// The step that was being played.
    pub during: StepIndex,
    pub client: ClientIndex,
    /// A text such as `resent PUBLISH 1 (QoS 1) with DUP 0`.
    pub text: String,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    pub step: StepIndex,
    /// The time since the scene began.
    pub began: Duration,
    /// One outcome for each wait of the step, in order.
    pub outcomes: Vec<Outcome>,
    /// How many hook events had been seen at the end of the step.
    pub hooks_seen: usize,
    /// Why the step could not be played, if it could not.
    pub not_reached: Option<NotReached>,
}

impl StepRecord {
    /// Returns the events that the step took.
    pub fn taken(&self) -> impl Iterator<Item = EventIndex> {
        let outcomes = self.outcomes.iter();
        outcomes.flat_map(|outcome| outcome.taken.iter().copied())
    }
}

/// How a folded repeat went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundsRecord {
    pub step: StepIndex,
    /// The beginning of each round that was played. A round that fails is the last one.
    pub rounds: Vec<Round>,
    /// The end of the last round.
    pub end: Round,
}

/// Where a round begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// An index into [`Transcript::events`].
    pub event: usize,
    /// An index into [`Transcript::steps`].
    pub record: usize,
}

impl RoundsRecord {
    /// Returns the beginning and the end of the round with this number, counted from 0.
    pub fn bounds(&self, round: usize) -> (Round, Round) {
        let at = |n: usize| self.rounds.get(n).copied().unwrap_or(self.end);
        (at(round), at(round + 1))
    }
}

/// Why a step could not be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReached {
    /// The broker had closed the connection that the step needed.
    BrokerEnded,
    /// The broker no longer accepts connections.
    Unreachable(String),
    /// The reason is on our side: something that the step needs has not happened.
    Because(String),
    /// The case had already failed, and nothing else depended on what the step would have waited for.
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

/// The result of a wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The events that the expectation took, in its own order.
    pub taken: Vec<EventIndex>,
    /// The index of the alternative of `any_of` or `choice` that was met.
    pub alternative: Option<usize>,
    pub ended: Ended,
    /// The time from which the limits count, since the scene began.
    pub since: Duration,
    /// The longest wait if the round trip to the broker took no time.
    pub limit: Duration,
    /// What is added to the limit for the round trip to the broker.
    pub delay: Duration,
    /// When the wait ended, since the scene began.
    pub at: Duration,
}

impl Outcome {
    /// Returns the deadline of the wait, since the scene began.
    pub fn deadline(&self) -> Duration {
        self.since + self.limit + self.delay
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything that it waits for was received. The verdict decides whether the fields are right.
    Complete,
    TimedOut,
    Closed,
    Reset,
    /// There was no connection to wait on.
    NoConnection,
}
