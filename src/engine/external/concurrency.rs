//! Decides how many cases are played at the same time: fewer while memory is short, more when it is free again.

use std::cell::Cell;
use std::time::Instant;

/// The smallest number of cases that are played at the same time, however short memory is.
const FEWEST: usize = 4;

/// The number of cases, and what it depends on.
pub(super) struct Concurrency {
    most: usize,
    now: Cell<usize>,
    /// How many cases had enough room since the number was last changed.
    calm: Cell<usize>,
    cut: Cell<Option<Instant>>,
}

impl Concurrency {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            now: Cell::new(most),
            calm: Cell::new(0),
            cut: Cell::new(None),
        }
    }

    /// Returns how many cases may be played at the same time.
    pub(super) fn now(&self) -> usize {
        self.now.get()
    }

    /// Notes that others crowded out a case that began at this time. Cases that were crowded out together count once.
    pub(super) fn crowded_out(&self, began: Instant) {
        if self.cut.get().is_some_and(|cut| began < cut) {
            return;
        }
        self.now
            .set((self.now.get() / 2).max(FEWEST).min(self.most));
        self.calm.set(0);
        self.cut.set(Some(Instant::now()));
    }

    /// Returns whether the number cannot be lowered further. A case that is crowded out now is flooded by its broker,
    /// whatever the others use.
    pub(super) fn is_smallest(&self) -> bool {
        self.now.get() <= FEWEST.min(self.most)
    }

    /// Notes that a case had enough room. After a full set of such cases, one more is played at the same time.
    pub(super) fn fitted(&self) {
        self.calm.set(self.calm.get() + 1);
        if self.calm.get() >= self.now.get() {
            self.now.set((self.now.get() + 1).min(self.most));
            self.calm.set(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_crowded_out_together_count_once() {
        let concurrency = Concurrency::new(64);
        let began = Instant::now();
        for _ in 0..64 {
            concurrency.crowded_out(began);
        }
        assert_eq!(concurrency.now(), 32);
        concurrency.crowded_out(Instant::now());
        assert_eq!(concurrency.now(), 16);
    }

    #[test]
    fn grows_again_when_there_is_room() {
        let concurrency = Concurrency::new(16);
        for _ in 0..9 {
            concurrency.crowded_out(Instant::now());
        }
        assert_eq!(concurrency.now(), FEWEST);
        assert!(concurrency.is_smallest());
        for _ in 0..FEWEST {
            concurrency.fitted();
        }
        assert!(!concurrency.is_smallest());
        assert_eq!(concurrency.now(), FEWEST + 1);
        for _ in 0..1_000 {
            concurrency.fitted();
        }
        assert_eq!(concurrency.now(), 16);
    }

    #[test]
    fn never_exceeds_the_requested_number() {
        let concurrency = Concurrency::new(1);
        concurrency.crowded_out(Instant::now());
        assert_eq!(concurrency.now(), 1);
    }
}
