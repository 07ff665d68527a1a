//! One call of the core: the time, and where its outputs go.

use mqtt_check_codec::Packet;

use super::input::{ConnectionId, Time};
use super::output::Output;
use crate::HookEvent;

/// What every step of one call needs to know and to fill.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Time,
    pub(crate) out: &'a mut Vec<Output>,
}

impl Turn<'_> {
    pub(crate) fn send(&mut self, connection: ConnectionId, packet: Packet) {
        self.out.push(Output::Send { connection, packet });
    }

    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.out.push(Output::Close { connection });
    }

    pub(crate) fn hook(&mut self, event: HookEvent) {
        self.out.push(Output::Hook(event));
    }

    /// Where the next output will stand.
    pub(crate) fn mark(&self) -> usize {
        self.out.len()
    }

    /// Moves what was put out since `late` ahead of the packets that were put out since `early`.
    pub(crate) fn move_ahead(&mut self, early: usize, late: usize) {
        let packets = self.out[early..late].iter();
        let hooks = packets.take_while(|output| !matches!(output, Output::Send { .. }));
        let to = early + hooks.count();
        self.out[to..].rotate_left(late - to);
    }
}
