//! Reads the fields of one frame in order and keeps track of the position.

use bytes::Bytes;
use bytestring::ByteString;

use super::DecodeError;
use super::rules::{self, Rule};
use crate::varint::{self, Read};
use crate::{FieldName, FieldPart, FieldSpan, Frame, PacketId, PacketType, ProtocolVersion};

/// What is wrong with Packet Identifier 0.
pub(super) const IDENTIFIER_0: &str = "is 0";

/// A position in a frame. Errors cite the clauses of `version`.
pub(super) struct Reader<'a> {
    bytes: &'a Bytes,
    pub(super) position: usize,
    /// The end of the section that is being read: the packet, or its properties.
    end: usize,
    packet: PacketType,
    pub(super) version: ProtocolVersion,
    spans: Option<&'a mut Vec<FieldSpan>>,
    /// The errors that were tolerated; `None` if decoding stops at the first error.
    faults: Option<Vec<DecodeError>>,
}

/// Says how much is left of a packet that should have more.
pub(super) fn left(bytes: usize) -> String {
    match bytes {
        0 => "nothing is left".to_owned(),
        1 => "only 1 byte is left".to_owned(),
        n => format!("only {n} bytes are left"),
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        version: ProtocolVersion,
        spans: Option<&'a mut Vec<FieldSpan>>,
    ) -> Self {
        Self {
            bytes: frame.bytes(),
            position: 0,
            end: frame.bytes().len(),
            packet: frame.packet_type(),
            version,
            spans,
            faults: None,
        }
    }

    /// Tolerates every error after which it is clear how to continue.
    pub(super) fn leniently(self) -> Self {
        Self {
            faults: Some(Vec::new()),
            ..self
        }
    }

    /// Returns the errors that were tolerated.
    pub(super) fn into_faults(self) -> Vec<DecodeError> {
        self.faults.unwrap_or_default()
    }

    /// Returns the error, or records it if errors are tolerated.
    pub(super) fn fault(&mut self, error: DecodeError) -> Result<(), DecodeError> {
        match &mut self.faults {
            Some(faults) => {
                faults.push(error);
                Ok(())
            }
            None => Err(error),
        }
    }

    /// Makes the error that the field at `offset` breaks this rule.
    pub(super) fn error(
        &self,
        field: &'static str,
        offset: usize,
        rule: Rule,
        problem: impl Into<String>,
    ) -> DecodeError {
        DecodeError {
            packet: self.packet,
            field,
            offset,
            problem: problem.into(),
            clause: rule.clause(self.version),
            reason: rule.reason,
        }
    }

    /// Returns the number of bytes left in the section.
    pub(super) fn remaining(&self) -> usize {
        self.end - self.position
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position == self.end
    }

    /// Returns the rule that missing or excess bytes break here.
    fn structure(&self) -> Rule {
        match self.packet {
            PacketType::CONNECT => rules::CONNECT_STRUCTURE,
            PacketType::CONNACK => rules::CONNACK_STRUCTURE,
            _ => rules::STRUCTURE,
        }
    }

    fn take(&mut self, name: FieldName, size: usize) -> Result<&'a [u8], DecodeError> {
        if size > self.remaining() {
            let problem = match self.remaining() {
                0 => "is missing".to_owned(),
                left => format!("needs {size} bytes, but only {left} are left"),
            };
            return Err(self.error(name.base, self.position, self.structure(), problem));
        }
        let start = self.position;
        self.position += size;
        self.mark(name, start);
        Ok(&self.bytes[start..self.position])
    }

    /// Records that the bytes from `start` up to here are this field.
    fn mark(&mut self, name: FieldName, start: usize) {
        let range = start..self.position;
        if let Some(spans) = &mut self.spans {
            spans.push(FieldSpan { name, range });
        }
    }

    pub(super) fn u8(&mut self, name: impl Into<FieldName>) -> Result<u8, DecodeError> {
        Ok(self.take(name.into(), 1)?[0])
    }

    pub(super) fn u16(&mut self, name: impl Into<FieldName>) -> Result<u16, DecodeError> {
        let bytes = self.take(name.into(), 2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(&mut self, name: impl Into<FieldName>) -> Result<u32, DecodeError> {
        let bytes = self.take(name.into(), 4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Reads a Variable Byte Integer in its shortest form. [`Self::length`] reads the Remaining Length.
    pub(super) fn variable(&mut self, name: impl Into<FieldName>) -> Result<u32, DecodeError> {
        let (name, start) = (name.into(), self.position);
        let (value, minimal) = self.length(name)?;
        if !minimal {
            self.fault(self.not_minimal(name.base, start, value))?;
        }
        Ok(value)
    }

    /// Makes the error for a Variable Byte Integer that is longer than necessary.
    pub(super) fn not_minimal(&self, field: &'static str, start: usize, value: u32) -> DecodeError {
        let size = varint::size(value);
        let problem = format!("is not in the shortest form of {value}, which has {size} bytes");
        self.error(field, start, rules::VARIABLE_BYTE_INTEGER, problem)
    }

    /// Returns the Variable Byte Integer at this position without reading past it.
    pub(super) fn peek_variable(&self) -> Option<u32> {
        match varint::read(&self.bytes[self.position..self.end]) {
            Read::Value(value, _) => Some(value),
            Read::Incomplete | Read::TooLong => None,
        }
    }

    /// Reads a Variable Byte Integer. Also returns whether it has its shortest form.
    pub(super) fn length(&mut self, name: FieldName) -> Result<(u32, bool), DecodeError> {
        match varint::read(&self.bytes[self.position..self.end]) {
            Read::Value(value, width) => {
                self.take(name, width)?;
                Ok((value, width == varint::size(value)))
            }
            Read::Incomplete => {
                let problem = "ends in the middle of a Variable Byte Integer";
                let problem = if self.is_at_end() {
                    "is missing"
                } else {
                    problem
                };
                Err(self.error(name.base, self.position, self.structure(), problem))
            }
            Read::TooLong => {
                let (rule, problem) = (rules::VARIABLE_BYTE_INTEGER, "has more than four bytes");
                Err(self.error(name.base, self.position, rule, problem))
            }
        }
    }

    /// Reads binary data after its two-byte length.
    pub(super) fn binary(&mut self, name: impl Into<FieldName>) -> Result<Bytes, DecodeError> {
        self.prefixed(name.into(), FieldPart::Value, FieldPart::Length)
    }

    fn prefixed(
        &mut self,
        name: FieldName,
        value: FieldPart,
        length: FieldPart,
    ) -> Result<Bytes, DecodeError> {
        let start = self.position;
        let size = self.u16(name.with(length))?;
        if usize::from(size) > self.remaining() {
            let left = left(self.remaining());
            let problem = format!("has the length {size}, but {left}");
            return Err(self.error(name.base, start, self.structure(), problem));
        }
        let start = self.position;
        self.take(name.with(value), size.into())?;
        Ok(self.bytes.slice(start..self.position))
    }

    /// Reads a UTF-8 Encoded String, which is well-formed and without U+0000.
    pub(super) fn string(&mut self, name: impl Into<FieldName>) -> Result<ByteString, DecodeError> {
        let (name, start) = (name.into(), self.position);
        let bytes = self.prefixed(name, FieldPart::Value, FieldPart::Length)?;
        let rules = (rules::UTF8_ILL_FORMED, rules::UTF8_NULL);
        self.text(name, start, bytes, rules)
    }

    /// Reads a UTF-8 String Pair.
    pub(super) fn pair(
        &mut self,
        name: FieldName,
    ) -> Result<(ByteString, ByteString), DecodeError> {
        let rules = (rules::STRING_PAIR, rules::STRING_PAIR);
        let start = self.position;
        let first = self.prefixed(name, FieldPart::Name, FieldPart::NameLength)?;
        let first = self.text(name, start, first, rules)?;
        let start = self.position;
        let second = self.prefixed(name, FieldPart::PairValue, FieldPart::PairValueLength)?;
        let second = self.text(name, start, second, rules)?;
        Ok((first, second))
    }

    fn text(
        &mut self,
        name: FieldName,
        start: usize,
        bytes: Bytes,
        (ill_formed, null): (Rule, Rule),
    ) -> Result<ByteString, DecodeError> {
        if let Some(at) = bytes.iter().position(|b| *b == 0) {
            let problem = format!("contains U+0000 at its byte {at}");
            self.fault(self.error(name.base, start, null, problem))?;
        }
        if let Err(error) = std::str::from_utf8(&bytes) {
            let at = error.valid_up_to();
            let problem = format!("is not well-formed UTF-8 from its byte {at}");
            self.fault(self.error(name.base, start, ill_formed, problem))?;
        }
        // The text differs from the bytes only if an error in it was tolerated.
        let lossy = |bytes: Bytes| ByteString::from(&*String::from_utf8_lossy(&bytes));
        Ok(ByteString::try_from(bytes.clone()).unwrap_or_else(|_| lossy(bytes)))
    }

    /// Reads a Packet Identifier, which is not 0.
    pub(super) fn packet_id(&mut self, rule: Rule) -> Result<PacketId, DecodeError> {
        let start = self.position;
        let id = self.u16("packet_id")?;
        PacketId::new(id).ok_or_else(|| self.error("packet_id", start, rule, IDENTIFIER_0))
    }

    /// Reads everything that is left in the section.
    pub(super) fn rest(&mut self, name: impl Into<FieldName>) -> Bytes {
        let start = self.position;
        self.position = self.end;
        self.mark(name.into(), start);
        self.bytes.slice(start..self.end)
    }

    /// Skips the rest of the section.
    pub(super) fn skip_rest(&mut self) {
        self.position = self.end;
    }

    /// Reads a section of `size` bytes with `read`, which cannot read beyond its end.
    pub(super) fn section<T>(
        &mut self,
        size: usize,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let end = self.end;
        self.end = self.position + size;
        let value = read(self)?;
        self.end = end;
        Ok(value)
    }

    /// Checks that the field `name` begins here, as `rule` requires.
    pub(super) fn require(&self, name: &'static str, rule: Rule) -> Result<(), DecodeError> {
        if self.is_at_end() {
            return Err(self.error(name, self.position, rule, "is missing"));
        }
        Ok(())
    }

    /// Checks that nothing is left over.
    pub(super) fn finish(&mut self) -> Result<(), DecodeError> {
        let rule = match self.packet {
            PacketType::CONNACK => rules::CONNACK_PAYLOAD,
            _ => self.structure(),
        };
        match self.remaining() {
            0 => Ok(()),
            left => {
                let problem = format!("{left} bytes follow the last field");
                self.fault(self.error("trailing_bytes", self.position, rule, problem))
            }
        }
    }
}
