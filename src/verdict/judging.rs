//! A transcript held against its plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::blame::{self, Event, Inbox, Wrong, received};
use super::charge::Charge;
use super::expectation::{Judged, Led, Play, judge_outcome, remember_answer};
use super::hooks::{Differing, judge_hooks};
use super::left_over::{is_consequence, is_displaced, left_over};
use super::lessened::{Lessened, LetOff};
use super::monitor::{self, Watched};
use super::wording::{describe_event, untaken, what_came};
use super::{Finding, FindingKind, Verdict};
use crate::matcher::{Memory, describe_expectation, describe_pattern, holds};
use crate::plan::{
    Body, Operation, Plan, PlannedControl, PlannedRounds, PlannedStep, find_step, witness,
};
use crate::scenario::model::{Choice, ClientIndex, Expectation, Level, Literal, OneOf};
use crate::transcript::{
    Ended, EventIndex, NotReached, Outcome, StepIndex, StepRecord, Transcript, What,
};

/// So many findings that are alike are told, and the others counted.
const ALIKE: usize = 10;

/// Judges a case by the record of its scene and of its control, and of the witness that there is a broker at all,
/// where one was wanted.
pub fn judge(
    plan: &Plan,
    scene: &Transcript,
    control: Option<&Transcript>,
    witness: Option<&Transcript>,
) -> (Verdict, Vec<Finding>) {
    let Watched {
        sent: watched,
        owed,
        echoes,
    } = monitor::watched(plan, scene);
    let told: BTreeSet<EventIndex> = watched
        .iter()
        .filter(|finding| finding.level() == Level::Must)
        .flat_map(|finding| &finding.events)
        .copied()
        .collect();
    // Where what the case is about did not happen, only a broken rule means anything.
    if !told.is_empty() && scene.broken_off.is_none() && not_exercised(plan, scene).is_some() {
        return (Verdict::Failed, told_once(watched));
    }
    let lessened = Lessened::new(plan, scene);
    let mut judging = Judging::new(plan, scene, &lessened);
    judging.told.clone_from(&told);
    judging.has_failed = !told.is_empty()
        || owed.iter().any(Finding::breaks_a_must)
        || scene
            .events
            .iter()
            .any(|event| matches!(event.what, What::Fault { .. }));
    judging.steps(&plan.steps);
    let Judging {
        mut findings,
        mut let_off,
        ..
    } = judging;
    let found = findings.iter().flat_map(|finding| &finding.events);
    let shown = told.union(&echoes).chain(found).copied().collect();
    let mut over = left_over(plan, scene, &shown);
    over.retain(|finding| {
        let mut events = finding.events.iter();
        let is_let_off = events.all(|event| lessened.excuses_event(*event, &mut let_off));
        !is_let_off && !is_displaced(plan, scene, &findings, finding)
    });
    let has_failed = !told.is_empty() || owed.iter().chain(&findings).any(Finding::breaks_a_must);
    for finding in over.iter_mut().filter(|_| has_failed) {
        if is_consequence(scene, finding) {
            finding.charge = Charge::remark();
        }
    }
    findings.extend(told_once(over));
    for finding in told_once(watched) {
        match findings
            .iter_mut()
            .find(|step| is_same_fault(step, &finding))
        {
            Some(step) => step.charge.cite(finding.clauses()),
            None => findings.push(finding),
        }
    }
    // What a step waited for in vain is not told again.
    let is_told = |owed: &Finding| {
        let told =
            |step: &Finding| step.kind() == FindingKind::Violation && shares_clause(step, owed);
        findings.iter().any(told)
    };
    let missed: Vec<Finding> = owed.into_iter().filter(|owed| !is_told(owed)).collect();
    findings.extend(told_once(missed));
    // A broken rule is a fault whatever the case was to show.
    let verdict = match told.is_empty() {
        true => verdict(plan, scene, (control, witness), &findings, &let_off),
        false => Verdict::Failed,
    };
    (verdict, findings)
}

/// The first of those that are alike, and how many more there are: a broker may send the same wrong thing without end.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    fold(findings, is_alike, ALIKE, "more like it")
}

