//! What a store was told of a session, kept with it so that only changes are written.

use std::collections::BTreeMap;
use std::ops::Range;

use bytestring::ByteString;
use mqtt_check_codec::PacketId;

use super::subscription::Granted;
use crate::core::input::Time;

/// What of a session stands in the store.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) itself: Vec<u8>,
    pub(crate) subscriptions: BTreeMap<ByteString, Granted>,
    pub(crate) waiting: Range<u64>,
    /// By the sequence number that each stage of a delivery has for itself.
    pub(crate) sent: BTreeMap<PacketId, u64>,
    pub(crate) received: BTreeMap<PacketId, Option<Time>>,
}
