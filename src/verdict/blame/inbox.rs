//! The packets that one client received: those of one connection, of the client, and of its session.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Connect, Packet, PacketType, ProtocolVersion, Publish};

use super::super::wording::lane_at;
use crate::matcher::{Memory, Received, holds};
use crate::scenario::model::{ClientIndex, FieldMatch, PacketPattern};
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// The packets that one client received.
#[derive(Clone, Copy)]
pub(in crate::verdict) struct Inbox<'a> {
    pub(in crate::verdict) transcript: &'a Transcript,
    pub(in crate::verdict) client: ClientIndex,
    pub(in crate::verdict) memory: &'a Memory,
    /// The end of the step. Later events say nothing about it.
    pub(in crate::verdict) until: Duration,
}

/// Returns whether this is a CONNACK on a connection that has already been accepted.
pub(in crate::verdict) fn is_late_connack(transcript: &Transcript, event: EventIndex) -> bool {
    let lane = transcript.events[event.0].lane;
    let accepts = |other: EventIndex| {
        Received::at(transcript, other).is_some_and(|received| {
            matches!(received.packet, Packet::ConnAck(connack) if connack.reason.is_success())
        })
    };
    let mut before = (0..event.0).map(EventIndex);
    let is_connack = match &transcript.events[event.0].what {
        What::Received { frame, .. } => frame.packet_type() == PacketType::CONNACK,
        _ => false,
    };
    is_connack && before.any(|other| transcript.events[other.0].lane == lane && accepts(other))
}

impl<'a> Inbox<'a> {
    /// Returns every packet that the client received, on all of its connections.
    pub(super) fn packets(self) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        self.packets_where(move |lane| self.transcript.lanes[lane.0].client == self.client)
    }

    /// Returns every packet of the client's session. In scenarios on takeover, several clients use one Client
    /// Identifier.
    pub(super) fn packets_of_session(
        self,
    ) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        self.packets_where(self.is_of_session())
    }

    /// Returns a test for whether a connection belongs to the client's session.
    pub(in crate::verdict) fn is_of_session(self) -> impl Fn(LaneIndex) -> bool + 'a {
        let present = self.present();
        let id = present.and_then(|lane| self.client_id(lane));
        move |lane| {
            self.transcript.lanes[lane.0].client == self.client
                || id.is_some_and(|id| !id.is_empty() && self.client_id(lane) == Some(id))
        }
    }

    fn packets_where(
        self,
        is_meant: impl Fn(LaneIndex) -> bool,
    ) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        let transcript = self.transcript;
        (0..transcript.events.len())
            .map(EventIndex)
            .filter(move |index| is_meant(transcript.events[index.0].lane))
            .filter_map(move |index| {
                let lane = transcript.events[index.0].lane;
                Received::at(transcript, index).map(|packet| (index, lane, packet))
            })
    }

    /// Returns the client's connection at the end of the step.
    pub(super) fn present(self) -> Option<LaneIndex> {
        lane_at(self.transcript, self.client, self.until)
    }

    pub(super) fn fits(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        holds(pattern, packet, self.client, self.memory).is_some()
    }

    /// Returns whether this is the message of the pattern, even if something else is wrong with it.
    pub(super) fn is_message(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        self.fits_in(&["topic", "payload"], pattern, packet)
    }

    /// Returns whether a packet matches the pattern in these fields.
    pub(super) fn fits_in(
        self,
        names: &[&str],
        pattern: &PacketPattern,
        packet: &Received<'_>,
    ) -> bool {
        let is_meant = |field: &&FieldMatch| names.contains(&field.name.as_str());
        let only = PacketPattern {
            packet_type: pattern.packet_type,
            fields: pattern.fields.iter().filter(is_meant).cloned().collect(),
        };
        self.fits(&only, packet)
    }

    /// Returns the event at which the message that is due was published.
    pub(super) fn publication_of_due(self, pattern: &PacketPattern) -> Option<usize> {
        self.publication(|publish, version| {
            let packet = Packet::Publish(publish.clone());
            let received = Received {
                packet: &packet,
                version,
                size: 0,
                topic: Some(&publish.topic),
                carried_in: None,
            };
            self.is_message(pattern, &received)
        })
    }

    /// Returns the event at which the received message was published, found by its payload.
    pub(super) fn publication_of(self, event: EventIndex) -> Option<usize> {
        let Packet::Publish(publish) = Received::at(self.transcript, event)?.packet else {
            return None;
        };
        self.publication(|sent, _| sent.payload == publish.payload)
    }

    /// Returns the event at which the first such message was published.
    pub(super) fn publication(
        self,
        is_it: impl Fn(&Publish, ProtocolVersion) -> bool,
    ) -> Option<usize> {
        let mut events = self.transcript.events.iter();
        events.position(|event| match &event.what {
            What::Sent {
                packet: Some(Packet::Publish(publish)),
                ..
            } => is_it(publish, self.transcript.lanes[event.lane.0].version),
            _ => false,
        })
    }

    /// Returns whether the CONNECT of a connection has Clean Start (Clean Session) set.
    pub(super) fn starts_clean(self, lane: LaneIndex) -> bool {
        self.connect(lane)
            .is_some_and(|connect| connect.clean_start)
    }

    /// Returns the Client Identifier in the CONNECT of a connection.
    fn client_id(self, lane: LaneIndex) -> Option<&'a ByteString> {
        self.connect(lane).map(|connect| &connect.client_id)
    }

    /// Returns the CONNECT of a connection.
    fn connect(self, lane: LaneIndex) -> Option<&'a Connect> {
        let mut events = self.transcript.events.iter();
        events.find_map(|event| match &event.what {
            What::Sent {
                packet: Some(Packet::Connect(connect)),
                ..
            } if event.lane == lane => Some(&**connect),
            _ => None,
        })
    }
}
