//! Finds the sessions that receive an accepted message, and retains it if RETAIN is 1.

use std::mem;
use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::topic::{has_wildcard, matches};
use mqtt_check_codec::{Property, ProtocolVersion, QoS};

use super::beside::entangle;
use super::copy::{combine, copy};
use super::delivery::deliver;
use super::loss::{Way, lose};
use super::retained::{has_room, retain};
use super::stray::stray;
use crate::core::rules::Rules;
use crate::core::state::Topics;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::session::Sessions;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::{Matches, Standing, Subscriber, Subscriptions};
use crate::core::state::task::{Routing, Task};
use crate::core::turn::Turn;
use crate::hook::DropReason;
use crate::{Fault, HookEvent, Liberty};

/// For a permitted variation: the Message Expiry Interval of messages that were published without one.
const A_DAY_S: u32 = 86_400;

/// The receivers of a message. They are decided, but nothing has been sent yet.
#[derive(Debug)]
pub(crate) struct Routed {
    /// Whether any copy is to be delivered.
    pub(crate) matched: bool,
    copies: Vec<(SessionKey, Delivery)>,
    /// For a fault: the session of the publisher, if No Local withholds the message from it.
    withheld: Option<SessionKey>,
    /// For a fault: the sessions with overlapping subscriptions.
    pub(crate) overlapping: Vec<SessionKey>,
}

impl Routed {
    /// For faults: the message is delivered to no client, although there may be subscribers.
    const fn lost() -> Self {
        Self {
            matched: true,
            copies: Vec::new(),
            withheld: None,
            overlapping: Vec::new(),
        }
    }
}

/// Decides who receives a message and delivers it. This happens at once unless the look-up takes longer than a step.
pub(crate) fn route(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    message: Message,
    client: Option<ByteString>,
) {
    if let Some(lookup) = topics.find(rules, &message.topic) {
        let routing = Routing {
            message,
            client,
            lookup,
        };
        topics.tasks.push(None, Task::Route(Box::new(routing)));
        return;
    }
    let routed = decide(rules, sessions, topics, turn, message, client);
    hand_out(rules, sessions, turn, routed);
}

/// Continues with a message whose subscribers are being looked up.
pub(crate) fn route_on(
    rules: &Rules,
    sessions: &mut Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    mut routing: Box<Routing>,
    budget: usize,
) {
    if !topics.subscriptions.go_on(&mut routing.lookup, budget) {
        topics.tasks.push(None, Task::Route(routing));
        return;
    }
    let Routing {
        message,
        client,
        lookup,
    } = *routing;
    topics.found = Some(lookup);
    let routed = decide(rules, sessions, topics, turn, message, client);
    hand_out(rules, sessions, turn, routed);
}

