//! Constructs what a packet would be if the server had granted what was requested.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketId, Property, Publish, QoS, ReasonCode};

use super::super::filter::matches;
use super::given::{Grant, LesserGrant};
use super::{GrantedLess, received, sent};
use crate::transcript::{EventIndex, LaneIndex};

/// A form that a packet might have had, and the index of the lesser grant that makes the difference.
pub(super) struct Alternative {
    pub(super) packet: Packet,
    pub(super) grant: usize,
}

impl GrantedLess<'_> {
    /// Returns every form that this packet might have had. Empty if no lesser grant makes a difference to it.
    pub(super) fn instead(&self, event: EventIndex) -> Vec<Alternative> {
        let Some(packet) = received(&self.transcript.events[event.0].what) else {
            return Vec::new();
        };
        match packet {
            Packet::Publish(publish) => {
                // If its alias cannot be resolved, the message may have any topic.
                let topic = self.transcript.topic(event);
                let topic = topic.filter(|topic| !topic.is_empty());
                self.publish_instead(event, publish, topic)
            }
            Packet::SubAck(suback) => {
                let mut suback = suback.clone();
                let mut first = None;
                for (number, grant) in self.lesser_grants.iter().enumerate() {
                    if let Grant::Subscription { place, asked, .. } = &grant.what
                        && grant.at == event
                        && let Some(reason) = suback.reasons.get_mut(*place)
                    {
                        *reason = ReasonCode(*asked);
                        first.get_or_insert(number);
                    }
                }
                let packet = Packet::SubAck(suback);
                first
                    .map(|grant| Alternative { packet, grant })
                    .into_iter()
                    .collect()
            }
            Packet::ConnAck(connack) => {
                let at = self.transcript.events[event.0].at;
                let lane = self.transcript.events[event.0].lane;
                let own = self
                    .lesser_grants
                    .iter()
                    .position(|grant| grant.at == event);
                let mut connack = connack.clone();
                if let Some(grant) = own
                    && let Grant::Session { asked_s, .. } = self.lesser_grants[grant].what
                {
                    let expiry = |p: &Property| matches!(p, Property::SessionExpiryInterval(_));
                    connack.properties.0.retain(|p| !expiry(p));
                    if asked_s > 0 {
                        connack
                            .properties
                            .push(Property::SessionExpiryInterval(asked_s));
                    }
                }
                let diverged = self.diverged(lane, at);
                connack.session_present ^= diverged.is_some();
                let packet = Packet::ConnAck(connack);
                let grant = own.or(diverged);
                grant
                    .map(|grant| Alternative { packet, grant })
                    .into_iter()
                    .collect()
            }
            Packet::PubAck(_) | Packet::PubRec(_) | Packet::PubComp(_) | Packet::UnsubAck(_) => {
                self.answer_instead(event, packet)
            }
            _ => Vec::new(),
        }
    }

    /// Returns the message at each QoS that a full grant would have permitted for this topic. `None` stands for any
    /// topic.
    pub(super) fn publish_instead(
        &self,
        event: EventIndex,
        publish: &Publish,
        topic: Option<&ByteString>,
    ) -> Vec<Alternative> {
        let lane = self.transcript.events[event.0].lane;
        let published = self.published(topic, publish);
        let mut all = Vec::new();
        for (number, grant) in self.given_to(lane, event) {
            let Grant::Subscription { asked, .. } = &grant.what else {
                continue;
            };
            let granted = publish.qos.as_u8();
            if grant
                .lowers_to(granted)
                .is_none_or(|filter| topic.is_some_and(|topic| !matches(filter, topic)))
            {
                continue;
            }
            let most = published.map_or(*asked, |qos| qos.min(*asked));
            let above = (granted + 1..=most).filter_map(QoS::from_u8);
            for (qos, dup) in above.flat_map(|qos| [(qos, publish.dup), (qos, true)]) {
                // DUP is always 0 at QoS 0. Above that, it is as received.
                if dup != publish.dup && granted > 0 {
                    continue;
                }
                let packet_id = publish.packet_id.or(Some(PacketId::MIN));
                let packet = Packet::Publish(Publish {
                    qos,
                    dup,
                    packet_id,
                    ..publish.clone()
                });
                all.push(Alternative {
                    packet,
                    grant: number,
                });
            }
        }
        all
    }

    /// Returns the highest QoS at which a client is known to have published this message.
    pub(super) fn published(&self, topic: Option<&ByteString>, message: &Publish) -> Option<u8> {
        self.published_with(topic, &message.payload)
    }

    /// Returns the highest QoS with which a message with this payload was published, or left as a Will.
    pub(super) fn published_with(&self, topic: Option<&ByteString>, payload: &Bytes) -> Option<u8> {
        let is_it = |of: &ByteString, with: &Bytes| {
            topic.is_none_or(|topic| topic == of) && with == payload
        };
        let events = self.transcript.events.iter();
        let each = events.filter_map(|event| match sent(&event.what)? {
            Packet::Publish(publish) => {
                is_it(&publish.topic, &publish.payload).then_some(publish.qos)
            }
            Packet::Connect(connect) => {
                let will = connect.will.as_ref()?;
                is_it(&will.topic, &will.payload).then_some(will.qos)
            }
            _ => None,
        });
        each.map(QoS::as_u8).max()
    }

    /// Returns an acknowledgement whose reason code depends on a lesser grant.
    fn answer_instead(&self, event: EventIndex, packet: &Packet) -> Vec<Alternative> {
        let happened = &self.transcript.events[event.0];
        let is_own = |grant: &LesserGrant| grant.at == event && grant.is_refusal();
        let own = self.lesser_grants.iter().position(is_own);
        let refused = || {
            self.lesser_grants
                .iter()
                .position(|grant| grant.refuses().is_some())
        };
        let diverged = || self.diverged(happened.lane, happened.at);
        let mut packet = packet.clone();
        let grant = match &mut packet {
            Packet::PubAck(ack) | Packet::PubRec(ack) => {
                let unheard = ack.reason == ReasonCode::NO_MATCHING_SUBSCRIBERS;
                ack.reason = ReasonCode::SUCCESS;
                own.or_else(|| refused().filter(|_| unheard))
            }
            Packet::PubComp(ack) if ack.reason == ReasonCode::PACKET_IDENTIFIER_NOT_FOUND => {
                ack.reason = ReasonCode::SUCCESS;
                // If a message was refused or left unanswered, there is nothing to release.
                let mut grants = self.given_to(happened.lane, event);
                let untaken = grants.find(|(_, grant)| matches!(grant.what, Grant::Message { .. }));
                untaken.map(|(number, _)| number).or_else(diverged)
            }
            Packet::UnsubAck(unsuback) => {
                let filters = self.unsubscribed(happened.lane, event, unsuback.packet_id);
                let mut first = None;
                for (filter, reason) in filters.zip(&mut unsuback.reasons) {
                    let refused = self.refused_filter(happened.lane, event, filter);
                    let grant = refused.or_else(diverged);
                    if *reason == ReasonCode::NO_SUBSCRIPTION_EXISTED && grant.is_some() {
                        *reason = ReasonCode::SUCCESS;
                        first = first.or(grant);
                    }
                }
                first
            }
            _ => None,
        };
        grant
            .map(|grant| Alternative { packet, grant })
            .into_iter()
            .collect()
    }

    /// Returns the filters of the last UNSUBSCRIBE with this identifier.
    fn unsubscribed(
        &self,
        lane: LaneIndex,
        before: EventIndex,
        id: PacketId,
    ) -> impl Iterator<Item = &ByteString> {
        let events = self.transcript.events[..before.0].iter().rev();
        let mut asked = events.filter(move |event| event.lane == lane);
        let filters = asked.find_map(|event| match sent(&event.what) {
            Some(Packet::Unsubscribe(p)) if p.packet_id == id => Some(&p.filters),
            _ => None,
        });
        filters.into_iter().flatten()
    }

    /// Returns the lesser grant that refused the client's subscription to exactly this filter.
    fn refused_filter(
        &self,
        lane: LaneIndex,
        before: EventIndex,
        filter: &ByteString,
    ) -> Option<usize> {
        let mut grants = self.given_to(lane, before);
        grants
            .find(|(_, grant)| grant.refuses() == Some(filter))
            .map(|(number, _)| number)
    }
}
