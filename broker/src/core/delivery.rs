//! From the broker to one client: the queue, the window, and what a new connection is sent again.

use mqtt_check_codec::{
    Ack, ConnAck, Packet, PacketId, Properties, ProtocolVersion, QoS, ReasonCode,
};

use super::outgoing::send_publish;
use super::rules::Rules;
use super::state::inflight::Stage;
use super::state::message::Delivery;
use super::state::session::Session;
use super::turn::Turn;
use crate::hook::DropReason;
use crate::{AccessAction, Fault, HookEvent, Liberty};

impl Session {
    /// Whether a message handed to it now would be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_empty()
            && self
                .link
                .as_ref()
                .is_some_and(|link| !link.congested && self.inflight.has_room(link.send_limit))
    }

    /// Whether its client may have messages of this topic. A subscription may match more than its client may have.
    pub(crate) fn may_have(&self, rules: &Rules, topic: &str) -> bool {
        rules.permits(self.who(), AccessAction::Subscribe, topic)
    }

    /// Takes one copy of a message: sent at once where that is possible, else kept. [3.1.1 MQTT-4.5.0-1]
    /// [5 MQTT-4.5.0-1] [3.1.1 MQTT-3.1.2-5]
    pub(crate) fn push(&mut self, rules: &Rules, turn: &mut Turn<'_>, mut delivery: Delivery) {
        if !self.may_have(rules, &delivery.message.topic) {
            self.dropped(turn, &delivery, DropReason::NotAuthorized);
            return;
        }
        if delivery.message.expiry_s == Some(0) && rules.chooses(Liberty::ExpiryOf0IsOver) {
            self.dropped(turn, &delivery, DropReason::Expired);
            return;
        }
        let online = self.link.is_some();
        // [5 MQTT-4.9.0-2]
        let waits = online && rules.chooses(Liberty::Qos0WaitsForQuota) && !self.is_ready();
        if delivery.qos == QoS::AtMostOnce && !waits {
            if let Some(link) = &self.link {
                if link.congested {
                    self.dropped(turn, &delivery, DropReason::QueueFull);
                } else {
                    // It waits for no acknowledgement, so the window does not hold it back.
                    self.transmit(rules, turn, delivery);
                }
                return;
            }
            if !rules.config.queue_qos0 {
                self.dropped(turn, &delivery, DropReason::QoS0Offline);
                return;
            }
        }
        if !online && lost_offline(rules, delivery.qos) {
            return;
        }
        if online && self.is_ready() {
            self.transmit(rules, turn, delivery);
            return;
        }
        let (messages, bytes) = (
            rules.config.maximum_queued_messages,
            rules.config.maximum_queued_bytes,
        );
        if !self.queue.has_room(&delivery, messages, bytes) {
            self.dropped(turn, &delivery, DropReason::QueueFull);
            return;
        }
        if rules.breaks(Fault::OfflineMessagesDoubled) && !online {
            self.queue.push_back(delivery.clone());
        }
        // [5 MQTT-3.3.1-13]
        if rules.breaks(Fault::RetainAsPublishedLostOffline) && !online {
            delivery.retain = false;
        }
        // [3.1.1 MQTT-4.6.0-5] [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5] [5 MQTT-4.6.0-6]
        let reversed = match online {
            true => rules.breaks(Fault::WaitingOrderReversed),
            false => rules.breaks(Fault::OfflineOrderReversed),
        };
        if reversed {
            self.queue.push_front(delivery);
        } else {
            self.queue.push_back(delivery);
        }
    }

    /// Sends what may be sent: first what an earlier connection left, then what waits.
    pub(crate) fn flush(&mut self, rules: &Rules, turn: &mut Turn<'_>) {
        let Some(link) = self.link.as_ref().filter(|link| !link.congested) else {
            return;
        };
        let limit = link.send_limit;
        while self.inflight.has_room(limit)
            && let Some(id) = self.held.pop_front()
        {
            self.resend(rules, turn, id);
        }
        if !self.held.is_empty() {
            return;
        }
        while let Some(front) = self.queue.front() {
            let waits = front.qos != QoS::AtMostOnce || rules.chooses(Liberty::Qos0WaitsForQuota);
            if waits && !self.inflight.has_room(limit) {
                break;
            }
            let Some(delivery) = self.queue.pop_front() else {
                break;
            };
            if delivery.message.is_expired(turn.now) && !rules.breaks(Fault::MessageExpiryIgnored) {
                // [5 MQTT-3.3.2-5]
                self.dropped(turn, &delivery, DropReason::Expired);
                continue;
            }
            // It may have been queued for another user of the same client id.
            if !self.may_have(rules, &delivery.message.topic) {
                self.dropped(turn, &delivery, DropReason::NotAuthorized);
                continue;
            }
            self.transmit(rules, turn, delivery);
        }
    }

    /// A connection took the session up again: everything unacknowledged goes out once more, in its order and
    /// with its packet ids; then what waited. [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    pub(crate) fn resume(&mut self, rules: &Rules, turn: &mut Turn<'_>) {
        if rules.breaks(Fault::SendQuotaNotReset) {
            self.inflight.reconnect_without_reset();
        } else {
            self.inflight.reconnect();
        }
        self.held.clear();
        if rules.breaks(Fault::UnreleasedLostOnReconnect) {
            self.withheld.clear();
        }
        for received in self.received.values_mut() {
            received.counted = false;
        }
        if rules.breaks(Fault::ReceivedQos2ForgottenOnReconnect) {
            self.received.clear();
        }
        let Some(limit) = self.link.as_ref().map(|link| link.send_limit) else {
            return;
        };
        if rules.breaks(Fault::WindowShrinksOnResume) {
            self.inflight.lose(limit / 10);
        }
        let mut unsent = self.inflight.unsent();
        if rules.chooses(Liberty::ReleasesResentFirst) {
            unsent.sort_by_key(|id| matches!(self.inflight.stage(*id), Some(Stage::Published(_))));
        }
        // [3.1.1 MQTT-4.6.0-6]
        if rules.breaks(Fault::ResendOrderReversed) {
            unsent.reverse();
        }
        for id in unsent {
            let published = matches!(self.inflight.stage(id), Some(Stage::Published(_)));
            if published && rules.breaks(Fault::InflightNotResent) {
                continue;
            }
            if !published && rules.breaks(Fault::PubrelNotResent) {
                continue;
            }
            // [5 MQTT-3.3.4-9] holds PUBLISH packets back, and [5 MQTT-3.3.4-10] nothing else.
            if published && !(self.held.is_empty() && self.inflight.has_room(limit)) {
                self.held.push_back(id);
            } else {
                self.resend(rules, turn, id);
            }
        }
        if rules.chooses(Liberty::WaitingByTopic) {
            self.queue.sort_by_topic();
        }
        self.flush(rules, turn);
    }

    /// Sends an unacknowledged packet again on a new connection.
    fn resend(&mut self, rules: &Rules, turn: &mut Turn<'_>, id: PacketId) {
        let Some(stage) = self.inflight.resend(id) else {
            return;
        };
        match stage {
            Stage::Published(delivery) => {
                let (id, delivery) = if rules.breaks(Fault::NewPacketIdOnResend) {
                    self.inflight.remove(id);
                    (self.inflight.insert(rules, delivery.clone()), delivery)
                } else {
                    (id, delivery)
                };
                // [5 MQTT-4.3.3-7]: whatever its expiry says, it is sent.
                if delivery.message.is_expired(turn.now) && rules.breaks(Fault::InflightExpires) {
                    self.inflight.remove(id);
                    return;
                }
                if !self.may_have(rules, &delivery.message.topic) {
                    self.inflight.remove(id);
                    self.dropped(turn, &delivery, DropReason::NotAuthorized);
                    return;
                }
                let Some(link) = &mut self.link else {
                    return;
                };
                if !send_publish(link, rules, turn, &delivery, Some(id), true) {
                    // [5 MQTT-3.1.2-25]: as if it had been delivered.
                    self.inflight.remove(id);
                    self.dropped(turn, &delivery, DropReason::PacketTooLarge);
                }
            }
            Stage::Released { .. } => self.send_pubrel(rules, turn, id, ReasonCode::SUCCESS),
        }
    }

    /// Sends a message for the first time. [3.1.1 MQTT-4.3.1-1] [3.1.1 MQTT-4.3.2-1] [3.1.1 MQTT-4.3.3-1]
    /// [5 MQTT-4.3.1-1] [5 MQTT-4.3.2-1] [5 MQTT-4.3.2-2] [5 MQTT-4.3.3-1] [5 MQTT-4.3.3-2]
    fn transmit(&mut self, rules: &Rules, turn: &mut Turn<'_>, delivery: Delivery) {
        let Some(link) = &mut self.link else {
            return;
        };
        // The window is filled before it is known whether the packet fits, since the packet needs its id.
        let id = match delivery.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce if rules.breaks(Fault::PacketIdAlwaysOneAtQos1) => {
                Some(self.inflight.insert_at(PacketId::MIN, delivery.clone()))
            }
            QoS::ExactlyOnce if rules.breaks(Fault::PacketIdAlwaysOneAtQos2) => {
                Some(self.inflight.insert_at(PacketId::MIN, delivery.clone()))
            }
            _ => Some(self.inflight.insert(rules, delivery.clone())),
        };
        if send_publish(link, rules, turn, &delivery, id, false) {
            turn.hook(HookEvent::MessageDelivered {
                client: self.client.clone(),
                topic: delivery.message.topic.clone(),
                qos: delivery.qos,
                payload: delivery.message.payload.clone(),
            });
            // [5 MQTT-4.3.2-3] [5 MQTT-4.3.3-3]: unacknowledged until the client says otherwise.
            if let Some(id) = id.filter(|_| forgotten(rules, delivery.qos)) {
                self.inflight.remove(id);
            }
            return;
        }
        if let Some(id) = id {
            self.inflight.remove(id);
        }
        if rules.breaks(Fault::OversizedMessageBlocks) {
            link.congested = true;
        }
        // [5 MQTT-3.1.2-25]
        self.dropped(turn, &delivery, DropReason::PacketTooLarge);
    }

    /// The first packet of its new connection.
    pub(crate) fn greet(&self, rules: &Rules, turn: &mut Turn<'_>, connack: ConnAck) {
        let Some(link) = &self.link else {
            return;
        };
        if rules.breaks(Fault::NoConnack) {
            return;
        }
        // [5 MQTT-3.2.2-8]
        link.send(rules, turn, Packet::ConnAck(connack));
    }

    /// Answers PUBREC, or repeats that answer. [5 MQTT-4.3.3-4] [5 MQTT-3.6.2-1]
    pub(crate) fn send_pubrel(
        &mut self,
        rules: &Rules,
        turn: &mut Turn<'_>,
        packet_id: PacketId,
        reason: ReasonCode,
    ) {
        if let Some(link) = &self.link {
            let ack = Ack {
                packet_id,
                reason: match link.version {
                    ProtocolVersion::V5 => reason,
                    // Its PUBREL has none.
                    _ => ReasonCode::SUCCESS,
                },
                properties: Properties::new(),
            };
            link.send(rules, turn, Packet::PubRel(ack));
        }
    }

    pub(crate) fn dropped(&self, turn: &mut Turn<'_>, delivery: &Delivery, reason: DropReason) {
        turn.hook(HookEvent::MessageDropped {
            client: Some(self.client.clone()),
            topic: delivery.message.topic.clone(),
            reason,
        });
    }
}

/// Whether a message counts as acknowledged once it was sent, which it never should.
fn forgotten(rules: &Rules, qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Fault::Qos1ForgottenOnceSent),
        QoS::ExactlyOnce => rules.breaks(Fault::Qos2ForgottenOnceSent),
    }
}

fn lost_offline(rules: &Rules, qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Fault::OfflineQos1Lost),
        QoS::ExactlyOnce => rules.breaks(Fault::OfflineQos2Lost),
    }
}
