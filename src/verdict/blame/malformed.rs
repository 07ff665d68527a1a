//! Finds out what is wrong with a malformed packet of the broker.

use mqtt_check_codec::{DecodeError, Frame, Packet, PacketType};

use super::{Event, Wrong};
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// Returns what is wrong with this packet, which could not be decoded, or only leniently. If a client sends a packet
/// with Packet Identifier 0, an answer with the same identifier is not what is wrong: the server should have ended the
/// connection.
pub(in crate::verdict) fn malformed(
    transcript: &Transcript,
    event: EventIndex,
    error: &DecodeError,
) -> Wrong {
    let lane = transcript.events[event.0].lane;
    match is_answer_to_identifier_0(error) && has_sent_identifier_0(transcript, lane, event) {
        true => Wrong::Event(Event::StayedOpen),
        false => {
            let clause = error.clone().sent_by_server().clause;
            Wrong::Bytes(clause.map(|clause| clause.id))
        }
    }
}

/// The identifier of a PUBLISH is chosen by its sender.
fn is_answer_to_identifier_0(error: &DecodeError) -> bool {
    error.is_identifier_0() && error.packet != PacketType::PUBLISH
}

/// Returns whether a packet with Packet Identifier 0 was sent on the connection before this event.
fn has_sent_identifier_0(transcript: &Transcript, lane: LaneIndex, before: EventIndex) -> bool {
    let version = transcript.lanes[lane.0].version;
    let is_identifier_0 = |frame| {
        let packet = Packet::decode(&frame, version);
        packet.is_err_and(|error| error.is_identifier_0())
    };
    let mut events = transcript.events[..before.0].iter();
    events.any(|event| match &event.what {
        What::Sent { bytes, .. } if event.lane == lane => {
            Frame::from_bytes(bytes.clone()).is_ok_and(is_identifier_0)
        }
        _ => false,
    })
}
