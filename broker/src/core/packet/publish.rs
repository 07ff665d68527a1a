//! Handles PUBLISH from a client: decides whether it is accepted, how it is acknowledged, and who receives it.

use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::topic::{check_name, matches};
use mqtt_check_codec::{Ack, Packet, PacketId, ProtocolVersion, Publish, QoS, ReasonCode};

use super::aliases;
use super::arrival::{end_overlapping, garble, mislead, note_cut};
use super::collision::end_outgoing;
use super::errant::{misuse_refused, pass_on_errant};
use super::late;
use super::subscribe::is_on;
use crate::core::deliver::acknowledgement::acknowledge;
use crate::core::deliver::loss::withholds;
use crate::core::deliver::retained::{has_room, retain};
use crate::core::deliver::routing::{Routed, decide, hand_out};
use crate::core::ending::connection::refuse;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::link::Link;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::session::Received;
use crate::core::state::session_key::SessionKey;
use crate::core::state::task::{Publishing, Task};
use crate::core::state::weight;
use crate::core::topic;
use crate::core::turn::Turn;
use crate::hook::{DisconnectReason, DropReason};
use crate::{AccessAction, Fault, HookEvent, Liberty};

/// What is decided about a message before it is acknowledged.
struct Decided {
    /// The reason code of the acknowledgement.
    reason: ReasonCode,
    routed: Option<Routed>,
}

impl Decided {
    /// The message is not delivered to any client.
    const fn only(reason: ReasonCode) -> Self {
        Self {
            reason,
            routed: None,
        }
    }
}

/// The fault [`Fault::UnreleasedForgottenInTime`] forgets packet ids that are not released for so long.
const UNRELEASED: Duration = Duration::from_secs(300);

/// Handles PUBLISH. Its subscribers are looked up first. If that takes longer than a step, the PUBLISH waits.
pub(crate) fn publish_arrived(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    publish: Publish,
) {
    let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    let topic = match publish.properties.topic_alias() {
        Some(alias) if publish.topic.is_empty() => link.aliases_in.get(&alias),
        _ => Some(&publish.topic),
    };
    if let Some(topic) = topic
        && let Some(lookup) = state.topics.find(&state.rules, topic)
    {
        let publishing = Publishing {
            connection: link.connection,
            publish,
            lookup,
        };
        let task = Task::Publish(Box::new(publishing));
        state.topics.tasks.push(Some(key), task);
        return;
    }
    publish_received(state, turn, key, publish);
}

/// Continues with a PUBLISH whose subscribers are being looked up. If its connection has ended, it is lost, which is
/// permitted since it is unacknowledged.
pub(crate) fn publish_on(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    mut publishing: Box<Publishing>,
    budget: usize,
) {
    if !is_on(state, key, publishing.connection) {
        return;
    }
    let subscriptions = &mut state.topics.subscriptions;
    if !subscriptions.go_on(&mut publishing.lookup, budget) {
        let task = Task::Publish(publishing);
        state.topics.tasks.push(Some(key), task);
        return;
    }
    state.topics.found = Some(publishing.lookup);
    publish_received(state, turn, key, publishing.publish);
}

