//! Handles PUBACK, PUBREC and PUBCOMP from a client.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Ack, Packet, PacketId, QoS, ReasonCode};

use crate::core::deliver::acknowledgement::acknowledge;
use crate::core::deliver::beside::settle_for_all;
use crate::core::deliver::delivery::{flush, forget_expired};
use crate::core::ending::connection::refuse;
use crate::core::ending::inheritance::give_away;
use crate::core::state::State;
use crate::core::state::inflight::Stage;
use crate::core::state::message::Message;
use crate::core::state::session::{Received, Session};
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;
use crate::hook::{DisconnectReason, DropReason};
use crate::{Fault, HookEvent, Liberty};

/// The delivery that a packet id belongs to, with its topic.
enum Pending {
    Nothing,
    Qos1(ByteString),
    Qos2(ByteString),
    Release(ByteString),
}

fn pending(state: &State, key: SessionKey, id: PacketId) -> Pending {
    match state.sessions.at(key).and_then(|s| s.inflight.stage(id)) {
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

/// Handles PUBACK, which ends a QoS 1 delivery even if it refuses the message. [5 MQTT-4.4.0-2]
pub(crate) fn puback_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
    forget(state, turn, key);
    forget_received(state, key, ack.packet_id, Fault::PubackForgetsReceived);
    // [5 MQTT-4.4.0-1]
    if !ack.properties.0.is_empty() && state.rules.breaks(Fault::PubackWithReasonStringIgnored) {
        return;
    }
    match pending(state, key, ack.packet_id) {
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        Pending::Qos1(_)
            if is_behind_qos2(state, key, ack.packet_id)
                && state.rules.breaks(Fault::AckBehindOlderIgnored) => {}
        Pending::Qos1(topic) => {
            if state.rules.breaks(Fault::PubackSettlesEarlier) {
                settle_earlier(state, turn, key, ack);
            }
            settle(state, turn, key, ack, topic);
        }
        // The packet id is unknown: the session may have ended before the PUBACK was received.
        Pending::Nothing if state.rules.breaks(Fault::AnyPubackSettles) => {
            settle_oldest(state, turn, key, ack);
        }
        // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
        Pending::Nothing if is_acknowledged_again(state, key, ack.packet_id, true) => {
            make_room(state, turn, key, Fault::SecondPubackFreesSlot);
        }
        // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
        Pending::Nothing if is_acknowledged_again(state, key, ack.packet_id, false) => {
            make_room(state, turn, key, Fault::LivePubackAgainFreesSlot);
        }
        // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
        Pending::Nothing => make_room(state, turn, key, Fault::UnknownPubackFreesSlot),
        Pending::Qos2(topic) if state.rules.breaks(Fault::PubackSettlesQos2) => {
            settle(state, turn, key, ack, topic);
        }
        Pending::Release(topic) if state.rules.breaks(Fault::PubackSettlesPubrel) => {
            settle(state, turn, key, ack, topic);
        }
        // [5 MQTT-4.3.3-3] [5 MQTT-4.3.3-5]
        Pending::Qos2(_) | Pending::Release(_) => out_of_order(state, turn, key),
    }
}

/// Handles PUBREC: answers it with PUBREL, or ends the delivery if it refuses. [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.3-4]
pub(crate) fn pubrec_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
    forget(state, turn, key);
    let id = ack.packet_id;
    if !ack.reason.is_success() {
        forget_received(state, key, id, Fault::RefusalForgetsReceived);
    }
    let nobody = ack.reason == ReasonCode::NO_MATCHING_SUBSCRIBERS;
    // [5 MQTT-4.3.3-4]
    let explained = !ack.properties.0.is_empty();
    if nobody && state.rules.breaks(Fault::PubrecOfSuccessUnanswered)
        || explained && state.rules.breaks(Fault::PubrecWithReasonStringUnanswered)
    {
        return;
    }
    // [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.3-4]
    let resent = state.sessions.at(key).map(|s| &s.fault_state.resent);
    if resent.is_some_and(|resent| resent.len() >= 20 && !resent.contains(&id))
        && state.rules.breaks(Fault::NewBehindResentUnreleased)
    {
        return;
    }
    // [5 MQTT-4.3.3-4]
    let in_use = ack.reason == ReasonCode::PACKET_IDENTIFIER_IN_USE;
    let reason = match pending(state, key, id) {
        Pending::Qos1(topic) if state.rules.breaks(Fault::PubrecSettlesQos1) => {
            return settle(state, turn, key, ack, topic);
        }
        // [5 MQTT-4.3.2-3]
        Pending::Qos1(_) => return out_of_order(state, turn, key),
        pending
            if !ack.reason.is_success()
                && (state.rules.breaks(Fault::RefusalReleased)
                    || in_use && state.rules.breaks(Fault::InUseRefusalReleased)
                    || is_of_earlier(state, key, id)
                        && state.rules.breaks(Fault::RefusalOfResentReleased)) =>
        {
            if let Pending::Qos2(topic) | Pending::Release(topic) = pending {
                settle(state, turn, key, ack, topic);
            }
            ReasonCode::SUCCESS
        }
        Pending::Qos2(topic) | Pending::Release(topic) if !ack.reason.is_success() => {
            return settle(state, turn, key, ack, topic);
        }
        Pending::Qos2(_) => {
            // [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.3-6]
            if let Some(session) = state.sessions.at_mut(key)
                && !state.rules.breaks(Fault::PublishResentAfterPubrec)
            {
                if state.rules.breaks(Fault::PubrelExpires)
                    && let Some(Stage::Published(delivery)) = session.inflight.stage(id)
                    && let Some(expiry_s) = delivery.message.expiry_s
                {
                    let span = Duration::from_secs(u64::from(expiry_s));
                    let at = delivery.message.received_at.saturating_add(span);
                    session.fault_state.release_over_at.insert(id, at);
                }
                let begun = match state.rules.faults.is_none() {
                    true => None,
                    false => published(session, id),
                };
                if !state.rules.faults.is_none() {
                    let begun = session.inflight.stage(id).cloned();
                    session.fault_state.settled = begun.map(|stage| (turn.number, id, stage));
                }
                session.inflight.release(id);
                if state.rules.breaks(Fault::SendQuotaFreedByPubrec) {
                    session.inflight.give_back(id);
                    flush(session, &state.rules, turn);
                }
                if let Some(begun) =
                    begun.filter(|_| state.rules.breaks(Fault::PubrecEndsDeliveryToOthers))
                {
                    settle_for_all(&mut state.sessions, key, &begun);
                }
            }
            ReasonCode::SUCCESS
        }
        Pending::Release(_) => {
            make_room(state, turn, key, Fault::RepeatedPubrecFreesSlot);
            ReasonCode::SUCCESS
        }
        Pending::Nothing if !ack.reason.is_success() => {
            return make_room(state, turn, key, Fault::UnknownPubrecRefusalFreesSlot);
        }
        Pending::Nothing if state.rules.chooses(Liberty::UnknownReceiptSucceeds) => {
            ReasonCode::SUCCESS
        }
        Pending::Nothing if state.rules.breaks(Fault::RetainedNotTracked) => return,
        Pending::Nothing => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
    };
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    // [3.1.1 MQTT-4.6.0-6]: PUBREL is sent as soon as PUBREC is received, and therefore in the order of the PUBRECs.
    if state.rules.breaks(Fault::PubrelOrderReversed) {
        session.fault_state.late_pubrels.push(id);
        if !session.inflight.awaits_pubrec() {
            for id in std::mem::take(&mut session.fault_state.late_pubrels)
                .into_iter()
                .rev()
            {
                acknowledge(session, &state.rules, turn, id, reason, Packet::PubRel);
            }
        }
        return;
    }
    acknowledge(session, &state.rules, turn, id, reason, Packet::PubRel);
}

