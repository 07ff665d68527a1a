//! Honest encoding.

use bytes::BytesMut;

use crate::{Frame, Packet, ProtocolVersion};

impl Packet {
    /// Appends the packet's bytes. CONNECT is encoded by its own version. In version 5 an acknowledgement or
    /// DISCONNECT with reason 0x00 and no properties takes the short form.
    pub fn encode(&self, version: ProtocolVersion, out: &mut BytesMut) {
        let _ = (version, out);
        unimplemented!("the codec's first commit is its types")
    }

    /// The packet as a frame of its own.
    pub fn to_frame(&self, version: ProtocolVersion) -> Frame {
        let _ = version;
        unimplemented!("the codec's first commit is its types")
    }
}
