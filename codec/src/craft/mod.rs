//! Packets with deliberate errors: a correct packet with some of its fields changed.
//!
//! The fields stay apart in a tree (`tree`) until the lies have been applied. So the lengths that follow from a changed
//! field (its own, that of its section, the Remaining Length) are correct unless they are changed too. Bytes that
//! cannot be made in this way are written by hand in the [notation](crate::notation).

mod emitter;
mod tree;

use bytes::Bytes;
use thiserror::Error;

use crate::encode::walk;
use crate::{FieldName, Form, Packet, ProtocolVersion};
use emitter::Emitter;
use tree::{Builder, Node};

/// One deliberate error in a packet. Fields have the names of [`Packet::field_names`]; a name without an index means
/// the first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lie {
    /// Replaces the content of a field. For a string or binary field, this is what follows the length. For a field of
    /// less than a byte, it is one byte with the value. For a section (`properties`, `body`), it is everything inside.
    /// A field that the packet does not have is added in its usual position.
    Override {
        /// Name of the field.
        field: String,
        /// The new content.
        bytes: Bytes,
    },
    /// Leaves out the field, with its length or its identifier.
    Omit {
        /// Name of the field.
        field: String,
    },
    /// Repeats the field.
    Repeat {
        /// Name of the field.
        field: String,
        /// Number of further copies, directly after the first.
        more: u16,
    },
    /// Writes a Variable Byte Integer in this many bytes, from 1 to 8, even if fewer would do.
    Widen {
        /// Name of the field.
        field: String,
        /// Number of bytes, padding included.
        width: u8,
    },
    /// Puts these bytes before the field and its length.
    Before {
        /// Name of the field.
        field: String,
        /// Written as they are, without a length.
        bytes: Bytes,
    },
    /// Puts these bytes after the field.
    After {
        /// Name of the field.
        field: String,
        /// Written as they are, without a length.
        bytes: Bytes,
    },
    /// Puts these bytes at the end of the packet, counted in its Remaining Length.
    Append(Bytes),
    /// Puts these bytes after the packet.
    Trailing(Bytes),
    /// Puts these bytes at the end of the property section, counted in its length. A packet without such a section gets
    /// one.
    Properties(Bytes),
    /// Keeps only this many bytes of the result, from the start.
    Cut(usize),
}

impl Lie {
    /// Returns the field that the lie is about.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Override { field, .. }
            | Self::Omit { field }
            | Self::Repeat { field, .. }
            | Self::Widen { field, .. }
            | Self::Before { field, .. }
            | Self::After { field, .. } => Some(field),
            Self::Append(_) => Some("body"),
            Self::Properties(_) => Some("properties"),
            Self::Trailing(_) | Self::Cut(_) => None,
        }
    }
}

/// Why a lie cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CraftError {
    /// The packet has no field with that name.
    #[error("{packet} has no field {field:?}")]
    UnknownField {
        /// Type of the packet that was to be changed.
        packet: crate::PacketType,
        /// The unknown name, as given in the lie.
        field: String,
        /// The names that the packet has.
        known: Vec<FieldName>,
    },
    /// The field cannot be changed in this way.
    #[error("{field}: {problem}")]
    Impossible {
        /// Name of the field.
        field: String,
        /// Why not, as a lowercase fragment.
        problem: String,
    },
}

impl CraftError {
    fn impossible(field: impl ToString, problem: impl Into<String>) -> Self {
        Self::Impossible {
            field: field.to_string(),
            problem: problem.into(),
        }
    }
}

impl Packet {
    /// Returns the packet's bytes with these errors. Without any, they are those of [`encode_as`](Packet::encode_as),
    /// except that a packet that cannot be encoded (a PUBLISH of QoS 1 without Packet Identifier) is written as far as
    /// possible.
    ///
    /// # Errors
    /// Returns an error if a lie names a field that the packet does not have, or cannot be applied.
    pub fn craft(
        &self,
        version: ProtocolVersion,
        form: Form,
        lies: &[Lie],
    ) -> Result<Bytes, CraftError> {
        let nodes = Builder::build(|sink| walk(self, version, form, sink));
        for lie in lies {
            if let Some(field) = lie.field()
                && !nodes.iter().any(|node| node.has(field))
            {
                return Err(CraftError::UnknownField {
                    packet: self.packet_type(),
                    field: field.to_owned(),
                    known: names(&nodes),
                });
            }
        }
        let mut out = Vec::new();
        Emitter { lies }.nodes(&nodes, &mut out)?;
        for lie in lies {
            if let Lie::Trailing(bytes) = lie {
                out.extend_from_slice(bytes);
            }
        }
        for lie in lies {
            if let Lie::Cut(size) = lie {
                out.truncate(*size);
            }
        }
        Ok(out.into())
    }

    /// Returns the names of the packet's fields in wire order: those that it has, and those that a lie can add.
    pub fn field_names(&self, version: ProtocolVersion) -> Vec<FieldName> {
        names(&Builder::build(|sink| {
            walk(self, version, Form::Full, sink);
        }))
    }
}

fn names(nodes: &[Node]) -> Vec<FieldName> {
    let mut names = Vec::new();
    for node in nodes {
        node.names(&mut names);
    }
    names
}
