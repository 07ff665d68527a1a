//! Packets that wait to be written, by connection and for all clients together.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;
use std::time::Duration;

use mqtt_check_codec::Packet;

use crate::core::{Account, Charge, weight_of_packet};
use crate::{Config, ConnectionId, NodeId, Time};

/// A client that has read nothing for this long is disconnected if others wait for the memory that it takes up.
const STALLED: Duration = Duration::from_secs(1);

/// The outbox of one connection.
#[derive(Debug, Default)]
struct Outbox {
    /// `None` when nothing waits, as for most connections most of the time.
    waiting: Option<Box<Waiting>>,
    /// Whether the core has closed the connection.
    closing: bool,
    /// Whether the core sends only required packets.
    congested: bool,
    /// Whether the core still works on earlier packets of the connection.
    paused: bool,
    /// The node that the connection belongs to.
    node: NodeId,
    /// Whether this node is paused, so that nothing is read or written.
    frozen: bool,
    waker: Option<Waker>,
}

/// What waits to be written to one connection.
#[derive(Debug)]
struct Waiting {
    packets: VecDeque<Packet>,
    /// The weight of the packets, and of encoded bytes that are not written.
    charge: Charge,
    /// How many of these bytes are encoded.
    encoded: usize,
    /// When the client last read any of it, or when it started to wait.
    progress: Time,
}

/// The state of a connection from the core's point of view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Nothing more will be sent than what is in the outbox.
    pub(super) closing: bool,
    /// Nothing is to be read from the connection for now.
    pub(super) waits: bool,
    /// There is more to be sent.
    pub(super) more: bool,
    /// Nothing is to be read or written for now.
    pub(super) frozen: bool,
}

/// What waits to be written to every connection.
#[derive(Debug)]
pub(super) struct Outboxes {
    boxes: BTreeMap<ConnectionId, Outbox>,
    /// The weight of everything that waits.
    account: Account,
    /// The limits in bytes, for one connection and for all.
    maximum: usize,
    maximum_all: usize,
    /// Connections that wait for others to read.
    starved: Vec<ConnectionId>,
}

