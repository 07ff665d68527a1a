//! Whether a finding depends on what was given. It does if
//! - the packet would have been right, had the server given what it was asked for: [`super::instead`];
//! - what did not come is a message of a subscription that was refused, a message that was not allowed, one of QoS 0 that would
//!   have had to wait, or a PUBREL of a message that came with a lower QoS;
//! - the connection is parted: the client answered a lowered message as if it were not, or resumed a session that may
//!   have ended. What the broker owes an open connection in any case, its answers, it owes here too;
//! - it is about the Will of a session that ended at another time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketType, Publish, QoS};

use super::given::Gift;
use super::{Lessened, is_shared, matches, received, sent};
use crate::matcher::{Memory, Mismatch, Received, holds, judge};
use crate::scenario::model::{ClientIndex, Expectation, Literal, Matcher, PacketPattern, Pattern};
use crate::transcript::{Ended, EventIndex, LaneIndex, NotReached, Outcome, StepIndex, What};

/// What was let off in one play.
#[derive(Debug, Clone)]
pub(in crate::verdict) struct LetOff {
    /// By what was given, in words, the first of it first.
    pub(in crate::verdict) why: Vec<String>,
    /// Packets that belong to what was let off, and by what.
    events: BTreeMap<EventIndex, usize>,
    /// Clients that could not play a step for want of something that was let off: what waits for that step does not come.
    stuck: BTreeMap<ClientIndex, usize>,
    /// The step that is judged.
    pub(in crate::verdict) step: StepIndex,
}

impl LetOff {
    pub(in crate::verdict) const fn new() -> Self {
        Self {
            why: Vec::new(),
            events: BTreeMap::new(),
            stuck: BTreeMap::new(),
            step: StepIndex(0),
        }
    }
}

/// What a finding depends on, and the packets that belong to it.
type Excuse = Option<(usize, Vec<EventIndex>)>;

/// What fields of a message go by the subscriptions that match it.
const OF_SUBSCRIPTION: &[&str] = &[
    "qos",
    "packet_id",
    "dup",
    "retain",
    "subscription_identifier",
];

