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
pub(crate) mod nodes;
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
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::turn::STEP;

/// The state that a message or an ending can change, and the rules that apply.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) rules: Rules,
    pub(crate) sessions: Sessions,
    pub(crate) topics: Topics,
    pub(crate) timers: Timers,
}

/// The state that is found by topic: subscriptions and retained messages.
#[derive(Debug)]
pub(crate) struct Topics {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) retained: Retained,
    /// For faults: filters that have no effect when this client subscribes to them.
    pub(crate) blocked: BTreeMap<ByteString, Vec<ByteString>>,
    /// For faults: filters of a client's ended session, by Client Identifier.
    pub(crate) discarded: BTreeMap<ByteString, Vec<ByteString>>,
    /// For a fault: Client Identifiers whose sessions have expired.
    pub(crate) expired: BTreeSet<ByteString>,
    /// For a fault: Shared Subscriptions that an ended session was a member of, and whether its turn is next.
    pub(crate) gone: BTreeMap<ByteString, bool>,
    /// For a fault: clients of which a Will was published.
    pub(crate) with_will: BTreeSet<ByteString>,
    /// For a fault: when the latest Wills were published.
    pub(crate) wills_at: Vec<Time>,
    /// For a fault: when the session of a client ended with its connection.
    pub(crate) left_at: BTreeMap<ByteString, Time>,
    /// Kept between messages only to reuse its memory.
    pub(crate) matches: Matches,
    /// The finished look-up for the next message.
    pub(crate) found: Option<Lookup>,
    /// Work that is done in steps.
    pub(crate) tasks: Tasks,
}

impl Topics {
    /// Looks up the subscribers of the next message, which has this topic, unless the look-up is sure to be short. If
    /// the look-up is not finished within a step, returns it, and it must be finished before the message is handled.
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
    /// Returns a state with no sessions and no retained messages.
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
                with_will: BTreeSet::new(),
                wills_at: Vec::new(),
                left_at: BTreeMap::new(),
                matches: Matches::default(),
                found: None,
                tasks: Tasks::default(),
            },
            timers: Timers::default(),
        }
    }
}
