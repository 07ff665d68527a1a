//! Messages that need not be received, or may be received, because of a lesser grant.

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Packet, Publish, QoS, RetainHandling};

use super::super::filter::{is_shared, matches};
use super::given::{Grant, MessageFate};
use super::{GrantedLess, received, sent};
use crate::matcher::Memory;
use crate::scenario::model::{ClientIndex, Literal, Matcher, PacketPattern};
use crate::transcript::{EventIndex, LaneIndex};

/// A message that was waited for on a connection and was not received.
pub(super) struct Wanted {
    pub(super) lane: LaneIndex,
    pub(super) before: EventIndex,
    pub(super) at: Duration,
    /// The topic that it must have, if any.
    pub(super) topic: Option<ByteString>,
    /// The payload that it must have, if any.
    pub(super) payload: Option<Bytes>,
}

impl GrantedLess<'_> {
    /// Returns the lesser grant that explains why the message need not be received in any form.
    pub(super) fn needless(&self, wanted: &Wanted) -> Option<usize> {
        let topic = wanted.topic.as_ref();
        let (lane, before) = (wanted.lane, wanted.before);
        // A message of QoS 0 does not wait for an offline client, and does not pass to another member of a shared
        // subscription when its client goes offline.
        let lost = || {
            if self.is_of_qos_0(wanted) {
                return None;
            }
            let is_live = self.is_live(wanted) || self.is_retained_for(wanted);
            let mut grants = self.given_to(lane, before);
            let grant = grants.find(|(_, grant)| {
                grant.lowers_to(0).is_some_and(|filter| {
                    let is_away = grant.lane != lane && !is_live
                        || is_shared(filter) && self.has_lost_a_member(filter, wanted, is_live);
                    is_away && topic.is_none_or(|topic| matches(filter, topic))
                })
            });
            grant.map(|(number, _)| number)
        };
        self.refused(lane, before, topic)
            .or_else(|| self.unpublished(before, topic, wanted.payload.as_ref()))
            .or_else(lost)
            .or_else(|| self.of_will(topic?, wanted.at))
    }

    /// Returns whether the message was published with QoS 0, so that a lower grant makes no difference to it.
    fn is_of_qos_0(&self, wanted: &Wanted) -> bool {
        let topic = wanted.topic.as_ref();
        let payload = wanted.payload.as_ref();
        payload.is_some_and(|payload| self.published_with(topic, payload) == Some(0))
    }

    /// Returns whether a client that subscribed to this shared filter was offline by then. The others do not get what
    /// was sent to it. A client that was back before the message was published does not count.
    fn has_lost_a_member(&self, filter: &ByteString, wanted: &Wanted, is_live: bool) -> bool {
        let client_key = self.connection(wanted.lane).client_key;
        let mut events = self.transcript.events.iter();
        events.any(|event| {
            let Some(Packet::Subscribe(subscribe)) = sent(&event.what) else {
                return false;
            };
            let mut filters = subscribe.subscriptions.iter();
            let is_member = filters.any(|subscription| subscription.filter == *filter);
            let member = self.connection(event.lane);
            let is_back = is_live && member.client_key == client_key;
            is_member && !is_back && member.ended.is_some_and(|(ended, _)| ended <= wanted.at)
        })
    }

    /// Returns whether the message is known to have been published, or due as a Will, only while the client was
    /// connected.
    fn is_live(&self, wanted: &Wanted) -> bool {
        let Some(payload) = &wanted.payload else {
            return false;
        };
        let is_it = |topic: &ByteString, of: &Bytes| {
            let is_topic = wanted.topic.as_ref().is_none_or(|wanted| wanted == topic);
            of == payload && (is_topic || topic.is_empty())
        };
        let events = self.transcript.events.iter().enumerate();
        let accepted = events.clone().find(|(_, event)| {
            let is_connack = matches!(received(&event.what), Some(Packet::ConnAck(_)));
            event.lane == wanted.lane && is_connack
        });
        let Some((accepted, connack)) = accepted else {
            return false;
        };
        let sent = events.filter_map(|(index, event)| match sent(&event.what)? {
            Packet::Publish(publish) => {
                is_it(&publish.topic, &publish.payload).then_some(index > accepted)
            }
            Packet::Connect(connect) => {
                let will = connect.will.as_ref()?;
                let due = || self.connection(event.lane).will_due(will);
                is_it(&will.topic, &will.payload).then(|| due().is_some_and(|due| due > connack.at))
            }
            _ => None,
        });
        let mut sent = sent.peekable();
        sent.peek().is_some() && sent.all(|is_live| is_live)
    }

    /// Returns whether a SUBSCRIBE on this connection requests the message as a retained one, so that it need not wait.
    fn is_retained_for(&self, wanted: &Wanted) -> bool {
        let Some(payload) = &wanted.payload else {
            return false;
        };
        let mut retained: Vec<&ByteString> = Vec::new();
        self.transcript.events[..wanted.before.0]
            .iter()
            .any(|event| match sent(&event.what) {
                Some(Packet::Publish(publish)) => {
                    let is_it = publish.retain && publish.payload == *payload;
                    let wanted = wanted.topic.as_ref();
                    if is_it && wanted.is_none_or(|wanted| *wanted == publish.topic) {
                        retained.push(&publish.topic);
                    }
                    false
                }
                Some(Packet::Subscribe(subscribe)) if event.lane == wanted.lane => {
                    let mut filters = subscribe.subscriptions.iter();
                    filters.any(|subscription| {
                        let filter = &subscription.filter;
                        subscription.options.retain_handling == RetainHandling::Send
                            && !is_shared(filter)
                            && retained.iter().any(|topic| matches(filter, topic))
                    })
                }
                _ => false,
            })
    }

    /// Returns the lesser grant that explains why nothing holds this message back: it has QoS 0, so withholding an
    /// acknowledgement does not delay it. A message that was received before is still one too many.
    pub(super) fn not_held_back(&self, event: EventIndex) -> Option<usize> {
        let happened = &self.transcript.events[event.0];
        let Some(Packet::Publish(publish)) = received(&happened.what) else {
            return None;
        };
        let connection = self.connection(happened.lane);
        if publish.qos != QoS::AtMostOnce || !connection.holds_back {
            return None;
        }
        let topic = self.transcript.topic(event)?;
        let mut grants = self.given_to(happened.lane, event);
        let (grant, _) = grants.find(|(_, grant)| {
            grant
                .lowers_to(0)
                .is_some_and(|filter| matches(filter, topic))
        })?;
        let came_before = self
            .same_before(event, topic, publish)
            .any(|lane| lane == happened.lane);
        (!came_before).then_some(grant)
    }

    /// Returns the lesser grant that explains why this shared message may pass to this member: it was published with
    /// QoS 2, but another member received it with a lower one.
    pub(super) fn may_pass_on(&self, event: EventIndex) -> Option<usize> {
        let happened = &self.transcript.events[event.0];
        let Some(Packet::Publish(publish)) = received(&happened.what) else {
            return None;
        };
        let topic = self.transcript.topic(event)?;
        if self
            .published(Some(topic), publish)
            .is_some_and(|qos| qos < 2)
        {
            return None;
        }
        let mut grants = self.given_to(happened.lane, event);
        let (grant, _) = grants.find(|(_, grant)| {
            grant
                .lowers_to(1)
                .is_some_and(|filter| is_shared(filter) && matches(filter, topic))
        })?;
        let client_key = self.connection(happened.lane).client_key;
        let mut before = self.same_before(event, topic, publish);
        before
            .any(|lane| self.connection(lane).client_key != client_key)
            .then_some(grant)
    }

    /// Returns the connections that received the same message before.
    pub(super) fn same_before<'b>(
        &'b self,
        event: EventIndex,
        topic: &'b ByteString,
        publish: &'b Publish,
    ) -> impl Iterator<Item = LaneIndex> + 'b {
        let former = (0..event.0).map(EventIndex);
        former
            .filter(move |former| self.transcript.topic(*former) == Some(topic))
            .filter_map(move |former| {
                let happened = &self.transcript.events[former.0];
                match received(&happened.what) {
                    Some(Packet::Publish(p)) if p.payload == publish.payload => Some(happened.lane),
                    _ => None,
                }
            })
    }

    /// Returns the lesser grant that refused the client a subscription to this topic. `None` stands for any topic.
    pub(super) fn refused(
        &self,
        lane: LaneIndex,
        before: EventIndex,
        topic: Option<&ByteString>,
    ) -> Option<usize> {
        let mut grants = self.given_to(lane, before);
        grants.find_map(|(number, grant)| {
            let filter = grant.refuses()?;
            topic
                .is_none_or(|topic| matches(filter, topic))
                .then_some(number)
        })
    }

    /// Returns the lesser grant by which the server did not accept a message with this topic and payload. `None` stands
    /// for any topic or payload. A message with an alias may have any topic.
    fn unpublished(
        &self,
        before: EventIndex,
        topic: Option<&ByteString>,
        payload: Option<&Bytes>,
    ) -> Option<usize> {
        self.lesser_grants
            .iter()
            .position(|grant| match &grant.what {
                Grant::Message {
                    topic: of,
                    payload: with,
                    ..
                } => {
                    let is_topic = of.is_empty() || topic.is_none_or(|topic| topic == of);
                    let is_payload = payload.is_none_or(|payload| payload == with);
                    grant.at < before && is_topic && is_payload
                }
                _ => false,
            })
    }

    /// Returns the lesser grant that refused a message of this connection. A message that was left unanswered was not
    /// refused.
    pub(super) fn refused_message(&self, lane: LaneIndex, before: EventIndex) -> Option<usize> {
        let mut grants = self.given_to(lane, before);
        grants
            .find(|(_, grant)| match grant.what {
                Grant::Message { fate, .. } => fate != MessageFate::Unanswered,
                _ => false,
            })
            .map(|(number, _)| number)
    }

    /// Returns the lesser grant of the session whose Will has this topic, if it leaves open whether the Will is
    /// published by this time.
    pub(super) fn of_will(&self, topic: &str, at: Duration) -> Option<usize> {
        (0..self.connections.len()).map(LaneIndex).find_map(|lane| {
            let this = self.connection(lane);
            let will = this.connect?.will.as_ref()?;
            if &*will.topic != topic {
                return None;
            }
            let by_session = || {
                let over = self.may_be_over(lane)?;
                let is_open = at >= over && !self.leaves_no_will(lane);
                self.session_grant(lane).filter(|_| is_open)
            };
            let by_end = || match this.ended {
                Some((ended, true)) if ended <= at => self.diverged(lane, ended),
                _ => None,
            };
            by_session().or_else(by_end)
        })
    }
}

