//! Honest encoding. One walk (`walk`) goes through a packet's fields in wire order and gives each to a
//! `Sink`: one that counts, one that writes, and the one of [`craft`](crate::craft), which keeps the fields
//! apart so that they can be changed.
//!
//! Honest means that the bytes say what the packet says, and that their lengths are right; it does not mean
//! that the packet obeys the standard. A property that is foreign to its packet is written as it stands; what
//! the version has no place for (properties and most reason codes before 5) is left out.

mod sink;
mod walk;

use bytes::BytesMut;
use thiserror::Error;

use crate::{Frame, Packet, PacketType, Properties, Property, ProtocolVersion};
use sink::{Counter, Writer};

pub(crate) use sink::{BitRange, IntForm, Sink};
pub(crate) use walk::walk;

/// How much of an acknowledgement or DISCONNECT is written when it could end early (version 5 only). AUTH has two
/// forms only, of which its content decides: 0x00 without properties has no bytes at all, another is in full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Nothing behind the Packet Identifier if the reason is 0x00, and no Property Length if there are no properties.
    #[default]
    Short,
    /// The Reason Code always, the Property Length only before properties.
    WithReason,
    /// Reason Code and Property Length always.
    Full,
}

/// Why a packet cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A string or binary field does not fit its two-byte length.
    #[error("{packet}: {field} has {size} bytes, but at most 65535 can be written")]
    FieldTooLong {
        /// Type of the packet that was to be written.
        packet: PacketType,
        /// The field that is too long.
        field: crate::FieldName,
        /// Its length in bytes, without the two length bytes.
        size: usize,
    },
    /// A Variable Byte Integer above 268,435,455.
    #[error("{packet}: {field} is {value}, but at most 268435455 can be written")]
    IntegerTooLarge {
        /// Type of the packet that was to be written.
        packet: PacketType,
        /// The field that is too large, such as `subscription_identifier`.
        field: crate::FieldName,
        /// The value that does not fit.
        value: u32,
    },
    /// The Remaining Length would be above 268,435,455.
    #[error(
        "{packet} with {size} bytes after its fixed header, but at most 268435455 can be written"
    )]
    PacketTooLarge {
        /// Type of the packet that was to be written.
        packet: PacketType,
        /// What the Remaining Length would be, in bytes.
        size: usize,
    },
    /// A PUBLISH of QoS 1 or 2 has no Packet Identifier.
    #[error("PUBLISH of QoS {qos} without a packet identifier")]
    PacketIdMissing {
        /// Its QoS, 1 or 2.
        qos: crate::QoS,
    },
    /// A PUBLISH of QoS 0 has a Packet Identifier.
    #[error("PUBLISH of QoS 0 with packet identifier {packet_id}")]
    PacketIdAtQos0 {
        /// The identifier, which the wire has no place for.
        packet_id: crate::PacketId,
    },
}

/// The size of a property with its identifier, in bytes.
pub(crate) fn property_size(property: &Property) -> usize {
    let mut counter = Counter::new(PacketType::RESERVED);
    walk::property(property, "property_id".into(), &mut counter);
    counter.size()
}

impl Properties {
    /// What all of them have on the wire in bytes, without the Property Length.
    pub fn encoded_size(&self) -> usize {
        self.iter().map(property_size).sum()
    }
}

impl Packet {
    /// Appends the packet's bytes. CONNECT is encoded by its own version. In version 5 an acknowledgement or
    /// DISCONNECT with reason 0x00 and no properties takes the short form.
    ///
    /// # Errors
    /// When the wire has no room for what the packet says; `out` is then left as it was.
    pub fn encode(&self, version: ProtocolVersion, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.encode_as(version, Form::Short, out)
    }

    /// Appends the packet's bytes, in this form where it could end early.
    ///
    /// # Errors
    /// When the wire has no room for what the packet says; `out` is then left as it was.
    pub fn encode_as(
        &self,
        version: ProtocolVersion,
        form: Form,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let size = self.encoded_size(version, form)?;
        out.reserve(size);
        walk(self, version, form, &mut Writer::new(out));
        Ok(())
    }

    /// The packet's size on the wire in bytes, fixed header included.
    ///
    /// # Errors
    /// When the wire has no room for what the packet says.
    pub fn encoded_size(&self, version: ProtocolVersion, form: Form) -> Result<usize, EncodeError> {
        let mut counter = Counter::new(self.packet_type());
        walk(self, version, form, &mut counter);
        counter.finish()
    }

    /// The packet as a frame of its own.
    ///
    /// # Errors
    /// When the wire has no room for what the packet says.
    pub fn to_frame(&self, version: ProtocolVersion) -> Result<Frame, EncodeError> {
        let mut out = BytesMut::new();
        self.encode(version, &mut out)?;
        Ok(Frame::whole(out.freeze()))
    }
}
