//! The weight, in bytes, of what clients make the broker keep or send. Every limit in bytes uses it.
//!
//! A message weighs as much as its PUBLISH on the wire, with the topic written out even if a Topic Alias replaced it,
//! plus its overhead in memory: properties are stored separately, and a short one takes far more memory than it has
//! bytes on the wire.

use std::mem::size_of;

use mqtt_check_codec::{Connect, Packet, Properties, Property, Will};

/// Overhead of one message or packet in addition to its content, including its fixed header.
pub(crate) const ENTRY: usize = 128;
/// Memory of each property in addition to its bytes on the wire.
pub(crate) const PROPERTY: usize = 72;
/// The most that one Subscription Identifier of a waiting message takes, in memory and on the wire.
pub(crate) const IDENTIFIER: usize = 8;
/// Overhead of a session in addition to the names of its client and its contents.
pub(crate) const SESSION: usize = 768;
/// Overhead of a subscription in addition to its Topic Filter.
pub(crate) const SUBSCRIPTION: usize = 320;
/// Overhead of a Topic Alias in addition to its topic.
pub(crate) const ALIAS: usize = 64;

const _: () = assert!(size_of::<Property>() <= PROPERTY);
const _: () = assert!(size_of::<Packet>() <= ENTRY);

/// Returns the weight of a message with this content.
pub(crate) fn of_message(topic: &str, payload: &[u8], properties: &Properties) -> usize {
    ENTRY + topic.len() + payload.len() + of_properties(properties)
}

/// The room that the largest Remaining Length leaves for topic, payload and properties of a PUBLISH. The rest is for
/// the lengths of topic and properties, the Packet Identifier, and a Message Expiry Interval that a permitted variation
/// adds.
const LARGEST_CONTENT: usize = 268_435_455 - (2 + 4 + 2 + 5);
/// The most bytes that one property has on the wire: a User Property of two strings of the maximum length.
const LARGEST_PROPERTY: usize = 1 + 2 * (2 + 65_535);

/// Returns whether a PUBLISH can carry this message with its topic written out. A client can send a larger message if a
/// Topic Alias replaces the topic.
pub(crate) fn fits_a_packet(topic: &str, payload: &[u8], properties: &Properties) -> bool {
    let bare = topic.len() + payload.len();
    // Only for very large messages must the properties be counted one by one.
    bare + LARGEST_PROPERTY * properties.0.len() <= LARGEST_CONTENT
        || bare + properties.encoded_size() <= LARGEST_CONTENT
}

/// Returns the weight of a packet that the shell holds until it is written to a client.
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
        // Packets that only clients send, and packets without content.
        _ => 0,
    };
    ENTRY + rest
}

/// Returns the weight of a Will.
pub(crate) fn of_will(will: &Will) -> usize {
    of_message(&will.topic, &will.payload, &will.properties)
}

/// Returns the weight of a session without subscriptions, messages and Will.
pub(crate) fn of_session(client: &str, user: Option<&str>) -> usize {
    SESSION + client.len() + user.map_or(0, str::len)
}

/// Returns the weight of a subscription.
pub(crate) fn of_subscription(filter: &str) -> usize {
    SUBSCRIPTION + filter.len()
}

/// Returns the weight of a Topic Alias.
pub(crate) fn of_alias(topic: &str) -> usize {
    ALIAS + topic.len()
}

/// Returns the weight of a CONNECT that waits until its client has authenticated.
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
