//! The state of the broker. Nothing here sends, routes or ends anything.

pub(crate) mod account;
pub(crate) mod authentication;
pub(crate) mod boxed_if_changed;
pub(crate) mod connect_rate;
pub(crate) mod connection;
pub(crate) mod expiry;
pub(crate) mod fault_state;
pub(crate) mod former;
pub(crate) mod inflight;
pub(crate) mod link;
pub(crate) mod lookup;
pub(crate) mod message;
pub(crate) mod queue;
pub(crate) mod redirect;
pub(crate) mod retained;
pub(crate) mod session;
pub(crate) mod session_key;
pub(crate) mod small_map;
pub(crate) mod subscription;
pub(crate) mod task;
pub(crate) mod timer;
pub(crate) mod traces;
pub(crate) mod tracked;
pub(crate) mod weight;
pub(crate) mod will;
pub(crate) mod written;

use std::collections::{BTreeMap, BTreeSet};

use bytestring::ByteString;

use self::retained::Retained;
use self::session::Sessions;
use self::subscription::{Lookup, Matches, Subscriptions};
use self::task::Tasks;
use self::timer::Timers;
use crate::Liberty;
use crate::core::rules::Rules;
use crate::core::turn::STEP;

/// Everything that a message or an ending can change, and the rules by which they do.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) rules: Rules,
    pub(crate) sessions: Sessions,
    pub(crate) topics: Topics,
    pub(crate) timers: Timers,
}

/// What is known by topic: who subscribed, and what is retained.
#[derive(Debug)]
pub(crate) struct Topics {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) retained: Retained,
    /// Of faults: what a client id cannot subscribe to any more.
    pub(crate) blocked: BTreeMap<ByteString, Vec<ByteString>>,
    /// Of a fault: filters that a session of this client id that was discarded had.
    pub(crate) discarded: BTreeMap<ByteString, Vec<ByteString>>,
    /// Of a fault: client ids whose sessions have expired.
    pub(crate) expired: BTreeSet<ByteString>,
    /// Of a fault: Shared Subscriptions that a session which is over was a member of, and whether its turn is next.
    pub(crate) gone: BTreeMap<ByteString, bool>,
    /// Kept between messages for its memory alone.
    pub(crate) matches: Matches,
    /// What was looked up for the message that is next.
    pub(crate) found: Option<Lookup>,
    /// What is done in steps.
    pub(crate) tasks: Tasks,
}

impl Topics {
    /// Looks up who gets the next message, which is of this topic, unless that is sure to be short. What it returns is
    /// to be gone on with before the message is handled.
    pub(crate) fn find(&mut self, rules: &Rules, topic: &ByteString) -> Option<Lookup> {
        self.found = None;
        if !rules.faults.is_none() || self.subscriptions.is_short(topic) {
            return None;
        }
        let mut lookup = Lookup::new(topic.clone());
        if !self.subscriptions.go_on(&mut lookup, STEP) {
            return Some(lookup);
        }
        self.found = Some(lookup);
        None
    }
}

impl State {
    /// No sessions and no retained messages.
    pub(crate) fn new(rules: Rules) -> Self {
        let sticky = rules.chooses(Liberty::SharedToOneAlone);
        Self {
            rules,
            sessions: Sessions::default(),
            topics: Topics {
                subscriptions: Subscriptions::new(sticky),
                retained: Retained::default(),
                blocked: BTreeMap::new(),
                discarded: BTreeMap::new(),
                expired: BTreeSet::new(),
                gone: BTreeMap::new(),
                matches: Matches::default(),
                found: None,
                tasks: Tasks::default(),
            },
            timers: Timers::default(),
        }
    }
}
