//! The state of one connection: its handshake, and what ends with it.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::{Connect, Frame, Packet, PacketType, ProtocolVersion, Publish, QoS};

use super::bounds::is_from_server;
use super::check::{self, Found};
use super::flight::FlightOnConnection;
use super::reply::{Receipts, Requests};
use super::session::Key;
use crate::transcript::LaneIndex;

/// One connection, as far as the record shows it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) version: ProtocolVersion,
    pub(super) opening: Opening,
    pub(super) handshake: Handshake,
    /// How many CONNECTs the client has sent.
    pub(super) connects: u32,
    /// Whether the client has sent something that is not a packet. How the broker reads it and what follows is unknown.
    pub(super) is_faulty: bool,
    /// Whether another connection has taken over the session, or may have.
    pub(super) is_superseded: bool,
    /// The session. `None` if there is none, or if it cannot be identified.
    pub(super) key: Option<Key>,
    pub(super) on_connection: FlightOnConnection,
    pub(super) requests: Requests,
    pub(super) receipts: Receipts,
    /// Packets that the client sent before the CONNACK.
    pub(super) early: Vec<Packet>,
    /// Whether the broker has ended the transport.
    pub(super) is_over: bool,
    /// Whether the client has ended the transport, or announced that it will.
    pub(super) has_left: bool,
    /// Whether the broker has sent DISCONNECT.
    has_disconnected: bool,
    /// Whether a packet out of place has been reported. Later ones are not reported.
    order_told: bool,
    aliases: BTreeMap<u16, ByteString>,
    quota: Option<Quota>,
    pings: u32,
    pongs: u32,
}

/// What the client sent first.
#[derive(Debug)]
pub(super) enum Opening {
    Nothing,
    Connect(Box<Connect>),
    /// A CONNECT of the connection's version with something wrong in it.
    Malformed,
    /// A CONNECT of another version, or something that is not MQTT. The broker may answer in any protocol.
    Foreign,
}

/// The progress of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    Awaited,
    Accepted,
    Refused,
}

/// The send quota of the broker. [5 4.9]
#[derive(Debug, Clone, Copy)]
struct Quota {
    maximum: u16,
    left: u16,
}

impl Connection {
    pub(super) fn new(lane: LaneIndex, version: ProtocolVersion) -> Self {
        Self {
            version,
            opening: Opening::Nothing,
            handshake: Handshake::Awaited,
            connects: 0,
            is_faulty: false,
            is_superseded: false,
            key: None,
            on_connection: FlightOnConnection::new(lane, false),
            requests: Requests::default(),
            receipts: Receipts::default(),
            early: Vec::new(),
            is_over: false,
            has_left: false,
            has_disconnected: false,
            order_told: false,
            aliases: BTreeMap::new(),
            quota: None,
            pings: 0,
            pongs: 0,
        }
    }

    /// Returns the CONNECT, if there was one that the broker could not misunderstand.
    pub(super) fn connect(&self) -> Option<&Connect> {
        match &self.opening {
            Opening::Connect(connect) => Some(connect),
            _ => None,
        }
    }

    /// Returns whether this connection belongs to this client, or may come to.
    pub(super) fn is_of(&self, client_id: &str) -> bool {
        match (&self.key, self.connect()) {
            (Some(Key::Client(id)), _) => id == client_id,
            (None, Some(connect)) => &*connect.client_id == client_id,
            _ => false,
        }
    }

    /// Returns whether this connection is open and has this client identifier.
    pub(super) fn has(&self, client_id: &ByteString) -> bool {
        let has_id = matches!(&self.key, Some(Key::Client(id)) if id == client_id);
        has_id && !self.is_superseded && !self.is_over && !self.has_left
    }

    /// Handles the client's first CONNECT.
    pub(super) fn opened(&mut self, connect: Box<Connect>) {
        if connect.version != self.version {
            self.opening = Opening::Foreign;
            return;
        }
        self.quota = connect.properties.receive_maximum().map(|maximum| Quota {
            maximum,
            left: maximum,
        });
        self.opening = Opening::Connect(connect);
    }

    /// Checks whether this packet is in its place. Returns what is wrong, and whether to examine the packet further.
    pub(super) fn check_order(&mut self, frame: &Frame) -> (Option<Found>, bool) {
        let packet = frame.packet_type();
        if self.has_disconnected {
            let found = check::AFTER_DISCONNECT.found(format!("{packet} after DISCONNECT"));
            return (self.report_once(found), false);
        }
        if !is_from_server(packet, self.version) {
            let found = check::DIRECTION.found(format!("{packet}, which no server sends"));
            return (Some(found), false);
        }
        match (self.handshake, packet) {
            (Handshake::Awaited, PacketType::CONNACK | PacketType::AUTH) => (None, true),
            (Handshake::Awaited, PacketType::DISCONNECT) => {
                let found = check::DISCONNECT_FIRST.found("DISCONNECT before CONNACK");
                (self.report_once(found), true)
            }
            (Handshake::Awaited, _) => {
                let found = check::CONNACK_FIRST.found(format!("{packet} before CONNACK"));
                (self.report_once(found), false)
            }
            (Handshake::Refused, _) => {
                let check = match packet {
                    PacketType::DISCONNECT => &check::DISCONNECT_FIRST,
                    PacketType::CONNACK => &check::CONNACK_AFTER_REFUSAL,
                    _ => &check::AFTER_REFUSAL,
                };
                let found = check.found(format!("{packet} after a CONNACK that refuses"));
                (self.report_once(found), false)
            }
            (Handshake::Accepted, PacketType::CONNACK) => (self.connack_twice(frame), false),
            (Handshake::Accepted, _) => (None, true),
        }
    }

