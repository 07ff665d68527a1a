//! Which clause is cited for what a broker did or failed to do, if the step cites none about it.

use mqtt_check_codec::{PacketType, ProtocolVersion, QoS};
use mqtt_check_websocket::{Fault, Opcode};

use super::super::charge::Rule;
use super::super::monitor::is_from_server;
use crate::requirements::{self, document};

/// Something that a broker did, or failed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A packet of this type is missing.
    Missing(PacketType),
    /// A message did not come on a resumed session that it had been sent on before.
    NotResent,
    /// A retained message did not come.
    NotRetained,
    /// A packet of this type came with a field that no clause alone speaks of.
    Field(PacketType),
    /// A CONNECT was refused, or not with the right code.
    Refused,
    /// A packet of this type was received that nothing calls for.
    Extra(PacketType),
    /// A message came that was published after the client had unsubscribed from its topic.
    Unsubscribed,
    /// A message of this QoS was received again.
    Repeated(QoS),
    /// The connection was not closed.
    StayedOpen,
    /// The broker cannot be connected to.
    Unreachable,
    /// Bytes that are no packet of MQTT.
    Unreadable,
    /// The upgrade to WebSocket.
    Upgrade,
    /// A WebSocket frame of this type.
    ControlFrame(Opcode),
    /// A WebSocket frame that may not be sent.
    FrameFault(Fault),
    /// The broker's own events.
    Hooks,
}

/// Whether a clause that a step cites, and that speaks of no aspect alone, can be broken by this event.
pub(super) fn can_break(event: Event, id: &str, version: ProtocolVersion) -> bool {
    match event {
        // No step speaks of packets that no server sends at all.
        Event::Extra(packet) if !is_from_server(packet, version) => {
            id == default(event, version).id()
        }
        // Clauses on messages do not speak of the answers to other requests.
        Event::Missing(packet) | Event::Extra(packet)
            if is_answer_to_request(packet) && is_on_messages(id, version) =>
        {
            false
        }
        Event::Missing(packet) if is_on_content(packet, id, version) => false,
        // A CONNECT that is not answered is another fault than a session that is not kept.
        Event::Missing(PacketType::CONNACK) => match document(version) {
            ProtocolVersion::V5 => !is_on_kept_sessions(id, version),
            _ => id != "MQTT-3.1.2-4" && !is_on_kept_sessions(id, version),
        },
        // So is one that is refused. To begin a session is to accept it.
        Event::Refused => !is_on_kept_sessions(id, version),
        // What has never been sent is not sent again.
        Event::Missing(PacketType::PUBLISH) => id != "MQTT-4.4.0-1",
        Event::NotRetained => !matches!(id, "MQTT-4.4.0-1" | "MQTT-4.5.0-1"),
        // That a message is added to the session tells nothing of the rest of its delivery, nor of one that came before,
        // or too often.
        Event::Missing(_)
        | Event::NotResent
        | Event::Unsubscribed
        | Event::Extra(_)
        | Event::Repeated(_) => id != "MQTT-4.5.0-1",
        _ => true,
    }
}

const fn is_answer_to_request(packet: PacketType) -> bool {
    matches!(
        packet,
        PacketType::CONNACK | PacketType::SUBACK | PacketType::UNSUBACK | PacketType::PINGRESP
    )
}

/// Whether a clause is on a session that is kept, or not, when its connection ends.
fn is_on_kept_sessions(id: &str, version: ProtocolVersion) -> bool {
    match document(version) {
        ProtocolVersion::V5 => matches!(
            id,
            "MQTT-3.1.2-5" | "MQTT-3.1.2-23" | "MQTT-4.1.0-1" | "MQTT-4.1.0-2"
        ),
        _ => matches!(id, "MQTT-3.1.2-5" | "MQTT-4.1.0-1"),
    }
}

