//! One network connection of a session, and the limits that its two ends have agreed on. None of this is session state:
//! each connection starts without it. [5 MQTT-3.3.2-7] [5 RULE-4.9-1]

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::ProtocolVersion;

use super::account::Charge;
use super::authentication::{Authentication, Stage};
use super::boxed_if_changed::{Blank, BoxedIfChanged};
use super::weight;
use crate::core::input::{ConnectionId, Time};

/// What the broker knows of an accepted connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: ConnectionId,
    pub(crate) version: ProtocolVersion,
    /// One and a half times the Keep Alive in force; `None` when Keep Alive is off.
    pub(crate) silence: Option<Duration>,
    pub(crate) last_received: Time,
    /// What the client may leave unacknowledged.
    pub(crate) window: Window,
    /// Whether the client reads too slowly to be sent more messages.
    pub(crate) congested: bool,
    pub(crate) burst: Burst,
    /// How many QoS 2 PUBLISH packets of this connection the client has not released.
    pub(crate) unreleased: u32,
    /// For faults: how many messages the connection has carried in both directions.
    pub(crate) carried: u32,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) aliases_in: BoxedIfChanged<InboundAliases>,
    pub(crate) aliases_out: OutboundAliases,
    /// The share of the Topic Aliases of both directions in the memory for all clients.
    pub(crate) aliases: Charge,
    /// Whether the client accepts Reason Strings and User Properties in packets other than CONNACK and DISCONNECT.
    pub(crate) problem_information: bool,
    /// Session Expiry Interval of the CONNECT itself, in seconds; 0 if absent.
    pub(crate) connect_expiry_s: u32,
    /// How the client authenticates, if its CONNECT has an Authentication Method.
    pub(crate) authentication: Option<Box<Authentication>>,
}

impl Link {
    /// Stores a Topic Alias that the client has set. Returns whether there was room for it.
    pub(crate) fn keep_alias(&mut self, alias: u16, topic: &str, limit: usize) -> bool {
        let weight = weight::of_alias(topic);
        if !self.has_room_for_alias(weight, limit) {
            return false;
        }
        self.aliases.add(weight);
        // A copy, so that the alias does not keep the packet's buffer alive.
        if let Some(old) = self.aliases_in.insert(alias, ByteString::from(topic)) {
            self.aliases.sub(weight::of_alias(&old));
        }
        true
    }

    /// Returns the Topic Alias for a topic that is sent to the client, and whether the client knows it already. A new
    /// one is returned as long as some are left and there is room for it.
    pub(crate) fn alias_for(&mut self, topic: &ByteString, limit: usize) -> Option<(u16, bool)> {
        let assigned = self.aliases_out.assign(topic);
        assigned
            .filter(|(_, known)| *known || self.has_room_for_alias(weight::of_alias(topic), limit))
    }

    /// Records that the client knows an alias.
    pub(crate) fn learn_alias(&mut self, topic: &str, alias: u16) {
        self.aliases.add(weight::of_alias(topic));
        if let Some(old) = self.aliases_out.learn(ByteString::from(topic), alias) {
            self.aliases.sub(weight::of_alias(&old));
        }
    }

    /// For a fault: whether the client is authenticating again.
    pub(crate) fn is_authenticating(&self) -> bool {
        let authentication = self.authentication.as_ref();
        authentication.is_some_and(|a| !matches!(a.stage, Stage::Over))
    }

    fn has_room_for_alias(&self, weight: usize, limit: usize) -> bool {
        self.aliases.admits(self.aliases.bytes(), weight, limit)
    }
}

/// How much a client may leave unacknowledged at a time, of QoS 1 and 2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The number of PUBLISH packets.
    pub(crate) messages: usize,
    /// The number of bytes from which on no further PUBLISH is sent.
    pub(crate) bytes: usize,
}

/// The bytes that one call of the core sends to a connection.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    call: u64,
    bytes: usize,
}

impl Burst {
    /// Adds bytes to this call, and returns the sum.
    pub(crate) fn add(&mut self, call: u64, bytes: usize) -> usize {
        if self.call != call {
            *self = Self { call, bytes: 0 };
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes
    }
}

/// Topic Aliases that the client has set.
#[derive(Debug, Default)]
pub(crate) struct InboundAliases(BTreeMap<u16, ByteString>);

impl Blank for InboundAliases {
    const BLANK: &'static Self = &Self(BTreeMap::new());
}

impl Deref for InboundAliases {
    type Target = BTreeMap<u16, ByteString>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for InboundAliases {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Topic Aliases that the client knows.
#[derive(Debug, Default)]
struct KnownAliases(BTreeMap<ByteString, u16>);

impl Blank for KnownAliases {
    const BLANK: &'static Self = &Self(BTreeMap::new());
}

/// Topic Aliases that the broker uses in packets to the client.
#[derive(Debug)]
pub(crate) struct OutboundAliases {
    /// The client's Topic Alias Maximum.
    maximum: u16,
    /// For a permitted variation: whether an alias is given to another topic when none is left.
    reused: bool,
    known: BoxedIfChanged<KnownAliases>,
}

impl OutboundAliases {
    /// Returns aliases none of which is in use, where the client allows `maximum`.
    pub(crate) const fn up_to(maximum: u16, reused: bool) -> Self {
        Self {
            maximum,
            reused: reused && maximum > 0,
            known: BoxedIfChanged::blank(),
        }
    }

    /// For a fault: whether the alias is within the client's Topic Alias Maximum.
    pub(crate) const fn allows(&self, alias: u16) -> bool {
        alias <= self.maximum
    }

    /// For faults: takes over the topics or the maximum of an earlier connection.
    pub(crate) fn take_up(&mut self, former: Self, is_known: bool) {
        if !is_known {
            self.maximum = self.maximum.max(former.maximum);
        } else if self.maximum > 0 {
            self.known = former.known;
        }
    }

    /// Returns the alias of this topic, and whether the client knows it already. A new one is returned as long as some
    /// are left.
    fn assign(&mut self, topic: &ByteString) -> Option<(u16, bool)> {
        if let Some(alias) = self.known.0.get(topic) {
            return Some((*alias, true));
        }
        // [5 MQTT-3.1.2-26] [5 MQTT-3.1.2-27] [5 MQTT-3.3.2-11]
        let alias = u16::try_from(self.known.0.len() + 1)
            .ok()
            .filter(|alias| *alias <= self.maximum)
            .or_else(|| self.reused.then_some(1))?;
        Some((alias, false))
    }

    /// Records that the client knows an alias. Returns the topic that had the alias before.
    fn learn(&mut self, topic: ByteString, alias: u16) -> Option<ByteString> {
        let old = match self.reused {
            true => self.known.0.iter().find(|(_, other)| **other == alias),
            false => None,
        };
        let old = old.map(|(topic, _)| topic.clone());
        if let Some(old) = &old {
            self.known.0.remove(old);
        }
        self.known.0.insert(topic, alias);
        old
    }
}
