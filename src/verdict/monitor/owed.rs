//! Acknowledgements that a broker owes when the record ends.

use mqtt_check_codec::PacketType;

use super::check::{self, Check, Found};
use super::connection::{Connection, Handshake};
use crate::transcript::{EventIndex, Owed, Transcript};

/// What has not come, by the packet that it would answer.
pub(super) fn owed(
    transcript: &Transcript,
    connections: &[Connection],
) -> Vec<(EventIndex, Found)> {
    // What was broken off has no end.
    if transcript.broken_off.is_some() {
        return Vec::new();
    }
    let owed = transcript.owed().into_iter();
    owed.filter(|owed| is_certain(&connections[owed.lane.0]))
        .filter_map(|owed| Some((owed.asked, found(&owed)?)))
        .collect()
}

/// Whether the client may count on an answer: it is connected, in its own session, and has said nothing wrong.
fn is_certain(connection: &Connection) -> bool {
    connection.handshake == Handshake::Accepted
        && connection.key.is_some()
        && connection.connects == 1
        && !connection.is_faulty
        && !connection.is_superseded
        && !connection.is_over
        && !connection.has_left
}

fn found(owed: &Owed) -> Option<Found> {
    let check: &'static Check = match owed.answer {
        PacketType::PUBACK => &check::PUBACK_OWED,
        PacketType::PUBREC => &check::PUBREC_OWED,
        PacketType::PUBREL => &check::PUBREL_OWED,
        PacketType::PUBCOMP => &check::PUBCOMP_OWED,
        _ => return None,
    };
    Some(check.found(format!(
        "no {} {} by the end of the case",
        owed.answer, owed.packet_id
    )))
}