/// The first that a step finds by the same clauses, and how many more there are: in a thousand rounds one fault is found
/// a thousand times.
fn first_of_each_step(findings: Vec<Finding>) -> Vec<Finding> {
    let is_same =
        |one: &Finding, other: &Finding| (one.step, &one.charge) == (other.step, &other.charge);
    fold(findings, is_same, 1, "more in the rounds after it")
}

/// So many of a kind as are `shown`; the last of them says how many more there are.
fn fold(
    findings: Vec<Finding>,
    is_of_kind: impl Fn(&Finding, &Finding) -> bool,
    shown: usize,
    more_words: &str,
) -> Vec<Finding> {
    let mut kept: Vec<(Finding, usize)> = Vec::new();
    for finding in findings {
        let of_kind: Vec<usize> = (0..kept.len())
            .filter(|n| is_of_kind(&kept[*n].0, &finding))
            .collect();
        match of_kind.as_slice() {
            [.., last] if of_kind.len() >= shown => kept[*last].1 += 1,
            _ => kept.push((finding, 0)),
        }
    }
    kept.into_iter()
        .map(|(finding, more)| match more {
            0 => finding,
            more => Finding {
                note: Some(match &finding.note {
                    Some(note) => format!("{note}; {more} {more_words}"),
                    None => format!("{more} {more_words}"),
                }),
                ..finding
            },
        })
        .collect()
}

/// Whether two findings break the same rule, whatever the packet.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    (&one.charge, &one.expected) == (&other.charge, &other.expected)
}

/// Whether a step has found what the monitor tells too: the same clause broken by the same packet.
fn is_same_fault(step: &Finding, watched: &Finding) -> bool {
    step.kind() == FindingKind::Violation
        && step.level() <= watched.level()
        && !watched.events.is_empty()
        && watched.events.iter().all(|e| step.events.contains(e))
        && shares_clause(step, watched)
}

fn shares_clause(one: &Finding, other: &Finding) -> bool {
    one.clauses().iter().any(|c| other.clauses().contains(c))
}

/// What the findings come to. Where nothing is found but what was let off, the case proves nothing.
fn verdict(
    plan: &Plan,
    scene: &Transcript,
    (control, witness): (Option<&Transcript>, Option<&Transcript>),
    findings: &[Finding],
    let_off: &LetOff,
) -> Verdict {
    let violated = |level: Level| {
        findings
            .iter()
            .any(|f| f.kind() == FindingKind::Violation && f.level() == level)
    };
    // Where what the check is about did not happen, neither its holding nor its failing means anything.
    if let Some(reason) = not_exercised(plan, scene)
        && scene.broken_off.is_none()
    {
        return Verdict::Skipped { reason };
    }
    if violated(Level::Must) {
        return Verdict::Failed;
    }
    if let Some(why) = &scene.broken_off
        && let_off.why.is_empty()
    {
        return Verdict::Inconclusive {
            reason: why.clone(),
        };
    }
    if let Some(finding) = findings
        .iter()
        .find(|f| f.kind() == FindingKind::NotReached)
    {
        return Verdict::Inconclusive {
            reason: format!("not reached: {}: {}", finding.label, finding.actual),
        };
    }
    if let Some(why) = let_off.why.first().filter(|_| !violated(Level::Should)) {
        return unexercised(why);
    }
    let proof = match control_does_not_hold(plan, control) {
        Proof::Holds => witness.map_or(Proof::Holds, is_no_broker),
        other => other,
    };
    match proof {
        Proof::Holds => {}
        // What the scene has shown needs no proof.
        Proof::LetOff(_) if violated(Level::Should) => {}
        Proof::LetOff(why) => return unexercised(&why),
        Proof::Fails(reason) => return Verdict::Inconclusive { reason },
    }
    if violated(Level::Should) {
        Verdict::Warned
    } else {
        Verdict::Passed
    }
}

fn unexercised(why: &str) -> Verdict {
    Verdict::Skipped {
        reason: format!("not exercised: {why}"),
    }
}

/// What a control or a witness comes to.
enum Proof {
    Holds,
    /// What does not hold was never promised, for this reason.
    LetOff(String),
    /// It proves nothing, for this reason.
    Fails(String),
}

impl Proof {
    /// What does not hold, first of all.
    fn of(judging: Judging<'_>, say: impl Fn(Finding) -> String) -> Self {
        let mut findings = judging.findings.into_iter();
        let why = judging.let_off.why.into_iter().next();
        match findings.find(|f| f.kind() != FindingKind::NotObservable) {
            Some(finding) => Self::Fails(say(finding)),
            None => why.map_or(Self::Holds, Self::LetOff),
        }
    }
}

