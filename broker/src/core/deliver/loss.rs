//! Faults: what a message loses on one way to its subscribers and keeps on the others. A broker without faults never
//! comes here.

use std::sync::Arc;

use mqtt_check_codec::{Property, QoS};

use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::message::{Delivery, Message};

/// A way to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its session is offline.
    Queued,
    /// Its window is full.
    Waiting,
    /// It did not acknowledge it on an earlier connection.
    Resent,
    /// Its subscription brings it.
    Retained,
    /// It comes by a Shared Subscription.
    Shared,
    /// It is published because a connection ended, at once or after its delay.
    Will,
    /// It is published after its delay.
    DelayedWill,
    /// It is passed on when the publisher releases it.
    Released,
    /// The publisher releases it on a later connection.
    ReleasedLater,
}

/// What is lost.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// Every property but the Message Expiry Interval.
    Properties,
    /// The order of the User Properties.
    Order,
    /// The Subscription Identifiers.
    Identifiers,
    /// The Subscription Identifiers but the first one.
    OtherIdentifiers,
    /// That the granted QoS is lower than the message's.
    GrantedQos,
    /// Any QoS above this one.
    QosAbove(QoS),
    /// RETAIN 1.
    Retain,
    /// That RETAIN 1 is only for who asked for it.
    RetainCleared,
    /// How long the message has waited already.
    Age,
    /// Bytes of the payload that are no text.
    Bytes,
}

const LOSSES: &[(Fault, Way, Loss)] = &[
    (Fault::QueuedPropertiesLost, Way::Queued, Loss::Properties),
    (Fault::QueuedOrderLost, Way::Queued, Loss::Order),
    (Fault::QueuedIdentifiersLost, Way::Queued, Loss::Identifiers),
    (
        Fault::QueuedFirstIdentifierAlone,
        Way::Queued,
        Loss::OtherIdentifiers,
    ),
    (
        Fault::ResentFirstIdentifierAlone,
        Way::Resent,
        Loss::OtherIdentifiers,
    ),
    (Fault::QueuedQosRaised, Way::Queued, Loss::GrantedQos),
    (
        Fault::QueuedQosCut,
        Way::Queued,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (
        Fault::QueuedRetainPassedOn,
        Way::Queued,
        Loss::RetainCleared,
    ),
    (Fault::WaitingPropertiesLost, Way::Waiting, Loss::Properties),
    (
        Fault::WaitingIdentifiersLost,
        Way::Waiting,
        Loss::Identifiers,
    ),
    (Fault::WaitingRetainLost, Way::Waiting, Loss::Retain),
    (Fault::ResentPropertiesLost, Way::Resent, Loss::Properties),
    (Fault::ResentIdentifiersLost, Way::Resent, Loss::Identifiers),
    (Fault::ResentQosRaised, Way::Resent, Loss::GrantedQos),
    (Fault::ResentRetainLost, Way::Resent, Loss::Retain),
    (Fault::ResentExpiryAnew, Way::Resent, Loss::Age),
    (Fault::ResentBytesLost, Way::Resent, Loss::Bytes),
    (
        Fault::RetainedPropertiesLost,
        Way::Retained,
        Loss::Properties,
    ),
    (Fault::RetainedOrderLost, Way::Retained, Loss::Order),
    (Fault::RetainedQosRaised, Way::Retained, Loss::GrantedQos),
    (
        Fault::RetainedQosCut,
        Way::Retained,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (Fault::RetainedExpiryAnew, Way::Retained, Loss::Age),
    (Fault::SharedPropertiesLost, Way::Shared, Loss::Properties),
    (Fault::SharedIdentifiersLost, Way::Shared, Loss::Identifiers),
    (Fault::SharedRetainLost, Way::Shared, Loss::Retain),
    (Fault::WillPropertiesLost, Way::Will, Loss::Properties),
    (
        Fault::WillQosCut,
        Way::Will,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (Fault::WillBytesLost, Way::Will, Loss::Bytes),
    (
        Fault::DelayedWillPropertiesLost,
        Way::DelayedWill,
        Loss::Properties,
    ),
    (
        Fault::DelayedWillQosLost,
        Way::DelayedWill,
        Loss::QosAbove(QoS::AtMostOnce),
    ),
    (Fault::DelayedWillRetainLost, Way::DelayedWill, Loss::Retain),
    (
        Fault::ReleasedPropertiesLost,
        Way::Released,
        Loss::Properties,
    ),
    (Fault::ReleasedRetainLost, Way::Released, Loss::Retain),
    (Fault::ReleasedExpiryAnew, Way::Released, Loss::Age),
    (
        Fault::ReleasedOnResumeAtQos0,
        Way::ReleasedLater,
        Loss::QosAbove(QoS::AtMostOnce),
    ),
    (
        Fault::ReleasedOnResumeNotRetained,
        Way::ReleasedLater,
        Loss::Retain,
    ),
];

fn losses(rules: &Rules, way: Way) -> impl Iterator<Item = Loss> {
    let in_force = move |(fault, of, _): &&(Fault, Way, Loss)| *of == way && rules.breaks(*fault);
    LOSSES.iter().filter(in_force).map(|(_, _, loss)| *loss)
}

/// Whether a QoS 2 message is passed on when it is released, so that it can lose something until then.
pub(crate) fn withholds(rules: &Rules) -> bool {
    let ways = [Way::Released, Way::ReleasedLater];
    ways.iter().any(|way| losses(rules, *way).next().is_some())
}

/// Takes from one copy what is lost on this way.
pub(crate) fn lose(rules: &Rules, way: Way, now: Time, delivery: &mut Delivery) {
    for loss in losses(rules, way) {
        match loss {
            Loss::Identifiers => delivery.identifiers.clear(),
            Loss::OtherIdentifiers => delivery.identifiers.truncate(1),
            Loss::GrantedQos => delivery.qos = delivery.message.qos.max(delivery.qos),
            Loss::QosAbove(highest) => delivery.qos = delivery.qos.min(highest),
            Loss::Retain => delivery.retain = false,
            Loss::RetainCleared => delivery.retain = delivery.message.retain,
            loss => lose_of_message(loss, now, Arc::make_mut(&mut delivery.message)),
        }
    }
}

/// Takes from the message itself what is lost on this way.
pub(crate) fn lose_early(rules: &Rules, way: Way, now: Time, message: &mut Message) {
    for loss in losses(rules, way) {
        lose_of_message(loss, now, message);
    }
}

fn lose_of_message(loss: Loss, now: Time, message: &mut Message) {
    let is_expiry = |property: &Property| matches!(property, Property::MessageExpiryInterval(_));
    match loss {
        Loss::Properties => message.properties.0.retain(is_expiry),
        Loss::Order => message.properties.0.reverse(),
        Loss::QosAbove(highest) => message.qos = message.qos.min(highest),
        Loss::Retain => message.retain = false,
        Loss::Age => message.received_at = now,
        Loss::Bytes => {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            message.payload = text.into();
        }
        Loss::Identifiers | Loss::OtherIdentifiers | Loss::GrantedQos | Loss::RetainCleared => {}
    }
}