/// Handles PUBLISH once its subscribers can be found without waiting. [3.1.1 MQTT-3.3.4-1] [5 MQTT-3.3.4-1]
fn publish_received(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, mut publish: Publish) {
    if !state.rules.faults.is_none() && grows_deaf(state, key) {
        return;
    }
    let by_alias = publish.topic.is_empty();
    let is_again = !state.rules.faults.is_none() && gives_alias_again(state, key, &publish);
    if let Err(reason) = check_publish(state, key, &mut publish) {
        pass_on_errant(state, turn, key, publish);
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    if let Some(alias) = publish.properties.topic_alias()
        && !by_alias
        && !state.rules.faults.is_none()
    {
        aliases::spread(state, alias, &publish.topic);
    }
    if !state.rules.faults.is_none() {
        garble(state, key, &mut publish);
        if publish
            .packet_id
            .is_some_and(|id| is_confused(state, key, id))
        {
            return;
        }
    }
    if !state.rules.faults.is_none() && mishandle(state, turn, key, &publish, by_alias, is_again) {
        return;
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if let Some(id) = publish.packet_id {
        let fault = match publish.qos {
            QoS::ExactlyOnce => Fault::InboundQos2EndsOutgoing,
            _ => Fault::InboundQos1EndsOutgoing,
        };
        end_outgoing(state, key, id, fault);
    }
    if closes_for_refusal(state, key)
        && let Err((reason, why)) = judge_publish(state, key, &publish)
    {
        refused(state, turn, key, &publish, why);
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    match (publish.qos, publish.packet_id) {
        (QoS::AtLeastOnce, Some(id))
            if by_alias && state.rules.chooses(Liberty::AliasesNotAskedAbout) =>
        {
            let decided = take(state, turn, key, publish);
            acknowledge_and_hand_out(state, turn, key, id, Packet::PubAck, decided);
        }
        (QoS::AtMostOnce, _) => publish_qos0(state, turn, key, publish),
        (QoS::AtLeastOnce, Some(id)) => publish_qos1(state, turn, key, id, publish),
        (QoS::ExactlyOnce, Some(id)) => publish_qos2(state, turn, key, id, publish),
        (_, None) => {
            let reason = ReasonCode::MALFORMED_PACKET;
            refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        }
    }
}

/// For faults: whether a PUBLISH gives its topic the Topic Alias that it has already.
fn gives_alias_again(state: &State, key: SessionKey, publish: &Publish) -> bool {
    let link = state.sessions.at(key).and_then(|s| s.link.as_ref());
    publish.properties.topic_alias().is_some_and(|alias| {
        link.is_some_and(|link| link.aliases_in.get(&alias) == Some(&publish.topic))
    })
}

/// For faults: loses or delays a right PUBLISH, or takes it for an error. Returns whether it did.
fn mishandle(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    publish: &Publish,
    by_alias: bool,
    gives_alias_again: bool,
) -> bool {
    // [5 MQTT-4.5.0-1]
    if gives_alias_again
        && publish.qos == QoS::AtMostOnce
        && state.rules.breaks(Fault::AliasGivenAgainLost)
    {
        return true;
    }
    // [5 MQTT-3.3.2-12] [5 MQTT-4.5.0-1]
    if gives_alias_again
        && publish.qos == QoS::AtLeastOnce
        && state.rules.breaks(Fault::AliasGivenAgainEndsConnection)
    {
        let reason = ReasonCode::TOPIC_ALIAS_INVALID;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return true;
    }
    // [3.1.1 MQTT-3.3.4-1] [5 MQTT-3.3.4-1]
    let old = state.topics.retained.at(&publish.topic);
    if publish.retain
        && !publish.payload.is_empty()
        && old.is_some_and(|old| old.payload == publish.payload)
        && state.rules.breaks(Fault::SameRetainedEndsPublisher)
    {
        let reason = ReasonCode::UNSPECIFIED_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return true;
    }
    // [3.1.1 MQTT-4.3.2-2] [5 MQTT-4.3.2-4] [5 MQTT-4.3.3-8]
    if publish.qos > QoS::AtMostOnce
        && concerns_restored(state, &publish.topic)
        && state.rules.breaks(Fault::RestartHangsPublishers)
    {
        return true;
    }
    // [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-4.5.0-1] [5 MQTT-3.3.1-5] [5 MQTT-4.5.0-1]
    if publish.qos < QoS::ExactlyOnce
        && judge_publish(state, key, publish).is_ok()
        && (by_alias && state.rules.breaks(Fault::AliasedBeforeDisconnectLost)
            || publish.retain && state.rules.breaks(Fault::RetainedBeforeDisconnectLost))
    {
        late::publish(state, turn, key, publish.clone());
        if let Some(id) = publish.packet_id {
            answer(state, turn, key, id, ReasonCode::SUCCESS, Packet::PubAck);
        }
        return true;
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if let Some(id) = publish
        .packet_id
        .filter(|_| publish.qos == QoS::ExactlyOnce)
        && let Some(session) = state.sessions.at_mut(key)
    {
        let is_known = session.received.get(&id).is_some();
        let times = &mut session.fault_state.received_at;
        let at = *times.entry(id).or_insert(turn.now);
        if !is_known {
            times.insert(id, turn.now);
        } else if turn.now.saturating_sub(at) >= UNRELEASED
            && state.rules.breaks(Fault::UnreleasedForgottenInTime)
        {
            session.received.remove(&id);
        }
    }
    false
}

/// For a fault: whether an offline session that a restart has brought back has a subscription to this topic.
fn concerns_restored(state: &State, topic: &str) -> bool {
    state.sessions.keys().into_iter().any(|key| {
        let session = state.sessions.at(key);
        session.is_some_and(|session| {
            session.traces.restarted
                && session.link.is_none()
                && session.subscriptions.keys().any(|f| matches(f, topic))
        })
    })
}

/// For a fault: counts a message. Returns whether the connection has carried too many to accept another one.
fn grows_deaf(state: &mut State, key: SessionKey) -> bool {
    let session = state.sessions.at_mut(key);
    let Some(link) = session.and_then(|session| session.link.as_mut()) else {
        return false;
    };
    link.carried += 1;
    link.carried > 300 && state.rules.breaks(Fault::DeafAfter300Messages)
}

/// For a fault: whether a message to the client has this packet id. [5 MQTT-4.3.2-4] [5 MQTT-4.3.3-8]
fn is_confused(state: &State, key: SessionKey, id: PacketId) -> bool {
    let session = state.sessions.at(key);
    session.is_some_and(|session| session.inflight.stage(id).is_some())
        && state.rules.breaks(Fault::PacketIdsSharedByDirections)
}

/// For a permitted variation: whether a refused PUBLISH closes the connection. [3.1.1 MQTT-3.3.5-2]
fn closes_for_refusal(state: &State, key: SessionKey) -> bool {
    let liberty = match state.sessions.version(key) {
        Some(ProtocolVersion::V5) => Liberty::RefusedPublishDisconnects,
        _ => Liberty::RefusedPublishCloses,
    };
    state.rules.chooses(liberty)
}

fn publish_qos0(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
    // [5 MQTT-4.3.2-4] [5 MQTT-4.3.3-8]
    if state.rules.breaks(Fault::ReceiveMaximumCountsQos0)
        && let Some(link) = state.sessions.at_mut(key).and_then(|s| s.link.as_mut())
    {
        link.unreleased += 1;
    }
    match judge_publish(state, key, &publish) {
        Err((reason @ ReasonCode::PAYLOAD_FORMAT_INVALID, _)) => {
            pass_on_errant(state, turn, key, publish);
            refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        }
        // A PUBLISH with QoS 0 has no acknowledgement that could report the refusal.
        Err((_, why)) => refused(state, turn, key, &publish, why),
        Ok(()) => {
            if !state.rules.faults.is_none() {
                mislead(state, key, &publish);
            }
            accept(state, turn, key, publish);
        }
    }
}

fn publish_qos1(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    id: PacketId,
    publish: Publish,
) {
    if let Some(session) = state.sessions.at(key)
        && let Some(link) = &session.link
        && is_bound(state, link)
    {
        if is_exceeded(state, link) && !state.rules.breaks(Fault::ReceiveMaximumOfQos2Alone) {
            pass_on_errant(state, turn, key, publish);
            too_many(state, turn, key);
            return;
        }
        if session.received.contains_key(&id) && !state.rules.chooses(Liberty::PacketIdsInUseTaken)
        {
            let reason = ReasonCode::PACKET_IDENTIFIER_IN_USE;
            refused(state, turn, key, &publish, DropReason::PacketIdInUse);
            answer(state, turn, key, id, reason, Packet::PubAck);
            return;
        }
    }
    // [3.1.1 MQTT-4.3.2-2] [5 MQTT-4.3.2-4]
    let session = state.sessions.at(key);
    if session.is_some_and(|session| session.traces.resumed)
        && publish.dup
        && state.rules.breaks(Fault::ResentQos1Unanswered)
    {
        return;
    }
    // [3.1.1 MQTT-4.3.2-2] [5 MQTT-4.3.2-4] [5 MQTT-4.3.2-5]: the packet id belongs to a new message, whatever DUP is.
    let decided = match judge_publish(state, key, &publish) {
        Err((reason, why)) => {
            refused(state, turn, key, &publish, why);
            if state.rules.breaks(Fault::RefusedPublishUnanswered) {
                return;
            }
            misuse_refused(state, turn, key, &publish);
            Decided::only(reason_sent(state, reason))
        }
        Ok(()) if swallows_repeat(state, key, id, publish.dup) => {
            Decided::only(ReasonCode::SUCCESS)
        }
        Ok(()) => take(state, turn, key, publish),
    };
    acknowledge_and_hand_out(state, turn, key, id, Packet::PubAck, decided);
}

/// For a fault: whether this repeats the previous QoS 1 message. Remembers its identifier.
fn swallows_repeat(state: &mut State, key: SessionKey, id: PacketId, dup: bool) -> bool {
    if !state.rules.breaks(Fault::Qos1RepeatSuppressed) {
        return false;
    }
    let Some(session) = state.sessions.at_mut(key) else {
        return false;
    };
    session.fault_state.last_qos1.replace(id) == Some(id) && dup
}

fn publish_qos2(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    id: PacketId,
    publish: Publish,
) {
    let Some(session) = state.sessions.at(key) else {
        return;
    };
    let Some(link) = &session.link else {
        return;
    };
    let mut known = session.received.get(&id).copied();
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if !state.rules.faults.is_none() && known.is_none() && state.rules.breaks(Fault::ReceivedIdsCut)
    {
        let mut all = session.received.iter();
        let alike = all.find(|(other, _)| other.get() % 256 == id.get() % 256);
        known = alike.map(|(_, received)| *received);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if !state.rules.faults.is_none()
        && let Some(alike) = PacketId::new(id.get() ^ 0x8000)
        && known.is_none()
        && state.rules.breaks(Fault::ReceivedIdsSigned)
    {
        known = session.received.get(&alike).copied();
    }
    let counted = known.is_some_and(|received| received.counted);
    if !counted && is_bound(state, link) && is_exceeded(state, link) {
        if state.rules.breaks(Fault::ReceiveMaximumRefusedByCode) {
            answer(
                state,
                turn,
                key,
                id,
                ReasonCode::QUOTA_EXCEEDED,
                Packet::PubRec,
            );
        } else {
            pass_on_errant(state, turn, key, publish);
            too_many(state, turn, key);
        }
        return;
    }
    let expiry_s = publish.properties.message_expiry_interval_s();
    let received = Received {
        counted: true,
        expires_at: expiry_s.map(|span_s| turn.now + Duration::from_secs(u64::from(span_s))),
    };
    if known.is_some() {
        if !counted || state.rules.breaks(Fault::RepeatTakesRoom) {
            count(state, key, id, received);
        }
        repeated(state, turn, key, id, publish);
        return;
    }
    if let Err((reason, why)) = judge_publish(state, key, &publish) {
        refused(state, turn, key, &publish, why);
        if state.rules.breaks(Fault::RefusedPublishUnanswered) {
            return;
        }
        misuse_refused(state, turn, key, &publish);
        // [3.1.1 MQTT-3.3.4-1] [5 MQTT-3.3.4-1] [5 MQTT-4.3.3-8]
        let response = match state.rules.breaks(Fault::Qos2RefusedByPuback) {
            true => Packet::PubAck,
            false => Packet::PubRec,
        };
        answer(state, turn, key, id, reason_sent(state, reason), response);
        if state.rules.breaks(Fault::RefusedMessageTakesRoom)
            && let Some(link) = state.sessions.at_mut(key).and_then(|s| s.link.as_mut())
        {
            link.unreleased += 1;
        }
        // [5 MQTT-4.3.3-9]: a refused packet id is free at once. Before version 5 the client continues with PUBREL.
        let is_unretained = publish.retain && reason == ReasonCode::QUOTA_EXCEEDED;
        if state.rules.breaks(Fault::RefusedQos2IdStaysTaken)
            || is_unretained && state.rules.breaks(Fault::UnretainedRefusalKeepsId)
            || reason == ReasonCode::NOT_AUTHORIZED
                && state.rules.breaks(Fault::ForbiddenRefusalKeepsId)
        {
            count(state, key, id, received);
        }
        return;
    }
    // [5 MQTT-3.5.2-1]
    let link = state.sessions.at(key).and_then(|s| s.link.as_ref());
    if link.is_some_and(|link| link.unreleased >= 40)
        && state.rules.breaks(Fault::ManyUnreleasedRefused)
    {
        let reason = ReasonCode::RECEIVE_MAXIMUM_EXCEEDED;
        answer(state, turn, key, id, reason, Packet::PubRec);
        return;
    }
    count(state, key, id, received);
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if publish.dup && state.rules.breaks(Fault::UnknownDupDropped) {
        answer(state, turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if note_cut(state, key, id, &publish) {
        answer(state, turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
        return;
    }
    if state.rules.breaks(Fault::UnreleasedLostOnReconnect) {
        answer(state, turn, key, id, ReasonCode::SUCCESS, Packet::PubRec);
        withhold(state, turn.now, key, id, publish);
        return;
    }
    let decided = match state.rules.chooses(Liberty::Qos2ForwardedOnRelease)
        || !state.rules.faults.is_none() && is_staged(&state.rules, &publish)
    {
        true => {
            withhold(state, turn.now, key, id, publish);
            Decided::only(ReasonCode::SUCCESS)
        }
        false => take(state, turn, key, publish),
    };
    acknowledge_and_hand_out(state, turn, key, id, Packet::PubRec, decided);
}

/// For faults: whether a QoS 2 message is delivered only when it is released.
fn is_staged(rules: &Rules, publish: &Publish) -> bool {
    let aliased = publish.properties.topic_alias().is_some();
    withholds(rules)
        || rules.breaks(Fault::ReleasedLaterComesBack)
        || rules.breaks(Fault::StagedLostBehindQos0)
        || aliased
            && (rules.breaks(Fault::StagedFollowsAlias) || rules.breaks(Fault::StagedNeedsItsAlias))
}

/// Handles a QoS 2 message that is received again before its PUBREL: acknowledges it, but does not deliver it again.
/// [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-8] [5 MQTT-4.3.3-10]
fn repeated(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    id: PacketId,
    publish: Publish,
) {
    if state.rules.breaks(Fault::Qos2DuplicateForwarded) {
        accept(state, turn, key, publish);
    } else if publish.retain
        && state.rules.breaks(Fault::RepeatRetainsAgain)
        && let Some(session) = state.sessions.at(key)
    {
        let message = Arc::new(session.message(publish, turn.now));
        retain(&state.rules, &mut state.topics.retained, &message);
    }
    if state.rules.breaks(Fault::Qos2SecondDuplicateRefused)
        && let Some(session) = state.sessions.at_mut(key)
        && session.fault_state.last_repeat.replace(id) == Some(id)
    {
        let reason = ReasonCode::PROTOCOL_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    let reason = match state.rules.breaks(Fault::Qos2DuplicateInUse) {
        true => ReasonCode::PACKET_IDENTIFIER_IN_USE,
        false => ReasonCode::SUCCESS,
    };
    answer(state, turn, key, id, reason, Packet::PubRec);
}

/// For faults and a permitted variation: keeps a message to deliver it when it is released.
fn withhold(state: &mut State, now: Time, key: SessionKey, id: PacketId, publish: Publish) {
    if let Some(session) = state.sessions.at_mut(key) {
        let message = session.message(publish, now);
        session.fault_state.withheld.insert(id, message);
    }
}

/// Returns the reason code that answers a refused PUBLISH. [5 MQTT-3.4.2-1] [5 MQTT-3.5.2-1]
fn reason_sent(state: &State, reason: ReasonCode) -> ReasonCode {
    match state.rules.chooses(Liberty::RefusedPublishUnspecified) {
        true => ReasonCode::UNSPECIFIED_ERROR,
        false => reason,
    }
}

/// Records a QoS 2 message that is not released yet, and counts it against the Receive Maximum.
fn count(state: &mut State, key: SessionKey, id: PacketId, received: Received) {
    if let Some(session) = state.sessions.at_mut(key)
        && let Some(link) = &mut session.link
    {
        link.unreleased += 1;
        session.received.insert(id, received);
    }
    let is_ordered = state.rules.chooses(Liberty::AcknowledgementsInOrderOnly);
    if (is_ordered || !state.rules.faults.is_none())
        && let Some(session) = state.sessions.at_mut(key)
    {
        let unreleased = &mut session.fault_state.unreleased;
        unreleased.retain(|other| session.received.contains_key(other));
        if !unreleased.contains(&id) {
            unreleased.push(id);
        }
        // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
        if unreleased.len() > 16 && state.rules.breaks(Fault::ReceivedBeyond16Forgotten) {
            let oldest = unreleased.remove(0);
            session.received.remove(&oldest);
            if let Some(link) = &mut session.link {
                link.unreleased = link.unreleased.saturating_sub(1);
            }
        }
    }
}

/// Returns whether the broker's Receive Maximum applies to the client. [5 RULE-3.3.4-3]
fn is_bound(state: &State, link: &Link) -> bool {
    link.version == ProtocolVersion::V5 || state.rules.breaks(Fault::ReceiveMaximumInV3)
}

/// Returns whether one more PUBLISH of QoS 1 or 2 exceeds the Receive Maximum.
fn is_exceeded(state: &State, link: &Link) -> bool {
    let maximum = u32::from(state.rules.config.receive_maximum)
        + u32::from(state.rules.breaks(Fault::ReceiveMaximumOneMore))
        - u32::from(state.rules.breaks(Fault::ReceiveMaximumOneLess));
    link.unreleased >= maximum && !state.rules.breaks(Fault::ReceiveMaximumNotEnforced)
}

/// Ends the connection of a client that exceeds the Receive Maximum. [5 RULE-3.3.4-3] [5 MQTT-3.3.4-7]
fn too_many(state: &mut State, turn: &mut Turn<'_>, key: SessionKey) {
    let reason = ReasonCode::RECEIVE_MAXIMUM_EXCEEDED;
    refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
}

/// Sends the acknowledgement of a packet to its publisher.
pub(crate) fn answer(
    state: &State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    packet_id: PacketId,
    reason: ReasonCode,
    packet: fn(Ack) -> Packet,
) {
    if let Some(session) = state.sessions.at(key) {
        acknowledge(session, &state.rules, turn, packet_id, reason, packet);
    }
}

/// Acknowledges a message and then delivers it. A client that receives its own message thus gets the acknowledgement
/// first, as clients that wait for one packet after the other expect.
fn acknowledge_and_hand_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    id: PacketId,
    packet: fn(Ack) -> Packet,
    decided: Decided,
) {
    let Decided { reason, routed } = decided;
    let behind = state.rules.chooses(Liberty::AcknowledgedBehindForwarding);
    if !behind {
        answer(state, turn, key, id, reason, packet);
    }
    if let Some(routed) = routed {
        hand_out(&state.rules, &mut state.sessions, turn, routed);
    }
    if behind {
        answer(state, turn, key, id, reason, packet);
    }
}

/// Checks for errors that end the connection, and resolves the Topic Alias.
fn check_publish(
    state: &mut State,
    key: SessionKey,
    publish: &mut Publish,
) -> Result<(), ReasonCode> {
    let rules = &state.rules;
    let config = &rules.config;
    let Some(session) = state.sessions.at_mut(key) else {
        return Ok(());
    };
    // For a permitted variation. [5 section 3.3.2.3.4]
    let forgotten = rules.chooses(Liberty::RefusedAliasForgotten)
        && !rules.permits(session.who(), AccessAction::Publish, &publish.topic);
    let id = publish
        .packet_id
        .filter(|_| publish.qos == QoS::ExactlyOnce);
    let is_repeat =
        !rules.faults.is_none() && id.is_some_and(|id| session.received.contains_key(&id));
    let Some(link) = &mut session.link else {
        return Ok(());
    };
    let has_identifier = publish
        .properties
        .subscription_identifiers()
        .next()
        .is_some();
    if has_identifier && !rules.breaks(Fault::IdentifierFromClientAccepted) {
        // [5 MQTT-3.3.4-6]
        return Err(ReasonCode::PROTOCOL_ERROR);
    }
    let alias = publish.properties.topic_alias();
    // [5 MQTT-3.3.2-12] [5 MQTT-3.3.2-3]
    let alias = match rules.breaks(Fault::AliasesCut) {
        true => alias.map(|alias| (alias - 1) % 256 + 1),
        false => alias,
    };
    match alias {
        None if publish.topic.is_empty() && link.version == ProtocolVersion::V5 => {
            // [5 RULE-3.3.2.1-1]
            return Err(ReasonCode::PROTOCOL_ERROR);
        }
        None => {}
        Some(alias) if !is_alias_allowed(rules, alias) => {
            // [5 RULE-3.3.4-1] [5 MQTT-3.3.2-9] [5 MQTT-3.2.2-17] [5 MQTT-3.2.2-18]
            return Err(ReasonCode::TOPIC_ALIAS_INVALID);
        }
        Some(alias) if publish.topic.is_empty() => match link.aliases_in.get(&alias) {
            Some(topic) => {
                publish.topic = topic.clone();
                if !rules.faults.is_none() {
                    aliases::used(rules, link, alias, publish);
                }
            }
            None if rules.breaks(Fault::UnknownAliasIgnored) => return Ok(()),
            // [5 RULE-3.3.4-2]
            None => return Err(ReasonCode::PROTOCOL_ERROR),
        },
        Some(_) if forgotten => {}
        Some(_) if is_repeat && rules.breaks(Fault::RepeatSetsNoAlias) => {}
        Some(alias)
            if !rules.faults.is_none() && !aliases::is_kept(rules, link, alias, publish) => {}
        // [5 MQTT-3.3.2-12]
        Some(alias) if link.keep_alias(alias, &publish.topic, config.maximum_client_bytes) => {
            aliases::forget_lowest(rules, link);
        }
        Some(_) => return Err(ReasonCode::QUOTA_EXCEEDED),
    }
    if check_name(&publish.topic, link.version).is_err() {
        // [3.1.1 MQTT-3.3.2-2] [5 MQTT-3.3.2-2] [5 MQTT-4.7.0-1]
        return Err(ReasonCode::TOPIC_NAME_INVALID);
    }
    if publish.qos > config.maximum_qos && !rules.breaks(Fault::PublishAboveMaximumQosAccepted) {
        // [5 RULE-3.2.2.3.4-1] [5 MQTT-3.2.2-11]
        return Err(ReasonCode::QOS_NOT_SUPPORTED);
    }
    if publish.retain
        && !config.retain_available
        && !rules.breaks(Fault::RetainWithoutRetainAccepted)
    {
        // [5 RULE-3.2.2.3.5-1] [5 MQTT-3.2.2-14]
        return Err(ReasonCode::RETAIN_NOT_SUPPORTED);
    }
    Ok(())
}

/// Checks for errors that the acknowledgement reports, while the connection stays open. A refused message has no other
/// effect. [5 RULE-3.4.2.1-2] [5 RULE-3.5.2.1-2] [3.1.1 RULE-3.3.5-1]
fn judge_publish(
    state: &State,
    key: SessionKey,
    publish: &Publish,
) -> Result<(), (ReasonCode, DropReason)> {
    let config = &state.rules.config;
    if !weight::fits_a_packet(&publish.topic, &publish.payload, &publish.properties) {
        // Such a message can be neither sent nor stored. [5 RULE-3.4.2.1-2] [5 RULE-3.5.2.1-2]
        return Err((ReasonCode::QUOTA_EXCEEDED, DropReason::QuotaExceeded));
    }
    let can_be_told =
        publish.qos > QoS::AtMostOnce && state.sessions.version(key) == Some(ProtocolVersion::V5);
    if can_be_told
        && publish.retain
        && !publish.payload.is_empty()
        && !has_room(
            &state.rules,
            &state.topics.retained,
            &publish.topic,
            weight::of_message(&publish.topic, &publish.payload, &publish.properties),
        )
    {
        return Err((ReasonCode::QUOTA_EXCEEDED, DropReason::QuotaExceeded));
    }
    if !publish.retain
        && !state.rules.faults.is_none()
        && !has_room(&state.rules, &state.topics.retained, "", 0)
        && state.rules.breaks(Fault::NoRoomLosesOthers)
    {
        return Err((ReasonCode::QUOTA_EXCEEDED, DropReason::QuotaExceeded));
    }
    if topic::is_hidden(&publish.topic)
        && !config.dollar_topics
        && !state.rules.breaks(Fault::DollarTopicsExchanged)
    {
        // [3.1.1 RULE-4.7.2-1] [5 RULE-4.7.2-1]
        return Err((ReasonCode::NOT_AUTHORIZED, DropReason::NotAuthorized));
    }
    let permitted = state.sessions.at(key).is_none_or(|session| {
        let rules = &state.rules;
        rules.permits(session.who(), AccessAction::Publish, &publish.topic)
    });
    if state.sessions.version(key) != Some(ProtocolVersion::V3_1)
        && state.rules.refuses_as_long(&publish.topic)
    {
        return Err((ReasonCode::TOPIC_NAME_INVALID, DropReason::NotAuthorized));
    }
    let refused = can_be_told && state.rules.refuses(Liberty::PublishesRefused);
    if !permitted || refused {
        return Err((ReasonCode::NOT_AUTHORIZED, DropReason::NotAuthorized));
    }
    let text = publish.properties.payload_format_indicator() == Some(1);
    if config.check_payload_format && text && std::str::from_utf8(&publish.payload).is_err() {
        // [5 RULE-3.3.2.3.2-1]
        return Err((
            ReasonCode::PAYLOAD_FORMAT_INVALID,
            DropReason::PayloadFormatInvalid,
        ));
    }
    Ok(())
}

fn refused(
    state: &State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    publish: &Publish,
    reason: DropReason,
) {
    turn.hook(HookEvent::MessageDropped {
        client: state.sessions.at(key).map(|s| s.client.clone()),
        topic: publish.topic.clone(),
        reason,
    });
}

/// Accepts a client's message: decides the reason code and the receivers.
fn take(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) -> Decided {
    if publish.topic.is_empty() {
        // For a fault: the Topic Alias is unknown.
        return Decided::only(ReasonCode::SUCCESS);
    }
    let Some(session) = state.sessions.at(key) else {
        return Decided::only(ReasonCode::SUCCESS);
    };
    let alias = publish.properties.topic_alias();
    let message = session.message(publish, turn.now);
    let client = message.publisher.clone();
    let faulty = !state.rules.faults.is_none();
    let about = faulty.then(|| (client.clone(), message.topic.clone()));
    if state.rules.breaks(Fault::UnsubscribedStoredOffline) {
        store_unsubscribed(state, &message);
    }
    let State {
        rules,
        sessions,
        topics,
        ..
    } = state;
    let routed = decide(rules, sessions, topics, turn, message, Some(client));
    // [5 MQTT-3.3.2-12]
    if let Some(alias) = alias.filter(|_| !routed.matched)
        && rules.breaks(Fault::AliasOfUnheardNotKept)
        && let Some(link) = sessions.at_mut(key).and_then(|s| s.link.as_mut())
    {
        link.aliases_in.remove(&alias);
    }
    if let Some((publisher, topic)) = about {
        end_overlapping(state, turn, &publisher, &topic, &routed.overlapping);
    }
    let rules = &state.rules;
    let reason = match routed.matched {
        true if rules.breaks(Fault::SubscribersUnseen) => ReasonCode::NO_MATCHING_SUBSCRIBERS,
        true => ReasonCode::SUCCESS,
        false if rules.chooses(Liberty::SuccessWithoutSubscribers) => ReasonCode::SUCCESS,
        // [5 RULE-3.4.2.1-1] [5 RULE-3.5.2.1-1]: there are no subscribers.
        false => ReasonCode::NO_MATCHING_SUBSCRIBERS,
    };
    Decided {
        reason,
        routed: Some(routed),
    }
}

/// For a fault: stores a message for clients that have unsubscribed from its topic, to be sent on their next
/// connection. [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
fn store_unsubscribed(state: &mut State, message: &Message) {
    for key in state.sessions.keys() {
        let Some(session) = state.sessions.at_mut(key) else {
            continue;
        };
        let mut removed = session.fault_state.removed.iter();
        if session.link.is_some() && removed.any(|(filter, _)| matches(filter, &message.topic)) {
            session.fault_state.unsubscribed.push(Delivery {
                message: Arc::new(message.clone()),
                qos: message.qos,
                retain: false,
                identifiers: Vec::new(),
                shared: None,
            });
        }
    }
}

/// Accepts and delivers a client's message that is acknowledged elsewhere, or not at all.
pub(super) fn accept(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
    let decided = take(state, turn, key, publish);
    if let Some(routed) = decided.routed {
        hand_out(&state.rules, &mut state.sessions, turn, routed);
    }
}

/// Returns whether a client may use this Topic Alias. [5 MQTT-3.3.2-12]
fn is_alias_allowed(rules: &Rules, alias: u16) -> bool {
    let maximum = match rules.config.topic_alias_maximum {
        0 if rules.breaks(Fault::AliasAcceptedWithoutMaximum) => u16::MAX,
        1.. if rules.breaks(Fault::AliasAboveMaximumAccepted) => u16::MAX,
        maximum if rules.breaks(Fault::AliasOneAboveAccepted) => maximum.saturating_add(1),
        maximum if rules.breaks(Fault::HighestAliasRefused) => maximum.saturating_sub(1),
        maximum => maximum,
    };
    alias != 0 && alias <= maximum
}
