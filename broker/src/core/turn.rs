//! One call of the core: the time, and where everything goes that follows from it.

use mqtt_check_codec::Packet;

use super::input::{ConnectionId, Time};
use super::output::Output;
use crate::HookEvent;

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
}

impl<'a> Turn<'a> {
    pub(crate) const fn new(now: Time, out: &'a mut Vec<Output>) -> Self {
        Self {
            now,
            out,
            ended: Vec::new(),
            number: 0,
            outgoing: 0,
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

    pub(crate) fn hook(&mut self, event: HookEvent) {
        self.out.push(Output::Hook(event));
    }
}
