//! Judges when something arrived: not too early, and soon enough after a client fell silent.

use super::{Judge, Judged};
use crate::matcher::describe_expectation;
use crate::scenario::model::{Expectation, Level};
use crate::transcript::Outcome;
use crate::verdict::blame::{Aspect, Wrong};
use crate::verdict::measured::{silence, slowest_answer};
use crate::verdict::wording::span;

impl Judge<'_> {
    pub(super) fn not_before(&mut self, expectation: &Expectation, outcome: &Outcome) {
        let Some(not_before) = expectation.not_before else {
            return;
        };
        for event in &outcome.taken {
            let at = self.transcript.events[event.0].at;
            let is_early = at < outcome.since + not_before;
            if is_early && !self.granted_less.excuses_early(*event, self.excused) {
                let received = self.describe_received(&[*event]);
                let after = span(at.saturating_sub(outcome.since));
                self.found.push(Judged {
                    expected: vec![format!(
                        "{}, not before {}",
                        describe_expectation(expectation, self.version),
                        span(not_before)
                    )],
                    actual: format!("{received} after {after}"),
                    events: vec![*event],
                    level: None,
                    wrong: vec![self.inbox().absent(expectation)],
                    is_malformed: false,
                    is_slow: false,
                    is_late: false,
                    fields: Vec::new(),
                });
            }
        }
    }

    /// Judges how soon a silent client was disconnected. A server may check only from time to time, but should not be
    /// slow.
    pub(super) fn keep_alive(&mut self, expectation: &Expectation, outcome: &Outcome) {
        let Some((silence, event, keep_alive)) = silence(expectation, outcome, self.transcript)
        else {
            return;
        };
        let known = slowest_answer(self.transcript) + self.transcript.silence_check;
        if silence <= keep_alive.slow_after(known) {
            return;
        }
        self.found.push(Judged {
            expected: vec![format!(
                "{} after 1.5 times the Keep Alive, {}",
                describe_expectation(expectation, self.version),
                span(keep_alive.due())
            )],
            actual: format!(
                "{} after {}, {:.1} times the Keep Alive",
                self.describe_received(&[event]),
                span(silence),
                keep_alive.ratio(silence)
            ),
            events: vec![event],
            level: Some(Level::Should),
            wrong: vec![Wrong::Aspect(Aspect::KeepAlive)],
            is_malformed: false,
            is_slow: true,
            is_late: false,
            fields: Vec::new(),
        });
    }
}
