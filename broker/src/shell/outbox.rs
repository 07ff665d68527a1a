//! Bytes waiting to be written, by connection and for all clients together.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;
use std::time::Duration;

use mqtt_check_codec::Packet;

use crate::core::{Account, Charge, weight_of_packet};
use crate::{Config, ConnectionId, Time};

/// A client that has read nothing for so long is cut off while others wait for what it takes up.
const STALLED: Duration = Duration::from_secs(1);

/// One connection's.
#[derive(Debug, Default)]
struct Outbox {
    /// Most connections wait most of the time, and then need no memory for it.
    waiting: Option<Box<Waiting>>,
    /// The core is done with the connection.
    closing: bool,
    /// The core gives it nothing but what it needs.
    congested: bool,
    /// The core works on what the connection sent.
    paused: bool,
    waker: Option<Waker>,
}

/// What waits to be written to one connection.
#[derive(Debug)]
struct Waiting {
    packets: VecDeque<Packet>,
    /// What the packets weigh, and what is encoded and not written.
    charge: Charge,
    /// Of these bytes, those that are encoded.
    encoded: usize,
    /// When its client last read any of it, or there was nothing to read.
    progress: Time,
}

/// How a connection stands with the core.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Nothing more will be sent than what is in the outbox.
    pub(super) closing: bool,
    /// Nothing should be read from it for now.
    pub(super) waits: bool,
    /// There is more to be sent.
    pub(super) more: bool,
}

/// What waits to be written to every connection.
#[derive(Debug)]
pub(super) struct Outboxes {
    boxes: BTreeMap<ConnectionId, Outbox>,
    /// What all of it comes to.
    account: Account,
    /// In bytes, for one connection and for all.
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

    /// What all of it comes to.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn len(&self) -> usize {
        self.boxes.len()
    }

    pub(super) fn open(&mut self, connection: ConnectionId) {
        self.boxes.insert(connection, Outbox::default());
    }

    /// Says whether it was known.
    pub(super) fn forget(&mut self, connection: ConnectionId) -> bool {
        self.boxes.remove(&connection).is_some()
    }

    /// Appends a packet; says whether too much waits now and the core does not know.
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

    /// The core gives this connection nothing more until it is drained.
    pub(super) fn hold(&mut self, connection: ConnectionId) {
        if let Some(outbox) = self.boxes.get_mut(&connection) {
            outbox.congested = true;
            outbox.wake();
        }
    }

    /// Nothing is read from this connection until it is resumed.
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

    /// Every connection is over, with what waits for it or without.
    pub(super) fn close_all(&mut self, with_what_waits: bool) {
        for outbox in self.boxes.values_mut() {
            if !with_what_waits {
                outbox.waiting = None;
            }
            outbox.close();
        }
    }

    /// Gives what may be written next to a connection, some `limit` bytes of it, and leaves word whom to wake when
    /// there is more. `encoded` is what it has and has not written. Says whether it is drained, and the core does not
    /// know.
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

    /// A connection that reads nothing and takes up most of what others wait for, if there is one. What waits for it is
    /// thrown away, and it is over.
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
            },
            None => Standing {
                closing: true,
                waits: false,
                more: false,
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
    /// Of what was encoded, this much is not written.
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
