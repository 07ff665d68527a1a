//! Faults: subscriptions that are matched, or missed, because wildcards are misread. A broker without faults changes
//! nothing here.

use mqtt_check_codec::topic::{has_wildcard, matches};

use crate::Fault;
use crate::core::rules::Rules;
use crate::core::state::message::Message;
use crate::core::state::session::Sessions;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::{Granted, Matches, Subscriber};
use crate::core::topic::{Filter, is_below};

/// Adds or removes subscriptions by a wrong reading of wildcards. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
pub(crate) fn stray(rules: &Rules, sessions: &Sessions, message: &Message, found: &mut Matches) {
    misread(rules, sessions, message, found);
    if rules.breaks(Fault::PlusHashMissesPlus) {
        let is_missed = |s: &Subscriber| is_missed(sessions, message, s);
        found.own.retain(|subscriber| !is_missed(subscriber));
    }
    let deeper = rules.breaks(Fault::PlusMatchesDeeper);
    let parent = rules.breaks(Fault::PlusMatchesParent);
    let widened = rules.breaks(Fault::RemovedFilterWidensParent);
    if !deeper && !parent && !widened {
        return;
    }
    let topic = &*message.topic;
    let is_strayed = |filter: &str| {
        let further = deeper && filter.ends_with('+') && matches(&format!("{filter}/#"), topic);
        let above = filter.strip_suffix("/+").filter(|_| parent);
        let above = above.is_some_and(|above| matches(above, topic));
        let mut removed = sessions.removed.iter();
        let below =
            widened && is_below(topic, filter) && removed.any(|removed| is_below(removed, filter));
        (further || above || below) && !matches(filter, topic)
    };
    for key in sessions.keys() {
        let Some(session) = sessions.at(key) else {
            continue;
        };
        for (filter, granted) in session.subscriptions.iter() {
            if !granted.shared && is_strayed(filter) {
                let granted = *granted;
                let session = key;
                found.own.push(Subscriber { session, granted });
            }
        }
    }
    found.own.sort_by_key(|subscriber| subscriber.session);
}

/// Removes subscriptions that are missed although they match, and raises the QoS of those with a wildcard.
fn misread(rules: &Rules, sessions: &Sessions, message: &Message, found: &mut Matches) {
    let topic = &*message.topic;
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1] [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
    if rules.breaks(Fault::HashWithoutParent) {
        reread(sessions, topic, found, |filter, granted| {
            let parent = filter.strip_suffix("/#");
            (!parent.is_some_and(|parent| matches(parent, topic))).then_some(granted)
        });
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let has_empty_level = topic.starts_with('/') || topic.contains("//");
    if has_empty_level && rules.breaks(Fault::PlusMissesEmptyLevel) {
        reread(sessions, topic, found, |filter, granted| {
            (!has_empty_plus(filter, topic)).then_some(granted)
        });
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    let has_hash = |s: &Subscriber| {
        let session = sessions.at(s.session);
        session.is_some_and(|session| session.subscriptions.contains_key("#"))
    };
    if topic.starts_with('$')
        && found.own.iter().any(has_hash)
        && rules.breaks(Fault::DollarFilterLostBesideHash)
    {
        found.own.retain(|subscriber| !has_hash(subscriber));
    }
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    let shared = found.shared.iter().map(|(member, _)| member);
    let mut all = found.own.iter().chain(shared);
    if all.any(|s| s.granted.options.qos < message.qos)
        && rules.breaks(Fault::WildcardQosIsPublishers)
    {
        reread(sessions, topic, found, |filter, mut granted| {
            if has_wildcard(filter) {
                granted.options.qos = granted.options.qos.max(message.qos);
            }
            Some(granted)
        });
    }
}

/// Goes through the matching subscriptions with their filters, and changes or removes them.
fn reread(
    sessions: &Sessions,
    topic: &str,
    found: &mut Matches,
    change: impl Fn(&str, Granted) -> Option<Granted>,
) {
    let mut keys: Vec<SessionKey> = found.own.iter().map(|s| s.session).collect();
    keys.dedup();
    found.own.clear();
    for session in keys {
        let own = sessions.at(session).map(|s| s.subscriptions.iter());
        for (filter, granted) in own.into_iter().flatten() {
            if !granted.shared
                && matches(filter, topic)
                && let Some(granted) = change(filter, *granted)
            {
                found.own.push(Subscriber { session, granted });
            }
        }
    }
    found.shared.retain_mut(|(member, whole)| {
        let (Filter::Own(filter) | Filter::Shared { filter, .. }) = member.granted.filter(whole);
        let granted = change(filter, member.granted);
        member.granted = granted.unwrap_or(member.granted);
        granted.is_some()
    });
}

/// Returns whether a `+` of the filter stands for an empty level of the topic that is not its last.
fn has_empty_plus(filter: &str, topic: &str) -> bool {
    let last = topic.matches('/').count();
    let mut levels = filter.split('/').zip(topic.split('/')).take(last);
    levels.any(|(own, level)| own == "+" && level.is_empty())
}

/// Returns whether every matching subscription of the client ends with `+/#`, with its `+` at the topic's last level.
/// [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
fn is_missed(sessions: &Sessions, message: &Message, subscriber: &Subscriber) -> bool {
    let Some(session) = sessions.at(subscriber.session) else {
        return false;
    };
    let topic = &*message.topic;
    let own = session.subscriptions.iter();
    let mut matching = own.filter(|(filter, granted)| !granted.shared && matches(filter, topic));
    matching.all(|(filter, _)| {
        let above = filter.strip_suffix("/#");
        above.is_some_and(|above| above.ends_with('+') && matches(above, topic))
    })
}
