//! Work that is too long for one input. It is cut into steps, which the tasks take in turns; between two steps other
//! clients are served.

use std::collections::{BTreeMap, VecDeque, btree_map};

use bytestring::ByteString;
use mqtt_check_codec::{ProtocolVersion, Publish, ReasonCode, Subscribe, Unsubscribe};

use super::lookup::Cursor;
use super::message::Message;
use super::session_key::SessionKey;
use super::subscription::{Granted, Lookup, Subscriber};
use crate::core::input::ConnectionId;

/// What is still to be done.
#[derive(Debug)]
pub(crate) enum Task {
    Subscribe(Box<Subscribing>),
    Unsubscribe(Box<Unsubscribing>),
    /// A PUBLISH whose subscribers are being looked up; nothing else was done with it.
    Publish(Box<Publishing>),
    /// A message of no connection whose subscribers are being looked up.
    Route(Box<Routing>),
    /// Subscriptions of a session that is over, whose key is not free before they are gone.
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
    /// Whether the packet is an error.
    Checking,
    /// One filter after the other.
    Filters,
    /// Of a liberty: retained messages before SUBACK.
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
    /// The filter that is next.
    pub(crate) next: usize,
    pub(crate) in_use: bool,
    /// Of a fault.
    pub(crate) rest_refused: bool,
    pub(crate) reasons: Vec<ReasonCode>,
    pub(crate) made: VecDeque<Made>,
    /// How far the retained messages of the first that was made have come.
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

/// All of them, in the order of their next steps.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: VecDeque<(Option<SessionKey>, Task)>,
    /// How many each session has.
    busy: BTreeMap<SessionKey, usize>,
}

impl Tasks {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether what this session sends has to wait.
    pub(crate) fn has(&self, key: SessionKey) -> bool {
        self.busy.contains_key(&key)
    }

    /// Adds one behind all others. `of` is the session that has to wait for it.
    pub(crate) fn push(&mut self, of: Option<SessionKey>, task: Task) {
        if let Some(key) = of {
            *self.busy.entry(key).or_default() += 1;
        }
        self.waiting.push_back((of, task));
    }

    /// Takes the one whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(Option<SessionKey>, Task)> {
        let (of, task) = self.waiting.pop_front()?;
        self.done(of);
        Some((of, task))
    }

    /// Takes one that this session has to wait for.
    pub(crate) fn pop_of(&mut self, key: SessionKey) -> Option<Task> {
        if !self.has(key) {
            return None;
        }
        let index = self.waiting.iter().position(|(of, _)| *of == Some(key))?;
        let (of, task) = self.waiting.remove(index)?;
        self.done(of);
        Some(task)
    }

    /// The session is over.
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
