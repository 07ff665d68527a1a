//! Which packets a broker may send a second time.

use mqtt_check_codec::{Packet, PacketId, ProtocolVersion, Publish, QoS};

use super::{EventIndex, Transcript, What};

impl Transcript {
    /// Returns whether this event is a permitted retransmission: a message or a PUBREL that its client has not
    /// acknowledged yet, sent again. Before version 5 nothing forbids that, and some servers do it after a while. [5
    /// MQTT-4.4.0-1]
    pub fn is_permitted_retransmission(&self, index: EventIndex) -> bool {
        let event = &self.events[index.0];
        if self.lanes[event.lane.0].version == ProtocolVersion::V5 {
            return false;
        }
        let Some(again) = Owed::of(&event.what).filter(Owed::is_marked) else {
            return false;
        };
        let mut before = self.events[..index.0].iter().rev();
        before
            .by_ref()
            .filter(|other| other.lane == event.lane)
            .map_while(|other| match again.is_settled_by(&other.what) {
                true => None,
                false => Some(Owed::of(&other.what)),
            })
            .flatten()
            .find(|first| first.is_of_kind(&again) && first.id() == again.id())
            .is_some_and(|first| first.is_same(&again))
    }
}

/// A received packet that has to be acknowledged.
enum Owed<'t> {
    Message(&'t Publish, PacketId),
    Release(PacketId),
}

impl<'t> Owed<'t> {
    fn of(what: &'t What) -> Option<Self> {
        let What::Received {
            packet: Ok(packet), ..
        } = what
        else {
            return None;
        };
        match packet {
            Packet::Publish(publish) => publish.packet_id.map(|id| Self::Message(publish, id)),
            Packet::PubRel(ack) => Some(Self::Release(ack.packet_id)),
            _ => None,
        }
    }

    fn id(&self) -> PacketId {
        match self {
            Self::Message(_, id) | Self::Release(id) => *id,
        }
    }

    /// Returns whether the packet may be a retransmission. A message must have the DUP flag. A PUBREL has no such flag.
    fn is_marked(&self) -> bool {
        match self {
            Self::Message(publish, _) => publish.dup,
            Self::Release(_) => true,
        }
    }

    /// Returns whether both are messages or both are PUBRELs. A broker that accepts a wrong acknowledgement may send a
    /// PUBREL among the messages.
    fn is_of_kind(&self, other: &Self) -> bool {
        matches!(self, Self::Release(_)) == matches!(other, Self::Release(_))
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Message(first, _), Self::Message(again, _)) => {
                (&first.topic, &first.payload, first.qos)
                    == (&again.topic, &again.payload, again.qos)
            }
            (Self::Release(_), Self::Release(_)) => true,
            _ => false,
        }
    }

    /// Returns whether this is the acknowledgement of the packet. An acknowledgement of another type does not count.
    fn is_settled_by(&self, what: &What) -> bool {
        let What::Sent {
            packet: Some(packet),
            ..
        } = what
        else {
            return false;
        };
        match (self, packet) {
            (Self::Message(publish, id), Packet::PubAck(ack)) => {
                publish.qos == QoS::AtLeastOnce && ack.packet_id == *id
            }
            (Self::Message(publish, id), Packet::PubRec(ack)) => {
                publish.qos == QoS::ExactlyOnce && ack.packet_id == *id
            }
            (Self::Release(id), Packet::PubComp(ack)) => ack.packet_id == *id,
            _ => false,
        }
    }
}
