//! The size in bytes of what clients make the broker keep or send. Every limit in bytes uses it.
//!
//! A message weighs what its PUBLISH has on the wire, the topic written out whether a Topic Alias stood for it or not,
//! and what it takes in memory besides: properties are kept apart, and a short one takes far more there than on the
//! wire.

use std::mem::size_of;

use mqtt_check_codec::{Connect, Packet, Properties, Property, Will};

/// What holding one message or packet takes beside its content, its fixed header among it.
pub(crate) const ENTRY: usize = 128;
/// What each property takes in memory beside its bytes on the wire.
pub(crate) const PROPERTY: usize = 72;
/// What each Subscription Identifier of a message that waits takes at most, in memory and on the wire.
pub(crate) const IDENTIFIER: usize = 8;
/// What a session takes beside the names of its client and what it holds.
pub(crate) const SESSION: usize = 768;
/// What a subscription takes beside its Topic Filter.
pub(crate) const SUBSCRIPTION: usize = 320;
/// What a Topic Alias takes beside its topic.
pub(crate) const ALIAS: usize = 64;

const _: () = assert!(size_of::<Property>() <= PROPERTY);
const _: () = assert!(size_of::<Packet>() <= ENTRY);

/// The weight of a message with this content.
pub(crate) fn of_message(topic: &str, payload: &[u8], properties: &Properties) -> usize {
    ENTRY + topic.len() + payload.len() + of_properties(properties)
}

/// What the largest Remaining Length leaves for topic, payload and properties of a PUBLISH: the lengths of two of them,
/// the Packet Identifier, and a Message Expiry Interval that a choice adds.
const LARGEST_CONTENT: usize = 268_435_455 - (2 + 4 + 2 + 5);
/// The most that one property has on the wire: a User Property of two strings as long as they can be.
const LARGEST_PROPERTY: usize = 1 + 2 * (2 + 65_535);

/// Whether a PUBLISH can carry this message with its topic written out. What a client sent may be larger than that,
/// where a Topic Alias stood for the topic.
pub(crate) fn fits_a_packet(topic: &str, payload: &[u8], properties: &Properties) -> bool {
    let bare = topic.len() + payload.len();
    // Few messages are so large that their properties must be counted one by one.
    bare + LARGEST_PROPERTY * properties.0.len() <= LARGEST_CONTENT
        || bare + properties.encoded_size() <= LARGEST_CONTENT
}

/// The weight of a packet on its way to a client: the shell holds those.
#[cfg(feature = "shell")]
pub(crate) fn of_packet(packet: &Packet) -> usize {
    let rest = match packet {
        Packet::Publish(publish) => {
            return of_message(&publish.topic, &publish.payload, &publish.properties);
        }
        Packet::ConnAck(p) => of_properties(&p.properties),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            of_properties(&p.properties)
        }
        Packet::SubAck(p) => p.reasons.len() + of_properties(&p.properties),
        Packet::UnsubAck(p) => p.reasons.len() + of_properties(&p.properties),
        Packet::Disconnect(p) => of_properties(&p.properties),
        Packet::Auth(p) => of_properties(&p.properties),
        // What only clients send, and what has nothing in it.
        _ => 0,
    };
    ENTRY + rest
}

/// The weight of a Will.
pub(crate) fn of_will(will: &Will) -> usize {
    of_message(&will.topic, &will.payload, &will.properties)
}

/// The weight of a session without subscriptions, messages and Will.
pub(crate) fn of_session(client: &str, user: Option<&str>) -> usize {
    SESSION + client.len() + user.map_or(0, str::len)
}

/// The weight of a subscription.
pub(crate) fn of_subscription(filter: &str) -> usize {
    SUBSCRIPTION + filter.len()
}

/// The weight of a Topic Alias.
pub(crate) fn of_alias(topic: &str) -> usize {
    ALIAS + topic.len()
}

/// The weight of a CONNECT that waits until its client has proven who it is.
pub(crate) fn of_connect(connect: &Connect) -> usize {
    let names = connect.client_id.len() + connect.username.as_ref().map_or(0, |name| name.len());
    let password = connect
        .password
        .as_ref()
        .map_or(0, |password| password.len());
    let will = connect.will.as_ref().map_or(0, of_will);
    SESSION + names + password + will + of_properties(&connect.properties)
}

pub(crate) fn of_properties(properties: &Properties) -> usize {
    properties.encoded_size() + PROPERTY * properties.0.len()
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{Form, ProtocolVersion, Publish, QoS};

    use super::*;

    #[test]
    fn is_never_less_than_the_size_on_the_wire() {
        let long = "x".repeat(60_000);
        for count in [0, 1, 3, 1_000] {
            let property = Property::UserProperty("k".into(), long.clone().into());
            let publish = Packet::Publish(Publish {
                dup: false,
                qos: QoS::AtMostOnce,
                retain: false,
                topic: "t".into(),
                packet_id: None,
                properties: std::iter::repeat_n(property, count).collect(),
                payload: "payload".into(),
            });
            let size = publish.encoded_size(ProtocolVersion::V5, Form::Full);
            let size = size.expect("fits");
            let weight = of_packet(&publish);
            assert!(weight >= size, "{weight} of {size}");
            assert!(weight <= size + ENTRY + count * PROPERTY);
        }
    }
}
