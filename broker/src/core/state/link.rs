//! One network connection of a session, and the limits that its two ends agreed on. None of it is session state:
//! it starts afresh with the next connection. [5 MQTT-3.3.2-7] [5 RULE-4.9-1]

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
    /// One and a half times the Keep Alive in force; `None` when it is off.
    pub(crate) silence: Option<Duration>,
    pub(crate) last_received: Time,
    /// What may be unacknowledged by the client.
    pub(crate) window: Window,
    /// Whether the client reads too slowly for more.
    pub(crate) congested: bool,
    pub(crate) burst: Burst,
    /// How many QoS 2 PUBLISH packets of this connection the client has not released.
    pub(crate) unreleased: u32,
    /// Of faults: how many messages it has carried, in either direction.
    pub(crate) carried: u32,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) aliases_in: BoxedIfChanged<InboundAliases>,
    pub(crate) aliases_out: OutboundAliases,
    /// What the Topic Aliases of both directions take of what is kept for all clients.
    pub(crate) aliases: Charge,
    /// Whether Reason Strings and User Properties are wanted beyond CONNACK and DISCONNECT.
    pub(crate) problem_information: bool,
    /// Session Expiry Interval of the CONNECT itself, 0 when absent.
    pub(crate) connect_expiry_s: u32,
    /// How the client proves who it is, if its CONNECT named a method.
    pub(crate) authentication: Option<Box<Authentication>>,
}

impl Link {
    /// A Topic Alias that the client gave; says whether there was room for it.
    pub(crate) fn keep_alias(&mut self, alias: u16, topic: &str, limit: usize) -> bool {
        let weight = weight::of_alias(topic);
        if !self.has_room_for_alias(weight, limit) {
            return false;
        }
        self.aliases.add(weight);
        // A copy of its own, since the packet need not live as long as the alias.
        if let Some(old) = self.aliases_in.insert(alias, ByteString::from(topic)) {
            self.aliases.sub(weight::of_alias(&old));
        }
        true
    }

    /// The Topic Alias for this topic towards the client, and whether the client knows it already; a new one while some
    /// are left and there is room for it.
    pub(crate) fn alias_for(&mut self, topic: &ByteString, limit: usize) -> Option<(u16, bool)> {
        let assigned = self.aliases_out.assign(topic);
        assigned
            .filter(|(_, known)| *known || self.has_room_for_alias(weight::of_alias(topic), limit))
    }

    /// The client was told of an alias.
    pub(crate) fn learn_alias(&mut self, topic: &str, alias: u16) {
        self.aliases.add(weight::of_alias(topic));
        if let Some(old) = self.aliases_out.learn(ByteString::from(topic), alias) {
            self.aliases.sub(weight::of_alias(&old));
        }
    }

    /// Of a fault: whether the client is in an exchange to authenticate.
    pub(crate) fn is_authenticating(&self) -> bool {
        let authentication = self.authentication.as_ref();
        authentication.is_some_and(|a| !matches!(a.stage, Stage::Over))
    }

    fn has_room_for_alias(&self, weight: usize, limit: usize) -> bool {
        self.aliases.admits(self.aliases.bytes(), weight, limit)
    }
}

/// How much of QoS 1 and 2 may be unacknowledged by a client at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// PUBLISH packets.
    pub(crate) messages: usize,
    /// Bytes beyond which no further one is sent.
    pub(crate) bytes: usize,
}

/// What one call of the core gives a connection.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    call: u64,
    bytes: usize,
}

impl Burst {
    /// So many bytes more in this call; says how many that makes.
    pub(crate) fn add(&mut self, call: u64, bytes: usize) -> usize {
        if self.call != call {
            *self = Self { call, bytes: 0 };
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes
    }
}

/// Topic Aliases that the client has given.
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

/// Topic Aliases of which the client was told.
#[derive(Debug, Default)]
struct KnownAliases(BTreeMap<ByteString, u16>);

impl Blank for KnownAliases {
    const BLANK: &'static Self = &Self(BTreeMap::new());
}

/// Topic Aliases that the broker uses towards the client.
#[derive(Debug)]
pub(crate) struct OutboundAliases {
    /// The client's Topic Alias Maximum.
    maximum: u16,
    /// Of a liberty: whether an alias is given to another topic when none is left.
    reused: bool,
    known: BoxedIfChanged<KnownAliases>,
}

impl OutboundAliases {
    /// None in use yet, of `maximum` that the client allows.
    pub(crate) const fn up_to(maximum: u16, reused: bool) -> Self {
        Self {
            maximum,
            reused: reused && maximum > 0,
            known: BoxedIfChanged::blank(),
        }
    }

    /// Of a fault: whether the client allows so many.
    pub(crate) const fn allows(&self, alias: u16) -> bool {
        alias <= self.maximum
    }

    /// Of faults: what an earlier connection had counts here too, its topics or its maximum.
    pub(crate) fn take_up(&mut self, former: Self, is_known: bool) {
        if !is_known {
            self.maximum = self.maximum.max(former.maximum);
        } else if self.maximum > 0 {
            self.known = former.known;
        }
    }

    /// The alias of this topic and whether the client knows it already; a new one while some are left.
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

    /// The client was told. Gives the topic that had the alias before.
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
