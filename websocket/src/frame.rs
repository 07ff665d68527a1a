//! Frames: the format of the header, and the values that it may have.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

use crate::lapse::{Lapse, Lapses};

/// The maximum payload of a control frame, in bytes.
const CONTROL_LIMIT: u64 = 125;

/// The type of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opcode(pub u8);

impl Opcode {
    /// Another fragment of a message.
    pub const CONTINUATION: Self = Self(0);
    /// The first fragment of a text message.
    pub const TEXT: Self = Self(1);
    /// The first fragment of a binary message, the only kind that carries MQTT. `[5 MQTT-6.0.0-1]`
    pub const BINARY: Self = Self(2);
    /// Ends the WebSocket. If it has a payload, that begins with a code.
    pub const CLOSE: Self = Self(8);
    /// Must be answered by a pong with the same payload.
    pub const PING: Self = Self(9);
    /// Answers a ping; may also be sent without one.
    pub const PONG: Self = Self(10);

    const NAMES: [(Self, &str); 6] = [
        (Self::CONTINUATION, "continuation"),
        (Self::TEXT, "text"),
        (Self::BINARY, "binary"),
        (Self::CLOSE, "close"),
        (Self::PING, "ping"),
        (Self::PONG, "pong"),
    ];

    /// Whether this is the type of a control frame, which is not part of a message.
    pub const fn is_control(self) -> bool {
        self.0 & 8 != 0
    }

    /// Returns the name, if there is one.
    pub fn name(self) -> Option<&'static str> {
        let known = Self::NAMES.iter().find(|(opcode, _)| *opcode == self);
        known.map(|(_, name)| *name)
    }

    /// Returns the opcode of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map(|(opcode, _)| *opcode)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// What a peer does that a WebSocket peer must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// Correct for a WebSocket, but wrong for MQTT.
    #[error("a text frame; MQTT packets must be in binary frames")]
    Text,
    /// The three bits after FIN, to which no extension has given a meaning.
    #[error("a frame with reserved bits set ({0:#05b})")]
    ReservedBits(u8),
    /// An opcode from 3 to 7, or from 11 to 15.
    #[error("a frame of unknown type {0:#x}")]
    UnknownOpcode(u8),
    /// Close, ping and pong must be one frame each.
    #[error("a fragmented control frame")]
    FragmentedControl,
    /// Close, ping and pong have at most 125 bytes.
    #[error("a control frame of more than 125 bytes")]
    LongControl,
    /// Clients must mask every frame.
    #[error("a frame without a mask from the client")]
    Unmasked,
    /// Servers must not mask.
    #[error("a masked frame from the server")]
    Masked,
    /// A continuation outside of a message.
    #[error("a continuation frame without a message to continue")]
    NothingToContinue,
    /// Text or binary while another message is not finished.
    #[error("a new message before the last fragment of the previous one")]
    MessageWithinMessage,
    /// A length in 2 or 8 bytes that fits in fewer.
    #[error("a frame length that is not in its shortest form")]
    LengthForm,
    /// The top bit of an eight-byte length must be 0.
    #[error("a frame of more than 2^63 bytes")]
    Length,
    /// A payload of one byte. It must be empty or begin with a code of two bytes.
    #[error("a close frame with a single byte")]
    CloseForm,
}

impl Fault {
    /// Returns the close code that answers the fault.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Text => 1003,
            _ => 1002,
        }
    }
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The three reserved bits; 0 unless an extension was agreed.
    pub reserved: u8,
    /// The type of the frame.
    pub opcode: Opcode,
    /// The key with which the payload is masked. Clients must have one, and servers must not.
    pub mask: Option<[u8; 4]>,
    /// The length of the payload in bytes.
    pub length: u64,
}

