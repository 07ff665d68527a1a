//! Faults in the handling of a client's Topic Aliases. A broker without faults changes nothing here.

use bytestring::ByteString;
use mqtt_check_codec::{Publish, QoS};

use crate::Fault;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::link::Link;

/// Returns whether an alias that is set is remembered. [5 MQTT-3.3.2-12]
pub(super) fn is_kept(rules: &Rules, link: &Link, alias: u16, publish: &Publish) -> bool {
    let known = &link.aliases_in;
    let has_another = || {
        let mut others = known.iter().filter(|(other, _)| **other != alias);
        others.any(|(_, topic)| *topic == publish.topic)
    };
    !(known.contains_key(&alias) && rules.breaks(Fault::AliasNotRemapped)
        || known.len() >= 8
            && !known.contains_key(&alias)
            && rules.breaks(Fault::AliasesBeyondEightForgotten)
        || publish.qos == QoS::AtMostOnce && rules.breaks(Fault::AliasOfQos0NotKept)
        || rules.breaks(Fault::SecondAliasNotKept) && has_another())
}

/// For a fault: forgets the lowest of more than 16 aliases. [5 MQTT-3.3.2-12]
pub(super) fn forget_lowest(rules: &Rules, link: &mut Link) {
    let has_many = !rules.faults.is_none() && link.aliases_in.len() > 16;
    if has_many && rules.breaks(Fault::OldestAliasForgotten) {
        link.aliases_in.pop_first();
    }
}

/// Applies faults after an alias has given its topic to a message. [5 MQTT-3.3.1-5] [5 MQTT-3.3.1-6] [5 MQTT-3.3.2-12]
pub(super) fn used(rules: &Rules, link: &mut Link, alias: u16, publish: &mut Publish) {
    if rules.breaks(Fault::AliasUsedOnce) {
        link.aliases_in.remove(&alias);
    }
    // [5 MQTT-4.5.0-1]
    if publish.topic.len() > 255 && rules.breaks(Fault::LongTopicsCutByAlias) {
        publish.topic = ByteString::from(publish.topic.chars().take(255).collect::<String>());
    }
    if rules.breaks(Fault::AliasedNotRetained) {
        publish.retain = false;
    }
}

/// For a fault: gives the new topic of an alias to all other clients that have set the same alias. [5 MQTT-3.3.2-3]
pub(super) fn spread(state: &mut State, alias: u16, topic: &ByteString) {
    if !state.rules.breaks(Fault::AliasesSharedByClients) {
        return;
    }
    for key in state.sessions.keys() {
        let session = state.sessions.at_mut(key);
        let link = session.and_then(|session| session.link.as_mut());
        if let Some(old) = link.and_then(|link| link.aliases_in.get_mut(&alias)) {
            *old = topic.clone();
        }
    }
}
