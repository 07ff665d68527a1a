//! Decides whether an unexpected message is a copy too many or a separate message.

use std::collections::BTreeSet;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketType, Publish, QoS};

use super::super::filter;
use super::inbox::Inbox;
use super::{Event, Wrong};
use crate::matcher::Received;
use crate::scenario::model::PacketPattern;
use crate::transcript::{Event as TranscriptEvent, EventIndex, LaneIndex, What};

impl Inbox<'_> {
    /// Returns what is wrong with an old message that should no longer be received: it was sent once more, or should
    /// not have been sent at all.
    pub(super) fn stale(self, event: EventIndex) -> Wrong {
        let Some(Packet::Publish(publish)) = Received::at(self.transcript, event).map(|r| r.packet)
        else {
            return Wrong::Event(Event::Extra(PacketType::PUBLISH));
        };
        Wrong::Event(match self.is_copy(publish, event, |_| true) {
            true => Event::Repeated(publish.qos),
            false => Event::Extra(PacketType::PUBLISH),
        })
    }

    /// Returns what is wrong if the message is a repetition of one on the same connection.
    pub(super) fn repeated(self, publish: &Publish, event: EventIndex) -> Option<Wrong> {
        let lane = self.transcript.events[event.0].lane;
        self.is_copy(publish, event, |its| its == lane)
            .then_some(Wrong::Event(Event::Repeated(publish.qos)))
    }

    /// Returns whether this message is one copy too many. That is so if at least as many messages with its topic and
    /// payload have been received before, on such a connection, as were published. Each publication counts once for
    /// each matching subscription of the client, since a server may send a copy for each. A retained message that a
    /// SUBSCRIBE brought is not a copy.
    fn is_copy(
        self,
        publish: &Publish,
        event: EventIndex,
        is_on: impl Fn(LaneIndex) -> bool,
    ) -> bool {
        if self.brought_by(event).is_some() {
            return false;
        }
        let topic = self.transcript.topic(event);
        let before = |least: QoS| {
            let before = self.packets().filter(|(other, lane, packet)| {
                other.0 < event.0
                    && is_on(*lane)
                    && self.transcript.topic(*other) == topic
                    && matches!(packet.packet, Packet::Publish(first)
                        if first.payload == publish.payload && first.qos >= least)
            });
            before.count()
        };
        // No copy for a subscription has a higher QoS than the subscription.
        let is_too_many = |least| {
            let before = before(least);
            before > 0
                && before
                    >= self.published(publish, event) * self.subscriptions(event, least).max(1)
        };
        is_too_many(QoS::AtMostOnce) || is_too_many(publish.qos)
    }

    /// Returns the number of Topic Filters matching the topic of this message that the client has subscribed to before
    /// it, with this QoS or a higher one.
    fn subscriptions(self, event: EventIndex, least: QoS) -> usize {
        let Some(topic) = self.transcript.topic(event) else {
            return 0;
        };
        let is_its = self.is_of_session();
        let filters: BTreeSet<&str> = self.transcript.events[..event.0]
            .iter()
            .filter(|event| is_its(event.lane))
            .filter_map(|event| match &event.what {
                What::Sent {
                    packet: Some(Packet::Subscribe(subscribe)),
                    ..
                } => Some(&subscribe.subscriptions),
                _ => None,
            })
            .flatten()
            .filter(|subscription| subscription.options.qos >= least)
            .map(|subscription| &*subscription.filter)
            .filter(|filter| filter::matches(filter, topic))
            .collect();
        filters.len()
    }

    /// Returns how many messages like this one clients published before it was received, or left as their Wills.
    fn published(self, publish: &Publish, event: EventIndex) -> usize {
        let topic = self.transcript.topic(event);
        let is_like_it = |sent: &Sent<'_>| {
            let is_of_topic = sent.topic.is_none() || sent.topic == topic;
            !sent.dup && is_of_topic && *sent.payload == publish.payload
        };
        sent(&self.transcript.events[..event.0])
            .filter(is_like_it)
            .count()
    }

    /// Returns whether some client has published the received message. If so, it is a separate message, and the one
    /// that is due is lost.
    pub(super) fn was_sent(self, pattern: &PacketPattern, event: EventIndex) -> bool {
        let Some(Packet::Publish(publish)) = Received::at(self.transcript, event).map(|r| r.packet)
        else {
            return false;
        };
        pattern.packet_type == PacketType::PUBLISH
            && sent(&self.transcript.events).any(|sent| *sent.payload == publish.payload)
    }
}

/// A message that a client has published, or left as its Will.
pub(super) struct Sent<'e> {
    dup: bool,
    pub(super) retain: bool,
    pub(super) is_will: bool,
    /// `None` if a topic alias is used, which may stand for any topic.
    pub(super) topic: Option<&'e ByteString>,
    pub(super) payload: &'e Bytes,
}

pub(super) fn sent(events: &[TranscriptEvent]) -> impl Iterator<Item = Sent<'_>> {
    events.iter().filter_map(|event| {
        let What::Sent {
            packet: Some(packet),
            ..
        } = &event.what
        else {
            return None;
        };
        match packet {
            Packet::Publish(publish) => Some(Sent {
                dup: publish.dup,
                retain: publish.retain,
                is_will: false,
                topic: Some(&publish.topic).filter(|topic| !topic.is_empty()),
                payload: &publish.payload,
            }),
            Packet::Connect(connect) => connect.will.as_ref().map(|will| Sent {
                dup: false,
                retain: will.retain,
                is_will: true,
                topic: Some(&will.topic),
                payload: &will.payload,
            }),
            _ => None,
        }
    })
}