/// Handles PUBCOMP, which ends a QoS 2 delivery. [5 MQTT-4.3.3-5]
pub(crate) fn pubcomp_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
    // [5 MQTT-4.4.0-1] [5 MQTT-4.9.0-1]
    if !ack.properties.0.is_empty() && state.rules.breaks(Fault::PubcompWithReasonStringIgnored) {
        return;
    }
    forget_received(state, key, ack.packet_id, Fault::PubcompForgetsReceived);
    match pending(state, key, ack.packet_id) {
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        Pending::Release(_)
            if is_sent_again(state, key, ack.packet_id)
                && state.rules.breaks(Fault::ResumedPubcompEndsConnection) =>
        {
            end(state, turn, key);
        }
        // [5 MQTT-4.4.0-1] [5 MQTT-4.9.0-1]
        Pending::Release(_)
            if !ack.reason.is_success() && state.rules.breaks(Fault::PubcompNotFoundIgnored) => {}
        Pending::Release(topic) => {
            // [5 MQTT-4.9.0-1]
            if !ack.reason.is_success()
                && let Some(session) = state.sessions.at_mut(key)
                && state.rules.breaks(Fault::PubcompNotFoundKeepsSlot)
            {
                session.inflight.lose(1);
            }
            settle(state, turn, key, ack, topic);
            // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
            if let Some(session) = state.sessions.at_mut(key)
                && state.rules.breaks(Fault::PubcompSettlesReleased)
            {
                let is_kept = |stage: &Stage| matches!(stage, Stage::Published(_));
                session.inflight.retain(is_kept);
            }
        }
        Pending::Qos2(topic) if state.rules.breaks(Fault::PublishResentAfterPubrec) => {
            settle(state, turn, key, ack, topic);
        }
        Pending::Nothing => make_room(state, turn, key, Fault::UnknownPubcompFreesSlot),
        Pending::Qos1(topic) | Pending::Qos2(topic)
            if state.rules.breaks(Fault::PubcompSettlesAll) =>
        {
            settle(state, turn, key, ack, topic);
        }
        Pending::Qos1(_) | Pending::Qos2(_) => out_of_order(state, turn, key),
    }
}

