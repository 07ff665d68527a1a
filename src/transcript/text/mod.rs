//! The text form of a transcript, made for reading and for comparing line by line.
//!
//! ```text
//! - publisher: { publish: { topic: test/topic, payload: Hello 0, qos: 1 } }
//!   publisher > PUBLISH qos=1 topic="test/topic" packet_id=1 payload="Hello 0"
//!   publisher < PUBACK | packet_id=1 reason=success
//! - first: { expect: { publish: { payload: Hello 0 } } }
//!   first < PUBLISH payload="Hello 0" | qos=1 topic="test/topic" packet_id=#1
//!     first > PUBACK packet_id=#1 reason=success
//! ```
//!
//! - A line that begins with `- ` is a step, as the scenario has it. `~ ` marks a step that leaves open what happens.
//! - Below a step is what it sent (`>`) and took (`<`). `<*` marks a packet that may be received in any order, `<?` one
//!   in whose place another packet would be right as well. Lanes are in the order in which the scenario declares its
//!   clients. `first#2` is the client's second connection.
//! - What the step names is left of the bar. The rest of the packet is right of it.
//! - Indented further is what the driver did by itself because of the packet above.
//! - `hook` is an event of the broker below the `hooks` step that covers it. `=` is the outcome of a wait that is not
//!   complete.
//! - A folded repeat shows its first and its last round, and between them how many packets the other rounds had.
//! - At the end: `left over` is what no step took. `sent again` is what the broker sent again on the same connection,
//!   as it may before version 5. `hooks` are the events after the last `hooks` step. `facts` are what client libraries
//!   did internally. `control` has the same of the control.
//! - A packet that is sent again has one line, however often it is received. The number depends on the broker's timer
//!   and on how long the play took. A reduced transcript has no such line.
//!
//! The harness's own pings prove silence and keep a silent client connected. They are marked as such. Snapshots do not
//! have them, because their number depends on the broker's speed.
//!
//! What differs from run to run is replaced, see the table in `normal`.

mod binding;
mod faulty;
mod frames;
mod line;
mod measured;
mod normal;
mod packet;
mod reduced;
mod rounds;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use crate::plan::{Body, Plan, PlannedControl, PlannedStep};
use crate::scenario::model::{ClientIndex, HookList};
use crate::transcript::{Ended, Event, EventIndex, Fact, HookRecord, StepRecord, Transcript, What};

use binding::Bound;
use line::Lines;
pub(crate) use line::{lane_name, ours_or_own, shown_packet};
pub use reduced::reduce;

/// The longest label that is written out, in characters.
const LABEL: usize = 160;

/// Returns the transcript of a case as its snapshot has it.
pub fn record(plan: &Plan, transcript: &Transcript, control: Option<&Transcript>) -> String {
    whole(plan, transcript, control, false)
}

/// Returns the transcript of a case with the harness's own pings, which are not compared.
pub fn record_with_own_pings(
    plan: &Plan,
    transcript: &Transcript,
    control: Option<&Transcript>,
) -> String {
    whole(plan, transcript, control, true)
}

fn whole(
    plan: &Plan,
    transcript: &Transcript,
    control: Option<&Transcript>,
    with_own: bool,
) -> String {
    let mut out = String::new();
    Writer::new(plan, transcript, with_own).write(&plan.steps, &mut out);
    if let (Some(planned), Some(transcript)) = (&plan.control, control) {
        out.push_str("\ncontrol\n");
        of_control(plan, planned, transcript, with_own, &mut out);
    }
    out
}

/// Returns the transcript of a case's control, with the harness's own pings.
pub fn record_of_control(plan: &Plan, control: &Transcript) -> String {
    let mut out = String::new();
    if let Some(planned) = &plan.control {
        of_control(plan, planned, control, true, &mut out);
    }
    out
}

fn of_control(
    plan: &Plan,
    planned: &PlannedControl,
    transcript: &Transcript,
    with_own: bool,
    out: &mut String,
) {
    let steps = planned.steps.iter().chain(&planned.expect);
    Writer::new(plan, transcript, with_own).write(steps, out);
}

/// Returns one event as a report shows it, with nothing replaced: `first < DISCONNECT reason=session_taken_over`.
pub fn event(transcript: &Transcript, event: &Event) -> Option<String> {
    line::event(transcript, event, &normal::Normal::raw(), None)
}

/// Returns one hook event as a report shows it.
pub fn hook(record: &HookRecord) -> String {
    line::hook(record, &normal::Normal::raw(), None)
}

/// Returns what a client library did internally: `reader: rumqttc resent PUBREL 1`.
pub fn fact(plan: &Plan, fact: &Fact) -> String {
    let clients = &plan.scene.clients;
    let name = clients.get(fact.client.0).map_or("", |c| c.name.as_str());
    format!("{name}: {}", fact.text)
}

