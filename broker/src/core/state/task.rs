//! Work that is too long for one input. It is split into steps, and tasks take turns. Between two steps other clients
//! are served.

use std::collections::{BTreeMap, VecDeque, btree_map};

use bytestring::ByteString;
use mqtt_check_codec::{ProtocolVersion, Publish, ReasonCode, Subscribe, Unsubscribe};

use super::lookup::Cursor;
use super::message::Message;
use super::session_key::SessionKey;
use super::subscription::{Granted, Lookup, Subscriber};
use crate::core::input::ConnectionId;

/// Work that is still to be done.
#[derive(Debug)]
pub(crate) enum Task {
    Subscribe(Box<Subscribing>),
    Unsubscribe(Box<Unsubscribing>),
    /// A PUBLISH whose subscribers are being looked up. It has had no effect yet.
    Publish(Box<Publishing>),
    /// A Will, or another message without a connection, whose subscribers are being looked up.
    Route(Box<Routing>),
    /// Subscriptions of an ended session. Its key is not reused before they are removed.
    Forget(SessionKey, btree_map::IntoIter<ByteString, Granted>),
}

#[derive(Debug)]
pub(crate) struct Publishing {
    pub(crate) connection: ConnectionId,
    pub(crate) publish: Publish,
    pub(crate) lookup: Lookup,
}

#[derive(Debug)]
pub(crate) struct Routing {
    pub(crate) message: Message,
    pub(crate) client: Option<ByteString>,
    pub(crate) lookup: Lookup,
}

/// How far a SUBSCRIBE or an UNSUBSCRIBE has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The packet is checked for errors.
    Checking,
    /// The filters are handled one after the other.
    Filters,
    /// For a permitted variation: retained messages are sent before SUBACK.
    Early,
    Answer,
    Retained,
}

/// A subscription that was made, for the retained messages that follow SUBACK.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) subscriber: Subscriber,
    pub(crate) filter: ByteString,
}

#[derive(Debug)]
pub(crate) struct Subscribing {
    pub(crate) connection: ConnectionId,
    pub(crate) version: ProtocolVersion,
    pub(crate) subscribe: Subscribe,
    pub(crate) stage: Stage,
    /// The index of the next filter.
    pub(crate) next: usize,
    pub(crate) in_use: bool,
    /// For a fault: whether all further filters are refused.
    pub(crate) rest_refused: bool,
    pub(crate) reasons: Vec<ReasonCode>,
    pub(crate) made: VecDeque<Made>,
    /// The position in the retained messages of the first entry in `made`.
    pub(crate) cursor: Cursor,
}

#[derive(Debug)]
pub(crate) struct Unsubscribing {
    pub(crate) connection: ConnectionId,
    pub(crate) version: ProtocolVersion,
    pub(crate) unsubscribe: Unsubscribe,
    pub(crate) stage: Stage,
    pub(crate) next: usize,
    pub(crate) in_use: bool,
    pub(crate) reasons: Vec<ReasonCode>,
}

/// All tasks, in the order of their next steps.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: VecDeque<(Option<SessionKey>, Task)>,
    /// How many tasks each session has.
    busy: BTreeMap<SessionKey, usize>,
}

impl Tasks {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns whether packets of this session must wait.
    pub(crate) fn has(&self, key: SessionKey) -> bool {
        self.busy.contains_key(&key)
    }

    /// Adds a task at the end. `of` is the session that waits for it.
    pub(crate) fn push(&mut self, of: Option<SessionKey>, task: Task) {
        if let Some(key) = of {
            *self.busy.entry(key).or_default() += 1;
        }
        self.waiting.push_back((of, task));
    }

    /// Takes the task whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(Option<SessionKey>, Task)> {
        let (of, task) = self.waiting.pop_front()?;
        self.done(of);
        Some((of, task))
    }

    /// Takes a task that this session waits for.
    pub(crate) fn pop_of(&mut self, key: SessionKey) -> Option<Task> {
        if !self.has(key) {
            return None;
        }
        let index = self.waiting.iter().position(|(of, _)| *of == Some(key))?;
        let (of, task) = self.waiting.remove(index)?;
        self.done(of);
        Some(task)
    }

    /// Drops all tasks that an ended session waited for.
    pub(crate) fn drop_of(&mut self, key: SessionKey) {
        if self.busy.remove(&key).is_some() {
            self.waiting.retain(|(of, _)| *of != Some(key));
        }
    }

    fn done(&mut self, of: Option<SessionKey>) {
        if let Some(key) = of
            && let btree_map::Entry::Occupied(mut entry) = self.busy.entry(key)
        {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}
