//! A folded repeat as text: the first round, a line for the rounds between, and the last round.

use std::collections::BTreeMap;

use mqtt_check_codec::PacketType;

use super::line::{is_ours, lane_name};
use super::{Part, Writer, push};
use crate::plan::{PlannedRounds, StepIndex};
use crate::transcript::{EventIndex, RoundsRecord, StepRecord, What};

impl Writer<'_> {
    pub(super) fn rounds(
        &self,
        step: StepIndex,
        rounds: &PlannedRounds,
        hooks_from: &mut usize,
        out: &mut String,
    ) {
        let all = self.transcript.rounds.iter();
        let Some(record) = all.clone().find(|record| record.step == step) else {
            return;
        };
        let played = record.rounds.len();
        let mut one = |number: usize, out: &mut String| {
            let (begin, end) = record.bounds(number);
            let part = Part {
                events: begin.event..end.event,
                records: begin.record..end.record,
                is_round: true,
            };
            for step in &rounds.steps {
                self.step(step, &part, hooks_from, out);
            }
        };
        if played > 0 {
            one(0, out);
        }
        if played > 2 {
            push(out, 2, &self.between(record));
        }
        if played > 1 {
            one(played - 1, out);
        }
        if (played as u64) < rounds.times {
            let times = rounds.times;
            push(out, 2, &format!("= round {played} of {times} was the last"));
        }
    }

    /// Counts the packets of all rounds except the first and the last: `.. rounds 2 to 999: pub > PUBLISH 998, …`.
    fn between(&self, record: &RoundsRecord) -> String {
        let last = record.rounds.len() - 1;
        let (begin, end) = (record.bounds(0).1, record.bounds(last).0);
        let ours = (begin.event..end.event)
            .filter(|index| is_ours(&self.transcript.events[*index]))
            .map(EventIndex);
        let records = self.transcript.steps[begin.record..end.record].iter();
        let taken = records.flat_map(StepRecord::taken);
        let counts: Vec<String> = self
            .counts(ours.chain(taken))
            .into_iter()
            .map(|((lane, is_received, packet_type), count)| {
                let lane = lane_name(&self.transcript.lanes[lane]);
                let way = if is_received { "<" } else { ">" };
                format!("{lane} {way} {packet_type} {count}")
            })
            .collect();
        let what = match counts.as_slice() {
            [] => "nothing".to_owned(),
            counts => counts.join(", "),
        };
        format!(".. rounds 2 to {last}: {what}")
    }

    /// Counts packets by lane, direction and type.
    fn counts(
        &self,
        events: impl Iterator<Item = EventIndex>,
    ) -> BTreeMap<(usize, bool, PacketType), usize> {
        let mut counts = BTreeMap::new();
        for event in events.map(|index| &self.transcript.events[index.0]) {
            let (is_received, packet_type) = match &event.what {
                What::Sent {
                    packet: Some(packet),
                    ..
                } => (false, packet.packet_type()),
                What::Received { frame, .. } => (true, frame.packet_type()),
                _ => continue,
            };
            let key = (event.lane.0, is_received, packet_type);
            *counts.entry(key).or_default() += 1;
        }
        counts
    }
}
