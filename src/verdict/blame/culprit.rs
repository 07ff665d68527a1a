//! Finds out what is wrong when a packet is missing or another one was received: the packet was lost, is out of order,
//! was sent again, or has a wrong field.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use mqtt_check_codec::{Packet, PacketType, QoS};

use super::inbox::Inbox;
use super::{Aspect, Event, Wrong, field};
use crate::matcher::{Mismatch, Received, judge};
use crate::scenario::model::{Expectation, PacketPattern, Pattern};
use crate::transcript::{EventIndex, LaneIndex, What};

/// Returns whether a message has no Packet Identifier because it has QoS 0. Its QoS is a mismatch of its own.
fn lacks_id_by_qos(packet: &Received<'_>, mismatches: &[Mismatch]) -> bool {
    matches!(packet.packet, Packet::Publish(publish) if publish.qos == QoS::AtMostOnce)
        && mismatches.iter().any(|mismatch| mismatch.field == "qos")
}

impl Inbox<'_> {
    /// Returns whether the packet that the pattern is about was received after this one on the same connection.
    pub(in crate::verdict) fn comes_later(
        self,
        pattern: &PacketPattern,
        event: EventIndex,
    ) -> bool {
        self.has_later(pattern, event, |packet| self.fits(pattern, packet))
    }

    /// Returns whether such a packet was received after this one on the same connection. Always false for packet types
    /// that no clause on order covers.
    pub(super) fn has_later(
        self,
        pattern: &PacketPattern,
        event: EventIndex,
        is_it: impl Fn(&Received<'_>) -> bool,
    ) -> bool {
        let lane = self.transcript.events[event.0].lane;
        let is_ordered = matches!(
            pattern.packet_type,
            PacketType::PUBLISH | PacketType::PUBREL
        );
        let mut packets = self.packets();
        is_ordered
            && packets
                .any(|(other, its, packet)| its == lane && other.0 > event.0 && is_it(&packet))
    }

    /// Returns whether this packet is a message with another topic than the pattern's.
    pub(in crate::verdict) fn is_of_other_topic(
        self,
        pattern: &PacketPattern,
        event: EventIndex,
    ) -> bool {
        let packet = Received::at(self.transcript, event);
        packet.is_some_and(|packet| !self.fits_in(&["topic"], pattern, &packet))
    }

    /// Returns what is wrong if a packet like this is missing.
    pub(in crate::verdict) fn missing(self, pattern: &PacketPattern) -> Wrong {
        let present = self.present();
        let was_there = |(_, lane, packet): &(EventIndex, LaneIndex, Received<'_>)| {
            Some(*lane) < present && self.is_message(pattern, packet)
        };
        let earlier = self.packets_of_session().filter(was_there);
        let last = earlier.map(|(event, ..)| event).last();
        let was_resent = || {
            let mut here = self.packets().filter(|(_, lane, _)| Some(*lane) == present);
            here.any(|(.., packet)| self.is_message(pattern, &packet))
        };
        Wrong::Event(match pattern.packet_type {
            PacketType::PUBLISH if self.is_retained(pattern, last) => Event::NotRetained,
            PacketType::PUBLISH if last.is_some() && !was_resent() => Event::NotResent,
            packet_type => Event::Missing(packet_type),
        })
    }

    /// Returns what is wrong with a packet that does not match this pattern. Only mismatches that count against the
    /// server are considered. A field in which the server merely granted less is excused and breaks no clause.
    pub(in crate::verdict) fn differs_in(
        self,
        counting: &[Mismatch],
        pattern: &PacketPattern,
        event: EventIndex,
    ) -> Vec<Wrong> {
        let counts = |mismatch: &&Mismatch| counting.iter().any(|s| s.field == mismatch.field);
        let Some(packet) = Received::at(self.transcript, event) else {
            return vec![self.missing(pattern)];
        };
        if let Packet::Publish(_) = packet.packet
            && self.is_other_message(pattern, &packet)
        {
            return vec![self.instead(pattern, event)];
        }
        let mut memory = self.memory.clone();
        let mismatches = judge(pattern, &packet, self.client, &mut memory);
        let lane = self.transcript.events[event.0].lane;
        let is_clean_start = self.starts_clean(lane);
        mismatches
            .iter()
            .filter(counts)
            // A message of QoS 0 has no identifier. Its QoS is what is wrong.
            .filter(|mismatch| {
                mismatch.field != "packet_id" || !lacks_id_by_qos(&packet, &mismatches)
            })
            .map(|mismatch| {
                let mut fields = pattern.fields.iter();
                let expected = fields.find(|field| field.name == mismatch.field);
                field(packet.packet, expected, mismatch, is_clean_start)
            })
            .collect()
    }

    /// Returns whether this is not the message that the pattern is about. Only the payload identifies a message.
    pub(super) fn is_other_message(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        !self.fits_in(&["payload"], pattern, packet)
    }

    /// Returns what is wrong if another message was received where this one was due: it was sent again, is out of
    /// order, or replaces a lost one.
    fn instead(self, pattern: &PacketPattern, event: EventIndex) -> Wrong {
        let lane = self.transcript.events[event.0].lane;
        let here = || self.packets().filter(|(_, other, _)| *other == lane);
        let packet = Received::at(self.transcript, event);
        if let Some(Packet::Publish(publish)) = packet.map(|packet| packet.packet)
            && let Some(again) = self.repeated(publish, event)
        {
            return again;
        }
        if let Some(obsolete) = self.obsolete(event) {
            return obsolete;
        }
        let order = self.order_of_publication(pattern, event);
        let mut due =
            here().filter(|(other, _, packet)| *other != event && self.is_message(pattern, packet));
        if let Some((due, ..)) = due.next() {
            return match (due < event, order) {
                _ if self.was_overtaken(event) => Wrong::Aspect(Aspect::Order),
                // An older message that should no longer have been received.
                (false, Some(Ordering::Less)) => self.stale(event),
                (false, _) => Wrong::Aspect(Aspect::Order),
                // The two messages have changed places.
                (true, Some(Ordering::Less)) => Wrong::Aspect(Aspect::Order),
                (true, Some(Ordering::Greater)) if self.has_overtaken(event) => {
                    Wrong::Aspect(Aspect::Order)
                }
                // Everything received is in order, so a message is missing.
                (true, _) => self.missing(pattern),
            };
        }
        // A later connection of the session received it, after a message that was published later.
        let mut later = self
            .packets_of_session()
            .filter(|(other, ..)| *other > event);
        if order == Some(Ordering::Greater)
            && later.any(|(_, _, packet)| self.is_message(pattern, &packet))
        {
            return Wrong::Aspect(Aspect::Order);
        }
        // What should have come between the two was received later, so this message is too early.
        if order == Some(Ordering::Greater) && self.has_overtaken(event) {
            return Wrong::Aspect(Aspect::Order);
        }
        if self.was_sent(pattern, event) {
            return self.missing(pattern);
        }
        Wrong::Event(Event::Field(PacketType::PUBLISH))
    }

    /// Returns whether the received message was published before or after the message that is due.
    fn order_of_publication(self, pattern: &PacketPattern, event: EventIndex) -> Option<Ordering> {
        let due = self.publication_of_due(pattern)?;
        Some(self.publication_of(event)?.cmp(&due))
    }

    /// Returns whether another message of the same topic, received later on the same connection, was overtaken.
    fn has_overtaken(self, event: EventIndex) -> bool {
        let lane = self.transcript.events[event.0].lane;
        let topic = self.transcript.topic(event);
        let mut later = self.packets().filter(|(other, its, packet)| {
            *other > event
                && *its == lane
                && self.transcript.topic(*other) == topic
                && matches!(packet.packet, Packet::Publish(publish) if !publish.dup)
        });
        let published = self.publication_of(event);
        later.any(|(other, ..)| {
            let earlier = self.publication_of(other);
            earlier.is_some() && earlier < published && self.is_first(other)
        })
    }

    /// Returns whether the client has not received the same payload before.
    fn is_first(self, event: EventIndex) -> bool {
        let payload = |packet: &Packet| match packet {
            Packet::Publish(publish) => Some(publish.payload.clone()),
            _ => None,
        };
        let its = Received::at(self.transcript, event).and_then(|its| payload(its.packet));
        let mut before = self
            .packets_of_session()
            .filter(|(other, ..)| *other < event);
        !before.any(|(_, _, packet)| payload(packet.packet) == its)
    }

    /// Returns whether a message of the same topic that was published later was received earlier on the same
    /// connection.
    fn was_overtaken(self, event: EventIndex) -> bool {
        let Some(published) = self.publication_of(event) else {
            return false;
        };
        let mut publications = BTreeMap::new();
        for (at, event) in self.transcript.events.iter().enumerate() {
            if let What::Sent {
                packet: Some(Packet::Publish(publish)),
                ..
            } = &event.what
            {
                publications.entry(&publish.payload).or_insert(at);
            }
        }
        let lane = self.transcript.events[event.0].lane;
        let topic = self.transcript.topic(event);
        let mut before = self
            .packets()
            .filter(|(other, its, _)| *other < event && *its == lane);
        before.any(|(other, _, packet)| {
            let Packet::Publish(packet) = packet.packet else {
                return false;
            };
            let is_later = publications.get(&packet.payload) > Some(&published);
            is_later && self.transcript.topic(other) == topic
        })
    }

    /// Returns whether this is the message that a step should have taken, even if something else is wrong with it.
    pub(in crate::verdict) fn is_awaited(
        self,
        expectation: &Expectation,
        event: EventIndex,
    ) -> bool {
        let Some(packet) = Received::at(self.transcript, event) else {
            return false;
        };
        if let Packet::Publish(publish) = packet.packet
            && self.repeated(publish, event).is_some()
        {
            return false;
        }
        let is_it = |pattern: &PacketPattern| {
            pattern.packet_type == PacketType::PUBLISH
                && packet.packet_type() == PacketType::PUBLISH
                && pattern.fields.iter().any(|field| field.name == "payload")
                && self.is_message(pattern, &packet)
        };
        match &expectation.pattern {
            Pattern::Packet(pattern) => is_it(pattern),
            Pattern::Unordered(patterns) => patterns.iter().any(is_it),
            Pattern::InOrder(inner) => inner.iter().any(|e| self.is_awaited(e, event)),
            Pattern::AnyOf(alternatives) => {
                let mut all = alternatives.iter().flatten();
                all.any(|e| self.is_awaited(e, event))
            }
            _ => false,
        }
    }

    /// Returns what is wrong with a message that was received where another one was due, which need not be received.
    pub(in crate::verdict) fn surplus(self, event: EventIndex) -> Wrong {
        match Received::at(self.transcript, event).map(|received| received.packet) {
            Some(Packet::Publish(publish)) if !self.is_first(event) => {
                Wrong::Event(Event::Repeated(publish.qos))
            }
            _ => self.extra(event),
        }
    }

    /// Returns what is wrong with a packet that was received when none was expected.
    pub(in crate::verdict) fn extra(self, event: EventIndex) -> Wrong {
        let What::Received { frame, packet, .. } = &self.transcript.events[event.0].what else {
            return Wrong::Event(Event::Unreadable);
        };
        let more = match packet {
            Ok(Packet::Publish(_)) if self.is_unsubscribed(event) => {
                Some(Wrong::Event(Event::Unsubscribed))
            }
            Ok(Packet::Publish(publish)) => {
                let obsolete = || self.obsolete(event);
                let unwanted = || self.unwanted(publish, event);
                let repeated = self.repeated(publish, event);
                repeated.or_else(obsolete).or_else(unwanted)
            }
            _ => None,
        };
        more.unwrap_or(Wrong::Event(Event::Extra(frame.packet_type())))
    }
}