impl Header {
    /// Parses the header at the beginning of these bytes. Returns it with its own length, or `None` if more bytes are
    /// needed.
    ///
    /// # Errors
    /// Returns an error if the length does not have the required form.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (length, extra) = match second & 0x7F {
            126 => match rest.first_chunk::<2>() {
                Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (u64::from_be_bytes(*bytes), 8),
                None => return Ok(None),
            },
            short => (u64::from(short), 0),
        };
        if length >> 63 != 0 {
            return Err(Fault::Length);
        }
        if (extra == 2 && length < 126) || (extra == 8 && length <= u64::from(u16::MAX)) {
            return Err(Fault::LengthForm);
        }
        let mut size = 2 + extra;
        let mut mask = None;
        if second & 0x80 != 0 {
            let Some(bytes) = rest[extra..].first_chunk::<4>() else {
                return Ok(None);
            };
            mask = Some(*bytes);
            size += 4;
        }
        let header = Self {
            fin: first & 0x80 != 0,
            reserved: first >> 4 & 0b111,
            opcode: Opcode(first & 0x0F),
            mask,
            length,
        };
        Ok(Some((header, size)))
    }

    /// Appends the encoded header.
    pub fn write(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(self.fin) << 7 | (self.reserved & 0b111) << 4 | self.opcode.0 & 0x0F);
        let masked = u8::from(self.mask.is_some()) << 7;
        if self.length < 126 {
            out.put_u8(masked | self.length as u8);
        } else if let Ok(length) = u16::try_from(self.length) {
            out.put_u8(masked | 126);
            out.put_u16(length);
        } else {
            out.put_u8(masked | 127);
            out.put_u64(self.length);
        }
        if let Some(mask) = self.mask {
            out.put_slice(&mask);
        }
    }
}

/// Masks or unmasks bytes. `at` is their offset in the payload.
pub fn apply_mask(bytes: &mut [u8], mask: [u8; 4], at: u64) {
    let mut mask = mask;
    mask.rotate_left((at % 4) as usize);
    let (words, rest) = bytes.as_chunks_mut::<4>();
    let word_mask = u32::from_ne_bytes(mask);
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ word_mask).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Something that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The next bytes of a message of this type. A text message gives at least one item, even if it is empty.
    Data(Opcode, BytesMut),
    /// A ping with its payload, which the pong must repeat.
    Ping(Bytes),
    /// A pong with its payload.
    Pong(Bytes),
    /// A close frame with its code, if it has one.
    Close(Option<u16>),
}

/// Splits bytes into frames. Payloads are passed on as they arrive, without waiting for the end of a long message.
#[derive(Debug)]
pub struct Decoder {
    /// Whether the peer must mask.
    masked: bool,
    current: Option<Current>,
    /// The type of the message that the next data frame continues.
    open: Option<Opcode>,
    /// The number of data frames without a payload.
    empty_frames: u64,
    /// Whether the last data belonged to a continuation.
    is_continued: bool,
    pub(crate) lapses: Lapses,
}

/// A data frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Current {
    /// The type of its message.
    kind: Opcode,
    is_continuation: bool,
    mask: Option<[u8; 4]>,
    length: u64,
    /// The number of bytes that have been passed on.
    passed: u64,
}

impl Decoder {
    /// Makes a decoder. `masked` says whether the peer must mask, as clients must.
    pub const fn new(masked: bool) -> Self {
        Self {
            masked,
            current: None,
            open: None,
            empty_frames: 0,
            is_continued: false,
            lapses: Lapses::none(),
        }
    }

    /// Whether no data frame is being read.
    pub const fn is_between_frames(&self) -> bool {
        self.current.is_none()
    }

