//! Messages that a server sends again on a connection that is still open.

use mqtt_check_codec::{Packet, PacketId, ProtocolVersion, Publish};

use super::{EventIndex, Transcript, What};

impl Transcript {
    /// Whether this is a message that its client has not acknowledged yet, sent again as such. Before version 5 nothing
    /// forbids that, and some servers do it after a while. [5 MQTT-4.4.0-1]
    pub fn may_come_again(&self, index: EventIndex) -> bool {
        let event = &self.events[index.0];
        let Some((again, id)) = message(&event.what).filter(|(again, _)| again.dup) else {
            return false;
        };
        if self.lanes[event.lane.0].version == ProtocolVersion::V5 {
            return false;
        }
        let mut before = self.events[..index.0].iter().rev();
        before
            .by_ref()
            .filter(|other| other.lane == event.lane)
            .map_while(|other| match &other.what {
                What::Sent {
                    packet: Some(Packet::PubAck(ack) | Packet::PubRec(ack)),
                    ..
                } if ack.packet_id == id => None,
                what => Some(message(what)),
            })
            .flatten()
            .find(|(_, of)| *of == id)
            .is_some_and(|(first, _)| {
                (&first.topic, &first.payload, first.qos)
                    == (&again.topic, &again.payload, again.qos)
            })
    }
}

/// A message that has to be acknowledged.
fn message(what: &What) -> Option<(&Publish, PacketId)> {
    match what {
        What::Received {
            packet: Ok(Packet::Publish(publish)),
            ..
        } => publish.packet_id.map(|id| (publish, id)),
        _ => None,
    }
}
