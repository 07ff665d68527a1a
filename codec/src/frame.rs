//! Raw frames: where one control packet ends and the next begins.

use std::fmt;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::PacketType;

/// The bytes of one control packet, fixed header included, just as they were on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
}

/// Why the bytes cannot be cut into frames any further: the stream is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The fourth byte of the Remaining Length still says that another follows.
    #[error("remaining length has more than four bytes")]
    LengthTooLong,
    /// The Remaining Length is not in its shortest form. [5 MQTT-1.5.5-1]
    #[error("remaining length is not in its shortest form")]
    LengthNotMinimal,
    /// The packet would be larger than the reader takes.
    #[error("packet of {size} bytes is over the maximum of {maximum}")]
    TooLarge { size: usize, maximum: usize },
}

impl Frame {
    /// Takes the next frame off the front of `buffer`; `Ok(None)` while bytes are missing. `maximum` is the
    /// largest whole packet, in bytes, that the reader takes.
    ///
    /// # Errors
    /// When the stream cannot be cut further; `buffer` is left as it is.
    pub fn read(buffer: &mut BytesMut, maximum: usize) -> Result<Option<Self>, FrameError> {
        let _ = (buffer, maximum);
        unimplemented!("the codec's first commit is its types")
    }

    /// The bytes as they were on the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The type bits of the first byte.
    pub fn packet_type(&self) -> PacketType {
        PacketType(self.bytes.first().map_or(0, |b| b >> 4))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.packet_type())?;
        for byte in &self.bytes {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}
