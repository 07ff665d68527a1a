//! One call of the core: the time, and everything that follows from the input.

use mqtt_check_codec::Packet;

use super::input::{ConnectionId, Time};
use super::output::Output;
use crate::HookEvent;

/// How much is done in one go: levels of topics and filters that are looked at, filters that are subscribed to or
/// unsubscribed from. What takes more goes on in further steps.
pub(crate) const STEP: usize = 4_096;

/// What every step of one call needs to know and to fill.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Time,
    pub(crate) out: &'a mut Vec<Output>,
    /// Connections that belong to their sessions no more.
    pub(crate) ended: Vec<ConnectionId>,
    /// Which call this is.
    pub(crate) number: u64,
    /// What the messages weigh that wait to be written, those of this call among them.
    pub(crate) outgoing: usize,
    /// What was done besides looking up and putting out, in the units of a step.
    pub(crate) spent: usize,
}

impl<'a> Turn<'a> {
    pub(crate) const fn new(now: Time, out: &'a mut Vec<Output>) -> Self {
        Self {
            now,
            out,
            ended: Vec::new(),
            number: 0,
            outgoing: 0,
            spent: 0,
        }
    }
}

impl Turn<'_> {
    pub(crate) fn send(&mut self, connection: ConnectionId, packet: Packet) {
        self.out.push(Output::Send { connection, packet });
    }

    pub(crate) fn hold(&mut self, connection: ConnectionId) {
        self.out.push(Output::Hold { connection });
    }

    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.out.push(Output::Close { connection });
    }

    /// Nothing more is to be read from it for now.
    pub(crate) fn pause(&mut self, connection: ConnectionId) {
        self.out.push(Output::Pause { connection });
    }

    pub(crate) fn resume(&mut self, connection: ConnectionId) {
        self.out.push(Output::Resume { connection });
    }

    pub(crate) fn hook(&mut self, event: HookEvent) {
        self.out.push(Output::Hook(event));
    }
}
