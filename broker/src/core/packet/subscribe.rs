//! SUBSCRIBE.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::topic::has_wildcard;
use mqtt_check_codec::{
    Packet, Properties, ProtocolVersion, QoS, ReasonCode, RetainHandling, SubAck, Subscribe,
    Subscription, SubscriptionOptions,
};

use crate::core::deliver::retained::send_retained;
use crate::core::ending::connection::{refuse, send_or_close};
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::{Granted, Subscriber};
use crate::core::topic::{self, Filter};
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;
use crate::{AccessAction, Fault, HookEvent, Liberty};

/// A subscription that was made, for the retained messages that follow SUBACK.
struct Made {
    subscriber: Subscriber,
    filter: ByteString,
}

/// A client subscribes. Each filter is handled as if it had come alone, with one SUBACK for all.
/// [3.1.1 MQTT-3.8.4-4] [5 MQTT-3.8.4-5]
pub(crate) fn subscribe_received(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    subscribe: Subscribe,
) {
    let Some(version) = state.sessions.version(key) else {
        return;
    };
    if let Err(reason) = check_subscribe(state, version, &subscribe) {
        if state.rules.chooses(Liberty::ErrantSubscribeCarriedOut) {
            carry_out(state, turn, key, version, subscribe);
        }
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    let packet_id = subscribe.packet_id;
    let (reasons, made) = subscribe_each(state, turn, key, version, subscribe);
    if version == ProtocolVersion::V3_1 && reasons.iter().any(|reason| reason.0 > 2) {
        // 3.1 has no code for a refusal.
        let reason = ReasonCode::UNSPECIFIED_ERROR;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
        return;
    }
    // [3.1.1 RULE-3.8.4-1] [5 RULE-3.8.4-1]
    let early = state.rules.chooses(Liberty::RetainedBeforeSuback);
    for made in made.iter().filter(|_| early) {
        send_retained(
            &state.rules,
            &mut state.sessions,
            &mut state.topics.retained,
            turn,
            &made.subscriber,
            &made.filter,
        );
    }
    // [3.1.1 MQTT-3.8.4-1] [3.1.1 MQTT-3.8.4-2] [5 MQTT-3.8.4-1] [5 MQTT-3.8.4-2] [5 MQTT-2.2.1-6]
    send_or_close(
        state,
        turn,
        key,
        Packet::SubAck(SubAck {
            packet_id,
            properties: Properties::new(),
            reasons,
        }),
    );
    for made in made.iter().filter(|_| !early) {
        send_retained(
            &state.rules,
            &mut state.sessions,
            &mut state.topics.retained,
            turn,
            &made.subscriber,
            &made.filter,
        );
    }
}

/// Of a liberty: the filters in front of the one that is wrong. [5 section 4.13.1] [3.1.1 section 4.8]
fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    version: ProtocolVersion,
    mut subscribe: Subscribe,
) {
    let all = std::mem::take(&mut subscribe.subscriptions);
    for subscription in all {
        subscribe.subscriptions = vec![subscription.clone()];
        if check_subscribe(state, version, &subscribe).is_ok() {
            // Its retained messages would come to a connection that ends.
            let _ = make(state, turn, key, version, &subscription, None);
        }
    }
}

/// A code for each filter, in their order, and the subscriptions that bring retained messages.
fn subscribe_each(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    version: ProtocolVersion,
    subscribe: Subscribe,
) -> (Vec<ReasonCode>, Vec<Made>) {
    let mut reasons = Vec::with_capacity(subscribe.subscriptions.len());
    let mut made = Vec::new();
    let identifier = subscribe.properties.subscription_identifiers().next();
    let identifier = identifier.map(|id| match state.rules.breaks(Fault::IdentifiersCut) {
        true => id.min(0x3FFF),
        false => id,
    });
    let in_use = state
        .sessions
        .has_in_use(&state.rules, key, version, subscribe.packet_id);
    let mut rest_refused = false;
    let first = subscribe.subscriptions.first().map(|first| first.options);
    for (index, mut subscription) in subscribe.subscriptions.into_iter().enumerate() {
        if let Some(first) = first.filter(|_| state.rules.breaks(Fault::FirstOptionsForAll)) {
            let qos = subscription.options.qos;
            subscription.options = SubscriptionOptions { qos, ..first };
        }
        subscription.filter = state.rules.normalised(&subscription.filter);
        if index > 0 && state.rules.breaks(Fault::OnlyFirstFilterSubscribed) {
            reasons.push(ReasonCode(subscription.options.qos.as_u8()));
            continue;
        }
        // [3.1.1 MQTT-3.9.3-1] [5 MQTT-3.9.3-1] [3.1.1 MQTT-3.8.4-5] [5 MQTT-3.8.4-6] [5 MQTT-3.8.4-7]
        let result = if rest_refused {
            Err(ReasonCode::UNSPECIFIED_ERROR)
        } else if in_use {
            Err(ReasonCode::PACKET_IDENTIFIER_IN_USE)
        } else {
            make(state, turn, key, version, &subscription, identifier)
        };
        if result.is_err() && state.rules.breaks(Fault::RefusedFilterBringsRetained) {
            made.push(refused(key, &subscription));
        }
        if result.is_err() && state.rules.breaks(Fault::RefusedFilterEndsPacket) {
            rest_refused = true;
        }
        reasons.push(match result {
            Ok((qos, subscriber)) => {
                made.extend(subscriber.map(|subscriber| Made {
                    subscriber,
                    filter: subscription.filter,
                }));
                ReasonCode(qos.as_u8())
            }
            // [3.1.1 MQTT-3.9.3-2] [5 MQTT-3.9.3-2]
            Err(_)
                if version != ProtocolVersion::V5
                    || state.rules.chooses(Liberty::RefusedFilterUnspecified) =>
            {
                ReasonCode::UNSPECIFIED_ERROR
            }
            Err(reason) => reason,
        });
    }
    (reasons, made)
}

