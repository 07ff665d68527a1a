//! Handles PUBREL from a client, which ends a QoS 2 message that it published.

use mqtt_check_codec::{Packet, PacketId, ReasonCode};

use super::collision::end_outgoing;
use super::publish::answer;
use crate::core::deliver::loss::{Way, lose_early};
use crate::core::deliver::routing::route;
use crate::core::ending::connection::refuse;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;
use crate::{Fault, Liberty};

/// Releases the packet id and answers with PUBCOMP. [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11] [5 MQTT-4.3.3-12]
pub(crate) fn pubrel_received(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    id: PacketId,
) {
    end_outgoing(state, key, id, Fault::PubrelEndsOutgoing);
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11]
    if !state.rules.faults.is_none() && session.received.contains_key(&id) {
        let unreleased = session.fault_state.unreleased.iter();
        let mut unreleased = unreleased.filter(|other| session.received.contains_key(*other));
        let is_oldest = unreleased.clone().next() == Some(&id);
        let is_latest = unreleased.next_back() == Some(&id);
        if !is_oldest && state.rules.breaks(Fault::ReleasesInOrderOnly)
            || !is_latest && state.rules.breaks(Fault::ReleasesFromTheLatest)
        {
            return;
        }
    }
    let known = match state.rules.breaks(Fault::Qos2IdNeverFreed) {
        true => session.received.get(&id).copied(),
        false => session.received.remove(&id),
    };
    if known.is_some() && !state.rules.faults.is_none() {
        session.fault_state.freed = Some((turn.number, id));
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11]
    let aside = session.fault_state.there();
    if aside.is_some_and(|aside| aside.cut.remove(&id)) {
        let reason = ReasonCode::UNSPECIFIED_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if state.rules.breaks(Fault::PubrelReleasesAll) {
        session.received.clear();
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-12]
    if state.rules.breaks(Fault::CompletedQos2IdDropped) {
        session.fault_state.finished.push(id);
    }
    let has_taken = match known {
        Some(received) => received.counted,
        None => state.rules.breaks(Fault::UnknownPubrelFreesSlot),
    };
    if has_taken
        && !state.rules.breaks(Fault::PubrelFreesNoSlot)
        && let Some(link) = &mut session.link
    {
        link.unreleased = link.unreleased.saturating_sub(1);
    }
    let expires_at = known.and_then(|received| received.expires_at);
    if expires_at.is_some_and(|at| at <= turn.now)
        && state.rules.breaks(Fault::ExpiredQos2NotCompleted)
    {
        return;
    }
    let withheld = session
        .fault_state
        .there()
        .and_then(|aside| aside.withheld.remove(&id));
    let is_later = known.is_some_and(|received| !received.counted);
    // [5 MQTT-4.5.0-1]
    let is_lost = is_later && state.rules.breaks(Fault::StagedNeedsItsAlias);
    if let Some(mut message) = withheld.filter(|_| !is_lost) {
        if !state.rules.faults.is_none() {
            lose_early(&state.rules, Way::Released, turn.now, &mut message);
            if is_later {
                lose_early(&state.rules, Way::ReleasedLater, turn.now, &mut message);
            }
        }
        // [5 MQTT-3.3.2-12] [5 MQTT-4.5.0-1]
        if let Some(alias) = message.alias
            && state.rules.breaks(Fault::StagedFollowsAlias)
            && let Some(topic) = session.link.as_ref().and_then(|l| l.aliases_in.get(&alias))
        {
            message.topic = topic.clone();
        }
        // [5 MQTT-3.8.3-3]
        if is_later && state.rules.breaks(Fault::ReleasedLaterComesBack) {
            message.publisher = Default::default();
        }
        let client = session.client.clone();
        route(
            &state.rules,
            &mut state.sessions,
            &mut state.topics,
            turn,
            message,
            Some(client),
        );
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11]
    if known.is_none() && state.rules.breaks(Fault::RepeatedReleaseUnanswered) {
        return;
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11]
    if known.is_none() && state.rules.breaks(Fault::UnknownReleaseEndsConnection) {
        let reason = ReasonCode::PROTOCOL_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    // [5 MQTT-4.3.3-13]: whether or not the message was delivered.
    let reason = match known {
        Some(_) => ReasonCode::SUCCESS,
        None if state.rules.chooses(Liberty::UnknownReleaseSucceeds) => ReasonCode::SUCCESS,
        None => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
    };
    answer(state, turn, key, id, reason, Packet::PubComp);
    // [5 MQTT-4.4.0-1]
    let session = state.sessions.at(key);
    if session.is_some_and(|session| session.traces.resumed)
        && state.rules.breaks(Fault::PubrecAfterPubcomp)
    {
        answer(state, turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
    }
}
