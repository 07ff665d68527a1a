//! Faults: data that a store should have deleted and a restart brings back.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::PacketId;

use super::boxed_if_changed::BoxedIfChanged;
use super::inflight::Stage;
use super::link::InboundAliases;
use super::subscription::Granted;
use super::will::Will;

/// Former parts of a session.
#[derive(Debug, Default)]
pub(crate) struct Former {
    /// Subscriptions that were ended.
    pub(crate) unsubscribed: BTreeMap<ByteString, Granted>,
    /// Deliveries that were acknowledged.
    pub(crate) acknowledged: BTreeMap<PacketId, Stage>,
    /// The Topic Aliases of the connection before the restart.
    pub(crate) aliases: BoxedIfChanged<InboundAliases>,
    /// A Will that was published or discarded.
    pub(crate) will: Option<Box<Will>>,
}
