//! Finds out what is wrong when a packet is missing or another one was received: the packet was lost, is out of order,
//! was sent again, or has a wrong field.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Connect, Packet, PacketType, ProtocolVersion, Publish, QoS};

use super::super::wording::lane_at;
use super::{Aspect, Event, Wrong, field};
use crate::matcher::{Memory, Mismatch, Received, holds, judge};
use crate::scenario::model::{ClientIndex, Expectation, FieldMatch, PacketPattern, Pattern};
use crate::transcript::{EventIndex, LaneIndex, StepIndex, Transcript, What};

/// The mismatches of a packet with a pattern that count against the server. Empty if the server merely granted less.
pub(in crate::verdict) type Counting<'f> = &'f dyn Fn(&PacketPattern, EventIndex) -> Vec<Mismatch>;

/// The packets that one client received.
#[derive(Clone, Copy)]
pub(in crate::verdict) struct Inbox<'a> {
    pub(in crate::verdict) transcript: &'a Transcript,
    pub(in crate::verdict) client: ClientIndex,
    pub(in crate::verdict) memory: &'a Memory,
    /// The end of the step. Later events say nothing about it.
    pub(in crate::verdict) until: Duration,
}

/// Returns the packet of this event, if it is a decoded packet that was received.
pub(in crate::verdict) fn received(
    transcript: &Transcript,
    event: EventIndex,
) -> Option<Received<'_>> {
    let event = &transcript.events[event.0];
    let What::Received {
        frame,
        packet: Ok(packet),
        topic,
        carried_in,
        ..
    } = &event.what
    else {
        return None;
    };
    Some(Received {
        packet,
        version: transcript.lanes[event.lane.0].version,
        size: frame.bytes().len(),
        topic: topic.as_ref(),
        carried_in: *carried_in,
    })
}

/// Returns whether this is a CONNACK on a connection that has already been accepted.
pub(in crate::verdict) fn is_late_connack(transcript: &Transcript, event: EventIndex) -> bool {
    let lane = transcript.events[event.0].lane;
    let accepts = |other: EventIndex| {
        received(transcript, other).is_some_and(|received| {
            matches!(received.packet, Packet::ConnAck(connack) if connack.reason.is_success())
        })
    };
    let mut before = (0..event.0).map(EventIndex);
    let is_connack = match &transcript.events[event.0].what {
        What::Received { frame, .. } => frame.packet_type() == PacketType::CONNACK,
        _ => false,
    };
    is_connack && before.any(|other| transcript.events[other.0].lane == lane && accepts(other))
}

/// Returns whether a message has no Packet Identifier because it has QoS 0. Its QoS is a mismatch of its own.
fn lacks_id_by_qos(packet: &Received<'_>, mismatches: &[Mismatch]) -> bool {
    matches!(packet.packet, Packet::Publish(publish) if publish.qos == QoS::AtMostOnce)
        && mismatches.iter().any(|mismatch| mismatch.field == "qos")
}

/// The packets of a sequence, paired with those that were received.
struct Paired<'p> {
    /// Patterns without a packet.
    open: Vec<&'p PacketPattern>,
    /// Packets without a pattern.
    rest: Vec<EventIndex>,
    /// The types of the silence at the end of the sequence, if there is one.
    silence: Option<&'p [PacketType]>,
}

