//! Converts MQTT 3.1, 3.1.1 and 5.0 packets to and from bytes.
//!
//! There are two levels: a [`Frame`] has the raw bytes of one control packet, and a [`Packet`] is what they mean. The
//! protocol version is a parameter, not a second tree of types: what 3.1.1 does not have (properties, reason codes in
//! acknowledgements) is empty or success there. The crate has no I/O, no async and no session state.

#![warn(missing_docs)]

pub mod clause;
pub mod craft;
pub mod decode;
pub mod describe;
pub mod encode;
pub mod field;
pub mod fields;
pub mod frame;
pub mod notation;
pub mod packet;
pub mod property;
pub mod reason;
pub mod topic;
pub mod varint;
pub mod version;

pub use clause::{Clause, cited_clauses};
pub use craft::{CraftError, Lie};
pub use decode::DecodeError;
pub use encode::{EncodeError, Form};
pub use field::{FieldName, FieldPart, FieldSpan};
pub use fields::{Field, FieldValue};
pub use frame::{Frame, FrameError};
pub use packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Publish, QoS,
    RetainHandling, SubAck, Subscribe, Subscription, SubscriptionOptions, UnsubAck, Unsubscribe,
    Will,
};
pub use property::{Properties, Property, PropertyId, PropertyPlace};
pub use reason::{ReasonCode, Sender};
pub use version::ProtocolVersion;