    fn connack_twice(&mut self, frame: &Frame) -> Option<Found> {
        if self.connects < 2 {
            return Some(check::CONNACK_TWICE.found("a second CONNACK"));
        }
        // Before version 5, a second CONNECT must end the connection, and may be refused before that.
        let refuses = |packet: Packet| matches!(packet, Packet::ConnAck(p) if p.reason.0 != 0);
        if self.version != ProtocolVersion::V5
            && Packet::decode(frame, self.version).is_ok_and(refuses)
        {
            self.handshake = Handshake::Refused;
            return None;
        }
        Some(check::CONNACK_TO_SECOND_CONNECT.found("CONNACK to a second CONNECT"))
    }

    fn report_once(&mut self, found: Found) -> Option<Found> {
        let was_told = std::mem::replace(&mut self.order_told, true);
        (!was_told).then_some(found)
    }

    /// Notes that the broker has sent DISCONNECT.
    pub(super) fn disconnected(&mut self) {
        self.has_disconnected = true;
        self.order_told = false;
    }

    pub(super) fn pinged(&mut self) {
        self.pings += 1;
    }

    pub(super) fn ponged(&mut self) -> Option<Found> {
        self.pongs += 1;
        (self.pongs > self.pings && !self.is_faulty)
            .then(|| check::PINGRESP_UNASKED.found("PINGRESP without a PINGREQ"))
    }

    /// Returns the topic of a PUBLISH, through its alias if needed, and what is wrong with the alias.
    pub(super) fn topic(
        &mut self,
        publish: &Publish,
        is_of_former: impl Fn(u16) -> bool,
    ) -> (Option<ByteString>, Option<Found>) {
        let Some(alias) = publish.properties.topic_alias() else {
            return (Some(publish.topic.clone()), None);
        };
        let maximum = self
            .connect()
            .map(|c| c.properties.topic_alias_maximum().unwrap_or(0));
        let mut found = match maximum {
            Some(0) => Some(check::ALIAS_NOT_ALLOWED.found(format!(
                "PUBLISH with Topic Alias {alias}, but the client allows none"
            ))),
            Some(maximum) if alias > maximum => Some(check::ALIAS_ABOVE_MAXIMUM.found(format!(
                "PUBLISH with Topic Alias {alias}, but the client's maximum is {maximum}"
            ))),
            _ => None,
        };
        if !publish.topic.is_empty() {
            self.aliases.insert(alias, publish.topic.clone());
            return (Some(publish.topic.clone()), found);
        }
        let topic = self.aliases.get(&alias).cloned();
        if topic.is_none() && found.is_none() {
            let check = match is_of_former(alias) {
                true => &check::ALIAS_OF_FORMER,
                false => &check::ALIAS_UNKNOWN,
            };
            found = Some(check.found(format!(
                "PUBLISH without a topic, with Topic Alias {alias}, which has no topic on this connection"
            )));
        }
        (topic, found)
    }

    /// Handles a PUBLISH of the broker, and reports it if the client's Receive Maximum has no room for it.
    pub(super) fn take_quota(&mut self, publish: &Publish) -> Option<Found> {
        if publish.qos == QoS::AtMostOnce || self.is_faulty {
            return None;
        }
        let quota = self.quota.as_mut()?;
        if quota.left > 0 {
            quota.left -= 1;
            return None;
        }
        Some(check::RECEIVE_MAXIMUM.found(format!(
            "PUBLISH of QoS {} beyond the client's Receive Maximum of {}",
            publish.qos, quota.maximum
        )))
    }

    /// Frees a slot of the quota if the client's packet ends an exchange: PUBACK, PUBCOMP, or a PUBREC that refuses.
    pub(super) fn release_quota(&mut self, packet: &Packet) {
        let is_last = match packet {
            Packet::PubAck(_) | Packet::PubComp(_) => true,
            Packet::PubRec(ack) => !ack.reason.is_success(),
            _ => false,
        };
        if let Some(quota) = self.quota.as_mut().filter(|_| is_last) {
            quota.left = quota.left.saturating_add(1).min(quota.maximum);
        }
    }
}
