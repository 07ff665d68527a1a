//! Which faults a broker has asked about. A fault that it never asks about cannot change what it does, so what it did
//! without faults is what it would do with this one.

use std::cell::Cell;

use super::{Fault, Faults};

/// Behind the last fault; [`Faults`] has room for it.
const WATCHED: usize = Fault::ALL.len();

thread_local! {
    static CONSULTED: Cell<Faults> = const { Cell::new(Faults::none()) };
}

impl Faults {
    /// None is in force, but each that a broker asks about is noted, for the thread on which it runs.
    pub const fn watched() -> Self {
        let mut set = Self::none();
        let mut word = 0;
        while word < set.0.len() {
            set.0[word] = u64::MAX;
            word += 1;
        }
        set
    }

    /// Whether this one is in force.
    pub fn has(&self, fault: Fault) -> bool {
        self.contains(fault) && !self.notes(fault)
    }

    /// Those that brokers with [watched](Self::watched) faults have asked about on this thread since the last call.
    pub fn take_consulted() -> Self {
        CONSULTED.replace(Self::none())
    }

    /// Notes it, if the faults are only watched. This is the rare case: `has` comes here for what seems to be in force.
    #[cold]
    fn notes(&self, fault: Fault) -> bool {
        let is_watched = self.0[WATCHED / 64] & (1 << (WATCHED % 64)) != 0;
        if is_watched {
            let mut consulted = CONSULTED.get();
            consulted.insert(fault);
            CONSULTED.set(consulted);
        }
        is_watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watched_faults_are_not_in_force_and_are_noted_when_asked_about() {
        let watched = Faults::watched();
        assert!(!watched.is_none());
        for fault in [Fault::ALL[0], Fault::ALL[Fault::ALL.len() - 1]] {
            assert!(!watched.has(fault));
            assert_eq!(Faults::take_consulted(), Faults::from_iter([fault]));
        }
        assert_eq!(Faults::take_consulted(), Faults::none());
    }

    #[test]
    fn what_is_in_force_is_not_noted_even_if_it_is_all_there_is() {
        let all: Faults = Fault::ALL.iter().copied().collect();
        assert!(Fault::ALL.iter().all(|fault| all.has(*fault)));
        assert_eq!(Faults::take_consulted(), Faults::none());
    }
}
