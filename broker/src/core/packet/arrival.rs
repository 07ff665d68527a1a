//! Faults: what a PUBLISH of a client loses when it arrives, and whose connection it ends. A broker without faults
//! changes nothing here.

use bytestring::ByteString;
use mqtt_check_codec::{PacketId, Property, Publish, ReasonCode};

use crate::Fault;
use crate::core::ending::connection::refuse;
use crate::core::state::State;
use crate::core::state::message::is_for_response;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;

/// Changes properties and payload. [5 MQTT-3.3.2-4] [5 MQTT-3.3.2-15] [5 MQTT-3.3.2-16]
pub(super) fn garble(state: &State, key: SessionKey, publish: &mut Publish) {
    if let Some(Property::PayloadFormatIndicator(value)) = publish.properties.0.last()
        && publish.properties.encoded_size() >= 128
        && state.rules.breaks(Fault::LastBytePropertyIntoPayload)
    {
        // The identifier of the property, and its value.
        publish.payload = [&[0x01, *value][..], &publish.payload[..]].concat().into();
        publish.properties.0.pop();
    }
    let session = state.sessions.at(key);
    if !session.is_some_and(|session| session.traces.asks_response)
        && publish.properties.iter().any(is_for_response)
        && state.rules.breaks(Fault::ResponsePropertiesNeedRequest)
    {
        publish.properties.0.retain(|p| !is_for_response(p));
    }
}

/// Applies the faults by which a QoS 0 message affects what its publisher has sent before, or sends later.
pub(super) fn mislead(state: &mut State, key: SessionKey, publish: &Publish) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if let Some(aside) = session.fault_state.there()
        && aside.withheld.values().any(|m| m.topic == publish.topic)
        && state.rules.breaks(Fault::StagedLostBehindQos0)
    {
        aside.withheld.retain(|_, m| m.topic != publish.topic);
    }
    // [3.1.1 MQTT-3.12.4-1] [5 MQTT-3.12.4-1]
    if publish.retain
        && publish.payload.is_empty()
        && !state.topics.retained.has(&publish.topic)
        && state.rules.breaks(Fault::ClearingNothingHangsPublisher)
    {
        session.traces.hung = session.link.as_ref().map(|link| link.connection);
    }
}

/// Returns whether the packets of this session's connection are ignored.
pub(crate) fn is_hung(state: &State, key: SessionKey) -> bool {
    if state.rules.faults.is_none() {
        return false;
    }
    state.sessions.at(key).is_some_and(|session| {
        let link = session.link.as_ref().map(|link| link.connection);
        session.traces.hung.is_some() && session.traces.hung == link
    })
}

/// Notes a QoS 2 message that is lost when it is released. Returns whether it is. [3.1.1 MQTT-4.3.3-2]
/// [5 MQTT-4.3.3-11]
pub(super) fn note_cut(
    state: &mut State,
    key: SessionKey,
    id: PacketId,
    publish: &Publish,
) -> bool {
    let is_cut = publish.topic.len() > 200 && state.rules.breaks(Fault::LongTopicCutAtRelease);
    if is_cut && let Some(session) = state.sessions.at_mut(key) {
        session.fault_state.cut.insert(id);
    }
    is_cut
}

/// Ends the connections of clients whose overlapping subscriptions match a second message of a topic and a publisher at
/// one time. [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
pub(super) fn end_overlapping(
    state: &mut State,
    turn: &mut Turn<'_>,
    publisher: &ByteString,
    topic: &ByteString,
    overlapping: &[SessionKey],
) {
    for key in overlapping {
        let Some(session) = state.sessions.at_mut(*key) else {
            continue;
        };
        let overlapped = &mut session.fault_state.overlapped;
        overlapped.retain(|(at, ..)| *at == turn.now);
        let is_first = overlapped.insert((turn.now, publisher.clone(), topic.clone()));
        if !is_first
            && session.link.is_some()
            && state.rules.breaks(Fault::OverlappingPairEndsSubscriber)
        {
            let reason = ReasonCode::UNSPECIFIED_ERROR;
            refuse(state, turn, *key, reason, DisconnectReason::ProtocolError);
        }
    }
}
