//! Recognizes outcomes that only follow from something already reported. Such a step is not reached, and its clauses
//! are not blamed.

use mqtt_check_codec::{Packet, PacketType};

use super::Judging;
use crate::plan::PlannedStep;
use crate::scenario::model::{ClientIndex, Expectation, Pattern};
use crate::transcript::{Ended, EventIndex, Outcome, What};
use crate::verdict::Finding;
use crate::verdict::blame::{Aspect, Event, Wrong, is_late_connack};
use crate::verdict::expectation::Judged;
use crate::verdict::wording::{lane_at, untaken};

/// The clauses of both versions on when a silent client is disconnected.
const KEEP_ALIVE: [&str; 2] = ["MQTT-3.1.2-24", "MQTT-3.1.2-22"];

/// The clauses on how many messages may be unacknowledged.
const WINDOW: [&str; 2] = ["MQTT-3.3.4-9", "MQTT-4.9.0-2"];

impl Judging<'_> {
    /// Returns whether this wait shows only what has been reported already.
    pub(super) fn follows(
        &self,
        step: &PlannedStep,
        client: ClientIndex,
        of: &Expectation,
        outcome: &Outcome,
    ) -> bool {
        self.is_of_a_lost_session(client, of, outcome)
            || self.is_left_from_before(of, outcome)
            || self.is_sent_again(step, client, of, outcome)
            || self.keep_alive_ran_out(step, of, outcome)
            || self.is_behind_unreadable(client, of, outcome)
            || self.is_out_of_turn(client, outcome)
    }

    /// Returns whether a wait for messages timed out after a malformed packet that has been reported. That packet may be
    /// the message, or a server may wait for the end of its exchange before it sends more.
    fn is_behind_unreadable(
        &self,
        client: ClientIndex,
        of: &Expectation,
        outcome: &Outcome,
    ) -> bool {
        let is_free = |event: &EventIndex| {
            self.transcript.events[event.0].taken_by.is_none() || outcome.taken.contains(event)
        };
        let is_it = |event: &EventIndex| is_free(event) || self.leaves_open(*event);
        outcome.ended == Ended::TimedOut
            && is_of_delivery(of)
            && self
                .unreadable_before(client, outcome)
                .any(|event| is_it(&event))
    }

    /// Returns whether a connection ended after the client had acknowledged a message, but not the malformed one before
    /// it, which has been reported. A server may take this for a wrong order.
    fn is_out_of_turn(&self, client: ClientIndex, outcome: &Outcome) -> bool {
        let lane = lane_at(self.transcript, client, outcome.at);
        let is_acknowledged_behind = |unreadable: EventIndex| {
            let mut after = self.transcript.events[unreadable.0..].iter();
            after.any(|event| {
                Some(event.lane) == lane
                    && event.at <= outcome.at
                    && matches!(
                        event.what,
                        What::Sent {
                            packet: Some(Packet::PubAck(_) | Packet::PubRec(_)),
                            ..
                        }
                    )
            })
        };
        matches!(outcome.ended, Ended::Closed | Ended::Reset)
            && self
                .unreadable_before(client, outcome)
                .filter(|event| self.leaves_open(*event))
                .any(is_acknowledged_behind)
    }

    /// Returns the malformed PUBLISH and PUBREL packets that the client's session received before the end of this wait.
    /// The client could not answer them.
    fn unreadable_before(
        &self,
        client: ClientIndex,
        outcome: &Outcome,
    ) -> impl Iterator<Item = EventIndex> {
        let is_of_session = self.inbox_until(client, outcome.at).is_of_session();
        let until = outcome.at;
        self.reported.iter().copied().filter(move |event| {
            let event = &self.transcript.events[event.0];
            let is_it = match &event.what {
                What::Received {
                    frame,
                    packet: Err(_),
                    ..
                } => matches!(
                    frame.packet_type(),
                    PacketType::PUBLISH | PacketType::PUBREL
                ),
                _ => false,
            };
            is_it && event.at <= until && is_of_session(event.lane)
        })
    }

    /// Returns whether this packet calls for an answer: it is not a PUBLISH of QoS 0.
    fn leaves_open(&self, event: EventIndex) -> bool {
        let What::Received { frame, .. } = &self.transcript.events[event.0].what else {
            return false;
        };
        let has_qos = || frame.bytes().first().is_some_and(|first| first & 0x06 != 0);
        frame.packet_type() != PacketType::PUBLISH || has_qos()
    }

    /// Returns whether a wait for messages timed out because the server denied the session, which has been reported.
    fn is_of_a_lost_session(
        &self,
        client: ClientIndex,
        of: &Expectation,
        outcome: &Outcome,
    ) -> bool {
        let lane = lane_at(self.transcript, client, outcome.at);
        let is_lost = lane.is_some_and(|lane| self.without_session.contains(&lane));
        is_lost
            && outcome.ended == Ended::TimedOut
            && outcome.taken.is_empty()
            && is_of_delivery(of)
            && !self.inbox_until(client, outcome.at).has_subscribed()
    }

    /// Returns whether a step took only packets that the monitor has reported and that no step could be about: a second
    /// CONNACK, or malformed packets.
    fn is_left_from_before(&self, of: &Expectation, outcome: &Outcome) -> bool {
        let is_at_fault = match of.pattern {
            Pattern::Refused(_) => outcome.ended != Ended::Complete,
            Pattern::Silence { .. } => true,
            _ => false,
        };
        let is_stray = |event: &EventIndex| {
            self.reported.contains(event)
                && (self.is_malformed(*event) || is_late_connack(self.transcript, *event))
        };
        is_at_fault && !outcome.taken.is_empty() && outcome.taken.iter().all(is_stray)
    }

    /// Returns whether a possible answer to a choice was received but is malformed, which the monitor has reported.
    pub(super) fn is_unreadable(&self, client: ClientIndex, outcome: &Outcome) -> bool {
        let untaken = untaken(outcome, self.transcript, client);
        untaken.iter().any(|event| {
            self.reported.contains(event)
                && self.is_malformed(*event)
                && !is_late_connack(self.transcript, *event)
        })
    }

    fn is_malformed(&self, event: EventIndex) -> bool {
        match &self.transcript.events[event.0].what {
            What::Received { packet, faults, .. } => packet.is_err() || !faults.is_empty(),
            _ => false,
        }
    }

    /// Returns whether a step in a failed case took only messages that the client has not acknowledged and that are
    /// rightly sent again. If the step is about the window, messages that the monitor has reported as too many do not
    /// qualify.
    fn is_sent_again(
        &self,
        step: &PlannedStep,
        client: ClientIndex,
        of: &Expectation,
        outcome: &Outcome,
    ) -> bool {
        let inbox = self.inbox_until(client, outcome.at);
        let mut clauses = step.step.clauses.iter();
        let is_of_window = clauses.any(|id| WINDOW.contains(&id.as_str()));
        let is_it = |event: &EventIndex| match &of.pattern {
            _ if is_of_window && self.reported.contains(event) => false,
            Pattern::Silence { .. } => inbox.is_rightly_resent(*event),
            // The order within one topic still counts.
            Pattern::Packet(pattern) => {
                inbox.is_rightly_resent(*event) && inbox.is_of_other_topic(pattern, *event)
            }
            _ => false,
        };
        self.has_broken_a_must() && !outcome.taken.is_empty() && outcome.taken.iter().all(is_it)
    }

    /// Returns whether the Keep Alive of a client ran out during an earlier wait that timed out.
    fn keep_alive_ran_out(&self, step: &PlannedStep, of: &Expectation, outcome: &Outcome) -> bool {
        let mut clauses = step.step.clauses.iter();
        let is_about_it = clauses.any(|id| KEEP_ALIVE.contains(&id.as_str()));
        self.is_late
            && self.has_broken_a_must()
            && is_about_it
            && matches!(of.pattern, Pattern::Packet(_))
            && matches!(outcome.ended, Ended::Closed | Ended::Reset)
    }

    /// Returns whether the missing message was received earlier, which has been reported.
    pub(super) fn has_come_before(
        &self,
        client: ClientIndex,
        of: &Expectation,
        outcome: &Outcome,
        judged: &[Judged],
    ) -> bool {
        let Pattern::Packet(pattern) = &of.pattern else {
            return false;
        };
        let is_missing = |judged: &Judged| {
            let wrong = judged.wrong.as_slice();
            matches!(
                wrong,
                [Wrong::Event(Event::Missing(_) | Event::NotRetained)]
            )
        };
        let broken = self.findings.iter().filter(|f| f.breaks_a_must());
        let found: Vec<EventIndex> = broken.flat_map(|f| f.events.iter().copied()).collect();
        let is_reported =
            |event: EventIndex| self.reported.contains(&event) || found.contains(&event);
        outcome.ended == Ended::TimedOut
            && outcome.taken.is_empty()
            && !judged.is_empty()
            && judged.iter().all(is_missing)
            && self
                .inbox_until(client, outcome.at)
                .has_come(pattern)
                .any(is_reported)
    }

    /// Notes a connection whose CONNACK denies a session, if that was reported as a broken MUST.
    pub(super) fn note_lost_session(
        &mut self,
        client: ClientIndex,
        outcome: &Outcome,
        wrong: &[Wrong],
    ) {
        let is_reported = self.findings.last().is_some_and(Finding::breaks_a_must);
        if is_reported && wrong.contains(&Wrong::Aspect(Aspect::NotResumed)) {
            let lane = lane_at(self.transcript, client, outcome.at);
            self.without_session.extend(lane);
        }
    }
}

/// Returns whether only messages or their release are expected. Among alternatives, one such expectation is enough.
fn is_of_delivery(of: &Expectation) -> bool {
    let is_it =
        |packet_type: PacketType| matches!(packet_type, PacketType::PUBLISH | PacketType::PUBREL);
    match &of.pattern {
        Pattern::Packet(pattern) => is_it(pattern.packet_type),
        Pattern::Unordered(patterns) => patterns.iter().all(|p| is_it(p.packet_type)),
        Pattern::InOrder(sequence) => sequence.iter().all(is_of_delivery),
        Pattern::AnyOf(alternatives) => alternatives.iter().flatten().any(is_of_delivery),
        _ => false,
    }
}
