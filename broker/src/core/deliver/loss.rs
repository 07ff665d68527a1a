//! Faults: what a message loses on one delivery path and keeps on the others. A broker without faults loses nothing
//! here.

use std::sync::Arc;

use mqtt_check_codec::{Properties, Property, QoS};

use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::message::{Delivery, Message};

/// A delivery path to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The session is offline, so the message is queued.
    Queued,
    /// The client's window is full, so the message waits.
    Waiting,
    /// The message was not acknowledged on an earlier connection, so it is sent again.
    Resent,
    /// A new subscription causes the delivery of a retained message.
    Retained,
    /// The message is delivered to a Shared Subscription.
    Shared,
    /// The message is a Will, published when the connection ends or after the delay.
    Will,
    /// The message is a Will, published after its delay.
    DelayedWill,
    /// The message has QoS 2 and is delivered when the publisher releases it.
    Released,
    /// Like [`Way::Released`], but the publisher releases the message on a later connection.
    ReleasedLater,
    /// The Receive Maximum holds it back before it is sent again.
    HeldBack,
    /// A member of a Shared Subscription that is gone leaves it to another.
    Inherited,
}

/// What the message loses.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// Every property except the Message Expiry Interval.
    Properties,
    /// The order of the properties.
    Order,
    /// The Subscription Identifiers.
    Identifiers,
    /// The Subscription Identifiers except the first.
    OtherIdentifiers,
    /// The limit of the granted QoS: the message keeps its own, higher QoS.
    GrantedQos,
    /// A QoS above this one.
    QosAbove(QoS),
    /// The value 1 of RETAIN.
    Retain,
    /// The clearing of RETAIN, so that its value is passed on to every subscriber.
    RetainCleared,
    /// Properties of more than 255 bytes.
    LongProperties,
    /// As many bytes of the payload as two bytes cannot count.
    Beyond64k,
    /// The time that the message has waited.
    Age,
    /// Bytes of the payload that are not UTF-8.
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
    (Fault::WaitingOrderLost, Way::Waiting, Loss::Order),
    (Fault::WaitingQosRaised, Way::Waiting, Loss::GrantedQos),
    (
        Fault::WaitingQosCut,
        Way::Waiting,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (
        Fault::WaitingRetainPassedOn,
        Way::Waiting,
        Loss::RetainCleared,
    ),
    (
        Fault::WaitingFirstIdentifierAlone,
        Way::Waiting,
        Loss::OtherIdentifiers,
    ),
    (Fault::WaitingBytesLost, Way::Waiting, Loss::Bytes),
    (Fault::QueuedBytesLost, Way::Queued, Loss::Bytes),
    (Fault::ResentOrderLost, Way::Resent, Loss::Order),
    (
        Fault::ResentQosCut,
        Way::Resent,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (
        Fault::ResentRetainPassedOn,
        Way::Resent,
        Loss::RetainCleared,
    ),
    (Fault::RetainedBytesLost, Way::Retained, Loss::Bytes),
    (Fault::SharedOrderLost, Way::Shared, Loss::Order),
    (
        Fault::SharedQosCut,
        Way::Shared,
        Loss::QosAbove(QoS::AtLeastOnce),
    ),
    (
        Fault::SharedRetainPassedOn,
        Way::Shared,
        Loss::RetainCleared,
    ),
    (Fault::SharedBytesLost, Way::Shared, Loss::Bytes),
    (
        Fault::QueuedLongPropertiesLost,
        Way::Queued,
        Loss::LongProperties,
    ),
    (
        Fault::WaitingLongPropertiesLost,
        Way::Waiting,
        Loss::LongProperties,
    ),
    (
        Fault::ResentLongPropertiesLost,
        Way::Resent,
        Loss::LongProperties,
    ),
    (
        Fault::RetainedLongPropertiesLost,
        Way::Retained,
        Loss::LongProperties,
    ),
    (
        Fault::SharedLongPropertiesLost,
        Way::Shared,
        Loss::LongProperties,
    ),
    (
        Fault::WillLongPropertiesLost,
        Way::Will,
        Loss::LongProperties,
    ),
    (
        Fault::ReleasedLaterLongPropertiesLost,
        Way::ReleasedLater,
        Loss::LongProperties,
    ),
    (Fault::QueuedBeyond64kCut, Way::Queued, Loss::Beyond64k),
    (Fault::WaitingBeyond64kCut, Way::Waiting, Loss::Beyond64k),
    (Fault::ResentBeyond64kCut, Way::Resent, Loss::Beyond64k),
    (Fault::RetainedBeyond64kCut, Way::Retained, Loss::Beyond64k),
    (Fault::SharedBeyond64kCut, Way::Shared, Loss::Beyond64k),
    (
        Fault::ReleasedLaterBeyond64kCut,
        Way::ReleasedLater,
        Loss::Beyond64k,
    ),
    (
        Fault::HeldBackPropertiesLost,
        Way::HeldBack,
        Loss::Properties,
    ),
    (
        Fault::HeldBackIdentifiersLost,
        Way::HeldBack,
        Loss::Identifiers,
    ),
    (Fault::HeldBackRetainLost, Way::HeldBack, Loss::Retain),
    (
        Fault::ReassignedPropertiesLost,
        Way::Inherited,
        Loss::Properties,
    ),
    (Fault::ReassignedExpiryRestarts, Way::Inherited, Loss::Age),
];

fn losses(rules: &Rules, way: Way) -> impl Iterator<Item = Loss> {
    let in_force = move |(fault, of, _): &&(Fault, Way, Loss)| *of == way && rules.breaks(*fault);
    LOSSES.iter().filter(in_force).map(|(_, _, loss)| *loss)
}

/// Returns whether a QoS 2 message is held back until it is released, because a fault in force needs it.
pub(crate) fn withholds(rules: &Rules) -> bool {
    let ways = [Way::Released, Way::ReleasedLater];
    ways.iter().any(|way| losses(rules, *way).next().is_some())
}

/// Removes from one copy what is lost on this path.
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

/// Removes from the message itself what is lost on this path.
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
        Loss::LongProperties => {
            let size = |property: &Property| Properties(vec![property.clone()]).encoded_size();
            message
                .properties
                .0
                .retain(|property| size(property) <= 255);
        }
        Loss::Beyond64k => {
            let length = message.payload.len() % 0x1_0000;
            message.payload.truncate(length);
        }
        Loss::Age => message.received_at = now,
        Loss::Bytes => {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            message.payload = text.into();
        }
        Loss::Identifiers | Loss::OtherIdentifiers | Loss::GrantedQos | Loss::RetainCleared => {}
    }
}
