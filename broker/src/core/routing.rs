//! From an accepted message to everybody who subscribed, and to those who will.

use std::mem;
use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::{ProtocolVersion, QoS};

use super::Broker;
use super::rules::Rules;
use super::state::message::{Delivery, Message};
use super::state::session::Sessions;
use super::state::session_key::SessionKey;
use super::state::subscription::{Matches, Standing, Subscriber};
use super::topic::Filter;
use super::turn::Turn;
use crate::hook::DropReason;
use crate::{Fault, HookEvent, Liberty};

impl Broker {
    /// Retains the message if it says so and hands it to every matching subscription; says whether there was one.
    pub(crate) fn publish(
        &mut self,
        turn: &mut Turn<'_>,
        message: Message,
        client: Option<ByteString>,
    ) -> bool {
        turn.hook(HookEvent::MessagePublish {
            client: client.clone(),
            topic: message.topic.clone(),
            qos: message.qos,
            retain: message.retain,
            payload: message.payload.clone(),
        });
        let message = Arc::new(message);
        self.retain(&message);
        // [3.1.1 RULE-3.3.1.3-1]: subscribers get what clears a topic too.
        if message.retain
            && message.payload.is_empty()
            && self.state.rules.breaks(Fault::EmptyRetainedNotForwarded)
        {
            return true;
        }
        let mut found = mem::take(&mut self.state.topics.matches);
        let (rules, sessions) = (&self.state.rules, &self.state.sessions);
        let standing = |member: &Subscriber| standing(rules, sessions, member, &message);
        // [3.1.1 MQTT-4.7.2-1] [5 MQTT-4.7.2-1]
        let hide = !self.state.rules.breaks(Fault::WildcardMatchesDollar);
        let name = match self.state.rules.faults.is_none() {
            true => message.topic.clone(),
            false => normalised(&self.state.rules, &message.topic),
        };
        self.state
            .topics
            .subscriptions
            .matches(&name, hide, &standing, &mut found);
        let matched = self.distribute(turn, &message, &found);
        self.state.topics.matches = found;
        if !matched {
            turn.hook(HookEvent::MessageDropped {
                client,
                topic: message.topic.clone(),
                reason: DropReason::NoSubscribers,
            });
        }
        matched
    }

    /// [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-7] [3.1.1 MQTT-3.3.1-12] [5 MQTT-3.3.1-5] [5 MQTT-3.3.1-8]
    /// [5 RULE-3.3.1.3-1]
    fn retain(&mut self, message: &Arc<Message>) {
        let rules = &self.state.rules;
        if !message.retain {
            if rules.breaks(Fault::UnretainedStored) {
                self.state.topics.retained.store(Arc::clone(message));
            } else if rules.breaks(Fault::UnretainedClears) {
                self.state.topics.retained.remove(&message.topic);
            }
            return;
        }
        if message.qos == QoS::AtMostOnce && rules.chooses(Liberty::RetainedQos0Discarded) {
            // [3.1.1 MQTT-3.3.1-7] [5 RULE-3.3.1.3-1]: what was there goes all the same.
            self.state.topics.retained.remove(&message.topic);
            return;
        }
        let not_stored = match message.qos {
            QoS::AtMostOnce => Fault::RetainedQos0NotStored,
            _ => Fault::RetainedNotStored,
        };
        if message.payload.is_empty() && !rules.breaks(Fault::EmptyRetainedStored) {
            // [3.1.1 MQTT-3.3.1-11] [5 MQTT-3.3.1-7]
            if !rules.breaks(Fault::EmptyRetainedDoesNotClear) {
                self.state.topics.retained.remove(&message.topic);
            }
        } else if rules.breaks(not_stored)
            || rules.breaks(Fault::RetainedNotReplaced)
                && self.state.topics.retained.has(&message.topic)
        {
            // Neither stored nor in the place of another.
        } else if self.retains(&message.topic) {
            self.state.topics.retained.store(Arc::clone(message));
        }
    }

    /// One copy for each session with own subscriptions that match, however many; one for each Shared Subscription.
    fn distribute(&mut self, turn: &mut Turn<'_>, message: &Arc<Message>, found: &Matches) -> bool {
        let mut matched = false;
        for overlapping in found.own.chunk_by(|a, b| a.session == b.session) {
            if matched && self.state.rules.breaks(Fault::OnlyOneSubscriberServed) {
                break;
            }
            if overlapping.len() > 1 && self.state.rules.breaks(Fault::CopiesWithoutIdentifier) {
                for subscriber in overlapping {
                    let mut delivery = self.copy(message, subscriber);
                    delivery.identifiers.clear();
                    self.deliver(turn, subscriber.session, delivery);
                }
                matched = true;
            } else if self.state.rules.chooses(Liberty::OverlappingCopies) {
                // [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2] [5 MQTT-3.3.4-5]
                for subscriber in overlapping.chunks(1) {
                    if let Some(delivery) = self.combine(message, subscriber) {
                        matched = true;
                        self.deliver(turn, overlapping[0].session, delivery);
                    }
                }
            } else if let Some(delivery) = self.combine(message, overlapping) {
                matched = true;
                self.deliver(turn, overlapping[0].session, delivery);
            }
        }
        for (member, filter) in &found.shared {
            matched = true;
            let mut delivery = self.copy(message, member);
            delivery.shared = Some(filter.clone());
            // [5 MQTT-4.8.2-3]
            if self.state.rules.breaks(Fault::SharedQosIgnored) {
                delivery.qos = message.qos;
            }
            if self.state.rules.breaks(Fault::SharedGoesToAll) {
                for other in self.other_members(filter, member.session) {
                    let copy = self.copy(message, &other);
                    self.deliver(turn, other.session, copy);
                }
            }
            self.deliver(turn, member.session, delivery);
        }
        matched
    }

