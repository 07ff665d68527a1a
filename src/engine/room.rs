//! Limits how much memory the plays of a run use for what brokers send.
//!
//! Each case has a [`Share`], which its scene, its control and its witness fill together. A share has a limit of its
//! own, and all shares together have one. Above the common limit, cases that use more than an even part of it are
//! ended.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The room of all plays together, in bytes.
const ROOM: usize = 16 * 1024 * 1024;
/// The limit of one play, in bytes, without what its steps and sent bytes add.
const SHARE: usize = 6 * 1024 * 1024;
/// What each step of a play adds to its limit, in bytes.
const FOR_STEP: usize = 1024;
/// What each sent byte adds to the limit, in bytes. It may be sent to several subscribers, and is stored as bytes and
/// as a packet.
const FOR_BYTE: usize = 16;

/// The room of a run.
#[derive(Debug)]
pub(super) struct Room {
    taken: AtomicUsize,
    total: usize,
    /// What each play may use, whatever the others use.
    even: usize,
}

impl Room {
    /// Creates the room for `jobs` plays at once, with at most `steps` steps each.
    pub(super) fn new(jobs: usize, steps: usize) -> Self {
        let total = steps.saturating_mul(FOR_STEP).saturating_add(ROOM);
        Self {
            taken: AtomicUsize::new(0),
            total,
            even: total / jobs.max(1),
        }
    }

    /// Creates the room for one play that has its broker to itself.
    pub(super) const fn of_one() -> Self {
        Self {
            taken: AtomicUsize::new(0),
            total: usize::MAX,
            even: usize::MAX,
        }
    }

    /// Returns whether there is room for another play.
    pub(super) fn has_room(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.total
    }

    /// Creates the share of one case.
    pub(super) fn share(&self) -> Share<'_> {
        Share {
            room: self,
            taken: Cell::new(0),
            is_exceeded: Cell::new(false),
            is_crowded_out: Cell::new(false),
        }
    }
}

/// The memory that one case uses.
#[derive(Debug)]
pub(super) struct Share<'r> {
    room: &'r Room,
    taken: Cell<usize>,
    is_exceeded: Cell<bool>,
    is_crowded_out: Cell<bool>,
}

impl Share<'_> {
    /// Counts a change from `from` bytes to `to` bytes.
    pub(super) fn change(&self, from: usize, to: usize) {
        self.taken.set(self.taken.get() + to - from);
        if to >= from {
            self.room.taken.fetch_add(to - from, Ordering::Relaxed);
        } else {
            self.room.taken.fetch_sub(from - to, Ordering::Relaxed);
        }
    }

    /// Returns the limit in bytes if a case with this many steps and sent bytes has exceeded it, and `None` otherwise.
    pub(super) fn exceeded_limit(&self, steps: usize, sent: usize) -> Option<usize> {
        let limit = self.exceeded(steps, sent);
        self.is_exceeded
            .set(self.is_exceeded.get() || limit.is_some());
        limit
    }

    fn exceeded(&self, steps: usize, sent: usize) -> Option<usize> {
        let allowed = steps
            .saturating_mul(FOR_STEP)
            .saturating_add(sent.saturating_mul(FOR_BYTE));
        let limit = SHARE.saturating_add(allowed);
        if self.taken.get() > limit {
            return Some(limit);
        }
        let even = self.room.even.max(allowed.min(self.room.total / 2));
        let is_crowded = self.room.taken.load(Ordering::Relaxed) > self.room.total;
        if is_crowded && self.taken.get() > even {
            self.is_crowded_out.set(true);
            return Some(even);
        }
        None
    }

    /// Notes that the case is ended because the broker sent, or announced, too much.
    pub(super) fn give_up(&self) {
        self.is_exceeded.set(true);
    }

    /// Returns whether the case was ended because the broker sent, or announced, too much.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.get()
    }

    /// Returns whether the case was ended because the others used too much. Alone it would have had more room.
    pub(super) fn is_crowded_out(&self) -> bool {
        self.is_crowded_out.get()
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.room
            .taken
            .fetch_sub(self.taken.get(), Ordering::Relaxed);
    }
}
