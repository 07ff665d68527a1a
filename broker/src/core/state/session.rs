//! Sessions: what the broker keeps for a client, whether it is connected or not. [3.1.1 MQTT-4.1.0-1]
//!
//! Session state is the session's existence, its subscriptions, what was sent and is not acknowledged, what waits
//! to be sent, what was received with QoS 2 and is not released, the Will with its delay, and when it ends.

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

/// PUBLISH packets that wait, the first first.
#[derive(Debug, Default)]
pub(crate) struct Held(pub(crate) VecDeque<PacketId>);

impl Blank for Held {
    const BLANK: &'static Self = &Self(VecDeque::new());
}

/// A QoS 2 message that was received and is not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Whether it came on the present connection, and so counts against the Receive Maximum.
    pub(crate) counted: bool,
    /// When the message itself is no longer good.
    pub(crate) expires_at: Option<Time>,
}

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ByteString,
    /// As whom its client connected last.
    pub(crate) user: Option<ByteString>,
    /// The present connection.
    pub(crate) link: Option<Link>,
    pub(crate) expiry: Expiry,
    /// When its last connection ended; `None` while it is connected.
    pub(crate) closed_at: Option<Time>,
    pub(crate) subscriptions: Tracked<ByteString, Granted>,
    pub(crate) inflight: Inflight,
    /// PUBLISH packets of an earlier connection that the Receive Maximum still holds back.
    pub(crate) held: BoxedIfChanged<Held>,
    /// Messages that were not sent yet.
    pub(crate) queue: Queue,
    /// QoS 2 messages received and not released.
    pub(crate) received: BoxedIfChanged<Tracked<PacketId, Received>>,
    pub(crate) will: Option<Box<Will>>,
    /// Of faults.
    pub(crate) traces: BoxedIfChanged<Traces>,
    /// Of faults and of liberties.
    pub(crate) fault_state: BoxedIfChanged<FaultState>,
    /// What of it stands in the store, if there is one.
    pub(crate) written: BoxedIfChanged<Written>,
    /// What it takes, with its subscriptions, of what is kept for all clients.
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

    /// Weighs anew what it is and has subscribed to.
    pub(crate) fn weigh(&mut self) {
        let itself = weight::of_session(&self.client, self.user.as_deref());
        let filters = self.subscriptions.keys();
        let subscribed: usize = filters.map(|filter| weight::of_subscription(filter)).sum();
        self.kept.set(itself + subscribed);
    }

    /// From now on it is known what of it changes, and at first everything has.
    fn track(&mut self) {
        self.written = BoxedIfChanged::default();
        self.subscriptions.track();
        self.inflight.track();
        self.received.track();
    }

    /// Of a fault: how long the session lasts if it waits for its Will.
    pub(crate) fn prolonged(&self) -> Expiry {
        let delayed = self.will.as_ref().filter(|will| will.is_delayed());
        match (self.expiry, delayed) {
            (Expiry::AtClose, Some(will)) => Expiry::After(will.delay),
            (Expiry::After(span), Some(will)) => Expiry::After(span.max(will.delay)),
            (expiry, _) => expiry,
        }
    }

    /// Whether a message handed to it now would be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_empty()
            && self
                .link
                .as_ref()
                .is_some_and(|link| !link.congested && self.inflight.takes(link.window))
    }

    /// Its client has connected as this user.
    pub(crate) fn log_in(&mut self, user: Option<ByteString>) {
        self.kept.add(user.as_ref().map_or(0, |user| user.len()));
        let before = std::mem::replace(&mut self.user, user);
        self.kept.sub(before.map_or(0, |user| user.len()));
    }

    /// Whether a message of this weight may be kept for it, where this is the limit for all sessions together.
    pub(crate) fn may_keep(&self, weight: usize, limit: usize) -> bool {
        let own = self.queue.charge().bytes() + self.inflight.bytes();
        self.queue.charge().admits(own, weight, limit)
    }

    /// A message that its client publishes.
    pub(crate) fn message(&self, publish: Publish, now: Time) -> Message {
        Message::from_publish(publish, self.client.clone(), now)
    }

    /// Whether its client may have messages of this topic. A subscription may match more than its client may have.
    pub(crate) fn may_have(&self, rules: &Rules, topic: &str) -> bool {
        // [5 section 5.4.2] [3.1.1 section 5.4.2]: nothing says when it is asked.
        rules.permits(self.who(), AccessAction::Subscribe, topic)
            || rules.chooses(Liberty::AccessAskedAtSubscribe)
            || rules.breaks(Fault::RefusedFilterBringsRetained)
            || rules.breaks(Fault::RefusedFilterSubscribed)
    }

    /// Whom the access list judges.
    pub(crate) fn who(&self) -> Who<'_> {
        Who {
            client: &self.client,
            user: self.user.as_deref(),
        }
    }
}

/// Every session, by key and by client id. [3.1.1 MQTT-3.1.3-2] [5 MQTT-3.1.3-2]
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slots: Vec<Option<Box<Session>>>,
    free: Vec<SessionKey>,
    by_client: BTreeMap<ByteString, SessionKey>,
    /// Of a fault: sessions that are over, as a restart brings them back.
    pub(crate) ended: Vec<Session>,
    /// Of a liberty: when a client id was taken over last.
    pub(crate) taken_over: BTreeMap<ByteString, Time>,
    /// What was touched since a store asked; `None` while none does.
    touched: Option<ChangedParts>,
    /// The messages of all of them, each copy for itself.
    messages: Account,
    /// What is kept for all clients beside messages: names, subscriptions, Wills and Topic Aliases.
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

    /// From now on it is known what is touched, and at first everything is.
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

    /// Clients whose sessions ended since the last call, and then the sessions that may have changed.
    pub(crate) fn take_touched(&mut self) -> (Vec<ByteString>, BTreeSet<SessionKey>) {
        match &mut self.touched {
            Some(touched) => {
                let touched = std::mem::take(touched);
                (touched.ended, touched.changed)
            }
            None => (Vec::new(), BTreeSet::new()),
        }
    }

    /// The session, for the store's own notes.
    pub(crate) fn untouched(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.slots.get_mut(key.0 as usize)?.as_deref_mut()
    }

    /// Takes the session out. Its key is not given to another before it is released.
    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Box<Session>> {
        let session = self.slots.get_mut(key.0 as usize)?.take()?;
        self.by_client.remove(&session.client);
        if let Some(touched) = &mut self.touched {
            touched.changed.remove(&key);
            touched.ended.push(session.client.clone());
        }
        Some(session)
    }

    /// Nothing knows of the session that had this key any more.
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

    /// Whether the session's client is connected.
    pub(crate) fn is_linked(&self, key: SessionKey) -> bool {
        self.at(key).is_some_and(|session| session.link.is_some())
    }

    /// The protocol version of the session's connection.
    pub(crate) fn version(&self, key: SessionKey) -> Option<ProtocolVersion> {
        Some(self.at(key)?.link.as_ref()?.version)
    }

    /// Whether the packet id belongs to a QoS 2 message that the client has not released. Only version 5 has a
    /// code to say so.
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

    /// In the order of client ids.
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

    /// What few sessions have is boxed: a broker has many sessions, most of which are idle.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_idle_session_takes_little_memory() {
        assert!(size_of::<Session>() <= 448, "{}", size_of::<Session>());
    }
}