/// Retains the message if RETAIN is 1, and finds every matching subscription.
pub(crate) fn decide(
    rules: &Rules,
    sessions: &Sessions,
    topics: &mut Topics,
    turn: &mut Turn<'_>,
    mut message: Message,
    client: Option<ByteString>,
) -> Routed {
    if rules.chooses(Liberty::DefaultExpiryAdded) && message.expiry_s.is_none() {
        // [5 section 3.3.2.3.3]: the standard does not say how long a server keeps messages without an interval.
        message.expiry_s = Some(A_DAY_S);
        let expiry = Property::MessageExpiryInterval(A_DAY_S);
        message.properties.push(expiry);
    }
    turn.hook(HookEvent::MessagePublish {
        client: client.clone(),
        topic: message.topic.clone(),
        qos: message.qos,
        retain: message.retain,
        payload: message.payload.clone(),
    });
    let message = Arc::new(message);
    if message.retain
        && !rules.faults.is_none()
        && !has_room(rules, &topics.retained, &message.topic, message.weight)
        && rules.breaks(Fault::NoRoomLosesRetained)
    {
        return Routed::lost();
    }
    retain(rules, &mut topics.retained, &message);
    let marks = rules.breaks(Fault::RetainedOfOlderUnsentToNewer)
        || rules.breaks(Fault::RetainedPayloadGrows);
    if message.retain && marks {
        let publisher = sessions.key(&message.publisher);
        let version = publisher.and_then(|key| sessions.version(key));
        let is_older = version.is_some_and(|version| version != ProtocolVersion::V5);
        topics.retained.mark_older(&message.topic, is_older);
    }
    // [3.1.1 RULE-3.3.1.3-1]: a message that clears a topic is delivered to subscribers too.
    if message.retain
        && message.payload.is_empty()
        && rules.breaks(Fault::EmptyRetainedNotForwarded)
    {
        return Routed::lost();
    }
    let mut found = mem::take(&mut topics.matches);
    let standing = |member: &Subscriber| standing(rules, sessions, member, &message);
    // [3.1.1 MQTT-4.7.2-1] [5 MQTT-4.7.2-1]
    let hide = !rules.breaks(Fault::WildcardMatchesDollar);
    let name = rules.normalised(&message.topic);
    match topics.found.take().filter(|lookup| lookup.is_for(&name)) {
        Some(lookup) => {
            let subscriptions = &mut topics.subscriptions;
            subscriptions.matches_of(&lookup, &standing, &mut found);
        }
        None => {
            let subscriptions = &mut topics.subscriptions;
            subscriptions.matches(&name, hide, &standing, &mut found);
        }
    }
    if !rules.faults.is_none() {
        misroute(rules, sessions, topics, &message, &mut found);
    }
    let mut copies = Vec::with_capacity(found.own.len() + found.shared.len());
    copy_to_own(rules, sessions, &message, &found, &mut copies);
    copy_to_shared(
        rules,
        &mut topics.subscriptions,
        &message,
        &found,
        &mut copies,
    );
    let (mut withheld, mut overlapping) = (None, Vec::new());
    if !rules.faults.is_none() {
        entangle(rules, sessions, &message, &mut copies);
        withheld = withheld_from(rules, sessions, &message, &found);
        let several = found.own.chunk_by(|a, b| a.session == b.session);
        let several = several.filter(|subscribers| subscribers.len() > 1);
        overlapping.extend(several.map(|subscribers| subscribers[0].session));
    }
    topics.matches = found;
    if !rules.faults.is_none() {
        // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
        let (mut served, mut queued) = (0, 0);
        copies.retain(|(key, delivery)| {
            served += 1;
            queued += usize::from(!sessions.is_linked(*key));
            !(served > 10 && rules.breaks(Fault::SubscribersBeyondTenUnserved)
                || queued > 10 && rules.breaks(Fault::OfflineBeyondTenUnserved)
                || delivery.shared.is_some()
                    && delivery.message.topic.len() > 255
                    && rules.breaks(Fault::LongTopicsUnshared))
        });
    }
    let matched = !copies.is_empty();
    if !matched {
        turn.hook(HookEvent::MessageDropped {
            client,
            topic: message.topic.clone(),
            reason: DropReason::NoSubscribers,
        });
    }
    Routed {
        matched,
        copies,
        withheld,
        overlapping,
    }
}

/// For a fault: the session of the publisher, if No Local withholds a message of QoS 1 or 2 from it. [5 MQTT-4.5.0-1]
fn withheld_from(
    rules: &Rules,
    sessions: &Sessions,
    message: &Message,
    found: &Matches,
) -> Option<SessionKey> {
    let key = sessions.key(&message.publisher)?;
    let mut own = found.own.iter().filter(|s| s.session == key);
    let highest = own.clone().map(|s| s.granted.options.qos).max()?;
    let is_withheld = own.all(|s| s.granted.options.no_local)
        && highest.min(message.qos) > QoS::AtMostOnce
        && rules.breaks(Fault::NoLocalFillsWindow);
    is_withheld.then_some(key)
}

