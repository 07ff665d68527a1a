//! Data that faults and permitted variations keep of a session. A broker without them keeps none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{PacketId, Publish, Unsubscribe};

use super::boxed_if_changed::{Blank, BoxedIfChanged};
use super::former::Former;
use super::inflight::Stage;
use super::link::{InboundAliases, OutboundAliases};
use super::message::{Delivery, Message};
use super::subscription::Granted;
use super::task::Subscribing;
use super::will::Will;
use crate::core::input::Time;

#[derive(Debug, Default)]
pub(crate) struct FaultState {
    /// Topic Aliases of the client that outlive their connection.
    pub(crate) old_aliases: BoxedIfChanged<InboundAliases>,
    /// The packet id of the last QoS 1 message received.
    pub(crate) last_qos1: Option<PacketId>,
    /// The packet id of the QoS 2 message that was repeated last.
    pub(crate) last_repeat: Option<PacketId>,
    /// QoS 2 messages that were released, but count as unreleased on the next connection.
    pub(crate) finished: Vec<PacketId>,
    /// PUBREL packets that wait until all PUBRECs are received.
    pub(crate) late_pubrels: Vec<PacketId>,
    /// Data that a restart brings back.
    pub(crate) former: Former,
    /// QoS 2 messages that are delivered when they are released. A permitted variation uses this too.
    pub(crate) withheld: BTreeMap<PacketId, Message>,
    /// Filters that were subscribed to on a resumed connection.
    pub(crate) made: Vec<ByteString>,
    /// Subscriptions that were removed.
    pub(crate) removed: Vec<(ByteString, Granted)>,
    pub(crate) replaced: Vec<(ByteString, Granted)>,
    /// Filters that were ever subscribed to.
    pub(crate) ever: BTreeSet<ByteString>,
    /// Packet ids whose PUBREL was sent again.
    pub(crate) released: BTreeSet<PacketId>,
    /// Packet ids of messages that were sent again.
    pub(crate) resent: BTreeSet<PacketId>,
    /// When the message of an unacknowledged PUBREL would have expired.
    pub(crate) release_over_at: BTreeMap<PacketId, Time>,
    /// Topic and payload of the last message for this session.
    pub(crate) last_message: Option<(ByteString, Bytes)>,
    /// Messages from the queue that were sent.
    pub(crate) delivered: Vec<Delivery>,
    /// Messages for filters that were unsubscribed from.
    pub(crate) unsubscribed: Vec<Delivery>,
    /// The server's Topic Aliases of an earlier connection.
    pub(crate) aliases_out: Option<OutboundAliases>,
    /// Messages that were too large for the client.
    pub(crate) too_large: Vec<Delivery>,
    /// Messages of Shared Subscriptions that the client refused.
    pub(crate) refused: Vec<Delivery>,
    /// Filters that were refused.
    pub(crate) refused_filters: BTreeSet<ByteString>,
    /// Messages that were sent again to other clients.
    pub(crate) doubled: Vec<Arc<Message>>,
    /// For each filter, the other filters that the client was subscribed to before.
    pub(crate) before: BTreeMap<ByteString, Vec<ByteString>>,
    /// Filters in the order in which they were subscribed to.
    pub(crate) in_order: Vec<ByteString>,
    /// Whether the next message for the session is lost.
    pub(crate) loses_next: bool,
    /// UNSUBSCRIBE packets that are carried out late.
    pub(crate) late_unsubscribes: Vec<Unsubscribe>,
    /// A Will that DISCONNECT deleted.
    pub(crate) deleted_will: Option<Box<Will>>,
    /// Messages that overlapping subscriptions matched at one time: that time, the publisher and the topic.
    pub(crate) overlapped: BTreeSet<(Time, ByteString, ByteString)>,
    /// QoS 2 messages that were received and are lost when they are released.
    pub(crate) cut: BTreeSet<PacketId>,
    /// Packet ids whose PUBREL was sent again on the current connection.
    pub(crate) released_again: BTreeSet<PacketId>,
    /// QoS 2 messages that were received and are not released, oldest first.
    pub(crate) unreleased: Vec<PacketId>,
    /// Whether nothing more is sent again on this connection.
    pub(crate) resent_all: bool,
    /// When QoS 2 messages with these packet ids were first received.
    pub(crate) received_at: BTreeMap<PacketId, Time>,
    /// Subscriptions that take effect late.
    pub(crate) late_filters: Vec<ByteString>,
    /// SUBSCRIBE packets whose retained messages are sent late.
    pub(crate) late_retained: Vec<Subscribing>,
    /// Accepted messages that are delivered late.
    pub(crate) late_publishes: Vec<Publish>,
    /// How many messages of Shared Subscriptions from the queue were sent on this connection.
    pub(crate) shared_backlog: usize,
    /// The delivery that was settled or released last, and the number of that turn.
    pub(crate) settled: Option<(u64, PacketId, Stage)>,
    /// The QoS 2 message that was released last, and the number of that turn.
    pub(crate) freed: Option<(u64, PacketId)>,
    /// How many filters the session has subscribed to, each time counted.
    pub(crate) subscribes: usize,
    /// How many UNSUBSCRIBE packets the session has carried out.
    pub(crate) unsubscribes: usize,
    /// How many messages overlapping subscriptions matched.
    pub(crate) overlaps: usize,
    /// The packet ids of the last SUBSCRIBE and the last UNSUBSCRIBE, and whether they repeat the ones before.
    pub(crate) subscribe_id: (Option<PacketId>, bool),
    pub(crate) unsubscribe_id: (Option<PacketId>, bool),
    /// Whether the queue had no room for a message.
    pub(crate) overflowed: bool,
    /// The message that was acknowledged last.
    pub(crate) acknowledged: Option<Delivery>,
    /// Packet ids of acknowledged messages, and whether they were from before the connection.
    pub(crate) acknowledged_ids: BTreeMap<PacketId, bool>,
}

impl Blank for FaultState {
    const BLANK: &'static Self = &Self {
        old_aliases: BoxedIfChanged::blank(),
        last_qos1: None,
        last_repeat: None,
        finished: Vec::new(),
        late_pubrels: Vec::new(),
        former: Former {
            unsubscribed: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            aliases: BoxedIfChanged::blank(),
            will: None,
        },
        withheld: BTreeMap::new(),
        made: Vec::new(),
        removed: Vec::new(),
        replaced: Vec::new(),
        ever: BTreeSet::new(),
        released: BTreeSet::new(),
        resent: BTreeSet::new(),
        release_over_at: BTreeMap::new(),
        last_message: None,
        delivered: Vec::new(),
        unsubscribed: Vec::new(),
        aliases_out: None,
        too_large: Vec::new(),
        refused: Vec::new(),
        refused_filters: BTreeSet::new(),
        doubled: Vec::new(),
        before: BTreeMap::new(),
        in_order: Vec::new(),
        loses_next: false,
        late_unsubscribes: Vec::new(),
        deleted_will: None,
        overlapped: BTreeSet::new(),
        cut: BTreeSet::new(),
        released_again: BTreeSet::new(),
        unreleased: Vec::new(),
        resent_all: false,
        received_at: BTreeMap::new(),
        late_filters: Vec::new(),
        late_retained: Vec::new(),
        late_publishes: Vec::new(),
        shared_backlog: 0,
        settled: None,
        freed: None,
        subscribes: 0,
        unsubscribes: 0,
        overlaps: 0,
        subscribe_id: (None, false),
        unsubscribe_id: (None, false),
        overflowed: false,
        acknowledged: None,
        acknowledged_ids: BTreeMap::new(),
    };
}