/// Whether a clause is on what an answer says, or on what the server does besides: that it does not come at all is
/// against the clause which calls for it.
fn is_on_content(packet: PacketType, id: &str, version: ProtocolVersion) -> bool {
    let is_5 = document(version) == ProtocolVersion::V5;
    let is_on_text = is_5 && id == "MQTT-3.1.2-29";
    match packet {
        PacketType::SUBACK => {
            let is_on_codes = match is_5 {
                true => matches!(
                    id,
                    "MQTT-3.8.4-6" | "MQTT-3.8.4-7" | "MQTT-3.9.2-1" | "MQTT-3.9.2-2"
                ),
                false => matches!(id, "MQTT-3.1.2-4"),
            };
            is_on_codes
                || is_on_text
                || matches!(
                    id,
                    "MQTT-3.8.4-2"
                        | "MQTT-3.8.4-3"
                        | "MQTT-3.8.4-4"
                        | "MQTT-3.8.4-5"
                        | "MQTT-3.9.3-1"
                        | "MQTT-3.9.3-2"
                        | "MQTT-4.7.3-4"
                        | "RULE-4.7.3-1"
                        | "MQTT-6.0.0-1"
                )
        }
        PacketType::UNSUBACK => {
            is_on_text
                || matches!(
                    id,
                    "MQTT-3.10.4-1"
                        | "MQTT-3.10.4-6"
                        | "MQTT-3.11.2-1"
                        | "MQTT-3.11.2-2"
                        | "MQTT-3.11.3-1"
                        | "MQTT-3.11.3-2"
                )
        }
        _ => false,
    }
}

/// Whether a clause is on what becomes of messages: on PUBLISH, QoS, order, or on subscriptions in version 5.
fn is_on_messages(id: &str, version: ProtocolVersion) -> bool {
    let sections: &[&str] = match document(version) {
        ProtocolVersion::V5 => &["3.3.", "4.3.", "4.4.", "4.5.", "4.6.", "4.8."],
        _ => &["3.3.", "4.3.", "4.4.", "4.5.", "4.6."],
    };
    match id {
        // What an UNSUBSCRIBE changes for messages.
        "MQTT-3.10.4-2" | "MQTT-3.10.4-3" => return true,
        // What a SUBSCRIBE must look like.
        "MQTT-4.8.2-1" | "MQTT-4.8.2-2" => return false,
        _ => {}
    }
    requirements::find(version, id).is_some_and(|clause| {
        let number = clause.section_number();
        sections.iter().any(|section| number.starts_with(section))
    })
}

/// The rule in this version.
pub(super) fn default(event: Event, version: ProtocolVersion) -> Rule {
    let is_5 = document(version) == ProtocolVersion::V5;
    let by_version = |old, new| Rule::new(if is_5 { new } else { old });
    match event {
        Event::Missing(packet) => missing(packet, is_5),
        Event::NotResent => Rule::new("MQTT-4.4.0-1"),
        Event::NotRetained => by_version("MQTT-3.3.1-6", "MQTT-3.3.1-9"),
        Event::Field(packet) => field(packet, is_5),
        Event::Refused => field(PacketType::CONNACK, is_5),
        Event::Extra(packet) => extra(packet, is_5),
        Event::Unsubscribed => Rule::new("MQTT-3.10.4-2"),
        Event::Repeated(QoS::AtMostOnce) => Rule::new("MQTT-4.3.1-1"),
        Event::Repeated(QoS::AtLeastOnce) => by_version("MQTT-4.3.2-1", "MQTT-4.4.0-1"),
        Event::Repeated(QoS::ExactlyOnce) => by_version("MQTT-4.3.3-1", "MQTT-4.4.0-1"),
        Event::StayedOpen => by_version("MQTT-4.8.0-1", "MQTT-4.13.1-1"),
        Event::Unreachable => by_version("MQTT-7.1.1-1", "MQTT-4.2.0-1"),
        Event::Unreadable => by_version("RULE-2.1-1", "RULE-2.1.1-1"),
        Event::Upgrade => Rule::new("RFC 6455, 4.2.2"),
        Event::ControlFrame(Opcode::CLOSE) => Rule::new("RFC 6455, 5.5.1"),
        Event::ControlFrame(_) => Rule::new("RFC 6455, 5.5.2"),
        Event::FrameFault(fault) => frame(fault),
        Event::Hooks => Rule::new("the order of hook events"),
    }
}

/// The answer that is due, or the message.
fn missing(packet: PacketType, is_5: bool) -> Rule {
    let (old, new) = match packet {
        PacketType::CONNACK => ("MQTT-3.1.4-4", "MQTT-3.1.4-5"),
        PacketType::PUBACK => ("MQTT-4.3.2-2", "MQTT-4.3.2-4"),
        PacketType::PUBREC => ("MQTT-4.3.3-2", "MQTT-4.3.3-8"),
        PacketType::PUBREL => ("MQTT-4.3.3-1", "MQTT-4.3.3-4"),
        PacketType::PUBCOMP => ("MQTT-4.3.3-2", "MQTT-4.3.3-11"),
        PacketType::SUBACK => ("MQTT-3.8.4-1", "MQTT-3.8.4-1"),
        PacketType::UNSUBACK => ("MQTT-3.10.4-4", "MQTT-3.10.4-4"),
        PacketType::PINGRESP => ("MQTT-3.12.4-1", "MQTT-3.12.4-1"),
        PacketType::DISCONNECT => ("MQTT-4.8.0-1", "MQTT-4.13.2-1"),
        PacketType::AUTH => ("MQTT-3.1.4-4", "MQTT-4.12.0-2"),
        _ => ("MQTT-4.5.0-1", "MQTT-4.5.0-1"),
    };
    Rule::new(if is_5 { new } else { old })
}

