//! Raw frames: where one control packet ends and the next begins.
//!
//! A Remaining Length that is longer than necessary still shows where the packet ends, so it is accepted here. Version
//! 5 forbids it `[5 MQTT-1.5.5-1]` and 3.1.1 has no such clause. Only [`Packet::decode`] knows the version, and it
//! checks this.
//!
//! [`Packet::decode`]: crate::Packet::decode

use std::fmt;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::PacketType;
use crate::varint::{self, Read};

/// The bytes of one control packet, fixed header included, exactly as they were on the wire. The Remaining Length
/// agrees with the number of bytes that follow it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    bytes: Bytes,
}

/// Why bytes cannot be split into frames any further. The stream can no longer be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The fourth byte of the Remaining Length indicates that another follows.
    #[error("the Remaining Length has more than four bytes")]
    LengthTooLong,
    /// The packet would be larger than the reader accepts.
    #[error("the packet has {size} bytes, more than the maximum of {maximum}")]
    TooLarge {
        /// Size of the whole packet in bytes, according to its Remaining Length.
        size: usize,
        /// The limit of the reader, in bytes.
        maximum: usize,
    },
    /// Only from [`Frame::from_bytes`]: the bytes end within the packet.
    #[error("the packet is incomplete: at least {missing} bytes are missing")]
    Incomplete {
        /// Number of missing bytes. More may be missing if the Remaining Length is incomplete.
        missing: usize,
    },
    /// Only from [`Frame::from_bytes`]: bytes follow the packet.
    #[error("{extra} bytes follow the packet")]
    Trailing {
        /// Number of bytes after the packet.
        extra: usize,
    },
}

impl Frame {
    /// Takes the next frame from the front of `buffer`, or returns `Ok(None)` while bytes are missing. `maximum` is the
    /// size in bytes of the largest packet that the reader accepts.
    ///
    /// # Errors
    /// Returns an error if the stream cannot be split further; `buffer` is then unchanged.
    pub fn read(buffer: &mut BytesMut, maximum: usize) -> Result<Option<Self>, FrameError> {
        let size = whole_size(buffer, maximum)?;
        Ok(size.map(|size| Self {
            bytes: buffer.split_to(size).freeze(),
        }))
    }

    /// Like [`Self::read`], but copies the frame and leaves `bytes` unchanged. A frame that is kept then keeps no other
    /// memory alive.
    ///
    /// # Errors
    /// Returns an error if the stream cannot be split further.
    pub fn copied(bytes: &[u8], maximum: usize) -> Result<Option<Self>, FrameError> {
        let size = whole_size(bytes, maximum)?;
        Ok(size.map(|size| Self {
            bytes: Bytes::copy_from_slice(&bytes[..size]),
        }))
    }

    /// Returns the frame that consists of exactly these bytes.
    ///
    /// # Errors
    /// Returns an error if they are less or more than one frame.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, FrameError> {
        let size = size(&bytes)?.unwrap_or(bytes.len() + 1);
        if size > bytes.len() {
            let missing = size - bytes.len();
            return Err(FrameError::Incomplete { missing });
        }
        if size < bytes.len() {
            let extra = bytes.len() - size;
            return Err(FrameError::Trailing { extra });
        }
        Ok(Self { bytes })
    }

    /// Makes a frame of bytes that are known to be one.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        debug_assert_eq!(size(&bytes), Ok(Some(bytes.len())), "is one whole frame");
        Self { bytes }
    }

    /// Returns the bytes as they were on the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the packet type in the first byte.
    pub fn packet_type(&self) -> PacketType {
        PacketType(self.bytes.first().map_or(0, |b| b >> 4))
    }
}

/// Returns the size of the packet that begins here, if all of it is here.
fn whole_size(bytes: &[u8], maximum: usize) -> Result<Option<usize>, FrameError> {
    match size(bytes)? {
        Some(size) if size > maximum => Err(FrameError::TooLarge { size, maximum }),
        size => Ok(size.filter(|size| *size <= bytes.len())),
    }
}

/// Returns the size of the whole packet that begins here, or `None` while its Remaining Length is incomplete.
fn size(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some((_, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    match varint::read(rest) {
        Read::Value(length, width) => Ok(Some(1 + width + length as usize)),
        Read::Incomplete => Ok(None),
        Read::TooLong => Err(FrameError::LengthTooLong),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_frame_and_leaves_the_rest() {
        let mut buffer = BytesMut::from(&[0xC0, 0x00, 0xD0, 0x00, 0x30][..]);
        let first = Frame::read(&mut buffer, 100)
            .expect("is a frame")
            .expect("is whole");
        assert_eq!(first.packet_type(), PacketType::PINGREQ);
        assert_eq!(buffer[..], [0xD0, 0x00, 0x30]);
        let second = Frame::read(&mut buffer, 100)
            .expect("is a frame")
            .expect("is whole");
        assert_eq!(second.bytes()[..], [0xD0, 0x00]);
        assert_eq!(Frame::read(&mut buffer, 100), Ok(None));
        assert_eq!(buffer[..], [0x30]);
    }

    #[test]
    fn refuses_a_fifth_length_byte_and_keeps_the_bytes() {
        let bytes = [0x30, 0xFF, 0xFF, 0xFF, 0xFF];
        let mut buffer = BytesMut::from(&bytes[..]);
        assert_eq!(
            Frame::read(&mut buffer, usize::MAX),
            Err(FrameError::LengthTooLong)
        );
        assert_eq!(buffer[..], bytes);
    }

    #[test]
    fn refuses_a_large_packet_before_it_has_come() {
        let mut buffer = BytesMut::from(&[0x30, 0x80, 0x01][..]);
        let refused = Frame::read(&mut buffer, 130);
        assert_eq!(
            refused,
            Err(FrameError::TooLarge {
                size: 131,
                maximum: 130
            })
        );
        assert_eq!(Frame::read(&mut buffer, 131), Ok(None));
    }

    #[test]
    fn copies_as_it_reads() {
        let bytes = [0xC0, 0x00, 0x30, 0x80, 0x01];
        let frame = Frame::copied(&bytes, 100).expect("is a frame");
        assert_eq!(frame.expect("is whole").bytes()[..], [0xC0, 0x00]);
        assert_eq!(Frame::copied(&bytes[2..], 131), Ok(None));
        assert!(Frame::copied(&bytes[2..], 130).is_err());
    }

    #[test]
    fn cuts_by_an_over_long_length() {
        let mut buffer = BytesMut::from(&[0xC0, 0x80, 0x00, 0xFF][..]);
        let frame = Frame::read(&mut buffer, 100)
            .expect("is a frame")
            .expect("is whole");
        assert_eq!(frame.bytes()[..], [0xC0, 0x80, 0x00]);
    }

    #[test]
    fn from_bytes_wants_exactly_one_frame() {
        let from = |bytes: &'static [u8]| Frame::from_bytes(Bytes::from_static(bytes));
        assert!(from(&[0xC0, 0x00]).is_ok());
        assert_eq!(from(&[]), Err(FrameError::Incomplete { missing: 1 }));
        assert_eq!(from(&[0xC0]), Err(FrameError::Incomplete { missing: 1 }));
        assert_eq!(
            from(&[0x30, 0x05, 0x00]),
            Err(FrameError::Incomplete { missing: 4 })
        );
        assert_eq!(
            from(&[0xC0, 0x00, 0x00]),
            Err(FrameError::Trailing { extra: 1 })
        );
    }
}