/// Of a fault: a filter that is refused, as if it had been granted.
fn refused(key: SessionKey, subscription: &Subscription) -> Made {
    Made {
        subscriber: Subscriber {
            session: key,
            granted: Granted {
                options: subscription.options,
                identifier: None,
                shared: false,
            },
        },
        filter: subscription.filter.clone(),
    }
}

/// What ends the connection.
fn check_subscribe(
    state: &State,
    version: ProtocolVersion,
    subscribe: &Subscribe,
) -> Result<(), ReasonCode> {
    let (rules, config) = (&state.rules, &state.rules.config);
    if subscribe.subscriptions.is_empty() {
        // [3.1.1 MQTT-3.8.3-3] [5 RULE-3.8.3-1]
        return Err(ReasonCode::PROTOCOL_ERROR);
    }
    let identified = subscribe.properties.subscription_identifiers().next();
    if identified.is_some()
        && !config.subscription_identifier_available
        && !rules.breaks(Fault::IdentifiersAcceptedUnavailable)
    {
        // [5 RULE-3.2.2.3.12-1]
        return Err(ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED);
    }
    for subscription in &subscribe.subscriptions {
        let filter = match rules.filter(&subscription.filter, version) {
            Some(filter) => filter,
            None if rules.chooses(Liberty::InvalidFiltersRefusedAlone) => continue,
            None => return Err(ReasonCode::MALFORMED_PACKET),
        };
        if version != ProtocolVersion::V5 {
            continue;
        }
        if let Filter::Shared { .. } = filter {
            if subscription.options.no_local {
                // [5 MQTT-3.8.3-4]
                return Err(ReasonCode::PROTOCOL_ERROR);
            }
            if !config.shared_subscription_available
                && !rules.breaks(Fault::SharedAcceptedUnavailable)
            {
                // [5 RULE-3.2.2.3.13-1]
                return Err(ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED);
            }
        }
        if !config.wildcard_subscription_available
            && has_wildcard(&subscription.filter)
            && !rules.breaks(Fault::WildcardsAcceptedUnavailable)
        {
            // [5 RULE-3.2.2.3.11-1]
            return Err(ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED);
        }
    }
    Ok(())
}

