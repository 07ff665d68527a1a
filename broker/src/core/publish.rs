//! PUBLISH from a client: what it may be, how it is acknowledged, and PUBREL after it.

use std::time::Duration;

use mqtt_check_codec::topic::check_name;
use mqtt_check_codec::{
    Ack, Packet, PacketId, Properties, ProtocolVersion, Publish, QoS, ReasonCode,
};

use super::Broker;
use super::deliver::outgoing::send;
use super::deliver::retained::has_room;
use super::deliver::routing::{Routed, decide, hand_out, route};
use super::ending::connection::refuse;
use super::input::Time;
use super::rules::Rules;
use super::state::State;
use super::state::link::Link;
use super::state::message::Message;
use super::state::session::Received;
use super::state::session_key::SessionKey;
use super::topic;
use super::turn::Turn;
use crate::hook::{DisconnectReason, DropReason};
use crate::{AccessAction, Fault, HookEvent, Liberty};

/// What is decided about a message before it is acknowledged.
struct Decided {
    /// What its acknowledgement says.
    reason: ReasonCode,
    routed: Option<Routed>,
}

impl Decided {
    /// That it goes to nobody.
    const fn only(reason: ReasonCode) -> Self {
        Self {
            reason,
            routed: None,
        }
    }
}

impl Broker {
    /// A client published. [3.1.1 MQTT-3.3.4-1] [5 MQTT-3.3.4-1]
    pub(crate) fn publish_received(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        mut publish: Publish,
    ) {
        if let Err(reason) = self.check_publish(key, &mut publish) {
            refuse(
                &mut self.state,
                turn,
                key,
                reason,
                DisconnectReason::ProtocolError,
            );
            return;
        }
        if self.closes_for_refusal(key)
            && let Err((reason, why)) = self.judge_publish(key, &publish)
        {
            self.refused(turn, key, &publish, why);
            refuse(
                &mut self.state,
                turn,
                key,
                reason,
                DisconnectReason::ProtocolError,
            );
            return;
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtMostOnce, _) => self.publish_qos0(turn, key, publish),
            (QoS::AtLeastOnce, Some(id)) => self.publish_qos1(turn, key, id, publish),
            (QoS::ExactlyOnce, Some(id)) => self.publish_qos2(turn, key, id, publish),
            (_, None) => {
                let reason = ReasonCode::MALFORMED_PACKET;
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    reason,
                    DisconnectReason::ProtocolError,
                );
            }
        }
    }

    /// Whether the connection of one who publishes what is not wanted ends. [3.1.1 MQTT-3.3.5-2]
    fn closes_for_refusal(&self, key: SessionKey) -> bool {
        let liberty = match self.state.sessions.version(key) {
            Some(ProtocolVersion::V5) => Liberty::RefusedPublishDisconnects,
            _ => Liberty::RefusedPublishCloses,
        };
        self.state.rules.chooses(liberty)
    }

    fn publish_qos0(&mut self, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
        match self.judge_publish(key, &publish) {
            Err((reason @ ReasonCode::PAYLOAD_FORMAT_INVALID, _)) => {
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    reason,
                    DisconnectReason::ProtocolError,
                );
            }
            // QoS 0 has no answer that could carry the refusal.
            Err((_, why)) => self.refused(turn, key, &publish, why),
            Ok(()) => self.accept(turn, key, publish),
        }
    }

    fn publish_qos1(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        id: PacketId,
        publish: Publish,
    ) {
        if let Some(session) = self.state.sessions.at(key)
            && let Some(link) = &session.link
            && link.version == ProtocolVersion::V5
        {
            if self.is_exceeded(link) {
                self.too_many(turn, key);
                return;
            }
            if session.received.contains_key(&id)
                && !self.state.rules.chooses(Liberty::PacketIdsInUseTaken)
            {
                let reason = ReasonCode::PACKET_IDENTIFIER_IN_USE;
                self.refused(turn, key, &publish, DropReason::PacketIdInUse);
                self.acknowledge(turn, key, id, reason, Packet::PubAck);
                return;
            }
        }
        // [3.1.1 MQTT-4.3.2-2] [5 MQTT-4.3.2-4] [5 MQTT-4.3.2-5]: the id means a new message, whatever DUP says.
        let decided = match self.judge_publish(key, &publish) {
            Err((reason, why)) => {
                self.refused(turn, key, &publish, why);
                if self.state.rules.breaks(Fault::RefusedPublishUnanswered) {
                    return;
                }
                Decided::only(self.told(reason))
            }
            Ok(()) if self.is_repeat(key, id, publish.dup) => Decided::only(ReasonCode::SUCCESS),
            Ok(()) => self.decide(turn, key, publish),
        };
        self.acknowledge_and_hand_out(turn, key, id, Packet::PubAck, decided);
    }

    /// Of a fault: whether this is the QoS 1 message before once more.
    fn is_repeat(&mut self, key: SessionKey, id: PacketId, dup: bool) -> bool {
        if !self.state.rules.breaks(Fault::Qos1RepeatSuppressed) {
            return false;
        }
        let Some(session) = self.state.sessions.at_mut(key) else {
            return false;
        };
        session.last_qos1.replace(id) == Some(id) && dup
    }

    fn publish_qos2(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        id: PacketId,
        publish: Publish,
    ) {
        let Some(session) = self.state.sessions.at(key) else {
            return;
        };
        let Some(link) = &session.link else {
            return;
        };
        let known = session.received.get(&id).copied();
        let counted = known.is_some_and(|received| received.counted);
        if !counted && link.version == ProtocolVersion::V5 && self.is_exceeded(link) {
            if self.state.rules.breaks(Fault::ReceiveMaximumRefusedByCode) {
                self.acknowledge(turn, key, id, ReasonCode::QUOTA_EXCEEDED, Packet::PubRec);
            } else {
                self.too_many(turn, key);
            }
            return;
        }
        let expiry_s = publish.properties.message_expiry_interval_s();
        let received = Received {
            counted: true,
            expires_at: expiry_s.map(|span_s| turn.now + Duration::from_secs(u64::from(span_s))),
        };
        if known.is_some() {
            if !counted {
                self.count(key, id, received);
            }
            self.repeated(turn, key, id, publish);
            return;
        }
        if let Err((reason, why)) = self.judge_publish(key, &publish) {
            self.refused(turn, key, &publish, why);
            if self.state.rules.breaks(Fault::RefusedPublishUnanswered) {
                return;
            }
            self.acknowledge(turn, key, id, self.told(reason), Packet::PubRec);
            // [5 MQTT-4.3.3-9]: a refused id is free at once. Before version 5 the client goes on to PUBREL.
            if self.state.rules.breaks(Fault::RefusedQos2IdStaysTaken) {
                self.count(key, id, received);
            }
            return;
        }
        self.count(key, id, received);
        if self.state.rules.breaks(Fault::UnreleasedLostOnReconnect) {
            self.acknowledge(turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
            self.withhold(turn.now, key, id, publish);
            return;
        }
        let decided = match self.state.rules.chooses(Liberty::Qos2ForwardedOnRelease) {
            true => {
                self.withhold(turn.now, key, id, publish);
                Decided::only(ReasonCode::SUCCESS)
            }
            false => self.decide(turn, key, publish),
        };
        self.acknowledge_and_hand_out(turn, key, id, Packet::PubRec, decided);
    }

    /// A QoS 2 message came once more before its PUBREL: acknowledged again, delivered once. [3.1.1 MQTT-4.3.3-2]
    /// [5 MQTT-4.3.3-8] [5 MQTT-4.3.3-10]
    fn repeated(&mut self, turn: &mut Turn<'_>, key: SessionKey, id: PacketId, publish: Publish) {
        if self.state.rules.breaks(Fault::Qos2DuplicateForwarded) {
            self.accept(turn, key, publish);
        }
        if self.state.rules.breaks(Fault::Qos2SecondDuplicateRefused)
            && let Some(session) = self.state.sessions.at_mut(key)
            && session.last_repeat.replace(id) == Some(id)
        {
            let reason = ReasonCode::PROTOCOL_ERROR;
            refuse(
                &mut self.state,
                turn,
                key,
                reason,
                DisconnectReason::ProtocolError,
            );
            return;
        }
        let reason = match self.state.rules.breaks(Fault::Qos2DuplicateInUse) {
            true => ReasonCode::PACKET_IDENTIFIER_IN_USE,
            false => ReasonCode::SUCCESS,
        };
        self.acknowledge(turn, key, id, reason, Packet::PubRec);
    }

    /// Of a fault and of a liberty: the message is passed on when it is released.
    fn withhold(&mut self, now: Time, key: SessionKey, id: PacketId, publish: Publish) {
        if let Some(session) = self.state.sessions.at_mut(key) {
            let message = Message::from_publish(publish, session.client.clone(), now);
            session.withheld.insert(id, message);
        }
    }

    /// What a refused PUBLISH is told of the reason. [5 MQTT-3.4.2-1] [5 MQTT-3.5.2-1]
    fn told(&self, reason: ReasonCode) -> ReasonCode {
        match self.state.rules.chooses(Liberty::RefusedPublishUnspecified) {
            true => ReasonCode::UNSPECIFIED_ERROR,
            false => reason,
        }
    }

    /// A QoS 2 message is on its way.
    fn count(&mut self, key: SessionKey, id: PacketId, received: Received) {
        if let Some(session) = self.state.sessions.at_mut(key)
            && let Some(link) = &mut session.link
        {
            link.unreleased += 1;
            session.received.insert(id, received);
        }
    }

    /// Whether one more PUBLISH of QoS 1 or 2 is one too many.
    fn is_exceeded(&self, link: &Link) -> bool {
        link.unreleased >= usize::from(self.state.rules.config.receive_maximum)
            && !self.state.rules.breaks(Fault::ReceiveMaximumNotEnforced)
    }

    /// [5 RULE-3.3.4-3] [5 MQTT-3.3.4-7]
    fn too_many(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let reason = ReasonCode::RECEIVE_MAXIMUM_EXCEEDED;
        refuse(
            &mut self.state,
            turn,
            key,
            reason,
            DisconnectReason::ProtocolError,
        );
    }

    /// PUBREL came. [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11] [5 MQTT-4.3.3-12]
    pub(crate) fn pubrel_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, id: PacketId) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        let known = match self.state.rules.breaks(Fault::Qos2IdNeverFreed) {
            true => session.received.get(&id).copied(),
            false => session.received.remove(&id),
        };
        if known.is_some_and(|received| received.counted)
            && let Some(link) = &mut session.link
        {
            link.unreleased = link.unreleased.saturating_sub(1);
        }
        let expires_at = known.and_then(|received| received.expires_at);
        if expires_at.is_some_and(|at| at <= turn.now)
            && self.state.rules.breaks(Fault::ExpiredQos2NotCompleted)
        {
            return;
        }
        if let Some(message) = session.withheld.remove(&id) {
            let client = session.client.clone();
            route(
                &self.state.rules,
                &mut self.state.sessions,
                &mut self.state.topics,
                turn,
                message,
                Some(client),
            );
        }
        // [5 MQTT-4.3.3-13]: whatever became of the message.
        let reason = match known {
            Some(_) => ReasonCode::SUCCESS,
            None if self.state.rules.chooses(Liberty::UnknownReleaseSucceeds) => {
                ReasonCode::SUCCESS
            }
            None => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
        };
        self.acknowledge(turn, key, id, reason, Packet::PubComp);
    }

    /// Sends one of the acknowledgements; before version 5 none can say how it went. [3.1.1 MQTT-3.3.5-2]
    /// [5 MQTT-3.4.2-1] [5 MQTT-3.5.2-1] [5 MQTT-3.7.2-1] [3.1.1 MQTT-2.3.1-6] [5 MQTT-2.2.1-5]
    pub(crate) fn acknowledge(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        packet_id: PacketId,
        reason: ReasonCode,
        packet: fn(Ack) -> Packet,
    ) {
        let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
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
        send(link, &self.state.rules, turn, packet(ack));
    }

    /// Acknowledges a message, and then hands it out: a client that gets its own message finds the answer first, as
    /// clients that read one packet after another expect.
    fn acknowledge_and_hand_out(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        id: PacketId,
        packet: fn(Ack) -> Packet,
        decided: Decided,
    ) {
        let Decided { reason, routed } = decided;
        let behind = self
            .state
            .rules
            .chooses(Liberty::AcknowledgedBehindForwarding);
        if !behind {
            self.acknowledge(turn, key, id, reason, packet);
        }
        if let Some(routed) = routed {
            hand_out(&self.state.rules, &mut self.state.sessions, turn, routed);
        }
        if behind {
            self.acknowledge(turn, key, id, reason, packet);
        }
    }

    /// What ends the connection, and the Topic Alias resolved.
    fn check_publish(&mut self, key: SessionKey, publish: &mut Publish) -> Result<(), ReasonCode> {
        let rules = &self.state.rules;
        let config = &rules.config;
        let Some(link) = self
            .state
            .sessions
            .at_mut(key)
            .and_then(|s| s.link.as_mut())
        else {
            return Ok(());
        };
        let mut identifiers = publish.properties.subscription_identifiers();
        if identifiers.next().is_some() && !rules.breaks(Fault::IdentifierFromClientAccepted) {
            // [5 MQTT-3.3.4-6]
            return Err(ReasonCode::PROTOCOL_ERROR);
        }
        match publish.properties.topic_alias() {
            None if publish.topic.is_empty() && link.version == ProtocolVersion::V5 => {
                // [5 RULE-3.3.2.1-1]
                return Err(ReasonCode::PROTOCOL_ERROR);
            }
            None => {}
            Some(alias) if !is_alias_allowed(rules, alias) => {
                // [5 RULE-3.3.4-1] [5 MQTT-3.3.2-9] [5 MQTT-3.2.2-17] [5 MQTT-3.2.2-18]
                return Err(ReasonCode::TOPIC_ALIAS_INVALID);
            }
            Some(alias) if publish.topic.is_empty() => match link.aliases_in.get(&alias) {
                Some(topic) => publish.topic = topic.clone(),
                None if rules.breaks(Fault::UnknownAliasIgnored) => return Ok(()),
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
        if publish.qos > config.maximum_qos && !rules.breaks(Fault::PublishAboveMaximumQosAccepted)
        {
            // [5 RULE-3.2.2.3.4-1] [5 MQTT-3.2.2-11]
            return Err(ReasonCode::QOS_NOT_SUPPORTED);
        }
        if publish.retain
            && !config.retain_available
            && !rules.breaks(Fault::RetainWithoutRetainAccepted)
        {
            // [5 RULE-3.2.2.3.5-1] [5 MQTT-3.2.2-14]
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
        let config = &self.state.rules.config;
        let can_be_told = publish.qos > QoS::AtMostOnce
            && self.state.sessions.version(key) == Some(ProtocolVersion::V5);
        if can_be_told
            && publish.retain
            && !publish.payload.is_empty()
            && !has_room(
                &self.state.rules,
                &self.state.topics.retained,
                &publish.topic,
            )
        {
            return Err((ReasonCode::QUOTA_EXCEEDED, DropReason::QuotaExceeded));
        }
        if topic::is_hidden(&publish.topic)
            && !config.dollar_topics
            && !self.state.rules.breaks(Fault::DollarTopicsExchanged)
        {
            // [3.1.1 RULE-4.7.2-1] [5 RULE-4.7.2-1]
            return Err((ReasonCode::NOT_AUTHORIZED, DropReason::NotAuthorized));
        }
        let permitted = self.state.sessions.at(key).is_none_or(|session| {
            let rules = &self.state.rules;
            rules.permits(session.who(), AccessAction::Publish, &publish.topic)
        });
        let refused = can_be_told && self.state.rules.refuses(Liberty::PublishesRefused);
        if !permitted || refused {
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

    fn refused(&self, turn: &mut Turn<'_>, key: SessionKey, publish: &Publish, reason: DropReason) {
        turn.hook(HookEvent::MessageDropped {
            client: self.state.sessions.at(key).map(|s| s.client.clone()),
            topic: publish.topic.clone(),
            reason,
        });
    }

    /// Takes ownership of a client's message: what its acknowledgement says, and where it goes.
    fn decide(&mut self, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) -> Decided {
        if publish.topic.is_empty() {
            // Of a fault: a Topic Alias that stands for nothing.
            return Decided::only(ReasonCode::SUCCESS);
        }
        let Some(session) = self.state.sessions.at(key) else {
            return Decided::only(ReasonCode::SUCCESS);
        };
        let client = session.client.clone();
        let message = Message::from_publish(publish, client.clone(), turn.now);
        let State {
            rules,
            sessions,
            topics,
            ..
        } = &mut self.state;
        let routed = decide(rules, sessions, topics, turn, message, Some(client));
        let reason = match routed.matched {
            true => ReasonCode::SUCCESS,
            false if rules.chooses(Liberty::SuccessWithoutSubscribers) => ReasonCode::SUCCESS,
            false => ReasonCode::NO_MATCHING_SUBSCRIBERS,
        };
        Decided {
            reason,
            routed: Some(routed),
        }
    }

    /// Takes ownership of a client's message that is acknowledged otherwise, or not at all.
    fn accept(&mut self, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
        let decided = self.decide(turn, key, publish);
        if let Some(routed) = decided.routed {
            hand_out(&self.state.rules, &mut self.state.sessions, turn, routed);
        }
    }
}

/// Whether a client may use this Topic Alias. [5 MQTT-3.3.2-12]
fn is_alias_allowed(rules: &Rules, alias: u16) -> bool {
    let maximum = match rules.config.topic_alias_maximum {
        0 if rules.breaks(Fault::AliasAcceptedWithoutMaximum) => u16::MAX,
        1.. if rules.breaks(Fault::AliasAboveMaximumAccepted) => u16::MAX,
        maximum if rules.breaks(Fault::HighestAliasRefused) => maximum.saturating_sub(1),
        maximum => maximum,
    };
    alias != 0 && alias <= maximum
}