/// Whether the control shows that what the case is about is the cause.
fn control_does_not_hold(plan: &Plan, transcript: Option<&Transcript>) -> Proof {
    let Some(control) = plan.control.as_ref() else {
        return Proof::Holds;
    };
    let Some(transcript) = transcript else {
        return Proof::Fails("the control was not played".into());
    };
    if let Some(why) = &transcript.broken_off {
        return Proof::Fails(format!("the control was broken off: {why}"));
    }
    let lessened = Lessened::new(plan, transcript);
    let mut judging = Judging::new(plan, transcript, &lessened);
    judging.steps(&control.steps);
    judging.findings.clear();
    judging.steps(&control.expect);
    Proof::of(judging, |finding| {
        let place = finding.place.map(|place| {
            let path = &plan.scene.source.path;
            format!(" at {path}:{}:{}", place.line, place.column)
        });
        let mut reason = format!(
            "the control does not hold{}: {}: expected {}; {}",
            place.unwrap_or_default(),
            finding.label,
            finding.expected.join(" or "),
            finding.actual
        );
        let elsewhere = taken_elsewhere(control, transcript, &finding);
        if !elsewhere.is_empty() {
            reason.push_str("; other steps took ");
            reason.push_str(&elsewhere.join(", "));
        }
        reason
    })
}

/// What the client of a control's expectation received and other steps took, with those steps.
fn taken_elsewhere(
    control: &PlannedControl,
    transcript: &Transcript,
    finding: &Finding,
) -> Vec<String> {
    let expecting = control
        .expect
        .iter()
        .find(|s| Some(s.index) == finding.step);
    let Some(Body::Client { client, .. }) = expecting.map(|step| &step.body) else {
        return Vec::new();
    };
    (0..transcript.events.len())
        .map(EventIndex)
        .filter_map(|index| {
            let event = &transcript.events[index.0];
            let lane = &transcript.lanes[event.lane.0];
            let What::Received { frame, .. } = &event.what else {
                return None;
            };
            let is_told = lane.client == *client && frame.packet_type() == PacketType::PUBLISH;
            let step = find_step(&control.steps, event.taken_by?).filter(|_| is_told)?;
            let packet = describe_event(index, transcript);
            Some(format!("{packet} (`{}`)", step.step.label))
        })
        .take(ALIKE)
        .collect()
}

/// Whether anything shows that there is a broker.
fn is_no_broker(transcript: &Transcript) -> Proof {
    // How right the message is, is for others to judge.
    let mut types = transcript.received_types();
    if types.any(|packet_type| packet_type == PacketType::PUBLISH) {
        return Proof::Holds;
    }
    let Some(plan) = witness(transcript.case.version) else {
        return Proof::Holds;
    };
    let say = |why: &str| {
        format!(
            "nothing shows that a broker is there: a client that subscribes and publishes gets no message: {why}"
        )
    };
    if let Some(why) = &transcript.broken_off {
        return Proof::Fails(say(&format!("the proof of it was broken off: {why}")));
    }
    let lessened = Lessened::new(plan, transcript);
    let mut judging = Judging::new(plan, transcript, &lessened);
    judging.steps(&plan.steps);
    Proof::of(judging, |finding| {
        let expected = finding.expected.join(" or ");
        say(&format!("expected {expected}; {}", finding.actual))
    })
}

/// What should have happened for the check to mean anything, and did not.
fn not_exercised(plan: &Plan, transcript: &Transcript) -> Option<String> {
    let memory = Memory::default();
    plan.scene
        .exercised_if
        .iter()
        .find_map(|(client, pattern)| {
            let seen = (0..transcript.events.len()).map(EventIndex).any(|event| {
                let lane = transcript.events[event.0].lane;
                transcript.lanes[lane.0].client == *client
                    && received(transcript, event)
                        .is_some_and(|packet| holds(pattern, &packet, *client, &memory).is_some())
            });
            let declared = &plan.scene.clients[client.0];
            (!seen).then(|| {
                format!(
                    "not exercised: {} received no {}",
                    declared.name,
                    describe_pattern(pattern, declared.version)
                )
            })
        })
}

