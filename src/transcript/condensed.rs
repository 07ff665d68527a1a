//! Condenses a transcript to what a report shows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::text::{self, ours_or_own};
use super::{Event, EventIndex, Transcript, What};

/// How many events are kept at the beginning, and how many at the end.
const ENDS: usize = 24;
/// How many of the events that findings are about are kept.
const ABOUT: usize = 24;
/// How many events are kept before each of them, and how many after it.
const BEFORE: usize = 4;
const AFTER: usize = 1;
/// The longest line, in bytes.
const LINE: usize = 512;

impl Transcript {
    /// Keeps the first events, the last ones and those that findings are `about`, each as its line of text. The others
    /// are replaced by their number for each kind. Returns the new index of each event that was kept.
    pub fn condense(&mut self, about: &BTreeSet<EventIndex>) -> BTreeMap<EventIndex, EventIndex> {
        let chosen = self.chosen(about);
        let mut events = Vec::new();
        let mut moved = BTreeMap::new();
        // The new index of each event that begins a round, by its old index.
        let mut places = BTreeMap::new();
        let begins: BTreeSet<usize> = self
            .rounds
            .iter()
            .flat_map(|folded| folded.rounds.iter().chain([&folded.end]))
            .map(|round| round.event)
            .collect();
        let mut gap: Option<Range<usize>> = None;
        for n in 0..=self.events.len() {
            if begins.contains(&n) {
                places.insert(n, events.len());
            }
            if n < self.events.len() && !chosen.contains(&n) {
                gap = Some(gap.map_or(n, |gap| gap.start)..n + 1);
                continue;
            }
            events.extend(gap.take().map(|gap| self.left_out(gap)));
            if let Some(event) = self.events.get(n) {
                moved.insert(EventIndex(n), EventIndex(events.len()));
                events.push(self.shown(event));
            }
        }
        self.events = events;
        for outcome in self.steps.iter_mut().flat_map(|step| &mut step.outcomes) {
            let taken = outcome
                .taken
                .iter()
                .filter_map(|event| moved.get(event).copied());
            outcome.taken = taken.collect();
        }
        for folded in &mut self.rounds {
            for round in folded.rounds.iter_mut().chain([&mut folded.end]) {
                round.event = places
                    .get(&round.event)
                    .copied()
                    .unwrap_or(self.events.len());
            }
        }
        moved
    }

    fn chosen(&self, about: &BTreeSet<EventIndex>) -> BTreeSet<usize> {
        let all = self.events.len();
        let around = |n: usize| n.saturating_sub(BEFORE)..n.saturating_add(AFTER + 1).min(all);
        let about = about.iter().take(ABOUT).flat_map(|event| around(event.0));
        let ends = (0..all.min(ENDS)).chain(all.saturating_sub(ENDS)..all);
        ends.chain(about).collect()
    }

    /// Returns an event as its line of text.
    fn shown(&self, event: &Event) -> Event {
        let (is_ours, is_own) = ours_or_own(event);
        let line = text::event(self, event).unwrap_or_default();
        Event {
            what: What::Shown {
                line: clipped(&line, LINE),
                is_ours,
                is_own,
            },
            ..event.clone()
        }
    }

    /// Returns the event that replaces these.
    fn left_out(&self, gap: Range<usize>) -> Event {
        let events = &self.events[gap];
        let mut counts = BTreeMap::<&str, usize>::new();
        for event in events {
            *counts.entry(kind(&event.what)).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(kind, n)| format!("{n} more {kind}"))
            .collect();
        let first = &events[0];
        Event {
            taken_by: None,
            what: What::Shown {
                line: format!("… {}", counts.join(", ")),
                is_ours: false,
                is_own: false,
            },
            ..*first
        }
    }
}

/// Returns the kind of an event in a word or two.
fn kind(what: &What) -> &'static str {
    match what {
        What::Received { frame, .. } => frame.packet_type().name(),
        What::Sent { packet, .. } => packet.as_ref().map_or("bytes", |p| p.packet_type().name()),
        What::OwnPing => "PINGREQ",
        What::OwnPong => "PINGRESP",
        What::SentFrame { .. } | What::Control(_) => "WebSocket frames",
        _ => "events",
    }
}

/// Returns the beginning of a text that is longer than `most` bytes, with the number of bytes that were cut.
pub fn clipped(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let ends = (0..=most).rev().find(|end| text.is_char_boundary(*end));
    let end = ends.unwrap_or_default();
    format!("{} … {} more bytes", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::super::text::fixture::{takeover_plan, takeover_record};
    use super::*;

    #[test]
    fn keeps_both_ends_and_what_findings_are_about() {
        let plan = takeover_plan();
        let mut transcript = takeover_record(&plan);
        let sample = transcript.events[4].clone();
        let before = transcript.events.len();
        transcript.events.extend(std::iter::repeat_n(sample, 5000));
        let last = EventIndex(transcript.events.len() - 1);
        let middle = EventIndex(2000);
        let moved = transcript.condense(&BTreeSet::from([middle]));
        assert!(transcript.events.len() < 2 * ENDS + 10, "{before}");
        assert_eq!(moved[&EventIndex(0)], EventIndex(0));
        assert_eq!(moved[&last].0, transcript.events.len() - 1);
        let about = &transcript.events[moved[&middle].0];
        assert!(matches!(&about.what, What::Shown { line, .. } if line.contains("SUBACK")));
        let lines: Vec<_> = transcript
            .events
            .iter()
            .filter_map(|e| text::event(&transcript, e))
            .collect();
        let left_out = lines.iter().filter(|line| line.starts_with("… "));
        let left_out: Vec<_> = left_out.collect();
        assert_eq!(left_out.len(), 2, "{lines:#?}");
        assert!(left_out[0].ends_with(" more SUBACK"), "{lines:#?}");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(clipped("aé", 3), "aé");
        assert_eq!(clipped("aéb", 2), "a … 3 more bytes");
    }
}
