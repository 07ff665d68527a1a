//! Receivers of a packet's fields, which they get one by one.

use bytes::{BufMut, BytesMut};

use super::EncodeError;
use crate::varint;
use crate::{FieldName, PacketType};

/// A field of less than a byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitRange {
    pub(crate) name: &'static str,
    /// The position of its lowest bit.
    pub(crate) shift: u8,
    /// The number of bits.
    pub(crate) width: u8,
}

/// How an integer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntForm {
    U8,
    U16,
    U32,
    Variable,
}

impl IntForm {
    /// Returns the size of a value in bytes.
    pub(crate) fn size(self, value: u32) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
            Self::Variable => varint::size(value),
        }
    }
}

pub(crate) trait Sink {
    /// A byte whose bits are separate fields.
    fn bits(&mut self, name: FieldName, byte: u8, ranges: &'static [BitRange]);

    /// An integer.
    fn int(&mut self, name: FieldName, value: u32, form: IntForm);

    /// `content` after its two-byte length, which is the field `length`.
    fn prefixed(&mut self, name: FieldName, length: FieldName, content: &[u8]);

    /// Bytes that extend to the end of the packet.
    fn raw(&mut self, name: FieldName, content: &[u8]);

    /// Fields that belong together, such as a property's identifier and value.
    fn group(&mut self, name: FieldName, body: &mut dyn FnMut(&mut dyn Sink));

    /// Fields after their length, a Variable Byte Integer that is the field `length`. `body` may be called more than
    /// once.
    fn section(&mut self, name: FieldName, length: FieldName, body: &dyn Fn(&mut dyn Sink));

    /// Fields that an honest encoder writes only if `is_present`. `body` also gives the content that they have if they
    /// are written anyway.
    fn optional(&mut self, is_present: bool, body: &mut dyn FnMut(&mut dyn Sink));

    /// An error: the wire cannot represent something. The walk continues.
    fn report(&mut self, error: EncodeError);
}

/// Counts bytes, and finds out what cannot be written.
pub(super) struct Counter {
    packet: PacketType,
    size: usize,
    error: Option<EncodeError>,
}

impl Counter {
    pub(super) fn new(packet: PacketType) -> Self {
        Self {
            packet,
            size: 0,
            error: None,
        }
    }

    /// Returns the number of bytes so far.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn finish(self) -> Result<usize, EncodeError> {
        self.error.map_or(Ok(self.size), Err)
    }
}

impl Sink for Counter {
    fn bits(&mut self, _: FieldName, _: u8, _: &'static [BitRange]) {
        self.size += 1;
    }

    fn int(&mut self, field: FieldName, value: u32, form: IntForm) {
        if form == IntForm::Variable && value > varint::MAX {
            let packet = self.packet;
            self.report(EncodeError::IntegerTooLarge {
                packet,
                field,
                value,
            });
        }
        self.size += form.size(value);
    }

    fn prefixed(&mut self, field: FieldName, _: FieldName, content: &[u8]) {
        if content.len() > usize::from(u16::MAX) {
            let (packet, size) = (self.packet, content.len());
            self.report(EncodeError::FieldTooLong {
                packet,
                field,
                size,
            });
        }
        self.size += 2 + content.len();
    }

    fn raw(&mut self, _: FieldName, content: &[u8]) {
        self.size += content.len();
    }

    fn group(&mut self, _: FieldName, body: &mut dyn FnMut(&mut dyn Sink)) {
        body(self);
    }

    fn section(&mut self, _: FieldName, _: FieldName, body: &dyn Fn(&mut dyn Sink)) {
        let before = self.size;
        body(self);
        let size = self.size - before;
        match u32::try_from(size) {
            Ok(length) if length <= varint::MAX => self.size += varint::size(length),
            _ => self.report(EncodeError::PacketTooLarge {
                packet: self.packet,
                size,
            }),
        }
    }

    fn optional(&mut self, is_present: bool, body: &mut dyn FnMut(&mut dyn Sink)) {
        if is_present {
            body(self);
        }
    }

    fn report(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

/// Writes bytes. The same fields have gone through a [`Counter`] before.
pub(super) struct Writer<'a> {
    out: &'a mut BytesMut,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut BytesMut) -> Self {
        Self { out }
    }
}

impl Sink for Writer<'_> {
    fn bits(&mut self, _: FieldName, byte: u8, _: &'static [BitRange]) {
        self.out.put_u8(byte);
    }

    fn int(&mut self, _: FieldName, value: u32, form: IntForm) {
        match form {
            IntForm::U8 => self.out.put_u8(value as u8),
            IntForm::U16 => self.out.put_u16(value as u16),
            IntForm::U32 => self.out.put_u32(value),
            IntForm::Variable => self.out.extend(varint::bytes(value, varint::size(value))),
        }
    }

    fn prefixed(&mut self, _: FieldName, _: FieldName, content: &[u8]) {
        self.out.put_u16(content.len() as u16);
        self.out.put_slice(content);
    }

    fn raw(&mut self, _: FieldName, content: &[u8]) {
        self.out.put_slice(content);
    }

    fn group(&mut self, _: FieldName, body: &mut dyn FnMut(&mut dyn Sink)) {
        body(self);
    }

    fn section(&mut self, _: FieldName, length: FieldName, body: &dyn Fn(&mut dyn Sink)) {
        let mut counter = Counter::new(PacketType::RESERVED);
        body(&mut counter);
        self.int(length, counter.size as u32, IntForm::Variable);
        body(self);
    }

    fn optional(&mut self, is_present: bool, body: &mut dyn FnMut(&mut dyn Sink)) {
        if is_present {
            body(self);
        }
    }

    fn report(&mut self, _: EncodeError) {}
}
