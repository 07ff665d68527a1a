//! A client, and the defaults of its `connect` steps.

use bytes::Bytes;
use mqtt_check_codec::ProtocolVersion;

use super::{Driver, Expr, Field, PacketPattern, Route, ScramFault};
use crate::diagnostic::Place;

/// A client, as an index into [`Scene::clients`](super::Scene::clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientIndex(pub usize);

/// The credentials that a client proves by SCRAM-SHA-256.
#[derive(Debug, Clone, PartialEq)]
pub struct Scram {
    pub user: String,
    pub password: Bytes,
    pub wrong: Option<ScramFault>,
}

/// A SCRAM exchange, as far as the plan knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScramExchange {
    /// The client's first message.
    pub first: Bytes,
    /// The name to which the challenge is bound.
    pub challenge: String,
    pub password: Bytes,
    pub wrong: Option<ScramFault>,
}

/// A client and the defaults of its `connect` steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub name: String,
    pub place: Place,
    pub id: Expr,
    pub version: ProtocolVersion,
    pub driver: Driver,
    /// Whether received messages of QoS 1 and 2 are acknowledged at once.
    pub auto_ack: bool,
    /// Exceptions to `auto_ack`: PUBLISH packets that are not acknowledged, nor is any later packet of their exchanges.
    pub withhold: Vec<PacketPattern>,
    /// The node that it connects to, and over which transport.
    pub route: Route,
    /// Whether the scenario names its node.
    pub is_placed: bool,
    /// The credentials for its `connect` steps and for re-authentication.
    pub scram: Option<Scram>,
    /// Default fields for every CONNECT of this client. The fields of a step override them.
    pub connect: Vec<Field>,
}
