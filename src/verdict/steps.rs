//! Judges the steps of a play by their outcomes.

mod choices;
mod follows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::Finding;
use super::blame::{self, Aspect, Event, Inbox, Wrong};
use super::charge::Charge;
use super::expectation::{CarriedOver, Judged, Play, judge_outcome};
use super::failed::Failed;
use super::given_up::GivenUp;
use super::granted_less::{Excused, GrantedLess};
use super::hooks::{Differing, judge_hooks};
use super::misplaced::acknowledges_another;
use super::repeats::first_of_each_step;
use super::symptom::Symptom;
use super::unsent::{Unsent, sends, was_to_send};
use super::wording::untaken;
use crate::matcher::Memory;
use crate::plan::{Body, Operation, Plan, PlannedRounds, PlannedStep};
use crate::scenario::model::{ClientIndex, Expectation, Level, Literal, Pattern};
use crate::transcript::{
    Ended, EventIndex, HookSource, LaneIndex, NotReached, Outcome, StepIndex, StepRecord,
    Transcript, What,
};

/// The reason given for a step that timed out because an earlier step could not send.
const UNSENT: &str = "a packet that this step may depend on was never sent";

/// The reason given for a step whose failure only follows from an earlier one.
const FAILED_BEFORE: &str = "the case has already failed";