/// A code, mostly.
fn field(packet: PacketType, is_5: bool) -> Rule {
    let (old, new) = match packet {
        PacketType::PUBACK => ("MQTT-4.3.2-2", "MQTT-3.4.2-1"),
        PacketType::PUBREC => ("MQTT-4.3.3-2", "MQTT-3.5.2-1"),
        PacketType::PUBREL => ("MQTT-4.3.3-1", "MQTT-3.6.2-1"),
        PacketType::PUBCOMP => ("MQTT-4.3.3-2", "MQTT-3.7.2-1"),
        PacketType::SUBACK => ("MQTT-3.8.4-5", "MQTT-3.8.4-7"),
        PacketType::UNSUBACK => ("MQTT-3.10.4-4", "MQTT-3.11.3-2"),
        PacketType::DISCONNECT => ("RULE-2.2.1-1", "MQTT-3.14.2-1"),
        PacketType::AUTH => ("RULE-2.2.1-1", "MQTT-3.15.2-1"),
        other => return missing(other, is_5),
    };
    Rule::new(if is_5 { new } else { old })
}

/// What answers nothing, or a message that no subscription calls for.
fn extra(packet: PacketType, is_5: bool) -> Rule {
    let (old, new) = match packet {
        PacketType::CONNACK => ("RULE-3.2-1", "MQTT-3.2.0-2"),
        PacketType::PUBLISH => ("MQTT-3.3.2-3", "MQTT-3.3.2-3"),
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP => {
            ("MQTT-2.3.1-6", "MQTT-2.2.1-5")
        }
        PacketType::SUBACK | PacketType::UNSUBACK => ("MQTT-2.3.1-7", "MQTT-2.2.1-6"),
        PacketType::PINGRESP => ("MQTT-3.12.4-1", "MQTT-3.12.4-1"),
        PacketType::DISCONNECT => ("RULE-2.2.1-1", "MQTT-3.14.2-1"),
        PacketType::AUTH => ("RULE-2.2.1-1", "MQTT-4.12.0-6"),
        _ => ("RULE-2.2.1-1", "RULE-2.1.2-1"),
    };
    Rule::new(if is_5 { new } else { old })
}

fn frame(fault: Fault) -> Rule {
    Rule::new(match fault {
        // What continues nothing is no binary frame either.
        Fault::Text | Fault::NothingToContinue => "MQTT-6.0.0-1",
        Fault::ReservedBits(_) | Fault::UnknownOpcode(_) | Fault::LengthForm | Fault::Length => {
            "RFC 6455, 5.2"
        }
        Fault::FragmentedControl | Fault::LongControl => "RFC 6455, 5.5",
        Fault::Unmasked | Fault::Masked => "RFC 6455, 5.1",
        Fault::MessageWithinMessage => "RFC 6455, 5.4",
        Fault::CloseForm => "RFC 6455, 5.5.1",
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::charge::is_clause;
    use super::*;

    #[test]
    fn cites_only_what_the_catalogue_knows() {
        let types = (0..16).map(PacketType);
        let of_packets = types.flat_map(|t| [Event::Missing(t), Event::Field(t), Event::Extra(t)]);
        let of_qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].map(Event::Repeated);
        let others = [
            Event::NotResent,
            Event::NotRetained,
            Event::Refused,
            Event::Unsubscribed,
            Event::StayedOpen,
            Event::Unreachable,
            Event::Unreadable,
            Event::FrameFault(Fault::Text),
        ];
        for event in of_packets.chain(of_qos).chain(others) {
            for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
                let rule = default(event, version).id();
                assert!(is_clause(rule), "{event:?}: {rule}");
                let known = requirements::find(version, rule);
                assert!(known.is_some(), "{event:?}: [{version} {rule}]");
            }
        }
    }
}
