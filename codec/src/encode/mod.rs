//! Honest encoding. One walk (`walk`) visits a packet's fields in wire order and passes each to a `Sink`: one that
//! counts, one that writes, and that of [`craft`](crate::craft), which keeps the fields apart so that they can be
//! changed.
//!
//! Honest means that the bytes say what the packet says, and that their lengths are correct. It does not mean that the
//! packet obeys the standard. A property that does not belong in its packet is written as it is. Fields that do not
//! exist in the version (properties and most reason codes before 5) are left out.

mod sink;
mod walk;

use bytes::BytesMut;
use thiserror::Error;

use crate::{Frame, Packet, PacketType, Properties, Property, ProtocolVersion};
use sink::{Counter, Writer};

pub(crate) use sink::{BitRange, IntForm, Sink};
pub(crate) use walk::walk;

/// How much of an acknowledgement or DISCONNECT is written if it could end early (version 5 only). AUTH has only two
/// forms, which depend on its content: with 0x00 and no properties it has no bytes at all, otherwise it is complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Leaves out the Property Length if there are no properties, and then also the Reason Code if it is 0x00.
    #[default]
    Short,
    /// Always the Reason Code, the Property Length only before properties.
    WithReason,
    /// Always Reason Code and Property Length.
    Full,
}

/// Why a packet cannot be encoded.
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
        /// The value that the Remaining Length would have, in bytes.
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
        /// The identifier, for which the packet has no place.
        packet_id: crate::PacketId,
    },
}

/// Returns the size in bytes of a property with its identifier.
pub(crate) fn property_size(property: &Property) -> usize {
    let mut counter = Counter::new(PacketType::RESERVED);
    walk::property(property, "property_id".into(), &mut counter);
    counter.size()
}

impl Properties {
    /// Returns the size in bytes of all properties on the wire, without the Property Length.
    pub fn encoded_size(&self) -> usize {
        self.iter().map(property_size).sum()
    }
}

impl Packet {
    /// Appends the packet's bytes. A CONNECT is encoded by its own version. In version 5 an acknowledgement or
    /// DISCONNECT with reason 0x00 and no properties has the short form.
    ///
    /// # Errors
    /// Returns an error if the packet cannot be represented on the wire; `out` is then unchanged.
    pub fn encode(&self, version: ProtocolVersion, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.encode_as(version, Form::Short, out)
    }

    /// Appends the packet's bytes, in this form if it could end early.
    ///
    /// # Errors
    /// Returns an error if the packet cannot be represented on the wire; `out` is then unchanged.
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

    /// Returns the packet's size on the wire in bytes, fixed header included.
    ///
    /// # Errors
    /// Returns an error if the packet cannot be represented on the wire.
    pub fn encoded_size(&self, version: ProtocolVersion, form: Form) -> Result<usize, EncodeError> {
        let mut counter = Counter::new(self.packet_type());
        walk(self, version, form, &mut counter);
        counter.finish()
    }

    /// Returns the packet as a frame.
    ///
    /// # Errors
    /// Returns an error if the packet cannot be represented on the wire.
    pub fn to_frame(&self, version: ProtocolVersion) -> Result<Frame, EncodeError> {
        let mut out = BytesMut::new();
        self.encode(version, &mut out)?;
        Ok(Frame::whole(out.freeze()))
    }
}
