//! Estimates how much memory a transcript takes.

use mqtt_check_codec::{Packet, Property};

use super::{Event, Transcript, What};

impl Transcript {
    /// Returns the approximate memory that the events take, in bytes.
    pub fn weight(&self) -> usize {
        self.events.iter().map(Event::weight).sum()
    }
}

impl Event {
    /// Returns the approximate memory that the event takes, in bytes. The content of a packet shares its bytes.
    pub fn weight(&self) -> usize {
        size_of::<Self>()
            + match &self.what {
                What::Received { frame, packet, .. } => {
                    frame.bytes().len() + packet.as_ref().map_or(0, of_properties)
                }
                What::Sent { bytes, packet, .. } => {
                    bytes.len() + packet.as_ref().map_or(0, of_properties)
                }
                What::SentFrame { frame, .. } => frame.payload.len(),
                What::Garbage { bytes, .. }
                | What::Truncated { bytes }
                | What::Fault { bytes, .. } => bytes.len(),
                _ => 0,
            }
    }
}

/// Returns the memory of the property list, in bytes. The text and data of properties share the bytes of the packet.
fn of_properties(packet: &Packet) -> usize {
    let count = packet.properties().map_or(0, |list| list.0.capacity());
    count * size_of::<Property>()
}
