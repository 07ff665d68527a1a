//! Code points that a receiver may refuse: control characters and Unicode non-characters. [3.1.1 section 1.5.3]
//! [5 RULE-1.5.4-2]

use mqtt_check_codec::{DecodeError, Packet, Properties, Property, ReasonCode};

/// Returns whether a packet of a client has such a code point in one of its strings.
pub(crate) fn has_disallowed(packet: &Packet) -> bool {
    match packet {
        Packet::Connect(connect) => {
            let will = connect.will.as_ref();
            is_odd(&connect.client_id)
                || connect.username.as_deref().is_some_and(is_odd)
                || will.is_some_and(|will| is_odd(&will.topic) || among(&will.properties))
                || among(&connect.properties)
        }
        Packet::Publish(publish) => is_odd(&publish.topic) || among(&publish.properties),
        Packet::Subscribe(subscribe) => subscribe.subscriptions.iter().any(|s| is_odd(&s.filter)),
        Packet::Unsubscribe(unsubscribe) => unsubscribe.filters.iter().any(|f| is_odd(f)),
        _ => false,
    }
}

fn among(properties: &Properties) -> bool {
    properties.0.iter().any(|property| match property {
        Property::ContentType(text) | Property::ResponseTopic(text) => is_odd(text),
        Property::UserProperty(name, value) => is_odd(name) || is_odd(value),
        _ => false,
    })
}

fn is_odd(text: &str) -> bool {
    let is_noncharacter = |code: u32| (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE;
    text.chars()
        .any(|c| c.is_control() || is_noncharacter(u32::from(c)))
}

/// The error for such a packet.
pub(crate) fn error(packet: &Packet) -> DecodeError {
    DecodeError {
        packet: packet.packet_type(),
        field: "text",
        offset: 0,
        problem: "a code point that this broker does not take".to_owned(),
        clause: None,
        reason: ReasonCode::MALFORMED_PACKET,
    }
}
