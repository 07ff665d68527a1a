//! How much memory the plays of a run may take for what brokers send.
//!
//! Each case has a [`Share`], which its scene, its control and its witness fill together. A share has a limit of its own,
//! and all shares together have one: above it, those that take more than an even part of it are ended.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The room of all plays together, in bytes.
const ROOM: usize = 16 * 1024 * 1024;
/// A play takes no more, in bytes, besides what its steps and what they send allow for.
const SHARE: usize = 6 * 1024 * 1024;
/// What each step of a play allows for, in bytes.
const FOR_STEP: usize = 1024;
/// What comes back for each byte that is sent: to several subscribers, in a packet and as it is kept.
const FOR_BYTE: usize = 16;

/// The room of a run.
#[derive(Debug)]
pub(super) struct Room {
    taken: AtomicUsize,
    total: usize,
    /// What each play may take, whatever the others take.
    even: usize,
}

impl Room {
    /// For so many plays at the same time, of so many steps at most.
    pub(super) fn new(jobs: usize, steps: usize) -> Self {
        let total = steps.saturating_mul(FOR_STEP).saturating_add(ROOM);
        Self {
            taken: AtomicUsize::new(0),
            total,
            even: total / jobs.max(1),
        }
    }

    /// For one play that has its broker for itself.
    pub(super) const fn of_one() -> Self {
        Self {
            taken: AtomicUsize::new(0),
            total: usize::MAX,
            even: usize::MAX,
        }
    }

    /// Whether there is room for another play.
    pub(super) fn has_room(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.total
    }

    /// One case's part of it.
    pub(super) fn share(&self) -> Share<'_> {
        Share {
            room: self,
            taken: Cell::new(0),
            is_over: Cell::new(false),
            is_crowded_out: Cell::new(false),
        }
    }
}

/// What one case takes.
#[derive(Debug)]
pub(super) struct Share<'r> {
    room: &'r Room,
    taken: Cell<usize>,
    is_over: Cell<bool>,
    is_crowded_out: Cell<bool>,
}

impl Share<'_> {
    /// Counts a change, from so many bytes to so many.
    pub(super) fn change(&self, from: usize, to: usize) {
        self.taken.set(self.taken.get() + to - from);
        if to >= from {
            self.room.taken.fetch_add(to - from, Ordering::Relaxed);
        } else {
            self.room.taken.fetch_sub(from - to, Ordering::Relaxed);
        }
    }

    /// How much is too much, in bytes: for a case of so many steps that has sent so many bytes. `None` while it is not.
    pub(super) fn is_too_much(&self, steps: usize, sent: usize) -> Option<usize> {
        let limit = self.exceeded(steps, sent);
        self.is_over.set(self.is_over.get() || limit.is_some());
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

    /// Says that the case is ended since too much came, or was to come.
    pub(super) fn give_up(&self) {
        self.is_over.set(true);
    }

    /// Whether the case was ended since too much came, or was to come.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Whether it was ended since the others took too much: alone it would have had more.
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
