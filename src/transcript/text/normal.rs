//! Replaces what differs from run to run by placeholders.
//!
//! | rule | what | placeholder |
//! |---|---|---|
//! | assigned ids | a Client Identifier that the broker assigned, wherever it appears | `<assigned>`, `<assigned-2>` |
//! | packet ids | a Packet Identifier that the broker chose, even if a client uses it | `#1`, `#2`, for each client |
//! | limits | what the broker announces in CONNACK of its own accord | `<limit>` |
//! | sizes | a client's Maximum Packet Size, or a payload, whose size the run computes | `<size>` |
//! | free text | Reason String, Response Information | `<text>` |
//! | nonces | received Authentication Data, and SCRAM messages that a client sent | `<nonce>` |
//! | passwords | any | `<password>` |
//! | times | when something happened | omitted, except waits of a second and more in virtual time |
//!
//! Identifiers are counted for each client, not for each connection. A message that is sent again after a reconnect is
//! thus seen to have the same identifier. A field that a step names is written unchanged, except for packet ids.
//! Prefixes of a shared broker are removed before the transcript is written.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_codec::describe::quote;
use mqtt_check_codec::{Packet, PacketType};

use super::measured::Measured;
use super::packet::{FieldText, LongData, chosen_by_sender};
use crate::plan::Plan;
use crate::scenario::model::ClientIndex;
use crate::transcript::{Event, Lane, Transcript, What};

/// The values of one transcript that are replaced.
#[derive(Debug, Default)]
pub(super) struct Normal {
    /// Assigned Client Identifiers and their placeholders.
    assigned: Vec<(String, String)>,
    packet_ids: BTreeMap<(ClientIndex, u16), usize>,
    measured: Measured,
    pub(super) long: LongData,
    /// Whether nothing is replaced.
    raw: bool,
}

/// The origin of a packet: who sent it, on which client's connection, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    sender: Sender,
    client: ClientIndex,
    at: Duration,
}

/// Who sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Broker,
}

impl Origin {
    pub(super) fn of(sender: Sender, event: &Event, lane: &Lane) -> Self {
        Self {
            sender,
            client: lane.client,
            at: event.at,
        }
    }
}

impl Normal {
    /// Replaces nothing.
    pub(super) fn raw() -> Self {
        Self {
            raw: true,
            ..Self::default()
        }
    }

    /// Returns whether nothing is replaced.
    pub(super) const fn is_raw(&self) -> bool {
        self.raw
    }

    /// Collects what is replaced in a transcript.
    pub(super) fn of(plan: &Plan, transcript: &Transcript) -> Self {
        let long = LongData::default();
        let mut normal = Self {
            measured: Measured::of(plan, transcript, &long),
            long,
            ..Self::default()
        };
        let mut counts: BTreeMap<ClientIndex, usize> = BTreeMap::new();
        for event in &transcript.events {
            let What::Received {
                packet: Ok(packet), ..
            } = &event.what
            else {
                continue;
            };
            let client = transcript.lanes[event.lane.0].client;
            if let Packet::ConnAck(connack) = packet
                && let Some(id) = connack.properties.assigned_client_identifier()
            {
                normal.assign(&id);
            }
            if chosen_by_sender(packet.packet_type())
                && let Some(id) = packet.packet_id()
            {
                normal
                    .packet_ids
                    .entry((client, id.get()))
                    .or_insert_with(|| {
                        let count = counts.entry(client).or_default();
                        *count += 1;
                        *count
                    });
            }
        }
        normal.assign_by_hooks(transcript);
        normal
    }

    /// Finds assigned ids in hook events, because no packet of 3.1.1 has them. If a client left the choice to the
    /// broker, every id in a hook event that no client asked for is an assigned one.
    fn assign_by_hooks(&mut self, transcript: &Transcript) {
        let asked_for = |id: &str| {
            transcript.events.iter().any(|event| {
                matches!(&event.what, What::Sent { packet: Some(Packet::Connect(connect)), .. }
                    if connect.client_id == id)
            })
        };
        let ids = transcript
            .hooks
            .iter()
            .flat_map(|record| &record.fields)
            .filter(|(name, _)| name == "client")
            .map(|(_, id)| id);
        if !asked_for("") {
            return;
        }
        for id in ids {
            if !asked_for(id) {
                self.assign(id);
            }
        }
    }

    fn assign(&mut self, id: &str) {
        if !self.assigned.iter().any(|(known, _)| known == id) {
            let placeholder = match self.assigned.len() {
                0 => "<assigned>".to_owned(),
                n => format!("<assigned-{}>", n + 1),
            };
            self.assigned.push((id.to_owned(), placeholder));
        }
    }

    /// Returns a packet's field as it is written. `bound` fields are unchanged, except for packet ids.
    pub(super) fn field(
        &self,
        field: FieldText,
        packet: PacketType,
        origin: Origin,
        bound: bool,
    ) -> FieldText {
        let stands_for = match (field.name, origin.sender) {
            _ if self.raw => None,
            ("packet_id", _) => self.packet_id(&field.value, packet, origin),
            ("maximum_packet_size", Sender::Client) | ("payload", _)
                if self.measured.has_size(field.name, &field.value) =>
            {
                Some("<size>".to_owned())
            }
            _ if bound => None,
            (
                "receive_maximum"
                | "topic_alias_maximum"
                | "maximum_packet_size"
                | "server_keep_alive",
                Sender::Broker,
            ) if packet == PacketType::CONNACK => Some("<limit>".to_owned()),
            ("reason_string" | "response_information", Sender::Broker) => Some("<text>".to_owned()),
            ("authentication_data", Sender::Broker) => Some("<nonce>".to_owned()),
            ("authentication_data", Sender::Client)
                if ["\"n,,n=", "\"c="]
                    .iter()
                    .any(|begin| field.value.starts_with(begin)) =>
            {
                Some("<nonce>".to_owned())
            }
            _ => None,
        };
        FieldText {
            value: stands_for.unwrap_or_else(|| self.quoted(field.value)),
            name: field.name,
        }
    }

    /// Returns a quoted value, or its placeholder if it is an assigned id.
    fn quoted(&self, value: String) -> String {
        self.placeholder(|id| quote(id) == value).unwrap_or(value)
    }

    /// Returns the placeholder of a text, if it is an assigned id.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        self.placeholder(|id| id == text)
    }

    fn placeholder(&self, is_it: impl Fn(&str) -> bool) -> Option<String> {
        self.assigned
            .iter()
            .find(|(id, _)| is_it(id))
            .map(|(_, placeholder)| placeholder.clone())
    }

    /// Returns `#n` for an identifier that the broker chose. This applies to the broker's packets, to our answers, to a
    /// client's own packets whose identifier was taken from the broker's, and to the answers to these.
    fn packet_id(&self, written: &str, packet: PacketType, origin: Origin) -> Option<String> {
        let id: u16 = written.parse().ok()?;
        let client = origin.client;
        let is_the_brokers = match origin.sender {
            Sender::Broker => chosen_by_sender(packet),
            Sender::Client => answers_a_publish(packet),
        };
        if !is_the_brokers && !self.measured.has_identifier(client, id, origin.at) {
            return None;
        }
        let number = self.packet_ids.get(&(client, id))?;
        Some(format!("#{number}"))
    }
}

/// Returns whether the identifier of such a packet was chosen by its receiver, with a PUBLISH.
fn answers_a_publish(packet: PacketType) -> bool {
    matches!(
        packet,
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBCOMP
    )
}
