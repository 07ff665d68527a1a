//! Faults: a packet id of the client is taken for one of the broker's. A broker without faults does nothing here.

use mqtt_check_codec::PacketId;

use crate::Fault;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;

/// Of faults: the client's packet ids and the broker's are taken for the same.
pub(super) fn end_outgoing(state: &mut State, key: SessionKey, id: PacketId, fault: Fault) {
    if state.rules.breaks(fault)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.inflight.remove(id);
    }
}
