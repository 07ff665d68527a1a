//! Finds out which SUBSCRIBE brought a retained message, and why the message should not have been retained.

use mqtt_check_codec::{Packet, Publish};

use super::super::filter;
use super::inbox::Inbox;
use super::repeats::{Sent, sent};
use super::{Event, Wrong};
use crate::matcher::Received;
use crate::transcript::{EventIndex, LaneIndex};

/// Why a message should not have been retained when a client subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obsolete {
    /// A later message replaced it.
    Replaced,
    /// An empty message removed it.
    Removed,
    /// It was only published with RETAIN 0.
    NotRetained,
}

impl Inbox<'_> {
    /// Returns what is wrong if a SUBSCRIBE brought this message and it should not have been retained by then. `None`
    /// also if that is unknown.
    pub(super) fn obsolete(self, event: EventIndex) -> Option<Wrong> {
        let subscribe = self.brought_by(event)?;
        let topic = self.transcript.topic(event)?;
        let Packet::Publish(publish) = Received::at(self.transcript, event)?.packet else {
            return None;
        };
        let before = || sent(&self.transcript.events[..subscribe.0]);
        let is_of_topic = |sent: &Sent<'_>| sent.topic.is_none_or(|of| of == topic);
        let mut last = None;
        for sent in before().filter(|sent| sent.retain && is_of_topic(sent)) {
            // A Will is published at an unknown time, if at all, and an alias may stand for any topic.
            if sent.is_will || sent.topic.is_none() {
                return None;
            }
            last = Some(sent.payload);
        }
        let is_it = |sent: Sent<'_>| is_of_topic(&sent) && *sent.payload == publish.payload;
        let was_retained = before().any(|sent| sent.retain && is_it(sent));
        let obsolete = match last {
            Some(last) if was_retained && last.is_empty() => Obsolete::Removed,
            Some(last) if was_retained && *last != publish.payload => Obsolete::Replaced,
            _ if !was_retained && before().any(is_it) => Obsolete::NotRetained,
            _ => return None,
        };
        Some(Wrong::Event(Event::Obsolete(obsolete)))
    }

    /// Returns the SUBSCRIBE that brought this message, if one did: the message has RETAIN 1, is not sent again, and is
    /// not one too many for the filters of the last SUBSCRIBE that match its topic.
    pub(super) fn brought_by(self, event: EventIndex) -> Option<EventIndex> {
        let topic = self.transcript.topic(event)?;
        let Packet::Publish(publish) = Received::at(self.transcript, event)?.packet else {
            return None;
        };
        if !publish.retain || publish.dup || self.is_in_flight(publish, event) {
            return None;
        }
        let here = self.transcript.events[event.0].lane;
        let sent = self.sent_before(event).rev();
        let mut asked = sent.filter_map(|(at, lane, packet)| match packet {
            Packet::Subscribe(subscribe) if lane == here => {
                let filters = subscribe.subscriptions.iter();
                let matching = filters.filter(|one| filter::matches(&one.filter, topic));
                Some((at, matching.count()))
            }
            _ => None,
        });
        let (subscribe, filters) = asked.find(|(_, matching)| *matching > 0)?;
        // A message that was published later is not brought by the SUBSCRIBE.
        if self
            .publication_of(event)
            .is_some_and(|at| at > subscribe.0)
        {
            return None;
        }
        let is_retained = |other: EventIndex, lane: LaneIndex, packet: &Packet| {
            subscribe < other
                && other < event
                && lane == here
                && self.transcript.topic(other) == Some(topic)
                && matches!(packet, Packet::Publish(publish) if publish.retain)
        };
        let brought = self
            .packets()
            .filter(|(other, lane, received)| is_retained(*other, *lane, received.packet));
        (brought.count() < filters).then_some(subscribe)
    }

    /// Returns whether the session has received this message before with the same Packet Identifier and has not
    /// acknowledged it since.
    fn is_in_flight(self, publish: &Publish, event: EventIndex) -> bool {
        let Some(id) = publish.packet_id else {
            return false;
        };
        let former = self.packets_of_session().filter(|(other, _, received)| {
            *other < event
                && matches!(received.packet, Packet::Publish(first)
                    if first.packet_id == Some(id) && first.payload == publish.payload)
        });
        let Some((first, ..)) = former.last() else {
            return false;
        };
        let mut sent = self.sent_before(event);
        !sent.any(|(at, _, packet)| {
            let is_answer = matches!(
                packet,
                Packet::PubAck(_) | Packet::PubRec(_) | Packet::PubComp(_)
            );
            at > first && is_answer && packet.packet_id() == Some(id)
        })
    }
}
