//! Finds out what is wrong with a malformed packet of the broker.

use mqtt_check_codec::{DecodeError, Frame, Packet};

use super::super::monitor::is_echo;
use super::{Event, Wrong};
use crate::transcript::{EventIndex, Transcript, What};

/// Returns what is wrong with this packet, which could not be decoded, or only leniently. If a client sends a packet
/// with Packet Identifier 0, an answer with the same identifier is not what is wrong: the server should have ended the
/// connection.
pub(in crate::verdict) fn malformed(
    transcript: &Transcript,
    event: EventIndex,
    error: &DecodeError,
) -> Wrong {
    match error.is_identifier_0() && is_echo(error, has_sent_identifier_0(transcript, event)) {
        true => Wrong::Event(Event::StayedOpen),
        false => {
            let clause = error.clone().sent_by_server().clause;
            Wrong::Bytes(clause.map(|clause| clause.id))
        }
    }
}

/// Returns what is wrong with the packet of this event if it could not be decoded.
pub(in crate::verdict) fn undecoded(transcript: &Transcript, event: EventIndex) -> Option<Wrong> {
    match &transcript.events[event.0].what {
        What::Received {
            packet: Err(error), ..
        } => Some(malformed(transcript, event, error)),
        _ => None,
    }
}

/// Returns whether a packet with Packet Identifier 0 was sent on the connection of this event before it.
fn has_sent_identifier_0(transcript: &Transcript, before: EventIndex) -> bool {
    let lane = transcript.events[before.0].lane;
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
