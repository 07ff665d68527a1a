//! Which clause is cited for what a broker did or failed to do, if the step cites none about it.

use mqtt_check_codec::{PacketType, ProtocolVersion, QoS};
use mqtt_check_websocket::{Fault, Opcode};

use super::super::charge::Rule;
use super::super::monitor::is_from_server;
use super::retained::Obsolete;
use crate::requirements::{self, document};

/// Something that a broker did, or failed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A packet of this type is missing.
    Missing(PacketType),
    /// A message that was sent before was not sent again on a resumed session.
    NotResent,
    /// A retained message is missing.
    NotRetained,
    /// A packet of this type has an unexpected field that no clause is specifically about.
    Field(PacketType),
    /// A CONNECT was refused, or was refused with the wrong code.
    Refused,
    /// A packet of this type was received that nothing calls for.
    Extra(PacketType),
    /// A message was received that was published after the client had unsubscribed from its topic.
    Unsubscribed,
    /// A message was received for the first time after its Message Expiry Interval.
    Expired,
    /// A client received its own message although it subscribed with No Local.
    Own,
    /// A new subscription brought a message that should not have been retained.
    Obsolete(Obsolete),
    /// A message of this QoS was received again.
    Repeated(QoS),
    /// The connection was not closed.
    StayedOpen,
    /// It was not possible to connect to the broker.
    Unreachable,
    /// Bytes that are not an MQTT packet.
    Unreadable,
    /// A failed upgrade to WebSocket.
    Upgrade,
    /// A missing WebSocket frame of this type.
    ControlFrame(Opcode),
    /// A WebSocket frame that must not be sent.
    FrameFault(Fault),
    /// The broker's own hook events.
    Hooks,
}

/// Returns whether this event can break a clause that a step cites. The clause is not specific to one aspect.
pub(super) fn can_break(event: Event, id: &str, version: ProtocolVersion) -> bool {
    match event {
        // No step's clause is about packets that no server ever sends.
        Event::Extra(packet) if !is_from_server(packet, version) => {
            id == default(event, version).id()
        }
        // Clauses on messages do not cover the answers to other requests.
        Event::Missing(packet) | Event::Extra(packet)
            if is_answer_to_request(packet) && is_on_messages(id, version) =>
        {
            false
        }
        Event::Missing(packet) if is_on_content(packet, id, version) => false,
        // Not answering a CONNECT is a different fault from not keeping or not beginning a session.
        Event::Missing(PacketType::CONNACK) => {
            !matches!(id, "MQTT-3.1.2-4" | "MQTT-3.1.2-6") && !is_on_kept_sessions(id, version)
        }
        // So is refusing one. A clause on beginning a session does count: to begin one, the CONNECT must be accepted.
        Event::Refused => !is_on_kept_sessions(id, version),
        // What has never been sent cannot be sent again.
        Event::Missing(PacketType::PUBLISH) => id != "MQTT-4.4.0-1",
        Event::NotRetained | Event::Obsolete(_) => !matches!(id, "MQTT-4.4.0-1" | "MQTT-4.5.0-1"),
        // The clause that a message is added to the session does not cover the rest of its delivery, nor a message that
        // is received again or unasked for.
        Event::Missing(_)
        | Event::NotResent
        | Event::Unsubscribed
        | Event::Expired
        | Event::Own
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

/// Returns whether a clause is about keeping or discarding a session when its connection ends.
fn is_on_kept_sessions(id: &str, version: ProtocolVersion) -> bool {
    match document(version) {
        ProtocolVersion::V5 => matches!(
            id,
            "MQTT-3.1.2-5" | "MQTT-3.1.2-23" | "MQTT-4.1.0-1" | "MQTT-4.1.0-2"
        ),
        _ => matches!(id, "MQTT-3.1.2-5" | "MQTT-4.1.0-1"),
    }
}

/// Returns whether a clause is about the content of an answer, or about what else the server does. If the answer is
/// missing altogether, the clause that calls for it is broken instead.
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
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBCOMP => id == "MQTT-4.7.3-4",
        _ => false,
    }
}

/// Returns whether a clause is about the fate of messages: PUBLISH, QoS, order, or subscriptions in version 5.
fn is_on_messages(id: &str, version: ProtocolVersion) -> bool {
    let sections: &[&str] = match document(version) {
        ProtocolVersion::V5 => &["3.3.", "4.3.", "4.4.", "4.5.", "4.6.", "4.8."],
        _ => &["3.3.", "4.3.", "4.4.", "4.5.", "4.6."],
    };
    match id {
        // The effect of an UNSUBSCRIBE on messages.
        "MQTT-3.10.4-2" | "MQTT-3.10.4-3" => return true,
        // The required form of a SUBSCRIBE.
        "MQTT-4.8.2-1" | "MQTT-4.8.2-2" => return false,
        _ => {}
    }
    requirements::find(version, id).is_some_and(|clause| {
        let number = clause.section_number();
        sections.iter().any(|section| number.starts_with(section))
    })
}

/// Returns the default rule for an event in this version.
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
        Event::Expired => Rule::new("MQTT-3.3.2-5"),
        Event::Own => Rule::new("MQTT-3.8.3-3"),
        Event::Obsolete(Obsolete::Replaced) => Rule::new("MQTT-3.3.1-5"),
        Event::Obsolete(Obsolete::Removed) => by_version("MQTT-3.3.1-10", "MQTT-3.3.1-6"),
        Event::Obsolete(Obsolete::NotRetained) => by_version("MQTT-3.3.1-12", "MQTT-3.3.1-8"),
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

/// Returns the rule that calls for the missing answer or message.
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

/// Returns the rule on a field of this packet, mostly its reason code.
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

/// Returns the rule against a packet that answers nothing, or a message that no subscription calls for.
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
        // A continuation frame that continues nothing is not a binary frame either.
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
        let obsolete =
            [Obsolete::Replaced, Obsolete::Removed, Obsolete::NotRetained].map(Event::Obsolete);
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
        for event in of_packets.chain(of_qos).chain(obsolete).chain(others) {
            for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
                let rule = default(event, version).id();
                assert!(is_clause(rule), "{event:?}: {rule}");
                let known = requirements::find(version, rule);
                assert!(known.is_some(), "{event:?}: [{version} {rule}]");
            }
        }
    }
}
