//! The largest packet that a client may send.

use mqtt_check_codec::{Frame, PacketType, ProtocolVersion, ReasonCode, varint};

use crate::{Config, Fault, Faults};

/// The most bytes that a packet may have, and the reason code for a larger one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) bytes: usize,
    pub(super) reason: ReasonCode,
}

/// Returns the size of the largest packet that is accepted, given the memory for incomplete packets of all clients. The
/// rest of that memory is for small packets.
pub(super) const fn largest(config: &Config) -> usize {
    config.maximum_incoming_bytes / 4 * 3
}

/// Returns the limit for the packet that begins here. A larger packet is refused before it is read to its end.
pub(super) fn of(config: &Config, faults: &Faults, is_connected: bool, begins: &[u8]) -> Limit {
    let announced = match config.maximum_packet_size {
        // The core checks the size too. This check avoids reading a packet that will be refused.
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

/// Returns the problem of a PUBLISH that has too many bytes in front of its payload. Properties take far more memory
/// than bytes on the wire.
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
    (size > maximum)
        .then(|| format!("{size} bytes without the payload, and the maximum is {maximum}"))
}

/// Returns the number of bytes in front of a PUBLISH's payload, or `None` if the packet is too short.
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

/// Reads a Variable Byte Integer. Returns its value and its width in bytes.
fn value(bytes: &[u8]) -> Option<(usize, usize)> {
    match varint::read(bytes) {
        varint::Read::Value(value, width) => Some((value as usize, width)),
        _ => None,
    }
}
