//! The copy of a message for one session, made according to its subscriptions.

use std::sync::Arc;

use mqtt_check_codec::QoS;

use crate::Fault;
use crate::core::rules::Rules;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::session::Sessions;
use crate::core::state::session_key::SessionKey;
use crate::core::state::subscription::Subscriber;

/// Returns the copy for a session whose subscriptions overlap: at the highest QoS, with every identifier.
/// [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2] [5 MQTT-3.3.4-4] Since there is only one copy, [5 MQTT-3.3.4-5] never applies.
pub(crate) fn combine(
    rules: &Rules,
    sessions: &Sessions,
    message: &Arc<Message>,
    overlapping: &[Subscriber],
) -> Option<Delivery> {
    let publisher_is_subscriber = || {
        sessions
            .at(overlapping[0].session)
            .is_some_and(|session| session.client == message.publisher)
    };
    if !rules.faults.is_none() && is_taken_for_own(rules, sessions, message, overlapping) {
        return None;
    }
    let mut combined: Option<Delivery> = None;
    for (index, subscriber) in overlapping.iter().enumerate() {
        let options = subscriber.granted.options;
        // [5 MQTT-3.8.3-3]
        if options.no_local
            && publisher_is_subscriber()
            && has_no_local(rules, sessions, subscriber.session)
        {
            continue;
        }
        let delivery = copy(rules, message, subscriber);
        match &mut combined {
            None => combined = Some(delivery),
            Some(combined) => {
                combined.qos = if index >= 2 && rules.breaks(Fault::OverlappingOfFirstTwo) {
                    combined.qos
                } else if rules.breaks(Fault::OverlappingLowestQos) {
                    combined.qos.min(delivery.qos)
                } else if rules.breaks(Fault::OverlappingFirstQos)
                    || rules.breaks(Fault::OfflineByFirstQos)
                        && !sessions.is_linked(subscriber.session)
                {
                    combined.qos
                } else if rules.breaks(Fault::OverlappingLastQos) {
                    delivery.qos
                } else {
                    combined.qos.max(delivery.qos)
                };
                combined.retain |= delivery.retain;
                combined.identifiers.extend(delivery.identifiers);
                // [5 MQTT-3.3.4-4]
                if combined.identifiers.len() > 2 && rules.breaks(Fault::IdentifiersBeyondTwoLost) {
                    combined.identifiers.truncate(2);
                }
            }
        }
    }
    combined
}

/// Returns whether No Local has an effect, as it has except for faults. [5 MQTT-3.8.3-3]
pub(crate) fn has_no_local(rules: &Rules, sessions: &Sessions, key: SessionKey) -> bool {
    if rules.faults.is_none() {
        return true;
    }
    let waits = sessions.at(key).is_some_and(|session| {
        let link = session.link.as_ref();
        link.is_some_and(|link| !link.congested) && !session.queue.is_empty()
    });
    !(rules.breaks(Fault::NoLocalIgnored)
        || waits && rules.breaks(Fault::NoLocalIgnoredWhenWaiting))
}

/// For faults: whether No Local wrongly suppresses the whole copy. [5 MQTT-4.5.0-1]
fn is_taken_for_own(
    rules: &Rules,
    sessions: &Sessions,
    message: &Message,
    overlapping: &[Subscriber],
) -> bool {
    if !overlapping.iter().any(|s| s.granted.options.no_local) {
        return false;
    }
    let reader = sessions.at(overlapping[0].session);
    let writer = sessions
        .key(&message.publisher)
        .and_then(|key| sessions.at(key));
    let (Some(reader), Some(writer)) = (reader, writer) else {
        return false;
    };
    reader.client == writer.client && rules.breaks(Fault::NoLocalForOverlapping)
        || reader.user.is_some() && reader.user == writer.user && rules.breaks(Fault::NoLocalByUser)
}

/// Returns the copy for one subscription.
pub(crate) fn copy(rules: &Rules, message: &Arc<Message>, subscriber: &Subscriber) -> Delivery {
    let options = subscriber.granted.options;
    // [3.1.1 MQTT-3.3.1-9] [5 MQTT-3.3.1-12] [5 MQTT-3.3.1-13]
    let keeps = if options.retain_as_published {
        let is_ignored = rules.breaks(Fault::RetainAsPublishedIgnored)
            || message.will && rules.breaks(Fault::WillRetainAsPublishedIgnored);
        !is_ignored
    } else {
        rules.breaks(Fault::RetainFlagKeptLive)
    };
    // [3.1.1 MQTT-3.8.4-6] [5 MQTT-3.8.4-8]
    let mut qos = message.qos.min(options.qos);
    if qos == QoS::AtMostOnce && rules.breaks(Fault::Qos0SentAtQos1) {
        qos = QoS::AtLeastOnce;
    }
    if rules.breaks(Fault::QosNotLowered) {
        qos = message.qos;
    } else if rules.breaks(Fault::QosLoweredTooFar) {
        qos = qos.min(QoS::AtLeastOnce);
    }
    if message.qos == QoS::ExactlyOnce
        && options.qos == QoS::AtLeastOnce
        && rules.breaks(Fault::Qos2NotLoweredToQos1)
    {
        qos = message.qos;
    }
    // [5 MQTT-3.3.4-3]
    let bare = message.will && rules.breaks(Fault::WillWithoutIdentifier);
    let identifier = subscriber.granted.identifier.filter(|_| !bare);
    Delivery {
        message: Arc::clone(message),
        qos,
        retain: message.retain && keeps,
        identifiers: identifier.into_iter().collect(),
        shared: None,
    }
}
