//! Decides whether an unfulfilled wait depends on a lesser grant.

use std::collections::BTreeSet;

use mqtt_check_codec::{Packet, PacketType, Publish, QoS};

use super::excused::{Excuse, Excused};
use super::needless::{Wanted, payload_of, topic_of};
use super::{GrantedLess, received, sent};
use crate::matcher::{Memory, holds};
use crate::scenario::model::{ClientIndex, Expectation, PacketPattern, Pattern};
use crate::transcript::{Ended, EventIndex, LaneIndex, Outcome};

/// An unfulfilled wait.
pub(super) struct Waiting<'a> {
    pub(super) granted_less: &'a GrantedLess<'a>,
    pub(super) excused: &'a Excused,
    pub(super) lane: LaneIndex,
    pub(super) client: ClientIndex,
    pub(super) outcome: &'a Outcome,
    pub(super) memory: &'a Memory,
}

impl Waiting<'_> {
    pub(super) fn excuse(&self, pattern: &Pattern) -> Excuse {
        match pattern {
            Pattern::Packet(pattern) => self.packets(&[pattern]),
            Pattern::Unordered(patterns) => self.packets(&patterns.iter().collect::<Vec<_>>()),
            Pattern::InOrder(sequence) => self.sequence(sequence),
            Pattern::AnyOf(alternatives) => alternatives.iter().find_map(|s| self.sequence(s)),
            Pattern::Silence { .. } => self.broken_silence(),
            Pattern::Closed { .. } | Pattern::Refused(_) => {
                let refused_message =
                    || self.granted_less.refused_message(self.lane, self.before());
                self.diverged()
                    .or_else(refused_message)
                    .map(|grant| (grant, Vec::new()))
            }
            Pattern::Upgrade(_) | Pattern::Frame(_) => None,
        }
    }

    /// Returns the lesser grant by which the connection diverged or that left the client stuck, if any.
    fn diverged(&self) -> Option<usize> {
        let grant = self.granted_less.diverged(self.lane, self.outcome.at);
        grant.or_else(|| self.excused.stuck.get(&self.client).copied())
    }

    fn sequence(&self, sequence: &[Expectation]) -> Excuse {
        let patterns: Option<Vec<&PacketPattern>> = sequence
            .iter()
            .map(|expectation| match &expectation.pattern {
                Pattern::Packet(pattern) => Some(pattern),
                _ => None,
            })
            .collect();
        match patterns {
            Some(patterns) => self.packets(&patterns),
            None => sequence.iter().find_map(|e| self.excuse(&e.pattern)),
        }
    }

    /// Returns the first event after the wait was over.
    fn before(&self) -> EventIndex {
        let events = &self.granted_less.transcript.events;
        EventIndex(events.partition_point(|event| event.at <= self.outcome.at))
    }

    /// Excuses the wait if each of these packets was received or is excused, and at least one is excused.
    fn packets(&self, patterns: &[&PacketPattern]) -> Excuse {
        let mut offers = self.offers();
        let mut grant = None;
        let mut events = Vec::new();
        let mut missing = Vec::new();
        for pattern in patterns {
            let here = offers.iter().position(|event| {
                let packet = received(&self.granted_less.transcript.events[event.0].what);
                packet.is_some_and(|packet| self.holds(pattern, *event, packet))
            });
            match here {
                Some(place) => {
                    let event = offers.remove(place);
                    grant = grant.or(self.excused.events.get(&event).copied());
                    events.push(event);
                }
                None => missing.push(*pattern),
            }
        }
        // All were received, so the row should have been longer: another packet like the last is missing.
        if missing.is_empty() && grant.is_none() {
            missing.extend(patterns.last());
        }
        for pattern in missing {
            let (by, event) = self.missing(pattern, &offers)?;
            offers.retain(|offer| Some(*offer) != event);
            grant = grant.or(Some(by));
            events.extend(event);
        }
        grant.map(|grant| (grant, events))
    }

    /// Returns what the connection had received and no other step had taken.
    fn offers(&self) -> Vec<EventIndex> {
        (0..self.before().0)
            .map(EventIndex)
            .filter(|index| {
                let is_here = self.granted_less.transcript.events[index.0].lane == self.lane;
                let is_own = self.outcome.taken.contains(index);
                let untaken = || self.granted_less.untaken(*index, self.excused).is_some();
                is_here && (is_own || untaken())
            })
            .collect()
    }

    fn holds(&self, pattern: &PacketPattern, event: EventIndex, packet: &Packet) -> bool {
        self.granted_less
            .as_received(event, packet)
            .is_some_and(|received| holds(pattern, &received, self.client, self.memory).is_some())
    }

    /// Returns the lesser grant that explains why a packet is missing, and the packet that was received in another
    /// form, if any.
    fn missing(
        &self,
        pattern: &PacketPattern,
        offers: &[EventIndex],
    ) -> Option<(usize, Option<EventIndex>)> {
        let found = offers.iter().find_map(|event| {
            let mut forms = self.granted_less.instead(*event).into_iter();
            let form = forms.find(|form| self.holds(pattern, *event, &form.packet))?;
            Some((form.grant, Some(*event)))
        });
        if found.is_some() {
            return found;
        }
        let grant = match pattern.packet_type {
            PacketType::PUBLISH => self.message(pattern),
            PacketType::PUBREL => self.release(),
            PacketType::PUBCOMP => {
                let stuck = self.excused.stuck.get(&self.client).copied();
                stuck.or_else(|| self.granted_less.refused_message(self.lane, self.before()))
            }
            _ => None,
        };
        // A server must answer as long as there is a connection to answer on, regardless of what it granted.
        let is_owed = !matches!(
            pattern.packet_type,
            PacketType::PUBLISH | PacketType::PUBREL | PacketType::DISCONNECT
        );
        let diverged = || {
            let grant = self.diverged();
            grant.filter(|_| !is_owed || self.outcome.ended != Ended::TimedOut)
        };
        grant.or_else(diverged).map(|grant| (grant, None))
    }

    /// Returns the lesser grant that explains why a message was not received in any form.
    fn message(&self, pattern: &PacketPattern) -> Option<usize> {
        let needless = self.granted_less.needless(&Wanted {
            lane: self.lane,
            before: self.before(),
            at: self.outcome.at,
            topic: topic_of(pattern, self.client, self.memory),
            payload: payload_of(pattern, self.client, self.memory),
        });
        needless.or_else(|| self.settled(pattern))
    }

    /// Returns the lesser grant that explains why a message is not sent again. It would be if it had QoS 2, but at QoS
    /// 1 the client's PUBACK has settled it. A packet received during this wait is not the former copy.
    fn settled(&self, pattern: &PacketPattern) -> Option<usize> {
        let granted_less = self.granted_less;
        let client_key = granted_less.connection(self.lane).client_key;
        let mut all = (0..self.before().0).map(EventIndex);
        all.find_map(|event| {
            let happened = &granted_less.transcript.events[event.0];
            let Some(Packet::Publish(publish)) = received(&happened.what) else {
                return None;
            };
            let is_former = happened.taken_by.is_some_and(|by| by < self.excused.step)
                || self.excused.events.contains_key(&event);
            if !is_former {
                return None;
            }
            let id = publish
                .packet_id
                .filter(|_| publish.qos == QoS::AtLeastOnce)?;
            if granted_less.connection(happened.lane).client_key != client_key {
                return None;
            }
            let mut after = granted_less.transcript.events[event.0..self.before().0].iter();
            let is_settled = after.any(|later| {
                let is_here = later.lane == happened.lane;
                is_here
                    && matches!(sent(&later.what), Some(Packet::PubAck(ack)) if ack.packet_id == id)
            });
            let forms = granted_less.instead(event).into_iter();
            let mut forms = forms.filter(|_| is_settled);
            forms.find_map(|form| {
                let Packet::Publish(of) = form.packet else {
                    return None;
                };
                let again = Packet::Publish(Publish { dup: true, ..of });
                self.holds(pattern, event, &again).then_some(form.grant)
            })
        })
    }

    /// Returns the lesser grant that explains why there is no PUBREL: no message of QoS 2 is in flight. If messages
    /// were received, each with the QoS that it would have had anyway, the grant is not the reason.
    fn release(&self) -> Option<usize> {
        let granted_less = self.granted_less;
        let mut grants = granted_less.given_to(self.lane, self.before());
        let (grant, _) = grants.find(|(_, grant)| grant.is_lower())?;
        let client_key = granted_less.connection(self.lane).client_key;
        let mut under_way = BTreeSet::new();
        let (mut has_come, mut is_lowered) = (false, false);
        for (index, event) in granted_less.transcript.events[..self.before().0]
            .iter()
            .enumerate()
        {
            if granted_less.connection(event.lane).client_key != client_key {
                continue;
            }
            if let Some(Packet::Publish(publish)) = received(&event.what) {
                has_come = true;
                is_lowered |= !granted_less.instead(EventIndex(index)).is_empty();
                if publish.qos == QoS::ExactlyOnce {
                    under_way.extend(publish.packet_id);
                }
            }
            if let Some(Packet::PubComp(ack)) = sent(&event.what) {
                under_way.remove(&ack.packet_id);
            }
        }
        let is_granted = has_come && !is_lowered;
        (under_way.is_empty() && !is_granted).then_some(grant)
    }

    /// Excuses messages that were received although something should have held them back.
    fn broken_silence(&self) -> Excuse {
        let mut grant = None;
        for event in &self.outcome.taken {
            let happened = &self.granted_less.transcript.events[event.0];
            let diverged = self.granted_less.diverged(self.lane, happened.at);
            let of_will = || {
                let topic = self.granted_less.transcript.topic(*event)?;
                self.granted_less.of_will(topic, happened.at)
            };
            let found = diverged
                .or_else(of_will)
                .or_else(|| self.granted_less.not_held_back(*event))
                .or_else(|| self.granted_less.may_pass_on(*event))?;
            grant = grant.or(Some(found));
        }
        grant.map(|grant| (grant, self.outcome.taken.clone()))
    }
}