/// Returns the topic that a pattern demands, if any.
pub(super) fn topic_of(
    pattern: &PacketPattern,
    client: ClientIndex,
    memory: &Memory,
) -> Option<ByteString> {
    let bytes = bytes_of("topic", pattern, client, memory)?;
    ByteString::try_from(bytes).ok()
}

/// Returns the payload that a pattern demands, if any.
pub(super) fn payload_of(
    pattern: &PacketPattern,
    client: ClientIndex,
    memory: &Memory,
) -> Option<Bytes> {
    bytes_of("payload", pattern, client, memory)
}

fn bytes_of(
    name: &str,
    pattern: &PacketPattern,
    client: ClientIndex,
    memory: &Memory,
) -> Option<Bytes> {
    let field = pattern.fields.iter().find(|field| field.name == name)?;
    let Matcher::Is(expr) = &field.matcher else {
        return None;
    };
    match memory.evaluate(expr, client) {
        Ok(Literal::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{
        ConnAck, PacketId, Properties, ProtocolVersion, ReasonCode, Subscribe, Subscription,
        SubscriptionOptions,
    };

    use super::super::given::{Granted, LesserGrant};
    use super::super::tests::{self, record};
    use super::*;

    fn publish(topic: &'static str, payload: &'static str) -> (bool, Packet) {
        (true, tests::publish(1, topic, payload))
    }

    fn connack() -> (bool, Packet) {
        let connack = ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: Properties::new(),
        };
        (false, Packet::ConnAck(connack))
    }

    fn is_live(packets: &[(bool, Packet)], topic: &'static str, payload: Option<&str>) -> bool {
        let transcript = record(ProtocolVersion::V5, packets);
        GrantedLess::none(&transcript).is_live(&Wanted {
            lane: LaneIndex(0),
            before: EventIndex(packets.len()),
            at: Duration::ZERO,
            topic: Some(topic.into()),
            payload: payload.map(|payload| Bytes::copy_from_slice(payload.as_bytes())),
        })
    }

    #[test]
    fn a_message_is_live_only_if_published_while_the_client_was_connected() {
        let (before, after) = (
            [publish("a", "x"), connack()],
            [connack(), publish("a", "x")],
        );
        assert!(is_live(&after, "a", Some("x")));
        assert!(!is_live(&before, "a", Some("x")));
        // It is unknown which of two equal messages was waited for.
        let both = [publish("a", "x"), connack(), publish("a", "x")];
        assert!(!is_live(&both, "a", Some("x")));
        // A client that was not accepted was not connected.
        assert!(!is_live(&after[1..], "a", Some("x")));
    }

    #[test]
    fn a_retained_message_that_a_subscribe_asks_for_has_nothing_to_wait_for() {
        let retained = |topic: &'static str| {
            let Packet::Publish(publish) = tests::publish(1, topic, "x") else {
                unreachable!();
            };
            let retain = true;
            (true, Packet::Publish(Publish { retain, ..publish }))
        };
        let subscribe = |filter: &'static str, retain_handling| {
            let options = SubscriptionOptions {
                retain_handling,
                ..SubscriptionOptions::new(QoS::AtLeastOnce)
            };
            let filter = filter.into();
            let subscribe = Subscribe {
                packet_id: PacketId::MIN,
                properties: Properties::new(),
                subscriptions: vec![Subscription { filter, options }],
            };
            (true, Packet::Subscribe(subscribe))
        };
        let is_retained = |packets: &[(bool, Packet)]| {
            let transcript = record(ProtocolVersion::V5, packets);
            GrantedLess::none(&transcript).is_retained_for(&Wanted {
                lane: LaneIndex(0),
                before: EventIndex(packets.len()),
                at: Duration::ZERO,
                topic: Some("a/b".into()),
                payload: Some(Bytes::from_static(b"x")),
            })
        };
        let send = RetainHandling::Send;
        assert!(is_retained(&[retained("a/b"), subscribe("a/+", send)]));
        // The message was published too late, is another one, was not retained, or was not requested.
        assert!(!is_retained(&[subscribe("a/+", send), retained("a/b")]));
        assert!(!is_retained(&[retained("a/c"), subscribe("a/+", send)]));
        assert!(!is_retained(&[publish("a/b", "x"), subscribe("a/+", send)]));
        assert!(!is_retained(&[retained("a/b"), subscribe("b", send)]));
        let never = RetainHandling::DoNotSend;
        assert!(!is_retained(&[retained("a/b"), subscribe("a/+", never)]));
        let shared = subscribe("$share/group/a/+", send);
        assert!(!is_retained(&[retained("a/b"), shared]));
    }

    #[test]
    fn a_message_is_live_by_its_payload_and_its_topic_where_it_has_one() {
        let after = [connack(), publish("a", "x")];
        assert!(!is_live(&after, "a", None));
        assert!(!is_live(&after, "a", Some("y")));
        assert!(!is_live(&after, "b", Some("x")));
        assert!(is_live(&[connack(), publish("", "x")], "a", Some("x")));
    }

    #[test]
    fn another_message_of_a_topic_may_be_taken_where_one_was_not() {
        let transcript = record(ProtocolVersion::V5, &[]);
        let mut granted_less = GrantedLess::none(&transcript);
        let (_, Packet::Publish(refused)) = publish("a", "x") else {
            unreachable!();
        };
        granted_less.lesser_grants.push(LesserGrant {
            why: String::new(),
            lane: LaneIndex(0),
            at: EventIndex(0),
            what: Grant::message(&refused, MessageFate::Refused),
        });
        let unpublished = |topic: &str, payload: Option<&'static str>| {
            let payload = payload.map(Bytes::from);
            granted_less.unpublished(EventIndex(1), Some(&topic.into()), payload.as_ref())
        };
        assert_eq!(unpublished("a", Some("x")), Some(0));
        assert_eq!(unpublished("a", Some("y")), None);
        assert_eq!(unpublished("a", None), Some(0));
        assert_eq!(unpublished("b", Some("x")), None);
    }

    #[test]
    fn a_message_above_the_granted_qos_may_still_be_below_the_requested_one() {
        let grant = |granted| LesserGrant {
            why: String::new(),
            lane: LaneIndex(0),
            at: EventIndex(0),
            what: Grant::Subscription {
                filter: "a".into(),
                place: 0,
                asked: 2,
                granted,
            },
        };
        let lowers = |granted: Granted| -> Vec<bool> {
            let grant = grant(granted);
            (0..3).map(|qos| grant.lowers_to(qos).is_some()).collect()
        };
        assert_eq!(lowers(Granted::Lower(0)), [true, true, false]);
        assert_eq!(lowers(Granted::Lower(1)), [false, true, false]);
        assert_eq!(lowers(Granted::Refused), [false, false, false]);
    }
}