/// Ends a delivery and frees its packet id and its place in the window.
fn settle(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack, topic: ByteString) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let client = session.client.clone();
    // PUBCOMP 0x92 still ends the exchange of a message that the client accepted.
    let refused = !ack.reason.is_success() && ack.reason != ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
    if refused && state.rules.breaks(Fault::RefusedMessageResent) {
        return;
    }
    let stage = session.inflight.remove(ack.packet_id);
    if !state.rules.faults.is_none() {
        let settled = stage.clone();
        session.fault_state.settled = settled.map(|stage| (turn.number, ack.packet_id, stage));
    }
    if let Some(stage) = &stage
        && state.rules.breaks(Fault::RestartRestoresAcknowledged)
    {
        let acknowledged = &mut session.fault_state.former.acknowledged;
        acknowledged.insert(ack.packet_id, stage.clone());
    }
    if !state.rules.faults.is_none()
        && let Some(Stage::Published(delivery)) = &stage
    {
        // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
        let was_resent = delivery.message.received_at < session.traces.connected_at;
        let acknowledged = &mut session.fault_state.acknowledged_ids;
        acknowledged.insert(ack.packet_id, was_resent);
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        if session.traces.resumed
            && delivery.message.received_at >= session.traces.connected_at
            && state.rules.breaks(Fault::AcknowledgedSentAgain)
        {
            session.fault_state.acknowledged = Some(delivery.clone());
        }
    }
    if let Some(Stage::Published(delivery)) = &stage
        && state.rules.breaks(Fault::PubackEndsDeliveryToOthers)
    {
        settle_for_all(&mut state.sessions, key, &delivery.message);
    }
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    // [5 MQTT-4.9.0-1]: whatever the reason code.
    if refused && state.rules.breaks(Fault::SendQuotaKeptByRefusal) {
        session.inflight.lose(1);
    }
    turn.hook(if refused {
        // [5 MQTT-4.8.2-6]: the message is discarded, even if others subscribed.
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
    let released = matches!(stage, Some(Stage::Released { .. }));
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if !(released && state.rules.breaks(Fault::WaitingNotSentAfterPubcomp)) {
        flush(session, &state.rules, turn);
    }
    if refused
        && state.rules.breaks(Fault::SharedRefusedReassigned)
        && let Some(Stage::Published(delivery)) = &stage
    {
        session.fault_state.refused.push(delivery.clone());
    }
    if refused
        && state.rules.breaks(Fault::SharedRefusedPassedOn)
        && let Some(Stage::Published(delivery)) = stage
    {
        give_away(
            &state.rules,
            &mut state.sessions,
            &mut state.topics,
            turn,
            &delivery,
            key,
        );
    }
}

/// Returns whether an older QoS 2 delivery to the client is not finished.
fn is_behind_qos2(state: &State, key: SessionKey, id: PacketId) -> bool {
    let Some(session) = state
        .sessions
        .at(key)
        .filter(|_| !state.rules.faults.is_none())
    else {
        return false;
    };
    let is_qos2 = |stage: &Stage| match stage {
        Stage::Published(delivery) => delivery.qos == QoS::ExactlyOnce,
        Stage::Released { .. } => true,
    };
    let own = session.inflight.sequence(id);
    let mut ids = session.inflight.ids();
    ids.any(|other| {
        session.inflight.sequence(other) < own && session.inflight.stage(other).is_some_and(is_qos2)
    })
}

/// For faults: undoes the acknowledgement that arrived together with DISCONNECT.
pub(crate) fn undo(state: &mut State, turn: &Turn<'_>, key: SessionKey) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let Some(aside) = session.fault_state.there() else {
        return;
    };
    let (settled, freed) = (aside.settled.take(), aside.freed.take());
    if let Some((number, id)) = freed
        && number + 1 == turn.number
        && state.rules.breaks(Fault::PubrelBeforeDisconnectLost)
    {
        let received = Received {
            counted: true,
            expires_at: None,
        };
        session.received.insert(id, received);
    }
    if let Some((number, id, stage)) = settled
        && number + 1 == turn.number
    {
        let fault = match (&stage, session.inflight.stage(id)) {
            (Stage::Released { .. }, _) => Fault::PubcompBeforeDisconnectLost,
            (Stage::Published(d), _) if d.qos == QoS::ExactlyOnce => {
                Fault::PubrecBeforeDisconnectLost
            }
            _ => Fault::PubackBeforeDisconnectLost,
        };
        if state.rules.breaks(fault) {
            session.inflight.keep(id, number, stage);
        }
    }
}