/// For faults: adds or removes matching subscriptions, most of them Shared Subscriptions.
fn misroute(
    rules: &Rules,
    sessions: &Sessions,
    topics: &mut Topics,
    message: &Message,
    found: &mut Matches,
) {
    let reaches = |subscriber: &Subscriber| {
        let session = sessions.at(subscriber.session);
        session.is_none_or(|s| !sessions.nodes.is_between(&message.publisher, &s.client))
    };
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if sessions.nodes.is_any_back() && rules.breaks(Fault::ReturnedNodeIsolated) {
        found.own.retain(reaches);
        found.shared.retain(|(member, _)| reaches(member));
    }
    // [5 RULE-4.8.2-1]
    if sessions.nodes.is_any_back() && rules.breaks(Fault::ReturnedNodeLosesShared) {
        found.shared.retain(|(member, _)| reaches(member));
    }
    // [5 MQTT-4.7.2-1]
    if rules.breaks(Fault::SharedWildcardMatchesDollar) {
        let standing = |member: &Subscriber| standing(rules, sessions, member, message);
        let mut all = Matches::default();
        topics
            .subscriptions
            .matches(&message.topic, false, &standing, &mut all);
        found.shared = all.shared;
    }
    // [5 RULE-4.8.2-1]
    if message.will && rules.breaks(Fault::WillNotShared) {
        found.shared.clear();
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if message.qos == QoS::AtMostOnce && rules.breaks(Fault::Qos0LostToHigherSubscriptions) {
        let takes_it = |s: &Subscriber| s.granted.options.qos == QoS::AtMostOnce;
        found.own.retain(takes_it);
        found.shared.retain(|(member, _)| takes_it(member));
    }
    // [5 MQTT-3.1.2-8] [5 MQTT-4.5.0-1]
    if message.will && rules.breaks(Fault::NoLocalLosesWills) {
        found.own.retain(|s| !s.granted.options.no_local);
    }
    // [5 RULE-4.8.2-1]
    let gone = &mut topics.gone;
    found
        .shared
        .retain(|(_, filter)| match gone.get_mut(filter) {
            Some(is_next) => {
                *is_next = !*is_next;
                *is_next
            }
            None => true,
        });
    misgroup(rules, message, found);
    stray(rules, sessions, message, found);
    let Some(own) = sessions.key(&message.publisher) else {
        return;
    };
    let local = found.own.iter().find(|s| s.session == own);
    let is_local = local.is_some_and(|s| s.granted.options.no_local);
    if rules.breaks(Fault::SharedLosesOwnMessages)
        || is_local && rules.breaks(Fault::NoLocalForShared)
    {
        found.shared.retain(|(member, _)| member.session != own);
    }
}

/// For faults: treats several Shared Subscriptions as one, or lets one not match.
fn misgroup(rules: &Rules, message: &Message, found: &mut Matches) {
    // [5 RULE-4.8.2-1]
    if rules.breaks(Fault::ShareNameIsGroup) {
        let mut served: Vec<String> = Vec::new();
        found.shared.retain(|(_, whole)| {
            let name = whole.split('/').nth(1).unwrap_or_default();
            let is_first = !served.iter().any(|other| other == name);
            served.push(name.to_owned());
            is_first
        });
    }
    // [5 MQTT-4.5.0-1] [5 MQTT-4.7.3-4]
    if rules.breaks(Fault::SharedHashWithoutParent) {
        found.shared.retain(|(_, whole)| {
            let filter = whole.splitn(3, '/').nth(2).unwrap_or_default();
            let parent = filter.strip_suffix("/#");
            !parent.is_some_and(|parent| matches(parent, &message.topic))
        });
    }
}

/// Delivers every copy of a message to its session.
pub(crate) fn hand_out(
    rules: &Rules,
    sessions: &mut Sessions,
    turn: &mut Turn<'_>,
    routed: Routed,
) {
    for (key, delivery) in routed.copies {
        // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
        if routed.overlapping.contains(&key)
            && let Some(session) = sessions.at_mut(key)
        {
            session.fault_state.overlaps += 1;
            if session.fault_state.overlaps > 99 && rules.breaks(Fault::OverlappingIdleAfter99) {
                continue;
            }
        }
        deliver(rules, sessions, turn, key, delivery);
    }
    // [5 MQTT-4.5.0-1] [5 MQTT-4.9.0-1]
    if let Some(session) = routed.withheld.and_then(|key| sessions.at_mut(key)) {
        session.inflight.lose(1);
    }
}

/// Makes one copy for each session with matching non-shared subscriptions, however many.
fn copy_to_own(
    rules: &Rules,
    sessions: &Sessions,
    message: &Arc<Message>,
    found: &Matches,
    copies: &mut Vec<(SessionKey, Delivery)>,
) {
    for overlapping in found.own.chunk_by(|a, b| a.session == b.session) {
        let key = overlapping[0].session;
        if sessions.at(key).is_none() {
            // The session has ended, and its subscriptions are being removed.
            continue;
        }
        if !copies.is_empty() && rules.breaks(Fault::OnlyOneSubscriberServed) {
            break;
        }
        if overlapping.len() > 1 && rules.breaks(Fault::CopiesWithoutIdentifier) {
            for subscriber in overlapping {
                let mut delivery = copy(rules, message, subscriber);
                delivery.identifiers.clear();
                copies.push((key, delivery));
            }
        } else if overlapping.len() > 1 && rules.breaks(Fault::OverlappingSquared) {
            // [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2]
            for _ in 0..overlapping.len() {
                for subscriber in overlapping.chunks(1) {
                    let delivery = combine(rules, sessions, message, subscriber);
                    copies.extend(delivery.map(|delivery| (key, delivery)));
                }
            }
        } else if rules.chooses(Liberty::OverlappingCopies) {
            // [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2] [5 MQTT-3.3.4-5]
            for subscriber in overlapping.chunks(1) {
                let delivery = combine(rules, sessions, message, subscriber);
                copies.extend(delivery.map(|delivery| (key, delivery)));
            }
        } else {
            let delivery = combine(rules, sessions, message, overlapping);
            // [5 MQTT-4.5.0-1]
            if delivery.is_none() && rules.breaks(Fault::NoLocalEndsFanout) {
                break;
            }
            copies.extend(delivery.map(|delivery| (key, delivery)));
        }
    }
    if rules.breaks(Fault::LiveUnderFilter) {
        for (key, delivery) in copies {
            misname(sessions, *key, delivery);
        }
    }
}

/// For a fault: replaces the topic by a filter that matches it. [3.1.1 MQTT-3.3.2-3] [5 MQTT-3.3.2-3]
fn misname(sessions: &Sessions, key: SessionKey, delivery: &mut Delivery) {
    let own = sessions.at(key).map(|session| session.subscriptions.keys());
    let mut own = own.into_iter().flatten();
    let topic = &delivery.message.topic;
    if let Some(filter) = own.find(|filter| has_wildcard(filter) && matches(filter, topic)) {
        let filter = filter.clone();
        Arc::make_mut(&mut delivery.message).topic = filter;
    }
}

/// Makes one copy for each Shared Subscription that matches.
fn copy_to_shared(
    rules: &Rules,
    subscriptions: &mut Subscriptions,
    message: &Arc<Message>,
    found: &Matches,
    copies: &mut Vec<(SessionKey, Delivery)>,
) {
    for (member, filter) in &found.shared {
        // [5 RULE-4.8.2-1]: every Shared Subscription gets its own copy.
        if has_its_copy(rules, found, copies, member.session) {
            continue;
        }
        let mut delivery = copy(rules, message, member);
        delivery.shared = Some(filter.clone());
        // [5 MQTT-4.8.2-3]
        if rules.breaks(Fault::SharedQosIgnored) {
            delivery.qos = message.qos;
        }
        if !rules.faults.is_none() {
            lose(rules, Way::Shared, message.received_at, &mut delivery);
        }
        if rules.breaks(Fault::SharedGoesToAll) {
            for other in subscriptions.others_of(filter, member.session) {
                copies.push((other.session, copy(rules, message, &other)));
            }
        }
        copies.push((member.session, delivery));
    }
}

/// For faults: whether another subscription of the session makes this copy unnecessary.
fn has_its_copy(
    rules: &Rules,
    found: &Matches,
    copies: &[(SessionKey, Delivery)],
    session: SessionKey,
) -> bool {
    let own = || {
        found
            .own
            .iter()
            .any(|subscriber| subscriber.session == session)
    };
    let shared = || {
        let mut copies = copies.iter();
        copies.any(|(key, delivery)| *key == session && delivery.shared.is_some())
    };
    rules.breaks(Fault::SharedCopyLostBesideOwn) && own()
        || rules.breaks(Fault::SharedCopyLostBesideShared) && shared()
}

/// Returns how well a member of a Shared Subscription can receive this message now.
pub(crate) fn standing(
    rules: &Rules,
    sessions: &Sessions,
    member: &Subscriber,
    message: &Message,
) -> Standing {
    let qos = message.qos.min(member.granted.options.qos);
    match sessions.at(member.session) {
        Some(session) if !session.may_have(rules, &message.topic) => Standing::Barred,
        Some(_) if rules.chooses(Liberty::SharedByTurnAlone) => Standing::Ready,
        Some(session) if session.is_ready() => Standing::Ready,
        Some(session)
            if session.link.is_none() && qos == QoS::AtMostOnce && !rules.config.queue_qos0 =>
        {
            Standing::Losing
        }
        Some(_) => Standing::Waiting,
        // The session has ended, and its subscriptions are being removed.
        None => Standing::Barred,
    }
}