    /// Of faults: who else is in the group of this Shared Subscription.
    pub(crate) fn other_members(&mut self, whole: &str, but: SessionKey) -> Vec<Subscriber> {
        match Filter::parse(whole, ProtocolVersion::V5) {
            Some(Filter::Shared { group, filter }) => {
                self.state.topics.subscriptions.others(group, filter, but)
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn deliver(&mut self, turn: &mut Turn<'_>, key: SessionKey, delivery: Delivery) {
        if let Some(session) = self.state.sessions.at_mut(key) {
            session.push(&self.state.rules, turn, delivery);
        }
    }

    /// The copy for a session whose subscriptions overlap: at the highest QoS, with every identifier.
    /// [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2] [5 MQTT-3.3.4-4]. There is one copy, so [5 MQTT-3.3.4-5] has no case.
    fn combine(&self, message: &Arc<Message>, overlapping: &[Subscriber]) -> Option<Delivery> {
        let publisher_is_subscriber = || {
            self.state
                .sessions
                .at(overlapping[0].session)
                .is_some_and(|session| session.client == message.publisher)
        };
        let mut combined: Option<Delivery> = None;
        for subscriber in overlapping {
            let options = subscriber.granted.options;
            // [5 MQTT-3.8.3-3]
            if options.no_local
                && publisher_is_subscriber()
                && !self.state.rules.breaks(Fault::NoLocalIgnored)
            {
                continue;
            }
            let delivery = self.copy(message, subscriber);
            match &mut combined {
                None => combined = Some(delivery),
                Some(combined) => {
                    combined.qos = match self.state.rules.breaks(Fault::OverlappingLowestQos) {
                        true => combined.qos.min(delivery.qos),
                        false => combined.qos.max(delivery.qos),
                    };
                    combined.retain |= delivery.retain;
                    combined.identifiers.extend(delivery.identifiers);
                }
            }
        }
        combined
    }

    /// The copy for one subscription.
    pub(crate) fn copy(&self, message: &Arc<Message>, subscriber: &Subscriber) -> Delivery {
        let rules = &self.state.rules;
        let options = subscriber.granted.options;
        // [3.1.1 MQTT-3.3.1-9] [5 MQTT-3.3.1-12] [5 MQTT-3.3.1-13]
        let keeps = if options.retain_as_published {
            !rules.breaks(Fault::RetainAsPublishedIgnored)
        } else {
            rules.breaks(Fault::RetainFlagKeptLive)
        };
        // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
        let mut qos = message.qos.min(options.qos);
        if qos == QoS::AtMostOnce && rules.breaks(Fault::Qos0SentAtQos1) {
            qos = QoS::AtLeastOnce;
        }
        if rules.breaks(Fault::QosNotLowered) {
            qos = message.qos;
        } else if rules.breaks(Fault::QosLoweredTooFar) {
            qos = qos.min(QoS::AtLeastOnce);
        }
        Delivery {
            message: Arc::clone(message),
            qos,
            retain: message.retain && keeps,
            identifiers: subscriber.granted.identifier.into_iter().collect(),
            shared: None,
        }
    }
}

/// How a member of a Shared Subscription stands to this message.
pub(crate) fn standing(
    rules: &Rules,
    sessions: &Sessions,
    member: &Subscriber,
    message: &Message,
) -> Standing {
    let qos = message.qos.min(member.granted.options.qos);
    match sessions.at(member.session) {
        Some(session) if !session.may_have(rules, &message.topic) => Standing::Barred,
        Some(_) if rules.chooses(Liberty::SharedByTurnAlone) => Standing::Ready,
        Some(session) if session.is_ready() => Standing::Ready,
        Some(session)
            if session.link.is_none() && qos == QoS::AtMostOnce && !rules.config.queue_qos0 =>
        {
            Standing::Losing
        }
        _ => Standing::Waiting,
    }
}

/// The topic as a broker reads it that does not take it as it is. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
pub(crate) fn normalised(rules: &Rules, topic: &ByteString) -> ByteString {
    if rules.breaks(Fault::TopicsCaseFolded) {
        ByteString::from(topic.to_lowercase())
    } else if rules.breaks(Fault::LeadingSlashIgnored) {
        // [5 RULE-4.7.3-1]
        ByteString::from(topic.strip_prefix('/').unwrap_or(topic))
    } else {
        topic.clone()
    }
}