impl Lessened<'_> {
    /// Those of a packet's faults that do not depend on what was given.
    pub(in crate::verdict) fn standing(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        mut mismatches: Vec<Mismatch>,
        let_off: &mut LetOff,
    ) -> Vec<Mismatch> {
        if self.is_nothing() || mismatches.is_empty() {
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
                excuse = excuse.or(Some(instead.less));
            }
        }
        // A refusal says why it refuses, whatever else it might have been.
        let own = self
            .given
            .iter()
            .position(|less| less.at == event && less.is_refusal());
        if let Some(less) = own {
            let before = mismatches.len();
            mismatches.retain(|m| !matches!(m.field.as_str(), "reason" | "reasons"));
            excuse = excuse.or((mismatches.len() < before).then_some(less));
        }
        // What nothing holds back has not waited.
        if let Some(less) = self.unheld(event) {
            let before = mismatches.len();
            mismatches.retain(|m| m.field != "message_expiry_interval");
            excuse = excuse.or((mismatches.len() < before).then_some(less));
        }
        // Another subscription that matches, and was refused, would have had its part in the message.
        let refused = self.topic(event).and_then(|topic| {
            let lane = self.transcript.events[event.0].lane;
            self.refused(lane, event, Some(topic))
        });
        if let Some(less) = refused {
            let before = mismatches.len();
            mismatches.retain(|m| !OF_SUBSCRIPTION.contains(&m.field.as_str()));
            excuse = excuse.or((mismatches.len() < before).then_some(less));
        }
        if let Some(less) = excuse {
            self.let_off(Some((less, vec![event])), let_off);
        }
        if !mismatches.is_empty()
            && pattern.packet_type == PacketType::PUBLISH
            && self.let_off(
                self.of_another(pattern, event, (client, memory), let_off),
                let_off,
            )
        {
            mismatches.clear();
        }
        mismatches
    }

    /// A step took this message for want of the one that it waited for: that one never had to come, or the one that it took
    /// belongs to an expectation before it that was let off.
    fn of_another(
        &self,
        pattern: &PacketPattern,
        event: EventIndex,
        (client, memory): (ClientIndex, &Memory),
        let_off: &LetOff,
    ) -> Excuse {
        if let Some(less) = let_off.events.get(&event) {
            let all = (event.0 + 1..self.transcript.events.len()).map(EventIndex);
            let right = all.into_iter().find(|other| {
                let Some(packet) = self.untaken(*other, let_off) else {
                    return false;
                };
                let is_it = |packet: &Packet| {
                    self.as_received(*other, packet)
                        .is_some_and(|r| holds(pattern, &r, client, memory).is_some())
                };
                is_it(packet) || self.instead(*other).iter().any(|form| is_it(&form.packet))
            });
            if let Some(right) = right {
                return Some((*less, vec![event, right]));
            }
        }
        let happened = &self.transcript.events[event.0];
        // The client has not answered it in a way that the server understands, so it comes again.
        if let Some(less) = self.parted(happened.lane, happened.at)
            && let Some(Packet::Publish(publish)) = received(&happened.what)
            && let Some(topic) = self.topic(event)
            && self.same_before(event, topic, publish).next().is_some()
        {
            return Some((less, vec![event]));
        }
        let wanted = Wanted {
            lane: happened.lane,
            before: event,
            at: happened.at,
            topic: topic_of(pattern, client, memory),
        };
        let less = self.needless(&wanted)?;
        Some((less, vec![event]))
    }

    /// A packet that no step had taken when this step was played.
    fn untaken(&self, event: EventIndex, let_off: &LetOff) -> Option<&Packet> {
        let happened = &self.transcript.events[event.0];
        let is_free = match happened.taken_by {
            None => true,
            Some(step) => {
                step > let_off.step
                    || let_off.events.contains_key(&event)
                    || self.choices.contains(&step)
            }
        };
        received(&happened.what).filter(|_| is_free)
    }

    /// Whether an expectation that was not fulfilled depends on what was given.
    pub(in crate::verdict) fn excuses(
        &self,
        expectation: &Expectation,
        outcome: &Outcome,
        (client, memory): (ClientIndex, &Memory),
        let_off: &mut LetOff,
    ) -> bool {
        if self.is_nothing() {
            return false;
        }
        let Some(lane) = self.lane_of(client, outcome.at) else {
            return false;
        };
        let waiting = Waiting {
            lessened: self,
            let_off: &*let_off,
            lane,
            client,
            outcome,
            memory,
        };
        let found = waiting.excuse(&expectation.pattern);
        self.let_off(found, let_off)
    }

    fn let_off(&self, found: Excuse, let_off: &mut LetOff) -> bool {
        let Some((less, events)) = found else {
            return false;
        };
        let why = self.why(less);
        if !let_off.why.iter().any(|w| w == why) {
            let_off.why.push(why.to_owned());
        }
        let events = events.into_iter().map(|event| (event, less));
        let_off.events.extend(events);
        true
    }

    /// Whether something that came, and no step took, does.
    pub(in crate::verdict) fn excuses_event(
        &self,
        event: EventIndex,
        let_off: &mut LetOff,
    ) -> bool {
        if self.is_nothing() {
            return false;
        }
        if let_off.events.contains_key(&event) {
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
        let parted = self.parted(happened.lane, happened.at).filter(|_| !is_owed);
        // For want of a value no CONNECT was sent, so that what came first was another packet.
        let connection = self.connection(happened.lane);
        let stuck = let_off.stuck.get(&connection.client).copied();
        let unconnected = stuck.filter(|_| !is_owed && connection.connect.is_none());
        let own = || self.given.iter().position(|less| less.at == event);
        let less = parted
            .or(unconnected)
            .or_else(own)
            .or_else(|| self.of_will(self.topic(event)?, happened.at))
            .or_else(|| self.unheld(event))
            .or_else(|| self.passed_on(event));
        self.let_off(less.map(|less| (less, vec![event])), let_off)
    }

    /// Whether something that came too early does.
    pub(in crate::verdict) fn excuses_haste(
        &self,
        event: EventIndex,
        let_off: &mut LetOff,
    ) -> bool {
        !self.is_nothing()
            && matches!(
                self.transcript.events[event.0].what,
                What::Received { .. } | What::Closed(_)
            )
            && self.excuses_event(event, let_off)
    }

    /// Whether a step that could not be played could not be because of what was given.
    pub(in crate::verdict) fn excuses_absence(
        &self,
        client: Option<ClientIndex>,
        at: Duration,
        why: &NotReached,
        let_off: &mut LetOff,
    ) -> bool {
        if self.is_nothing() {
            return false;
        }
        let less = match why {
            NotReached::Unreachable(_) => None,
            // It needs something of a message that came in another way, or not at all.
            NotReached::Because(_) | NotReached::Lost(_) => {
                let is_so = !let_off.why.is_empty() || self.has_subscription();
                let less = is_so.then_some(0);
                let_off.stuck.extend(client.zip(less));
                less
            }
            NotReached::BrokerEnded => client
                .and_then(|client| self.lane_of(client, at))
                .and_then(|lane| self.parted(lane, at)),
        };
        self.let_off(less.map(|less| (less, Vec::new())), let_off)
    }

    fn has_subscription(&self) -> bool {
        let mut given = self.given.iter();
        given.any(|less| matches!(less.what, Gift::Subscription { .. }))
    }

    /// Events of the broker tell of QoS, of messages and of the end of sessions: where something was given otherwise they are others.
    pub(in crate::verdict) fn excuses_hooks(&self, let_off: &mut LetOff) -> bool {
        let less = (!self.is_nothing()).then_some((0, Vec::new()));
        self.let_off(less, let_off)
    }

    /// The topic of a PUBLISH.
    pub(super) fn topic(&self, event: EventIndex) -> Option<&ByteString> {
        match &self.transcript.events[event.0].what {
            What::Received {
                packet: Ok(Packet::Publish(publish)),
                topic,
                ..
            } => Some(topic.as_ref().unwrap_or(&publish.topic)),
            _ => None,
        }
    }

    fn as_received<'p>(&'p self, event: EventIndex, packet: &'p Packet) -> Option<Received<'p>> {
        let happened = &self.transcript.events[event.0];
        match &happened.what {
            What::Received {
                frame,
                topic,
                carried_in,
                ..
            } => Some(Received {
                packet,
                version: self.transcript.lanes[happened.lane.0].version,
                size: frame.bytes().len(),
                topic: topic.as_ref(),
                carried_in: *carried_in,
            }),
            _ => None,
        }
    }

    /// A subscription of this client that was refused and would have brought messages of this topic, or of whichever.
    fn refused(
        &self,
        lane: LaneIndex,
        before: EventIndex,
        topic: Option<&ByteString>,
    ) -> Option<usize> {
        let mut given = self.given_to(lane, before);
        given.find_map(|(number, less)| {
            let filter = less.refuses()?;
            topic
                .is_none_or(|topic| matches(filter, topic))
                .then_some(number)
        })
    }

    /// A message of this topic, or of whichever, that the server did not allow.
    fn unpublished(&self, before: EventIndex, topic: Option<&ByteString>) -> Option<usize> {
        self.given.iter().position(|less| match &less.what {
            Gift::Message { topic: of } => {
                less.at < before && topic.is_none_or(|topic| topic == of)
            }
            _ => false,
        })
    }

    /// A message that the server did not allow this connection to publish.
    pub(super) fn disallowed(&self, lane: LaneIndex, before: EventIndex) -> Option<usize> {
        let mut given = self.given_to(lane, before);
        given
            .find(|(_, less)| matches!(less.what, Gift::Message { .. }))
            .map(|(number, _)| number)
    }

    /// The session whose Will has this topic, if at this time the Will may have been published, or not, for what was given.
    fn of_will(&self, topic: &str, at: Duration) -> Option<usize> {
        (0..self.connections.len()).map(LaneIndex).find_map(|lane| {
            let this = self.connection(lane);
            let will = this.connect?.will.as_ref()?;
            if &*will.topic != topic {
                return None;
            }
            let by_session = || {
                let over = self.may_be_over(lane)?;
                self.session_less(lane).filter(|_| at >= over)
            };
            let by_end = || match this.ended {
                Some((ended, true)) if ended <= at => self.parted(lane, ended),
                _ => None,
            };
            by_session().or_else(by_end)
        })
    }
}

