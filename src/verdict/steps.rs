//! Judges the steps of a play by their outcomes.

mod follows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::Finding;
use super::alike::first_of_each_step;
use super::blame::{self, Aspect, Event, Inbox, Wrong};
use super::charge::Charge;
use super::expectation::{CarriedOver, Judged, Play, judge_outcome, remember_answer};
use super::failed::Failed;
use super::given_up::GivenUp;
use super::granted_less::{Excused, GrantedLess};
use super::hooks::{Differing, judge_hooks};
use super::late::{answer_came_late, came_late};
use super::misplaced::acknowledges_another;
use super::symptom::Symptom;
use super::unsent::{Unsent, was_to_send};
use super::wording::{untaken, what_came};
use crate::matcher::{Memory, describe_expectation};
use crate::plan::{Body, Operation, Plan, PlannedRounds, PlannedStep};
use crate::scenario::model::{Choice, ClientIndex, Expectation, Level, Literal, OneOf, Pattern};
use crate::transcript::{
    Ended, EventIndex, HookSource, LaneIndex, NotReached, Outcome, StepIndex, StepRecord,
    Transcript, What,
};

/// Why a step waited in vain that another step was to cause.
const UNSENT: &str = "an earlier step could not send what this step waits for";

/// Why a step waited in vain where all that it is about has failed.
const FAILED_BEFORE: &str = "the case has already failed";

