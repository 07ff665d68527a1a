//! Application Messages: from a client's PUBLISH to everybody who subscribed.

use std::mem;
use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::topic::check_name;
use mqtt_check_codec::{
    Ack, Packet, PacketId, Properties, ProtocolVersion, Publish, QoS, ReasonCode,
};

use super::Broker;
use super::message::{Delivery, Message};
use super::session::SessionKey;
use super::subscription::{Matches, Subscriber};
use super::topic;
use super::turn::Turn;
use crate::hook::{DisconnectReason, DropReason};
use crate::{Deviation, HookEvent};

impl Broker {
    /// A client published.
    pub(crate) fn publish_received(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        mut publish: Publish,
    ) {
        if let Err(reason) = self.check_publish(key, &mut publish) {
            self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
            return;
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtMostOnce, _) => self.publish_qos0(turn, key, publish),
            (QoS::AtLeastOnce, Some(id)) => self.publish_qos1(turn, key, id, publish),
            (QoS::ExactlyOnce, Some(id)) => self.publish_qos2(turn, key, id, publish),
            (_, None) => {
                let reason = ReasonCode::MALFORMED_PACKET;
                self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
            }
        }
    }

    fn publish_qos0(&mut self, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
        match self.judge_publish(key, &publish) {
            Err((reason @ ReasonCode::PAYLOAD_FORMAT_INVALID, _)) => {
                self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
            }
            // QoS 0 has no answer that could carry the refusal.
            Err((_, why)) => self.refused(turn, key, &publish, why),
            Ok(()) => {
                self.accept(turn, key, publish);
            }
        }
    }

    fn publish_qos1(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        id: PacketId,
        publish: Publish,
    ) {
        if let Some(session) = self.sessions.at(key)
            && let Some(link) = &session.link
            && link.version == ProtocolVersion::V5
        {
            if link.unreleased >= usize::from(self.rules.config.receive_maximum) {
                self.too_many(turn, key);
                return;
            }
            if session.received.contains_key(&id) {
                let reason = ReasonCode::PACKET_IDENTIFIER_IN_USE;
                self.refused(turn, key, &publish, DropReason::PacketIdInUse);
                self.acknowledge(turn, key, id, reason, Packet::PubAck);
                return;
            }
        }
        // [3.1.1 MQTT-4.3.2-2] [5 MQTT-4.3.2-4] [5 MQTT-4.3.2-5]: the id means a new message, whatever DUP says.
        let reason = match self.judge_publish(key, &publish) {
            Err((reason, why)) => {
                self.refused(turn, key, &publish, why);
                reason
            }
            Ok(()) => self.accept(turn, key, publish),
        };
        self.acknowledge(turn, key, id, reason, Packet::PubAck);
    }

    fn publish_qos2(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        id: PacketId,
        publish: Publish,
    ) {
        let limit = usize::from(self.rules.config.receive_maximum);
        let Some(session) = self.sessions.at_mut(key) else {
            return;
        };
        let Some(link) = &mut session.link else {
            return;
        };
        let known = session.received.get(&id).copied();
        let counted = known == Some(true);
        if !counted && link.version == ProtocolVersion::V5 && link.unreleased >= limit {
            self.too_many(turn, key);
            return;
        }
        if known.is_some() {
            if !counted {
                link.unreleased += 1;
                session.received.insert(id, true);
            }
            if self.rules.breaks(Deviation::Qos2DuplicateForwarded) {
                self.accept(turn, key, publish);
            }
            // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]: acknowledged again, delivered once.
            self.acknowledge(turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
            return;
        }
        if let Err((reason, why)) = self.judge_publish(key, &publish) {
            self.refused(turn, key, &publish, why);
            self.acknowledge(turn, key, id, reason, Packet::PubRec);
            // [5 MQTT-4.3.3-9]: a refused id is free at once. Before version 5 the client goes on to PUBREL.
            return;
        }
        if let Some(session) = self.sessions.at_mut(key)
            && let Some(link) = &mut session.link
        {
            link.unreleased += 1;
            session.received.insert(id, true);
        }
        let reason = self.accept(turn, key, publish);
        self.acknowledge(turn, key, id, reason, Packet::PubRec);
    }

    /// [5 RULE-3.3.4-3]
    fn too_many(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let reason = ReasonCode::RECEIVE_MAXIMUM_EXCEEDED;
        self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
    }

    /// PUBREL came. [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11] [5 MQTT-4.3.3-12]
    pub(crate) fn pubrel_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, id: PacketId) {
        let Some(session) = self.sessions.at_mut(key) else {
            return;
        };
        let known = session.received.remove(&id);
        if known == Some(true)
            && let Some(link) = &mut session.link
        {
            link.unreleased = link.unreleased.saturating_sub(1);
        }
        let reason = match known {
            Some(_) => ReasonCode::SUCCESS,
            None => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
        };
        self.acknowledge(turn, key, id, reason, Packet::PubComp);
    }

    /// Sends one of the acknowledgements; before version 5 none can say how it went. [3.1.1 MQTT-3.3.5-2]
    pub(crate) fn acknowledge(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        packet_id: PacketId,
        reason: ReasonCode,
        packet: fn(Ack) -> Packet,
    ) {
        let Some(link) = self.sessions.at(key).and_then(|s| s.link.as_ref()) else {
            return;
        };
        let reason = match link.version {
            ProtocolVersion::V5 => reason,
            _ => ReasonCode::SUCCESS,
        };
        let ack = Ack {
            packet_id,
            reason,
            properties: Properties::new(),
        };
        link.send(&self.rules, turn, packet(ack));
    }

    /// What ends the connection, and the Topic Alias resolved.
    fn check_publish(&mut self, key: SessionKey, publish: &mut Publish) -> Result<(), ReasonCode> {
        let config = &self.rules.config;
        let Some(link) = self.sessions.at_mut(key).and_then(|s| s.link.as_mut()) else {
            return Ok(());
        };
        if publish
            .properties
            .subscription_identifiers()
            .next()
            .is_some()
        {
            // [5 MQTT-3.3.4-6]
            return Err(ReasonCode::PROTOCOL_ERROR);
        }
        match publish.properties.topic_alias() {
            None if publish.topic.is_empty() && link.version == ProtocolVersion::V5 => {
                // [5 RULE-3.3.2.1-1]
                return Err(ReasonCode::PROTOCOL_ERROR);
            }
            None => {}
            Some(alias) if alias == 0 || alias > config.topic_alias_maximum => {
                // [5 RULE-3.3.4-1]
                return Err(ReasonCode::TOPIC_ALIAS_INVALID);
            }
            Some(alias) if publish.topic.is_empty() => match link.aliases_in.get(&alias) {
                Some(topic) => publish.topic = topic.clone(),
                // [5 RULE-3.3.4-2]
                None => return Err(ReasonCode::PROTOCOL_ERROR),
            },
            Some(alias) => {
                // [5 MQTT-3.3.2-12]
                link.aliases_in.insert(alias, publish.topic.clone());
            }
        }
        if check_name(&publish.topic, link.version).is_err() {
            // [3.1.1 MQTT-3.3.2-2] [5 MQTT-3.3.2-2] [5 MQTT-4.7.0-1]
            return Err(ReasonCode::TOPIC_NAME_INVALID);
        }
        if publish.qos > config.maximum_qos {
            // [5 RULE-3.2.2.3.4-1]
            return Err(ReasonCode::QOS_NOT_SUPPORTED);
        }
        if publish.retain && !config.retain_available {
            // [5 RULE-3.2.2.3.5-1]
            return Err(ReasonCode::RETAIN_NOT_SUPPORTED);
        }
        Ok(())
    }

    /// What is refused in the acknowledgement, the connection going on.
    fn judge_publish(
        &self,
        key: SessionKey,
        publish: &Publish,
    ) -> Result<(), (ReasonCode, DropReason)> {
        let config = &self.rules.config;
        let can_be_told =
            publish.qos > QoS::AtMostOnce && self.version(key) == Some(ProtocolVersion::V5);
        if can_be_told
            && publish.retain
            && !publish.payload.is_empty()
            && !self.retains(&publish.topic)
        {
            return Err((ReasonCode::QUOTA_EXCEEDED, DropReason::QuotaExceeded));
        }
        if topic::is_hidden(&publish.topic) && !config.dollar_topics {
            // [3.1.1 RULE-4.7.2-1] [5 RULE-4.7.2-1]
            return Err((ReasonCode::NOT_AUTHORIZED, DropReason::NotAuthorized));
        }
        let text = publish.properties.payload_format_indicator() == Some(1);
        if config.check_payload_format && text && std::str::from_utf8(&publish.payload).is_err() {
            // [5 RULE-3.3.2.3.2-1]
            return Err((
                ReasonCode::PAYLOAD_FORMAT_INVALID,
                DropReason::PayloadFormatInvalid,
            ));
        }
        Ok(())
    }

    /// Whether a message of this topic finds room among the retained ones.
    fn retains(&self, topic: &str) -> bool {
        self.retained.len() < self.rules.config.maximum_retained_messages
            || self.retained.has(topic)
    }

    fn refused(&self, turn: &mut Turn<'_>, key: SessionKey, publish: &Publish, reason: DropReason) {
        turn.hook(HookEvent::MessageDropped {
            client: self.sessions.at(key).map(|s| s.client.clone()),
            topic: publish.topic.clone(),
            reason,
        });
    }

    /// Takes ownership of a client's message and says what its acknowledgement says.
    fn accept(&mut self, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) -> ReasonCode {
        let Some(session) = self.sessions.at(key) else {
            return ReasonCode::SUCCESS;
        };
        let client = session.client.clone();
        let message = Message::from_publish(publish, client.clone(), turn.now);
        match self.publish(turn, message, Some(client)) {
            true => ReasonCode::SUCCESS,
            false => ReasonCode::NO_MATCHING_SUBSCRIBERS,
        }
    }

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
        let mut found = mem::take(&mut self.matches);
        let sessions = &self.sessions;
        let ready = |key| {
            sessions
                .at(key)
                .is_some_and(super::session::Session::is_ready)
        };
        let hide = !self.rules.breaks(Deviation::WildcardMatchesDollar);
        self.subscriptions
            .matches(&message.topic, hide, &ready, &mut found);
        let matched = self.distribute(turn, &message, &found);
        self.matches = found;
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
        if !message.retain {
            return;
        }
        if message.payload.is_empty() {
            // [3.1.1 MQTT-3.3.1-11] [5 MQTT-3.3.1-7]
            self.retained.remove(&message.topic);
        } else if self.retains(&message.topic) {
            self.retained.store(Arc::clone(message));
        }
    }

    /// One copy for each session with own subscriptions that match, however many; one for each Shared Subscription.
    fn distribute(&mut self, turn: &mut Turn<'_>, message: &Arc<Message>, found: &Matches) -> bool {
        let mut matched = false;
        for overlapping in found.own.chunk_by(|a, b| a.session == b.session) {
            if let Some(delivery) = self.combine(message, overlapping) {
                matched = true;
                self.deliver(turn, overlapping[0].session, delivery);
            }
        }
        for (member, filter) in &found.shared {
            matched = true;
            let mut delivery = single(message, member);
            delivery.shared = Some(filter.clone());
            self.deliver(turn, member.session, delivery);
        }
        matched
    }

    pub(crate) fn deliver(&mut self, turn: &mut Turn<'_>, key: SessionKey, delivery: Delivery) {
        if let Some(session) = self.sessions.at_mut(key) {
            session.push(&self.rules, turn, delivery);
        }
    }

    /// The copy for a session whose subscriptions overlap: at the highest QoS, with every identifier.
    /// [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2] [5 MQTT-3.3.4-4]
    fn combine(&self, message: &Arc<Message>, overlapping: &[Subscriber]) -> Option<Delivery> {
        let publisher_is_subscriber = || {
            self.sessions
                .at(overlapping[0].session)
                .is_some_and(|session| session.client == message.publisher)
        };
        let mut combined: Option<Delivery> = None;
        for subscriber in overlapping {
            let options = subscriber.granted.options;
            // [5 MQTT-3.8.3-3]
            if options.no_local && publisher_is_subscriber() {
                continue;
            }
            let delivery = single(message, subscriber);
            match &mut combined {
                None => combined = Some(delivery),
                Some(combined) => {
                    combined.qos = combined.qos.max(delivery.qos);
                    combined.retain |= delivery.retain;
                    combined.identifiers.extend(delivery.identifiers);
                }
            }
        }
        combined
    }
}

/// The copy for one subscription. [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8] [5 MQTT-4.8.2-3]
pub(crate) fn single(message: &Arc<Message>, subscriber: &Subscriber) -> Delivery {
    let options = subscriber.granted.options;
    Delivery {
        message: Arc::clone(message),
        qos: message.qos.min(options.qos),
        // [3.1.1 MQTT-3.3.1-9] [5 MQTT-3.3.1-12] [5 MQTT-3.3.1-13]
        retain: message.retain && options.retain_as_published,
        identifiers: subscriber.granted.identifier.into_iter().collect(),
        shared: None,
    }
}
