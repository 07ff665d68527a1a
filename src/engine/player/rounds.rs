//! Plays a folded repeat: the same steps many times.

use super::Player;
use crate::plan::PlannedRounds;
use crate::scenario::model::Literal;
use crate::transcript::{Ended, INTERRUPTED, Round, RoundsRecord, StepIndex};

impl Player<'_> {
    /// Plays the rounds until one is not complete. What is missing once would be missing in the next thousand rounds
    /// too.
    pub(super) async fn rounds(&mut self, step: StepIndex, rounds: &PlannedRounds) {
        let known = self.memory.names();
        let mut played = Vec::new();
        // Record the events from before these rounds.
        self.drain_hooks();
        self.is_folded = true;
        for number in 1..=rounds.times {
            if self.is_interrupted() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
            }
            if self.transcript.broken_off.is_some() {
                break;
            }
            // What a round binds is valid only in that round.
            self.memory.keep(&known);
            if let Some(counter) = &rounds.counter {
                self.memory.bind(counter, Literal::Number(number));
            }
            let round = self.here();
            played.push(round);
            for (n, inner) in rounds.steps.iter().enumerate() {
                self.step(inner, &rounds.steps[n + 1..]).await;
            }
            let records = &self.transcript.steps[round.record..];
            let holds = records.iter().all(|record| {
                let outcomes = record.outcomes.iter();
                record.not_reached.is_none() && outcomes.clone().all(|o| o.ended == Ended::Complete)
            });
            if !holds {
                break;
            }
        }
        self.memory.keep(&known);
        self.drain_hooks();
        self.is_folded = false;
        self.current = step;
        let end = self.here();
        self.transcript.rounds.push(RoundsRecord {
            step,
            rounds: played,
            end,
        });
    }

    fn here(&self) -> Round {
        Round {
            event: self.transcript.events.len(),
            record: self.transcript.steps.len(),
        }
    }
}
