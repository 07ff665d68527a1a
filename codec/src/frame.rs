//! Raw frames: where one control packet ends and the next begins.
//!
//! A Remaining Length that is longer than it need be can still be cut, so it is cut: version 5 forbids it
//! `[5 MQTT-1.5.5-1]`, 3.1.1 has no such clause, and the version is only known to [`Packet::decode`], which
//! judges it.
//!
//! [`Packet::decode`]: crate::Packet::decode

use std::fmt;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::PacketType;
use crate::varint::{self, Read};

/// The bytes of one control packet, fixed header included, just as they were on the wire. The Remaining
/// Length agrees with the bytes that follow it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    bytes: Bytes,
}

/// Why the bytes cannot be cut into frames any further: the stream is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The fourth byte of the Remaining Length still says that another follows.
    #[error("the Remaining Length has more than four bytes")]
    LengthTooLong,
    /// The packet would be larger than the reader takes.
    #[error("the packet has {size} bytes, more than the maximum of {maximum}")]
    TooLarge {
        /// Size of the whole packet in bytes, as its Remaining Length announces it.
        size: usize,
        /// The limit that the reader was given, in bytes.
        maximum: usize,
    },
    /// From [`Frame::from_bytes`] only: the bytes end within the packet.
    #[error("the packet is incomplete: at least {missing} bytes are missing")]
    Incomplete {
        /// Number of missing bytes; more may be missing where the Remaining Length is cut.
        missing: usize,
    },
    /// From [`Frame::from_bytes`] only: bytes follow the packet.
    #[error("{extra} bytes follow the packet")]
    Trailing {
        /// Number of bytes behind the packet.
        extra: usize,
    },
}

impl Frame {
    /// Takes the next frame off the front of `buffer`; `Ok(None)` while bytes are missing. `maximum` is the
    /// largest whole packet, in bytes, that the reader takes.
    ///
    /// # Errors
    /// When the stream cannot be cut further; `buffer` is left as it is.
    pub fn read(buffer: &mut BytesMut, maximum: usize) -> Result<Option<Self>, FrameError> {
        let size = whole_size(buffer, maximum)?;
        Ok(size.map(|size| Self {
            bytes: buffer.split_to(size).freeze(),
        }))
    }

    /// As [`Self::read`], but copies the frame and leaves it where it is: a frame that is kept then keeps no
    /// memory besides.
    ///
    /// # Errors
    /// When the stream cannot be cut further.
    pub fn copied(bytes: &[u8], maximum: usize) -> Result<Option<Self>, FrameError> {
        let size = whole_size(bytes, maximum)?;
        Ok(size.map(|size| Self {
            bytes: Bytes::copy_from_slice(&bytes[..size]),
        }))
    }

    /// The frame that `bytes` are, from the first to the last.
    ///
    /// # Errors
    /// When they are less or more than one frame.
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

    /// The frame that `bytes` are known to be.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        debug_assert_eq!(size(&bytes), Ok(Some(bytes.len())), "is one whole frame");
        Self { bytes }
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

/// The size of the packet that begins here, if all of it is here.
fn whole_size(bytes: &[u8], maximum: usize) -> Result<Option<usize>, FrameError> {
    match size(bytes)? {
        Some(size) if size > maximum => Err(FrameError::TooLarge { size, maximum }),
        size => Ok(size.filter(|size| *size <= bytes.len())),
    }
}

/// The whole size of the packet that begins here; `None` while its Remaining Length is incomplete.
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
