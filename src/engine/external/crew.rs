//! How many cases are played at the same time: fewer while memory is short, more when it is free again.

use std::cell::Cell;
use std::time::Instant;

/// Cases at the same time, at least, when there is no room for more.
const FEWEST: usize = 4;

/// The number, and what it depends on.
pub(super) struct Crew {
    most: usize,
    now: Cell<usize>,
    /// Cases that had their room since it was changed.
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

    /// So many at the same time.
    pub(super) fn now(&self) -> usize {
        self.now.get()
    }

    /// A case that began then was crowded out by others. Those that were crowded out with it say nothing more.
    pub(super) fn crowded_out(&self, began: Instant) {
        if self.cut.get().is_some_and(|cut| began < cut) {
            return;
        }
        self.now
            .set((self.now.get() / 2).max(FEWEST).min(self.most));
        self.calm.set(0);
        self.cut.set(Some(Instant::now()));
    }

    /// Whether no fewer may be played: what is crowded out now is flooded, whatever the others take.
    pub(super) fn is_smallest(&self) -> bool {
        self.now.get() <= FEWEST.min(self.most)
    }

    /// A case had its room. After as many as are played at the same time, one more is.
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