    /// Whether the next data frame continues a message.
    pub(crate) const fn is_within_message(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the last data belonged to a continuation.
    pub(crate) const fn is_continued(&self) -> bool {
        self.is_continued
    }

    /// Returns the number of data frames without a payload so far.
    pub const fn empty_frames(&self) -> u64 {
        self.empty_frames
    }

    /// Takes the next item from `input`, or returns `None` if more bytes are needed.
    ///
    /// # Errors
    /// Returns an error if the peer breaks a rule. What follows can then no longer be split into frames.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Item>, Fault> {
        loop {
            if let Some(current) = &mut self.current {
                if input.is_empty() {
                    return Ok(None);
                }
                let bytes = current.pass(input);
                let kind = current.kind;
                self.is_continued = current.is_continuation;
                if current.passed == current.length {
                    self.current = None;
                }
                return Ok(Some(Item::Data(kind, bytes)));
            }
            let Some((header, size)) = Header::parse(input)? else {
                return Ok(None);
            };
            if let Err(fault) = self.check(&header)
                && !self.lapses.permits(fault)
            {
                return Err(fault);
            }
            if header.opcode.is_control() {
                return control(&header, size, input);
            }
            input.advance(size);
            let kind = match header.opcode {
                Opcode::CONTINUATION => self.open.unwrap_or(Opcode::CONTINUATION),
                opcode => opcode,
            };
            self.open = (!header.fin).then_some(kind);
            self.empty_frames += u64::from(header.length == 0);
            if header.length > 0 {
                self.current = Some(Current {
                    kind,
                    is_continuation: header.opcode == Opcode::CONTINUATION,
                    mask: header.mask,
                    length: header.length,
                    passed: 0,
                });
            } else if kind == Opcode::TEXT {
                return Ok(Some(Item::Data(kind, BytesMut::new())));
            }
        }
    }

    fn check(&self, header: &Header) -> Result<(), Fault> {
        if header.reserved != 0 {
            return Err(Fault::ReservedBits(header.reserved));
        }
        if header.opcode.name().is_none() {
            return Err(Fault::UnknownOpcode(header.opcode.0));
        }
        match (self.masked, header.mask) {
            (true, None) => return Err(Fault::Unmasked),
            (false, Some(_)) => return Err(Fault::Masked),
            _ => {}
        }
        if header.opcode.is_control() {
            if !header.fin {
                return Err(Fault::FragmentedControl);
            }
            if header.length > CONTROL_LIMIT {
                return Err(Fault::LongControl);
            }
            return Ok(());
        }
        if header.length > u64::from(u16::MAX) && self.lapses.has(Lapse::NoLongFrames) {
            return Err(Fault::Length);
        }
        match (header.opcode, self.open) {
            (Opcode::CONTINUATION, None) => Err(Fault::NothingToContinue),
            (Opcode::CONTINUATION, Some(_)) => Ok(()),
            (_, Some(_)) => Err(Fault::MessageWithinMessage),
            (_, None) => Ok(()),
        }
    }
}

impl Current {
    /// Takes the part of the payload that has arrived.
    fn pass(&mut self, input: &mut BytesMut) -> BytesMut {
        let left = usize::try_from(self.length - self.passed).unwrap_or(usize::MAX);
        let mut bytes = input.split_to(left.min(input.len()));
        if let Some(mask) = self.mask {
            apply_mask(&mut bytes, mask, self.passed);
        }
        self.passed += bytes.len() as u64;
        bytes
    }
}

