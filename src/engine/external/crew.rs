//! Decides how many cases are played at the same time: fewer while memory is short, more when it is free again.

use std::cell::Cell;
use std::time::Instant;

/// The smallest number of cases that are played at the same time, however short memory is.
const FEWEST: usize = 4;

/// The number of cases, and what it depends on.
pub(super) struct Crew {
    most: usize,
    now: Cell<usize>,
    /// How many cases had enough room since the number was last changed.
    calm: Cell<usize>,
    cut: Cell<Option<Instant>>,
}

impl Crew {
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
    fn those_that_were_crowded_out_together_count_once() {
        let crew = Crew::new(64);
        let began = Instant::now();
        for _ in 0..64 {
            crew.crowded_out(began);
        }
        assert_eq!(crew.now(), 32);
        crew.crowded_out(Instant::now());
        assert_eq!(crew.now(), 16);
    }

    #[test]
    fn there_are_more_again_when_there_is_room() {
        let crew = Crew::new(16);
        for _ in 0..9 {
            crew.crowded_out(Instant::now());
        }
        assert_eq!(crew.now(), FEWEST);
        assert!(crew.is_smallest());
        for _ in 0..FEWEST {
            crew.fitted();
        }
        assert!(!crew.is_smallest());
        assert_eq!(crew.now(), FEWEST + 1);
        for _ in 0..1_000 {
            crew.fitted();
        }
        assert_eq!(crew.now(), 16);
    }

    #[test]
    fn there_are_never_more_than_were_asked_for() {
        let crew = Crew::new(1);
        crew.crowded_out(Instant::now());
        assert_eq!(crew.now(), 1);
    }
}
