//! Retained messages: the last one of each topic. They are not part of any session. [3.1.1 MQTT-3.1.2-7]
//! [3.1.1 RULE-4.1-1] [5 RULE-4.1-1]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::lookup::{Cursor, NamesFor, look_up};
use super::message::Message;
use crate::core::input::Time;

/// The retained messages by Topic Name, in the order of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    messages: BTreeMap<ByteString, Arc<Message>>,
    /// For faults: the first message of each topic whose message was replaced or cleared since.
    former: BTreeMap<ByteString, Arc<Message>>,
    /// For a fault: the topics whose message was published by a client of an older version.
    of_older: BTreeSet<ByteString>,
    /// For faults: the topics that were cleared, and whether by a Will.
    cleared: BTreeMap<ByteString, bool>,
    /// For a fault: the message that was replaced last.
    replaced: BTreeMap<ByteString, Arc<Message>>,
    /// For a fault: how many messages each topic has had within a minute, and since when.
    recent: BTreeMap<ByteString, (Time, usize)>,
    /// Topics that changed since the store last asked; `None` if there is no store.
    changed: Option<BTreeSet<ByteString>>,
    /// The weight of all messages.
    bytes: usize,
    /// How many levels look-ups have visited.
    visited: usize,
}

impl Retained {
    /// Replaces the topic's message. [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    pub(crate) fn store(&mut self, message: Arc<Message>) {
        // A copy, so that the key does not keep the buffer of an older message alive.
        let topic = ByteString::from(&*message.topic);
        self.touch(topic.clone());
        self.insert(topic, message);
    }

    fn insert(&mut self, topic: ByteString, message: Arc<Message>) {
        self.bytes += message.weight;
        if let Some(old) = self.messages.insert(topic, message) {
            self.bytes -= old.weight;
        }
    }

    /// Returns the weight of all messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn touch(&mut self, topic: ByteString) {
        if let Some(changed) = &mut self.changed {
            changed.insert(topic);
        }
    }

    /// Starts to track changes. At first, everything counts as changed.
    pub(crate) fn track(&mut self) {
        self.changed = Some(self.messages.keys().cloned().collect());
    }

    /// Returns the topics that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<ByteString> {
        self.changed
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// For a fault: notes whether the topic's message was published by a client of an older version.
    pub(crate) fn mark_older(&mut self, topic: &ByteString, is_older: bool) {
        match is_older {
            true => self.of_older.insert(topic.clone()),
            false => self.of_older.remove(topic),
        };
    }

    /// For a fault: returns whether the topic's message was published by a client of an older version.
    pub(crate) fn is_of_older(&self, topic: &str) -> bool {
        self.of_older.contains(topic)
    }

    /// For faults: notes that the topic is cleared. Returns whether a Will has cleared it, or `None` if it was never
    /// cleared.
    pub(crate) fn was_cleared(&mut self, message: &Message) -> Option<bool> {
        if message.payload.is_empty() && self.messages.contains_key(&message.topic) {
            self.cleared.insert(message.topic.clone(), message.will);
        }
        self.cleared.get(&message.topic).copied()
    }

    /// For a fault: keeps the topic's message, which another is about to replace or clear.
    pub(crate) fn keep_replaced(&mut self, by: &Message) {
        match self.messages.get(&by.topic) {
            Some(message) if !by.payload.is_empty() => {
                let message = Arc::clone(message);
                self.replaced.insert(by.topic.clone(), message);
            }
            _ => {
                self.replaced.remove(&by.topic);
            }
        }
    }

    /// For a fault: returns the topic's message that was replaced last.
    pub(crate) fn replaced(&self, topic: &str) -> Option<&Arc<Message>> {
        self.replaced.get(topic)
    }

    /// For a fault: counts a message that is to be retained. Returns how many the topic has had within a minute, or
    /// since it had none.
    pub(crate) fn count(&mut self, topic: &ByteString, now: Time) -> usize {
        let is_new = !self.messages.contains_key(topic);
        let (since, count) = self.recent.entry(topic.clone()).or_insert((now, 0));
        if is_new || now.saturating_sub(*since) >= Duration::from_secs(60) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count
    }

    /// Returns the topic's message.
    pub(crate) fn at(&self, topic: &str) -> Option<&Message> {
        self.messages.get(topic).map(|message| &**message)
    }

    /// Clears the topic. [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-6]
    pub(crate) fn remove(&mut self, topic: &str) {
        if let Some((topic, message)) = self.messages.remove_entry(topic) {
            self.bytes -= message.weight;
            self.touch(topic);
        }
    }

    /// For faults: clears every topic whose message this client published since then.
    pub(crate) fn remove_of(&mut self, client: &str, since: Time) {
        let of = |message: &Message| message.publisher == client && message.received_at >= since;
        let all = self.messages.values().filter(|message| of(message));
        let topics: Vec<_> = all.map(|message| message.topic.clone()).collect();
        for topic in topics {
            self.remove(&topic);
        }
    }

    /// For a fault: returns whether a Will of this client is retained.
    pub(crate) fn has_will_of(&self, client: &str) -> bool {
        let mut all = self.messages.values();
        all.any(|message| message.will && message.publisher == client)
    }

    /// For a fault: clears every topic whose message is a Will of this client.
    pub(crate) fn remove_will_of(&mut self, client: &str) {
        let is_theirs = |message: &Message| message.will && message.publisher == client;
        let all = self.messages.values().filter(|message| is_theirs(message));
        let topics: Vec<_> = all.map(|message| message.topic.clone()).collect();
        for topic in topics {
            self.remove(&topic);
        }
    }

    /// For faults: remembers the topic's message.
    pub(crate) fn remember(&mut self, topic: &str) {
        if let Some((topic, message)) = self.messages.get_key_value(topic) {
            self.former
                .entry(topic.clone())
                .or_insert_with(|| Arc::clone(message));
        }
    }

    /// For faults: puts back the remembered messages of topics that have a message now (`replaced`) or have none.
    pub(crate) fn put_back(&mut self, replaced: bool) {
        for (topic, message) in std::mem::take(&mut self.former) {
            if self.messages.contains_key(&topic) == replaced {
                self.insert(topic, message);
            }
        }
    }

    /// For faults: changes every message.
    pub(crate) fn alter(&mut self, change: impl Fn(&mut Message)) {
        for message in self.messages.values_mut() {
            change(Arc::make_mut(message));
        }
    }

    /// For a fault: also removes the message that follows an expired one.
    pub(crate) fn drop_behind_expired(&mut self, now: Time) {
        let all: Vec<_> = self.messages.values().cloned().collect();
        for pair in all.windows(2).filter(|pair| pair[0].is_expired(now)) {
            self.remove(&pair[1].topic);
        }
    }

    /// For a fault: if a message has expired, exchanges the payloads of all messages.
    pub(crate) fn mix_up(&mut self, now: Time) {
        let expired = self
            .messages
            .values()
            .any(|message| message.is_expired(now));
        let payloads: Vec<_> = self.messages.values().map(|m| m.payload.clone()).collect();
        let next = payloads.iter().cycle().skip(1);
        for (message, payload) in self.messages.values_mut().zip(next).filter(|_| expired) {
            Arc::make_mut(message).payload = payload.clone();
        }
    }

    /// For a fault: clears every topic whose message was a Will.
    pub(crate) fn remove_wills(&mut self) {
        let wills = self.messages.values().filter(|message| message.will);
        let topics: Vec<_> = wills.map(|message| message.topic.clone()).collect();
        for topic in topics {
            self.remove(&topic);
        }
    }

    /// For a fault: removes the Message Expiry Interval of every message.
    pub(crate) fn forget_expiry(&mut self) {
        for message in self.messages.values_mut() {
            *message = Arc::new(message.without_expiry());
        }
    }

    /// For faults: returns the messages whose topic the function accepts.
    pub(crate) fn where_name(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Arc<Message>> {
        let all = self.messages.iter();
        all.filter(|(name, _)| is_wanted(name))
            .map(|(_, message)| Arc::clone(message))
            .collect()
    }

    /// Returns whether the topic has a message.
    pub(crate) fn has(&self, topic: &str) -> bool {
        self.messages.contains_key(topic)
    }

    /// Returns the number of topics that have a message. Expired messages count until a look-up removes them.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Returns how many levels look-ups have visited since the last call.
    pub(crate) fn take_visited(&mut self) -> usize {
        std::mem::take(&mut self.visited)
    }

    /// Returns the messages that match a filter, in the order of their topics, from the cursor on and until the budget
    /// of levels is spent. Removes expired messages that it finds, unless a fault wants them. [5 RULE-3.3.1.3-3]
    pub(crate) fn matching(
        &mut self,
        filter: &str,
        cursor: &mut Cursor,
        budget: &mut usize,
        now: Time,
        expired_too: bool,
    ) -> Vec<Arc<Message>> {
        // Without messages, the filter need not be taken apart.
        if self.messages.is_empty() {
            *cursor = Cursor::End;
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut expired = Vec::new();
        let before = *budget;
        let take = |name: &ByteString, message: &mut Arc<Message>| {
            if message.is_expired(now) && !expired_too {
                expired.push(name.clone());
            } else {
                found.push(Arc::clone(message));
            }
        };
        let pattern = NamesFor::new(filter);
        look_up(&mut self.messages, &pattern, cursor, budget, take);
        self.visited += before - *budget;
        for name in expired {
            self.remove(&name);
        }
        found
    }
}
