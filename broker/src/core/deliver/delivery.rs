//! Sends messages to one client: from its queue, within its window, and again on a new connection.

use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::topic::matches;
use mqtt_check_codec::{ConnAck, Packet, PacketId, ProtocolVersion, QoS, ReasonCode};

use super::acknowledgement::acknowledge;
use super::beside::{replace_by_last, takes_for_last};
use super::forwarding::is_too_early;
use super::loss::{Way, lose};
use super::outgoing::send;
use super::publish::{hold_back, is_too_much, send_publish};
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::boxed_if_changed::BoxedIfChanged;
use crate::core::state::inflight::Stage;
use crate::core::state::link::Link;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::queue::Queue;
use crate::core::state::session::{Received, Session, Sessions};
use crate::core::state::session_key::SessionKey;
use crate::core::state::tracked::Tracked;
use crate::core::topic::Filter;
use crate::core::turn::Turn;
use crate::hook::DropReason;
use crate::{Fault, HookEvent, Liberty};

/// For faults, topics of more bytes are long.
const LONG_TOPIC: usize = 255;

/// The fault [`Fault::UnacknowledgedForgottenInTime`] forgets messages that are not acknowledged for so long.
const UNACKNOWLEDGED: Duration = Duration::from_secs(600);

/// Delivers one copy of a message to a session.
pub(crate) fn deliver(
    rules: &Rules,
    sessions: &mut Sessions,
    turn: &mut Turn<'_>,
    key: SessionKey,
    delivery: Delivery,
) {
    if let Some(session) = sessions.at_mut(key) {
        push(session, rules, turn, delivery);
    }
}

/// For a fault: sends one copy of a message to a session, whether or not its window has room.
pub(crate) fn send_regardless(
    rules: &Rules,
    sessions: &mut Sessions,
    turn: &mut Turn<'_>,
    key: SessionKey,
    delivery: Delivery,
) {
    if let Some(session) = sessions.at_mut(key) {
        transmit(session, rules, turn, delivery);
    }
}

