//! Packets with deliberate errors: a correct packet with some of its fields changed.
//!
//! The fields are kept apart in a tree (`tree`) until the lies are in, so lengths that follow from a changed
//! field (its own, that of its section, the Remaining Length) are right, unless they are changed themselves.
//! What the wire cannot hold is written by hand with the [notation](crate::notation) instead.

mod emitter;
mod tree;

use bytes::Bytes;
use thiserror::Error;

use crate::encode::walk;
use crate::{FieldName, Form, Packet, ProtocolVersion};
use emitter::Emitter;
use tree::{Builder, Node};

/// One fault of a packet. Fields go by their names in [`Packet::field_names`]; a name without an index means the
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lie {
    /// The field has this content: of a string or binary field, what stands behind its length; of a field of
    /// less than a byte, one byte with its value; of a section (`properties`, `body`), all that is in it. A
    /// field that the packet does not have is put where it would stand.
    Override {
        /// Name of the field.
        field: String,
        /// What it holds instead.
        bytes: Bytes,
    },
    /// The field is left out, with its length or its identifier.
    Omit {
        /// Name of the field.
        field: String,
    },
    /// The field stands so many times more.
    Repeat {
        /// Name of the field.
        field: String,
        /// Number of further copies, in a row behind the first.
        more: u16,
    },
    /// A Variable Byte Integer is written in so many bytes, from 1 to 8, even if fewer would do.
    Widen {
        /// Name of the field.
        field: String,
        /// Number of bytes, padding included.
        width: u8,
    },
    /// These bytes stand in front of the field and its length.
    Before {
        /// Name of the field.
        field: String,
        /// Written as they are, without a length.
        bytes: Bytes,
    },
    /// These bytes stand behind the field.
    After {
        /// Name of the field.
        field: String,
        /// Written as they are, without a length.
        bytes: Bytes,
    },
    /// These bytes stand at the end of the packet, counted in its Remaining Length.
    Append(Bytes),
    /// These bytes stand behind the packet.
    Trailing(Bytes),
    /// These bytes stand at the end of the property section, counted in its length. A packet without such a
    /// section gets one.
    Properties(Bytes),
    /// Only so many bytes are left of all this.
    Cut(usize),
}

impl Lie {
    /// The field that it is about.
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

/// Why a lie cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CraftError {
    /// The packet has no field of that name.
    #[error("{packet} has no field {field:?}")]
    UnknownField {
        /// Type of the packet that was to be changed.
        packet: crate::PacketType,
        /// The unknown name, as the lie has it.
        field: String,
        /// The names that it has.
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
    /// The packet's bytes with these faults. Without any they are those of
    /// [`encode_as`](Packet::encode_as), but what the standard's types rule out (a PUBLISH of QoS 1 without
    /// Packet Identifier) is written as far as it goes.
    ///
    /// # Errors
    /// When a lie names a field that the packet does not have, or cannot be told.
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

    /// The names of the packet's fields in wire order: those that it has, and those that a lie can add.
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
