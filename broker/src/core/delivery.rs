//! From the broker to one client: the queue, the window, and what a new connection is sent again.

use mqtt_check_codec::{
    Ack, Packet, PacketId, Properties, Property, ProtocolVersion, Publish, QoS, ReasonCode,
};

use super::inflight::Stage;
use super::link::Link;
use super::message::Delivery;
use super::rules::Rules;
use super::session::Session;
use super::turn::Turn;
use crate::hook::DropReason;
use crate::{Deviation, HookEvent};

impl Session {
    /// Whether a message handed to it now would be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_empty()
            && self
                .link
                .as_ref()
                .is_some_and(|link| !link.congested && self.inflight.has_room(link.send_limit))
    }

    /// Takes one copy of a message: sent at once where that is possible, else kept. [3.1.1 MQTT-4.5.0-1]
    /// [5 MQTT-4.5.0-1] [3.1.1 MQTT-3.1.2-5]
    pub(crate) fn push(&mut self, rules: &Rules, turn: &mut Turn<'_>, delivery: Delivery) {
        let online = self.link.is_some();
        if delivery.qos == QoS::AtMostOnce {
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
        if self.queue.len() >= rules.config.maximum_queued_messages {
            self.dropped(turn, &delivery, DropReason::QueueFull);
            return;
        }
        if rules.breaks(Deviation::OfflineMessagesDoubled) && !online {
            self.queue.push_back(delivery.clone());
        }
        if rules.breaks(Deviation::OfflineOrderReversed) && !online {
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
            if front.qos != QoS::AtMostOnce && !self.inflight.has_room(limit) {
                break;
            }
            let Some(delivery) = self.queue.pop_front() else {
                break;
            };
            if delivery.message.is_expired(turn.now)
                && !rules.breaks(Deviation::MessageExpiryIgnored)
            {
                // [5 MQTT-3.3.2-5]
                self.dropped(turn, &delivery, DropReason::Expired);
                continue;
            }
            self.transmit(rules, turn, delivery);
        }
    }

    /// A connection took the session up again: everything unacknowledged goes out once more, in its order and
    /// with its packet ids; then what waited. [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    pub(crate) fn resume(&mut self, rules: &Rules, turn: &mut Turn<'_>) {
        self.inflight.reconnect();
        self.held.clear();
        for counted in self.received.values_mut() {
            *counted = false;
        }
        let Some(limit) = self.link.as_ref().map(|link| link.send_limit) else {
            return;
        };
        for id in self.inflight.unsent() {
            let published = matches!(self.inflight.stage(id), Some(Stage::Published(_)));
            if published && rules.breaks(Deviation::InflightNotResent) {
                continue;
            }
            if !published && rules.breaks(Deviation::PubrelNotResent) {
                continue;
            }
            // [5 MQTT-3.3.4-9] holds PUBLISH packets back, and [5 MQTT-3.3.4-10] nothing else.
            if published && !(self.held.is_empty() && self.inflight.has_room(limit)) {
                self.held.push_back(id);
            } else {
                self.resend(rules, turn, id);
            }
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
                let (id, delivery) = if rules.breaks(Deviation::NewPacketIdOnResend) {
                    self.inflight.remove(id);
                    (self.inflight.insert(delivery.clone()), delivery)
                } else {
                    (id, delivery)
                };
                let Some(link) = &mut self.link else {
                    return;
                };
                // [3.1.1 MQTT-3.3.1-1] [5 MQTT-3.3.1-1]
                let dup = !rules.breaks(Deviation::DupFlagClearOnResend);
                if !send_publish(link, rules, turn, &delivery, Some(id), dup) {
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
            _ => Some(self.inflight.insert(delivery.clone())),
        };
        if send_publish(link, rules, turn, &delivery, id, false) {
            turn.hook(HookEvent::MessageDelivered {
                client: self.client.clone(),
                topic: delivery.message.topic.clone(),
                qos: delivery.qos,
                payload: delivery.message.payload.clone(),
            });
            return;
        }
        if let Some(id) = id {
            self.inflight.remove(id);
        }
        // [5 MQTT-3.1.2-25]
        self.dropped(turn, &delivery, DropReason::PacketTooLarge);
    }

    /// Answers PUBREC, or repeats that answer. [5 MQTT-4.3.3-4]
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
                reason,
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

fn lost_offline(rules: &Rules, qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Deviation::OfflineQos1Lost),
        QoS::ExactlyOnce => rules.breaks(Deviation::OfflineQos2Lost),
    }
}

/// Builds and sends one PUBLISH; says whether it fitted. The DUP flag says only whether this is a retransmission.
/// [3.1.1 MQTT-3.3.1-3] [5 MQTT-3.3.1-3]
fn send_publish(
    link: &mut Link,
    rules: &Rules,
    turn: &mut Turn<'_>,
    delivery: &Delivery,
    packet_id: Option<PacketId>,
    dup: bool,
) -> bool {
    let message = &delivery.message;
    let mut topic = message.topic.clone();
    let mut properties = Properties::new();
    let mut learned = None;
    if link.version == ProtocolVersion::V5 {
        properties = message.properties_at(turn.now);
        for identifier in &delivery.identifiers {
            // [5 MQTT-3.3.4-3] [5 MQTT-3.3.4-4]
            properties.push(Property::SubscriptionIdentifier(*identifier));
        }
        if let Some((alias, known)) = link.aliases_out.assign(&topic) {
            properties.push(Property::TopicAlias(alias));
            if known {
                topic = bytestring::ByteString::new();
            } else {
                learned = Some(alias);
            }
        }
    }
    let publish = Publish {
        dup,
        qos: delivery.qos,
        retain: delivery.retain,
        topic,
        packet_id,
        properties,
        payload: message.payload.clone(),
    };
    let sent = link.send(rules, turn, Packet::Publish(publish));
    if let (true, Some(alias)) = (sent, learned) {
        link.aliases_out.learn(message.topic.clone(), alias);
    }
    sent
}
