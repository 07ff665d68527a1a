//! Decides whether a run continues. If many cases in a row show no broker, the broker has stopped serving.

use std::cell::Cell;

use super::Played;
use crate::transcript::Transcript;

/// With at least this many cases, the run begins with a check of the broker.
const MANY: usize = 32;
/// After this many cases in a row without a sign of a broker, the run checks the broker.
const SILENT: usize = 48;
/// After this many cases in a row that the broker flooded, the run ends.
const FLOODED: usize = 32;

/// How many of the last cases in a row were silent or flooded.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    silent: Cell<usize>,
    flooded: Cell<usize>,
}

/// What the run should do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advice {
    GoOn,
    /// Check whether the broker still serves.
    Look,
    /// The broker floods every case. The text says how the last one ended.
    GiveUp(String),
}

impl Outlook {
    /// Returns whether a run with this many cases begins with a check of the broker.
    pub(super) const fn begins_with_look(cases: usize) -> bool {
        cases >= MANY
    }

    /// Notes the result of a case. `is_flooded` means that it was ended because the broker sent too much.
    pub(super) fn note(&self, played: &Played, is_flooded: bool) -> Advice {
        self.flooded.set(if is_flooded {
            self.flooded.get() + 1
        } else {
            0
        });
        // A witness is played only if the case itself shows no broker.
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
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::transcript::text::fixture::{takeover_plan, takeover_record};

    fn played(is_silent: bool) -> Played {
        let scene = takeover_record(&takeover_plan());
        let mut silent = scene.clone();
        silent.events.clear();
        Played {
            witness: is_silent.then(|| Arc::new(silent.clone())),
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
