//! How much memory a record takes.

use mqtt_check_codec::{Packet, Property};

use super::{Event, Transcript, What};

impl Transcript {
    /// About how many bytes of memory its events take.
    pub fn weight(&self) -> usize {
        self.events.iter().map(Event::weight).sum()
    }
}

impl Event {
    /// About how many bytes of memory it takes. What a packet says is counted with its bytes.
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

/// What the properties take besides their bytes.
fn of_properties(packet: &Packet) -> usize {
    let count = packet.properties().map_or(0, |list| list.0.capacity());
    count * size_of::<Property>()
}