/// How many of the events that no step took are shown.
const LEFT_OVER: usize = 1_000;

/// The part of a transcript that belongs to one play of the steps. A step of a folded repeat is played once a round.
struct Part {
    events: Range<usize>,
    records: Range<usize>,
    /// Whether it is one round of a repeat. What a round takes may have been received before the round began.
    is_round: bool,
}

impl Part {
    fn whole(transcript: &Transcript) -> Self {
        Self {
            events: 0..transcript.events.len(),
            records: 0..transcript.steps.len(),
            is_round: false,
        }
    }
}

struct Writer<'a> {
    plan: &'a Plan,
    transcript: &'a Transcript,
    lines: Lines<'a>,
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan, transcript: &'a Transcript, with_own: bool) -> Self {
        Self {
            plan,
            transcript,
            lines: Lines::of(plan, transcript, with_own),
        }
    }

    fn write<'s>(&self, steps: impl IntoIterator<Item = &'s PlannedStep>, out: &mut String) {
        let mut hooks_from = 0;
        let part = Part::whole(self.transcript);
        for step in steps {
            self.step(step, &part, &mut hooks_from, out);
        }
        self.left_over(out);
        let rest = self.transcript.hooks.get(hooks_from..).unwrap_or_default();
        if !rest.is_empty() {
            out.push_str("hooks\n");
            for record in rest {
                push(out, 2, &line::hook(record, &self.lines.normal, None));
            }
        }
        if !self.transcript.facts.is_empty() {
            out.push_str("facts\n");
            for fact in &self.transcript.facts {
                push(out, 2, &self::fact(self.plan, fact));
            }
        }
        if let Some(reason) = &self.transcript.broken_off {
            out.push_str(&format!("broken off: {reason}\n"));
        }
    }

    fn step(&self, step: &PlannedStep, part: &Part, hooks_from: &mut usize, out: &mut String) {
        let mark = if binding::is_open(&step.step) {
            '~'
        } else {
            '-'
        };
        out.push(mark);
        push(out, 1, &label(&step.step.label));
        let records = &self.transcript.steps[part.records.clone()];
        let record = records.iter().find(|record| record.step == step.index);
        if let Some(reason) = record.and_then(|r| r.not_reached.as_ref()) {
            push(out, 2, &format!("= not reached: {reason}"));
        } else if record.is_none() {
            push(out, 2, "= not played");
        }
        self.events_of(step, part, record, out);
        match &step.body {
            Body::Parallel(inner) => {
                for step in inner {
                    self.step(step, part, hooks_from, out);
                }
            }
            Body::Rounds(rounds) => self.rounds(step.index, rounds, hooks_from, out),
            Body::Hooks(list) => self.hooks(list, record, hooks_from, out),
            Body::Choice(choice) => self.choice(&choice.name, record, out),
            Body::OneOf(one) => self.choice(&one.name, record, out),
            Body::Client { .. } | Body::Wait(_) | Body::Broker(_) => {}
        }
        if let Some(record) = record {
            self.outcomes(step, record, out);
        }
    }

    /// Writes what the step sent and took, lane by lane, and what the driver did because of it.
    fn events_of(
        &self,
        step: &PlannedStep,
        part: &Part,
        record: Option<&StepRecord>,
        out: &mut String,
    ) {
        let bound = binding::of_step(step, record);
        let mut events = self.lines.of_step(step.index, part.events.clone());
        if part.is_round {
            events.retain(|index| line::is_ours(&self.transcript.events[index.0]));
            events.extend(record.into_iter().flat_map(StepRecord::taken));
        }
        events.sort_by_key(|index| {
            let lane = &self.transcript.lanes[self.transcript.events[index.0].lane.0];
            (lane.client, lane.connection, *index)
        });
        for index in events {
            let event = &self.transcript.events[index.0];
            let bound = bound.get(&index).unwrap_or(&Bound::Open);
            self.event(index, event, bound, record, out);
        }
    }

    fn event(
        &self,
        index: EventIndex,
        event: &Event,
        bound: &Bound,
        record: Option<&StepRecord>,
        out: &mut String,
    ) {
        let Some(mut text) = line::event(self.transcript, event, &self.lines.normal, Some(bound))
        else {
            return;
        };
        if let (Some(record), What::Received { .. } | What::Closed(_)) = (record, &event.what) {
            // Rounded to the nearest second, because a step begins some milliseconds after what it waits for has begun.
            let waited = event.at.saturating_sub(record.began) + Duration::from_millis(500);
            let waited = waited.as_secs();
            if waited >= 1 {
                let bar = if text.contains(" | ") { "" } else { " |" };
                text.push_str(&format!("{bar} after={waited}s"));
            }
        }
        push(out, 2, &text);
        for consequence in self.lines.because_of(index) {
            let event = &self.transcript.events[consequence.0];
            if let Some(text) = line::event(self.transcript, event, &self.lines.normal, None) {
                push(out, 4, &text);
            }
        }
    }

    /// Writes the events that the step covers: those since the last `hooks` step. An event that the step does not list
    /// is marked.
    fn hooks(
        &self,
        list: &HookList,
        record: Option<&StepRecord>,
        from: &mut usize,
        out: &mut String,
    ) {
        let Some(record) = record else { return };
        let seen = record.hooks_seen.min(self.transcript.hooks.len());
        let covered = self.transcript.hooks.get(*from..seen).unwrap_or_default();
        for record in covered {
            push(out, 2, &line::hook(record, &self.lines.normal, Some(list)));
        }
        *from = seen.max(*from);
    }

    fn choice(&self, question: &str, record: Option<&StepRecord>, out: &mut String) {
        let answer = self
            .transcript
            .choices
            .iter()
            .find(|(name, _)| name == question);
        if let (Some((name, answer)), Some(_)) = (answer, record) {
            push(out, 2, &format!("= {name}: {answer}"));
        }
    }

    /// Writes the outcomes that are not complete.
    fn outcomes(&self, step: &PlannedStep, record: &StepRecord, out: &mut String) {
        let name_of = |client: ClientIndex| {
            let client = self.plan.scene.clients.get(client.0);
            client.map_or("", |client| client.name.as_str()).to_owned()
        };
        let name = match &step.body {
            Body::Client { client, .. } => name_of(*client),
            Body::Choice(choice) => name_of(choice.of),
            Body::OneOf(one) => {
                let names: Vec<&str> = one.members.iter().map(|(name, _)| name.as_str()).collect();
                names.join(" or ")
            }
            _ => String::new(),
        };
        for outcome in &record.outcomes {
            let how = match outcome.ended {
                Ended::Complete => continue,
                Ended::TimedOut => "timed out",
                Ended::Closed => "closed while waiting",
                Ended::Reset => "reset while waiting",
                Ended::NoConnection => "no connection",
            };
            push(out, 2, &format!("= {name}: {how}"));
        }
    }

    fn left_over(&self, out: &mut String) {
        let (again, over): (Vec<_>, Vec<_>) = self
            .lines
            .left_over()
            .iter()
            .copied()
            .partition(|index| self.transcript.is_permitted_retransmission(*index));
        let lines = self.unclaimed(over.iter().take(LEFT_OVER));
        let more = over.len().saturating_sub(LEFT_OVER);
        let more = (more > 0).then(|| format!("  .. and {more} more\n"));
        under("left over", lines.into_iter().chain(more), out);
        let mut known = BTreeSet::new();
        let mut lines = self.unclaimed(again.iter().take(LEFT_OVER));
        lines.retain(|line| known.insert(line.clone()));
        under("sent again", lines, out);
    }

    /// Returns the lines of events that no step took.
    fn unclaimed<'e>(&self, events: impl Iterator<Item = &'e EventIndex>) -> Vec<String> {
        let lines = events.map(|index| {
            let mut text = String::new();
            let event = &self.transcript.events[index.0];
            self.event(*index, event, &Bound::Identity, None, &mut text);
            text
        });
        lines.collect()
    }
}

/// Writes lines below a heading, or nothing if there are no lines.
fn under(heading: &str, lines: impl IntoIterator<Item = String>, out: &mut String) {
    let text: String = lines.into_iter().collect();
    if !text.is_empty() {
        out.push_str(&format!("{heading}\n{text}"));
    }
}

fn push(out: &mut String, indent: usize, line: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(line);
    out.push('\n');
}

/// Returns a step's label on one line.
fn label(label: &str) -> Cow<'_, str> {
    let is_plain = |c: u8| matches!(c, b' '..=b'~');
    let is_one_line = label.len() <= LABEL && label.bytes().all(is_plain);
    if is_one_line && !label.contains("  ") && label.trim_ascii().len() == label.len() {
        return Cow::Borrowed(label);
    }
    let mut one_line = String::with_capacity(label.len());
    for word in label.split_whitespace() {
        one_line.extend((!one_line.is_empty()).then_some(' '));
        one_line.push_str(word);
    }
    match one_line.char_indices().nth(LABEL) {
        Some((end, _)) => Cow::Owned(format!("{}…", &one_line[..end])),
        None => Cow::Owned(one_line),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod fixture;
