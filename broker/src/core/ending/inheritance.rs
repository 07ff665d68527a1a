//! Passes on messages of a Shared Subscription when the member that had them is gone.

use mqtt_check_codec::topic::has_wildcard;
use mqtt_check_codec::{ProtocolVersion, QoS};

use crate::core::deliver::copy::copy;
use crate::core::deliver::delivery::{deliver, dropped};
use crate::core::deliver::loss::{Way, lose};
use crate::core::deliver::routing::standing;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::Topics;
use crate::core::state::inflight::Stage;
use crate::core::state::message::Delivery;
use crate::core::state::session::{Session, Sessions};
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::Subscriber;
use crate::core::topic::Filter;
use crate::core::turn::Turn;
use crate::hook::{DropReason, TerminationReason};
use crate::{Fault, HookEvent, Liberty};

/// Reports that the session ended, and passes its shared messages on to other members of their subscriptions.
pub(crate) fn inherit(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    mut session: Session,
    reason: TerminationReason,
) {
    turn.hook(HookEvent::SessionTerminated {
        client: session.client.clone(),
        reason,
    });
    if rules.breaks(Fault::RetainedGoneWithSession) {
        topics.retained.remove_of(&session.client, Time::ZERO);
    }
    let started = session.inflight.drain().into_iter().filter_map(|stage| {
        let Stage::Published(delivery) = stage else {
            return None;
        };
        let passed_on = match delivery.qos {
            // [5 RULE-4.8.2-2]
            QoS::AtLeastOnce => {
                !rules.breaks(Fault::SharedQos1LostWithSession)
                    && !rules.chooses(Liberty::SharedQos1EndsWithSession)
            }
            // [5 MQTT-4.8.2-5]: a QoS 2 delivery that has begun goes to no other client.
            _ => rules.breaks(Fault::SharedBegunReassigned),
        };
        passed_on.then_some(delivery)
    });
    let refused = session.fault_state.there();
    // [5 MQTT-4.8.2-6]: only for a fault.
    let refused = refused.map(|aside| std::mem::take(&mut aside.refused));
    let started = started.chain(refused.unwrap_or_default());
    let left: Vec<Delivery> = started.chain(session.queue.take()).collect();
    for delivery in left {
        let expired =
            delivery.message.is_expired(turn.now) && !rules.breaks(Fault::MessageExpiryIgnored);
        if expired {
            // [5 MQTT-3.3.2-5]: the delivery to another member would only begin now.
            dropped(&session, turn, &delivery, DropReason::Expired);
        } else if reason == TerminationReason::Expired
            && delivery.shared.is_some()
            && rules.breaks(Fault::ExpiredNotReassigned)
        {
            // [5 RULE-4.8.2-2]
            dropped(&session, turn, &delivery, DropReason::SessionEnded);
        } else if !pass_on(rules, sessions, topics, turn, &delivery) {
            dropped(&session, turn, &delivery, DropReason::SessionEnded);
        }
    }
}

/// Delivers a shared message to another member of its group. Returns whether there was one.
fn pass_on(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    delivery: &Delivery,
) -> bool {
    let Some(whole) = &delivery.shared else {
        return false;
    };
    let Some(Filter::Shared { group, filter }) = Filter::parse(whole, ProtocolVersion::V5) else {
        return false;
    };
    // [5 RULE-4.8.2-2]
    if !rules.faults.is_none()
        && has_wildcard(filter)
        && rules.breaks(Fault::WildcardsNotReassigned)
    {
        return false;
    }
    let standing = |member: &Subscriber| standing(rules, &*sessions, member, &delivery.message);
    let Some(member) = topics.subscriptions.choose(group, filter, standing) else {
        return false;
    };
    let mut copy = copy(rules, &delivery.message, &member);
    // [5 RULE-4.8.2-2]
    if !rules.breaks(Fault::ReassignedOnce) {
        copy.shared = Some(whole.clone());
    }
    if !rules.faults.is_none() {
        keep_of_former(rules, delivery, &mut copy);
        lose(rules, Way::Inherited, turn.now, &mut copy);
    }
    deliver(rules, sessions, turn, member.session, copy);
    true
}

/// For faults: keeps what the message had from the subscription of its former member.
fn keep_of_former(rules: &Rules, former: &Delivery, copy: &mut Delivery) {
    // [5 MQTT-3.3.4-3]
    if former.identifiers != copy.identifiers
        && rules.breaks(Fault::ReassignedWithPreviousIdentifier)
    {
        copy.identifiers.clone_from(&former.identifiers);
    }
    // [5 MQTT-4.8.2-3]
    if former.qos != copy.qos && rules.breaks(Fault::ReassignedWithPreviousQos) {
        copy.qos = former.qos;
    }
    // [5 MQTT-3.3.1-12] [5 MQTT-3.3.1-13]
    if former.retain != copy.retain && rules.breaks(Fault::ReassignedWithPreviousRetain) {
        copy.retain = former.retain;
    }
}

/// For a fault: gives QoS 2 deliveries that have begun to other members when this one disconnects. [5 MQTT-4.8.2-4]
pub(crate) fn give_begun_away(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    key: SessionKey,
) {
    let Some(session) = sessions.at_mut(key) else {
        return;
    };
    for delivery in session.inflight.take_shared() {
        give_away(rules, sessions, topics, turn, &delivery, key);
    }
}

/// For a permitted variation: gives QoS 1 deliveries that have begun to connected members when this one disconnects.
/// [5 RULE-4.8.2-2]
pub(crate) fn give_broken_away(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    key: SessionKey,
) {
    let begun = sessions.at(key).map(|s| s.inflight.shared_qos1());
    for (id, delivery) in begun.unwrap_or_default() {
        let whole = delivery.shared.as_deref().unwrap_or_default();
        let others = topics.subscriptions.others_of(whole, key);
        if delivery.message.is_expired(turn.now) {
            // [5 MQTT-3.3.2-5]: the delivery to another member would only begin now.
            continue;
        }
        if let Some(other) = others
            .iter()
            .find(|other| sessions.is_linked(other.session))
        {
            if let Some(session) = sessions.at_mut(key) {
                session.inflight.remove(id);
            }
            let mut copy = copy(rules, &delivery.message, other);
            copy.shared = delivery.shared;
            deliver(rules, sessions, turn, other.session, copy);
        }
    }
}

/// For faults and permitted variations: delivers a shared message to a member other than this one.
pub(crate) fn give_away(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    delivery: &Delivery,
    from: SessionKey,
) {
    let Some(whole) = &delivery.shared else {
        return;
    };
    if let Some(member) = topics.subscriptions.others_of(whole, from).first() {
        let copy = copy(rules, &delivery.message, member);
        deliver(rules, sessions, turn, member.session, copy);
    }
}