/// For a fault: ends all earlier deliveries too. [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
fn settle_earlier(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
    let oldest = |state: &State| state.sessions.at(key).and_then(|s| s.inflight.oldest());
    while let Some(packet_id) = oldest(state).filter(|oldest| *oldest != ack.packet_id)
        && let Pending::Qos1(topic) = pending(state, key, packet_id)
    {
        let earlier = Ack {
            packet_id,
            ..ack.clone()
        };
        settle(state, turn, key, &earlier, topic);
    }
}

/// For a fault: an acknowledgement of an unknown packet id ends the oldest delivery.
fn settle_oldest(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, ack: &Ack) {
    let oldest = state.sessions.at(key).and_then(|s| s.inflight.oldest());
    let Some(packet_id) = oldest else {
        return;
    };
    let ack = Ack {
        packet_id,
        ..ack.clone()
    };
    if let Pending::Qos1(topic) = pending(state, key, packet_id) {
        settle(state, turn, key, &ack, topic);
    }
}

/// For faults: an acknowledgement of an unknown packet id frees a place in the window. [5 MQTT-3.3.4-9]
/// [5 MQTT-4.9.0-2]
fn make_room(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, fault: Fault) {
    if state.rules.breaks(fault)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.inflight.free_one();
        flush(session, &state.rules, turn);
    }
}

/// For faults: forgets the QoS 2 message from the client with this packet id. [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
fn forget_received(state: &mut State, key: SessionKey, id: PacketId, fault: Fault) {
    if state.rules.breaks(fault)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.received.remove(&id);
    }
}

/// For a fault: forgets messages that have expired before they were acknowledged.
fn forget(state: &mut State, turn: &Turn<'_>, key: SessionKey) {
    if !state.rules.faults.is_none()
        && let Some(session) = state.sessions.at_mut(key)
    {
        forget_expired(session, &state.rules, turn.now);
    }
}

/// For a fault: the message whose PUBLISH with this packet id is unacknowledged.
fn published(session: &Session, id: PacketId) -> Option<Arc<Message>> {
    match session.inflight.stage(id)? {
        Stage::Published(delivery) => Some(Arc::clone(&delivery.message)),
        Stage::Released { .. } => None,
    }
}

/// For a fault: whether the message with this packet id was received before the current connection began.
fn is_of_earlier(state: &State, key: SessionKey, id: PacketId) -> bool {
    if state.rules.faults.is_none() {
        return false;
    }
    let session = state.sessions.at(key);
    session.is_some_and(|session| {
        let message = published(session, id);
        message.is_some_and(|message| message.received_at < session.traces.connected_at)
    })
}

/// For a fault: whether the PUBREL with this packet id was sent again on the current connection.
fn is_sent_again(state: &State, key: SessionKey, id: PacketId) -> bool {
    if state.rules.faults.is_none() {
        return false;
    }
    let session = state.sessions.at(key);
    session.is_some_and(|session| session.fault_state.released_again.contains(&id))
}

/// For faults: whether a message with this packet id was acknowledged, and was from before the connection or not.
fn is_acknowledged_again(state: &State, key: SessionKey, id: PacketId, resent: bool) -> bool {
    if state.rules.faults.is_none() {
        return false;
    }
    let session = state.sessions.at(key);
    let fault = match resent {
        true => Fault::SecondPubackFreesSlot,
        false => Fault::LivePubackAgainFreesSlot,
    };
    session.is_some_and(|session| session.fault_state.acknowledged_ids.get(&id) == Some(&resent))
        && state.rules.breaks(fault)
}

/// For faults: ends the connection because of a right acknowledgement.
fn end(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    let reason = ReasonCode::PROTOCOL_ERROR;
    refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
}

fn out_of_order(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    if state.rules.chooses(Liberty::WrongAcknowledgementsIgnored) {
        return;
    }
    let reason = ReasonCode::PROTOCOL_ERROR;
    refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
}