/// A message that was waited for on a connection and did not come.
struct Wanted {
    lane: LaneIndex,
    before: EventIndex,
    at: Duration,
    /// If it has to have a certain one.
    topic: Option<ByteString>,
}

/// Messages that need not come, or may come.
impl Lessened<'_> {
    /// By what it did not have to come, in any form.
    fn needless(&self, wanted: &Wanted) -> Option<usize> {
        let topic = wanted.topic.as_ref();
        let (lane, before) = (wanted.lane, wanted.before);
        // One of QoS 0 does not wait for a client that is away, nor goes on to another when its client is.
        let lost = || {
            let mut given = self.given_to(lane, before);
            let less = given.find(|(_, less)| {
                less.lowers_to(0).is_some_and(|filter| {
                    let is_away = less.lane != lane
                        || is_shared(filter) && self.has_lost_a_member(filter, wanted.at);
                    is_away && topic.is_none_or(|topic| matches(filter, topic))
                })
            });
            less.map(|(number, _)| number)
        };
        self.refused(lane, before, topic)
            .or_else(|| self.unpublished(before, topic))
            .or_else(lost)
            .or_else(|| self.of_will(topic?, wanted.at))
    }

    /// Whether a client that subscribed to this shared filter has gone by then: what it got is not for the others.
    fn has_lost_a_member(&self, filter: &ByteString, at: Duration) -> bool {
        let mut events = self.transcript.events.iter();
        events.any(|event| {
            let Some(Packet::Subscribe(subscribe)) = sent(&event.what) else {
                return false;
            };
            let mut filters = subscribe.subscriptions.iter();
            let is_member = filters.any(|subscription| subscription.filter == *filter);
            let ended = self.connection(event.lane).ended;
            is_member && ended.is_some_and(|(ended, _)| ended <= at)
        })
    }

    /// A message of QoS 0, which nothing holds back where an acknowledgement is withheld. One that came before is one too
    /// many all the same.
    fn unheld(&self, event: EventIndex) -> Option<usize> {
        let happened = &self.transcript.events[event.0];
        let Some(Packet::Publish(publish)) = received(&happened.what) else {
            return None;
        };
        let connection = self.connection(happened.lane);
        if publish.qos != QoS::AtMostOnce || !connection.holds_back {
            return None;
        }
        let topic = self.topic(event)?;
        let mut given = self.given_to(happened.lane, event);
        let (less, _) = given.find(|(_, less)| {
            less.lowers_to(0)
                .is_some_and(|filter| matches(filter, topic))
        })?;
        let came_before = self
            .same_before(event, topic, publish)
            .any(|lane| lane == happened.lane);
        (!came_before).then_some(less)
    }

    /// A shared message that came to another member with a lower QoS, and so may go on to this one.
    fn passed_on(&self, event: EventIndex) -> Option<usize> {
        let happened = &self.transcript.events[event.0];
        let Some(Packet::Publish(publish)) = received(&happened.what) else {
            return None;
        };
        let topic = self.topic(event)?;
        let mut given = self.given_to(happened.lane, event);
        let (less, _) = given.find(|(_, less)| {
            less.lowers_to(1)
                .is_some_and(|filter| is_shared(filter) && matches(filter, topic))
        })?;
        let who = self.connection(happened.lane).who;
        let mut before = self.same_before(event, topic, publish);
        before
            .any(|lane| self.connection(lane).who != who)
            .then_some(less)
    }

    /// Where the same message came before.
    fn same_before<'b>(
        &'b self,
        event: EventIndex,
        topic: &'b ByteString,
        publish: &'b Publish,
    ) -> impl Iterator<Item = LaneIndex> + 'b {
        let former = (0..event.0).map(EventIndex);
        former
            .filter(move |former| self.topic(*former) == Some(topic))
            .filter_map(move |former| {
                let happened = &self.transcript.events[former.0];
                match received(&happened.what) {
                    Some(Packet::Publish(p)) if p.payload == publish.payload => Some(happened.lane),
                    _ => None,
                }
            })
    }
}

