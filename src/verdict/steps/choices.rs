//! Judges the steps that ask: which answer a broker gave to a choice, and which of several clients received a packet.

use mqtt_check_codec::PacketType;

use super::{FAILED_BEFORE, Judging, UNSENT, finding};
use crate::matcher::describe_expectation;
use crate::plan::PlannedStep;
use crate::scenario::model::{Choice, OneOf};
use crate::transcript::{Ended, EventIndex, Outcome, StepRecord};
use crate::verdict::blame::{Event, Wrong};
use crate::verdict::expectation::{CarriedOver, judge_outcome, remember_answer};
use crate::verdict::late::{answer_came_late, came_late};
use crate::verdict::symptom::Symptom;
use crate::verdict::wording::{describe_instead, untaken};

impl<'a> Judging<'a> {
    pub(super) fn choice(&mut self, step: &PlannedStep, choice: &Choice, record: &'a StepRecord) {
        let Some(outcome) = self.outcomes(record).next() else {
            return;
        };
        let version = self.version(choice.of);
        if outcome.ended == Ended::Complete {
            let play = self.play();
            let carried_over = CarriedOver {
                memory: &mut self.memory,
                excused: &mut self.excused,
            };
            remember_answer(choice, outcome, play, version, carried_over);
            return;
        }
        let mut all = choice.answers.iter().flat_map(|(_, answer)| answer);
        if all.any(|answer| self.lacks_its_cause(step, answer, outcome) || self.may_lack(answer)) {
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
            // The broker is excused for this end of the connection, so later steps need not report it.
            if matches!(outcome.ended, Ended::Closed | Ended::Reset) {
                self.ended.insert(choice.of);
            }
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
        let actual = describe_instead(None, outcome, self.transcript, choice.of);
        let alternatives: Vec<_> = choice.answers.iter().map(|(_, e)| e.clone()).collect();
        let inbox = self.inbox_until(choice.of, outcome.at);
        let known = (choice.of, &self.memory);
        let wrong = inbox.any_of(&alternatives, Some(step.index), &|pattern, event| {
            let granted_less = self.granted_less;
            granted_less.counting_mismatches(pattern, event, known, &self.excused)
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

    /// Judges a message that exactly one of the members should receive, as expected.
    pub(super) fn one_of(&mut self, step: &PlannedStep, one: &OneOf, record: &'a StepRecord) {
        let Some(outcome) = self.outcomes(record).next() else {
            return;
        };
        let names: Vec<&str> = one.members.iter().map(|(name, _)| name.as_str()).collect();
        let lane_of = |event: &EventIndex| self.transcript.events[event.0].lane;
        let receiver = |event: &EventIndex| &self.transcript.lanes[lane_of(event).0];
        let Some(first) = outcome.taken.first() else {
            if self.lacks_its_cause(step, &one.expectation, outcome) {
                self.not_reached(step, UNSENT);
                return;
            }
            let mut members = one.members.iter();
            if members.any(|(_, member)| self.follows(step, *member, &one.expectation, outcome)) {
                self.not_reached(step, FAILED_BEFORE);
                return;
            }
            let mut members = one.members.iter();
            if members.any(|(_, member)| self.excuses(&one.expectation, outcome, *member)) {
                return;
            }
            let (_, member) = &one.members[0];
            let what = describe_expectation(&one.expectation, self.version(*member));
            let instead = one.members.iter().map(|(name, client)| {
                let wanted = Some(&one.expectation.pattern);
                let instead = describe_instead(wanted, outcome, self.transcript, *client);
                format!("{name}: {instead}")
            });
            let actual = instead.collect::<Vec<_>>().join("; ");
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
}