/// Why a step waited in vain that another step was to cause.
const UNSENT: &str = "an earlier step could not send what this one waits for";

struct Judging<'a> {
    plan: &'a Plan,
    transcript: &'a Transcript,
    lessened: &'a Lessened<'a>,
    records: BTreeMap<StepIndex, &'a StepRecord>,
    memory: Memory,
    /// How many hook events the former `hooks` steps have covered.
    hooks_judged: usize,
    /// What the monitor has told a fault of.
    told: BTreeSet<EventIndex>,
    /// Clients whose connection the broker closed instead of what it should have done.
    ended: BTreeSet<ClientIndex>,
    /// Those of whose ended connection a MUST was told.
    cut_off: BTreeSet<ClientIndex>,
    /// Those of them that could not send something any more.
    unsent: BTreeSet<ClientIndex>,
    /// Whether something else than a step has found a MUST broken.
    has_failed: bool,
    /// Whether a step could not send what others may wait for.
    is_lacking: bool,
    let_off: LetOff,
    findings: Vec<Finding>,
}

impl<'a> Judging<'a> {
    fn new(plan: &'a Plan, transcript: &'a Transcript, lessened: &'a Lessened<'a>) -> Self {
        Self {
            plan,
            transcript,
            lessened,
            records: transcript.steps.iter().map(|r| (r.step, r)).collect(),
            memory: Memory::default(),
            hooks_judged: 0,
            told: BTreeSet::new(),
            ended: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            unsent: BTreeSet::new(),
            has_failed: false,
            is_lacking: false,
            let_off: LetOff::new(),
            findings: Vec::new(),
        }
    }