/// Takes a control frame, once it is complete.
fn control(header: &Header, size: usize, input: &mut BytesMut) -> Result<Option<Item>, Fault> {
    let length = usize::from(header.length as u8);
    if input.len() < size + length {
        return Ok(None);
    }
    input.advance(size);
    let mut payload = input.split_to(length);
    if let Some(mask) = header.mask {
        apply_mask(&mut payload, mask, 0);
    }
    Ok(Some(match header.opcode {
        Opcode::PING => Item::Ping(payload.freeze()),
        Opcode::PONG => Item::Pong(payload.freeze()),
        _ => match &payload[..] {
            [] => Item::Close(None),
            [_] => return Err(Fault::CloseForm),
            [high, low, ..] => Item::Close(Some(u16::from_be_bytes([*high, *low]))),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        let header = Header {
            fin,
            reserved: 0,
            opcode,
            mask: None,
            length: payload.len() as u64,
        };
        header.write(&mut out);
        out.extend_from_slice(payload);
        out.to_vec()
    }

    fn items(bytes: &[u8]) -> Result<Vec<Item>, Fault> {
        let mut decoder = Decoder::new(false);
        let mut input = BytesMut::from(bytes);
        let mut items = Vec::new();
        while let Some(item) = decoder.next(&mut input)? {
            items.push(item);
        }
        Ok(items)
    }

    #[test]
    fn a_header_reads_as_it_was_written() {
        for length in [0, 1, 125, 126, 65_535, 65_536, u64::MAX >> 1] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let header = Header {
                    fin: length % 2 == 0,
                    reserved: 0b101,
                    opcode: Opcode::PONG,
                    mask,
                    length,
                };
                let mut out = BytesMut::new();
                header.write(&mut out);
                assert_eq!(Header::parse(&out), Ok(Some((header, out.len()))));
                for cut in 0..out.len() {
                    assert_eq!(Header::parse(&out[..cut]), Ok(None), "{length} at {cut}");
                }
            }
        }
    }

    #[test]
    fn a_length_has_one_form() {
        for (bytes, fault) in [
            (&[0x82, 126, 0, 125][..], Fault::LengthForm),
            (
                &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
                Fault::LengthForm,
            ),
            (&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], Fault::Length),
        ] {
            assert_eq!(Header::parse(bytes), Err(fault));
        }
    }

    #[test]
    fn a_mask_goes_on_where_it_was() {
        let whole: Vec<u8> = (0..29).collect();
        let mut masked = whole.clone();
        apply_mask(&mut masked, [9, 8, 7, 6], 0);
        for cut in 0..whole.len() {
            let (mut head, mut tail) = (masked[..cut].to_vec(), masked[cut..].to_vec());
            apply_mask(&mut head, [9, 8, 7, 6], 0);
            apply_mask(&mut tail, [9, 8, 7, 6], cut as u64);
            assert_eq!([head, tail].concat(), whole);
        }
    }

    #[test]
    fn a_fragment_is_passed_on_before_its_message_ends() {
        let begins = [
            frame(false, Opcode::BINARY, b"ab"),
            frame(true, Opcode::PING, b"!"),
            frame(true, Opcode::CONTINUATION, b"c"),
        ];
        let expected = [
            Item::Data(Opcode::BINARY, b"ab"[..].into()),
            Item::Ping(b"!"[..].into()),
            Item::Data(Opcode::BINARY, b"c"[..].into()),
        ];
        for n in 1..=begins.len() {
            assert_eq!(items(&begins[..n].concat()).as_deref(), Ok(&expected[..n]));
        }
    }

    #[test]
    fn an_empty_text_frame_is_seen() {
        let text = items(&frame(true, Opcode::TEXT, b""));
        assert_eq!(text, Ok(vec![Item::Data(Opcode::TEXT, BytesMut::new())]));
        assert_eq!(items(&frame(true, Opcode::BINARY, b"")), Ok(vec![]));
    }

    #[test]
    fn every_rule_is_enforced() {
        let long = frame(true, Opcode::PING, &[0; 126]);
        let rows: &[(&[u8], Fault)] = &[
            (&[0xC2, 0], Fault::ReservedBits(0b100)),
            (&[0x83, 0], Fault::UnknownOpcode(3)),
            (&[0x8B, 0], Fault::UnknownOpcode(11)),
            (&[0x09, 0], Fault::FragmentedControl),
            (&long, Fault::LongControl),
            (&[0x82, 0x80, 0, 0, 0, 0], Fault::Masked),
            (&[0x80, 0], Fault::NothingToContinue),
            (&[0x02, 0, 0x82, 0], Fault::MessageWithinMessage),
            (&[0x88, 1, 0], Fault::CloseForm),
        ];
        for (bytes, fault) in rows {
            assert_eq!(items(bytes), Err(*fault));
        }
        let mut unmasked = BytesMut::from(&[0x82, 0][..]);
        let found = Decoder::new(true).next(&mut unmasked);
        assert_eq!(found, Err(Fault::Unmasked));
    }
}
