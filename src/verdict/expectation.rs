//! Compares the outcome of one wait with what was expected.

mod refusal;
mod timing;

use std::time::Duration;

use mqtt_check_codec::{Packet, ProtocolVersion};
use mqtt_check_websocket::Fault;

use super::blame::{Aspect, Counting, Event, Inbox, Wrong, malformed, undecoded};
use super::granted_less::{Excused, GrantedLess};
use super::late::came_late;
use super::wording::{
    describe_ending, describe_instead, describe_received, ending, too_late, untaken,
};
use crate::matcher::{
    Memory, Mismatch, Received, WebSocketEvent, describe_expectation, describe_pattern,
    describe_websocket_event, judge, judge_websocket_event,
};
use crate::scenario::model::{
    Choice, ClientIndex, DropHow, Expectation, FieldMatch, Level, PacketPattern, Pattern,
};
use crate::transcript::{Ended, Ending, EventIndex, Outcome, Transcript, What};

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) expected: Vec<String>,
    pub(super) actual: String,
    pub(super) events: Vec<EventIndex>,
    /// The highest possible level, regardless of the step's level.
    pub(super) level: Option<Level>,
    /// What is wrong. The clauses follow from this.
    pub(super) wrong: Vec<Wrong>,
    /// Whether the packet could not be decoded. The monitor reports that if it knows the version.
    pub(super) is_malformed: bool,
    /// Whether the packet was received and only its timing is wrong.
    pub(super) is_slow: bool,
    /// Whether everything was received, but after the limit.
    pub(super) is_late: bool,
    /// The fields that differ.
    pub(super) fields: Vec<String>,
}

/// The record that is judged, and where the server granted something other than what was requested.
#[derive(Clone, Copy)]
pub(super) struct Play<'a> {
    pub(super) transcript: &'a Transcript,
    pub(super) granted_less: &'a GrantedLess<'a>,
}

/// What judging one wait passes on to the next.
pub(super) struct CarriedOver<'a> {
    pub(super) memory: &'a mut Memory,
    pub(super) excused: &'a mut Excused,
}

/// Judges the outcome of a wait and remembers what it took. Excuses findings that depend on a lesser grant.
pub(super) fn judge_outcome(
    expectation: &Expectation,
    outcome: &Outcome,
    play: Play<'_>,
    (client, version): (ClientIndex, ProtocolVersion),
    carried_over: CarriedOver<'_>,
) -> Vec<Judged> {
    let mut judge = Judge {
        transcript: play.transcript,
        granted_less: play.granted_less,
        client,
        version,
        until: outcome.at,
        memory: carried_over.memory,
        excused: carried_over.excused,
        found: Vec::new(),
    };
    if outcome.ended == Ended::Complete {
        judge.complete(expectation, outcome);
    } else {
        judge.unfulfilled(expectation, outcome);
    }
    judge.found
}

/// Remembers what the answer to a choice took: a CONNACK, and the values that it binds.
pub(super) fn remember_answer(
    choice: &Choice,
    outcome: &Outcome,
    play: Play<'_>,
    version: ProtocolVersion,
    carried_over: CarriedOver<'_>,
) {
    let answers: Vec<_> = choice.answers.iter().map(|(_, e)| e.clone()).collect();
    let mut judge = Judge {
        transcript: play.transcript,
        granted_less: play.granted_less,
        client: choice.of,
        version,
        until: outcome.at,
        memory: carried_over.memory,
        excused: carried_over.excused,
        found: Vec::new(),
    };
    judge.any_of(&answers, outcome);
}

struct Judge<'a> {
    transcript: &'a Transcript,
    /// When the wait was over.
    until: Duration,
    granted_less: &'a GrantedLess<'a>,
    client: ClientIndex,
    version: ProtocolVersion,
    memory: &'a mut Memory,
    excused: &'a mut Excused,
    found: Vec<Judged>,
}

