//! One call of the core: the time, and everything that follows from the input.

use mqtt_check_codec::Packet;

use super::input::{ConnectionId, Time};
use super::output::Output;
use crate::HookEvent;

/// The units of work in one step: levels of topics and filters that are visited, filters that are subscribed or
/// unsubscribed, and timers that are due. Longer work continues in further steps.
pub(crate) const STEP: usize = 4_096;

/// What every step of one call reads and fills.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Time,
    pub(crate) out: &'a mut Vec<Output>,
    /// Connections that no longer belong to their sessions.
    pub(crate) ended: Vec<ConnectionId>,
    /// The number of this call.
    pub(crate) number: u64,
    /// The weight of all messages that wait to be written, including those of this call.
    pub(crate) outgoing: usize,
    /// The units of work spent, except for look-ups and outputs.
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

    /// Asks the shell to read nothing more from a connection for now.
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
