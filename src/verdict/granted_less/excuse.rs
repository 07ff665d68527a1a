//! Decides whether a finding depends on a lesser grant. It does if
//! - the packet would have been right if the server had granted what was requested: [`super::instead`];
//! - the missing packet is a message of a refused subscription, a message that was not allowed, one of QoS 0 that would
//!   have had to wait, or a PUBREL of a message with a lowered QoS;
//! - the connection has diverged: the client answered a lowered message as if it were not lowered, or resumed a session
//!   that may have ended. The answers that the broker owes an open connection in any case, it owes here too;
//! - it is about the Will of a session that ended at another time.

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType};

use super::excused::{Excuse, Excused};
use super::given::{Grant, LesserGrant};
use super::needless::{Wanted, payload_of, topic_of};
use super::waiting::Waiting;
use super::{GrantedLess, received};
use crate::matcher::{Memory, Mismatch, Received, holds, judge};
use crate::scenario::model::{ClientIndex, Expectation, PacketPattern};
use crate::transcript::{EventIndex, NotReached, Outcome, What};

/// Fields of a message that depend on the subscriptions that match it.
const OF_SUBSCRIPTION: &[&str] = &[
    "qos",
    "packet_id",
    "dup",
    "retain",
    "subscription_identifier",
];

impl GrantedLess<'_> {
    /// Returns the mismatches of a packet with this pattern that do not depend on a lesser grant.
    pub(in crate::verdict) fn counting_mismatches(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        excused: &Excused,
    ) -> Vec<Mismatch> {
        let Some(received) = Received::at(self.transcript, event) else {
            return Vec::new();
        };
        let mismatches = judge(pattern, &received, client, &mut memory.clone());
        let known = (client, memory);
        self.without_excused(pattern, event, known, mismatches, &mut excused.clone())
    }

    /// Removes the mismatches that depend on a lesser grant, and returns the others.
    pub(in crate::verdict) fn without_excused(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        mut mismatches: Vec<Mismatch>,
        excused: &mut Excused,
    ) -> Vec<Mismatch> {
        if self.is_empty() || mismatches.is_empty() {
            return mismatches;
        }
        let mut excuse = None;
        for instead in self.instead(event) {
            let mut memory = memory.clone();
            let Some(received) = self.as_received(event, &instead.packet) else {
                continue;
            };
            let wrong = judge(pattern, &received, client, &mut memory);
            let still: Vec<Mismatch> = mismatches
                .iter()
                .filter(|m| wrong.iter().any(|w| w.field == m.field))
                .cloned()
                .collect();
            if still.len() < mismatches.len() {
                mismatches = still;
                excuse = excuse.or(Some(instead.grant));
            }
        }
        // A refusal states its own reason, so its code need not be the expected one.
        let own = self
            .lesser_grants
            .iter()
            .position(|grant| grant.at == event && grant.is_refusal());
        if let Some(grant) = own {
            let before = mismatches.len();
            mismatches.retain(|m| !matches!(m.field.as_str(), "reason" | "reasons"));
            excuse = excuse.or((mismatches.len() < before).then_some(grant));
        }
        // A message that nothing holds back has not waited, so its expiry interval has not decreased.
        if let Some(grant) = self.not_held_back(event) {
            let before = mismatches.len();
            mismatches.retain(|m| m.field != "message_expiry_interval");
            excuse = excuse.or((mismatches.len() < before).then_some(grant));
        }
        // Another subscription that matches, but was refused, would have affected these fields.
        let refused = self.transcript.topic(event).and_then(|topic| {
            let lane = self.transcript.events[event.0].lane;
            self.refused(lane, event, Some(topic))
        });
        if let Some(grant) = refused {
            let before = mismatches.len();
            mismatches.retain(|m| !OF_SUBSCRIPTION.contains(&m.field.as_str()));
            excuse = excuse.or((mismatches.len() < before).then_some(grant));
        }
        if let Some(grant) = excuse {
            self.excuse(Some((grant, vec![event])), excused);
        }
        if !mismatches.is_empty()
            && pattern.packet_type == PacketType::PUBLISH
            && self.excuse(
                self.of_another(pattern, event, (client, memory), excused),
                excused,
            )
        {
            mismatches.clear();
        }
        self.without_granted_to_due_topic(pattern, event, (client, memory), mismatches)
    }

    /// Removes the mismatches that depend on a lesser grant in a message with a wrong topic. The topic that is due
    /// decides which grants apply to it. The topic itself still counts.
    fn without_granted_to_due_topic(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        mut mismatches: Vec<Mismatch>,
    ) -> Vec<Mismatch> {
        let is_of_topic = |mismatch: &Mismatch| mismatch.field == "topic";
        if !mismatches.iter().any(is_of_topic) {
            return mismatches;
        }
        let happened = &self.transcript.events[event.0];
        let Some(due) = topic_of(pattern, client, memory) else {
            return mismatches;
        };
        let Some(Packet::Publish(publish)) = received(&happened.what) else {
            return mismatches;
        };
        for instead in self.publish_instead(event, publish, Some(&due)) {
            // The monitor cannot report a QoS above the grant, because no filter matches the wrong topic.
            if self.lesser_grants[instead.grant].is_exceeded_by(publish.qos.as_u8()) {
                continue;
            }
            let Some(received) = self.as_received(event, &instead.packet) else {
                continue;
            };
            let wrong = judge(pattern, &received, client, &mut memory.clone());
            mismatches.retain(|m| wrong.iter().any(|w| w.field == m.field));
        }
        if self.refused(happened.lane, event, Some(&due)).is_some() {
            mismatches.retain(|m| !OF_SUBSCRIPTION.contains(&m.field.as_str()));
        }
        mismatches
    }

    /// Excuses a step that took this message in place of the one that it waited for. Either that one never had to be
    /// sent, or the message that was taken belongs to an earlier expectation that was excused.
    fn of_another(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        excused: &Excused,
    ) -> Excuse {
        if let Some(grant) = excused.events.get(&event) {
            let all = (event.0 + 1..self.transcript.events.len()).map(EventIndex);
            let right = all.into_iter().find(|other| {
                let Some(packet) = self.untaken(*other, excused) else {
                    return false;
                };
                let is_it = |packet: &Packet| {
                    self.as_received(*other, packet)
                        .is_some_and(|r| holds(pattern, &r, client, memory).is_some())
                };
                is_it(packet) || self.instead(*other).iter().any(|form| is_it(&form.packet))
            });
            if let Some(right) = right {
                return Some((*grant, vec![event, right]));
            }
        }
        let happened = &self.transcript.events[event.0];
        // The server does not understand the client's answer to the message, so it sends the message again.
        if let Some(grant) = self.diverged(happened.lane, happened.at)
            && let Some(Packet::Publish(publish)) = received(&happened.what)
            && let Some(topic) = self.transcript.topic(event)
            && self.same_before(event, topic, publish).next().is_some()
        {
            return Some((grant, vec![event]));
        }
        let wanted = Wanted {
            lane: happened.lane,
            before: event,
            at: happened.at,
            topic: topic_of(pattern, client, memory),
            payload: payload_of(pattern, client, memory),
        };
        let grant = self.needless(&wanted)?;
        Some((grant, vec![event]))
    }

    /// Returns whether the message that was due when another one was received need not be received at all. The server
    /// may state the reason later.
    pub(in crate::verdict) fn lets_lack(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
    ) -> bool {
        let happened = &self.transcript.events[event.0];
        let wanted = || Wanted {
            lane: happened.lane,
            before: EventIndex(self.transcript.events.len()),
            at: happened.at,
            topic: topic_of(pattern, client, memory),
            payload: payload_of(pattern, client, memory),
        };
        !self.is_empty() && self.needless(&wanted()).is_some()
    }

    /// Returns a received packet if no step had taken it when the current step was played.
    pub(super) fn untaken(&self, event: EventIndex, excused: &Excused) -> Option<&Packet> {
        let happened = &self.transcript.events[event.0];
        let is_free = match happened.taken_by {
            None => true,
            Some(step) => {
                step > excused.step
                    || excused.events.contains_key(&event)
                    || self.choices.contains(&step)
            }
        };
        received(&happened.what).filter(|_| is_free)
    }

    /// Returns whether an expectation that was not fulfilled depends on a lesser grant. If so, excuses it.
    pub(in crate::verdict) fn excuses(
        &self,
        expectation: &Expectation,
        outcome: &Outcome,
        (client, memory): (ClientIndex, &Memory),
        excused: &mut Excused,
    ) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(lane) = self.lane_of(client, outcome.at) else {
            return false;
        };
        let waiting = Waiting {
            granted_less: self,
            excused: &*excused,
            lane,
            client,
            outcome,
            memory,
        };
        let found = waiting.excuse(&expectation.pattern);
        self.excuse(found, excused)
    }

    fn excuse(&self, found: Excuse, excused: &mut Excused) -> bool {
        let Some((grant, events)) = found else {
            return false;
        };
        let why = self.why(grant);
        if !excused.why.iter().any(|w| w == why) {
            excused.why.push(why.to_owned());
        }
        let events = events.into_iter().map(|event| (event, grant));
        excused.events.extend(events);
        true
    }

    /// Returns whether an event that no step took depends on a lesser grant. If so, excuses it.
    pub(in crate::verdict) fn excuses_event(
        &self,
        event: EventIndex,
        excused: &mut Excused,
    ) -> bool {
        if self.is_empty() {
            return false;
        }
        if excused.events.contains_key(&event) {
            return true;
        }
        let happened = &self.transcript.events[event.0];
        let is_owed = match &happened.what {
            What::Received { frame, .. } => !matches!(
                frame.packet_type(),
                PacketType::PUBLISH
                    | PacketType::PUBREL
                    | PacketType::PUBCOMP
                    | PacketType::DISCONNECT
            ),
            What::Closed(_) => false,
            _ => true,
        };
        let diverged = self
            .diverged(happened.lane, happened.at)
            .filter(|_| !is_owed);
        // The client lacked a value and sent no CONNECT, so the first packet was another one.
        let connection = self.connection(happened.lane);
        let stuck = excused.stuck.get(&connection.client).copied();
        let unconnected = stuck.filter(|_| !is_owed && connection.connect.is_none());
        let is_own = |grant: &LesserGrant| grant.at == event && !grant.is_unread();
        let own = || self.lesser_grants.iter().position(is_own);
        let grant = diverged
            .or(unconnected)
            .or_else(own)
            .or_else(|| self.of_will(self.transcript.topic(event)?, happened.at))
            .or_else(|| self.not_held_back(event))
            .or_else(|| self.may_pass_on(event));
        self.excuse(grant.map(|grant| (grant, vec![event])), excused)
    }

    /// Returns whether an event that was too early depends on a lesser grant. If so, excuses it.
    pub(in crate::verdict) fn excuses_early(
        &self,
        event: EventIndex,
        excused: &mut Excused,
    ) -> bool {
        !self.is_empty()
            && matches!(
                self.transcript.events[event.0].what,
                What::Received { .. } | What::Closed(_)
            )
            && self.excuses_event(event, excused)
    }

    /// Returns whether a step could not be played because of a lesser grant. If so, excuses it.
    pub(in crate::verdict) fn excuses_absence(
        &self,
        client: Option<ClientIndex>,
        at: Duration,
        why: &NotReached,
        excused: &mut Excused,
    ) -> bool {
        if self.is_empty() {
            return false;
        }
        let grant = match why {
            NotReached::Unreachable(_) => None,
            // The step needs something from a message that was received in another form, or not at all.
            NotReached::Because(_) | NotReached::Lost(_) => {
                let is_stuck = client.is_some_and(|client| excused.stuck.contains_key(&client));
                // A client that the server refused was granted nothing, so the step does not depend on a grant. A
                // client whose CONNECT could not be built was not refused.
                let is_unaccepted = client
                    .and_then(|client| self.lane_of(client, at))
                    .is_some_and(|lane| self.connection(lane).is_refused && self.is_used(lane));
                let is_so = (!is_unaccepted || is_stuck)
                    && (!excused.why.is_empty() || self.has_subscription());
                let grant = is_so.then_some(0);
                excused.stuck.extend(client.zip(grant));
                grant
            }
            NotReached::BrokerEnded => client
                .and_then(|client| self.lane_of(client, at))
                .and_then(|lane| self.diverged(lane, at)),
        };
        self.excuse(grant.map(|grant| (grant, Vec::new())), excused)
    }

    fn has_subscription(&self) -> bool {
        let mut grants = self.lesser_grants.iter();
        grants.any(|grant| matches!(grant.what, Grant::Subscription { .. }))
    }

    /// Excuses hook events that differ because of this lesser grant, if there is one.
    pub(in crate::verdict) fn excuses_hooks(
        &self,
        depends_on: Option<usize>,
        excused: &mut Excused,
    ) -> bool {
        self.excuse(depends_on.map(|grant| (grant, Vec::new())), excused)
    }

    /// Returns the packet of this event as if it were `packet`.
    pub(super) fn as_received<'p>(
        &'p self,
        event: EventIndex,
        packet: &'p Packet,
    ) -> Option<Received<'p>> {
        let received = Received::at(self.transcript, event)?;
        Some(Received { packet, ..received })
    }
}
