//! Sessions: what the broker keeps for a client, whether it is connected or not. [3.1.1 MQTT-4.1.0-1]
//!
//! Session state is the existence of the session, its subscriptions, messages that were sent and are not acknowledged,
//! messages that wait to be sent, QoS 2 messages that were received and are not released, the Will with its delay, and
//! when the session ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytestring::ByteString;
use mqtt_check_codec::{PacketId, ProtocolVersion, Publish};

use super::account::{Account, Charge};
use super::boxed_if_changed::{Blank, BoxedIfChanged};
use super::expiry::Expiry;
use super::fault_state::FaultState;
use super::inflight::Inflight;
use super::link::Link;
use super::message::Message;
use super::nodes::Nodes;
use super::queue::Queue;
use super::session_key::SessionKey;
use super::subscription::Granted;
use super::traces::Traces;
use super::tracked::Tracked;
use super::weight;
use super::will::Will;
use super::written::Written;
use crate::access::Who;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::{AccessAction, Fault, Liberty};

/// PUBLISH packets that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Held(pub(crate) VecDeque<PacketId>);

impl Blank for Held {
    const BLANK: &'static Self = &Self(VecDeque::new());
}

/// A QoS 2 message that was received and is not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Whether it was received on the current connection, and so counts against the Receive Maximum.
    pub(crate) counted: bool,
    /// When the message expires.
    pub(crate) expires_at: Option<Time>,
}

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ByteString,
    /// The user as whom the client last connected.
    pub(crate) user: Option<ByteString>,
    /// The current connection.
    pub(crate) link: Option<Link>,
    pub(crate) expiry: Expiry,
    /// When the last connection ended; `None` while the client is connected.
    pub(crate) closed_at: Option<Time>,
    pub(crate) subscriptions: Tracked<ByteString, Granted>,
    pub(crate) inflight: Inflight,
    /// PUBLISH packets of an earlier connection that the Receive Maximum still holds back.
    pub(crate) held: BoxedIfChanged<Held>,
    /// Messages that have not been sent yet.
    pub(crate) queue: Queue,
    /// QoS 2 messages that were received and are not released.
    pub(crate) received: BoxedIfChanged<Tracked<PacketId, Received>>,
    pub(crate) will: Option<Box<Will>>,
    /// For faults.
    pub(crate) traces: BoxedIfChanged<Traces>,
    /// For faults and permitted variations.
    pub(crate) fault_state: BoxedIfChanged<FaultState>,
    /// What the store contains of this session, if there is a store.
    pub(crate) written: BoxedIfChanged<Written>,
    /// The share of the session and its subscriptions in the memory for all clients.
    pub(crate) kept: Charge,
}

impl Session {
    pub(crate) fn new(client: ByteString) -> Self {
        Self {
            client,
            user: None,
            link: None,
            expiry: Expiry::AtClose,
            closed_at: None,
            subscriptions: Tracked::default(),
            inflight: Inflight::default(),
            held: BoxedIfChanged::default(),
            queue: Queue::default(),
            received: BoxedIfChanged::default(),
            will: None,
            traces: BoxedIfChanged::default(),
            fault_state: BoxedIfChanged::default(),
            written: BoxedIfChanged::default(),
            kept: Charge::default(),
        }
    }

    /// Recomputes the weight of the session and its subscriptions.
    pub(crate) fn weigh(&mut self) {
        let itself = weight::of_session(&self.client, self.user.as_deref());
        let filters = self.subscriptions.keys();
        let subscribed: usize = filters.map(|filter| weight::of_subscription(filter)).sum();
        self.kept.set(itself + subscribed);
    }

    /// Starts to track changes. At first, everything counts as changed.
    fn track(&mut self) {
        self.written = BoxedIfChanged::default();
        self.subscriptions.track();
        self.inflight.track();
        self.received.track();
    }

