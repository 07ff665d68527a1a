//! What a broker owes when the record ends: acknowledgements, and the close of connections.

use mqtt_check_codec::PacketType;

use super::check::{self, Check, Found};
use super::connection::{Connection, Handshake, Opening};
use crate::transcript::{Debt, EventIndex, Owed, Transcript};

/// Returns what is missing, each with the packet that it would answer.
pub(super) fn owed(
    transcript: &Transcript,
    connections: &[Connection],
) -> Vec<(EventIndex, Found)> {
    // A record that was broken off has no end.
    if transcript.broken_off.is_some() {
        return Vec::new();
    }
    let owed = transcript.owed().into_iter();
    owed.filter(|owed| is_due(owed, &connections[owed.lane.0]))
        .filter_map(|owed| Some((owed.asked, found(&owed)?)))
        .collect()
}

fn is_due(owed: &Owed, connection: &Connection) -> bool {
    match owed.debt {
        Debt::Answer(..) => is_certain(connection),
        // After its last packet, the broker must close the connection regardless of what the client did. The connection
        // only has to be of this protocol.
        Debt::Close(_) => !matches!(connection.opening, Opening::Nothing | Opening::Foreign),
    }
}

/// Returns whether the client can rely on an answer: it is connected, in its own session, and has sent nothing wrong.
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
    let check: &'static Check = match owed.debt {
        Debt::Answer(PacketType::PUBACK, _) => &check::PUBACK_OWED,
        Debt::Answer(PacketType::PUBREC, _) => &check::PUBREC_OWED,
        Debt::Answer(PacketType::PUBREL, _) => &check::PUBREL_OWED,
        Debt::Answer(PacketType::PUBCOMP, _) => &check::PUBCOMP_OWED,
        Debt::Close(PacketType::DISCONNECT) => &check::CLOSE_OWED_AFTER_DISCONNECT,
        Debt::Close(_) => &check::CLOSE_OWED_AFTER_REFUSAL,
        Debt::Answer(..) => return None,
    };
    Some(check.found(match owed.debt {
        Debt::Answer(answer, id) => format!("no {answer} {id} by the end of the case"),
        Debt::Close(reason) => {
            format!("{reason}, but the connection is still open at the end of the case")
        }
    }))
}