impl<'a> Inbox<'a> {
    /// Returns every packet that the client received, on all of its connections.
    pub(super) fn packets(self) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        self.packets_where(move |lane| self.transcript.lanes[lane.0].client == self.client)
    }

    /// Returns every packet of the client's session. In scenarios on takeover, several clients use one Client
    /// Identifier.
    pub(super) fn packets_of_session(
        self,
    ) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        self.packets_where(self.is_of_session())
    }

    /// Returns a test for whether a connection belongs to the client's session.
    pub(super) fn is_of_session(self) -> impl Fn(LaneIndex) -> bool {
        let present = self.present();
        let id = present.and_then(|lane| self.client_id(lane));
        move |lane| {
            self.transcript.lanes[lane.0].client == self.client
                || id.is_some_and(|id| !id.is_empty() && self.client_id(lane) == Some(id))
        }
    }

    fn packets_where(
        self,
        is_meant: impl Fn(LaneIndex) -> bool,
    ) -> impl Iterator<Item = (EventIndex, LaneIndex, Received<'a>)> {
        let transcript = self.transcript;
        (0..transcript.events.len())
            .map(EventIndex)
            .filter(move |index| is_meant(transcript.events[index.0].lane))
            .filter_map(move |index| {
                let lane = transcript.events[index.0].lane;
                received(transcript, index).map(|packet| (index, lane, packet))
            })
    }

    /// Returns the client's connection at the end of the step.
    pub(super) fn present(self) -> Option<LaneIndex> {
        lane_at(self.transcript, self.client, self.until)
    }

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
    fn has_later(
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

    fn fits(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        holds(pattern, packet, self.client, self.memory).is_some()
    }

    /// Returns whether this is the message of the pattern, even if something else is wrong with it.
    pub(super) fn is_message(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        self.fits_in(&["topic", "payload"], pattern, packet)
    }

    /// Returns whether this packet is a message with another topic than the pattern's.
    pub(in crate::verdict) fn is_of_other_topic(
        self,
        pattern: &PacketPattern,
        event: EventIndex,
    ) -> bool {
        let packet = received(self.transcript, event);
        packet.is_some_and(|packet| !self.fits_in(&["topic"], pattern, &packet))
    }

    /// Returns whether a packet matches the pattern in these fields.
    fn fits_in(self, names: &[&str], pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        let is_meant = |field: &&FieldMatch| names.contains(&field.name.as_str());
        let only = PacketPattern {
            packet_type: pattern.packet_type,
            fields: pattern.fields.iter().filter(is_meant).cloned().collect(),
        };
        self.fits(&only, packet)
    }

    /// Returns whether this packet is what the pattern is about, ignoring what does not count against the server.
    fn counts_as(self, pattern: &PacketPattern, event: EventIndex, counting: Counting<'_>) -> bool {
        received(self.transcript, event).is_some_and(|r| {
            r.packet_type() == pattern.packet_type && counting(pattern, event).is_empty()
        })
    }

    /// Returns what is wrong if a packet like this is missing.
    pub(in crate::verdict) fn missing(self, pattern: &PacketPattern) -> Wrong {
        let present = self.present();
        let was_there = |(_, lane, packet): (EventIndex, LaneIndex, Received<'_>)| {
            Some(lane) < present && self.is_message(pattern, &packet)
        };
        Wrong::Event(match pattern.packet_type {
            PacketType::PUBLISH if self.packets_of_session().any(was_there) => Event::NotResent,
            PacketType::PUBLISH if self.is_retained(pattern) => Event::NotRetained,
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
        let Some(packet) = received(self.transcript, event) else {
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
    fn is_other_message(self, pattern: &PacketPattern, packet: &Received<'_>) -> bool {
        !self.fits_in(&["payload"], pattern, packet)
    }

    /// Returns what is wrong if another message was received where this one was due: it was sent again, is out of
    /// order, or replaces a lost one.
    fn instead(self, pattern: &PacketPattern, event: EventIndex) -> Wrong {
        let lane = self.transcript.events[event.0].lane;
        let here = || self.packets().filter(|(_, other, _)| *other == lane);
        let packet = received(self.transcript, event);
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

    /// Returns the event at which the message that is due was published.
    pub(super) fn publication_of_due(self, pattern: &PacketPattern) -> Option<usize> {
        self.publication(|publish, version| {
            let packet = Packet::Publish(publish.clone());
            let received = Received {
                packet: &packet,
                version,
                size: 0,
                topic: Some(&publish.topic),
                carried_in: None,
            };
            self.is_message(pattern, &received)
        })
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

    /// Returns the event at which the received message was published, found by its payload.
    pub(super) fn publication_of(self, event: EventIndex) -> Option<usize> {
        let Packet::Publish(publish) = received(self.transcript, event)?.packet else {
            return None;
        };
        self.publication(|sent, _| sent.payload == publish.payload)
    }

    /// Returns the event at which the first such message was published.
    fn publication(self, is_it: impl Fn(&Publish, ProtocolVersion) -> bool) -> Option<usize> {
        let mut events = self.transcript.events.iter();
        events.position(|event| match &event.what {
            What::Sent {
                packet: Some(Packet::Publish(publish)),
                ..
            } => is_it(publish, self.transcript.lanes[event.lane.0].version),
            _ => false,
        })
    }

    /// Returns whether this is the message that a step should have taken, even if something else is wrong with it.
    pub(in crate::verdict) fn is_awaited(
        self,
        expectation: &Expectation,
        event: EventIndex,
    ) -> bool {
        let Some(packet) = received(self.transcript, event) else {
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
                self.repeated(publish, event).or_else(obsolete)
            }
            _ => None,
        };
        more.unwrap_or(Wrong::Event(Event::Extra(frame.packet_type())))
    }

    /// Returns what is wrong if these packets, in any order, were not all received: the first missing one, or one with
    /// a wrong field.
    pub(in crate::verdict) fn unordered(
        self,
        patterns: &[PacketPattern],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Vec<Wrong> {
        let mut rest: Vec<EventIndex> = events.to_vec();
        let open = self.take(patterns, &mut rest, counting);
        let Some(pattern) = open.first() else {
            return Vec::new();
        };
        match self.nearest(pattern, &rest, counting) {
            Some((event, mismatches)) => self.differs_in(&mismatches, pattern, event),
            None => vec![self.missing(pattern)],
        }
    }

    /// Returns the packet that is most like this pattern, and how it differs. `None` if each of them is another
    /// message or of another type.
    fn nearest(
        self,
        pattern: &PacketPattern,
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Option<(EventIndex, Vec<Mismatch>)> {
        let is_like = |event: &&EventIndex| {
            received(self.transcript, **event).is_some_and(|r| {
                r.packet_type() == pattern.packet_type && !self.is_other_message(pattern, &r)
            })
        };
        let like = events.iter().filter(is_like);
        like.map(|event| (*event, counting(pattern, *event)))
            .min_by_key(|(_, mismatches)| mismatches.len())
    }

    /// Returns what is wrong if these packets were not received one after the other: the first that is not in its
    /// place.
    pub(in crate::verdict) fn in_order(
        self,
        expectations: &[Expectation],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Vec<Wrong> {
        let mut rest = events.iter();
        for expectation in expectations {
            let Pattern::Packet(pattern) = &expectation.pattern else {
                return vec![self.absent(expectation)];
            };
            for _ in 0..expectation.count.at_least {
                let Some(event) = rest.next() else {
                    return vec![self.missing(pattern)];
                };
                if self.counts_as(pattern, *event, counting) {
                    continue;
                }
                let is_of_type = received(self.transcript, *event)
                    .is_some_and(|r| r.packet_type() == pattern.packet_type);
                let is_early = match is_of_type {
                    true => self.comes_later(pattern, *event),
                    false => self.has_later(pattern, *event, |r| self.is_message(pattern, r)),
                };
                return match is_of_type {
                    _ if is_early => vec![Wrong::Aspect(Aspect::Order)],
                    true => self.differs_in(&counting(pattern, *event), pattern, *event),
                    false => vec![self.missing(pattern)],
                };
            }
        }
        Vec::new()
    }

    /// Returns what is wrong if none of these alternatives holds at this step. Packets that a later step took count
    /// too, if they were received in time.
    pub(in crate::verdict) fn any_of(
        self,
        alternatives: &[Vec<Expectation>],
        step: Option<StepIndex>,
        counting: Counting<'_>,
    ) -> Vec<Wrong> {
        let lane = self.present();
        let loose: Vec<EventIndex> = self
            .packets()
            .filter(|(event, its, _)| {
                let event = &self.transcript.events[event.0];
                let is_loose = match event.taken_by {
                    None => true,
                    Some(by) => step.is_some_and(|step| by > step) && event.at <= self.until,
                };
                Some(*its) == lane && is_loose
            })
            .map(|(event, ..)| event)
            .collect();
        let mut patterns = Vec::new();
        for expectation in alternatives.iter().filter_map(|sequence| sequence.first()) {
            match &expectation.pattern {
                Pattern::Packet(pattern) => patterns.push(pattern),
                Pattern::Unordered(several) => patterns.extend(several.first()),
                _ => {}
            }
        }
        let found = patterns.iter().find_map(|pattern| {
            let wrong = self.unordered(std::slice::from_ref(*pattern), &loose, counting);
            let is_field = wrong.iter().all(|wrong| matches!(wrong, Wrong::Aspect(_)));
            (is_field && !wrong.is_empty()).then_some(wrong)
        });
        if let Some(found) = found {
            return found;
        }
        // Everything was received, and more. Of several such alternatives, the one that leaves the fewest packets
        // counts.
        let broken = alternatives
            .iter()
            .filter_map(|sequence| self.breaks_silence(sequence, &loose, counting))
            .min_by_key(|(_, left)| *left);
        // An alternative may leave fewer packets if one of its own has a wrong field.
        let differing = alternatives
            .iter()
            .filter_map(|sequence| self.differs_in_one(sequence, &loose, counting))
            .filter(|(_, left)| broken.is_none_or(|(_, more)| *left < more))
            .min_by_key(|(_, left)| *left);
        if let Some((wrong, _)) = differing {
            return wrong;
        }
        if let Some((event, _)) = broken {
            return vec![self.extra(event)];
        }
        let first = alternatives.iter().flatten().next();
        vec![first.map_or(Wrong::Event(Event::StayedOpen), |first| self.absent(first))]
    }

    /// Returns what breaks the silence at the end of a sequence, and how many packets are left. `None` unless
    /// everything before the silence was received.
    fn breaks_silence(
        self,
        sequence: &[Expectation],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Option<(EventIndex, usize)> {
        let paired = self.pair(sequence, events, counting)?;
        let of = paired.silence.filter(|_| paired.open.is_empty())?;
        let is_meant = |event: &&EventIndex| {
            received(self.transcript, **event)
                .is_some_and(|r| of.is_empty() || of.contains(&r.packet_type()))
        };
        let broken = paired.rest.iter().find(is_meant);
        broken.map(|event| (*event, paired.rest.len()))
    }

    /// Returns what is wrong if all packets of a sequence were received, but one has a wrong field, and how many
    /// packets are left.
    fn differs_in_one(
        self,
        sequence: &[Expectation],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Option<(Vec<Wrong>, usize)> {
        let paired = self.pair(sequence, events, counting)?;
        let [pattern] = paired.open.as_slice() else {
            return None;
        };
        let (event, mismatches) = self.nearest(pattern, &paired.rest, counting)?;
        let wrong = self.differs_in(&mismatches, pattern, event);
        let is_field = wrong.iter().all(|wrong| matches!(wrong, Wrong::Aspect(_)));
        (is_field && !wrong.is_empty()).then_some((wrong, paired.rest.len() - 1))
    }

    /// Finds a packet for each pattern of a sequence, up to a silence. `None` if it also expects other things.
    fn pair<'p>(
        self,
        sequence: &'p [Expectation],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Option<Paired<'p>> {
        let mut paired = Paired {
            open: Vec::new(),
            rest: events.to_vec(),
            silence: None,
        };
        for expectation in sequence {
            let patterns = match &expectation.pattern {
                Pattern::Packet(pattern) => std::slice::from_ref(pattern),
                Pattern::Unordered(patterns) => patterns,
                Pattern::Silence { of, .. } => {
                    paired.silence = Some(of);
                    break;
                }
                _ => return None,
            };
            let open = self.take(patterns, &mut paired.rest, counting);
            paired.open.extend(open);
        }
        Some(paired)
    }

    /// Removes a packet for each of these patterns, and returns the patterns for which there is none.
    fn take<'p>(
        self,
        patterns: &'p [PacketPattern],
        rest: &mut Vec<EventIndex>,
        counting: Counting<'_>,
    ) -> Vec<&'p PacketPattern> {
        let mut open = Vec::new();
        for pattern in patterns {
            let mut left = rest.iter();
            let place = left.position(|event| self.counts_as(pattern, *event, counting));
            match place {
                Some(place) => drop(rest.remove(place)),
                None => open.push(pattern),
            }
        }
        open
    }

    /// Returns what is wrong if this expectation did not happen.
    pub(in crate::verdict) fn absent(self, expectation: &Expectation) -> Wrong {
        Wrong::Event(match &expectation.pattern {
            Pattern::Packet(pattern) => return self.missing(pattern),
            Pattern::Unordered(patterns) => match patterns.first() {
                Some(pattern) => return self.missing(pattern),
                None => Event::StayedOpen,
            },
            Pattern::InOrder(inner) => match inner.first() {
                Some(first) => return self.absent(first),
                None => Event::StayedOpen,
            },
            Pattern::AnyOf(alternatives) => match alternatives.iter().flatten().next() {
                Some(first) => return self.absent(first),
                None => Event::StayedOpen,
            },
            Pattern::Closed { .. } | Pattern::Refused(_) => Event::StayedOpen,
            Pattern::Upgrade(_) => Event::Upgrade,
            Pattern::Frame(frame) => Event::ControlFrame(frame.opcode),
            Pattern::Silence { of, .. } => {
                Event::Extra(of.first().copied().unwrap_or(PacketType::PUBLISH))
            }
        })
    }

    /// Returns whether the CONNECT of a connection has Clean Start (Clean Session) set.
    fn starts_clean(self, lane: LaneIndex) -> bool {
        self.connect(lane)
            .is_some_and(|connect| connect.clean_start)
    }

    /// Returns the Client Identifier in the CONNECT of a connection.
    fn client_id(self, lane: LaneIndex) -> Option<&'a ByteString> {
        self.connect(lane).map(|connect| &connect.client_id)
    }

    /// Returns the CONNECT of a connection.
    fn connect(self, lane: LaneIndex) -> Option<&'a Connect> {
        let mut events = self.transcript.events.iter();
        events.find_map(|event| match &event.what {
            What::Sent {
                packet: Some(Packet::Connect(connect)),
                ..
            } if event.lane == lane => Some(&**connect),
            _ => None,
        })
    }
}
