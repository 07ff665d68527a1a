//! The largest packet that a client may send.

use mqtt_check_codec::{Frame, PacketType, ProtocolVersion, ReasonCode, varint};

use crate::{Config, Fault, Faults};

/// How many bytes a packet may have, and what is said of a larger one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) bytes: usize,
    pub(super) reason: ReasonCode,
}

/// The largest packet that finds room among what all clients may have sent of theirs. The rest is for small ones.
pub(super) const fn largest(config: &Config) -> usize {
    config.maximum_incoming_bytes / 4 * 3
}

/// The limit for the packet that begins here. What is larger is refused before it is read whole.
pub(super) fn of(config: &Config, faults: &Faults, is_connected: bool, begins: &[u8]) -> Limit {
    let announced = match config.maximum_packet_size {
        // The core looks at the size too: this spares reading what is refused anyway.
        Some(_) if faults.has(Fault::ClientHeaderUncounted) => usize::MAX,
        Some(maximum) if !faults.has(Fault::OversizedPacketAccepted) => maximum as usize,
        _ => usize::MAX,
    };
    let is_publish = type_of(begins) == PacketType::PUBLISH;
    let unannounced = match (is_connected, is_publish) {
        (false, _) => config.maximum_connect_bytes,
        (true, true) => largest(config),
        (true, false) => config.maximum_header_bytes.min(largest(config)),
    };
    let is_announced = announced <= unannounced || !is_connected;
    Limit {
        bytes: announced.min(unannounced),
        reason: match is_announced {
            true => ReasonCode::PACKET_TOO_LARGE,
            false => ReasonCode::QUOTA_EXCEEDED,
        },
    }
}

fn type_of(bytes: &[u8]) -> PacketType {
    PacketType(bytes.first().map_or(0, |first| first >> 4))
}

/// What is wrong with a PUBLISH that has more beside its payload than a packet may have: much of it takes far more
/// memory than bytes on the wire.
pub(super) fn header_too_large(
    config: &Config,
    frame: &Frame,
    version: ProtocolVersion,
) -> Option<String> {
    let maximum = config.maximum_header_bytes;
    let bytes = frame.bytes();
    if bytes.len() <= maximum || frame.packet_type() != PacketType::PUBLISH {
        return None;
    }
    let size = publish_header(bytes, version)?;
    (size > maximum).then(|| format!("{size} bytes beside the payload, and {maximum} may be"))
}

/// What a PUBLISH has in front of its payload, in bytes; `None` where it does not get so far.
fn publish_header(bytes: &[u8], version: ProtocolVersion) -> Option<usize> {
    let (first, rest) = bytes.split_first()?;
    let (_, width) = value(rest)?;
    let topic = rest.get(width..)?.first_chunk::<2>()?;
    let packet_id = usize::from(first & 0b0110 != 0) * 2;
    let before = width + 2 + usize::from(u16::from_be_bytes(*topic)) + packet_id;
    let properties = match version.has_properties() {
        true => {
            let (length, width) = value(rest.get(before..)?)?;
            width + length
        }
        false => 0,
    };
    Some(1 + before + properties)
}

/// A Variable Byte Integer and its width.
fn value(bytes: &[u8]) -> Option<(usize, usize)> {
    match varint::read(bytes) {
        varint::Read::Value(value, width) => Some((value as usize, width)),
        _ => None,
    }
}