impl Judge<'_> {
    fn complete(&mut self, expectation: &Expectation, outcome: &Outcome) {
        match &expectation.pattern {
            Pattern::Packet(pattern) => {
                for event in &outcome.taken {
                    self.packet(pattern, *event);
                }
            }
            Pattern::Closed { how } => self.closed(*how, expectation, outcome),
            Pattern::Refused(refused) => self.refused(refused, &outcome.taken),
            Pattern::Upgrade(fields) => self.websocket_event(fields, expectation, outcome),
            Pattern::Frame(pattern) => self.websocket_event(&pattern.fields, expectation, outcome),
            Pattern::Silence { .. } => {
                if !outcome.taken.is_empty() && !self.excuse(expectation, outcome) {
                    self.broken_silence(expectation, &outcome.taken);
                }
            }
            Pattern::InOrder(inner) => self.in_order(inner, &outcome.taken),
            // These take only packets that match in every field.
            Pattern::Unordered(patterns) => {
                for (pattern, event) in patterns.iter().zip(&outcome.taken) {
                    self.packet(pattern, *event);
                }
            }
            Pattern::AnyOf(alternatives) => self.any_of(alternatives, outcome),
        }
        self.not_before(expectation, outcome);
        self.keep_alive(expectation, outcome);
    }

    /// Judges packets that break a silence. A malformed one is wrong by its bytes, since nothing shows that it is of a
    /// type that should not be received.
    fn broken_silence(&mut self, expectation: &Expectation, taken: &[EventIndex]) {
        let inbox = self.inbox();
        let extra = taken.iter().map(|event| {
            let malformed = self.malformed(&[*event]);
            malformed.unwrap_or_else(|| inbox.extra(*event))
        });
        let wrong: Vec<Wrong> = extra.collect();
        let is_malformed = wrong.iter().all(|wrong| matches!(wrong, Wrong::Bytes(_)));
        self.miss(expectation, wrong, taken, self.describe_received(taken));
        if let Some(found) = self.found.last_mut() {
            found.is_malformed = is_malformed;
        }
    }

    fn excuse(&mut self, expectation: &Expectation, outcome: &Outcome) -> bool {
        let known = (self.client, &*self.memory);
        self.granted_less
            .excuses(expectation, outcome, known, self.excused)
    }

    fn unfulfilled(&mut self, expectation: &Expectation, outcome: &Outcome) {
        if self.excuse(expectation, outcome) {
            self.remember(&outcome.taken);
            return;
        }
        let actual = match &expectation.pattern {
            Pattern::Refused(_) => self.not_refused(outcome),
            Pattern::Packet(_) if !outcome.taken.is_empty() => format!(
                "only {} arrived: {}; then {}",
                outcome.taken.len(),
                self.describe_received(&outcome.taken),
                ending(outcome)
            ),
            Pattern::Unordered(patterns) if !outcome.taken.is_empty() => {
                self.describe_unmatched(patterns, outcome)
            }
            Pattern::InOrder(_) if !outcome.taken.is_empty() => {
                format!("received: {}", self.describe_received(&outcome.taken))
            }
            pattern => describe_instead(Some(pattern), outcome, self.transcript, self.client),
        };
        let broken = self.broken_frame(outcome);
        let instead = self.instead(&expectation.pattern, outcome);
        let wrong = match (broken, self.malformed(&instead)) {
            (Some((_, fault)), _) => vec![Wrong::Event(Event::FrameFault(fault))],
            (None, Some(malformed)) => vec![malformed],
            (None, None) => self.why_unfulfilled(expectation, outcome),
        };
        let (transcript, memory) = (self.transcript, &*self.memory);
        let is_late = came_late(expectation, outcome, transcript, self.client, memory);
        self.remember(&outcome.taken);
        let mut events = outcome.taken.clone();
        events.extend(broken.map(|(event, _)| event));
        events.extend(self.parting(outcome));
        events.extend(instead);
        let late = match &expectation.pattern {
            Pattern::Packet(pattern) if outcome.ended == Ended::TimedOut => {
                too_late(pattern.packet_type, outcome, self.transcript, self.client)
            }
            _ => None,
        };
        let actual = match late {
            Some((event, words)) => {
                events.push(event);
                format!("{actual}; {words}")
            }
            None => actual,
        };
        self.miss(expectation, wrong, &events, actual);
        if let Some(found) = self.found.last_mut() {
            found.is_late = is_late;
        }
    }

    /// Returns the frame for which we ended the connection, so that nothing more was received.
    fn broken_frame(&self, outcome: &Outcome) -> Option<(EventIndex, Fault)> {
        let mut untaken = untaken(outcome, self.transcript, self.client).into_iter();
        untaken.find_map(|event| match self.transcript.events[event.0].what {
            What::Fault { fault, .. } => Some((event, fault)),
            _ => None,
        })
    }

    /// Returns the DISCONNECT with which the broker ended the connection, so that nothing more was received.
    fn parting(&self, outcome: &Outcome) -> Option<EventIndex> {
        if outcome.ended != Ended::Closed && outcome.ended != Ended::Reset {
            return None;
        }
        let mut untaken = untaken(outcome, self.transcript, self.client).into_iter();
        untaken.find(|event| {
            matches!(
                self.transcript.events[event.0].what,
                What::Received {
                    packet: Ok(Packet::Disconnect(_)),
                    ..
                }
            )
        })
    }

    /// Returns the packets that were received instead: those of the expected types that no alternative could take, or
    /// any packets if the connection should have been closed. They are part of this finding.
    fn instead(&self, pattern: &Pattern, outcome: &Outcome) -> Vec<EventIndex> {
        let mut instead = untaken(outcome, self.transcript, self.client);
        let alternatives = match pattern {
            Pattern::AnyOf(alternatives) => alternatives,
            Pattern::Closed { .. } => return instead,
            _ => return Vec::new(),
        };
        let mut types = Vec::new();
        for expectation in alternatives.iter().flatten() {
            match &expectation.pattern {
                Pattern::Packet(packet) => types.push(packet.packet_type),
                Pattern::Unordered(packets) => types.extend(packets.iter().map(|p| p.packet_type)),
                _ => {}
            }
        }
        instead.retain(|event| match &self.transcript.events[event.0].what {
            What::Received { frame, .. } => types.contains(&frame.packet_type()),
            _ => false,
        });
        instead
    }

    fn why_unfulfilled(&self, expectation: &Expectation, outcome: &Outcome) -> Vec<Wrong> {
        let inbox = self.inbox();
        let known = (self.client, &*self.memory);
        let counting: Counting<'_> = &|pattern, event| {
            let granted_less = self.granted_less;
            granted_less.counting_mismatches(pattern, event, known, self.excused)
        };
        match &expectation.pattern {
            Pattern::Unordered(patterns) => inbox.unordered(patterns, &outcome.taken, counting),
            Pattern::AnyOf(alternatives) => {
                let is_cut_off = matches!(outcome.ended, Ended::Closed | Ended::Reset);
                let cut_short = || inbox.cut_short(alternatives, counting);
                match is_cut_off.then(cut_short).flatten() {
                    Some(missing) => vec![missing],
                    None => inbox.any_of(alternatives, None, counting),
                }
            }
            Pattern::InOrder(inner) => inbox.in_order(inner, &outcome.taken, counting),
            _ => vec![inbox.absent(expectation)],
        }
    }

    /// Returns what is wrong with the first malformed packet among these. It is of an awaited type, so nothing is
    /// missing.
    fn malformed(&self, instead: &[EventIndex]) -> Option<Wrong> {
        instead
            .iter()
            .find_map(|event| undecoded(self.transcript, *event))
    }

    fn miss(
        &mut self,
        expectation: &Expectation,
        wrong: Vec<Wrong>,
        events: &[EventIndex],
        actual: String,
    ) {
        let expected = match &expectation.pattern {
            Pattern::AnyOf(alternatives) => alternatives
                .iter()
                .map(|sequence| {
                    let words: Vec<String> = sequence
                        .iter()
                        .map(|e| describe_expectation(e, self.version))
                        .collect();
                    words.join(", then ")
                })
                .collect(),
            _ => vec![describe_expectation(expectation, self.version)],
        };
        self.found.push(Judged {
            expected,
            actual,
            events: events.to_vec(),
            level: None,
            wrong,
            is_malformed: false,
            is_slow: false,
            is_late: false,
            fields: Vec::new(),
        });
    }

    fn inbox(&self) -> Inbox<'_> {
        Inbox {
            transcript: self.transcript,
            client: self.client,
            memory: self.memory,
            until: self.until,
        }
    }

    /// Judges one packet. All fields that are not as expected make one finding.
    fn packet(&mut self, pattern: &PacketPattern, event: EventIndex) {
        let what = &self.transcript.events[event.0].what;
        let What::Received {
            frame,
            packet,
            faults,
            topic,
            carried_in,
            ..
        } = what
        else {
            return;
        };
        let version = self.version;
        let expected = || vec![describe_pattern(pattern, version)];
        let errors = faults.iter().chain(packet.as_ref().err());
        self.found.extend(errors.map(|error| Judged {
            expected: expected(),
            actual: format!("received a malformed packet: {error}"),
            events: vec![event],
            level: None,
            wrong: vec![malformed(self.transcript, event, error)],
            is_malformed: true,
            is_slow: false,
            is_late: false,
            fields: Vec::new(),
        }));
        match packet {
            Err(_) => {}
            Ok(packet) => {
                let received = Received {
                    packet,
                    version,
                    size: frame.bytes().len(),
                    topic: topic.as_ref(),
                    carried_in: *carried_in,
                };
                let before = self.memory.clone();
                let mismatches = judge(pattern, &received, self.client, self.memory);
                self.memory.remember(self.client, packet);
                let known = (self.client, &*self.memory);
                let granted_less = self.granted_less;
                let mismatches =
                    granted_less.without_excused(pattern, event, known, mismatches, self.excused);
                if mismatches.is_empty() {
                    return;
                }
                let words: Vec<String> = mismatches.iter().map(Mismatch::describe).collect();
                let inbox = Inbox {
                    memory: &before,
                    ..self.inbox()
                };
                let mut wrong = inbox.differs_in(&mismatches, pattern, event);
                let is_missing = matches!(
                    wrong.as_slice(),
                    [Wrong::Event(
                        Event::Missing(_) | Event::NotResent | Event::NotRetained
                    )]
                );
                // The message that is due need not be received, so this one is what is wrong.
                if is_missing && granted_less.lets_lack(pattern, event, known) {
                    wrong = vec![inbox.surplus(event)];
                }
                self.found.push(Judged {
                    expected: expected(),
                    actual: format!("{} with {}", pattern.packet_type, words.join("; ")),
                    events: vec![event],
                    level: None,
                    wrong,
                    is_malformed: false,
                    is_slow: false,
                    is_late: false,
                    fields: mismatches.iter().map(|m| m.field.clone()).collect(),
                });
            }
        }
    }

    /// Judges an answer to an upgrade, or a control frame.
    fn websocket_event(
        &mut self,
        fields: &[FieldMatch],
        expectation: &Expectation,
        outcome: &Outcome,
    ) {
        for event in &outcome.taken {
            let Some(received) = websocket_event(&self.transcript.events[event.0].what) else {
                continue;
            };
            let mismatches =
                judge_websocket_event(fields, &received, self.version, self.client, self.memory);
            if !mismatches.is_empty() {
                let words: Vec<String> = mismatches.iter().map(Mismatch::describe).collect();
                let actual = format!(
                    "{}: {}",
                    describe_websocket_event(&received),
                    words.join("; ")
                );
                let wrong = vec![self.inbox().absent(expectation)];
                self.miss(expectation, wrong, &[*event], actual);
            }
        }
    }

    fn in_order(&mut self, expectations: &[Expectation], taken: &[EventIndex]) {
        let mut rest = taken.iter();
        for expectation in expectations {
            if let Pattern::Packet(pattern) = &expectation.pattern {
                let most = expectation.count.at_most.unwrap_or(u32::MAX);
                for event in rest
                    .by_ref()
                    .take(usize::try_from(most).unwrap_or(usize::MAX))
                {
                    let is_early = self.inbox().comes_later(pattern, *event);
                    let known = self.found.len();
                    self.packet(pattern, *event);
                    // Each of the packets is there, but in the place of another.
                    for judged in self.found[known..].iter_mut().filter(|_| is_early) {
                        judged.wrong = vec![Wrong::Aspect(Aspect::Order)];
                    }
                }
            } else {
                rest.next();
            }
        }
    }

    fn remember(&mut self, events: &[EventIndex]) {
        for event in events {
            if let What::Received {
                packet: Ok(packet), ..
            } = &self.transcript.events[event.0].what
            {
                self.memory.remember(self.client, packet);
            }
        }
    }

    fn closed(&mut self, how: Option<DropHow>, expectation: &Expectation, outcome: &Outcome) {
        let Some(how) = how else {
            return;
        };
        for event in &outcome.taken {
            let What::Closed(ending) = self.transcript.events[event.0].what else {
                continue;
            };
            let right = matches!(
                (how, ending),
                (DropHow::Reset, Ending::Reset) | (DropHow::Close, Ending::Close)
            );
            if !right {
                let wrong = vec![Wrong::Event(Event::StayedOpen)];
                let actual = describe_ending(ending).to_owned();
                self.miss(expectation, wrong, &[*event], actual);
            }
        }
    }

    /// Judges the alternative that was taken. It holds, except that a refusal may have another reason code.
    fn any_of(&mut self, alternatives: &[Vec<Expectation>], outcome: &Outcome) {
        self.remember(&outcome.taken);
        let taken = outcome.alternative.and_then(|n| alternatives.get(n));
        let mut before = 0;
        for expectation in taken.into_iter().flatten() {
            let events = outcome.taken.get(before..).unwrap_or_default();
            if let Pattern::Refused(refused) = &expectation.pattern {
                self.refused(refused, events);
                return;
            }
            let count = expectation.count.at_least as usize;
            if let Pattern::Packet(pattern) = &expectation.pattern {
                // The packet matches, or it would not have been taken. Judging it binds its names.
                let before = self.found.len();
                for event in events.iter().take(count) {
                    self.packet(pattern, *event);
                }
                self.found.truncate(before);
            }
            before += count;
        }
    }

    /// Describes which of these packets were not received, and the wrong fields of those that were.
    fn describe_unmatched(&self, patterns: &[PacketPattern], outcome: &Outcome) -> String {
        let known = (self.client, &*self.memory);
        let counting: Counting<'_> = &|pattern, event| {
            let granted_less = self.granted_less;
            granted_less.counting_mismatches(pattern, event, known, self.excused)
        };
        let unmatched = self.inbox().unmatched(patterns, &outcome.taken, counting);
        let is_missing = unmatched.iter().any(|(_, nearest)| nearest.is_none());
        let mut words: Vec<String> = unmatched
            .iter()
            .map(|(pattern, nearest)| match nearest {
                Some((event, mismatches)) => {
                    let fields: Vec<String> = mismatches.iter().map(Mismatch::describe).collect();
                    let packet = self.describe_received(&[*event]);
                    format!("{packet}: {}", fields.join("; "))
                }
                None => format!("no {}", describe_pattern(pattern, self.version)),
            })
            .collect();
        if is_missing || words.is_empty() {
            words.push(ending(outcome));
        }
        words.join("; ")
    }

    fn describe_received(&self, events: &[EventIndex]) -> String {
        describe_received(events, self.transcript)
    }
}

/// Returns a received WebSocket event, if this is one.
fn websocket_event(what: &What) -> Option<WebSocketEvent<'_>> {
    match what {
        What::Upgraded(answer) => Some(WebSocketEvent::Upgrade(answer)),
        What::Control(control) => Some(WebSocketEvent::Control(control)),
        _ => None,
    }
}
