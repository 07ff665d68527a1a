//! What a client says about messages sent to it: PUBACK, PUBREC and PUBCOMP.

use bytestring::ByteString;
use mqtt_check_codec::{Ack, Packet, PacketId, QoS, ReasonCode};

use super::Broker;
use super::deliver::acknowledgement::acknowledge;
use super::deliver::delivery::flush;
use super::ending::connection::refuse;
use super::ending::inheritance::give_away;
use super::state::inflight::Stage;
use super::state::session_key::SessionKey;
use super::turn::Turn;
use crate::hook::{DisconnectReason, DropReason};
use crate::{Fault, HookEvent, Liberty};

/// What a packet id stands for in the window.
enum Pending {
    Nothing,
    Qos1(ByteString),
    Qos2(ByteString),
    Release(ByteString),
}

impl Broker {
    fn pending(&self, key: SessionKey, id: PacketId) -> Pending {
        match self
            .state
            .sessions
            .at(key)
            .and_then(|s| s.inflight.stage(id))
        {
            None => Pending::Nothing,
            Some(Stage::Released { topic }) => Pending::Release(topic.clone()),
            Some(Stage::Published(delivery)) => {
                let topic = delivery.message.topic.clone();
                match delivery.qos {
                    QoS::ExactlyOnce => Pending::Qos2(topic),
                    _ => Pending::Qos1(topic),
                }
            }
        }
    }

    /// PUBACK ends a QoS 1 delivery, also when it refuses. [5 MQTT-4.4.0-2]
    pub(crate) fn puback_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
        match self.pending(key, ack.packet_id) {
            Pending::Qos1(topic) => self.settle(turn, key, ack, topic),
            // Nothing to acknowledge: the client may have been faster than a session's end.
            Pending::Nothing => {}
            Pending::Qos2(_) | Pending::Release(_) => self.out_of_order(turn, key),
        }
    }

    /// PUBREC is answered by PUBREL; one that refuses ends the delivery. [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.3-4]
    pub(crate) fn pubrec_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
        let id = ack.packet_id;
        let reason = match self.pending(key, id) {
            Pending::Qos1(_) => return self.out_of_order(turn, key),
            Pending::Qos2(topic) | Pending::Release(topic) if !ack.reason.is_success() => {
                return self.settle(turn, key, ack, topic);
            }
            Pending::Qos2(_) => {
                // [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.3-6]
                if let Some(session) = self.state.sessions.at_mut(key)
                    && !self.state.rules.breaks(Fault::PublishResentAfterPubrec)
                {
                    session.inflight.release(id);
                }
                ReasonCode::SUCCESS
            }
            Pending::Release(_) => ReasonCode::SUCCESS,
            Pending::Nothing if !ack.reason.is_success() => return,
            Pending::Nothing if self.state.rules.chooses(Liberty::UnknownReceiptSucceeds) => {
                ReasonCode::SUCCESS
            }
            Pending::Nothing => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
        };
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        // [3.1.1 MQTT-4.6.0-6]: as soon as PUBREC comes, and so in the order of those.
        if self.state.rules.breaks(Fault::PubrelOrderReversed) {
            session.late_pubrels.push(id);
            if !session.inflight.awaits_pubrec() {
                for id in std::mem::take(&mut session.late_pubrels).into_iter().rev() {
                    acknowledge(session, &self.state.rules, turn, id, reason, Packet::PubRel);
                }
            }
            return;
        }
        acknowledge(session, &self.state.rules, turn, id, reason, Packet::PubRel);
    }

    /// PUBCOMP ends a QoS 2 delivery. [5 MQTT-4.3.3-5]
    pub(crate) fn pubcomp_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
        match self.pending(key, ack.packet_id) {
            Pending::Release(topic) => self.settle(turn, key, ack, topic),
            Pending::Qos2(topic) if self.state.rules.breaks(Fault::PublishResentAfterPubrec) => {
                self.settle(turn, key, ack, topic);
            }
            Pending::Nothing => {}
            Pending::Qos1(_) | Pending::Qos2(_) => self.out_of_order(turn, key),
        }
    }

    /// The delivery is over: its packet id and its place in the window are free.
    fn settle(&mut self, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack, topic: ByteString) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        let client = session.client.clone();
        // PUBCOMP 0x92 still ends the handshake of a message that the client took.
        let refused =
            !ack.reason.is_success() && ack.reason != ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
        if refused && self.state.rules.breaks(Fault::RefusedMessageResent) {
            return;
        }
        let stage = session.inflight.remove(ack.packet_id);
        turn.hook(if refused {
            // [5 MQTT-4.8.2-6]: discarded, whoever else subscribed.
            HookEvent::MessageDropped {
                client: Some(client),
                topic,
                reason: DropReason::Refused,
            }
        } else {
            HookEvent::MessageAcked {
                client,
                topic,
                packet_id: ack.packet_id,
            }
        });
        flush(session, &self.state.rules, turn);
        if refused
            && self.state.rules.breaks(Fault::SharedRefusedPassedOn)
            && let Some(Stage::Published(delivery)) = stage
        {
            give_away(
                &self.state.rules,
                &mut self.state.sessions,
                &mut self.state.topics,
                turn,
                &delivery,
                key,
            );
        }
    }

    fn out_of_order(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let reason = ReasonCode::PROTOCOL_ERROR;
        refuse(
            &mut self.state,
            turn,
            key,
            reason,
            DisconnectReason::ProtocolError,
        );
    }
}