    fn steps(&mut self, steps: &[PlannedStep]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &PlannedStep) {
        self.let_off.step = step.index;
        // A step whose choice was answered otherwise, or after the play was broken off.
        let Some(record) = self.records.get(&step.index).copied() else {
            return;
        };
        if record.not_reached == Some(NotReached::BrokerEnded) {
            self.unsent.extend(client_of(step));
        }
        if let Some(why) = &record.not_reached
            && !self.was_to_end(step, why)
            && !self
                .lessened
                .excuses_absence(client_of(step), record.began, why, &mut self.let_off)
        {
            let finding = match why {
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
            self.is_lacking |= was_to_send(step) && !matches!(why, NotReached::Lost(_));
            self.findings.push(finding);
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
                let judged = judge_hooks(list, self.transcript, since..record.hooks_seen);
                if let Some(Differing {
                    is_shown,
                    expected,
                    actual,
                }) = judged
                    && !(is_shown && self.lessened.excuses_hooks(&mut self.let_off))
                {
                    if is_shown && self.lacks_a_cause() {
                        self.not_reached(step, UNSENT);
                        return;
                    }
                    let charge = match is_shown {
                        true => self.charge(step, &[Wrong::Event(Event::Hooks)]),
                        false => Charge::not_observable(step.level(), step.step.clauses.clone()),
                    };
                    self.findings.push(finding(step, charge, expected, actual));
                }
            }
            Body::Wait(_) | Body::Broker(_) => {}
        }
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
            if self.waits_in_vain(step, outcome) {
                self.not_reached(step, UNSENT);
                continue;
            }
            let judged = judge_outcome(
                &awaited.expectation,
                outcome,
                self.play(),
                (client, version),
                Led {
                    memory: &mut self.memory,
                    let_off: &mut self.let_off,
                },
            );
            for judged in judged {
                let is_told = judged.events.iter().all(|e| self.told.contains(e));
                if !(judged.is_broken && is_told) {
                    self.judged(step, judged);
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
    fn waits_in_vain(&self, step: &PlannedStep, outcome: &Outcome) -> bool {
        let is_in_vain = outcome.ended == Ended::TimedOut && outcome.taken.is_empty();
        is_in_vain && self.lacks_a_cause() && !was_to_send(step)
    }

    /// Whether the case has failed, and some step could not send its packets for it.
    fn lacks_a_cause(&self) -> bool {
        let found = || self.findings.iter().any(Finding::breaks_a_must);
        self.is_lacking && (self.has_failed || found())
    }

    fn not_reached(&mut self, step: &PlannedStep, why: &str) {
        let charge = Charge::not_reached(step.level(), step.step.clauses.clone());
        let expected = vec![step.step.label.clone()];
        self.findings
            .push(finding(step, charge, expected, why.to_owned()));
    }

    fn judged(&mut self, step: &PlannedStep, judged: Judged) {
        // What is worth less than the step itself: the code of a refusal.
        let level = judged.level.map_or(step.level(), |l| l.max(step.level()));
        let cited = &step.step.clauses;
        let charge = blame::charge(level, &judged.wrong, cited, self.case_version());
        let mut finding = finding(step, charge, judged.expected, judged.actual);
        finding.events = judged.events;
        finding.is_slow = judged.is_slow;
        self.findings.push(finding);
    }

    fn charge(&self, step: &PlannedStep, wrong: &[Wrong]) -> Charge {
        blame::charge(step.level(), wrong, &step.step.clauses, self.case_version())
    }

    /// Ids are those of the case's version, also where a client has another one.
    fn case_version(&self) -> ProtocolVersion {
        self.transcript.case.version
    }

    fn inbox(&self, client: ClientIndex) -> Inbox<'_> {
        Inbox {
            transcript: self.transcript,
            client,
            memory: &self.memory,
            until: Duration::MAX,
        }
    }

    fn choice(&mut self, step: &PlannedStep, choice: &Choice, record: &'a StepRecord) {
        let Some(outcome) = self.outcomes(record).next() else {
            return;
        };
        let version = self.version(choice.of);
        if outcome.ended == Ended::Complete {
            let play = self.play();
            let led = Led {
                memory: &mut self.memory,
                let_off: &mut self.let_off,
            };
            remember_answer(choice, outcome, play, version, led);
            return;
        }
        if self.waits_in_vain(step, outcome) {
            self.not_reached(step, UNSENT);
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
        let actual = what_came(outcome, self.transcript, choice.of);
        let alternatives: Vec<_> = choice.answers.iter().map(|(_, e)| e.clone()).collect();
        let inbox = Inbox {
            until: outcome.at,
            ..self.inbox(choice.of)
        };
        let wrong = inbox.any_of(&alternatives, Some(step.index));
        let charge = self.charge(step, &wrong);
        let mut unanswered = finding(step, charge, expected, actual);
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
            if self.waits_in_vain(step, outcome) {
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
                let came = what_came(outcome, self.transcript, *client);
                format!("{name}: {came}")
            });
            let actual = came.collect::<Vec<_>>().join("; ");
            let expected = vec![format!("one of {} receives {what}", names.join(", "))];
            let wrong = self.inbox(*member).absent(&one.expectation);
            let charge = self.charge(step, &[wrong]);
            self.findings.push(finding(step, charge, expected, actual));
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
            let charge = self.charge(step, &[Wrong::Event(Event::Extra(PacketType::PUBLISH))]);
            let mut double = finding(
                step,
                charge,
                vec![format!("one of {} alone receives {what}", names.join(", "))],
                format!("it came to {}", receivers.join(" and ")),
            );
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
            Led {
                memory: &mut self.memory,
                let_off: &mut self.let_off,
            },
        );
        for judged in judged {
            self.judged(step, judged);
        }
    }

    const fn play(&self) -> Play<'a> {
        Play {
            transcript: self.transcript,
            lessened: self.lessened,
        }
    }

    fn excuses(&mut self, of: &Expectation, outcome: &Outcome, client: ClientIndex) -> bool {
        let known = (client, &self.memory);
        self.lessened.excuses(of, outcome, known, &mut self.let_off)
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
            let had_its_time = outcome.at >= outcome.since + outcome.limit;
            !broken_off || outcome.ended != Ended::TimedOut || had_its_time
        })
    }

    fn version(&self, client: ClientIndex) -> ProtocolVersion {
        self.plan.scene.clients[client.0].version
    }
}

/// Whether a step sends something, or opens a connection to send on.
fn was_to_send(step: &PlannedStep) -> bool {
    match &step.body {
        Body::Client { operations, .. } => {
            let mut operations = operations.iter();
            operations.any(|operation| !matches!(operation, Operation::Await(_)))
        }
        _ => false,
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
        is_slow: false,
    }
}

/// `1.5 s`, `200 ms`.
pub(crate) fn span(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}
