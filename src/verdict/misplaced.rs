//! Acknowledgements that do not fit any message. If a step takes another message than the one it is about, later steps
//! use that message's Packet Identifier. One of them may then send an acknowledgement that no real client would send.
//! Whatever a server does in response is not a fault.

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketId, QoS};

use super::wording::lane_at;
use crate::scenario::model::ClientIndex;
use crate::transcript::{Event, Transcript, What};

/// Returns whether the client has acknowledged, on the connection that it has at this time, a message that was received
/// with another QoS.
pub(super) fn acknowledges_another(
    transcript: &Transcript,
    client: ClientIndex,
    until: Duration,
) -> bool {
    let events = &transcript.events;
    let lane = lane_at(transcript, client, until);
    let is_its = |event: &Event| Some(event.lane) == lane && event.at <= until;
    events.iter().enumerate().any(|(n, event)| {
        let Some((id, qos)) = acknowledged(event).filter(|_| is_its(event)) else {
            return false;
        };
        let mut before = events[..n].iter().rev().filter(|e| e.lane == event.lane);
        let received = before.find_map(|event| received_with(event, id));
        received.is_some_and(|received| received != qos)
    })
}

/// Returns the Packet Identifier that an acknowledgement sent by a step is for, and the QoS that it implies.
fn acknowledged(event: &Event) -> Option<(PacketId, QoS)> {
    let What::Sent {
        packet: Some(packet),
        automatic: false,
        ..
    } = &event.what
    else {
        return None;
    };
    match packet {
        Packet::PubAck(ack) => Some((ack.packet_id, QoS::AtLeastOnce)),
        Packet::PubRec(ack) => Some((ack.packet_id, QoS::ExactlyOnce)),
        _ => None,
    }
}

/// Returns the QoS of a message that was received with this identifier.
fn received_with(event: &Event, id: PacketId) -> Option<QoS> {
    match &event.what {
        What::Received {
            packet: Ok(Packet::Publish(publish)),
            ..
        } if publish.packet_id == Some(id) => Some(publish.qos),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mqtt_check_codec::{Ack, Properties, ProtocolVersion, Publish, ReasonCode};

    use super::super::granted_less::tests::record;
    use super::*;

    #[test]
    fn an_acknowledgement_fits_the_last_message_of_its_identifier() {
        let received = |qos| {
            let publish = Publish {
                dup: false,
                qos,
                retain: false,
                topic: "x".into(),
                packet_id: Some(PacketId::MIN),
                properties: Properties::new(),
                payload: Bytes::new(),
            };
            (false, Packet::Publish(publish))
        };
        let pubrec = || {
            let ack = Ack {
                packet_id: PacketId::MIN,
                reason: ReasonCode::SUCCESS,
                properties: Properties::new(),
            };
            (true, Packet::PubRec(ack))
        };
        for (packets, expected) in [
            (vec![received(QoS::ExactlyOnce), pubrec()], false),
            (vec![received(QoS::AtLeastOnce), pubrec()], true),
            (
                vec![
                    received(QoS::AtLeastOnce),
                    received(QoS::ExactlyOnce),
                    pubrec(),
                ],
                false,
            ),
            (vec![pubrec(), received(QoS::AtLeastOnce)], false),
        ] {
            let transcript = record(ProtocolVersion::V5, &packets);
            let found = acknowledges_another(&transcript, ClientIndex(0), Duration::MAX);
            assert_eq!(found, expected, "{packets:?}");
        }
    }
}