    /// For a fault: how long the session lasts if it waits for its Will.
    pub(crate) fn prolonged(&self) -> Expiry {
        let delayed = self.will.as_ref().filter(|will| will.is_delayed());
        match (self.expiry, delayed) {
            (Expiry::AtClose, Some(will)) => Expiry::After(will.delay),
            (Expiry::After(span), Some(will)) => Expiry::After(span.max(will.delay)),
            (expiry, _) => expiry,
        }
    }

    /// Returns whether a message delivered now would be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_empty()
            && self
                .link
                .as_ref()
                .is_some_and(|link| !link.congested && self.inflight.takes(link.window))
    }

    /// Records the user as whom the client connects.
    pub(crate) fn log_in(&mut self, user: Option<ByteString>) {
        self.kept.add(user.as_ref().map_or(0, |user| user.len()));
        let before = std::mem::replace(&mut self.user, user);
        self.kept.sub(before.map_or(0, |user| user.len()));
    }

    /// Returns whether a message of this weight may be kept for the session. `limit` applies to all sessions together.
    pub(crate) fn may_keep(&self, weight: usize, limit: usize) -> bool {
        let own = self.queue.charge().bytes() + self.inflight.bytes();
        self.queue.charge().admits(own, weight, limit)
    }

    /// Returns a message that this client publishes.
    pub(crate) fn message(&self, publish: Publish, now: Time) -> Message {
        Message::from_publish(publish, self.client.clone(), now)
    }

    /// Returns whether the client may receive messages of this topic. A subscription may match more topics than that.
    pub(crate) fn may_have(&self, rules: &Rules, topic: &str) -> bool {
        // [5 section 5.4.2] [3.1.1 section 5.4.2]: the standard does not say when access is checked.
        rules.permits(self.who(), AccessAction::Subscribe, topic)
            || rules.chooses(Liberty::AccessAskedAtSubscribe)
            || rules.breaks(Fault::RefusedFilterBringsRetained)
            || rules.breaks(Fault::RefusedFilterSubscribed)
            || rules.breaks(Fault::SharedAccessUnasked)
    }

    /// Returns the client to check against the access list.
    pub(crate) fn who(&self) -> Who<'_> {
        Who {
            client: &self.client,
            user: self.user.as_deref(),
        }
    }
}

/// Every session, by key and by Client Identifier. [3.1.1 MQTT-3.1.3-2] [5 MQTT-3.1.3-2]
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slots: Vec<Option<Box<Session>>>,
    free: Vec<SessionKey>,
    by_client: BTreeMap<ByteString, SessionKey>,
    /// The nodes of a cluster, and which clients are connected to them.
    pub(crate) nodes: Nodes,
    /// For faults: ended sessions that a restart brings back.
    pub(crate) ended: Vec<Session>,
    /// For a fault: filters of sessions that ended with their connection, by Client Identifier.
    pub(crate) subscribed_clean: BTreeMap<ByteString, BTreeSet<ByteString>>,
    /// For a fault: clients whose last session ended with its connection.
    pub(crate) connected_clean: BTreeSet<ByteString>,
    /// For a fault: filters that were unsubscribed from.
    pub(crate) removed: BTreeSet<ByteString>,
    /// For a permitted variation: when each Client Identifier was last taken over.
    pub(crate) taken_over: BTreeMap<ByteString, Time>,
    /// Sessions that were touched since the store last asked; `None` if there is no store.
    touched: Option<ChangedParts>,
    /// The memory of all sessions for messages. Each copy counts.
    messages: Account,
    /// The memory for all clients, except messages: names, subscriptions, Wills and Topic Aliases.
    pub(crate) kept: Account,
}