impl Outboxes {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            boxes: BTreeMap::new(),
            account: Account::default(),
            maximum: config.maximum_outgoing_bytes,
            maximum_all: config.maximum_all_outgoing_bytes,
            starved: Vec::new(),
        }
    }

    /// Returns the account of everything that waits.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn len(&self) -> usize {
        self.boxes.len()
    }

    pub(super) fn open(&mut self, connection: ConnectionId, node: NodeId, frozen: bool) {
        let outbox = Outbox {
            node,
            frozen,
            ..Outbox::default()
        };
        self.boxes.insert(connection, outbox);
    }

    /// Reads and writes nothing at this node until it is thawed.
    pub(super) fn freeze(&mut self, node: NodeId) {
        for outbox in self.of(node) {
            outbox.frozen = true;
        }
    }

    pub(super) fn thaw(&mut self, node: NodeId) {
        for outbox in self.of(node) {
            if outbox.frozen {
                outbox.frozen = false;
                outbox.wake();
            }
        }
    }

    /// Discards what waits to be written at this node.
    pub(super) fn discard(&mut self, node: NodeId) {
        for outbox in self.of(node) {
            outbox.waiting = None;
        }
    }

    fn of(&mut self, node: NodeId) -> impl Iterator<Item = &mut Outbox> {
        let all = self.boxes.values_mut();
        all.filter(move |outbox| outbox.node == node)
    }

    /// Removes a connection. Returns whether it was known.
    pub(super) fn forget(&mut self, connection: ConnectionId) -> bool {
        self.boxes.remove(&connection).is_some()
    }

    /// Appends a packet. Returns whether the connection has just become congested, so that the core must be informed.
    pub(super) fn push(&mut self, connection: ConnectionId, packet: Packet, now: Time) -> bool {
        let Some(outbox) = self.boxes.get_mut(&connection) else {
            return false;
        };
        let waiting = outbox.waiting.get_or_insert_with(|| {
            Box::new(Waiting {
                packets: VecDeque::new(),
                charge: self.account.charge(0),
                encoded: 0,
                progress: now,
            })
        });
        waiting.charge.add(weight_of_packet(&packet));
        waiting.packets.push_back(packet);
        outbox.wake();
        let newly_congested = outbox.bytes() > self.maximum && !outbox.congested;
        outbox.congested |= newly_congested;
        newly_congested
    }

    /// Marks a connection as congested, because the core holds back messages until it is drained.
    pub(super) fn hold(&mut self, connection: ConnectionId) {
        if let Some(outbox) = self.boxes.get_mut(&connection) {
            outbox.congested = true;
            outbox.wake();
        }
    }

    /// Reads nothing from this connection until it is resumed.
    pub(super) fn pause(&mut self, connection: ConnectionId) {
        if let Some(outbox) = self.boxes.get_mut(&connection) {
            outbox.paused = true;
        }
    }

    pub(super) fn resume(&mut self, connection: ConnectionId) {
        if let Some(outbox) = self.boxes.get_mut(&connection) {
            outbox.paused = false;
            outbox.wake();
        }
    }

    pub(super) fn close(&mut self, connection: ConnectionId) {
        if let Some(outbox) = self.boxes.get_mut(&connection) {
            outbox.close();
        }
    }

    /// Closes every connection, after writing what waits or without.
    pub(super) fn close_all(&mut self, with_what_waits: bool) {
        for outbox in self.boxes.values_mut() {
            if !with_what_waits {
                outbox.waiting = None;
            }
            outbox.frozen = false;
            outbox.close();
        }
    }

    /// Passes the next packets of a connection to `give`, about `limit` bytes of them, and stores the waker for when
    /// there is more. `encoded` is the number of bytes that the connection has encoded but not written. Returns whether
    /// the connection has just been drained, so that the core must be informed.
    pub(super) fn take(
        &mut self,
        connection: ConnectionId,
        encoded: usize,
        limit: usize,
        now: Time,
        waker: &Waker,
        give: impl FnMut(Packet),
    ) -> bool {
        let Some(outbox) = self.boxes.get_mut(&connection) else {
            return false;
        };
        if outbox.frozen {
            outbox.listen(waker);
            return false;
        }
        if let Some(waiting) = &mut outbox.waiting {
            waiting.wrote_all_but(encoded, now);
            waiting.take(limit, give);
            if waiting.packets.is_empty() && waiting.encoded == 0 {
                outbox.waiting = None;
            }
        }
        outbox.listen(waker);
        let used = self.account.used();
        if used <= self.maximum_all / 2 {
            for starved in mem::take(&mut self.starved) {
                if starved != connection
                    && let Some(outbox) = self.boxes.get_mut(&starved)
                {
                    outbox.wake();
                }
            }
        }
        let Some(outbox) = self.boxes.get_mut(&connection) else {
            return false;
        };
        if !outbox.congested || outbox.bytes() > self.maximum / 2 {
            return false;
        }
        if used > self.maximum_all / 2 {
            if !self.starved.contains(&connection) {
                self.starved.push(connection);
            }
            return false;
        }
        outbox.congested = false;
        true
    }

    /// Closes a connection that reads nothing, if others wait for its memory. Takes the one with most bytes and
    /// discards what waits for it. Returns its number.
    pub(super) fn cut_off(&mut self, now: Time) -> Option<ConnectionId> {
        if self.starved.is_empty() || self.account.used() <= self.maximum_all / 2 {
            return None;
        }
        let stalled = self.boxes.iter_mut().filter(|(_, outbox)| {
            let waiting = outbox.waiting.as_ref();
            waiting.is_some_and(|waiting| now.saturating_sub(waiting.progress) >= STALLED)
        });
        let (connection, outbox) = stalled.max_by_key(|(_, outbox)| outbox.bytes())?;
        outbox.waiting = None;
        outbox.close();
        Some(*connection)
    }

    pub(super) fn standing(&self, connection: ConnectionId) -> Standing {
        match self.boxes.get(&connection) {
            Some(outbox) => Standing {
                closing: outbox.closing,
                waits: outbox.congested || outbox.paused,
                more: outbox.has_packets(),
                frozen: outbox.frozen,
            },
            None => Standing {
                closing: true,
                waits: false,
                more: false,
                frozen: false,
            },
        }
    }
}

impl Outbox {
    fn close(&mut self) {
        self.closing = true;
        self.wake();
    }

    fn bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |w| w.charge.bytes())
    }

    fn has_packets(&self) -> bool {
        self.waiting.as_ref().is_some_and(|w| !w.packets.is_empty())
    }

    fn listen(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Waiting {
    /// Records that all but this many encoded bytes are written.
    fn wrote_all_but(&mut self, encoded: usize, now: Time) {
        if encoded < self.encoded {
            self.charge.sub(self.encoded - encoded);
            self.encoded = encoded;
            self.progress = now;
        }
    }

    fn take(&mut self, limit: usize, mut give: impl FnMut(Packet)) {
        let mut taken = 0;
        while taken < limit
            && let Some(packet) = self.packets.pop_front()
        {
            taken += weight_of_packet(&packet);
            give(packet);
        }
        self.encoded += taken;
    }
}
