//! Sends PUBACK, PUBREC, PUBREL and PUBCOMP to a client.

use mqtt_check_codec::{Ack, Packet, PacketId, Properties, ProtocolVersion, ReasonCode};

use super::outgoing::send;
use crate::core::rules::Rules;
use crate::core::state::session::Session;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// Sends an acknowledgement. Before version 5, an acknowledgement has no reason code. [3.1.1 MQTT-3.3.5-2]
/// [5 MQTT-3.4.2-1] [5 MQTT-3.5.2-1] [5 MQTT-3.7.2-1] [3.1.1 MQTT-2.3.1-6] [5 MQTT-2.2.1-5]
///
/// PUBREL answers PUBREC, or repeats that answer. [5 MQTT-4.3.3-4] [5 MQTT-3.6.2-1]
pub(crate) fn acknowledge(
    session: &Session,
    rules: &Rules,
    turn: &mut Turn<'_>,
    packet_id: PacketId,
    reason: ReasonCode,
    packet: fn(Ack) -> Packet,
) {
    let Some(link) = &session.link else {
        return;
    };
    // [5 MQTT-3.3.4-10] [5 MQTT-4.9.0-3]
    let is_full = !session.inflight.has_room(link.window.messages);
    let reason = match link.version {
        ProtocolVersion::V5 => reason,
        _ => ReasonCode::SUCCESS,
    };
    let packet_id = match rules.breaks(Fault::PacketIdsSigned) {
        true => PacketId::new(packet_id.get() & 0x7FFF).unwrap_or(packet_id),
        false => packet_id,
    };
    let ack = Ack {
        packet_id,
        reason,
        properties: Properties::new(),
    };
    let packet = packet(ack);
    let held_by = match packet {
        Packet::PubAck(_) | Packet::PubRec(_) => Fault::AcknowledgementsHeldByQuota,
        _ => Fault::CompletionsHeldByQuota,
    };
    if is_full && rules.breaks(held_by) {
        return;
    }
    send(link, rules, turn, packet);
}

/// For faults and a permitted variation: sends PUBREC and PUBREL again on the same connection, for exchanges that
/// the client has not continued.
pub(crate) fn repeat_acknowledgements(session: &Session, rules: &Rules, turn: &mut Turn<'_>) {
    let Some(link) = &session.link else {
        return;
    };
    let chosen = repeats_in_3(rules, link.version);
    let code = ReasonCode::SUCCESS;
    if chosen || rules.breaks(Fault::PubrecRepeated) {
        for id in session.received.keys() {
            acknowledge(session, rules, turn, *id, code, Packet::PubRec);
        }
    }
    if chosen || rules.breaks(Fault::PubrelRepeated) {
        for id in session.inflight.released() {
            acknowledge(session, rules, turn, id, code, Packet::PubRel);
        }
    }
}

/// For a permitted variation: whether acknowledgements are repeated on the same connection. [3.1.1 MQTT-4.4.0-1] does
/// not forbid it.
pub(crate) fn repeats_in_3(rules: &Rules, version: ProtocolVersion) -> bool {
    version != ProtocolVersion::V5 && rules.chooses(Liberty::AcknowledgementsRepeatedIn3)
}
