//! What is expected: packets, their fields, limits, and hook events.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{PacketType, ReasonCode};

use super::{DropHow, Expr, FramePattern, ScramExchange};
use crate::diagnostic::Place;

/// What is expected of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldMatch {
    pub name: String,
    pub matcher: Matcher,
    pub place: Place,
}

/// How a field's value is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal. A `$name` that is not bound yet is bound to the received value.
    Is(Expr),
    Absent,
    Present,
    Not(Box<Matcher>),
    OneOf(Vec<Matcher>),
    Between {
        at_least: Option<Expr>,
        at_most: Option<Expr>,
    },
    StartsWith(Bytes),
    /// A reason code below 0x80.
    Success,
    /// This many reason codes, each below 0x80.
    Successes(usize),
    /// A reason code for each of these QoS values. Each grants that QoS or a lower one.
    Granted(Vec<u8>),
    /// A list of as many values, each matched by its own matcher.
    Each(Vec<Matcher>),
    /// User Properties that contain these in this order, possibly among others.
    Includes(Vec<(Bytes, Bytes)>),
    /// Subscription Identifiers in any order.
    Set(Vec<u64>),
    /// A challenge that answers the first message of this exchange. It is bound to a name.
    ScramChallenge(Arc<ScramExchange>),
    /// The signature of a server that knows the password.
    ScramSignature(Arc<ScramExchange>),
}

/// A received packet and what is expected of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketPattern {
    pub packet_type: PacketType,
    pub fields: Vec<FieldMatch>,
}

/// An expectation with its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub place: Place,
    pub pattern: Pattern,
    pub within: Option<Duration>,
    pub not_before: Option<Duration>,
    /// The Keep Alive that causes the close. It also sets `within`.
    pub keep_alive: Option<KeepAlive>,
    pub after: After,
    /// How many packets; `{1, Some(1)}` unless the scenario says otherwise.
    pub count: Count,
}

impl Expectation {
    /// Expects the pattern once, from now on, within the default time.
    pub const fn once(pattern: Pattern, place: Place) -> Self {
        Self {
            place,
            pattern,
            within: None,
            not_before: None,
            keep_alive: None,
            after: After::Now,
            count: Count {
                at_least: 1,
                at_most: Some(1),
            },
        }
    }
}

/// A Keep Alive, and when it obliges the server to disconnect a silent client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    pub seconds: u16,
}

impl KeepAlive {
    /// A close that is late by more than this is slow. A server may check only from time to time.
    const SLOW: Duration = Duration::from_secs(1);
    /// A close that is late by this much or more does not count.
    const TOO_LATE: Duration = Duration::from_secs(15);

    /// Returns the silence after which the server must close: one and a half times the Keep Alive.
    /// [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    pub fn due(self) -> Duration {
        Duration::from_millis(u64::from(self.seconds) * 1_500)
    }

    /// Returns the silence after which a close is slow, on a path that takes `delay`.
    pub fn slow_after(self, delay: Duration) -> Duration {
        self.due() + Self::SLOW + delay
    }

    /// Returns how long the harness waits for a close.
    pub fn too_late_after(self) -> Duration {
        self.due() + Self::TOO_LATE
    }

    /// Returns a silence as a multiple of the Keep Alive.
    pub fn ratio(self, silence: Duration) -> f64 {
        silence.as_secs_f64() / f64::from(self.seconds)
    }
}

/// How many packets in a row an expectation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub at_least: u32,
    /// `None` means as many as have arrived.
    pub at_most: Option<u32>,
}

/// The start of the time that `within`, `not_before` and `keep_alive` measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The beginning of the step.
    Now,
    /// The beginning of the step with this id.
    Step(String),
    /// The last packet that this connection sent.
    LastPacket,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Packet(PacketPattern),
    /// The way in which the transport ends: `Some(Close)`, `Some(Reset)`, or `None` for either.
    Closed {
        how: Option<DropHow>,
    },
    Refused(Refused),
    /// The answer to a WebSocket upgrade, which `open` requested.
    Upgrade(Vec<FieldMatch>),
    /// A WebSocket frame that is not part of a message.
    Frame(FramePattern),
    Silence {
        /// The packet types that must not arrive; if empty, none may.
        of: Vec<PacketType>,
        span: Duration,
    },
    InOrder(Vec<Expectation>),
    Unordered(Vec<PacketPattern>),
    /// Each alternative is a sequence of expectations.
    AnyOf(Vec<Vec<Expectation>>),
}

/// What the standard lets a server do with something that it cannot accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The accepted reason codes in CONNACK or DISCONNECT; if empty, any failure.
    pub codes: Vec<ReasonCode>,
    pub connack: ConnAckRule,
}

/// Whether a refusal includes a CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnAckRule {
    Allowed,
    Never,
    Required,
}

/// The `hooks` action.
#[derive(Debug, Clone, PartialEq)]
pub struct HookList {
    /// The Client Identifiers whose events are compared.
    pub of: Vec<String>,
    pub events: Vec<HookPattern>,
}

/// One event of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct HookPattern {
    pub place: Place,
    /// `session.created`.
    pub name: String,
    /// Fields and their texts. Fields that are not named may have any value.
    pub fields: Vec<(String, String)>,
}
