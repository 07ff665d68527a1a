//! What the broker keeps while it runs. Nothing here sends, routes or ends anything.

pub(crate) mod account;
pub(crate) mod arrivals;
pub(crate) mod authentication;
pub(crate) mod connection;
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
pub(crate) mod subscription;
pub(crate) mod timer;
pub(crate) mod traces;
pub(crate) mod tracked;
pub(crate) mod weight;
pub(crate) mod will;
pub(crate) mod written;

use std::collections::BTreeMap;

use bytestring::ByteString;

use self::retained::Retained;
use self::session::Sessions;
use self::subscription::{Matches, Subscriptions};
use self::timer::Timers;
use crate::Liberty;
use crate::core::rules::Rules;

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
    /// Kept between messages for its memory alone.
    pub(crate) matches: Matches,
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
                matches: Matches::default(),
            },
            timers: Timers::default(),
        }
    }
}
