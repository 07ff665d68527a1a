//! Limits what is kept of a finished case to what reports need.
//!
//! A transcript that is no larger than its steps explain is kept whole. One that a broker made larger is kept whole
//! while there is room, and condensed otherwise. Texts are cut, however much a broker put into them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::{Plan, steps_played};
use crate::transcript::{Event, EventIndex, Transcript, What, clipped};
use crate::verdict::{CaseResult, Finding, Verdict};

/// What is kept of every case, in bytes.
const OF_CASE: usize = 8 * 1024;
/// The additional allowance for each step that was to be played, in bytes.
const OF_STEP: usize = 1024;
/// The additional allowance for each byte that we sent, in bytes.
const OF_BYTE: usize = 4;
/// The additional allowance for all cases together, in bytes.
const SHARED: usize = 16 * 1024 * 1024;
/// The longest text of a finding, in bytes.
const TEXT: usize = 4 * 1024;
/// How many findings of a case are kept.
const FINDINGS: usize = 200;
/// How many more findings are kept, each the first of a kind that is not among the [`FINDINGS`].
const KINDS: usize = 20;

/// How much memory the kept transcripts use.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// How much of [`SHARED`] is used, in bytes.
    used: AtomicUsize,
}

impl Kept {
    /// Returns the result of a case, reduced to what is kept.
    pub(super) fn keep(&self, plan: &Plan, mut result: CaseResult) -> CaseResult {
        let about: BTreeSet<EventIndex> = result
            .findings
            .iter()
            .flat_map(|finding| finding.events.iter().copied())
            .collect();
        let control = plan
            .control
            .as_ref()
            .map_or(0, |control| steps_played(&control.steps));
        let steps = [steps_played(&plan.steps), control];
        if let Some(scene) = result
            .transcript
            .as_mut()
            .filter(|scene| self.is_too_large(scene, steps[0]))
        {
            let moved = scene.condense(&about);
            for finding in &mut result.findings {
                let events = finding
                    .events
                    .iter()
                    .filter_map(|event| moved.get(event).copied());
                finding.events = events.collect();
            }
        }
        if let Some(control) = result
            .control
            .as_mut()
            .filter(|c| self.is_too_large(c, steps[1]))
        {
            control.condense(&BTreeSet::new());
        }
        cut(&mut result);
        result
    }

    /// Returns whether the transcript is too large to keep. If it is not, its room is reserved.
    fn is_too_large(&self, transcript: &Transcript, steps: usize) -> bool {
        let sent: usize = transcript.events.iter().map(sent).sum();
        let allowed = OF_CASE + OF_STEP.saturating_mul(steps) + OF_BYTE.saturating_mul(sent);
        let excess = transcript.weight().saturating_sub(allowed);
        let room = |used: usize| used.checked_add(excess).filter(|used| *used <= SHARED);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .is_err()
    }
}

/// Returns how many bytes a step sent with this event.
fn sent(event: &Event) -> usize {
    match &event.what {
        What::Sent {
            bytes,
            automatic: false,
            ..
        } => bytes.len(),
        _ => 0,
    }
}

/// Cuts texts that contain parts of packets.
fn cut(result: &mut CaseResult) {
    result.findings = limited(mem::take(&mut result.findings));
    for Finding {
        expected, actual, ..
    } in &mut result.findings
    {
        for text in expected.iter_mut().chain([actual]) {
            clip(text);
        }
    }
    if let Some(came_late) = &mut result.came_late {
        clip(came_late);
    }
    if let Verdict::Skipped { reason, .. } | Verdict::Inconclusive { reason } = &mut result.verdict
    {
        clip(reason);
    }
}

/// Limits the number of findings. The last kept finding of a kind, which breaks the same rules, counts those of its
/// kind that are left out.
fn limited(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    let mut more: BTreeMap<usize, usize> = BTreeMap::new();
    let mut others = 0;
    for finding in findings {
        if kept.len() < FINDINGS {
            kept.push(finding);
            continue;
        }
        match kept.iter().rposition(|last| last.charge == finding.charge) {
            Some(last) => *more.entry(last).or_default() += 1 + finding.repeats,
            None if kept.len() < FINDINGS + KINDS => kept.push(finding),
            None => others += 1 + finding.repeats,
        }
    }
    for (last, more) in more {
        note_more(&mut kept[last], more, "of this kind");
    }
    if let Some(last) = kept.last_mut().filter(|_| others > 0) {
        note_more(last, others, "of other kinds");
    }
    kept
}

fn note_more(finding: &mut Finding, more: usize, of_what: &str) {
    finding.repeats += more;
    let words = format!("{more} more {of_what}");
    finding.note = Some(match finding.note.take() {
        Some(note) => format!("{note}; {words}"),
        None => words,
    });
}

fn clip(text: &mut String) {
    if text.len() > TEXT {
        *text = clipped(text, TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::model::Level;
    use crate::verdict::Charge;

    fn finding(level: Level) -> Finding {
        Finding {
            charge: Charge::advice(level),
            expected: Vec::new(),
            actual: String::new(),
            step: None,
            label: String::new(),
            place: None,
            note: None,
            events: Vec::new(),
            is_slow: false,
            is_late: false,
            symptom: crate::verdict::Symptom::default(),
            repeats: 0,
        }
    }

    #[test]
    fn findings_that_are_left_out_are_counted_on_their_kind() {
        let mut findings = vec![finding(Level::May); 150];
        findings.extend(vec![finding(Level::Should); 60]);
        findings.extend(vec![finding(Level::May); 7]);
        findings.push(finding(Level::Disputed));
        let kept = limited(findings);
        assert_eq!(kept.len(), FINDINGS + 1);
        let found: Vec<(usize, usize, &str)> = kept
            .iter()
            .enumerate()
            .filter(|(_, finding)| finding.repeats > 0)
            .map(|(n, f)| (n, f.repeats, f.note.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(
            found,
            [
                (149, 7, "7 more of this kind"),
                (199, 10, "10 more of this kind")
            ]
        );
    }
}