/// A waiting that was not fulfilled.
struct Waiting<'a> {
    lessened: &'a Lessened<'a>,
    let_off: &'a LetOff,
    lane: LaneIndex,
    client: ClientIndex,
    outcome: &'a Outcome,
    memory: &'a Memory,
}

impl Waiting<'_> {
    fn excuse(&self, pattern: &Pattern) -> Excuse {
        match pattern {
            Pattern::Packet(pattern) => self.packets(&[pattern]),
            Pattern::Unordered(patterns) => self.packets(&patterns.iter().collect::<Vec<_>>()),
            Pattern::InOrder(sequence) => self.sequence(sequence),
            Pattern::AnyOf(alternatives) => alternatives.iter().find_map(|s| self.sequence(s)),
            Pattern::Silence { .. } => self.broken_silence(),
            Pattern::Closed { .. } | Pattern::Refused(_) => {
                let disallowed = || self.lessened.disallowed(self.lane, self.before());
                self.parted()
                    .or_else(disallowed)
                    .map(|less| (less, Vec::new()))
            }
            Pattern::Upgrade(_) | Pattern::Frame(_) => None,
        }
    }

    /// Whether the client and the server may hold different things of the session.
    fn parted(&self) -> Option<usize> {
        let less = self.lessened.parted(self.lane, self.outcome.at);
        less.or_else(|| self.let_off.stuck.get(&self.client).copied())
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

    /// The first event that came after the waiting was over.
    fn before(&self) -> EventIndex {
        let events = &self.lessened.transcript.events;
        EventIndex(events.partition_point(|event| event.at <= self.outcome.at))
    }

    /// Every one of them came, or is excused, and one at least is.
    fn packets(&self, patterns: &[&PacketPattern]) -> Excuse {
        let mut offers = self.offers();
        let mut less = None;
        let mut events = Vec::new();
        let mut missing = Vec::new();
        for pattern in patterns {
            let here = offers.iter().position(|event| {
                let packet = received(&self.lessened.transcript.events[event.0].what);
                packet.is_some_and(|packet| self.holds(pattern, *event, packet))
            });
            match here {
                Some(place) => {
                    let event = offers.remove(place);
                    less = less.or(self.let_off.events.get(&event).copied());
                    events.push(event);
                }
                None => missing.push(*pattern),
            }
        }
        // What came of a row of packets that should have been longer.
        if missing.is_empty() && less.is_none() {
            missing.extend(patterns.last());
        }
        for pattern in missing {
            let (by, event) = self.missing(pattern, &offers)?;
            offers.retain(|offer| Some(*offer) != event);
            less = less.or(Some(by));
            events.extend(event);
        }
        less.map(|less| (less, events))
    }

    /// What came on the connection and no other step had taken.
    fn offers(&self) -> Vec<EventIndex> {
        (0..self.before().0)
            .map(EventIndex)
            .filter(|index| {
                let is_here = self.lessened.transcript.events[index.0].lane == self.lane;
                let is_own = self.outcome.taken.contains(index);
                let untaken = || self.lessened.untaken(*index, self.let_off).is_some();
                is_here && (is_own || untaken())
            })
            .collect()
    }

    fn holds(&self, pattern: &PacketPattern, event: EventIndex, packet: &Packet) -> bool {
        self.lessened
            .as_received(event, packet)
            .is_some_and(|received| holds(pattern, &received, self.client, self.memory).is_some())
    }

    /// Why this packet did not come, if that depends on what was given.
    fn missing(
        &self,
        pattern: &PacketPattern,
        offers: &[EventIndex],
    ) -> Option<(usize, Option<EventIndex>)> {
        let came = offers.iter().find_map(|event| {
            let mut forms = self.lessened.instead(*event).into_iter();
            let form = forms.find(|form| self.holds(pattern, *event, &form.packet))?;
            Some((form.less, Some(*event)))
        });
        if came.is_some() {
            return came;
        }
        let less = match pattern.packet_type {
            PacketType::PUBLISH => self.message(pattern),
            PacketType::PUBREL => self.release(),
            PacketType::PUBCOMP => {
                let stuck = self.let_off.stuck.get(&self.client).copied();
                stuck.or_else(|| self.lessened.disallowed(self.lane, self.before()))
            }
            _ => None,
        };
        // Nothing lets a server off its answers while there is a connection to answer on.
        let is_owed = !matches!(
            pattern.packet_type,
            PacketType::PUBLISH | PacketType::PUBREL | PacketType::DISCONNECT
        );
        let parted = || {
            let less = self.parted();
            less.filter(|_| !is_owed || self.outcome.ended != Ended::TimedOut)
        };
        less.or_else(parted).map(|less| (less, None))
    }

    /// A message that did not come in any form.
    fn message(&self, pattern: &PacketPattern) -> Option<usize> {
        let needless = self.lessened.needless(&Wanted {
            lane: self.lane,
            before: self.before(),
            at: self.outcome.at,
            topic: topic_of(pattern, self.client, self.memory),
        });
        needless.or_else(|| self.settled(pattern))
    }

    /// A message that would have to come again, had it come with QoS 2: at QoS 1 the client's PUBACK has settled it.
    fn settled(&self, pattern: &PacketPattern) -> Option<usize> {
        let lessened = self.lessened;
        let who = lessened.connection(self.lane).who;
        let mut all = (0..self.before().0).map(EventIndex);
        all.find_map(|event| {
            let happened = &lessened.transcript.events[event.0];
            let Some(Packet::Publish(publish)) = received(&happened.what) else {
                return None;
            };
            let id = publish
                .packet_id
                .filter(|_| publish.qos == QoS::AtLeastOnce)?;
            if lessened.connection(happened.lane).who != who {
                return None;
            }
            let mut after = lessened.transcript.events[event.0..self.before().0].iter();
            let is_settled = after.any(|later| {
                let is_here = later.lane == happened.lane;
                is_here
                    && matches!(sent(&later.what), Some(Packet::PubAck(ack)) if ack.packet_id == id)
            });
            let forms = lessened.instead(event).into_iter();
            let mut forms = forms.filter(|_| is_settled);
            forms.find_map(|form| {
                let Packet::Publish(of) = form.packet else {
                    return None;
                };
                let again = Packet::Publish(Publish { dup: true, ..of });
                self.holds(pattern, event, &again).then_some(form.less)
            })
        })
    }

    /// A PUBREL, where no message of QoS 2 is under way.
    fn release(&self) -> Option<usize> {
        let lessened = self.lessened;
        let mut given = lessened.given_to(self.lane, self.before());
        let (less, _) = given.find(|(_, less)| less.is_lower())?;
        let who = lessened.connection(self.lane).who;
        let mut under_way = BTreeSet::new();
        for event in &lessened.transcript.events[..self.before().0] {
            if lessened.connection(event.lane).who != who {
                continue;
            }
            match received(&event.what) {
                Some(Packet::Publish(publish)) if publish.qos == QoS::ExactlyOnce => {
                    under_way.extend(publish.packet_id);
                }
                _ => {}
            }
            if let Some(Packet::PubComp(ack)) = sent(&event.what) {
                under_way.remove(&ack.packet_id);
            }
        }
        under_way.is_empty().then_some(less)
    }

    /// Messages that came though something should have held them back.
    fn broken_silence(&self) -> Excuse {
        let mut less = None;
        for event in &self.outcome.taken {
            let happened = &self.lessened.transcript.events[event.0];
            let parted = self.lessened.parted(self.lane, happened.at);
            let of_will = || {
                let topic = self.lessened.topic(*event)?;
                self.lessened.of_will(topic, happened.at)
            };
            let found = parted
                .or_else(of_will)
                .or_else(|| self.lessened.unheld(*event))
                .or_else(|| self.lessened.passed_on(*event))?;
            less = less.or(Some(found));
        }
        less.map(|less| (less, self.outcome.taken.clone()))
    }
}

/// The topic that a pattern asks for.
fn topic_of(pattern: &PacketPattern, client: ClientIndex, memory: &Memory) -> Option<ByteString> {
    let field = pattern.fields.iter().find(|field| field.name == "topic")?;
    let Matcher::Is(expr) = &field.matcher else {
        return None;
    };
    match memory.evaluate(expr, client) {
        Ok(Literal::Bytes(bytes)) => ByteString::try_from(bytes).ok(),
        _ => None,
    }
}