pub(super) struct Judging<'a> {
    plan: &'a Plan,
    transcript: &'a Transcript,
    granted_less: &'a GrantedLess<'a>,
    records: BTreeMap<StepIndex, &'a StepRecord>,
    memory: Memory,
    /// How many hook events the former `hooks` steps have covered.
    hooks_judged: usize,
    /// What the monitor has told a fault of.
    pub(super) told: BTreeSet<EventIndex>,
    /// Clients whose connection the broker closed instead of what it should have done.
    ended: BTreeSet<ClientIndex>,
    /// Those of whose ended connection a MUST was told.
    cut_off: BTreeSet<ClientIndex>,
    /// Connections on which the server said that there is no session, which was told.
    without_session: BTreeSet<LaneIndex>,
    /// Those of them that could not send something any more.
    unsent: BTreeSet<ClientIndex>,
    /// Whether something else than a step has found a MUST broken.
    pub(super) has_failed: bool,
    failed: Failed,
    given_up: GivenUp,
    /// Whether a step has waited in vain, so that what comes is older than the scenario thinks.
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
            told: BTreeSet::new(),
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
        // A step whose choice was answered otherwise, or after the play was broken off.
        let Some(record) = self.records.get(&step.index).copied() else {
            return;
        };
        if record.not_reached == Some(NotReached::BrokerEnded) {
            self.unsent.extend(client_of(step));
        }
        if let Some(why) = &record.not_reached
            && !self.was_to_end(step, why)
        {
            self.absent(step, record, why);
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
                        // What a broker tells of itself is its own affair where no clause says what happens.
                        true if self.is_told_by_itself() && step.step.clauses.is_empty() => {
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

    /// A step that could not be played.
    fn absent(&mut self, step: &PlannedStep, record: &StepRecord, why: &NotReached) {
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
            // Whatever else the step is about, a broker that cannot be connected to is none.
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

    /// Whether events come from a broker that has its own vocabulary.
    fn is_told_by_itself(&self) -> bool {
        matches!(self.transcript.hook_source, HookSource::Shows(_))
    }

    /// Every round by its own records.
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
            // Nothing can come on it any more, which has been told.
            let is_over = outcome.ended != Ended::Complete && outcome.ended != Ended::TimedOut;
            if is_over && step.step.clauses.is_empty() && self.ended.contains(&client) {
                continue;
            }
            if is_over && self.is_out_of_reach(step, client, outcome) {
                self.not_reached(step, &NotReached::BrokerEnded.to_string());
                continue;
            }
            if self.waits_in_vain(step, &awaited.expectation, outcome) {
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
                && acknowledges_another(self.transcript, client, step.index)
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
            if (is_lost || was_given_up || has_come) && !judged.is_empty() {
                self.not_reached(step, FAILED_BEFORE);
                continue;
            }
            if is_unsent && judged.iter().any(|judged| !judged.is_broken) {
                self.not_reached(step, UNSENT);
                continue;
            }
            // An end for which the broker is let off is one that later steps need not tell again.
            if judged.is_empty() && matches!(outcome.ended, Ended::Closed | Ended::Reset) {
                self.ended.insert(client);
            }
            let is_late = self.is_late;
            self.is_late |= outcome.ended == Ended::TimedOut;
            for judged in judged {
                // Time that an earlier step has spent in vain is no fault of the message.
                if is_late && judged.wrong == [Wrong::Aspect(Aspect::MessageExpiry)] {
                    continue;
                }
                let is_told = judged.events.iter().all(|e| self.told.contains(e));
                if !(judged.is_broken && is_told) {
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

    /// Whether a step waits on a connection whose end was told already for what nothing has called for: the answer of a
    /// handshake that could not begin, or of a packet that could not be sent.
    fn is_out_of_reach(&self, step: &PlannedStep, client: ClientIndex, outcome: &Outcome) -> bool {
        let is_called_for = !step.step.clauses.is_empty() && !self.unsent.contains(&client);
        self.cut_off.contains(&client)
            && !is_called_for
            && outcome.taken.is_empty()
            && matches!(outcome.ended, Ended::Closed | Ended::Reset)
    }

    /// Whether nothing came, in a case that has failed, after a step that could not send what might have brought it.
    fn waits_in_vain(&self, step: &PlannedStep, of: &Expectation, outcome: &Outcome) -> bool {
        let is_of_several = matches!(of.pattern, Pattern::Unordered(_) | Pattern::InOrder(_));
        let is_wanting = outcome.taken.is_empty() || is_of_several;
        let is_in_vain = outcome.ended == Ended::TimedOut && is_wanting;
        is_in_vain && self.lacks_a_cause() && !was_to_send(step)
    }

    /// Whether messages are expected in a case that has failed, and one could not be sent for that.
    fn may_lack(&self, of: &Expectation) -> bool {
        self.unsent_by_steps.may_lack(of) && self.lacks_a_cause()
    }

    /// Whether the case has failed, and some step could not send its packets for it.
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
        // What is worth less than the step itself: the code of a refusal.
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

    /// What is wrong, by kind, and how the waiting ended.
    fn symptom(
        &self,
        wrong: &[Wrong],
        fields: &[String],
        outcome: &Outcome,
        client: ClientIndex,
    ) -> Symptom {
        let came = untaken(outcome, self.transcript, client);
        Symptom::of(wrong, fields).ended(outcome.ended, &came, self.transcript)
    }

    fn charge(&self, step: &PlannedStep, wrong: &[Wrong]) -> Charge {
        blame::charge(step.level(), wrong, &step.step.clauses, self.case_version())
    }

    /// Ids are those of the case's version, also where a client has another one.
    fn case_version(&self) -> ProtocolVersion {
        self.transcript.case.version
    }

    fn inbox(&self, client: ClientIndex) -> Inbox<'_> {
        self.inbox_until(client, Duration::MAX)
    }

    /// What the client had received by then.
    fn inbox_until(&self, client: ClientIndex, until: Duration) -> Inbox<'_> {
        Inbox {
            transcript: self.transcript,
            client,
            memory: &self.memory,
            until,
        }
    }

    fn choice(&mut self, step: &PlannedStep, choice: &Choice, record: &'a StepRecord) {
        let Some(outcome) = self.outcomes(record).next() else {
            return;
        };
        let version = self.version(choice.of);
        if outcome.ended == Ended::Complete {
            let play = self.play();
            let led = CarriedOver {
                memory: &mut self.memory,
                excused: &mut self.excused,
            };
            remember_answer(choice, outcome, play, version, led);
            return;
        }
        let mut all = choice.answers.iter().flat_map(|(_, answer)| answer);
        if all.any(|answer| self.waits_in_vain(step, answer, outcome) || self.may_lack(answer)) {
            self.not_reached(step, UNSENT);
            return;
        }
        let mut all = choice.answers.iter().flat_map(|(_, answer)| answer);
        let follows = all.any(|answer| self.follows(step, choice.of, answer, outcome));
        if follows || self.is_unreadable(choice.of, outcome) {
            self.not_reached(step, FAILED_BEFORE);
            return;
        }
        let mut answers = choice.answers.iter().flat_map(|(_, answer)| answer);
        if answers.any(|answer| self.excuses(answer, outcome, choice.of)) {
            return;
        }
        let expected = choice
            .answers
            .iter()
            .map(|(name, expectations)| {
                let words: Vec<String> = expectations
                    .iter()
                    .map(|e| describe_expectation(e, version))
                    .collect();
                format!("{name}: {}", words.join(", then "))
            })
            .collect();
        let actual = what_came(None, outcome, self.transcript, choice.of);
        let alternatives: Vec<_> = choice.answers.iter().map(|(_, e)| e.clone()).collect();
        let inbox = self.inbox_until(choice.of, outcome.at);
        let known = (choice.of, &self.memory);
        let wrong = inbox.any_of(&alternatives, Some(step.index), &|pattern, event| {
            let granted_less = self.granted_less;
            granted_less.standing_of(pattern, event, known, &self.excused)
        });
        let charge = self.charge(step, &wrong);
        let (transcript, memory) = (self.transcript, &self.memory);
        let mut unanswered = finding(step, charge, expected, actual);
        unanswered.is_late = choice
            .answers
            .iter()
            .any(|(_, answer)| answer_came_late(answer, outcome, transcript, choice.of, memory));
        unanswered.symptom = self.symptom(&wrong, &[], outcome, choice.of);
        unanswered.events = untaken(outcome, self.transcript, choice.of);
        self.findings.push(unanswered);
    }

    /// One of them got it, it alone, and it is as expected.
    fn one_of(&mut self, step: &PlannedStep, one: &OneOf, record: &'a StepRecord) {
        let Some(outcome) = self.outcomes(record).next() else {
            return;
        };
        let names: Vec<&str> = one.members.iter().map(|(name, _)| name.as_str()).collect();
        let lane_of = |event: &EventIndex| self.transcript.events[event.0].lane;
        let receiver = |event: &EventIndex| &self.transcript.lanes[lane_of(event).0];
        let Some(first) = outcome.taken.first() else {
            if self.waits_in_vain(step, &one.expectation, outcome) {
                self.not_reached(step, UNSENT);
                return;
            }
            let mut members = one.members.iter();
            if members.any(|(_, member)| self.excuses(&one.expectation, outcome, *member)) {
                return;
            }
            let (_, member) = &one.members[0];
            let what = describe_expectation(&one.expectation, self.version(*member));
            let came = one.members.iter().map(|(name, client)| {
                let wanted = Some(&one.expectation.pattern);
                let came = what_came(wanted, outcome, self.transcript, *client);
                format!("{name}: {came}")
            });
            let actual = came.collect::<Vec<_>>().join("; ");
            let expected = vec![format!("one of {} receives {what}", names.join(", "))];
            let wrong = self.inbox(*member).absent(&one.expectation);
            let charge = self.charge(step, std::slice::from_ref(&wrong));
            let mut missing = finding(step, charge, expected, actual);
            missing.symptom = self.symptom(&[wrong], &[], outcome, *member);
            let (transcript, memory) = (self.transcript, &self.memory);
            missing.is_late = one.members.iter().any(|(_, member)| {
                came_late(&one.expectation, outcome, transcript, *member, memory)
            });
            self.findings.push(missing);
            return;
        };
        let client = receiver(first).client;
        let version = self.version(client);
        let receivers: Vec<&str> = outcome
            .taken
            .iter()
            .map(|e| receiver(e).name.as_str())
            .collect();
        if receivers.len() > 1 {
            let what = describe_expectation(&one.expectation, version);
            let extra = [Wrong::Event(Event::Extra(PacketType::PUBLISH))];
            let charge = self.charge(step, &extra);
            let mut double = finding(
                step,
                charge,
                vec![format!("only one of {} receives {what}", names.join(", "))],
                format!("delivered to {}", receivers.join(" and ")),
            );
            double.symptom = Symptom::of(&extra, &["to several".to_owned()]);
            double.events.clone_from(&outcome.taken);
            self.findings.push(double);
        }
        let of_one = Outcome {
            taken: vec![*first],
            ..outcome.clone()
        };
        let judged = judge_outcome(
            &one.expectation,
            &of_one,
            self.play(),
            (client, version),
            CarriedOver {
                memory: &mut self.memory,
                excused: &mut self.excused,
            },
        );
        for judged in judged {
            self.judged(step, judged, (outcome, client));
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

    /// Whether a step had nothing left to send on since the broker had ended the connection, and another step is
    /// about just that end, or has told it.
    fn was_to_end(&self, step: &PlannedStep, why: &NotReached) -> bool {
        let Body::Client { client, .. } = &step.body else {
            return false;
        };
        let is_told = self.ended.contains(client);
        *why == NotReached::BrokerEnded
            && (is_told
                || self.transcript.events.iter().any(|event| {
                    event.taken_by.is_some()
                        && matches!(event.what, What::Closed(_))
                        && self.transcript.lanes[event.lane.0].client == *client
                }))
    }

    /// What a step waited for; not what it had no time for any more when the play was broken off.
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

/// Whose step it is.
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
        alike: 0,
        is_slow: false,
        is_late: false,
        symptom: Symptom::default(),
    }
}