/// Sends one copy of a message at once if possible, and queues it otherwise. [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
/// [3.1.1 MQTT-3.1.2-5]
fn push(session: &mut Session, rules: &Rules, turn: &mut Turn<'_>, mut delivery: Delivery) {
    if !session.may_have(rules, &delivery.message.topic) {
        dropped(session, turn, &delivery, DropReason::NotAuthorized);
        return;
    }
    if !rules.faults.is_none() && is_long_and_lost(session, rules, &delivery) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let is_unrouted = session.traces.restarted && session.link.is_none();
    if session.traces.deaf || is_unrouted && rules.breaks(Fault::RestartUnroutedUntilReturn) {
        return;
    }
    if session.fault_state.loses_next {
        session.fault_state.loses_next = false;
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let clears = delivery.message.retain && delivery.message.payload.is_empty();
    if session.link.is_none() && clears && rules.breaks(Fault::ClearingNotQueued) {
        return;
    }
    let expiry_s = delivery.message.expiry_s;
    let is_negative = expiry_s.is_some_and(|s| s >= 1 << 31)
        && rules.breaks(Fault::MessageExpirySigned)
        || expiry_s == Some(1) && rules.breaks(Fault::MessageExpiryOfOneIsOver);
    if is_negative || expiry_s == Some(0) && rules.chooses(Liberty::ExpiryOf0IsOver) {
        dropped(session, turn, &delivery, DropReason::Expired);
        return;
    }
    if let Some(link) = &mut session.link
        && is_too_much(rules, turn, &delivery)
    {
        hold_back(link, turn);
    }
    if !rules.faults.is_none() && takes_for_last(rules, session, &delivery.message) {
        return;
    }
    // [5 MQTT-4.5.0-1]
    let link = session.link.as_ref();
    if link.is_some_and(Link::is_authenticating) && rules.breaks(Fault::LostDuringReauthentication)
    {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let is_older = link.is_some_and(|link| link.version != ProtocolVersion::V5);
    if is_older && delivery.message.alias.is_some() && rules.breaks(Fault::AliasedLostToOlder) {
        return;
    }
    // [5 MQTT-4.5.0-1] [5 RULE-4.8.2-1]
    if delivery.shared.is_some()
        && delivery.message.alias.is_some()
        && rules.breaks(Fault::AliasedLostToShared)
    {
        return;
    }
    let online = session.link.is_some();
    // [5 MQTT-4.9.0-2]
    let waits = online && rules.chooses(Liberty::Qos0WaitsForQuota) && !session.is_ready();
    let is_too_early = online && is_too_early(rules, &delivery, turn.now);
    let waits = waits || is_too_early;
    if delivery.qos == QoS::AtMostOnce && !waits {
        if let Some(link) = &session.link {
            // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
            let is_queueless = rules.config.maximum_queued_messages == 0;
            let is_lost = is_queueless && rules.breaks(Fault::Qos0LostWithoutQueue);
            if link.congested || is_lost {
                dropped(session, turn, &delivery, DropReason::QueueFull);
            } else {
                // QoS 0 needs no acknowledgement, so the window does not apply.
                transmit(session, rules, turn, delivery);
            }
            return;
        }
        if !rules.config.queue_qos0 {
            dropped(session, turn, &delivery, DropReason::QoS0Offline);
            return;
        }
    }
    if !online && lost_offline(rules, delivery.qos) {
        return;
    }
    // [5 MQTT-4.5.0-1] [3.1.1 MQTT-4.5.0-1]
    if delivery.message.alias.is_some() && !online && rules.breaks(Fault::AliasedNotQueued) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if !online && rules.breaks(Fault::QueueLosesFirst) && session.traces.broken {
        session.traces.broken = false;
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let is_long = delivery.message.payload.len() > 256;
    if !online && is_long && rules.breaks(Fault::LongQueuedPayloadLost) {
        return;
    }
    // [5 MQTT-4.5.0-1]
    if !online && delivery.shared.is_some() && rules.breaks(Fault::SharedOfflineLost) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if !online && delivery.message.will && rules.breaks(Fault::WillUnqueuedOffline) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let sum: u32 = match rules.faults.is_none() {
        true => 0,
        false => session.client.bytes().map(u32::from).sum(),
    };
    if !online && sum % 2 == 1 && rules.breaks(Fault::OddClientsLoseQueue) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if online && session.traces.taken_over && rules.breaks(Fault::TakeoverQueuesForLater) {
        session.queue.push_back(delivery);
        return;
    }
    // Only faults ask whether the message has to wait.
    let has_to_wait = online && !rules.faults.is_none() && !session.is_ready();
    // [5 MQTT-4.5.0-1]
    let is_aliased = delivery.message.alias.is_some();
    if has_to_wait && is_aliased && rules.breaks(Fault::AliasedLostBehindWindow) {
        return;
    }
    // [5 MQTT-4.5.0-1]
    if has_to_wait && delivery.message.will && rules.breaks(Fault::WillLostAtFullWindow) {
        return;
    }
    // [5 RULE-3.3.4-2]
    if let Some(link) = &mut session.link
        && has_to_wait
        && rules.breaks(Fault::WaitingAliasUsed)
        && let topic = &delivery.message.topic
        && let Some((alias, false)) = link.alias_for(topic, rules.config.maximum_client_bytes)
    {
        link.learn_alias(topic, alias);
    }
    // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    let is_unbound = delivery.message.will && rules.breaks(Fault::WillIgnoresReceiveMaximum)
        || delivery.shared.is_some() && rules.breaks(Fault::SharedIgnoresReceiveMaximum);
    if has_to_wait && is_unbound {
        transmit(session, rules, turn, delivery);
        return;
    }
    // [5 MQTT-4.5.0-1]
    if has_to_wait && delivery.shared.is_some() && rules.breaks(Fault::SharedLostAtFullWindow) {
        return;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if online
        && rules.config.maximum_queued_messages == 0
        && rules.breaks(Fault::Qos1LostWithoutQueue)
    {
        dropped(session, turn, &delivery, DropReason::QueueFull);
        return;
    }
    if !session.may_keep(delivery.weight(), rules.config.maximum_message_bytes) {
        dropped(session, turn, &delivery, DropReason::QueueFull);
        return;
    }
    if online && session.is_ready() && !is_too_early {
        transmit(session, rules, turn, delivery);
        return;
    }
    if !rules.faults.is_none() {
        let way = match online {
            true => Way::Waiting,
            false => Way::Queued,
        };
        lose(rules, way, turn.now, &mut delivery);
    }
    let short = usize::from(rules.breaks(Fault::QueueOneShort));
    let (messages, bytes) = (
        rules.config.maximum_queued_messages.saturating_sub(short),
        rules.config.maximum_queued_bytes.saturating_sub(short),
    );
    if !is_too_early && !session.queue.has_room(&delivery, messages, bytes) {
        let oldest = match rules.chooses(Liberty::OldestMessageDropped) {
            true => session.queue.pop_front(),
            false => None,
        };
        if !rules.faults.is_none() && !online {
            session.fault_state.overflowed = true;
        }
        let Some(oldest) = oldest else {
            dropped(session, turn, &delivery, DropReason::QueueFull);
            return;
        };
        dropped(session, turn, &oldest, DropReason::QueueFull);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if let Some(restarted_at) = session.traces.restarted_at
        && let Some(first) = session.queue.front()
        && first.message.received_at < restarted_at
        && rules.breaks(Fault::RestartOverwritesQueued)
    {
        session.queue.pop_front();
    }
    if rules.breaks(Fault::QueueKeepsLastAlone) && !online {
        session.queue.take();
    }
    if !online && !rules.faults.is_none() && misplace(rules, &mut session.queue, &delivery) {
        return;
    }
    if rules.breaks(Fault::OfflineMessagesDoubled) && !online {
        session.queue.push_back(delivery.clone());
    }
    // [5 MQTT-3.3.1-13]
    if rules.breaks(Fault::RetainAsPublishedLostOffline) && !online {
        delivery.retain = false;
    }
    // [3.1.1 MQTT-4.6.0-5] [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5] [5 MQTT-4.6.0-6]
    let reversed = match online {
        true => rules.breaks(Fault::WaitingOrderReversed),
        false => rules.breaks(Fault::OfflineOrderReversed),
    };
    // [5 MQTT-4.6.0-5]
    let first = session.queue.front();
    let waited_offline = first.is_some_and(|d| d.message.received_at < session.traces.connected_at);
    let reversed = reversed || online && waited_offline && rules.breaks(Fault::NewOvertakesQueued);
    if reversed {
        session.queue.push_front(delivery);
    } else if rules.chooses(Liberty::TopicsOvertake) {
        let is_before = |a: &Delivery, b: &Delivery| a.message.topic == b.message.topic;
        session.queue.overtake(delivery, is_before);
    } else if rules.chooses(Liberty::PublishersOvertake) {
        let is_before = |a: &Delivery, b: &Delivery| {
            a.message.publisher == b.message.publisher && a.qos == b.qos
        };
        session.queue.overtake(delivery, is_before);
    } else {
        session.queue.push_back(delivery);
    }
}

/// For faults: whether a message is lost because its topic is long and it has to wait. [3.1.1 MQTT-4.5.0-1]
/// [5 MQTT-4.5.0-1]
fn is_long_and_lost(session: &Session, rules: &Rules, delivery: &Delivery) -> bool {
    if delivery.message.topic.len() <= LONG_TOPIC || session.link.is_some() && session.is_ready() {
        return false;
    }
    rules.breaks(match session.link {
        Some(_) => Fault::LongTopicsLostBehindWindow,
        None => Fault::LongTopicsNotQueued,
    })
}

/// For faults: puts a message for an offline session into another place than the last. Returns whether it did.
fn misplace(rules: &Rules, queue: &mut Queue, delivery: &Delivery) -> bool {
    let message = &delivery.message;
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let is_alike = |other: &Arc<Message>| {
        message.packet_id.is_some()
            && other.packet_id == message.packet_id
            && other.publisher == message.publisher
            && !Arc::ptr_eq(other, message)
    };
    if queue.any(is_alike) && rules.breaks(Fault::SameIdReplacesQueued) {
        queue.alter(|other| {
            if is_alike(&other.message) {
                *other = delivery.clone();
            }
        });
        return true;
    }
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
    let is_overtaken = !message.retain && queue.any(|other| other.retain);
    if is_overtaken && rules.breaks(Fault::RetainedPublishedJumpQueue) {
        let all = queue.take().into_iter();
        let (last, first): (Vec<_>, Vec<_>) = all.partition(|other| other.message.retain);
        let in_order = first.into_iter().chain([delivery.clone()]).chain(last);
        in_order.for_each(|delivery| queue.push_back(delivery));
        return true;
    }
    false
}

/// Sends what the window allows: first what an earlier connection left unacknowledged, then the queue.
pub(crate) fn flush(session: &mut Session, rules: &Rules, turn: &mut Turn<'_>) {
    let Some(link) = session.link.as_ref().filter(|link| !link.congested) else {
        return;
    };
    let window = link.window;
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
    let overtaken = !session.queue.is_empty() && rules.breaks(Fault::QueuedBeforeUnacknowledged);
    while !overtaken
        && !is_congested(session)
        && session.inflight.has_room(window.messages)
        && let Some(id) = session.held.there().and_then(|held| held.0.pop_front())
    {
        resend(session, rules, turn, id, true);
    }
    if !session.held.0.is_empty() && !overtaken {
        return;
    }
    let first_at = session.queue.front().map(|front| front.message.received_at);
    let mut is_behind_another = false;
    while !is_congested(session)
        && let Some(front) = session.queue.front()
    {
        if let Some(link) = &mut session.link
            && is_too_much(rules, turn, front)
        {
            hold_back(link, turn);
            break;
        }
        if is_too_early(rules, front, turn.now) {
            break;
        }
        let waits = front.qos != QoS::AtMostOnce || rules.chooses(Liberty::Qos0WaitsForQuota);
        // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
        let is_unbound = front.message.received_at < session.traces.connected_at
            && rules.breaks(Fault::QueueIgnoresReceiveMaximum);
        if waits && !is_unbound && !session.inflight.takes(window) {
            break;
        }
        let Some(mut delivery) = session.queue.pop_front() else {
            break;
        };
        if rules.breaks(Fault::QueueDeliveredAgain) {
            session.fault_state.delivered.push(delivery.clone());
        }
        // [5 MQTT-4.5.0-1]
        if !rules.faults.is_none()
            && delivery.shared.is_some()
            && delivery.message.received_at < session.traces.connected_at
        {
            session.fault_state.shared_backlog += 1;
            if session.fault_state.shared_backlog > 10 && rules.breaks(Fault::SharedBacklogCut) {
                continue;
            }
        }
        // [5 MQTT-3.3.2-6]
        if let Some(first_at) = first_at.filter(|_| rules.breaks(Fault::QueuedExpiryOfFirst)) {
            Arc::make_mut(&mut delivery.message).received_at = first_at;
        }
        if delivery.message.is_expired(turn.now)
            && !is_spared(session, rules, &delivery)
            && !(is_behind_another && rules.breaks(Fault::ExpiredBehindOthersSent))
        {
            // [5 MQTT-3.3.2-5]
            dropped(session, turn, &delivery, DropReason::Expired);
            if !rules.faults.is_none() {
                outlast(rules, session, &delivery);
            }
            // [5 MQTT-4.5.0-1]
            if rules.breaks(Fault::ExpiredBlocksQueue) {
                break;
            }
            continue;
        }
        // [5 MQTT-3.3.2-5]
        if delivery.message.is_expired(turn.now) && rules.breaks(Fault::ExpiredSentBare) {
            delivery.message = Arc::new(delivery.message.without_expiry());
        }
        // The message may have been queued for another user of the same Client Identifier.
        if !session.may_have(rules, &delivery.message.topic) {
            dropped(session, turn, &delivery, DropReason::NotAuthorized);
            continue;
        }
        let waited_offline = delivery.message.received_at < session.traces.connected_at;
        is_behind_another = waited_offline;
        // [5 MQTT-3.3.2-6]
        if delivery.message.expiry_s.is_some()
            && !waited_offline
            && rules.breaks(Fault::WaitingExpiryAnew)
        {
            Arc::make_mut(&mut delivery.message).received_at = turn.now;
        }
        let has_id = delivery.qos != QoS::AtMostOnce;
        transmit(session, rules, turn, delivery);
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        if waited_offline
            && has_id
            && rules.breaks(Fault::QueuedNotTracked)
            && let Some(id) = session.inflight.newest()
        {
            session.inflight.remove(id);
        }
    }
}

fn is_congested(session: &Session) -> bool {
    session.link.as_ref().is_some_and(|link| link.congested)
}

/// For faults: whether a message is sent although it has expired.
fn is_spared(session: &Session, rules: &Rules, delivery: &Delivery) -> bool {
    let link = session.link.as_ref();
    let is_older = link.is_some_and(|link| link.version != ProtocolVersion::V5);
    let has_waited_here = delivery.message.received_at >= session.traces.connected_at;
    rules.breaks(Fault::MessageExpiryIgnored)
        || rules.breaks(Fault::ExpiredSentBare)
        || has_waited_here && rules.breaks(Fault::WaitingNeverExpires)
        || delivery.shared.is_some() && rules.breaks(Fault::SharedQueuedNeverExpires)
        || is_older && rules.breaks(Fault::ExpiredSentToOlderReaders)
        || delivery.message.expiry_s == Some(0) && rules.breaks(Fault::ExpiryOf0IsNone)
}

/// Continues a session on a new connection. Everything unacknowledged is sent again, in order and with the same packet
/// ids; then the queue is sent. [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
pub(crate) fn resume(session: &mut Session, rules: &Rules, turn: &mut Turn<'_>) {
    if rules.breaks(Fault::SendQuotaNotReset) {
        session.inflight.reconnect_without_reset();
    } else {
        session.inflight.reconnect();
    }
    session.held = BoxedIfChanged::default();
    if !rules.faults.is_none() {
        bring_back(session, rules);
        forget_expired(session, rules, turn.now);
        if let Some(aside) = session.fault_state.there() {
            aside.released_again.clear();
            aside.resent_all = false;
            aside.shared_backlog = 0;
            aside.acknowledged_ids.clear();
        }
    }
    if rules.breaks(Fault::UnreleasedLostOnReconnect) {
        session.fault_state.withheld.clear();
    }
    let all = session.received.there();
    for received in all.into_iter().flat_map(Tracked::all_unkept_mut) {
        received.counted = rules.breaks(Fault::RepeatsUncountedOnResume);
    }
    if rules.breaks(Fault::ReceivedQos2ForgottenOnReconnect)
        || session.traces.resumptions > 1 && rules.breaks(Fault::ReceivedForgottenOnSecondResume)
    {
        session.received.clear();
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    let mut unreleased = session.fault_state.unreleased.clone();
    while unreleased.len() > 10 && rules.breaks(Fault::ReceivedBeyond10NotKept) {
        session.received.remove(&unreleased.remove(0));
    }
    let finished = session
        .fault_state
        .there()
        .map(|aside| std::mem::take(&mut aside.finished));
    for id in finished.unwrap_or_default() {
        let received = Received {
            counted: false,
            expires_at: None,
        };
        session.received.insert(id, received);
    }
    let Some(limit) = session.link.as_ref().map(|link| link.window.messages) else {
        return;
    };
    if rules.breaks(Fault::WindowShrinksOnResume) {
        session.inflight.lose(limit / 10);
    }
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
    if session.traces.restarted && rules.breaks(Fault::RestartSendsWaitingFirst) {
        flush(session, rules, turn);
    }
    let mut unsent = session.inflight.unsent();
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5]
    if unsent.len() > 1 && rules.breaks(Fault::ResentByQos) {
        unsent.sort_by_key(|id| match session.inflight.stage(*id) {
            Some(Stage::Published(delivery)) => delivery.qos == QoS::ExactlyOnce,
            _ => false,
        });
    }
    if unsent.len() > 1 && rules.breaks(Fault::ResentByPacketId) {
        unsent.sort_unstable();
    }
    if rules.chooses(Liberty::ReleasesResentFirst) {
        unsent.sort_by_key(|id| matches!(session.inflight.stage(*id), Some(Stage::Published(_))));
    }
    // [3.1.1 MQTT-4.6.0-6]
    if rules.breaks(Fault::ResendOrderReversed) {
        unsent.reverse();
    }
    if rules.breaks(Fault::PubrelsResentInReverse) {
        let (messages, releases): (Vec<_>, Vec<_>) = unsent
            .into_iter()
            .partition(|id| matches!(session.inflight.stage(*id), Some(Stage::Published(_))));
        unsent = messages
            .into_iter()
            .chain(releases.into_iter().rev())
            .collect();
    }
    // [3.1.1 MQTT-4.6.0-6]
    if unsent.len() > 1 && rules.breaks(Fault::PubrelsResentByPacketId) {
        let is_message = |id: &PacketId| {
            let stage = session.inflight.stage(*id);
            matches!(stage, Some(Stage::Published(_)))
        };
        unsent.sort_by_key(|id| (!is_message(id)).then_some(*id));
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    let is_release = |id: &PacketId| {
        let stage = session.inflight.stage(*id);
        matches!(stage, Some(Stage::Released { .. }))
    };
    if !rules.faults.is_none()
        && let Some(first) = unsent.iter().position(is_release)
        && rules.breaks(Fault::PubrelEndsResend)
    {
        unsent.truncate(first);
    }
    let mut resent = 0;
    for id in unsent {
        if !rules.faults.is_none() {
            resent += 1;
            if is_abandoned(session, rules, id, resent) {
                session.inflight.remove(id);
                continue;
            }
        }
        let stage = session.inflight.stage(id);
        let published = matches!(stage, Some(Stage::Published(_)));
        // A message that was sent to another user of the same Client Identifier is not for this user. It keeps its
        // packet id, since it is unacknowledged. [3.1.1 MQTT-2.3.1-4] [5 MQTT-2.2.1-4]
        if let Some(Stage::Published(delivery)) = stage
            && !session.may_have(rules, &delivery.message.topic)
        {
            continue;
        }
        if published && rules.breaks(Fault::InflightNotResent) {
            continue;
        }
        if !published
            && (rules.breaks(Fault::PubrelNotResent)
                || session.fault_state.released.contains(&id)
                    && rules.breaks(Fault::ReleaseResentOnce))
        {
            continue;
        }
        // [5 MQTT-3.3.4-9] limits PUBLISH packets, and [5 MQTT-3.3.4-10] forbids delaying any others.
        if published
            && !(session.held.0.is_empty()
                && session.inflight.has_room(limit)
                && !is_congested(session))
            && !rules.breaks(Fault::ResendIgnoresReceiveMaximum)
        {
            if !rules.breaks(Fault::ResendHeldBackIsLost) {
                session.held.0.push_back(id);
            }
        } else {
            resend(session, rules, turn, id, false);
        }
    }
    // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    if rules.breaks(Fault::ResentTakesNoRoom) {
        let all: Vec<PacketId> = session.inflight.ids().collect();
        all.into_iter()
            .for_each(|id| session.inflight.give_back(id));
    }
    if rules.chooses(Liberty::WaitingByTopic) {
        session.queue.sort_by_topic();
    }
    // [3.1.1 MQTT-4.6.0-6] [5 MQTT-4.6.0-5] [5 MQTT-4.6.0-6]
    if !rules.faults.is_none()
        && session.queue.numbers().count() > limit.saturating_add(1)
        && rules.breaks(Fault::RestOfQueueReversed)
    {
        let mut all = session.queue.take();
        let rest = all.split_off(limit);
        let in_order = all.into_iter().chain(rest.into_iter().rev());
        in_order.for_each(|delivery| session.queue.push_back(delivery));
    }
    flush(session, rules, turn);
}

/// For faults: whether a message is not sent again. `number` counts what is to be sent again. [3.1.1 MQTT-4.4.0-1]
/// [5 MQTT-4.4.0-1]
fn is_abandoned(session: &Session, rules: &Rules, id: PacketId, number: usize) -> bool {
    let Some(Stage::Published(delivery)) = session.inflight.stage(id) else {
        return false;
    };
    let topic = &delivery.message.topic;
    // [3.1.1 MQTT-3.10.4-3] [5 MQTT-3.10.4-3]
    let granted = granted_for(session, topic);
    granted.is_none() && rules.breaks(Fault::UnsubscribedNotResent)
        || granted == Some(QoS::AtMostOnce) && rules.breaks(Fault::ReplacedNotResent)
        || number > 20 && rules.breaks(Fault::ResentBeyond20Lost)
        || session.fault_state.resent_all && rules.breaks(Fault::TooLargeEndsResend)
}

/// For faults: the highest QoS that the session's subscriptions have for a topic.
fn granted_for(session: &Session, topic: &str) -> Option<QoS> {
    let all = session.subscriptions.iter();
    let matching = all.filter(|(whole, granted)| match granted.filter(whole) {
        Filter::Own(filter) | Filter::Shared { filter, .. } => matches(filter, topic),
    });
    matching.map(|(_, granted)| granted.options.qos).max()
}

/// For a fault: forgets messages that have expired before they were acknowledged. They keep their room in the window.
/// [5 MQTT-4.3.3-7] [5 MQTT-4.5.0-1]
pub(crate) fn forget_expired(session: &mut Session, rules: &Rules, now: Time) {
    let all = session.inflight.messages();
    let expired = all.filter(|(_, message)| message.is_expired(now));
    let expired: Vec<PacketId> = expired.map(|(id, _)| id).collect();
    if !expired.is_empty() && rules.breaks(Fault::ExpiredInflightKeepsWindow) {
        session.inflight.lose(expired.len());
        for id in expired {
            session.inflight.remove(id);
        }
    }
}

/// For faults: how a message that expired in the queue affects others.
fn outlast(rules: &Rules, session: &mut Session, expired: &Delivery) {
    if rules.breaks(Fault::ExpiredTakesNextAlong) {
        session.queue.pop_front();
    }
    // [5 MQTT-4.5.0-1] [5 MQTT-4.9.0-1]
    let is_of_now = expired.message.received_at >= session.traces.connected_at;
    if is_of_now && rules.breaks(Fault::ExpiredWaitingTakesRoom) {
        session.inflight.lose(1);
    }
    // [5 RULE-3.3.4-2]
    let limit = rules.config.maximum_client_bytes;
    let topic = &expired.message.topic;
    if let Some(link) = &mut session.link
        && rules.breaks(Fault::ExpiredAliasUsed)
        && let Some((alias, false)) = link.alias_for(topic, limit)
    {
        link.learn_alias(topic, alias);
    }
}

/// For faults: queues messages again that a resumed session must not send any more, and reuses packet ids.
fn bring_back(session: &mut Session, rules: &Rules) {
    // [3.1.1 MQTT-2.3.1-4] [5 MQTT-2.2.1-4]
    if rules.breaks(Fault::UnreleasedIdReused) {
        session.inflight.restart_ids();
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1] [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
    let again = session.fault_state.there().map(|aside| {
        let mut again = std::mem::take(&mut aside.delivered);
        again.append(&mut aside.unsubscribed);
        again.append(&mut aside.too_large);
        again.extend(aside.acknowledged.take());
        // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
        if aside.overflowed && rules.breaks(Fault::FullQueueNeverSent) {
            session.queue.take();
        }
        again
    });
    for delivery in again.unwrap_or_default() {
        session.queue.push_back(delivery);
    }
}

/// Sends an unacknowledged packet again on a new connection. `late` is true if the window held it back at first.
fn resend(session: &mut Session, rules: &Rules, turn: &mut Turn<'_>, id: PacketId, late: bool) {
    let Some(stage) = session.inflight.resend(id) else {
        return;
    };
    match stage {
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        Stage::Published(delivery)
            if delivery.retain && rules.breaks(Fault::RetainedInflightNotResent) =>
        {
            session.inflight.remove(id);
        }
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        Stage::Published(delivery)
            if delivery.message.topic.len() > LONG_TOPIC
                && rules.breaks(Fault::LongTopicsNotResent) =>
        {
            session.inflight.remove(id);
        }
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        Stage::Published(delivery)
            if turn.now.saturating_sub(delivery.message.received_at) >= UNACKNOWLEDGED
                && rules.breaks(Fault::UnacknowledgedForgottenInTime) =>
        {
            session.inflight.remove(id);
        }
        Stage::Published(delivery) => {
            let is_again = !rules.faults.is_none() && !session.fault_state.resent.insert(id);
            let anew = is_again && rules.breaks(Fault::ResentAsNewSecondTime);
            let is_shared = delivery.shared.is_some();
            let has_new_id = anew
                || rules.breaks(Fault::NewPacketIdOnResend)
                || is_shared && rules.breaks(Fault::SharedResentWithNewId);
            let (id, mut delivery) = if has_new_id {
                session.inflight.remove(id);
                (session.inflight.insert(rules, delivery.clone()), delivery)
            } else {
                (id, delivery)
            };
            // [5 MQTT-4.3.3-7]: it is sent even if it has expired.
            if delivery.message.is_expired(turn.now)
                && (rules.breaks(Fault::InflightExpires)
                    || late && rules.breaks(Fault::HeldBackExpires))
            {
                session.inflight.remove(id);
                return;
            }
            if !rules.faults.is_none() {
                replace_by_last(rules, session, &mut delivery);
                // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
                if granted_for(session, &delivery.message.topic) < Some(delivery.qos)
                    && delivery.qos == QoS::ExactlyOnce
                    && rules.breaks(Fault::ResentAtNewGrant)
                {
                    delivery.qos = QoS::AtLeastOnce;
                }
                lose(rules, Way::Resent, turn.now, &mut delivery);
                if late {
                    lose(rules, Way::HeldBack, turn.now, &mut delivery);
                }
            }
            let Some(link) = &mut session.link else {
                return;
            };
            // [5 MQTT-3.3.1-1]
            let is_other = session.traces.version != Some(link.version);
            let is_first = anew
                || late && rules.breaks(Fault::HeldBackWithoutDup)
                || session.traces.taken_over && rules.breaks(Fault::TakeoverResendsWithoutDup)
                || is_other && rules.breaks(Fault::OtherVersionResendsWithoutDup)
                || is_shared && rules.breaks(Fault::SharedResentWithoutDup)
                || delivery.message.will && rules.breaks(Fault::WillResentWithoutDup);
            let again = !is_first;
            if !send_publish(link, rules, turn, &delivery, Some(id), again) {
                // [5 MQTT-3.1.2-25]: continue as if it had been delivered.
                session.inflight.remove(id);
                if rules.breaks(Fault::TooLargeEndsResend) {
                    session.fault_state.resent_all = true;
                }
                dropped(session, turn, &delivery, DropReason::PacketTooLarge);
            }
        }
        Stage::Released { .. } => {
            // [5 MQTT-4.4.0-1]
            let over_at = session.fault_state.release_over_at.get(&id);
            if over_at.is_some_and(|at| *at <= turn.now) {
                session.inflight.remove(id);
                return;
            }
            if rules.breaks(Fault::ReleaseResentOnce) {
                session.fault_state.released.insert(id);
            }
            if !rules.faults.is_none() {
                session.fault_state.released_again.insert(id);
            }
            acknowledge(
                session,
                rules,
                turn,
                id,
                ReasonCode::SUCCESS,
                Packet::PubRel,
            );
        }
    }
}

/// For faults: whether a message is sent with packet identifier 1, even if that is in use. [3.1.1 MQTT-2.3.1-4]
/// [5 MQTT-2.2.1-4]
fn is_always_one(rules: &Rules, delivery: &Delivery) -> bool {
    let message = &delivery.message;
    let of_its_qos = match delivery.qos {
        QoS::ExactlyOnce => Fault::PacketIdAlwaysOneAtQos2,
        _ => Fault::PacketIdAlwaysOneAtQos1,
    };
    rules.breaks(of_its_qos)
        || message.will && rules.breaks(Fault::WillPacketIdAlwaysOne)
        || delivery.retain && rules.breaks(Fault::RetainedPacketIdAlwaysOne)
        || delivery.shared.is_some() && rules.breaks(Fault::SharedPacketIdAlwaysOne)
}

/// Sends a message for the first time. [3.1.1 MQTT-4.3.1-1] [3.1.1 MQTT-4.3.2-1] [3.1.1 MQTT-4.3.3-1] [5 MQTT-4.3.1-1]
/// [5 MQTT-4.3.2-1] [5 MQTT-4.3.2-2] [5 MQTT-4.3.3-1] [5 MQTT-4.3.3-2]
fn transmit(session: &mut Session, rules: &Rules, turn: &mut Turn<'_>, delivery: Delivery) {
    let Some(link) = &mut session.link else {
        return;
    };
    link.carried += 1;
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if link.carried > 22 && rules.breaks(Fault::SilentAfter22Messages) {
        return;
    }
    // [5 MQTT-4.5.0-1] [5 RULE-4.8.2-1]
    let is_idle = link.carried > 20 && rules.breaks(Fault::SharedIdleAfter20);
    if is_idle && delivery.shared.is_some() {
        return;
    }
    // The message takes its place in the window before its size is known, because the packet needs an id.
    let id = match delivery.qos {
        QoS::AtMostOnce => None,
        _ if is_always_one(rules, &delivery) => {
            Some(session.inflight.insert_at(PacketId::MIN, delivery.clone()))
        }
        _ => Some(session.inflight.insert(rules, delivery.clone())),
    };
    if let Some(id) = id.filter(|_| uncounted(rules, delivery.qos)) {
        session.inflight.give_back(id);
    }
    // [3.1.1 MQTT-4.3.2-1] [5 MQTT-4.3.2-2]
    let mut doubled = session.fault_state.doubled.iter();
    let again = id.is_some() && doubled.any(|other| Arc::ptr_eq(other, &delivery.message));
    if send_publish(link, rules, turn, &delivery, id, again) {
        // [5 MQTT-4.9.0-1]
        let counts = id.is_none()
            && (rules.breaks(Fault::SendQuotaCountsQos0)
                || delivery.shared.is_some() && rules.breaks(Fault::SharedQos0UsesQuota)
                || delivery.retain && rules.breaks(Fault::RetainedQos0UsesQuota));
        if counts {
            session.inflight.lose(1);
        }
        turn.hook(HookEvent::MessageDelivered {
            client: session.client.clone(),
            topic: delivery.message.topic.clone(),
            qos: delivery.qos,
            payload: delivery.message.payload.clone(),
        });
        // [5 MQTT-4.3.2-3] [5 MQTT-4.3.3-3]: the message stays unacknowledged until the client acknowledges it.
        if let Some(id) = id.filter(|_| forgotten(rules, &delivery)) {
            session.inflight.remove(id);
        }
        return;
    }
    // [5 MQTT-3.1.2-25]
    if rules.breaks(Fault::TooLargeComesLater) {
        session.fault_state.too_large.push(delivery.clone());
    }
    if let Some(id) = id {
        session.inflight.remove(id);
        // [5 MQTT-3.1.2-25]: continue as if it had been delivered.
        if rules.breaks(Fault::UnsentTakesRoom) {
            session.inflight.lose(1);
        }
    }
    // [5 MQTT-3.1.2-25] [5 MQTT-4.5.0-1]
    if rules.breaks(Fault::TooLargeTakesNextAlong) {
        session.fault_state.loses_next = true;
    }
    if rules.breaks(Fault::OversizedMessageBlocks) {
        link.congested = true;
    }
    // [5 MQTT-3.1.2-25]
    dropped(session, turn, &delivery, DropReason::PacketTooLarge);
}

/// Sends CONNACK, the first packet of a connection.
pub(crate) fn greet(session: &Session, rules: &Rules, turn: &mut Turn<'_>, connack: ConnAck) {
    let Some(link) = &session.link else {
        return;
    };
    // [3.1.1 MQTT-3.1.4-4] [5 MQTT-3.1.4-5]
    let waits = !session.queue.is_empty() && rules.breaks(Fault::ReconnectWithWaitingRefused);
    let first = session.queue.front();
    let is_shared = first.is_some_and(|delivery| delivery.shared.is_some());
    let waits = waits || is_shared && rules.breaks(Fault::SharedWaitingRefusesReconnect);
    if waits || rules.breaks(Fault::NoConnack) {
        return;
    }
    // [5 MQTT-3.2.2-8]
    send(link, rules, turn, Packet::ConnAck(connack));
}

pub(crate) fn dropped(
    session: &Session,
    turn: &mut Turn<'_>,
    delivery: &Delivery,
    reason: DropReason,
) {
    turn.hook(HookEvent::MessageDropped {
        client: Some(session.client.clone()),
        topic: delivery.message.topic.clone(),
        reason,
    });
}

/// For faults: whether a message takes no place in the client's window.
fn uncounted(rules: &Rules, qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Fault::SendQuotaOfQos2Alone),
        QoS::ExactlyOnce => rules.breaks(Fault::SendQuotaOfQos1Alone),
    }
}

/// For faults: whether a message counts as acknowledged once it is sent.
fn forgotten(rules: &Rules, delivery: &Delivery) -> bool {
    if delivery.shared.is_some() && rules.breaks(Fault::SharedNotTracked) {
        return true;
    }
    if delivery.message.will && rules.breaks(Fault::WillNotTracked) {
        return true;
    }
    // If Retain As Published is 0, RETAIN 1 means that a new subscription caused the delivery.
    if delivery.retain && rules.breaks(Fault::RetainedNotTracked) {
        return true;
    }
    match delivery.qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Fault::Qos1ForgottenOnceSent),
        QoS::ExactlyOnce => rules.breaks(Fault::Qos2ForgottenOnceSent),
    }
}

fn lost_offline(rules: &Rules, qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => rules.breaks(Fault::OfflineQos1Lost),
        QoS::ExactlyOnce => rules.breaks(Fault::OfflineQos2Lost),
    }
}
