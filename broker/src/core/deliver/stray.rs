//! Faults: subscriptions that are matched, or missed, because wildcards are misread. A broker without faults changes
//! nothing here.

use mqtt_check_codec::topic::matches;

use crate::Fault;
use crate::core::rules::Rules;
use crate::core::state::message::Message;
use crate::core::state::session::Sessions;
use crate::core::state::subscription::{Matches, Subscriber};

/// Adds or removes subscriptions by a wrong reading of wildcards. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
pub(crate) fn stray(rules: &Rules, sessions: &Sessions, message: &Message, found: &mut Matches) {
    if rules.breaks(Fault::PlusHashMissesPlus) {
        let is_missed = |s: &Subscriber| is_missed(sessions, message, s);
        found.own.retain(|subscriber| !is_missed(subscriber));
    }
    let deeper = rules.breaks(Fault::PlusMatchesDeeper);
    let parent = rules.breaks(Fault::PlusMatchesParent);
    if !deeper && !parent {
        return;
    }
    let topic = &*message.topic;
    let is_strayed = |filter: &str| {
        let further = deeper && filter.ends_with('+') && matches(&format!("{filter}/#"), topic);
        let above = filter.strip_suffix("/+").filter(|_| parent);
        let above = above.is_some_and(|above| matches(above, topic));
        (further || above) && !matches(filter, topic)
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
