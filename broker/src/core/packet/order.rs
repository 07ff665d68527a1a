//! For a permitted variation: recognizes a client that acknowledges in another order than it must.

use mqtt_check_codec::Packet;

use crate::core::state::State;
use crate::core::state::session_key::SessionKey;

/// Returns whether a packet is sent before another that the client must send first: a PUBACK or PUBREC before that of an
/// earlier message, or a PUBREL before that of an earlier PUBREC. [5 MQTT-4.6.0-2] [5 MQTT-4.6.0-3] [5 MQTT-4.6.0-4]
/// [3.1.1 MQTT-4.6.0-2] [3.1.1 MQTT-4.6.0-3] [3.1.1 MQTT-4.6.0-4]
pub(crate) fn overtakes(state: &State, key: SessionKey, packet: &Packet) -> bool {
    let Some(session) = state.sessions.at(key) else {
        return false;
    };
    match packet {
        Packet::PubAck(ack) | Packet::PubRec(ack) => {
            session.inflight.is_behind_another(ack.packet_id)
        }
        Packet::PubRel(ack) if session.received.contains_key(&ack.packet_id) => {
            let mut unreleased = session.fault_state.unreleased.iter();
            let first = unreleased.find(|id| session.received.contains_key(*id));
            first.is_some_and(|first| *first != ack.packet_id)
        }
        _ => false,
    }
}
