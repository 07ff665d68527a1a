//! Finds out what is wrong when an expectation of several packets does not hold: packets in any order, packets in order,
//! or one of several alternatives.

use mqtt_check_codec::{Packet, PacketType};

use super::inbox::Inbox;
use super::malformed::undecoded;
use super::repeats::sent;
use super::{Aspect, Event, Wrong};
use crate::matcher::{Mismatch, Received};
use crate::scenario::model::{Expectation, PacketPattern, Pattern};
use crate::transcript::{EventIndex, StepIndex};

/// The mismatches of a packet with a pattern that count against the server. Empty if the server merely granted less.
pub(in crate::verdict) type Counting<'f> = &'f dyn Fn(&PacketPattern, EventIndex) -> Vec<Mismatch>;

/// The packet that is most like a pattern, and how it differs.
pub(in crate::verdict) type Nearest = (EventIndex, Vec<Mismatch>);

/// The packets of a sequence, paired with those that were received.
struct Paired<'p> {
    /// Patterns without a packet.
    open: Vec<&'p PacketPattern>,
    /// Packets without a pattern.
    rest: Vec<EventIndex>,
    /// The types of the silence at the end of the sequence, if there is one.
    silence: Option<&'p [PacketType]>,
}

impl Inbox<'_> {
    /// Returns what is wrong if these packets, in any order, were not all received: the first missing one, or one with
    /// a wrong field.
    pub(in crate::verdict) fn unordered(
        self,
        patterns: &[PacketPattern],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Vec<Wrong> {
        match self.unmatched(patterns, events, counting).first() {
            Some((pattern, Some((event, mismatches)))) => {
                self.differs_in(mismatches, pattern, *event)
            }
            Some((pattern, None)) => vec![self.missing(pattern)],
            None => Vec::new(),
        }
    }

    /// Returns the patterns without a packet among these, in any order. Each comes with the packet that is most like it
    /// and is not another message, and how that differs.
    pub(in crate::verdict) fn unmatched<'p>(
        self,
        patterns: &'p [PacketPattern],
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Vec<(&'p PacketPattern, Option<Nearest>)> {
        let mut rest: Vec<EventIndex> = events.to_vec();
        let open = self.take(patterns, &mut rest, counting);
        let with_nearest = open.into_iter().map(|pattern| {
            let nearest = self.nearest(pattern, &rest, counting);
            rest.retain(|event| nearest.as_ref().is_none_or(|(taken, _)| taken != event));
            (pattern, nearest)
        });
        with_nearest.collect()
    }

    /// Returns the packet that is most like this pattern, and how it differs. `None` if each of them is another
    /// message or of another type.
    fn nearest(
        self,
        pattern: &PacketPattern,
        events: &[EventIndex],
        counting: Counting<'_>,
    ) -> Option<Nearest> {
        let is_like = |event: &&EventIndex| {
            Received::at(self.transcript, **event).is_some_and(|r| {
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
                let is_of_type = Received::at(self.transcript, *event)
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
        let loose: Vec<EventIndex> = self
            .packets()
            .map(|(event, ..)| event)
            .filter(|event| self.is_loose(*event, step))
            .collect();
        if self.has_altered(alternatives, &loose) {
            return vec![Wrong::Event(Event::Field(PacketType::PUBLISH))];
        }
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
        let is_complete = |sequence: &Vec<Expectation>| {
            let paired = self.pair(sequence, &loose, counting);
            paired.is_some_and(|paired| paired.open.is_empty() && paired.rest.is_empty())
        };
        if alternatives.iter().any(is_complete)
            && let Some(malformed) = self.malformed(step)
        {
            return vec![malformed];
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
        // Something of an alternative was received, so the rest of it is missing.
        let begun = alternatives
            .iter()
            .filter_map(|sequence| self.pair(sequence, &loose, counting))
            .filter(|paired| paired.rest.len() < loose.len())
            .min_by_key(|paired| paired.open.len());
        if let Some(missing) = begun.and_then(|paired| paired.open.first().copied()) {
            return vec![self.missing(missing)];
        }
        let first = alternatives.iter().flatten().next();
        vec![first.map_or(Wrong::Event(Event::StayedOpen), |first| self.absent(first))]
    }

    /// Returns what is wrong if the connection ended when only a part of an alternative had been received, and nothing
    /// else: the rest of it is missing.
    pub(in crate::verdict) fn cut_short(
        self,
        alternatives: &[Vec<Expectation>],
        counting: Counting<'_>,
    ) -> Option<Wrong> {
        let loose: Vec<EventIndex> = self
            .packets()
            .filter(|(_, _, packet)| packet.packet_type() != PacketType::DISCONNECT)
            .map(|(event, ..)| event)
            .filter(|event| self.is_loose(*event, None))
            .collect();
        let mut begun = alternatives
            .iter()
            .filter_map(|sequence| self.pair(sequence, &loose, counting))
            .filter(|paired| !loose.is_empty() && paired.rest.is_empty());
        begun.find_map(|paired| Some(self.missing(paired.open.first()?)))
    }

    /// Returns whether no step took this packet of the present connection, or only a step after this one, although it
    /// was received in time.
    fn is_loose(self, event: EventIndex, step: Option<StepIndex>) -> bool {
        let event = &self.transcript.events[event.0];
        let is_loose = match event.taken_by {
            None => true,
            Some(by) => step.is_some_and(|step| by > step) && event.at <= self.until,
        };
        Some(event.lane) == self.present() && is_loose
    }

    /// Returns whether a message with a certain payload is expected, and one was received that no client has sent,
    /// although clients have sent some. Its payload is wrong, whatever else may be missing.
    fn has_altered(self, alternatives: &[Vec<Expectation>], events: &[EventIndex]) -> bool {
        let says_payload = |pattern: &PacketPattern| {
            pattern.packet_type == PacketType::PUBLISH
                && pattern.fields.iter().any(|field| field.name == "payload")
        };
        let mut expected = alternatives.iter().flatten();
        let is_expected = expected.any(|expectation| match &expectation.pattern {
            Pattern::Packet(pattern) => says_payload(pattern),
            Pattern::Unordered(patterns) => patterns.iter().any(says_payload),
            _ => false,
        });
        let is_altered = |event: &EventIndex| {
            let packet = Received::at(self.transcript, *event).map(|received| received.packet);
            let Some(Packet::Publish(publish)) = packet else {
                return false;
            };
            !sent(&self.transcript.events).any(|sent| *sent.payload == publish.payload)
        };
        let is_any_sent = sent(&self.transcript.events).next().is_some();
        is_expected && is_any_sent && events.iter().any(is_altered)
    }

    /// Returns what is wrong with the first malformed packet that no step has taken.
    fn malformed(self, step: Option<StepIndex>) -> Option<Wrong> {
        let events = (0..self.transcript.events.len()).map(EventIndex);
        let mut loose = events.filter(|event| self.is_loose(*event, step));
        loose.find_map(|event| undecoded(self.transcript, event))
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
            Received::at(self.transcript, **event)
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

    /// Returns whether this packet is what the pattern is about, ignoring what does not count against the server.
    fn counts_as(self, pattern: &PacketPattern, event: EventIndex, counting: Counting<'_>) -> bool {
        Received::at(self.transcript, event).is_some_and(|r| {
            r.packet_type() == pattern.packet_type && counting(pattern, event).is_empty()
        })
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
}
