//! Encodes packets, including those with deliberate errors.

use bytes::Bytes;
use mqtt_check_codec::{Form, Packet, ProtocolVersion};

use crate::scenario::model::Lie;

/// Returns the bytes of a packet with these lies.
pub(super) fn encode(
    packet: &Packet,
    version: ProtocolVersion,
    lies: &[Lie],
) -> Result<Bytes, String> {
    if lies.is_empty() {
        return packet
            .to_frame(version)
            .map(|frame| frame.bytes().clone())
            .map_err(|problem| problem.to_string());
    }
    packet
        .craft(version, Form::Short, lies)
        .map_err(|problem| problem.to_string())
}
