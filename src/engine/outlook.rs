//! Decides whether a run goes on: many cases in a row without any result mean that the broker has stopped serving.

use std::cell::Cell;

use super::Played;
use crate::transcript::Transcript;

/// So many cases are worth a look at the broker before they are played.
const MANY: usize = 32;
/// So many cases in a row without a sign of a broker are worth a look.
const SILENT: usize = 48;
/// So many cases in a row that a broker flooded are enough.
const FLOODED: usize = 32;

/// What the last cases came to, in a row.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    silent: Cell<usize>,
    flooded: Cell<usize>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advice {
    GoOn,
    /// Look whether the broker still serves.
    Look,
    /// The broker floods every case; how the last one ended.
    GiveUp(String),
}

impl Outlook {
    /// Whether a run of so many cases begins with a look at the broker.
    pub(super) const fn begins_with_look(cases: usize) -> bool {
        cases >= MANY
    }

    /// Notes what a case came to. `is_flooded` says that it was ended since too much came.
    pub(super) fn note(&self, played: &Played, is_flooded: bool) -> Advice {
        self.flooded.set(if is_flooded {
            self.flooded.get() + 1
        } else {
            0
        });
        // A witness is asked for where the case itself shows no broker.
        match &played.witness {
            Some(witness) if !witness.shows_service() => self.silent.set(self.silent.get() + 1),
            Some(_) => self.silent.set(0),
            None if shows_service(played) => self.silent.set(0),
            None => {}
        }
        if self.flooded.get() >= FLOODED {
            let why = played.scene.broken_off.clone().unwrap_or_default();
            return Advice::GiveUp(why);
        }
        if self.silent.get() >= SILENT {
            self.silent.set(0);
            return Advice::Look;
        }
        Advice::GoOn
    }
}

fn shows_service(played: &Played) -> bool {
    let control = played.control.as_ref();
    played.scene.shows_service() || control.is_some_and(Transcript::shows_service)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::transcript::text::fixture::{takeover_plan, takeover_record};

    fn played(is_silent: bool) -> Played {
        let scene = takeover_record(&takeover_plan());
        let mut silent = scene.clone();
        silent.events.clear();
        Played {
            witness: is_silent.then(|| silent.clone()),
            scene: if is_silent { silent } else { scene },
            control: None,
            began: Instant::now(),
            wall: Duration::ZERO,
            virtual_time: Duration::ZERO,
            play: 1,
            outage: None,
        }
    }

    #[test]
    fn looks_after_many_silent_cases_in_a_row() {
        let outlook = Outlook::default();
        for _ in 1..SILENT {
            assert_eq!(outlook.note(&played(true), false), Advice::GoOn);
        }
        assert_eq!(outlook.note(&played(false), false), Advice::GoOn);
        for _ in 1..SILENT {
            assert_eq!(outlook.note(&played(true), false), Advice::GoOn);
        }
        assert_eq!(outlook.note(&played(true), false), Advice::Look);
        assert_eq!(outlook.note(&played(true), false), Advice::GoOn);
    }

    #[test]
    fn gives_up_on_a_flood() {
        let outlook = Outlook::default();
        for _ in 1..FLOODED {
            assert_eq!(outlook.note(&played(false), true), Advice::GoOn);
        }
        assert!(matches!(
            outlook.note(&played(false), true),
            Advice::GiveUp(_)
        ));
    }
}
