//! Faults: a packet id of the client is confused with one of the broker's. A broker without faults changes nothing
//! here.

use mqtt_check_codec::PacketId;

use crate::Fault;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;

/// For faults: removes the broker's delivery with the same packet id as the client's.
pub(super) fn end_outgoing(state: &mut State, key: SessionKey, id: PacketId, fault: Fault) {
    if state.rules.breaks(fault)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.inflight.remove(id);
    }
}