/// Makes or replaces one subscription: the granted QoS, and the subscriber if retained messages are due.
fn make(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    version: ProtocolVersion,
    subscription: &Subscription,
    identifier: Option<u32>,
) -> Result<(QoS, Option<Subscriber>), ReasonCode> {
    let config = &state.rules.config;
    if version != ProtocolVersion::V5
        && !config.wildcard_subscription_available
        && has_wildcard(&subscription.filter)
        && !state.rules.breaks(Fault::WildcardsAcceptedUnavailable)
    {
        // [3.1.1 MQTT-3.8.3-2]
        return Err(ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED);
    }
    if topic::levels(&subscription.filter) > config.maximum_topic_levels {
        return Err(ReasonCode::TOPIC_FILTER_INVALID);
    }
    // A copy of its own, since the client's packet need not live as long as the subscription.
    let whole = ByteString::from(&*subscription.filter);
    let Some(filter) = state.rules.filter(&whole, version) else {
        return Err(ReasonCode::TOPIC_FILTER_INVALID);
    };
    let Some(session) = state.sessions.at_mut(key) else {
        return Err(ReasonCode::UNSPECIFIED_ERROR);
    };
    let (Filter::Own(topics) | Filter::Shared { filter: topics, .. }) = filter;
    let permitted = state
        .rules
        .permits(session.who(), AccessAction::Subscribe, topics);
    // SUBACK of 3.1 has no code for it.
    let refused =
        version != ProtocolVersion::V3_1 && state.rules.refuses(Liberty::SubscriptionsRefused);
    let may = permitted || state.rules.breaks(Fault::RefusedFilterSubscribed);
    if !may || refused {
        return Err(ReasonCode::NOT_AUTHORIZED);
    }
    let known = session.subscriptions.contains_key(&whole);
    if !known && session.subscriptions.len() >= config.maximum_subscriptions {
        return Err(ReasonCode::QUOTA_EXCEEDED);
    }
    let mut granted = Granted {
        options: SubscriptionOptions {
            // [5 MQTT-3.2.2-10]
            qos: subscription
                .options
                .qos
                .min(config.maximum_qos)
                .min(highest_granted(&state.rules)),
            ..subscription.options
        },
        identifier,
        shared: matches!(filter, Filter::Shared { .. }),
    };
    if state.rules.breaks(Fault::SubscribeAboveMaximumQosRefused)
        && subscription.options.qos > config.maximum_qos
    {
        return Err(ReasonCode::UNSPECIFIED_ERROR);
    }
    let mut counts_as_known = known;
    if !state.rules.faults.is_none() {
        let discarded = &state.topics.discarded;
        counts_as_known |= remember(&state.rules, discarded, session, &whole, &mut granted);
    }
    let blocked = state.topics.blocked.get(&session.client);
    if blocked.is_some_and(|filters| filters.contains(&whole)) {
        // Of faults.
        return Ok((granted.options.qos, None));
    }
    if known && state.rules.breaks(Fault::ResubscribeDropsQueue) {
        session.queue.take();
    }
    if known && state.rules.breaks(Fault::ResubscribeKeepsOld) {
        return Ok((granted.options.qos, None));
    }
    // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-3]
    let replaced = session.subscriptions.insert(whole.clone(), granted);
    if let Some(old) = replaced.filter(|old| old.shared != granted.shared) {
        // Made over another protocol version, in which the filter meant something else.
        state.topics.subscriptions.remove(old.filter(&whole), key);
    }
    state
        .topics
        .subscriptions
        .insert(&whole, filter, key, granted);
    turn.hook(HookEvent::SessionSubscribed {
        client: session.client.clone(),
        filter: whole.clone(),
        options: granted.options,
    });
    let subscriber = Subscriber {
        session: key,
        granted,
    };
    if !permitted {
        // Of a fault: subscribed to all the same.
        return Err(ReasonCode::NOT_AUTHORIZED);
    }
    let is_handled = granted.options.retain_handling == RetainHandling::SendIfNew;
    let known = match is_handled {
        true => counts_as_known,
        false => known,
    };
    let retained = retained_due(state, &granted, known);
    Ok((granted.options.qos, retained.then_some(subscriber)))
}

/// Of faults: what is remembered of a filter, and what an earlier subscription to it leaves in the new one. Says whether
/// it counts as one that exists. [5 MQTT-3.8.4-3] [5 MQTT-3.3.1-10]
fn remember(
    rules: &Rules,
    discarded: &BTreeMap<ByteString, Vec<ByteString>>,
    session: &mut Session,
    whole: &ByteString,
    granted: &mut Granted,
) -> bool {
    match session.subscriptions.get(whole) {
        Some(old) => {
            if rules.breaks(Fault::ResubscribeKeepsNoLocal) {
                granted.options.no_local = old.options.no_local;
            }
            if rules.breaks(Fault::ResubscribeKeepsRetainAsPublished) {
                granted.options.retain_as_published = old.options.retain_as_published;
            }
            session.traces.replaced.push((whole.clone(), *old));
        }
        None if session.traces.resumed => session.traces.made.push(whole.clone()),
        None => {}
    }
    session.traces.removed.retain(|(filter, _)| filter != whole);
    let was_there = !session.traces.ever.insert(whole.clone());
    let was_discarded = discarded
        .get(&session.client)
        .is_some_and(|filters| filters.contains(whole));
    was_there && rules.breaks(Fault::RetainHandling1KnowsUnsubscribed) || was_discarded
}

/// Whether the subscription brings retained messages. `known` is whether it existed before.
fn retained_due(state: &State, granted: &Granted, known: bool) -> bool {
    let rules = &state.rules;
    if granted.shared {
        // [5 RULE-3.8.4-2]
        return rules.breaks(Fault::RetainedSentToShared);
    }
    match granted.options.retain_handling {
        // [3.1.1 MQTT-3.8.4-3] [5 MQTT-3.8.4-4]
        RetainHandling::Send if known => !rules.breaks(Fault::RetainedNotSentAgain),
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        RetainHandling::Send => !rules.breaks(Fault::RetainedNotSent),
        // [5 MQTT-3.3.1-10]
        RetainHandling::SendIfNew if known => rules.breaks(Fault::RetainHandling1Repeats),
        RetainHandling::SendIfNew => !rules.breaks(Fault::RetainHandling1Silent),
        // [5 MQTT-3.3.1-11]
        RetainHandling::DoNotSend => rules.breaks(Fault::RetainHandling2Sends),
    }
}

/// The highest QoS that is granted, which may be less than what is supported. [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-7]
fn highest_granted(rules: &Rules) -> QoS {
    if rules.chooses(Liberty::GrantsQos0Alone) {
        QoS::AtMostOnce
    } else if rules.chooses(Liberty::GrantsQos1AtMost) {
        QoS::AtLeastOnce
    } else {
        QoS::ExactlyOnce
    }
}
