//! Plays cases again whose packets were late while other cases were played. They are played alone, after all others. A
//! broker may be slow under load, but one that is late with nothing else to do is at fault.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::Progress;
use super::{PLAYS, Round, Run};
use crate::plan::Plan;

/// The total time after which no more such plays begin.
const LASTS: Duration = Duration::from_secs(120);

/// Counts the cases that are played at the same time.
#[derive(Debug, Default)]
pub(super) struct RunningCount {
    now: Cell<usize>,
    begun: Cell<usize>,
}

/// A case that is being played.
pub(super) struct Member<'c> {
    running_count: &'c RunningCount,
    /// How many cases had begun when this one did, itself included.
    begun: usize,
    met_others: bool,
}

impl RunningCount {
    pub(super) fn join(&self) -> Member<'_> {
        let others = self.now.get();
        self.now.set(others + 1);
        self.begun.set(self.begun.get() + 1);
        Member {
            running_count: self,
            begun: self.begun.get(),
            met_others: others > 0,
        }
    }
}

impl Member<'_> {
    /// Returns whether another case was played at the same time as this one, however briefly.
    pub(super) fn was_beside_others(&self) -> bool {
        self.met_others || self.running_count.begun.get() > self.begun
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.running_count
            .now
            .set(self.running_count.now.get().saturating_sub(1));
    }
}

/// The first plays of cases that are to be played again alone, by case, each with the number of the play.
#[derive(Debug)]
pub(super) struct HeldResults<R>(RefCell<BTreeMap<usize, (usize, R)>>);

impl<R> Default for HeldResults<R> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<R> HeldResults<R> {
    pub(super) fn hold(&self, number: usize, play: usize, result: R) {
        self.0.borrow_mut().insert(number, (play, result));
    }

    pub(super) fn holds(&self, number: usize) -> bool {
        self.0.borrow().contains_key(&number)
    }

    /// Returns all held plays, those of the shortest cases first, so that as many as possible are played again in time.
    fn take(&self, plans: &[Plan]) -> Vec<(usize, (usize, R))> {
        let mut all: Vec<_> = self.0.take().into_iter().collect();
        all.sort_by_key(|(number, _)| plans[*number].longest_wait);
        all
    }
}

impl<R> Run<'_, R> {
    /// Plays each of the held cases again alone, while there is time, and decides between its plays.
    pub(super) async fn calm(&self, plans: &[Plan]) -> Vec<(usize, R)> {
        let began = Instant::now();
        let limit = LASTS.mul_f64(self.options.timeout_scale);
        let mut results = Vec::new();
        for (number, (play, first)) in self.held.take(plans) {
            let is_in_time = began.elapsed() < limit;
            let again = match is_in_time && !self.stops() {
                true => self.one_alone(plans, number, play).await,
                false => None,
            };
            // If the run was stopped in the meantime, the first play counts.
            let result = match (again, self.stops()) {
                (None, true) => first,
                (again, _) => (self.settle)(first, again),
            };
            self.notify(Progress::Finished(&result));
            results.push((number, result));
        }
        results
    }

    /// Plays a case while no other case runs. Plays it again if that play says nothing about the broker.
    async fn one_alone(&self, plans: &[Plan], number: usize, played: usize) -> Option<R> {
        for play in played + 1..=PLAYS.max(played + 1) {
            let round = Round {
                plans,
                jobs: 1,
                play,
                is_calm: true,
            };
            if let Some((_, Some(result))) = self.round(round, vec![number]).await.pop() {
                return Some(result);
            }
            self.after_outage.borrow_mut().remove(&number);
            if self.stops() {
                break;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_met_others_whichever_began_first() {
        let running_count = RunningCount::default();
        let first = running_count.join();
        assert!(!first.was_beside_others());
        let second = running_count.join();
        assert!(second.was_beside_others());
        drop(second);
        assert!(first.was_beside_others());
        drop(first);
        assert!(!running_count.join().was_beside_others());
    }
}
