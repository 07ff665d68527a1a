//! What a client has subscribed to when it receives a message, or should receive one.

use std::collections::BTreeSet;

use mqtt_check_codec::{Packet, PacketId, PacketType, Publish, QoS};

use super::super::filter;
use super::inbox::Inbox;
use crate::matcher::Received;
use crate::scenario::model::{Expr, Literal, Matcher, PacketPattern};
use crate::transcript::{EventIndex, LaneIndex, What};

impl<'a> Inbox<'a> {
    /// Returns the packets that the clients of this session sent before this event.
    pub(super) fn sent_before(
        self,
        event: EventIndex,
    ) -> impl DoubleEndedIterator<Item = (EventIndex, LaneIndex, &'a Packet)> {
        let is_its = self.is_of_session();
        let events = self.transcript.events[..event.0].iter().enumerate();
        events.filter_map(move |(at, sent)| match &sent.what {
            What::Sent {
                packet: Some(packet),
                ..
            } if is_its(sent.lane) => Some((EventIndex(at), sent.lane, packet)),
            _ => None,
        })
    }

    /// Returns whether the client has unsubscribed from every filter that matches this message, and the message was
    /// published after that.
    pub(super) fn is_unsubscribed(self, event: EventIndex) -> bool {
        let topic = self.transcript.topic(event);
        let Some((topic, published)) = topic.zip(self.publication_of(event)) else {
            return false;
        };
        let mut filters = BTreeSet::new();
        let mut ended = None;
        for (at, _, packet) in self.sent_before(event) {
            match packet {
                Packet::Subscribe(subscribe) => {
                    let asked = subscribe.subscriptions.iter().map(|s| &s.filter);
                    filters.extend(asked.filter(|filter| filter::matches(filter, topic)));
                }
                Packet::Unsubscribe(unsubscribe) => {
                    for filter in &unsubscribe.filters {
                        ended = filters.remove(filter).then_some(at.0).or(ended);
                    }
                }
                _ => {}
            }
        }
        filters.is_empty() && ended.is_some_and(|ended| published > ended)
    }

    /// Returns whether the missing message is a retained one, due for a SUBSCRIBE that the client sent after it was
    /// published, and after it last received the message.
    pub(super) fn is_retained(
        self,
        pattern: &PacketPattern,
        last_received: Option<EventIndex>,
    ) -> bool {
        let is_said = pattern.fields.iter().any(|field| {
            let is_true = Matcher::Is(Expr::Literal(Literal::Bool(true)));
            field.name == "retain" && field.matcher == is_true
        });
        let Some(published) = self.publication_of_due(pattern).filter(|_| is_said) else {
            return false;
        };
        self.subscribes()
            .any(|(at, _)| at.0 > published && last_received < Some(at))
    }

    /// Returns whether the client has subscribed on its connection at the end of the step.
    pub(in crate::verdict) fn has_subscribed(self) -> bool {
        let present = self.present();
        self.subscribes().any(|(_, lane)| Some(lane) == present)
    }

    /// Returns each SUBSCRIBE that the clients of this session sent until the end of the step.
    fn subscribes(self) -> impl Iterator<Item = (EventIndex, LaneIndex)> {
        let end = EventIndex(self.transcript.events.len());
        self.sent_before(end).filter_map(move |(at, lane, packet)| {
            let is_in_time = self.transcript.events[at.0].at <= self.until;
            let is_meant = is_in_time && matches!(packet, Packet::Subscribe(_));
            is_meant.then_some((at, lane))
        })
    }

    /// Returns whether this message is rightly sent again: an earlier connection received it, the client has not
    /// acknowledged it, and the client has not begun a new session since.
    pub(in crate::verdict) fn is_rightly_resent(self, event: EventIndex) -> bool {
        let Some((again, id)) = self.marked(event) else {
            return false;
        };
        let lane = self.transcript.events[event.0].lane;
        let topic = self.transcript.topic(event);
        let is_it = |other: EventIndex, its: LaneIndex, packet: &Packet| {
            let is_same = matches!(packet, Packet::Publish(first)
                if first.packet_id == Some(id) && first.payload == again.payload && first.qos == again.qos);
            other < event && its < lane && is_same && self.transcript.topic(other) == topic
        };
        let mut packets = self.packets_of_session();
        let Some((first, ..)) = packets.find(|(other, its, r)| is_it(*other, *its, r.packet))
        else {
            return false;
        };
        let settles = |packet: &Packet| match again.qos {
            QoS::ExactlyOnce => packet.packet_type() == PacketType::PUBREC,
            _ => packet.packet_type() == PacketType::PUBACK,
        };
        let mut sent = self.sent_before(event);
        !sent.any(|(at, _, packet)| {
            let is_over = packet.packet_id() == Some(id) && settles(packet);
            let begins = matches!(packet, Packet::Connect(connect) if connect.clean_start);
            at > first && (is_over || begins)
        })
    }

    /// Returns the PUBLISH of this event if it has DUP 1 and a Packet Identifier.
    fn marked(self, event: EventIndex) -> Option<(&'a Publish, PacketId)> {
        match Received::at(self.transcript, event)?.packet {
            Packet::Publish(publish) if publish.dup => Some((publish, publish.packet_id?)),
            _ => None,
        }
    }

    /// Returns the events at which the present connection received the message of this pattern. Empty unless the
    /// pattern states a payload, because nothing else identifies a message.
    pub(in crate::verdict) fn has_come(
        self,
        pattern: &'a PacketPattern,
    ) -> impl Iterator<Item = EventIndex> {
        let present = self.present();
        let is_identified = pattern.packet_type == PacketType::PUBLISH
            && pattern.fields.iter().any(|field| field.name == "payload");
        let packets = self.packets().filter(move |_| is_identified);
        packets
            .filter(move |(_, lane, packet)| {
                Some(*lane) == present && self.is_message(pattern, packet)
            })
            .map(|(event, ..)| event)
    }
}