pub(super) struct Judging<'a> {
    plan: &'a Plan,
    transcript: &'a Transcript,
    granted_less: &'a GrantedLess<'a>,
    records: BTreeMap<StepIndex, &'a StepRecord>,
    memory: Memory,
    /// How many hook events earlier `hooks` steps have covered.
    hooks_judged: usize,
    /// Packets that the monitor has found to break a MUST.
    pub(super) reported: BTreeSet<EventIndex>,
    /// Clients whose connection ended early without breaking a MUST: the end was excused, or weighs less than a MUST.
    ended: BTreeSet<ClientIndex>,
    /// Clients whose connection ended early, which was reported as a broken MUST.
    cut_off: BTreeSet<ClientIndex>,
    /// Connections whose CONNACK wrongly denies that there is a session, which has been reported.
    without_session: BTreeSet<LaneIndex>,
    /// Clients that could no longer send something because the broker had ended their connection.
    unsent: BTreeSet<ClientIndex>,
    /// Whether something other than a step has found a MUST broken.
    pub(super) has_failed: bool,
    failed: Failed,
    given_up: GivenUp,
    /// Whether a step has timed out, so that messages are older than the scenario assumes.
    is_late: bool,
    unsent_by_steps: Unsent,
    pub(super) excused: Excused,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Judging<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        transcript: &'a Transcript,
        granted_less: &'a GrantedLess<'a>,
    ) -> Self {
        Self {
            plan,
            transcript,
            granted_less,
            records: transcript.steps.iter().map(|r| (r.step, r)).collect(),
            memory: Memory::default(),
            hooks_judged: 0,
            reported: BTreeSet::new(),
            ended: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            without_session: BTreeSet::new(),
            unsent: BTreeSet::new(),
            has_failed: false,
            failed: Failed::default(),
            given_up: GivenUp::default(),
            is_late: false,
            unsent_by_steps: Unsent::default(),
            excused: Excused::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn steps(&mut self, steps: &[PlannedStep]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &PlannedStep) {
        self.excused.step = step.index;
        // The step belongs to another answer of a choice, or comes after the play was broken off.
        let Some(record) = self.records.get(&step.index).copied() else {
            return;
        };
        if record.not_reached == Some(NotReached::BrokerEnded) {
            self.unsent.extend(client_of(step));
        }
        if let Some(why) = &record.not_reached
            && !self.is_about_the_close(step, why)
        {
            self.judge_unplayed(step, record, why);
        }
        match &step.body {
            Body::Client { client, operations } => {
                self.operations(step, *client, operations, record)
            }
            Body::Choice(choice) => self.choice(step, choice, record),
            Body::OneOf(one) => self.one_of(step, one, record),
            Body::Parallel(steps) => self.steps(steps),
            Body::Rounds(rounds) => self.rounds(step.index, rounds),
            Body::Hooks(list) => {
                let since = self.hooks_judged;
                self.hooks_judged = record.hooks_seen;
                let seen = since..record.hooks_seen;
                let (granted_less, excused) = (self.granted_less, &self.excused);
                let judged = judge_hooks(list, self.transcript, seen, &|name, fields| {
                    granted_less.hook_dependence(name, fields, excused)
                });
                if let Some(Differing {
                    is_shown,
                    expected,
                    actual,
                    depends_on,
                }) = judged
                    && !granted_less.excuses_hooks(depends_on, &mut self.excused)
                {
                    if is_shown && self.lacks_a_cause() {
                        self.not_reached(step, UNSENT);
                        return;
                    }
                    let charge = match is_shown {
                        // If the step cites no clause, a difference in a broker's own vocabulary weighs no more than a
                        // MAY.
                        true if self.has_own_vocabulary() && step.step.clauses.is_empty() => {
                            Charge::advice(Level::May)
                        }
                        true => self.charge(step, &[Wrong::Event(Event::Hooks)]),
                        false => Charge::not_observable(step.level(), step.step.clauses.clone()),
                    };
                    let mut differing = finding(step, charge, expected, actual);
                    differing.symptom = Symptom::of(&[Wrong::Event(Event::Hooks)], &[]);
                    self.findings.push(differing);
                }
            }
            Body::Wait(_) | Body::Broker(_) => {}
        }
    }

    /// Judges a step that could not be played.
    fn judge_unplayed(&mut self, step: &PlannedStep, record: &StepRecord, why: &NotReached) {
        self.unsent_by_steps.note(step, why);
        self.given_up.note(step, record, why);
        let client = client_of(step);
        let excused = &mut self.excused;
        if self
            .granted_less
            .excuses_absence(client, record.began, why, excused)
        {
            return;
        }
        let mut finding = match why {
            // A server that does not accept connections fails, regardless of what the step is about.
            NotReached::Unreachable(_) => finding(
                step,
                blame::charge(
                    Level::Must,
                    &[Wrong::Event(Event::Unreachable)],
                    &[],
                    self.case_version(),
                ),
                vec!["the broker accepts the connection".into()],
                why.to_string(),
            ),
            NotReached::BrokerEnded | NotReached::Because(_) | NotReached::Lost(_) => finding(
                step,
                Charge::not_reached(step.level(), step.step.clauses.clone()),
                vec![step.step.label.clone()],
                why.to_string(),
            ),
        };
        if matches!(why, NotReached::Unreachable(_)) {
            finding.symptom = Symptom::of(&[Wrong::Event(Event::Unreachable)], &[]);
        }
        self.findings.push(finding);
    }

    /// Returns whether hook events come from a broker with its own vocabulary.
    fn has_own_vocabulary(&self) -> bool {
        matches!(self.transcript.hook_source, HookSource::Shows(_))
    }

    /// Judges every round by its own records.
    fn rounds(&mut self, step: StepIndex, rounds: &PlannedRounds) {
        let transcript = self.transcript;
        let Some(record) = transcript.rounds.iter().find(|record| record.step == step) else {
            return;
        };
        let known = self.memory.names();
        let outside = std::mem::take(&mut self.records);
        let before = self.findings.len();
        for number in 0..record.rounds.len() {
            let (begin, end) = record.bounds(number);
            let records = &transcript.steps[begin.record..end.record];
            self.records = records.iter().map(|r| (r.step, r)).collect();
            self.memory.keep(&known);
            let number = number as u64 + 1;
            if let Some(counter) = &rounds.counter {
                self.memory.bind(counter, Literal::Number(number));
            }
            let found = self.findings.len();
            self.steps(&rounds.steps);
            for finding in &mut self.findings[found..] {
                let round = format!("round {number} of {}", rounds.times);
                finding.note = Some(match finding.note.take() {
                    Some(note) => format!("{round}: {note}"),
                    None => round,
                });
            }
        }
        self.memory.keep(&known);
        self.records = outside;
        let all = self.findings.split_off(before);
        self.findings.extend(first_of_each_step(all));
    }

    fn operations(
        &mut self,
        step: &PlannedStep,
        client: ClientIndex,
        operations: &[Operation],
        record: &'a StepRecord,
    ) {
        let opens = |o: &Operation| matches!(o, Operation::Open | Operation::OpenNew(_));
        if operations.iter().any(opens) {
            self.ended.remove(&client);
            self.cut_off.remove(&client);
            self.unsent.remove(&client);
        }
        let waits = operations.iter().filter_map(|o| match o {
            Operation::Await(awaited) => Some(awaited),
            _ => None,
        });
        let version = self.version(client);
        for (awaited, outcome) in waits.zip(self.outcomes(record)) {
            // Nothing more can be received on this connection, which has been reported already.
            let is_over = outcome.ended != Ended::Complete && outcome.ended != Ended::TimedOut;
            if is_over && step.step.clauses.is_empty() && self.ended.contains(&client) {
                continue;
            }
            if is_over && self.is_out_of_reach(step, client, outcome) {
                self.unsent_by_steps.note(step, &NotReached::BrokerEnded);
                self.not_reached(step, &NotReached::BrokerEnded.to_string());
                continue;
            }
            if self.lacks_its_cause(step, &awaited.expectation, outcome) {
                self.not_reached(step, UNSENT);
                continue;
            }
            if self.follows(step, client, &awaited.expectation, outcome) {
                self.is_late |= outcome.ended == Ended::TimedOut;
                self.not_reached(step, FAILED_BEFORE);
                continue;
            }
            if outcome.ended != Ended::Complete
                && self.has_broken_a_must()
                && acknowledges_another(self.transcript, client, outcome.at)
            {
                self.not_reached(step, FAILED_BEFORE);
                continue;
            }
            let is_lost = self.failed.covers(step, awaited, outcome);
            let is_unsent = self.may_lack(&awaited.expectation);
            let judged = judge_outcome(
                &awaited.expectation,
                outcome,
                self.play(),
                (client, version),
                CarriedOver {
                    memory: &mut self.memory,
                    excused: &mut self.excused,
                },
            );
            if awaited.gate && !judged.is_empty() {
                self.unsent_by_steps.note_unreleased(step);
            }
            let was_given_up = self
                .given_up
                .covers(self.transcript, client, awaited, &judged);
            let has_come = self.has_come_before(client, &awaited.expectation, outcome, &judged);
            let is_instead = self.has_broken_a_must()
                && self
                    .given_up
                    .is_instead(self.transcript, &self.memory, outcome, &judged);
            if (is_lost || was_given_up || has_come || is_instead) && !judged.is_empty() {
                self.not_reached(step, FAILED_BEFORE);
                continue;
            }
            if is_unsent && judged.iter().any(|judged| !judged.is_malformed) {
                self.not_reached(step, UNSENT);
                continue;
            }
            // The broker is excused for this end of the connection, so later steps need not report it.
            if judged.is_empty() && matches!(outcome.ended, Ended::Closed | Ended::Reset) {
                self.ended.insert(client);
            }
            let is_late = self.is_late;
            self.is_late |= outcome.ended == Ended::TimedOut;
            for judged in judged {
                // An earlier step has used up this time before it timed out, so the interval is not wrong.
                if is_late && judged.wrong == [Wrong::Aspect(Aspect::MessageExpiry)] {
                    continue;
                }
                let is_reported = judged.events.iter().all(|e| self.reported.contains(e));
                if !(judged.is_malformed && is_reported) {
                    let wrong = judged.wrong.clone();
                    self.judged(step, judged, (outcome, client));
                    self.note_lost_session(client, outcome, &wrong);
                    self.failed.note(step, awaited);
                    let is_less = self
                        .findings
                        .last()
                        .is_some_and(|f| f.level() > Level::Must);
                    if matches!(outcome.ended, Ended::Closed | Ended::Reset) {
                        match is_less {
                            true => self.ended.insert(client),
                            false => self.cut_off.insert(client),
                        };
                    }
                }
            }
        }
    }

    /// Returns whether a step waits, on a connection whose end has been reported, for an answer that nothing has
    /// requested: the handshake could not begin, or the packet could not be sent.
    fn is_out_of_reach(&self, step: &PlannedStep, client: ClientIndex, outcome: &Outcome) -> bool {
        // A ping asks whether the connection is still there.
        let sends_more = was_to_send(step) && !sends(step, PacketType::PINGREQ);
        let is_called_for =
            !step.step.clauses.is_empty() && !self.unsent.contains(&client) && !sends_more;
        self.cut_off.contains(&client)
            && !is_called_for
            && outcome.taken.is_empty()
            && matches!(outcome.ended, Ended::Closed | Ended::Reset)
    }

    /// Returns whether nothing was received, in a failed case, because an earlier step could not send what might have
    /// caused it.
    fn lacks_its_cause(&self, step: &PlannedStep, of: &Expectation, outcome: &Outcome) -> bool {
        let is_of_several = matches!(of.pattern, Pattern::Unordered(_) | Pattern::InOrder(_));
        let is_wanting = outcome.taken.is_empty() || is_of_several;
        let is_in_vain = outcome.ended == Ended::TimedOut && is_wanting;
        is_in_vain && self.lacks_a_cause() && !was_to_send(step)
    }

    /// Returns whether messages are expected in a failed case in which a message could not be sent.
    fn may_lack(&self, of: &Expectation) -> bool {
        self.unsent_by_steps.may_lack(of) && self.lacks_a_cause()
    }

    /// Returns whether the case has failed, and some step could not send its packets because of that.
    fn lacks_a_cause(&self) -> bool {
        self.unsent_by_steps.is_any() && self.has_broken_a_must()
    }

    fn has_broken_a_must(&self) -> bool {
        self.has_failed || self.findings.iter().any(Finding::breaks_a_must)
    }

    fn not_reached(&mut self, step: &PlannedStep, why: &str) {
        let charge = Charge::not_reached(step.level(), step.step.clauses.clone());
        let expected = vec![step.step.label.clone()];
        self.findings
            .push(finding(step, charge, expected, why.to_owned()));
    }

    fn judged(
        &mut self,
        step: &PlannedStep,
        judged: Judged,
        (outcome, client): (&Outcome, ClientIndex),
    ) {
        // A finding may weigh less than the step itself, such as the reason code of a refusal.
        let level = judged.level.map_or(step.level(), |l| l.max(step.level()));
        let cited = &step.step.clauses;
        let charge = blame::charge(level, &judged.wrong, cited, self.case_version());
        let mut finding = finding(step, charge, judged.expected, judged.actual);
        finding.symptom = self.symptom(&judged.wrong, &judged.fields, outcome, client);
        finding.events = judged.events;
        finding.is_slow = judged.is_slow;
        finding.is_late = judged.is_late;
        self.findings.push(finding);
    }

    /// Returns what is wrong, by kind, and how the wait ended.
    fn symptom(
        &self,
        wrong: &[Wrong],
        fields: &[String],
        outcome: &Outcome,
        client: ClientIndex,
    ) -> Symptom {
        let instead = untaken(outcome, self.transcript, client);
        Symptom::of(wrong, fields).ended(outcome.ended, &instead, self.transcript)
    }

    fn charge(&self, step: &PlannedStep, wrong: &[Wrong]) -> Charge {
        blame::charge(step.level(), wrong, &step.step.clauses, self.case_version())
    }

    /// Returns the version whose clauses are cited: that of the case, even if a client uses another one.
    fn case_version(&self) -> ProtocolVersion {
        self.transcript.case.version
    }

    fn inbox(&self, client: ClientIndex) -> Inbox<'_> {
        self.inbox_until(client, Duration::MAX)
    }

    /// Returns the packets that the client had received by this time.
    fn inbox_until(&self, client: ClientIndex, until: Duration) -> Inbox<'_> {
        Inbox {
            transcript: self.transcript,
            client,
            memory: &self.memory,
            until,
        }
    }

    const fn play(&self) -> Play<'a> {
        Play {
            transcript: self.transcript,
            granted_less: self.granted_less,
        }
    }

    fn excuses(&mut self, of: &Expectation, outcome: &Outcome, client: ClientIndex) -> bool {
        let known = (client, &self.memory);
        self.granted_less
            .excuses(of, outcome, known, &mut self.excused)
    }

    /// Returns whether a step could not send because the broker had ended the connection, and another step is about
    /// that end or has reported it.
    fn is_about_the_close(&self, step: &PlannedStep, why: &NotReached) -> bool {
        let Body::Client { client, .. } = &step.body else {
            return false;
        };
        let is_reported = self.ended.contains(client);
        *why == NotReached::BrokerEnded
            && (is_reported
                || self.transcript.events.iter().any(|event| {
                    event.taken_by.is_some()
                        && matches!(event.what, What::Closed(_))
                        && self.transcript.lanes[event.lane.0].client == *client
                }))
    }

    /// Returns the outcomes of a step's waits, without those that were cut short when the play was broken off.
    fn outcomes(&self, record: &'a StepRecord) -> impl Iterator<Item = &'a Outcome> + use<'a> {
        let broken_off = self.transcript.broken_off.is_some();
        record.outcomes.iter().filter(move |outcome| {
            let had_its_time = outcome.at >= outcome.deadline();
            !broken_off || outcome.ended != Ended::TimedOut || had_its_time
        })
    }

    fn version(&self, client: ClientIndex) -> ProtocolVersion {
        self.plan.scene.clients[client.0].version
    }
}

/// Returns the client that plays the step, if it is a single one.
fn client_of(step: &PlannedStep) -> Option<ClientIndex> {
    match &step.body {
        Body::Client { client, .. } => Some(*client),
        _ => None,
    }
}

fn finding(step: &PlannedStep, charge: Charge, expected: Vec<String>, actual: String) -> Finding {
    Finding {
        charge,
        expected,
        actual,
        step: Some(step.index),
        label: step.step.label.clone(),
        place: Some(step.step.place),
        note: step.step.note.clone(),
        events: Vec::new(),
        repeats: 0,
        is_slow: false,
        is_late: false,
        symptom: Symptom::default(),
    }
}
