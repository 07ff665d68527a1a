//! Packets to be sent, and the values of their fields.

use std::sync::Arc;

use bytes::Bytes;
use mqtt_check_codec::{Lie, PacketType, ReasonCode};

use super::{ClientIndex, ScramExchange};
use crate::diagnostic::Place;

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketTemplate {
    pub packet_type: PacketType,
    /// Fields by the names of the reference. Those of a Will have the prefix `will_`. `clean_session` never appears
    /// here: it becomes `clean_start` and, in version 5 with the value 0, also a `session_expiry_interval`.
    pub fields: Vec<Field>,
    /// The filters of SUBSCRIBE with their options, or of UNSUBSCRIBE, which have none.
    pub filters: Vec<FilterTemplate>,
    /// Deliberate errors; empty in an honest packet.
    pub lies: Vec<Lie>,
}

/// A named field and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub value: Expr,
    pub place: Place,
}

/// One Topic Filter to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterTemplate {
    pub filter: Expr,
    pub qos: u8,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub retain_handling: u8,
}

/// A value, which may depend on the run.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Literal(Literal),
    /// `$name`.
    Name(String),
    /// `$connack.FIELD` or `$CLIENT.connack.FIELD`. `None` means the acting client's CONNACK.
    Connack {
        client: Option<ClientIndex>,
        property: String,
    },
    /// `left + right`, and so on.
    Arithmetic {
        left: Box<Expr>,
        operator: Operator,
        right: Box<Expr>,
    },
    /// A text that contains `${name}`.
    Joined(Vec<Expr>),
    /// This many bytes `x`.
    Size(Box<Expr>),
    /// The text, repeated this many times.
    Repeated {
        text: Bytes,
        times: Box<Expr>,
    },
    /// The client's final message in this exchange.
    ScramFinal(Arc<ScramExchange>),
}

/// An operator in an arithmetic expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
}

/// A typed value. The field determines the type: a header bit is a `Bool`, a property that is 0 or 1 is a `Number`, and
/// seconds are a `Number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Bool(bool),
    Number(u64),
    /// A string or a payload. It is bytes because a scenario may need an ill-formed string.
    Bytes(Bytes),
    Reason(ReasonCode),
    Reasons(Vec<ReasonCode>),
    /// User Properties.
    Pairs(Vec<(Bytes, Bytes)>),
    /// The Subscription Identifiers expected in a PUBLISH, in this order. An identifier to be sent is a `Number`.
    Numbers(Vec<u64>),
}
