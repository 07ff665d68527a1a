//! Decides during a play whether a wait received what its step demands.

use mqtt_check_codec::Packet;

use super::field::{Received, WebSocketEvent};
use super::judge::{judge, judge_websocket_event};
use super::memory::Memory;
use super::refusal::refusal_faults;
use crate::scenario::model::{
    ClientIndex, DropHow, Expectation, FieldMatch, PacketPattern, Pattern,
};
use crate::transcript::{Ended, Ending, EventIndex, Outcome, Transcript, What};

/// Returns whether everything was received in time and as expected. The reason code of a refusal is ignored, because it
/// weighs less than closing the connection. `memory` holds the names bound before the wait.
pub fn is_met(
    expectation: &Expectation,
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
    memory: &Memory,
) -> bool {
    let at = |event: &EventIndex| transcript.events[event.0].at;
    let earliest = expectation.not_before.map(|span| outcome.since + span);
    let is_early = |event| earliest.is_some_and(|earliest| at(event) < earliest);
    if outcome.ended != Ended::Complete || outcome.taken.iter().any(is_early) {
        return false;
    }
    let mut met = Met {
        transcript,
        client,
        memory: memory.clone(),
    };
    match &expectation.pattern {
        Pattern::Packet(pattern) => met.packets(pattern, &outcome.taken),
        Pattern::Silence { .. } => outcome.taken.is_empty(),
        Pattern::Closed { how } => outcome.taken.iter().all(|e| met.closed(*how, *e)),
        Pattern::Refused(refused) => {
            let packets = outcome.taken.iter().filter_map(|e| met.packet(*e));
            let mut faults = refusal_faults(refused, packets).into_iter();
            faults.all(|fault| fault.is_of_code())
        }
        Pattern::Upgrade(fields) => met.websocket_event(fields, &outcome.taken),
        Pattern::Frame(pattern) => met.websocket_event(&pattern.fields, &outcome.taken),
        Pattern::InOrder(inner) => met.in_order(inner, &outcome.taken),
        // These take only packets that match in every field.
        Pattern::Unordered(_) | Pattern::AnyOf(_) => true,
    }
}

struct Met<'a> {
    transcript: &'a Transcript,
    client: ClientIndex,
    memory: Memory,
}

impl<'a> Met<'a> {
    fn packet(&self, event: EventIndex) -> Option<&'a Packet> {
        Received::at(self.transcript, event).map(|received| received.packet)
    }

    fn packets(&mut self, pattern: &PacketPattern, taken: &[EventIndex]) -> bool {
        taken.iter().all(|event| {
            let Some(received) = Received::at(self.transcript, *event) else {
                return false;
            };
            let is_right = judge(pattern, &received, self.client, &mut self.memory).is_empty();
            self.memory.remember(self.client, received.packet);
            is_right
        })
    }

    fn in_order(&mut self, expectations: &[Expectation], taken: &[EventIndex]) -> bool {
        let mut rest = taken;
        expectations.iter().all(|expectation| {
            let Pattern::Packet(pattern) = &expectation.pattern else {
                rest = rest.get(1..).unwrap_or_default();
                return true;
            };
            let most = expectation.count.at_most.unwrap_or(u32::MAX) as usize;
            let (these, after) = rest.split_at(most.min(rest.len()));
            rest = after;
            self.packets(pattern, these)
        })
    }

    fn closed(&self, how: Option<DropHow>, event: EventIndex) -> bool {
        match (how, &self.transcript.events[event.0].what) {
            (Some(DropHow::Reset), What::Closed(ending)) => *ending == Ending::Reset,
            (Some(DropHow::Close), What::Closed(ending)) => *ending == Ending::Close,
            (Some(DropHow::HalfClose), _) => false,
            _ => true,
        }
    }

    fn websocket_event(&mut self, fields: &[FieldMatch], taken: &[EventIndex]) -> bool {
        taken.iter().all(|event| {
            let event = &self.transcript.events[event.0];
            let received = match &event.what {
                What::Upgraded(answer) => WebSocketEvent::Upgrade(answer),
                What::Control(control) => WebSocketEvent::Control(control),
                _ => return true,
            };
            let version = self.transcript.lanes[event.lane.0].version;
            let memory = &mut self.memory;
            judge_websocket_event(fields, &received, version, self.client, memory).is_empty()
        })
    }
}
