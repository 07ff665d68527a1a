//! Faults: wrong acknowledgements and DISCONNECT packets. A broker without faults changes nothing here.

use std::num::NonZeroU16;

use mqtt_check_codec::{Ack, Packet, PacketId, Property, QoS, ReasonCode, SubAck, UnsubAck};

use crate::Fault as D;
use crate::core::rules::Rules;

/// A code that the standard does not define for any packet.
const UNKNOWN: ReasonCode = ReasonCode(0x7F);

/// Returns the packet to send, or `None` to send nothing.
pub(crate) fn tell(rules: &Rules, mut packet: Packet) -> Option<Packet> {
    let lies = |fault| rules.breaks(fault);
    match &mut packet {
        Packet::PubAck(ack) => {
            bend(
                ack,
                lies(D::PubackOtherPacketId),
                lies(D::PubackCodeUnknown),
            );
            (!lies(D::NoPuback)).then_some(packet)
        }
        Packet::PubRec(ack) => {
            bend(
                ack,
                lies(D::PubrecOtherPacketId),
                lies(D::PubrecCodeUnknown),
            );
            hide_refusal(rules, ack);
            (!lies(D::NoPubrec)).then_some(packet)
        }
        Packet::PubRel(ack) => {
            bend(
                ack,
                lies(D::PubrelOtherPacketId),
                lies(D::PubrelCodeUnknown),
            );
            (!lies(D::NoPubrel)).then_some(packet)
        }
        Packet::PubComp(ack) => {
            bend(
                ack,
                lies(D::PubcompOtherPacketId),
                lies(D::PubcompCodeUnknown),
            );
            hide_refusal(rules, ack);
            (!lies(D::NoPubcomp)).then_some(packet)
        }
        Packet::SubAck(suback) => {
            suback_lies(rules, suback);
            (!lies(D::NoSuback)).then_some(packet)
        }
        Packet::UnsubAck(unsuback) => {
            unsuback_lies(rules, unsuback);
            (!lies(D::NoUnsuback)).then_some(packet)
        }
        Packet::PingResp => (!lies(D::NoPingresp)).then_some(packet),
        Packet::Disconnect(disconnect) => {
            if lies(D::DisconnectCodeUnknown) {
                disconnect.reason = UNKNOWN;
            }
            if lies(D::DisconnectHasSessionExpiry) {
                disconnect
                    .properties
                    .push(Property::SessionExpiryInterval(0));
            }
            Some(packet)
        }
        Packet::Auth(auth) => {
            // [5 MQTT-3.15.2-1]
            if lies(D::AuthCodeUnknown) && auth.reason == ReasonCode::SUCCESS {
                auth.reason = UNKNOWN;
            }
            Some(packet)
        }
        Packet::Publish(publish) => {
            if publish.qos == QoS::AtMostOnce && lies(D::DupAtQos0) {
                publish.dup = true;
            }
            Some(packet)
        }
        _ => Some(packet),
    }
}

fn bend(ack: &mut Ack, other_id: bool, unknown: bool) {
    if other_id {
        ack.packet_id = other(ack.packet_id);
    }
    if unknown {
        ack.reason = UNKNOWN;
    }
}

/// Leaves out a reason code of 0x80 or above, so that the packet says success. [5 MQTT-3.5.2-1]
fn hide_refusal(rules: &Rules, ack: &mut Ack) {
    if !ack.reason.is_success() && rules.breaks(D::Qos2RefusalsShownSuccess) {
        ack.reason = ReasonCode::SUCCESS;
    }
}

fn suback_lies(rules: &Rules, suback: &mut SubAck) {
    if rules.breaks(D::SubackOtherPacketId) {
        suback.packet_id = other(suback.packet_id);
    }
    if rules.breaks(D::SubackOrderReversed) {
        suback.reasons.reverse();
    }
    if rules.breaks(D::SubackCodeMissing) && suback.reasons.len() > 1 {
        suback.reasons.pop();
    }
    if let Some(last) = suback.reasons.last().copied()
        && suback.reasons.len() > 1
        && rules.breaks(D::SubackCodeAdded)
    {
        suback.reasons.push(last);
    }
    if rules.breaks(D::SubackRefusalLeftOut) {
        suback.reasons.retain(|reason| reason.is_success());
    }
    if rules.breaks(D::SubackCutAt20) {
        suback.reasons.truncate(20);
    }
    for reason in &mut suback.reasons {
        if rules.breaks(D::SubackRefusalShownGranted) && !reason.is_success() {
            *reason = ReasonCode::SUCCESS;
        }
        if rules.breaks(D::SubackCodeUnknown) {
            *reason = UNKNOWN;
        } else if rules.breaks(D::SubackShowsQos0) && reason.is_success() {
            *reason = ReasonCode::SUCCESS;
        }
    }
}

fn unsuback_lies(rules: &Rules, unsuback: &mut UnsubAck) {
    if rules.breaks(D::UnsubackOtherPacketId) {
        unsuback.packet_id = other(unsuback.packet_id);
    }
    if rules.breaks(D::UnsubackOrderReversed) {
        unsuback.reasons.reverse();
    }
    if rules.breaks(D::UnsubackCodeUnknown) {
        unsuback.reasons.fill(UNKNOWN);
    }
}

fn other(id: PacketId) -> PacketId {
    id.checked_add(1).unwrap_or(NonZeroU16::MIN)
}