#[derive(Debug, Default)]
struct ChangedParts {
    changed: BTreeSet<SessionKey>,
    ended: Vec<ByteString>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, mut session: Session) -> SessionKey {
        if self.touched.is_some() {
            session.track();
        }
        session.weigh();
        session.kept.attach(&self.kept);
        if let Some(will) = &mut session.will {
            will.charge.attach(&self.kept);
        }
        session.queue.attach(&self.messages);
        session.inflight.attach(&self.messages);
        let client = session.client.clone();
        let key = match self.free.pop() {
            Some(key) => {
                self.slots[key.0 as usize] = Some(Box::new(session));
                key
            }
            None => {
                let key = SessionKey(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
                self.slots.push(Some(Box::new(session)));
                key
            }
        };
        self.by_client.insert(client, key);
        self.touch(key);
        key
    }

    fn touch(&mut self, key: SessionKey) {
        if let Some(touched) = &mut self.touched {
            touched.changed.insert(key);
        }
    }

    /// Starts to track changes. At first, everything counts as changed.
    pub(crate) fn track(&mut self) {
        let mut touched = ChangedParts::default();
        for key in self.by_client.values() {
            touched.changed.insert(*key);
        }
        for session in self.slots.iter_mut().flatten() {
            session.track();
        }
        self.touched = Some(touched);
    }

    /// Returns the clients whose sessions ended since the last call, and the sessions that may have changed.
    pub(crate) fn take_touched(&mut self) -> (Vec<ByteString>, BTreeSet<SessionKey>) {
        match &mut self.touched {
            Some(touched) => {
                let touched = std::mem::take(touched);
                (touched.ended, touched.changed)
            }
            None => (Vec::new(), BTreeSet::new()),
        }
    }

    /// Returns a session without marking it as changed. Only the store uses this, for its own notes.
    pub(crate) fn untouched(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.slots.get_mut(key.0 as usize)?.as_deref_mut()
    }

    /// Removes a session. Its key is not reused before it is released.
    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Box<Session>> {
        let session = self.slots.get_mut(key.0 as usize)?.take()?;
        self.by_client.remove(&session.client);
        if let Some(touched) = &mut self.touched {
            touched.changed.remove(&key);
            touched.ended.push(session.client.clone());
        }
        Some(session)
    }

    /// Makes a key available again, once nothing refers to its former session any more.
    pub(crate) fn release(&mut self, key: SessionKey) {
        self.free.push(key);
    }

    pub(crate) fn key(&self, client: &str) -> Option<SessionKey> {
        self.by_client.get(client).copied()
    }

    pub(crate) fn at(&self, key: SessionKey) -> Option<&Session> {
        self.slots.get(key.0 as usize)?.as_deref()
    }

    pub(crate) fn at_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.touch(key);
        self.slots.get_mut(key.0 as usize)?.as_deref_mut()
    }

    /// For a fault: returns the Client Identifier of the first offline session whose identifier begins so.
    pub(crate) fn stored_with(&self, beginning: &str) -> Option<ByteString> {
        let mut all = self.by_client.iter();
        let found = all.find(|(client, key)| {
            client.starts_with(beginning) && self.at(**key).is_some_and(|s| s.link.is_none())
        });
        found.map(|(client, _)| client.clone())
    }

    /// Returns whether the session's client is connected.
    pub(crate) fn is_linked(&self, key: SessionKey) -> bool {
        self.at(key).is_some_and(|session| session.link.is_some())
    }

    /// Returns the protocol version of the session's connection.
    pub(crate) fn version(&self, key: SessionKey) -> Option<ProtocolVersion> {
        Some(self.at(key)?.link.as_ref()?.version)
    }

    /// Returns whether the packet id belongs to a QoS 2 message that the client has not released. Only version 5 has a
    /// reason code for this.
    pub(crate) fn has_in_use(
        &self,
        rules: &Rules,
        key: SessionKey,
        version: ProtocolVersion,
        id: PacketId,
    ) -> bool {
        version == ProtocolVersion::V5
            && !rules.chooses(Liberty::PacketIdsInUseTaken)
            && self
                .at(key)
                .is_some_and(|session| session.received.contains_key(&id))
    }

    /// Returns all keys, in the order of Client Identifiers.
    pub(crate) fn keys(&self) -> Vec<SessionKey> {
        self.by_client.values().copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_client.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rarely used parts of a session are boxed, since most of a broker's sessions are idle.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_idle_session_takes_little_memory() {
        assert!(size_of::<Session>() <= 448, "{}", size_of::<Session>());
    }
}
